"""Checks of notice, hearing, review and decision."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from weipian_lab.cases.guards.refusal import Evidence, Refusal, names, number, refuse
from weipian_lab.cases.terms import effective, last_day
from weipian_lab.cases.workdays import workdays_between
from weipian_lab.rulebook import Rule

if TYPE_CHECKING:
    from weipian_lab.cases.engine import Case

NO_PENALTY = ("MINOR_CORRECTED", "FIRST_MINOR", "NO_FAULT", "NOT_ESTABLISHED")


def measure_by_plan(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Land Administration Law 77: not conforming with the plan, demolish; conforming, confiscate.

    The order to return the land, which 77 names first, may also come before the decision (办法 36).
    """
    measures, bases = set(names(evidence.get("measures"))), case.book.codes("BASIS")
    known = case.book.codes("MEASURE")
    if not measures or not measures <= set(known):
        return refuse(rule, "g_measures", ["measures"], choices=", ".join(known))
    basis = str(evidence.get("basis"))
    if basis not in bases:
        return refuse(rule, "g_basis", ["basis"], found=basis, choices=", ".join(bases))
    due, other = {bases[basis].column("measures")}, ""
    if due == {"BY_PLAN"}:
        conforms = evidence.get("plan_conforms") is True
        needed = rule.value["conforming" if conforms else "nonconforming"]
        other = rule.value["nonconforming" if conforms else "conforming"]
        due = {needed}
    if due <= measures and other not in measures:
        return None
    rule = case.book.rule(basis, on)
    values: dict[str, Any] = {"needed": ", ".join(sorted(due)), "found": ", ".join(sorted(measures))}
    return refuse(rule, "g_measure_by_plan", sorted(due - measures) or [other], **values)


