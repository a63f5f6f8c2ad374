"""Smoothing and moving extremes against scipy's, and at edges, clouds and block borders."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from weipian_lab.change.extremes import moving_maximum, moving_minimum, opening
from weipian_lab.change.smoothing import Smoother, gaussian, ground_gradient

SHAPES = [(1, 1), (1, 70), (5, 3), (32, 64), (33, 65), (100, 141)]


def plane(shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def mean_of_valid(values: np.ndarray, valid: np.ndarray, sigma: tuple[float, float]) -> np.ndarray:
    """Normalised convolution in double precision, by scipy."""
    options = {"sigma": sigma, "mode": "constant", "truncate": 4.0}
    total = ndimage.gaussian_filter(np.where(valid, values, 0).astype(float), **options)
    weight = ndimage.gaussian_filter(valid.astype(float), **options)
    return np.where(weight > 1e-6, total / np.maximum(weight, 1e-6), 0)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("sigma", [(0.3, 0.3), (1.2, 1.2), (4.0, 6.0), (8.0, 8.0)], ids=str)
def test_smoothing_equals_scipys(shape: tuple[int, int], sigma: tuple[float, float]) -> None:
    values = plane(shape) + 3
    cloudy = plane(shape, 1) > -0.3
    for valid in (np.ones(shape, bool), cloudy, np.zeros(shape, bool)):
        np.testing.assert_allclose(
            gaussian(values, valid, sigma), mean_of_valid(values, valid, sigma), rtol=2e-5, atol=2e-6
        )


def test_what_is_not_valid_does_not_count_whatever_it_holds() -> None:
    values, valid = plane((50, 60)), np.ones((50, 60), bool)
    valid[10:30, 20:45] = False
    smooth = Smoother(valid)
    clean = smooth(values, (2.0, 2.0))
    values[~valid] = np.nan
    assert np.array_equal(smooth(values, (2.0, 2.0)), clean)
    assert clean[20, 32] == 0  # eight pixels from anything valid


def test_a_level_stays_a_level_up_to_the_edge() -> None:
    level = np.full((70, 90), 0.1, np.float32)
    assert gaussian(level, np.ones(level.shape, bool), (5.0, 5.0)) == pytest.approx(level, rel=1e-6)


def test_a_block_is_smoothed_as_the_whole_with_or_without_clouds_elsewhere() -> None:
    values, valid = plane((200, 200)), np.ones((200, 200), bool)
    valid[:20, :20] = False
    whole, part = gaussian(values, valid, (4.0, 4.0)), (slice(60, 150), slice(71, 181))
    block = gaussian(values[part], valid[part], (4.0, 4.0))
    np.testing.assert_allclose(block[16:-16, 16:-16], whole[part][16:-16, 16:-16], rtol=1e-5, atol=1e-6)


def test_no_deviation_returns_the_plane() -> None:
    values, valid = plane((4, 5)), np.ones((4, 5), bool)
    same = gaussian(values, valid, (0.0, 0.0))
    assert np.array_equal(same, values) and same is not values
    valid[1, 2] = False
    assert gaussian(values, valid, (0.0, 0.0))[1, 2] == 0


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("window", [(1, 1), (3, 3), (41, 41), (5, 9), (33, 17)], ids=str)
def test_moving_extremes_equal_scipys(shape: tuple[int, int], window: tuple[int, int]) -> None:
    values = plane(shape)
    for found, sought, beyond in (
        (moving_minimum, ndimage.minimum_filter, np.inf),
        (moving_maximum, ndimage.maximum_filter, -np.inf),
    ):
        expected = sought(values, window, mode="constant", cval=beyond)
        assert np.array_equal(found(values, window), expected)


def test_planes_are_taken_one_by_one() -> None:
    values = plane((3, 40, 50))
    each = np.stack([moving_maximum(one, (3, 5)) for one in values])
    assert np.array_equal(moving_maximum(values, (3, 5)), each)


def test_a_large_plane_is_worked_on_in_strips() -> None:
    values = plane((300, 1500))
    assert np.array_equal(
        moving_minimum(values, (41, 41)), ndimage.minimum_filter(values, 41, mode="nearest")
    )


def test_opening_removes_what_is_narrower_and_leaves_out_what_is_unknown() -> None:
    values = np.zeros((60, 60), np.float32)
    values[5:12, 5:12] = 1  # smaller than the window
    values[20:45, 20:45] = 1
    values[50:, 50:] = np.inf
    opened = opening(values, (9, 9))
    assert not opened[:16, :16].any() and (opened[20:45, 20:45] == 1).all()
    assert (opened[50:55, 50:55] <= 0).all() and opened[59, 59] == -np.inf


def test_gradient_of_a_slope_on_the_ground() -> None:
    rows, cols = np.mgrid[:30, :40].astype(np.float32)
    planes = np.stack([3 * rows, 4 * cols])
    # a pixel 4 times as high as wide, area 1: 2 by ½ on the ground
    assert ground_gradient(planes, 4.0) == pytest.approx(np.hypot(3 / 2, 4 * 2))
    assert ground_gradient(planes[:1, :1], 1.0).shape == (1, 40)
