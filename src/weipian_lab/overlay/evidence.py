"""Layers beside the survey: what each covers, what several cover, and what none explains."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from weipian_lab.overlay.cutting import Pieces, Wholes, union_area, union_each
from weipian_lab.overlay.dates import day_of
from weipian_lab.overlay.roles import EVIDENCE, ROLES

__all__ = ["Covered", "covered", "explain"]

Array = NDArray[np.float64]
_NOISE = 1e-9  # of a patch: what cutting may round away


@dataclass(frozen=True)
class Covered:
    """Patches under one layer.

    Attributes
    ----------
    area
        ``(n,)`` area under the layer, ground covered twice counted once.
    overlap
        ``(n,)`` area counted once though several of its polygons cover it.
    pieces
        The pieces, and the fields of their features.
    values
        Fields of the layer's features, ``(m,)`` each.
    """

    area: Array
    overlap: Array
    pieces: Pieces
    values: Mapping[str, NDArray[np.object_]]


def covered(wholes: Wholes, pieces: Pieces, values: Mapping[str, NDArray[np.object_]]) -> Covered:
    """Measure what one layer covers of each patch."""
    count = len(wholes.areas)
    area = np.zeros(count)
    whole, _, size = union_area(wholes, pieces, np.zeros(len(pieces), dtype=np.intp))
    area[whole] = size
    summed = np.bincount(pieces.whole, pieces.area, minlength=count)
    return Covered(np.minimum(area, wholes.areas), np.maximum(summed - area, 0.0), pieces, values)


def split_by_term(wholes: Wholes, part: Covered, on: dt.date) -> tuple[Covered, Array]:
    """Split temporary land into what is in force on a day (or has no expiry stated) and what has run out."""
    ends = [day_of(v) for v in part.values["DQRQ"]]
    over = np.array([end is not None and end < on for end in ends], dtype=bool)
    gone = over[part.pieces.feature] if len(part.pieces) else np.empty(0, dtype=bool)
    valid = covered(wholes, part.pieces.take(~gone), part.values)
    expired = covered(wholes, part.pieces.take(gone), part.values)
    return valid, expired.area


def explain(
    wholes: Wholes, parts: Mapping[str, Covered], land: Mapping[str, tuple[Pieces, Array]]
) -> dict[str, Array]:
    """Return what no evidence explains, in all and of some kinds of land, and what several explain.

    Parameters
    ----------
    parts
        Layers by name.
    land
        Kinds of land ("cultivated", "pbf"): their pieces, and their area in each patch.
    """
    given = [parts[name] for name in EVIDENCE if name in parts]
    areas = np.array([part.area for part in given]).reshape(len(given), len(wholes.areas))
    summed = areas.sum(axis=0)
    whole = _full(wholes, areas).any(axis=0)
    joined = np.where(whole, wholes.areas, summed)
    rows = np.flatnonzero((summed > 0) & ~whole)
    shapes = _joined([part.pieces for part in given], rows)
    several = (areas[:, rows] > 0).sum(axis=0) > 1
    joined[rows[several]] = np.minimum(
        _areas(wholes, shapes[several], rows[several]), wholes.areas[rows[several]]
    )
    result = {}
    for kind, (pieces, area) in land.items():
        full = _full(wholes, area)
        left = np.where(full, wholes.areas - joined, np.where(whole, 0.0, area))
        held = (area[rows] > 0) & ~full[rows]
        rest = shapely.difference(_joined([pieces], rows[held]), shapes[held])
        left[rows[held]] = _areas(wholes, rest, rows[held])
        result[f"unexplained_{kind}"] = np.clip(left, 0.0, area)
    result["unexplained"] = np.maximum(wholes.areas - joined, 0.0)
    result["double_covered"] = np.maximum(summed - joined, 0.0)
    return result


def _full(wholes: Wholes, area: Array) -> NDArray[np.bool_]:
    """Whether an area is all of its patch, but for what cutting rounds away."""
    return np.asarray(area >= wholes.areas * (1 - _NOISE))


def shared(wholes: Wholes, one: tuple[Pieces, Array], other: tuple[Pieces, Array]) -> Array:
    """Return the area that two layers both cover, ``(n,)``."""
    result = np.minimum(one[1], other[1])  # so it is where one of them covers the whole patch
    rows = np.flatnonzero((result > 0) & ~_full(wholes, np.maximum(one[1], other[1])))
    both = shapely.intersection(_joined([one[0]], rows), _joined([other[0]], rows))
    result[rows] = _areas(wholes, both, rows)
    return result


def listed(part: Covered, layer: str) -> pd.DataFrame:
    """Return the features over each patch with their fields: one row a piece."""
    feature = part.pieces.feature
    fields = ROLES[layer].fields
    columns: dict[str, Any] = {"whole": part.pieces.whole, "layer": layer, "area_m2": part.pieces.area}
    columns["feature"] = part.values[fields[0]][feature]
    return pd.DataFrame(columns | {f: part.values[f][feature] for f in fields})


def _joined(parts: Sequence[Pieces], rows: NDArray[np.intp]) -> NDArray[np.object_]:
    """Return the union of all pieces of each of some patches."""
    place = np.full(int(rows.max(initial=-1)) + 2, -1)
    place[rows] = np.arange(len(rows))
    kept = [p.take(np.isin(p.whole, rows)) for p in parts]
    at = place[np.concatenate([p.whole for p in kept])] if kept else np.empty(0, np.intp)
    pieces = np.concatenate([p.geometry for p in kept]) if kept else np.empty(0, dtype=object)
    return union_each(pieces, at, len(rows))


def _areas(wholes: Wholes, shapes: NDArray[np.object_], rows: NDArray[np.intp]) -> Array:
    return wholes.frame.measured(shapes, rows)[0]
