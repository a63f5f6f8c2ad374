"""Area of each class in each patch: published cases, holes, multiparts, overlaps, other CRSs."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import MultiPolygon, Polygon, box

from weipian_lab.area import ellipsoidal_area
from weipian_lab.errors import CRSError, ParameterError, SchemaError
from weipian_lab.overlay import tabulate

X, Y = 35_609_118.0, 4_258_188.0


def frame(
    names: list[object], shapes: list[object], crs: object = None, field: str = "k"
) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({field: names}, geometry=shapes, crs=crs)


def patches(shapes: list[object], crs: object = None) -> gpd.GeoDataFrame:
    return frame([f"P{i}" for i in range(len(shapes))], shapes, crs, "patch_id")


def test_geopandas_squares_by_qgis() -> None:
    """geopandas' overlay fixture, whose results were made with QGIS 2.16."""
    left = frame([1, 2], [box(0, 0, 2, 2), box(2, 2, 4, 4)], field="col1")
    right = frame([1, 2], [box(1, 1, 3, 3), box(3, 3, 5, 5)], field="col2")
    table = tabulate(left, right, "col2", id="col1", area="planar")
    assert table.to_numpy().tolist() == [[1.0, 0.0], [1.0, 1.0]]
    assert table.index.tolist() == [1, 2]
    assert table.columns.tolist() == [1, 2]


def test_tobler_largest_overlap() -> None:
    """tobler's area_join: 10 × 10 unit cells shifted by (2.2, 0.2)."""
    i, j = np.repeat(np.arange(1, 11), 10), np.tile(np.arange(1, 11), 10)
    cells = shapely.box(i - 0.5, j - 0.5, i + 0.5, j + 0.5)
    source = frame(list(range(100)), list(cells))
    target = patches(list(shapely.transform(cells, lambda xy: xy + np.array([2.2, 0.2]))))
    table = tabulate(target, source, "k", area="planar")
    best = table.idxmax(axis=1)[table.max(axis=1) > 0].astype(int)
    assert len(table) - len(best) == 20
    assert np.linspace(1, 10, 100)[best].mean() == pytest.approx(6.409, abs=6e-4)
    assert (best + 1).mean() == pytest.approx(60.5)


def test_holes_multiparts_and_winding() -> None:
    ring = Polygon(box(0, 0, 10, 10).exterior.coords, [box(4, 4, 6, 6).exterior.coords])
    parts = MultiPolygon([box(0, 0, 1, 1), box(20, 0, 22, 1)])
    whole = patches([box(-1, -1, 11, 11), box(5, 5, 30, 30), shapely.reverse(box(0, 0, 21, 1))])
    table = tabulate(whole, frame(["ring", "parts"], [ring, parts]), "k", area="planar")
    assert table["ring"].tolist() == [96.0, 24.0, 10.0]
    assert table["parts"].tolist() == [1.0, 0.0, 2.0]
    turned = frame(["ring", "parts"], [shapely.reverse(ring), shapely.reverse(parts)])
    pd.testing.assert_frame_equal(table, tabulate(whole, turned, "k", area="planar"))


def test_overlaps_of_one_class_count_once() -> None:
    layer = frame(["a", "a", "b"], [box(0, 0, 2, 2), box(1, 0, 3, 2), box(0, 0, 3, 2)])
    table = tabulate(patches([box(0, 0, 4, 2)]), layer, "k", area="planar")
    assert table.loc["P0"].to_dict() == {"a": 6.0, "b": 6.0}


def test_shifted_parcels_whose_gap_equals_their_overlap() -> None:
    """The sum of areas closes though ground is covered twice: only higher moments tell."""
    layer = frame(["a", "a", "a"], [box(0, 0, 1, 1), box(0.9, 0, 1.9, 1), box(2, 0, 3, 1)])
    table = tabulate(patches([box(0, 0, 3, 1)]), layer, "k", area="planar")
    assert table.loc["P0", "a"] == pytest.approx(2.9)


def test_duplicate_polygons_and_none_touching() -> None:
    layer = frame(["a", "a", "far"], [box(0, 0, 1, 1), box(0, 0, 1, 1), box(50, 50, 51, 51)])
    table = tabulate(patches([box(0, 0, 1, 1), box(1, 0, 2, 1)]), layer, "k", area="planar")
    assert table.to_numpy().tolist() == [[1.0, 0.0], [0.0, 0.0]]


def test_missing_classes_and_geometries_are_not_lost() -> None:
    layer = frame(["a", None, "a"], [box(0, 0, 1, 1), box(1, 0, 2, 1), None])
    table = tabulate(patches([box(0, 0, 4, 1), None, Polygon()]), layer, "k", area="planar")
    assert table.columns.tolist() == ["a", None]
    assert table.to_numpy().tolist() == [[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]]


def test_crossing_rings_are_repaired_and_counted() -> None:
    bow = Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])
    table = tabulate(patches([box(0, 0, 1, 2)]), frame(["a"], [bow]), "k", area="planar")
    assert table.loc["P0", "a"] == pytest.approx(1.0)
    assert table.attrs["repaired"] == 1


def test_ellipsoidal_pieces_sum_to_the_patch() -> None:
    strips = [box(X + 30 * i, Y, X + 30 * (i + 1), Y + 100) for i in range(5)]
    patch = Polygon([(X + 5, Y + 3), (X + 140, Y + 11), (X + 120, Y + 95), (X + 20, Y + 80)])
    table = tabulate(patches([patch], 4523), frame(list("abcab"), strips, 4523), "k")
    assert table.loc["P0"].sum() == pytest.approx(ellipsoidal_area(patch, 4523)[0], rel=1e-8)
    assert table.loc["P0"].sum() == pytest.approx(patch.area, rel=4e-4)
    assert table.loc["P0"].sum() != pytest.approx(patch.area, rel=1e-4)  # 106.25°E: 294 ppm from planar


