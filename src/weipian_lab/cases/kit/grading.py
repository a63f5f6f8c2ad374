"""Grading a class: each answer file by itself, so that a bad one costs a line and never the run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
from openpyxl.utils import get_column_letter

from weipian_lab.cases.kit import tables
from weipian_lab.cases.kit.checks import find, problem, remarks, seen, strays, twins
from weipian_lab.cases.kit.pages import class_page, seat_page
from weipian_lab.cases.kit.seats import open_seat, read_key
from weipian_lab.cases.scoring import Score, score, trace
from weipian_lab.cases.session import Session, read_answers
from weipian_lab.errors import InputError, WeipianError
from weipian_lab.outputs import as_text, atomic, write_json, write_table, write_text
from weipian_lab.rulebook import Rulebook, load
from weipian_lab.text import Lang, language, t

__all__ = ["Grade", "Result", "grade"]


@dataclass(frozen=True)
class Result:
    """One seat: score and trace, or the sentence that says why there is none.

    `taken` are the steps let through; `remarks` what the trainer may want to ask about.
    """

    seat: str
    trainee: str
    family: str
    form: str
    problem: str
    score: Score | None
    steps: pd.DataFrame | None
    taken: frozenset[str] = frozenset()
    remarks: tuple[str, ...] = ()


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
        Its folder ``results-NNN`` holds ``summary.csv``, ``matrix.csv``, ``missed_steps.csv``,
        ``missed.csv``, ``timeline.csv``, ``forms.csv``, ``class.xlsx``, ``class.html``,
        ``feedback/seat-NNN.html`` and ``grading.json``.

    Raises
    ------
    InputError
        If the class has no readable key.
    """
    folder = Path(class_dir)
    key, digest = _read_key(folder / "trainer" / "key.json")
    book = load(key["rulebook"]["id"])
    source = Path(answers) if answers else folder / "seats"
    with language(lang):
        results = _all(folder, source, key, book, progress)
        table = tables.matrix(results, key)
        graded = Grade(_next(folder), tuple(results), table, tables.missed(results))
        _write(graded, book, digest, strays(source, key["seats"]), lang)
    return graded


def _all(
    folder: Path, source: Path, key: Mapping[str, Any], book: Rulebook, progress: Callable[[int, int], None]
) -> list[Result]:
    """Grade every seat, then say whose steps bear the same times."""
    owners = {entry["case_id"]: seat for seat, entry in key["seats"].items()}
    points = seen(folder)
    results, records = [], {}
    for number, seat in enumerate(sorted(key["seats"]), 1):
        one = _Seat(folder, seat, key, owners, points.get(seat, []))
        result, record = one.grade(find(source, seat), book)
        results.append(result)
        if record is not None:
            records[seat] = record
        progress(number, len(key["seats"]))
    alike = twins(records)
    return [
        replace(r, remarks=(*r.remarks, t("kit.twin", others=", ".join(alike[r.seat]))))
        if r.seat in alike
        else r
        for r in results
    ]


