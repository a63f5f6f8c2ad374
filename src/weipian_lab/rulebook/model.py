"""Shape of a rulebook file, checked by pydantic before anything uses it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

__all__ = [
    "Code",
    "Content",
    "Deadline",
    "Form",
    "Gap",
    "Guard",
    "LandClass",
    "LandScheme",
    "Procedure",
    "RedLine",
    "RuleEntry",
    "Source",
    "Stage",
    "State",
    "ThresholdEntry",
    "Title",
    "Transition",
]

Group = Literal["cultivated", "other_agricultural", "construction", "unused"]
Name = Annotated[str, StringConstraints(min_length=1, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
Text = Annotated[str, StringConstraints(min_length=1)]
Day = Annotated[dt.date, Field(strict=False)]  # written as text: YAML's core schema has no dates


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Title(_Strict):
    """A name in both languages."""

    zh: Text
    en: Text

    def text(self, lang: str) -> str:
        """Return the name in `lang` (``zh`` or ``en``)."""
        return self.zh if lang == "zh" else self.en


class Source(Title):
    """A notice, law or standard; `style` says how its articles are printed."""

    style: Literal["article", "section", "own"]
    date: Day


class RuleEntry(_Strict):
    """One version of one rule."""

    id: Name
    title: Title
    value: Any = None
    unit: str = ""
    source: Text
    article: str = ""
    effective_from: Day = Field(alias="from")
    effective_to: Day | None = Field(default=None, alias="to")
    verified: bool
    note: Title | None = None

    @model_validator(mode="after")
    def _dates_in_order(self) -> RuleEntry:
        if self.effective_to is not None and self.effective_to < self.effective_from:
            raise ValueError("`to` lies before `from`")
        return self

    def holds_on(self, on: dt.date) -> bool:
        """Say whether this version is in force on a day."""
        return self.effective_from <= on and (self.effective_to is None or on <= self.effective_to)


class ThresholdEntry(_Strict):
    """A threshold of one source of patches, pointing to the rule that gives its number."""

    rule: Name
    kind: Literal["PBF", "CULTIVATED"]


class LandClass(Title):
    """A land class with its group of the three-way classification (cultivated land apart)."""

    group: Group
    verified: bool


class LandScheme(_Strict):
    """One coding scheme of land classes."""

    title: Title
    codes: dict[str, LandClass]


class Code(BaseModel):
    """One entry of a code list; further columns are free text."""

    model_config = ConfigDict(extra="allow", frozen=True)

    zh: Text
    en: Text
    verified: bool = True

    @model_validator(mode="after")
    def _columns_are_text(self) -> Code:
        for name, value in (self.model_extra or {}).items():
            if not isinstance(value, str):
                raise ValueError(f"column `{name}` is not text (an unquoted comma?)")
        return self

    def text(self, lang: str) -> str:
        """Return the name in `lang` (``zh`` or ``en``)."""
        return self.zh if lang == "zh" else self.en

    def column(self, name: str) -> str:
        """Return a further column as text, empty where it is absent."""
        return str((self.model_extra or {}).get(name, ""))


class State(Title):
    """A state of a case: open (work to do), wait (another's turn) or end (a lawful end)."""

    kind: Literal["open", "wait", "end"]


class Guard(_Strict):
    """A check of the engine with the rule that it applies."""

    guard: Name
    rule: Name


class Transition(Title):
    """An event that moves a case; documents, fields needed, guards, evidence it adds."""

    event: Name
    sources: list[str] = Field(alias="from", min_length=1)
    to: Text
    rule: Name
    documents: list[str] = []
    needs: list[str] = []
    adds: list[str] = []
    guards: list[Guard] = []


class Deadline(_Strict):
    """A term for `event`, counted from the last event `since`."""

    event: Name
    since: Name
    rule: Name
    extend: Name | None = None
    excluding: list[str] = []


class RedLine(Title):
    """A rule whose breach fails the case."""

    rule: Name


class Procedure(_Strict):
    """The whole table of the procedure."""

    initial: Text
    states: dict[str, State]
    transitions: list[Transition]
    deadlines: list[Deadline] = []
    red_lines: list[RedLine] = []


class Gap(_Strict):
    """One gap of a paper: what it should hold, how near a number must come, the rule behind it."""

    name: Name
    kind: Literal["number", "date", "text", "one", "many", "given"]
    fact: Text
    rule: Annotated[str, StringConstraints(pattern=r"^=?[A-Za-z0-9][A-Za-z0-9._-]*$")] | None = None
    unit: str = ""
    tolerance: int | float = 0
    choices: list[str] = []

    @model_validator(mode="after")
    def _choices_where_one_chooses(self) -> Gap:
        if bool(self.choices) != (self.kind in {"one", "many"}):
            raise ValueError("`choices` belong to the kinds `one` and `many`")
        return self


class Form(_Strict):
    """A paper as a form."""

    rule: Name
    gaps: list[Gap] = Field(min_length=1)


class Stage(Title):
    """A stage of the work with the papers that are drawn up in it."""

    documents: list[str]


class Content(_Strict):
    """Everything a rulebook holds after its included files are merged."""

    id: Name
    version: Text
    title: Title
    sources: dict[str, Source]
    rules: list[RuleEntry]
    thresholds: dict[str, list[ThresholdEntry]]
    land_classes: dict[str, LandScheme]
    codes: dict[str, dict[str, Code]]
    procedure: Procedure
    stages: dict[str, Stage] = {}
    forms: dict[str, Form] = {}
