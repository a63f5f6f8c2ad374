"""Large layers of other formats than GeoPackage, of which only what lies near is read.

Each question looks at the boxes of the features within the common box of all boxes asked for, then reads
those that meet one. How much is looked at depends on the format:

* FlatGeobuf, FileGDB, a shapefile with ``.qix``: their own index leads to the features near.
* A shapefile without ``.qix``: the head of every record is read, not its outline or its texts.
* GeoParquet: row groups whose boxes (column ``bbox``, GeoParquet 1.1) lie elsewhere are left out; without
  that column every geometry is read, and let go of, some thousand at a time.

GeoJSON, GML, CSV and others cannot be entered in the middle: such a layer is kept in memory as a whole,
however large, and is better turned into a GeoPackage.
"""

from __future__ import annotations

import threading
import warnings
import weakref
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
import pandas as pd
import pyogrio
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from weipian_lab.text import t
from weipian_lab.vectors import encoding as encodings
from weipian_lab.vectors import parquet, schemas
from weipian_lab.vectors.curves import ARC_STEP_DEGREES, curved
from weipian_lab.vectors.features import Features
from weipian_lab.vectors.metadata import meta_of
from weipian_lab.vectors.model import Repair
from weipian_lab.vectors.opening import Opened

__all__ = ["FORMATS", "Streamed"]

FORMATS = ("ESRI Shapefile", "OpenFileGDB", "FlatGeobuf", "Parquet")

_AT_ONCE = 4096  # rows of a GeoParquet in memory at a time
_SAMPLE = 1000
Gathered = tuple[NDArray[np.int64], NDArray[np.object_], pd.DataFrame]


