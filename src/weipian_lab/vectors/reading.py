"""Reading a vector layer: encoding, CRS and zone, field names, repairs, each reported."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from numpy.typing import NDArray
from pyogrio.errors import DataSourceError
from pyproj import CRS
from pyproj.exceptions import CRSError as ProjError

from weipian_lab.area import ellipsoidal_area
from weipian_lab.errors import CRSError, InputError, SchemaError
from weipian_lab.text import t
from weipian_lab.vectors import curves, schemas
from weipian_lab.vectors import encoding as encodings
from weipian_lab.vectors.metadata import meta_of
from weipian_lab.vectors.model import Layer, ReadReport, Repair
from weipian_lab.vectors.opening import Opened, opened
from weipian_lab.vectors.repairing import repair
from weipian_lab.vectors.zones import check_zone, guess_crs, label

__all__ = ["check_position", "layer_crs", "read"]

Box = tuple[float, float, float, float]
_FULL_TURN = 360.0


def read(
    path: Path | str,
    layer: str | None = None,
    *,
    schema: str | None = None,
    encoding: str | None = None,
    bbox: Box | None = None,
    columns: Sequence[str] | None = None,
    crs: Any = None,
    allow_empty: bool = False,
) -> Layer:
    """Read a polygon layer.

    Parameters
    ----------
    path
        SHP, zipped SHP, a folder of SHP, GPKG, FileGDB, FlatGeobuf, GeoJSON or GeoParquet.
    layer
        Layer name; needed only where the file has several.
    schema
        "DLTB", "YJJBNTTB", "STBHHX", "CZKFBJ", "YDSP", "SSNYD", "LSYD", "NCDL", "XZQ", "PATCHES";
        fields are renamed by its alias table and checked. None leaves them as they are.
    encoding
        Encoding of a shapefile's texts; None detects it (``.cpg``, strict UTF-8, GB18030).
    bbox
        Box in the layer's CRS; only features whose boxes meet it are read.
    columns
        Fields to keep, by the names used after renaming; None keeps all.
    crs
        CRS to take instead of the one stated, for a layer that states none or the wrong one.
    allow_empty
        Whether a layer without features is let pass.

    Raises
    ------
    InputError
        If the file is missing, not vector data, damaged or empty.
    CRSError
        If there is no CRS, or the coordinates lie in another zone than it says.
    SchemaError
        If a field is missing that `schema` needs.
    """
    with opened(path, layer) as source:
        used, frame, remarks = _load(source, encoding, bbox)
        arcs = curves.curved(source.path, source.layer, source.driver, count=len(frame), bbox=bbox)
    if not len(frame) and not allow_empty and bbox is None:
        raise InputError("vectors.empty", layer=source.layer, path=source.shown)
    frame = _with_crs(frame, crs, source)
    frame, renamed, faults = schemas.apply(frame, schema, source.layer) if schema else (frame, {}, [])
    labels = _labels(frame, schemas.label_field(schema) if schema else "BSM")
    as_read = frame.geometry
    frame, repairs = repair(frame, labels)
    listed = repairs + [fault for _, fault in sorted(faults, key=lambda pair: pair[0])]
    listed += _linearised(frame, arcs, labels)
    ground = np.asarray(~(frame.geometry.isna() | frame.geometry.is_empty))
    if len(frame) and not ground.any() and not allow_empty:
        raise InputError("vectors.no_polygons", layer=source.layer, count=len(frame))
    meta, remark = meta_of(source.info, frame)
    remarks += [remark] if remark else []
    if renamed:
        remarks.append(t("vectors.fields_renamed", names=", ".join(f"{a}→{b}" for a, b in renamed.items())))
    if listed:
        remarks.append(t("vectors.repaired", count=len({r.feature for r in listed})))
    report = ReadReport(
        path=source.shown,
        layer=source.layer,
        driver=source.driver,
        features=len(frame),
        encoding=used.name,
        encoding_source=used.source,
        renamed=renamed,
        repairs=tuple(listed),
        remarks=tuple(remarks),
    )
    frame = _selected(frame, columns, source.layer)
    kept = frame[ground].reset_index(drop=True)
    aside = frame[~ground].set_geometry(as_read[~ground]).reset_index(drop=True)
    return Layer(kept, report, meta, aside)


def _load(
    source: Opened, encoding: str | None, bbox: Box | None
) -> tuple[encodings.Encoding, gpd.GeoDataFrame, list[str]]:
    remarks: list[str] = []
    used = encodings.Encoding("UTF-8", "format")
    if source.driver == "Parquet":
        return used, _parquet(source, bbox), remarks
    options: dict[str, Any] = {"layer": source.layer, "bbox": bbox, "use_arrow": False}
    if source.driver == "ESRI Shapefile":
        used = _encoding(source.path, encoding)
        options["encoding"] = used.name
        if used.source == "detected":
            key = "vectors.encoding_contradicted" if used.contradicted else "vectors.encoding_detected"
            remarks.append(t(key, encoding=used.name, stated=used.contradicted))
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            frame = pyogrio.read_dataframe(source.path, **options)
        except (UnicodeError, LookupError) as error:
            guess = encodings.detect(source.path).name
            raise InputError(
                "vectors.wrong_encoding", path=source.shown, encoding=used.name, guess=guess
            ) from error
        except (DataSourceError, OSError, RuntimeError) as error:
            raise InputError("vectors.damaged", path=source.shown, reason=str(error)[:120]) from error
    remarks += sorted({str(w.message) for w in heard if "Measured" not in str(w.message)})
    if not isinstance(frame, gpd.GeoDataFrame):
        raise InputError("vectors.not_a_vector", path=source.shown, reason=t("vectors.fault_no_geometry"))
    if any("Measured" in str(w.message) for w in heard) or bool(frame.geometry.has_z.any()):
        remarks.append(t("vectors.has_z"))
    return used, _named(frame), remarks


def _encoding(shp: Path, given: str | None) -> encodings.Encoding:
    return encodings.Encoding(encodings.known(given), "given") if given else encodings.detect(shp)


def _parquet(source: Opened, bbox: Box | None) -> gpd.GeoDataFrame:
    try:
        frame = gpd.read_parquet(source.path)
    except (OSError, ValueError) as error:
        raise InputError("vectors.damaged", path=source.shown, reason=str(error)[:120]) from error
    frame = _named(frame)
    return frame.cx[bbox[0] : bbox[2], bbox[1] : bbox[3]].reset_index(drop=True) if bbox else frame


def _named(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the frame with its geometry in the column ``geometry``."""
    return frame if frame.geometry.name == "geometry" else frame.rename_geometry("geometry")


