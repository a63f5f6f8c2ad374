"""Parameters of ``06_county_year``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from weipian_lab.run.parameters.base import Common, InputPath, param

__all__ = ["CountyYear"]


class CountyYear(Common):
    """The county's files, what the year is like, the strategy shown, the number of years compared."""

    notebook = "06_county_year"
    ring: ClassVar[Mapping[str, str]] = {"patches": "01_screening/patches.gpkg"}

    out_dir: str = param("../reports/06_county_year", "run.p_out_dir", min_length=1)
    batches: InputPath = param("", "year.p_batches", bundled="batches")
    layers: InputPath = param("", "year.p_layers", bundled="layers/county.gpkg")
    truth: InputPath = param("", "year.p_truth", bundled="truth/changes.gpkg")
    patches: InputPath = param("", "year.p_patches")
    year: int = param(2024, "year.p_year", ge=2024, le=2026)
    teams: int = param(2, "year.p_teams", ge=1, le=50)
    visits_a_day: float = param(0.4, "year.p_visits_a_day", gt=0, le=10)
    delivery_days: int = param(20, "year.p_delivery_days", unit="日", ge=0, le=120)
    yielding: float = param(0.7, "year.p_yielding", ge=0, le=1)
    late_yielding: float = param(0.15, "year.p_late_yielding", ge=0, le=1)
    unsafe_days: float = param(0.08, "year.p_unsafe_days", ge=0, le=0.9)
    lawful_mu: float = param(0.0, "year.p_lawful_mu", unit="亩", ge=0, le=1_000_000)
    strategy: Literal["arrival", "area", "pbf", "score"] = param("pbf", "year.p_strategy")
    seeds: int = param(30, "year.p_seeds", ge=2, le=1000)
