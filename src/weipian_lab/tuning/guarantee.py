"""A threshold with a promise: "with 95 % confidence at most 10 % of the true changes are missed".

Learn then test (Angelopoulos, Bates, Candès, Jordan and Lei 2021, arXiv:2110.01052): for each threshold the
hypothesis "it misses more than allowed" gets a valid p-value; going up from the safest, thresholds are taken
as long as their hypotheses are rejected (fixed-sequence testing, by ``mapie.risk_control.control_fwer``).
p-values: the exact binomial tail for parcels that count one each; for areas, weights or blocks of parcels the
betting martingale of Waudby-Smith and Ramdas (2024, doi:10.1093/jrsssb/qkad009), which needs a bound known
beforehand.
Conformal risk control (Angelopoulos et al. 2022, arXiv:2208.02814) promises the mean
only; it is offered as such.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from scipy.special import logsumexp

from weipian_lab.errors import ParameterError, SchemaError
from weipian_lab.text import t

__all__ = [
    "Promise",
    "betting_p_values",
    "binomial_p_values",
    "conformal",
    "least_blocks",
    "least_parcels",
    "promise",
    "stated",
]

Array = NDArray[np.float64]
_STAKES = (0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9, 0.99)  # shares of the stake that would risk everything


@dataclass(frozen=True)
class Promise:
    """A risk-controlled choice.

    Attributes
    ----------
    threshold
        Highest threshold that keeps the promise; None if none does.
    thresholds, missed, p_values
        What was tested, in rising order: share missed in the tuning data and p-value of each.
    miss_rate, confidence
        The promise. `confidence` is NaN for conformal risk control, which speaks of the mean.
    units
        Independent units (parcels or blocks) it rests on: random draws from those that it speaks of.
    statement
        The promise in words.
    """

    threshold: float | None
    thresholds: Array
    missed: Array
    p_values: Array
    miss_rate: float
    confidence: float
    units: int
    statement: str


def promise(
    scores: ArrayLike,
    thresholds: ArrayLike,
    *,
    miss_rate: float = 0.1,
    confidence: float = 0.95,
    size: ArrayLike | None = None,
    block: ArrayLike | None = None,
    largest: float | None = None,
    seed: int = 0,
) -> Promise:
    """Return the highest threshold that misses at most `miss_rate`, with `confidence`.

    Parameters
    ----------
    scores
        (n,) for each truly changed parcel of the tuning part, the highest threshold at which the screening
        still finds it; -inf if it never does. The parcels must be a random sample of the true changes,
        or all of them: a list of verified patches alone lacks those that were missed.
    thresholds
        Candidates, fixed without a look at these parcels; so must be the detector, the clean-up and the
        minimum area behind the scores. One of S settings picked by the same parcels needs
        1 - (1 - confidence) / S.
    miss_rate, confidence
        The promise.
    size
        (n,) area or sampling weight of each parcel: the promise is then of area.
    block
        (n,) block that a parcel lies in: blocks are then the independent units, since parcels of
        one village or project are found and missed together. Give it wherever places are known:
        by parcels, the promise is broken too often when parcels hang together, and the statement says so.
    largest
        Bound on the total `size` within one unit, known beforehand; needed with `size`.
        With `block` alone it is a number of parcels; without it every block counts the same,
        and the promise is of the share missed in a block, averaged over the blocks with a true change.
    seed
        Order in which the betting martingale sees the units.

    Notes
    -----
    What is proven: whatever the county, the chance that a threshold is given that misses more than
    `miss_rate` is at most 1 - `confidence`; where none is given, nothing is promised. "Misses" is the mean
    over the population that the units are drawn from, independently and at random, at that very threshold.
    A parcel counts as missed from the first threshold on at which it is not found, so the loss never falls
    as the threshold rises and the one promised is not below the true one.

    Raises
    ------
    SchemaError
        No parcel: with no positives nothing can be promised. Lengths differ.
    ParameterError
        Rates outside 0-1, no threshold, or `largest` missing or exceeded.
    """
    score, grid = _check(scores, thresholds, miss_rate, confidence)
    missed_at = score[:, None] < grid
    if size is None and block is None:
        missed = missed_at.mean(0)
        p = binomial_p_values(missed_at.sum(0), len(score), miss_rate)
        units = len(score)
    else:
        weight: Array = np.ones(len(score)) if size is None else np.asarray(size, float)
        alike = size is None and largest is None
        lost, total = _losses(score, grid, weight, block, alike=alike)
        units = len(total)
        missed = lost.sum(0) / total.sum()
        p = betting_p_values(lost, total, miss_rate, 1.0 if alike else largest, seed=seed)
    threshold = _fixed_sequence(grid, p, 1 - confidence)
    of = "area" if size is not None else "parcels" if block is None else "alike" if alike else "count"
    statement = _statement(threshold, miss_rate, confidence, units, of)
    return Promise(threshold, grid, missed, p, miss_rate, confidence, units, statement)


def _losses(
    score: Array, grid: Array, weight: Array, block: ArrayLike | None, *, alike: bool
) -> tuple[Array, Array]:
    """Return what is lost (units, thresholds) and the total (units,) of each unit; `alike` makes totals 1."""
    codes = np.arange(len(score)) if block is None else np.unique(np.asarray(block), return_inverse=True)[1]
    if len(weight) != len(score) or len(codes) != len(score):
        raise SchemaError("tuning.lengths", scores=len(score), other=min(len(weight), len(codes)))
    units = int(codes.max()) + 1
    if alike:
        weight = 1 / np.bincount(codes)[codes]
    total: Array = np.asarray(np.bincount(codes, weight, minlength=units), float)
    lost = np.zeros((units, len(grid)))
    np.add.at(lost, codes, weight[:, None] * (score[:, None] < grid))
    return lost, total


def _check(
    scores: ArrayLike, thresholds: ArrayLike, miss_rate: float, confidence: float
) -> tuple[Array, Array]:
    score, grid = np.asarray(scores, float), np.unique(np.asarray(thresholds, float))
    if len(score) == 0:
        raise SchemaError("tuning.no_positives")
    if np.isnan(score).any():
        raise SchemaError("tuning.nan_score", number=int(np.isnan(score).sum()))
    if len(grid) == 0 or not np.all(np.isfinite(grid)):
        raise ParameterError("tuning.bad_thresholds", value=list(grid[:5]))
    for name, value in (("miss_rate", miss_rate), ("confidence", confidence)):
        if not 0 < value < 1:
            raise ParameterError("tuning.bad_rate", name=name, value=value)
    return score, grid


def binomial_p_values(missed: ArrayLike, n: int, miss_rate: float) -> Array:
    """Return P(Bin(n, miss_rate) ≤ missed), the exact p-value of "more than `miss_rate` is missed"."""
    return np.asarray(stats.binom.cdf(np.asarray(missed), n, miss_rate), float)


def betting_p_values(
    lost: Array, total: Array, miss_rate: float, largest: float | None, *, seed: int = 0
) -> Array:
    """Return p-values of "more than `miss_rate` of the total is lost" from independent units.

    The wealth of a bettor against the hypothesis, Π (1 - ν (lost_i - r total_i)), is a supermartingale
    under it for each stake ν, and so is the mean over several; by Ville's inequality 1 / its highest value
    is a p-value.

    Parameters
    ----------
    lost, total
        (units, thresholds) and (units,), 0 ≤ lost ≤ total ≤ `largest`.

    Raises
    ------
    ParameterError
        `largest` is missing, or a unit exceeds it.
    """
    if largest is None or not largest > 0 or float(total.max()) > largest * (1 + 1e-9):
        raise ParameterError("tuning.bad_largest", value=largest, found=round(float(total.max()), 4))
    order = np.random.default_rng(seed).permutation(len(total))
    excess = (lost[order] - miss_rate * total[order, None]) / largest  # at most 1 - r
    each = [np.cumsum(np.log1p(-share / (1 - miss_rate) * excess), axis=0) for share in _STAKES]
    wealth = logsumexp(np.stack(each), axis=0) - np.log(len(_STAKES))
    return np.asarray(np.minimum(1.0, np.exp(-np.maximum(wealth.max(axis=0), 0.0))))


def _fixed_sequence(grid: Array, p_values: Array, delta: float) -> float | None:
    from mapie.risk_control import control_fwer  # imports scikit-learn's whole tree, only when it is used

    kept = control_fwer(p_values, delta, fwer_method="fixed_sequence")
    return float(grid[max(kept)]) if len(kept) else None


def conformal(
    scores: ArrayLike, thresholds: ArrayLike, *, miss_rate: float = 0.1, block: ArrayLike | None = None
) -> Promise:
    """Return the highest threshold whose expected miss rate is at most `miss_rate` (conformal risk control).

    The mean over many counties keeps to it; a single county may well exceed it. With n units the highest
    threshold is taken at which (n × mean loss + 1) / (n + 1) is within the limit: the loss never falls as the
    threshold rises and is at most 1, and the unit to come is exchangeable with the n.

    Parameters
    ----------
    scores, thresholds, miss_rate
        As :func:`promise`.
    block
        (n,) block that a parcel lies in. Blocks are then the units, each with the share of its parcels that
        is missed; parcels of one place are not exchangeable with those of another.

    Raises
    ------
    SchemaError, ParameterError
        As :func:`promise`.
    """
    score, grid = _check(scores, thresholds, miss_rate, 0.5)
    lost, total = _losses(score, grid, np.ones(len(score)), block, alike=True)
    n = len(total)
    missed = lost.mean(axis=0)
    bound = (n * missed + 1) / (n + 1)
    good = np.cumprod(bound <= miss_rate).astype(bool)
    threshold = float(grid[good][-1]) if good.any() else None
    of = "parcels" if block is None else "blocks"
    if threshold is None:
        least = int(np.ceil(1 / miss_rate)) - 1
        statement = t(f"tuning.no_conformal_{of}", rate=stated(miss_rate), least=least)
    else:
        statement = t(f"tuning.conformal_{of}", threshold=f"{threshold:.4g}", rate=stated(miss_rate), units=n)
    return Promise(threshold, grid, missed, bound, miss_rate, float("nan"), n, statement)


def least_parcels(miss_rate: float, confidence: float = 0.95) -> int:
    """Return the fewest true changes that allow a promise by parcels, if none of them is missed."""
    return int(np.ceil(np.log(1 - confidence) / np.log(1 - miss_rate)))


def least_blocks(miss_rate: float, confidence: float = 0.95) -> int:
    """Return the fewest blocks that allow a promise by blocks that count the same, if no parcel is missed."""
    gains = np.log1p(np.array(_STAKES) / (1 - miss_rate) * miss_rate)
    wanted = np.log(len(_STAKES)) - np.log(1 - confidence)
    low, high = 0, int(np.ceil(wanted / gains.max())) + 1  # with the best stake alone it is enough
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if logsumexp(middle * gains) >= wanted else (middle, high)
    return high


def _statement(threshold: float | None, miss_rate: float, confidence: float, units: int, of: str) -> str:
    values: dict[str, Any] = {"rate": stated(miss_rate), "confidence": stated(confidence), "units": units}
    if threshold is not None:
        said = t(f"tuning.promise_{of}", threshold=f"{threshold:.4g}", **values)
    elif of == "alike":
        said = t("tuning.no_promise_blocks", least=least_blocks(miss_rate, confidence), **values)
    else:
        said = t("tuning.no_promise", least=least_parcels(miss_rate, confidence), **values)
    return f"{said} {t('tuning.by_parcels' if of == 'parcels' else 'tuning.by_units')}"


def stated(share: float) -> str:
    """Return a share as percent with the digits it has: 0.025 is not 2 %."""
    return f"{100 * share:.4g}%"
