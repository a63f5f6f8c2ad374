"""Cut shapes that follow no field, such as a river, out of a coverage so that it stays one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

__all__ = ["Cut", "Feature", "cut"]

SLIVER_M2 = 160.0  # smaller leftovers go to the feature that cut them off


@dataclass(frozen=True, slots=True)
class Feature:
    """A shape to cut out and what lies there."""

    polygon: shapely.Polygon
    kind: str


@dataclass(frozen=True, slots=True)
class Cut:
    """Parcels after a cut: polygons, the parcel each was part of, and its new kind ("" as before).

    The first `uncut` parcels are as they were.
    """

    polygon: NDArray[np.object_]
    source: NDArray[np.int64]
    kind: NDArray[np.str_]
    uncut: int


def cut(
    polygons: NDArray[np.object_],
    group: NDArray[np.int64],
    feature: Feature,
    bounds: NDArray[np.float64] | None = None,
) -> Cut:
    """Cut one feature out of a coverage.

    Parameters
    ----------
    polygons
        ``(n,)`` a coverage.
    group
        ``(n,)`` pieces of the feature are kept apart by the group of the parcels they came from.
    bounds
        ``(n, 4)`` bounds of `polygons` where the caller has them: they take long for many parcels.

    Returns
    -------
    Cut
        Uncut parcels first, in their order; vertices are rounded to a millimetre, shared ones alike.
    """
    box = shapely.bounds(polygons) if bounds is None else bounds
    west, south, east, north = feature.polygon.bounds
    near = (box[:, 0] <= east) & (box[:, 2] >= west) & (box[:, 1] <= north) & (box[:, 3] >= south)
    rows = np.flatnonzero(near)
    shapely.prepare(feature.polygon)
    rows = rows[shapely.intersects(feature.polygon, polygons[rows])]
    hit = np.zeros(len(polygons), bool)
    hit[rows] = True
    if not len(rows):
        return Cut(polygons, np.arange(len(polygons)), np.full(len(polygons), "", "U16"), len(polygons))
    lines = shapely.union_all([*shapely.boundary(polygons[rows]), feature.polygon.boundary])
    faces = shapely.get_parts(shapely.polygonize([lines]))
    point = shapely.point_on_surface(faces)
    face, place = shapely.STRtree(polygons[rows]).query(point, predicate="within")
    owner = np.full(len(faces), -1)
    owner[face] = rows[place]
    faces, point, owner = faces[owner >= 0], point[owner >= 0], owner[owner >= 0]
    inside = shapely.contains(feature.polygon, point)
    touched = np.isin(owner, owner[inside])
    inside |= (shapely.area(faces) < SLIVER_M2) & touched
    outer = _merge(faces[~inside], owner[~inside])
    water = _merge(faces[inside], group[owner[inside]])
    first = {g: int(owner[inside][group[owner[inside]] == g][0]) for g in set(water[1].tolist())}
    shapes = np.concatenate([polygons[~hit], _rounded(outer[0]), _rounded(water[0])])
    source = np.concatenate([np.flatnonzero(~hit), outer[1], [first[g] for g in water[1].tolist()]]).astype(
        np.int64
    )
    kind = np.full(len(shapes), "", "U16")
    kind[len(shapes) - len(water[0]) :] = feature.kind
    return Cut(shapes, source, kind, len(polygons) - len(rows))


def _merge(
    faces: NDArray[np.object_], name: NDArray[np.int64]
) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    """Union faces of one name, into single polygons."""
    order = np.argsort(name, kind="stable")
    names, starts = np.unique(name[order], return_index=True)
    shapes: list[shapely.Polygon] = []
    owners: list[int] = []
    for one, part in zip(names.tolist(), np.split(order, starts[1:]), strict=True):
        pieces = shapely.get_parts(shapely.coverage_union_all(faces[part])).tolist()
        pieces.sort(key=lambda p: p.bounds)
        shapes += pieces
        owners += [one] * len(pieces)
    return np.array(shapes, dtype=object), np.array(owners, np.int64)


def _rounded(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    return np.asarray(shapely.transform(shapes, lambda xy: np.round(xy, 3))) if len(shapes) else shapes
