"""The overlay of one batch of patches with all layers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from weipian_lab import vectors
from weipian_lab.area import ellipsoidal_area
from weipian_lab.overlay.classes import LandGroups
from weipian_lab.overlay.cutting import Pieces, Wholes
from weipian_lab.overlay.elements import Measure
from weipian_lab.overlay.evidence import Covered, Land, covered, explain, listed, shared, split_by_term
from weipian_lab.overlay.roles import ROLES, SURVEY, SURVEY_FIELDS
from weipian_lab.overlay.sound import Mended, cut_sound
from weipian_lab.overlay.survey import GROUPS, Partition, partition
from weipian_lab.overlay.working import reproject, same

__all__ = ["Batch", "Columns", "Plan", "run_batch"]

Array = NDArray[np.float64]
Columns = Mapping[str, NDArray[Any]]
Geometries = NDArray[np.object_]
_BOX_MARGIN_M = 0.01  # boxes of patches in another CRS are widened by this


@dataclass(frozen=True)
class Plan:
    """What every batch shares.

    Attributes
    ----------
    sources
        Layers by name, the survey among them.
    crs
        Working CRS: the survey's.
    land
        Land groups of the survey's codes.
    priority
        Which group takes ground that parcels of two groups cover.
    on
        Day on which terms must not have run out.
    keep_pieces
        Whether pieces are kept for maps and export.
    """

    sources: Mapping[str, vectors.Source]
    crs: CRS
    land: LandGroups
    priority: Sequence[str]
    on: dt.date | None
    keep_pieces: bool


@dataclass
class Batch:
    """Results of one batch; positions count within the batch until they are put together.

    Attributes
    ----------
    areas
        Parts of the ledger, ``(n,)`` each.
    codes
        Columns of the table of land classes.
    evidence
        Columns of the table of evidence, for each layer.
    """

    areas: Columns
    codes: Columns
    evidence: Mapping[str, Columns]
    repairs: list[vectors.Repair] = field(default_factory=list)
    pieces: gpd.GeoDataFrame | None = None


def run_batch(shapes: Geometries, plan: Plan) -> Batch:
    """Overlay patches (valid, in the working CRS) with all layers."""
    wholes = Wholes.of(shapes, Measure(plan.crs))
    repairs: list[vectors.Repair] = []
    survey, values = _cut(SURVEY, SURVEY_FIELDS, wholes, plan, repairs)
    parts = {
        name: covered(wholes, *_cut(name, ROLES[name].fields, wholes, plan, repairs))
        for name in ROLES
        if name in plan.sources
    }
    # before terms are looked at: a term that has run out still is evidence to show
    lists = {name: listed(part, name) for name, part in parts.items()}
    split = partition(wholes, survey, values["DLBM"], values["KCXS"], plan.land, plan.priority)
    columns = {"total": wholes.areas} | {name: split.groups[:, i] for i, name in enumerate(GROUPS)}
    columns |= {"uncovered": split.uncovered, "cultivated_net": split.groups[:, 0] - split.deducted}
    columns |= {"survey_overlap": split.overlap}
    columns |= _beside(wholes, parts, survey, split, plan)
    return Batch(
        areas=columns,
        codes=split.codes,
        evidence=lists,
        repairs=repairs,
        pieces=_kept(survey, values, parts, plan) if plan.keep_pieces else None,
    )


def _cut(
    name: str, fields: Sequence[str], wholes: Wholes, plan: Plan, repairs: list[vectors.Repair]
) -> tuple[Pieces, Mapping[str, NDArray[np.object_]]]:
    source = plan.sources[name]
    full = np.flatnonzero(~np.isnan(wholes.outlines.bounds[:, 0]))
    found = source.meeting(_boxes(wholes.outlines.bounds[full], plan.crs, source.crs), fields)
    pieces, mended = cut_sound(wholes, _moved(found, full, source.crs, plan.crs), coverage=name == SURVEY)
    repairs += _repairs(name, found, fields[0], mended, plan.crs)
    return pieces, found.values


def _moved(found: vectors.Features, asked: NDArray[np.intp], crs: CRS, target: CRS) -> vectors.Features:
    """Return features in the working CRS, near which of the patches `asked` for they are."""
    near = found.near and (asked[found.near[0]], found.near[1])
    if same(crs, target):
        found.near = near
        return found
    return vectors.Features(reproject(found.geometry, crs, target), found.number, found.values, near)


def _boxes(boxes: Array, crs: CRS, target: CRS) -> Array:
    """Return the boxes of patches in a layer's CRS."""
    if same(crs, target):
        return boxes
    margin = _BOX_MARGIN_M if not crs.is_geographic else _BOX_MARGIN_M / 111_000
    outlines = shapely.box(*(boxes + np.array([-margin, -margin, margin, margin])).T)
    return np.asarray(shapely.bounds(reproject(outlines, crs, target)))


