"""Making a scenario: place, dates, papers, photos, replies and key from one seed, in agreement."""

from __future__ import annotations

import datetime as dt
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import shapely
from numpy.random import Generator

from weipian_lab.area import meets
from weipian_lab.cases import photos as photo_checks
from weipian_lab.cases.families import FAMILIES
from weipian_lab.cases.ground import PARTS, County, Ledger
from weipian_lab.cases.placing import Place, Recipe, place
from weipian_lab.cases.routes import with_key
from weipian_lab.cases.scenario import Exhibit, Scenario
from weipian_lab.cases.way import Way, replies_of
from weipian_lab.cases.ways import Family, Setting
from weipian_lab.cases.workdays import add_workdays
from weipian_lab.errors import ParameterError
from weipian_lab.text import LANGS, t

__all__ = ["make"]

# when cases take place and how long things take: teaching choices, ends of ranges excluded
GRANTED_BY, STILL_IN_TERM, EXPIRED_BY = "20240301", "20241231", "20251101"
QUARTER_ENDS = (dt.date(2024, 3, 31), dt.date(2024, 6, 30), dt.date(2024, 9, 30))
ANNUAL_END, AFTER_EXPIRY = dt.date(2024, 9, 30), dt.date(2025, 12, 15)
IMAGE_AGE_DAYS, BETWEEN_IMAGES_DAYS, SENT_WORKDAYS, VISIT_WORKDAYS = (5, 45), (90, 320), (3, 13), 6
IN_TERM_SHARE = 0.8

SHOWN: Mapping[str, str] = {
    "total": "total",
    "cultivated": "cultivated",
    "pbf": "pbf",
    "other": "other_agricultural",
    "construction": "construction",
    "unused": "unused",
    "outside": "outside_urban",
    "redline": "redline",
    "approved": "approved",
    "filed": "filed",
    "temporary": "temporary",
}
"""Areas that the papers state (亩), with the column of the ledger."""


def make(
    family: str,
    seed: int,
    county: County,
    *,
    shape: shapely.Geometry | None = None,
    patch_id: str = "",
    case_id: str = "",
) -> Scenario:
    """Make a scenario with its key.

    Parameters
    ----------
    family
        Name of a family.
    seed
        Seed; the same family, seed, county and rulebook give the same scenario.
    county
        Management layers and rulebook.
    shape
        Patch in the county's CRS to be used instead of one drawn from the seed.
    patch_id
        Its id, kept in the case.
    case_id
        The case's id; "" makes one from family and seed, which anybody can do again.

    Raises
    ------
    ParameterError
        If there is no such family, or the patch given does not suit it.
    InputError
        If the county has no place that suits.
    """
    if family not in FAMILIES:
        raise ParameterError("errors.bad_choice", name="family", value=family, choices=", ".join(FAMILIES))
    kind = FAMILIES[family]
    rng = np.random.default_rng([seed, zlib.crc32(family.encode())])
    where = place(county, _dated(kind, rng), rng) if shape is None else _given(county, kind, shape)
    source = _source(where.ledger, county, rng)
    before, after, opened = _dates(source, kind, rng)
    setting = Setting(where, opened, county.book, rng)
    way = kind.way(setting)
    case_id = case_id or f"NX24-{zlib.crc32(f'{family}/{seed}'.encode()):08X}"
    patch = {
        "patch_id": patch_id or f"640000{case_id[-6:]}",
        "source": source,
        "date_before": before.isoformat(),
        "date_after": after.isoformat(),
        "tblx": kind.tblx[int(rng.integers(len(kind.tblx)))],
    }
    visited = add_workdays(opened, VISIT_WORKDAYS)
    shown = "restored" if kind.name == "falsified_photos" else "site"
    faults = _faults(kind, rng)
    shots = photo_checks.draw(where.shape, after, visited, (shown, "site"), faults, rng)
    checked = photo_checks.check(shots, where.shape, after, visited, county.book)
    fed_back = _corrected(county, kind, where)
    scenario = Scenario(
        family=family,
        seed=seed,
        case_id=case_id,
        opened_on=opened,
        patch=patch,
        shape=where.shape,
        crs=str(county.crs),
        ledger=_shown(county, kind, where),
        corrected=fed_back,
        exhibits=(),
        photos=tuple(shots),
        photo_problems=checked,
        matter=way.matter,
        appraisal=_appraisal(kind, way),
        replies=replies_of(kind.route, way, county.version),
        book=county.book,
    )
    scenario = _with_exhibits(scenario, kind, way, setting)
    return with_key(scenario, kind.route, way)


