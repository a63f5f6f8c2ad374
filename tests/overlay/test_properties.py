"""Laws of the ledger: closure, splitting, winding, CRS and zones."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS
from shapely import Polygon, box

from weipian_lab import rulebook
from weipian_lab.area import ellipsoidal_area
from weipian_lab.overlay import SUMMANDS, ledger, tabulate
from weipian_lab.overlay.elements import Measure
from weipian_lab.overlay.moments import moments

X, Y = 35_609_118.0, 4_258_188.0
BOOK = rulebook.load("ningxia-2024")
FEW = settings(max_examples=25, deadline=None)
CODES = ("0102", "1006", "0404", "0702")

offsets = st.tuples(*[st.floats(-50, 250)] * 2, *[st.floats(5, 120)] * 2, st.floats(0, 90))


def tilted(x: float, y: float, w: float, h: float, angle: float) -> Polygon:
    return shapely.affinity.rotate(box(X + x, Y + y, X + x + w, Y + y + h), angle)


def parcels() -> gpd.GeoDataFrame:
    cells = [
        box(X + 50 * i, Y + 50 * j, X + 50 * (i + 1), Y + 50 * (j + 1)) for i in range(4) for j in range(4)
    ]
    codes = [CODES[k % 4] for k in range(16)]
    return gpd.GeoDataFrame({"BSM": map(str, range(16)), "DLBM": codes}, geometry=cells, crs=4523)


def one(shape: object, crs: int = 4523) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"patch_id": ["P"]}, geometry=[shape], crs=crs)


def test_a_patch_that_only_touches_a_parcel_is_uncovered() -> None:
    beside = box(X, Y + 200, X + 5, Y + 205)
    areas = ledger(one(beside), {"DLTB": parcels()}, BOOK).areas.iloc[0]
    assert areas["uncovered"] == areas["total"] == pytest.approx(25, abs=0.1)


@FEW
@given(offsets, st.lists(offsets, min_size=0, max_size=4))
def test_the_partition_closes_whatever_overlaps(
    patch: tuple[float, ...], extra: list[tuple[float, ...]]
) -> None:
    layer = parcels()
    more = gpd.GeoDataFrame(
        {"BSM": "x", "DLBM": [CODES[i] for i in range(len(extra))]},
        geometry=[tilted(*e) for e in extra],
        crs=4523,
    )
    layer = gpd.GeoDataFrame(
        {"BSM": [*layer["BSM"], *more["BSM"]], "DLBM": [*layer["DLBM"], *more["DLBM"]]},
        geometry=[*layer.geometry, *more.geometry],
        crs=4523,
    )
    shape = tilted(*patch)
    if not shape.intersects(box(*layer.total_bounds)):
        return
    areas = ledger(one(shape), {"DLTB": layer}, BOOK).areas.iloc[0]
    assert areas[list(SUMMANDS)].sum() == pytest.approx(areas["total"], abs=1e-3)
    bare = shape.difference(shapely.union_all(layer.geometry))
    assert areas["uncovered"] == pytest.approx(ellipsoidal_area(bare, 4523)[0], abs=0.01)
    assert (areas[list(SUMMANDS)] >= -1e-6).all()


@FEW
@given(offsets, st.floats(0.1, 0.9), st.booleans())
def test_splitting_and_winding_change_nothing(patch: tuple[float, ...], at: float, turn: bool) -> None:
    layer, shape = parcels(), tilted(*patch)
    whole = tabulate(one(shape), layer, "DLBM").iloc[0]
    west, south, east, north = shape.bounds
    cut = west + at * (east - west)
    halves = [
        shape.intersection(box(west, south, cut, north)),
        shape.intersection(box(cut, south, east, north)),
    ]
    if turn:
        halves = [shapely.reverse(half) for half in halves]
        layer = layer.set_geometry(layer.geometry.reverse())
    parts = gpd.GeoDataFrame({"patch_id": ["a", "b"]}, geometry=halves, crs=4523)
    np.testing.assert_allclose(tabulate(parts, layer, "DLBM").sum(), whole, atol=1e-4)


@pytest.mark.parametrize("crs", [4490, 4523, 4544, 4524, 4545, 32648])
def test_any_crs_gives_the_same_within_a_hundredth_per_hectare(crs: int) -> None:
    layer = parcels()
    shape = box(X + 10, Y + 10, X + 190, Y + 180)
    expected = ledger(one(shape), {"DLTB": layer}, BOOK).areas.iloc[0]
    patch = one(shape).set_geometry(one(shape).geometry.segmentize(10).to_crs(crs))
    moved = layer.set_geometry(layer.geometry.segmentize(10).to_crs(crs))
    for found in (ledger(patch, {"DLTB": layer}, BOOK), ledger(patch, {"DLTB": moved}, BOOK)):
        names = ["total", *SUMMANDS]
        gap = (found.areas.iloc[0][names] - expected[names]).abs().max()
        assert gap <= 0.01 * expected["total"] / 10_000


def test_the_order_of_features_and_patches_is_irrelevant() -> None:
    layer, rng = parcels(), np.random.default_rng(0)
    shapes = [tilted(*v) for v in rng.uniform([0, 0, 5, 5, 0], [150, 150, 90, 90, 90], (12, 5))]
    patches = gpd.GeoDataFrame({"patch_id": range(12)}, geometry=shapes, crs=4523)
    first = ledger(patches, {"DLTB": layer}, BOOK).areas
    again = ledger(
        patches.sample(frac=1, random_state=1), {"DLTB": layer.sample(frac=1, random_state=2)}, BOOK
    )
    np.testing.assert_allclose(again.areas.loc[first.index, "cultivated"], first["cultivated"], atol=1e-6)


@pytest.mark.parametrize(
    ("crs", "x", "y", "unit"),
    [
        (4523, 35_629_000, 4_258_188, 1),
        (4545, 390_506, 4_230_436, 1),
        (32648, 600_000, 4_250_000, 1),
        (4490, 106.3, 38.4, 1e-5),
    ],
)
def test_areas_by_moments_are_those_of_the_area_module(crs: int, x: float, y: float, unit: float) -> None:
    rng = np.random.default_rng(crs)
    angle = np.sort(rng.uniform(0, 2 * np.pi, (40, 12)), axis=1)
    radius, centre = rng.uniform(30, 500, (40, 12)) * unit, rng.uniform(-7000, 7000, (40, 1, 2)) * unit
    xy = centre + np.array([x, y]) + np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
    shapes = shapely.make_valid(shapely.polygons(xy), method="structure", keep_collapsed=False)
    frame = Measure(CRS.from_user_input(crs)).frame(shapes)
    found, _ = frame.measured(shapes, np.arange(40))
    np.testing.assert_allclose(found, ellipsoidal_area(shapes, crs, max_edge_m=1.0), rtol=1e-9)


def test_moments_of_a_rectangle() -> None:
    """By hand: ∫x² over [1, 3] × [0, 2] is 2 · 26/3, ∫xy is 4 · 2, ∫y² is 2 · 8/3."""
    found = moments(np.array([box(1, 0, 3, 2)], dtype=object), np.zeros((1, 2)))[0]
    np.testing.assert_allclose(found, [4, 8, 4, 52 / 3, 8, 16 / 3])
