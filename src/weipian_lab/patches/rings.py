"""From runs to polygons: boundaries traced exactly along pixel edges, then smoothed without losing area.

Corners are cut half a pixel from each vertex; since a ring of right angles turns four times more one way than
the other, that takes half a square pixel from every ring, whatever its shape.
The ring is then scaled about its centroid to the area it had, so that no area is lost or won at all.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from weipian_lab.patches.runs import Runs

__all__ = ["polygons"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Directions with the rows going down: 0 right, 1 down, 2 left, 3 up; a turn to the right adds 1.
_RIGHT, _DOWN, _LEFT, _UP = range(4)


def polygons(
    runs: Runs, of_run: NDArray[np.intp], *, smooth: bool = True, fill_px: float = 0.0
) -> NDArray[np.object_]:
    """Return one polygon or multipolygon a component, in pixel coordinates (x = column, y = row).

    Parameters
    ----------
    runs
        Sorted runs.
    of_run
        Component of each run, 0 … k − 1, every one present.
    smooth
        Whether corners are cut (the area stays).
    fill_px
        Holes of at most this many pixels are filled.

    Returns
    -------
    ndarray
        ``(k,)`` of shapely geometries, valid and normalised, so that equal input gives equal bytes.
    """
    count = int(of_run.max()) + 1 if len(of_run) else 0
    if not count:
        return np.empty(0, object)
    x, y, ring, owner = _trace(runs, of_run)
    area = _areas(x, y, ring, len(owner))
    keep = (area > 0) | (-area > fill_px)
    if smooth:
        x, y, ring = _cut_corners(x, y, ring)
        x, y = _to_area(x, y, ring, area)
    else:
        straight = _straight(x, y, ring)
        x, y, ring = x[~straight], y[~straight], ring[~straight]
    kept_vertex = keep[ring]
    renumber = np.cumsum(keep) - 1
    lines = shapely.linearrings(np.column_stack([x, y])[kept_vertex], indices=renumber[ring[kept_vertex]])
    return _assemble(np.atleast_1d(lines), area[keep] > 0, owner[keep], count)


def _trace(runs: Runs, of_run: NDArray[np.intp]) -> tuple[Floats, Floats, Ints, Ints]:
    """Return x, y and ring of every vertex in order along its ring, and the component of each ring.

    Outer rings run clockwise on the screen, holes the other way. Where two pixels touch at a corner, each
    ring turns right there, around its own pixel.
    """
    width = int(runs.stop.max()) + 1
    x0, y0, direction, owner = _edges(runs, of_run)
    step_x = np.array([1, 0, -1, 0])[direction]
    step_y = np.array([0, 1, 0, -1])[direction]
    length = np.where(direction % 2 == 0, x0[1] - x0[0], 1)
    tail = y0 * width + x0[0]
    head = (y0 + step_y) * width + x0[0] + step_x * np.abs(length)
    following = _follow(tail, head, direction)
    ring, order = _order(following)
    _, first = np.unique(ring[order], return_index=True)
    return x0[0][order].astype(float), y0[order].astype(float), ring[order], owner[order][first]


def _edges(runs: Runs, of_run: NDArray[np.intp]) -> tuple[Ints, Ints, Ints, Ints]:
    """Return directed edges: x of both ends ``(2, n)``, y of the tail, direction, component."""
    row, start, stop = (a.astype(np.int64) for a in (runs.row, runs.start, runs.stop))
    owner = of_run.astype(np.int64)
    n = len(row)
    left, right = np.full(n, _UP), np.full(n, _DOWN)
    # Ends of runs seen from the row boundary below (bottom, y = row + 1) and above (top, y = row).
    y = np.concatenate([row + 1, row + 1, row, row])
    x = np.concatenate([start, stop, start, stop])
    kind = np.concatenate([left, right, left, right])
    bottom = np.r_[np.ones(2 * n, bool), np.zeros(2 * n, bool)]
    who = np.concatenate([owner] * 4)
    tails_x, heads_x, tails_y, directions, owners = _level(y, x, kind, bottom, who)
    xs = np.stack([np.concatenate([start, stop, tails_x]), np.concatenate([start, stop, heads_x])])
    ys = np.concatenate([row + 1, row, tails_y])
    return xs, ys, np.concatenate([left, right, directions]), np.concatenate([owner, owner, owners])


def _level(
    y: Ints, x: Ints, kind: Ints, bottom: NDArray[np.bool_], who: Ints
) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Return horizontal edges: where exactly one of the rows above and below a boundary is flagged.

    Where both rows begin (or both end) at one x the vertical edge goes straight on and the two cancel.
    """
    order = np.lexsort((bottom, kind, x, y, who))
    y, x, kind, bottom, who = y[order], x[order], kind[order], bottom[order], who[order]
    same = (y[1:] == y[:-1]) & (x[1:] == x[:-1]) & (who[1:] == who[:-1]) & (kind[1:] == kind[:-1])
    same &= bottom[1:] != bottom[:-1]
    cancelled = np.zeros(len(y), bool)
    cancelled[1:] |= same
    cancelled[:-1] |= same
    left = ~cancelled
    y, x, kind, bottom, who = y[left], x[left], kind[left], bottom[left], who[left]
    # At one x an end comes before a beginning; then ends pair up along the boundary.
    order = np.lexsort((kind == _UP, x, y, who))
    y, x, bottom, kind, who = y[order], x[order], bottom[order], kind[order], who[order]
    west, east = x[0::2], x[1::2]
    # The stretch is flagged above (a bottom side) iff at its west end a run above begins or one below ends.
    above = bottom[0::2] == (kind[0::2] == _UP)
    direction = np.where(above, _LEFT, _RIGHT)
    return np.where(above, east, west), np.where(above, west, east), y[0::2], direction, who[0::2]


