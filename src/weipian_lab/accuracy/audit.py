"""Self-audit: whether the stated interval covers the truth as often as it says, for the user's own design.

From a known (or assumed) truth the survey is repeated many times; what share of the intervals covers it?
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weipian_lab.accuracy import measures as ms
from weipian_lab.accuracy.checks import as_mapping, as_table, check_flag, whole
from weipian_lab.accuracy.intervals import Interval, check_confidence, check_interval
from weipian_lab.accuracy.kernel import Strata
from weipian_lab.accuracy.labels import as_sizes, code_sample, same_labels
from weipian_lab.errors import ParameterError, SchemaError

__all__ = ["Truth", "coverage", "truth_from_sample", "truth_from_table"]

Array = NDArray[np.float64]
Design = Literal["stratified", "simple_random", "poststratified"]


@dataclass(frozen=True)
class Truth:
    """A population to sample from.

    Attributes
    ----------
    strata, classes : labels
    sizes : (H,) float, size of each stratum
    cells : (H, K, K) float, share of the stratum in each (mapped, reference) cell; sums to 1 in each stratum
    """

    strata: tuple[Hashable, ...]
    classes: tuple[Hashable, ...]
    sizes: Array
    cells: Array


def truth_from_sample(
    samples: pd.DataFrame,
    sizes: Mapping[Any, float],
    *,
    prior: float = 0.5,
    classes: Sequence[Hashable] | None = None,
) -> Truth:
    """Return a truth like a sample, with `prior` units of unseen error in each stratum.

    A sample without an error does not prove that there is none; the pseudo-units (as Jeffreys' prior has)
    go to the cells of the mapped classes that the stratum's sample holds.
    `classes` are classes that there may be although the sample lacks them.

    Raises
    ------
    SchemaError
        As :func:`~weipian_lab.accuracy.stratified`.
    """
    table = as_sizes(sizes)
    sample = code_sample(samples, "stratum", table, classes)
    counts = sample.counts()
    mapped = counts.sum(2, keepdims=True) > 0
    free = np.broadcast_to(mapped, counts.shape)
    counts = counts + prior * free / np.maximum(free.sum((1, 2), keepdims=True), 1) * 2
    if np.any(counts.sum((1, 2)) <= 0):
        raise SchemaError("accuracy.empty_sample")
    cells = counts / counts.sum((1, 2), keepdims=True)
    return Truth(tuple(sample.strata), tuple(sample.classes), np.array(list(table.values())), cells)


def truth_from_table(population: pd.DataFrame) -> Truth:
    """Return the truth of a whole population: columns stratum, mapped, reference and size (1 without it)."""
    population = as_table(population)
    sample = code_sample(population, "stratum")
    weight = population["size"].to_numpy(float) if "size" in population.columns else np.ones(len(population))
    h, k = len(sample.strata), len(sample.classes)
    flat = (sample.stratum * k + sample.mapped) * k + sample.reference
    cells = np.bincount(flat, weight, minlength=h * k * k).reshape(h, k, k)
    sizes = cells.sum((1, 2))
    return Truth(tuple(sample.strata), tuple(sample.classes), sizes, cells / sizes[:, None, None])


def coverage(
    truth: Truth,
    n: Mapping[Any, int] | int,
    *,
    design: Design = "stratified",
    finite_population: bool = False,
    intervals: Sequence[Interval] | Interval = ("auto", "normal"),
    confidence: float = 0.95,
    replicates: int = 2000,
    seed: int = 0,
) -> pd.DataFrame:
    """Return how often intervals cover the truth in repeated samples.

    Parameters
    ----------
    truth
        The population.
    n
        Units per stratum (stratified), or in all.
    design
        How samples are drawn and estimated.
    finite_population
        Sizes are numbers of units, drawn without replacement within strata, and the correction is made
        (``stratified`` only). The population has whole units: shares of the truth are rounded to them.
    intervals
        Methods to compare; ``bootstrap`` is not offered here.
    replicates, seed
        Samples drawn, from this seed.

    Returns
    -------
    DataFrame
        A row for each measure, class and method: truth, expected (the least number of hits or of misses that
        the figure can expect in a stratum that has some: where it is small it rests on a count of 0, 1 or 2),
        coverage, below and above (share of intervals wholly below or above the truth), width (mean),
        undefined (share of samples that give no interval).
        With 2,000 replicates a true coverage of 95 % shows as 94.0-96.0 % (two standard errors).

    Raises
    ------
    ParameterError
        Unknown design or interval, or a stratum without a number of units.
    """
    check_confidence(confidence)
    replicates, seed = whole("replicates", replicates, 1), whole("seed", seed, 0)
    methods: list[Interval] = [intervals] if isinstance(intervals, str) else list(intervals)
    for interval in methods:
        check_interval(interval)
    if design not in ("stratified", "simple_random", "poststratified") or "bootstrap" in methods:
        choices = "stratified, simple_random, poststratified"
        raise ParameterError("errors.bad_choice", name="design", value=design, choices=choices)
    check_flag("finite_population", finite_population)
    if finite_population and design != "stratified":
        raise ParameterError("errors.bad_choice", name="design", value=design, choices="stratified")
    rng = np.random.default_rng(seed)
    if finite_population:
        truth = _in_whole_units(truth)
        counts, strata = _draw_finite(truth, n, replicates, rng)
    else:
        counts, strata = _draw(truth, n, design, replicates, rng)
    weight = truth.sizes / truth.sizes.sum()
    # the nesting of strata is a property of the population, not of what a sample happens to show
    nested = ms.nested_classes(truth.cells) if design != "simple_random" else None
    population = Strata(weight, np.full(len(weight), np.inf), np.full(len(weight), np.inf))
    rows = []
    exact = ms.measures(truth.cells, ms.nested_classes(truth.cells))
    likely = ms.measures(_expected(truth, n, design))
    for true, measure, mean in zip(exact, ms.measures(counts, nested), likely, strict=True):
        value, _ = ms.estimate(true, population)
        fewest = _fewest(mean)
        for interval in methods:
            low, high = ms.limits(measure, strata, interval, confidence, rng)
            labels = ["overall"] if measure.name == "overall" else truth.classes
            for k, label in enumerate(labels):
                head = {"measure": measure.name, "class": label, "interval": interval, "truth": value[k]}
                rows.append({**head, "expected": fewest[k], **_row(value[k], low[:, k], high[:, k])})
    return pd.DataFrame(rows)


def _expected(truth: Truth, n: Mapping[Any, int] | int, design: Design) -> Array:
    """Return the (H, K, K) counts to be expected of a sample."""
    if design == "stratified":
        return np.asarray(truth.cells * _numbers(truth, n)[:, None, None])
    total = _numbers(truth, n).sum() if isinstance(n, Mapping) else whole("n", n, 1)
    cells = truth.cells * (truth.sizes / truth.sizes.sum() * total)[:, None, None]
    return np.asarray(cells.sum(0, keepdims=True) if design == "simple_random" else cells)


def _fewest(mean: ms.Measure) -> Array:
    """Return for each class the least number of hits or misses expected in a stratum that has some."""
    both = np.stack([mean.hit, mean.miss]) * mean.size
    return np.asarray(np.where(both > 1e-9, both, np.inf).min((0, -1)))


def _row(value: float, low: Array, high: Array) -> dict[str, Any]:
    known = np.isfinite(low) & np.isfinite(high) & np.isfinite(value)
    low, high = low[known], high[known]
    none = {"coverage": np.nan, "below": np.nan, "above": np.nan, "width": np.nan}
    tiny = 1e-9
    found = (
        {
            "coverage": float(np.mean((low <= value + tiny) & (value <= high + tiny))),
            "below": float(np.mean(high + tiny < value)),
            "above": float(np.mean(low - tiny > value)),
            "width": float(np.mean(high - low)),
        }
        if known.any()
        else none
    )
    return {**found, "undefined": float(1 - known.mean()) if known.size else 1.0}


def _draw(
    truth: Truth, n: Mapping[Any, int] | int, design: Design, replicates: int, rng: np.random.Generator
) -> tuple[Array, Strata]:
    h, k = truth.cells.shape[:2]
    flat = truth.cells.reshape(h, -1)
    if design == "stratified":
        number = _numbers(truth, n)
        drawn = np.stack(
            [rng.multinomial(m, p, size=replicates) for m, p in zip(number, flat, strict=True)], axis=1
        )
        counts = drawn.reshape(replicates, h, k, k).astype(float)
        return counts, Strata.stratified(truth.sizes, number.astype(float))
    total = sum(_numbers(truth, n).tolist()) if isinstance(n, Mapping) else whole("n", n, 1)
    joint = (flat * (truth.sizes / truth.sizes.sum())[:, None]).ravel()
    counts = rng.multinomial(total, joint / joint.sum(), size=replicates)
    counts = counts.reshape(replicates, h, k, k).astype(float)
    if design == "simple_random":
        one = counts.sum(1, keepdims=True)
        return one, Strata.stratified(np.array([1.0]), np.array([float(total)]))
    counts = counts[np.all(counts.sum((2, 3)) >= 2, axis=1)]  # others would have their strata merged
    return counts, Strata.poststratified(truth.sizes, counts.sum((2, 3)))


def _in_whole_units(truth: Truth) -> Truth:
    """Round the units of each cell so that they sum to the stratum's size (largest remainders)."""
    sizes = np.round(truth.sizes)
    exact = truth.cells.reshape(len(sizes), -1) * sizes[:, None]
    units = np.floor(exact)
    for h, missing in enumerate((sizes - units.sum(1)).astype(int)):
        units[h, np.argsort(units[h] - exact[h], kind="stable")[:missing]] += 1
    with np.errstate(invalid="ignore"):
        cells = np.nan_to_num(units / sizes[:, None]).reshape(truth.cells.shape)
    return Truth(truth.strata, truth.classes, sizes, cells)


def _draw_finite(
    truth: Truth, n: Mapping[Any, int] | int, replicates: int, rng: np.random.Generator
) -> tuple[Array, Strata]:
    h, k = truth.cells.shape[:2]
    units = np.round(truth.cells.reshape(h, -1) * truth.sizes[:, None]).astype(np.int64)
    number = _numbers(truth, n)
    for stratum, m, size in zip(truth.strata, number, truth.sizes, strict=True):
        if m > size:
            raise ParameterError("accuracy.sample_over_size", stratum=stratum, number=int(m), size=size)
    drawn = [
        rng.multivariate_hypergeometric(row, m, size=replicates) for row, m in zip(units, number, strict=True)
    ]
    counts = np.stack(drawn, axis=1).reshape(replicates, h, k, k).astype(float)
    return counts, Strata.stratified(truth.sizes, number.astype(float), finite=True)


def _numbers(truth: Truth, n: Mapping[Any, int] | int) -> NDArray[np.int64]:
    if not isinstance(n, Mapping):
        return np.full(len(truth.strata), whole("n", n, 1), np.int64)
    n = as_mapping("n", n)
    labels = same_labels(n, truth.strata)
    missing = [str(s) for s in labels if s not in n]
    if missing:
        raise ParameterError("accuracy.strata_mismatch", strata=", ".join(missing))
    return np.array([whole("n", n[s], 1) for s in labels], np.int64)
