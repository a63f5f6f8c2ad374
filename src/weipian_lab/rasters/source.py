"""An opened image, read block by block from any number of threads.

Bands may come from one file or from several; a file on another grid is read through a warp.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray
from rasterio.enums import Resampling
from rasterio.errors import RasterioError
from rasterio.vrt import WarpedVRT
from rasterio.windows import Window

from weipian_lab.errors import InputError
from weipian_lab.grid import Block, Grid
from weipian_lab.rasters import clouds, scaling
from weipian_lab.rasters.datasets import Member, grid_of

__all__ = ["Source"]

_WHOLE_PIXEL = 1e-3


@dataclass
class Source:
    """An image opened for reading by blocks.

    Attributes
    ----------
    grid
        Grid that blocks refer to: the file's own, or the one asked for in :meth:`on`.
    bands
        Names of the bands read.
    members, scaling
        Where each band lies and how stored values become reflectance.
    mask, mask_rule
        Cloud raster, or None.
    meta
        Facts for the report.
    """

    grid: Grid
    bands: tuple[str, ...]
    members: tuple[Member, ...]
    scaling: scaling.Scaling
    mask: str | None
    mask_rule: clouds.MaskRule | None
    meta: dict[str, Any]
    resampling: str = "cubic"
    zero_is_nodata: bool = False
    _local: threading.local = field(default_factory=threading.local, repr=False)
    _opened: list[Any] = field(default_factory=list, repr=False)

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all files, those opened by other threads too."""
        while self._opened:
            self._opened.pop().close()
        self._local = threading.local()

    def pick(self, positions: Sequence[int]) -> Source:
        """Return the same source with some of its bands, in that order."""
        at = list(positions)
        factors = scaling.Scaling(self.scaling.scale[at], self.scaling.offset[at], self.scaling.origin)
        return self._like(
            bands=tuple(self.bands[i] for i in at),
            members=tuple(self.members[i] for i in at),
            scaling=factors,
        )

    def on(self, grid: Grid, resampling: str = "cubic") -> Source:
        """Return the same source read onto another grid."""
        return self._like(grid=grid, resampling=resampling)

    def shifted(self, offset: float) -> Source:
        """Return the same source with `offset` (reflectance) added to every band."""
        moved = scaling.Scaling(
            self.scaling.scale, (self.scaling.offset + offset).astype(np.float32), self.scaling.origin
        )
        return self._like(scaling=moved)

    def _like(self, **changes: Any) -> Source:
        names = (
            "grid",
            "bands",
            "members",
            "scaling",
            "mask",
            "mask_rule",
            "meta",
            "resampling",
            "zero_is_nodata",
        )
        return Source(**{name: changes.get(name, getattr(self, name)) for name in names})

    def read(self, block: Block | None = None) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Read a block.

        Parameters
        ----------
        block
            Part of ``grid``; None for all of it.

        Returns
        -------
        data, valid
            ``(band, row, col)`` float32 reflectance, NaN where not valid; ``(row, col)`` bool.

        Raises
        ------
        InputError
            If the file is damaged.
        """
        block = block or Block(0, 0, *self.grid.shape)
        data = np.empty((len(self.members), block.height, block.width), np.float32)
        valid = np.ones((block.height, block.width), bool)
        by_file: dict[str, list[int]] = {}
        for position, member in enumerate(self.members):
            by_file.setdefault(member.path, []).append(position)
        zero = np.ones_like(valid) if self.zero_is_nodata else None
        for path, positions in by_file.items():
            self._read_file(path, positions, block, data, valid, zero)
        if zero is not None:
            valid &= ~zero
        if self.mask is not None and self.mask_rule is not None:
            values, known = self._stored(self.mask, [1], block, "nearest")
            valid &= ~clouds.not_clear(values[0], self.mask_rule) & known
        if not valid.all():
            data[:, ~valid] = np.nan
        return data, valid

    def small(self, most_px: int = 900) -> tuple[NDArray[np.float32], NDArray[np.bool_], Grid]:
        """Read the whole image with at most `most_px` pixels along a side, for figures (clouds stay).

        Returns
        -------
        data, valid, grid
            As :meth:`read`, and the coarser grid.
        """
        rows, cols = self.grid.shape
        factor = max(1.0, max(rows, cols) / most_px)
        shape = (max(1, round(rows / factor)), max(1, round(cols / factor)))
        step = Affine.scale(cols / shape[1], rows / shape[0])
        grid = Grid(self.grid.crs, self.grid.transform @ step, shape)
        block = Block(0, 0, rows, cols)
        data = np.empty((len(self.members), *shape), np.float32)
        valid = np.ones(shape, bool)
        zero = np.full(shape, self.zero_is_nodata)
        for i, member in enumerate(self.members):
            stored, known = self._stored(member.path, [member.index], block, self.resampling, shape)
            layer = stored[0].astype(np.float32)
            valid &= known & np.isfinite(layer)
            if member.nodata is not None and np.isfinite(member.nodata):
                valid &= layer != member.nodata
            zero &= layer == 0
            data[i] = layer * self.scaling.scale[i] + self.scaling.offset[i]
        valid &= ~zero
        data[:, ~valid] = np.nan
        return data, valid, grid

    def _read_file(
        self,
        path: str,
        positions: list[int],
        block: Block,
        data: NDArray[np.float32],
        valid: NDArray[np.bool_],
        zero: NDArray[np.bool_] | None,
    ) -> None:
        stored, known = self._stored(path, [self.members[i].index for i in positions], block, self.resampling)
        valid &= known
        for layer, i in zip(stored, positions, strict=True):
            nodata = self.members[i].nodata
            if nodata is not None and np.isfinite(nodata):
                valid &= layer != nodata
            if zero is not None:
                zero &= layer == 0
            with np.errstate(over="ignore"):  # a float64 beyond float32 becomes infinite and so not valid
                np.multiply(layer, self.scaling.scale[i], out=data[i], casting="unsafe")
            if self.scaling.offset[i]:
                data[i] += self.scaling.offset[i]
            if layer.dtype.kind == "f":
                valid &= np.isfinite(data[i])

    def _stored(
        self,
        path: str,
        indexes: list[int],
        block: Block,
        resampling: str,
        shape: tuple[int, int] | None = None,
    ) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Return stored values and where the file has any."""
        dataset, masked = self._handle(path, resampling)
        window = Window(block.col, block.row, block.width, block.height)
        shape = shape or (block.height, block.width)
        known = np.ones(shape, bool)
        options: dict[str, Any] = {"window": window}
        if shape != (block.height, block.width):
            options["out_shape"] = (len(indexes), *shape)
        try:
            if isinstance(dataset, tuple):  # same pixels, other extent
                dataset, row, col = dataset
                options["window"] = Window(block.col + col, block.row + row, block.width, block.height)
            values = dataset.read(indexes, **options)
            if masked:
                known = dataset.read_masks(indexes, **options).all(axis=0)
        except RasterioError as error:
            raise InputError("rasters.damaged", path=path) from error
        return values, known

    def _handle(self, path: str, resampling: str) -> tuple[Any, bool]:
        """Return this thread's open dataset for a file, warped or with a whole-pixel offset where needed."""
        cache: dict[str, tuple[Any, bool]] = self._local.__dict__.setdefault("handles", {})
        if path not in cache:
            dataset = rasterio.open(path)
            self._opened.append(dataset)
            masked = any(m.path == path and m.masked for m in self.members)
            cache[path] = (self._view(dataset, resampling), masked)
        return cache[path]

    def _view(self, dataset: Any, resampling: str) -> Any:
        own = grid_of(dataset)
        if not own.difference(self.grid):
            return dataset
        if offset := _whole_pixel_offset(own, self.grid):
            return (dataset, *offset)
        view = WarpedVRT(
            dataset,
            crs=self.grid.crs,
            transform=self.grid.transform,
            height=self.grid.shape[0],
            width=self.grid.shape[1],
            nodata=np.nan,
            dtype="float32",
            resampling=Resampling[resampling],
            src_nodata=0 if self.zero_is_nodata and dataset.nodata is None else dataset.nodata,
            warp_extras={"UNIFIED_SRC_NODATA": "YES"},
        )
        self._opened.append(view)
        return view


def _whole_pixel_offset(own: Grid, wanted: Grid) -> tuple[int, int] | None:
    """Row and column of `wanted` inside `own` if both have the same pixels and `wanted` lies inside."""
    col, row = ~own.transform @ (wanted.transform.c, wanted.transform.f)
    row, col = round(row), round(col)
    inside = row >= 0 and col >= 0
    inside = inside and row + wanted.shape[0] <= own.shape[0] and col + wanted.shape[1] <= own.shape[1]
    if not inside or own.window(Block(row, col, *wanted.shape)).difference(wanted, tolerance_px=_WHOLE_PIXEL):
        return None
    return row, col
