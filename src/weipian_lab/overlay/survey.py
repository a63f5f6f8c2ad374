"""The exact partition of patches by the land survey: four land groups and what is not covered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from weipian_lab.errors import SchemaError
from weipian_lab.overlay.classes import LandGroups
from weipian_lab.overlay.cutting import Pieces, Wholes, apart, groups, union_area

__all__ = ["GROUPS", "Partition", "partition"]

GROUPS = ("cultivated", "other_agricultural", "unused", "construction")
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Partition:
    """Areas of the land groups within patches.

    Attributes
    ----------
    groups
        ``(n, 4)`` areas in the order of :data:`GROUPS`; ground covered twice goes to the group first in
        the priority.
    uncovered
        ``(n,)`` area no polygon covers.
    deducted
        ``(n,)`` part of the cultivated area that KCXS takes off (田坎).
    overlap
        ``(n,)`` area counted once though polygons cover it more often.
    codes
        Columns ``whole, DLBM, area_m2``, one row for each class in each patch, sorted.
    of_piece
        ``(len(pieces),)`` position in :data:`GROUPS` of each piece's group.
    single
        ``(n,)`` whether no two parcels overlap within the patch.
    """

    groups: Array
    uncovered: Array
    deducted: Array
    overlap: Array
    codes: Mapping[str, NDArray[Any]]
    of_piece: NDArray[np.intp]
    single: NDArray[np.bool_]


def partition(
    wholes: Wholes,
    pieces: Pieces,
    dlbm: NDArray[np.object_],
    kcxs: NDArray[np.object_],
    land: LandGroups,
    priority: Sequence[str] = GROUPS,
) -> Partition:
    """Partition patches by land group.

    Parameters
    ----------
    pieces
        Pieces of the patches by the survey's parcels.
    dlbm, kcxs
        Land-class code and share deducted of each parcel.
    land
        Which group a code belongs to.
    priority
        Which group takes ground that parcels of two groups cover.

    Raises
    ------
    SchemaError
        If a parcel under a patch has no land-class code.
    """
    codes, names = _codes(dlbm, pieces)
    group_of = np.array([GROUPS.index(land(str(name))) for name in names], dtype=np.intp)
    group = group_of[codes]
    count = len(wholes.areas)
    summed = np.zeros((count, len(GROUPS)))
    np.add.at(summed, (pieces.whole, group), pieces.area)
    areas = summed.copy()
    single = apart(wholes, pieces)
    _count_once(areas, wholes, pieces, group, [GROUPS.index(name) for name in priority], single)
    share = _shares(kcxs)[pieces.feature] * (group == 0)
    taken: Array = np.bincount(pieces.whole, pieces.area * share, minlength=count).astype(np.float64)
    taken *= np.divide(areas[:, 0], summed[:, 0], out=np.ones(count), where=summed[:, 0] > 0)
    whole, code, area = union_area(wholes, pieces, codes, single)
    return Partition(
        groups=areas,
        uncovered=np.maximum(wholes.areas - areas.sum(axis=1), 0.0),
        deducted=taken,
        overlap=np.maximum(summed.sum(axis=1) - areas.sum(axis=1), 0.0),
        codes={"whole": whole, "DLBM": np.asarray(names, dtype=object)[code], "area_m2": area},
        of_piece=group,
        single=single,
    )


def _codes(dlbm: NDArray[np.object_], pieces: Pieces) -> tuple[NDArray[np.intp], NDArray[np.object_]]:
    """Return the number of each piece's class, and the classes, sorted."""
    number, found = pd.factorize(dlbm[pieces.feature])
    stripped = [str(code).strip() for code in found]
    blank = np.isin(number, [-1, *(i for i, code in enumerate(stripped) if code in ("", "nan"))])
    if blank.any():
        raise SchemaError("overlay.no_code", count=len(np.unique(pieces.feature[blank])))
    names, place = np.unique(np.array(stripped, dtype=object), return_inverse=True)
    return place[number], names


def _shares(kcxs: NDArray[np.object_]) -> Array:
    values = pd.to_numeric(pd.Series(kcxs, dtype=object), errors="coerce").fillna(0.0).to_numpy(dtype=float)
    return np.where((values >= 0) & (values <= 1), values, 0.0)


def _count_once(
    areas: Array,
    wholes: Wholes,
    pieces: Pieces,
    group: NDArray[np.intp],
    priority: list[int],
    single: NDArray[np.bool_],
) -> None:
    """Replace, in place, the areas of patches whose pieces overlap."""
    if single.all():
        return
    for whole, rows in groups(pieces):
        if single[whole]:
            continue
        shapes = pieces.shapes(np.arange(rows.start, rows.stop))
        joined: shapely.Geometry = shapely.union_all(shapes)
        covered = _measure(wholes, joined, whole)
        if pieces.area[rows].sum() - covered <= 1e-9 * covered:
            continue
        done, so_far = shapely.Polygon(), 0.0
        for number in priority:
            own = shapes[group[rows] == number]
            done = shapely.union_all([done, *own])
            area = _measure(wholes, done, whole)
            areas[whole, number] = area - so_far
            so_far = area


def _measure(wholes: Wholes, shape: shapely.Geometry, whole: int) -> float:
    one = np.array([shape], dtype=object)
    return float(wholes.frame.measured(one, np.array([whole]))[0][0])
