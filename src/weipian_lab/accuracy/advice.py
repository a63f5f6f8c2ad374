"""What a self-audit says in words: which figures are covered as stated, and which interval does where not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from weipian_lab.accuracy import audit
from weipian_lab.accuracy.labels import as_sizes, same_labels
from weipian_lab.text import catalogue, t

__all__ = ["OFFERED", "SLACK", "audit_table", "audit_words", "figure_name", "own_design"]

SLACK = 0.02
"""How far coverage may lie from the level stated: 93 to 97 % for 95 %."""
OFFERED = ("auto", "midp", "wilson_strata", "conservative", "normal")
"""Intervals that a report may take, in the order in which they are offered."""


def own_design(
    known: pd.DataFrame,
    sizes: Mapping[Any, float],
    points: pd.DataFrame | None,
    areas: Mapping[Any, float],
    *,
    finite_population: bool,
    confidence: float,
    replicates: int,
    seed: int,
) -> pd.DataFrame:
    """Return the coverage of every interval on offer for the user's own design.

    What was found, and half a unit of unseen error a stratum, is taken as the truth;
    the survey is then drawn again and again with its own strata and numbers.

    Parameters
    ----------
    known, sizes, finite_population
        Verified patches and design of the false-alarm share, as
        :func:`~weipian_lab.accuracy.false_alarm_share` takes them.
    points, areas
        Points and areas of their strata, None where there are none.

    Returns
    -------
    DataFrame
        As :func:`~weipian_lab.accuracy.audit.coverage`, measure ``false_alarms`` first.
    """
    options: dict[str, Any] = {"confidence": confidence, "replicates": replicates, "seed": seed}
    options["intervals"] = [*OFFERED, "randomised"]
    decided = known.loc[known["reference"].notna(), ["stratum", "reference"]].assign(mapped="true")
    table = {k: v for k, v in as_sizes(sizes).items() if v > 0}
    truth = audit.truth_from_sample(decided, table, classes=("true", "false"))
    number = _numbers(decided, table)
    drawn = audit.coverage(truth, number, finite_population=finite_population, **options)
    share = drawn[(drawn["measure"] == "users") & (drawn["class"] == "true")]
    share = share.assign(measure="false_alarms", truth=1 - share["truth"])
    parts = [share.assign(**{"class": "change"})]
    if points is not None:
        truth = audit.truth_from_sample(points, areas, classes=("change", "same"))
        parts.append(audit.coverage(truth, _numbers(points, areas), **options))
    return pd.concat(parts, ignore_index=True)


def _numbers(sample: pd.DataFrame, sizes: Mapping[Any, float]) -> dict[Any, int]:
    found = same_labels(sizes, list(sample["stratum"]))
    return {stratum: found.count(stratum) for stratum in sizes}


def audit_table(audited: pd.DataFrame, confidence: float) -> pd.DataFrame:
    """Return :func:`~weipian_lab.accuracy.audit.coverage` as a table to read: a row a figure.

    Figures that cannot miss (known by construction) are left out; the last column names the first interval
    within :data:`SLACK` of the level stated.
    """
    rows = []
    for _, part in _figures(audited):
        first = part.iloc[0]
        cover = part.set_index("interval")["coverage"]
        found = _fitting(cover, confidence)
        offer = t(f"accuracy.short_{found}") if found else t("accuracy.audit_no_interval")
        expected = first["expected"]
        few = f"{expected:.2g}" if expected < 10 else f"{expected:.0f}"
        rows.append([_figure(first), few, *(f"{v:.1%}" for v in cover), offer])
    intervals = list(dict.fromkeys(audited["interval"]))
    heads = [t("accuracy.head_what"), t("accuracy.head_expected")]
    heads += [t(f"accuracy.short_{interval}") for interval in intervals] + [t("accuracy.head_offered")]
    return pd.DataFrame(rows, columns=heads)


def audit_words(audited: pd.DataFrame, confidence: float, used: str = "auto") -> list[str]:
    """Return what the audit found of the user's own design, in sentences.

    Parameters
    ----------
    audited
        Of :func:`~weipian_lab.accuracy.audit.coverage`, with the interval `used` and those to be offered.
    confidence
        Level stated.
    used
        The interval of the report.
    """
    figures = [(_figure(part.iloc[0]), part.set_index("interval")["coverage"])
               for _, part in _figures(audited)]  # fmt: skip
    if not figures:
        return [t("accuracy.audit_nothing")]
    span: dict[str, Any] = {"low": f"{confidence - SLACK:.0%}", "high": f"{min(confidence + SLACK, 1):.0%}"}
    own = [float(cover[used]) for _, cover in figures]
    off = [(name, cover) for name, cover in figures if not _within(float(cover[used]), confidence)]
    head: dict[str, Any] = {
        "name": t(f"accuracy.short_{used}"),
        "least": f"{min(own):.1%}",
        "most": f"{max(own):.1%}",
    }
    key = "audit_off" if off else "audit_fits"
    words = [t(f"accuracy.{key}", **head, **span, number=len(figures), off=len(off))]
    words += [_offer(name, cover, confidence, used) for name, cover in off]
    if used != "normal" and "normal" in set(audited["interval"]):
        plain = [float(cover["normal"]) for _, cover in figures]
        short = sum(v < confidence - SLACK for v in plain)
        key = "audit_normal_short" if short else "audit_normal_fits"
        words.append(t(f"accuracy.{key}", least=f"{min(plain):.1%}", short=short, number=len(plain), **span))
    return words


def figure_name(measure: str, label: object) -> str:
    """Return a figure in words: producer's accuracy · change."""
    if measure in ("overall", "false_alarms"):
        return t(f"accuracy.measure_{measure}")
    known = f"value_{label}" in catalogue("accuracy")
    return f"{t(f'accuracy.measure_{measure}')} · {t(f'accuracy.value_{label}') if known else label}"


def _figure(row: pd.Series) -> str:
    return figure_name(row["measure"], row["class"])


def _figures(audited: pd.DataFrame) -> list[tuple[object, pd.DataFrame]]:
    known = audited["truth"].between(1e-9, 1 - 1e-9) & audited["coverage"].notna()
    widest = audited.groupby(["measure", "class"])["width"].transform("max")
    open_ones = audited[known & (widest > 1e-9)]  # a census has no width and cannot miss
    complete = open_ones.groupby(["measure", "class"], sort=False)["interval"].transform("size")
    every = complete == audited["interval"].nunique()
    return list(open_ones[every].groupby(["measure", "class"], sort=False))


def _within(coverage: float, confidence: float) -> bool:
    return abs(coverage - confidence) <= SLACK + 1e-9


def _fitting(cover: pd.Series, confidence: float) -> str | None:
    return next((name for name in OFFERED if name in cover and _within(cover[name], confidence)), None)


def _offer(name: str, cover: pd.Series, confidence: float, used: str) -> str:
    found = _fitting(cover, confidence)
    values: dict[str, Any] = {"figure": name, "coverage": f"{cover[used]:.1%}"}
    if found:
        label = t(f"accuracy.short_{found}")
        return t("accuracy.audit_offer", **values, name=label, interval=found, other=f"{cover[found]:.1%}")
    exact = f"{cover['randomised']:.1%}" if "randomised" in cover else "–"
    key = "audit_counts_more" if cover[used] > confidence else "audit_counts_less"
    return t(f"accuracy.{key}", **values, randomised=exact)
