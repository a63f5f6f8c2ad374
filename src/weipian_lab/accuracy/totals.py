"""How far the total of shares over several strata may lie from what was seen.

Put together from single strata alone (MOVER), limits err far too often on one side where many small strata
share the errors, and hardly ever on the other. Here the total is looked at as a whole.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from weipian_lab.accuracy.limits import GUARD, Within

__all__ = ["Span", "spans"]

Array = NDArray[np.float64]
Span = tuple[Array, Array]
_UNSEEN = 0.1  # added to half a unit unseen: where none is seen the limit then errs 7 %, as in one stratum
_MANY = 1e6  # a count from which it is as good as normal


def spans(
    share: Array,
    weight: Array,
    effective: Array,
    may: NDArray[np.bool_],
    tail: float,
    half: Array,
    within: Within,
) -> tuple[Span, Span]:
    """Return the least and the greatest distance below, and above, of the total of `share` over the strata.

    Distances recovered from single strata are cut off where a stratum shows one or none: their squares sum to
    too little on that side, and to too much on the other, the more so the more strata share the errors.
    Here the total is taken as one binomial share of its effective size, which has a larger count and its
    skewness. The least distance is that of what was seen; the greatest adds a part of a unit unseen where it
    would weigh most, as Fay and Feuer (1997), Statistics in Medicine 16: 791-801, do for sums of weighted
    Poisson counts. With one stratum that shows anything its own limits hold.
    """
    total = (weight * share).sum(-1)
    terms = weight**2 * share * (1 - share) / effective
    variance = terms.sum(-1)
    many = ((terms > 0).sum(-1) > 1) & (total > 0) & (total < 1)
    third = (weight**3 * share * (1 - share) * (1 - 2 * share) / effective**2).sum(-1)
    whole = np.ones_like(half) if within == "exact" else half
    extra = whole if within == "exact" else half + _UNSEEN
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.where(many, total * (1 - total) / variance, 1.0)
        x = np.where(many, total * size, 0.5)
        low = total - _seen(x, size, whole, tail, within)
        high = 1 - _seen(size - x, size, whole, tail, within) - total
        unit = np.where(may, weight / effective, 0.0).max(-1)
        top = _with_unseen(total, variance, unit, extra, tail) - total
        bottom = _with_unseen(1 - total, variance, unit, extra, tail) - (1 - total)
        known, sure = np.where(many, variance, 1.0), np.where(many, third, 1.0)
        skew_low, skew_high = _skewed(known, sure, (1 - whole, whole), tail, within == "guarded")
        wide, more = known + extra * unit**2, extra * unit**3
        skew_top = extra * unit + _skewed(wide, sure + more, (0.0, 0.0), tail)[1]
        skew_bottom = extra * unit + _skewed(wide, sure - more, (0.0, 0.0), tail)[0]

    def span(seen: Array, skewed: Array, unseen: Array, unseen_skewed: Array) -> Span:
        least = np.where(many, np.maximum(np.fmin(seen, skewed), 0), 0.0)
        return least, np.where(many, np.maximum(least, np.fmax(unseen, unseen_skewed)), np.inf)

    return span(low, skew_low, bottom, skew_bottom), span(high, skew_high, top, skew_top)


def _skewed(
    variance: Array,
    third: Array,
    add: tuple[Array | float, Array | float],
    tail: float,
    guarded: bool = False,
) -> Span:
    """Return the distances below and above of a sum with this variance and third cumulant.

    Taken as a weighted Poisson count that has both, so that a part that is sure only shifts it.
    `add` is what is added to the count for the limit below and for the one above.
    """
    unit = np.abs(third) / variance
    count = np.minimum(variance / unit**2, _MANY)
    unit = np.sqrt(variance / count)
    near = special.gammaincinv(count + add[0], tail)
    if guarded:  # both tails where none may well be seen
        one = special.gammaincinv(count + add[0], 2 * tail)
        near = np.minimum(one, np.maximum(near, -np.log(2 * GUARD * tail)))
    short = unit * np.maximum(count - near, 0)
    long = unit * (special.gammaincinv(count + add[1], 1 - tail) - count)
    return np.where(third > 0, short, long), np.where(third > 0, long, short)


def _seen(x: Array, size: Array, half: Array, tail: float, within: Within) -> Array:
    """Return the lower limit where x units were seen; both tails where none may well be seen."""
    two = special.betaincinv(x + 1 - half, size - x + half, tail)
    if within != "guarded":
        return np.asarray(two)
    one = special.betaincinv(x + 1 - half, size - x + half, 2 * tail)
    return np.asarray(np.minimum(one, np.maximum(two, 1 - (2 * GUARD * tail) ** (1 / size))))


def _with_unseen(total: Array, variance: Array, unit: Array, extra: Array | float, tail: float) -> Array:
    """Return the upper limit of a total to which `extra` units of weight `unit` are added unseen."""
    mean = (total + extra * unit) / (1 + unit)
    size = mean * (1 - mean) / (variance + extra * unit**2 * (1 - mean))
    return np.asarray(special.betaincinv(mean * size, (1 - mean) * size, 1 - tail))
