"""套合 of patches with one layer as a plain table: area of each class within each patch."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from weipian_lab.area.forms import polygons
from weipian_lab.errors import CRSError, ParameterError, SchemaError
from weipian_lab.overlay.cutting import Wholes, cut, union_area
from weipian_lab.overlay.elements import Measure
from weipian_lab.overlay.working import parse, reproject

__all__ = ["tabulate"]

_HALF_TURN, _SPAN = 180.0, 360.0 + 1e-6  # degrees of longitude
AreaKind = Literal["ellipsoidal", "planar"]


def tabulate(
    patches: gpd.GeoDataFrame | gpd.GeoSeries,
    layer: gpd.GeoDataFrame,
    by: str,
    *,
    id: str = "patch_id",
    area: AreaKind = "ellipsoidal",
) -> pd.DataFrame:
    """Area of each class of a layer within each patch.

    Parameters
    ----------
    patches
        Polygons with a column `id` (or an index of that name), each id once; of a GeoSeries the index is the
        id.
    layer
        Polygons with the column `by`; polygons of one class that overlap are counted once.
    by
        Column of `layer` that holds the class.
    id
        Column of `patches` that holds the patch's id.
    area
        "ellipsoidal": m² on the CGCS2000 ellipsoid, edges straight in the CRS they were drawn in;
        "planar": square units of the layer's CRS; no CRS is needed.

    Returns
    -------
    DataFrame
        Index the patch ids in the order of `patches`; a column for each value of ``layer[by]``, sorted
        (a missing value is the last column, None); float64.
        ``attrs["repaired"]`` counts polygons whose rings crossed themselves and were made valid.

    Raises
    ------
    CRSError
        If a CRS is missing where it is needed, or only one of the two has one; if patches around a pole or
        across 180° meet a layer in longitude and latitude, or the two count longitudes differently.
    SchemaError
        If a column is missing or an id is there twice.
    ParameterError
        If `patches` or `layer` is no table of geometries, or a coordinate is not finite.

    Examples
    --------
    >>> from shapely import box
    >>> patches = gpd.GeoDataFrame({"patch_id": ["P1"]}, geometry=[box(0, 0, 2, 2)])
    >>> layer = gpd.GeoDataFrame({"DLBM": ["0102", "0702"]}, geometry=[box(0, 0, 1, 2), box(1, 1, 2, 3)])
    >>> tabulate(patches, layer, "DLBM", area="planar").loc["P1"].to_dict()
    {'0102': 2.0, '0702': 1.0}
    """
    if area not in ("ellipsoidal", "planar"):
        raise ParameterError("errors.bad_choice", name="area", value=area, choices="ellipsoidal, planar")
    if isinstance(patches, gpd.GeoSeries):
        patches = gpd.GeoDataFrame(geometry=patches.rename_axis(id))
    shapes, features = _geometries(patches, "patches"), _geometries(layer, "layer")
    ids = _ids(patches, id)
    codes, classes = _classes(layer, by)
    crs = _working_crs(patches.crs, layer.crs, area)
    shapes, mended_patches = _valid(shapes)
    if crs is not None:
        shapes = _moved(shapes, parse(patches.crs, "patches"), crs, features)
    features, mended = _valid(features)
    wholes = Wholes.of(shapes, Measure(crs, area))
    pieces = cut(wholes, features)
    whole, group, size = union_area(wholes, pieces, codes[pieces.feature])
    result = np.zeros((len(ids), len(classes)))
    result[whole, group] = size
    table = pd.DataFrame(result, index=ids, columns=classes)
    table.attrs["repaired"] = mended + mended_patches
    return table


def _geometries(frame: Any, what: str) -> NDArray[np.object_]:
    """Return the geometries of a table of them."""
    if not isinstance(frame, gpd.GeoDataFrame) or frame.active_geometry_name is None:
        raise ParameterError("overlay.no_geometries", what=what, found=type(frame).__name__)
    return polygons(frame)


def _moved(
    shapes: NDArray[np.object_], source: CRS, target: CRS, features: NDArray[np.object_]
) -> NDArray[np.object_]:
    """Return patches in the layer's CRS; refuse where longitudes jump, for shapes would be torn there."""
    moved = reproject(shapes, source, target)
    if not target.is_geographic:
        return moved
    if not source.is_geographic:
        xy, ring = shapely.get_coordinates(shapely.boundary(moved), return_index=True)
        torn = np.flatnonzero((np.abs(np.diff(xy[:, 0])) > _HALF_TURN) & (np.diff(ring) == 0))
        if len(torn):
            raise CRSError("overlay.torn", row=int(ring[torn[0]]), crs=target.name)
    bounds = np.vstack([shapely.bounds(moved), shapely.bounds(features)])[:, ::2]
    bounds = bounds[np.isfinite(bounds)]
    if len(bounds) and np.ptp(bounds) > _SPAN:
        raise CRSError("overlay.two_turns", crs=target.name)
    return moved


def _ids(patches: gpd.GeoDataFrame, name: str) -> pd.Index:
    ids: pd.Index
    if name in patches.columns:
        ids = pd.Index(patches[name], name=name)
    elif patches.index.name == name:
        ids = pd.Index(patches.index)
    else:
        raise SchemaError(
            "overlay.no_field", layer="patches", field=name, fields=", ".join(map(str, patches))
        )
    if not ids.is_unique:
        raise SchemaError("overlay.repeated_id", field=name, value=ids[ids.duplicated()][0])
    return ids


def _classes(layer: gpd.GeoDataFrame, by: str) -> tuple[NDArray[np.intp], pd.Index]:
    """Return the number of each feature's class and the classes."""
    if not isinstance(by, Hashable) or by not in layer.columns:
        raise SchemaError("overlay.no_field", layer="layer", field=by, fields=", ".join(map(str, layer)))
    codes, classes = pd.factorize(layer[by], sort=True, use_na_sentinel=True)
    if (codes < 0).any():
        codes = np.where(codes < 0, len(classes), codes)
        classes = pd.Index([*classes, None], dtype=object)
    return codes.astype(np.intp), pd.Index(classes)


def _working_crs(patches: Any, layer: Any, area: AreaKind) -> CRS | None:
    if area == "planar" and patches is None and layer is None:
        return None
    parse(patches, "patches")
    return parse(layer, "layer")


def _valid(geometries: NDArray[np.object_]) -> tuple[NDArray[np.object_], int]:
    """Return geometries with crossing rings resolved, and how many were."""
    bad = ~shapely.is_valid(geometries) & ~shapely.is_missing(geometries)
    if not bad.any():
        return geometries, 0
    mended = geometries.copy()
    mended[bad] = shapely.make_valid(geometries[bad], method="structure", keep_collapsed=False)
    return mended, int(bad.sum())
