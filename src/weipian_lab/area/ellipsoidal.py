"""Area on the ellipsoid (椭球面积).

The area between an edge and the equator is ∫ F(φ) dλ, where F is the area of a strip of one radian
from the equator to latitude φ (Snyder 1987, Map Projections: A Working Manual, eq. 3-12, times a²/2)::

    F(φ) = b²/2 · [ sin φ / (1 − e² sin² φ) + artanh(e sin φ) / e ]

Edges are straight in the layer's own CRS. A projected edge is cut into pieces of at most `max_edge_m`
that are taken as straight in longitude and latitude; the integral along each piece is done by quadrature.

A ring of a projected layer may go around a pole, through it or close to it. There longitudes jump, and the
ring is measured in the equal-area map around the pole, ρ² = 2 (F(90°) − F(φ)).
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

from weipian_lab.area.forms import ellipsoid_name, ellipsoid_parameters, horizontal, polygons, stated_crs
from weipian_lab.errors import CRSError, ParameterError

__all__ = ["ellipsoidal_area", "lonlat_rings", "sum_rings"]

Array = NDArray[np.float64]

_GEOGRAPHIC = {"CGCS2000": "EPSG:4490", "WGS84": "EPSG:4326"}
_DEGREES_PER_PIECE = 0.5
_CHUNK_VERTICES = 200_000
_MAX_PIECES = 1_000_000  # of one ring; longer pieces of a ring that long change its area by less than 1e-10
_POLAR = 85.0  # degrees of latitude beyond which meridians run together too fast for the strips
_NEAR_POLE = np.radians(0.2)
_TURN = 1e-6  # ∮ dλ of a ring beside the poles is nought but for rounding
_POLYGON = int(shapely.GeometryType.POLYGON)
# Gauss–Legendre, three points on [0, 1]
_NODES = np.array([0.5 - np.sqrt(0.15), 0.5, 0.5 + np.sqrt(0.15)])
_WEIGHTS = np.array([5.0, 8.0, 5.0]) / 18.0


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
        Shapely geometry, sequence of them, GeoSeries or GeoDataFrame; polygons and multipolygons with holes,
        any winding. Also a ring of (x, y) pairs (longitude first), a sequence of rings (each a polygon of its
        own), GeoJSON mappings.
        Points, lines, empty geometries and None have no area (0.0). Z and M are not looked at.
    crs
        The layer's CRS, anything pyproj takes (4490, "EPSG:4490", WKT, a CRS); None takes what a GeoSeries or
        GeoDataFrame states.
    ellipsoid
        "CGCS2000", "WGS84" or any name pyproj knows.
    edges
        "layer": edges are straight in the layer's own CRS, which is what the survey's rule means. In a
        geographic CRS they are straight in longitude and latitude and cross the meridian of 180° only where
        longitudes run past it (179° to 181°).
        "geodesic": edges are geodesics on the ellipsoid, as in GeographicLib: the shorter way over 180° and
        around poles, of the two sides of a ring the smaller one.
    max_edge_m
        Longest piece, in metres on the map, that a projected edge is cut into.

    Returns
    -------
    ndarray
        ``(n,)`` float64, never negative for a valid polygon; ``n`` is 1 for a single polygon.

    Raises
    ------
    CRSError
        If the CRS is missing, unknown, not the one a GeoSeries states, or cannot hold the coordinates.
    ParameterError
        If another argument is out of range or is not what it should be.

    Notes
    -----
    国土调查办发〔2008〕32号 asks for the same area by a series; see :func:`weipian_lab.area.trapezoid_area`.
    Geodesic areas: Karney (2013), Algorithms for geodesics, J. Geodesy 87, 43–55.

    Examples
    --------
    >>> ring = [(105.0, 38.5), (105.01, 38.5), (105.01, 38.51), (105.0, 38.51)]
    >>> ellipsoidal_area(ring, 4490).round(2).tolist()
    [968152.96]
    """
    if edges not in ("layer", "geodesic"):
        raise ParameterError("errors.bad_choice", name="edges", value=edges, choices="layer, geodesic")
    a, rf = ellipsoid_parameters(ellipsoid)
    layer = stated_crs(geometries, crs)
    array = polygons(geometries)
    if edges == "geodesic":
        return sum_rings(array, layer, ellipsoid, None, partial(_geodesic, Geod(a=a, rf=rf)))
    measure = partial(_strips, a, rf, not layer.is_geographic)
    return sum_rings(array, layer, ellipsoid, max_edge_m, measure)


