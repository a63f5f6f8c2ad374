"""What a gap of a paper should hold, from the case's own facts.

A fact is named in the rulebook's table of forms as ``name`` or ``name:argument``.
Days are given as ISO text, areas in 亩 (half-up to 0.01) or m², as the papers of the case show them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from weipian_lab.area import meets, mu_to_m2, round_mu
from weipian_lab.cases.guards.refusal import names, number
from weipian_lab.cases.terms import last_day, limit_end, suit_rule, transition_end
from weipian_lab.errors import RulebookError

if TYPE_CHECKING:
    from weipian_lab.cases.engine import Case, Step
    from weipian_lab.cases.ground import Ledger
    from weipian_lab.cases.scenario import Scenario

__all__ = ["FACTS", "Moment", "fact"]


@dataclass(frozen=True)
class Moment:
    """A case as it stood when a step was taken: `steps` are those before it, `given` its own evidence."""

    scenario: Scenario
    case: Case
    steps: Sequence[Step]
    on: dt.date
    given: Mapping[str, Any]

    def last(self, event: str) -> Step | None:
        """Return the last earlier step of an event."""
        return next((step for step in reversed(self.steps) if step.event == event), None)

    def rule(self, rule_id: str, on: dt.date | None = None) -> Any:
        """Return a rule in the version of the day."""
        return self.scenario.book.rule(rule_id, on or self.on)

    @property
    def ledger(self) -> Ledger:
        """Overlay ledger in force: the corrected one once the correction was confirmed in writing."""
        reply = self.last("feedback_reply")
        corrected = self.scenario.corrected
        return corrected if reply is not None and corrected is not None else self.scenario.ledger

    def field(self, name: str) -> Any:
        """Return a field of this step, or of the notice before it."""
        if name in self.given:
            return self.given[name]
        notified = self.last("notify")
        return notified.evidence.get(name) if notified else None


def fact(moment: Moment, name: str) -> Any:
    """Return what a gap should hold; None where the case has no such fact.

    Raises
    ------
    RulebookError
        If the rulebook's table names a fact that does not exist.
    """
    kind, _, argument = name.partition(":")
    if kind not in FACTS:
        raise RulebookError("rulebook.unknown_code", kind="fact", code=kind, choices=", ".join(sorted(FACTS)))
    return FACTS[kind](moment, argument)


def _officers(moment: Moment, argument: str) -> int:
    for event in ("investigate", "field_visit"):
        step = moment.last(event)
        if "officers" in moment.given or step is not None:
            return len(names(moment.given.get("officers") or (step.evidence["officers"] if step else ())))
    return 0


def _main_land(moment: Moment, argument: str) -> str:
    groups = ("cultivated", "other_agricultural", "construction", "unused")
    return max(groups, key=lambda group: moment.ledger.m2[group])


def _day(moment: Moment, event: str) -> str | None:
    step = moment.last(event)
    return step.on.isoformat() if step else None


def _illegal_m2(moment: Moment, argument: str) -> float:
    """Return what exceeds the approval: it counts as illegally occupied (Land Administration Law 77)."""
    m2 = moment.ledger.m2
    return round(max(m2["total"] - m2["approved"], 0.0), 2)


def _criminal(moment: Moment, argument: str) -> float:
    """Return an area that the criminal-law scale is about: basic farmland, or other cultivated land."""
    m2 = moment.scenario.ledger.m2
    pbf = min(m2["pbf"], m2["cultivated"])
    return float(round_mu(pbf if argument == "pbf" else m2["cultivated"] - pbf))


def _scale(moment: Moment, argument: str) -> float | None:
    for name, kind in (("pbf", "PBF"), ("cultivated", "CULTIVATED")):
        least = float(moment.rule(f"FS14-3-{kind}").value)
        if bool(meets([mu_to_m2(_criminal(moment, name))], [least])[0]):
            return least
    return None


def _term(moment: Moment, argument: str) -> str:
    rule_id, _, since = argument.partition("@")
    step = moment.last(since) if since else None
    start = step.on if step else moment.on
    return last_day(start, moment.rule(rule_id, start)).isoformat()


def _fine_total(moment: Moment, argument: str) -> float:
    """Return the fine in yuan; 0 for a fine in multiples of a fee, which is not in the case."""
    fine, area = number(moment.field("fine")) or 0.0, number(moment.field("area_m2")) or 0.0
    return round(fine * area, 2) if moment.field("basis") == "TDGLF-77" else 0.0


def _suit(moment: Moment, argument: str) -> str:
    decided = moment.last("decide")
    measures = names(moment.given.get("measures") or (decided.evidence.get("measures") if decided else ()))
    return suit_rule(str(moment.field("basis") or ""), measures)


def _suit_until(moment: Moment, argument: str) -> str:
    return last_day(moment.on, moment.rule(_suit(moment, ""))).isoformat()


def _apply_by(moment: Moment, argument: str) -> str | None:
    end = limit_end(moment.case)
    return last_day(end, moment.rule("QZF-53", end)).isoformat() if end else None


def _transition_until(moment: Moment, argument: str) -> str | None:
    end = transition_end(moment.case)
    return end.isoformat() if end else None


def _matter_rule(moment: Moment, argument: str) -> str | None:
    visit = moment.last("field_visit")
    matter = str(visit.evidence.get("matter") or "") if visit else ""
    return moment.scenario.book.code("MATTER", matter).column("rule") if matter else None


FACTS: Mapping[str, Callable[[Moment, str], Any]] = {
    "patch": lambda moment, name: moment.scenario.patch[name],
    "area": lambda moment, column: moment.ledger.mu(column),
    "version": lambda moment, _: moment.ledger.version,
    "main_land": _main_land,
    "officers": _officers,
    "photos": lambda moment, _: len(names(moment.given.get("photos"))),
    "day": _day,
    "is": lambda moment, choice: choice,
    "all": lambda moment, choices: choices.split(","),
    "number": lambda moment, rule_id: float(moment.rule(rule_id).value),
    "term": _term,
    "illegal_m2": _illegal_m2,
    "criminal": _criminal,
    "scale": _scale,
    "appraisal": lambda moment, _: moment.case.appraised() or None,
    "fine_total": _fine_total,
    "basis": lambda moment, _: moment.field("basis"),
    "suit": _suit,
    "suit_until": _suit_until,
    "apply_by": _apply_by,
    "transition_until": _transition_until,
    "matter_rule": _matter_rule,
}
"""Facts by name; each takes the moment and the argument of the table."""
