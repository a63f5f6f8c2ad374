"""Pseudo-changes: what an interpreter may take for a change of use and a visit finds to be none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import shapely
from numpy.random import Generator
from numpy.typing import NDArray

from weipian_lab.simulate.events import Event, Part
from weipian_lab.simulate.land import Land
from weipian_lab.simulate.sites import Sites
from weipian_lab.simulate.sizes import Size
from weipian_lab.simulate.sky import Sky
from weipian_lab.simulate.streams import stream

__all__ = ["PSEUDO", "Look", "make_pseudo"]

_D = date


@dataclass(frozen=True, slots=True)
class Look:
    """A kind of pseudo-change.

    Parameters
    ----------
    kind
        Name, also the cause in ``verified.csv``.
    before, after
        Dates of the pair in which it shows.
    crops
        Crops of the later year it happens on; empty for any.
    kinds
        Kinds of parcel it happens on.
    cover
        Cover between `before` and `until` if something is put there, "" if the season alone does it.
    verdict
        What a careful visit finds.
    """

    kind: str
    before: date
    after: date
    crops: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ("field",)
    cover: str = ""
    since: date | None = None
    until: date | None = None
    tblx: str = "LT"
    share: float = 1.0
    verdict: str = "PSEUDO_CHANGE"
    second: str = "soil_dry"


PSEUDO: tuple[Look, ...] = (
    Look("crop_harvest", _D(2024, 7, 17), _D(2024, 10, 15), ("maize", "mulched", "sunflower")),
    Look("wheat_ripening", _D(2024, 6, 12), _D(2024, 7, 17), ("wheat",)),
    Look("wheat_ploughed", _D(2024, 6, 12), _D(2024, 7, 17), ("wheat_second",)),
    Look("crop_rotation", _D(2023, 7, 18), _D(2024, 7, 17), ("wheat", "wheat_second", "sunflower",
         "vegetable")),
    Look("alfalfa_rotation", _D(2023, 7, 18), _D(2024, 7, 17), ("alfalfa",), verdict="NO_CLASS_CHANGE"),
    Look("mulch_film", _D(2023, 7, 18), _D(2024, 4, 23), ("mulched",)),
    Look("greenhouse_film", _D(2023, 7, 18), _D(2024, 7, 17), cover="film_crop", since=_D(2024, 3, 1),
         tblx="20",
         verdict="NO_CLASS_CHANGE", share=0.8, second="soil_moist"),
    Look("winter_irrigation", _D(2024, 10, 15), _D(2024, 11, 14), ("maize", "wheat", "mulched")),
    Look("flooded_paddy", _D(2024, 4, 23), _D(2024, 6, 12), ("rice",), ("paddy",), tblx="SM"),
    Look("fallow_cleared", _D(2023, 7, 18), _D(2024, 7, 17), cover="soil_dry", since=_D(2024, 6, 25),
         until=_D(2024, 8, 20), tblx="TP"),
    Look("straw_heap", _D(2024, 7, 17), _D(2024, 10, 15), cover="straw", since=_D(2024, 9, 25),
         until=_D(2025, 3, 1),
         tblx="TD", share=0.25),
    Look("threshing_yard", _D(2024, 6, 12), _D(2024, 7, 17), cover="yard:0.6+straw:0.4", since=_D(2024, 6,
         28),
         until=_D(2024, 8, 10), tblx="YH", share=0.2),
    Look("dust_net", _D(2024, 7, 17), _D(2024, 10, 15), kinds=("open", "works"), cover="black_net",
         since=_D(2024, 8, 1), tblx="TD", second="green_net", verdict="UNDETERMINED"),
    Look("canal_drained", _D(2024, 7, 17), _D(2024, 10, 15), kinds=("trunk_canal",)),
    Look("pond_drained", _D(2024, 7, 17), _D(2024, 10, 15), kinds=("fish_pond", "farm_pond"),
         cover="canal_bed",
         since=_D(2024, 9, 28), until=_D(2025, 4, 10)),
    Look("algae_bloom", _D(2023, 7, 18), _D(2024, 7, 17), kinds=("fish_pond", "lake"),
         cover="reed_full:0.5+algae_water:0.5",
         since=_D(2024, 7, 1), until=_D(2024, 9, 20), tblx="04"),
    Look("salt_efflorescence", _D(2023, 7, 18), _D(2024, 4, 23), cover="saline_crust:0.7+soil_dry:0.3",
         since=_D(2024, 2, 20),
         until=_D(2024, 6, 1)),
    Look("vine_buried", _D(2024, 7, 17), _D(2024, 11, 14), kinds=("vineyard",), tblx="DT"),
    Look("orchard_renewed", _D(2023, 7, 18), _D(2024, 7, 17), kinds=("orchard", "vineyard", "wolfberry"),
         cover="soil_dry:0.8+emergence:0.2", since=_D(2024, 3, 20), tblx="TP", verdict="NO_CLASS_CHANGE"),
    Look("cloud", _D(2024, 4, 23), _D(2024, 6, 12), tblx="20"),
    Look("cloud_shadow", _D(2024, 4, 23), _D(2024, 6, 12), tblx="SM"),
    Look("forgotten_offset", _D(2024, 10, 15), _D(2024, 11, 14), kinds=("lake", "wood", "works")),
    Look("misregistration", _D(2024, 7, 17), _D(2024, 10, 15), kinds=("road_main", "trunk_canal"),
         tblx="DL1"),
    # these two show between dates that only the large county has
    Look("river_bar", _D(2023, 7, 18), _D(2023, 10, 21), kinds=("bar",), tblx="CK"),
    Look("snow", _D(2023, 10, 21), _D(2024, 1, 14), tblx="20"),
)  # fmt: skip
PER_KIND_PER_100_KM2 = 8


def make_pseudo(seed: int, size: Size, land: Land, taken: NDArray[np.object_]) -> list[Event]:
    """Return examples of every kind of pseudo-change that the county's scenes can show.

    Parameters
    ----------
    taken
        Ground of true changes, which stays free of them.
    """
    tree = shapely.STRtree(taken)
    busy = np.zeros(len(land.kind), bool)
    busy[np.unique(tree.query(land.polygon, predicate="intersects")[0])] = True
    area_km2 = float(shapely.area(land.polygon[land.inside]).sum()) / 1e6
    count = max(3, round(PER_KIND_PER_100_KM2 * area_km2 / 100))
    days = {s.day for s in size.scenes}
    events: list[Event] = []
    for look in PSEUDO:
        if not {look.before, look.after} <= days:
            continue
        rows = _candidates(seed, size, land, look) & ~busy
        own = stream(seed, "pseudo", look.kind)
        chosen = own.permutation(np.flatnonzero(rows))[:count]
        busy[chosen] = True
        for row in chosen.tolist():
            events.append(_example(own, land, look, row, f"P{len(events) + 1:04d}"))
    return events


def _candidates(seed: int, size: Size, land: Land, look: Look) -> NDArray[np.bool_]:
    rows = land.inside & np.isin(land.kind, look.kinds) & (shapely.area(land.polygon) > 1_200.0)
    if look.crops:
        year = land.years.index(look.after.year)
        rows = rows & np.isin(land.crop[:, year], look.crops)
        if look.before.year != look.after.year:
            old = land.crop[:, land.years.index(look.before.year)]
            rows = rows & (~np.isin(old, look.crops) if look.kind != "mulch_film" else rows)
    if look.kind in ("cloud", "cloud_shadow"):
        scene = next(s for s in size.scenes if s.day == look.after)
        centre = shapely.get_coordinates(shapely.centroid(land.polygon))
        cloud, shadow = Sky(seed, scene, size).shade_at(centre[:, 0], centre[:, 1])
        rows &= (cloud > 0.5) if look.kind == "cloud" else (shadow > 0.4) & (cloud < -0.3)
    if look.kind == "snow":
        scene = next(s for s in size.scenes if s.day == look.after)
        centre = shapely.get_coordinates(shapely.centroid(land.polygon))
        rows &= Sky(seed, scene, size).snow_at(centre[:, 0], centre[:, 1]) > 0.6
    return np.asarray(rows)


def _example(rng: Generator, land: Land, look: Look, row: int, change_id: str) -> Event:
    shape = land.polygon[row]
    parts: tuple[Part, ...] = ()
    if look.cover and look.since:
        if look.share < 1.0:
            shape = Sites.piece(rng, shape, look.share)
        stages = ((look.since, look.cover), *(((look.until, ""),) if look.until else ()))
        parts = (Part(shape, stages, look.second, 0.2, 0.4),)
    return Event(
        change_id, look.kind, False, True, look.verdict, look.kind, look.tblx, look.before, look.after,
        shape, parts=parts
    )  # fmt: skip
