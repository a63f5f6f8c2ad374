"""Points inside and outside the patches: without those outside, nobody learns what was missed."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from weipian_lab import rasters
from weipian_lab.area import ellipsoidal_area, m2_to_mu
from weipian_lab.errors import GridError, SchemaError
from weipian_lab.grid import Grid

__all__ = ["STRATA", "draw_points", "label_points", "point_strata", "strata_mu"]

STRATA = ("announced", "near", "far")
"""Within patches; outside, score at least `near` × threshold; outside, lower or no score."""


def point_strata(
    patches: gpd.GeoDataFrame,
    score: NDArray[np.float32],
    grid: Grid,
    *,
    near: float,
    inside: NDArray[np.bool_] | None = None,
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

    Raises
    ------
    GridError
        If an array does not fit the grid.
    """
    for array in (score, inside):
        if array is not None and array.shape != grid.shape:
            raise GridError("errors.bad_shape", what="score", found=array.shape, expected=grid.shape)
    announced = rasters.burn(patches.geometry.to_numpy(), grid)
    codes = np.where(announced, 0, np.where(np.nan_to_num(score, nan=-np.inf) >= near, 1, 2)).astype(np.uint8)
    return codes if inside is None else np.where(inside, codes, 255).astype(np.uint8)


def strata_mu(codes: NDArray[np.uint8], grid: Grid) -> dict[str, float]:
    """Return the area of each stratum in 亩 (ellipsoidal area of the grid shared out by pixels)."""
    left, bottom, right, top = grid.bounds
    pixel_m2 = float(ellipsoidal_area([shapely.box(left, bottom, right, top)], grid.crs)[0]) / codes.size
    number = np.bincount(codes.ravel(), minlength=256)
    return {name: float(m2_to_mu(number[k] * pixel_m2)) for k, name in enumerate(STRATA) if number[k]}


def draw_points(
    codes: NDArray[np.uint8], grid: Grid, allocation: Mapping[str, int], *, seed: int = 0
) -> gpd.GeoDataFrame:
    """Return random pixel centres, without repetition, with the numbers asked for in each stratum.

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
            "patch_id": [f"Q{k + 1:04d}" for k in range(len(chosen))],
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
