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

__all__ = ["ARC_STEP_DEGREES", "curved", "curved_gpkg"]

# GDAL's own 4° takes 0.08 % off a circle; chords of 0.5° stay within 1 mm of an arc of 100 m radius
ARC_STEP_DEGREES = 0.5
_PLAIN = {"ESRI Shapefile", "GeoJSON", "GeoJSONSeq", "TopoJSON", "Parquet", "MapInfo File", "KML", "LIBKML"}
_CURVED = (8, 9, 10, 11, 12)  # ISO 13249-3: CircularString, CompoundCurve, CurvePolygon, MultiCurve, …Surface
_NAMES = ("CURVE", "SURFACE", "CIRCULARSTRING")

pyogrio.set_gdal_config_options({"OGR_ARC_STEPSIZE": str(ARC_STEP_DEGREES)})


def curved(path: Path, layer: str, driver: str, **query: Any) -> NDArray[np.intp]:
    """Return the rows of a layer whose geometry is stored as a curve, in the order of reading.

    Parameters
    ----------
    driver
        GDAL's name of the format.
    **query
        ``bbox`` or ``fids``, as for the reading itself.
    """
    if driver in _PLAIN or (driver == "GPKG" and not curved_gpkg(path, layer)):
        return np.empty(0, dtype=np.intp)
    found: list[NDArray[np.intp]] = []
    start = 0
    with pyogrio.open_arrow(path, layer=layer, columns=[], use_pyarrow=True, **query) as (meta, reader):
        column = meta["geometry_name"] or "wkb_geometry"
        for batch in reader:
            blobs = batch.column(column).to_pylist()
            found.append(np.array([start + i for i, blob in enumerate(blobs) if _is_curve(blob)], np.intp))
            start += len(blobs)
    return np.concatenate([*found, np.empty(0, np.intp)])


def curved_gpkg(path: Path, layer: str) -> bool:
    """Say whether a GeoPackage's layer states curves, by its geometry type or by its extensions."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as base:
        stated = base.execute(
            "select geometry_type_name from gpkg_geometry_columns where table_name = ?", (layer,)
        ).fetchone()
        extended = (
            base.execute("select count(*) from sqlite_master where name = 'gpkg_extensions'").fetchone()[0]
            and base.execute(
                "select count(*) from gpkg_extensions where table_name = ? and extension_name like 'gpkg_geom_%'",
                (layer,),
            ).fetchone()[0]
        )
    return bool(extended) or any(word in str(stated[0]).upper() for word in _NAMES if stated)


def _is_curve(blob: bytes | None) -> bool:
    """Whether a WKB is a curve; thousands of its type say Z and M (ISO), high bits too (EWKB)."""
    if not blob:
        return False
    kind = int.from_bytes(blob[1:5], "little" if blob[0] else "big")
    return (kind & 0x0FFFFFFF) % 1000 in _CURVED
