"""Patches for official tools: fields of the change table, as SHP in GBK, GPKG, FileGDB."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import geopandas as gpd

from weipian_lab import vectors
from weipian_lab.errors import ParameterError

__all__ = ["EXPORTS", "change_table", "export"]

EXPORTS = {"shp": ".shp", "gdb": ".gdb", "gpkg": ".gpkg"}


def change_table(frame: gpd.GeoDataFrame, *, tblx: str = "", note: str = "") -> gpd.GeoDataFrame:
    """Return patches with the field names of the change table (变化图斑表).

    ``JCBH`` 图斑编号, ``XZQDM`` 县级行政区代码, ``TBLX`` 图斑类型, ``QSX``, ``HSX`` 前后时相 (YYYYMMDD),
    ``MJ`` 面积(平方米) to 0.01, ``BZ`` 备注.

    Parameters
    ----------
    frame
        Patches as :func:`weipian_lab.patches.extract` returns them; a column ``TBLX`` is kept.
    tblx
        Type for all, where the patches have no such column.
    note
        Text for ``BZ``.
    """
    return gpd.GeoDataFrame(
        {
            "JCBH": frame["patch_id"].to_numpy(object),
            "XZQDM": frame["admin_code"].to_numpy(object),
            "TBLX": frame["TBLX"].to_numpy(object) if "TBLX" in frame else tblx,
            "QSX": frame["date_before"].str.replace("-", "").to_numpy(object),
            "HSX": frame["date_after"].str.replace("-", "").to_numpy(object),
            "MJ": frame["area_m2"].to_numpy(float),
            "BZ": note,
        },
        geometry=frame.geometry.to_numpy(),
        crs=frame.crs,
    )


def export(
    frame: gpd.GeoDataFrame, folder: Path | str, kinds: Iterable[str] = ("shp",), *, note: str = ""
) -> list[Path]:
    """Write patches in the fields of the change table.

    Parameters
    ----------
    folder
        Files are called ``patches_export``.
    kinds
        "shp" (GBK with ``.cpg``), "gdb" (FileGDB), "gpkg".

    Raises
    ------
    ParameterError
        If a kind is unknown.
    """
    table = change_table(frame, note=note)
    written = []
    for kind in kinds:
        if kind not in EXPORTS:
            raise ParameterError("errors.bad_choice", name="exports", value=kind, choices=", ".join(EXPORTS))
        path = Path(folder) / f"patches_export{EXPORTS[kind]}"
        encoding = "GBK" if kind == "shp" else None
        written.append(vectors.write(path, table, layer="patches_export", encoding=encoding))
    return written
