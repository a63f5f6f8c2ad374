"""The land of one county: parcels with their polygons, uses, crops and habits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from weipian_lab.simulate.cutting import cut
from weipian_lab.simulate.lattice import Bend, polygons
from weipian_lab.simulate.mosaic import mosaic
from weipian_lab.simulate.nature import features
from weipian_lab.simulate.network import MARGIN_DM
from weipian_lab.simulate.sizes import Size
from weipian_lab.simulate.streams import stream

__all__ = ["KINDS", "Kind", "Land", "make_land"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of parcel is.

    Parameters
    ----------
    dlbm
        Land class of the third national survey (三调), four digits.
    cover, second
        Curves of the two parts its pixels are mixed of ("crop": the field's crop of the year).
    rough
        0: the mix varies smoothly across the parcel; 1: it varies from pixel to pixel, as in a village.
    share
        Mean share of the second part.
    """

    dlbm: str
    cover: str
    second: str
    rough: float
    share: float


KINDS: dict[str, Kind] = {
    "field": Kind("0102", "crop", "poor", 0.1, 0.22),
    "paddy": Kind("0101", "crop", "poor", 0.1, 0.15),
    "garden_field": Kind("0102", "crop", "poor", 0.3, 0.2),
    "greenhouse": Kind("0102", "greenhouse", "gaps", 0.7, 0.42),
    "vineyard": Kind("0201", "vineyard", "bare", 0.2, 0.18),
    "orchard": Kind("0201", "orchard", "bare", 0.3, 0.15),
    "wolfberry": Kind("0204", "wolfberry", "bare", 0.2, 0.15),
    "wood": Kind("0307", "trees", "grass", 0.5, 0.25),
    "belt": Kind("0301", "trees", "grass", 0.6, 0.25),
    "shrub": Kind("0305", "shrub", "sand", 0.5, 0.35),
    "natural_grass": Kind("0401", "steppe", "bare", 0.4, 0.3),
    "grass": Kind("0404", "grass", "bare", 0.4, 0.25),
    "sand": Kind("1205", "sand", "shrub", 0.4, 0.25),
    "saline": Kind("1204", "saline", "grass", 0.4, 0.3),
    "bare": Kind("1206", "bare", "steppe", 0.4, 0.25),
    "marsh": Kind("1108", "reed", "lake", 0.5, 0.35),
    "lake": Kind("1102", "lake", "reed", 0.2, 0.04),
    "river": Kind("1101", "river", "bare", 0.1, 0.05),
    "bar": Kind("1106", "bar", "grass", 0.4, 0.3),
    "expressway": Kind("1003", "asphalt", "concrete", 0.2, 0.35),
    "farm_pond": Kind("1104", "pond", "reed", 0.3, 0.15),
    "fish_pond": Kind("1104A", "pond", "ditch", 0.3, 0.12),
    "trunk_canal": Kind("1107A", "canal", "grass", 0.2, 0.2),
    "ditch": Kind("1107", "ditch", "grass", 0.3, 0.3),
    "ditch_small": Kind("1107", "ditch", "grass", 0.3, 0.4),
    "drain": Kind("1107", "drain", "grass", 0.3, 0.25),
    "track": Kind("1006", "dirt", "grass", 0.3, 0.25),
    "road_rural": Kind("1006", "concrete", "trees", 0.4, 0.35),
    "road_county": Kind("1003", "asphalt", "trees", 0.3, 0.2),
    "road_main": Kind("1003", "asphalt", "concrete", 0.2, 0.2),
    "lane": Kind("1004", "yard", "trees", 0.6, 0.25),
    "street": Kind("1004", "asphalt", "trees", 0.4, 0.25),
    "house_row": Kind("0702", "houses", "trees", 1.0, 0.3),
    "garden": Kind("0307", "trees", "yard", 0.8, 0.35),
    "open": Kind("1201", "yard", "grass", 0.6, 0.45),
    "public": Kind("08H2", "flats", "grass", 0.8, 0.4),
    "flats": Kind("0701", "flats", "trees", 1.0, 0.28),
    "shops": Kind("05H1", "flats", "concrete", 0.9, 0.4),
    "park_plot": Kind("0810", "trees", "grass", 0.7, 0.5),
    "works": Kind("0601", "works", "yard", 0.8, 0.4),
    "store": Kind("0508", "works", "concrete", 0.7, 0.45),
    "winery": Kind("0601", "flats", "trees", 0.8, 0.35),
    "facility": Kind("1202", "works", "yard", 0.8, 0.55),
    "farmyard": Kind("1202", "works", "yard", 0.8, 0.55),
}


