"""Layers that are asked only for what lies near some boxes, so that memory does not grow with the layer.

A GeoPackage is asked through its R-tree and its rows are taken straight from the database;
everything else is read once, within the box of all patches, and kept.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from weipian_lab.errors import CRSError, InputError
from weipian_lab.vectors import schemas
from weipian_lab.vectors.metadata import meta_of
from weipian_lab.vectors.model import Layer, LayerMeta, Repair
from weipian_lab.vectors.opening import Opened, opened
from weipian_lab.vectors.reading import check_position, read

__all__ = ["Features", "Source", "source"]

_CURVED = ("CURVE", "SURFACE", "CIRCULARSTRING")
_ENVELOPE_BYTES = np.array([0, 32, 48, 48, 64])
_SAMPLE = 1000
# SQLite's rtree.c: a node is its depth and the number of its cells, two bytes each, then the cells
_CELL = np.dtype([("id", ">i8"), ("box", ">f4", 4)])  # minx, maxx, miny, maxy


@dataclass(frozen=True)
class Features:
    """Some features of a layer.

    Attributes
    ----------
    geometry
        ``(n,)`` shapely geometries in the layer's CRS, as stored.
    number
        ``(n,)`` number of each feature within the layer, ascending.
    values
        Columns asked for, each ``(n,)`` object; a column the layer lacks is all None.
    """

    geometry: NDArray[np.object_]
    number: NDArray[np.int64]
    values: Mapping[str, NDArray[np.object_]]


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
    with opened(data, layer) as found:
        if found.driver == "GPKG" and crs is None and _simple(found):
            return _GeoPackage(found, schema)
    kept = read(data, layer, schema=schema, crs=crs, encoding=encoding, allow_empty=schema != "DLTB")
    return source(kept, schema=schema)


def _simple(found: Opened) -> bool:
    stated = str(found.info.get("stated_geometry", "")).upper()
    return bool(found.info.get("crs")) and not any(word in stated for word in _CURVED)


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
        rows = np.unique(self._tree.query(shapely.box(*boxes.T))[1])
        values = {
            c: self._frame[c].to_numpy(dtype=object)[rows]
            if c in self._frame.columns
            else np.full(len(rows), None, dtype=object)
            for c in columns
        }
        return Features(self._shapes[rows], rows.astype(np.int64), values)


class _GeoPackage:
    """A layer of a GeoPackage, asked through its R-tree; each thread has its own connection."""

    repairs: tuple[Repair, ...] = ()

    def __init__(self, found: Opened, schema: str | None) -> None:
        self.name = f"{found.shown}:{found.layer}"
        self.crs = CRS.from_user_input(found.info["crs"])
        self._path, self._table = found.path.resolve(), found.layer
        self._threads = threading.local()
        self._key, self._geometry = self._columns()
        fields = [str(f) for f in found.info["fields"]]
        self._stored = {schemas.renames(fields, schema).get(f, f) if schema else f: f for f in fields}
        self._rtree = f"rtree_{self._table}_{self._geometry}"
        if not self._query("select 1 from sqlite_master where name = ?", (self._rtree,)):
            raise InputError("vectors.no_index", layer=self.name)
        sample = self._sample(schema)
        self.meta = meta_of(found.info, sample)[0]
        self.bounds = self._extent()
        if np.isfinite(self.bounds).all():
            check_position(self.crs, self.bounds, self.name)
        elif schema == "DLTB":
            raise InputError("vectors.empty", layer=found.layer, path=found.shown)

    def meeting(self, boxes: NDArray[np.float64], columns: Sequence[str]) -> Features:
        held = [c for c in columns if c in self._stored]
        names = [self._key, self._geometry, *(self._stored[c] for c in held)]
        base = self._connection()
        base.execute("delete from temp.boxes")
        base.executemany("insert into temp.boxes values (?, ?, ?, ?)", boxes.tolist())
        # one statement for all boxes, so that other threads can work meanwhile
        rows = self._query(
            f"select {', '.join(map(_quoted, names))} from {_quoted(self._table)} "
            f"where {_quoted(self._key)} in (select r.id from temp.boxes b "
            f"cross join {_quoted(self._rtree)} r where r.maxx >= b.minx and r.minx <= b.maxx "
            f"and r.maxy >= b.miny and r.miny <= b.maxy) order by {_quoted(self._key)}"
        )
        table = list(zip(*rows, strict=True)) if rows else [()] * len(names)
        values = {c: np.full(len(rows), None, dtype=object) for c in columns}
        for column, items in zip(held, table[2:], strict=True):
            values[column][:] = items
        return Features(_shapes(table[1]), np.array(table[0], dtype=np.int64), values)

    def _connection(self) -> sqlite3.Connection:
        base = getattr(self._threads, "base", None)
        if base is None:
            base = sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True, isolation_level=None)
            base.execute("pragma temp_store = memory")
            base.execute("create temp table boxes (minx real, miny real, maxx real, maxy real)")
            self._threads.base = base
        return base

    def _query(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        return self._connection().execute(query, values).fetchall()

    def _columns(self) -> tuple[str, str]:
        row = self._query(
            "select column_name from gpkg_geometry_columns where table_name = ?", (self._table,)
        )
        info = self._query(f"pragma table_info({_quoted(self._table)})")
        keys = [name for _, name, _, _, _, primary in info if primary]
        return (keys[0] if keys else "rowid"), str(row[0][0])

    def _extent(self) -> NDArray[np.float64]:
        """Return the box of the R-tree's root; asking for the least and greatest would walk all of it."""
        node = self._query(f"select data from {_quoted(self._rtree + '_node')} where nodeno = 1")[0][0]
        count = int.from_bytes(node[2:4], "big")
        cells = np.frombuffer(node, _CELL, count, offset=4)["box"].astype(float)
        if not count:
            return np.full(4, np.nan)
        return np.array([cells[:, 0].min(), cells[:, 2].min(), cells[:, 1].max(), cells[:, 3].max()])

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


def _shapes(blobs: Sequence[bytes | None]) -> NDArray[np.object_]:
    """Geometries of GeoPackage blobs (OGC 12-128, 2.1.3): a header of 8 bytes, an envelope, then WKB."""
    bodies = [b and b[8 + _ENVELOPE_BYTES[(b[3] >> 1) & 7] :] for b in blobs]
    return np.asarray(shapely.from_wkb(np.array([*bodies, None], dtype=object)[:-1]), dtype=object)
