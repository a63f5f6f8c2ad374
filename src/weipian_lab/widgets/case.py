"""Walkthrough of a case as a form: choose an event, fill in, submit; every step is on disk at once.

All parts are plain ipywidgets controls, so the tab key, arrows, space and enter reach everything.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as w

from weipian_lab.cases import Scenario, Session
from weipian_lab.cases.forms import Field, events, fields, suggested_day
from weipian_lab.cases.session import read_answers
from weipian_lab.errors import WeipianError
from weipian_lab.outputs import write_text
from weipian_lab.text import current, t

__all__ = ["Walkthrough", "walkthrough"]

WIDE = w.Layout(width="98%", max_width="820px")
LABELS = {"description_width": "220px"}


def walkthrough(scenario: Scenario, path: Path | str, *, trainee: str = "", explain: str = "step") -> w.VBox:
    """Return the form, taken up where the answer file stands.

    Parameters
    ----------
    scenario
        The case.
    path
        Answer file; written after each step.
    trainee
        Name or seat, kept in the file.
    explain
        "step": the reason of each refusal at once; "end": only that it is recorded.
    """
    return Walkthrough(scenario, Path(path), trainee, explain).box


class Walkthrough:
    """The form's controls and what they do."""

    def __init__(self, scenario: Scenario, path: Path, trainee: str, explain: str) -> None:
        self.scenario, self.path, self.explain = scenario, path, explain
        self.session = Session.restore(scenario, path, trainee)
        self.lang = current()
        self.status, self.message, self.file = w.HTML(), w.HTML(), w.HTML()
        self.event = w.Dropdown(description=t("forms.event"), layout=WIDE, style=LABELS)
        self.day = w.DatePicker(description=t("forms.day"), layout=WIDE, style=LABELS)
        self.form = w.VBox()
        self.controls: dict[str, tuple[Field, Any]] = {}
        self.submit = w.Button(description=t("forms.submit"), button_style="primary", layout=WIDE)
        self.upload = w.FileUpload(description=t("forms.upload"), accept=".json", multiple=False)
        self.event.observe(lambda _: self._draw_form(), names="value")
        self.submit.on_click(lambda _: self.take())
        self.upload.observe(lambda _: self._restore(), names="value")
        parts = [self.status, self.event, self.day, self.form, self.submit, self.message]
        self.box = w.VBox([*parts, w.HBox([self.file, self.upload])])
        self.box.add_class("weipian-case")
        self.refresh()

    def refresh(self) -> None:
        """Show state, terms, events and the link to the answer file as they stand."""
        case = self.session.case
        state = case.book.procedure.states[case.state].text(self.lang)
        lines = [t("forms.state", state=escape(state), today=self.session.today)]
        lines += [t("forms.due", event=d.event, day=d.due_on, rule=escape(d.rule.cite())) for d in case.due()]
        papers = [paper for paper in self.scenario.exhibits if self._open(paper.after)]
        lines += [escape(paper.text(self.lang)) for paper in papers]
        if self.session.ended:
            lines.append(f"<b>{t('forms.ended')}</b>")
        self.status.value = "<br>".join(lines)
        self.submit.disabled = self.event.disabled = self.session.ended
        if not self.session.ended:
            self.event.options = events(self.session)
            self.day.value = suggested_day(self.session)
            self._draw_form()
        self.file.value = self._link()

    def _open(self, after: str) -> bool:
        return not after or self.session.case.last(after) is not None

    def _draw_form(self) -> None:
        if self.event.value is None:
            return
        self.controls = {f.name: (f, _control(f)) for f in fields(self.session, self.event.value)}
        self.form.children = tuple(control for _, control in self.controls.values())

    def take(self) -> None:
        """Submit the form."""
        evidence = {name: _value(field, control) for name, (field, control) in self.controls.items()}
        outcome = self.session.answer(str(self.event.value), self.day.value or self.session.today, **evidence)
        if outcome.accepted:
            text = t("forms.accepted", article=escape(outcome.article))
            if outcome.replies:
                text += "<br>" + t("forms.world", events=", ".join(outcome.replies))
        elif self.explain == "end":
            text = t("forms.recorded")
        else:
            mark = t("forms.red_line") if outcome.red_line else ""
            text = mark + t("forms.refused", message=escape(outcome.message))
        self.message.value = f'<div role="status" aria-live="polite">{text}</div>'
        if outcome.accepted:
            self.refresh()
        else:
            self.file.value = self._link()

    def _link(self) -> str:
        content = json.dumps(self.session.record(), ensure_ascii=False, indent=1).encode()
        data = base64.b64encode(content).decode()
        href = f"data:application/json;base64,{data}"
        return f'<a download="answers.json" href="{href}">{escape(t("forms.download"))}</a>'

    def _restore(self) -> None:
        if not self.upload.value:
            return
        text = bytes(self.upload.value[0]["content"]).decode("utf-8", "replace")
        trial = self.path.with_name("uploaded.json")
        try:
            write_text(trial, text)
            read_answers(trial)
            session = Session.restore(self.scenario, trial, self.session.trainee)
        except WeipianError as error:
            self.message.value = escape(str(error))
            return
        finally:
            trial.unlink(missing_ok=True)
        write_text(self.path, text)
        session.path, self.session = self.path, session
        self.message.value = t("forms.uploaded", number=len(session.outcomes))
        self.refresh()


def _control(field: Field) -> Any:
    options: dict[str, Any] = {"description": field.label, "layout": WIDE, "style": LABELS}
    match field.kind:
        case "many":
            rows = min(max(len(field.choices), 3), 8)
            return w.SelectMultiple(options=field.choices, rows=rows, **options)
        case "one":
            return w.Dropdown(options=field.choices, **options)
        case "yes":
            return w.Checkbox(value=bool(field.default), indent=True, **options)
        case "number":
            return w.FloatText(value=float(field.default), **options)
        case "day":
            return w.DatePicker(value=field.default, **options)
    return w.Text(value=str(field.default), **options)


def _value(field: Field, control: Any) -> Any:
    value = control.value
    if field.kind == "many":
        return list(value)
    if field.kind == "day":
        return value.isoformat() if isinstance(value, dt.date) else ""
    if field.name == "transition_days":
        return int(value)
    return value
