"""What patches are grouped by: size class, land class, county, date pair; what a batch states comes first."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd

from weipian_lab.accuracy.reference import land_under
from weipian_lab.accuracy.tables import size_class
from weipian_lab.area import ellipsoidal_area, m2_to_mu
from weipian_lab.errors import CRSError
from weipian_lab.text import t

__all__ = ["GROUPS", "situate"]

GROUPS = ("size_class", "land", "county", "date_pair")
"""Columns that :func:`situate` adds."""


def situate(
    patches: gpd.GeoDataFrame, land: gpd.GeoDataFrame | None = None, counties: gpd.GeoDataFrame | None = None
) -> gpd.GeoDataFrame:
    """Return patches with size_class, land, county and date_pair.

    Parameters
    ----------
    patches
        With a CRS. ``area_m2``, ``area_mu`` are computed where missing; ``land`` or ``DLMC``, ``admin_code``,
        ``date_before`` and ``date_after`` are taken where they are stated, patch by patch.
    land
        Survey (DLTB) with ``DLMC``: the class under the greater part of a patch, where the batch states none.
    counties
        Administrative areas (XZQ) with ``XZQDM`` and ``XZQMC``: name for a code, and code by place.

    Returns
    -------
    GeoDataFrame
        A copy; a patch that no parcel or county lies under is said to lie outside the layer,
        one of which nothing is known is left empty.

    Raises
    ------
    CRSError
        A layer has no CRS.
    """
    if patches.crs is None:
        raise CRSError("errors.no_crs", what=t("accuracy.p_patches"))
    placed = patches.copy()
    if not {"area_m2", "area_mu"} <= set(placed.columns):
        placed["area_m2"] = ellipsoidal_area(placed.geometry.to_numpy(), placed.crs)
        placed["area_mu"] = m2_to_mu(placed["area_m2"].to_numpy(float))
    placed["size_class"] = size_class(placed["area_mu"])
    placed["land"] = _under(_stated(placed, "land", "DLMC"), placed, land, "DLMC")
    code = _under(_stated(placed, "admin_code"), placed, counties, "XZQDM")
    placed["county"] = _named(code, counties)
    before, after = (_day(_stated(placed, name)) for name in ("date_before", "date_after"))
    placed["date_before"], placed["date_after"] = before.fillna(""), after.fillna("")
    known = before.notna() & after.notna()
    placed["date_pair"] = (before.fillna("") + " – " + after.fillna("")).where(known)
    return placed


def _stated(patches: pd.DataFrame, *names: str) -> pd.Series:
    """Return the first of these columns there is, as text; empty cells missing."""
    for name in names:
        if name in patches.columns:
            text = patches[name].astype("string").str.strip()
            return text.mask(text == "").astype(object)
    return pd.Series(np.nan, index=patches.index, dtype=object)


def _under(
    stated: pd.Series, patches: gpd.GeoDataFrame, layer: gpd.GeoDataFrame | None, column: str
) -> pd.Series:
    empty = stated.isna()
    if layer is None or not empty.any():
        return stated
    found = land_under(patches[empty], layer, column).astype(object)
    return stated.where(~empty, found.fillna(t("accuracy.group_outside")).reindex(stated.index))


def _named(code: pd.Series, counties: gpd.GeoDataFrame | None) -> pd.Series:
    if counties is None or "XZQMC" not in counties.columns:
        return code
    rows = zip(counties["XZQDM"].astype(str), counties["XZQMC"].astype(str), strict=True)
    names = {number: f"{name} {number}" for number, name in rows}
    return code.map(lambda c: names.get(c, c), na_action="ignore")


def _day(text: pd.Series) -> pd.Series:
    """Return days as YYYY-MM-DD; anything else is left as written."""
    eight = text.astype("string").str.fullmatch(r"\d{8}").fillna(value=False).to_numpy(bool)
    parts = text.astype("string").str.replace(r"(\d{4})(\d{2})(\d{2})", r"\1-\2-\3", regex=True)
    return parts.where(eight, text).astype(object)
