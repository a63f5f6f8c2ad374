"""Working days and statutory holidays of the State Council's calendar (package chinesecalendar).

Terms run from the day after the event: the fifth working day after a Friday is the next Friday.
A term whose last day is a rest day is not moved on; the calendar counts only where a rule says working days.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache

import chinese_calendar
from chinese_calendar.constants import holidays

from weipian_lab.errors import InputError

__all__ = [
    "add_days",
    "add_months",
    "add_workdays",
    "as_date",
    "covered_years",
    "is_workday",
    "statutory_holiday",
    "workdays_between",
]


@lru_cache(maxsize=1)
def covered_years() -> tuple[int, int]:
    """Return the first and last year whose holidays are known."""
    return min(holidays).year, max(holidays).year


def as_date(value: dt.date | dt.datetime | str) -> dt.date:
    """Return a day from a date, a date with time, or ISO text.

    Raises
    ------
    InputError
        If the text is no date.
    """
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.datetime.fromisoformat(str(value)).date()
    except ValueError as error:
        raise InputError("cases.not_a_date", value=value) from error


def is_workday(day: dt.date) -> bool:
    """Say whether a day is a working day (shifted working weekends count).

    Raises
    ------
    InputError
        For a year whose holidays are not known.
    """
    return _known(day)[0]


def statutory_holiday(day: dt.date) -> str | None:
    """Return the name of the holiday that a day belongs to (the whole announced break), else None.

    Plain weekends are rest days, not statutory holidays.
    """
    return _known(day)[1]


@lru_cache(maxsize=8192)
def _known(day: dt.date) -> tuple[bool, str | None]:
    first, last = covered_years()
    if not first <= day.year <= last:
        raise InputError("cases.calendar_years", day=day, first=first, last=last)
    off, name = chinese_calendar.get_holiday_detail(day)
    return not off, str(name) if off and name else None


def add_workdays(day: dt.date, count: int) -> dt.date:
    """Return the `count`-th working day after `day`."""
    while count > 0:
        day += dt.timedelta(days=1)
        count -= is_workday(day)
    return day


def workdays_between(start: dt.date, end: dt.date) -> int:
    """Return how many working days lie after `start`, up to and with `end`."""
    return sum(is_workday(start + dt.timedelta(days=i)) for i in range(1, (end - start).days + 1))


def add_days(day: dt.date, count: int) -> dt.date:
    """Return the day `count` calendar days later."""
    return day + dt.timedelta(days=count)


def add_months(day: dt.date, count: int) -> dt.date:
    """Return the same day of a later month, or that month's last day."""
    month = day.month - 1 + count
    year, month = day.year + month // 12, month % 12 + 1
    following = dt.date(year + month // 12, month % 12 + 1, 1)
    return min(following - dt.timedelta(days=1), dt.date(year, month, 1) + dt.timedelta(days=day.day - 1))