def _follow(tail: Ints, head: Ints, direction: Ints) -> Ints:
    """Return the edge that follows each: to the right if there is one, else straight on, else left."""
    key = tail * 4 + direction
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    following = np.full(len(tail), -1, np.int64)
    for turn in (1, 0, 3):
        wanted = head * 4 + (direction + turn) % 4
        place = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
        found = (following < 0) & (ordered[place] == wanted)
        following[found] = order[place[found]]
    return following


def _order(following: Ints) -> tuple[Ints, Ints]:
    """Return the ring of each edge and an order of edges along the rings, by pointer doubling.

    A ring is named by its smallest edge; rings are numbered in the order of these.
    """
    n = len(following)
    smallest, jump = np.arange(n), following.copy()
    rounds = max(1, int(np.ceil(np.log2(n + 1))))
    for _ in range(rounds):
        renewed = np.minimum(smallest, smallest[jump])
        if np.array_equal(renewed, smallest) and _closed(smallest, following):
            break
        smallest, jump = renewed, jump[jump]
    # distance to the ring's first edge
    is_first = smallest == np.arange(n)
    jump = np.where(is_first, np.arange(n), following)
    ahead = np.where(is_first, 0, 1)
    while not is_first[jump].all():
        ahead, jump = ahead + ahead[jump], jump[jump]
    names, ring = np.unique(smallest, return_inverse=True)
    size = np.bincount(ring, minlength=len(names))
    rank = (size[ring] - ahead) % size[ring]
    return ring.astype(np.int64), np.lexsort((rank, ring))


def _closed(smallest: Ints, following: Ints) -> bool:
    return bool(np.array_equal(smallest, smallest[following]))


