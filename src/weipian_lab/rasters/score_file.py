"""A raster written block by block, turned into a Cloud-Optimised GeoTIFF when it is complete."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
import rasterio.shutil
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.windows import Window

from weipian_lab.errors import OutputError
from weipian_lab.grid import Block, Grid
from weipian_lab.outputs import atomic
from weipian_lab.rasters.writing import cog_options, describe

__all__ = ["ScoreFile"]

_OVERVIEW_PX = 512
_DROPPED_BITS = 23 - 16


def _rounded(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round to 16 bits of the mantissa; NaN and infinity stay."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    half, mask = np.uint32(1 << (_DROPPED_BITS - 1)), np.uint32(~((1 << _DROPPED_BITS) - 1) & 0xFFFFFFFF)
    rounded: NDArray[np.float32] = ((bits + half) & mask).view(np.float32)
    return rounded


class ScoreFile:
    """One float32 band, NaN where there is nothing.

    Values are rounded to 16 bits of their mantissa (5 digits, at most 8e-6 of the value off): the bits below
    are noise, and cost a third of the time and of the size when they are compressed.

    Parameters
    ----------
    path
        Where blocks are put together (not compressed); stays after an interruption, to be gone on with.
    grid
        Where the raster lies.
    keep
        Whether what is there is gone on with.
    block_side
        Tiles of the file are this wide, if GeoTIFF can have them.
    """

    def __init__(self, path: Path, grid: Grid, *, keep: bool, block_side: int) -> None:
        self.path = path
        self.description = "score"
        tile = block_side if block_side % 16 == 0 else 256
        profile = {
            "driver": "GTiff",
            "count": 1,
            "height": grid.shape[0],
            "width": grid.shape[1],
            "dtype": "float32",
            "crs": grid.crs,
            "transform": grid.transform,
            "nodata": float("nan"),
            "tiled": True,
            "blockxsize": tile,
            "blockysize": tile,
            "sparse_ok": True,
            "bigtiff": "IF_SAFER",
        }
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if keep and path.is_file():
                self._dataset: Any = rasterio.open(path, "r+")
            else:
                self._dataset = rasterio.open(path, "w", **profile)
        except (rasterio.errors.RasterioError, OSError) as error:
            raise OutputError("errors.cannot_write", path=path, reason=str(error)) from error

    @staticmethod
    def is_sound(path: Path) -> bool:
        """Whether a file is there that can be gone on with; a kill before its first rest leaves no TIFF."""
        try:
            with rasterio.open(path) as dataset:
                return bool(dataset.count == 1)
        except (rasterio.errors.RasterioError, OSError):
            return False

    def write(self, block: Block, values: NDArray[np.float32]) -> None:
        """Write a block ``(row, col)``."""
        window = Window(block.col, block.row, block.width, block.height)
        try:
            self._dataset.write(_rounded(values), 1, window=window)
        except rasterio.errors.RasterioError as error:
            raise OutputError("errors.cannot_write", path=self.path, reason=str(error)) from error

    def settle(self) -> None:
        """Put what was written on disk, and go on."""
        try:
            self._dataset.close()
            self._dataset = rasterio.open(self.path, "r+")
        except rasterio.errors.RasterioError as error:
            raise OutputError("errors.cannot_write", path=self.path, reason=str(error)) from error

    def finish(self, target: Path | str, *, tags: Mapping[str, Any] | None = None) -> Path:
        """Write the COG and remove the blocks."""
        describe(self._dataset, [self.description], tags)
        self._dataset.close()
        # overviews of what is not yet compressed: the COG driver would compress and read its own once more
        options = cog_options(np.float32) | {"overviews": "FORCE_USE_EXISTING"}
        try:
            self._build_overviews()
            with atomic(target) as temporary:
                rasterio.shutil.copy(self.path, temporary, **options)
        except rasterio.errors.RasterioError as error:
            raise OutputError("errors.cannot_write", path=target, reason=str(error)) from error
        self.path.unlink()
        return Path(target)

    def _build_overviews(self) -> None:
        settings = {"GDAL_NUM_THREADS": "2", "GDAL_TIFF_OVR_BLOCKSIZE": str(_OVERVIEW_PX)}
        with rasterio.Env(**settings), rasterio.open(self.path, "r+") as dataset:
            count = math.ceil(math.log2(max(1, max(dataset.shape) / _OVERVIEW_PX)))
            dataset.build_overviews([2**level for level in range(1, count + 1)], Resampling.average)

    def close(self) -> None:
        """Close the file; what was written stays."""
        self._dataset.close()
