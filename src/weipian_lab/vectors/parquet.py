"""GeoParquet in parts: only row groups whose boxes meet the one asked for, some thousand rows at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyproj import CRS

from weipian_lab.errors import InputError

__all__ = ["Box", "described", "passed", "sample"]

_SIDES = ("xmin", "ymin", "xmax", "ymax")
Box = tuple[float, float, float, float]


def described(path: Path) -> dict[str, Any]:
    """Return number of rows, CRS and box of a GeoParquet file, as pyogrio would name them.

    Raises
    ------
    InputError
        If it is damaged or no GeoParquet.
    """
    try:
        with pq.ParquetFile(path) as file:
            rows, column = file.metadata.num_rows, _geo(file)
    except (OSError, ValueError, KeyError) as error:
        raise InputError("vectors.damaged", path=path.name, reason=str(error)[:120]) from error
    crs = CRS.from_user_input(column["crs"]) if column.get("crs") else None
    if "crs" not in column:  # GeoParquet 1.0: then OGC:CRS84
        crs = CRS.from_user_input("OGC:CRS84")
    wkb = str(column.get("encoding", "WKB")).upper() == "WKB"
    return {"features": rows, "crs": crs, "total_bounds": column.get("bbox"), "wkb": wkb}


def sample(path: Path, rows: int) -> pd.DataFrame:
    """Return the fields of the first rows, without the geometry."""
    with pq.ParquetFile(path) as file:
        fields = [n for n in file.schema_arrow.names if n not in _geometry_columns(file)]
        for batch in file.iter_batches(batch_size=rows, columns=fields):
            return pd.DataFrame(batch.to_pandas())
    return pd.DataFrame(columns=fields)


def passed(
    path: Path, around: Box, fields: list[str], at_once: int
) -> Iterator[tuple[NDArray[np.object_], NDArray[np.int64], pd.DataFrame]]:
    """Yield WKB, row numbers and fields of the row groups that may meet a box."""
    with pq.ParquetFile(path) as file:
        name = _primary(file)
        start = 0
        for group in range(file.num_row_groups):
            first, start = start, start + file.metadata.row_group(group).num_rows
            if not _meets(file, group, around):
                continue
            for batch in file.iter_batches(at_once, row_groups=[group], columns=[*fields, name]):
                blobs = np.array([*batch.column(name).to_pylist(), None], dtype=object)[:-1]
                number = np.arange(first, first + batch.num_rows, dtype=np.int64)
                first += batch.num_rows
                yield blobs, number, batch.select(fields).to_pandas()


def _metadata(file: pq.ParquetFile) -> dict[str, Any]:
    content = (file.schema_arrow.metadata or {}).get(b"geo")
    if content is None:
        raise ValueError("geo")
    return dict(json.loads(content))


def _primary(file: pq.ParquetFile) -> str:
    return str(_metadata(file)["primary_column"])


def _geo(file: pq.ParquetFile) -> dict[str, Any]:
    return dict(_metadata(file)["columns"][_primary(file)])


def _geometry_columns(file: pq.ParquetFile) -> set[str]:
    content = _metadata(file)
    boxes = {
        str(side[0])
        for column in content["columns"].values()
        for side in column.get("covering", {}).get("bbox", {}).values()
    }
    return set(content["columns"]) | boxes


def _meets(file: pq.ParquetFile, group: int, around: Box) -> bool:
    """Whether a row group may hold something within a box, by the statistics of its covering (1.1)."""
    covering = _geo(file).get("covering", {}).get("bbox")
    if not covering:
        return True
    content = file.metadata.row_group(group)
    stated = {
        content.column(i).path_in_schema: content.column(i).statistics for i in range(content.num_columns)
    }
    sides = [stated.get(".".join(covering[side])) for side in _SIDES]
    limits = [(side.min, side.max) for side in sides if side is not None and side.has_min_max]
    if len(limits) < len(_SIDES):
        return True
    (west, _), (south, _), (_, east), (_, north) = limits
    return bool(west <= around[2] and south <= around[3] and east >= around[0] and north >= around[1])
