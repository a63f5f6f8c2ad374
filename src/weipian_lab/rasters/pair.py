"""Two images on one grid: bands paired, extents cut to the overlap, other grids resampled; all reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.warp import transform_bounds

from weipian_lab.errors import CRSError, GridError, InputError, ParameterError
from weipian_lab.grid import Block, Grid
from weipian_lab.rasters.bands import common_bands
from weipian_lab.rasters.image import Remark
from weipian_lab.rasters.opening import open_source
from weipian_lab.rasters.scenes import ImagePath
from weipian_lab.rasters.source import Source

__all__ = ["PairSource", "common_grid", "open_pair"]

Align = Literal["auto", "require"]
_MUCH_FINER = 1.5


@dataclass
class PairSource:
    """Two opened images on one grid, read block by block.

    Attributes
    ----------
    before, after
        Sources on the common grid with the same number of bands.
    grid, bands
        Common grid; names of the bands in the first image.
    alignment
        What differed and what was done.
    """

    before: Source
    after: Source
    grid: Grid
    bands: tuple[str, ...]
    alignment: dict[str, Any]
    remarks: tuple[Remark, ...]

    def __enter__(self) -> PairSource:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all files."""
        self.before.close()
        self.after.close()

    def read(
        self, block: Block | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
        """Read a block of both; see :meth:`Source.read`. A pixel is valid where both are.

        Returns
        -------
        before, after, valid
            ``(band, row, col)`` float32 twice, NaN where not valid; ``(row, col)`` bool.
        """
        first, valid = self.before.read(block)
        second, also = self.after.read(block)
        both = valid & also
        if not both.all():
            first[:, ~both] = np.nan
            second[:, ~both] = np.nan
        return first, second, both


def open_pair(
    before: ImagePath,
    after: ImagePath,
    *,
    bands: Sequence[str | int] | None = None,
    scale: float | Sequence[float] | None = None,
    offset: float | Sequence[float] | None = None,
    masks: tuple[str | Path | None, str | Path | None] = (None, None),
    mask_kind: str = "auto",
    mask_grow_px: int = 0,
    align: Align = "auto",
) -> PairSource:
    """Open a pair for reading by blocks; see :func:`weipian_lab.rasters.read_pair`."""
    if align not in ("auto", "require"):
        raise ParameterError("errors.bad_choice", name="align", value=align, choices="auto, require")
    options: dict[str, Any] = {
        "scale": scale,
        "offset": offset,
        "mask_kind": mask_kind,
        "mask_grow_px": mask_grow_px,
    }
    first = open_source(before, bands, mask=masks[0], **options)
    second = open_source(after, bands, mask=masks[1], **options)
    if bands is None:
        first, second, how = _pair_bands(first, second)
    else:
        how = "parameter"
    if align == "require":
        first.grid.require_same(second.grid)
    grid, alignment = common_grid(first.grid, second.grid)
    alignment["bands_paired_by"] = how
    # where no pixel is resampled for the pair, a coarser band file still is: in both images alike
    resampling = alignment["resampling"] or "cubic"
    remarks = tuple(_remarks(first, second, alignment))
    return PairSource(first.on(grid), second.on(grid, resampling), grid, first.bands, alignment, remarks)


def _pair_bands(first: Source, second: Source) -> tuple[Source, Source, str]:
    here, there, how = common_bands(first.bands, second.bands)
    if not here:
        raise InputError(
            "rasters.no_common_bands",
            before=first.meta["path"],
            after=second.meta["path"],
            bands_before=", ".join(first.bands),
            bands_after=", ".join(second.bands),
        )
    return first.pick(here), second.pick(there), how


def common_grid(before: Grid, after: Grid) -> tuple[Grid, dict[str, Any]]:
    """Return the part of the first grid that the second covers too, and what differed.

    Returns
    -------
    grid
        Pixels of `before`, cut to the overlap.
    alignment
        "difference" (words, "" if none), "resampling" (method for the second image, None if no pixel is
        resampled), "overlap" (share of the first grid that is left).

    Raises
    ------
    GridError
        If the images do not overlap by at least a pixel.
    """
    difference = before.difference(after)
    if not difference:
        return before, {"difference": "", "resampling": None, "overlap": 1.0}
    window = _overlap(before, after)
    if window is None:
        raise GridError("rasters.no_overlap", before=_bounds(before), after=_bounds(after))
    grid = before.window(window)
    share = window.height * window.width / (before.shape[0] * before.shape[1])
    method = None if _same_pixels(before, after) else _resampling(before, after)
    return grid, {"difference": difference, "resampling": method, "overlap": share}


def _overlap(before: Grid, after: Grid) -> Block | None:
    bounds = after.bounds
    if after.crs != before.crs:
        try:
            bounds = transform_bounds(after.crs, before.crs, *bounds, densify_pts=21)
        except Exception as error:  # rasterio wraps PROJ's failures in several types
            raise CRSError("errors.outside_crs", crs=after.crs) from error
    to_px = ~before.transform
    corners = [to_px @ (x, y) for x in bounds[::2] for y in bounds[1::2]]
    if not np.isfinite(corners).all():
        return None
    cols, rows = zip(*corners, strict=True)
    slack = 1e-3
    row, col = max(0, int(np.ceil(min(rows) - slack))), max(0, int(np.ceil(min(cols) - slack)))
    last_row = min(before.shape[0], int(np.floor(max(rows) + slack)))
    last_col = min(before.shape[1], int(np.floor(max(cols) + slack)))
    if last_row <= row or last_col <= col:
        return None
    return Block(row, col, last_row - row, last_col - col)


def _same_pixels(before: Grid, after: Grid) -> bool:
    if after.crs != before.crs:
        return False
    col, row = ~before.transform @ (after.transform.c, after.transform.f)
    moved = before.window(Block(round(row), round(col), *after.shape))
    return not moved.difference(after)


def _resampling(before: Grid, after: Grid) -> str:
    """Cubic, or the mean where the second image has clearly smaller pixels."""
    step = ~before.transform @ after.transform
    if after.crs != before.crs:
        west, south, east, north = transform_bounds(after.crs, before.crs, *after.bounds, densify_pts=21)
        size = abs((east - west) * (north - south)) / (after.shape[0] * after.shape[1])
        ratio = size / abs(before.transform.a * before.transform.e)
    else:
        ratio = abs(step.determinant)
    return "average" if ratio < 1 / _MUCH_FINER**2 else "cubic"


def _name(source: Source) -> str:
    """Return the file's name without its folders, or the name of the scene, for reports."""
    return str(source.meta.get("scene") or Path(source.meta["path"]).name)


def _band_files(source: Source) -> Remark:
    """Return which files an image was put together from."""
    values = {
        "scene": _name(source),
        "count": len({member.path for member in source.members}),
        "bands": ", ".join(source.bands),
        "left_out": ", ".join(source.meta["left_out"]) or "–",
        "mask": Path(source.meta["mask"]).name if source.meta["mask"] else "–",
    }
    return Remark("rasters.band_files", values, "note")


def _bounds(grid: Grid) -> str:
    return f"{grid.crs} [" + ", ".join(f"{v:.6g}" for v in grid.bounds) + "]"


def _differs(before: Grid, after: Grid) -> Remark:
    """Return in words what differs: the CRS, else the size of the pixels, else where they lie."""
    if before.crs != after.crs:
        return Remark("rasters.differs_crs", {"before": _crs_name(before), "after": _crs_name(after)})
    sizes = [f"{abs(grid.transform.a):.6g} × {abs(grid.transform.e):.6g}" for grid in (before, after)]
    if sizes[0] != sizes[1]:
        return Remark("rasters.differs_pixel", {"before": sizes[0], "after": sizes[1]})
    shapes = ["{} × {}".format(*grid.shape) for grid in (before, after)]
    if shapes[0] != shapes[1]:
        return Remark("rasters.differs_shape", {"before": shapes[0], "after": shapes[1]})
    return Remark("rasters.differs_origin")


def _crs_name(grid: Grid) -> str:
    return str(CRS.from_user_input(grid.crs).name)


def _remarks(first: Source, second: Source, alignment: dict[str, Any]) -> list[Remark]:
    found = []
    for source in (first, second):
        if "scene" in source.meta:
            found.append(_band_files(source))
        if source.meta["scale_from"] == "assumed_date":
            found.append(Remark("rasters.assumed_offset", {"path": _name(source)}, "note"))
        elif source.meta["scale_from"].startswith("assumed"):
            values = {"path": _name(source), "scale": f"{source.scaling.scale[0]:.6g}"}
            found.append(Remark("rasters.assumed_scale", values, "note"))
    if first.meta["scale_from"] != second.meta["scale_from"]:
        origins = {"before": first, "after": second}
        said: dict[str, Any] = {
            which: Remark(f"rasters.scale_{source.meta['scale_from']}") for which, source in origins.items()
        }
        found.append(Remark("rasters.scales_differ", said))
    if alignment["bands_paired_by"] == "position":
        found.append(Remark("rasters.by_position", {"count": len(first.bands)}, "note"))
    if alignment["difference"]:
        how = alignment["resampling"]
        said = {"overlap": f"{alignment['overlap']:.1%}", "detail": _differs(first.grid, second.grid)}
        if how is None:
            found.append(Remark("rasters.aligned_cut", said, "note"))
        else:
            said["how"] = Remark(f"rasters.resampled_{how}")
            found.append(Remark("rasters.aligned_resampled", said, "note"))
    if alignment["overlap"] < 0.5:
        found.append(Remark("rasters.small_overlap", {"overlap": f"{alignment['overlap']:.1%}"}))
    return found
