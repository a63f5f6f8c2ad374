"""The true changes, and the county in spatial blocks: those to tune on, those sealed for the test."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from weipian_lab import vectors
from weipian_lab.accuracy import changes_between
from weipian_lab.errors import CRSError, ParameterError, SchemaError
from weipian_lab.grid import Grid
from weipian_lab.rasters import ImagePair
from weipian_lab.tuning.split import spatial_split

__all__ = ["Part", "block_grid", "days_of", "inside", "read_truth", "split_county"]

_MOST_BLOCKS = 1_000_000


def days_of(pair: ImagePair) -> tuple[str, str]:
    """Return the days of both images, YYYY-MM-DD; "" where an image does not say."""
    first, second = (str(pair.report[side]["datetime"] or "")[:10] for side in ("before", "after"))
    return first, second


def read_truth(path: Path | str, pair: ImagePair, layer: str | None = None) -> gpd.GeoDataFrame:
    """Return the true changes that a pair of images can show.

    Parameters
    ----------
    path, layer
        Polygons with ``change_id``, in any CRS; ``is_true`` and ``date_start`` are heeded where there are
        any (:func:`weipian_lab.accuracy.changes_between`).
    pair
        The images; changes with their inner point outside them are left out.

    Returns
    -------
    GeoDataFrame
        In the CRS of the images, with ``area_m2`` as the layer has it.

    Raises
    ------
    InputError, CRSError
        As :func:`weipian_lab.vectors.read`.
    SchemaError
        No ``change_id``, an id twice, or no change between the two days within the images.
    """
    found = vectors.read(path, layer=layer).frame.to_crs(pair.grid.crs)
    days = days_of(pair)
    known = changes_between(found, *days)
    inside = shapely.contains(shapely.box(*pair.grid.bounds), known.representative_point().to_numpy())
    real = known[inside].reset_index(drop=True)
    if real.empty:
        between = " – ".join(day or "…" for day in days)
        raise SchemaError(
            "tuning.no_truth", path=Path(path).name, number=len(found), dated=len(known), days=between
        )
    if not real["change_id"].is_unique:
        twice = real.loc[real["change_id"].duplicated(), "change_id"].iloc[0]
        raise SchemaError("tuning.twice", path=Path(path).name, id=twice)
    return real


def block_grid(grid: Grid, block_m: float) -> gpd.GeoDataFrame:
    """Return square blocks over a grid: block (from 0, row by row) and geometry, in the grid's CRS.

    Raises
    ------
    ParameterError
        `block_m` not above 0, or so small that there are a million blocks.
    CRSError
        A grid in degrees, where blocks of so many metres are no squares.
    """
    if not block_m > 0:
        raise ParameterError("errors.not_positive", name="block_m", value=block_m)
    if grid.is_geographic:
        raise CRSError("tuning.degrees", crs=CRS.from_user_input(grid.crs).name)
    left, bottom, right, top = grid.bounds
    number = np.ceil((right - left) / block_m) * np.ceil((top - bottom) / block_m)
    if number > _MOST_BLOCKS:
        raise ParameterError("tuning.many_blocks", value=block_m, number=int(number))
    x, y = np.arange(left, right, block_m), np.arange(bottom, top, block_m)
    cells = [shapely.box(a, b, a + block_m, b + block_m) for b in y for a in x]
    return gpd.GeoDataFrame({"block": range(len(cells))}, geometry=cells, crs=grid.crs)


@dataclass(frozen=True)
class Part:
    """Some of the square blocks of a county: the tuning part, or the sealed test part.

    Attributes
    ----------
    origin
        x and y of the lower left corner of block 0, in the CRS of the images.
    block_m
        Side of a block in metres.
    across, down
        Number of blocks of the county along x and y.
    numbers
        ``(n,)`` the blocks that belong to the part, counted row by row from below.
    """

    origin: tuple[float, float]
    block_m: float
    across: int
    down: int
    numbers: NDArray[np.intp]

    def block_of(self, layer: gpd.GeoDataFrame) -> NDArray[np.int64]:
        """Return the block ``(n,)`` that the inner point of each feature lies in; -1 outside the county."""
        at = layer.representative_point()
        col = np.floor((at.x.to_numpy(float) - self.origin[0]) / self.block_m).astype(np.int64)
        row = np.floor((at.y.to_numpy(float) - self.origin[1]) / self.block_m).astype(np.int64)
        outside = (col < 0) | (col >= self.across) | (row < 0) | (row >= self.down)
        return np.where(outside, -1, row * self.across + col)

    def holds(self, layer: gpd.GeoDataFrame) -> NDArray[np.bool_]:
        """Return which features ``(n,)`` belong to the part, each by its inner point."""
        return np.isin(self.block_of(layer), self.numbers)

    def of(self, layer: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Return the features that belong to the part."""
        return layer[self.holds(layer)]


def split_county(
    grid: Grid, real: gpd.GeoDataFrame, block_m: float, *, test_share: float = 0.4, seed: int = 0
) -> tuple[Part, Part]:
    """Split the ground of a grid by blocks into the tuning part and the test part.

    Raises
    ------
    SchemaError
        None of the true changes `real` lies in the tuning part: nothing can be tuned.
    ParameterError, CRSError
        As :func:`block_grid` and :func:`~weipian_lab.tuning.spatial_split`.
    """
    blocks = block_grid(grid, block_m)
    left, bottom = (float(v) for v in blocks.total_bounds[:2])
    across = int((blocks.geometry.bounds["miny"] == bottom).sum())
    split = spatial_split(blocks["block"], test_share=test_share, seed=seed)
    tuning, test = (
        Part((left, bottom), block_m, across, len(blocks) // across, numbers) for numbers in split
    )
    if not tuning.holds(real).any():
        raise SchemaError("tuning.none_to_tune", number=len(real))
    return tuning, test


def inside(layer: gpd.GeoDataFrame, region: Part | shapely.Geometry | None) -> NDArray[np.bool_]:
    """Return which features ``(n,)`` have their inner point in a part or polygon; all where it is None."""
    if region is None:
        return np.ones(len(layer), bool)
    if isinstance(region, Part):
        return region.holds(layer)
    shapely.prepare(region)
    return np.asarray(shapely.contains(region, layer.representative_point().to_numpy()), bool)
