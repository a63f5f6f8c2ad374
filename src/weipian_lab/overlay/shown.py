"""The ledger for reading: tables in the chosen language, one page's worth of a patch, the county summary."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from weipian_lab import vectors
from weipian_lab.area import m2_to_mu
from weipian_lab.overlay.headings import heading, in_words
from weipian_lab.overlay.ledger import SUMMANDS, Ledger
from weipian_lab.rulebook import Rulebook
from weipian_lab.text import t

__all__ = [
    "baseline_rows",
    "groups_of",
    "ledger_rows",
    "patch_page",
    "report_in_words",
    "stated",
    "summary",
    "summary_table",
    "surroundings",
    "telling",
]

_SHOWN = (
    "total",
    "cultivated",
    "pbf",
    "other_agricultural",
    "unused",
    "construction",
    "uncovered",
    "redline",
)
_MORE = ("approved", "filed", "temporary", "unexplained")
_ALWAYS = ("total", "cultivated", "pbf")  # shown even where they are zero


def ledger_rows(table: pd.DataFrame, flags: pd.DataFrame, most: int = 20) -> pd.DataFrame:
    """Return the ledger with headings in words, the largest cultivated overlaps first; every area in 亩.

    Parts that are zero for every patch shown are left out and named in ``attrs["omitted"]``.
    """
    order = table.sort_values("cultivated_mu", ascending=False, kind="stable").index[:most]
    shown = pd.DataFrame({heading("patch_id"): list(order)})
    omitted = []
    for part in (*_SHOWN, *_MORE):
        values = table.loc[order, f"{part}_mu"]
        if part not in _ALWAYS and not values.fillna(0.0).any():
            omitted.append(t(f"overlay.part_{part}"))
            continue
        shown[t(f"overlay.part_{part}")] = ["–" if pd.isna(v) else f"{v:.2f}" for v in values]
    counts = flags["patch_id"].value_counts()
    shown[t("overlay.head_flags")] = [int(counts.get(patch, 0)) for patch in order]
    shown.attrs["omitted"] = t("overlay.between").join(omitted)
    return shown


def baseline_rows(years: pd.DataFrame, most: int = 20) -> pd.DataFrame:
    """Return land groups under each baseline in words; groups that are zero throughout are left out."""
    shown = years.head(most)
    empty = [c for c in shown.columns if c.endswith("_mu") and not shown[c].fillna(0.0).any()]
    return in_words(shown.drop(columns=empty))


def telling(table: pd.DataFrame, flags: pd.DataFrame, count: int) -> list[str]:
    """Return the patches with most kinds of flags, the larger cultivated overlap first among equals."""
    kinds = flags.groupby("patch_id")["flag"].nunique().reindex(table.index).fillna(0)
    order = pd.DataFrame({"kinds": kinds, "area": table["cultivated_mu"]}).sort_values(
        ["kinds", "area"], ascending=False, kind="stable"
    )
    return [str(patch) for patch in order.index[:count]]


def patch_page(patch: str, table: pd.DataFrame, flags: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return ledger and flags of one patch as two tables of text; parts that are zero are left out."""
    row = table.loc[patch]
    more = (*_MORE, "double_covered", "temporary_expired")
    parts = [p for p in (*_SHOWN, *more) if p in _ALWAYS or (not pd.isna(row[f"{p}_m2"]) and row[f"{p}_m2"])]
    ledger = pd.DataFrame(
        {
            t("overlay.head_part"): [t(f"overlay.part_{p}") for p in parts],
            t("overlay.unit_m2"): [f"{row[f'{p}_m2']:,.2f}" for p in parts],
            t("overlay.mu"): [f"{row[f'{p}_mu']:.2f}" for p in parts],
            t("overlay.head_share"): [f"{row[f'{p}_m2'] / row['total_m2']:.1%}" for p in parts],
        }
    )
    own = flags[flags["patch_id"] == patch]
    return ledger, in_words(own[["level", "sentence", "rule_id", "cite"]])


