"""Sub-pixel shift of one image against the other, and its removal.

A pair that is off by half a pixel shows change along every edge; several bands and their gradients vote.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import correlate1d, distance_transform_edt

from weipian_lab.change.pixels import Float, Mask, as_cube, band_roles, prepare
from weipian_lab.errors import ParameterError

__all__ = ["Shift", "measure_shift", "resample"]

_ROLES = ("green", "red", "nir", "swir1")
_LEAST_AGREEING = 3
_TILE_PX = 1024
_FEATHER_PX = 16


@dataclass(frozen=True)
class Shift:
    """How far the content of `after` lies from that of `before`.

    Attributes
    ----------
    dy_px, dx_px
        Pixels down and right: what is at (row, col) before is at (row + dy, col + dx) after.
    quality
        Share, 0–1, of the estimates that lie within half a pixel of their median.
    agreeing
        Number of those; fewer than three are no measurement.
    """

    dy_px: float
    dx_px: float
    quality: float
    agreeing: int

    @property
    def reliable(self) -> bool:
        """Whether at least three estimates and half of all agree."""
        return self.agreeing >= _LEAST_AGREEING and self.quality >= 0.5

    @property
    def distance_px(self) -> float:
        """Length of the shift."""
        return float(np.hypot(self.dy_px, self.dx_px))


def _gradient(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    size = np.hypot(*np.gradient(plane))
    clipped: NDArray[np.float64] = np.minimum(size, np.quantile(size, 0.99))
    return clipped


def _views(plane: Float, valid: Mask) -> list[NDArray[np.float64]]:
    """Return the band less its median and its gradient, both faded out towards the edges."""
    median = float(np.median(plane[valid]))
    centred = np.where(valid, plane - median, 0.0).astype(np.float64)
    rows, cols = plane.shape
    fade = np.outer(np.hanning(rows + 2)[1:-1], np.hanning(cols + 2)[1:-1])
    if not valid.all():  # the rim of a mask is an edge that stands still
        fade = fade * np.minimum(distance_transform_edt(valid) / _FEATHER_PX, 1)
    return [centred * fade, _gradient(centred) * fade]


def _estimates(
    before: Float, after: Float, valid: Mask, bands: Sequence[int], upsample: int
) -> list[tuple[float, float]]:
    from skimage.registration import phase_cross_correlation  # slow to import

    found = []
    for band in bands:
        for one, other in zip(_views(before[band], valid), _views(after[band], valid), strict=True):
            if one.any() and other.any():
                shift, _, _ = phase_cross_correlation(  # type: ignore[no-untyped-call]
                    one, other, upsample_factor=upsample
                )
                found.append((-float(shift[0]), -float(shift[1])))
    return found


def _tiles(shape: tuple[int, int]) -> list[tuple[slice, slice]]:
    """Return the whole, or for a large image up to nine tiles spread over it."""

    def cuts(n: int) -> list[slice]:
        if n <= 1.5 * _TILE_PX:
            return [slice(0, n)]
        starts = {0, (n - _TILE_PX) // 2, n - _TILE_PX}
        return [slice(start, start + _TILE_PX) for start in sorted(starts)]

    return [(rows, cols) for rows in cuts(shape[0]) for cols in cuts(shape[1])]


def _quarters(shape: tuple[int, int]) -> list[tuple[slice, slice]]:
    middle = shape[0] // 2, shape[1] // 2
    halves = [(slice(0, at), slice(at, n)) for at, n in zip(middle, shape, strict=True)]
    return [(rows, cols) for rows in halves[0] for cols in halves[1]]


def measure_shift(
    before: ArrayLike,
    after: ArrayLike,
    valid: ArrayLike | None = None,
    *,
    bands: Sequence[str] | None = None,
    upsample: int = 20,
) -> Shift:
    """Return the shift of `after` against `before`, as the median of those phase correlations that agree.

    Green, red, near and short-wave infrared are each correlated twice, as the band less its median and as
    the size of its gradient (clipped at the 99th percentile), under a Hann window, to 1/`upsample` pixel.
    Estimates further than half a pixel from their median are left out.
    A single band is correlated in its quarters as well.

    Parameters
    ----------
    before, after
        ``(band, row, col)``, any numeric type.
    valid
        bool ``(row, col)``, or None.
    bands
        Band names; without names the usual stacks are recognised by their number of bands, else the first
        four bands are used.

    Returns
    -------
    Shift
        ``reliable`` is False where the images have nothing in common that could be measured. A large shift
        is returned as measured: whether to believe it is the caller's decision.
    """
    first, second, good = prepare(before, after, valid)
    roles = band_roles(len(first), bands)
    chosen = [roles[role] for role in _ROLES if role in roles] or list(range(min(4, len(first))))
    found: list[tuple[float, float]] = []
    tiles = _tiles(good.shape)
    if 2 * len(chosen) * len(tiles) < _LEAST_AGREEING:  # one band: its quarters have a vote too
        tiles += _quarters(good.shape)
    for rows, cols in tiles:
        inside = good[rows, cols]
        if min(inside.shape) >= 8 and inside.mean() >= 0.25:
            found += _estimates(first[:, rows, cols], second[:, rows, cols], inside, chosen, upsample)
    if not found:
        return Shift(0.0, 0.0, 0.0, 0)
    estimates = np.array(found)
    near = np.abs(estimates - np.median(estimates, axis=0)).max(axis=1) <= 0.5
    if not near.any():
        return Shift(0.0, 0.0, 0.0, 0)
    dy, dx = np.median(estimates[near], axis=0)
    return Shift(float(dy), float(dx), float(near.mean()), int(near.sum()))


def _cubic(fraction: float) -> NDArray[np.float64]:
    """Return the four weights of cubic convolution (Keys 1981, a = −½) at `fraction` between two pixels."""
    t = fraction
    return np.array([
        -0.5 * t**3 + t**2 - 0.5 * t,
        1.5 * t**3 - 2.5 * t**2 + 1,
        -1.5 * t**3 + 2 * t**2 + 0.5 * t,
        0.5 * t**3 - 0.5 * t**2,
    ])  # fmt: skip


def _move_axis(cube: Float, shift_px: float, axis: int) -> Float:
    """Return cube read `shift_px` further along `axis`; beyond the edge the last pixel goes on."""
    whole = int(np.floor(shift_px))
    fraction = shift_px - whole
    n = cube.shape[axis]
    moved: Float = np.take(cube, np.clip(np.arange(-1, n + 2) + whole, 0, n - 1), axis=axis)
    if fraction == 0:
        return moved.take(np.arange(1, n + 1), axis=axis)
    # correlate1d centres an even filter on its third weight
    spread: Float = correlate1d(moved, _cubic(fraction), axis=axis, mode="nearest")
    return spread.take(np.arange(2, n + 2), axis=axis)


def resample(after: ArrayLike, shift: Shift | tuple[float, float]) -> Float:
    """Return `after` moved back by `shift`, so that it lies on `before`.

    Cubic convolution, which reaches two pixels beyond the shift: resampling a block with that halo equals
    resampling the whole. Where a pixel came from outside the image, or from one that was not finite, the
    result is NaN.

    Parameters
    ----------
    after
        ``(band, row, col)``.
    shift
        From :func:`measure_shift`, or (dy, dx) in pixels.

    Raises
    ------
    ParameterError
        If the shift is not finite or as large as the image.
    """
    dy, dx = (shift.dy_px, shift.dx_px) if isinstance(shift, Shift) else shift
    cube = as_cube(after, "after")
    rows, cols = cube.shape[1:]
    if not (abs(dy) < rows and abs(dx) < cols):
        raise ParameterError("change.shift_too_large", dy=dy, dx=dx, shape=(rows, cols))
    finite: Mask = np.asarray(np.isfinite(cube).all(axis=0))
    if not finite.any():
        return np.full(cube.shape, np.nan, dtype=np.float32)
    filled = cube
    if not finite.all():  # ringing must not spread from holes: they are filled from their nearest neighbour
        nearest = distance_transform_edt(~finite, return_distances=False, return_indices=True)
        filled = cube[:, nearest[0], nearest[1]]
    moved = _move_axis(_move_axis(filled, dy, 1), dx, 2)
    row, col = np.arange(rows) + dy, np.arange(cols) + dx
    inside = np.outer((row >= -0.5) & (row <= rows - 0.5), (col >= -0.5) & (col <= cols - 0.5))
    hole = (~finite).astype(np.float32)[np.newaxis]
    if hole.any():
        inside &= _move_axis(_move_axis(np.ones_like(hole) - hole, dy, 1), dx, 2).min(axis=0) > 0.999
    result: Float = np.where(inside, moved, np.float32(np.nan))
    return result
