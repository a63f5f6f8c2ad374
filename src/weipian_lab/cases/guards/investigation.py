"""Checks of filing, investigation and transfer to the police."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

from weipian_lab.area import mu_to_m2, round_mu
from weipian_lab.cases.guards.refusal import Evidence, Refusal, names, number, refuse
from weipian_lab.cases.terms import effective, last_day
from weipian_lab.rulebook import Rule

if TYPE_CHECKING:
    from weipian_lab.cases.engine import Case

NOT_FILING = ("MINOR_CORRECTED", "CONDITION_FAILS")


def filing_conditions(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """自然资源行政处罚办法(2024) 16: all five conditions hold."""
    lacking = [item for item in rule.value if item not in names(evidence.get("conditions"))]
    return refuse(rule, "g_filing_conditions", lacking, items=", ".join(lacking)) if lacking else None


def not_filing_reason(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Not filing needs a failing condition, or a minor, corrected and harmless breach."""
    if evidence.get("reason") in NOT_FILING:
        return None
    return refuse(rule, "g_reason", ["reason"], found=evidence.get("reason"), choices=", ".join(NOT_FILING))


def certificates(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Investigators show their certificates unasked."""
    return (
        None
        if evidence.get("certificates_shown") is True
        else refuse(rule, "g_certificates", ["certificates_shown"])
    )


def evidence_kind(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Evidence collected is of a known kind; an appraisal says what it found."""
    known = [kind for kind in case.book.codes("EVIDENCE") if kind not in {"PATCH", "IMAGE", "OVERLAY"}]
    kind = evidence.get("kind")
    if kind not in known:
        return refuse(rule, "g_evidence_kind", ["kind"], found=kind, choices=", ".join(known))
    if kind == "APPRAISAL" and evidence.get("result") not in {"DESTROYED", "NOT_DESTROYED"}:
        return refuse(rule, "g_appraisal_result", ["result"])
    return None


def investigated(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Require that the report rests on questioning and an on-site survey."""
    lacking = [kind for kind in rule.value if not case.has(kind)]
    return refuse(rule, "g_investigated", lacking, kinds=", ".join(lacking)) if lacking else None


def terminate_ground(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Require that an investigation ends only on a ground of the measures."""
    if evidence.get("ground") in rule.value:
        return None
    return refuse(rule, "g_reason", ["ground"], found=evidence.get("ground"), choices=", ".join(rule.value))


def team(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Decree 310, 5: a special team."""
    found = len(names(evidence.get("officers")))
    return (
        None
        if found >= int(rule.value)
        else refuse(rule, "g_officers", ["officers"], found=found, needed=int(rule.value))
    )


def crime_scale(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """法释〔2000〕14号 3: basic farmland, or other cultivated land, of the area stated (以上 includes it)."""
    pbf, other = number(evidence.get("pbf_mu")), number(evidence.get("cultivated_mu"))
    if pbf is not None and other is not None and reaches_scale(case, on, pbf, other):
        return None
    scales = [case.book.number(f"FS14-3-{kind}", on) for kind in ("PBF", "CULTIVATED")]
    return refuse(
        rule,
        "g_crime_scale",
        ["pbf_mu", "cultivated_mu"],
        pbf=pbf,
        other=other,
        scale_pbf=scales[0],
        scale=scales[1],
    )


def reaches_scale(case: Case, on: dt.date, pbf_mu: float, cultivated_mu: float) -> bool:
    """Say whether areas (亩, cultivated land other than basic farmland) reach the criminal-law scale."""
    step = case.book.number("T-ROUND-MU", on)
    scales = (case.book.number("FS14-3-PBF", on), case.book.number("FS14-3-CULTIVATED", on))
    rounded = round_mu([mu_to_m2(pbf_mu), mu_to_m2(cultivated_mu)], step)
    return bool(rounded[0] >= scales[0] or rounded[1] >= scales[1])


def appraisal_destroyed(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Area alone is not enough: an appraisal must say that tillage conditions are gravely destroyed."""
    return None if case.appraised() == "DESTROYED" else refuse(rule, "g_appraisal", ["APPRAISAL"])


def transfer_materials(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Decree 310, 6: the materials of a transfer (the last item is open and not asked for)."""
    lacking = [item for item in rule.value[:-1] if item not in names(evidence.get("materials"))]
    return refuse(rule, "g_materials", lacking, items="、".join(lacking)) if lacking else None


def head_dates(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Decree 310, 5: the head decides within three days of the report, transfer within 24 hours."""
    reported, decided = effective(evidence.get("reported_on")), effective(evidence.get("head_decided_on"))
    if reported is None or decided is None or not reported <= decided <= on:
        return refuse(rule, "g_head_dates", ["reported_on", "head_decided_on"])
    transfer = case.book.rule("YS310-5-TRANSFER", on)
    if decided > last_day(reported, rule):
        return refuse(rule, "g_head_late", ["head_decided_on"], last=last_day(reported, rule))
    if on > last_day(decided, transfer):
        return refuse(transfer, "g_head_late", ["on"], last=last_day(decided, transfer))
    return None


def transfer_first(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Decree 310, 11: a suspected crime is transferred, a penalty never stands in its place."""
    appraisal = case.item("APPRAISAL")
    if appraisal is None or case.appraised() != "DESTROYED" or case.last("police_decline") is not None:
        return None
    pbf, other = number(appraisal.get("pbf_mu")), number(appraisal.get("cultivated_mu"))
    if not reaches_scale(case, on, pbf or 0.0, other or 0.0):
        return None
    return refuse(rule, "g_transfer_first", ["transfer_police"])


def transfer_due(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """As :func:`transfer_first`, before there is a penalty: the way is wrong, no red line is crossed yet."""
    found = transfer_first(case, on, evidence, rule)
    return None if found is None else replace(found, slip=True)


transfer_first.case_only = True  # type: ignore[attr-defined]

CHECKS = (
    filing_conditions,
    not_filing_reason,
    certificates,
    evidence_kind,
    investigated,
    terminate_ground,
    team,
    crime_scale,
    appraisal_destroyed,
    transfer_materials,
    head_dates,
    transfer_first,
    transfer_due,
)