def stated(
    table: pd.DataFrame, ledger: Ledger, words: pd.Series, *, rulebook: Rulebook, on: dt.date
) -> pd.DataFrame:
    """Return the ledger with what each row rests on: version and scheme of the survey, rules, flags."""
    return table.assign(
        survey_version=ledger.layers.get("DLTB", ""),
        dl_scheme=ledger.scheme,
        counted=ledger.count,
        rules_on=on.isoformat(),
        rulebook=f"{rulebook.id} {rulebook.version}",
        flags=words.reindex(table.index).fillna("").to_numpy(),
    )


def summary(ledger: Ledger, flags: pd.DataFrame, feedback: pd.DataFrame, **more: Any) -> dict[str, Any]:
    """Return the content of ``overlay.json``: counts, sums, layers, headline in both languages."""
    areas = ledger.areas
    reaching = flags.loc[flags["flag"].isin(["reaches_pbf", "reaches_cultivated"]), "patch_id"].nunique()
    gap = (areas[list(SUMMANDS)].sum(axis=1) - areas["total"]).abs().max()
    sums = {part: float(m2_to_mu(areas[part].sum())) for part in areas.columns if areas[part].notna().any()}
    values = {
        "patches": len(areas),
        "cultivated": f"{sums['cultivated']:.1f}",
        "pbf": f"{sums.get('pbf', float('nan')):.1f}",
        "reaching": reaching,
        "feedback": len(feedback),
    }
    return {
        "notebook": "02_overlay",
        "headline": {lang: t("overlay.headline", lang=lang, **values) for lang in ("zh", "en")},
        "patches": len(areas),
        "sums_mu": sums,
        "reaching_threshold": int(reaching),
        "flags": flags["flag"].value_counts().sort_index().to_dict(),
        "feedback": len(feedback),
        "largest_gap_m2": float(gap),
        "layers": dict(ledger.layers),
        "dl_scheme": ledger.scheme,
        "counted": ledger.count,
        "repairs": [vars(r) if hasattr(r, "__dict__") else r for r in ledger.repairs],
        **more,
    }


def summary_table(content: Mapping[str, Any]) -> pd.DataFrame:
    """Return the county summary as a table."""
    sums = content["sums_mu"]
    parts = [p for p in (*_SHOWN, *_MORE) if p in sums]
    share = np.array([sums[p] for p in parts]) / max(sums["total"], 1e-9)
    return pd.DataFrame(
        {
            t("overlay.head_part"): [t(f"overlay.part_{p}") for p in parts],
            t("overlay.mu"): [f"{sums[p]:.2f}" for p in parts],
            t("overlay.head_share"): [f"{v:.1%}" for v in share],
        }
    )


def groups_of(ledger: Ledger, rulebook: Rulebook) -> dict[str, str]:
    """Return the land group of each land class met."""
    codes = sorted({str(code) for code in ledger.codes["DLBM"]})
    return {code: rulebook.land_group(code, ledger.scheme) for code in codes}


def surroundings(
    sources: Mapping[str, vectors.Source], patches: gpd.GeoDataFrame, rulebook: Rulebook, ledger: Ledger
) -> gpd.GeoDataFrame:
    """Return the survey parcels in the box of the patches with their land group, for a map."""
    survey = sources["DLTB"]
    box = np.asarray(patches.to_crs(survey.crs).total_bounds, dtype=float)
    found = survey.meeting(box[None], ("DLBM",))
    known: dict[str, str] = {}
    for code in {str(c) for c in found.values["DLBM"]}:
        known[code] = rulebook.land_group(code, ledger.scheme)
    groups = [known[str(code)] for code in found.values["DLBM"]]
    return gpd.GeoDataFrame({"group": groups}, geometry=found.geometry, crs=survey.crs)


def report_in_words(report: vectors.ReadReport) -> str:
    """Return what reading a layer found, in a sentence."""
    return t(
        "overlay.words_repairs",
        layer=report.layer,
        count=report.features,
        encoding=report.encoding,
        remarks=" ".join(report.remarks),
    )
