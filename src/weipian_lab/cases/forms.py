"""What a trainee fills in for an event: fields with their kind and choices, all from the rulebook's table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import shapely

from weipian_lab.cases.guards.decision import NO_PENALTY
from weipian_lab.cases.guards.investigation import NOT_FILING
from weipian_lab.cases.papers import choice_name, offered
from weipian_lab.cases.photos import off_bearing
from weipian_lab.cases.session import Session
from weipian_lab.cases.wording import FIELDS, field_name, word
from weipian_lab.cases.workdays import add_workdays
from weipian_lab.rulebook import Rulebook
from weipian_lab.rulebook.model import Gap
from weipian_lab.text import current, t

__all__ = ["Field", "events", "fields", "gap_fields", "suggested_day"]

OFFICERS = ("甲", "乙", "丙", "丁", "戊")
LAYERS = ("DLTB", "YJJBNTTB", "STBHHX", "CZKFBJ", "YDSP", "SSNYD", "LSYD", "NCDL")
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

EXTRA = {
    "field_visit": ("safety_checks",),
    "decide": ("transition_days", "transition_reason"),
    "execute": ("cut_utilities",),
}
"""Fields that an event's guards ask for besides what the table needs."""

LISTS = {
    "safety_checks": "NX2024-3.5-SAFETY",
    "conditions": "CFBF-FILE-CONDITIONS",
    "data": "NX2024-2.2.1-COMPARE",
    "reasons": "NX2024-2.2.3-DIRECT",
}
"""Fields whose choices are the value of a rule."""

YES = {"certificates_shown", "plan_conforms", "passed", "reviewed", "cut_utilities", "approved_by_head"}
NUMBERS = {"fine", "area_m2", "transition_days", "pbf_mu", "cultivated_mu"}


@dataclass(frozen=True)
class Field:
    """One field of a form: `kind` is "many", "one", "yes", "number", "text" or "day".

    `unit` and `hint` (a tolerance, an article) stand beside the label; `choices` are (label, value).
    """

    name: str
    kind: str
    label: str
    choices: tuple[tuple[str, Any], ...] = ()
    default: Any = None
    unit: str = ""
    hint: str = ""


def events(session: Session) -> list[tuple[str, str]]:
    """Return (title, name) of the events a trainee may try: those of the state and a few temptations."""
    table = session.scenario.book.procedure.transitions
    titles = {step.event: step.text(current()) for step in table}
    tried = [name for name in session.case.allowed() if name not in WORLD]
    tempting = [name for name in ("settle", "decide", "execute", "close") if name not in tried]
    return [(titles[name], name) for name in titles if name in {*tried, *tempting}]


def suggested_day(session: Session) -> dt.date:
    """Return the next working day after the last step."""
    return add_workdays(session.today, 1)


def fields(session: Session, event: str) -> list[Field]:
    """Return the fields of an event's form in the table's order, documents last."""
    book = session.scenario.book
    rows = [row for row in book.procedure.transitions if row.event == event]
    needed = list(dict.fromkeys(name for row in rows for name in row.needs))
    needed += [name for name in EXTRA.get(event, ()) if name not in needed]
    made = [_field(session, event, name) for name in needed]
    choices = tuple(offered(book, event))
    if choices:
        made.append(Field("documents", "many", t("forms.documents"), choices, ()))
    return made


def gap_fields(book: Rulebook, paper: str, on: dt.date | None = None) -> list[Field]:
    """Return the gaps of a paper as fields; what the event itself asks for is left out.

    Parameters
    ----------
    paper
        Code of a paper that has a form in the rulebook.
    on
        Day whose versions of the rules are named in the choices.
    """
    return [_gap(book, gap, on) for gap in book.forms[paper].gaps if gap.kind != "given"]


def _gap(book: Rulebook, gap: Gap, on: dt.date | None) -> Field:
    kind = {"date": "day", "number": "figure"}.get(gap.kind, gap.kind)
    choices = tuple((choice_name(book, choice, on), choice) for choice in gap.choices)
    within = t("papers.within", tolerance=f"{gap.tolerance:g}", unit=gap.unit) if gap.tolerance else ""
    return Field(gap.name, kind, t(f"papers.{gap.name}"), choices, unit=word(book, gap.unit), hint=within)


def _field(session: Session, event: str, name: str) -> Field:
    label, book = field_name(name), session.scenario.book
    many = {"grounds", "measures", "data", "materials", "photos", "officers", *LISTS}
    choices = _choices(session, event, name)
    if choices is not None:
        return Field(name, "many" if name in many else "one", label, tuple(choices))
    if name in NUMBERS:
        units = {"area_m2": "m²", "transition_days": "日", "pbf_mu": "亩", "cultivated_mu": "亩"}
        return Field(name, "number", label, default=0.0, unit=word(book, units.get(name, "")))
    if name in YES:
        return Field(name, "yes", label, default=False)
    return Field(name, "day" if name.endswith("_on") else "text", label)


def _choices(session: Session, event: str, name: str) -> Iterable[tuple[str, Any]] | None:
    """Return the choices of a field, None where it is not chosen from a list."""
    book = session.scenario.book
    if name == "photos":
        return _photos(session)
    if name in {"officers", "author", "reviewer", "chair"}:
        return [(officer, officer) for officer in OFFICERS]
    listed = _values(session, event, name)
    if listed is not None:
        kind = FIELDS.get(name, "")
        return [(word(book, value, kind), str(value)) for value in listed]
    if name in FIELDS:
        return [(code.text(current()), value) for value, code in book.codes(FIELDS[name]).items()]
    return None


def _values(session: Session, event: str, name: str) -> Sequence[Any] | None:
    """Return the values that a field is chosen from where no code list gives them."""
    book, scenario = session.scenario.book, session.scenario
    if name in LISTS:
        return list(book.rule(LISTS[name]).value)
    match name:
        case "materials":
            return list(book.rule("QZF-55" if event == "apply_court" else "YS310-6").value)
        case "section":
            return list(book.rule("NX2024-2.3-SECTIONS").value)
        case "layer":
            return LAYERS
        case "role":
            return ("COUNTY", "CITY", "REGION")
        case "overlay_version":
            told = session.case.last("feedback_reply") is not None
            ledgers = [scenario.ledger, scenario.corrected if told else None]
            return [ledger.version for ledger in ledgers if ledger is not None]
        case "ground":
            return list(book.rule("CFBF-TERMINATE" if event == "terminate" else "CFBF-CLOSE").value)
        case "reason" if event in {"not_file", "no_penalty"}:
            return [*NOT_FILING, "OTHER"] if event == "not_file" else [*NO_PENALTY, "OTHER"]
    return None


def _photos(session: Session) -> list[tuple[str, str]]:
    """Return the photos with what their metadata show; whether one is plausible is for the trainee to say."""
    found = []
    for photo in session.scenario.photos:
        shape = session.scenario.shape
        away = float(shape.distance(shapely.Point(photo.x, photo.y)))
        found.append(
            (
                t(
                    "forms.photo",
                    id=photo.photo_id,
                    by=photo.by,
                    on=photo.taken_on,
                    away=f"{away:.0f}",
                    off=f"{off_bearing(photo, shape):.0f}",
                    digest=photo.sha256[:6],
                ),
                photo.photo_id,
            )
        )
    return found
