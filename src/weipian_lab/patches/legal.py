"""The notice's double threshold (永久基本农田 or 耕地): which patches reach it, by what they overlap.

The area tested is that of the overlap with the management layers, not of the patch.
The numbers come from the rulebook; where it states none for a source of patches, nothing is tested.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from weipian_lab import area as areas
from weipian_lab.errors import CRSError, SchemaError

if TYPE_CHECKING:
    from weipian_lab.rulebook import Rulebook

__all__ = ["legal", "overlap_m2"]


def overlap_m2(patches: gpd.GeoDataFrame, layer: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Area of each patch that a layer covers, in m² on the ellipsoid; double cover counts once.

    Parameters
    ----------
    patches, layer
        Polygons in any CRS; edges are taken as straight in the layer's.

    Returns
    -------
    ndarray
        ``(n,)`` float64, m².

    Raises
    ------
    CRSError
        If one of them has no CRS.
    """
    for what, frame in (("patches", patches), ("layer", layer)):
        if frame.crs is None:
            raise CRSError("errors.no_crs", what=what)
    mine = np.asarray(_densified(patches).to_crs(layer.crs).array, object)
    theirs = np.asarray(layer.geometry.array, object)
    theirs = np.where(shapely.is_valid(theirs), theirs, shapely.make_valid(theirs))
    result = np.empty(len(mine), object)
    result[:] = shapely.Polygon()
    patch, polygon = shapely.STRtree(theirs).query(mine, predicate="intersects")
    order = np.argsort(patch, kind="stable")
    patch, polygon = patch[order], polygon[order]
    pieces = shapely.intersection(mine[patch], theirs[polygon])
    which, first = np.unique(patch, return_index=True)
    groups = np.split(pieces, first[1:]) if len(which) else []
    for k, group in zip(which, groups, strict=True):
        result[k] = shapely.union_all(group)
    return areas.ellipsoidal_area(result, layer.crs)


def _densified(patches: gpd.GeoDataFrame, step_m: float = 10.0) -> gpd.GeoSeries:
    """Cut edges into short pieces, so that another CRS does not move what lies between the vertices."""
    step = step_m / 111_320 if patches.crs.is_geographic else step_m
    return patches.geometry.segmentize(step)


def legal(
    patches: gpd.GeoDataFrame,
    pbf: gpd.GeoDataFrame,
    cultivated: gpd.GeoDataFrame,
    rulebook: Rulebook,
    source: str,
    on: date,
    *,
    scheme: str = "SANDIAO",
) -> pd.DataFrame:
    """Test the overlap of each patch against the thresholds for its source on a day.

    Parameters
    ----------
    patches
        With ``patch_id``.
    pbf
        永久基本农田 polygons (YJJBNTTB).
    cultivated
        耕地 polygons; of a layer with ``DLBM`` only the codes that the rulebook calls cultivated count.
    rulebook
        Loaded rulebook.
    source
        Source of the batch; the notice states thresholds for ``MNR_QUARTERLY`` only.
    on
        Day on which the rules must be in force.
    scheme
        Scheme of ``DLBM``.

    Returns
    -------
    DataFrame
        Index ``patch_id``; ``pbf_m2, pbf_mu, cultivated_m2, cultivated_mu`` (亩 rounded half-up to 0.01);
        ``reaches`` (bool, <NA> if no threshold is stated), ``borderline`` (survey noise could decide it) and
        ``rules`` (ids of the rules reached, ";" between them).

    Raises
    ------
    SchemaError
        If `patches` has no ``patch_id``.
    CRSError
        If a layer has no CRS.
    """
    if "patch_id" not in patches:
        raise SchemaError("patches.no_id")
    overlap = {
        "PBF": overlap_m2(patches, pbf),
        "CULTIVATED": overlap_m2(patches, _cultivated(cultivated, rulebook, scheme)),
    }
    table: dict[str, Any] = {}
    for kind, m2 in overlap.items():
        table[f"{kind.lower()}_m2"] = areas.round_half_up(m2, 0.01)
        table[f"{kind.lower()}_mu"] = areas.round_mu(m2)
    result = pd.DataFrame(table, index=pd.Index(patches["patch_id"], name="patch_id"))
    thresholds = rulebook.thresholds(source, on=on)
    reached = {h.rule.id: areas.meets(overlap[h.kind], h.min_mu) for h in thresholds}
    near = [areas.borderline(overlap[h.kind], h.min_mu) for h in thresholds]
    none = pd.array([pd.NA] * len(patches), dtype="boolean")
    result["reaches"] = (
        pd.array(np.any(list(reached.values()), axis=0), dtype="boolean") if thresholds else none
    )
    result["borderline"] = np.any(near, axis=0) if thresholds else False
    result["rules"] = [";".join(rule for rule, hit in reached.items() if hit[i]) for i in range(len(patches))]
    return result


def _cultivated(layer: gpd.GeoDataFrame, rulebook: Rulebook, scheme: str) -> gpd.GeoDataFrame:
    if "DLBM" not in layer:
        return layer
    groups = {
        code: rulebook.land_group(code, scheme) == "cultivated" for code in layer["DLBM"].dropna().unique()
    }
    return layer[layer["DLBM"].map(groups).fillna(False).astype(bool)]
