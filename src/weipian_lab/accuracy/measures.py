"""The five kinds of accuracy figure as hits and misses in the counts of a sample."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weipian_lab.accuracy import kernel
from weipian_lab.accuracy.intervals import WITHIN, Interval, share_interval

__all__ = ["Measure", "bootstrap_counts", "estimate", "limits", "measures", "nested_classes"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

NAMES = ("overall", "users", "producers", "f1", "area")


@dataclass(frozen=True)
class Measure:
    """Hits and misses of one kind of figure.

    Attributes
    ----------
    name : one of overall, users, producers, f1, area
    hit, miss : (..., K, H) shares of the stratum's sample; K = 1 for overall
    kind : what they add to numerator and denominator
    may_hit, may_miss : (K, H) False where the design rules it out
    size : (..., 1, H) units in the stratum's sample
    """

    name: str
    hit: Array
    miss: Array
    kind: kernel.Kind
    may_hit: Mask
    may_miss: Mask
    size: Array


def nested_classes(counts: Array) -> Mask | None:
    """Return (K, H) the class of each stratum, or None if some stratum holds several map classes.

    Parameters
    ----------
    counts
        (H, mapped, reference).
    """
    mapped = counts.sum(-1) > 0
    if counts.shape[0] < 2 or np.any(mapped.sum(1) != 1):
        return None
    return np.asarray(mapped.T)


def measures(counts: Array, nested: Mask | None = None) -> Iterator[Measure]:
    """Yield the five measures of counts (..., H, mapped, reference)."""
    n = counts.sum((-1, -2))
    share = counts / n[..., None, None]
    share = np.moveaxis(share, -3, -1)  # (..., mapped, reference, H)
    both = np.moveaxis(np.diagonal(share, axis1=-3, axis2=-2), -1, -2)  # (..., K, H)
    mapped, reference = share.sum(-2), share.sum(-3)
    k, h = both.shape[-2:]
    always = np.ones((k, h), bool)
    own = always if nested is None else nested
    other = always if nested is None else ~nested
    one = kernel.Kind()
    agree = both.sum(-2, keepdims=True)
    size = n[..., None, :]
    yield Measure("overall", agree, 1 - agree, one, always[:1], always[:1], size)
    yield Measure("users", both, mapped - both, one, own, own, size)
    yield Measure("producers", both, reference - both, one, own, other, size)
    yield Measure("f1", both, mapped + reference - 2 * both, kernel.Kind(2, 2, 1), own, always, size)
    yield Measure("area", reference, 1 - reference, one, always, always, size)


def estimate(measure: Measure, strata: kernel.Strata) -> tuple[Array, Array]:
    """Return estimate and standard error, (..., K)."""
    value, variance = kernel.ratio(
        measure.hit, measure.miss, _per_class(strata), measure.kind, measure.may_hit | measure.may_miss
    )
    return value, np.sqrt(variance)


def _per_class(strata: kernel.Strata) -> kernel.Strata:
    """Give (..., H) design arrays the class axis, so that they meet (..., K, H)."""

    def widen(array: Array) -> Array:
        return array[..., None, :] if array.ndim > 1 else array

    return kernel.Strata(strata.weight, widen(strata.n), widen(strata.effective))


def limits(
    measure: Measure,
    strata: kernel.Strata,
    interval: Interval,
    confidence: float,
    rng: np.random.Generator | None = None,
) -> tuple[Array, Array]:
    """Return lower and upper limit, (..., K), by the method named; `rng` is for ``randomised``."""
    strata = _per_class(strata)
    value, variance = kernel.ratio(
        measure.hit, measure.miss, strata, measure.kind, measure.may_hit | measure.may_miss
    )
    if interval in WITHIN:
        low, high = kernel.mover(
            measure.hit, measure.miss, strata, measure.kind, confidence, measure.may_hit, measure.may_miss,
            WITHIN[interval], rng if interval == "randomised" else None,
        )  # fmt: skip
        known = np.isfinite(variance)
        return np.where(known, low, np.nan), np.where(known, high, np.nan)
    inside = measure.hit + measure.miss
    with np.errstate(divide="ignore", invalid="ignore"):
        kish = (strata.weight * inside).sum(-1) ** 2 / (strata.weight**2 * inside / strata.effective).sum(-1)
    df = np.maximum(strata.n.sum(-1) - strata.n.shape[-1], 1)
    return share_interval(value, np.sqrt(variance), interval, confidence=confidence, n=kish, df=df)


def bootstrap_counts(
    counts: Array, replicates: int, rng: np.random.Generator, *, within: bool = True
) -> Array:
    """Return (replicates, H, K, K) counts of samples drawn again from the sample.

    Within strata n - 1 units are drawn of n (Rao and Wu 1988, doi:10.1080/01621459.1988.10478591),
    so that the spread matches the unbiased variance also in small strata.
    With `within` False the whole sample is drawn again, as fits strata told apart afterwards.
    """
    h = counts.shape[0]
    flat = counts.reshape(h, -1)
    if within:
        drawn = [
            rng.multinomial(max(int(row.sum()) - 1, 1), row / row.sum(), size=replicates) for row in flat
        ]
        return np.stack(drawn, axis=1).reshape((replicates, *counts.shape)).astype(float)
    total = int(flat.sum())
    whole = rng.multinomial(total, flat.ravel() / total, size=replicates)
    return np.asarray(whole.reshape((replicates, *counts.shape)), float)