def _read_key(path: Path) -> tuple[dict[str, Any], str]:
    if not path.is_file():
        raise InputError("errors.missing_file", path=path)
    content = path.read_bytes()
    try:
        key = json.loads(content)
        if key["format"] != "weipian-class/2" or not isinstance(key["seats"], dict):
            raise KeyError("format")
    except (ValueError, KeyError, TypeError) as error:
        raise InputError("kit.not_a_key", path=path.name, problem=str(error)[:80]) from error
    return key, hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class _Seat:
    """What the trainer's folder holds of one seat."""

    folder: Path
    seat: str
    key: Mapping[str, Any]
    owners: Mapping[str, str]
    points: list[tuple[str, int, str]]

    def grade(self, path: Path | None, book: Rulebook) -> tuple[Result, dict[str, Any] | None]:
        """Grade the seat's file; whatever is wrong with it becomes a sentence."""
        of, record = self.key["seats"][self.seat], None
        result = Result(self.seat, "", of["family"], of["form"], "", None, None)
        if path is None:
            return replace(result, problem=t("kit.absent")), None
        try:
            record = read_answers(path)
            result = replace(result, trainee=str(record.get("trainee", "")))
            result = self._judged(result, record, book)
        except (WeipianError, RecursionError) as error:
            result = replace(result, problem=str(error))
        return result, record

    def _judged(self, result: Result, record: dict[str, Any], book: Rulebook) -> Result:
        of = self.key["seats"][self.seat]
        path = self.folder / "trainer" / "cases" / f"{self.seat}.json"
        case = open_seat(path, book, secret=self.key["secret"])
        wrong = problem(record, of["case_id"], case.secret, self.owners)
        if wrong:
            return replace(result, problem=wrong)
        session = Session(replace(case, secret=""))
        session.play(record["answers"])
        steps = trace(session)
        times = {number: line["at"] for number, line in enumerate(record["log"], 1)}
        own = steps["by"] == "trainee"
        steps.insert(
            1, "at", [times.get(n, "") if o else "" for n, o in zip(steps["number"], own, strict=True)]
        )
        return replace(
            result,
            score=score(session, read_key(of)),
            steps=steps,
            taken=frozenset(tables.step_of(s.event, s.evidence) for s in session.case.steps),
            remarks=tuple(remarks(record, self.key, self.points)),
        )


def _next(folder: Path) -> Path:
    number = 1 + max(
        [int(p.name[8:]) for p in folder.glob("results-[0-9]*") if p.name[8:].isdigit()], default=0
    )
    return folder / f"results-{number:03d}"


def _previous(folder: Path) -> dict[str, Any]:
    """Return the totals of the grading before, by seat; none where there is none."""
    number = int(folder.name[8:]) - 1
    path = folder.with_name(f"results-{number:03d}") / "grading.json"
    if not path.is_file():
        return {}
    return {str(x["seat"]): x.get("total") for x in json.loads(path.read_text("utf-8"))["results"]}


def _write(graded: Grade, book: Rulebook, digest: str, others: list[str], lang: Lang) -> None:
    folder, summary = graded.folder, tables.summary(graded.results)
    before = _previous(folder)
    if before:
        summary.insert(5, "before", [before.get(seat) for seat in summary["seat"]])
    written = {
        "summary": summary,
        "matrix": graded.matrix.reset_index(),
        "missed_steps": tables.missed_steps(graded.matrix),
        "missed": graded.missed,
        "timeline": tables.timeline(graded.results),
        "forms": tables.forms_table(summary),
    }
    for name, table in written.items():
        write_table(folder / f"{name}.csv", table)
    words = {name: tables.in_words(table, book) for name, table in written.items()}
    with atomic(folder / "class.xlsx") as temporary, pd.ExcelWriter(temporary, engine="openpyxl") as sheets:
        for name, table in words.items():
            table.map(as_text).to_excel(sheets, sheet_name=t(f"kit.sheet_{name}"), index=False)
            _widths(sheets.sheets[t(f"kit.sheet_{name}")], table)
    write_text(folder / "class.html", class_page(summary, words, others, lang))
    for result in graded.results:
        write_text(folder / "feedback" / f"{result.seat}.html", seat_page(result, book, lang))
    write_json(
        folder / "grading.json",
        {
            "key_sha256": digest,
            "rulebook": {"id": book.id, "sha256": book.sha256},
            "seats": len(graded.results),
            "graded": graded.graded,
            "strays": others,
            "results": [
                {"seat": r.seat, "remarks": list(r.remarks)}
                | (asdict(r.score) if r.score else {"problem": r.problem})
                for r in graded.results
            ],
        },
    )


def _widths(sheet: Any, table: pd.DataFrame) -> None:
    """Freeze the head and give each column the width of its text, up to a limit."""
    sheet.freeze_panes = "B2"
    for number, name in enumerate(table.columns, 1):
        longest = max([len(str(name)), *(len(str(x)) for x in table.iloc[:200, number - 1])])
        sheet.column_dimensions[get_column_letter(number)].width = min(8 + 1.4 * longest, 60)
