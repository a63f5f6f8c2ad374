"""Forms in which polygons, a CRS and an ellipsoid may be given to the functions of this package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.crs import Ellipsoid  # type: ignore[attr-defined]  # documented there, not in __all__
from pyproj.exceptions import CRSError as ProjError
from pyproj.list import get_ellps_map
from shapely.geometry import shape

from weipian_lab.errors import CRSError, ParameterError

__all__ = ["ellipsoid_name", "ellipsoid_parameters", "horizontal", "polygons", "stated_crs"]

# a in metres and 1/f: GB 22021-2008 (CGCS2000) and NIMA TR8350.2 (WGS 84).
_ELLIPSOIDS = {"CGCS2000": (6378137.0, 298.257222101), "WGS84": (6378137.0, 298.257223563)}
_RING = 3  # points that make a ring


def ellipsoid_name(ellipsoid: str) -> str:
    """Return "CGCS2000" or "WGS84" however spelt, other names as they are.

    >>> ellipsoid_name("wgs 84"), ellipsoid_name("krass")
    ('WGS84', 'krass')
    """
    plain = str(ellipsoid).upper().replace(" ", "").replace("-", "")
    return plain if plain in _ELLIPSOIDS else str(ellipsoid)


@lru_cache(maxsize=64)
def ellipsoid_parameters(ellipsoid: str) -> tuple[float, float]:
    """Return semi-major axis in metres and inverse flattening (inf for a sphere) of an ellipsoid.

    Parameters
    ----------
    ellipsoid
        "CGCS2000", "WGS84" or a name pyproj knows, short ("krass", "GRS80") or long ("Krassowsky 1940").

    Raises
    ------
    ParameterError
        If the name is unknown.
    """
    name = ellipsoid_name(ellipsoid)
    if name in _ELLIPSOIDS:
        return _ELLIPSOIDS[name]
    short = {key.upper(): values for key, values in get_ellps_map().items()}.get(name.upper())
    if short:
        a = float(short["a"])
        rf = float(short["rf"]) if "rf" in short else a / (a - short["b"]) if short["b"] != a else np.inf
        return a, rf
    try:
        found = Ellipsoid.from_name(name)
    except (ProjError, TypeError) as error:
        raise ParameterError(
            "errors.bad_choice", name="ellipsoid", value=ellipsoid, choices="CGCS2000, WGS84, GRS80, krass, …"
        ) from error
    return float(found.semi_major_metre), float(found.inverse_flattening) or np.inf


def horizontal(crs: Any) -> CRS:
    """Return the horizontal part of a CRS given in any form pyproj takes.

    Raises
    ------
    CRSError
        If it is missing, unknown or has no tie to the Earth.
    """
    if crs is None:
        raise CRSError("errors.no_crs", what="layer")
    try:
        parsed = CRS.from_user_input(int(crs) if isinstance(crs, float) and crs.is_integer() else crs)
    except ProjError as error:
        raise CRSError("errors.not_a_crs", crs=crs) from error
    if parsed.is_compound:
        parsed = parsed.sub_crs_list[0]
    if parsed.geodetic_crs is None or parsed.is_geocentric:
        raise CRSError("errors.not_a_crs", crs=parsed.name)
    return parsed


def stated_crs(geometries: Any, crs: Any) -> CRS:
    """Return the CRS given, or the one a GeoSeries or GeoDataFrame states of itself.

    Raises
    ------
    CRSError
        If neither is there, or they are two.
    """
    own = None if isinstance(geometries, shapely.Geometry) else getattr(geometries, "crs", None)
    parsed = horizontal(own if crs is None else crs)
    if own is not None and not horizontal(own).equals(parsed, ignore_axis_order=True):
        raise CRSError("errors.two_crs", stated=horizontal(own).name, given=parsed.name)
    return parsed


def polygons(geometries: Any) -> NDArray[np.object_]:
    """Return geometries as an array, ``(n,)``.

    Parameters
    ----------
    geometries
        A shapely geometry or None; a sequence of them, GeoSeries or GeoDataFrame; a ring of (x, y) pairs, or
        a sequence of such rings, each a polygon; GeoJSON mappings and what has ``__geo_interface__``.

    Raises
    ------
    ParameterError
        If it is something else, or a coordinate is not finite.
    """
    if hasattr(geometries, "geometry") and not isinstance(geometries, (shapely.Geometry, Mapping)):
        geometries = geometries.geometry  # GeoDataFrame, GeoSeries
    if geometries is None or isinstance(geometries, (shapely.Geometry, Mapping)) or _is_ring(geometries):
        geometries = [geometries]
    if isinstance(geometries, (str, bytes)) or not hasattr(geometries, "__iter__"):
        raise ParameterError("errors.not_geometries", found=type(geometries).__name__)
    if isinstance(geometries, np.ndarray) and geometries.dtype == object:
        geometries = geometries.ravel()
    items = list(geometries)
    array = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        array[i] = item if isinstance(item, shapely.Geometry) else _one(item)
    if not np.isfinite(shapely.get_coordinates(array)).all():
        raise ParameterError("errors.not_finite", row=_first_unbounded(array))
    return array


def _one(item: Any) -> Any:
    """Return one item as a geometry; None, NaN and NA are none."""
    if item is None or item is np.nan or (np.isscalar(item) and item != item) or str(item) == "<NA>":
        return None
    if _is_ring(item):
        return shapely.Polygon(item) if len(item) >= _RING else shapely.Polygon()
    item = getattr(item, "__geo_interface__", item)
    if isinstance(item, Mapping) and "type" in item:
        if item["type"] == "FeatureCollection":
            return shapely.GeometryCollection([shape(f["geometry"]) for f in item["features"]])
        return shape(item["geometry"] if item["type"] == "Feature" else item)
    raise ParameterError("errors.not_geometries", found=type(item).__name__)


def _is_ring(item: Any) -> bool:
    """Whether something is a sequence of coordinate pairs (or triples, whose third is not looked at)."""
    if isinstance(item, np.ndarray):
        return item.ndim == 2 and item.shape[1] in (2, 3) and item.dtype != object
    if not isinstance(item, Sequence) or isinstance(item, (str, bytes)) or not len(item):
        return False
    return all(
        isinstance(point, (Sequence, np.ndarray))
        and len(point) in (2, 3)
        and all(np.isscalar(value) and not isinstance(value, str) for value in point)
        for point in item
    )


def _first_unbounded(array: NDArray[np.object_]) -> int:
    for i, geometry in enumerate(array):
        if not np.isfinite(shapely.get_coordinates(geometry)).all():
            return i
    return -1
