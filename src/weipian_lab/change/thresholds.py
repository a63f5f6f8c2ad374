"""From a score to a threshold: rules, each with its source, none of which needs a label.

A threshold can be taken from the whole score or from a sample of it: where pixels lie does not matter.
"""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import chdtri, ndtr, ndtri

from weipian_lab.errors import InputError, ParameterError

__all__ = ["RULES", "Threshold", "threshold"]

Values = NDArray[np.float64]
_MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True)
class Threshold:
    """A threshold and how it came about.

    Attributes
    ----------
    value
        Pixels with a score of at least this are flagged. Infinite where no pixel can be (a flat score).
    rule
        Name of the rule.
    strong
        For hysteresis: a patch must hold at least one pixel that reaches this; equal to `value` without.
    details
        What the rule found (plain numbers), for reports.
    """

    value: float
    rule: str
    strong: float
    details: Mapping[str, Any] = field(default_factory=dict)

    def apply(self, score: ArrayLike) -> NDArray[np.bool_]:
        """Return where the score reaches the threshold; never where it is NaN."""
        flagged: NDArray[np.bool_] = np.asarray(score) >= self.value
        return flagged


def _otsu(values: Values, *, clip: float = 0.995, bins: int = 512) -> tuple[float, dict[str, Any]]:
    """Otsu (1979), IEEE Trans. SMC 9:62–66, after clipping at the quantile `clip`: outliers blind it."""
    from skimage.filters import threshold_otsu  # slow to import

    top = float(np.quantile(values, clip))
    clipped = np.minimum(values, top)
    if clipped.min() == clipped.max():
        return _flat(values)
    value = threshold_otsu(clipped, nbins=bins)  # type: ignore[no-untyped-call]
    return float(value), {"clip_quantile": clip, "clipped_at": top}


def _kmeans(values: Values, *, clip: float = 1.0, max_iterations: int = 200) -> tuple[float, dict[str, Any]]:
    """Two-means in one dimension (MacQueen 1967), from the ends inwards: the threshold is half-way."""
    clipped = np.minimum(values, np.quantile(values, clip))
    low, high = float(clipped.min()), float(clipped.max())
    if low == high:
        return _flat(values)
    ordered = np.sort(clipped)
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    cut = -1
    for _ in range(max_iterations):
        renewed = int(np.searchsorted(ordered, (low + high) / 2))
        if renewed == cut or not 0 < renewed < len(ordered):
            break
        cut = renewed
        low, high = sums[cut] / cut, (sums[-1] - sums[cut]) / (len(ordered) - cut)
    return (low + high) / 2, {"centre_low": low, "centre_high": high, "clip_quantile": clip}


def _chi2(values: Values, *, df: int | None = None, alpha: float = 0.01) -> tuple[float, dict[str, Any]]:
    """Chi-square significance of the squared score, `df` degrees; `alpha` of unchanged pixels pass."""
    if df is None or df < 1:
        raise ParameterError("change.chi2_df", value=df)
    _share("alpha", alpha)
    return float(np.sqrt(chdtri(df, alpha))), {"df": df, "alpha": alpha}


def _null_fit(
    values: Values, *, k: float | None = None, false_alarm: float | None = None
) -> tuple[float, dict[str, Any]]:
    """Return a robust fit of the unchanged mass: median + k · MAD, or the quantile of a fitted null.

    With `k` (6 if neither is given): median + k · MAD of the score, unscaled MAD; the setting of the
    cross-band residual score. With `false_alarm`: log-normal null whose median and lower spread are those of
    the score (change hardly touches the lower half), cut so that this share of unchanged pixels passes
    (Efron 2004, JASA 99:96–104, in the one-sided form).
    """
    median = float(np.median(values))
    if false_alarm is None:
        k = 6.0 if k is None else k
        if not k > 0:
            raise ParameterError("errors.not_positive", name="k", value=k)
        spread = float(np.median(np.abs(values - median)))
        if spread == 0:
            positive = values[values > median]
            if len(positive) == 0:
                return _flat(values)
            spread = float(np.median(positive - median))
        return median + k * spread, {"median": median, "mad": spread, "k": k}
    _share("false_alarm", false_alarm)
    positive = values[values > 0]
    if len(positive) < 2 or positive.min() == positive.max():
        return _flat(values)
    logs = np.log(positive)
    centre, lower = np.quantile(logs, [0.5, float(ndtr(-1))])
    sigma = float(centre - lower)
    value = float(np.exp(centre - ndtri(false_alarm) * sigma))
    return value, {"log_median": float(centre), "log_sigma": sigma, "false_alarm": false_alarm}


