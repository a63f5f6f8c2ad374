"""台账: the area ledger of a batch of patches, exact before rounding, adjusted after."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from weipian_lab import vectors
from weipian_lab.area import adjust, m2_to_mu, round_half_up, round_mu
from weipian_lab.errors import InputError, ParameterError
from weipian_lab.overlay import together
from weipian_lab.overlay.batches import Batch, Plan
from weipian_lab.overlay.classes import LandGroups
from weipian_lab.overlay.elements import Measure
from weipian_lab.overlay.hints import no_overlap
from weipian_lab.overlay.roles import SURVEY, sources
from weipian_lab.overlay.survey import GROUPS
from weipian_lab.overlay.tables import _ids, _valid
from weipian_lab.overlay.workers import run_batches
from weipian_lab.overlay.working import parse, reproject
from weipian_lab.rulebook import Rulebook

__all__ = ["PARTS", "SUMMANDS", "Ledger", "ledger"]

SUMMANDS = (*GROUPS, "uncovered")
"""Parts that sum to the total."""

PARTS = (
    "total",
    "cultivated",
    "pbf",
    "other_agricultural",
    "unused",
    "construction",
    "redline",
    "outside_urban",
    "approved",
    "filed",
    "temporary",
    "unexplained",
    "double_covered",
    "uncovered",
    "cultivated_net",
    "unexplained_cultivated",
    "unexplained_pbf",
    "temporary_expired",
    "rural_road",
    "pbf_construction",
    "survey_overlap",
)
"""Parts of the ledger in the order of its columns."""

_BATCH = 1000
_LOAD_M = 300.0  # side of the box of a patch that counts for one
_STEP_M2 = 0.01


@dataclass(frozen=True)
class Ledger:
    """Areas of patches under management layers.

    Attributes
    ----------
    areas
        Index patch id, a column for each of :data:`PARTS`, m² on the ellipsoid, not rounded; NaN where the
        layer it takes was not given.
    codes
        ``patch_id, DLBM, area_m2``: one row for each land class in each patch.
    evidence
        ``patch_id, layer, feature, area_m2`` and the layer's fields: one row for each feature over a patch.
    layers
        Layer → what its version is.
    repairs
        Faulty features met and what was done.
    pieces
        Pieces of all layers, if they were kept.
    shapes, crs
        The patches in the working CRS, if pieces were kept, and that CRS.
    scheme, count
        Scheme of the land classes; "gross" or "net" of 田坎.
    """

    areas: pd.DataFrame
    codes: pd.DataFrame
    evidence: pd.DataFrame
    layers: Mapping[str, str]
    scheme: str
    count: Literal["gross", "net"] = "gross"
    repairs: tuple[vectors.Repair, ...] = ()
    pieces: gpd.GeoDataFrame | None = field(default=None, repr=False)
    shapes: NDArray[np.object_] | None = field(default=None, repr=False)
    crs: Any = None

    def table(self, step_mu: float = 0.01) -> pd.DataFrame:
        """Return the ledger as written: ``<part>_m2``, ``<part>_mu``, rounded, the summands adjusted (平差).

        Parameters
        ----------
        step_mu
            Rounding unit in 亩 (the rulebook's T-ROUND-MU).
        """
        areas = self.areas
        total_m2 = round_half_up(areas["total"].to_numpy(), _STEP_M2)
        summands = areas[list(SUMMANDS)].to_numpy()
        whole = areas["total"].to_numpy()
        m2 = dict(zip(SUMMANDS, adjust(summands, whole, step=_STEP_M2).T, strict=True))
        mu = dict(zip(SUMMANDS, adjust(m2_to_mu(summands), m2_to_mu(whole), step=step_mu).T, strict=True))
        columns: dict[str, Any] = {}
        for part in PARTS:
            values = areas[part].to_numpy()
            held = np.isfinite(values)
            for name, given, rounded in (("m2", m2, None), ("mu", mu, step_mu)):
                if part in given:
                    columns[f"{part}_{name}"] = given[part]
                    continue
                out = np.full(len(values), np.nan)
                out[held] = (
                    round_half_up(values[held], _STEP_M2)
                    if rounded is None
                    else round_mu(values[held], step_mu)
                )
                columns[f"{part}_{name}"] = out
        columns["total_m2"] = total_m2
        return pd.DataFrame(columns, index=areas.index)


def ledger(
    patches: gpd.GeoDataFrame,
    layers: Mapping[str, Any],
    rulebook: Rulebook,
    *,
    id: str = "patch_id",
    on: dt.date | None = None,
    scheme: str | None = None,
    count: Literal["gross", "net"] = "gross",
    priority: Sequence[str] = GROUPS,
    keep_pieces: bool = False,
    workers: int = 2,
    progress: Callable[[int, int], None] | None = None,
) -> Ledger:
    """Overlay patches with management layers.

    The working CRS is the survey's (DLTB): its edges are straight there, and patches and the other layers
    are brought to it with their edges densified. Layers are read by batches of patches, near them only.

    Parameters
    ----------
    patches
        Polygons with the column `id`; faulty ones are repaired and listed.
    layers
        Layer name of the survey database (DLTB, YJJBNTTB, STBHHX, CZKFBJ, YDSP, SSNYD, LSYD, NCDL) →
        source, layer, frame or path. DLTB is needed, the others may be left out.
    rulebook
        Gives the land group of each class.
    on
        Day for terms: temporary land that has run out by then explains nothing. None takes no term.
    scheme
        Scheme of land classes; None takes what the survey layer says.
    count
        "gross", or "net" of 田坎: what KCXS takes off cultivated land counts as other agricultural land.
    priority
        Order of the land groups for ground that survey polygons cover twice.
    keep_pieces
        Keep the pieces for maps and export.
    workers
        Batches at work at a time: in copies of this process on Linux where no other Python thread runs,
        else in threads.
    progress
        Called with (patches done, patches in all).

    Raises
    ------
    InputError
        If no patch meets the survey layer; says which zone would fit.
    RulebookError
        If the scheme has no such land class.
    """
    if count not in ("gross", "net"):
        raise ParameterError("errors.bad_choice", name="count", value=count, choices="gross, net")
    if sorted(priority) != sorted(GROUPS):
        raise ParameterError(
            "errors.bad_choice", name="priority", value=", ".join(priority), choices=", ".join(GROUPS)
        )
    ids = _ids(patches, id)
    found = sources(layers)
    crs = parse(found[SURVEY].crs, SURVEY)
    shapes, mended = _patch_shapes(patches, crs, ids)
    no_overlap(shapes, found[SURVEY], crs)
    land = LandGroups(rulebook, scheme or found[SURVEY].meta.dl_scheme)
    plan = Plan(found, crs, land, tuple(priority), on, keep_pieces)
    parts = _batches(shapes, (_LOAD_M / Measure(crs).metres_per_unit()) ** 2, workers)
    batches = run_batches([shapes[rows] for rows in parts], plan, workers, progress)
    made = _together(batches, parts, ids, plan, count, mended)
    return replace(made, shapes=shapes if keep_pieces else None, crs=crs)


def _patch_shapes(
    patches: gpd.GeoDataFrame, crs: Any, ids: pd.Index
) -> tuple[NDArray[np.object_], list[vectors.Repair]]:
    if not len(patches):
        raise InputError("overlay.no_patches")
    before = np.asarray(patches.geometry.array, dtype=object)
    shapes, _ = _valid(before)
    mended = np.flatnonzero([a is not b for a, b in zip(shapes, before, strict=True)])
    repairs = [
        vectors.Repair(f"patches:{ids[int(i)]}", "self_crossing", "made_valid", detail=reason)
        for i, reason in zip(mended, shapely.is_valid_reason(before[mended]), strict=True)
    ]
    return reproject(shapes, parse(patches.crs, "patches"), crs), repairs


def _batches(shapes: NDArray[np.object_], size: float, workers: int) -> list[NDArray[np.intp]]:
    """Rows of patches that lie near each other: as many in a batch, or as large, as make up `size` patches.

    A batch's features are in memory at a time: a patch with the box of a hundred counts for a hundred.
    """
    box = np.nan_to_num(shapely.bounds(shapes))
    points = gpd.points_from_xy((box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2)
    order = np.argsort(gpd.GeoSeries(points).hilbert_distance().to_numpy(), kind="stable")
    sides = (box[:, 2:] - box[:, :2])[order]
    load = np.cumsum(np.maximum(1.0, sides.prod(axis=1) / size))
    count = -(-load[-1] // _BATCH)
    count = min(len(order), -(-count // workers) * workers)  # none of the workers is to wait at the end
    place = np.minimum(load / load[-1] * count - 1e-9, count - 1).astype(np.intp)
    return np.split(order, np.flatnonzero(np.diff(place)) + 1)


def _together(
    batches: list[Batch],
    parts: list[NDArray[np.intp]],
    ids: pd.Index,
    plan: Plan,
    count: Literal["gross", "net"],
    mended: list[vectors.Repair],
) -> Ledger:
    areas = together.areas(batches, parts, ids, PARTS)
    if count == "net":
        taken = areas["cultivated"] - areas["cultivated_net"]
        areas["cultivated"] -= taken
        areas["other_agricultural"] += taken
    repairs = {r.feature: r for b in batches for r in b.repairs}
    kept = [r for s in plan.sources.values() for r in s.repairs]
    return Ledger(
        areas=areas,
        codes=together.codes(batches, parts, ids),
        evidence=together.evidence(batches, parts, ids),
        layers={name: s.meta.shown() for name, s in plan.sources.items()},
        scheme=plan.land.scheme,
        count=count,
        repairs=(*mended, *kept, *(repairs[k] for k in sorted(repairs))),
        pieces=together.pieces(batches, parts, ids) if plan.keep_pieces else None,
    )
