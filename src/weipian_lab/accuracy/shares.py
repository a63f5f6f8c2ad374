"""False-alarm share of verified patches: by count, by area, and by group, with its denominator in words.

误报率 is FP / (TP + FP) here: of the patches announced, the share that was no change.
In other texts the word means FP / all that did not change; that is another number.
"""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weipian_lab.accuracy import kernel
from weipian_lab.accuracy.checks import as_table, check_flag, whole
from weipian_lab.accuracy.intervals import Interval
from weipian_lab.accuracy.labels import AccuracyWarning, as_sizes, check_sampled, column, same_labels
from weipian_lab.accuracy.rows import area_row, areas_of, check_options, count_row
from weipian_lab.errors import ParameterError, SchemaError
from weipian_lab.text import t

__all__ = ["breakdown", "false_alarm_share", "share_of_false"]

Array = NDArray[np.float64]


def false_alarm_share(
    samples: pd.DataFrame,
    sizes: Mapping[Any, float] | None = None,
    *,
    area: str | None = None,
    confidence: float = 0.95,
    finite_population: bool = False,
    interval: Interval = "auto",
) -> dict[str, Any]:
    """Return the false-alarm share FP / (TP + FP) of a batch from verified patches.

    Parameters
    ----------
    samples
        A row a verified patch: reference (``"true"``/``"false"``; missing is undecided and left out of the
        estimate, but bounds it), stratum (one stratum without it), and the column named by `area`.
    sizes
        Patches of the batch in each stratum; without it the sample stands for itself in equal parts.
    area
        Column of areas: the share is then of area, not of patches.
    confidence
        Level of the interval.
    finite_population
        The statement is about this batch only (patches all verified leave no doubt);
        else about the process that made it.
    interval
        As :func:`~weipian_lab.accuracy.stratified`, of ``auto``, ``midp``, ``conservative``,
        ``wilson_strata`` and ``normal``; a share of area has Wilson's with the effective size, or ``normal``.

    Returns
    -------
    dict
        estimate, se, lower, upper, n, false, undecided, lowest and highest (had all undecided patches been
        real, or none), denominator (a sentence).

    Raises
    ------
    SchemaError
        No decided patch, labels missing or unknown, sizes missing.
    """
    check_options(confidence, interval)
    samples = as_table(samples)
    known, codes, table = _prepare(samples, sizes, finite=finite_population)
    wrong: Array = np.asarray(known["reference"] == "false", float)
    design = _design(codes, table, finite=finite_population)
    lonely = [str(k) for k, n, e in zip(table, design.n, design.effective, strict=True)
              if n == 1 and np.isfinite(e)]  # fmt: skip
    if lonely:
        warnings.warn(t("accuracy.one_unit", strata=", ".join(lonely)), AccuracyWarning, stacklevel=2)
    every: Array = np.ones(len(known))
    if area is None:
        row = count_row(
            _by(codes, wrong, design), _by(codes, 1 - wrong, design), design, confidence, interval
        )
    else:
        size = areas_of(known, area)
        row = area_row(codes, wrong * size, every * size, design, confidence, interval)
    undecided = int(samples["reference"].isna().sum())
    filled = [_filled(samples, sizes, label, area) for label in ("true", "false")] if undecided else []
    low, high = (row["estimate"],) * 2 if not filled else (min(filled), max(filled))
    return {
        **row,
        "n": len(known),
        "false": int(wrong.sum()),
        "undecided": undecided,
        "lowest": low,
        "highest": high,
        "denominator": t("accuracy.denominator_area" if area else "accuracy.denominator_count"),
    }


def _filled(samples: pd.DataFrame, sizes: Mapping[Any, float] | None, label: str, area: str | None) -> float:
    whole = samples.assign(reference=samples["reference"].where(samples["reference"].notna(), label))
    return float(false_alarm_share(whole, sizes, area=area)["estimate"])


def breakdown(
    samples: pd.DataFrame,
    by: str,
    sizes: Mapping[Any, float] | None = None,
    *,
    confidence: float = 0.95,
    finite_population: bool = False,
    interval: Interval = "auto",
    minimum: int = 5,
    small: str = "mark",
) -> pd.DataFrame:
    """Return the false-alarm share within each group of patches.

    Parameters
    ----------
    samples, sizes, confidence, finite_population, interval
        As :func:`false_alarm_share`; `by` names a column of groups:
        land class, size class, county, date pair.
    minimum
        A group with fewer decided patches is small.
    small
        ``mark``: kept, with `enough` False; ``pool``: all small ones in one row.

    Returns
    -------
    DataFrame
        Index group; n, false, estimate, se, lower, upper, enough. Sorted by n, largest first.

    Raises
    ------
    ParameterError
        Unknown `small`.
    SchemaError
        As :func:`false_alarm_share`.
    """
    if small not in ("mark", "pool"):
        raise ParameterError("errors.bad_choice", name="small", value=small, choices="mark, pool")
    minimum = whole("minimum", minimum, 0)
    check_options(confidence, interval)
    known, codes, table = _prepare(samples, sizes, finite=finite_population)
    design = _design(codes, table, finite=finite_population)
    group = _groups(known, by)
    number = group.value_counts()
    if small == "pool":
        few = number.index[number < minimum]
        group = group.where(~group.isin(few), t("accuracy.group_pooled", number=len(few)))
    wrong = (known["reference"] == "false").to_numpy()
    rows = {}
    for label in sorted(group.unique(), key=lambda g: (-int((group == g).sum()), g)):
        inside = (group == label).to_numpy()
        hit, miss = (inside & wrong).astype(float), (inside & ~wrong).astype(float)
        row = count_row(_by(codes, hit, design), _by(codes, miss, design), design, confidence, interval)
        rows[label] = {"n": int(inside.sum()), "false": int(hit.sum()), **row}
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis(by)
    return frame.assign(enough=frame["n"] >= minimum)


