"""The outlines of many polygons as flat arrays, from which areas are computed without geometry objects."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["Outlines", "rings_of", "runs"]

Array = NDArray[np.float64]
Index = NDArray[np.intp]
_BLOCK = 64  # edges of a block
_POLYGON = int(shapely.GeometryType.POLYGON)


@dataclass(frozen=True)
class Outlines:
    """Rings of polygons laid end to end, those of one polygon together.

    Attributes
    ----------
    x, y
        ``(v,)`` vertices, each ring closed.
    side
        ``(v,)`` of the edge from a vertex to the next: 1.0 if the polygon's ground lies to its left,
        -1.0 to its right, 0.0 at the last vertex of a ring, which has no edge.
    start
        ``(n + 1,)`` first vertex of each polygon; one without ground has none.
    area
        ``(n,)`` area in the plane, holes taken off.
    """

    x: Array
    y: Array
    side: Array
    start: Index
    area: Array

    def __len__(self) -> int:
        return len(self.start) - 1

    @classmethod
    def of(cls, geometries: Any) -> Outlines:
        """Take apart shapely geometries; what is not a polygon has no outline. Any winding, holes, parts."""
        geometries = np.asarray(geometries, dtype=object)
        rings, owner, outer = rings_of(geometries)
        order = np.argsort(owner, kind="stable")
        rings, owner, outer = rings[order], owner[order], outer[order]
        xy = shapely.get_coordinates(rings)
        size = np.asarray(shapely.get_num_coordinates(rings), dtype=np.intp)
        return cls.from_rings(xy, size, owner, outer, len(geometries))

    @classmethod
    def from_rings(
        cls, xy: Array, size: Index, owner: Index, outer: NDArray[np.bool_], count: int
    ) -> Outlines:
        """Put together ``(v, 2)`` vertices of closed rings, rings of one polygon in succession.

        Parameters
        ----------
        size
            ``(r,)`` vertices of each ring, none of them zero.
        owner
            ``(r,)`` polygon that each ring belongs to, ascending.
        outer
            ``(r,)`` whether it is an outer ring and not a hole.
        count
            Number of polygons.
        """
        x, y = np.ascontiguousarray(xy[:, 0]), np.ascontiguousarray(xy[:, 1])
        end = np.cumsum(size)
        first = end - size
        start = np.concatenate([[0], end])[np.searchsorted(owner, np.arange(count + 1))]
        if not len(x):
            return cls(x, y, np.zeros(0), start, np.zeros(count))
        # about a vertex of the polygon itself, where the products are small
        u, v = x - np.repeat(x[first], size), y - np.repeat(y[first], size)
        cross = np.zeros(len(x))
        cross[:-1] = u[:-1] * v[1:] - u[1:] * v[:-1]
        cross[end - 1] = 0.0
        twice = np.add.reduceat(cross, first)
        side = np.repeat(np.where((twice < 0) == outer, -1.0, 1.0), size)
        side[end - 1] = 0.0
        weight = np.abs(twice) * np.where(outer, 0.5, -0.5)
        area = np.bincount(owner, weight, minlength=count).astype(np.float64)
        return cls(x, y, side, start, area)

    @cached_property
    def bounds(self) -> Array:
        """``(n, 4)`` minx, miny, maxx, maxy; NaN for a polygon without ground."""
        box = np.full((len(self), 4), np.nan)
        full = np.flatnonzero(np.diff(self.start))
        if len(full):
            first = self.start[full]
            for column, values in enumerate((self.x, self.y)):
                box[full, column] = np.minimum.reduceat(values, first)
                box[full, column + 2] = np.maximum.reduceat(values, first)
        return box

    @cached_property
    def blocks(self) -> Blocks:
        """Runs of neighbouring edges with their boxes: of a long outline only those near are looked at."""
        edges = np.maximum(np.diff(self.start) - 1, 0)
        if edges.max(initial=0) <= _BLOCK:
            full = np.flatnonzero(edges)
            start = np.concatenate([[0], np.cumsum(edges > 0)])
            box = self.bounds[full]
            return Blocks(start, self.start[full], edges[full] + 1, box[:, 0], box[:, 2], box[:, 3])
        many = -(-edges // _BLOCK)
        start = np.concatenate([[0], np.cumsum(many)])
        first = np.repeat(self.start[:-1], many) + _BLOCK * (
            np.arange(start[-1]) - np.repeat(start[:-1], many)
        )
        size = np.minimum(_BLOCK, np.repeat(self.start[1:] - 1, many) - first) + 1
        ends = np.stack([first, first + size], axis=1).ravel()
        ends[-1:] -= 1  # reduceat takes no end beyond the last vertex, and needs none
        box = np.empty((3, len(first)))
        if len(first):
            box[0] = np.minimum(np.minimum.reduceat(self.x, ends)[::2], self.x[first + size - 1])
            box[1] = np.maximum(np.maximum.reduceat(self.x, ends)[::2], self.x[first + size - 1])
            box[2] = np.maximum(np.maximum.reduceat(self.y, ends)[::2], self.y[first + size - 1])
        return Blocks(start, first, size, *box)

    def take(self, rows: Index) -> Outlines:
        """Return some of the polygons, in the order and as often as given."""
        size = np.diff(self.start)[rows]
        index = runs(self.start[rows], size)
        start = np.concatenate([[0], np.cumsum(size)])
        return Outlines(self.x[index], self.y[index], self.side[index], start, self.area[rows])

    def only(self, kept: NDArray[np.bool_]) -> Outlines:
        """Return the same polygons, those not `kept` ``(n,)`` without edges."""
        if kept.all():
            return self
        return replace(self, side=self.side * np.repeat(kept, np.diff(self.start)))

    @staticmethod
    def joined(first: Outlines, second: Outlines) -> Outlines:
        """Return the polygons of one and then those of the other."""
        return Outlines(
            np.concatenate([first.x, second.x]),
            np.concatenate([first.y, second.y]),
            np.concatenate([first.side, second.side]),
            np.concatenate([first.start, first.start[-1] + second.start[1:]]),
            np.concatenate([first.area, second.area]),
        )


@dataclass(frozen=True)
class Blocks:
    """Runs of vertices of many polygons, each run ending with the vertex that the next begins with.

    Attributes
    ----------
    start
        ``(n + 1,)`` first block of each polygon.
    first, size
        ``(b,)`` first vertex and number of vertices.
    left, right, top
        ``(b,)`` least and greatest x, greatest y.
    """

    start: Index
    first: Index
    size: Index
    left: Array
    right: Array
    top: Array


def runs(first: Index, count: Index) -> Index:
    """Return the numbers of many runs, one after the other: `count` of them from each of `first`.

    >>> runs(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    end = np.cumsum(count)
    total = int(end[-1]) if len(end) else 0
    return np.asarray(np.arange(total) + np.repeat(first - (end - count), count))


def rings_of(geometries: NDArray[np.object_]) -> tuple[NDArray[np.object_], Index, NDArray[np.bool_]]:
    """Return what has the vertices of one ring each, the geometry it belongs to, whether it is an outer ring.

    A polygon without holes stands for its ring: to make rings of all would take longer than to add them up.
    """
    parts, owner = geometries, np.arange(len(geometries))
    while (several := shapely.get_type_id(parts) > _POLYGON).any():
        split, inner = shapely.get_parts(parts[several], return_index=True)
        parts = np.concatenate([parts[~several], split])
        owner = np.concatenate([owner[~several], owner[several][inner]])
    polygon = (shapely.get_type_id(parts) == _POLYGON) & ~shapely.is_empty(parts)
    parts, owner = parts[polygon], owner[polygon]
    holed = shapely.get_num_interior_rings(parts) > 0
    rings, part = shapely.get_rings(parts[holed], return_index=True)
    first = np.r_[True, part[1:] != part[:-1]] if len(part) else np.empty(0, dtype=bool)
    outer = np.concatenate([np.ones(len(parts) - int(holed.sum()), dtype=bool), first])
    return np.concatenate([parts[~holed], rings]), np.concatenate([owner[~holed], owner[holed][part]]), outer
