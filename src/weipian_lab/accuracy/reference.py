"""What the screening is held against: true changes between two images, land classes under patches."""

from __future__ import annotations

from collections.abc import Container

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from weipian_lab import rasters
from weipian_lab.errors import CRSError, SchemaError
from weipian_lab.grid import Grid
from weipian_lab.text import t

__all__ = ["changes_between", "land_under", "on_farmland"]


def changes_between(layer: gpd.GeoDataFrame, before: str, after: str) -> gpd.GeoDataFrame:
    """Return the true changes of a layer that began after one image and before the other.

    Parameters
    ----------
    layer
        change_id and geometry; ``is_true`` (bool) and ``date_start`` (YYYYMMDD) where it has them.
    before, after
        Days of the images, YYYY-MM-DD or YYYYMMDD; "" leaves that side open.

    Raises
    ------
    SchemaError
        No change_id.
    """
    if "change_id" not in layer.columns:
        columns = ", ".join(map(str, layer.columns))
        raise SchemaError("accuracy.no_column", column="change_id", columns=columns)
    keep = pd.Series(True, index=layer.index)
    if "is_true" in layer.columns:
        keep &= layer["is_true"].astype(bool)
    if "date_start" in layer.columns:
        start = layer["date_start"].astype(str)
        low, high = before.replace("-", ""), after.replace("-", "")
        keep &= (start > low) & (start <= high) if high else start > low
    return layer[keep].reset_index(drop=True)


def land_under(patches: gpd.GeoDataFrame, land: gpd.GeoDataFrame, column: str = "DLMC") -> pd.Series:
    """Return the land class that covers most of each patch (missing where none does).

    Raises
    ------
    CRSError
        A layer has no CRS.
    SchemaError
        The land layer lacks `column`.
    """
    if column not in land.columns:
        columns = ", ".join(map(str, land.columns))
        raise SchemaError("accuracy.no_column", column=column, columns=columns)
    if patches.crs is None or land.crs is None:
        raise CRSError("errors.no_crs", what=t("accuracy.p_patches"))
    shapes = patches.geometry.to_crs(land.crs).to_numpy()
    parcels = land.geometry.to_numpy()
    i, j = shapely.STRtree(parcels).query(shapes, predicate="intersects")
    overlap = shapely.area(shapely.intersection(shapes[i], parcels[j]))
    pairs = pd.DataFrame({"i": i, "land": land[column].to_numpy()[j], "m2": overlap})
    total = pairs.groupby(["i", "land"], sort=True)["m2"].sum().reset_index()
    main = total.sort_values(["i", "m2", "land"]).drop_duplicates("i", keep="last").set_index("i")["land"]
    return pd.Series(main.reindex(np.arange(len(patches))).to_numpy(), index=patches.index, name="land")


def on_farmland(
    land: gpd.GeoDataFrame, grid: Grid, cultivated: Container[str], column: str = "DLBM"
) -> NDArray[np.bool_]:
    """Return where the survey has cultivated land, ``(row, col)``.

    Parameters
    ----------
    land
        Survey with its CRS and the codes in `column`.
    cultivated
        Codes of cultivated land, from the rulebook: the same code may mean the opposite in another scheme.

    Raises
    ------
    CRSError, SchemaError
        As :func:`land_under`.
    """
    if column not in land.columns:
        raise SchemaError("accuracy.no_column", column=column, columns=", ".join(map(str, land.columns)))
    if land.crs is None:
        raise CRSError("errors.no_crs", what="DLTB")
    chosen = land[[str(code) in cultivated for code in land[column]]].to_crs(grid.crs)
    return np.asarray(rasters.burn(chosen.geometry.to_numpy(), grid), bool)