@dataclass(frozen=True, slots=True)
class Land:
    """Parcels of the county and of the land around it, one row each.

    Attributes
    ----------
    polygon
        Polygons in the image CRS, coordinates in whole millimetres; together a coverage.
    kind
        Keys of :data:`KINDS`.
    inside
        Whether the parcel belongs to the county.
    block, cell
        Where in the mosaic it lies.
    village
        Number of the village it belongs to, from 0.
    command
        Number of the canal command that waters it.
    crop
        ``(n, years)`` crop names, "" off fields; `years` says which.
    shift_d
        ``(n, years)`` days by which the field is late.
    vigour
        ``(n, years)`` 0–1, share of the crop's full growth.
    tone
        ``(n, 6)`` factor on the parcel's reflectance.
    """

    polygon: NDArray[np.object_]
    kind: NDArray[np.str_]
    inside: NDArray[np.bool_]
    block: NDArray[np.int64]
    cell: NDArray[np.int64]
    village: NDArray[np.int64]
    command: NDArray[np.int64]
    crop: NDArray[np.str_]
    shift_d: Array
    vigour: Array
    tone: Array
    years: tuple[int, ...]


def make_land(seed: int, size: Size) -> Land:
    """Make the parcels of a county of size `size`."""
    rects = mosaic(seed, size.width_m, size.height_m)
    bend = Bend(
        seed,
        size.west_m - MARGIN_DM / 10,
        size.north_m - size.height_m - MARGIN_DM / 10,
        (size.width_m * 5.0 + MARGIN_DM, size.height_m * 5.0 + MARGIN_DM),
    )
    shapes = polygons(rects.rects, bend)
    box = shapely.box(*size.grid.bounds)
    near = shapely.intersects(shapes, box)
    inside = _county_blocks(shapes, rects.block, box)[near]
    shapes, kind, block, cell = shapes[near], rects.kind[near], rects.block[near], rects.cell[near]
    bounds = shapely.bounds(shapes)
    for feature in features(seed, size):
        done = cut(shapes, _number(block), feature, bounds)
        fresh = done.polygon[(kept := done.uncut) :]
        bounds = np.concatenate([bounds[done.source[:kept]], shapely.bounds(fresh)])
        shapes, inside, block = done.polygon, inside[done.source], block[done.source]
        cell = np.where(done.kind == "", cell[done.source], -1)
        kind = np.where(done.kind == "", kind[done.source], done.kind)
    years = tuple(sorted({s.day.year for s in size.scenes}))
    crop = _crops(seed, kind, cell, years)
    shift, vigour = _habits(seed, cell, years)
    return Land(
        shapes,
        kind,
        inside,
        block,
        cell,
        _villages(block),
        _commands(block),
        crop,
        shift,
        vigour,
        _tone(seed, kind),
        years,
    )