def fine_range(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Require that the fine lies in the range of its basis (Regulations 52, 55, 57) or is none."""
    notified = case.last("notify")
    basis = str(evidence.get("basis") or (notified.evidence.get("basis") if notified else ""))
    bases = case.book.codes("BASIS")
    own = case.book.rule(bases[basis].column("fine"), on) if basis in bases else rule
    fine, (low, high) = number(evidence.get("fine")), own.value
    if fine is not None and (fine == 0 or low <= fine <= high):
        return None
    return refuse(
        own, "g_fine_range", ["fine"], found=evidence.get("fine"), low=low, high=high, unit=own.unit
    )


def heavy(case: Case, on: dt.date, evidence: Evidence) -> bool:
    """Say whether a penalty is of a kind for which a hearing is told (办法 35, Penalty Law 63)."""
    kinds = set(case.book.rule("CFBF-HEARING", on).value)
    measures = set(names(evidence.get("measures")))
    fine, area = number(evidence.get("fine")) or 0.0, number(evidence.get("area_m2")) or 0.0
    large = evidence.get("basis") == "TDGLF-77" and fine * area >= case.book.number("T-FINE-LARGE", on)
    return bool(measures & kinds) or (large and "FINE_LARGE" in kinds)


def hearing_told(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Require that a heavier penalty is notified together with the right to a hearing."""
    if not heavy(case, on, evidence) or "HEARING_NOTICE" in names(evidence.get("documents")):
        return None
    return refuse(rule, "g_hearing_told", ["HEARING_NOTICE"])


def no_penalty_reason(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Administrative Penalty Law 33 and 57: the ground of not penalising."""
    if evidence.get("reason") in NO_PENALTY:
        return None
    return refuse(rule, "g_reason", ["reason"], found=evidence.get("reason"), choices=", ".join(NO_PENALTY))


def review_passed(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Require that the legal review passed, by one who did not investigate."""
    reviewer = evidence.get("reviewer")
    if evidence.get("passed") is True and reviewer and str(reviewer) not in case.investigators():
        return None
    return refuse(rule, "g_review_passed", ["reviewer", "passed"])


def statement_in_time(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Require that a statement, even a late one, is looked into."""
    return None if evidence.get("reviewed") is True else refuse(rule, "g_statement", ["reviewed"])


def request_in_time(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Administrative Penalty Law 64: a hearing is asked for within the term."""
    notified = case.last("notify")
    last = last_day(notified.on, rule) if notified else on
    return None if on <= last else refuse(rule, "g_request_late", ["on"], last=last)


def hearing_notice(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Administrative Penalty Law 64: notice at least so many working days before the hearing."""
    told = effective(evidence.get("notice_on"))
    if told is not None and told <= on and workdays_between(told, on) >= int(rule.value):
        return None
    return refuse(rule, "g_hearing_notice", ["notice_on"], days=int(rule.value), found=told or "–")


def hearing_chair(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Require that the chair did not investigate the case."""
    chair = evidence.get("chair")
    return None if chair and str(chair) not in case.investigators() else refuse(rule, "g_chair", ["chair"])


def statement_window(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """No decision before the time for a statement is over, unless the party was heard."""
    notified = case.last("notify")
    if notified is None or case.state == "HEARING" or case.since("notify", "statement"):
        return None
    last = last_day(notified.on, case.book.rule(rule.id, notified.on))
    return None if on > last else refuse(rule, "g_window", ["on"], last=last)


def hearing_window(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """No decision before the time for asking a hearing is over."""
    notified = case.last("notify")
    if notified is None or case.state == "HEARING":
        return None
    if "HEARING_NOTICE" not in names(notified.evidence.get("documents")):
        return None
    last = last_day(notified.on, case.book.rule(rule.id, notified.on))
    return None if on > last else refuse(rule, "g_window", ["on"], last=last)


def hearing_held(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Require that a hearing that was asked for was held."""
    if case.state != "HEARING" or case.since("request_hearing", "hold_hearing"):
        return None
    return refuse(rule, "g_hearing_held", ["HEARING_RECORD"])


def _done_for(case: Case, event: str) -> bool:
    """Say whether a review took place after the investigation, and after the hearing where one was held."""
    done, held, reported = case.last(event), case.last("hold_hearing"), case.last("report")
    if done is None or (reported is not None and done.number < reported.number):
        return False
    return (
        held is None or (reported is not None and held.number < reported.number) or done.number > held.number
    )


def legal_reviewed(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Administrative Penalty Law 58: where legal review is due, no decision without it."""
    notified = case.last("notify")
    if notified is not None and not heavy(case, notified.on, notified.evidence):
        return None
    return None if _done_for(case, "legal_review") else refuse(rule, "g_legal_reviewed", ["LEGAL_REVIEW"])


def discussed(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Administrative Penalty Law 57: complex or major cases are discussed collectively."""
    notified = case.last("notify")
    if notified is not None and not heavy(case, notified.on, notified.evidence):
        return None
    return None if _done_for(case, "discuss") else refuse(rule, "g_discussed", ["COLLECTIVE_RECORD"])


def not_heavier(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Administrative Penalty Law 44, 45: the decision is not heavier than what was notified.

    Heavier after the party was heard crosses a red line; without a hearing it is not what was told.
    """
    notified = case.last("notify")
    if notified is None:
        return None
    added = set(names(evidence.get("measures"))) - set(names(notified.evidence.get("measures")))
    fine, told = number(evidence.get("fine")), number(notified.evidence.get("fine"))
    if not added and fine is not None and told is not None and fine <= told:
        return None
    missing = sorted(added) or ["fine"]
    if case.since("notify", "statement") or case.since("notify", "hold_hearing"):
        return refuse(rule, "g_not_heavier", missing, told=told, found=fine)
    return refuse(case.book.rule("CFF-44", on), "g_not_told", missing, told=told, found=fine)


def transition_set(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Notice 三(四): a reasonable time to move out, with its reason; the length is free."""
    days = number(evidence.get("transition_days"))
    if (
        days is not None
        and days >= 1
        and days == int(days)
        and str(evidence.get("transition_reason") or "").strip()
    ):
        return None
    missing, given = ["transition_days", "transition_reason"], days is not None and days >= 1
    return refuse(rule, "g_transition_set", missing, slip=given, found=days)


CHECKS = (
    measure_by_plan,
    fine_range,
    hearing_told,
    no_penalty_reason,
    review_passed,
    statement_in_time,
    request_in_time,
    hearing_notice,
    hearing_chair,
    statement_window,
    hearing_window,
    hearing_held,
    legal_reviewed,
    discussed,
    not_heavier,
    transition_set,
)
