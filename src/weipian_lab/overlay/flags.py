"""Flags (提示): what the areas mean under the rules in force, each with its rule and the figures used.

A flag is never a finding. Where a field is missing that a rule would need, the flag says 存疑 (doubt).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import pandas as pd

from weipian_lab.area import borderline, m2_to_mu, meets, round_mu
from weipian_lab.overlay.dates import day_of, years_after
from weipian_lab.overlay.evidence_flags import evidence_flags
from weipian_lab.overlay.flag import Flag, Level
from weipian_lab.overlay.ledger import Ledger
from weipian_lab.rulebook import Rulebook
from weipian_lab.text import t

__all__ = ["Flag", "Level", "flags", "flags_in_words"]


def flags(
    ledger: Ledger,
    patches: pd.DataFrame | gpd.GeoDataFrame,
    rulebook: Rulebook,
    *,
    on: dt.date,
    source: str = "",
) -> pd.DataFrame:
    """Return the flags of all patches.

    Parameters
    ----------
    patches
        Attributes of the patches: `patch_id`, and where known `source`, `date_before`, `date_after`, `TBLX`,
        `actor`.
    on
        Day whose rules apply.
    source
        Source whose thresholds are tried on patches that state none or come from own screening (``SELF``),
        for which the notice has no threshold.

    Returns
    -------
    DataFrame
        ``patch_id, flag, level, rule_id, sentence, cite, verified``, in the order of the patches.

    Raises
    ------
    RulebookError
        If a rule is missing or not in force on that day, or the source is unknown.
    """
    attributes = patches.drop(columns="geometry", errors="ignore").set_index("patch_id")
    own = attributes.get("source", pd.Series("", attributes.index)).fillna("").astype(str)
    sources = own.mask(own.isin(["", "SELF"]), source)
    found: list[Flag] = []
    for patch, row in zip(ledger.areas.index, ledger.areas.to_dict("records"), strict=True):
        known = attributes.loc[patch]
        found += _thresholds(str(patch), row, sources[patch], rulebook, on)
        found += _scale(str(patch), row, rulebook, on)
        found += _kinds(str(patch), row, known, rulebook, on)
    found += evidence_flags(ledger, attributes, rulebook, on)
    found += _same_actor(ledger, attributes, rulebook, on)
    position = {str(patch): i for i, patch in enumerate(ledger.areas.index)}
    found.sort(key=lambda flag: position[flag.patch_id])
    columns = ["patch_id", "flag", "level", "rule_id", "sentence", "cite", "verified"]
    return pd.DataFrame([_row(flag, rulebook, on) for flag in found], columns=columns)


def _row(flag: Flag, rulebook: Rulebook, on: dt.date) -> tuple[Any, ...]:
    rule = rulebook.rule(flag.rule, on)
    sentence = t(f"overlay.flag_{flag.kind}", **flag.values)
    return flag.patch_id, flag.kind, flag.level, rule.id, sentence, rule.cite(), rule.verified


def flags_in_words(found: pd.DataFrame) -> pd.Series:
    """Return the flags of each patch as one text: ``kind[rule id]; …``."""
    words = found["flag"] + "[" + found["rule_id"] + "]"
    words = words.where(found["verified"].astype(bool), words + t("overlay.unverified"))
    joined: pd.Series = words.groupby(found["patch_id"], sort=False).agg("; ".join)
    return joined


def _thresholds(patch: str, row: Any, source: str, rulebook: Rulebook, on: dt.date) -> Iterator[Flag]:
    step = rulebook.number("T-ROUND-MU", on)
    relative, margin = (rulebook.number(f"T-BORDERLINE-{k}", on) for k in ("SHARE", "MU"))
    for threshold in rulebook.thresholds(source, on) if source else []:
        area = row["pbf"] if threshold.kind == "PBF" else row["cultivated"]
        kind = threshold.kind.lower()
        values = {"limit": f"{threshold.min_mu:g}"}
        if pd.isna(area):
            yield Flag(patch, f"no_layer_{kind}", "doubt", threshold.rule.id, values)
            continue
        values["area"] = f"{float(round_mu(area, step)):.2f}"
        if bool(meets(area, threshold.min_mu, step_mu=step)):
            yield Flag(patch, f"reaches_{kind}", "attention", threshold.rule.id, values)
        if bool(borderline(area, threshold.min_mu, relative=relative, margin_mu=margin)):
            values["exact"] = f"{float(m2_to_mu(area)):.4f}"
            yield Flag(patch, f"borderline_{kind}", "doubt", "T-BORDERLINE-SHARE", values)


def _scale(patch: str, row: Any, rulebook: Rulebook, on: dt.date) -> Iterator[Flag]:
    """Areas that criminal law calls large: an alert for a person; destruction is for an appraisal to say."""
    step = rulebook.number("T-ROUND-MU", on)
    pbf = 0.0 if pd.isna(row["pbf"]) else row["pbf"]
    other = max(row["cultivated"] - pbf, 0.0)
    for name, area in (("PBF", pbf), ("CULTIVATED", other)):
        limit = rulebook.number(f"FS14-3-{name}", on)
        if bool(meets(area, limit, step_mu=step)):
            values = {"area": f"{float(round_mu(area, step)):.2f}", "limit": f"{limit:g}"}
            yield Flag(patch, f"scale_{name.lower()}", "alert", f"FS14-3-{name}", values)


def _kinds(patch: str, row: Any, known: pd.Series, rulebook: Rulebook, on: dt.date) -> Iterator[Flag]:
    label = str(known.get("TBLX") or "")
    kind = rulebook.rule("T-KEY-KINDS", on).value.get(label)
    if kind and row["cultivated"] > 0 and kind in rulebook.rule("NX2024-2.2.1-KEY", on).value:
        yield Flag(patch, f"key_{kind}", "attention", "NX2024-2.2.1-KEY", {"label": label})
    if label in rulebook.rule("T-POND-KINDS", on).value and row["pbf"] > 0:
        yield Flag(
            patch, "pond_on_pbf", "attention", "TDGLF-37", {"area": f"{float(round_mu(row['pbf'])):.2f}"}
        )
    if row["redline"] > 0:
        area = f"{float(round_mu(row['redline'])):.2f}"
        yield Flag(patch, "redline", "attention", "SSTL-3", {"area": area})
    noticed_m2 = rulebook.number("T-LEDGER-TOLERANCE", on)
    if row["survey_overlap"] > noticed_m2:
        area = f"{row['survey_overlap']:.2f}"
        yield Flag(patch, "survey_overlap", "doubt", "NX2024-2.3-FEEDBACK", {"area": area})
    if row["uncovered"] > noticed_m2:
        yield Flag(patch, "uncovered", "doubt", "T-UNCOVERED", {"area": f"{row['uncovered']:.2f}"})


def _same_actor(ledger: Ledger, attributes: pd.DataFrame, rulebook: Rulebook, on: dt.date) -> Iterator[Flag]:
    """Patches of one actor within the term, none of which is large alone but whose sum is."""
    if "actor" not in attributes or not len(ledger.areas):
        return
    years = rulebook.number("FS14-9", on)
    step = rulebook.number("T-ROUND-MU", on)
    limits = {name: rulebook.number(f"FS14-3-{name}", on) for name in ("PBF", "CULTIVATED")}
    pbf = ledger.areas["pbf"].fillna(0.0)
    parts = {"PBF": pbf, "CULTIVATED": (ledger.areas["cultivated"] - pbf).clip(lower=0)}
    actors = attributes["actor"].fillna("").astype(str).str.strip()
    for actor, rows in attributes[(actors != "") & attributes.index.isin(ledger.areas.index)].groupby(actors):
        for name, limit in limits.items():
            told: set[str] = set()
            for members in _within(rows, years):
                each = parts[name].loc[members]
                total = float(each.sum())
                if not bool(meets(total, limit, step_mu=step)) or meets(each, limit, step_mu=step).any():
                    continue
                values = {"actor": actor, "count": len(members), "limit": f"{limit:g}"}
                values["area"] = f"{float(round_mu(total, step)):.2f}"
                new = [str(p) for p in members if str(p) not in told]
                told |= set(new)
                yield from (Flag(p, f"sum_{name.lower()}", "alert", "FS14-9", values) for p in new)


def _within(rows: pd.DataFrame, years: float) -> Iterator[list[Any]]:
    """Yield the patches, two or more, whose days lie within a term of some years, from each first day on."""
    seen = rows["date_after"] if "date_after" in rows else pd.Series(None, rows.index, dtype=object)
    dated = sorted((day, i) for i, value in enumerate(seen) if (day := day_of(value)))
    for place, (first, _) in enumerate(dated):
        members = [rows.index[i] for day, i in dated[place:] if day <= years_after(first, years)]
        if len(members) > 1:
            yield members
