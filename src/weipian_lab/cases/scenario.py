"""A scenario: one simulated case with its patch, overlay, evidence, replies of the world, and key."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import shapely

from weipian_lab.cases.engine import Case
from weipian_lab.cases.ground import Ledger
from weipian_lab.cases.photos import Photo
from weipian_lab.rulebook import Rulebook
from weipian_lab.text import Lang, current, t

__all__ = ["Answer", "Exhibit", "Key", "Reply", "Scenario"]


@dataclass(frozen=True)
class Answer:
    """What a trainee does: an event on a day with evidence."""

    event: str
    on: dt.date
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """Return plain data."""
        return {"event": self.event, "on": self.on.isoformat(), "evidence": dict(self.evidence)}


@dataclass(frozen=True)
class Exhibit:
    """Something to read: kind of evidence, key of its text, values; `after` is the event that brings it.

    `fixed` holds the text in both languages where it was written down already (a seat's case file).
    """

    kind: str
    key: str
    values: Mapping[str, Any] = field(default_factory=dict)
    after: str = ""
    fixed: Mapping[str, str] = field(default_factory=dict)

    def text(self, lang: Lang | None = None) -> str:
        """Return the text; values that are keys (``scenarios.…``, ``words.…``) are looked up.

        A value may also hold its text in both languages.
        """
        if self.fixed:
            return self.fixed[lang or current()]
        values = {name: _text(value, lang or current()) for name, value in self.values.items()}
        return t(self.key, lang=lang, **values)


def _text(value: Any, lang: Lang) -> Any:
    if isinstance(value, Mapping):
        return value[lang]
    return (
        t(value, lang=lang)
        if isinstance(value, str) and value.startswith(("scenarios.", "words."))
        else value
    )


@dataclass(frozen=True)
class Reply:
    """What the world does: `event` some days after the trainee's `after`."""

    after: str
    event: str
    lag_days: int
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Key:
    """The model way: its answers, the end, the facts to be stated, the evidence to be cited."""

    verdict: str
    state: str
    answers: tuple[Answer, ...]
    facts: Mapping[str, Any]
    grounds: frozenset[str]
    flags: frozenset[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Scenario:
    """A simulated case, the same for the same family, seed, county and rulebook.

    `key` and family are absent in what a seat of a class is given; `secret` signs that seat's answers;
    `appraisal` is what an expert would find.
    """

    family: str
    seed: int
    case_id: str
    opened_on: dt.date
    patch: Mapping[str, Any]
    shape: shapely.Geometry
    crs: str
    ledger: Ledger
    corrected: Ledger | None
    exhibits: tuple[Exhibit, ...]
    photos: tuple[Photo, ...]
    photo_problems: Mapping[str, Sequence[str]]
    matter: str
    appraisal: Mapping[str, Any]
    replies: tuple[Reply, ...]
    book: Rulebook
    key: Key | None = None
    secret: str = ""

    def title(self, lang: Lang | None = None) -> str:
        """Return the family's name."""
        return t(f"scenarios.{self.family}", lang=lang) if self.family else self.case_id

    def open_case(self) -> Case:
        """Return the case as it lies on the table on the first day."""
        return Case(
            self.case_id,
            self.book,
            opened_on=self.opened_on,
            overlay_version=self.ledger.version,
            photo_problems=self.photo_problems,
        )

    def revealed(self, event: str, evidence: Mapping[str, Any]) -> dict[str, Any]:
        """Return what an event brings to light besides what the trainee enters."""
        if event == "field_visit":
            return {"matter": self.matter}
        if event == "collect" and evidence.get("kind") == "APPRAISAL" and self.appraisal:
            return dict(self.appraisal)
        return {}

    def fingerprint(self) -> tuple[Any, ...]:
        """Return what tells two scenarios of a class apart: family, place and areas."""
        centre = self.shape.centroid
        return (self.family, round(centre.x, 1), round(centre.y, 1), round(self.ledger.m2["total"], 1))
