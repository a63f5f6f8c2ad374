"""Opening raster files: what is in them, and a sentence that helps where they cannot be used."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.env import set_gdal_config
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.windows import Window

from weipian_lab.errors import CRSError, InputError
from weipian_lab.grid import Grid
from weipian_lab.rasters import bands as band_names

__all__ = ["Member", "grid_of", "large_value", "list_bands", "open_dataset"]

_GDAL_CACHE_BYTES = 64 * 2**20
_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def open_dataset(path: str | Path) -> Any:
    """Open a raster with rasterio; the caller closes it.

    Raises
    ------
    InputError
        If there is no such file, it is damaged, or it is not a raster.
    """
    text = str(path)
    plain = not text.startswith("/vsi") and ":" not in text[2:]
    if plain and not Path(text).exists():
        raise InputError("errors.missing_file", path=text)
    set_gdal_config("GDAL_CACHEMAX", _GDAL_CACHE_BYTES)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            return rasterio.open(text)
    except RasterioError as error:
        raise InputError(_why_not(text), path=text) from error


def _why_not(path: str) -> str:
    if Path(path).is_file():
        with Path(path).open("rb") as stream:
            if stream.read(4) in _SIGNATURES:
                return "rasters.damaged"
    return "rasters.not_a_raster"


def grid_of(dataset: Any) -> Grid:
    """Return the grid of an open dataset.

    Raises
    ------
    CRSError
        If it has no coordinate system.
    """
    if dataset.crs is None:
        raise CRSError("errors.no_crs", what=dataset.name)
    code = dataset.crs.to_epsg()
    crs = f"EPSG:{code}" if code else dataset.crs.to_wkt()
    return Grid(crs, dataset.transform, (dataset.height, dataset.width))


@dataclass(frozen=True, slots=True)
class Member:
    """One band: its file, its number there (from 1), and what is stored as nodata."""

    path: str
    index: int
    nodata: float | None
    masked: bool


def list_bands(
    paths: list[str], opened: list[Any], named: Sequence[str] = ()
) -> tuple[list[str], list[Member], list[tuple[str, tuple[float, float]]]]:
    """Return name, place, and (stored type, (scale, offset)) of every band but alpha.

    Parameters
    ----------
    named
        Name of the band of each file, "" where it is not known; for band files.
    """
    names: list[str] = []
    members: list[Member] = []
    facts: list[tuple[str, tuple[float, float]]] = []
    for path, dataset, name in zip(paths, opened, named or [""] * len(paths), strict=True):
        own = name if dataset.count == 1 else ""
        for i in range(1, dataset.count + 1):
            if str(dataset.colorinterp[i - 1].name) == "alpha":
                continue
            flags = {flag.name for flag in dataset.mask_flag_enums[i - 1]}
            from_path = band_names.name_from_path(path) if dataset.count == 1 and len(paths) > 1 else ""
            names.append(own or dataset.descriptions[i - 1] or from_path or f"band_{len(names) + 1}")
            members.append(Member(path, i, dataset.nodatavals[i - 1], bool(flags & {"per_dataset", "alpha"})))
            facts.append((dataset.dtypes[i - 1], (dataset.scales[i - 1], dataset.offsets[i - 1])))
    return names, members, facts


def large_value(dataset: Any) -> float | None:
    """99th percentile of a window in the middle."""
    size = min(256, dataset.height, dataset.width)
    window = Window((dataset.width - size) // 2, (dataset.height - size) // 2, size, size)
    try:
        values = dataset.read(1, window=window)
    except RasterioError as error:
        raise InputError("rasters.damaged", path=dataset.name) from error
    finite = values[np.isfinite(values)]
    return float(np.percentile(finite, 99)) if finite.size else None
