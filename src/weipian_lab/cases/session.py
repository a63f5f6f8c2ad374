"""A session: the trainee's answers, the world's replies, the record on disk after each step."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from weipian_lab.cases.scenario import Answer, Scenario
from weipian_lab.cases.signing import link, now, sign
from weipian_lab.cases.wording import sentence
from weipian_lab.cases.workdays import as_date
from weipian_lab.errors import InputError, ProcedureError, WeipianError
from weipian_lab.outputs import write_json
from weipian_lab.text import t

__all__ = ["FORMAT", "Outcome", "Session", "read_answers"]

FORMAT = "weipian-answers/1"


@dataclass(frozen=True)
class Outcome:
    """What came of one answer: let through or refused (rule, article, sentence), and what the world did."""

    number: int
    answer: Answer
    accepted: bool
    rule_id: str = ""
    article: str = ""
    message: str = ""
    red_line: bool = False
    missing: tuple[str, ...] = ()
    state: str = ""
    late_days: int = 0
    replies: tuple[str, ...] = ()
    others: tuple[str, ...] = field(default=())


class Session:
    """One trainee at one scenario.

    Parameters
    ----------
    scenario
        The scenario.
    path
        File that holds the answers; written after each answer, read back by :meth:`restore`.
    trainee
        Name or seat, kept in the file.
    """

    def __init__(self, scenario: Scenario, path: Path | str | None = None, trainee: str = "") -> None:
        self.scenario = scenario
        self.path = Path(path) if path else None
        self.trainee = trainee
        self.case = scenario.open_case()
        self.outcomes: list[Outcome] = []
        self.log: list[dict[str, str]] = []
        self._pending = list(scenario.replies)

    @property
    def ended(self) -> bool:
        """Whether the case has come to an end."""
        return self.case.ended

    @property
    def today(self) -> dt.date:
        """Day of the last step (the day of the clue at first)."""
        return self.case.steps[-1].on if self.case.steps else self.scenario.opened_on

    def answer(self, event: str, on: dt.date | str, **evidence: Any) -> Outcome:
        """Take one answer; a refusal is an outcome, never an exception.

        Raises
        ------
        InputError
            If the day is no date.
        """
        answer = Answer(event, as_date(on), evidence)
        number = len(self.outcomes) + 1
        try:
            full = {**evidence, **self.scenario.revealed(event, evidence)}
            step = self.case.apply(event, answer.on, **full)
        except ProcedureError as error:
            others = tuple(error.values.get("others", ()))
            red = bool(error.values.get("red"))
            outcome = Outcome(
                number,
                answer,
                False,
                error.rule_id,
                error.article,
                sentence(self.scenario.book, error),
                red,
                error.missing,
                self.case.state,
                others=others,
            )
        except WeipianError as error:  # a day the calendar lacks, a rule not in force: refused as well
            outcome = Outcome(number, answer, False, message=str(error), state=self.case.state)
        else:
            replies = self._world(event, answer.on)
            outcome = Outcome(
                number,
                answer,
                True,
                step.rule_id,
                self.scenario.book.rule(step.rule_id, answer.on).cite(),
                state=self.case.state,
                late_days=step.late_days,
                replies=tuple(replies),
            )
        self.outcomes.append(outcome)
        self._note(answer)
        if self.path is not None:
            write_json(self.path, self.record())
        return outcome

    def _note(self, answer: Answer) -> None:
        """Chain the answer and the time to what came before, where a seat's key signs."""
        if self.scenario.secret:
            previous, at = self.log[-1]["link"] if self.log else self.scenario.case_id, now()
            made = link(previous, at, answer.record(), self.scenario.secret)
            self.log.append({"at": at, "link": made})

    def _world(self, event: str, on: dt.date) -> list[str]:
        """Let the world reply, one reply after another as long as they follow."""
        done: list[str] = []
        trigger, day = event, on
        while True:
            reply = next((r for r in self._pending if r.after == trigger), None)
            if reply is None or reply.event not in self.case.allowed():
                return done
            self._pending.remove(reply)
            day = day + dt.timedelta(days=reply.lag_days)
            self.case.apply(reply.event, day, **reply.evidence)
            done.append(reply.event)
            trigger = reply.event

    def record(self) -> dict[str, Any]:
        """Return the answers as plain data, refused ones too."""
        record: dict[str, Any] = {
            "format": FORMAT,
            "case_id": self.scenario.case_id,
            "rulebook": {"id": self.scenario.book.id, "sha256": self.scenario.book.sha256},
            "trainee": self.trainee,
            "answers": [outcome.answer.record() for outcome in self.outcomes],
        }
        if self.scenario.secret:
            record["log"] = list(self.log)
            record["signature"] = sign(record, self.scenario.secret)
        else:
            record |= {"family": self.scenario.family, "seed": self.scenario.seed}
        return record

    def play(self, answers: Iterable[Answer | Mapping[str, Any]]) -> None:
        """Take answers one after another (from a key or a file); what follows the end is left out."""
        for item in answers:
            if self.ended:
                return
            answer = item if isinstance(item, Answer) else Answer(item["event"], item["on"], item["evidence"])
            self.answer(answer.event, answer.on, **answer.evidence)

    def _keep(self, log: Any) -> None:
        """Keep the log of a file as it stands, so that a change to earlier steps still shows later."""
        if self.scenario.secret:
            lines = [line if isinstance(line, dict) else {} for line in log] if isinstance(log, list) else []
            lines += [{}] * len(self.outcomes)
            named = ({name: str(line.get(name, "")) for name in ("at", "link")} for line in lines)
            self.log = list(named)[: len(self.outcomes)]

    @classmethod
    def restore(cls, scenario: Scenario, path: Path | str, trainee: str = "") -> Session:
        """Take up a session where its file stands; a new one where there is no file yet.

        Raises
        ------
        InputError
            If the file is no answer file or belongs to another case.
        """
        path = Path(path)
        session = cls(scenario, None, trainee)
        if path.is_file():
            record = read_answers(path)
            if record["case_id"] != scenario.case_id:
                raise InputError(
                    "cases.other_case", path=path.name, found=record["case_id"], needed=scenario.case_id
                )
            session.trainee = trainee or record.get("trainee", "")
            session.play(record["answers"])
            session._keep(record.get("log", []))
        session.path = path
        return session


