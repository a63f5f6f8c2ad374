"""All patches at one go give what each patch gives by itself, in plain loops."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from scipy.ndimage import binary_dilation

from weipian_lab.errors import GridError
from weipian_lab.features import patch_table
from weipian_lab.features.places import Places, places_of
from weipian_lab.grid import Grid
from weipian_lab.rasters import burn

GRID = Grid("EPSG:32648", Affine(10, 0, 500_000, 0, -10, 4_000_000), (90, 110))
BANDS = ("B02", "B03", "B04", "B08", "B11", "B12")
RNG = np.random.default_rng(11)


@pytest.fixture(scope="module")
def shapes() -> np.ndarray:
    """Random outlines: some overlap, some hang over the edge, some hold no centre of a pixel."""
    x, y = RNG.uniform(499_990, 501_100, 60), RNG.uniform(3_999_100, 4_000_010, 60)
    outlines = [
        shapely.MultiPoint(RNG.normal((a, b), s, (6, 2))).convex_hull
        for a, b, s in zip(x, y, RNG.uniform(2, 60, 60), strict=True)
    ]
    ring = shapely.box(500_300, 3_999_300, 500_420, 3_999_420)
    return np.array([*outlines, ring.difference(ring.buffer(-30))], object)


def one_by_one(shape: shapely.Geometry, valid: np.ndarray, ring_px: int) -> tuple[np.ndarray, np.ndarray]:
    inside = burn([shape], GRID)
    if not inside.any():
        col, row = ~GRID.transform @ shapely.point_on_surface(shape).coords[0]
        inside[np.clip(int(row), 0, 89), np.clip(int(col), 0, 109)] = True
    near = binary_dilation(inside, np.ones((3, 3)), iterations=ring_px)
    return inside & valid, near & ~binary_dilation(inside, np.ones((3, 3))) & valid


@pytest.mark.parametrize("ring_px", [2, 8])
def test_the_pixels_are_those_of_each_patch_alone(shapes: np.ndarray, ring_px: int) -> None:
    valid = RNG.random(GRID.shape) < 0.9
    for found, which in zip(places_of(shapes, GRID, valid, ring_px), (0, 1), strict=True):
        for number, shape in enumerate(shapes):
            expected = np.flatnonzero(one_by_one(shape, valid, ring_px)[which])
            np.testing.assert_array_equal(found.flat[found.owner == number], expected)
            assert found.counts[number] == len(expected)


def test_evidence_is_that_of_each_patch_alone(shapes: np.ndarray) -> None:
    first, second, third = RNG.normal(0.3, 0.1, (3, 6, *GRID.shape)).astype(np.float32)
    valid = RNG.random(GRID.shape) < 0.95
    third[:, RNG.random(GRID.shape) < 0.5] = np.nan
    score = RNG.gamma(2, size=GRID.shape).astype(np.float32)
    frame = gpd.GeoDataFrame({"patch_id": range(len(shapes))}, geometry=shapes, crs=GRID.crs)
    options = {"valid": valid, "bands": BANDS, "score": score, "later": [third]}
    table = patch_table(frame, first, second, GRID, **options)

    def z(image: np.ndarray, where: np.ndarray) -> np.ndarray:
        seen = image[:, where].astype(float)
        centre = np.median(seen, axis=1)[:, None]
        scale = 1.4826 * np.median(np.abs(seen - centre), axis=1)
        return np.clip((image - centre[:, :, None]) / scale[:, None, None], -10, 10)

    before, after, later = z(first, valid), z(second, valid), z(third, valid & np.isfinite(third[0]))
    ndvi = [(i[3] - i[2]) / np.maximum(abs(i[3]) + abs(i[2]), 1e-6) for i in (first, second, third)]
    middle = np.median(score[valid])
    for number, shape in enumerate(shapes):
        inside, ring = one_by_one(shape, valid, 8)
        row = table.loc[str(number)]
        near = {"rel": 2e-6, "abs": 2e-6}
        assert row["shape_log_pixels"] == pytest.approx(np.log(max(inside.sum(), 1)))
        if not inside.any():
            assert row.filter(like="difference").isna().all() and np.isnan(row["later_seen_share"])
            continue
        assert row["after_red"] == pytest.approx(after[2][inside].mean(), **near)
        assert row["texture_before_swir1"] == pytest.approx(before[4][inside].std(), **near)
        assert row["difference_ndvi"] == pytest.approx((ndvi[1] - ndvi[0])[inside].mean(), **near)
        assert row["neighbours_nir"] == pytest.approx((after[3] - before[3])[ring].mean(), **near)
        assert row["score_mean"] == pytest.approx(np.log(score[inside].mean() / middle + 1e-3), **near)
        assert row["score_max"] == pytest.approx(np.log(score[inside].max() / middle + 1e-3), **near)
        seen = inside & np.isfinite(third[0])
        if not seen.any():
            assert row["later_seen_share"] == 0 and np.isnan(row["later_greenest"])
            continue
        change = after[:, inside].mean(axis=1) - before[:, inside].mean(axis=1)
        kept = (later[:, seen].mean(axis=1) - before[:, inside].mean(axis=1)) @ change / (change @ change)
        assert row["later_persistence_mean"] == pytest.approx(np.clip(kept, -3, 3), rel=1e-5, abs=1e-5)
        assert row["later_greenest"] == pytest.approx(ndvi[2][seen].mean(), **near)


def test_no_patch_has_no_row_and_one_outside_is_refused() -> None:
    image = np.ones((6, *GRID.shape), np.float32)
    nothing = gpd.GeoDataFrame({"patch_id": []}, geometry=[], crs=GRID.crs)
    assert len(patch_table(nothing, image, image, GRID, bands=BANDS)) == 0
    far = np.array([shapely.box(0, 0, 10, 10)], object)
    with pytest.raises(GridError):
        places_of(far, GRID, np.ones(GRID.shape, bool), 8)


def test_means_of_nothing_are_nan() -> None:
    places = Places.of([np.array([0, 1]), np.empty(0, np.intp), np.array([5])])
    values = places.at(np.arange(6, dtype=np.float32).reshape(2, 3))
    np.testing.assert_array_equal(places.mean(values), [0.5, np.nan, 5])
    np.testing.assert_array_equal(places.std(values), [0.5, np.nan, 0])
    np.testing.assert_array_equal(places.largest(values), [1, np.nan, 5])
