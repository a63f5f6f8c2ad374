"""Read whole images and pairs into memory, and look at a pair before it is used."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weipian_lab.errors import InputError
from weipian_lab.grid import Block
from weipian_lab.rasters import scaling
from weipian_lab.rasters.image import Image, ImagePair, Remark
from weipian_lab.rasters.opening import open_source
from weipian_lab.rasters.pair import Align, PairSource, open_pair
from weipian_lab.rasters.scenes import ImagePath

__all__ = ["inspect_pair", "read", "read_pair", "sample_blocks"]

_LOOK_SIDE = 256
_LOOK_BLOCKS = 9
_CLOUDY = 0.5


def read(
    path: ImagePath,
    bands: Sequence[str | int] | None = None,
    scale: float | Sequence[float] | None = None,
    offset: float | Sequence[float] | None = None,
    block: Block | None = None,
    *,
    mask: str | Path | None = None,
    mask_kind: str = "auto",
    mask_grow_px: int = 0,
) -> Image:
    """Read an image.

    Parameters
    ----------
    path
        Any raster GDAL opens; or a folder of band files, or a list of them (of one scene and CRS; the finest
        pixel sets the grid). See :func:`weipian_lab.rasters.scene_of`.
    bands
        Names (``"B04"``, ``"red"``) or numbers from 1; None for all.
    scale, offset
        reflectance = stored × scale + offset; a number or one for each band. None: from the file's tags, then
        (band files) the product's metadata, then its processing baseline, else 1/255 for 8-bit and 1e-4 for
        16-bit values (``meta["scale_from"]`` says which).
    block
        Part to read; None for all.
    mask
        Cloud raster on any grid; "auto" takes ``<name>_SCL`` beside the image if there is one, for band files
        the SCL or QA_PIXEL of the scene; None for none.
    mask_kind
        "auto", "scl", "qa_pixel", "probability" or "binary".
    mask_grow_px
        Pixels added around clouds.

    Raises
    ------
    InputError
        If the file is missing, damaged or not a raster, a band is missing, or no pixel is valid.
    CRSError
        If it has no coordinate system.
    GridError
        If band files differ in coordinate system.
    """
    options: dict[str, Any] = {"mask": mask, "mask_kind": mask_kind, "mask_grow_px": mask_grow_px}
    with open_source(path, bands, scale=scale, offset=offset, **options) as source:
        data, valid = source.read(block)
        if block is None and not valid.any():
            raise InputError("rasters.all_nodata", path=source.meta["path"])
        grid = source.grid if block is None else source.grid.window(block)
        return Image(data, valid, grid, source.bands, source.meta | {"valid_share": float(valid.mean())})


def read_pair(
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
    fix_baseline: bool = False,
) -> ImagePair:
    """Read two images onto one grid.

    Parameters
    ----------
    before, after
        As in :func:`read`.
    bands
        Bands of both; None for those that both have (by name or alias, or by position if unnamed).
    scale, offset, mask_kind, mask_grow_px
        As in :func:`read`, for both.
    masks
        Cloud rasters of both.
    align
        "auto": differing CRS, pixels or extent are aligned (second onto first, cut to the overlap),
        reported;
        "require": they raise.
    fix_baseline
        Whether an offset found by :func:`inspect_pair` is taken out of the image that carries it.

    Raises
    ------
    InputError, CRSError
        As :func:`read`; also if the two share no band or no valid pixel.
    GridError
        If they do not overlap, or differ and `align` is "require".
    """
    options: dict[str, Any] = {
        "mask_kind": mask_kind,
        "mask_grow_px": mask_grow_px,
        "align": align,
        "masks": masks,
    }
    with open_pair(before, after, bands=bands, scale=scale, offset=offset, **options) as source:
        source, report, remarks = inspect_pair(source, fix_baseline=fix_baseline)
        first, second, valid = source.read()
        source.close()
    report["valid_share"] = float(valid.mean())
    return ImagePair(first, second, valid, source.grid, source.bands, report, remarks)


def sample_blocks(shape: tuple[int, int], side: int = _LOOK_SIDE, count: int = _LOOK_BLOCKS) -> list[Block]:
    """Return up to `count` square blocks spread evenly over a grid; all of a grid that is smaller."""
    rows, cols = shape
    if rows * cols <= count * side * side:
        return [Block(0, 0, rows, cols)]
    across = max(1, round((count * cols / rows) ** 0.5))
    down = max(1, -(-count // across))
    height, width = min(side, rows), min(side, cols)
    tops = np.unique(np.linspace(0, rows - height, down).astype(int))
    lefts = np.unique(np.linspace(0, cols - width, across).astype(int))
    return [Block(int(r), int(c), height, width) for r in tops for c in lefts]


def inspect_pair(
    source: PairSource, *, fix_baseline: bool = False
) -> tuple[PairSource, dict[str, Any], tuple[Remark, ...]]:
    """Look at sample blocks of a pair: valid share, constant bands, identical images, baselines that differ.

    Returns
    -------
    source
        The pair, with the offset corrected if one was found and `fix_baseline` is set.
    report
        Plain values for JSON.
    remarks
        Sentences, warnings first.

    Raises
    ------
    InputError
        If an image, or the pair, has no valid pixel at all.
    """
    blocks = sample_blocks(source.grid.shape)
    first, second, shares = _look(source, blocks)
    if first.shape[1] == 0:
        blocks = list(source.grid.blocks(1024))
        first, second, shares = _look(source, blocks)
        _require_valid(source, shares)
    remarks = list(source.remarks)
    remarks += _remarks_on(source, first, second, shares)
    report: dict[str, Any] = {
        "before": source.before.meta,
        "after": source.after.meta,
        "alignment": source.alignment,
        "sampled_blocks": len(blocks),
        "valid_share_before": shares[0],
        "valid_share_after": shares[1],
        "valid_share": shares[2],
        "baseline_offset": None,
        "baseline_fixed": False,
    }
    gap = scaling.offset_between(first, second)
    if gap is not None:
        report |= {"baseline_offset": gap, "baseline_fixed": fix_baseline}
        values = {
            "amount": f"{abs(gap):.3f}",
            "direction": Remark("rasters.above" if gap > 0 else "rasters.below"),
        }
        remarks.append(
            Remark("rasters.baseline_fixed" if fix_baseline else "rasters.baseline_mismatch", values)
        )
        if fix_baseline:
            source = _without_offset(source, gap)
    ordered = sorted(remarks, key=lambda remark: remark.level != "warning")
    report["remarks"] = [remark.facts() for remark in ordered]
    return source, report, tuple(ordered)


def _without_offset(source: PairSource, gap: float) -> PairSource:
    """Add the offset that is missing to the image that lies higher."""
    before, after = source.before, source.after
    if gap > 0:
        after = after.shifted(scaling.BASELINE_OFFSET)
    else:
        before = before.shifted(scaling.BASELINE_OFFSET)
    source.close()
    return PairSource(before, after, source.grid, source.bands, source.alignment, source.remarks)


def _look(
    source: PairSource, blocks: Sequence[Block]
) -> tuple[NDArray[np.float32], NDArray[np.float32], tuple[float, float, float]]:
    """Return valid pixels of the sample as ``(band, n)`` and the shares valid before, after and in both."""
    kept: tuple[list[Any], list[Any]] = ([], [])
    counts = np.zeros(3)
    total = 0
    for block in blocks:
        first, valid_first = source.before.read(block)
        second, valid_second = source.after.read(block)
        both = valid_first & valid_second
        counts += [valid_first.sum(), valid_second.sum(), both.sum()]
        total += both.size
        kept[0].append(first[:, both])
        kept[1].append(second[:, both])
    shares = counts / total
    return (
        np.concatenate(kept[0], axis=1),
        np.concatenate(kept[1], axis=1),
        (float(shares[0]), float(shares[1]), float(shares[2])),
    )


def _require_valid(source: PairSource, shares: tuple[float, float, float]) -> None:
    for share, image in zip(shares[:2], (source.before, source.after), strict=True):
        if share == 0:
            raise InputError("rasters.all_nodata", path=image.meta["path"])
    if shares[2] == 0:
        raise InputError("rasters.none_common")


def _remarks_on(
    source: PairSource,
    first: NDArray[np.float32],
    second: NDArray[np.float32],
    shares: tuple[float, float, float],
) -> list[Remark]:
    found = []
    if shares[2] < _CLOUDY:
        found.append(Remark("rasters.cloudy", {"share": f"{shares[2]:.0%}"}))
    if np.array_equal(first, second):
        found.append(Remark("rasters.identical"))
    for which, data in (("before", first), ("after", second)):
        constant = [name for name, band in zip(source.bands, data, strict=True) if np.ptp(band) == 0]
        if constant:
            values = {"bands": ", ".join(constant), "which": Remark(f"rasters.{which}")}
            found.append(Remark("rasters.constant_band", values))
    return found
