"""The list that a team takes into the field, as GeoPackage and as a workbook."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from openpyxl import Workbook
from openpyxl.styles import Font

from weipian_lab import vectors
from weipian_lab.accuracy.design.route import plan_routes
from weipian_lab.accuracy.tables import dictionary
from weipian_lab.errors import CRSError, SchemaError
from weipian_lab.outputs import as_text, atomic
from weipian_lab.text import LANGS, t

__all__ = ["field_list", "write_field_list"]

_EMPTY = ("verdict", "cause", "verified_on", "verifier_count", "evidence")


def field_list(
    units: gpd.GeoDataFrame, teams: int = 1, *, depot: tuple[float, float] | None = None
) -> gpd.GeoDataFrame:
    """Return the units with team, visit and leg_m, longitude and latitude, and the columns to fill in.

    Parameters
    ----------
    units
        Drawn patches (or points) with patch_id, in a projected CRS in metres.
    teams, depot
        As :func:`~weipian_lab.accuracy.design.plan_routes`.

    Raises
    ------
    CRSError
        No CRS, or one in degrees.
    SchemaError
        No patch_id.
    """
    if "patch_id" not in units.columns:
        raise SchemaError("accuracy.no_column", column="patch_id", columns=", ".join(map(str, units.columns)))
    if units.crs is None:
        raise CRSError("errors.no_crs", what="units")
    if not units.crs.is_projected:
        raise CRSError("accuracy.need_metres", crs=units.crs.name)
    inside = units.geometry.representative_point()
    plan = plan_routes(np.column_stack([inside.x, inside.y]), teams, depot=depot)
    plan.index = units.index
    degrees = inside.to_crs("EPSG:4490")
    listed = units.assign(
        **{name: plan[name] for name in plan.columns}, lon=degrees.x.round(6), lat=degrees.y.round(6)
    )
    for name in _EMPTY:
        if name not in listed.columns:
            listed[name] = ""
    return listed.sort_values(["team", "visit"], kind="stable", ignore_index=True)


def write_field_list(listed: gpd.GeoDataFrame, folder: Path | str, stem: str = "field_list") -> list[Path]:
    """Write ``<stem>.gpkg`` and ``<stem>.xlsx`` (a sheet a team; one without rows if nothing is listed).

    Returns both paths.
    A last sheet says what the columns mean and which verdicts there are.
    Text that a spreadsheet would run as a formula is written as text.
    """
    folder = Path(folder)
    paths = [folder / f"{stem}.gpkg", folder / f"{stem}.xlsx"]
    vectors.write(paths[0], listed, layer=stem)
    book = Workbook()
    book.remove(book.worksheets[0])
    names = ["team", "visit", "patch_id", *_others(listed)]
    for team, rows in list(listed.groupby("team", sort=True)) or [(1, listed)]:
        sheet = book.create_sheet(t("accuracy.sheet_team", number=team))
        sheet.append([as_text(str(name)) for name in names])
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        for row in rows[names].itertuples(index=False):
            sheet.append([_cell(value) for value in row])
        sheet.freeze_panes = "A2"
    sheet = book.create_sheet(t("accuracy.sheet_columns"))
    for line in dictionary({stem: listed})[["column", *LANGS]].itertuples(index=False):
        sheet.append([as_text(text) for text in line])
    with atomic(paths[1]) as temporary:
        book.save(temporary)
    return paths


def _cell(value: Any) -> Any:
    plain = value.item() if isinstance(value, np.generic) else value
    return None if pd.isna(plain) else as_text(plain)


def _others(listed: gpd.GeoDataFrame) -> list[str]:
    taken = {"team", "visit", "patch_id", listed.geometry.name}
    return [str(name) for name in listed.columns if name not in taken]
