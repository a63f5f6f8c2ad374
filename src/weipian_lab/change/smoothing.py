"""Gaussian smoothing that knows of invalid pixels, of edges and of pixels not square on the ground."""

from __future__ import annotations

import math

import numpy as np
from scipy.ndimage import gaussian_filter

from weipian_lab.change.pixels import Float, Mask
from weipian_lab.errors import ParameterError

__all__ = ["gaussian", "ground_gradient", "halo", "sigmas"]

_TRUNCATE = 4.0


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
    for plane in planes:
        for axis, unit in ((0, aspect**-0.5), (1, aspect**0.5)):
            if plane.shape[axis] > 1:
                total += (np.gradient(plane, axis=axis) * np.float32(unit)) ** 2
    return np.sqrt(total)


def gaussian(plane: Float, valid: Mask, sigma: tuple[float, float]) -> Float:
    """Return the mean of the valid pixels around each, under a Gaussian of deviations `sigma` (rows, cols).

    Parameters
    ----------
    plane
        float32 ``(row, col)``; what it holds where not valid does not count.
    valid
        bool ``(row, col)``. Beyond the edge nothing is valid, so that an edge is not repeated or mirrored.

    Returns
    -------
    float32 ``(row, col)``; 0 where no valid pixel is near.
    """
    if max(sigma) <= 0:
        return np.where(valid, plane, np.float32(0))
    weight = _smooth(valid.astype(np.float32), sigma)
    total = _smooth(plane if valid.all() else np.where(valid, plane, np.float32(0)), sigma)
    near = weight > 1e-6
    return np.where(near, total / np.where(near, weight, np.float32(1)), np.float32(0))


def _smooth(plane: Float, sigma: tuple[float, float]) -> Float:
    smoothed: Float = gaussian_filter(plane, sigma, mode="constant", truncate=_TRUNCATE)
    return smoothed
