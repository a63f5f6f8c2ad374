"""Cutting by features that may be faulty: what is not valid is repaired, and listed.

Looking at every ring of every parcel would cost more than cutting them. Where the pieces of a patch tile it
there is nothing to repair; only the features of other patches are looked at.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import GEOSException

from weipian_lab.overlay.cutting import Pieces, Wholes, boxes_meet, cut, tiled
from weipian_lab.vectors import Features

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


def cut_sound(wholes: Wholes, features: Features, *, coverage: bool) -> tuple[Pieces, Mended]:
    """Cut patches by features, repairing features first where that may matter.

    Parameters
    ----------
    coverage
        Whether the layer is meant to tile the ground: features of patches that are tiled need no look.
    """
    rows = np.arange(len(features.number))
    met = boxes_meet(wholes, features)
    try:
        pieces = cut(wholes, features, met)
    except GEOSException:
        shapes, mended = mend(features.geometry, rows)
        return cut(wholes, Features(shapes, features.number, features.values, features.near)), mended
    if coverage:
        # a ring that crosses itself may seem to have no ground at all, and so no piece
        rows = np.unique(met[1][~tiled(wholes, pieces)[met[0]]])
        if not len(rows):
            return pieces, Mended(rows, np.empty(0, dtype=object), np.empty(0, dtype=object))
    shapes, mended = mend(features.geometry, rows)
    if len(mended.rows):
        pieces = cut(wholes, Features(shapes, features.number, features.values, features.near))
    return pieces, mended
