"""Grading a class: each answer file by itself, so that a bad one costs a line and never the run."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from weipian_lab.cases.kit.pages import class_page, seat_page
from weipian_lab.cases.kit.seats import open_seat, read_key
from weipian_lab.cases.scoring import Score, score, trace
from weipian_lab.cases.session import Session, read_answers
from weipian_lab.cases.signing import derive, genuine
from weipian_lab.errors import InputError, WeipianError
from weipian_lab.outputs import as_text, atomic, write_json, write_table, write_text
from weipian_lab.rulebook import Rulebook, load
from weipian_lab.text import Lang, t

__all__ = ["Grade", "Result", "grade"]


@dataclass(frozen=True)
class Result:
    """One seat: score and trace, or the sentence that says why there is none."""

    seat: str
    trainee: str
    family: str
    form: str
    problem: str
    score: Score | None
    steps: pd.DataFrame | None


@dataclass(frozen=True)
class Grade:
    """A graded class."""

    folder: Path
    results: tuple[Result, ...]
    matrix: pd.DataFrame
    missed: pd.DataFrame

    @property
    def graded(self) -> int:
        """Number of seats that have a score."""
        return sum(result.score is not None for result in self.results)


def grade(
    class_dir: Path | str,
    *,
    answers: Path | str = "",
    lang: Lang = "zh",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Grade:
    """Grade a class; results of an earlier grading are kept.

    Parameters
    ----------
    class_dir
        Folder made by :func:`weipian_lab.cases.kit.new`.
    answers
        Folder with ``seat-001.json`` …, or ``seat-001/answers.json`` …; "" takes the class's own seats.
    lang
        Language of the pages.
    progress
        Called with (done, total) after each seat.

    Returns
    -------
    Grade
        Its folder ``results-NNN`` holds ``summary.csv``, ``matrix.csv``, ``missed.csv``, ``timeline.csv``,
        ``class.xlsx``, ``class.html``, ``feedback/seat-NNN.html`` and ``grading.json``.

    Raises
    ------
    InputError
        If the class has no readable key.
    """
    folder = Path(class_dir)
    key, digest = _read_key(folder / "trainer" / "key.json")
    book = load(key["rulebook"]["id"])
    source = Path(answers) if answers else folder / "seats"
    results = []
    for number, seat in enumerate(sorted(key["seats"]), 1):
        results.append(_seat(folder, source, seat, key, book))
        progress(number, len(key["seats"]))
    matrix, missed = _matrix(results, key), _missed(results)
    target = _next(folder)
    graded = Grade(target, tuple(results), matrix, missed)
    _write(graded, book, digest, lang)
    return graded


def _read_key(path: Path) -> tuple[dict[str, Any], str]:
    if not path.is_file():
        raise InputError("errors.missing_file", path=path)
    content = path.read_bytes()
    try:
        key = json.loads(content)
        if key["format"] != "weipian-class/1" or not isinstance(key["seats"], dict):
            raise KeyError("format")
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("kit.not_a_key", path=path.name, problem=str(error)[:80]) from error
    return key, hashlib.sha256(content).hexdigest()


def _seat(folder: Path, source: Path, seat: str, key: Mapping[str, Any], book: Rulebook) -> Result:
    """Grade one seat; whatever is wrong with its file becomes a sentence."""
    of = key["seats"][seat]
    head = (seat, "", of["family"], of["form"])
    path = next((p for p in (source / f"{seat}.json", source / seat / "answers.json") if p.is_file()), None)
    if path is None:
        return Result(*head, t("kit.absent"), None, None)
    try:
        record = read_answers(path)
        head = (seat, str(record.get("trainee", "")), of["family"], of["form"])
        if record["case_id"] != of["case_id"]:
            return Result(*head, t("kit.foreign", found=record["case_id"]), None, None)
        if not genuine(record, derive(key["secret"], seat)):
            return Result(*head, t("kit.tampered"), None, None)
        if not record["answers"]:
            return Result(*head, t("kit.empty"), None, None)
        session = Session(open_seat(folder / "trainer" / "cases" / f"{seat}.json", book))
        session.play(record["answers"])
        return Result(*head, "", score(session, read_key(of)), trace(session))
    except WeipianError as error:
        return Result(*head, str(error), None, None)


def _matrix(results: list[Result], key: Mapping[str, Any]) -> pd.DataFrame:
    """Return step × seat: 1 taken, 0 missed, empty where the key does not ask for it or there is no score."""
    columns = {}
    for result in results:
        if result.steps is None:
            continue
        done = set(result.steps.loc[result.steps["accepted"], "event"])
        wanted = dict.fromkeys(answer["event"] for answer in key["seats"][result.seat]["answers"])
        columns[result.seat] = {event: int(event in done) for event in wanted}
    return pd.DataFrame(columns).rename_axis("event").sort_index()


def _missed(results: list[Result]) -> pd.DataFrame:
    """Return the reasons for which points were lost, the most frequent first."""
    count: Counter[tuple[str, str]] = Counter()
    for result in results:
        if result.score is not None:
            for item in result.score.items:
                count.update((item.name, loss.split("：")[0]) for loss in item.losses)
            count.update(("red_line", line.split(" ")[0]) for line in result.score.red_lines)
    rows = [(name, reason, number) for (name, reason), number in count.most_common()]
    return pd.DataFrame(rows, columns=["criterion", "reason", "seats"])


def _next(folder: Path) -> Path:
    number = 1 + max(
        [int(p.name[8:]) for p in folder.glob("results-[0-9]*") if p.name[8:].isdigit()], default=0
    )
    return folder / f"results-{number:03d}"


def _summary(results: tuple[Result, ...]) -> pd.DataFrame:
    rows = []
    for r in results:
        row: dict[str, Any] = {"seat": r.seat, "trainee": r.trainee, "family": r.family, "form": r.form}
        row |= {"total": None, "passed": None, "red_lines": "", "state": "", "problem": r.problem}
        if r.score is not None:
            row |= {"total": r.score.total, "passed": r.score.passed, "state": r.score.state}
            row["red_lines"] = "; ".join(r.score.red_lines)
            row |= {item.name: item.points for item in r.score.items}
        rows.append(row)
    return pd.DataFrame(rows)


def _write(graded: Grade, book: Rulebook, digest: str, lang: Lang) -> None:
    folder, summary = graded.folder, _summary(graded.results)
    lines = [r.steps.assign(seat=r.seat) for r in graded.results if r.steps is not None]
    timeline = pd.concat(lines, ignore_index=True) if lines else pd.DataFrame()
    tables = {"summary": summary, "matrix": graded.matrix.reset_index(), "missed": graded.missed}
    tables["timeline"] = timeline
    for name, table in tables.items():
        write_table(folder / f"{name}.csv", table)
    with atomic(folder / "class.xlsx") as temporary, pd.ExcelWriter(temporary, engine="openpyxl") as book_:
        for name, table in tables.items():
            table.map(as_text).to_excel(book_, sheet_name=name, index=False)
    write_text(folder / "class.html", class_page(summary, graded.matrix, graded.missed, lang))
    for result in graded.results:
        write_text(folder / "feedback" / f"{result.seat}.html", seat_page(result, lang))
    write_json(
        folder / "grading.json",
        {
            "key_sha256": digest,
            "rulebook": {"id": book.id, "sha256": book.sha256},
            "seats": len(graded.results),
            "graded": graded.graded,
            "results": [asdict(r.score) if r.score else {"problem": r.problem} for r in graded.results],
        },
    )
