"""A class from a seed: one folder a seat without key, a sealed folder for the trainer.

Cases, forms and keys follow from the seed; the secret that signs answer files does not. It is drawn from the
system's randomness and kept in ``trainer/key.json`` only, so that who knows the seed cannot sign for another
seat. A seat's own secret lies in its ``case.json``, since the signing runs there: a signature shows changes
by hand and swapped files, it cannot stop a trainee who programs. Who knows the seed can also make the cases
again with their keys: tell it to nobody before the class is graded.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from weipian_lab.cases.families import FAMILIES
from weipian_lab.cases.ground import County
from weipian_lab.cases.kit.forms import Forms, compare_forms, difficulty
from weipian_lab.cases.kit.pages import answer_pack
from weipian_lab.cases.kit.seats import key_record, seat_record
from weipian_lab.cases.making import make
from weipian_lab.cases.scenario import Scenario
from weipian_lab.cases.signing import derive
from weipian_lab.errors import InputError, ParameterError
from weipian_lab.outputs import write_json, write_text
from weipian_lab.rulebook import load
from weipian_lab.text import Lang

__all__ = ["Prepared", "new"]

ATTEMPTS = 50


@dataclass(frozen=True)
class Prepared:
    """A class that was made."""

    folder: Path
    seats: int
    families: tuple[str, ...]
    forms: Forms


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
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Prepared:
    """Make a class.

    Parameters
    ----------
    out_dir
        Folder; gets ``seats/seat-001/case.json`` … (no key in them) and ``trainer/`` (keys, printed pack).
    layers
        Management layers (GeoPackage), usually the bundled county's.
    seats, seed
        Number of seats; seed of the cases, the forms and the keys.
    families
        Families that are drawn; all where none is named.
    secret
        Secret that signs the answer files; "" draws a new one, whatever the seed (256 bit). To give one is
        for tests that compare two classes byte by byte.
    progress
        Called with (done, total) after each seat.

    Raises
    ------
    ParameterError
        For an unknown family or no seat.
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
    if (folder / "trainer").exists():
        raise InputError("kit.class_exists", path=folder)
    county = County.read(layers, load(rulebook))
    scenarios, forms = [], []
    taken: set[tuple[object, ...]] = set()
    for number, (family, form) in enumerate(_assign(chosen, seats, seed), 1):
        scenario = _unlike(county, family, seed, number, taken)
        scenarios.append(scenario)
        forms.append(form)
        progress(number, seats)
    _write(folder, scenarios, forms, secret or secrets.token_hex(32), seed, lang)
    hard = [[difficulty(s) for s, f in zip(scenarios, forms, strict=True) if f == form] for form in "AB"]
    measured = compare_forms(hard[0], hard[1])
    write_json(folder / "trainer" / "forms.json", asdict(measured))
    return Prepared(folder, seats, tuple(chosen), measured)


def _assign(families: Sequence[str], seats: int, seed: int) -> list[tuple[str, str]]:
    """Give neighbouring seats the same family in forms A and B; which is which is drawn."""
    rng = np.random.default_rng([seed, 7])
    pairs = -(-seats // 2)
    order: list[str] = []
    while len(order) < pairs:
        order += [families[int(i)] for i in rng.permutation(len(families))]
    given = []
    for family in order[:pairs]:
        first = "AB"[int(rng.integers(2))]
        given += [(family, first), (family, "B" if first == "A" else "A")]
    return given[:seats]


def _unlike(county: County, family: str, seed: int, number: int, taken: set[tuple[object, ...]]) -> Scenario:
    """Make a scenario unlike those of the seats before."""
    for attempt in range(ATTEMPTS):
        scenario = make(family, seed * 1_000_003 + number * 101 + attempt, county)
        if scenario.fingerprint() not in taken:
            taken.add(scenario.fingerprint())
            return scenario
    raise InputError("kit.too_alike", family=family, seats=number)


def _write(
    folder: Path, scenarios: Sequence[Scenario], forms: Sequence[str], secret: str, seed: int, lang: Lang
) -> None:
    keys = {}
    for number, (scenario, form) in enumerate(zip(scenarios, forms, strict=True), 1):
        seat = f"seat-{number:03d}"
        record = seat_record(scenario, seat, derive(secret, seat))
        write_json(folder / "seats" / seat / "case.json", record)
        write_json(folder / "trainer" / "cases" / f"{seat}.json", record)
        keys[seat] = key_record(scenario, form)
    book = scenarios[0].book
    content = {
        "format": "weipian-class/1",
        "seed": seed,
        "rulebook": {"id": book.id, "sha256": book.sha256},
        "secret": secret,
        "seats": keys,
    }
    write_json(folder / "trainer" / "key.json", content)
    write_text(folder / "trainer" / "answers.html", answer_pack(scenarios, forms, lang))
