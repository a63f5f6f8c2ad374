"""Checks of performance, demand, court and execution."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from weipian_lab.cases.guards.refusal import Evidence, Refusal, names, refuse
from weipian_lab.cases.terms import last_day, limit_end, transition_end
from weipian_lab.cases.workdays import statutory_holiday
from weipian_lab.rulebook import Rule

if TYPE_CHECKING:
    from weipian_lab.cases.engine import Case

GROUND = {
    "PERFORMED": "PERFORMED",
    "EXECUTED": "EXECUTED",
    "NO_PENALTY": "NO_PENALTY",
    "TERMINATED": "TERMINATED",
    "CRIMINAL": "HANDED_OVER",
    "COURT_APPLIED": "ENFORCEMENT_APPLIED",
    "REFUSED": "ENFORCEMENT_APPLIED",
}
"""Ground of closing that fits each state."""


def performed_freely(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Notice 三(四): performance is the party's own, not an instant demolition."""
    return None if evidence.get("voluntary") is True else refuse(rule, "g_voluntary", ["voluntary"])


def buildings_handed(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Regulations 58: confiscated buildings are handed over to the government, with a record."""
    if "CONFISCATE" not in case.measures or "BUILDING_HANDOVER" in names(evidence.get("documents")):
        return None
    return refuse(rule, "g_buildings_handed", ["BUILDING_HANDOVER"])


def suit_in_time(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Suit or reconsideration within its time."""
    end = limit_end(case)
    return None if end is None or on <= end else refuse(rule, "g_suit_late", ["on"], last=end)


def limits_over(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Compulsion only after the time for review and suit is over."""
    end = limit_end(case)
    return None if end is not None and on > end else refuse(rule, "g_limits_over", ["on"], last=end or "–")


def transition_over(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Notice 三(四): nothing is executed before the time to move out is over."""
    end = transition_end(case)
    return (
        None if end is not None and on > end else refuse(rule, "g_transition_over", ["on"], last=end or "–")
    )


def demand_elapsed(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Administrative Compulsion Law 54: so many days after the demand was served."""
    demanded = case.last("demand")
    last = last_day(demanded.on, rule) if demanded else on
    return None if on > last else refuse(rule, "g_window", ["on"], last=last)


def court_window(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Administrative Compulsion Law 53: within three months of the end of the limits."""
    end = limit_end(case)
    last = last_day(end, rule) if end else on
    return None if on <= last else refuse(rule, "g_court_window", ["on"], last=last)


def court_materials(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Administrative Compulsion Law 55: the materials (the last item is open and not asked for)."""
    lacking = [item for item in rule.value[:-1] if item not in names(evidence.get("materials"))]
    return refuse(rule, "g_materials", lacking, items="、".join(lacking)) if lacking else None


def refusal_in_time(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Administrative Compulsion Law 58: reconsideration of a refusal within its time."""
    refused = case.last("refused")
    last = last_day(refused.on, rule) if refused else on
    return None if on <= last else refuse(rule, "g_request_late", ["on"], last=last)


def _clock(text: object) -> dt.time | None:
    """Read an hour as people write it: 9:30, 09:30, with a Chinese colon."""
    plain = str(text).strip().replace("：", ":")
    try:
        return dt.time.fromisoformat(plain.zfill(5) if ":" in plain else plain)
    except ValueError:
        return None


def daytime(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Administrative Compulsion Law 43: never at night (hours: the project's rules T-NIGHT-*)."""
    starts, ends = _clock(evidence.get("starts")), _clock(evidence.get("ends"))
    night, morning = (_clock(case.book.rule(f"T-NIGHT-{name}", on).value) for name in ("FROM", "TO"))
    if None not in (starts, ends, night, morning) and morning <= starts < ends <= night:  # type: ignore[operator]
        return None
    found = f"{evidence.get('starts')}–{evidence.get('ends')}"
    unread = starts is None or ends is None
    values = {"found": found, "night": night, "morning": morning}
    return refuse(rule, "g_clock" if unread else "g_daytime", ["starts", "ends"], slip=unread, **values)


def not_holiday(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Administrative Compulsion Law 43: never on a statutory holiday."""
    holiday = statutory_holiday(on)
    return refuse(rule, "g_holiday", ["on"], day=on, holiday=holiday) if holiday else None


def utilities(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Administrative Compulsion Law 43: water, power, heat and gas are not cut."""
    return refuse(rule, "g_utilities", ["cut_utilities"]) if evidence.get("cut_utilities") else None


def closing_ground(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Require that a case closes on a ground of the measures in force that fits where it stands."""
    needed = GROUND.get(case.state, "")
    if evidence.get("ground") == needed and needed in rule.value:
        return None
    return refuse(
        rule, "g_closing_ground", ["ground"], found=evidence.get("ground"), choices=", ".join(rule.value)
    )


def head_approval(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Require that the head approves the closing."""
    return None if evidence.get("approved_by_head") is True else refuse(rule, "g_head", ["approved_by_head"])


CHECKS = (
    performed_freely,
    buildings_handed,
    suit_in_time,
    limits_over,
    transition_over,
    demand_elapsed,
    court_window,
    court_materials,
    refusal_in_time,
    daytime,
    not_holiday,
    utilities,
    closing_ground,
    head_approval,
)
