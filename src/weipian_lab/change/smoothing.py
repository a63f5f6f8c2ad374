"""Gaussian smoothing that knows of invalid pixels, of edges and of pixels not square on the ground."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from scipy.ndimage import binary_erosion

from weipian_lab.change.pixels import Float, Mask
from weipian_lab.errors import ParameterError

__all__ = ["Smoother", "eroded", "gaussian", "ground_gradient", "halo", "sigmas"]

_TRUNCATE = 4.0
_LANES = 32  # pixels smoothed by one product of matrices
_LEAST_WEIGHT = 1e-6
Strip = tuple[slice, slice, Float]


def sigmas(sigma_px: float, pixel_aspect: float = 1.0) -> tuple[float, float]:
    """Return the deviations along rows and columns, in pixels, of a kernel that is round on the ground.

    Parameters
    ----------
    sigma_px
        Deviation in pixels of a square pixel of the same ground area.
    pixel_aspect
        Height over width of a pixel on the ground (1 in a projected grid; 1/cos(latitude) in degrees).
    """
    if not (math.isfinite(pixel_aspect) and pixel_aspect > 0):
        raise ParameterError("errors.not_positive", name="pixel_aspect", value=pixel_aspect)
    root = math.sqrt(pixel_aspect)
    return sigma_px / root, sigma_px * root


def halo(sigma: tuple[float, float]) -> int:
    """Return how many pixels away a pixel still counts."""
    return int(_TRUNCATE * max(sigma) + 0.5)


def ground_gradient(planes: Float, aspect: float) -> Float:
    """Return the length of the gradient on the ground over all planes, ``(row, col)``.

    Parameters
    ----------
    planes
        ``(plane, row, col)``.
    aspect
        Height over width of a pixel on the ground.
    """
    total = np.zeros(planes.shape[1:], np.float32)
    step = np.empty_like(total)
    for axis, unit in ((0, aspect**-0.5), (1, aspect**0.5)):
        if total.shape[axis] < 2:
            continue
        squares = np.zeros_like(total)
        for plane in planes:
            _twice_the_gradient(np.moveaxis(plane, axis, 0), np.moveaxis(step, axis, 0))
            np.multiply(step, step, out=step)
            squares += step
        squares *= np.float32(unit**2 / 4)
        total += squares
    return np.sqrt(total, out=total)


def _twice_the_gradient(plane: Float, out: Float) -> None:
    """Write what changes over two pixels of the first axis to `out`, at both ends twice that over one."""
    np.subtract(plane[2:], plane[:-2], out=out[1:-1])
    np.subtract(plane[1], plane[0], out=out[0])
    np.subtract(plane[-1], plane[-2], out=out[-1])
    out[0] *= 2
    out[-1] *= 2


def eroded(valid: Mask) -> Mask:
    """Return where a pixel and its eight neighbours are valid; beyond the edge all are."""
    inside: Mask = binary_erosion(valid, np.ones((3, 3)), border_value=1)
    return inside


class Smoother:
    """Means of the valid pixels around each under Gaussians, for several planes of one block.

    Each strip of 32 rows or columns is one product with a band matrix, so that a wide kernel takes a fifth of
    the time of sliding it. Where a block begins changes no more than the last digit.

    Parameters
    ----------
    valid
        bool ``(row, col)``. Beyond the edge nothing is valid, so that an edge is not repeated or mirrored.
    """

    def __init__(self, valid: Mask) -> None:
        self.all_valid = bool(valid.all())
        self._valid = None if self.all_valid else valid
        self._weights: dict[tuple[float, float], Float] = {}

    def __call__(self, plane: Float, sigma: tuple[float, float]) -> Float:
        """Return the mean around each pixel; 0 where no valid pixel is near.

        Parameters
        ----------
        plane
            float32 ``(row, col)``, finite where valid; what it holds elsewhere does not count.
        sigma
            Deviations along rows and columns in pixels; of 0 the plane itself comes back.
        """
        if self._valid is None:
            return plane.copy() if max(sigma) <= 0 else _smooth(plane, sigma)
        plane = np.where(self._valid, plane, np.float32(0))
        if max(sigma) <= 0:
            return plane
        mean = _smooth(plane, sigma)
        mean /= self._weight(sigma)
        return mean

    def _weight(self, sigma: tuple[float, float]) -> Float:
        """Return the share of the kernel that is valid; infinite where that is next to nothing."""
        if sigma not in self._weights:
            assert self._valid is not None
            weight = _smooth(self._valid.astype(np.float32), sigma)
            weight[weight <= _LEAST_WEIGHT] = np.inf
            # rounding alone would make a block without clouds differ from the same part of a scene with some
            weight[np.abs(weight - 1) < _LEAST_WEIGHT] = 1
            self._weights[sigma] = weight
        return self._weights[sigma]


def gaussian(plane: Float, valid: Mask, sigma: tuple[float, float]) -> Float:
    """Return the mean of the valid pixels around each, as a :class:`Smoother` does for several planes."""
    return Smoother(valid)(plane, sigma)


def _smooth(plane: Float, sigma: tuple[float, float]) -> Float:
    """Return the plane smoothed along both axes; at the edge, over what lies inside."""
    between, out = np.empty_like(plane), np.empty_like(plane)
    for inner, reach, band in _strips(plane.shape[0], sigma[0]):
        np.matmul(band, plane[reach], out=between[inner])
    for inner, reach, band in _strips(plane.shape[1], sigma[1]):
        np.matmul(between[:, reach], band.T, out=out[:, inner])
    return out


@lru_cache(maxsize=64)
def _strips(length: int, sigma: float) -> tuple[Strip, ...]:
    """Return for each strip of an axis: the pixels written, those read, and the band matrix between them."""
    radius = int(_TRUNCATE * sigma + 0.5)
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / max(sigma, 1e-9)) ** 2)
    kernel /= kernel.sum()
    whole = np.zeros((_LANES, _LANES + 2 * radius))
    for row in range(_LANES):
        whole[row, row : row + len(kernel)] = kernel
    middle = whole.astype(np.float32)
    found = []
    for start in range(0, length, _LANES):
        stop, low, high = min(start + _LANES, length), start - radius, min(start + _LANES, length) + radius
        inside = slice(max(low, 0), min(high, length))
        if stop - start == _LANES and low >= 0 and high <= length:
            band = middle
        else:
            cut = whole[: stop - start, inside.start - low : inside.stop - low]
            band = (cut / cut.sum(axis=1, keepdims=True)).astype(np.float32)
        found.append((slice(start, stop), inside, band))
    return tuple(found)
