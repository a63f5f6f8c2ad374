"""Curved geometries (SQL/MM: circular strings, compound curves, curve polygons, multi-surfaces).

GDAL turns them into chords before a geometry is handed over; which ones were curved is told by their WKB.
Formats that can hold them: GeoPackage, FileGDB, FlatGeobuf, GML, SQLite, and WKT in CSV.
Shapefiles, GeoJSON and GeoParquet cannot; MapInfo's arcs arrive as chords from its own driver.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
from numpy.typing import NDArray

__all__ = ["ARC_STEP_DEGREES", "curved", "curved_gpkg", "is_curve"]

# GDAL's own 4° takes 0.08 % off a circle; chords of 0.5° stay within 1 mm of an arc of 100 m radius
ARC_STEP_DEGREES = 0.5
_PLAIN = {"ESRI Shapefile", "GeoJSON", "GeoJSONSeq", "TopoJSON", "Parquet", "MapInfo File", "KML", "LIBKML"}
_CURVED = (8, 9, 10, 11, 12)  # ISO 13249-3: CircularString, CompoundCurve, CurvePolygon, MultiCurve, …Surface
_AT_ONCE = 4096  # geometries in memory at a time
_NAMES = ("CURVE", "SURFACE", "CIRCULARSTRING")

pyogrio.set_gdal_config_options({"OGR_ARC_STEPSIZE": str(ARC_STEP_DEGREES)})


def curved(path: Path, layer: str, driver: str, *, count: int, bbox: Any = None) -> NDArray[np.intp]:
    """Return the rows of a layer whose geometry is stored as a curve, in the order of reading.

    Parameters
    ----------
    driver
        GDAL's name of the format.
    count
        How many features were read; GDAL's Arrow stream of an empty FlatGeobuf selection does not end there.
    bbox
        As for the reading itself.
    """
    if not count or driver in _PLAIN or (driver == "GPKG" and not curved_gpkg(path, layer)):
        return np.empty(0, dtype=np.intp)
    found: list[NDArray[np.intp]] = []
    start = 0
    with pyogrio.open_arrow(
        path, layer=layer, columns=[], use_pyarrow=True, bbox=bbox, batch_size=_AT_ONCE
    ) as (meta, reader):
        column = meta["geometry_name"] or "wkb_geometry"
        for batch in reader:
            blobs = batch.column(column)[: count - start].to_pylist()
            found.append(np.array([start + i for i, blob in enumerate(blobs) if is_curve(blob)], np.intp))
            start += len(blobs)
            if start >= count:
                break
    return np.concatenate([*found, np.empty(0, np.intp)])


def curved_gpkg(path: Path, layer: str) -> bool:
    """Say whether a GeoPackage's layer states curves, by its geometry type or by its extensions."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as base:
        tables = {str(name) for (name,) in base.execute("select name from sqlite_master")}
        told = base.execute(
            "select geometry_type_name from gpkg_geometry_columns where table_name = ?", (layer,)
        ).fetchall()
        if "gpkg_extensions" in tables:
            told += base.execute(
                "select extension_name from gpkg_extensions where table_name = ?", (layer,)
            ).fetchall()
    return any(word in str(name).upper() for (name,) in told for word in _NAMES)


def is_curve(blob: bytes | None) -> bool:
    """Say whether a WKB is a curve; thousands of its type say Z and M (ISO), high bits too (EWKB)."""
    if not blob:
        return False
    kind = int.from_bytes(blob[1:5], "little" if blob[0] else "big")
    return (kind & 0x0FFFFFFF) % 1000 in _CURVED
