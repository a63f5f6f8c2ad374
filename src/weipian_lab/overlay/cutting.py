"""Cutting patches by a layer: which pieces there are and how large each is.

Most pairs of a patch and a parcel need no cutting: the parcel lies inside, or the patch does.
Where the pieces of a patch tile it (all moments up to the second order close), no two can overlap;
only where they do not is a union taken, so that ground covered twice is counted once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from weipian_lab.overlay.elements import Frame, Measure

__all__ = ["Pieces", "Wholes", "cut", "union_area", "union_each"]

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Geometries = NDArray[np.object_]

# Cutting rounds coordinates to about 1e-8 m; gaps below this share of the patch (0.1 mm² on 1 m²) are noise.
_CLOSED = 1e-8


@dataclass(frozen=True)
class Wholes:
    """Patches ready to be cut.

    Attributes
    ----------
    geometries
        ``(n,)`` valid polygons in the working CRS, prepared.
    frame
        Where their pieces are measured.
    areas
        ``(n,)`` area of each.
    moments
        ``(n, 6)`` moments of each about its centre.
    """

    geometries: Geometries
    frame: Frame
    areas: Array
    moments: Array

    @classmethod
    def of(cls, geometries: Geometries, measure: Measure) -> Wholes:
        """Measure and prepare patches."""
        shapely.prepare(geometries)
        frame = measure.frame(geometries)
        areas, found = frame.measured(geometries, np.arange(len(geometries)))
        return cls(geometries, frame, areas, found)


@dataclass(frozen=True)
class Pieces:
    """Pieces of patches, one for each pair of a patch and a feature that share ground.

    Attributes
    ----------
    whole, feature
        ``(n,)`` positions of the patch and of the feature; sorted by patch, then feature.
    geometry
        ``(n,)`` the pieces.
    area
        ``(n,)`` in the unit of the measure.
    moments
        ``(n, 6)`` about the centre of the patch.
    """

    whole: Index
    feature: Index
    geometry: Geometries
    area: Array
    moments: Array

    def __len__(self) -> int:
        return len(self.whole)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Pieces:
        """Return some of the pieces."""
        return Pieces(
            self.whole[rows], self.feature[rows], self.geometry[rows], self.area[rows], self.moments[rows]
        )


def cut(wholes: Wholes, features: Geometries) -> Pieces:
    """Cut every patch by every feature that it shares ground with.

    Parameters
    ----------
    wholes
        Patches.
    features
        ``(m,)`` valid polygons in the same CRS; None, empty ones, points and lines have no ground.
    """
    whole, feature = _pairs(wholes.geometries, features)
    geometry = _pieces(wholes.geometries, features, whole, feature)
    area, found = wholes.frame.measured(geometry, whole)
    return Pieces(whole, feature, geometry, area, found).take(area > 0)


def _pairs(patches: Geometries, features: Geometries) -> tuple[Index, Index]:
    """Pairs whose boxes share more than a line, in a fixed order."""
    whole, feature = shapely.STRtree(features).query(patches)
    a, b = shapely.bounds(patches)[whole], shapely.bounds(features)[feature]
    width = np.minimum(a[:, 2], b[:, 2]) - np.maximum(a[:, 0], b[:, 0])
    height = np.minimum(a[:, 3], b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
    keep = (width > 0) & (height > 0) & (shapely.get_dimensions(features)[feature] == 2)
    whole, feature = whole[keep], feature[keep]
    order = np.lexsort((feature, whole))
    return whole[order], feature[order]


def _pieces(patches: Geometries, features: Geometries, whole: Index, feature: Index) -> Geometries:
    p, f = patches[whole], features[feature]
    pieces = np.full(len(whole), None, dtype=object)
    touching = shapely.intersects(p, f)
    inside = touching & _box_within(f, p)
    inside[inside] = shapely.covers(p[inside], f[inside])
    around = touching & ~inside & _box_within(p, f)
    around[around] = shapely.covers(f[around], p[around])
    pieces[inside], pieces[around] = f[inside], p[around]
    crossing = touching & ~inside & ~around
    pieces[crossing] = shapely.intersection(p[crossing], f[crossing])
    return pieces


def _box_within(inner: Geometries, outer: Geometries) -> NDArray[np.bool_]:
    a, b = shapely.bounds(inner), shapely.bounds(outer)
    return np.asarray((a[:, :2] >= b[:, :2]).all(axis=1) & (a[:, 2:] <= b[:, 2:]).all(axis=1))


def union_area(wholes: Wholes, pieces: Pieces, group: Index) -> tuple[Index, Index, Array]:
    """Area of the union of the pieces of each patch and group.

    Parameters
    ----------
    group
        ``(len(pieces),)`` number of the group that each piece belongs to.

    Returns
    -------
    whole, group, area
        One row for each patch and group that occurs, sorted.
    """
    if not len(pieces):
        return np.empty(0, np.intp), np.empty(0, np.intp), np.empty(0)
    order = np.lexsort((pieces.feature, group, pieces.whole))
    sorted_, group = pieces.take(order), group[order]
    change = (np.diff(sorted_.whole) != 0) | (np.diff(group) != 0)
    starts = np.flatnonzero(np.r_[True, change])
    area = np.add.reduceat(sorted_.area, starts)
    whole = sorted_.whole[starts]
    sizes = np.diff(np.r_[starts, len(sorted_)])
    sizes[tiled(wholes, pieces)[whole]] = 1  # nothing is covered twice there
    for rows, members in _by_size(starts, sizes):
        parts = sorted_.geometry[members]
        near = _boxes_meet(parts)
        rows, parts = rows[near], parts[near]
        area[rows] = wholes.frame.measured(shapely.union_all(parts, axis=1), whole[rows])[0]
    return whole, group[starts], area


def _by_size(starts: Index, sizes: Index) -> Iterator[tuple[Index, Index]]:
    """Yield runs of as many members, two or more: which runs, and ``(runs, size)`` their members."""
    for size in np.unique(sizes[sizes > 1]):
        runs = np.flatnonzero(sizes == size)
        yield runs, starts[runs, None] + np.arange(size)


def union_each(pieces: Geometries, at: Index, count: int) -> Geometries:
    """Return the union of the pieces that belong to each of `count` places; a lone piece as it is.

    Parameters
    ----------
    at
        ``(len(pieces),)`` place of each piece.
    """
    order = np.argsort(at, kind="stable")
    pieces, at = pieces[order], at[order]
    starts = np.searchsorted(at, np.arange(count + 1))
    sizes = np.diff(starts)
    shapes = np.full(count, shapely.Polygon(), dtype=object)
    shapes[sizes == 1] = pieces[starts[:-1][sizes == 1]]
    for places, members in _by_size(starts, sizes):
        shapes[places] = shapely.union_all(pieces[members], axis=1)
    return shapes


def tiled(wholes: Wholes, pieces: Pieces) -> NDArray[np.bool_]:
    """Whether the pieces of each patch tile it: ``(n,)`` bool.

    Ground that is covered twice while other ground is bare leaves the sum of areas but not the higher
    moments as they are.
    """
    total = np.zeros_like(wholes.moments)
    for column in range(6):
        total[:, column] = np.bincount(pieces.whole, pieces.moments[:, column], minlength=len(total))
    box = shapely.bounds(wholes.geometries)
    reach = np.fmax(np.hypot(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]) / 2, 1e-300)
    scale = np.abs(wholes.moments[:, :1]) * reach[:, None] ** np.array([0, 1, 1, 2, 2, 2])
    return np.asarray((np.abs(total - wholes.moments) <= _CLOSED * scale).all(axis=1))


def _boxes_meet(parts: Geometries) -> NDArray[np.bool_]:
    """Whether the boxes of any two geometries of each row of ``(n, k)`` share ground: ``(n,)``."""
    box = shapely.bounds(parts)
    low = np.maximum(box[:, :, None, :2], box[:, None, :, :2])
    high = np.minimum(box[:, :, None, 2:], box[:, None, :, 2:])
    shared = ((high - low) > 0).all(axis=3)
    return np.asarray(shared.sum(axis=(1, 2)) > parts.shape[1])


def groups(pieces: Pieces) -> Iterator[tuple[int, slice]]:
    """Yield each patch that has pieces, with the slice of its pieces."""
    if not len(pieces):
        return
    cuts = np.flatnonzero(np.r_[True, np.diff(pieces.whole) != 0, True])
    for start, end in pairwise(cuts.tolist()):
        yield int(pieces.whole[start]), slice(start, end)
