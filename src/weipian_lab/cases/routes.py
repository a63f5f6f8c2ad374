"""Model ways through the procedure; each is walked through the engine while it is written down.

A way that the engine refuses stops with the engine's own sentence: a key that cannot be walked is never made.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from weipian_lab.cases.facts import Moment
from weipian_lab.cases.papers import with_forms
from weipian_lab.cases.scenario import Answer, Key, Scenario
from weipian_lab.cases.session import Session
from weipian_lab.cases.terms import last_day, limit_end, transition_end
from weipian_lab.cases.way import Way
from weipian_lab.cases.workdays import add_workdays, is_workday, statutory_holiday
from weipian_lab.errors import WeipianError

__all__ = ["ROUTES", "Plan", "with_key"]

OFFICERS = ("甲", "乙")
REVIEWER, LAWYER, CHAIR = "丙", "丁", "戊"


@dataclass
class Plan:
    """Writes a key down by walking it."""

    scenario: Scenario
    way: Way
    session: Session = field(init=False)
    answers: list[Answer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.session = Session(self.scenario)

    def on(self, workdays: int = 1, *, after: dt.date | None = None) -> dt.date:
        """Return a working day later than the last step (and later than `after`)."""
        start = max(self.session.today, after or self.session.today)
        return add_workdays(start, workdays)

    def do(self, event: str, day: dt.date | None = None, **evidence: Any) -> None:
        """Take a step; documents of the table are added."""
        rows = [row for row in self.scenario.book.procedure.transitions if row.event == event]
        documents = [*dict.fromkeys(code for row in rows for code in row.documents)]
        documents += list(evidence.pop("more", ()))
        if documents:
            evidence["documents"] = documents
        on = day or self.on()
        before = tuple(self.session.case.steps)
        evidence = with_forms(Moment(self.scenario, self.session.case, before, on, evidence), event)
        answer = Answer(event, on, evidence)
        outcome = self.session.answer(answer.event, answer.on, **evidence)
        if not outcome.accepted:
            raise KeyFaultError("cases.bad_key", case=self.scenario.case_id, event=event, why=outcome.message)
        self.answers.append(answer)

    def key(self) -> Key:
        """Return the way walked as a key."""
        case = self.session.case
        facts: dict[str, Any] = {}
        for answer in self.answers:
            facts.update(
                {
                    f"{answer.event}.{name}": answer.evidence[name]
                    for name in STATED
                    if name in answer.evidence
                }
            )
        return Key(
            self.way.verdict,
            case.state,
            tuple(self.answers),
            facts,
            frozenset(self.way.grounds),
            frozenset(case.flags),
        )


STATED = (
    "verdict",
    "problem",
    "section",
    "matter",
    "department",
    "basis",
    "measures",
    "plan_conforms",
    "ground",
    "role",
    "photos",
)
"""Fields of evidence in which a trainee states a fact that the key knows."""


class KeyFaultError(WeipianError):
    """A scenario whose key cannot be walked: a fault of the scenario, never of the trainee."""

    exit_code = 1


def _verify(plan: Plan) -> None:
    scenario = plan.scenario
    good = [photo for photo, problems in scenario.photo_problems.items() if not problems]
    visited = max([photo.taken_on for photo in scenario.photos], default=scenario.opened_on)
    plan.do("assign")
    plan.do(
        "field_visit",
        max(plan.on(), visited),
        officers=list(OFFICERS),
        author=OFFICERS[0],
        photos=good,
        safety_checks=list(scenario.book.rule("NX2024-3.5-SAFETY").value),
    )
    _compare(plan)


def _compare(plan: Plan) -> None:
    kinds = list(plan.scenario.book.rule("NX2024-2.2.1-COMPARE").value)
    plan.do("compare", data=kinds, overlay_version=plan.session.case.overlay_version)


def settle(plan: Plan) -> None:
    """Settle a patch that is not illegal."""
    _verify(plan)
    _settled(plan)


def _settled(plan: Plan) -> None:
    plan.do("settle", plan.on(2), verdict=plan.way.verdict, reviewer=REVIEWER, grounds=list(plan.way.grounds))


def feedback(plan: Plan) -> None:
    """Feed an error of the data back, wait, overlay again, settle."""
    _verify(plan)
    section = plan.scenario.book.code("FEEDBACK", plan.way.problem).column("section")
    plan.do("feedback", problem=plan.way.problem, section=section, layer=plan.way.layer)
    _compare(plan)
    _settled(plan)


def hand_over(plan: Plan) -> None:
    """Hand another department's matter over; the receipt comes, or the superior must designate."""
    _verify(plan)
    department = plan.scenario.book.code("MATTER", plan.way.matter).column("department")
    plan.do("hand_over", plan.on(2), matter=plan.way.matter, department=department)


