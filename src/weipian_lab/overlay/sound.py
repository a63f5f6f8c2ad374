"""Cutting by features that may be faulty: what is not valid is repaired, and listed.

Looking at every ring of every parcel would cost more than cutting them. Where the pieces of a patch tile it
there is nothing to repair; only the features of other patches are looked at.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import GEOSException

from weipian_lab.overlay.cutting import Pieces, Wholes, cut, tiled

__all__ = ["Mended", "cut_sound", "mend"]

Geometries = NDArray[np.object_]
Index = NDArray[np.intp]


class Mended:
    """Features that were not valid: their rows, and their shapes before and after."""

    def __init__(self, rows: Index, before: Geometries, after: Geometries) -> None:
        self.rows, self.before, self.after = rows, before, after


def mend(shapes: Geometries, rows: Index) -> tuple[Geometries, Mended]:
    """Make those of `rows` valid that are not."""
    bad = rows[~shapely.is_valid(shapes[rows]) & ~shapely.is_missing(shapes[rows])]
    before = shapes[bad]
    if len(bad):
        shapes = shapes.copy()
        shapes[bad] = shapely.make_valid(before, method="structure", keep_collapsed=False)
    return shapes, Mended(bad, before, shapes[bad])


def cut_sound(wholes: Wholes, shapes: Geometries, *, coverage: bool) -> tuple[Pieces, Geometries, Mended]:
    """Cut patches by features, repairing features first where that may matter.

    Parameters
    ----------
    coverage
        Whether the layer is meant to tile the ground: features of patches that are tiled need no look.
    """
    try:
        pieces = cut(wholes, shapes)
    except GEOSException:
        shapes, mended = mend(shapes, np.arange(len(shapes)))
        return cut(wholes, shapes), shapes, mended
    rows = np.arange(len(shapes))
    if coverage:
        rows = np.unique(pieces.feature[~tiled(wholes, pieces)[pieces.whole]])
    shapes, mended = mend(shapes, rows)
    return (cut(wholes, shapes) if len(mended.rows) else pieces), shapes, mended
