"""Checks of settling, feedback, hand-over, self-correction and the region's flags."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from weipian_lab.cases.guards.refusal import Evidence, Refusal, names, refuse
from weipian_lab.cases.terms import effective
from weipian_lab.rulebook import Rule

if TYPE_CHECKING:
    from weipian_lab.cases.engine import Case

NOT_SETTLING = {"ILLEGAL_NONAG", "UNDETERMINED"}


def verdict_not_illegal(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Require that a settled patch carries one of the verdicts that end a case as not illegal."""
    verdict = str(evidence.get("verdict"))
    good = [code for code in case.book.codes("VERDICT") if code not in NOT_SETTLING]
    if verdict in good:
        return None
    return refuse(
        case.book.rule("T-ORDER", on), "g_verdict", ["verdict"], found=verdict, choices=", ".join(good)
    )


def reviewer_differs(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Whoever reviews did not write the field record."""
    visit = case.last("field_visit")
    author = visit.evidence.get("author") if visit else None
    if evidence.get("reviewer") and evidence["reviewer"] != author:
        return None
    return refuse(rule, "g_reviewer", ["reviewer"], author=author or "–")


def feedback_kind(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Notice 二(三): the kinds of problems that go back in writing."""
    if evidence.get("problem") in rule.value:
        return None
    return refuse(
        rule, "g_feedback_kind", ["problem"], found=evidence.get("problem"), choices=", ".join(rule.value)
    )


def feedback_section(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Notice 二(三): the business section that keeps the data verifies it."""
    codes = case.book.codes("FEEDBACK")
    problem = str(evidence.get("problem"))
    right = codes[problem].column("section") if problem in codes else ""
    section = evidence.get("section")
    if section in rule.value and section == right:
        return None
    return refuse(rule, "g_feedback_section", ["section"], found=section, choices="、".join(rule.value))


def reply_version(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Require that an adjusted attribute comes with a new version of the data; an unchanged one keeps it."""
    version = evidence.get("layer_version")
    if bool(version) and bool(evidence.get("adjusted")) == (version != case.overlay_version):
        return None
    return refuse(rule, "g_reply_version", ["layer_version"], found=version, current=case.overlay_version)


def jurisdiction(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Notice 二(二)1 and Land Administration Law 78: each matter has its department."""
    matters = case.book.codes("MATTER")
    matter = str(evidence.get("matter"))
    if matter not in matters or (case.matter and matter != case.matter):
        return refuse(rule, "g_matter", ["matter"], found=matter, choices=", ".join(matters))
    right = matters[matter].column("department")
    if evidence.get("department") == right:
        return None
    own = case.book.rule(matters[matter].column("rule"), on)
    return refuse(
        own, "g_department", ["department"], slip=True, found=evidence.get("department"), matter=matter
    )


def own_matter(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Require that what the field record shows to be another department's matter is not handled here."""
    if not case.matter:
        return None
    matter = case.book.code("MATTER", case.matter)
    own = case.book.rule(matter.column("rule"), on)
    return refuse(own, "g_own_matter", ["hand_over"], department=matter.column("department"))


def ended_in_year(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Notice 二(二)2: the illegal state ended by the party within the year, not after the acceptance."""
    month, day = (int(part) for part in str(rule.value).split("-"))
    last = dt.date(case.opened_on.year, month, day)
    ended = effective(evidence.get("ended_on"))
    if ended is not None and ended <= min(last, on):
        return None
    return refuse(rule, "g_ended_in_year", ["ended_on"], found=ended or "–", last=last)


def region_role(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Notice 二(二)3: only the region takes over or lists."""
    if evidence.get("role") == "REGION":
        return None
    return refuse(rule, "g_region_role", ["role"], found=evidence.get("role"))


def grave_reasons(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Notice 二(二)3: a reason of the notice is given."""
    reasons = names(evidence.get("reasons"))
    if reasons and all(reason in rule.value for reason in reasons):
        return None
    return refuse(rule, "g_grave_reasons", ["reasons"], choices="、".join(rule.value))


own_matter.case_only = True  # type: ignore[attr-defined]

CHECKS = (
    verdict_not_illegal,
    reviewer_differs,
    feedback_kind,
    feedback_section,
    reply_version,
    jurisdiction,
    own_matter,
    ended_in_year,
    region_role,
    grave_reasons,
)
