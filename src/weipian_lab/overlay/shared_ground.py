"""Ground of patches that pieces of two layers both cover, measured by edges.

Of a patch P and features a and b, P ∩ a ∩ b is a piece already known where a or b covers the patch.
Elsewhere a is cut up (or P ∩ a, which only has to be built where neither a nor b lies inside P) and b is
measured within it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weipian_lab.overlay.cutting import Pieces, Wholes, pairs_within
from weipian_lab.overlay.envelope import shared_moments
from weipian_lab.overlay.pieces import HEAVY
from weipian_lab.overlay.slabs import Slabs, crossings
from weipian_lab.vectors import Outlines

__all__ = ["common_area"]

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]
Index = NDArray[np.intp]


def common_area(wholes: Wholes, one: Pieces, other: Pieces, wanted: Bools) -> tuple[Array, Bools]:
    """Area that a piece of one kind and a piece of another both cover, summed over their pairs.

    Parameters
    ----------
    one, other
        Pieces of the patches; those of one kind do not overlap within the `wanted` patches.
    wanted
        ``(n,)`` which patches.

    Returns
    -------
    area
        ``(n,)``, 0 where not wanted.
    done
        ``(n,)``: the wanted patches whose outlines were light enough to be measured by edges; others have
        to be built.
    """
    done = wanted & wholes.by_edges
    one, other = one.take(done[one.whole]), other.take(done[other.whole])
    mine, its = pairs_within(wholes, one, other)
    area = np.zeros(len(mine))
    by_one, by_other = one.around[mine], other.around[its]
    area[by_one] = other.area[its[by_one]]
    area[by_other] = one.area[mine[by_other]]
    rest = np.flatnonzero(~(by_one | by_other))
    area[rest], heavy = _measured(wholes, one, other, mine[rest], its[rest])
    done[one.whole[mine[rest][heavy]]] = False
    total = np.bincount(one.whole[mine], area, minlength=len(done)).astype(np.float64)
    return np.where(done, total, 0.0), done


def _measured(wholes: Wholes, one: Pieces, other: Pieces, mine: Index, its: Index) -> tuple[Array, Bools]:
    """Areas that pairs of pieces share, and which are too heavy."""
    uncut = one.inside[mine] | other.inside[its]
    keys, place = np.unique(2 * mine + ~uncut, return_inverse=True)
    rows, built = keys // 2, keys % 2 == 1
    whole = one.whole[rows]
    outlines = Outlines.joined(
        one.features.outlines.take(one.feature[rows[~built]]), Outlines.of(one.shapes(rows[built]))
    )
    order = np.empty(len(rows), dtype=np.intp)
    order[np.concatenate([np.flatnonzero(~built), np.flatnonzero(built)])] = np.arange(len(rows))
    outlines = outlines.take(order)
    light = crossings(outlines) < HEAVY
    slabs = Slabs.of(outlines.only(light), wholes.frame.origins[whole])
    moments = shared_moments(slabs, other.features.outlines, place, other.feature[its])
    area = wholes.frame.areas(moments, np.empty(0, dtype=object), whole[place])
    return np.maximum(area, 0.0), ~light[place]
