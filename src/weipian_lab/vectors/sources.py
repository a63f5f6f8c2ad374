"""Layers that are asked only for what lies near some boxes, so that memory does not grow with the layer.

A GeoPackage is asked through its R-tree and its rows are taken straight from the database; of other formats
only what lies near is read of a large layer (:mod:`weipian_lab.vectors.streaming`), a small one is kept.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from weipian_lab.errors import CRSError, InputError
from weipian_lab.vectors import parquet, schemas
from weipian_lab.vectors.features import Features, Stored
from weipian_lab.vectors.metadata import meta_of
from weipian_lab.vectors.model import Layer, LayerMeta, Repair
from weipian_lab.vectors.opening import Opened, opened
from weipian_lab.vectors.reading import check_position, layer_crs, read
from weipian_lab.vectors.rtree import RTree
from weipian_lab.vectors.streaming import FORMATS, Streamed

__all__ = ["Features", "Source", "source"]

KEPT = 100_000  # layers of other formats with more features are read near the boxes only, not kept in memory
_SAMPLE = 1000
_AT_ONCE = 5000  # rows asked for in one statement
_FEW = 250  # rows held as tuples


class Source(Protocol):
    """A layer that can be asked for what lies near."""

    @property
    def name(self) -> str:
        """Name for messages."""

    @property
    def crs(self) -> CRS:
        """CRS of the layer."""

    @property
    def meta(self) -> LayerMeta:
        """What the layer says of itself."""

    @property
    def bounds(self) -> NDArray[np.float64]:
        """Box of the layer, ``(4,)``; NaN if it is empty."""

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """Repairs made while the layer was read as a whole."""

    def meeting(self, boxes: NDArray[np.float64], columns: Sequence[str]) -> Features:
        """Return the features whose boxes meet any of ``(n, 4)`` boxes in the layer's CRS, each once."""


def source(
    data: Layer | gpd.GeoDataFrame | Path | str,
    layer: str | None = None,
    *,
    schema: str | None = None,
    crs: Any = None,
    encoding: str | None = None,
) -> Source:
    """Make a source of a layer in memory or of a file; arguments as for :func:`weipian_lab.vectors.read`.

    Raises
    ------
    InputError, CRSError, SchemaError
        As :func:`weipian_lab.vectors.read`.
    """
    if isinstance(data, Layer):
        return _Memory(data.report.layer or schema or "layer", data.frame, data.meta, data.report.repairs)
    if isinstance(data, gpd.GeoDataFrame):
        if data.crs is None:
            raise CRSError("errors.no_crs", what=schema or "layer")
        frame = schemas.apply(data, schema, schema)[0] if schema else data
        return _Memory(schema or "layer", frame, meta_of({}, frame)[0], ())
    with ExitStack() as keep:
        found = keep.enter_context(opened(data, layer))
        if found.driver == "GPKG" and crs is None and _simple(found):
            return _GeoPackage(found, schema)
        if (described := _large(found)) is not None:
            placed = layer_crs(crs, described.info.get("crs"), described)
            return Streamed(described, keep.pop_all(), crs=placed, schema=schema, encoding=encoding)
    kept = read(data, layer, schema=schema, crs=crs, encoding=encoding, allow_empty=schema != "DLTB")
    return source(kept, schema=schema)


def _large(found: Opened) -> Opened | None:
    """Return a layer with its number of features and its box if it is too large to be kept in memory."""
    if found.driver == "Parquet":
        info = parquet.described(found.path)
        ready = info["wkb"] and info["total_bounds"] is not None
        return replace(found, info=info) if ready and info["features"] > KEPT else None
    if found.driver not in FORMATS or not found.info["features"] > KEPT:
        return None
    info = pyogrio.read_info(found.path, layer=found.layer, encoding="ISO-8859-1", force_total_bounds=True)
    return replace(found, info=found.info | {"total_bounds": info["total_bounds"]})


def _simple(found: Opened) -> bool:
    return bool(found.info.get("crs")) and not found.info.get("curved")


class _Memory:
    """A layer held in memory."""

    def __init__(
        self, name: str, frame: gpd.GeoDataFrame, meta: LayerMeta, repairs: tuple[Repair, ...]
    ) -> None:
        self.name, self.meta, self.repairs = name, meta, repairs
        self.crs = CRS.from_user_input(frame.crs)
        self.bounds = np.asarray(frame.total_bounds, dtype=float)
        self._frame = frame
        self._shapes = np.asarray(frame.geometry.array, dtype=object)
        self._tree = shapely.STRtree(self._shapes)

    def meeting(self, boxes: NDArray[np.float64], columns: Sequence[str]) -> Features:
        box, row = self._tree.query(shapely.box(*boxes.T))
        rows, place = np.unique(row, return_inverse=True)
        values = {
            c: self._frame[c].to_numpy(dtype=object)[rows]
            if c in self._frame.columns
            else np.full(len(rows), None, dtype=object)
            for c in columns
        }
        return Features(self._shapes[rows], rows.astype(np.int64), values, (box, place))