def _repairs(
    name: str, found: vectors.Features, label: str, mended: Mended, crs: CRS
) -> list[vectors.Repair]:
    if not len(mended.rows):
        return []
    before, after = ellipsoidal_area(mended.before, crs), ellipsoidal_area(mended.after, crs)
    labels = [found.values[label][row] or found.number[row] for row in mended.rows]
    reasons = shapely.is_valid_reason(mended.before)
    return [
        vectors.Repair(f"{name}:{feature}", "self_crossing", "made_valid", float(a), float(b), str(reason))
        for feature, a, b, reason in zip(labels, before, after, reasons, strict=True)
    ]


def _beside(
    wholes: Wholes,
    parts: dict[str, Covered],
    survey: Pieces,
    split: Partition,
    plan: Plan,
) -> dict[str, Array]:
    """Columns of the layers beside the survey; NaN where a layer was not given."""
    count = len(wholes.areas)
    nothing = np.full(count, np.nan)
    expired = nothing
    if "LSYD" in parts and plan.on is not None:
        parts["LSYD"], expired = split_by_term(wholes, parts["LSYD"], plan.on)
    columns = {role.part: parts[n].area if n in parts else nothing for n, role in ROLES.items()}
    columns["outside_urban"] = np.maximum(wholes.areas - columns.pop("urban"), 0.0)
    columns["temporary_expired"] = expired
    cultivated, built = (
        Land(split.groups[:, i], survey.take(split.of_piece == i), split.single)
        for i in (GROUPS.index("cultivated"), GROUPS.index("construction"))
    )
    land = {"cultivated": cultivated}
    if "YJJBNTTB" in parts:
        land["pbf"] = parts["YJJBNTTB"]
        columns["pbf_construction"] = shared(wholes, land["pbf"], built)
    return columns | explain(wholes, parts, land)


def _kept(
    survey: Pieces, values: Mapping[str, NDArray[np.object_]], parts: Mapping[str, Covered], plan: Plan
) -> gpd.GeoDataFrame:
    """Pieces of all layers, for maps and export."""
    frames = [_frame(SURVEY, survey, values["BSM"], values["DLBM"])]
    frames += [_frame(name, p.pieces, p.values[ROLES[name].fields[0]]) for name, p in parts.items()]
    return gpd.GeoDataFrame(pd.concat(frames, ignore_index=True), geometry="geometry", crs=plan.crs)


def _frame(
    layer: str, pieces: Pieces, labels: NDArray[np.object_], codes: NDArray[np.object_] | None = None
) -> pd.DataFrame:
    feature = pieces.feature
    return pd.DataFrame(
        {
            "whole": pieces.whole,
            "layer": layer,
            "feature": pd.Series(labels[feature], dtype=object),
            "DLBM": pd.Series(
                codes[feature] if codes is not None else None, index=range(len(pieces)), dtype=object
            ),
            "area_m2": pieces.area,
            "geometry": pieces.geometry,
        }
    )
