"""Tables and sentences of the tuning notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from weipian_lab.errors import InputError, ParameterError
from weipian_lab.outputs import read_json
from weipian_lab.text import LANGS, t
from weipian_lab.tuning.choice import Choice, percent
from weipian_lab.tuning.guarantee import Promise, stated

__all__ = [
    "beside_assessment",
    "chosen",
    "headline",
    "shown_choices",
    "shown_rules",
    "shown_sweep",
    "shown_test",
    "shown_validity",
    "summary",
]


def shown_choices(choices: Sequence[Choice | None]) -> pd.DataFrame:
    """Return the choices as a table to read; a rule that no setting satisfies is left out."""
    rows = [
        [t(f"tuning.rule_{c.rule}"), *_setting(c.row), c.row["patches"], percent(c.row["recall"]),
         percent(c.row["precision"]), f"{c.row['missed_mu']:.0f}", f"{c.row['cost']:,.0f}"]
        for c in choices if c is not None
    ]  # fmt: skip
    names = (
        "rule",
        "detector",
        "clean_up",
        "min_mu",
        "threshold",
        "patches",
        "recall",
        "precision",
        "missed",
        "cost",
    )
    return pd.DataFrame(rows, columns=[t(f"tuning.{name}") for name in names])


def _setting(row: pd.Series) -> list[str]:
    return [row["detector"], row["clean_up"], f"{row['min_mu']:g}", f"{row['threshold']:.4g}"]


def shown_sweep(ranges: pd.DataFrame, price: float) -> pd.DataFrame:
    """Return the ranges of stability as a table to read; the one that holds at `price` is marked."""
    rows = []
    for _, row in ranges.iterrows():
        low, high = float(row["price_from"]), float(row["price_to"])
        here = t("tuning.in_force") if low <= price < high else ""
        span = f"{low:.2f} – {'∞' if np.isinf(high) else f'{high:.2f}'} {here}".strip()
        rows.append([*_setting(row), row["patches"], f"{row['missed_mu']:.0f}", span])
    names = ("detector", "clean_up", "min_mu", "threshold", "patches", "missed", "price")
    return pd.DataFrame(rows, columns=[t(f"tuning.{name}") for name in names])


_EARLIER = {"share": "estimate", "low": "lower", "high": "upper"}
_TEST = {
    "patches": "patches", "true_patches": "true_patches", "false_patches": "false_patches",
    "parcels": "parcels", "found": "found", "missed": "missed_parcels", "precision": "precision",
    "recall": "recall", "found_mu": "found_mu", "missed_mu": "missed_mu", "sent_mu": "sent_mu",
    "false_mu": "false_mu", "hours": "field_hours", "cost": "cost",
}  # fmt: skip


def shown_test(tuned: pd.Series, test: pd.Series) -> pd.DataFrame:
    """Return the same setting in the tuning part and in the test part as a table to read, a figure a row."""
    rows = []
    for name, key in _TEST.items():
        words = [
            percent(row[name]) if name in ("precision", "recall") else f"{row[name]:,.0f}"
            for row in (tuned, test)
        ]
        rows.append([t(f"tuning.{key}"), *words])
    return pd.DataFrame(
        rows, columns=[t(f"tuning.{name}") for name in ("figure", "part_tuning", "part_test")]
    )


def shown_rules(table: pd.DataFrame) -> pd.DataFrame:
    """Return :func:`~weipian_lab.tuning.compare_rules` as a table to read."""
    rows = [
        [t(f"tuning.by_{rule}"), row["sent"], row["right"], row["lost"], f"{row['cost']:,.0f}"]
        for rule, row in table.astype({"sent": int, "right": int, "lost": int}).astype(object).iterrows()
    ]
    names = ("way", "patches", "true_patches", "lost", "cost")
    return pd.DataFrame(rows, columns=[t(f"tuning.{name}") for name in names])


def shown_validity(table: pd.DataFrame) -> pd.DataFrame:
    """Return broken promises as a table to read."""
    rows = [
        [row["correlation"], t(f"tuning.way_{row['rule']}"), f"{row['broken']:.1%}",
         f"{row['lower']:.1%} – {row['upper']:.1%}", f"{row['mean_missed']:.1%}", f"{row['given']:.0%}"]
        for _, row in table.iterrows()
    ]  # fmt: skip
    names = ("correlation", "rule", "broken", "interval", "mean_missed", "given")
    return pd.DataFrame(rows, columns=[t(f"tuning.{name}") for name in names])


def chosen(
    rule: str, choices: Mapping[str, Choice | None], promised: Promise, setting: Mapping[str, Any]
) -> pd.Series:
    """Return the setting to hand over for a rule: detector, clean_up, min_mu, threshold, what else is known.

    Parameters
    ----------
    rule
        ``cost``, ``recall``, ``capacity``, or ``promise``.
    choices
        What each rule but ``promise`` chose.
    promised, setting
        The promise, and the detector, clean_up and min_mu that it was tested for.

    Raises
    ------
    ParameterError
        No setting satisfies the rule.
    """
    if rule == "promise" and promised.threshold is not None:
        return pd.Series({**setting, "threshold": promised.threshold})
    found = choices.get(rule)
    if found is None:
        raise ParameterError("tuning.no_choice", rule=rule)
    return found.row


def beside_assessment(path: Path | str, held: pd.Series) -> str:
    """Return in words the false-alarm share of ``assessment.json`` beside that of the sealed test part.

    Parameters
    ----------
    path
        ``assessment.json`` of the accuracy notebook; "" if there is none, which is then said.
    held
        The setting in the test part, as :func:`~weipian_lab.tuning.outcome`.

    Raises
    ------
    InputError
        No such file, or not an assessment.
    """
    if not path:
        return t("tuning.no_assessment")
    content = read_json(path)
    try:
        earlier = content["false_alarms"]["count"]
        words: dict[str, Any] = {k: percent(earlier[v]) for k, v in _EARLIER.items()}
        return t("tuning.before_now", n=earlier["n"], now=percent(1 - held["precision"]), **words)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError("tuning.bad_assessment", path=Path(path).name) from error


def summary(
    choices: Mapping[str, Choice | None],
    row: pd.Series,
    held: pd.Series,
    promised: Promise,
    setting: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what was chosen, how it did in the test part and what is promised, for ``tuning.json``.

    Parameters
    ----------
    choices, promised, setting
        As :func:`chosen`.
    row, held
        The setting handed over, and what it gave in the sealed test part.
    """
    return {
        "choices": {rule: None if choice is None else choice.row for rule, choice in choices.items()},
        "chosen": row,
        "test": held,
        "promise": {
            "threshold": promised.threshold,
            "statement": promised.statement,
            "miss_rate": promised.miss_rate,
            "confidence": promised.confidence,
            "units": promised.units,
            "setting": dict(setting),
        },
    }


def headline(row: pd.Series, test: pd.Series, promised: Promise, simulated: bool) -> dict[str, str]:
    """Return the tuning in one sentence, in each language."""
    key = "tuning.headline" if simulated else "tuning.headline_own"
    said = "kept" if promised.threshold is not None else "none"
    return {
        lang: t(
            key,
            lang,
            method=row["detector"],
            threshold=f"{row['threshold']:.4g}",
            found=int(test["found"]),
            parcels=int(test["parcels"]),
            precision=percent(test["precision"]),
            promise=t(
                f"tuning.short_{said}",
                lang,
                confidence=stated(promised.confidence),
                rate=stated(promised.miss_rate),
                threshold="–" if promised.threshold is None else f"{promised.threshold:.4g}",
            ),
        )
        for lang in LANGS
    }