def _number(block: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray(block[:, 0] * 10_000 + block[:, 1])


def _county_blocks(
    shapes: NDArray[np.object_], block: NDArray[np.int64], box: shapely.Polygon
) -> NDArray[np.bool_]:
    """Blocks that lie wholly in the image make the county, less two corners for a ragged outline."""
    within = shapely.within(shapes, box.buffer(-20.0))
    width = int(block[:, 1].max()) + 1
    number = block[:, 0] * width + block[:, 1]
    whole = np.bincount(number, ~within) == 0
    present = np.bincount(number) > 0
    rows = [n for n in np.flatnonzero(whole & present).tolist()]
    columns, lines = sorted({n // width for n in rows}), sorted({n % width for n in rows})
    for corner in ((columns[0], lines[0]), (columns[-1], lines[-1])):
        whole[corner[0] * width + corner[1]] = False
    return np.asarray(whole[number])


def _villages(block: NDArray[np.int64]) -> NDArray[np.int64]:
    """Two by two blocks make a village's land."""
    height = int(block[:, 1].max()) // 2 + 1
    return np.asarray(block[:, 0] // 2 * height + block[:, 1] // 2)


def _commands(block: NDArray[np.int64]) -> NDArray[np.int64]:
    """Blocks along one branch canal are watered together, in pairs of columns."""
    height = int(block[:, 1].max()) + 1
    return np.asarray(block[:, 0] // 2 * height + block[:, 1])


_MIX = {  # shares of crops on ordinary fields
    "maize": 0.42,
    "wheat": 0.15,
    "wheat_second": 0.09,
    "alfalfa": 0.08,
    "vegetable": 0.08,
    "mulched": 0.1,
    "sunflower": 0.04,
    "fallow": 0.04,
}


def _crops(
    seed: int,
    kind: NDArray[np.str_],
    cell: NDArray[np.int64],
    years: tuple[int, ...],
) -> NDArray[np.str_]:
    """Crops by year: a cell mostly grows one crop, which rotates; single farmers differ."""
    n, names = len(kind), np.array(list(_MIX))
    weight = np.cumsum(list(_MIX.values()))
    weight /= weight[-1]
    result = np.full((n, len(years)), "", dtype="U12")
    field = np.isin(kind, ("field", "paddy", "garden_field"))
    cells, at = np.unique(cell, return_inverse=True)
    keep = stream(seed, "crops", "keep")
    own = keep.random(n)
    for y, year in enumerate(years):
        rng = stream(seed, "crops", year)
        of_cell = names[np.searchsorted(weight, rng.random(len(cells)))]
        of_field = names[np.searchsorted(weight, rng.random(n))]
        chosen = np.where(own < 0.62, of_cell[at], of_field)
        if y:  # two fields in three keep what they grew
            stays = rng.random(n) < 0.55
            stay_cell = rng.random(len(cells)) < 0.72
            chosen = np.where(stays & stay_cell[at], result[:, y - 1], chosen)
        chosen = np.where(kind == "garden_field", "vegetable", chosen)
        dry = (kind == "paddy") & (rng.random(len(cells)) < 0.1)[at]
        chosen = np.where((kind == "paddy") & ~dry, "rice", np.where(dry, "maize", chosen))
        result[:, y] = np.where(field, chosen, "")
    return result


def _habits(seed: int, cell: NDArray[np.int64], years: tuple[int, ...]) -> tuple[Array, Array]:
    """Return timing and vigour: partly the farmer's, partly the year's."""
    n = len(cell)
    rng = stream(seed, "habits")
    farmer, strength = rng.normal(0.0, 3.0, n), rng.normal(0.0, 0.06, n)
    shift, vigour = np.zeros((n, len(years))), np.zeros((n, len(years)))
    cells, at = np.unique(cell, return_inverse=True)
    for y, year in enumerate(years):
        yearly = stream(seed, "habits", year)
        season = yearly.normal(0.0, 2.0)
        shift[:, y] = season + farmer + yearly.normal(0.0, 2.5, len(cells))[at] + yearly.normal(0.0, 3.0, n)
        vigour[:, y] = np.clip(0.9 + strength + yearly.normal(0.0, 0.05, n), 0.45, 1.0)
        failed = yearly.random(n) < 0.015
        vigour[failed, y] = yearly.uniform(0.15, 0.5, int(failed.sum()))
    return shift, vigour


# Water and roads are one thing however many parcels they are cut into; wild land changes slowly.
_EVEN = {
    "river": 0.0,
    "lake": 0.1,
    "expressway": 0.0,
    "trunk_canal": 0.2,
    "road_main": 0.2,
    "natural_grass": 0.35,
    "shrub": 0.35,
    "sand": 0.4,
    "bare": 0.5,
    "bar": 0.3,
}


def _tone(seed: int, kind: NDArray[np.str_]) -> Array:
    rng = stream(seed, "tone")
    n = len(kind)
    spread = np.array([_EVEN.get(k, 1.0) for k in kind.tolist()])[:, None]
    return np.exp(spread * (rng.normal(0.0, 0.055, (n, 1)) + rng.normal(0.0, 0.015, (n, 6))))