@pytest.mark.parametrize("crs", [4490, 4523, 4544, 4524, 4545, 32648, 4326, 3857])
def test_patches_and_layer_in_any_crs(crs: int) -> None:
    strips = frame(list("abcab"), [box(X + 30 * i, Y, X + 30 * (i + 1), Y + 100) for i in range(5)], 4523)
    patch = patches([Polygon([(X + 5, Y + 3), (X + 140, Y + 11), (X + 120, Y + 95), (X + 20, Y + 80)])], 4523)
    expected = tabulate(patch, strips, "k")
    moved_patch = patch.set_geometry(patch.geometry.segmentize(5).to_crs(crs))
    moved_layer = strips.set_geometry(strips.geometry.segmentize(5).to_crs(crs))
    for table in (tabulate(moved_patch, strips, "k"), tabulate(patch, moved_layer, "k")):
        np.testing.assert_allclose(table, expected, atol=0.01)


def test_large_shapes_are_measured_edge_by_edge() -> None:
    patch, layer = box(104.0, 36.0, 106.0, 38.0), box(105.0, 36.0, 107.0, 38.5)
    table = tabulate(patches([patch], 4490), frame(["a"], [layer], 4490), "k")
    assert table.loc["P0", "a"] == pytest.approx(ellipsoidal_area(box(105, 36, 106, 38), 4490)[0], rel=1e-12)


def test_what_is_asked_must_be_there() -> None:
    one, layer = patches([box(0, 0, 1, 1)]), frame(["a"], [box(0, 0, 1, 1)])
    with pytest.raises(SchemaError, match="DLBM"):
        tabulate(one, layer, "DLBM", area="planar")
    with pytest.raises(SchemaError, match="TBBH"):
        tabulate(one, layer, "k", id="TBBH", area="planar")
    with pytest.raises(CRSError):
        tabulate(one, layer, "k")
    with pytest.raises(CRSError):
        tabulate(one.set_crs(4523), layer, "k", area="planar")
    with pytest.raises(ParameterError, match="flat"):
        tabulate(one, layer, "k", area="flat")
    with pytest.raises(SchemaError, match="P0"):
        tabulate(pd.concat([one, one]), layer, "k", area="planar")


def test_index_may_hold_the_id() -> None:
    one = patches([box(0, 0, 1, 1)]).set_index("patch_id")
    assert tabulate(one, frame(["a"], [box(0, 0, 1, 1)]), "k", area="planar").loc["P0", "a"] == 1.0


def test_a_series_of_patches_goes_by_its_index() -> None:
    layer = frame(["a"], [box(0, 0, 1, 1)])
    series = gpd.GeoSeries([box(0, 0, 2, 2)], index=["P7"])
    table = tabulate(series, layer, "k", area="planar")
    assert table.loc["P7", "a"] == 1.0
    assert table.index.name == "patch_id"


def test_what_is_no_table_of_geometries_is_named() -> None:
    one, layer = patches([box(0, 0, 1, 1)]), frame(["a"], [box(0, 0, 1, 1)])
    with pytest.raises(ParameterError, match="Polygon"):
        tabulate(box(0, 0, 1, 1), layer, "k", area="planar")
    with pytest.raises(ParameterError, match="DataFrame"):
        tabulate(one, pd.DataFrame({"k": ["a"]}), "k", area="planar")
    with pytest.raises(SchemaError, match="'k'"):
        tabulate(one, layer, ["k"], area="planar")


@pytest.mark.filterwarnings("ignore:invalid value encountered")  # shapely, on making such a ring
def test_coordinates_that_are_no_numbers_are_refused() -> None:
    broken = frame(["a"], [Polygon([(0, 0), (np.nan, 1), (1, 1)])])
    with pytest.raises(ParameterError, match="0"):
        tabulate(patches([box(0, 0, 1, 1)]), broken, "k", area="planar")


def test_around_a_pole_each_side_has_its_half() -> None:
    crs = "+proj=laea +lat_0=90 +lon_0=0 +datum=WGS84"
    halves = frame(["w", "e"], [box(-1e6, -1e6, 0, 1e6), box(0, -1e6, 1e6, 1e6)], crs)
    disc = shapely.Point(0, 0).buffer(2e5)
    table = tabulate(patches([disc], crs), halves, "k")
    assert table.loc["P0"].to_numpy() == pytest.approx([disc.area / 2] * 2, rel=1e-7)
    degrees = frame(["w", "e"], [box(-180, 60, 0, 90), box(0, 60, 180, 90)], 4326)
    with pytest.raises(CRSError, match="WGS 84"):
        tabulate(patches([disc], crs), degrees, "k")


def test_longitudes_counted_in_two_ways_are_refused() -> None:
    layer = frame(["a", "b"], [box(179, 0, 180, 1), box(-180, 0, -179, 1)], 4326)
    with pytest.raises(CRSError, match="360"):
        tabulate(patches([box(179, 0, 181, 1)], 4326), layer, "k")
    same = frame(["a", "b"], [box(179, 0, 180, 1), box(180, 0, 181, 1)], 4326)
    table = tabulate(patches([box(179, 0, 181, 1)], 4326), same, "k")
    assert table.loc["P0", "a"] == pytest.approx(table.loc["P0", "b"], rel=1e-12)