def _fixed(values: Values, *, value: float | None = None) -> tuple[float, dict[str, Any]]:
    """Return a threshold given beforehand, from experience or from ``tuned.yaml``."""
    if value is None or not np.isfinite(value):
        raise ParameterError("change.fixed_value", value=value)
    return float(value), {}


def _top_share(values: Values, *, share: float = 0.02) -> tuple[float, dict[str, Any]]:
    """Return the quantile above which `share` of the pixels lie: a review budget, a prior, not a finding."""
    _share("share", share)
    if values.min() == values.max():
        return _flat(values)
    return float(np.quantile(values, 1 - share)), {"share": share}


def _flat(values: Values) -> tuple[float, dict[str, Any]]:
    """Return the threshold for a score that is the same everywhere: nothing stands out."""
    return float("inf"), {"flat": True, "score": float(values[0])}


def _share(name: str, value: float) -> None:
    if not 0 < value < 1:
        raise ParameterError("change.not_a_share", name=name, value=value)


RULES: Mapping[str, Callable[..., tuple[float, dict[str, Any]]]] = {
    "otsu": _otsu,
    "kmeans": _kmeans,
    "chi2": _chi2,
    "null_fit": _null_fit,
    "fixed": _fixed,
    "top_share": _top_share,
}


def threshold(
    score: ArrayLike,
    rule: str = "otsu",
    valid: ArrayLike | None = None,
    *,
    hysteresis: float = 1.0,
    **options: Any,
) -> Threshold:
    """Return the threshold of a score by a rule.

    Parameters
    ----------
    score
        Score of any shape, or a sample of it; NaN and infinite values do not count.
    rule
        ``otsu`` (clip), ``kmeans`` (clip), ``chi2`` (df, alpha), ``null_fit`` (k or false_alarm),
        ``fixed`` (value), ``top_share`` (share); each rule's docstring gives its source.
    valid
        Which values count, of the same shape.
    hysteresis
        ``strong`` is the threshold times this (at least 1).
    **options
        Of the rule.

    Raises
    ------
    ParameterError
        If the rule or an option is unknown or out of range.
    InputError
        If no value is left.

    Examples
    --------
    >>> import numpy as np
    >>> threshold(np.array([1.0, 2.0, 3.0, 4.0, 100.0]), "null_fit", k=6).value
    9.0
    """
    if rule not in RULES:
        raise ParameterError("change.unknown", name="rule", value=rule, choices=", ".join(RULES))
    known = [p for p in inspect.signature(RULES[rule]).parameters if p != "values"]
    for option in options:
        if option not in known:
            near = difflib.get_close_matches(option, known, n=1) or known
            raise ParameterError("change.unknown_option", method=rule, option=option, near=", ".join(near))
    if not hysteresis >= 1:
        raise ParameterError("change.hysteresis", value=hysteresis)
    values = np.asarray(score, dtype=np.float64)
    good = np.isfinite(values)
    if valid is not None:
        good &= np.asarray(valid, dtype=bool)
    if not good.any():
        raise InputError("change.no_valid_pixel")
    value, details = RULES[rule](values[good], **options)
    strong = value * hysteresis if value > 0 else value
    return Threshold(value, rule, strong, details)
