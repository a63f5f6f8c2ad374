"""The mosaic: which rectangles fill the blocks between canals and roads, and what each of them is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from weipian_lab.simulate.nature import RIVER_AT
from weipian_lab.simulate.network import MARGIN_DM, axis, strips
from weipian_lab.simulate.streams import Waves, noise_at, noise_waves, stream

__all__ = ["Mosaic", "mosaic"]


@dataclass(frozen=True, slots=True)
class Mosaic:
    """Rectangles that tile the working space.

    Attributes
    ----------
    rects
        ``(n, 4)`` int64 decimetres u0, v0, u1, v1.
    kind
        ``(n,)`` what each is, such as "field", "house_row", "ditch".
    block
        ``(n, 2)`` column and row of the block it belongs to; lines belong to the block north-east of them.
    cell
        ``(n,)`` number of the farm cell (one lateral canal's land) within the county; −1 for lines.
    """

    rects: NDArray[np.int64]
    kind: NDArray[np.str_]
    block: NDArray[np.int64]
    cell: NDArray[np.int64]


class _Sink:
    """Collects rectangles."""

    def __init__(self) -> None:
        self.rects: list[tuple[int, int, int, int]] = []
        self.kind: list[str] = []
        self.block: list[tuple[int, int]] = []
        self.cell: list[int] = []
        self.at = (0, 0)
        self.now = -1
        self.cells = 0

    def add(self, kind: str, u0: int, v0: int, u1: int, v1: int) -> None:
        if u1 > u0 and v1 > v0:
            self.rects.append((u0, v0, u1, v1))
            self.kind.append(kind)
            self.block.append(self.at)
            self.cell.append(self.now)


def mosaic(seed: int, width_m: int, height_m: int) -> Mosaic:
    """Fill the working space of a county of the given extent."""
    east, north = axis(seed, "u", width_m), axis(seed, "v", height_m)
    sink = _Sink()
    zones = _Zones(seed, width_m, height_m)
    for i, start in enumerate(east.starts[:-1]):
        for j in range(len(north.starts) - 1):
            sink.at, sink.now = (i, j), -1
            for kind, low, high in strips(start, east.lines[i]):
                sink.add(kind, low, north.starts[j], high, north.starts[j + 1])
            u0, u1 = east.ends[i], east.starts[i + 1]
            for kind, low, high in strips(north.starts[j], north.lines[j]):
                sink.add(kind, u0, low, u1, high)
            _fill_block(stream(seed, "block", i, j), sink, zones, u0, north.ends[j], u1, north.starts[j + 1])
    return Mosaic(
        np.array(sink.rects, np.int64),
        np.array(sink.kind),
        np.array(sink.block, np.int64),
        np.array(sink.cell),
    )


class _Zones:
    """Where the slope, the sand, the saline hollows, towns and villages lie."""

    def __init__(self, seed: int, width_m: int, height_m: int) -> None:
        self.seed, self.width, self.height = seed, width_m * 10.0, height_m * 10.0
        self.waves: dict[str, Waves] = {}
        rng = stream(seed, "towns")
        count = max(1, round(width_m * height_m / 4e8))
        self.towns = [
            (self.width * a + MARGIN_DM, self.height * b + MARGIN_DM, r)
            for a, b, r in zip(
                rng.uniform(0.45, 0.85, count),
                rng.uniform(0.3, 0.8, count),
                rng.uniform(9e3, 14e3, count),
                strict=True,
            )
        ]

    def noise(self, name: str, u: float, v: float, wavelength_dm: float) -> float:
        if name not in self.waves:  # each name has one wavelength
            self.waves[name] = noise_waves(stream(self.seed, "zone", name), wavelength_dm)
        return float(noise_at(self.waves[name], np.array(u), np.array(v)))

    def town(self, u: float, v: float) -> float:
        """1 in the middle of a town, 0 at its edge, negative outside."""
        return float(max(1.0 - np.hypot(u - a, (v - b) * 1.15) / r for a, b, r in self.towns))

    def slope(self, u: float, v: float) -> float:
        """Position from the western foot of the mountains (0) to the river (1), with a wavy limit."""
        return (u - MARGIN_DM) / self.width + 0.04 * self.noise("slope", u, v, 30e3)


def _fill_block(rng: Generator, sink: _Sink, zones: _Zones, u0: int, v0: int, u1: int, v1: int) -> None:
    """Cut a block into farm cells by laterals and tracks, and fill each cell."""
    mid_u, mid_v = (u0 + u1) / 2, (v0 + v1) / 2
    consolidated = zones.noise("consolidated", mid_u, mid_v, 25e3) > 0.75
    rows = _cuts(rng, v0, v1, 3_400 if consolidated else 2_400, 45)
    village = _village_cell(rng, len(rows))
    for r, (low, high, gap) in enumerate(rows):
        if gap:
            sink.now = -1
            sink.add("track" if r % 4 == 1 else "ditch_small", u0, low, u1, high)
            continue
        lanes = _cuts(rng, u0, u1, 3_200 if consolidated else int(rng.integers(1_500, 2_600)), 40)
        for c, (left, right, line) in enumerate(lanes):
            if line:
                sink.now = -1
                sink.add("ditch_small" if c % 4 == 1 else "track", left, low, right, high)
                continue
            sink.now = sink.cells
            sink.cells += 1
            use = _use(
                rng, zones, (left + right) / 2, (low + high) / 2, consolidated, (r // 2, c // 2) in village
            )
            _FILL[use](rng, sink, left, low, right, high)


def _village_cell(rng: Generator, rows: int) -> set[tuple[int, int]]:
    """Cells of a block that hold its village, if it has one."""
    if rng.random() > 0.5:
        return set()
    row, lane = int(rng.integers(0, max(1, (rows + 1) // 2))), int(rng.integers(0, 4))
    return {(row, lane), (row, lane + 1)} if rng.random() < 0.55 else {(row, lane)}


def _cuts(rng: Generator, low: int, high: int, target: int, gap: int) -> list[tuple[int, int, bool]]:
    """Cut [low, high) into pieces of about `target` with gaps of width `gap` between: (low, high, is gap)."""
    n = max(1, round((high - low + gap) / (target + gap)))
    free = high - low - (n - 1) * gap
    weight = rng.uniform(0.8, 1.25, n)
    edges = np.round(np.cumsum(weight) / weight.sum() * free / 10).astype(int) * 10
    edges[-1] = free
    pieces: list[tuple[int, int, bool]] = []
    start = low
    for i, edge in enumerate(edges.tolist()):
        end = low + edge + i * gap
        pieces.append((start, end, False))
        if i < n - 1:
            pieces.append((end, end + gap, True))
        start = end + gap
    return pieces


def _use(rng: Generator, zones: _Zones, u: float, v: float, consolidated: bool, village: bool) -> str:
    """Choose what a farm cell is."""
    town = zones.town(u, v)
    if town > 0.0:
        return str(rng.choice(["town", "works", "park", "fields"], p=_town_mix(town)))
    slope = zones.slope(u, v)
    wild = zones.noise("wild", u, v, 16e3)
    if (u - MARGIN_DM) / zones.width > RIVER_AT + 0.015:  # beyond the river: steppe, sand, workshops
        if rng.random() < 0.16:
            return str(rng.choice(["works", "orchard", "fields"], p=[0.5, 0.2, 0.3]))
        return "reserve" if wild > 0.1 else "sand"
    if slope < 0.10:
        return "reserve" if wild > -0.9 else "sand"
    if slope < 0.26:
        return str(
            rng.choice(["vineyard", "wolfberry", "orchard", "sand", "fields"], p=[0.42, 0.14, 0.1, 0.1, 0.24])
        )
    if village:
        return "village"
    saline = zones.noise("saline", u, v, 14e3)
    if saline > 2.05:
        return str(rng.choice(["saline", "marsh", "fields"], p=[0.55, 0.2, 0.25]))
    if zones.noise("ponds", u, v, 18e3) > 1.9:
        return str(rng.choice(["ponds", "fields"], p=[0.7, 0.3]))
    if zones.noise("facility", u, v, 12e3) > 1.85:
        return str(rng.choice(["greenhouses", "fields"], p=[0.65, 0.35]))
    if zones.noise("rice", u, v, 22e3) + 1.6 * (slope - 0.6) > 1.0:
        return "paddies"
    odd = rng.random()
    for share, use in ((0.02, "orchard"), (0.032, "nursery"), (0.042, "greenhouses"), (0.049, "farmyard")):
        if odd < share:
            return use
    return "large_fields" if consolidated else "fields"


def _town_mix(town: float) -> list[float]:
    return [0.68, 0.14, 0.12, 0.06] if town > 0.35 else [0.36, 0.26, 0.07, 0.31]


Fill = Callable[[Generator, _Sink, int, int, int, int], None]


def _strips(kind: str, width: tuple[int, int], *, other: tuple[tuple[str, float], ...] = ()) -> Fill:
    """Fill with strips whose long side runs along the cell's shorter side."""

    def fill(rng: Generator, sink: _Sink, u0: int, v0: int, u1: int, v1: int) -> None:
        across = (v1 - v0) >= (u1 - u0)
        low, high = (v0, v1) if across else (u0, u1)
        n = max(1, round((high - low) / float(rng.integers(*width))))
        weight = rng.lognormal(0.0, 0.28, n)
        edges = (
            low + np.round(np.concatenate([[0.0], np.cumsum(weight)]) / weight.sum() * (high - low) / 10) * 10
        )
        edges = edges.astype(int)
        edges[-1] = high
        for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            chosen, draw = kind, rng.random()
            for name, share in other:
                if draw < share:
                    chosen = name
                    break
                draw -= share
            sink.add(chosen, *((u0, a, u1, b) if across else (a, v0, b, v1)))

    return fill


def _village(rng: Generator, sink: _Sink, u0: int, v0: int, u1: int, v1: int) -> None:
    """Rows of yards along lanes, with some gardens, open land and a school; fields where it ends."""
    full = v1
    if rng.random() < 0.6:
        v1 = v0 + int((v1 - v0) * rng.uniform(0.45, 0.85) / 10) * 10
        _FILL["fields"](rng, sink, u0, v1, u1, full)
    if rng.random() < 0.4:
        edge = u0 + int((u1 - u0) * rng.uniform(0.6, 0.85) / 10) * 10
        _FILL["fields"](rng, sink, edge, v0, u1, v1)
        u1 = edge
    position = v0
    while position < v1:
        depth = 10 * int(rng.integers(26, 46))
        top = min(v1, position + depth)
        if v1 - top < 150:
            top = v1
        start = u0
        while start < u1:
            end = min(u1, start + 10 * int(rng.integers(40, 110)))
            end = u1 if u1 - end < 200 else end
            kind = str(rng.choice(["house_row", "garden", "open", "public"], p=[0.8, 0.1, 0.07, 0.03]))
            sink.add(kind, start, position, end, top)
            start = end
        position = top
        if position < v1:
            lane = min(v1, position + 60)
            sink.add("lane", u0, position, u1, lane)
            position = lane


def _town(rng: Generator, sink: _Sink, u0: int, v0: int, u1: int, v1: int) -> None:
    """Streets and plots of a town."""
    half = (v0 + v1) // 20 * 10
    sink.add("street", u0, v0, u1, v0 + 120)
    for low, high in ((v0 + 120, half), (half, v1)):
        n = max(1, (u1 - u0) // 1_100)
        edges = [u0 + (u1 - u0) * k // n for k in range(n + 1)]
        for left, right in pairwise(edges):
            plots = ["flats", "shops", "public", "park_plot", "open"]
            kind = str(rng.choice(plots, p=[0.58, 0.16, 0.13, 0.08, 0.05]))
            sink.add(kind, left, low, right, high)


_FIELD_MIX = (("garden_field", 0.015), ("wood", 0.012), ("farm_pond", 0.006), ("grass", 0.012))
_FILL: dict[str, Fill] = {
    "fields": _strips("field", (220, 520), other=_FIELD_MIX),
    "large_fields": _strips("field", (620, 1_150)),
    "paddies": _strips("paddy", (260, 520), other=(("grass", 0.01), ("farm_pond", 0.01))),
    "vineyard": _strips("vineyard", (500, 1_200), other=(("winery", 0.03), ("bare", 0.04))),
    "wolfberry": _strips("wolfberry", (400, 800), other=(("bare", 0.03),)),
    "orchard": _strips("orchard", (350, 800), other=(("farmyard", 0.03),)),
    "nursery": _strips("wood", (500, 1_000)),
    "sand": _strips("sand", (1_200, 2_400), other=(("grass", 0.3), ("shrub", 0.2))),
    "reserve": _strips(
        "natural_grass", (1_000, 2_400), other=(("shrub", 0.25), ("sand", 0.12), ("bare", 0.08))
    ),
    "saline": _strips("saline", (600, 1_500), other=(("grass", 0.35),)),
    "marsh": _strips("marsh", (800, 1_500), other=(("lake", 0.3),)),
    "ponds": _strips("fish_pond", (500, 900), other=(("grass", 0.06), ("facility", 0.05))),
    "greenhouses": _strips("greenhouse", (300, 600), other=(("facility", 0.12), ("field", 0.2))),
    "farmyard": _strips("facility", (500, 900), other=(("field", 0.4),)),
    "works": _strips("works", (700, 1_600), other=(("store", 0.2), ("open", 0.12))),
    "park": _strips("park_plot", (900, 1_800), other=(("lake", 0.2),)),
    "village": _village,
    "town": _town,
}
