"""Polygons as a mask on a grid."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio import features

from weipian_lab.grid import Grid

__all__ = ["burn", "burn_numbers"]


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


def burn_numbers(polygons: Iterable[shapely.Geometry], grid: Grid) -> NDArray[np.int32]:
    """Return in which of the polygons each pixel of a grid has its centre; the last one where they overlap.

    Parameters
    ----------
    polygons
        In the grid's CRS; empty ones and None are left out but counted.
    grid
        Where the pixels lie.

    Returns
    -------
    ndarray
        ``(row, col)`` int32, the polygon's place among all from 0; −1 where there is none.
    """
    shapes = [(p, i) for i, p in enumerate(polygons) if p is not None and not p.is_empty]
    if not shapes:
        return np.full(grid.shape, -1, np.int32)
    numbers = features.rasterize(
        shapes, out_shape=grid.shape, transform=grid.transform, fill=-1, dtype="int32"
    )
    return np.asarray(numbers, np.int32)
