"""Checks of verification on the ground and of the comparison with management data."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from weipian_lab.cases.guards.refusal import Evidence, Refusal, names, refuse
from weipian_lab.rulebook import Rule

if TYPE_CHECKING:
    from weipian_lab.cases.engine import Case

DERIVED = {"PATCH", "IMAGE", "OVERLAY"}
"""Kinds of evidence that come from the image or are computed from it."""


def officers(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Administrative Penalty Law 42: not fewer officers than the rule says, distinct persons."""
    found = names(evidence.get("officers"))
    if len(found) >= int(rule.value):
        return None
    return refuse(rule, "g_officers", ["officers"], found=len(found), needed=int(rule.value))


def safety(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Notice 三(五): the safety list is gone through before the visit is released."""
    lacking = [item for item in rule.value if item not in names(evidence.get("safety_checks"))]
    return refuse(rule, "g_safety", lacking, items="、".join(lacking)) if lacking else None


def photos_plausible(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """No photo goes into the field record that fails the plausibility checks of the case."""
    found = names(evidence.get("photos"))
    if not found:
        return refuse(rule, "g_no_photo", ["photos"])
    unknown = [p for p in found if case.photo_problems is not None and p not in case.photo_problems]
    bad = [p for p in found if (case.photo_problems or {}).get(p)]
    if unknown or bad:
        return refuse(rule, "g_photos", bad + unknown, photos="、".join(bad + unknown))
    return None


def compare_kinds(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Notice 二(二)1: what is compared are survey, planning and approval data."""
    found = names(evidence.get("data"))
    wrong = [kind for kind in found if kind not in rule.value]
    if found and not wrong:
        return None
    return refuse(rule, "g_compare_kinds", wrong or ["data"], choices=", ".join(rule.value))


def overlay_current(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """After a correction of the data the comparison uses the corrected version."""
    if evidence.get("overlay_version") == case.overlay_version:
        return None
    return refuse(
        rule,
        "g_overlay_current",
        ["overlay_version"],
        found=evidence.get("overlay_version"),
        needed=case.overlay_version,
    )


def field_verified(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Notice 二(二)1: facts are established on the ground, by an accepted field record."""
    return None if case.has("FIELD") else refuse(rule, "g_field_verified", ["FIELD"])


def compared(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Notice 二(二)1: survey, planning and approval data were compared, in the version in force."""
    lacking = [kind for kind in rule.value if kind not in case.compared_kinds()]
    return refuse(rule, "g_compared", lacking, kinds="、".join(lacking)) if lacking else None


def beyond_patch(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Notice 三(四): a patch, and what is computed from it, is never the only evidence."""
    return None if case.kinds() - DERIVED else refuse(rule, "g_beyond_patch", ["FIELD"])


def grounds_from_field(case: Case, on: dt.date, evidence: Evidence, rule: Rule) -> Refusal | None:
    """Notice 二(三): a judgement cites the ground, not management data alone."""
    cited = names(evidence.get("grounds"))
    if not set(cited) & {"FIELD", "PHOTO"}:
        return refuse(rule, "g_grounds", ["FIELD"], cited="、".join(cited) or "–")
    absent = [kind for kind in cited if not case.has(kind)]
    if not absent:
        return None
    return refuse(
        case.book.rule("CFF-46-TRUE", on), "g_grounds_absent", absent, slip=True, cited="、".join(absent)
    )


for _check in (field_verified, compared, beyond_patch):
    _check.case_only = True  # type: ignore[attr-defined]

CHECKS = (
    officers,
    safety,
    photos_plausible,
    compare_kinds,
    overlay_current,
    field_verified,
    compared,
    beyond_patch,
    grounds_from_field,
)
