"""What an answer file shows about how it came to be: changes, other seats' files, clocks, checkpoints.

A *problem* keeps a file from being graded; a *remark* stands beside the grade for the trainer to ask about.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from weipian_lab.cases.signing import broken_at, genuine, now
from weipian_lab.errors import InputError
from weipian_lab.outputs import write_json
from weipian_lab.text import t

__all__ = ["checkpoint", "find", "problem", "remarks", "seen", "strays", "twins"]

QUICK_SECONDS, FEW = 2.0, 5
"""Mean time between steps below which nobody read the case, from this number of steps on."""


def find(source: Path, seat: str) -> Path | None:
    """Return a seat's answer file: ``seat-001.json`` or ``seat-001/answers.json``."""
    names = (source / f"{seat}.json", source / seat / "answers.json")
    return next((path for path in names if path.is_file()), None)


def problem(record: Mapping[str, Any], case_id: str, secret: str, owners: Mapping[str, str]) -> str:
    """Return why an answer file is not graded, "" where nothing speaks against it.

    Parameters
    ----------
    record
        Content of the file, of the right shape.
    case_id, secret
        The seat's case and signing key as the trainer's folder has them.
    owners
        Case id → seat of the class.
    """
    found = str(record["case_id"])
    if found != case_id:
        owner = owners.get(found)
        return t("kit.of_seat", owner=owner) if owner else t("kit.foreign", found=found)
    answers, log = record["answers"], record.get("log")
    step = broken_at(case_id, answers, log if isinstance(log, list) else [], secret)
    if not genuine(record, secret):
        return t("kit.tampered_step", step=step) if step else t("kit.tampered")
    if step:
        return t("kit.resaved", step=step)
    return "" if answers else t("kit.empty")


def remarks(record: Mapping[str, Any], key: Mapping[str, Any], seats_seen: Sequence[Any]) -> list[str]:
    """Return what the trainer may want to ask about.

    Parameters
    ----------
    record
        Content of a genuine answer file.
    key
        The class's key (``made_at``, ``rulebook``).
    seats_seen
        (time, number of steps, last link) of the seat at each checkpoint.
    """
    found = []
    log = record["log"]
    times = [dt.datetime.fromisoformat(line["at"]) for line in log]
    first, last = dt.datetime.fromisoformat(key["made_at"]), dt.datetime.fromisoformat(now())
    if any(later < earlier for earlier, later in itertools.pairwise(times)):
        found.append(t("kit.clock_back"))
    if times[0] < first or times[-1] > last:
        found.append(t("kit.clock_outside", first=log[0]["at"], last=log[-1]["at"]))
    spent = (times[-1] - times[0]).total_seconds()
    if len(times) >= FEW and spent < QUICK_SECONDS * (len(times) - 1):
        found.append(t("kit.quick", steps=len(times), seconds=f"{spent:.0f}"))
    if record.get("rulebook", {}).get("sha256") != key["rulebook"]["sha256"]:
        found.append(t("kit.other_rulebook"))
    for at, number, link in seats_seen:
        if number and (len(log) < number or log[number - 1]["link"] != link):
            found.append(t("kit.redone", at=at, steps=number))
    return found


def twins(records: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return seats whose steps bear the same times as another seat's, with those others."""
    stamps: dict[tuple[str, ...], list[str]] = {}
    for seat, record in records.items():
        log = record.get("log")
        if isinstance(log, list) and len(log) >= FEW:
            times = tuple(str(line.get("at", "")) for line in log if isinstance(line, dict))
            if len(set(times)) >= FEW:
                stamps.setdefault(times, []).append(seat)
    groups = [group for group in stamps.values() if len(group) > 1]
    return {seat: [other for other in group if other != seat] for group in groups for seat in group}


def strays(source: Path, seats: Mapping[str, Any]) -> list[str]:
    """Return the JSON files directly in a folder of answers that belong to no seat by their name."""
    return sorted(path.name for path in source.glob("*.json") if path.stem not in seats)


def checkpoint(class_dir: Path | str, *, answers: Path | str = "") -> Path:
    """Write down how far each seat is: number of steps and last link, for grading to compare with.

    What was seen once cannot be changed later without a remark, even by one who signs anew.

    Raises
    ------
    InputError
        If the folder holds no class.
    """
    folder = Path(class_dir)
    trainer = folder / "trainer"
    if not (trainer / "key.json").is_file():
        raise InputError("errors.missing_file", path=trainer / "key.json")
    source = Path(answers) if answers else folder / "seats"
    seats: dict[str, tuple[int, str]] = {}
    for case in sorted((trainer / "cases").glob("*.json")):
        path = find(source, case.stem)
        seats[case.stem] = _head(path) if path else (0, "")
    number = 1 + len(list((trainer / "checkpoints").glob("*.json")))
    target = trainer / "checkpoints" / f"{number:03d}.json"
    write_json(target, {"at": now(), "seats": {seat: list(head) for seat, head in seats.items()}})
    return target


def _head(path: Path) -> tuple[int, str]:
    """Return the number of steps of a file and its last link; nothing of a file that cannot be read."""
    try:
        log = json.loads(path.read_text("utf-8"))["log"]
        return len(log), str(log[-1]["link"]) if log else ""
    except (ValueError, KeyError, TypeError, IndexError):
        return 0, ""


def seen(folder: Path) -> dict[str, list[tuple[str, int, str]]]:
    """Return what the checkpoints of a class hold of each seat."""
    found: dict[str, list[tuple[str, int, str]]] = {}
    for at, seat, number, link in _points(folder):
        found.setdefault(seat, []).append((at, number, link))
    return found


def _points(folder: Path) -> Iterator[tuple[str, str, int, str]]:
    for path in sorted((folder / "trainer" / "checkpoints").glob("*.json")):
        try:
            point = json.loads(path.read_text("utf-8"))
            for seat, (number, link) in point["seats"].items():
                yield str(point["at"]), str(seat), int(number), str(link)
        except (ValueError, KeyError, TypeError) as error:
            raise InputError("kit.not_a_key", path=path.name, problem=str(error)[:80]) from error