def sum_rings(
    geometries: NDArray[np.object_], crs: Any, ellipsoid: str, max_edge_m: float | None, ring_area: Any
) -> Array:
    """Outer rings less holes, parts added, in chunks so that memory does not grow with the layer.

    Parameters
    ----------
    ring_area
        Function of longitudes, latitudes, starts and the rings themselves that gives their signed areas.
    """
    layer = horizontal(crs)
    result = np.zeros(len(geometries))
    for chunk in _chunks(geometries):
        rings, owner, sign = _rings(geometries[chunk])
        if len(rings):
            lon, lat, starts = lonlat_rings(rings, layer, ellipsoid=ellipsoid, max_edge_m=max_edge_m)
            np.add.at(result, owner + chunk.start, sign * np.abs(ring_area(lon, lat, starts, rings)))
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

    Raises
    ------
    CRSError
        If a point lies outside the range of the CRS.
    """
    layer = horizontal(crs)
    if max_edge_m is not None:
        if not max_edge_m > 0:
            raise ParameterError("errors.not_positive", name="max_edge_m", value=max_edge_m)
        unit = layer.axis_info[0].unit_conversion_factor
        piece = _DEGREES_PER_PIECE if layer.is_geographic else max_edge_m / unit
        rings = shapely.segmentize(rings, np.maximum(piece, shapely.length(rings) / _MAX_PIECES))
    xy, index = shapely.get_coordinates(rings, return_index=True)
    starts = np.flatnonzero(np.r_[True, index[1:] != index[:-1]])
    lon, lat = _transformer(layer.to_wkt(), _GEOGRAPHIC.get(ellipsoid_name(ellipsoid))).transform(
        xy[:, 0], xy[:, 1]
    )
    if not (np.isfinite(lon).all() and (np.abs(lat) <= 90.0 + 1e-9).all()):
        raise CRSError("errors.outside_crs", crs=layer.name)
    return np.asarray(lon), np.asarray(lat), starts


@lru_cache(maxsize=64)
def _transformer(wkt: str, geographic: str | None) -> Transformer:
    """Layer CRS to longitude and latitude; on the layer's own datum unless the ellipsoid names another."""
    source = CRS.from_wkt(wkt)
    target = CRS.from_user_input(geographic) if geographic else source.geodetic_crs
    return Transformer.from_crs(source, target, always_xy=True)


def _strips(
    a: float,
    rf: float,
    projected: bool,
    lon: Array,
    lat: Array,
    starts: NDArray[np.intp],
    rings: NDArray[np.object_],
) -> Array:
    """Signed ring areas from ∫ F(φ) dλ; between ring and pole where a projected ring goes around it."""
    # Longitude may jump by a turn where the projection wraps at the antimeridian. Whole turns are added to
    # longitudes, not to their differences, so that what rounding adds to one edge it takes from the next.
    turns = np.round(np.diff(lon) / 360.0)
    if turns.any():
        lon = lon - 360.0 * np.append(0.0, np.cumsum(turns))
    width, south, rise = np.radians(np.diff(lon)), np.radians(lat[:-1]), np.radians(np.diff(lat))
    width[starts[1:] - 1] = 0.0  # from the last vertex of a ring to the first of the next
    height = sum(w * _strip(a, rf, south + node * rise) for node, w in zip(_NODES, _WEIGHTS, strict=True))
    first = np.minimum(starts, len(width) - 1)
    area = -np.add.reduceat(width * height, first)
    if projected:
        around = np.abs(np.add.reduceat(width, first)) > _TURN
        highest = np.maximum.reduceat(np.abs(lat), starts)
        ends = np.append(starts[1:], len(lat))
        for ring in np.flatnonzero(around | (highest > _POLAR)):
            own = slice(starts[ring], ends[ring])
            turn = width[own.start : own.stop - 1].sum()
            # maps keep the sense of rotation: what goes around the north pole to the left has it inside
            north = (turn > 0) == shapely.is_ccw(rings[ring]) if around[ring] else lat[own].max() > _POLAR
            area[ring] = _polar(a, rf, np.radians(lon[own]), np.radians(lat[own]), bool(north))
    return np.asarray(area)


def _polar(a: float, rf: float, lon: Array, lat: Array, north: bool) -> float:
    """Area of one ring in the equal-area map around a pole, where no longitude is singular."""
    colat = np.pi / 2 - lat if north else np.pi / 2 + lat
    below = _strip(a, rf, np.asarray(np.pi / 2)) - _strip(a, rf, np.pi / 2 - colat)
    # near the pole the difference of two large numbers says nothing: ∫ M N cos φ dφ instead
    e2 = (2.0 - 1.0 / rf) / rf
    node = colat * _NODES[:, None]
    element = a * a * (1.0 - e2) * np.sin(node) / (1.0 - e2 * np.cos(node) ** 2) ** 2
    near = (_WEIGHTS[:, None] * element).sum(axis=0) * colat
    radius = np.sqrt(2.0 * np.where(colat < _NEAR_POLE, near, below))
    x, y = radius * np.cos(lon), radius * np.sin(lon)
    x, y = x - x[0], y - y[0]
    return float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) / 2)


def _strip(a: float, rf: float, lat: Array) -> Array:
    """F(φ): area in m² per radian of longitude between the equator and latitude `lat` (radians)."""
    e2 = (2.0 - 1.0 / rf) / rf
    s = np.sin(lat)
    if e2 == 0.0:
        return np.asarray(a * a * s)
    e = np.sqrt(e2)
    return np.asarray(0.5 * a * a * (1.0 - e2) * (s / (1.0 - e2 * s * s) + np.arctanh(e * s) / e))


def _geodesic(
    geod: Geod, lon: ArrayLike, lat: ArrayLike, starts: NDArray[np.intp], rings: NDArray[np.object_]
) -> Array:
    pairs = zip(np.split(np.asarray(lon), starts[1:]), np.split(np.asarray(lat), starts[1:]), strict=True)
    return np.array([geod.polygon_area_perimeter(x[:-1], y[:-1])[0] for x, y in pairs])
