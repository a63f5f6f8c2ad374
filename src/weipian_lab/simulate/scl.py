"""Scene classification (SCL) as a processor would give it: right on the whole, wrong at thin edges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["classify"]

# classes of the Sentinel-2 L2A scene classification
SHADOW, VEGETATION, SOIL, WATER, UNCLASSIFIED, CLOUD_MEDIUM, CLOUD_HIGH, CIRRUS, SNOW = (
    3,
    4,
    5,
    6,
    7,
    8,
    9,
    10,
    11,
)


def classify(
    values: NDArray[np.float32],
    opacity: NDArray[np.float32],
    shadow: NDArray[np.float32],
    snow: NDArray[np.float32],
) -> NDArray[np.uint8]:
    """Return scene classes ``(row, col)`` uint8.

    Parameters
    ----------
    values
        ``(6, row, col)`` reflectance of B02 B03 B04 B08 B11 B12.
    opacity, shadow, snow
        ``(row, col)`` 0–1; thin cloud below 0.12 and weak shadow are missed, as in real products.
    """
    _, green, red, nir, swir, _ = values
    ndvi = (nir - red) / np.maximum(nir + red, 0.01)
    water = (green > swir) & (nir < 0.16) & (swir < 0.09)
    scl = np.where(ndvi > 0.38, VEGETATION, SOIL)
    scl = np.where((ndvi > 0.28) & (ndvi <= 0.38), UNCLASSIFIED, scl)
    scl = np.where(water, WATER, scl)
    scl = np.where(snow > 0.55, SNOW, scl)
    scl = np.where(shadow > 0.3, SHADOW, scl)
    scl = np.where(opacity > 0.12, CIRRUS, scl)
    scl = np.where(opacity > 0.3, CLOUD_MEDIUM, scl)
    return np.asarray(np.where(opacity > 0.65, CLOUD_HIGH, scl), np.uint8)
