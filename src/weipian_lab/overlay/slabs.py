"""Polygons cut at the abscissae of their vertices into upright slabs that edges cross from side to side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weipian_lab.vectors import Outlines, runs

__all__ = ["Slabs", "crossings"]

Array = NDArray[np.float64]
Index = NDArray[np.intp]
_CELLS = 32


@dataclass(frozen=True)
class Slabs:
    """Slabs of many polygons, each polygon in coordinates about an origin of its own.

    Attributes
    ----------
    origin
        ``(n, 2)`` origin of each polygon.
    box
        ``(n, 4)`` box of each polygon about its origin.
    x
        ``(k,)`` left side of each slab; the right side is the next number.
        After a polygon's last slab stands its last abscissa, a slab that no edge crosses.
    start
        ``(n + 1,)`` first slab of each polygon.
    table
        ``(n * 32,)`` where to look for the slab of an abscissa in each of 32 cells of a polygon's breadth.
    low
        ``(k,)`` least height of the edges in a slab.
    first, count
        ``(k,)`` where the edges of a slab stand in the arrays below, and how many there are.
    height, slope, sign
        ``(c,)`` height of an edge at the left side of the slab, its slope, and 1.0 if the polygon's ground
        lies beneath it, -1.0 if above.
    """

    origin: Array
    box: Array
    x: Array
    start: Index
    table: Index
    low: Array
    first: Index
    count: Index
    height: Array
    slope: Array
    sign: Array

    @classmethod
    def of(cls, outlines: Outlines, origin: Array) -> Slabs:
        """Cut polygons up, each about its origin ``(n, 2)``."""
        count = len(outlines)
        owner = np.repeat(np.arange(count), np.diff(outlines.start))
        x, y = outlines.x - origin[owner, 0], outlines.y - origin[owner, 1]
        box = outlines.bounds - np.tile(origin, 2)
        rank, sides, of = _ranked(x, owner)
        edge = np.flatnonzero(outlines.side)
        edge = edge[rank[edge] != rank[edge + 1]]
        ends = np.sort(np.column_stack([rank[edge], rank[edge + 1]]), axis=1)
        slab = runs(ends[:, 0], ends[:, 1] - ends[:, 0])
        order = np.argsort(slab, kind="stable")
        slab, edge = slab[order], np.repeat(edge, ends[:, 1] - ends[:, 0])[order]
        run = x[edge + 1] - x[edge]
        slope = (y[edge + 1] - y[edge]) / run
        height = y[edge] + slope * (sides[slab] - x[edge])
        far = y[edge] + slope * (sides[np.minimum(slab + 1, len(sides) - 1)] - x[edge])
        start = np.searchsorted(of, np.arange(count + 1))
        crossed = np.bincount(slab, minlength=len(sides))
        first = np.cumsum(crossed) - crossed
        low = np.full(len(sides), np.inf)
        some = np.flatnonzero(crossed)
        if len(some):
            low[some] = np.minimum.reduceat(np.minimum(height, far), first[some])
        return cls(
            origin,
            box,
            sides,
            start,
            _table(sides, of, box, start),
            low,
            first,
            crossed,
            height,
            slope,
            -outlines.side[edge] * np.sign(run),
        )

    def holding(self, polygon: Index, x: Array) -> Index:
        """Return the slab of a polygon that holds each abscissa; its first or last for one outside."""
        left, right = self.box[polygon, 0], self.box[polygon, 2]
        x = np.minimum(x, right)
        cell = (x - left) * (_CELLS / np.maximum(right - left, 1e-300))
        slab = self.table[polygon * _CELLS + np.clip(cell, 0, _CELLS - 1).astype(np.intp)]
        late = np.flatnonzero(self.x[slab + 1] < x)
        while len(late):  # to the slab before the one that begins beyond x
            slab[late] += 1
            late = late[self.x[slab[late] + 1] < x[late]]
        return np.asarray(slab)


def crossings(outlines: Outlines) -> Index:
    """Return how many crossings of an edge and a slab each polygon makes, ``(n,)``: what it weighs."""
    owner = np.repeat(np.arange(len(outlines)), np.diff(outlines.start))
    rank = _ranked(outlines.x, owner)[0]
    edge = np.flatnonzero(outlines.side)
    wide = np.abs(rank[edge + 1] - rank[edge])
    return np.bincount(owner[edge], wide, minlength=len(outlines)).astype(np.intp)


def _ranked(x: Array, owner: Index) -> tuple[Index, Array, Index]:
    """Return the rank of each vertex among all abscissae, the abscissae, and the polygons they are of."""
    order = np.lexsort((x, owner))
    sorted_, of = x[order], owner[order]
    new = np.ones(len(x), dtype=bool)
    new[1:] = (sorted_[1:] != sorted_[:-1]) | (of[1:] != of[:-1])
    rank = np.empty(len(x), dtype=np.intp)
    rank[order] = np.cumsum(new) - 1
    return rank, sorted_[new], of[new]


def _table(sides: Array, of: Index, box: Array, start: Index) -> Index:
    """Return the slab at which to begin to look, for equal cells of the breadth of each polygon.

    It is the one before the slab that holds the left side of the cell: rounding cannot set it too far.
    """
    left, right = box[of, 0], box[of, 2]
    place = of + (sides - left) / np.maximum(right - left, 1e-300) / 2
    polygon = np.repeat(np.arange(len(box)), _CELLS)
    begin = np.tile(np.arange(_CELLS) / _CELLS / 2, len(box))
    before = np.searchsorted(place, polygon + begin, side="right") - 2
    return np.asarray(np.maximum(np.minimum(before, start[polygon + 1] - 2), start[polygon]))
