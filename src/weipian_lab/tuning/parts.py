"""The true changes, and the county in spatial blocks: those to tune on, those sealed for the test."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from weipian_lab import vectors
from weipian_lab.accuracy import changes_between
from weipian_lab.errors import ParameterError, SchemaError
from weipian_lab.features.outline import metres_per_unit
from weipian_lab.grid import Grid
from weipian_lab.rasters import ImagePair
from weipian_lab.tuning.split import spatial_split

__all__ = ["Part", "block_grid", "days_of", "inside", "read_truth", "split_county"]

_MOST_BLOCKS = 1_000_000
Pair = tuple[float, float]


def days_of(pair: ImagePair) -> tuple[str, str]:
    """Return the days of both images, YYYY-MM-DD; "" where an image does not say."""
    first, second = (str(pair.report[side]["datetime"] or "")[:10] for side in ("before", "after"))
    return first, second


def read_truth(path: Path | str, pair: ImagePair, layer: str | None = None) -> gpd.GeoDataFrame:
    """Return the true changes that a pair of images can show.

    Parameters
    ----------
    path, layer
        Polygons in any CRS; ``is_true`` and ``date_start`` are heeded where there are any
        (:func:`weipian_lab.accuracy.changes_between`). Without ``change_id`` they are numbered from 1 in the
        order of the layer.
    pair
        The images; changes with their inner point outside them are left out.

    Returns
    -------
    GeoDataFrame
        In the CRS of the images.

    Raises
    ------
    InputError, CRSError
        As :func:`weipian_lab.vectors.read`.
    SchemaError
        An id twice, or no change between the two days within the images.
    """
    found = vectors.read(path, layer=layer).frame.to_crs(pair.grid.crs)
    if "change_id" not in found.columns:
        found = found.assign(change_id=[str(number) for number in range(1, len(found) + 1)])
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

    On a grid in degrees they are square on the ground at its middle.

    Raises
    ------
    ParameterError
        `block_m` not above 0, or so small that there are more than a million blocks.
    """
    (left, bottom), (wide, high), (across, down) = _lattice(grid, block_m)
    cells = [
        shapely.box(left + i * wide, bottom + j * high, left + (i + 1) * wide, bottom + (j + 1) * high)
        for j in range(down)
        for i in range(across)
    ]
    return gpd.GeoDataFrame({"block": range(len(cells))}, geometry=cells, crs=grid.crs)


def _lattice(grid: Grid, block_m: float) -> tuple[Pair, Pair, tuple[int, int]]:
    """Return lower left corner, sides of a block in units of the grid, and blocks across and down."""
    if not block_m > 0:
        raise ParameterError("errors.not_positive", name="block_m", value=block_m)
    left, bottom, right, top = grid.bounds
    wide, high = (block_m / unit for unit in metres_per_unit(grid))
    across, down = (int(np.ceil(length)) for length in ((right - left) / wide, (top - bottom) / high))
    if across * down > _MOST_BLOCKS:
        raise ParameterError("tuning.many_blocks", value=block_m, number=across * down)
    return (left, bottom), (wide, high), (across, down)


@dataclass(frozen=True)
class Part:
    """Some of the square blocks of a county: the tuning part, or the sealed test part.

    Attributes
    ----------
    origin, side
        x and y of the lower left corner of block 0, width and height of a block, in units of the images' CRS.
    across, down
        Number of blocks of the county along x and y.
    numbers
        ``(n,)`` the blocks that belong to the part, counted row by row from below.
    """

    origin: Pair
    side: Pair
    across: int
    down: int
    numbers: NDArray[np.intp]

    def block_of(self, layer: gpd.GeoDataFrame) -> NDArray[np.int64]:
        """Return the block ``(n,)`` that the inner point of each feature lies in; -1 outside the county."""
        at = layer.representative_point()
        col = np.floor((at.x.to_numpy(float) - self.origin[0]) / self.side[0]).astype(np.int64)
        row = np.floor((at.y.to_numpy(float) - self.origin[1]) / self.side[1]).astype(np.int64)
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
    ParameterError
        As :func:`block_grid` and :func:`~weipian_lab.tuning.spatial_split`.
    """
    origin, side, (across, down) = _lattice(grid, block_m)
    split = spatial_split(np.arange(across * down), test_share=test_share, seed=seed)
    tuning, test = (Part(origin, side, across, down, numbers) for numbers in split)
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
