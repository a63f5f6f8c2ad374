"""What a seat gets: the case without its key, and a ticket from which the seat's keys follow.

What comes to light only on the way (field record, photos' problems, replies of others) lies in the file too,
since the engine runs at the seat; it is sealed, so that nobody reads it by the way.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import shapely

from weipian_lab.cases.ground import Ledger
from weipian_lab.cases.photos import Photo
from weipian_lab.cases.scenario import Answer, Exhibit, Key, Reply, Scenario
from weipian_lab.cases.signing import derive, seal, unseal
from weipian_lab.errors import InputError
from weipian_lab.rulebook import Rulebook, load

__all__ = ["key_record", "open_seat", "read_key", "seat_record", "signing_key"]

FORMAT = "weipian-seat/2"


def seat_record(scenario: Scenario, seat: str, ticket: str) -> dict[str, Any]:
    """Return a case as plain data without family, seed and key.

    Parameters
    ----------
    scenario
        The case.
    seat
        Name of the seat.
    ticket
        What is issued to the seat, derived from the class's secret.
    """
    corrected = scenario.corrected
    papers = [
        {"kind": x.kind, "after": x.after, "text": {"zh": x.text("zh"), "en": x.text("en")}}
        for x in scenario.exhibits
    ]
    later = {
        "corrected": {"m2": dict(corrected.m2), "version": corrected.version} if corrected else None,
        "exhibits": [paper for paper in papers if paper["after"]],
        "photos": [{**vars(photo), "taken_on": photo.taken_on.isoformat()} for photo in scenario.photos],
        "photo_problems": {name: list(problems) for name, problems in scenario.photo_problems.items()},
        "matter": scenario.matter,
        "appraisal": dict(scenario.appraisal),
        "replies": [vars(reply) | {"evidence": dict(reply.evidence)} for reply in scenario.replies],
    }
    return {
        "format": FORMAT,
        "seat": seat,
        "ticket": ticket,
        "simulated": True,
        "case_id": scenario.case_id,
        "opened_on": scenario.opened_on.isoformat(),
        "rulebook": {"id": scenario.book.id, "sha256": scenario.book.sha256},
        "patch": dict(scenario.patch),
        "shape": shapely.to_wkt(scenario.shape, rounding_precision=3),
        "crs": scenario.crs,
        "ledger": {"m2": dict(scenario.ledger.m2), "version": scenario.ledger.version},
        "exhibits": [paper for paper in papers if not paper["after"]],
        "later": seal(later, ticket),
    }


def signing_key(record: Mapping[str, Any], ticket: str) -> str:
    """Return the key that signs a seat's answers: it follows from the ticket and from the case as issued.

    A seat whose case file was changed signs with another key, which shows when its answers are graded.
    """
    plain = json.dumps(
        {name: value for name, value in record.items() if name != "ticket"},
        ensure_ascii=False,
        sort_keys=True,
    )
    return derive(ticket, f"sign/{hashlib.sha256(plain.encode()).hexdigest()}")


def open_seat(path: Path | str, book: Rulebook | None = None, *, secret: str = "") -> Scenario:
    """Read a seat's case file.

    Parameters
    ----------
    path
        ``case.json``.
    book
        Its rulebook, loaded already.
    secret
        The class's secret, with which the trainer derives the ticket instead of believing the file.

    Raises
    ------
    InputError
        If the file is missing, no case file of a seat, or its sealed part was changed.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("errors.missing_file", path=path)
    try:
        record = json.loads(path.read_text("utf-8"))
        if record["format"] != FORMAT:
            raise KeyError("format")
        ticket = derive(secret, f"ticket/{record['seat']}") if secret else str(record["ticket"])
        whole = {**record, **unseal(str(record["later"]), ticket)}
        whole["exhibits"] = [*record["exhibits"], *whole["exhibits"]]
        return _scenario(whole, book or load(record["rulebook"]["id"]), signing_key(record, ticket))
    except (ValueError, KeyError, TypeError, shapely.errors.ShapelyError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError("kit.not_a_seat", path=path.name, problem=str(error)[:80]) from error


def _ledger(record: Mapping[str, Any] | None) -> Ledger | None:
    return Ledger(dict(record["m2"]), str(record["version"])) if record else None


def _scenario(record: Mapping[str, Any], book: Rulebook, key: str) -> Scenario:
    ledger = _ledger(record["ledger"])
    if ledger is None:
        raise KeyError("ledger")
    shots = (Photo(**{**x, "taken_on": dt.date.fromisoformat(x["taken_on"])}) for x in record["photos"])
    return Scenario(
        family="",
        seed=0,
        case_id=str(record["case_id"]),
        opened_on=dt.date.fromisoformat(record["opened_on"]),
        patch=record["patch"],
        shape=shapely.from_wkt(record["shape"]),
        crs=str(record["crs"]),
        ledger=ledger,
        corrected=_ledger(record["corrected"]),
        exhibits=tuple(Exhibit(x["kind"], "", after=x["after"], fixed=x["text"]) for x in record["exhibits"]),
        photos=tuple(shots),
        photo_problems=record["photo_problems"],
        matter=str(record["matter"]),
        appraisal=record["appraisal"],
        replies=tuple(Reply(**reply) for reply in record["replies"]),
        book=book,
        secret=key,
    )


def key_record(scenario: Scenario, form: str) -> dict[str, Any]:
    """Return a seat's key as plain data, for the sealed folder."""
    key = scenario.key
    if key is None:
        raise InputError("cases.no_key", case=scenario.case_id)
    return {
        "case_id": scenario.case_id,
        "family": scenario.family,
        "seed": scenario.seed,
        "form": form,
        "verdict": key.verdict,
        "state": key.state,
        "facts": dict(key.facts),
        "grounds": sorted(key.grounds),
        "flags": sorted(key.flags),
        "answers": [answer.record() for answer in key.answers],
    }


def read_key(record: Mapping[str, Any]) -> Key:
    """Return a key from the sealed folder's data."""
    answers = [Answer(x["event"], dt.date.fromisoformat(x["on"]), x["evidence"]) for x in record["answers"]]
    return Key(
        record["verdict"],
        record["state"],
        tuple(answers),
        record["facts"],
        frozenset(record["grounds"]),
        frozenset(record["flags"]),
    )
