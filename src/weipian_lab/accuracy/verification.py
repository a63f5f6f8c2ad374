"""Field verification: reading ``verified.csv``, what a verdict says about the screening, disagreement.

A verdict is a person's; nothing here makes or changes one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from statsmodels.stats.inter_rater import aggregate_raters, fleiss_kappa

from weipian_lab.accuracy.checks import as_table
from weipian_lab.accuracy.filled import iso_day, read_filled
from weipian_lab.errors import ParameterError, SchemaError
from weipian_lab.text import t

__all__ = [
    "COLUMNS",
    "FALSE_ALARM",
    "VERDICTS",
    "Target",
    "as_reference",
    "check_verified",
    "disagreement",
    "read_reviews",
    "read_verified",
]

VERDICTS = (
    "LEGAL",
    "ILLEGAL_NONAG",
    "FACILITY_AG",
    "RURAL_ROAD",
    "TEMP_LAND",
    "PSEUDO_CHANGE",
    "NO_CLASS_CHANGE",
    "OTHER",
    "UNDETERMINED",
)
"""The teaching enumeration of verdicts; see DESIGN.md, "Verification"."""

FALSE_ALARM = ("PSEUDO_CHANGE", "NO_CLASS_CHANGE")
"""实地伪变化, 不改变原有地类: the screening announced a change of land use and there was none."""

COLUMNS = ("patch_id", "verdict", "cause", "verified_on", "verifier_count", "evidence")

Target = Literal["change", "nonag"]


def read_verified(
    path: Path | str | Sequence[Path | str], patches: Iterable[str] | None = None
) -> pd.DataFrame:
    """Read and check a verification table, or those of several rounds.

    Parameters
    ----------
    path
        Table with the columns of :data:`COLUMNS`, of which all but patch_id and verdict may be left out;
        formats and ways of writing as :func:`~weipian_lab.accuracy.filled.read_filled`. Of a filled field
        list the patches are taken, not its pixels.
    patches
        Patch ids that were sent out; a row for any other is an error.

    Raises
    ------
    InputError
        No such file, or it is not a table.
    SchemaError
        As :func:`check_verified`.
    """
    table = read_filled(path, ("patch_id", "verdict"))
    if "unit" in table.columns:
        table = table[table["unit"] != "pixel"]
    return check_verified(table, patches)


def read_reviews(path: Path | str | Sequence[Path | str]) -> pd.DataFrame:
    """Read the opinions of single verifiers (patch_id, verifier, verdict) for :func:`disagreement`.

    Raises
    ------
    InputError
        No such file, or it is not a table.
    SchemaError
        A column is missing.
    """
    return read_filled(path, ("patch_id", "verifier", "verdict"))


def check_verified(table: pd.DataFrame, patches: Iterable[str] | None = None) -> pd.DataFrame:
    """Return a checked copy of a verification table: a row a patch, sorted by id.

    Rows that say the same of one patch become one, with the verifiers added up.

    Raises
    ------
    SchemaError
        No rows; column missing; id empty; verdict unknown; one patch with different verdicts;
        a date or number that is none; a patch that was not sent out.
    """
    for name in ("patch_id", "verdict"):
        if name not in table.columns:
            raise SchemaError("accuracy.no_column", column=name, columns=", ".join(map(str, table.columns)))
    if table.empty:
        raise SchemaError("accuracy.empty_sample")
    checked = table.reindex(columns=[*dict.fromkeys([*COLUMNS, *table.columns])]).copy()
    for name in ("patch_id", "verdict"):
        empty = checked[name].isna() | (checked[name].astype("string").str.strip() == "")
        if empty.any():
            rows = ", ".join(_rows(checked, empty, name))
            raise SchemaError("accuracy.empty_label", column=name, number=int(empty.sum()), rows=rows)
        checked[name] = checked[name].astype(str).str.strip()
    checked["verdict"] = checked["verdict"].str.upper()
    unknown = checked.loc[~checked["verdict"].isin(VERDICTS)]
    if len(unknown):
        first = unknown.iloc[0]
        raise SchemaError(
            "accuracy.unknown_verdict",
            patch=first["patch_id"],
            value=first["verdict"],
            choices=", ".join(VERDICTS),
        )
    _check_conflicts(checked)
    checked["verified_on"] = _days(checked)
    checked["verifier_count"] = _counts(checked)
    checked = _merge(checked)
    if patches is not None:
        strangers = sorted(set(checked["patch_id"]) - {str(p) for p in patches})
        if strangers:
            raise SchemaError("accuracy.not_sent", number=len(strangers), patches=", ".join(strangers[:5]))
    return checked


def _rows(table: pd.DataFrame, which: pd.Series, name: str) -> list[str]:
    """Name rows by their patch; where it is the id that is missing, by their line in the file."""
    if name == "patch_id":
        return [str(i + 2) for i in np.flatnonzero(which)[:5]]
    return [str(patch) for patch in table.loc[which, "patch_id"].head(5)]


def _check_conflicts(table: pd.DataFrame) -> None:
    verdicts = table.groupby("patch_id")["verdict"].agg(lambda v: "/".join(sorted(set(v))))
    torn = verdicts[verdicts.str.contains("/")]
    if len(torn):
        shown = "; ".join(f"{patch}: {both}" for patch, both in torn.head(5).items())
        raise SchemaError("accuracy.two_verdicts", number=len(torn), shown=shown)


def _days(table: pd.DataFrame) -> pd.Series:
    written = table["verified_on"].map(iso_day, na_action="ignore")
    days = pd.to_datetime(written, errors="coerce", format="%Y-%m-%d")
    bad = table["verified_on"].notna() & days.isna()
    if bad.any():
        first = table.loc[bad].iloc[0]
        raise SchemaError("accuracy.bad_day", patch=first["patch_id"], value=first["verified_on"])
    return days.dt.strftime("%Y-%m-%d")


def _counts(table: pd.DataFrame) -> pd.Series:
    number = pd.to_numeric(table["verifier_count"], errors="coerce")
    bad = table["verifier_count"].notna() & ~((number >= 1) & (number % 1 == 0))
    if bad.any():
        first = table.loc[bad].iloc[0]
        raise SchemaError("accuracy.bad_verifiers", patch=first["patch_id"], value=first["verifier_count"])
    return number.fillna(1).astype(int)


def _merge(table: pd.DataFrame) -> pd.DataFrame:
    """Join rows of one patch that agree; the first non-empty cell of each other column is kept."""
    if table["patch_id"].is_unique:
        return table.sort_values("patch_id", ignore_index=True)
    grouped = table.groupby("patch_id", sort=True)
    merged = grouped.first()
    merged["verifier_count"] = grouped["verifier_count"].sum()
    return merged.reset_index()[list(table.columns)]


def as_reference(verdicts: pd.Series, target: Target = "change") -> pd.Series:
    """Return what each verdict says of the screening: ``true``, ``false`` or missing (UNDETERMINED).

    Parameters
    ----------
    target
        ``change``: the screening is right if the land use changed, lawfully or not;
        false alarms (误报) are PSEUDO_CHANGE and NO_CLASS_CHANGE.
        ``nonag``: right only for ILLEGAL_NONAG; a lawful change then counts as a false alarm too.

    Raises
    ------
    ParameterError
        Unknown target.
    """
    if target not in ("change", "nonag"):
        raise ParameterError("errors.bad_choice", name="target", value=target, choices="change, nonag")
    right = verdicts.eq("ILLEGAL_NONAG") if target == "nonag" else ~verdicts.isin(FALSE_ALARM)
    result = pd.Series(np.where(right, "true", "false"), index=verdicts.index, dtype=object)
    return result.mask(verdicts.eq("UNDETERMINED"), other=np.nan)


def disagreement(reviews: pd.DataFrame, target: Target = "change") -> dict[str, float | str]:
    """Return how far verifiers of the same patches agree, and what it means for the false-alarm share.

    Parameters
    ----------
    reviews
        Columns patch_id, verifier, verdict; several rows a patch.

    Returns
    -------
    dict
        ``patches`` with at least two reviews, ``agreement`` (share of pairs of verifiers that agree),
        ``fleiss_kappa`` (NaN unless every patch has the same number of reviews), and ``lowest``/``highest``:
        the false-alarm share if every disputed patch were real, or none.

    Raises
    ------
    SchemaError
        Column missing, verdict unknown, or no patch reviewed twice.
    """
    reviews = as_table(reviews)
    for name in ("patch_id", "verifier", "verdict"):
        if name not in reviews.columns:
            raise SchemaError("accuracy.no_column", column=name, columns=", ".join(map(str, reviews.columns)))
        empty = reviews[name].isna()
        if empty.any():
            rows = ", ".join(str(i + 2) for i in np.flatnonzero(empty)[:5])
            raise SchemaError("accuracy.empty_label", column=name, number=int(empty.sum()), rows=rows)
    reviews = reviews.drop_duplicates(["patch_id", "verifier", "verdict"])
    torn = reviews[reviews.duplicated(["patch_id", "verifier"])]
    if len(torn):
        shown = "; ".join(f"{p}, {v}" for p, v in torn[["patch_id", "verifier"]].head(5).to_numpy())
        raise SchemaError("accuracy.two_opinions", shown=shown)
    unknown = sorted(set(reviews["verdict"]) - set(VERDICTS))
    if unknown:
        raise SchemaError(
            "accuracy.unknown_verdict",
            patch=reviews.loc[reviews["verdict"] == unknown[0], "patch_id"].iloc[0],
            value=unknown[0],
            choices=", ".join(VERDICTS),
        )
    sizes = reviews.groupby("patch_id").size()
    twice = reviews[reviews["patch_id"].isin(sizes.index[sizes >= 2])]
    if twice.empty:
        raise SchemaError("accuracy.no_second_review")
    table = pd.crosstab(twice["patch_id"], twice["verdict"])
    n = table.sum(axis=1)
    agree = ((table * (table - 1)).sum(axis=1) / (n * (n - 1))).mean()
    said = as_reference(twice["verdict"], target).fillna("unknown")
    each = pd.crosstab(twice["patch_id"], said).reindex(columns=["true", "false", "unknown"], fill_value=0)
    always_false, ever_false = each["false"] == n, (each["false"] + each["unknown"]) > 0
    return {
        "patches": float(len(table)),
        "agreement": float(agree),
        "fleiss_kappa": _kappa(twice) if n.nunique() == 1 else float("nan"),
        "lowest": float(always_false.mean()),
        "highest": float(ever_false.mean()),
        "statement": t(
            "accuracy.disagreement", low=f"{always_false.mean():.1%}", high=f"{ever_false.mean():.1%}"
        ),
    }


def _kappa(twice: pd.DataFrame) -> float:
    ordered = twice.sort_values(["patch_id", "verifier"])
    codes = pd.Categorical(ordered["verdict"], categories=list(VERDICTS)).codes
    number = int(ordered.groupby("patch_id").size().iloc[0])
    counts, _ = aggregate_raters(np.asarray(codes).reshape(-1, number))
    if counts.shape[1] < 2:
        return 1.0
    return float(fleiss_kappa(counts, method="fleiss"))
