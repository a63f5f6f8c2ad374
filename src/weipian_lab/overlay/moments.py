"""Moments of polygons up to the second order: area, ∫x, ∫y, ∫x², ∫xy, ∫y², by Green's theorem.

Two uses: an area element that varies smoothly over a patch is integrated exactly from them
(see :mod:`weipian_lab.overlay.elements`), and pieces whose six moments sum to those of the whole
tile it without gaps or overlaps.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from weipian_lab.vectors.outlines import rings_of

__all__ = ["moments"]

Array = NDArray[np.float64]


def moments(geometries: Any, origins: Array) -> Array:
    """Return the moments of each geometry about its own origin.

    Parameters
    ----------
    geometries
        ``(n,)`` shapely geometries; what is not a polygon has none. Holes count negative, any winding.
    origins
        ``(n, 2)`` x and y of the point the moments are taken about, in the geometries' coordinates.

    Returns
    -------
    ndarray
        ``(n, 6)`` float64: A, Mx, My, Mxx, Mxy, Myy in powers of the coordinates' unit.
    """
    geometries = np.asarray(geometries, dtype=object)
    result = np.zeros((len(geometries), 6))
    rings, owner, outer = rings_of(geometries)
    if not len(rings):
        return result
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    starts = np.flatnonzero(np.r_[True, ring[1:] != ring[:-1]])
    xy -= np.repeat(origins[owner], np.diff(np.r_[starts, len(xy)]), axis=0)
    sums = _ring_moments(xy, starts)
    sums *= np.where((sums[:, :1] < 0) == outer[:, None], -1.0, 1.0)
    for column in range(6):
        result[:, column] = np.bincount(owner, weights=sums[:, column], minlength=len(geometries))
    return result


def _ring_moments(xy: Array, starts: NDArray[np.intp]) -> Array:
    """Return the signed moments of closed rings laid end to end."""
    x0, y0, x1, y1 = xy[:-1, 0], xy[:-1, 1], xy[1:, 0], xy[1:, 1]
    cross = x0 * y1 - x1 * y0
    cross[starts[1:] - 1] = 0.0  # from the last vertex of a ring to the first of the next
    terms = np.stack(
        [
            cross / 2,
            (x0 + x1) * cross / 6,
            (y0 + y1) * cross / 6,
            (x0 * x0 + x0 * x1 + x1 * x1) * cross / 12,
            (x0 * y1 + 2 * x0 * y0 + 2 * x1 * y1 + x1 * y0) * cross / 24,
            (y0 * y0 + y0 * y1 + y1 * y1) * cross / 12,
        ],
        axis=1,
    )
    return np.asarray(np.add.reduceat(terms, np.minimum(starts, len(terms) - 1), axis=0))