def share_of_false(
    samples: pd.DataFrame,
    by: str,
    sizes: Mapping[Any, float] | None = None,
    *,
    confidence: float = 0.95,
    finite_population: bool = False,
    interval: Interval = "auto",
    minimum: int = 5,
) -> pd.DataFrame:
    """Return what part of the false alarms each group (usually ``cause``) makes up.

    The denominator is the false alarms, not the patches; the parts sum to 1.

    Returns
    -------
    DataFrame
        Index group; false (number in the sample), estimate, se, lower, upper, enough (whether the sample
        has `minimum` false alarms to tell apart); empty without a false alarm.
    """
    minimum = whole("minimum", minimum, 0)
    check_options(confidence, interval)
    known, codes, table = _prepare(samples, sizes, finite=finite_population)
    design = _design(codes, table, finite=finite_population)
    group = _groups(known, by).to_numpy()
    wrong = (known["reference"] == "false").to_numpy()
    labels, number = np.unique(group[wrong], return_counts=True)
    rows = {}
    for k in np.lexsort((labels, -number)):
        hit = (wrong & (group == labels[k])).astype(float)
        miss = wrong.astype(float) - hit
        row = count_row(_by(codes, hit, design), _by(codes, miss, design), design, confidence, interval)
        rows[labels[k]] = {"false": int(number[k]), **row, "enough": bool(wrong.sum() >= minimum)}
    columns = ["false", "estimate", "se", "lower", "upper", "enough"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis(by)


def _groups(known: pd.DataFrame, by: str) -> pd.Series:
    """Return the groups as text; an empty cell is a group of its own."""
    if by not in known.columns:
        raise SchemaError("accuracy.no_column", column=by, columns=", ".join(map(str, known.columns)))
    values = known[by]
    stated = values.notna() & (values.astype(str).str.strip() != "")
    return values.map(str).where(stated, t("accuracy.group_unknown"))


def _prepare(
    samples: pd.DataFrame, sizes: Mapping[Any, float] | None, *, finite: bool
) -> tuple[pd.DataFrame, NDArray[np.intp], dict[Hashable, float]]:
    check_flag("finite_population", finite)
    samples = as_table(samples)
    if "reference" not in samples.columns:
        raise SchemaError(
            "accuracy.no_column", column="reference", columns=", ".join(map(str, samples.columns))
        )
    known = samples[samples["reference"].notna()]
    strange = sorted(set(known["reference"].astype(str)) - {"true", "false"})
    if strange:
        raise SchemaError("accuracy.not_true_false", values=", ".join(strange[:5]))
    if known.empty:
        raise SchemaError("accuracy.nothing_decided", number=len(samples))
    labels: Sequence[Hashable] = (
        column(known, "stratum") if "stratum" in known.columns else ["all"] * len(known)
    )
    if sizes is None:
        table = {
            k: float(v) for k, v in pd.Series(list(labels), dtype=object).value_counts(sort=False).items()
        }
        sized: dict[Hashable, float] = dict(table)
    else:
        sized = as_sizes(sizes)
        labels = same_labels(sized, labels)
    outside = sorted({str(s) for s in labels if s not in sized})
    if outside:
        raise SchemaError(
            "accuracy.outside_strata",
            strata=", ".join(outside),
            number=sum(str(s) in outside for s in labels),
            known=", ".join(map(str, sized)),
        )
    place = {label: i for i, label in enumerate(sized)}
    codes = np.array([place[s] for s in labels], np.intp)
    keep, _ = check_sampled(codes, sized, finite=finite)
    renumber = {old: new for new, old in enumerate(keep.tolist())}
    kept = {label: sized[label] for i, label in enumerate(sized) if i in renumber}
    return known, np.array([renumber[c] for c in codes.tolist()], np.intp), kept


def _design(codes: NDArray[np.intp], sizes: Mapping[Hashable, float], *, finite: bool) -> kernel.Strata:
    n = np.bincount(codes, minlength=len(sizes)).astype(float)
    return kernel.Strata.stratified(np.array(list(sizes.values())), n, finite=finite)


def _by(codes: NDArray[np.intp], values: Array, design: kernel.Strata) -> Array:
    return np.asarray(np.bincount(codes, values, minlength=len(design.n)) / design.n)
