"""Tables of a county's year as people read them: headings, batches' sources and outcomes by name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd

from weipian_lab.cases.wording import word
from weipian_lab.cases.year import accountability
from weipian_lab.rulebook import Rulebook
from weipian_lab.text import Lang, t

__all__ = ["accountability_table", "addressees", "compared", "counts", "ledger_table"]

SHOWN = (
    *("patch_id", "tblx", "cultivated_mu", "pbf_mu", "visited_on", "status"),
    *("saved_mu", "counted_mu"),
)
"""What fits on a page; the whole row stands in ``year_ledger.csv``."""
WORDS = {"source": "source", "status": "status", "kind": "kind", "strategy": "strategy", "measure": "measure"}
"""Columns whose values have names in the catalogue."""

REPORTED = ("NX2024-3.1-REPORT", "NX2024-3.3-ADDRESSEES", "NX2024-3.3-COORDINATION")


def _worded(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with names for codes, dashes for what is absent, headings in words."""
    shown = frame.astype(object).where(frame.notna(), "–")
    for name, kind in WORDS.items():
        if name in shown:
            shown[name] = [t(f"year.{kind}_{value}") for value in shown[name]]
    return shown.rename(columns={name: t(f"year.h_{name}") for name in shown})


def ledger_table(ledger: pd.DataFrame, book: Rulebook) -> pd.DataFrame:
    """Return the columns of a ledger that a person reads, kinds of patches by name, days as month-day."""
    shown = ledger[list(SHOWN)].astype(object)
    shown["tblx"] = [word(book, code, "TBLX") for code in shown["tblx"]]
    days = shown["visited_on"]
    shown["visited_on"] = [day.strftime("%m-%d") if isinstance(day, dt.date) else None for day in days]
    return _worded(shown)


def counts(frame: pd.DataFrame, by: Sequence[str], areas: Sequence[str]) -> pd.DataFrame:
    """Return patches and areas (亩) by some columns."""
    grouped = frame.groupby(list(by), sort=True)
    table = grouped[list(areas)].sum().round(1)
    table.insert(0, "patches", grouped.size())
    return _worded(table.reset_index())


def addressees(book: Rulebook, lang: Lang) -> pd.DataFrame:
    """Return those the notice names: who, what is owed to them (a report, or working together), where."""
    rows = [
        (word(book, who, lang=lang), rule.title(lang), rule.cite(lang))
        for rule in map(book.rule, REPORTED)
        for who in rule.value
    ]
    return pd.DataFrame(rows, columns=[t(f"year.{name}", lang) for name in ("addressee", "owed", "basis")])


def accountability_table(
    ledger: pd.DataFrame, patches: pd.DataFrame, book: Rulebook, lawful_mu: float, lang: Lang
) -> pd.DataFrame:
    """Return counted and lawful farmland, their ratio, and the line of the rulebook with its mark.

    Parameters
    ----------
    ledger, patches
        The year and its portfolio.
    lawful_mu
        Farmland newly built on with approval; 0 takes the lawful sites of the simulated county.
    """
    rule = book.rule("CFBF15-3", dt.date(max(ledger["received_on"]).year, 12, 31))
    approved = patches[(patches["verdict"] == "LEGAL") & (patches["joined"] == "")]
    lawful = lawful_mu or float(approved["final_mu"].sum())
    counted = float(ledger["counted_mu"].sum())
    share = accountability(counted, lawful)
    rows = [
        (t("year.counted", lang), f"{counted:.1f}", t("year.basis_counted", lang)),
        (t("year.lawful", lang), f"{lawful:.1f}", t(f"year.basis_{'given' if lawful_mu else 'truth'}", lang)),
        (t("year.ratio", lang), f"{100 * share:.1f}%", t("year.basis_ratio", lang)),
        (t("year.line", lang), f"{100 * float(rule.value):g}%", rule.cite(lang)),
    ]
    return pd.DataFrame(rows, columns=[t(f"year.h_{x}", lang) for x in ("item", "value", "note")])


def compared(table: pd.DataFrame) -> pd.DataFrame:
    """Return the comparison of strategies: mean and paired difference, each with its interval."""
    rows = [
        {
            "measure": row["measure"],
            "strategy": row["strategy"],
            "mean": f"{row['mean']:.1f}",
            "interval": f"{row['lower']:.1f} – {row['upper']:.1f}",
            "difference": f"{row['difference']:+.1f}" if row["strategy"] != "arrival" else "–",
            "paired": f"{row['difference_lower']:+.1f} – {row['difference_upper']:+.1f}"
            if row["strategy"] != "arrival"
            else "–",
        }
        for row in table.sort_values("measure", kind="stable").to_dict("records")
    ]
    return _worded(pd.DataFrame(rows))
