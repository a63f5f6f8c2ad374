"""Controls of a form: every one has a label, and none needs more than Tab, arrows, space and enter."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import ipywidgets as w

from weipian_lab.cases.forms import Field
from weipian_lab.text import t

__all__ = ["Checks", "Control", "control", "whole"]

WIDE = w.Layout(width="98%", max_width="860px")
LABELS = {"description_width": "280px"}


class Control:
    """A field with its control; `value` is what the answer holds.

    `empty` says whether something is still to be entered (an unticked box or a 0 is an answer).
    """

    def __init__(self, field: Field, box: Any) -> None:
        self.field, self.box = field, box

    @property
    def value(self) -> Any:
        """What was entered, as plain data."""
        entered = self.box.value
        if self.field.kind == "day":
            return entered.isoformat() if whole(entered) else ""
        if self.field.kind == "figure":
            return _figure(str(entered))
        if self.field.name == "transition_days":
            return int(entered) if float(entered).is_integer() else entered
        return entered.strip() if isinstance(entered, str) else entered

    @value.setter
    def value(self, new: Any) -> None:
        if self.field.kind == "day":
            new = dt.date.fromisoformat(new) if isinstance(new, str) else new
        elif self.field.kind == "figure":
            new = str(new)
        self.box.value = new

    @property
    def empty(self) -> bool:
        """Whether nothing was entered or chosen where something must be."""
        return self.field.kind in {"one", "day", "text", "figure"} and self.value == ""

    def watch(self, changed: Callable[[Any], None]) -> None:
        """Call `changed` whenever the value changes."""
        self.box.observe(lambda _: changed(self.value), names="value")


class Checks(Control):
    """Boxes to tick, under a legend of their own."""

    def __init__(self, field: Field) -> None:
        self._boxes = [
            (w.Checkbox(value=False, description=label, indent=False, layout=w.Layout(width="auto")), value)
            for label, value in field.choices
        ]
        legend = w.HTML(f'<span class="weipian-legend">{escape(field.label)}</span>')
        long = any(len(label) > 24 for label, _ in field.choices)
        flow = "column" if long else "row wrap"
        boxes = w.Box([box for box, _ in self._boxes], layout=w.Layout(flex_flow=flow, overflow="visible"))
        group = w.VBox([legend, boxes], layout=w.Layout(overflow="visible"))
        group.add_class("weipian-group")
        super().__init__(field, group)

    @property
    def value(self) -> list[Any]:
        """Values ticked, in the order shown."""
        return [value for box, value in self._boxes if box.value]

    @value.setter
    def value(self, new: Sequence[Any]) -> None:
        for box, value in self._boxes:
            box.value = value in new

    @property
    def empty(self) -> bool:
        """Always False: ticking nothing is an answer."""
        return False

    def watch(self, changed: Callable[[Any], None]) -> None:
        """Call `changed` whenever a box is ticked or unticked."""
        for box, _ in self._boxes:
            box.observe(lambda _: changed(self.value), names="value")


def whole(day: Any) -> bool:
    """Say whether a day was entered to its end: while a year is being typed it passes 2, 20 and 202."""
    return isinstance(day, dt.date) and day.year > 1000


def control(field: Field) -> Control:
    """Return the control of a field."""
    if field.kind == "many":
        return Checks(field)
    label = t("forms.with_unit", label=field.label, unit=field.unit) if field.unit else field.label
    options: dict[str, Any] = {"description": label, "layout": WIDE, "style": LABELS}
    match field.kind:
        case "one":
            choices = [(t("forms.choose"), ""), *field.choices]
            return Control(field, w.Dropdown(options=choices, value="", **options))
        case "yes":
            box = w.Checkbox(value=bool(field.default), indent=False, description=field.label)
            return Control(field, box)
        case "number":
            return Control(field, w.FloatText(value=float(field.default or 0.0), **options))
        case "day":
            return Control(field, w.DatePicker(value=field.default, **options))
    # sent once, when the field is left: else the button's message could overtake the last letters typed
    text = w.Text(value=str(field.default or ""), placeholder=field.hint, continuous_update=False, **options)
    return Control(field, text)


def _figure(text: str) -> Any:
    """Return a number where the text is one, else the text (it will be marked as wrong)."""
    plain = text.strip().replace(",", "").replace("，", "")
    try:
        return float(plain) if plain else ""
    except ValueError:
        return text.strip()
