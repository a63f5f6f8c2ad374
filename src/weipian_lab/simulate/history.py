"""The county's year: which works were begun where and when, and what only looked like one."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import shapely
from numpy.random import Generator
from numpy.typing import NDArray

from weipian_lab.simulate.events import Event, Part
from weipian_lab.simulate.land import Land
from weipian_lab.simulate.protection import basic_farmland
from weipian_lab.simulate.sites import Sites, wanted_area
from weipian_lab.simulate.streams import stream
from weipian_lab.simulate.works import ILLEGAL, LAWFUL, Work

__all__ = ["make_history"]

ILLEGAL_PER_100_KM2, LAWFUL_PER_100_KM2 = 105, 52
HALF_INSIDE = 0.2  # share of unlawful works sought where basic farmland ends
FIRST_START, LAST_START = date(2023, 8, 5), date(2024, 10, 25)


def make_history(seed: int, land: Land, busy: float = 1.0) -> list[Event]:
    """Return true changes, lawful and not, in order of their number.

    Parameters
    ----------
    land
        The county's land; works stay within the county.
    busy
        Works begun, as a multiple of the usual.
    """
    rng = stream(seed, "history")
    sites = Sites(land, stream(seed, "sites"), basic_farmland(seed, land))
    area_km2 = float(shapely.area(land.polygon[land.inside]).sum()) / 1e6
    events: list[Event] = []
    for works, density, prefix in ((ILLEGAL, ILLEGAL_PER_100_KM2, "T"), (LAWFUL, LAWFUL_PER_100_KM2, "L")):
        count = max(len(works), round(busy * density * area_km2 / 100))
        for number, work in enumerate(_plan(rng, works, count)):
            own = stream(seed, "event", prefix, number)
            made = _work(own, land, sites, work, f"{prefix}{number + 1:04d}")
            events.extend(made)
    return events


def _plan(rng: Generator, works: tuple[Work, ...], count: int) -> list[Work]:
    """Each kind at least once, the rest by weight."""
    weight = np.array([w.weight for w in works])
    rest = rng.choice(len(works), max(0, count - len(works)), p=weight / weight.sum()).tolist()
    return [works[i] for i in [*range(len(works)), *rest]]


def _work(rng: Generator, land: Land, sites: Sites, work: Work, change_id: str) -> list[Event]:
    area = wanted_area(rng, work.size) if work.size != "long" else 0.0
    rows = _place(rng, sites, work, max(area, 4_000.0))
    if rows is None:
        return []
    start = FIRST_START + timedelta(days=int(rng.integers((LAST_START - FIRST_START).days)))
    actor = _actor(rng, work.actor)
    split = work.size in ("near5", "near10") and work.verdict == "ILLEGAL_NONAG" and rng.random() < 0.12
    if not split:
        ground = _track(rng, land, rows) if work.size == "long" else sites.ground(rng, rows, area)
        return [_event(rng, work, change_id, ground, start, actor, "")] if ground.area > 150.0 else []
    # one actor, several parcels within a year, each below the threshold that their sum passes
    whole = sites.ground(rng, rows, area * 1.15, slender=3.0)
    pieces = _halve(whole)
    note = "several parcels of one actor within a year"
    return [
        _event(
            rng,
            work,
            f"{change_id}{'ab'[i]}",
            piece,
            start + timedelta(days=int(60 * i + rng.integers(20))),
            actor,
            note,
        )
        for i, piece in enumerate(pieces)
    ]


def _place(rng: Generator, sites: Sites, work: Work, room_m2: float) -> NDArray[np.int64] | None:
    if work.kind == "pond_pbf":
        return sites.take(work.on, room_m2, "protected")
    if work.verdict == "ILLEGAL_NONAG" and work.size != "long" and rng.random() < HALF_INSIDE:
        rows = sites.take(work.on, room_m2, "half")
        if rows is not None:
            return rows
    return sites.take(work.on, room_m2)


def _event(
    rng: Generator,
    work: Work,
    change_id: str,
    ground: shapely.Polygon,
    start: date,
    actor: str,
    note: str,
) -> Event:
    stages = tuple((start + timedelta(days=d), cover) for d, cover in work.stages)
    tone = tuple(np.exp(rng.normal(0.0, 0.3) + rng.normal(0.0, 0.105, 6)).tolist())
    dust = float(0.6 * rng.beta(1.2, 2.0))
    part = Part(ground, stages, work.second, work.share, work.rough, tone, dust)
    corrected = stages[-1][0] if work.kind == "self_corrected" else None
    is_true = work.verdict != "NO_CLASS_CHANGE"
    lawful = work.verdict != "ILLEGAL_NONAG"
    return Event(
        change_id,
        work.kind,
        is_true,
        lawful,
        work.verdict,
        work.cause,
        work.tblx,
        start,
        stages[-1][0],
        ground,
        actor,
        corrected,
        note,
        (part,),
    )


def _actor(rng: Generator, sort: str) -> str:
    number = int(rng.integers(1, 400))
    return {
        "villager": f"村民{number:03d}",
        "company": f"企业{number:03d}",
        "village": f"村委会{number % 30:02d}",
        "project": f"项目部{number % 40:02d}",
    }.get(sort, "")


def _track(rng: Generator, land: Land, rows: np.ndarray) -> shapely.Polygon:
    """Return a road of 4–7 m along the long side of the cell."""
    whole = shapely.union_all(land.polygon[rows])
    whole = max(shapely.get_parts(whole), key=lambda p: p.area)
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(whole))
    sides = np.diff(corners, axis=0)[:2]
    longest = int(np.argmax(np.hypot(*sides.T)))
    other = sides[1 - longest]
    at = rng.uniform(0.3, 0.7)
    first = corners[longest] + (other if longest == 0 else -other) * at
    line = shapely.LineString([first, first + sides[longest]])
    return shapely.set_precision(
        max(
            shapely.get_parts(whole.intersection(line.buffer(rng.uniform(2.5, 4.2), cap_style="flat"))),
            key=lambda p: p.area,
        ),
        0.001,
    )


def _halve(shape: shapely.Polygon) -> list[shapely.Polygon]:
    """Cut a piece in two across its longer side."""
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(shape))
    sides = np.diff(corners, axis=0)[:2]
    longest = int(np.argmax(np.hypot(*sides.T)))
    half = sides[longest] * 0.5
    base, other = corners[longest], (sides[1] if longest == 0 else -sides[0])
    first = shapely.Polygon([base, base + half, base + half + other, base + other])
    pieces = [shape.intersection(first), shape.difference(first)]
    return [
        shapely.set_precision(max(shapely.get_parts(p), key=lambda q: q.area), 0.001)
        for p in pieces
        if not p.is_empty
    ]
