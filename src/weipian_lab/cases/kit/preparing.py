"""A class from a seed and a secret: one folder a seat without key, a sealed folder for the trainer.

The secret is drawn from the system's randomness and stands in ``trainer/key.json`` only. From it follow the
ids and seeds of the cases, which seat gets which family, and the tickets that seats sign with; so neither the
class's seed nor the public code lets a trainee make a case again with its key. The file of keys maps each
seat to its family and seed, from which the trainer can.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from weipian_lab.cases.families import FAMILIES
from weipian_lab.cases.ground import County
from weipian_lab.cases.kit.book import seat_notebook
from weipian_lab.cases.kit.forms import Forms, compare_forms, difficulty
from weipian_lab.cases.kit.pack import answer_pack
from weipian_lab.cases.kit.seats import key_record, seat_record
from weipian_lab.cases.making import make
from weipian_lab.cases.scenario import Scenario
from weipian_lab.cases.signing import derive, now
from weipian_lab.errors import InputError, ParameterError
from weipian_lab.outputs import write_json, write_text
from weipian_lab.rulebook import load
from weipian_lab.text import Lang

__all__ = ["Prepared", "new"]

EXPLAIN = ("step", "end")
ATTEMPTS = 50
TRIES, NEAR = 4, 1.0
"""Cases tried for the second seat of a pair; difference in decisions at which the first is taken."""


@dataclass(frozen=True)
class Prepared:
    """A class that was made."""

    folder: Path
    seats: int
    families: tuple[str, ...]
    forms: Forms


@dataclass(frozen=True)
class Source:
    """Where a class comes from; all that is drawn follows from both, nothing from the seed alone."""

    secret: str
    seed: int

    def text(self, purpose: str) -> str:
        """Return 64 hex digits for a purpose."""
        return derive(self.secret, f"{purpose}/{self.seed}")

    def number(self, purpose: str) -> int:
        """Return a number of 63 bits for a purpose."""
        return int(self.text(purpose)[:16], 16) >> 1


def new(
    out_dir: Path | str,
    layers: Path | str,
    *,
    seats: int = 30,
    seed: int = 0,
    families: Sequence[str] = (),
    rulebook: str = "ningxia-2024",
    lang: Lang = "zh",
    secret: str = "",
    notebook: Path | str = "",
    explain: str = "step",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Prepared:
    """Make a class.

    Parameters
    ----------
    out_dir
        Folder; gets ``seats/seat-001/case.json`` … (no key in them) and ``trainer/`` (keys, printed pack).
        With `notebook` each seat also gets ``case.ipynb``, to be opened and run.
    layers
        Management layers (GeoPackage), usually the bundled county's.
    seats, seed
        Number of seats; the same seed and secret give the same class, byte by byte but for its date.
    families
        Families that are drawn; all where none is named.
    secret
        The class's secret; "" draws a new one, whatever the seed (256 bit). To give one makes a class again.
    notebook
        The walkthrough notebook that the seats' notebooks are made of; "" makes none.
    explain
        When a seat hears why something was refused or wrong: "step" (at once) or "end".
    progress
        Called with (done, total) after each seat.

    Raises
    ------
    ParameterError
        For an unknown family, no seat, an unknown time of explaining.
    InputError
        If the folder holds a class already, or the county has no place for a family.
    """
    folder = Path(out_dir)
    chosen = list(families) or list(FAMILIES)
    unknown = [name for name in chosen if name not in FAMILIES]
    if unknown:
        raise ParameterError(
            "errors.bad_choice", name="families", value=unknown[0], choices=", ".join(FAMILIES)
        )
    if seats < 1:
        raise ParameterError("errors.not_positive", name="seats", value=seats)
    if explain not in EXPLAIN:
        raise ParameterError("errors.bad_choice", name="explain", value=explain, choices=", ".join(EXPLAIN))
    if (folder / "trainer").exists():
        raise InputError("kit.class_exists", path=folder)
    county = County.read(layers, load(rulebook))
    secret = secret or secrets.token_hex(32)
    source = Source(secret, seed)
    scenarios, forms = [], []
    taken: set[tuple[object, ...]] = set()
    partners: dict[int, Scenario] = {}
    for number, (family, form, pair) in enumerate(_assign(chosen, seats, source), 1):
        scenario = _unlike(county, family, source, number, taken, partners.get(pair))
        partners[pair] = scenario
        scenarios.append(scenario)
        forms.append(form)
        progress(number, seats)
    _write(folder, scenarios, forms, source)
    if notebook:
        _notebooks(folder / "seats", len(scenarios), Path(notebook), lang=lang, explain=explain)
    measured = _compared(scenarios, forms)
    write_json(folder / "trainer" / "forms.json", asdict(measured))
    write_text(folder / "trainer" / "answers.html", answer_pack(scenarios, forms, measured, lang))
    return Prepared(folder, seats, tuple(chosen), measured)


def _notebooks(folder: Path, seats: int, template: Path, **values: str) -> None:
    """Give each seat its notebook; what it writes stays in the seat's folder."""
    for number in range(1, seats + 1):
        seat = f"seat-{number:03d}"
        own = {"out_dir": ".", "case": "case.json", "trainee": seat, **values}
        write_text(folder / seat / "case.ipynb", seat_notebook(template, own))


