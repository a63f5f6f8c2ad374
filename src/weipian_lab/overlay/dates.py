"""Dates as layers hold them: 20240313, 2024-03-13, 2024/3/13, 2024年3月13日."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from typing import Any

__all__ = ["day_of", "years_after"]

_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:\.0)?$")
_SPACED = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})")


def day_of(value: Any) -> dt.date | None:
    """Return the day, or None if there is none or it cannot be read as one.

    >>> day_of("20240313"), day_of("2024年3月13日"), day_of("待定")
    (datetime.date(2024, 3, 13), datetime.date(2024, 3, 13), None)
    """
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    text = "" if value is None else str(value).strip()
    found = _COMPACT.match(text) or _SPACED.match(text)
    if not found:
        return None
    try:
        return dt.date(*(int(part) for part in found.groups()))
    except ValueError:
        return None


def years_after(day: dt.date, years: float) -> dt.date:
    """Return the same day some whole years on; the last of February where there is no 29th.

    >>> years_after(dt.date(2024, 2, 29), 1), years_after(dt.date(2022, 7, 18), 2)
    (datetime.date(2025, 2, 28), datetime.date(2024, 7, 18))
    """
    year = day.year + int(years)
    last = calendar.monthrange(year, day.month)[1]
    return day.replace(year=year, day=min(day.day, last))
