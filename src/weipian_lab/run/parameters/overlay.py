"""Parameters of ``02_overlay``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from weipian_lab.run.parameters.base import Common, Day, InputPath, param

__all__ = ["Overlay"]

Source = Literal["SELF", "MNR_QUARTERLY", "NX_DAILY", "MNR_ANNUAL"]


class Overlay(Common):
    """Patches, management layers, the day whose rules apply, and what is shown."""

    notebook = "02_overlay"
    ring: ClassVar[Mapping[str, str]] = {"patches": "01_screening/patches.gpkg"}

    out_dir: str = param("../reports/02_overlay", "run.p_out_dir", min_length=1)
    patches: InputPath = param("", "overlay.p_patches", bundled="batches/MNR_2024Q1.shp")
    crs: str = param("", "overlay.p_crs")
    encoding: str = param("", "overlay.p_encoding")
    layers: InputPath = param("", "overlay.p_layers", bundled="layers/county.gpkg")
    other_survey: InputPath = param("", "overlay.p_other_survey")
    replied_layers: InputPath = param("", "overlay.p_replied_layers")
    whole_layers: bool = param(True, "overlay.p_whole_layers")
    before: InputPath = param("", "overlay.p_before", bundled="images/S2SIM_20230718.tif")
    after: InputPath = param("", "overlay.p_after", bundled="images/S2SIM_20240717.tif")
    season: InputPath = param("", "overlay.p_season", bundled="images/S2SIM_20240423.tif")
    source: Source = param("MNR_QUARTERLY", "overlay.p_source")
    rules_on: Day = param("2024-07-18", "overlay.p_rules_on")
    scheme: Literal["auto", "ERDIAO", "SANDIAO", "YDYH"] = param("auto", "overlay.p_scheme")
    counted: Literal["gross", "net"] = param("gross", "overlay.p_counted")
    pages: int = param(2, "overlay.p_pages", ge=0, le=50)
    page_ids: list[str] = param([], "overlay.p_page_ids")
    tolerance_m: float = param(5.0, "overlay.p_tolerance_m", unit="m", ge=0, le=20)
    shift_px: float = param(1.0, "overlay.p_shift_px", unit="px", ge=0, le=3)
    shapefiles: bool = param(True, "overlay.p_shapefiles")
