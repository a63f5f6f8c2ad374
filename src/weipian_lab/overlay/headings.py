"""Tables for people: headings in words with units, codes in words, in one language or in both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from weipian_lab.overlay.ledger import PARTS
from weipian_lab.rulebook import Rulebook
from weipian_lab.text import LANGS, catalogue, current, t

__all__ = ["flag_counts", "heading", "in_words"]

_UNITS = {"_m2": "overlay.unit_m2", "_mu": "overlay.mu"}


def heading(column: str, *, both: bool = False) -> str:
    """Return what a column of the overlay's tables is called, with its unit.

    Parameters
    ----------
    column
        Name as in the files, ``pbf_mu``.
    both
        In Chinese and English, for files that are handed on.
    """
    langs = LANGS if both else (current(),)
    return " ".join(dict.fromkeys(_heading(column, lang) for lang in langs))


def _heading(column: str, lang: Any) -> str:
    part, suffix = column[:-3], column[-3:]
    if suffix in _UNITS and part in PARTS:
        return f"{t(f'overlay.part_{part}', lang=lang)} ({t(_UNITS[suffix], lang=lang)})"
    key = f"col_{column}"
    return t(f"overlay.{key}", lang=lang) if key in catalogue("overlay") else column


def in_words(frame: pd.DataFrame, *, both: bool = False, decimals: int = 2) -> pd.DataFrame:
    """Return a table with headings in words, codes in words, and numbers that are missing as a dash.

    Parameters
    ----------
    frame
        Any of the overlay's tables, with its index as a column.
    both
        Headings in both languages and numbers left numbers, for spreadsheets.
    decimals
        Of numbers shown as text.
    """
    shown = pd.DataFrame(index=frame.index)
    for column in frame.columns:
        values = frame[column]
        word = _WORDS.get(str(column))
        if word is not None:
            values = values.map(word)
        elif not both and pd.api.types.is_float_dtype(values):
            values = pd.Series(
                ["–" if pd.isna(v) else f"{v:.{decimals}f}" for v in values], index=values.index
            )
        shown[heading(str(column), both=both)] = values
    return shown


def _named(prefix: str) -> Callable[[Any], str]:
    def word(value: Any) -> str:
        if value is None or value != value:
            return "–"
        key = f"{prefix}_{value}"
        return t(f"overlay.{key}") if key in catalogue("overlay") else str(value)

    return word


_WORDS: Mapping[str, Callable[[Any], str]] = {
    "level": _named("level"),
    "flag": _named("name"),
    "class": _named("part"),
    "part": _named("part"),
    "counted": _named("counted"),
    "dl_scheme": _named("scheme"),
    "reaches": lambda value: t("overlay.yes" if value else "overlay.no"),
    "verified": lambda value: t("overlay.read" if value else "overlay.not_read"),
    "state": _named("state"),
}


def flag_counts(flags: pd.DataFrame, rulebook: Rulebook) -> pd.DataFrame:
    """Return how many patches bear each flag, the rule behind it in words, and whether its text was read."""
    order = ["alert", "attention", "doubt", "info"]
    counted = (
        flags.groupby(["level", "flag", "rule_id"], sort=True)["patch_id"].nunique().reset_index(name="n")
    )
    counted = counted.sort_values("level", key=lambda level: level.map(order.index), kind="stable")
    rules = [rulebook.rule(rule) for rule in counted["rule_id"]]
    return in_words(
        counted[["level", "flag", "n"]].assign(
            rule_id=counted["rule_id"],
            rule_title=[rule.title() for rule in rules],
            verified=[rule.verified for rule in rules],
        )
    )
