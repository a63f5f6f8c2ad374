"""Area on the ellipsoid (椭球面积).

The area between an edge and the equator is ∫ F(φ) dλ, where F is the area of a strip of one radian
from the equator to latitude φ (Snyder 1987, Map Projections: A Working Manual, eq. 3-12, times a²/2)::

    F(φ) = b²/2 · [ sin φ / (1 − e² sin² φ) + artanh(e sin φ) / e ]

Edges are straight in the layer's own CRS. A projected edge is cut into pieces of at most `max_edge_m`
that are taken as straight in longitude and latitude; the integral along each piece is done by quadrature.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import CRSError as ProjError

from weipian_lab.errors import CRSError, ParameterError

__all__ = ["ellipsoid_parameters", "ellipsoidal_area", "lonlat_rings"]

Array = NDArray[np.float64]

# a in metres and 1/f: GB 22021-2008 (CGCS2000) and NIMA TR8350.2 (WGS 84).
_ELLIPSOIDS = {"CGCS2000": (6378137.0, 298.257222101), "WGS84": (6378137.0, 298.257223563)}
_GEOGRAPHIC = {"CGCS2000": "EPSG:4490", "WGS84": "EPSG:4326"}
_DEGREES_PER_PIECE = 0.5
_CHUNK_VERTICES = 200_000
_POLYGON = int(shapely.GeometryType.POLYGON)
# Gauss–Legendre, three points on [0, 1]
_NODES = np.array([0.5 - np.sqrt(0.15), 0.5, 0.5 + np.sqrt(0.15)])
_WEIGHTS = np.array([5.0, 8.0, 5.0]) / 18.0


def ellipsoid_parameters(ellipsoid: str) -> tuple[float, float]:
    """Return semi-major axis in metres and inverse flattening of "CGCS2000", "WGS84" or a name pyproj knows.

    Raises
    ------
    ParameterError
        If the name is unknown.
    """
    if ellipsoid in _ELLIPSOIDS:
        return _ELLIPSOIDS[ellipsoid]
    try:
        geod = Geod(ellps=ellipsoid)
    except (KeyError, ProjError) as error:
        raise ParameterError(
            "errors.bad_choice", name="ellipsoid", value=ellipsoid, choices="CGCS2000, WGS84, GRS80, krass, …"
        ) from error
    return geod.a, 1.0 / geod.f if geod.f else np.inf


def ellipsoidal_area(
    geometries: Any,
    crs: Any,
    *,
    ellipsoid: str = "CGCS2000",
    edges: Literal["layer", "geodesic"] = "layer",
    max_edge_m: float = 10.0,
) -> Array:
    """Area on the ellipsoid, in m².

    Parameters
    ----------
    geometries
        Shapely geometry, sequence of them or GeoSeries; polygons and multipolygons with holes, any winding.
        Points, lines, empty geometries and None have no area (0.0). Z and M are not looked at.
    crs
        The layer's CRS, anything pyproj takes.
    ellipsoid
        "CGCS2000", "WGS84" or any name pyproj knows.
    edges
        "layer": edges are straight in the layer's own CRS, which is what the survey's rule means;
        "geodesic": edges are geodesics on the ellipsoid, as in GeographicLib.
    max_edge_m
        Longest piece, in metres on the map, that a projected edge is cut into.

    Returns
    -------
    ndarray
        ``(n,)`` float64, never negative for a valid polygon.

    Raises
    ------
    CRSError
        If the CRS is missing, unknown or has no tie to the Earth.
    ParameterError
        If another argument is out of range.

    Notes
    -----
    国土调查办发〔2008〕32号 asks for the same area by a series; see :func:`weipian_lab.area.trapezoid_area`.
    Geodesic areas: Karney (2013), Algorithms for geodesics, J. Geodesy 87, 43–55.
    """
    if edges not in ("layer", "geodesic"):
        raise ParameterError("errors.bad_choice", name="edges", value=edges, choices="layer, geodesic")
    a, rf = ellipsoid_parameters(ellipsoid)
    array = _as_array(geometries)
    if edges == "geodesic":
        return _sum_rings(array, crs, ellipsoid, None, partial(_geodesic, Geod(a=a, rf=rf)))
    return _sum_rings(array, crs, ellipsoid, max_edge_m, partial(_strips, a, rf))


def _as_array(geometries: Any) -> NDArray[np.object_]:
    if geometries is None or isinstance(geometries, shapely.Geometry):
        geometries = [geometries]
    return np.asarray(geometries, dtype=object).ravel()


def _sum_rings(
    geometries: NDArray[np.object_], crs: Any, ellipsoid: str, max_edge_m: float | None, ring_area: Any
) -> Array:
    """Outer rings less holes, parts added, in chunks so that memory does not grow with the layer."""
    result = np.zeros(len(geometries))
    for chunk in _chunks(geometries):
        rings, owner, sign = _rings(geometries[chunk])
        if len(rings):
            lon, lat, starts = lonlat_rings(rings, crs, ellipsoid=ellipsoid, max_edge_m=max_edge_m)
            np.add.at(result, owner + chunk.start, sign * np.abs(ring_area(lon, lat, starts)))
    if not len(geometries):
        _parse(crs)
    return result


def _chunks(geometries: NDArray[np.object_]) -> Sequence[slice]:
    """Slices of about `_CHUNK_VERTICES` vertices."""
    part = np.cumsum(shapely.get_num_coordinates(geometries) + 1) // _CHUNK_VERTICES
    cuts = [0, *(np.flatnonzero(np.diff(part)) + 1).tolist(), len(geometries)]
    return [slice(i, j) for i, j in pairwise(cuts) if j > i]


def _rings(
    geometries: NDArray[np.object_],
) -> tuple[NDArray[np.object_], NDArray[np.intp], Array]:
    """Return all rings, the geometry each belongs to, and +1 for an outer ring, −1 for a hole."""
    parts, owner = shapely.get_parts(geometries, return_index=True)
    while (shapely.get_type_id(parts) > _POLYGON).any():  # multipolygons and collections inside collections
        parts, inner = shapely.get_parts(parts, return_index=True)
        owner = owner[inner]
    polygon = shapely.get_type_id(parts) == _POLYGON
    parts, owner = parts[polygon], owner[polygon]
    rings, part = shapely.get_rings(parts, return_index=True)
    outer = np.r_[True, part[1:] != part[:-1]] if len(part) else np.empty(0, bool)
    return rings, owner[part], np.where(outer, 1.0, -1.0)


def lonlat_rings(
    rings: NDArray[np.object_], crs: Any, *, ellipsoid: str, max_edge_m: float | None
) -> tuple[Array, Array, NDArray[np.intp]]:
    """Return longitudes and latitudes in degrees of all rings, densified, and where each ring starts.

    Parameters
    ----------
    rings
        ``(n,)`` linear rings in `crs`.
    max_edge_m
        Longest piece in metres on the map; None keeps the vertices as they are.
    """
    layer = _parse(crs)
    if max_edge_m is not None:
        if not max_edge_m > 0:
            raise ParameterError("errors.not_positive", name="max_edge_m", value=max_edge_m)
        unit = layer.axis_info[0].unit_conversion_factor
        rings = shapely.segmentize(rings, _DEGREES_PER_PIECE if layer.is_geographic else max_edge_m / unit)
    xy, index = shapely.get_coordinates(rings, return_index=True)
    starts = np.flatnonzero(np.r_[True, index[1:] != index[:-1]])
    lon, lat = _transformer(layer.to_wkt(), _GEOGRAPHIC.get(ellipsoid)).transform(xy[:, 0], xy[:, 1])
    if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
        raise CRSError("errors.outside_crs", crs=layer.name)
    return np.asarray(lon), np.asarray(lat), starts


def _parse(crs: Any) -> CRS:
    if crs is None:
        raise CRSError("errors.no_crs", what="layer")
    try:
        parsed = CRS.from_user_input(crs)
    except ProjError as error:
        raise CRSError("errors.not_a_crs", crs=crs) from error
    if parsed.is_compound:
        parsed = parsed.sub_crs_list[0]
    if parsed.geodetic_crs is None or parsed.is_geocentric:
        raise CRSError("errors.not_a_crs", crs=parsed.name)
    return parsed


@lru_cache(maxsize=64)
def _transformer(wkt: str, geographic: str | None) -> Transformer:
    """Layer CRS to longitude and latitude; on the layer's own datum unless the ellipsoid names another."""
    source = CRS.from_wkt(wkt)
    target = CRS.from_user_input(geographic) if geographic else source.geodetic_crs
    return Transformer.from_crs(source, target, always_xy=True)


