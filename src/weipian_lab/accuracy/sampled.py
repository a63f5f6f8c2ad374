"""How the verified patches were chosen: without it no figure can be carried from them to the batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from weipian_lab.errors import ParameterError, SchemaError
from weipian_lab.text import t

__all__ = ["SampleDesign", "Sampled", "carried_on", "sampled_from"]

SampleDesign = Literal["auto", "simple_random", "stratified", "weighted", "census"]
_FEWEST_A_GROUP = 2
_ALL = "all"


@dataclass(frozen=True)
class Sampled:
    """Verified patches with their strata.

    Attributes
    ----------
    frame
        The batch's rows that were verified, with the columns of the verification and ``stratum``.
    sizes
        Patches of the batch in each stratum.
    design
        ``simple_random``, ``stratified``, ``weighted`` or ``census``.
    known
        False where nobody stated the design: figures then hold only if it was a simple random sample.
    statement
        The design in words.
    """

    frame: pd.DataFrame
    sizes: dict[str, float]
    design: str
    known: bool
    statement: str


def sampled_from(
    batch: pd.DataFrame, verified: pd.DataFrame, *, design: SampleDesign = "auto", strata: str = ""
) -> Sampled:
    """Join the verification to the batch and say how its patches were drawn.

    Parameters
    ----------
    batch
        Patches sent out, with patch_id.
    verified
        As :func:`~weipian_lab.accuracy.check_verified` returns; it may carry the columns of the field list:
        ``stratum`` and ``stratum_size`` (patches of the batch in it), or ``weight`` (patches that the row
        stands for), or ``inclusion_probability``.
    design
        ``auto``: census if every patch was verified, else by the columns there are, else unknown and taken
        as a simple random sample, with a warning in `statement`.
        The others state it: ``stratified`` needs strata and their sizes, ``weighted`` a weight or an
        inclusion probability.
    strata
        Column of the strata, in either table; "" is ``stratum``.

    Raises
    ------
    ParameterError
        Unknown design; a census that lacks patches.
    SchemaError
        Column missing; a stratum's size missing, stated twice or below the number verified; a weight below 1;
        weights so many that they name no strata.
    """
    if design not in get_args(SampleDesign):
        choices = ", ".join(get_args(SampleDesign))
        raise ParameterError("errors.bad_choice", name="design", value=design, choices=choices)
    name = strata or "stratum"
    own = verified.drop(columns=[c for c in verified.columns if c in batch.columns and c != "patch_id"])
    frame = batch.astype({"patch_id": str}).merge(own, on="patch_id")
    everyone = len(frame) == len(batch)
    found: str = design
    if design == "auto":
        found = _seen(frame, name, strata, everyone=everyone)
    if found == "census" and not everyone:
        raise ParameterError("accuracy.no_census", verified=len(frame), batch=len(batch))
    if found == "stratified":
        labels, sizes = _stratified(frame, batch, name)
    elif found == "weighted":
        labels, sizes = _weighted(frame)
    else:
        labels, sizes = pd.Series(_ALL, index=frame.index), {_ALL: float(len(batch))}
    known = found != "unknown"
    found = found if known else "simple_random"
    key = found if known else "unknown"
    words = t(f"accuracy.design_{key}", n=len(frame), batch=len(batch), strata=len(sizes), column=name)
    words += _part(found, sum(sizes.values()), len(batch))
    return Sampled(frame.assign(stratum=labels), sizes, found, known, words)


def _part(design: str, total: float, batch: int) -> str:
    """Say so where the strata stated hold fewer patches than were sent out.

    Raises
    ------
    SchemaError
        They hold more.
    """
    if design != "stratified" or total == batch:
        return ""
    if total > batch:
        raise SchemaError("accuracy.strata_over", total=f"{total:g}", batch=batch)
    return t("accuracy.design_part", total=f"{total:g}", batch=batch)


def carried_on(batch: pd.DataFrame, sampled: Sampled, columns: Sequence[str]) -> pd.DataFrame | None:
    """Return the batch with the ``stratum`` of every patch, so that the next round is drawn in the same ones.

    Verified patches name their strata; of the others only what the batch says of them is known. A column of
    the batch tells the strata if it divides the verified patches as they do, and all patches into the sizes
    stated.

    Parameters
    ----------
    columns
        Columns of the batch that may be what the strata are by.

    Returns
    -------
    DataFrame, or None where no column tells the strata: another round can then not be added to this one.
    """
    if set(sampled.sizes) == {_ALL}:
        return batch.assign(stratum=_ALL)
    for name in (column for column in columns if column in batch.columns and column in sampled.frame):
        pairs = sampled.frame[[name, "stratum"]].astype(str).drop_duplicates()
        stratum_of: dict[str, str] = dict(pairs.to_numpy().tolist())
        found = batch[name].astype(str).map(stratum_of)
        if len(pairs) == len(stratum_of) and found.notna().all():
            number = found.value_counts()
            if all(number.get(k, 0) == size for k, size in sampled.sizes.items()):
                return batch.assign(stratum=found)
    return None


def _seen(frame: pd.DataFrame, name: str, strata: str, *, everyone: bool) -> str:
    if everyone:
        return "census"
    if strata or (name in frame.columns and set(frame[name].fillna(_ALL).astype(str)) - {_ALL, ""}):
        return "stratified"
    return "weighted" if {"weight", "inclusion_probability"} & set(frame.columns) else "unknown"


def _stratified(frame: pd.DataFrame, batch: pd.DataFrame, name: str) -> tuple[pd.Series, dict[str, float]]:
    if name not in frame.columns:
        columns = ", ".join(map(str, frame.columns.drop("geometry", errors="ignore")))
        raise SchemaError("accuracy.no_column", column=name, columns=columns)
    empty = frame[name].isna() | (frame[name].astype(str).str.strip() == "")
    if empty.any():
        rows = ", ".join(frame.loc[empty, "patch_id"].head(5))
        raise SchemaError("accuracy.empty_label", column=name, number=int(empty.sum()), rows=rows)
    labels = frame[name].astype(str)
    if "stratum_size" in frame.columns:
        sizes = {}
        for label, part in pd.to_numeric(frame["stratum_size"], errors="coerce").groupby(labels):
            if part.nunique(dropna=False) != 1 or not part.iloc[0] >= len(part):
                raise SchemaError(
                    "accuracy.bad_stratum_size",
                    stratum=label,
                    values=", ".join("–" if np.isnan(v) else f"{v:g}" for v in part.unique()[:3]),
                    number=len(part),
                )
            sizes[str(label)] = float(part.iloc[0])
        return labels, sizes
    if name not in batch.columns:
        raise SchemaError("accuracy.no_stratum_size", column=name)
    counts = batch[name].astype(str).value_counts()
    return labels, {str(k): float(v) for k, v in counts.sort_index().items()}


def _weighted(frame: pd.DataFrame) -> tuple[pd.Series, dict[str, float]]:
    """Take patches of equal weight as a stratum, as they are in every stratified draw."""
    if "weight" in frame.columns:
        weight = pd.to_numeric(frame["weight"], errors="coerce")
    elif "inclusion_probability" in frame.columns:
        weight = 1 / pd.to_numeric(frame["inclusion_probability"], errors="coerce")
    else:
        columns = ", ".join(map(str, frame.columns.drop("geometry", errors="ignore")))
        raise SchemaError("accuracy.no_column", column="weight", columns=columns)
    bad = ~(np.isfinite(weight) & (weight >= 1 - 1e-9))
    if bad.any():
        raise SchemaError(
            "accuracy.bad_weight", number=int(bad.sum()), patch=frame.loc[bad, "patch_id"].iloc[0]
        )
    labels = weight.map("{:.6g}".format)
    number = labels.value_counts()
    if (number < _FEWEST_A_GROUP).any():
        raise SchemaError("accuracy.many_weights", number=len(number), n=len(frame))
    return labels, {str(k): float(number[k] * weight[labels == k].mean()) for k in sorted(number.index)}
