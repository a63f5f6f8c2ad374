"""What the model way of a family is fed with, and which ledgers suit it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from numpy.random import Generator

from weipian_lab.area import m2_to_mu
from weipian_lab.cases.ground import Ledger
from weipian_lab.cases.placing import Place, Recipe
from weipian_lab.cases.way import Way
from weipian_lab.rulebook import Rulebook

__all__ = ["Family", "Setting"]

EVERY = ("FIELD", "PHOTO", "SURVEY", "PLANNING", "APPROVAL")
"""Evidence that a finding of illegal use rests on: the ground, and the three kinds of management data."""
YUAN = "元/m²"
# what a case is drawn from (teaching choices, no rule of law)
HEARING_SHARE, MULCH_SHARE = 0.4, 0.5
TRANSITION_DAYS, CLEARED_DAYS = (10, 31), (14, 30)
NOTHING_M2 = 1.0


@dataclass(frozen=True)
class Setting:
    """What a family's way may depend on: place, day of the clue, rulebook, random stream."""

    place: Place
    opened_on: dt.date
    book: Rulebook
    rng: Generator

    def fine(self, basis: str) -> float:
        """Draw a fine inside the range that the law gives for a basis: multiples whole, yuan in tens."""
        rule = self.book.rule(self.book.code("BASIS", basis).column("fine"), self.opened_on)
        low, high = rule.value
        if rule.unit != YUAN:
            return float(self.rng.integers(low, high + 1))
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
    plan
        What the spatial plan says of the place (key of its text ``scenarios.plan_…``).
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
    plan: str = "against"


def criminal(ledger: Ledger) -> tuple[float, float]:
    """Return 亩 of basic farmland and of other cultivated land."""
    pbf = min(ledger.m2["pbf"], ledger.m2["cultivated"])
    return float(m2_to_mu(pbf)), float(m2_to_mu(ledger.m2["cultivated"] - pbf))


def cultivated(share: float) -> Callable[[Ledger], bool]:
    return lambda ledger: ledger.m2["cultivated"] >= share * ledger.m2["total"] and clear(ledger)


def clear(ledger: Ledger) -> bool:
    return all(ledger.m2[name] < NOTHING_M2 for name in ("approved", "filed", "temporary"))


def on_pbf(low_mu: float = 0.0) -> Callable[[Ledger], bool]:
    """Say whether a patch takes so much cultivated land of the permanent basic farmland."""
    return lambda ledger: min(ledger.mu("pbf"), ledger.mu("cultivated")) >= low_mu and clear(ledger)


def off_farmland(ledger: Ledger) -> bool:
    """Say whether most of a patch is no cultivated land."""
    return ledger.m2["cultivated"] < 0.5 * ledger.m2["total"] and clear(ledger)


def penalty(
    *,
    end: str = "perform",
    appraise: bool = False,
    basis: str = "TDGLF-77",
    conforms: bool = False,
    **more: Any,
) -> Callable[[Setting], Way]:
    def way(setting: Setting) -> Way:
        pbf, other = criminal(setting.place.ledger)
        measures = _measures(setting.book, basis, conforms=conforms)
        fine = setting.fine(basis)
        area = setting.place.ledger.m2["total"]
        if more.get("beyond"):
            area = max(area - setting.place.ledger.m2["approved"], 0.0)
        return Way(
            "ILLEGAL_NONAG",
            EVERY,
            basis=basis,
            measures=measures,
            fine=fine,
            area_m2=area,
            plan_conforms=conforms,
            appraise=appraise,
            pbf_mu=round(pbf, 2),
            cultivated_mu=round(other, 2),
            end=end,
            hearing=bool(setting.rng.random() < HEARING_SHARE),
            transition_days=int(setting.rng.integers(*TRANSITION_DAYS)),
            listed=str(more.get("listed", "")),
        )

    return way


def _measures(book: Rulebook, basis: str, *, conforms: bool) -> tuple[str, ...]:
    """Return what the law of a basis orders, and a fine beside it."""
    ordered = book.code("BASIS", basis).column("measures")
    if ordered != "BY_PLAN":
        return (ordered, "FINE")
    value = book.rule(basis).value
    return (value["always"], value["conforming" if conforms else "nonconforming"], "FINE")


def police(setting: Setting) -> Way:
    pbf, other = criminal(setting.place.ledger)
    return Way("ILLEGAL_NONAG", EVERY, appraise=True, pbf_mu=round(pbf, 2), cultivated_mu=round(other, 2))


def settled(verdict: str, *grounds: str) -> Callable[[Setting], Way]:
    return lambda setting: Way(verdict, ("FIELD", "PHOTO", *grounds))


def fed_back(verdict: str, problem: str, layer: str, *grounds: str) -> Callable[[Setting], Way]:
    return lambda setting: Way(verdict, ("FIELD", "PHOTO", "REPLY", *grounds), problem=problem, layer=layer)


def handed(matter: str, *, disputed: bool = False) -> Callable[[Setting], Way]:
    return lambda setting: Way("OTHER", matter=matter, disputed=disputed)


def corrected(setting: Setting) -> Way:
    days = int(setting.rng.integers(*CLEARED_DAYS))
    return Way("ILLEGAL_NONAG", EVERY, ended_on=setting.opened_on + dt.timedelta(days=days))


def width(setting: Setting) -> Mapping[str, Any]:
    low, high = setting.book.number("T-ROAD-MIN"), setting.book.number("T-ROAD-MAX")
    stated = setting.place.feature.get("KD")
    width = float(stated) if isinstance(stated, (int, float)) else float(setting.rng.uniform(low, high))
    return {"width": f"{min(max(width, low), high):.1f}"}


def cause(setting: Setting) -> Mapping[str, Any]:
    return {"cause": f"scenarios.pseudo_{'mulch' if setting.rng.random() < MULCH_SHARE else 'harvest'}"}
