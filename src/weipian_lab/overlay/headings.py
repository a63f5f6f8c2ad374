"""Tables for people: headings in words with units, codes in words, in one language or in both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from weipian_lab.overlay.ledger import PARTS
from weipian_lab.rulebook import Rulebook
from weipian_lab.text import LANGS, catalogue, current, t

__all__ = ["feedback_counts", "flag_counts", "heading", "in_words"]

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
    part, suffix = column[:-3], column[-3:]
    unit = _UNITS.get(suffix) if part in PARTS else None
    key = f"part_{part}" if unit else f"col_{column}"
    if key not in catalogue("overlay"):
        return column
    words = " ".join(dict.fromkeys(t(f"overlay.{key}", lang=lang) for lang in langs))
    return f"{words} ({t(unit, lang='zh' if both else None)})" if unit else words


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
        if column == "verified" and "rule_id" in frame.columns:
            # what is the project's own choice or another province's practice is no law one could have read
            own = frame["rule_id"].str.startswith("T-") & frame["verified"].astype(bool)
            values = values.mask(own, t("overlay.own"))
        shown[heading(str(column), both=both)] = values
    return shown


def _named(prefix: str) -> Callable[[Any], str]:
    def word(value: Any) -> str:
        if value is None or value != value:
            return "–"
        key = f"{prefix}_{value}"
        return t(f"overlay.{key}") if key in catalogue("overlay") else str(value)

    return word


def _version(value: Any) -> str:
    """Year and version of a layer, "2023 1", in words; anything else as it is."""
    year, _, version = str(value).partition(" ")
    if year.isdigit() and version:
        return t("overlay.version", year=year, version=version)
    return str(value)


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
    "kind": _named("kind"),
    "pattern": _named("pattern"),
    "survey_version": _version,
    "layer_version": _version,
}


def feedback_counts(sheet: pd.DataFrame) -> pd.DataFrame:
    """Return how many doubts of each pattern there are in which layer, and which section they go to."""
    keys = ["section", "layer", "pattern"]
    counted = sheet.groupby(keys, sort=False).size().reset_index(name="count")
    near = sheet[sheet["patch_id"] != ""].groupby(keys, sort=False).size().rename("near").reset_index()
    joined = counted.merge(near, on=keys, how="left").fillna({"near": 0}).astype({"near": int})
    return in_words(joined.sort_values("section", kind="stable", ignore_index=True))


def flag_counts(flags: pd.DataFrame, rulebook: Rulebook) -> pd.DataFrame:
    """Return how many patches bear each flag, the rule behind it in words, and whether its text was read."""
    order = ["alert", "attention", "doubt", "info"]
    counted = (
        flags.groupby(["level", "flag", "rule_id"], sort=True)["patch_id"].nunique().reset_index(name="n")
    )
    counted = counted.sort_values("level", key=lambda level: level.map(order.index), kind="stable")
    rules = [rulebook.rule(rule) for rule in counted["rule_id"]]
    return in_words(
        counted[["level", "flag", "n", "rule_id"]].assign(
            rule_title=[rule.title() for rule in rules], verified=[rule.verified for rule in rules]
        )
    )
