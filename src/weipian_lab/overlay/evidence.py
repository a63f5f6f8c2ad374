"""Layers beside the survey: what each covers, what several cover, and what none explains."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from weipian_lab.overlay.cutting import Pieces, Wholes, apart, union_area, union_each
from weipian_lab.overlay.dates import day_of
from weipian_lab.overlay.roles import EVIDENCE, ROLES
from weipian_lab.overlay.shared_ground import common_area

__all__ = ["Covered", "Land", "covered", "explain", "listed", "shared", "split_by_term"]

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]
_NOISE = 1e-9  # of a patch: what cutting may round away


@dataclass(frozen=True)
class Land:
    """One kind of land within patches.

    Attributes
    ----------
    area
        ``(n,)`` area of the kind, ground covered twice counted once.
    pieces
        The pieces of its features.
    single
        ``(n,)`` whether no two of the pieces overlap.
    """

    area: Array
    pieces: Pieces
    single: Bools


@dataclass(frozen=True)
class Covered(Land):
    """Patches under one layer.

    Attributes
    ----------
    overlap
        ``(n,)`` area counted once though several of its polygons cover it.
    values
        Fields of the layer's features, ``(m,)`` each.
    """

    overlap: Array
    values: Mapping[str, NDArray[np.object_]]


def covered(wholes: Wholes, pieces: Pieces, values: Mapping[str, NDArray[np.object_]]) -> Covered:
    """Measure what one layer covers of each patch."""
    count = len(wholes.areas)
    area, single = np.zeros(count), apart(wholes, pieces)
    whole, _, size = union_area(wholes, pieces, np.zeros(len(pieces), dtype=np.intp), single)
    area[whole] = size
    summed = np.bincount(pieces.whole, pieces.area, minlength=count)
    overlap = np.maximum(summed - area, 0.0)
    return Covered(np.minimum(area, wholes.areas), pieces, single, overlap, values)


def split_by_term(wholes: Wholes, part: Covered, on: dt.date) -> tuple[Covered, Array]:
    """Split temporary land into what is in force on a day (or has no expiry stated) and what has run out."""
    ends = [day_of(v) for v in part.values["DQRQ"]]
    over = np.array([end is not None and end < on for end in ends], dtype=bool)
    gone = over[part.pieces.feature] if len(part.pieces) else np.empty(0, dtype=bool)
    valid = covered(wholes, part.pieces.take(~gone), part.values)
    expired = covered(wholes, part.pieces.take(gone), part.values)
    return valid, expired.area


def explain(wholes: Wholes, parts: Mapping[str, Covered], land: Mapping[str, Land]) -> dict[str, Array]:
    """Return what no evidence explains, in all and of some kinds of land, and what several explain.

    Parameters
    ----------
    parts
        Layers by name.
    land
        Kinds of land ("cultivated", "pbf").
    """
    given = [parts[name] for name in EVIDENCE if name in parts]
    areas = np.array([part.area for part in given]).reshape(len(given), len(wholes.areas))
    summed = areas.sum(axis=0)
    whole = _full(wholes, areas).any(axis=0)
    joined = np.where(whole, wholes.areas, summed)
    partly = (summed > 0) & ~whole
    several = np.flatnonzero(partly & ((areas > 0).sum(axis=0) > 1))
    shapes = _joined([part.pieces for part in given], several)
    joined[several] = np.minimum(_areas(wholes, shapes, several), wholes.areas[several])
    result = {}
    for kind, own in land.items():
        full = _full(wholes, own.area)
        left = np.where(full, wholes.areas - joined, np.where(whole, 0.0, own.area))
        held = partly & (own.area > 0) & ~full
        left[held] -= _explained(wholes, given, areas, own, held)[held]
        result[f"unexplained_{kind}"] = np.clip(left, 0.0, own.area)
    result["unexplained"] = np.maximum(wholes.areas - joined, 0.0)
    result["double_covered"] = np.maximum(summed - joined, 0.0)
    return result


def _explained(wholes: Wholes, given: Sequence[Covered], areas: Array, land: Land, wanted: Bools) -> Array:
    """Return the area of a kind of land in the patches `wanted` that evidence covers, ``(n,)``."""
    result, left = np.zeros(len(wanted)), wanted.copy()
    for part, area in zip(given, areas, strict=True):
        alone = left & (area > 0) & (areas.sum(axis=0) == area) & part.single & land.single
        found, done = common_area(wholes, part.pieces, land.pieces, alone)
        result += found
        left &= ~done
    rows = np.flatnonzero(left)
    one, other = _joined([part.pieces for part in given], rows), _joined([land.pieces], rows)
    result[rows] = _areas(wholes, shapely.intersection(one, other), rows)
    return result


def _full(wholes: Wholes, area: Array) -> Bools:
    """Whether an area is all of its patch, but for what cutting rounds away."""
    return np.asarray(area >= wholes.areas * (1 - _NOISE))


def shared(wholes: Wholes, one: Land, other: Land) -> Array:
    """Return the area that two kinds of land both cover, ``(n,)``."""
    result = np.minimum(one.area, other.area)  # so it is where one of them covers the whole patch
    partly = (result > 0) & ~_full(wholes, np.maximum(one.area, other.area))
    found, done = common_area(wholes, one.pieces, other.pieces, partly & one.single & other.single)
    result[done] = found[done]
    rows = np.flatnonzero(partly & ~done)
    both = shapely.intersection(_joined([one.pieces], rows), _joined([other.pieces], rows))
    result[rows] = _areas(wholes, both, rows)
    return result


def listed(part: Covered, layer: str) -> dict[str, NDArray[Any]]:
    """Return the features over each patch with their fields as columns: one row a piece."""
    feature = part.pieces.feature
    fields = ROLES[layer].fields
    columns: dict[str, NDArray[Any]] = {"whole": part.pieces.whole, "area_m2": part.pieces.area}
    columns["feature"] = part.values[fields[0]][feature]
    return columns | {f: part.values[f][feature] for f in fields}


def _joined(parts: Sequence[Pieces], rows: NDArray[np.intp]) -> NDArray[np.object_]:
    """Return the union of all pieces of each of some patches."""
    if not len(rows):
        return np.empty(0, dtype=object)
    place = np.full(int(rows.max()) + 2, -1)
    place[rows] = np.arange(len(rows))
    kept = [p.take(place[np.minimum(p.whole, len(place) - 1)] >= 0) for p in parts]
    at = place[np.concatenate([p.whole for p in kept])] if kept else np.empty(0, np.intp)
    pieces = np.concatenate([p.geometry for p in kept]) if kept else np.empty(0, dtype=object)
    return union_each(pieces, at, len(rows))


def _areas(wholes: Wholes, shapes: NDArray[np.object_], rows: NDArray[np.intp]) -> Array:
    if not len(rows):
        return np.empty(0)
    return wholes.frame.measured(shapes, rows)[0]
