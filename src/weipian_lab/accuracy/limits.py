"""Limits of a binomial share within one stratum; the sample size need not be whole.

``midp``: both tails count half of what was seen (Lancaster 1961, doi:10.1080/01621459.1961.10482105).
The exact test halved in this way covers near its level on average and seldom falls below it.
``guarded`` (the default): mid-P, but a limit below which none would be seen in more than a few per cent of
samples may use both tails, since there only one side can err (the idea of Casella 1986, doi:10.2307/3314658,
and Blaker 2000, doi:10.2307/3315916); and no tail exceeds 1.4 times its share, so that a nominal 95 %
covers at least 93 % whatever size and share. The guard is the project's own; tests check it by exact sums.
``randomised``: a random part of what was seen counts (Stevens 1950, Biometrika 37: 117-129), the only way
to cover exactly at the level; two analysts get two intervals, so it is a yardstick, not for reports.
``exact``: Clopper and Pearson (1934, doi:10.1093/biomet/26.4.404); never below its level, therefore wide.
``wilson``: score limits (Wilson 1927); short, and too short where next to nothing of a share is seen.

With a size that is not whole (a design's effective size) binomial tails are read as incomplete beta
functions, P(X ≥ x) = I_p(x, n - x + 1), as Korn and Graubard (1998) do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special, stats

__all__ = ["GUARD", "Within", "share_limits", "wilson_limits"]

Array = NDArray[np.float64]
Within = Literal["guarded", "midp", "exact", "wilson", "randomised"]
GUARD = 1.4  # most that a tail may exceed its nominal share: 3.5 % for 2.5 %
_NOTHING = 1e-9  # a count below it is none


def share_limits(
    share: ArrayLike, n: ArrayLike, confidence: float, within: Within, part: ArrayLike = 0.5
) -> tuple[Array, Array]:
    """Return lower and upper limit of shares seen in samples of size `n`.

    Parameters
    ----------
    share
        Share seen, 0-1.
    n
        Sample size above 0, whole or not; infinite gives the share itself.
    confidence
        Two-sided level.
    within
        Method, see the module.
    part
        For ``randomised``: what part of the outcome seen counts, 0-1, drawn beforehand.
    """
    z = float(stats.norm.ppf(0.5 + confidence / 2))
    seen, size = np.broadcast_arrays(np.asarray(share, float), np.asarray(n, float))
    if within == "wilson":
        return wilson_limits(seen, size, z)
    lower, upper = seen.copy(), seen.copy()
    known = np.isfinite(seen) & np.isfinite(size)
    counted = np.broadcast_to(np.asarray(part, float), seen.shape)
    # a survey has few different outcomes: the same ones are solved once
    outcomes = np.stack([seen[known], size[known], counted[known]], axis=-1).round(12)
    outcomes, place = np.unique(outcomes, axis=0, return_inverse=True)
    (ratio, number, half), tail = outcomes.T, 0.5 - confidence / 2
    x = ratio * number
    if within == "exact":
        low, high = _exact(x, number, tail)
    elif within == "guarded":
        low, high = _guarded(x, number, tail), 1 - _guarded(number - x, number, tail)
    else:
        low, high = _partly(x, number, tail, half)
    if within != "randomised":
        low, high = np.where(x <= _NOTHING, 0.0, low), np.where(number - x <= _NOTHING, 1.0, high)
    lower[known] = np.minimum(low[place.reshape(-1)], seen[known])
    upper[known] = np.maximum(high[place.reshape(-1)], seen[known])
    return lower, upper


def wilson_limits(share: Array, n: Array, z: float) -> tuple[Array, Array]:
    """Wilson's score limits of a share, `n` need not be whole; infinite `n` gives the share itself."""
    inverse = 1 / n
    centre = (share + z**2 * inverse / 2) / (1 + z**2 * inverse)
    half = z / (1 + z**2 * inverse) * np.sqrt(share * (1 - share) * inverse + (z * inverse) ** 2 / 4)
    return np.clip(centre - half, 0, share), np.clip(centre + half, share, 1)


def _exact(x: Array, n: Array, tail: float) -> tuple[Array, Array]:
    some, left = np.maximum(x, _NOTHING), np.maximum(n - x, _NOTHING)
    low = special.betaincinv(some, n - x + 1, tail)
    return low, special.betaincinv(x + 1, left, 1 - tail)


def _guarded(x: Array, n: Array, tail: float) -> Array:
    """Lower limit; the upper one is that of the units not seen."""
    half = np.full_like(x, 0.5)
    two = np.minimum(_partly(x, n, tail, half)[0], _exact(x, n, GUARD * tail)[0])
    one = np.minimum(_partly(x, n, 2 * tail, half)[0], _exact(x, n, 2 * GUARD * tail)[0])
    one_sided = 1 - (GUARD * tail) ** (1 / n)  # upper limit where none is seen: no smaller share errs above
    return np.asarray(np.minimum(one, np.maximum(one_sided, two)))


def _partly(x: Array, n: Array, tail: float, part: Array) -> tuple[Array, Array]:
    """Limits where `part` of the outcome seen counts: mid-P with one half."""
    some, left = np.maximum(x, _NOTHING), np.maximum(n - x, _NOTHING)

    def above(p: Array) -> Array:
        """P(X > x) + part P(X = x)."""
        at_least = np.where(x <= _NOTHING, 1.0, special.betainc(some, n - x + 1, p))
        more = np.where(n - x <= _NOTHING, 0.0, special.betainc(x + 1, left, p))
        return np.asarray(more + part * (at_least - more))

    least, most = _exact(x, n, tail)  # with all or none of the outcome counted the limits lie inside these
    low = _solve(lambda p: above(p) < tail, np.where(x <= _NOTHING, 0.0, least), np.ones_like(x))
    return low, _solve(
        lambda p: above(p) < 1 - tail, np.zeros_like(x), np.where(n - x <= _NOTHING, 1.0, most)
    )


def _solve(below: Callable[[Array], NDArray[np.bool_]], low: Array, high: Array) -> Array:
    """Return the share at which a rising function stops being `below`, by halving."""
    for _ in range(36):
        middle = (low + high) / 2
        short = below(middle)
        low, high = np.where(short, middle, low), np.where(short, high, middle)
    return (low + high) / 2