def read_answers(path: Path | str) -> dict[str, Any]:
    """Read and check an answer file.

    Raises
    ------
    InputError
        If the file is missing, empty, not JSON or not an answer file; says which.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("errors.missing_file", path=path)
    record, problem = _loaded(path.read_bytes())
    problem = problem or _problem(record)
    if problem:
        raise InputError("cases.not_answers", path=path.name, problem=problem)
    return dict(record)


def _loaded(content: bytes) -> tuple[Any, str]:
    """Return what a file holds, or in words why nothing can be read."""
    if not content.strip():
        return None, t("cases.file_empty")
    try:
        return json.loads(content.decode("utf-8")), ""
    except json.JSONDecodeError as error:
        return None, t("cases.file_broken", line=error.lineno, column=error.colno)
    except (UnicodeDecodeError, RecursionError):
        return None, t("cases.file_strange")


def _problem(record: Any) -> str:
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        return f"format ≠ {FORMAT}"
    if not isinstance(record.get("case_id"), str) or not isinstance(record.get("answers"), list):
        return "case_id, answers"
    for number, answer in enumerate(record["answers"], 1):
        if not isinstance(answer, dict) or not isinstance(answer.get("event"), str):
            return f"answers[{number}].event"
        if not isinstance(answer.get("evidence"), dict):
            return f"answers[{number}].evidence"
        try:
            as_date(answer.get("on", ""))
        except WeipianError:
            return f"answers[{number}].on"
        if {"event", "on", "self"} & set(answer["evidence"]):
            return f"answers[{number}].evidence"
    return ""
