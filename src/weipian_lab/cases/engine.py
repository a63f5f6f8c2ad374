"""A case: events are let through only as the rulebook's table, its guards and documents allow."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from weipian_lab.cases.checking import against, lateness, red_rules
from weipian_lab.cases.guards.refusal import Refusal, names
from weipian_lab.cases.machine import Machine, machine_of
from weipian_lab.cases.terms import Due, due_dates
from weipian_lab.cases.workdays import as_date
from weipian_lab.errors import ProcedureError
from weipian_lab.rulebook import Rulebook, Transition, load

__all__ = ["Case", "Step"]


@dataclass(frozen=True)
class Step:
    """One event that took place.

    `late_days` counts the days past the term that ran for the event (0 where there was none).
    """

    number: int
    event: str
    on: dt.date
    source: str
    state: str
    rule_id: str
    evidence: Mapping[str, Any] = field(default_factory=dict)
    late_days: int = 0
    late_rule: str = ""


class Case:
    """One case from clue to lawful end.

    Parameters
    ----------
    case_id
        Name of the case.
    rulebook
        A loaded rulebook, or the name or path of one.
    opened_on
        Day on which the clue was registered; the year of the assessment is its year.
    overlay_version
        Version of the management data that the first overlay used.
    photo_problems
        Problems of each photo that the scenario offers, by photo id; None where no photos were checked.

    Notes
    -----
    The clue itself is evidence of kind ``PATCH`` and never more than a clue (notice 三(四)).
    """

    def __init__(
        self,
        case_id: str = "CASE",
        rulebook: Rulebook | str = "ningxia-2024",
        *,
        opened_on: dt.date | str = "2024-04-01",
        overlay_version: str = "v1",
        photo_problems: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.case_id = case_id
        self.book = rulebook if isinstance(rulebook, Rulebook) else load(rulebook)
        self.opened_on = as_date(opened_on)
        self.overlay_version = overlay_version
        self.first_overlay_version = overlay_version
        self.photo_problems = photo_problems
        self.steps: list[Step] = []
        self.flags: set[str] = set()
        self._items: list[tuple[str, Mapping[str, Any]]] = [("PATCH", {})]
        self._machine: Machine = machine_of(self.book)
        self._state = self._machine.start()

    # ---- what stands ------------------------------------------------------------------------------
    @property
    def state(self) -> str:
        """Name of the present state."""
        return self._state.state

    @property
    def ended(self) -> bool:
        """Whether the case has come to a lawful end."""
        return self.book.procedure.states[self.state].kind == "end"

    @property
    def matter(self) -> str:
        """Other department's matter that the field record shows, empty if none."""
        visit = self.last("field_visit")
        return str(visit.evidence.get("matter") or "") if visit else ""

    @property
    def measures(self) -> list[str]:
        """Measures of the decision in force."""
        decided = self.last("decide")
        return names(decided.evidence.get("measures")) if decided else []

    def allowed(self) -> list[str]:
        """Return the events of the table that the present state has, in the table's order."""
        return self._machine.events(self.state)

    def last(self, event: str) -> Step | None:
        """Return the last step of an event."""
        return next((step for step in reversed(self.steps) if step.event == event), None)

    def since(self, earlier: str, event: str) -> bool:
        """Say whether `event` took place after the last `earlier`."""
        first, second = self.last(earlier), self.last(event)
        return first is not None and second is not None and second.number > first.number

    def kinds(self) -> set[str]:
        """Return the kinds of evidence in the case."""
        return {kind for kind, _ in self._items}

    def has(self, kind: str) -> bool:
        """Say whether the case holds evidence of a kind."""
        return kind in self.kinds()

    def item(self, kind: str) -> Mapping[str, Any] | None:
        """Return the last piece of evidence of a kind."""
        return next((detail for name, detail in reversed(self._items) if name == kind), None)

    def appraised(self) -> str:
        """Return the result of the last appraisal of destruction, empty if there is none."""
        return str((self.item("APPRAISAL") or {}).get("result", ""))

    def compared_kinds(self) -> set[str]:
        """Return the management data compared in the version in force."""
        return {
            kind
            for kind, detail in self._items
            if detail.get("event") == "compare" and detail.get("overlay_version") == self.overlay_version
        }

    def investigators(self) -> set[str]:
        """Return the officers who investigate."""
        step = self.last("investigate")
        return set(names(step.evidence.get("officers"))) if step else set()

    def days_in(self, states: Iterable[str], since: dt.date, until: dt.date | None = None) -> int:
        """Return the calendar days spent in some states since a day (up to the last step, or `until`)."""
        wanted, total = set(states), 0
        for step, following in zip(self.steps, [*self.steps[1:], None], strict=True):
            end = following.on if following else until
            if step.state in wanted and end is not None and end > since:
                total += (end - max(step.on, since)).days
        return total

    def due(self) -> list[Due]:
        """Return the terms that run now, the nearest first."""
        return due_dates(self)

    # ---- what happens -----------------------------------------------------------------------------
    def refusals(self, event: str, on: dt.date | str, **evidence: Any) -> list[Refusal]:
        """Return all that stands against an event, red lines first; empty where it may take place."""
        return against(self, self._machine, event, as_date(on), evidence)

    def apply(self, event: str, on: dt.date | str, **evidence: Any) -> Step:
        """Let an event take place.

        Parameters
        ----------
        event
            Name of an event of the procedure table.
        on
            Day of the event.
        **evidence
            What the event needs: its fields and ``documents`` (codes of the rulebook).

        Raises
        ------
        ProcedureError
            If the table, a guard, a field or a document stands against it; names rule and article.
        RulebookError
            If a rule that the event needs is not in the rulebook or not in force on that day.
        """
        day = as_date(on)
        found = self.refusals(event, day, **evidence)
        if found:
            self._raise(found)
        step = self._machine.find(event, self.state)
        assert step is not None  # no refusal: the table has the event
        late, late_rule = lateness(self, event, day, evidence)
        source = self.state
        self._machine.fire(self._state, event)
        taken = Step(
            len(self.steps) + 1, event, day, source, self.state, step.rule, dict(evidence), late, late_rule
        )
        self.steps.append(taken)
        self._note(step, taken)
        return taken

    def _raise(self, found: list[Refusal]) -> NoReturn:
        first = found[0]
        error = ProcedureError(
            first.key,
            rule_id=first.rule.id,
            article=first.rule.cite(),
            missing=first.missing,
            **first.values,
        )
        error.values["others"] = [refusal.rule.id for refusal in found[1:]]
        red = red_rules(self.book)
        error.values["red"] = [r.rule.id for r in found if not r.slip and r.rule.id in red]
        raise error

    def _note(self, step: Transition, taken: Step) -> None:
        """Book the evidence, versions and flags that an event brings."""
        detail = {**taken.evidence, "event": taken.event, "on": taken.on}
        self._items += [(kind, detail) for kind in step.adds]
        if taken.event == "compare":
            self._items += [(kind, detail) for kind in names(taken.evidence.get("data"))]
        elif taken.event == "collect":
            self._items.append((str(taken.evidence["kind"]), detail))
        elif taken.event == "feedback_reply":
            self.overlay_version = str(taken.evidence["layer_version"])
            self._items.append(("REPLY", detail))
        elif taken.event in {"direct_handling", "list_supervision", "transfer_discipline"}:
            self.flags.add(taken.event.upper())

    # ---- to and from disk -------------------------------------------------------------------------
    def record(self) -> dict[str, Any]:
        """Return the case as plain data: what :meth:`replay` needs."""
        return {
            "case_id": self.case_id,
            "rulebook": {"id": self.book.id, "version": self.book.version, "sha256": self.book.sha256},
            "opened_on": self.opened_on.isoformat(),
            "overlay_version": self.first_overlay_version,
            "state": self.state,
            "steps": [
                {"event": step.event, "on": step.on.isoformat(), "evidence": dict(step.evidence)}
                for step in self.steps
            ],
        }

    @classmethod
    def replay(
        cls,
        record: Mapping[str, Any],
        rulebook: Rulebook | str = "ningxia-2024",
        photo_problems: Mapping[str, Sequence[str]] | None = None,
    ) -> Case:
        """Build a case again from :meth:`record`; every step goes through the checks again."""
        case = cls(
            str(record["case_id"]),
            rulebook,
            opened_on=record["opened_on"],
            overlay_version=str(record["overlay_version"]),
            photo_problems=photo_problems,
        )
        for step in record["steps"]:
            case.apply(step["event"], step["on"], **step["evidence"])
        return case
