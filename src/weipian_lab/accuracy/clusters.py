"""Accuracy and area from cluster and systematic samples: linearised ratios, variance over the design."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weipian_lab.accuracy.assessment import Assessment, class_index, measure_frame
from weipian_lab.accuracy.checks import as_float, as_table, check_flag
from weipian_lab.accuracy.estimators import describe_interval
from weipian_lab.accuracy.intervals import (
    Interval,
    check_confidence,
    check_interval,
    cluster_interval,
    share_interval,
)
from weipian_lab.accuracy.labels import AccuracyWarning, Sample, as_sizes, code_sample, column, same_labels
from weipian_lab.errors import ParameterError, SchemaError
from weipian_lab.text import t

__all__ = ["cluster", "systematic"]

Array = NDArray[np.float64]
_CHOICES = ("auto", "conservative", "normal", "wilson", "clopper_pearson")
Lonely = Literal["nan", "certainty", "adjust"]
Variance = Callable[[Array], Array]


def cluster(
    samples: pd.DataFrame,
    *,
    sizes: Mapping[Any, float] | None = None,
    confidence: float = 0.95,
    finite_population: bool = False,
    psu_totals: Mapping[Any, float] | None = None,
    lonely: Lonely = "nan",
    interval: Interval = "auto",
    classes: Sequence[Hashable] | None = None,
) -> Assessment:
    """Assess a map from a (stratified, one- or more-stage) cluster sample by ultimate clusters.

    Only the first stage enters the variance: the weighted totals of primary units vary within a stratum,
    and whatever happened below them is in those totals.

    Parameters
    ----------
    samples
        Columns psu, mapped, reference, and optionally stratum (one stratum without it) and weight
        (1 without it): the number of units, or the area, that the unit stands for.
        A psu label counts within its stratum.
    sizes
        ``{"all": total}`` if the population's size is known: `area` is then that total times the
        estimated share, else the weighted sum itself, whose error includes that of the total.
    confidence, interval, classes
        As :func:`~weipian_lab.accuracy.stratified`; ``auto`` and ``conservative`` are those of
        :func:`~weipian_lab.accuracy.intervals.cluster_interval`.
    finite_population, psu_totals
        Correct by 1 - m/M, M the number of primary units of each stratum.
    lonely
        A stratum with one primary unit: ``nan`` (unknown variance), ``certainty`` (taken with certainty,
        no first-stage variance) or ``adjust`` (spread about the mean of all strata).

    Raises
    ------
    SchemaError
        Column or label missing, weight not above 0.
    ParameterError
        Level, interval or `lonely` unknown, `psu_totals` missing or too small.

    Warns
    -----
    AccuracyWarning
        A stratum with one primary unit under ``nan``.

    References
    ----------
    Särndal, Swensson and Wretman (1992), section 4.6; Lumley (2010), as svymean, svytotal and svyratio of
    the R package survey compute it; effective size: Korn and Graubard (1998).
    """
    check_confidence(confidence)
    check_interval(interval)
    check_flag("finite_population", finite_population)
    samples = as_table(samples)
    if lonely not in ("nan", "certainty", "adjust"):
        raise ParameterError(
            "errors.bad_choice", name="lonely", value=lonely, choices="nan, certainty, adjust"
        )
    sample = code_sample(samples, "stratum" if "stratum" in samples.columns else None, None, classes)
    weight = _weights(samples)
    key = list(zip(sample.stratum.tolist(), column(samples, "psu"), strict=True))
    psu, labels = pd.factorize(pd.Series(key, dtype=object))
    home = np.array([label[0] for label in labels], np.intp)
    variance = _ultimate(sample, psu, home, _psu_left(sample, home, finite_population, psu_totals), lonely)
    df = max(len(labels) - len(sample.strata), 1)
    method = [t("accuracy.method_cluster", df=df)]
    method += [t("accuracy.method_fpc" if finite_population else "accuracy.method_no_fpc")]
    total = None if sizes is None else sum(as_sizes(sizes).values())
    return _linear(sample, weight, psu, variance, df, total, method, confidence, interval)


def systematic(
    samples: pd.DataFrame,
    size: float = 1.0,
    *,
    order: str | None = None,
    confidence: float = 0.95,
    interval: Interval = "auto",
    classes: Sequence[Hashable] | None = None,
) -> Assessment:
    """Assess a map from a systematic sample; variance by successive differences.

    No systematic sample has an unbiased variance estimate.
    Differences of neighbours in the order of the grid follow a trend that the formula for simple
    random samples would count as variance (Wolter 2007, Introduction to Variance Estimation, eq. 8.2.2).

    Parameters
    ----------
    samples
        Columns mapped, reference; rows in the order of the grid, or by the column `order`.
    size
        The population: units or area.
    confidence, interval, classes
        As :func:`cluster`.
    """
    check_confidence(confidence)
    check_interval(interval)
    samples = as_table(samples)
    if order is not None:
        column(samples, order)
        try:
            samples = samples.sort_values(order, kind="stable")
        except TypeError:
            raise SchemaError("accuracy.no_order", column=order) from None
    sample = code_sample(samples, None, None, classes)
    total = as_sizes({"all": as_float("size", size)})["all"]
    n = len(samples)

    def variance(z: Array) -> Array:
        if n < 2:
            return np.full(z.shape[1], np.nan)
        return np.asarray(n * (np.diff(z, axis=0) ** 2).sum(0) / (2 * (n - 1)))

    if n < 2:
        warnings.warn(t("accuracy.one_unit", strata="all"), AccuracyWarning, stacklevel=2)
    method = [t("accuracy.method_systematic")]
    every = np.arange(n)
    return _linear(sample, np.ones(n), every, variance, max(n - 1, 1), total, method, confidence, interval)


def _weights(samples: pd.DataFrame) -> Array:
    if "weight" not in samples.columns:
        return np.ones(len(samples))
    weight = pd.to_numeric(samples["weight"], errors="coerce").to_numpy(float)
    bad = ~(np.isfinite(weight) & (weight > 0))
    if bad.any():
        raise SchemaError("accuracy.bad_cluster_weight", column="weight", number=int(bad.sum()))
    return np.asarray(weight)


def _psu_left(
    sample: Sample, home: NDArray[np.intp], finite: bool, totals: Mapping[Any, float] | None
) -> Array:
    """Return 1 - m/M for each stratum."""
    if not finite:
        return np.ones(len(sample.strata))
    known = as_sizes(totals or {"": 1.0})
    labels = same_labels(known, sample.strata)
    missing = [str(s) for s in labels if s not in known] if totals else list(map(str, labels))
    if missing:
        raise ParameterError("accuracy.need_psu_totals", strata=", ".join(missing))
    number = np.bincount(home, minlength=len(labels))
    for label, m in zip(labels, number, strict=True):
        if m > known[label]:
            raise ParameterError("accuracy.psu_over_total", stratum=label, number=int(m), total=known[label])
    return np.array([1 - m / known[s] for s, m in zip(labels, number, strict=True)])


def _ultimate(
    sample: Sample, psu: NDArray[np.intp], home: NDArray[np.intp], left: Array, lonely: Lonely
) -> Variance:
    number = np.bincount(home, minlength=len(sample.strata)).astype(float)
    single = (number == 1) & (left > 0)
    if single.any() and lonely == "nan":
        names = ", ".join(str(s) for s, one in zip(sample.strata, single, strict=True) if one)
        warnings.warn(t("accuracy.one_psu", strata=names), AccuracyWarning, stacklevel=3)

    def variance(z: Array) -> Array:
        totals = _sum_by(z, psu, len(home))
        centre = _sum_by(totals, home, len(number)) / number[:, None]
        if lonely == "adjust":
            centre = np.where(single[:, None], totals.mean(0), centre)
        square = _sum_by((totals - centre[home]) ** 2, home, len(number))
        factor = np.where(number > 1, number / np.maximum(number - 1, 1), 1.0)
        if lonely == "nan":
            factor = np.where(single, np.nan, factor)
        return np.asarray((left[:, None] * factor[:, None] * square).sum(0))

    return variance


def _sum_by(values: Array, code: NDArray[np.intp], number: int) -> Array:
    result = np.zeros((number, values.shape[1]))
    np.add.at(result, code, values)
    return result


def _linear(
    sample: Sample,
    weight: Array,
    psu: NDArray[np.intp],
    variance: Variance,
    df: int,
    total: float | None,
    method: list[str],
    confidence: float,
    interval: Interval,
) -> Assessment:
    if interval not in _CHOICES:
        choices = ", ".join(_CHOICES)
        raise ParameterError("errors.bad_choice", name="interval", value=interval, choices=choices)
    codes = np.arange(len(sample.classes))
    mapped = (sample.mapped[:, None] == codes).astype(float)
    reference = (sample.reference[:, None] == codes).astype(float)
    both, one = mapped * reference, np.ones((len(weight), 1))
    parts = {
        "overall": (both.sum(1, keepdims=True), one),
        "users": (both, mapped),
        "producers": (both, reference),
        "f1": (2 * both, mapped + reference),
        "area": (reference, one),
    }
    frames = {}
    for name, (y, x) in parts.items():
        value, se, lower, upper = _ratio(y, x, weight, psu, variance, df, confidence, interval)
        rows: Sequence[Hashable] = ["overall"] if name == "overall" else sample.classes
        scale = 1.0 if name != "area" else float(weight.sum()) if total is None else total
        frames[name] = measure_frame(rows, value, se, lower, upper, scale=scale)
        if name == "area" and total is None:
            frames[name]["se"] = np.sqrt(variance(weight[:, None] * y))
    frames["area"] = _widen(frames["area"], total, confidence)
    share = np.einsum("n,ni,nj->ij", weight, mapped, reference) / weight.sum()
    index, columns = class_index(sample.classes, "mapped"), class_index(sample.classes, "reference")
    return Assessment(
        **frames,
        matrix=pd.DataFrame(share, index, columns),
        counts=pd.DataFrame(sample.counts().sum(0).astype(int), index, columns),
        confidence=confidence,
        method=" ".join([*method, describe_interval(interval, confidence, clusters=True)]),
        notes=(),
        n=len(weight),
    )


def _widen(area: pd.DataFrame, total: float | None, confidence: float) -> pd.DataFrame:
    """Give an area whose total is itself an estimate the normal interval of the total."""
    if total is not None:
        return area
    lower, upper = share_interval(area["estimate"], area["se"], "normal", confidence=confidence)
    return area.assign(lower=np.maximum(lower, 0), upper=upper)


def _ratio(
    y: Array,
    x: Array,
    weight: Array,
    psu: NDArray[np.intp],
    variance: Variance,
    df: int,
    confidence: float,
    interval: Interval,
) -> tuple[Array, Array, Array, Array]:
    w = weight[:, None]
    above, below = (w * y).sum(0), (w * x).sum(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(below > 0, above / below, np.nan)
        linear = w * (y - value * x) / below
        kish = below**2 / (w**2 * x).sum(0)
    se = np.where(np.isfinite(value), np.sqrt(variance(np.nan_to_num(linear))), np.nan)
    if interval in ("auto", "conservative"):
        hit, miss, base = (_holding(part, psu) for part in (y, x - y, x))
        fewest = np.minimum(hit, miss)
        lower, upper = cluster_interval(
            value, se, kish, base, fewest, df, confidence, always=interval == "conservative"
        )
    else:
        lower, upper = share_interval(value, se, interval, confidence=confidence, n=kish, df=df)
    return value, se, lower, upper


def _holding(part: Array, psu: NDArray[np.intp]) -> Array:
    """Return in how many primary units each column has anything."""
    return np.asarray((_sum_by(part, psu, int(psu.max()) + 1) > 0).sum(0), float)
