"""Shifts that are known, and their removal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import fourier_shift, gaussian_filter

from weipian_lab.change import Shift, measure_shift, resample
from weipian_lab.errors import ParameterError


def land(size: int = 128, bands: int = 4) -> np.ndarray:
    rng = np.random.default_rng(5)
    return np.array([gaussian_filter(rng.random((size, size)), 1.5, mode="wrap") for _ in range(bands)])


def moved(image: np.ndarray, dy: float, dx: float) -> np.ndarray:
    """Content moved down and right, periodic: exact for a band-limited image."""
    return np.array([np.fft.ifft2(fourier_shift(np.fft.fft2(band), (dy, dx))).real for band in image])


@pytest.mark.parametrize(("dy", "dx"), [(0, 0), (0.35, -0.8), (-2.0, 1.25), (6.5, -4.1)])
def test_measures_a_known_shift(dy: float, dx: float) -> None:
    before = land()
    after = 1.4 * moved(before, dy, dx) + 0.1
    shift = measure_shift(before, after)
    assert (shift.dy_px, shift.dx_px) == pytest.approx((dy, dx), abs=0.1)
    assert shift.reliable
    assert shift.quality > 0.7


def test_resampling_undoes_it() -> None:
    before = land()
    shift = measure_shift(before, moved(before, 0.4, -0.7))
    back = resample(moved(before, 0.4, -0.7), shift)
    inner = np.s_[:, 5:-5, 5:-5]
    assert back[inner] == pytest.approx(before[inner], abs=0.01)
    assert back.dtype == np.float32


@settings(max_examples=30, deadline=None)
@given(st.floats(-3, 3), st.floats(-3, 3))
def test_a_plane_is_moved_exactly(dy: float, dx: float) -> None:
    row, col = np.mgrid[:20, :24].astype(float)
    back = resample((2 * row + 3 * col)[np.newaxis], (dy, dx))[0]
    inner = np.s_[6:-6, 6:-6]
    assert back[inner] == pytest.approx((2 * (row + dy) + 3 * (col + dx))[inner], abs=1e-4)


def test_what_comes_from_outside_is_not_valid() -> None:
    back = resample(land(16), (2.0, -1.0))
    assert np.isnan(back[:, -2:]).all()
    assert np.isnan(back[:, :, 0]).all()
    assert np.isfinite(back[:, :-2, 1:]).all()


def test_holes_stay_holes_and_do_not_ring() -> None:
    image = land(32)
    image[:, 10, 10] = np.nan
    back = resample(image, (0.5, 0.5))
    hole = np.isnan(back[0])
    assert hole[9:11, 9:11].all()
    assert hole[:, :31][:31].sum() <= 16
    assert not np.isnan(resample(land(32), (0.5, 0.5))).any()


def test_blocks_with_a_halo_are_resampled_as_the_whole() -> None:
    image = land(64)
    whole = resample(image, (0.3, -0.6))
    block = resample(image[:, 16:52, 16:52], (0.3, -0.6))
    assert np.array_equal(block[:, 4:-4, 4:-4], whole[:, 20:48, 20:48])


def test_places_that_have_nothing_in_common_are_not_reliable() -> None:
    rng = np.random.default_rng(0)
    shift = measure_shift(rng.random((4, 96, 96)), rng.random((4, 96, 96)))
    assert not shift.reliable


@pytest.mark.parametrize(
    "image", [np.zeros((4, 64, 64)), np.full((1, 3, 3), 7.0), np.full((2, 40, 40), np.nan)]
)
def test_nothing_to_measure(image: np.ndarray) -> None:
    assert measure_shift(image, image).agreeing == 0


def test_one_band_and_clouds() -> None:
    before = land(bands=1)
    after = moved(before, 0.5, 0.5)
    valid = np.ones((128, 128), bool)
    valid[:30, :40] = False
    after[:, :30, :40] = 9
    shift = measure_shift(before, after, valid)
    assert (shift.dy_px, shift.dx_px) == pytest.approx((0.5, 0.5), abs=0.15)
    assert shift.reliable  # the quarters of the one band agree


def test_a_large_image_is_measured_in_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weipian_lab.change.registration._TILE_PX", 128)
    before = land(300, 1)
    shift = measure_shift(before, moved(before, -0.6, 0.2))
    assert (shift.dy_px, shift.dx_px) == pytest.approx((-0.6, 0.2), abs=0.1)
    assert shift.agreeing > 8  # nine tiles, two views of the one band


def test_a_shift_as_large_as_the_image_is_refused() -> None:
    with pytest.raises(ParameterError):
        resample(land(16), (16.0, 0.0))
    with pytest.raises(ParameterError):
        resample(land(16), (float("nan"), 0.0))


def test_length() -> None:
    assert Shift(3.0, 4.0, 1.0, 8).distance_px == 5.0
