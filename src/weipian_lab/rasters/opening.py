"""Open an image: choose its bands, decide how stored values become reflectance, find its cloud mask."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from weipian_lab.errors import GridError, InputError
from weipian_lab.grid import Grid
from weipian_lab.rasters import bands as band_names
from weipian_lab.rasters import clouds, scaling
from weipian_lab.rasters.datasets import Member, grid_of, large_value, list_bands, open_dataset
from weipian_lab.rasters.scenes import ImagePath, Scene, scene_of
from weipian_lab.rasters.source import Source

__all__ = ["open_source"]


def open_source(
    path: ImagePath,
    bands: Sequence[str | int] | None = None,
    *,
    scale: float | Sequence[float] | None = None,
    offset: float | Sequence[float] | None = None,
    mask: str | Path | None = None,
    mask_kind: str = "auto",
    mask_grow_px: int = 0,
) -> Source:
    """Open an image or separate band files (a folder, a list); arguments as :func:`weipian_lab.rasters.read`.

    Raises
    ------
    InputError, CRSError, GridError
        As :func:`weipian_lab.rasters.read`.
    """
    scene = scene_of(path, bands)
    paths = list(scene.files) if scene else [str(path if isinstance(path, (str, Path)) else path[0])]
    opened: list[Any] = []
    try:
        opened += [open_dataset(one) for one in paths]
        return _describe(paths, opened, bands, scale, offset, mask, mask_kind, mask_grow_px, scene)
    finally:
        for dataset in opened:
            dataset.close()


def _describe(
    paths: list[str],
    opened: list[Any],
    bands: Sequence[str | int] | None,
    scale: Any,
    offset: Any,
    mask: str | Path | None,
    mask_kind: str,
    mask_grow_px: int,
    scene: Scene | None,
) -> Source:
    grid = _finest(paths, [grid_of(dataset) for dataset in opened])
    names, members, facts = list_bands(paths, opened, scene.bands if scene else ())
    chosen = band_names.select(names, bands, paths[0])
    tags = {k: v for dataset in reversed(opened) for k, v in dataset.tags().items()}
    dtype = str(np.result_type(*[facts[i][0] for i in chosen]))
    if np.dtype(dtype).kind not in "uif":
        raise InputError("rasters.complex", path=paths[0], dtype=dtype)
    largest = large_value(opened[0]) if np.dtype(dtype).kind == "f" else None
    stated = scene.product.scaling([names[i] for i in chosen]) if scene else None
    tagged = [facts[i][1] for i in chosen]
    factors = scaling.decide(dtype, tagged, tags, largest, scale=scale, offset=offset, stated=stated)
    rule, mask_path = _mask(paths[0], mask, mask_kind, mask_grow_px, scene)
    picked = tuple(members[i] for i in chosen)
    integer = np.dtype(dtype).kind in "ui"
    meta = {
        "path": paths[0] if len(paths) == 1 else paths,
        "dtype": dtype,
        "crs": grid.crs,
        "shape": grid.shape,
        "pixel": [abs(grid.transform.a), abs(grid.transform.e)],
        "bands": [names[i] for i in chosen],
        "scale": factors.scale.tolist(),
        "offset": factors.offset.tolist(),
        "scale_from": factors.origin,
        "datetime": tags.get("DATETIME") or tags.get("TIFFTAG_DATETIME", ""),
        "baseline": scaling.baseline(tags),
        "simulated": tags.get("SIMULATED", "").lower() in ("yes", "true", "1"),
        "mask": mask_path,
        "mask_kind": rule.kind if rule else None,
    }
    if scene is not None:
        meta |= _scene_facts(scene, tags, picked)
    zero = integer and len(picked) > 1 and all(m.nodata is None and not m.masked for m in picked)
    return Source(
        grid,
        tuple(names[i] for i in chosen),
        picked,
        factors,
        mask_path,
        rule,
        meta,
        zero_is_nodata=zero,
    )


def _scene_facts(scene: Scene, tags: dict[str, str], picked: Sequence[Member]) -> dict[str, Any]:
    """Return what is known of band files besides the facts of every image."""
    files = list(dict.fromkeys(member.path for member in picked))
    return {
        "path": files,
        "scene": scene.name,
        # a TIFF's own time is often that of processing; that in a product's name is that of sensing
        "datetime": tags.get("DATETIME") or scene.day or tags.get("TIFFTAG_DATETIME", ""),
        "baseline": scaling.baseline(tags) or scene.product.baseline,
        "left_out": list(scene.left_out),
    }


def _finest(paths: list[str], grids: list[Grid]) -> Grid:
    """Return the grid with the smallest pixels: band files of one scene may have 10 m and 20 m."""
    for path, grid in zip(paths[1:], grids[1:], strict=True):
        if grid.crs != grids[0].crs:
            raise GridError(
                "rasters.bands_differ", path=path, first=paths[0], detail=grids[0].difference(grid)
            )
    return min(grids, key=lambda grid: abs(grid.transform.a * grid.transform.e))


def _mask(
    image: str, mask: str | Path | None, kind: str, grow_px: int, scene: Scene | None
) -> tuple[clouds.MaskRule | None, str | None]:
    beside = scene.mask if scene else clouds.beside(image)
    path = beside if mask == "auto" else (str(mask) if mask else None)
    if path is None:
        return None, None
    with open_dataset(path) as dataset:
        grid_of(dataset)
        found = clouds.kind_of(path, dataset.descriptions[0] or "") if kind == "auto" else kind
    return clouds.MaskRule(found, grow_px=grow_px), path
