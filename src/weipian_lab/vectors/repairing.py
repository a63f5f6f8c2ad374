"""Geometries as they come → valid polygons, with a list of every fault and what was done."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from weipian_lab.area import ellipsoidal_area
from weipian_lab.vectors.model import Repair

__all__ = ["repair"]

Geometries = NDArray[np.object_]
_POLYGON, _MULTIPOLYGON = int(shapely.GeometryType.POLYGON), int(shapely.GeometryType.MULTIPOLYGON)


def repair(frame: gpd.GeoDataFrame, labels: NDArray[np.object_]) -> tuple[gpd.GeoDataFrame, list[Repair]]:
    """Return the frame with plane, valid polygons (or None where there is no ground), and the repairs.

    Parameters
    ----------
    frame
        Any geometries; None and empty ones allowed.
    labels
        ``(n,)`` what each feature is called in the list of repairs.
    """
    shapes = np.asarray(frame.geometry.array, dtype=object)
    if shapely.has_z(shapes).any() or shapely.has_m(shapes).any():
        shapes = np.asarray(shapely.force_2d(shapes), dtype=object)
    shapes, endless = _finite(shapes, labels)
    shapes, found = _ground(shapes, labels)
    shapes, crossed = _uncross(shapes, labels, frame.crs)
    told = {row for row, _ in endless}
    found = [pair for pair in found if pair[0] not in told]
    repairs = sorted([*endless, *found, *crossed], key=lambda pair: pair[0])
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=frame.crs)), [
        r for _, r in repairs
    ]


def _finite(shapes: Geometries, labels: NDArray[np.object_]) -> tuple[Geometries, list[tuple[int, Repair]]]:
    """Set aside geometries with a coordinate that is no number."""
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    rows = np.unique(owner[~np.isfinite(xy).all(axis=1)])
    if not len(rows):
        return shapes, []
    shapes = shapes.copy()
    shapes[rows] = None
    return shapes, [(int(row), Repair(str(labels[row]), "not_finite", "set_aside")) for row in rows]


def _ground(shapes: Geometries, labels: NDArray[np.object_]) -> tuple[Geometries, list[tuple[int, Repair]]]:
    """Keep polygons only; say which features have none."""
    kinds = shapely.get_type_id(shapes)
    empty = shapely.is_empty(shapes) & (kinds >= 0)
    plain = ((kinds == _POLYGON) | (kinds == _MULTIPOLYGON)) & ~empty
    if plain.all():
        return shapes, []
    shapes, found = shapes.copy(), []
    for row in np.flatnonzero(~plain):
        fault, action, kept = _one(shapes[row])
        shapes[row] = kept
        found.append((int(row), Repair(str(labels[row]), fault, action)))
    return shapes, found


def _one(shape: shapely.Geometry | None) -> tuple[str, str, shapely.Geometry | None]:
    if shape is None:
        return "no_geometry", "set_aside", None
    if shape.is_empty:
        return "empty", "set_aside", None
    parts = _polygons(shape)
    if not parts:
        return "not_polygon", "set_aside", None
    return "mixed", "polygons_kept", shapely.multipolygons(parts) if len(parts) > 1 else parts[0]


def _polygons(shape: shapely.Geometry) -> list[shapely.Geometry]:
    parts = shapely.get_parts(shape).tolist()
    if len(parts) == 1 and parts[0] == shape:
        return parts if shapely.get_type_id(shape) == _POLYGON else []
    return [polygon for part in parts for polygon in _polygons(part)]


def _uncross(
    shapes: Geometries, labels: NDArray[np.object_], crs: object
) -> tuple[Geometries, list[tuple[int, Repair]]]:
    """Make crossing rings valid by their structure: shells are joined, holes cut out."""
    bad = np.flatnonzero(~shapely.is_valid(shapes) & ~shapely.is_missing(shapes))
    if not len(bad):
        return shapes, []
    reasons = shapely.is_valid_reason(shapes[bad])
    mended = shapely.make_valid(shapes[bad], method="structure", keep_collapsed=False)
    before, after = _areas(shapes[bad], crs), _areas(mended, crs)
    shapes, found = shapes.copy(), []
    for row, shape, reason, area0, area1 in zip(bad, mended, reasons, before, after, strict=True):
        gone = shape.is_empty
        shapes[row] = None if gone else shape
        action = "set_aside" if gone else "made_valid"
        fault = Repair(str(labels[row]), "self_crossing", action, float(area0), float(area1), reason)
        found.append((int(row), fault))
    return shapes, found


def _areas(shapes: Geometries, crs: object) -> NDArray[np.float64]:
    if crs is None:
        return np.asarray(np.abs(shapely.area(shapes)), dtype=np.float64)
    return ellipsoidal_area(shapes, crs)
