"""One share of verified patches, by count or by area, with its standard error and interval."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weipian_lab.accuracy import kernel
from weipian_lab.accuracy.intervals import WITHIN, Interval, check_confidence, share_interval
from weipian_lab.accuracy.labels import column
from weipian_lab.errors import ParameterError, SchemaError

__all__ = ["area_row", "areas_of", "check_options", "count_row"]

Array = NDArray[np.float64]
_KIND = kernel.Kind()
_OFFERED = ("auto", "midp", "conservative", "wilson_strata", "normal")


def check_options(confidence: float, interval: Interval) -> None:
    """Raise ParameterError for a level or an interval that the shares do not have."""
    check_confidence(confidence)
    if not isinstance(interval, str) or interval not in _OFFERED:
        choices = ", ".join(_OFFERED)
        raise ParameterError("errors.bad_choice", name="interval", value=interval, choices=choices)


def count_row(
    hit: Array, miss: Array, design: kernel.Strata, confidence: float, interval: Interval
) -> dict[str, float]:
    """Return the share of hits among hits and misses, each (H,) a part of its stratum's sample."""
    value, variance = kernel.ratio(hit, miss, design, _KIND)
    always = np.ones(len(hit), bool)
    if interval == "normal":
        lower, upper = share_interval(value, np.sqrt(variance), interval, confidence=confidence)
    else:
        within = WITHIN[interval]
        lower, upper = kernel.mover(hit, miss, design, _KIND, confidence, always, always, within)
    known = bool(np.isfinite(variance))
    return {
        "estimate": float(value),
        "se": float(np.sqrt(variance)),
        "lower": float(lower) if known else float("nan"),
        "upper": float(upper) if known else float("nan"),
    }


def areas_of(known: pd.DataFrame, name: str) -> Array:
    """Return a column of areas, each a number above 0, else raise SchemaError."""
    column(known, name)
    size = pd.to_numeric(known[name], errors="coerce").to_numpy(float)
    if np.any(~(size > 0)):
        raise SchemaError("accuracy.bad_cluster_weight", column=name, number=int((~(size > 0)).sum()))
    return size


def area_row(
    codes: NDArray[np.intp], y: Array, x: Array, design: kernel.Strata, confidence: float, interval: Interval
) -> dict[str, float]:
    """Ratio of two totals of any non-negative variable, linearised; Wilson with the effective size."""
    expand = (design.weight / design.n)[codes]
    total = float((expand * x).sum())
    value = float((expand * y).sum()) / total
    z = (y - value * x) / total
    mean = np.bincount(codes, z, minlength=len(design.n)) / design.n
    square = np.bincount(codes, (z - mean[codes]) ** 2, minlength=len(design.n))
    with np.errstate(divide="ignore", invalid="ignore"):
        within = np.where(np.isinf(design.effective), 0.0, square / (design.n - 1) / design.effective)
    se = float(np.sqrt((design.weight**2 * within).sum()))
    kish = total**2 / float((expand**2 * x**2).sum())
    df = max(len(x) - len(design.n), 1)
    if np.all(np.isinf(design.effective)):
        return {"estimate": value, "se": 0.0, "lower": value, "upper": value}
    method: Interval = "normal" if interval == "normal" else "wilson"
    lower, upper = share_interval(value, se, method, confidence=confidence, n=kish, df=df)
    return {"estimate": value, "se": se, "lower": float(lower), "upper": float(upper)}
