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

__all__ = ["Mended", "cut_sound"]

Geometries = NDArray[np.object_]
Index = NDArray[np.intp]


class Mended:
    """Features that were not valid: their rows, and their shapes before and after."""

    def __init__(self, rows: Index, before: Geometries, after: Geometries) -> None:
        self.rows, self.before, self.after = rows, before, after


def _mend(features: Features, rows: Index) -> tuple[Features, Mended]:
    """Make those of `rows` valid that are not."""
    shapes = features.shapes(rows)
    bad = ~shapely.is_valid(shapes) & ~shapely.is_missing(shapes)
    rows, before = rows[bad], shapes[bad]
    after = shapely.make_valid(before, method="structure", keep_collapsed=False)
    if len(rows):
        shapes = features.geometry.copy()
        shapes[rows] = after
        features = Features(shapes, features.number, features.values, features.near)
    return features, Mended(rows, before, after)


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
        features, mended = _mend(features, rows)
        return cut(wholes, features, met), mended
    if coverage:
        # a ring that crosses itself may seem to have no ground at all, and so no piece
        rows = np.unique(met[1][~tiled(wholes, pieces)[met[0]]])
    features, mended = _mend(features, rows)
    return (cut(wholes, features, met) if len(mended.rows) else pieces), mended
