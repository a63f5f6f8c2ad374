"""What a trainee fills in for an event: fields with their kind and choices, all from the rulebook's table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from weipian_lab.cases.session import Session
from weipian_lab.cases.workdays import add_workdays
from weipian_lab.text import current, t

__all__ = ["Field", "events", "fields", "suggested_day"]

OFFICERS = ("甲", "乙", "丙", "丁", "戊")
WORLD = {
    "receipt",
    "returned",
    "designate_own",
    "designate_other",
    "feedback_reply",
    "police_file",
    "police_decline",
    "request_hearing",
    "perform",
    "sue",
    "upheld",
    "quashed",
    "granted",
    "refused",
}
"""Events that others bring about; a trainee does not choose them."""


@dataclass(frozen=True)
class Field:
    """One field of a form: `kind` is "many", "one", "yes", "number", "text" or "day"."""

    name: str
    kind: str
    label: str
    choices: tuple[tuple[str, Any], ...] = ()
    default: Any = None


def events(session: Session) -> list[tuple[str, str]]:
    """Return (title, name) of the events a trainee may try: those of the state and a few temptations."""
    table = session.scenario.book.procedure.transitions
    titles = {step.event: step.text(current()) for step in table}
    tried = [name for name in session.case.allowed() if name not in WORLD]
    tempting = [name for name in ("settle", "decide", "execute", "close") if name not in tried]
    return [(titles[name], name) for name in [*tried, *tempting]]


def suggested_day(session: Session) -> Any:
    """Return the next working day after the last step."""
    return add_workdays(session.today, 1)


def fields(session: Session, event: str) -> list[Field]:
    """Return the fields of an event's form in the table's order, documents last."""
    rows = [row for row in session.scenario.book.procedure.transitions if row.event == event]
    needed = list(dict.fromkeys(name for row in rows for name in row.needs))
    needed += [name for name in EXTRA.get(event, ()) if name not in needed]
    made = [_field(session, event, name) for name in needed]
    if any(row.documents for row in rows):
        codes = session.scenario.book.codes("DOCUMENT")
        choices = tuple((code.text(current()), name) for name, code in codes.items())
        made.append(Field("documents", "many", t("forms.documents"), choices, ()))
    return made


EXTRA = {
    "field_visit": ("safety_checks",),
    "decide": ("transition_days", "transition_reason"),
    "execute": ("cut_utilities",),
}


def _field(session: Session, event: str, name: str) -> Field:
    label = t(f"forms.{name}")
    book = session.scenario.book
    coded = {"verdict": "VERDICT", "matter": "MATTER", "department": "DEPARTMENT", "problem": "FEEDBACK"}
    coded |= {"basis": "BASIS"}
    if name in coded:
        return Field(name, "one", label, _named(session, coded[name]))
    if name in {"grounds", "measures"}:
        return Field(name, "many", label, _named(session, "EVIDENCE" if name == "grounds" else "MEASURE"), ())
    if name == "kind":
        return Field(name, "one", label, _named(session, "EVIDENCE"))
    lists = {
        "safety_checks": "NX2024-3.5-SAFETY",
        "conditions": "CFBF-FILE-CONDITIONS",
        "data": "NX2024-2.2.1-COMPARE",
        "reasons": "NX2024-2.2.3-DIRECT",
    }
    if name in lists or name == "materials":
        rule = lists.get(name) or ("QZF-55" if event == "apply_court" else "YS310-6")
        return Field(name, "many", label, _plain(book.rule(rule).value), ())
    if name == "section":
        return Field(name, "one", label, _plain(book.rule("NX2024-2.3-SECTIONS").value))
    if name == "photos":
        return Field(name, "many", label, _plain([photo.photo_id for photo in session.scenario.photos]), ())
    if name == "officers":
        return Field(name, "many", label, _plain(OFFICERS), ())
    if name in {"author", "reviewer", "chair"}:
        return Field(name, "one", label, _plain(OFFICERS))
    if name == "role":
        return Field(name, "one", label, _plain(("COUNTY", "CITY", "REGION")), "COUNTY")
    if name in {"ground", "reason"}:
        return Field(name, "one", label, _plain(_grounds(session, event)))
    if name == "overlay_version":
        versions = [session.scenario.ledger.version]
        versions += [session.scenario.corrected.version] if session.scenario.corrected else []
        return Field(name, "one", label, _plain(versions))
    return _simple(session, name, label)


def _simple(session: Session, name: str, label: str) -> Field:
    numbers = {
        "fine": 0.0,
        "area_m2": round(session.scenario.ledger.m2["total"], 2),
        "transition_days": 0.0,
        "pbf_mu": session.scenario.ledger.mu("pbf"),
        "cultivated_mu": 0.0,
    }
    if name in numbers:
        return Field(name, "number", label, default=numbers[name])
    if name in {
        "certificates_shown",
        "plan_conforms",
        "passed",
        "reviewed",
        "cut_utilities",
        "approved_by_head",
    }:
        return Field(name, "yes", label, default=False)
    if name.endswith("_on"):
        return Field(name, "day", label, default=session.today)
    return Field(name, "text", label, default="")


def _named(session: Session, kind: str) -> tuple[tuple[str, str], ...]:
    return tuple((code.text(current()), name) for name, code in session.scenario.book.codes(kind).items())


def _plain(values: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple((str(value), str(value)) for value in values)


def _grounds(session: Session, event: str) -> list[str]:
    book = session.scenario.book
    if event == "close":
        return list(book.rule("CFBF-CLOSE").value)
    if event == "terminate":
        return list(book.rule("CFBF-TERMINATE").value)
    if event == "no_penalty":
        return ["MINOR_CORRECTED", "FIRST_MINOR", "NO_FAULT", "NOT_ESTABLISHED"]
    return ["MINOR_CORRECTED", "CONDITION_FAILS", "OTHER"]
