"""Moments of the ground that two polygons share, from their edges alone: no piece is built.

A polygon is what lies beneath its edges, each taken with a sign: the ground beneath an edge counts +1 if
the polygon lies below that edge and -1 if it lies above. With ``e`` over the edges of P and ``f`` over those
of Q, each a height over its own range of abscissae, the indicators are therefore ::

    1_P(x, y) = Σ_e s_e [y < e(x)],      1_Q(x, y) = Σ_f s_f [y < f(x)],
    1_{P∩Q}   = Σ_e Σ_f s_e s_f [y < min(e(x), f(x))],

and a moment of the shared ground is ``Σ s_e s_f ∫ (moment of what lies beneath min(e, f)) dx`` over the
common range of abscissae. The integrand is continuous in all coordinates, so that edges which coincide, meet
at a vertex or miss each other by a rounding need no case of their own: there are no predicates to get wrong.
Beneath a straight piece from ``(u-h, v-k)`` to ``(u+h, v+k)`` the moments are, with ``dx = h dt`` and t from
-1 to 1 ::

    A   = 2h v                      Mxx = 2h (u² v + (h² v + 2 h k u) / 3)
    Mx  = 2h (u v + h k / 3)        Mxy = h (u v² + (u k² + 2 h k v) / 3)
    My  = h (v² + k² / 3)           Myy = 2h/3 (v³ + v k²)

where heights are taken from the origin: what lies between there and minus infinity cancels in the sums.
P is cut into slabs (:mod:`weipian_lab.overlay.slabs`), so that an edge of Q meets only the few edges of P
above or beneath it. Coordinates are about an origin in P, where rounding is 1e-14 m and not the 1e-8 m of
eastings with a zone prefix.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from weipian_lab.overlay.slabs import Slabs
from weipian_lab.vectors import Outlines, runs

__all__ = ["shared_moments"]

Array = NDArray[np.float64]
Index = NDArray[np.intp]
_VERTICES = 8_000  # of a round, so that its arrays stay in the cache


def shared_moments(slabs: Slabs, others: Outlines, polygon: Index, other: Index) -> Array:
    """Return the moments of the ground that pairs of polygons share.

    Parameters
    ----------
    slabs
        One side of the pairs.
    others
        The other side.
    polygon, other
        ``(n,)`` rows of the two, in any order.

    Returns
    -------
    ndarray
        ``(n, 6)`` A, Mx, My, Mxx, Mxy, Myy about the origins of `slabs`; for polygons that share nothing
        the rounding errors of a sum of zeros.
    """
    result = np.zeros((len(polygon), 6))
    pair, block = _near(slabs, others, polygon, other)
    rounds = np.cumsum(others.blocks.size[block]) // _VERTICES
    cuts = [0, *(np.flatnonzero(np.diff(rounds)) + 1).tolist(), len(pair)]
    for i, j in pairwise(cuts):
        if j > i:
            _round(slabs, others, polygon, pair[i:j], block[i:j], result)
    return result


def _near(slabs: Slabs, others: Outlines, polygon: Index, other: Index) -> tuple[Index, Index]:
    """Blocks of edges of the others that are not left of, right of or beneath a polygon, and the pair."""
    blocks = others.blocks
    many = blocks.start[other + 1] - blocks.start[other]
    block, pair = runs(blocks.start[other], many), np.repeat(np.arange(len(other)), many)
    box = slabs.box[polygon] + np.tile(slabs.origin[polygon], 2)
    kept = (blocks.left[block] < np.repeat(box[:, 2], many)) & (
        blocks.top[block] > np.repeat(box[:, 1], many)
    )
    kept &= blocks.right[block] > np.repeat(box[:, 0], many)
    return pair[kept], block[kept]


def _round(slabs: Slabs, others: Outlines, polygon: Index, pair: Index, block: Index, result: Array) -> None:
    """Add the moments of some blocks of edges to the `result` of their pairs."""
    pair, x, y, run, rise, sign, first, many = _edges(slabs, others, polygon, pair, block)
    slab = runs(first, many)
    edge = np.repeat(np.arange(len(pair)), many)
    low = np.minimum(x, x + run)
    left = np.maximum(np.repeat(low, many), slabs.x[slab])
    right = np.minimum(np.repeat(low + np.abs(run), many), slabs.x[slab + 1])
    slope = rise / run
    height = np.repeat(y - slope * x, many)
    slope = np.repeat(slope, many)
    start, end = height + slope * left, height + slope * right
    # what lies beneath all edges of a slab counts as often plus as minus
    kept = np.flatnonzero((right > left) & (np.maximum(start, end) > slabs.low[slab]))
    if not len(kept):
        return
    edge, slab = edge[kept], slab[kept]
    left, right, start, end = left[kept], right[kept], start[kept], end[kept]
    _beneath(slabs, slab, left, right, start, end, sign[edge], pair[edge], result)


def _edges(
    slabs: Slabs, others: Outlines, polygon: Index, pair: Index, block: Index
) -> tuple[Index, Array, Array, Array, Array, Array, Index, Index]:
    """Edges of the others that may matter: pair, x, y, run, rise, sign of the ground beneath, slabs met."""
    size = others.blocks.size[block]
    vertex = runs(others.blocks.first[block], size)
    origin, box = slabs.origin[polygon[pair]], slabs.box[polygon[pair]]
    pair = np.repeat(pair, size)
    x = others.x[vertex] - np.repeat(origin[:, 0], size)
    y = others.y[vertex] - np.repeat(origin[:, 1], size)
    side = others.side[vertex]
    side[np.cumsum(size) - 1] = 0.0  # the edge from there stands in the next block
    # an edge is of no account if both its ends lie to the left, to the right or beneath
    beyond = (x <= np.repeat(box[:, 0], size)).view(np.uint8)
    beyond |= (x >= np.repeat(box[:, 2], size)).view(np.uint8) << 1
    beyond |= (y <= np.repeat(box[:, 1], size)).view(np.uint8) << 2
    held = ((beyond[:-1] & beyond[1:]) == 0) & (side[:-1] != 0) & (x[:-1] != x[1:])
    kept = np.flatnonzero(held)
    ends = np.zeros(len(x), dtype=bool)
    ends[kept] = ends[kept + 1] = True
    ends = np.flatnonzero(ends)
    slab = np.empty(len(x), dtype=np.intp)
    slab[ends] = slabs.holding(polygon[pair[ends]], x[ends])
    one, two = slab[kept], slab[kept + 1]
    run, rise = x[kept + 1] - x[kept], y[kept + 1] - y[kept]
    sign = np.where(run > 0, -side[kept], side[kept])
    return pair[kept], x[kept], y[kept], run, rise, sign, np.minimum(one, two), np.abs(one - two) + 1


def _beneath(
    slabs: Slabs,
    slab: Index,
    left: Array,
    right: Array,
    start: Array,
    end: Array,
    sign: Array,
    pair: Index,
    result: Array,
) -> None:
    """Add the moments beneath pieces of edges, each within one slab, and the edges of that slab."""
    many = slabs.count[slab]
    crossing = runs(slabs.first[slab], many)
    xa, xb, fa, fb = (np.repeat(a, many) for a in (left, right, start, end))
    signs = np.repeat(sign, many) * slabs.sign[crossing]
    slope = slabs.slope[crossing]
    ea = slabs.height[crossing] + slope * np.repeat(left - slabs.x[slab], many)
    eb = ea + slope * (xb - xa)
    ya, yb = np.minimum(ea, fa), np.minimum(eb, fb)
    before, after = ea - fa, eb - fb
    cross = np.flatnonzero(before * after < 0)
    share = before[cross] / (before[cross] - after[cross])
    x0, y0 = xa[cross], ya[cross]
    x1, y1 = x0 + share * (xb[cross] - x0), fa[cross] + share * (fb[cross] - fa[cross])
    xa[cross], ya[cross] = x1, y1
    heads = np.concatenate([[0], np.flatnonzero(np.diff(pair)) + 1])
    _add(result, pair[heads], (np.cumsum(many) - many)[heads], _moments(xa, xb, ya, yb, signs))
    if len(cross):
        owner = np.repeat(pair, many)[cross]
        heads = np.concatenate([[0], np.flatnonzero(np.diff(owner)) + 1])
        _add(result, owner[heads], heads, _moments(x0, x1, y0, y1, signs[cross]))


def _add(result: Array, pair: Index, heads: Index, terms: tuple[Array, ...]) -> None:
    """Add to the moments of each pair the sums of the terms that begin at its head."""
    for column, term in enumerate(terms):
        result[pair, column] += np.add.reduceat(term, heads)


def _moments(xa: Array, xb: Array, ya: Array, yb: Array, sign: Array) -> tuple[Array, ...]:
    """Moments of what lies beneath straight pieces, from the height of the origin."""
    u, h, v, k = (xa + xb) / 2, (xb - xa) / 2, (ya + yb) / 2, (yb - ya) / 2
    width, third = sign * h, h / 3
    uv, tk, vv, kk = u * v, third * k, v * v, k * k / 3
    mx = uv + tk
    my = vv + kk
    return (
        2 * width * v,
        2 * width * mx,
        width * my,
        2 * width * (u * (mx + tk) + third * h * v),
        width * (u * my + 2 * tk * v),
        (2 / 3) * width * v * (my + 2 * kk),
    )
