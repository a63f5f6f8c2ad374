"""Points inside and outside the patches: without those outside, nobody learns what was missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from string import ascii_uppercase

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from weipian_lab import rasters
from weipian_lab.accuracy.filled import read_filled
from weipian_lab.area import ellipsoidal_area, m2_to_mu
from weipian_lab.errors import GridError, SchemaError
from weipian_lab.grid import Grid

__all__ = [
    "LAND_STRATA",
    "STRATA",
    "draw_points",
    "label_points",
    "next_prefix",
    "not_seen",
    "pixels_at",
    "point_strata",
    "read_points",
    "seen_shares",
    "strata_mu",
]

STRATA = ("announced", "near", "far", "near_farm", "near_other", "far_farm", "far_other")
"""Within patches; outside, with a score of at least `near`; outside, with a lower score or none.
With farmland known, the last four take the place of near and far."""
LAND_STRATA = STRATA[3:]
"""The strata of :data:`STRATA` that tell farmland from other land."""


def point_strata(
    patches: gpd.GeoDataFrame,
    score: NDArray[np.float32],
    grid: Grid,
    *,
    near: float,
    inside: NDArray[np.bool_] | None = None,
    farmland: NDArray[np.bool_] | None = None,
) -> NDArray[np.uint8]:
    """Return the stratum of each pixel: place in :data:`STRATA`, or 255 where nothing is to be sampled.

    Parameters
    ----------
    patches
        In the grid's CRS.
    score
        ``(row, col)``; NaN counts as far.
    near
        Score from which a pixel outside the patches is in the stratum ``near``.
    inside
        ``(row, col)`` bool, the area assessed; all if None.
    farmland
        ``(row, col)`` bool, see :func:`~weipian_lab.accuracy.on_farmland`; splits what lies outside the
        patches, since change missed on farmland is what matters most.

    Raises
    ------
    GridError
        If an array does not fit the grid.
    """
    for array in (score, inside, farmland):
        if array is not None and array.shape != grid.shape:
            raise GridError("errors.bad_shape", what="score", found=array.shape, expected=grid.shape)
    announced = rasters.burn(patches.geometry.to_numpy(), grid)
    close = np.nan_to_num(score, nan=-np.inf) >= near
    outside = np.where(close, 1, 2)
    if farmland is not None:
        outside = np.where(close, np.where(farmland, 3, 4), np.where(farmland, 5, 6))
    codes = np.where(announced, 0, outside).astype(np.uint8)
    return codes if inside is None else np.where(inside, codes, 255).astype(np.uint8)


def strata_mu(codes: NDArray[np.uint8], grid: Grid) -> dict[str, float]:
    """Return the area of each stratum in 亩 (ellipsoidal area of the grid shared out by pixels)."""
    left, bottom, right, top = grid.bounds
    pixel_m2 = float(ellipsoidal_area([shapely.box(left, bottom, right, top)], grid.crs)[0]) / codes.size
    number = np.bincount(codes.ravel(), minlength=256)
    return {name: float(m2_to_mu(number[k] * pixel_m2)) for k, name in enumerate(STRATA) if number[k]}


def draw_points(
    codes: NDArray[np.uint8], grid: Grid, allocation: Mapping[str, int], *, seed: int = 0, prefix: str = "Q"
) -> gpd.GeoDataFrame:
    """Return random pixel centres, without repetition, with the numbers asked for in each stratum.

    `prefix` begins the numbers, so that points of two rounds are told apart.

    Returns
    -------
    GeoDataFrame
        patch_id (``Q0001`` …, the number of the point), stratum, mapped (``change``/``same``), geometry.

    Raises
    ------
    SchemaError
        A stratum holds fewer pixels than asked for.
    """
    rng = np.random.default_rng(seed)
    flat, parts = codes.ravel(), []
    for name in STRATA:
        places = np.flatnonzero(flat == STRATA.index(name))
        wanted = int(allocation.get(name, 0))
        if wanted > len(places):
            raise SchemaError("accuracy.too_few_units", stratum=name, found=len(places), wanted=wanted)
        parts.append(np.sort(rng.choice(places, wanted, replace=False)))
    chosen = np.concatenate(parts)
    row, column = np.divmod(chosen, codes.shape[1])
    a, b, c, d, e, f = grid.transform[:6]
    x, y = a * (column + 0.5) + b * (row + 0.5) + c, d * (column + 0.5) + e * (row + 0.5) + f
    stratum = [STRATA[k] for k in flat[chosen]]
    return gpd.GeoDataFrame(
        {
            "patch_id": [f"{prefix}{k + 1:04d}" for k in range(len(chosen))],
            "stratum": stratum,
            "mapped": ["change" if s == "announced" else "same" for s in stratum],
        },
        geometry=gpd.points_from_xy(x, y),
        crs=grid.crs,
    )


def label_points(points: gpd.GeoDataFrame, changes: gpd.GeoDataFrame) -> pd.Series:
    """Return ``change`` for points in a true change, else ``same``; both layers in one CRS."""
    tree = shapely.STRtree(changes.geometry.to_numpy())
    hit = np.unique(tree.query(points.geometry.to_numpy(), predicate="intersects")[0])
    label = np.full(len(points), "same", dtype=object)
    label[hit] = "change"
    return pd.Series(label, index=points.index, name="reference")


def pixels_at(points: gpd.GeoDataFrame, grid: Grid) -> gpd.GeoDataFrame:
    """Return points as the squares of their pixels, which are the units to look at in the field."""
    a, _, _, _, e, _ = grid.transform[:6]
    centre = points.geometry
    half_x, half_y = abs(a) / 2, abs(e) / 2
    x, y = centre.x.to_numpy(), centre.y.to_numpy()
    return points.set_geometry(
        gpd.GeoSeries(shapely.box(x - half_x, y - half_y, x + half_x, y + half_y), points.index, points.crs)
    )


def read_points(path: Path | str | Sequence[Path | str]) -> pd.DataFrame:
    """Read verified points, or those of several rounds; a filled field list may hold patches too.

    Formats and ways of writing as :func:`~weipian_lab.accuracy.filled.read_filled`.

    Raises
    ------
    InputError
        No such file, or it cannot be read.
    SchemaError
        No such columns as stratum, mapped, reference; no row left; a point twice with different references.
    """
    points = read_filled(path, ("stratum", "mapped", "reference"))
    chosen = points[points["unit"] != "patch"] if "unit" in points.columns else points
    if chosen.empty:
        raise SchemaError("accuracy.empty_sample")
    return _once(chosen).reset_index(drop=True)


def _once(points: pd.DataFrame) -> pd.DataFrame:
    """Keep one row of a point that comes twice with the same reference."""
    if "patch_id" not in points.columns:
        return points
    known = points[points["patch_id"].notna()]
    single = known.drop_duplicates(["patch_id", "stratum", "mapped", "reference"])
    twice = single.loc[single["patch_id"].duplicated(), "patch_id"].astype(str)
    if len(twice):
        raise SchemaError("accuracy.point_twice", number=len(twice), points=", ".join(twice.head(5)))
    return points.loc[points["patch_id"].isna() | points.index.isin(single.index)]


def not_seen(codes: NDArray[np.uint8], points: pd.DataFrame | None, grid: Grid) -> NDArray[np.uint8]:
    """Return the strata without the pixels verified before, so that a further round finds new ones.

    Parameters
    ----------
    codes
        ``(row, col)``, see :func:`point_strata`.
    points
        With geometry, or lon and lat (degrees, CGCS2000) as the field list writes them; those without either
        cannot be found again and are left out.
    """
    place = None if points is None else _places(points, grid)
    if place is None:
        return codes
    left = codes.copy()
    column, row = (~grid.transform) @ (place.x.to_numpy(), place.y.to_numpy())
    row, column = np.floor(row).astype(int), np.floor(column).astype(int)
    inside = (row >= 0) & (row < codes.shape[0]) & (column >= 0) & (column < codes.shape[1])
    left[row[inside], column[inside]] = 255
    return left


def _places(points: pd.DataFrame, grid: Grid) -> gpd.GeoSeries | None:
    if isinstance(points, gpd.GeoDataFrame):
        return points.geometry.representative_point().to_crs(grid.crs)
    if not {"lon", "lat"} <= set(points.columns):
        return None
    lon, lat = (pd.to_numeric(points[name], errors="coerce") for name in ("lon", "lat"))
    known = lon.notna() & lat.notna()
    return gpd.GeoSeries(gpd.points_from_xy(lon[known], lat[known]), crs="EPSG:4490").to_crs(grid.crs)


def next_prefix(points: pd.DataFrame | None) -> str:
    """Return the letter for the numbers of the next round's points: the one after the last in use."""
    if points is None or "patch_id" not in points.columns:
        return "R"
    used = set(points["patch_id"].dropna().astype(str).str.extract(r"^([A-Z])\d{4,}$")[0].dropna())
    free = [letter for letter in ascii_uppercase if letter > max(used, default="Q")]
    return free[0] if free else f"Z{len(points)}_"


def seen_shares(points: pd.DataFrame, strata: Mapping[str, float]) -> dict[str, float]:
    """Return the share of true change in each stratum outside the patches.

    Drawn towards one half by one pseudo-unit: a stratum whose points show no change may still hold some.
    """
    shares = {}
    for name in strata:
        if name != "announced":
            part = points.loc[points["stratum"] == name, "reference"]
            shares[name] = float((part.eq("change").sum() + 0.5) / (len(part) + 1))
    return shares
