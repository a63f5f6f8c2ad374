"""Random walks through the procedure: good evidence, bad evidence, any event at any time."""

import datetime as dt

from weipian_lab.cases import Case
from weipian_lab.cases.terms import limit_end, transition_end
from weipian_lab.errors import ProcedureError

OFFICERS = ["甲", "乙"]
GROUNDS = {
    "CRIMINAL": "HANDED_OVER",
    "COURT_APPLIED": "ENFORCEMENT_APPLIED",
    "REFUSED": "ENFORCEMENT_APPLIED",
}
DERIVED = {"PATCH", "IMAGE", "OVERLAY"}


def choices(case, event, day, pick):
    """Evidence for an event: `pick(options)` takes one, the first is always a proper one."""
    book = case.book
    rows = [row for row in book.procedure.transitions if row.event == event]
    documents = list(dict.fromkeys(d for row in rows for d in row.documents))
    extra = ["HEARING_NOTICE", "BUILDING_HANDOVER"]
    table = {
        "officers": [OFFICERS, ["甲"], []],
        "author": ["甲"],
        "photos": [["p1"], []],
        "safety_checks": [book.rule("NX2024-3.5-SAFETY").value, []],
        "data": [["SURVEY", "PLANNING", "APPROVAL"], ["SURVEY"], []],
        "overlay_version": [case.overlay_version, "v0"],
        "verdict": ["LEGAL", "PSEUDO_CHANGE", "ILLEGAL_NONAG"],
        "reviewer": ["丙", "甲"],
        "grounds": [["FIELD", "SURVEY"], ["OVERLAY"]],
        "problem": ["PBF_MISDRAWN", "OTHER"],
        "section": ["耕保", "调查"],
        "layer": ["YJJBNTTB"],
        "adjusted": [True, False],
        "layer_version": [case.overlay_version + "+", case.overlay_version],
        "matter": [case.matter or "forest_land", "villager_house", ""],
        "department": [
            book.codes("MATTER")[case.matter or "forest_land"].column("department"),
            "FORESTRY",
            "AGRI",
        ],
        "note": ["电话催收"],
        "reason": ["MINOR_CORRECTED", "不明"],
        "ended_on": [min(day, dt.date(case.opened_on.year, 12, 31)), day],
        "conditions": [book.rule("CFBF-FILE-CONDITIONS", day).value, ["facts"]],
        "certificates_shown": [True, False],
        "kind": [
            next((k for k in ("QUESTIONING", "SITE_SURVEY", "APPRAISAL") if not case.has(k)), "TITLE"),
            "APPRAISAL",
            "PATCH",
        ],
        "result": ["DESTROYED", "NOT_DESTROYED"],
        "pbf_mu": [6.0, 1.0],
        "cultivated_mu": [2.0, 11.0],
        "ground": [
            {
                "CRIMINAL": "HANDED_OVER",
                "COURT_APPLIED": "ENFORCEMENT_APPLIED",
                "REFUSED": "ENFORCEMENT_APPLIED",
            }.get(case.state, case.state if event == "close" else "NOT_ESTABLISHED"),
            "PERFORMED",
        ],
        "reported_on": [day],
        "head_decided_on": [day],
        "materials": [book.rule("QZF-55" if event == "apply_court" else "YS310-6").value, []],
        "passed": [True, False],
        "basis": ["TDGLF-77", "TDGLF-75", "SSTL-52"],
        "measures": [["DEMOLISH"], ["DEMOLISH", "FINE"], ["CONFISCATE"], ["RESTORE"]],
        "fine": [100, 0, 500, 5000],
        "area_m2": [3000],
        "plan_conforms": [False, True],
        "statement": ["当事人陈述"],
        "reviewed": [True, False],
        "notice_on": [day - dt.timedelta(days=20), day],
        "chair": ["丁", "甲"],
        "transition_days": [15, 0, None],
        "transition_reason": ["搬离设备", ""],
        "voluntary": [True, False],
        "starts": ["09:00", "22:00"],
        "ends": ["11:00", "23:30"],
        "cut_utilities": [False, True],
        "approved_by_head": [True, False],
        "role": ["REGION", "COUNTY"],
        "reasons": [[book.rule("NX2024-2.2.3-DIRECT").value[0]], []],
        "documents": [documents + extra, documents, documents[:-1]],
    }
    evidence = {name: pick(options) for name, options in table.items()}
    if event == "field_visit":
        evidence["matter"] = pick(["", "villager_house", "forest_land"])
    return evidence