def corrected(plan: Plan) -> None:
    """Stop the breach; the party ends it within the year."""
    _verify(plan)
    _stopped(plan)
    ended = plan.way.ended_on or plan.session.today
    plan.do("self_corrected", plan.on(3, after=ended), ended_on=ended.isoformat())


def _stopped(plan: Plan) -> None:
    plan.do("stop_order", officers=list(OFFICERS), grounds=list(plan.way.grounds))


def _investigated(plan: Plan) -> None:
    _verify(plan)
    _stopped(plan)
    if plan.way.listed:
        reasons = [plan.scenario.book.rule("NX2024-2.2.3-DIRECT").value[-1]]
        plan.do(plan.way.listed, role="REGION", reasons=reasons)
    plan.do("file", plan.on(3), conditions=list(plan.scenario.book.rule("CFBF-FILE-CONDITIONS").value))
    plan.do("investigate", officers=list(OFFICERS), certificates_shown=True)
    for kind in ("QUESTIONING", "SITE_SURVEY", *(["APPRAISAL"] if plan.way.appraise else [])):
        plan.do("collect", plan.on(2), kind=kind)


def police(plan: Plan) -> None:
    """Investigate, have the destruction appraised, transfer to the police, close."""
    _investigated(plan)
    reported = plan.on(2)
    plan.do(
        "transfer_police",
        reported,
        officers=list(OFFICERS),
        reported_on=reported.isoformat(),
        head_decided_on=reported.isoformat(),
        materials=list(plan.scenario.book.rule("YS310-6").value),
        pbf_mu=plan.way.pbf_mu,
        cultivated_mu=plan.way.cultivated_mu,
    )
    plan.do("close", plan.on(3), ground="HANDED_OVER", approved_by_head=True)


def penalty(plan: Plan) -> None:
    """Investigate, notify, hear, decide with a transition period, serve; performance or the court."""
    _investigated(plan)
    way = plan.way
    plan.do("report", plan.on(5))
    plan.do("legal_review", plan.on(2), reviewer=LAWYER, passed=True)
    plan.do("discuss")
    plan.do(
        "notify",
        basis=way.basis,
        measures=list(way.measures),
        fine=way.fine,
        area_m2=round(way.area_m2, 2),
        plan_conforms=way.plan_conforms,
        more=["HEARING_NOTICE"],
    )
    waited = plan.session.today
    if plan.session.case.state == "HEARING":
        _hearing(plan)
    else:
        waited = last_day(waited, plan.scenario.book.rule("CFF-64-REQUEST", waited))
    plan.do(
        "decide",
        plan.on(1, after=waited),
        measures=list(way.measures),
        fine=way.fine,
        transition_days=way.transition_days,
        transition_reason="搬离生产资料和生活设施",
    )
    plan.do("serve", plan.on(2))
    if plan.session.case.state == "SERVED":
        _court(plan)
    else:
        plan.do("close", plan.on(3), ground="PERFORMED", approved_by_head=True)


def _hearing(plan: Plan) -> None:
    told = plan.on(1)
    plan.do("hold_hearing", add_workdays(told, 8), notice_on=told.isoformat(), chair=CHAIR)
    plan.do("legal_review", reviewer=LAWYER, passed=True)
    plan.do("discuss")


def _court(plan: Plan) -> None:
    end = limit_end(plan.session.case)
    plan.do("demand", plan.on(1, after=end))
    ten = last_day(plan.session.today, plan.scenario.book.rule("QZF-54"))
    plan.do("apply_court", plan.on(1, after=ten), materials=list(plan.scenario.book.rule("QZF-55").value))
    if plan.session.case.state == "COURT_APPLIED":
        plan.do("close", plan.on(2), ground="ENFORCEMENT_APPLIED", approved_by_head=True)
        return
    day = plan.on(3, after=transition_end(plan.session.case))
    while statutory_holiday(day) or not is_workday(day):
        day = add_workdays(day, 1)
    plan.do("execute", day, starts="09:30", ends="16:30", officers=list(OFFICERS))
    plan.do("close", plan.on(3), ground="EXECUTED", approved_by_head=True)


ROUTES: Mapping[str, Any] = {
    "settle": settle,
    "feedback": feedback,
    "hand_over": hand_over,
    "corrected": corrected,
    "police": police,
    "penalty": penalty,
}
"""Route by name."""


def with_key(scenario: Scenario, route: str, way: Way) -> Scenario:
    """Return the scenario with the key of a route, walked through the engine."""
    plan = Plan(scenario, way)
    ROUTES[route](plan)
    return replace(scenario, key=plan.key())
