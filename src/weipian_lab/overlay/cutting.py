"""Cutting patches by a layer: which pieces there are and how large each is.

Pieces are measured by the edges of patch and feature (:mod:`weipian_lab.overlay.envelope`) and not built.
Where the pieces of a patch tile it (all moments up to the second order close), no two can overlap; where they
do not, neighbours are looked at by twos. Only where two do overlap is a union built, so that ground covered
twice is counted once.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray

from weipian_lab.overlay.envelope import shared_moments
from weipian_lab.overlay.pieces import HEAVY, Pieces, Wholes, groups, noise
from weipian_lab.overlay.slabs import Slabs, crossings
from weipian_lab.vectors import Features, Outlines, runs

__all__ = [
    "Pieces",
    "Wholes",
    "apart",
    "boxes_meet",
    "cut",
    "groups",
    "pairs_within",
    "tiled",
    "union_area",
    "union_each",
]

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]
Index = NDArray[np.intp]
Geometries = NDArray[np.object_]

# Cutting rounds coordinates to about 1e-8 m; gaps below this share of the patch (0.1 mm² on 1 m²) are noise.
_CLOSED = 1e-8


def cut(wholes: Wholes, features: Features | Geometries, met: tuple[Index, Index] | None = None) -> Pieces:
    """Cut every patch by every feature that it shares ground with.

    Parameters
    ----------
    wholes
        Patches.
    features
        Valid polygons in the same CRS; None, empty ones, points and lines have no ground.
        If they say what lies near (`Features.near`), the numbers of boxes are those of patches.
    met
        What :func:`boxes_meet` returns, if it is known.
    """
    if not isinstance(features, Features):
        features = Features(features, np.arange(len(features)), {})
    whole, feature = boxes_meet(wholes, features) if met is None else met
    moments, area = np.zeros((len(whole), 6)), np.zeros(len(whole))
    rows = wholes.by_edges[whole]
    moments[rows] = shared_moments(wholes.slabs, features.outlines, whole[rows], feature[rows])
    area[rows] = wholes.frame.areas(moments[rows], np.empty(0, dtype=object), whole[rows])
    built = np.full(len(whole), None, dtype=object)
    if not rows.all():
        other = ~rows
        built[other] = shapely.intersection(wholes.geometries[whole[other]], features.shapes(feature[other]))
        area[other], moments[other] = wholes.frame.measured(built[other], whole[other])
    pieces = Pieces(whole, feature, area, moments, wholes, features, built)
    return pieces.take((moments[:, 0] > wholes.noise[whole]) & (area > 0))


def boxes_meet(wholes: Wholes, features: Features) -> tuple[Index, Index]:
    """Return the pairs of a patch and a feature whose boxes share more than a line, in a fixed order."""
    if features.near is None:
        whole, feature = shapely.STRtree(features.geometry).query(wholes.geometries)
    else:
        whole, feature = features.near
    a, b = wholes.outlines.bounds[whole], features.outlines.bounds[feature]
    keep = _boxes_share(a, b)
    whole, feature = whole[keep], feature[keep]
    order = np.lexsort((feature, whole))
    return whole[order], feature[order]


def _boxes_share(*boxes: Array) -> Bools:
    """Whether boxes ``(n, 4)`` share ground, row by row."""
    low = np.maximum.reduce([box[:, :2] for box in boxes])
    high = np.minimum.reduce([box[:, 2:] for box in boxes])
    return np.asarray((high[:, 0] > low[:, 0]) & (high[:, 1] > low[:, 1]))


def pairs_within(wholes: Wholes, one: Pieces, other: Pieces) -> tuple[Index, Index]:
    """Pairs of a piece of one kind and a piece of the other, of one patch, whose boxes share ground there."""
    start = np.searchsorted(other.whole, one.whole)
    size = np.searchsorted(other.whole, one.whole, side="right") - start
    mine, its = np.repeat(np.arange(len(one)), size), runs(start, size)
    keep = _boxes_share(
        one.features.outlines.bounds[one.feature[mine]],
        other.features.outlines.bounds[other.feature[its]],
        wholes.outlines.bounds[one.whole[mine]],
    )
    return mine[keep], its[keep]


def union_area(
    wholes: Wholes, pieces: Pieces, group: Index, single: Bools | None = None
) -> tuple[Index, Index, Array]:
    """Area of the union of the pieces of each patch and group.

    Parameters
    ----------
    group
        ``(len(pieces),)`` number of the group that each piece belongs to.
    single
        Which patches have no pieces that overlap; None finds out.

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
    sizes[(apart(wholes, pieces) if single is None else single)[whole]] = 1  # nothing is covered twice there
    for rows, members in _by_size(starts, sizes):
        joined = shapely.union_all(sorted_.shapes(members), axis=1)
        area[rows] = wholes.frame.measured(joined, whole[rows])[0]
    return whole, group[starts], area


