"""Writing vector layers: under a temporary name first; shapefiles with their ``.cpg``."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio

from weipian_lab.errors import OutputError, ParameterError, SchemaError
from weipian_lab.outputs import atomic
from weipian_lab.vectors.encoding import known

__all__ = ["write"]

_DRIVERS = {
    ".gpkg": "GPKG",
    ".shp": "ESRI Shapefile",
    ".gdb": "OpenFileGDB",
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".parquet": "Parquet",
    ".geoparquet": "Parquet",
}
_FIELD_BYTES = 10
# the bytes of a GeoPackage then depend on its content alone
_STAMP = "1970-01-01T00:00:00.000Z"


def write(
    path: Path | str,
    frame: gpd.GeoDataFrame,
    *,
    layer: str | None = None,
    driver: str | None = None,
    encoding: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    append: bool = False,
) -> Path:
    """Write a layer.

    Parameters
    ----------
    path
        ``.gpkg``, ``.shp`` (with .shx, .dbf, .prj, .cpg), ``.gdb``, ``.geojson`` or ``.parquet``.
    frame
        What to write.
    layer
        Layer name; the file's stem by default.
    driver
        GDAL driver; by default told from the suffix.
    encoding
        Shapefiles only: "UTF-8" (default), "GBK" or "GB18030".
    metadata
        Items kept with the layer (GPKG): ``dl_scheme``, ``data_year``, ``version`` …
    append
        Add the layer to an existing GPKG, which stays whole if writing fails.

    Raises
    ------
    ParameterError
        If the format cannot be told.
    SchemaError
        If a shapefile could not hold a field name or text in the encoding.
    OutputError
        If the file cannot be written.
    """
    path = Path(path)
    driver = driver or _DRIVERS.get(path.suffix.lower())
    if driver is None:
        raise ParameterError("vectors.bad_driver", path=path)
    code = known(encoding or "UTF-8")
    if driver == "ESRI Shapefile":
        return _write_shapefile(path, frame, code)
    with atomic(path) as temporary:
        if append and path.exists():
            shutil.copyfile(path, temporary)
        _put(temporary, frame, layer or path.stem, driver, metadata, append and temporary.exists())
    return path


def _put(
    path: Path,
    frame: gpd.GeoDataFrame,
    layer: str,
    driver: str,
    metadata: Mapping[str, Any] | None,
    append: bool = False,
) -> None:
    frame = frame.drop(columns=["fid"], errors="ignore")
    if driver == "Parquet":
        frame.to_parquet(path)
        return
    options: dict[str, Any] = {"layer": layer, "driver": driver, "append": append}
    if driver == "GPKG":
        options |= {"layer_metadata": {k: str(v) for k, v in metadata.items()} if metadata else None}
        options["use_arrow"] = False
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _STAMP})
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*'crs' was not provided.*")
            pyogrio.write_dataframe(frame, path, **options)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, RuntimeError) as error:
        raise OutputError("errors.cannot_write", path=path.name, reason=str(error)[:160]) from error
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _write_shapefile(path: Path, frame: gpd.GeoDataFrame, encoding: str) -> Path:
    """Write all parts into a temporary folder, then move them beside each other."""
    _encodable(frame, encoding)
    with atomic(path.with_suffix(".parts")) as folder:
        folder.mkdir()
        single = folder / path.name
        plain = frame.copy()
        for name in plain.columns.drop("geometry", errors="ignore"):
            if pd.api.types.is_bool_dtype(plain[name]):
                plain[name] = plain[name].astype("int32")
        pyogrio.write_dataframe(plain, single, driver="ESRI Shapefile", encoding=encoding, use_arrow=False)
        single.with_suffix(".cpg").write_text(encoding, encoding="ascii")
    parts = path.with_suffix(".parts")
    try:
        for part in sorted(parts.iterdir(), key=lambda p: p.suffix == ".shp"):
            part.replace(path.with_suffix(part.suffix))
    except OSError as error:
        raise OutputError("errors.cannot_write", path=path, reason=error.strerror) from error
    finally:
        shutil.rmtree(parts, ignore_errors=True)
    return path


def _encodable(frame: gpd.GeoDataFrame, encoding: str) -> None:
    """Check that field names fit and texts can be written."""
    long = []
    for name in frame.columns.drop("geometry", errors="ignore"):
        try:
            if len(str(name).encode(encoding)) > _FIELD_BYTES:
                long.append(str(name))
        except UnicodeEncodeError as error:
            raise SchemaError("vectors.not_encodable", field=name, encoding=encoding, text=name) from error
        if pd.api.types.is_numeric_dtype(frame[name]):
            continue
        for value in frame[name].dropna().unique():
            try:
                str(value).encode(encoding)
            except UnicodeEncodeError as error:
                raise SchemaError(
                    "vectors.not_encodable", field=name, encoding=encoding, text=str(value)[:40]
                ) from error
    if long:
        raise SchemaError("vectors.long_field", names=", ".join(long), encoding=encoding)
