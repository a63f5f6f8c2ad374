"""Patch numbers that say where a patch lies: same input, same ids; noise moves few of them.

A patch is named by the cell of 0.001° (about 100 m) of longitude and latitude that its centroid falls into.
If several centroids share a cell, the largest patch takes it; cells a tenth as wide name the others.
"""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weipian_lab.errors import ParameterError

__all__ = ["keep_ids", "location_ids"]

_COARSE, _FINE = 1000, 10_000


def location_ids(
    lon: NDArray[np.float64], lat: NDArray[np.float64], size: NDArray[np.float64], prefix: str = ""
) -> NDArray[np.object_]:
    """Return an id for each patch.

    Parameters
    ----------
    lon, lat
        ``(n,)`` centroids in degrees.
    size
        ``(n,)`` areas or pixel counts; the larger patch has the first claim on a cell.
    prefix
        Put before each, such as the date.

    Returns
    -------
    ndarray
        ``(n,)`` of str, all different, such as ``20240718-E106253N38451``.
    """
    result = np.empty(len(lon), object)
    taken: set[str] = set()
    for i in np.lexsort((lat, lon, -np.asarray(size, float))):
        name = f"{prefix}{_cell(lon[i], lat[i], _COARSE)}"
        if name in taken:
            name = f"{prefix}{_cell(lon[i], lat[i], _FINE)}"
        result[i], number = name, 2
        while result[i] in taken:
            result[i], number = f"{name}-{number}", number + 1
        taken.add(result[i])
    return result


def _cell(lon: float, lat: float, per_degree: int) -> str:
    east, north = int(np.floor(abs(lon) * per_degree)), int(np.floor(abs(lat) * per_degree))
    return f"{'E' if lon >= 0 else 'W'}{east}{'N' if lat >= 0 else 'S'}{north}"


def keep_ids(new: gpd.GeoDataFrame, old: gpd.GeoDataFrame, *, least_share: float = 0.3) -> gpd.GeoDataFrame:
    """Give patches the ids they had in an earlier screening.

    Parameters
    ----------
    new, old
        Patches with ``patch_id``.
    least_share
        Share of the smaller of the two areas that must overlap.

    Returns
    -------
    GeoDataFrame
        `new` with ids from `old` where they overlap enough, and a column ``previous_ids`` naming all old
        patches it overlaps (";" between them). The pair with the largest overlap goes first: of a patch
        that split, the part with most of it keeps the id; a patch that merged takes the id of the largest.

    Raises
    ------
    ParameterError
        If `least_share` is not between 0 and 1.
    """
    if not 0 < least_share <= 1:
        raise ParameterError("errors.bad_choice", name="least_share", value=least_share, choices="0 < … ≤ 1")
    result = new.copy()
    earlier = old.to_crs(new.crs)
    there, here = earlier.sindex.query(new.geometry, predicate="intersects")[::-1]
    first, second = new.geometry.to_numpy()[here], earlier.geometry.to_numpy()[there]
    shared = gpd.GeoSeries(first).intersection(gpd.GeoSeries(second)).area.to_numpy()
    smaller = np.minimum(gpd.GeoSeries(first).area, gpd.GeoSeries(second).area).to_numpy()
    pairs = pd.DataFrame({"here": here, "there": there, "shared": shared, "share": shared / smaller})
    pairs = pairs[pairs["share"] >= least_share].sort_values(
        ["shared", "here", "there"], ascending=[False, True, True]
    )
    ids = result["patch_id"].to_numpy(object).copy()
    names = earlier["patch_id"].to_numpy(object)
    previous = pairs.groupby("here")["there"].agg(lambda rows: ";".join(sorted(names[list(rows)])))
    given: dict[int, str] = {}
    for i, j in pairs[["here", "there"]].to_numpy():
        if i not in given and names[j] not in given.values():
            given[int(i)] = names[j]
    used = set(given.values())
    for i in range(len(ids)):
        ids[i] = given.get(i, ids[i])
        while i not in given and ids[i] in used:
            ids[i] += "-n"
    result["patch_id"] = ids
    result["previous_ids"] = previous.reindex(range(len(ids))).fillna("").to_numpy()
    return result
