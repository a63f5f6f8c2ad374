"""Scoring by stated criteria; a red line crossed fails the case whatever else went well.

The weights stand in the rulebook (``T-SCORE``).
A score follows the reasons given and the steps taken, never the number or weight of penalties.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from weipian_lab.cases.facts import Moment
from weipian_lab.cases.guards.refusal import names
from weipian_lab.cases.papers import check, remarks
from weipian_lab.cases.scenario import Key
from weipian_lab.cases.session import Outcome, Session
from weipian_lab.cases.wording import FIELDS, event_name, field_name, listed, state_name, step_name
from weipian_lab.errors import ParameterError
from weipian_lab.rulebook import Rulebook
from weipian_lab.text import Lang, current, t

__all__ = ["Item", "Score", "score", "trace"]


@dataclass(frozen=True)
class Item:
    """One criterion: points got, points possible, why (one line a loss)."""

    name: str
    points: float
    possible: float
    losses: tuple[str, ...] = ()


@dataclass(frozen=True)
class Score:
    """A case's score.

    `passed` needs the pass mark and no red line crossed.
    """

    items: tuple[Item, ...]
    red_lines: tuple[str, ...]
    total: float
    passed: bool
    ended: bool
    state: str

    def table(self, lang: Lang | None = None) -> pd.DataFrame:
        """Return the criteria as a table."""
        rows = [
            (t(f"cases.s_{item.name}", lang=lang), item.points, item.possible, "\n".join(item.losses))
            for item in self.items
        ]
        return pd.DataFrame(
            rows, columns=[t(f"cases.h_{x}", lang=lang) for x in ("item", "got", "of", "why")]
        )

    def record(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def score(session: Session, key: Key | None = None) -> Score:
    """Score a session against a key (its scenario's own where none is given).

    Raises
    ------
    ParameterError
        If there is no key: what a seat is given has none.
    """
    key = key or session.scenario.key
    if key is None:
        raise ParameterError("cases.no_key", case=session.scenario.case_id)
    weights = session.scenario.book.rule("T-SCORE").value
    share = {
        "end": _end(session, key),
        "steps": _steps(session, key),
        "facts": _facts(session, key),
        "grounds": _grounds(session, key),
        "documents": _errors(session, "documents"),
        "papers": _papers(session, key),
        "order": _errors(session, "order"),
        "terms": _terms(session),
    }
    started = any(outcome.accepted for outcome in session.outcomes)
    items = tuple(
        Item(name, round(weights[name] * (part if started else 0.0), 2), weights[name], tuple(losses))
        for name, (part, losses) in share.items()
        if name in weights
    )
    red = tuple(dict.fromkeys(_crossed(session, o) for o in session.outcomes if o.red_line))
    total = round(sum(item.points for item in items), 2)
    passed = total >= session.scenario.book.number("T-SCORE-PASS") and not red and session.ended
    return Score(items, red, total, passed, session.ended, session.case.state)


def _crossed(session: Session, outcome: Outcome) -> str:
    """Return the red line that an answer crossed: its name, its rule, the step and the day."""
    book = session.scenario.book
    lines = {line.rule: line.text(current()) for line in book.procedure.red_lines}
    name = f"{lines.get(outcome.rule_id, '')} {outcome.rule_id}".strip()
    return f"{name} · {event_name(book, outcome.answer.event)} {outcome.answer.on}"


def _end(session: Session, key: Key) -> tuple[float, list[str]]:
    """Half for the lawful end of the key, half for the verdict that goes with it."""
    case = session.case
    losses = []
    if case.state != key.state:
        found, needed = (state_name(session.scenario.book, s) for s in (case.state, key.state))
        losses.append(t("cases.l_end", found=found, needed=needed))
    reached = {_branch(event) for event in (step.event for step in case.steps)} - {""}
    wanted = {_branch(answer.event) for answer in key.answers} - {""}
    if reached != wanted:
        losses.append(
            t(
                "cases.l_branch",
                found=listed(session.scenario.book, sorted(reached), "EVENT"),
                needed=listed(session.scenario.book, sorted(wanted), "EVENT"),
            )
        )
    return 1 - 0.5 * len(losses), losses


BRANCHES = (
    "settle",
    "hand_over",
    "self_corrected",
    "transfer_police",
    "decide",
    "feedback",
    "not_file",
    "no_penalty",
)


def _branch(event: str) -> str:
    return event if event in BRANCHES else ""


def _steps(session: Session, key: Key) -> tuple[float, list[str]]:
    """Share of the key's steps that were taken (each kind of evidence collected counts by itself)."""
    taken = {_name(step.event, step.evidence) for step in session.case.steps}
    wanted = list(dict.fromkeys(_name(answer.event, answer.evidence) for answer in key.answers))
    missing = [name for name in wanted if name not in taken]
    book = session.scenario.book
    losses = [t("cases.l_step", step=_title(book, name)) for name in missing]
    return 1 - len(missing) / max(len(wanted), 1), losses


def _name(event: str, evidence: Mapping[str, Any]) -> str:
    return f"{event}:{evidence.get('kind')}" if event == "collect" else event


def _title(book: Rulebook, name: str) -> str:
    event, _, kind = name.partition(":")
    return step_name(book, event, kind)


def _facts(session: Session, key: Key) -> tuple[float, list[str]]:
    """Share of the facts that the key states and the trainee stated alike."""
    stated: dict[str, Any] = {}
    for step in session.case.steps:
        stated.update({f"{step.event}.{name}": value for name, value in step.evidence.items()})
    losses = []
    for name, needed in key.facts.items():
        found = stated.get(name)
        alike = set(names(found)) == set(names(needed)) if isinstance(needed, list) else found == needed
        if not alike:
            event, field = name.split(".")
            title = f"{event_name(session.scenario.book, event)}·{field_name(field)}"
            was, due = (_short(session, field, value) for value in (found, needed))
            losses.append(t("cases.l_fact", fact=title, found=was, needed=due))
    return 1 - len(losses) / max(len(key.facts), 1), losses


def _short(session: Session, field: str, value: Any) -> str:
    return listed(session.scenario.book, names(value), FIELDS.get(field, ""))


def _grounds(session: Session, key: Key) -> tuple[float, list[str]]:
    """Evidence cited for the decision: what the key cites, less what was left out."""
    cited = {kind for step in session.case.steps for kind in names(step.evidence.get("grounds"))}
    deciding = any("grounds" in answer.evidence for answer in key.answers)
    if not deciding:
        return 1.0, []
    missing = sorted(key.grounds - cited)
    losses = [t("cases.l_ground", kind=listed(session.scenario.book, [k], "EVIDENCE")) for k in missing]
    return 1 - len(missing) / max(len(key.grounds), 1), losses


def _papers(session: Session, key: Key) -> tuple[float, list[str]]:
    """Share of the gaps that the key's papers have and the trainee filled in as the case's facts are."""
    book, steps = session.scenario.book, session.case.steps
    taken = {_name(step.event, step.evidence): step for step in steps}
    wanted = {_name(a.event, a.evidence): a for a in key.answers if a.evidence.get("forms")}
    right, possible, losses = 0, 0, []
    for name, answer in wanted.items():
        codes, step = list(answer.evidence["forms"]), taken.get(name)
        if step is None:  # the step itself is counted under `steps`; its gaps are lost with it
            possible += sum(len(book.forms[code].gaps) for code in codes)
            continue
        before = steps[: step.number - 1]
        checked = check(
            Moment(session.scenario, session.case, before, step.on, step.evidence), step.event, codes
        )
        right, possible = right + sum(one.right for one in checked), possible + len(checked)
        losses += remarks(book, checked, counted=False)
    return (right / possible if possible else 1.0), losses


def _errors(session: Session, kind: str) -> tuple[float, list[str]]:
    """Errors that were refused and put right: each costs a share of the item."""
    cost = session.scenario.book.number("T-SCORE-ERROR")
    codes = set(session.scenario.book.codes("DOCUMENT"))
    losses = []
    for outcome in session.outcomes:
        of_documents = bool(set(outcome.missing) & codes)
        if not outcome.accepted and of_documents == (kind == "documents"):
            title = event_name(session.scenario.book, outcome.answer.event)
            losses.append(f"{title} {outcome.answer.on}：{outcome.message}")
    return max(0.0, 1 - cost * len(losses)), losses


def _terms(session: Session) -> tuple[float, list[str]]:
    """Terms kept: each step past its term costs a share of the item."""
    cost = session.scenario.book.number("T-SCORE-ERROR")
    own = {outcome.answer.event for outcome in session.outcomes if outcome.accepted}
    late = [step for step in session.case.steps if step.late_days > 0 and step.event in own]
    losses = [
        t(
            "cases.l_late",
            event=event_name(session.scenario.book, s.event),
            days=s.late_days,
            rule=session.scenario.book.rule(s.late_rule, s.on).cite(),
        )
        for s in late
    ]
    return max(0.0, 1 - 2 * cost * len(late)), losses


def trace(session: Session) -> pd.DataFrame:
    """Return the session step by step: what was tried, what came of it, by which rule."""
    rows: list[dict[str, Any]] = []
    for outcome in session.outcomes:
        rows.append(
            {
                "number": outcome.number,
                "on": outcome.answer.on.isoformat(),
                "by": "trainee",
                "event": outcome.answer.event,
                "accepted": outcome.accepted,
                "state": outcome.state,
                "rule_id": outcome.rule_id,
                "article": outcome.article,
                "late_days": outcome.late_days,
                "red_line": outcome.red_line,
                "message": outcome.message,
            }
        )
        for event in outcome.replies:
            step = next(s for s in session.case.steps if s.event == event and s.on >= outcome.answer.on)
            rule = session.scenario.book.rule(step.rule_id, step.on)
            rows.append(
                {
                    **rows[-1],
                    "on": step.on.isoformat(),
                    "by": "world",
                    "event": event,
                    "state": step.state,
                    "rule_id": step.rule_id,
                    "article": rule.cite(),
                    "late_days": 0,
                    "message": "",
                }
            )
    columns = [
        "number",
        "on",
        "by",
        "event",
        "accepted",
        "state",
        "rule_id",
        "article",
        "late_days",
        "red_line",
        "message",
    ]
    return pd.DataFrame(rows, columns=columns)
