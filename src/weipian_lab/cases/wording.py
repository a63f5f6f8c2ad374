"""Codes in words: what a person reads names events, papers and grounds as they are called, never as codes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from weipian_lab.errors import ProcedureError
from weipian_lab.rulebook import Rulebook
from weipian_lab.text import Lang, catalogue, current, t

__all__ = ["FIELDS", "event_name", "field_name", "listed", "sentence", "state_name", "step_name", "word"]

KINDS: Mapping[str, str] = {
    "event": "EVENT",
    "allowed": "EVENT",
    "nearest": "EVENT",
    "fields": "FIELD",
    "kinds": "EVIDENCE",
    "cited": "EVIDENCE",
    "department": "DEPARTMENT",
    "matter": "MATTER",
}
"""What the values of a refusal hold, by their name."""

OF_REFUSAL: Mapping[str, str] = {
    "g_verdict": "VERDICT",
    "g_matter": "MATTER",
    "g_department": "DEPARTMENT",
    "g_evidence_kind": "EVIDENCE",
    "g_compare_kinds": "EVIDENCE",
    "g_measures": "MEASURE",
    "g_measure_by_plan": "MEASURE",
    "g_basis": "BASIS",
    "g_feedback_kind": "FEEDBACK",
    "g_own_matter": "DEPARTMENT",
}
"""What `found`, `choices` and `needed` of a refusal hold; words of the catalogue where it is not named."""


FIELDS: Mapping[str, str] = {
    "verdict": "VERDICT",
    "matter": "MATTER",
    "department": "DEPARTMENT",
    "problem": "FEEDBACK",
    "basis": "BASIS",
    "grounds": "EVIDENCE",
    "kind": "EVIDENCE",
    "data": "EVIDENCE",
    "measures": "MEASURE",
    "documents": "DOCUMENT",
}
"""Code list that the fields of an event are chosen from, where there is one."""


def word(book: Rulebook, code: object, kind: str = "", lang: Lang | None = None) -> str:
    """Return the name of a code, the code itself where nothing names it.

    Parameters
    ----------
    book
        Rulebook with the code lists.
    code
        Code; any value that is no code comes back as text.
    kind
        A code list of the rulebook, ``EVENT``, ``FIELD``, or "" for the catalogue of words alone.
    """
    name, lang = str(code), lang or current()
    if kind == "EVENT":
        return event_name(book, name, lang)
    if kind == "FIELD":
        return field_name(name, lang)
    if kind:
        entry = book.codes(kind).get(name)
        if entry is not None:
            return entry.text(lang)
    return t(f"words.{name}", lang=lang) if name in catalogue("words") else name


def listed(book: Rulebook, codes: Iterable[object], kind: str = "", lang: Lang | None = None) -> str:
    """Return the names of codes as one enumeration, a dash for none."""
    lang = lang or current()
    return ("、" if lang == "zh" else ", ").join(word(book, code, kind, lang) for code in codes) or "–"


def event_name(book: Rulebook, event: str, lang: Lang | None = None) -> str:
    """Return the name of an event of the procedure table."""
    for step in book.procedure.transitions:
        if step.event == event:
            return step.text(lang or current())
    return event


def step_name(book: Rulebook, event: str, kind: str = "", lang: Lang | None = None) -> str:
    """Return the name of a step: its event, and the kind of evidence where one is collected."""
    name = event_name(book, event, lang)
    return f"{name}·{word(book, kind, 'EVIDENCE', lang)}" if kind else name


def state_name(book: Rulebook, state: str, lang: Lang | None = None) -> str:
    """Return the name of a state of the procedure table."""
    return book.procedure.states[state].text(lang or current())


def field_name(name: str, lang: Lang | None = None) -> str:
    """Return the label of a field of a form."""
    return t(f"forms.{name}", lang=lang) if name in catalogue("forms") else name


def sentence(book: Rulebook, error: ProcedureError, lang: Lang | None = None) -> str:
    """Return the sentence of a refused event with every code in words."""
    key = error.key.partition(".")[2]
    values = {
        name: _value(book, value, KINDS.get(name) or OF_REFUSAL.get(key, ""), lang)
        for name, value in error.values.items()
        if name not in {"rule_id", "article", "missing", "others", "red"}
    }
    values |= {name: error.values.get(name, "") for name in ("rule_id", "article", "missing")}
    return t(error.key, lang=lang, **values)


def _value(book: Rulebook, value: Any, kind: str, lang: Lang | None) -> Any:
    """Return a value of a refusal in words; numbers and days as they are."""
    if value is None or value == "":
        return "–"
    if not isinstance(value, str):
        return value
    return listed(book, re.split(r"、|, ", value), kind, lang)