class _GeoPackage:
    """A layer of a GeoPackage, asked through its R-tree; a connection for each thread of each process."""

    repairs: tuple[Repair, ...] = ()

    def __init__(self, found: Opened, schema: str | None) -> None:
        self.name = f"{found.shown}:{found.layer}"
        self.crs = CRS.from_user_input(found.info["crs"])
        self._path, self._table = found.path.resolve(), found.layer
        self._threads = threading.local()
        self._key, self._geometry = self._columns()
        fields = [str(f) for f in found.info["fields"]]
        self._stored = {schemas.renames(fields, schema).get(f, f) if schema else f: f for f in fields}
        index = f"rtree_{self._table}_{self._geometry}"
        if not self._query("select 1 from sqlite_master where name = ?", (index,)):
            raise InputError("vectors.no_index", layer=self.name)
        self._rtree = RTree(lambda query: self._table_of(query, 1)[0], _quoted(index + "_node"))
        sample = self._sample(schema)
        self.meta = meta_of(found.info, sample)[0]
        self.bounds = self._rtree.extent()
        if np.isfinite(self.bounds).all():
            check_position(self.crs, self.bounds, self.name)
        elif schema == "DLTB":
            raise InputError("vectors.empty", layer=found.layer, path=found.shown)

    def meeting(self, boxes: NDArray[np.float64], columns: Sequence[str]) -> Features:
        held = [c for c in columns if c in self._stored]
        names = [self._key, self._geometry, *(self._stored[c] for c in held)]
        box, found = self._rtree.near(boxes)
        ids, row = np.unique(found, return_inverse=True)
        table = self._rows(names, ids)
        number = np.array(table[0], dtype=np.int64)
        near = (box, row) if np.array_equal(number, ids) else None  # an index may name rows that are gone
        values = {c: np.full(len(number), None, dtype=object) for c in columns}
        for column, items in zip(held, table[2:], strict=True):
            values[column][:] = items
        return Stored(table[1], number, values, near)

    def _rows(self, names: Sequence[str], ids: NDArray[np.int64]) -> list[list[Any]]:
        """Return the columns of the rows of some ids, ascending."""
        select = f"select {', '.join(map(_quoted, names))} from {_quoted(self._table)}"
        key = _quoted(self._key)
        table: list[list[Any]] = [[] for _ in names]
        for first in range(0, len(ids), _AT_ONCE):
            some = ",".join(map(str, ids[first : first + _AT_ONCE].tolist()))
            found = self._table_of(f"{select} where {key} in ({some}) order by {key}", len(names))
            for column, items in zip(table, found, strict=True):
                column += items
        return table

    def _table_of(self, query: str, width: int) -> list[list[Any]]:
        """Return what a query finds by columns: tens of thousands of rows would keep the collector busy."""
        cursor = self._connection().execute(query)
        table: list[list[Any]] = [[] for _ in range(width)]
        while rows := cursor.fetchmany(_FEW):
            for column, items in zip(table, zip(*rows, strict=True), strict=True):
                column += items
        return table

    def _connection(self) -> sqlite3.Connection:
        # SQLite forbids to use a connection in a copy of the process that made it, and even to close it there
        held: dict[int, sqlite3.Connection] = self._threads.__dict__.setdefault("by_process", {})
        if os.getpid() not in held:
            uri = f"{self._path.as_uri()}?mode=ro"
            held[os.getpid()] = sqlite3.connect(uri, uri=True, isolation_level=None)
        return held[os.getpid()]

    def _query(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        return self._connection().execute(query, values).fetchall()

    def _columns(self) -> tuple[str, str]:
        row = self._query(
            "select column_name from gpkg_geometry_columns where table_name = ?", (self._table,)
        )
        info = self._query(f"pragma table_info({_quoted(self._table)})")
        keys = [name for _, name, _, _, _, primary in info if primary]
        return (keys[0] if keys else "rowid"), str(row[0][0])

    def _sample(self, schema: str | None) -> pd.DataFrame:
        """Return some rows with their fields under the names of the schema, which must be there."""
        names = list(self._stored.values())
        used = list(self._stored)
        rows = (
            self._query(
                f"select {', '.join(map(_quoted, names))} from {_quoted(self._table)} limit {_SAMPLE}"
            )
            if names
            else []
        )
        frame = pd.DataFrame({n: [r[i] for r in rows] for i, n in enumerate(used)})
        if schema:
            schemas.require(frame, schema, self._table)
        return frame


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
