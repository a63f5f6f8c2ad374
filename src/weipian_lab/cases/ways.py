"""What the model way of a family is fed with, and which ledgers suit it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from numpy.random import Generator

from weipian_lab.area import meets
from weipian_lab.cases.ground import Ledger
from weipian_lab.cases.placing import Place, Recipe
from weipian_lab.cases.way import Way
from weipian_lab.rulebook import Rulebook

__all__ = ["Family", "Setting"]


@dataclass(frozen=True)
class Setting:
    """What a family's way may depend on: place, day of the clue, rulebook, random stream."""

    place: Place
    opened_on: dt.date
    book: Rulebook
    rng: Generator

    @property
    def fine(self) -> float:
        """A fine inside the range of Regulations 57, in steps of 10."""
        low, high = self.book.rule("SSTL-57").value
        return float(self.rng.integers(low // 10, high // 20) * 10)


@dataclass(frozen=True)
class Family:
    """One kind of scenario.

    Parameters
    ----------
    name
        Name; its texts are ``scenarios.<name>…``.
    recipe
        Where it happens.
    route
        Name of the model way.
    way
        Builds the way for a setting.
    illegal
        Whether this department penalises or transfers (False: lawful, pseudo, or another's matter).
    actor
        Key of the party's text.
    tblx
        Patch types that fit.
    faults
        Faults of the photos offered.
    appraisal
        What an expert finds ("" where none is asked for).
    detail
        Further values of the field record.
    quarterly
        Whether the patch comes with the ministry's quarterly batch where its areas allow.
    """

    name: str
    recipe: Recipe
    route: str
    way: Callable[[Setting], Way]
    illegal: bool
    actor: str
    tblx: tuple[str, ...]
    faults: tuple[str, ...] = ()
    appraisal: str = ""
    detail: Callable[[Setting], Mapping[str, Any]] = lambda setting: {}


def scaled(ledger: Ledger, book: Rulebook) -> bool:
    """Say whether a ledger reaches the criminal-law scale."""
    pbf, other = criminal(ledger)
    reached = meets(
        [pbf / 0.0015, other / 0.0015], [book.number("FS14-3-PBF"), book.number("FS14-3-CULTIVATED")]
    )
    return bool(reached.any())


def criminal(ledger: Ledger) -> tuple[float, float]:
    """Return 亩 of basic farmland and of other cultivated land."""
    pbf = min(ledger.m2["pbf"], ledger.m2["cultivated"])
    return pbf * 0.0015, (ledger.m2["cultivated"] - pbf) * 0.0015


def cultivated(share: float) -> Callable[[Ledger], bool]:
    return lambda ledger: ledger.m2["cultivated"] >= share * ledger.m2["total"] and clear(ledger)


def clear(ledger: Ledger) -> bool:
    return all(ledger.m2[name] < 1.0 for name in ("approved", "filed", "temporary"))


def on_pbf(low_mu: float) -> Callable[[Ledger], bool]:
    return lambda ledger: ledger.mu("pbf") >= low_mu and clear(ledger)


def off_farmland(ledger: Ledger) -> bool:
    """Say whether most of a patch is no cultivated land."""
    return ledger.m2["cultivated"] < 0.5 * ledger.m2["total"] and clear(ledger)


def penalty(
    *, end: str = "perform", appraise: bool = False, basis: str = "TDGLF-77", **more: Any
) -> Callable[[Setting], Way]:
    def way(setting: Setting) -> Way:
        pbf, other = criminal(setting.place.ledger)
        measures = {"TDGLF-75": ("RESTORE", "FINE"), "SSTL-52": ("DEMOLISH", "FINE")}.get(
            basis, ("DEMOLISH", "FINE")
        )
        fine = setting.fine if basis == "TDGLF-77" else float(setting.rng.integers(5, 11))
        area = setting.place.ledger.m2["total"]
        if more.get("beyond"):
            area = max(area - setting.place.ledger.m2["approved"], 0.0)
        return Way(
            "ILLEGAL_NONAG",
            ("FIELD", "PHOTO", "SURVEY", "PLANNING", "APPROVAL"),
            basis=basis,
            measures=measures,
            fine=fine,
            area_m2=area,
            appraise=appraise,
            pbf_mu=round(pbf, 2),
            cultivated_mu=round(other, 2),
            end=end,
            hearing=bool(setting.rng.random() < 0.4),
            transition_days=int(setting.rng.integers(10, 31)),
            listed=str(more.get("listed", "")),
        )

    return way


def police(setting: Setting) -> Way:
    pbf, other = criminal(setting.place.ledger)
    grounds = ("FIELD", "PHOTO", "SURVEY", "PLANNING", "APPROVAL")
    return Way("ILLEGAL_NONAG", grounds, appraise=True, pbf_mu=round(pbf, 2), cultivated_mu=round(other, 2))


def settled(verdict: str, *grounds: str) -> Callable[[Setting], Way]:
    return lambda setting: Way(verdict, ("FIELD", "PHOTO", *grounds))


def fed_back(verdict: str, problem: str, layer: str, *grounds: str) -> Callable[[Setting], Way]:
    return lambda setting: Way(verdict, ("FIELD", "PHOTO", "REPLY", *grounds), problem=problem, layer=layer)


def handed(matter: str, *, disputed: bool = False) -> Callable[[Setting], Way]:
    return lambda setting: Way("OTHER", matter=matter, disputed=disputed)


def corrected(setting: Setting) -> Way:
    days = int(setting.rng.integers(14, 30))
    return Way(
        "ILLEGAL_NONAG",
        ("FIELD", "PHOTO", "SURVEY", "PLANNING", "APPROVAL"),
        ended_on=setting.opened_on + dt.timedelta(days=days),
    )


def width(setting: Setting) -> Mapping[str, Any]:
    low, high = setting.book.number("T-ROAD-MIN"), setting.book.number("T-ROAD-MAX")
    stated = setting.place.feature.get("KD")
    width = float(stated) if isinstance(stated, (int, float)) else float(setting.rng.uniform(low, high))
    return {"width": f"{min(max(width, low), high):.1f}"}


def cause(setting: Setting) -> Mapping[str, Any]:
    return {"cause": f"scenarios.pseudo_{'mulch' if setting.rng.random() < 0.5 else 'harvest'}"}