def _with_crs(frame: gpd.GeoDataFrame, given: Any, source: Opened) -> gpd.GeoDataFrame:
    bounds = np.asarray(frame.geometry.total_bounds, dtype=float)
    used = layer_crs(given, frame.crs, replace(source, info={"total_bounds": bounds}))
    return frame.set_crs(used, allow_override=True)


def layer_crs(given: Any, stated: Any, source: Opened) -> CRS:
    """Return the CRS given, else the one stated, and check that the coordinates can be its.

    Raises
    ------
    CRSError
        If there is none; names what the coordinates look like. As :func:`check_position`.
    """
    bounds = np.asarray(source.info["total_bounds"], dtype=float)
    what = f"{source.shown}:{source.layer}"
    used = stated if given is None else given
    if used is None:
        guess = guess_crs(bounds)
        raise CRSError(
            "vectors.no_crs",
            what=what,
            bounds=_shown(bounds),
            guess=t("vectors.no_crs_guess", crs=guess) if guess else "",
        )
    try:
        crs = CRS.from_user_input(used)
    except ProjError as error:
        raise CRSError("errors.not_a_crs", crs=used) from error
    check_position(crs, bounds, what)
    return crs


def check_position(crs: CRS, bounds: NDArray[np.float64], what: str) -> None:
    """Check that coordinates can be those of a CRS.

    Raises
    ------
    CRSError
        If metres stand where degrees should, or the zone is another one; names what they look like.
    """
    if crs.is_geographic and np.isfinite(bounds).all() and np.abs(bounds).max() > _FULL_TURN:
        raise CRSError(
            "vectors.wrong_zone",
            what=what,
            crs=label(crs),
            expected="°",
            easting=f"{bounds[0]:.0f}",
            found="m",
            guess=guess_crs(bounds) or "?",
        )
    check_zone(crs, bounds, what)


def _shown(bounds: NDArray[np.float64]) -> str:
    return "[" + ", ".join(f"{v:.2f}" for v in bounds) + "]"


def _labels(frame: pd.DataFrame, field: str) -> NDArray[np.object_]:
    numbers = np.arange(len(frame)).astype(str).astype(object)
    if field not in frame.columns:
        return numbers
    values = frame[field]
    missing = np.asarray(values.isna()) | (values.astype(str).to_numpy() == "")
    return np.where(missing, numbers, values.astype(str)).astype(object)


def _linearised(frame: gpd.GeoDataFrame, rows: NDArray[np.intp], labels: NDArray[np.object_]) -> list[Repair]:
    """Tell of the features that were stored as curves; their area before is not known."""
    if not len(rows):
        return []
    detail = t("vectors.chords", step=f"{curves.ARC_STEP_DEGREES:g}")
    areas = ellipsoidal_area(frame.geometry.iloc[rows], frame.crs)
    return [
        Repair(str(labels[row]), "curve", "linearised", area_after=float(area), detail=detail)
        for row, area in zip(rows.tolist(), areas, strict=True)
    ]


def _selected(frame: gpd.GeoDataFrame, columns: Sequence[str] | None, layer: str) -> gpd.GeoDataFrame:
    if columns is None:
        return frame
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        fields = ", ".join(str(c) for c in frame.columns if c != "geometry")
        raise SchemaError("vectors.no_columns", layer=layer, names=", ".join(missing), fields=fields)
    return frame[[*[c for c in columns if c != "geometry"], "geometry"]]
