"""Polygons as a mask on a grid."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio import features

from weipian_lab.grid import Grid

__all__ = ["burn"]


def burn(polygons: Iterable[shapely.Geometry], grid: Grid) -> NDArray[np.bool_]:
    """Return which pixels of a grid have their centre in one of the polygons.

    Parameters
    ----------
    polygons
        In the grid's CRS; empty ones and None are left out.
    grid
        Where the mask lies.

    Returns
    -------
    ndarray
        ``(row, col)`` bool.
    """
    shapes = [polygon for polygon in polygons if polygon is not None and not polygon.is_empty]
    if not shapes:
        return np.zeros(grid.shape, bool)
    burnt = features.rasterize(shapes, out_shape=grid.shape, transform=grid.transform, dtype="uint8")
    return np.asarray(burnt, bool)
