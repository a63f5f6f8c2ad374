"""Parameters of ``06_county_year``."""

from __future__ import annotations

from typing import Literal

from weipian_lab.run.parameters.base import Common, param

__all__ = ["CountyYear"]


class CountyYear(Common):
    """What the year is like, the strategy shown, the number of years compared."""

    notebook = "06_county_year"

    out_dir: str = param("../reports/06_county_year", "run.p_out_dir", min_length=1)
    year: int = param(2024, "year.p_year", ge=2024, le=2026)
    quarterly: int = param(24, "year.p_quarterly", ge=0, le=500)
    daily: int = param(40, "year.p_daily", ge=0, le=2000)
    annual: int = param(30, "year.p_annual", ge=0, le=2000)
    teams: int = param(2, "year.p_teams", ge=1, le=50)
    visits_a_day: float = param(0.4, "year.p_visits_a_day", gt=0, le=10)
    illegal: float = param(0.45, "year.p_illegal", ge=0, le=0.8)
    data_error: float = param(0.1, "year.p_data_error", ge=0, le=0.1)
    other_department: float = param(0.1, "year.p_other_department", ge=0, le=0.1)
    separation: float = param(1.2, "year.p_separation", ge=0, le=5)
    unsafe_days: float = param(0.08, "year.p_unsafe_days", ge=0, le=0.9)
    strategy: Literal["arrival", "area", "pbf", "score"] = param("pbf", "year.p_strategy")
    seeds: int = param(30, "year.p_seeds", ge=2, le=1000)