def _faults(kind: Family, rng: Generator) -> list[str]:
    """Return the faults of the photos offered: the family's own, or one at random among good ones."""
    if kind.faults:
        return list(kind.faults)
    faults = ["", "", "", str(rng.choice(["", *photo_checks.FAULTS]))]
    return [faults[int(i)] for i in rng.permutation(len(faults))]


def _dated(kind: Family, rng: Generator) -> Recipe:
    """Return the family's recipe; permits in or past their term are told apart by their expiry date."""
    if kind.recipe.on != "LSYD":
        return kind.recipe
    expired = kind.name == "temp_expired"

    def suits(row: dict[str, object]) -> bool:
        granted, expiry = (str(row.get(name, "")).replace("-", "")[:8] for name in ("PZRQ", "DQRQ"))
        return expiry < EXPIRED_BY if expired else granted < GRANTED_BY and expiry > STILL_IN_TERM

    return Recipe("LSYD", fits=lambda x: x.m2["temporary"] > IN_TERM_SHARE * x.m2["total"], feature=suits)


def _given(county: County, kind: Family, shape: shapely.Geometry) -> Place:
    ledger = county.ledger(shape)
    if not kind.recipe.suits(ledger, county.book):
        raise ParameterError("cases.patch_unfit", family=kind.name)
    return Place(shape, ledger, {}, (shape,))


def _shown(county: County, kind: Family, where: Place) -> Ledger:
    """Return the ledger on the table: with a shifted filing the approval does not show in it."""
    if kind.name != "filing_error":
        return where.ledger
    m2 = county.ledger(where.shape, without={"YDSP": where.shape.buffer(1.0)}).m2
    return Ledger(m2, county.version)


def _corrected(county: County, kind: Family, where: Place) -> Ledger | None:
    """Return the ledger after the correction of the data, where there is one."""
    version = f"{county.version}+"
    if kind.name == "filing_error":
        return Ledger(where.ledger.m2, version)
    if kind.name == "pbf_misdrawn":  # both attributes are put right: no basic farmland, and built on for long
        m2 = county.ledger(where.shape, without={"YJJBNTTB": where.shape.buffer(1.0)}).m2
        return Ledger({**m2, **dict.fromkeys(PARTS, 0.0), "construction": sum(m2[x] for x in PARTS)}, version)
    return None


def _source(ledger: Ledger, county: County, rng: Generator) -> str:
    """Return a source that would have sent this patch: the quarterly batch only above its thresholds."""
    column = {"PBF": "pbf", "CULTIVATED": "cultivated"}
    reached = [
        bool(meets([ledger.m2[column[threshold.kind]]], [threshold.min_mu])[0])
        for threshold in county.book.thresholds("MNR_QUARTERLY", dt.date(2024, 4, 1))
    ]
    choices = ["NX_DAILY", "NX_DAILY", "MNR_ANNUAL"]
    if any(reached):
        choices = ["MNR_QUARTERLY", "MNR_QUARTERLY", "NX_DAILY", "MNR_ANNUAL"]
    return str(rng.choice(choices))