def _ends(ring: Ints) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the index of the vertex before and after each, along its ring."""
    n = len(ring)
    first = np.flatnonzero(np.r_[True, ring[1:] != ring[:-1]])
    last = np.r_[first[1:] - 1, n - 1]
    before, after = np.arange(n) - 1, np.arange(n) + 1
    before[first], after[last] = last, first
    return before, after


def _areas(x: Floats, y: Floats, ring: Ints, count: int) -> Floats:
    """Signed areas of rings in px², positive for outer rings (clockwise with rows going down)."""
    _, after = _ends(ring)
    return np.bincount(ring, 0.5 * (x * y[after] - x[after] * y), count).astype(np.float64)


def _straight(x: Floats, y: Floats, ring: Ints) -> NDArray[np.bool_]:
    before, after = _ends(ring)
    turn = (x - x[before]) * (y[after] - y) - (y - y[before]) * (x[after] - x)
    return np.asarray(turn == 0)


def _cut_corners(x: Floats, y: Floats, ring: Ints) -> tuple[Floats, Floats, Ints]:
    """Replace each corner by two points half a pixel away along its sides."""
    corner = ~_straight(x, y, ring)
    x, y, ring = x[corner], y[corner], ring[corner]
    before, after = _ends(ring)

    def toward(other: NDArray[np.intp]) -> tuple[Floats, Floats]:
        dx, dy = x[other] - x, y[other] - y
        return x + 0.5 * np.sign(dx), y + 0.5 * np.sign(dy)

    ax, ay = toward(before)
    bx, by = toward(after)
    x, y, ring = np.stack([ax, bx], 1).ravel(), np.stack([ay, by], 1).ravel(), np.repeat(ring, 2)
    _, after = _ends(ring)
    double = (x == x[after]) & (y == y[after])  # sides of one pixel: both cuts meet in the middle
    x, y, ring = x[~double], y[~double], ring[~double]
    straight = _straight(x, y, ring)
    return x[~straight], y[~straight], ring[~straight]


def _to_area(x: Floats, y: Floats, ring: Ints, area: Floats) -> tuple[Floats, Floats]:
    """Scale each ring about the mean of its vertices so that it has `area` again."""
    count = len(area)
    vertices = np.bincount(ring, minlength=count)
    cx, cy = np.bincount(ring, x, count) / vertices, np.bincount(ring, y, count) / vertices
    factor = np.sqrt(area / _areas(x - cx[ring], y - cy[ring], ring, count))
    return cx[ring] + (x - cx[ring]) * factor[ring], cy[ring] + (y - cy[ring]) * factor[ring]


def _assemble(
    lines: NDArray[np.object_], outer: NDArray[np.bool_], owner: Ints, count: int
) -> NDArray[np.object_]:
    """Put rings together: holes into their outer rings, parts into multipolygons."""
    result = np.empty(count, object)
    order = np.lexsort((~outer, owner))
    bounds = np.searchsorted(owner[order], np.arange(count + 1))
    n_outer = np.bincount(owner, outer, count).astype(int)
    n_rings = np.diff(bounds)
    alone = n_rings == 1
    if alone.any():
        result[alone] = shapely.polygons(lines[order[bounds[:-1][alone]]])
    for k in np.flatnonzero(~alone):
        mine = lines[order[bounds[k] : bounds[k + 1]]]
        shell, holes = mine[: n_outer[k]], mine[n_outer[k] :]
        if n_outer[k] == 1:
            result[k] = shapely.polygons(shell[0], holes=list(holes))
        elif not len(holes):
            result[k] = shapely.multipolygons(shapely.polygons(shell))
        else:
            result[k] = _nest(shapely.polygons(shell), shapely.polygons(holes))
    invalid = ~shapely.is_valid(result)
    if invalid.any():
        result[invalid] = shapely.make_valid(result[invalid], method="structure", keep_collapsed=False)
    return np.asarray(shapely.normalize(result), object)


def _nest(shells: NDArray[np.object_], holes: NDArray[np.object_]) -> shapely.Geometry:
    """Give each hole to the smallest shell around it."""
    size = shapely.area(shells)
    mine: list[list[shapely.Geometry]] = [[] for _ in shells]
    for hole in holes:
        around = np.flatnonzero(
            shapely.covers(shells, shapely.point_on_surface(hole)) & (size > shapely.area(hole))
        )
        mine[around[np.argmin(size[around])]].append(shapely.get_exterior_ring(hole))
    return shapely.multipolygons(
        [
            shapely.polygons(shapely.get_exterior_ring(shell), holes=inner or None)
            for shell, inner in zip(shells, mine, strict=True)
        ]
    )