def _by_size(starts: Index, sizes: Index) -> Iterator[tuple[Index, Index]]:
    """Yield runs of as many members, two or more: which runs, and ``(runs, size)`` their members."""
    for size in np.unique(sizes[sizes > 1]):
        found = np.flatnonzero(sizes == size)
        yield found, starts[found, None] + np.arange(size)


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


def tiled(wholes: Wholes, pieces: Pieces) -> Bools:
    """Whether the pieces of each patch tile it: ``(n,)`` bool.

    Ground that is covered twice while other ground is bare leaves the sum of areas but not the higher
    moments as they are.
    """
    total = np.zeros_like(wholes.moments)
    for column in range(6):
        total[:, column] = np.bincount(pieces.whole, pieces.moments[:, column], minlength=len(total))
    box = wholes.outlines.bounds
    reach = np.fmax(np.hypot(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]) / 2, 1e-300)
    scale = np.abs(wholes.moments[:, :1]) * reach[:, None] ** np.array([0, 1, 1, 2, 2, 2])
    return np.asarray((np.abs(total - wholes.moments) <= _CLOSED * scale).all(axis=1))


def apart(wholes: Wholes, pieces: Pieces) -> Bools:
    """Whether no two pieces of a patch overlap: ``(n,)`` bool.

    Features that overlap outside the patch only may pass for overlapping; never the other way round.
    """
    result = tiled(wholes, pieces)
    rest = np.flatnonzero(~result[pieces.whole])
    result[:] = True
    if not len(rest):
        return result
    some = pieces.take(rest)
    one, other = pairs_within(wholes, some, some)
    one, other = one[some.feature[one] < some.feature[other]], other[some.feature[one] < some.feature[other]]
    features = np.column_stack([some.feature[one], some.feature[other]])
    unique, place = np.unique(features, axis=0, return_inverse=True)
    overlap = _overlap(pieces.features.outlines, unique)[place.ravel()]
    result[some.whole[one[overlap]]] = False
    return result


def _overlap(outlines: Outlines, pairs: Index) -> Bools:
    """Whether two polygons of each pair ``(n, 2)`` share more ground than rounding makes."""
    if not len(pairs):
        return np.empty(0, dtype=bool)
    used, pairs = np.unique(pairs, return_inverse=True)
    own, pairs = outlines.take(used), pairs.reshape(-1, 2)
    weight = crossings(own)
    pairs = np.take_along_axis(pairs, np.argsort(weight[pairs], axis=1), axis=1)  # the lighter is cut up
    light = weight < HEAVY
    box = own.bounds
    slabs = Slabs.of(own.only(light), (box[:, :2] + box[:, 2:]) / 2)
    area = shared_moments(slabs, own, pairs[:, 0], pairs[:, 1])[:, 0]
    return np.asarray((area > 2 * noise(box)[pairs[:, 0]]) | ~light[pairs[:, 0]])