def check(case: Case) -> None:
    """The red lines of the notice, read off the steps that took place, not off the guards."""
    for i, step in enumerate(case.steps):
        before = case.steps[:i]
        if step.event in {"decide", "notify", "stop_order"}:
            visits = [s for s in before if s.event == "field_visit"]
            assert visits and all(len(set(s.evidence["officers"])) >= 2 for s in visits)
            assert all(s.evidence["photos"] for s in visits)
            version, seen = case.first_overlay_version, set()
            for s in before:
                if s.event == "feedback_reply":
                    new = s.evidence["layer_version"]
                    seen = seen if new == version else set()
                    version = new
                elif s.event == "compare":
                    assert s.evidence["overlay_version"] == version
                    seen |= set(s.evidence["data"])
            assert seen >= {"SURVEY", "PLANNING", "APPROVAL"}
        if step.event == "decide":
            told = [s for s in before if s.event == "notify"][-1]
            heard = [s for s in before if s.event in {"statement", "hold_hearing"} and s.number > told.number]
            assert heard or (step.on - told.on).days >= 5
            if step.source == "HEARING":
                assert any(s.event == "hold_hearing" for s in heard)
            if set(told.evidence["measures"]) & {"DEMOLISH", "CONFISCATE"}:
                assert "HEARING_NOTICE" in told.evidence["documents"]
                reviews = [s for s in before if s.event == "legal_review"]
                assert reviews and reviews[-1].evidence["passed"] is True
                held = [s.number for s in heard if s.event == "hold_hearing"]
                assert not held or max(held) < reviews[-1].number
            assert step.evidence["transition_days"] >= 1 and step.evidence["transition_reason"]
            assert step.evidence["fine"] <= told.evidence["fine"]
            assert {s.event for s in before} & {"collect"}
        if step.event == "execute":
            assert "06:00" <= step.evidence["starts"] < step.evidence["ends"] <= "20:00"
            assert not (step.on.month == 10 and step.on.day <= 3)
            assert not (step.on.month == 5 and step.on.day == 1)
            assert not step.evidence["cut_utilities"]
        if step.event == "hand_over":
            assert "HANDOVER_LETTER" in step.evidence["documents"]
    if case.state == "RECEIVED":
        assert [s.event for s in case.steps if s.event != "direct_handling"][-1] in {
            "receipt",
            "list_supervision",
        }
        assert case.last("hand_over") is not None
    if case.ended:
        assert case.allowed() == []
        entered = next(s for s in case.steps if s.state == case.state)
        assert entered.evidence.get("documents"), "an end without a document is an end in silence"
    else:
        assert case.allowed(), "a case that is open must have a next step"
    if case.state in {"EXECUTED", "EXECUTING"}:
        executed = case.last("execute")
        if executed and case.state == "EXECUTED":
            assert executed.on > transition_end(case)
            assert case.last("demand").on > limit_end(case)


def attempt(case: Case, event: str, day: dt.date, evidence) -> bool:
    """Try an event; a refusal must leave no trace and name its rule."""
    before, state = len(case.steps), case.state
    try:
        case.apply(event, day, **evidence)
    except ProcedureError as error:
        assert (len(case.steps), case.state) == (before, state)
        assert error.rule_id and error.article and str(error)
        assert error.missing
        return False
    return True
