"""Tables and sentences of an assessment, for the notebook and its report."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from weipian_lab import rasters
from weipian_lab.accuracy.assessment import Assessment
from weipian_lab.accuracy.verification import VERDICTS
from weipian_lab.area import m2_to_mu
from weipian_lab.grid import Grid
from weipian_lab.text import LANGS, catalogue, t

__all__ = [
    "allocation_table",
    "announced_share",
    "cause_words",
    "confusion",
    "dictionary",
    "group_table",
    "headline",
    "matching_table",
    "near_score",
    "needed_table",
    "readable",
    "review_table",
    "shown",
    "size_class",
    "strata_table",
]

_EDGES = (2.0, 5.0)
_FORMS = {"verdict": VERDICTS, "reference": ("change", "same")}  # columns to fill in, and with what


def size_class(area_mu: ArrayLike) -> NDArray[np.object_]:
    """Return the size class of each area in 亩: below 2, 2 to 5, 5 and more (the project's own classes)."""
    low, high = (f"{edge:g}" for edge in _EDGES)
    names = np.array(
        [
            t("accuracy.size_low", high=low),
            t("accuracy.size_mid", low=low, high=high),
            t("accuracy.size_top", low=high),
        ],
        object,
    )
    return np.asarray(names[np.digitize(np.asarray(area_mu, float), _EDGES)])


def announced_share(patches: gpd.GeoDataFrame, grid: Grid) -> float:
    """Return the share of the grid's pixels that lie in patches."""
    return float(rasters.burn(patches.geometry.to_numpy(), grid).mean())


def near_score(score: NDArray[np.float32], share: float) -> float:
    """Return the score above which the pixels make up ten times the share announced (at most half of all).

    What lies between it and the patches is where misses are most likely; the factor is the project's choice.
    """
    return float(np.nanquantile(score, 1 - min(10 * share, 0.5)))


def shown(rows: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Return shares as a table to read: key of a text → estimate, interval, number, undecided."""
    table = []
    for key, row in rows.items():
        interval = _between(row["lower"], row["upper"])
        ends = f"{row['lowest']:.1%} – {row['highest']:.1%}" if row.get("undecided") else "–"
        table.append([t(key), f"{row['estimate']:.1%}", interval, row["n"], row.get("false", ""), ends])
    return pd.DataFrame(table, columns=_heads("what", "estimate", "interval", "n", "false", "ends"))


def _between(lower: float, upper: float) -> str:
    """Return an interval; a dash where the sample cannot give one."""
    return f"{lower:.1%} – {upper:.1%}" if np.isfinite(lower) else "–"


def _heads(*names: str) -> list[str]:
    return [t(f"accuracy.head_{name}") for name in names]


def matching_table(summaries: Mapping[str, Mapping[str, float]]) -> pd.DataFrame:
    """Return the summary of each matching rule as a table to read; areas in 亩."""
    names = list(next(iter(summaries.values()), {}))
    rows = [[t(f"accuracy.match_{n}"), *(_number(n, s[n]) for s in summaries.values())] for n in names]
    return pd.DataFrame(rows, columns=[*_heads("what"), *(t(f"accuracy.by_{rule}") for rule in summaries)])


def _number(name: str, value: float) -> str:
    if name.endswith("_m2"):
        return f"{m2_to_mu(value):.1f} {t('accuracy.mu')}"
    return str(value) if isinstance(value, int) else f"{value:.1%}"


def strata_table(areas: Mapping[str, float], points: pd.DataFrame | None) -> pd.DataFrame:
    """Return strata with their area, the points verified in each and the true changes among them."""
    rows = []
    for name, mu in areas.items():
        part = None if points is None else points.loc[points["stratum"] == name, "reference"]
        seen = ["–", "–"] if part is None else [len(part), int(part.eq("change").sum())]
        rows.append([_word(name), f"{mu:.0f}", *seen])
    return pd.DataFrame(
        rows, columns=[t(f"accuracy.col_{c}") for c in ("stratum", "area_mu", "points", "changes")]
    )


def allocation_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return :func:`~weipian_lab.accuracy.design.allocations` as a table to read."""
    shown = table.rename(index=_word, columns=_word)
    shown[t("accuracy.col_half_width")] = [f"± {100 * v:.1f}" for v in shown.pop("half_width")]
    return shown.reset_index(names=t("accuracy.col_how"))


def needed_table(table: pd.DataFrame, done: Mapping[str, int]) -> pd.DataFrame:
    """Return :func:`~weipian_lab.accuracy.design.needed` as a table to read; `done` says what is verified."""
    rows = [
        [
            _word(row["what"]),
            f"± {100 * row['half_width']:.0f}"
            if row["what"] == "false_alarms"
            else f"± {row['half_width']:.0f}",
            row["n"],
            done.get(row["what"], 0),
        ]
        for _, row in table.iterrows()
    ]
    return pd.DataFrame(
        rows, columns=[t(f"accuracy.col_{c}") for c in ("what", "half_width", "need", "done")]
    )


def _word(code: object) -> str:
    return t(f"accuracy.value_{code}") if f"value_{code}" in catalogue("accuracy") else str(code)


def group_table(groups: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return breakdowns as a table to read: a row a group, small ones marked."""
    rows = [
        [
            t(f"accuracy.col_{by}"),
            str(label),
            row["n"],
            row["false"],
            f"{row['estimate']:.1%}",
            _between(row["lower"], row["upper"]),
            t("accuracy.yes" if row["enough"] else "accuracy.few"),
        ]
        for by, table in groups.items()
        for label, row in table.iterrows()
    ]
    heads = [t("accuracy.head_what"), t("accuracy.col_group"), *_heads("n", "false", "estimate", "interval")]
    return pd.DataFrame(rows, columns=[*heads, t("accuracy.col_enough")])


def cause_words(cause: str) -> str:
    """Return a cause in words: simulated kinds of change are coded, others are left as written."""
    code = re.sub(r"[^a-z]+", "_", cause.lower()).strip("_")
    for topic, key in (("accuracy", f"cause_{code}"), ("simulate", f"kind_{code}")):
        if key in catalogue(topic):
            return t(f"{topic}.{key}")
    return cause


def review_table(found: Mapping[str, Any]) -> pd.DataFrame:
    """Return :func:`~weipian_lab.accuracy.disagreement` as a table to read."""
    rows = [
        [t("accuracy.agree_patches"), f"{found['patches']:.0f}"],
        [t("accuracy.agree_agreement"), f"{found['agreement']:.1%}"],
        *([[t("accuracy.agree_fleiss_kappa"), f"{found['fleiss_kappa']:.2f}"]]
          if np.isfinite(found["fleiss_kappa"]) else []),
        *[[t(f"accuracy.agree_{end}"), f"{found[end]:.1%}"] for end in ("lowest", "highest")],
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=_heads("what", "estimate"))


def readable(table: pd.DataFrame, *, coded: bool = False) -> pd.DataFrame:
    """Return a table with heads and codes in words; `coded` keeps the column's name behind its words."""
    heads, known = {}, catalogue("accuracy")
    for name in map(str, table.columns):
        words = t(f"accuracy.col_{name}") if f"col_{name}" in known else name
        heads[name] = f"{words} ({name})" if coded and words != name else words
    shown = table.rename(columns=heads)
    if coded:
        return shown
    for name in shown.columns:
        if pd.api.types.is_float_dtype(shown[name]):
            shown[name] = [f"{v:.3g}" for v in shown[name]]
        elif not pd.api.types.is_numeric_dtype(shown[name]):
            shown[name] = [t(f"accuracy.value_{v}") if f"value_{v}" in known else v for v in shown[name]]
    return shown


def dictionary(files: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return a data dictionary: what each column of each file means, in both languages.

    The files themselves keep names and codes that programs read (DESIGN.md); people read this beside them.

    Parameters
    ----------
    files
        Name of each file and its table.
    """
    known = catalogue("accuracy")
    rows = []
    for file, table in files.items():
        for name in (str(column) for column in table.columns if column != "geometry"):
            values = {str(v) for v in table[name].dropna().unique()[:200]} | set(_FORMS.get(name, ()))
            coded = [v for v in sorted(values) if f"value_{v}" in known]
            row = {"file": file, "column": name}
            for lang in LANGS:
                words = t(f"accuracy.col_{name}", lang) if f"col_{name}" in known else ""
                said = "; ".join(f"{v} = {t(f'accuracy.value_{v}', lang)}" for v in coded)
                row[lang] = f"{words} ({said})" if said else words
            rows.append(row)
    return pd.DataFrame(rows, columns=["file", "column", *LANGS])


def confusion(result: Assessment | None, known: pd.DataFrame) -> pd.DataFrame:
    """Return the confusion matrix in long form: estimated shares of area, else counts of patches."""
    if result is None:
        counts = known["reference"].fillna("undetermined").value_counts()
        return pd.DataFrame({"mapped": "change", "reference": counts.index, "patches": counts.to_numpy()})
    rows = [
        {
            "mapped": i,
            "reference": j,
            "share": float(result.matrix.loc[i, j]),
            "points": int(result.counts.loc[i, j]),
        }
        for i in result.matrix.index
        for j in result.matrix.columns
    ]
    return pd.DataFrame(rows)


def headline(
    share: Mapping[str, Any],
    result: Assessment | None,
    areas: Mapping[str, float],
    simulated: bool,
    *,
    known: bool = True,
) -> dict[str, str]:
    """Return the assessment in one sentence, in each language; `known` is whether the design was stated."""
    return {
        lang: _headline(share, result, areas, simulated, lang)
        + ("" if known else t("accuracy.design_doubt", lang))
        for lang in LANGS
    }


def _headline(
    share: Mapping[str, Any],
    result: Assessment | None,
    areas: Mapping[str, float],
    simulated: bool,
    lang: Any,
) -> str:
    row = None if result is None else result.producers.loc["change"]
    if result is None or row is None:
        recall = t("accuracy.no_recall", lang)
    elif not row["lower"] > 0:  # no change among the points, or none found
        recall = t("accuracy.no_change_seen", lang)
    else:
        missed = float(result.matrix.to_numpy()[_place(result, "same"), _place(result, "change")]) * sum(
            areas.values()
        )
        # what is found is little in doubt beside what is missed: recall's lower limit bounds the misses
        found = float(result.matrix.to_numpy()[_place(result, "change"), _place(result, "change")])
        low = float(row.to_numpy(float)[2])
        most = found * (1 - low) / low * sum(areas.values())
        recall = t(
            "accuracy.recall_words",
            lang,
            recall=f"{row['estimate']:.0%}",
            low=f"{row['lower']:.0%}",
            high=f"{row['upper']:.0%}",
            missed=f"{missed:.0f}",
            most=f"{most:.0f}",
        )
    key = "accuracy.headline" if simulated else "accuracy.headline_own"
    values = {
        "share": f"{share['estimate']:.0%}",
        "low": f"{share['lower']:.0%}" if np.isfinite(share["lower"]) else "?",
        "high": f"{share['upper']:.0%}" if np.isfinite(share["upper"]) else "?",
    }
    return t(key, lang, n=share["n"], recall=recall, **values)


def _place(result: Assessment, label: str) -> int:
    return result.classes.index(label)
