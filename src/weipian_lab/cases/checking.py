"""What stands against an event in a case, and how late it comes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from weipian_lab.cases.guards import CHECKS, Refusal
from weipian_lab.cases.guards.refusal import names, refuse
from weipian_lab.cases.machine import Machine
from weipian_lab.cases.terms import last_day
from weipian_lab.cases.workdays import add_days
from weipian_lab.rulebook import Rulebook, Transition

if TYPE_CHECKING:
    from weipian_lab.cases.engine import Case

__all__ = ["against", "lateness", "red_rules"]


def against(
    case: Case, machine: Machine, event: str, day: dt.date, evidence: Mapping[str, Any]
) -> list[Refusal]:
    """Return all refusals of an event, red lines first; empty where it may take place."""
    step = machine.find(event, case.state)
    if step is None:
        return _out_of_order(case, machine, event, day)
    found = [*_order(case, day), *_fields(case, step, day, evidence), *_documents(case, step, day, evidence)]
    for guard in step.guards:
        refusal = CHECKS[guard.guard](case, day, evidence, case.book.rule(guard.rule, day))
        if refusal is not None:
            found.append(refusal)
    red = red_rules(case.book)
    return sorted(found, key=lambda refusal: refusal.slip or refusal.rule.id not in red)


def red_rules(book: Rulebook) -> set[str]:
    """Return the ids of the rules that are red lines."""
    return {line.rule for line in book.procedure.red_lines}


def _order(case: Case, day: dt.date) -> list[Refusal]:
    earliest = case.steps[-1].on if case.steps else case.opened_on
    if day >= earliest:
        return []
    return [refuse(case.book.rule("T-ORDER"), "g_before", ["on"], found=day, earliest=earliest)]


def _out_of_order(case: Case, machine: Machine, event: str, day: dt.date) -> list[Refusal]:
    """Explain an event that the state does not have, by its substantive ground first where there is one."""
    order = case.book.rule("T-ORDER", day)
    if not machine.knows(event):
        return [refuse(order, "g_no_event", ["event"], event=event, nearest=machine.nearest(event))]
    found = []
    for guard in machine.guards(event):
        check = CHECKS[guard.guard]
        if getattr(check, "case_only", False):
            refusal = check(case, day, {}, case.book.rule(guard.rule, day))
            if refusal is not None:
                found.append(refusal)
    state = case.book.procedure.states[case.state]
    values: dict[str, Any] = {"event": event, "state": state.zh, "state_en": state.en}
    return [*found, refuse(order, "g_order", ["event"], allowed=", ".join(case.allowed()) or "–", **values)]


def _fields(case: Case, step: Transition, day: dt.date, evidence: Mapping[str, Any]) -> list[Refusal]:
    lacking = [name for name in step.needs if evidence.get(name) in (None, "", [], ())]
    if not lacking:
        return []
    rule = case.book.rule(step.rule, day)
    return [refuse(rule, "g_needs", lacking, slip=True, event=step.event, fields=", ".join(lacking))]


def _documents(case: Case, step: Transition, day: dt.date, evidence: Mapping[str, Any]) -> list[Refusal]:
    given = names(evidence.get("documents"))
    lacking = [code for code in step.documents if code not in given]
    if not lacking:
        return []
    titles = [case.book.code("DOCUMENT", code) for code in lacking]
    values: dict[str, Any] = {
        "titles_zh": "、".join(x.zh for x in titles),
        "titles_en": ", ".join(x.en for x in titles),
    }
    return [
        refuse(case.book.rule(step.rule, day), "g_documents", lacking, slip=True, event=step.event, **values)
    ]


def lateness(case: Case, event: str, day: dt.date, evidence: Mapping[str, Any]) -> tuple[int, str]:
    """Return the days past the term that runs for an event, and the rule of the term."""
    table = case.book.procedure.deadlines
    for due in case.due():
        if due.event != event:
            continue
        deadline = next(row for row in table if (row.event, row.rule) == (event, due.rule.id))
        end = due.due_on
        if case.state in deadline.excluding:
            end = add_days(end, (day - case.steps[-1].on).days)
        if deadline.extend and evidence.get("extended_by_head") is True:
            end = last_day(end, case.book.rule(deadline.extend, day))
        return max(0, (day - end).days), due.rule.id
    return 0, ""
