"""What the form shows besides its controls, as HTML; everything from outside is escaped."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from weipian_lab.cases import Score, Session
from weipian_lab.cases.scenario import Exhibit
from weipian_lab.cases.session import Outcome
from weipian_lab.cases.wording import event_name, state_name, word
from weipian_lab.text import current, t

if TYPE_CHECKING:
    from weipian_lab.cases import Step

__all__ = ["evidence", "history", "link", "message", "replies", "result", "status"]


def message(kind: str, *lines: str) -> str:
    """Return a message that screen readers announce; `lines` are HTML, `kind` is good, bad or note."""
    return f'<div role="status" aria-live="polite" class="{kind}">{"<br>".join(lines)}</div>'


def status(session: Session) -> str:
    """Return state, day and running terms."""
    case, book = session.case, session.scenario.book
    state = escape(state_name(book, case.state))
    lines = [t("forms.state", case=escape(case.case_id), state=state, today=session.today)]
    for due in case.due():
        name = escape(event_name(book, due.event))
        lines.append(t("forms.due", event=name, day=due.due_on, rule=escape(due.rule.cite())))
    if session.ended:
        lines.append(t("forms.ended", state=state))
    else:
        lines.append(t("forms.guide"))
    return "<br>".join(lines)


def evidence(session: Session) -> str:
    """Return the papers that the case has brought so far, by kind of evidence."""
    book = session.scenario.book
    papers = [x for x in session.scenario.exhibits if not x.after or session.case.last(x.after)]
    kinds: dict[str, list[Exhibit]] = {}
    for paper in papers:
        kinds.setdefault(paper.kind, []).append(paper)
    rows = [
        (word(book, kind, "EVIDENCE"), "\n".join(paper.text(current()) for paper in group))
        for kind, group in kinds.items()
    ]
    title = escape(t("forms.evidence", number=len(papers)))
    return f"<details open><summary>{title}</summary>{_table((), rows)}</details>"


def history(session: Session) -> str:
    """Return the steps taken and refused, with what others did."""
    book, rows = session.scenario.book, []
    for outcome in session.outcomes:
        result = t("forms.done") if outcome.accepted else t("forms.not_done")
        name = event_name(book, outcome.answer.event)
        rows.append((str(outcome.answer.on), name, t("forms.who_own"), result, outcome.article))
        for step in _replies(session, outcome):
            cited = book.rule(step.rule_id, step.on).cite()
            other = event_name(book, step.event)
            rows.append((str(step.on), other, t("forms.who_other"), t("forms.done"), cited))
    heads = [t(f"forms.h_{name}") for name in ("day", "event", "who", "result", "basis")]
    title = escape(t("forms.history", number=len(session.outcomes)))
    return f"<details><summary>{title}</summary>{_table(heads, rows)}</details>"


def replies(session: Session, outcome: Outcome) -> str:
    """Return what others did after a step, in words."""
    book = session.scenario.book
    steps = [
        t("forms.world_step", day=step.on, event=event_name(book, step.event))
        for step in _replies(session, outcome)
    ]
    return t("forms.world", events=escape("；".join(steps)))


def _replies(session: Session, outcome: Outcome) -> list[Step]:
    found, steps = [], [s for s in session.case.steps if s.on >= outcome.answer.on]
    for event in outcome.replies:
        step = next(s for s in steps if s.event == event)
        steps = steps[steps.index(step) + 1 :]
        found.append(step)
    return found


def result(session: Session, score: Score | None) -> str:
    """Return the score with every loss and why the model way is as it is; a seat's case has none."""
    if score is None:
        return message("note", t("forms.to_trainer"))
    verdict = t("forms.passed") if score.passed else t("forms.not_passed")
    lines = [t("forms.result", total=f"{score.total:g}", verdict=verdict)]
    if score.red_lines:
        lines.append(t("forms.red_lines") + escape("；".join(score.red_lines)))
    lines.append(t("forms.why") + escape(t(f"scenarios.{session.scenario.family}_why")))
    table = score.table()
    rows = [[_plain(cell) for cell in row] for row in table.itertuples(index=False)]
    return message("good" if score.passed else "bad", *lines) + _table(list(table.columns), rows)


def _plain(cell: object) -> str:
    return f"{cell:g}" if isinstance(cell, (int, float)) else str(cell)


def link(session: Session) -> str:
    """Return the link that saves the answers so far as a file."""
    content = json.dumps(session.record(), ensure_ascii=False, indent=1).encode()
    data = base64.b64encode(content).decode()
    name = f"answers-{session.case.case_id}.json"
    href = f"data:application/json;base64,{data}"
    return (
        f'<a class="weipian-file" download="{escape(name)}" href="{href}">{escape(t("forms.download"))}</a>'
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(cell).replace(chr(10), '<br>')}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return f"<table>{f'<tr>{head}</tr>' if head else ''}{body}</table>"
