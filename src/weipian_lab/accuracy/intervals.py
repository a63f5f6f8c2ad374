"""Confidence intervals of a share whose standard error comes from a sampling design.

A design enters through the effective sample size of Korn and Graubard (1998),
n* = p (1 - p) / se² × (t(n - 1) / t(df))²: the size of the simple random sample that is as precise.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from weipian_lab.accuracy.limits import Within, share_limits, wilson_limits
from weipian_lab.errors import ParameterError

__all__ = [
    "INTERVALS",
    "WITHIN",
    "Interval",
    "check_confidence",
    "check_interval",
    "cluster_interval",
    "effective_size",
    "share_interval",
]

Interval = Literal[
    "auto",
    "conservative",
    "midp",
    "wilson_strata",
    "randomised",
    "normal",
    "wilson",
    "clopper_pearson",
    "bootstrap",
]
INTERVALS: tuple[Interval, ...] = get_args(Interval)
WITHIN: dict[str, Within] = {
    "auto": "guarded",
    "midp": "midp",
    "conservative": "exact",
    "wilson_strata": "wilson",
    "randomised": "randomised",
}
"""Intervals recovered from limits within strata (:func:`weipian_lab.accuracy.kernel.mover`), and which."""

Array = NDArray[np.float64]


def check_confidence(confidence: float) -> float:
    """Return `confidence` if it lies strictly between 0 and 1, else raise ParameterError."""
    try:
        within = not isinstance(confidence, str) and 0 < float(confidence) < 1
    except (TypeError, ValueError):
        within = False
    if not within:
        raise ParameterError("accuracy.bad_confidence", value=repr(confidence))
    return float(confidence)


def check_interval(interval: str) -> None:
    """Raise ParameterError for an unknown method."""
    if not isinstance(interval, str) or interval not in INTERVALS:
        raise ParameterError(
            "errors.bad_choice", name="interval", value=interval, choices=", ".join(INTERVALS)
        )


def effective_size(share: ArrayLike, se: ArrayLike, n: ArrayLike, df: ArrayLike, confidence: float) -> Array:
    """Return the effective sample size n*.

    Parameters
    ----------
    share, se
        Estimate (0-1) and its standard error.
    n
        Sample size that counts where the standard error is 0 (all units alike), for example Kish's.
    df
        Degrees of freedom of the standard error.
    confidence
        Level of the interval it is meant for.

    Returns
    -------
    ndarray of float; at most `n` where the standard error is 0.
    """
    share, se, n = np.asarray(share, float), np.asarray(se, float), np.asarray(n, float)
    df = np.maximum(np.asarray(df, float), 1)
    quantile = 0.5 + confidence / 2
    adjust = (stats.t.ppf(quantile, np.maximum(n - 1, 1)) / stats.t.ppf(quantile, df)) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.where(se > 0, share * (1 - share) / se**2, n)
    return np.asarray(size * adjust)


def share_interval(
    share: ArrayLike,
    se: ArrayLike,
    method: Interval,
    *,
    confidence: float = 0.95,
    n: ArrayLike = np.inf,
    df: ArrayLike = np.inf,
) -> tuple[Array, Array]:
    """Return lower and upper limit of a share.

    ``normal`` is estimate ± z se, as most papers print it, not cut off at 0 and 1.
    ``wilson`` and ``clopper_pearson`` take the effective size;
    they stay within 0-1 and keep a width where se is 0.
    Clopper-Pearson never falls short of its level and is therefore wide.
    NaN in, NaN out.
    """
    share, se = np.broadcast_arrays(np.asarray(share, float), np.asarray(se, float))
    if method == "normal":
        z = float(stats.norm.ppf(0.5 + confidence / 2))
        return share - z * se, share + z * se
    size = effective_size(share, se, n, df, confidence)
    known = np.isfinite(share) & np.isfinite(se) & (size > 0)
    safe_share, safe_size = np.where(known, np.clip(share, 0, 1), 0.5), np.where(known, size, 1.0)
    name = "wilson" if method == "wilson" else "beta"
    low, high = proportion_confint(safe_share * safe_size, safe_size, alpha=1 - confidence, method=name)
    low, high = np.where(safe_share <= 0, 0.0, low), np.where(safe_share >= 1, 1.0, high)
    return np.where(known, low, np.nan), np.where(known, high, np.nan)


FEW_CLUSTERS = 8
"""Primary units with a hit (or with a miss) below which their spread says next to nothing; the project's own
choice, from benchmarks/coverage.md."""


def cluster_interval(
    share: Array,
    se: Array,
    units: Array,
    primary: Array,
    fewest: Array,
    df: int,
    confidence: float,
    *,
    always: bool = False,
) -> tuple[Array, Array]:
    """Return limits of shares from a cluster sample.

    Wilson's interval with the effective size p (1 - p) / se² and the quantile of t(df).
    Where fewer than :data:`FEW_CLUSTERS` primary units hold a hit, or a miss, their variance is mostly too
    small by chance; there guarded mid-P limits take over, with no more effective units than primary units,
    as if each were all right or all wrong: 93 % at least whatever the correlation within, more than stated
    where units of a cluster differ. `always`: everywhere, and Clopper and Pearson's limits.

    Parameters
    ----------
    share, se
        (k,) estimates and standard errors.
    units
        (k,) effective size where the standard error is 0 (Kish's).
    primary
        (k,) primary units that hold units of the denominator.
    fewest
        (k,) the fewer of those with a hit and those with a miss.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.where(se > 0, np.minimum(share * (1 - share) / se**2, units), units)
    known = np.isfinite(share) & np.isfinite(se) & (size > 0)
    p, n = np.where(known, np.clip(share, 0, 1), 0.5), np.where(known, size, 1.0)
    within: Within = "exact" if always else "guarded"
    wide = share_limits(p, np.minimum(n, np.maximum(primary, 1)), confidence, within)
    short = wilson_limits(p, n, float(stats.t.ppf(0.5 + confidence / 2, df)))
    few = (fewest < FEW_CLUSTERS) | always
    lower, upper = (np.where(few, a, b) for a, b in zip(wide, short, strict=True))
    return np.where(known, lower, np.nan), np.where(known, upper, np.nan)
