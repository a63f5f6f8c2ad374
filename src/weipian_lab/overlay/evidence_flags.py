"""Flags from approvals, filings, temporary land and rural roads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pandas as pd

from weipian_lab.area import m2_to_mu, round_mu
from weipian_lab.overlay.dates import day_of, years_after
from weipian_lab.overlay.flag import Flag
from weipian_lab.overlay.ledger import Ledger
from weipian_lab.rulebook import Rulebook
from weipian_lab.text import t

__all__ = ["evidence_flags"]


def evidence_flags(
    ledger: Ledger, attributes: pd.DataFrame, rulebook: Rulebook, on: dt.date
) -> Iterator[Flag]:
    """Yield the flags of the features that lie over each patch."""
    if not len(ledger.evidence):
        return
    for patch, rows in ledger.evidence.groupby("patch_id", sort=False):
        area, known = ledger.areas.loc[patch], attributes.loc[patch]
        for layer, check in (("YDSP", _approval), ("SSNYD", _filing), ("LSYD", _temporary), ("NCDL", _road)):
            own = rows[rows["layer"] == layer]
            if len(own):
                yield from check(str(patch), own, area, known, rulebook, on)


def _blank(value: Any) -> bool:
    return bool(pd.isna(value)) or not str(value).strip()


def _approval(
    patch: str, rows: pd.DataFrame, area: Any, known: Any, rulebook: Rulebook, on: dt.date
) -> Iterator[Flag]:
    share = float(area["approved"] / area["total"])
    left = float(m2_to_mu(area["total"] - area["approved"]))
    limit = rulebook.number("T-APPROVAL-UNCOVERED", on)
    numbers = _numbers(rows["PZWH"])
    values = {"share": f"{share:.1%}", "left": f"{left:.3f}", "numbers": numbers, "limit": f"{limit:g}"}
    kind = "approval_partial" if left > limit else "approval_full"
    yield Flag(patch, kind, "attention" if left > limit else "info", "T-APPROVAL-UNCOVERED", values)
    if rows["PZWH"].map(_blank).any():
        yield Flag(patch, "approval_no_number", "doubt", "NX2024-2.3-FEEDBACK", {})
    taken = day_of(known.get("date_after"))
    later = [day for v in rows["PZRQ"] if (day := day_of(v)) and taken and day > taken]
    if later:
        values = {"approved": min(later).isoformat(), "image": str(taken)}
        yield Flag(patch, "approval_later", "doubt", "TDGLF-44", values)


def _filing(
    patch: str, rows: pd.DataFrame, area: Any, known: Any, rulebook: Rulebook, on: dt.date
) -> Iterator[Flag]:
    share = float(area["filed"] / area["total"])
    numbers = _numbers(rows["BAH"])
    values = {"share": f"{share:.1%}", "numbers": numbers}
    yield Flag(patch, "filed", "info", "T-FILED", values)
    if rows["BAH"].map(_blank).any() or rows["YT"].map(_blank).any():
        yield Flag(patch, "filing_incomplete", "doubt", "NX2024-2.3-FEEDBACK", {})


def _temporary(
    patch: str, rows: pd.DataFrame, area: Any, known: Any, rulebook: Rulebook, on: dt.date
) -> Iterator[Flag]:
    years = rulebook.number("SSTL-20-TERM", on)
    for _, row in rows.iterrows():
        end, begin = day_of(row["DQRQ"]), day_of(row["PZRQ"])
        number = t("overlay.without_number") if _blank(row["PZWH"]) else str(row["PZWH"])
        values = {"number": number, "years": f"{years:g}"}
        if end is None:
            yield Flag(patch, "temporary_no_expiry", "doubt", "SSTL-20-TERM", values)
        elif end < on:
            values |= {"end": end.isoformat(), "on": on.isoformat()}
            yield Flag(patch, "temporary_expired", "attention", "SSTL-20-TERM", values)
        else:
            values |= {"end": end.isoformat()}
            yield Flag(patch, "temporary_valid", "info", "SSTL-20-TERM", values)
        if begin and end and end > years_after(begin, years):
            values |= {"begin": begin.isoformat(), "end": end.isoformat()}
            yield Flag(patch, "temporary_long", "doubt", "SSTL-20-TERM", values)


def _road(
    patch: str, rows: pd.DataFrame, area: Any, known: Any, rulebook: Rulebook, on: dt.date
) -> Iterator[Flag]:
    low, high = rulebook.number("T-ROAD-MIN", on), rulebook.number("T-ROAD-MAX", on)
    widths = pd.to_numeric(rows["KD"], errors="coerce")
    values = {"low": f"{low:g}", "high": f"{high:g}", "area": f"{float(round_mu(area['rural_road'])):.2f}"}
    if widths.isna().all():
        yield Flag(patch, "road_no_width", "doubt", "T-ROAD-MAX", values)
        return
    values["width"] = f"{widths.max():g}"
    wide = bool((widths > high).any())
    kind = "road_too_wide" if wide else "road_within"
    yield Flag(patch, kind, "attention" if wide else "info", "T-ROAD-MAX", values)


def _numbers(values: pd.Series[Any]) -> str:
    return "、".join(sorted({str(v) for v in values if not _blank(v)})) or t("overlay.without_number")
