"""Dates as layers hold them: 20240313, 2024-03-13, 2024/3/13, 2024年3月13日."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

__all__ = ["day_of"]

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