def _compared(scenarios: Sequence[Scenario], forms: Sequence[str]) -> Forms:
    hard = [[difficulty(s) for s, f in zip(scenarios, forms, strict=True) if f == form] for form in "AB"]
    return compare_forms(hard[0], hard[1])


def _assign(families: Sequence[str], seats: int, source: Source) -> list[tuple[str, str, int]]:
    """Return family, form and pair of each seat: a pair has one family, one seat in form A and one in B."""
    rng = np.random.default_rng(source.number("assign"))
    pairs = -(-seats // 2)
    order: list[str] = []
    while len(order) < pairs:
        order += [families[int(i)] for i in rng.permutation(len(families))]
    given = []
    for pair, family in enumerate(order[:pairs]):
        first = "AB"[int(rng.integers(2))]
        given += [(family, first, pair), (family, "B" if first == "A" else "A", pair)]
    return [given[int(i)] for i in rng.permutation(seats)]


def _unlike(
    county: County,
    family: str,
    source: Source,
    number: int,
    taken: set[tuple[object, ...]],
    partner: Scenario | None,
) -> Scenario:
    """Make a scenario unlike those before it, and about as hard as that of the pair's other seat.

    Of the first few the nearest in difficulty is taken; most often the first is equal already.
    """
    found: list[Scenario] = []
    case_id = f"NX24-{source.text(f'id/{number}')[:12].upper()}"
    for attempt in range(ATTEMPTS):
        seed = source.number(f"case/{number}/{attempt}")
        scenario = make(family, seed, county, case_id=case_id)
        if scenario.fingerprint() not in taken:
            found.append(scenario)
            if partner is None or _gap(scenario, partner) <= NEAR or len(found) == TRIES:
                break
    if not found:
        raise InputError("kit.too_alike", family=family, seats=number)
    best = min(found, key=lambda one: _gap(one, partner)) if partner else found[0]
    taken.add(best.fingerprint())
    return best


def _gap(one: Scenario, other: Scenario) -> float:
    return abs(difficulty(one) - difficulty(other))


def _write(folder: Path, scenarios: Sequence[Scenario], forms: Sequence[str], source: Source) -> None:
    keys = {}
    for number, (scenario, form) in enumerate(zip(scenarios, forms, strict=True), 1):
        seat = f"seat-{number:03d}"
        record = seat_record(scenario, seat, derive(source.secret, f"ticket/{seat}"))
        write_json(folder / "seats" / seat / "case.json", record)
        write_json(folder / "trainer" / "cases" / f"{seat}.json", record)
        keys[seat] = key_record(scenario, form)
    book = scenarios[0].book
    content = {
        "format": "weipian-class/2",
        "made_at": now(),
        "seed": source.seed,
        "rulebook": {"id": book.id, "sha256": book.sha256},
        "secret": source.secret,
        "seats": keys,
    }
    write_json(folder / "trainer" / "key.json", content)
