"""Every shortcut of the cutting gives what the long way gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from shapely import MultiPolygon, Polygon, box

from weipian_lab import rulebook, vectors
from weipian_lab.area import ellipsoidal_area
from weipian_lab.overlay import ledger
from weipian_lab.overlay.cutting import Wholes, cut, union_area, union_each
from weipian_lab.overlay.elements import Measure
from weipian_lab.overlay.moments import moments

X, Y = 35_609_118.0, 4_258_188.0
BOOK = rulebook.load("ningxia-2024")
CODES = ("0102", "1006", "0404", "0702")
PLANAR = Measure(None, "planar")


def at(x0: float, y0: float, x1: float, y1: float) -> Polygon:
    return box(X + x0, Y + y0, X + x1, Y + y1)


def frame(shapes: list[Any], **columns: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4523)


def holed() -> Polygon:
    return at(0, 0, 200, 200).difference(at(80, 80, 120, 120))


SHAPES = {
    "holds parcels": at(-5, -5, 305, 205),
    "inside one parcel": at(10, 10, 30, 40),
    "is one parcel": at(50, 50, 100, 100),
    "has a hole": holed().intersection(at(30, 30, 170, 190)),
    "has two parts": MultiPolygon([at(10, 10, 40, 40), at(210, 60, 340, 190)]),
    "crosses at a slant": Polygon(
        [(X + 5, Y + 12), (X + 290, Y + 60), (X + 250, Y + 180), (X + 60, Y + 110)]
    ),
}


def parcels() -> gpd.GeoDataFrame:
    cells = [at(50 * i, 50 * j, 50 * i + 50, 50 * j + 50) for i in range(6) for j in range(4)]
    cells[9] = cells[9].difference(at(105, 55, 120, 70))  # bare ground inside a parcel
    cells[10] = MultiPolygon([cells[10], at(305, 0, 320, 200)])
    return frame(cells, BSM=[str(i) for i in range(24)], DLBM=[CODES[(i * 7 // 3) % 4] for i in range(24)])


def layers() -> dict[str, gpd.GeoDataFrame]:
    return {
        "DLTB": parcels(),
        "YJJBNTTB": frame([at(-20, -20, 180, 400), at(150, 20, 260, 100)], BSM=["a", "b"]),
        "STBHHX": frame([holed()], BSM=["r"]),
        "YDSP": frame([at(0, 0, 60, 60), at(200, 50, 400, 130)], PZWH=["1", "2"]),
        "SSNYD": frame([at(40, 30, 90, 120), at(60, 20, 70, 200)], BAH=["1", "2"]),
        "LSYD": frame([at(50, 50, 100, 100)], PZWH=["3"]),
    }


def the_long_way(shape: Any, given: dict[str, gpd.GeoDataFrame]) -> dict[str, float]:
    """Unions and intersections of everything, no shortcut, edge by edge on the ellipsoid."""

    def of(part: Any) -> float:
        return float(ellipsoidal_area(part, 4523)[0])

    under = {name: shape.intersection(layer.union_all()) for name, layer in given.items()}
    survey = given["DLTB"]
    kind = {
        code: shape.intersection(shapely.union_all(survey.geometry[survey["DLBM"] == code])) for code in CODES
    }
    explained = [under[name] for name in ("YDSP", "SSNYD", "LSYD")]
    joined = shapely.union_all(explained)
    return {
        "total": of(shape),
        "cultivated": of(kind["0102"]),
        "other_agricultural": of(kind["1006"]),
        "unused": 0.0,
        "construction": of(kind["0702"]),
        "uncovered": of(shape.difference(under["DLTB"])),
        "pbf": of(under["YJJBNTTB"]),
        "redline": of(under["STBHHX"]),
        "approved": of(under["YDSP"]),
        "filed": of(under["SSNYD"]),
        "temporary": of(under["LSYD"]),
        "unexplained": of(shape.difference(joined)),
        "double_covered": sum(map(of, explained)) - of(joined),
        "unexplained_cultivated": of(kind["0102"].difference(joined)),
        "unexplained_pbf": of(under["YJJBNTTB"].difference(joined)),
        "pbf_construction": of(under["YJJBNTTB"].intersection(kind["0702"])),
    }


@pytest.mark.parametrize("name", SHAPES)
def test_shortcuts_give_what_the_long_way_gives(name: str) -> None:
    given, shape = layers(), SHAPES[name]
    patch = gpd.GeoDataFrame({"patch_id": ["P"]}, geometry=[shape], crs=4523)
    found, wanted = ledger(patch, given, BOOK).areas.iloc[0], the_long_way(shape, given)
    group = {code: BOOK.land_group(code) for code in CODES}
    assert (group["0102"], group["1006"], group["0702"]) == (
        "cultivated",
        "other_agricultural",
        "construction",
    )
    wanted[group["0404"]] += float(
        ellipsoidal_area(
            shape.intersection(shapely.union_all(given["DLTB"].geometry[given["DLTB"]["DLBM"] == "0404"])),
            4523,
        )[0]
    )
    np.testing.assert_allclose([found[k] for k in wanted], list(wanted.values()), atol=1e-3, err_msg=name)


@pytest.mark.parametrize(
    ("evidence", "wanted"),
    [
        (at(-5, -5, 500, 500), (0, 0, 0)),  # evidence over the whole patch: nothing is left to explain
        (
            at(0, 0, 20, 50),
            (4000, 4000, 4000),
        ),  # land and farmland fill the patch: what is left is a difference
    ],
)
def test_layers_over_the_whole_patch(evidence: Polygon, wanted: tuple[float, ...]) -> None:
    patch = gpd.GeoDataFrame({"patch_id": ["P"]}, geometry=[at(0, 0, 100, 50)], crs=4523)
    given = {
        "DLTB": frame([at(-9, -9, 60, 90), at(60, -9, 109, 90)], BSM=["1", "2"], DLBM=["0102", "0102"]),
        "YJJBNTTB": frame([at(-50, -50, 500, 500)], BSM=["a"]),
        "YDSP": frame([evidence], PZWH=["1"]),
    }
    row = ledger(patch, given, BOOK).areas.iloc[0]
    unit = row["total"] / 5000
    columns = ["unexplained", "unexplained_cultivated", "unexplained_pbf"]
    assert (row[columns] / unit).tolist() == pytest.approx(wanted, abs=0.01)
    assert row["pbf_construction"] == row["double_covered"] == 0


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_ground_covered_twice_is_counted_once(size: int) -> None:
    wholes = Wholes.of(np.array([box(0, 0, 10, 10), box(20, 0, 30, 10)], dtype=object), PLANAR)
    strips = [box(i, 0, i + 3, 10) for i in range(size)] + [
        box(20 + 2 * i, 0, 22 + 2 * i, 10) for i in range(size)
    ]
    pieces = cut(wholes, np.array(strips, dtype=object))
    whole, _, area = union_area(wholes, pieces, np.zeros(len(pieces), dtype=np.intp))
    assert whole.tolist() == [0, 1]
    assert area.tolist() == pytest.approx([10 * (size + 2), 20 * size])
    joined = union_each(pieces.geometry, pieces.whole, 2)
    assert shapely.area(joined).tolist() == pytest.approx(area.tolist())


def test_moments_belong_to_their_geometry_whatever_its_make() -> None:
    ring = box(0, 0, 10, 10).difference(box(2, 2, 5, 5))
    shapes = np.array(
        [
            ring,
            box(1, 1, 2, 3),
            MultiPolygon([ring, box(20, 0, 21, 1)]),
            shapely.GeometryCollection(
                [shapely.Point(0, 0), MultiPolygon([box(0, 0, 1, 1), box(3, 0, 4, 2)])]
            ),
            shapely.Polygon(),
            box(0, 0, 4, 4).reverse(),
            None,
        ],
        dtype=object,
    )
    together = moments(shapes, np.zeros((len(shapes), 2)))
    alone = np.vstack([moments(shapes[i : i + 1], np.zeros((1, 2))) for i in range(len(shapes))])
    np.testing.assert_array_equal(together, alone)
    assert together[:, 0].tolist() == pytest.approx([91, 2, 92, 3, 0, 16, 0])
    centroid = shapely.centroid(shapes[:4])
    np.testing.assert_allclose(together[:4, 1] / together[:4, 0], shapely.get_x(centroid))
    np.testing.assert_allclose(together[:4, 2] / together[:4, 0], shapely.get_y(centroid))


@pytest.mark.parametrize("count", [1, 40, 4000])
def test_the_extent_of_a_geopackage_is_that_of_its_features(tmp_path: Path, count: int) -> None:
    rng = np.random.default_rng(3)
    corner = rng.uniform(0, 9000, (count, 2)) + np.array([X, Y])
    shapes = shapely.box(*corner.T, *(corner + rng.uniform(1, 50, (count, 2))).T)
    codes = np.full(count, "0102")
    path = vectors.write(
        tmp_path / "a.gpkg", frame(list(shapes), BSM=np.arange(count).astype(str), DLBM=codes)
    )
    source = vectors.source(path, schema="DLTB")
    np.testing.assert_allclose(
        source.bounds, shapely.total_bounds(shapes), atol=4.0
    )  # the R-tree holds float32
    wanted = shapely.STRtree(shapes).query(shapely.box(X + 100, Y + 100, X + 2000, Y + 3000))
    found = source.meeting(np.array([[X + 100, Y + 100, X + 2000, Y + 3000]] * 2), ("BSM",))
    assert set(wanted.astype(str)) <= set(found.values["BSM"])
    assert len(found.number) == len(np.unique(found.number)) < len(wanted) + 20
