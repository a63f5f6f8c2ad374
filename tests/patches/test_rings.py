"""Runs, components and rings against SciPy's labels and GDAL's polygonising, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from rasterio import features
from scipy import ndimage
from shapely.geometry import shape

from weipian_lab.errors import ParameterError
from weipian_lab.patches import rings, runs

masks = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.booleans())


def encoded(mask: np.ndarray) -> runs.Runs:
    return runs.join([runs.encode(mask, np.ones(mask.shape, np.float32))])


@given(masks, st.sampled_from([4, 8]))
@settings(max_examples=150, deadline=None)
def test_components_are_those_of_scipy(mask: np.ndarray, connectivity: int) -> None:
    found = runs.components(encoded(mask), connectivity)
    structure = np.ones((3, 3)) if connectivity == 8 else None
    label, count = ndimage.label(mask, structure)
    np.testing.assert_array_equal(found.pixels, np.bincount(label.ravel(), minlength=count + 1)[1:])


@given(masks, st.sampled_from([4, 8]))
@settings(max_examples=150, deadline=None)
def test_polygons_are_those_of_gdal_and_smoothing_keeps_area(mask: np.ndarray, connectivity: int) -> None:
    mine = encoded(mask)
    found = runs.components(mine, connectivity)
    exact = rings.polygons(mine, found.of_run, smooth=False)
    smooth = rings.polygons(mine, found.of_run)
    assert shapely.is_valid(exact).all() and shapely.is_valid(smooth).all()
    np.testing.assert_allclose(shapely.area(exact), found.pixels, atol=1e-9)
    np.testing.assert_allclose(shapely.area(smooth), found.pixels, atol=1e-9)
    assert (shapely.hausdorff_distance(exact, smooth) <= 0.75).all()
    shapes = features.shapes(mask.astype(np.uint8), mask=mask, connectivity=4)
    whole = shapely.union_all([shapely.make_valid(shape(geometry)) for geometry, _ in shapes])
    assert shapely.union_all(exact).symmetric_difference(whole).area < 1e-9
    tree = shapely.STRtree(smooth)
    first, second = tree.query(smooth, predicate="intersects")
    assert shapely.area(shapely.intersection(smooth[first], smooth[second]))[first != second].sum() < 1e-9


@given(masks, st.integers(1, 5), st.integers(1, 5))
@settings(max_examples=100, deadline=None)
def test_blocks_give_the_runs_of_the_whole(mask: np.ndarray, height: int, width: int) -> None:
    score = np.arange(mask.size, dtype=np.float32).reshape(mask.shape)
    whole = runs.join([runs.encode(mask, score)])
    parts = [
        runs.encode(mask[r : r + height, c : c + width], score[r : r + height, c : c + width], r, c)
        for c in range(0, mask.shape[1], width)
        for r in range(0, mask.shape[0], height)
    ]
    joined = runs.join(parts)
    for name in ("row", "start", "stop", "total", "largest"):
        np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name))


def test_a_ring_with_an_island_by_hand() -> None:
    mask = np.ones((7, 7), bool)
    mask[1:6, 1:6] = False
    mask[3, 3] = True
    mine = encoded(mask)
    one = rings.polygons(mine, np.zeros(len(mine), np.intp), smooth=False)[0]
    expected = shapely.box(0, 0, 7, 7) - shapely.box(1, 1, 6, 6) | shapely.box(3, 3, 4, 4)
    assert one.equals(expected) and one.geom_type == "MultiPolygon"


def test_holes_up_to_a_size_are_filled() -> None:
    mask = np.ones((8, 12), bool)
    mask[2, 2] = False
    mask[4:6, 6:9] = False
    mine = encoded(mask)
    whole = np.zeros(len(mine), np.intp)
    areas = [rings.polygons(mine, whole, fill_px=n)[0].area for n in (0, 1, 5.9, 6)]
    np.testing.assert_allclose(areas, [89, 90, 90, 96])


def test_a_square_becomes_an_octagon_of_the_same_area() -> None:
    mine = encoded(np.ones((4, 4), bool))
    one = rings.polygons(mine, np.zeros(len(mine), np.intp))[0]
    assert len(one.exterior.coords) == 9
    assert one.area == pytest.approx(16, abs=1e-12)


def test_a_staircase_becomes_a_slope() -> None:
    mine = encoded(np.tri(20, dtype=bool))
    one = rings.polygons(mine, np.zeros(len(mine), np.intp))[0]
    assert len(one.exterior.coords) < 12


def test_nothing_flagged_and_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = encoded(np.zeros((5, 5), bool))
    assert len(empty) == 0 and len(runs.components(empty).pixels) == 0
    assert len(rings.polygons(empty, np.empty(0, np.intp))) == 0
    monkeypatch.setattr(runs, "MOST_RUNS", 3)
    with pytest.raises(ParameterError, match="阈值太低"):
        encoded(np.eye(4, dtype=bool))
    with pytest.raises(ParameterError, match="connectivity"):
        runs.components(empty, 6)
