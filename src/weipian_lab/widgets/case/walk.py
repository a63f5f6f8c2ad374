"""The form and what it does: choose a step, fill in its fields and papers, take it."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as w
from IPython.display import Javascript, display

from weipian_lab.cases import Outcome, Scenario, Session, score
from weipian_lab.cases.facts import Moment
from weipian_lab.cases.forms import events, fields, gap_fields, suggested_day
from weipian_lab.cases.papers import check, paper_name, papers_of, remarks
from weipian_lab.cases.session import read_answers
from weipian_lab.cases.wording import event_name
from weipian_lab.errors import WeipianError
from weipian_lab.outputs import write_text
from weipian_lab.text import t
from weipian_lab.widgets.case import panels
from weipian_lab.widgets.case.controls import LABELS, WIDE, Control, control, whole
from weipian_lab.widgets.case.look import KEYS, STYLE

__all__ = ["Walkthrough", "walkthrough"]


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
        "step": the reason of each refusal and each wrong gap at once; "end": only that they are recorded.
    """
    display(Javascript(KEYS))  # type: ignore[no-untyped-call]  # IPython publishes no types
    return Walkthrough(scenario, Path(path), trainee, explain).box


class Walkthrough:
    """The form's controls and what they do."""

    def __init__(self, scenario: Scenario, path: Path, trainee: str = "", explain: str = "step") -> None:
        self.scenario, self.path, self.explain = scenario, path, explain
        self.session = Session.restore(scenario, path, trainee)
        self.controls: dict[str, Control] = {}
        self.papers: dict[str, dict[str, Control]] = {}
        self._sheets: dict[str, w.VBox] = {}
        self._last: tuple[Any, ...] = ()
        self.status, self.evidence, self.history = w.HTML(), w.HTML(), w.HTML()
        self.message, self.file, self.result = w.HTML(), w.HTML(), w.HTML()
        none = [(t("forms.choose"), "")]
        self.event = w.Dropdown(options=none, description=t("forms.event"), layout=WIDE, style=LABELS)
        self.day = w.DatePicker(description=t("forms.day"), layout=WIDE, style=LABELS)
        self.form, self.forms = w.VBox(), w.VBox()
        self.submit = w.Button(description=t("forms.submit"), button_style="primary", layout=WIDE)
        self.upload = w.FileUpload(description=t("forms.upload"), accept=".json", multiple=False)
        self.upload.layout = w.Layout(width="auto")
        self.event.observe(lambda _: self._draw(), names="value")
        self.submit.on_click(lambda _: self.take())
        self.upload.observe(lambda _: self._restore(), names="value")
        self.step = w.VBox([self.event, self.day, self.form, self.forms, self.submit])
        files = w.HBox([self.file, self.upload], layout=w.Layout(align_items="center", grid_gap="12px"))
        head = [w.HTML(STYLE), self.status, self.evidence]
        self.box = w.VBox([*head, self.step, self.message, self.result, self.history, files])
        for part in (self.box, self.step, self.form, self.forms):
            part.layout.overflow = "visible"
        self.box.add_class("weipian-case")
        self.refresh()

    # ---- what is shown -----------------------------------------------------------------------------
    def refresh(self) -> None:
        """Show state, evidence, steps, and what may be tried next."""
        self.status.value = panels.status(self.session)
        self.evidence.value = panels.evidence(self.session)
        self.step.layout.display = "none" if self.session.ended else ""
        if self.session.ended:
            key = self.scenario.key
            self.result.value = panels.result(self.session, score(self.session) if key else None)
        else:
            self.result.value = ""
            self.event.options = [(t("forms.choose"), ""), *events(self.session)]
            self.event.value = ""
            self.day.value = suggested_day(self.session)
            self._draw()
        self._note()  # last: who sees the step in the list of steps may go on

    def _note(self) -> None:
        self.history.value = panels.history(self.session)
        self.file.value = panels.link(self.session)

    def _draw(self) -> None:
        """Show the fields of the event chosen; its papers follow once they are ticked."""
        event = self.event.value or ""
        made = [control(field) for field in fields(self.session, event)] if event else []
        self.controls = {one.field.name: one for one in made}
        self.papers, self._sheets, self._last = {}, {}, ()
        for name in ("documents", "kind"):
            if name in self.controls:
                self.controls[name].watch(lambda _: self._draw_papers())
        self.form.children = tuple(one.box for one in made)
        self._draw_papers()

    def _draw_papers(self) -> None:
        """Show a form for each paper ticked; what was filled in stays while the step is the same."""
        chosen = {name: one.value for name, one in self.controls.items() if name in {"documents", "kind"}}
        book, day = self.scenario.book, self.day.value or self.session.today
        codes = papers_of(book, str(self.event.value), chosen)
        for code in codes:
            if code not in self.papers:
                gaps = [control(field) for field in gap_fields(book, code, day)]
                self.papers[code] = {one.field.name: one for one in gaps}
                self._sheets[code] = self._sheet(code)
        shown = tuple(self._sheets[code] for code in codes if self.papers[code])
        if shown != self.forms.children:  # a sheet drawn anew would lose what is being typed
            self.forms.children = shown

    def _sheet(self, code: str) -> w.VBox:
        book = self.scenario.book
        title = escape(t("forms.paper", paper=paper_name(book, code)))
        unsure = code in book.codes("DOCUMENT") and not book.code("DOCUMENT", code).verified
        if unsure:
            title += f" <small>{escape(t('papers.unverified'))}</small>"
        gaps = [one.box for one in self.papers[code].values()]
        box = w.VBox([w.HTML(f"<b>{title}</b>"), *gaps], layout=w.Layout(overflow="visible"))
        box.add_class("weipian-paper")
        return box

    # ---- what is entered ---------------------------------------------------------------------------
    def entered(self) -> dict[str, Any]:
        """Return the step's evidence as entered, its papers under ``forms``."""
        evidence = {name: one.value for name, one in self.controls.items()}
        codes = papers_of(self.scenario.book, str(self.event.value), evidence)
        filled = {
            code: {name: one.value for name, one in self.papers[code].items()}
            for code in codes
            if code in self.papers
        }
        return evidence | ({"forms": filled} if filled else {})

    def take(self) -> None:
        """Take the step, unless something plainly is not filled in yet."""
        event, day, evidence = str(self.event.value or ""), self.day.value, self.entered()
        gaps = [one.field.label for code in evidence.get("forms", {}) for one in self._blank(code)]
        fields_left = [one.field.label for one in self.controls.values() if one.empty]
        if not whole(day):
            fields_left.insert(0, t("forms.day"))
        attempt = (event, day, repr(evidence))
        seen, self._last = self._last, attempt
        if not event:
            self.message.value = panels.message("note", t("forms.no_event"))
        elif fields_left:
            text = t("forms.blank", names=escape("、".join(fields_left)))
            self.message.value = panels.message("note", text)
        elif gaps and seen[:3] != attempt:
            text = t("forms.blank_gaps", names=escape("、".join(gaps)))
            self.message.value = panels.message("note", text)
        elif seen == (*attempt, "refused"):
            self._last = seen
            self.message.value = panels.message("note", t("forms.same"))
        else:
            self._tell(self._answer(event, day, evidence))

    def _blank(self, code: str) -> list[Control]:
        return [one for one in self.papers[code].values() if one.empty]

    def _answer(self, event: str, day: Any, evidence: dict[str, Any]) -> tuple[Outcome, list[str]]:
        before = tuple(self.session.case.steps)
        outcome = self.session.answer(event, day, **evidence)
        if not outcome.accepted:
            self._last = (*self._last, "refused")
            return outcome, []
        moment = Moment(self.scenario, self.session.case, before, day, evidence)
        return outcome, remarks(self.scenario.book, check(moment, event))

    def _tell(self, told: tuple[Outcome, list[str]]) -> None:
        """Say what came of a step, show the case as it stands now, and go on at the next choice."""
        outcome, said = told
        if outcome.accepted:
            name = event_name(self.scenario.book, outcome.answer.event)
            lines = [t("forms.accepted", event=escape(name), article=escape(outcome.article))]
            lines += [escape(line) for line in said] if self.explain == "step" else []
            lines += [panels.replies(self.session, outcome)] if outcome.replies else []
            self.message.value = panels.message("good", *lines)
            self.refresh()
            self.event.focus()
        elif self.explain == "end":
            self.message.value = panels.message("note", t("forms.recorded"))
            self._note()
        else:
            lines = [f"<b>{t('forms.red_line')}</b>"] if outcome.red_line else []
            lines.append(t("forms.refused", message=escape(outcome.message)))
            self.message.value = panels.message("bad", *lines)
            self._note()

    def _restore(self) -> None:
        """Take up an uploaded answer file; one that does not belong here changes nothing."""
        if not self.upload.value:
            return
        text = bytes(self.upload.value[0]["content"]).decode("utf-8", "replace")
        trial = self.path.with_name("uploaded.json")
        try:
            write_text(trial, text)
            read_answers(trial)
            session = Session.restore(self.scenario, trial, self.session.trainee)
        except WeipianError as error:
            self.message.value = panels.message("bad", escape(str(error)))
            return
        finally:
            trial.unlink(missing_ok=True)
        write_text(self.path, text)
        session.path, self.session = self.path, session
        self.refresh()
        self.message.value = panels.message("good", t("forms.uploaded", number=len(session.outcomes)))