def _dates(source: str, kind: Family, rng: Generator) -> tuple[dt.date, dt.date, dt.date]:
    """Return the dates of the two images and of the clue: 2024, later where a permit must have run out."""
    if kind.name == "temp_expired":
        end = AFTER_EXPIRY
    elif source == "MNR_ANNUAL":
        end = ANNUAL_END
    else:
        end = QUARTER_ENDS[int(rng.integers(len(QUARTER_ENDS)))]
    after = end - dt.timedelta(days=int(rng.integers(*IMAGE_AGE_DAYS)))
    before = after - dt.timedelta(days=int(rng.integers(*BETWEEN_IMAGES_DAYS)))
    lag = int(rng.integers(*SENT_WORKDAYS))
    return before, after, add_workdays(end, lag)


def _appraisal(kind: Family, way: Way) -> Mapping[str, Any]:
    if not kind.appraisal:
        return {"result": "NOT_DESTROYED", "pbf_mu": 0.0, "cultivated_mu": 0.0}
    destroyed = kind.appraisal == "DESTROYED"
    return {
        "result": kind.appraisal,
        "pbf_mu": way.pbf_mu if destroyed else 0.0,
        "cultivated_mu": way.cultivated_mu if destroyed else 0.0,
    }


def _with_exhibits(scenario: Scenario, kind: Family, way: Way, setting: Setting) -> Scenario:
    """Write the papers of the case from its own numbers."""
    ledger = scenario.ledger
    areas = {name: f"{ledger.mu(column):.2f}" for name, column in SHOWN.items()}
    areas |= {"total_m2": f"{ledger.m2['total']:.2f}", "approved_m2": f"{ledger.m2['approved']:.2f}"}
    areas["version"] = ledger.version
    clue = {
        **areas,
        **scenario.patch,
        "before": scenario.patch["date_before"],
        "after": scenario.patch["date_after"],
        "source": f"words.{scenario.patch['source']}",
        "tblx": {lang: scenario.book.code("TBLX", scenario.patch["tblx"]).text(lang) for lang in LANGS},
    }
    papers = [
        Exhibit("PATCH", "scenarios.clue", clue),
        Exhibit("SURVEY", "scenarios.survey", areas, "assign"),
        Exhibit("PLANNING", "scenarios.planning", {**areas, "plan": f"scenarios.plan_{kind.plan}"}, "assign"),
        Exhibit("APPROVAL", *_approval(ledger, areas, setting), "assign"),
        Exhibit("FIELD", f"scenarios.{kind.name}_field", dict(kind.detail(setting)), "assign"),
        Exhibit("FIELD", "scenarios.party", {"actor": f"scenarios.actor_{kind.actor}"}, "assign"),
        Exhibit("PHOTO", "scenarios.photo_list", {"count": len(scenario.photos)}, "assign"),
    ]
    if way.appraise:
        found = {"pbf": f"{way.pbf_mu:.2f}", "other": f"{way.cultivated_mu:.2f}"}
        papers.append(Exhibit("APPRAISAL", f"scenarios.appraisal_{kind.appraisal}", found, "collect"))
    if scenario.corrected is not None:
        papers.append(
            Exhibit(
                "REPLY", "scenarios.reply_adjusted", {"version": scenario.corrected.version}, "feedback_reply"
            )
        )
    if way.ended_on is not None:
        papers.append(
            Exhibit("REPLY", "scenarios.corrected_note", {"ended": way.ended_on.isoformat()}, "stop_order")
        )
    return replace(scenario, exhibits=tuple(papers))


def _approval(ledger: Ledger, areas: Mapping[str, Any], setting: Setting) -> tuple[str, Mapping[str, Any]]:
    if max(ledger.mu(name) for name in ("approved", "filed", "temporary")) <= 0:
        return "scenarios.approval_none", {}
    names = ("PZWH", "PZRQ", "BAH", "BARQ", "DQRQ", "YT", "XMMC")
    row = setting.place.feature
    known = [name for name in names if str(row.get(name, "") or "") not in {"", "nan"}]
    detail = {
        lang: "；".join(f"{t(f'words.{name}', lang=lang)} {row[name]}" for name in known) for lang in LANGS
    }
    return "scenarios.approval_some", {**areas, "detail": detail}