def _strips(a: float, rf: float, lon: Array, lat: Array, starts: NDArray[np.intp]) -> Array:
    """Signed ring areas from ∫ F(φ) dλ."""
    width, south, rise = np.radians(np.diff(lon)), np.radians(lat[:-1]), np.radians(np.diff(lat))
    # Longitude may jump by a turn where the projection wraps at the antimeridian.
    if np.abs(width).max(initial=0.0) > np.pi:
        width = (width + np.pi) % (2 * np.pi) - np.pi
    height = sum(w * _strip(a, rf, south + node * rise) for node, w in zip(_NODES, _WEIGHTS, strict=True))
    area = width * height
    area[starts[1:] - 1] = 0.0  # from the last vertex of a ring to the first of the next
    return np.asarray(-np.add.reduceat(area, np.minimum(starts, len(area) - 1)))


def _strip(a: float, rf: float, lat: Array) -> Array:
    """F(φ): area in m² per radian of longitude between the equator and latitude `lat` (radians)."""
    e2 = (2.0 - 1.0 / rf) / rf
    s = np.sin(lat)
    if e2 == 0.0:
        return np.asarray(a * a * s)
    e = np.sqrt(e2)
    return np.asarray(0.5 * a * a * (1.0 - e2) * (s / (1.0 - e2 * s * s) + np.arctanh(e * s) / e))


def _geodesic(geod: Geod, lon: ArrayLike, lat: ArrayLike, starts: NDArray[np.intp]) -> Array:
    rings = zip(np.split(np.asarray(lon), starts[1:]), np.split(np.asarray(lat), starts[1:]), strict=True)
    return np.array([geod.polygon_area_perimeter(x[:-1], y[:-1])[0] for x, y in rings])