class Streamed:
    """A layer asked by passes over the file.

    Parameters
    ----------
    found
        The opened layer.
    keep
        Holds the file open (an unpacked archive) as long as this object lives.
    crs, schema, encoding
        As for :func:`weipian_lab.vectors.read`; `crs` has been checked.
    """

    def __init__(
        self, found: Opened, keep: ExitStack, *, crs: CRS, schema: str | None, encoding: str | None
    ) -> None:
        self.name, self.crs = f"{found.shown}:{found.layer}", crs
        self._found, self._schema = found, schema
        self._close = weakref.finalize(self, keep.close)
        self._encoding = _encoding(found, encoding)
        sample = pd.DataFrame(self._read(max_features=_SAMPLE))
        fields = [str(c) for c in sample.columns if c != "geometry"]
        renamed = schemas.renames(fields, schema) if schema else {}
        self._stored = {renamed.get(f, f): f for f in fields}
        sample = sample.rename(columns=renamed)
        if schema:
            schemas.require(sample, schema, found.layer)
        self.meta = meta_of(found.info, sample)[0]
        self.bounds = np.asarray(found.info["total_bounds"], dtype=float)
        self._lock = threading.Lock()
        self._repairs: dict[tuple[str, str, str], Repair] = {}

    @property
    def repairs(self) -> tuple[Repair, ...]:
        """Faults of the features passed so far that met a box."""
        with self._lock:
            return tuple(self._repairs.values())

    def meeting(self, boxes: NDArray[np.float64], columns: Sequence[str]) -> Features:
        """Return the features whose boxes meet any of ``(n, 4)`` boxes in the layer's CRS, each once."""
        held = {c: self._stored[c] for c in columns if c in self._stored}
        parquet_file = self._found.driver == "Parquet"
        gather = self._of_parquet if parquet_file else self._of_ogr
        number, geometry, frame = gather(boxes, list(held.values())) if len(boxes) else self._none(held)
        order = np.argsort(number, kind="stable")
        geometry = np.asarray(shapely.force_2d(geometry), dtype=object)[order]
        values = self._values(frame.iloc[order], held, columns)
        box, row = shapely.STRtree(geometry).query(shapely.box(*boxes.T))
        return Features(geometry, number[order], values, (box, row))

    def _none(self, held: Mapping[str, str]) -> Gathered:
        frame = pd.DataFrame({field: pd.Series(dtype=object) for field in held.values()})
        return np.empty(0, np.int64), np.empty(0, dtype=object), frame

    def _of_ogr(self, boxes: NDArray[np.float64], fields: list[str]) -> Gathered:
        """Read the features whose boxes meet one of those given, by their numbers."""
        path, layer = self._found.path, self._found.layer
        numbers, bounds = pyogrio.read_bounds(path, layer=layer, bbox=_around(boxes))
        rows = np.unique(shapely.STRtree(shapely.box(*boxes.T)).query(shapely.box(*bounds))[0])
        if not len(rows):
            return self._none({f: f for f in fields})
        frame = self._read(fids=numbers[rows], columns=fields)
        arcs = curved(path, layer, self._found.driver, count=len(numbers), bbox=_around(boxes))
        self._tell_curves(frame, np.flatnonzero(np.isin(rows, arcs)))
        geometry = np.asarray(frame.geometry.array, dtype=object)
        return np.asarray(numbers[rows], np.int64), geometry, pd.DataFrame(frame.drop(columns="geometry"))

    def _of_parquet(self, boxes: NDArray[np.float64], fields: list[str]) -> Gathered:
        """Read the row groups that may hold something near, and keep the features that do meet a box."""
        tree = shapely.STRtree(shapely.box(*boxes.T))
        numbers, shapes, frames = [], [], [self._none({f: f for f in fields})[2]]
        for blobs, number, frame in parquet.passed(self._found.path, _around(boxes), fields, _AT_ONCE):
            geometry = np.asarray(shapely.from_wkb(blobs), dtype=object)
            rows = np.unique(tree.query(shapely.box(*shapely.bounds(geometry).T))[0])
            numbers.append(number[rows])
            shapes.append(geometry[rows])
            frames.append(frame.iloc[rows])
        frame = pd.concat([f for f in frames if len(f)] or frames[:1], ignore_index=True)
        return (
            np.concatenate([*numbers, np.empty(0, np.int64)]),
            np.concatenate([*shapes, np.empty(0, dtype=object)]),
            frame,
        )

    def _read(self, **query: Any) -> Any:
        if self._found.driver == "Parquet":
            return parquet.sample(self._found.path, query["max_features"])
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Measured")  # M is not looked at
            return pyogrio.read_dataframe(
                self._found.path, layer=self._found.layer, encoding=self._encoding, use_arrow=False, **query
            )

    def _tell_curves(self, frame: pd.DataFrame, rows: NDArray[np.intp]) -> None:
        label = self._stored.get(schemas.label_field(self._schema))
        names = frame[label] if label in frame.columns else pd.Series(frame.index)
        detail = t("vectors.chords", step=f"{ARC_STEP_DEGREES:g}")
        self._tell(Repair(str(names.iloc[row]), "curve", "linearised", detail=detail) for row in rows)

    def _values(
        self, frame: pd.DataFrame, held: Mapping[str, str], columns: Sequence[str]
    ) -> dict[str, NDArray[np.object_]]:
        frame = frame.rename(columns={stored: used for used, stored in held.items()}).reset_index(drop=True)
        if self._schema:
            frame, faults = schemas.converted(frame, self._schema)
            if schemas.label_field(self._schema) in held:
                self._tell(repair for _, repair in faults)
        nothing = np.full(len(frame), None, dtype=object)
        return {c: frame[c].to_numpy(dtype=object) if c in held else nothing.copy() for c in columns}

    def _tell(self, repairs: Any) -> None:
        with self._lock:
            for repair in repairs:
                self._repairs.setdefault((repair.feature, repair.fault, repair.detail), repair)


def _around(boxes: NDArray[np.float64]) -> parquet.Box:
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _encoding(found: Opened, given: str | None) -> str | None:
    if found.driver != "ESRI Shapefile":
        return None
    return encodings.known(given) if given else encodings.detect(found.path).name
