"""Write rasters as Cloud-Optimised GeoTIFF, whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray

from weipian_lab.errors import GridError, OutputError
from weipian_lab.grid import Grid
from weipian_lab.outputs import atomic

__all__ = ["cog_options", "write"]


def cog_options(dtype: Any) -> dict[str, Any]:
    """Return creation options of the COG driver for a type: deflate, which every GIS reads."""
    kind = np.dtype(dtype)
    predictor = "FLOATING_POINT" if kind.kind == "f" else "STANDARD"
    resampling = "NEAREST" if kind == np.uint8 else "AVERAGE"
    return {
        "driver": "COG",
        "compress": "DEFLATE",
        "level": 1,
        "predictor": predictor,
        "overview_resampling": resampling,
        "num_threads": 2,
        "bigtiff": "IF_SAFER",
    }


def write(
    path: str | Path,
    array: NDArray[Any],
    grid: Grid,
    *,
    nodata: float | None = None,
    descriptions: Sequence[str] | None = None,
    tags: Mapping[str, Any] | None = None,
    scale: float | None = None,
    offset: float | None = None,
    options: Mapping[str, Any] | None = None,
) -> Path:
    """Write a Cloud-Optimised GeoTIFF.

    Parameters
    ----------
    path
        File to write; nothing is left there if writing fails.
    array
        ``(row, col)`` or ``(band, row, col)``; bool is written as uint8.
    grid
        Where it lies.
    nodata
        Value that means "no data"; NaN for floats if None.
    descriptions
        A name for each band.
    tags
        Tags of the file, written as text.
    scale, offset
        Stored with every band: value = stored × scale + offset.
    options
        Creation options of GDAL's COG driver that replace the usual ones.

    Raises
    ------
    GridError
        If array and grid differ in shape.
    OutputError
        If the file cannot be written.
    """
    data = np.asarray(array)
    data = data[np.newaxis] if data.ndim == 2 else data
    if data.ndim != 3 or data.shape[1:] != grid.shape:
        raise GridError("rasters.bad_array", found=np.shape(array), expected=grid.shape)
    data = data.astype(np.uint8) if data.dtype == bool else data
    if nodata is None and data.dtype.kind == "f":
        nodata = float("nan")
    profile = cog_options(data.dtype) | {
        "count": data.shape[0],
        "height": grid.shape[0],
        "width": grid.shape[1],
        "dtype": data.dtype.name,
        "crs": grid.crs,
        "transform": grid.transform,
        "nodata": nodata,
        **(options or {}),
    }
    with atomic(path) as temporary:
        try:
            with rasterio.open(temporary, "w", **profile) as dataset:
                dataset.write(data)
                describe(dataset, descriptions, tags, scale, offset)
        except rasterio.errors.RasterioError as error:
            raise OutputError("errors.cannot_write", path=path, reason=str(error)) from error
    return Path(path)


def describe(
    dataset: Any,
    descriptions: Sequence[str] | None,
    tags: Mapping[str, Any] | None,
    scale: float | None = None,
    offset: float | None = None,
) -> None:
    """Set names, tags, scale and offset of an open dataset."""
    for i, name in enumerate(descriptions or (), start=1):
        dataset.set_band_description(i, name)
    if tags:
        dataset.update_tags(**{key: str(value) for key, value in tags.items()})
    if scale is not None:
        dataset.scales = (scale,) * dataset.count
    if offset is not None:
        dataset.offsets = (offset,) * dataset.count
