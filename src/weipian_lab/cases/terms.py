"""Terms of the procedure: from a rule's number and unit to the last day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from weipian_lab.cases.workdays import add_days, add_months, add_workdays, as_date
from weipian_lab.errors import RulebookError
from weipian_lab.rulebook import Rule

if TYPE_CHECKING:
    from weipian_lab.cases.engine import Case

__all__ = ["Due", "due_dates", "last_day", "limit_end", "suit_rule", "transition_end"]


@dataclass(frozen=True)
class Due:
    """A term that runs: the event awaited, its last day, the rule behind it."""

    event: str
    due_on: dt.date
    rule: Rule


def last_day(start: dt.date, rule: Rule) -> dt.date:
    """Return the last day of a rule's term that starts to run after `start`.

    Raises
    ------
    RulebookError
        If the rule's value is no number or its unit no unit of time.
    """
    if isinstance(rule.value, bool) or not isinstance(rule.value, (int, float)):
        raise RulebookError("rulebook.not_a_number", id=rule.id, value=rule.value)
    count = int(rule.value)
    match rule.unit:
        case "工作日":
            return add_workdays(start, count)
        case "日":
            return add_days(start, count)
        case "月":
            return add_months(start, count)
        case "年":
            return add_months(start, 12 * count)
        case "小时":
            return add_days(start, -(-count // 24))
    raise RulebookError("cases.no_unit_of_time", id=rule.id, unit=rule.unit)


def due_dates(case: Case) -> list[Due]:
    """Return the terms that run in the case's present state, the nearest first.

    A rule without a number (``及时``, in time) gives no date.
    The version in force on the day the term began counts.
    """
    found = []
    allowed = set(case.allowed())
    for deadline in case.book.procedure.deadlines:
        began = case.last(deadline.since)
        if deadline.event not in allowed or began is None or case.since(deadline.since, deadline.event):
            continue
        rule = case.book.rule(deadline.rule, began.on)
        if rule.value is None:
            continue
        pause = case.days_in(deadline.excluding, began.on)
        found.append(Due(deadline.event, add_days(last_day(began.on, rule), pause), rule))
    return sorted(found, key=lambda due: (due.due_on, due.event))


def limit_end(case: Case) -> dt.date | None:
    """Return the end of the time in which the party may sue or ask for reconsideration.

    Land Administration Law 83 (an order to demolish: 15 days), Administrative Litigation Law 46 (else
    6 months), Reconsideration Law 20 (60 days). Which of them starts the court term is a legal choice:
    rule ``T-LIMIT-CHOICE``. After a judgment that upholds the decision the time is over.
    """
    served = case.last("serve")
    if served is None:
        return None
    upheld = case.last("upheld")
    if upheld is not None and upheld.number > served.number:
        return upheld.on
    day = served.on
    notified = case.last("notify")
    basis = str(notified.evidence.get("basis", "")) if notified else ""
    ends = [last_day(day, case.book.rule(suit_rule(basis, case.measures), day))]
    if case.book.rule("T-LIMIT-CHOICE", day).value == "later":
        ends.append(last_day(day, case.book.rule("FYF-20", day)))
    return max(ends)


def suit_rule(basis: str, measures: Iterable[str]) -> str:
    """Return the rule on the time to sue.

    Land Administration Law 83 speaks of demolition ordered "by this law"; an order that rests on the
    Regulations alone (art. 52), and any other measure, has the general limit.
    """
    own = "DEMOLISH" in set(measures) and basis.startswith("TDGLF")
    return "TDGLF-83" if own else "SSF-46"


def transition_end(case: Case) -> dt.date | None:
    """Return the last day of the transition period that the decision left, None before service."""
    served, decided = case.last("serve"), case.last("decide")
    if served is None or decided is None:
        return None
    return add_days(served.on, int(decided.evidence["transition_days"]))


def effective(value: object) -> dt.date | None:
    """Return a day from evidence, None where it is absent or no date."""
    return as_date(value) if isinstance(value, (str, dt.date)) and value else None
