"""Ratio estimators and their intervals from counts within strata; arrays may carry leading axes.

Every accuracy figure of a map is a ratio of two totals over the population, R = Y / X, in which a unit is
of one of three kinds: *hit* (adds to Y and X), *miss* (adds to X only), or neither.
Overall accuracy: hit where map and reference agree, miss elsewhere.
User's accuracy of a class: hit where both name it, miss where only the map does.
Producer's: miss where only the reference does. Area share: hit where the reference names it, miss elsewhere.
F1: a hit counts twice in X and in Y, a miss (either kind of error) once in X.

Sources: Stehman (2014), doi:10.1080/01431161.2014.930207, eqs 2, 25-28 (ratio, linearised variance);
Cochran (1977), Sampling Techniques, 5A.42 (post-stratification);
Zou and Donner (2008), doi:10.1002/sim.3095, and Donner and Zou (2012), doi:10.1177/0962280210379174
(limits of a sum and of a ratio recovered from the limits of its parts).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weipian_lab.accuracy.limits import Within, share_limits
from weipian_lab.accuracy.totals import spans

__all__ = ["Kind", "Strata", "linear_variance", "mover", "ratio"]

Array = NDArray[np.float64]
_FACES = 32  # of the die of randomised limits: few enough that the same outcome is solved once


@dataclass(frozen=True)
class Kind:
    """What a hit and a miss add to numerator and denominator of the ratio."""

    hit_y: float = 1.0
    hit_x: float = 1.0
    miss_x: float = 1.0


@dataclass(frozen=True)
class Strata:
    """The design as the estimators need it.

    Attributes
    ----------
    weight : (H,) float, share of the population, sums to 1
    n : (H,) float, units in the sample
    effective : (..., H) float, sample size that stands for the variance of a stratum's mean:
        n under stratified sampling, n / (1 - f) with the finite population correction,
        and what reproduces Cochran's two terms under post-stratification
    """

    weight: Array
    n: Array
    effective: Array

    @classmethod
    def stratified(cls, sizes: Array, n: Array, *, finite: bool = False) -> Strata:
        """Describe a sample within strata; `finite` takes sizes as numbers of units and corrects for them."""
        n = np.asarray(n, float)
        sizes = np.asarray(sizes, float)
        left = 1 - n / sizes if finite else np.ones_like(n)
        with np.errstate(divide="ignore"):
            return cls(sizes / sizes.sum(), n, np.where(left > 0, n / np.where(left > 0, left, 1), np.inf))

    @classmethod
    def poststratified(cls, sizes: Array, n: Array, *, finite: bool = False) -> Strata:
        """Describe a simple random sample with strata told apart afterwards; `n` may be (..., H)."""
        n = np.asarray(n, float)
        sizes = np.asarray(sizes, float)
        weight = sizes / sizes.sum()
        total = n.sum(axis=-1, keepdims=True)
        left = 1 - total / sizes.sum() if finite else 1.0
        two_terms = weight * left / total + (1 - weight) / total**2
        whole = (left <= 0) & np.ones_like(
            n, bool
        )  # 5A.42 as printed leaves its second term where all is known
        return cls(weight, n, np.where(whole, np.inf, weight**2 / two_terms))


def ratio(
    hit: Array, miss: Array, strata: Strata, kind: Kind, matters: NDArray[np.bool_] | None = None
) -> tuple[Array, Array]:
    """Return estimate and variance of the ratio.

    Parameters
    ----------
    hit, miss
        (..., H) share of a stratum's sample that is a hit, a miss.
    strata, kind
        The design and what is counted.
    matters
        (..., H) False where the design rules out hits and misses; such a stratum adds no variance.

    Returns
    -------
    estimate, variance : (...) arrays; NaN where nothing adds to the denominator, and the variance NaN
        where a stratum with something in it holds a single unit.
    """
    y = (strata.weight * hit * kind.hit_y).sum(-1)
    x = (strata.weight * (hit * kind.hit_x + miss * kind.miss_x)).sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        estimate = np.where(x > 0, y / x, np.nan)
        spread = linear_variance(hit, miss, strata.n, estimate, kind)
        silent = np.isinf(strata.effective) if matters is None else np.isinf(strata.effective) | ~matters
        spread = np.where(silent, 0.0, spread)
        variance = (strata.weight**2 * spread / strata.effective).sum(-1) / x**2
    return estimate, np.where(np.isfinite(estimate), variance, np.nan)


def linear_variance(hit: Array, miss: Array, n: Array, value: Array, kind: Kind) -> Array:
    """Sample variance (divisor n - 1) within each stratum of the linearised value y - R x."""
    on_hit = (kind.hit_y - value * kind.hit_x)[..., None]
    on_miss = (-value * kind.miss_x)[..., None]
    mean = on_hit * hit + on_miss * miss
    square = on_hit**2 * hit + on_miss**2 * miss
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = np.maximum(square - mean**2, 0) * n / (n - 1)
    return np.where(n > 1, scaled, np.nan)


def mover(
    hit: Array,
    miss: Array,
    strata: Strata,
    kind: Kind,
    confidence: float,
    possible_hit: NDArray[np.bool_],
    possible_miss: NDArray[np.bool_],
    within: Within = "guarded",
    rng: np.random.Generator | None = None,
) -> tuple[Array, Array]:
    """Return limits of the ratio recovered from limits within each stratum.

    R0 lies in the interval as long as the limits of Σ W (y - R0 x) enclose 0.
    Unlike the normal interval it keeps a width where a stratum's sample shows no error at all,
    which is where omission hides: the large stratum below the threshold.
    With several strata the totals of hits and misses are held to limits of their own, see
    :mod:`~weipian_lab.accuracy.totals`.

    Parameters
    ----------
    hit, miss
        (..., H) shares.
    possible_hit, possible_miss
        (..., H) False where the design rules it out (a stratum that the map labels otherwise).
    within
        Limits within a stratum, see :mod:`~weipian_lab.accuracy.limits`.
    rng
        For ``randomised`` limits.
    """
    part = np.full(hit.shape, 0.5) if rng is None else (rng.integers(_FACES, size=hit.shape) + 0.5) / _FACES
    hit_low, hit_high = share_limits(hit, strata.effective, confidence, within, part)
    miss_low, miss_high = share_limits(miss, strata.effective, confidence, within, 1 - part)
    hit_low, hit_high = (np.where(possible_hit, limit, hit) for limit in (hit_low, hit_high))
    miss_low, miss_high = (np.where(possible_miss, limit, miss) for limit in (miss_low, miss_high))
    neither = 1 - hit - miss
    with np.errstate(divide="ignore", invalid="ignore"):
        together = np.sqrt(hit * miss / ((hit + neither) * (miss + neither)))
    # hits and misses fill the stratum: one rises as the other falls, also where one of them is 0
    together = np.where(neither < 1e-12, 1.0, np.clip(together, 0, 1))
    below = _Reach.of(hit - hit_low, miss_high - miss, together, strata)
    above = _Reach.of(hit_high - hit, miss - miss_low, together, strata)
    if strata.weight.size > 1 and within != "wilson":
        tail, dice = 0.5 - confidence / 2, part[..., 0]
        design = strata.weight, strata.effective
        hits = spans(hit, *design, possible_hit, tail, dice, within)
        misses = spans(miss, *design, possible_miss, tail, 1 - dice, within)
        below, above = below.held(hits[0], misses[1]), above.held(hits[1], misses[0])
    all_hit, all_miss = (strata.weight * hit).sum(-1), (strata.weight * miss).sum(-1)

    def limit(value: Array, side: int) -> Array:
        """Lower (-1) or upper (+1) limit of Σ W (y - value x)."""
        on_hit, on_miss = kind.hit_y - value * kind.hit_x, value * kind.miss_x
        reach = (below if side < 0 else above).along(on_hit, on_miss)
        return np.asarray(on_hit * all_hit - on_miss * all_miss + side * reach)

    estimate, _ = ratio(hit, miss, strata, kind)
    known = np.isfinite(estimate)
    start = np.where(known, estimate, 0.5)
    top = kind.hit_y / kind.hit_x
    upper = _bisect(lambda value: np.asarray(limit(value, +1) >= 0), start, np.full_like(start, top))
    lower = _bisect(lambda value: np.asarray(limit(value, -1) <= 0), start, np.zeros_like(start))
    return np.where(known, lower, np.nan), np.where(known, upper, np.nan)


@dataclass(frozen=True)
class _Reach:
    """How far the totals of hits and of misses may lie from what was seen, and how they go together."""

    hit: Array
    miss: Array
    together: Array

    @classmethod
    def of(cls, hit: Array, miss: Array, together: Array, strata: Strata) -> _Reach:
        """Sum the squares of (..., H) distances within strata."""
        square = strata.weight**2
        first, second = (np.sqrt((square * part**2).sum(-1)) for part in (hit, miss))
        with np.errstate(divide="ignore", invalid="ignore"):
            along = (square * together * hit * miss).sum(-1) / (first * second)
        return cls(first, second, np.nan_to_num(along, posinf=0.0))

    def held(self, hit: tuple[Array, Array], miss: tuple[Array, Array]) -> _Reach:
        """Return the same with each distance held between a least and a greatest one."""
        return _Reach(np.clip(self.hit, *hit), np.clip(self.miss, *miss), self.together)

    def along(self, on_hit: Array, on_miss: Array) -> Array:
        """Return the distance of on_hit hits - on_miss misses."""
        first, second = on_hit * self.hit, on_miss * self.miss
        return np.asarray(np.sqrt(first**2 + second**2 + 2 * self.together * first * second))


def _bisect(inside: Callable[[Array], NDArray[np.bool_]], start: Array, end: Array) -> Array:
    """Return the last value from `start` towards `end` for which `inside` holds."""
    good, bad = start.copy(), end.copy()
    whole = inside(end)
    for _ in range(50):
        middle = (good + bad) / 2
        holds = inside(middle)
        good, bad = np.where(holds, middle, good), np.where(holds, bad, middle)
    return np.where(whole, end, good)
