"""Whether the promise of a risk-controlled threshold is kept: simulated counties with a known truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from weipian_lab.tuning.guarantee import betting_p_values, binomial_p_values

__all__ = ["allowed_share", "broken_promises", "validity"]

Array = NDArray[np.float64]


def broken_promises(
    *,
    counties: int = 1000,
    parcels: int = 60,
    blocks: int = 20,
    together: float = 0.0,
    miss_rate: float = 0.1,
    confidence: float = 0.95,
    thresholds: Array | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Return in what share of simulated counties each rule's threshold misses more than promised.

    Detection scores of true changes are normal scores with mean 1.5 (county by county ± 0.3) and spread 1;
    `together` is the correlation of parcels in one block. The true miss rate at a threshold is then known.

    Parameters
    ----------
    counties, parcels, blocks
        Counties, true changes checked in each, blocks they lie in (equally many in each).
    together
        0: parcels are independent; near 1: a block is found or missed as a whole.
    miss_rate, confidence
        The promise.
    thresholds
        Candidates; default 81 from -4 to 4.

    Returns
    -------
    DataFrame
        Index rule: ``parcels`` (binomial), ``blocks`` (betting), ``conformal`` (promises the mean only),
        ``plain`` (largest threshold whose miss rate in the sample is within the limit).
        Columns broken, lower, upper (Clopper-Pearson, 95 %), mean_missed, given (counties with a choice).
    """
    grid = np.linspace(-4, 4, 81) if thresholds is None else np.unique(thresholds)
    rng = np.random.default_rng(seed)
    rules = ("parcels", "blocks", "conformal", "plain")
    missed: dict[str, list[float]] = {rule: [] for rule in rules}
    for _ in range(counties):
        mean = rng.normal(1.5, 0.3)
        home = np.arange(parcels) % blocks
        shared = rng.normal(size=blocks)[home] * np.sqrt(together)
        score = mean + shared + rng.normal(size=parcels) * np.sqrt(1 - together)
        truth = stats.norm.cdf(grid - mean)
        for rule, k in _choices(score, home, blocks, grid, miss_rate, confidence).items():
            missed[rule].append(np.nan if k is None else float(truth[k]))
    rows = {rule: _summary(np.array(values), miss_rate) for rule, values in missed.items()}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("rule")


def validity(
    units: int,
    *,
    counties: int,
    miss_rate: float,
    confidence: float,
    seed: int = 0,
    correlations: Sequence[float] = (0.0, 0.9),
) -> pd.DataFrame:
    """Return how often each rule breaks its promise, for parcels alone in their block and for four together.

    Parameters
    ----------
    units
        Independent units that the promise at hand rests on.
    counties, miss_rate, confidence, seed
        As :func:`broken_promises`.
    correlations
        Of the parcels of a block; 0 has one parcel in each, others four.

    Returns
    -------
    DataFrame
        correlation, rule, then the columns of :func:`broken_promises`.
    """
    tables = {
        f"{together:g}": broken_promises(
            counties=counties, parcels=4 * units if together else units, blocks=units, together=together,
            miss_rate=miss_rate, confidence=confidence, seed=seed,
        )
        for together in correlations
    }  # fmt: skip
    return pd.concat(tables, names=["correlation"]).reset_index()


def allowed_share(confidence: float, counties: int) -> float:
    """Return the share of simulated counties that may break a promise that holds.

    What the confidence leaves, and twice the standard error of so many counties.
    """
    left = 1 - confidence
    return float(left + 2 * np.sqrt(left * confidence / counties))


def _choices(
    score: Array, home: NDArray[np.int64], blocks: int, grid: Array, miss_rate: float, confidence: float
) -> dict[str, int | None]:
    below = score[:, None] < grid
    n, delta = len(score), 1 - confidence
    total = np.bincount(home, minlength=blocks).astype(float)
    lost = np.zeros((blocks, len(grid)))
    np.add.at(lost, home, below)
    share = below.mean(0)
    largest = float(np.ceil(n / blocks))  # fixed by the plan, not read off the sample
    return {
        "parcels": _last(binomial_p_values(below.sum(0), n, miss_rate) <= delta),
        "blocks": _last(betting_p_values(lost, total, miss_rate, largest) <= delta),
        "conformal": _last((n * share + 1) / (n + 1) <= miss_rate),
        "plain": _last(share <= miss_rate),
    }


def _last(good: NDArray[np.bool_]) -> int | None:
    """Last place of the unbroken run from the safest threshold on: fixed-sequence testing."""
    run = np.cumprod(good)
    return int(run.sum()) - 1 if run.any() else None


def _summary(missed: Array, miss_rate: float) -> dict[str, Any]:
    given = missed[np.isfinite(missed)]
    broken = int((given > miss_rate).sum())
    low, high = proportion_confint(broken, len(missed), method="beta")
    return {
        # a county without a choice breaks no promise
        "broken": broken / len(missed),
        "lower": float(low),
        "upper": float(high),
        "mean_missed": float(given.mean()) if len(given) else np.nan,
        "given": len(given) / len(missed),
    }
