"""Rectangles that tile the land, and the smooth bend that makes them look like land.

The land is cut in a flat working space (u east, v north, whole decimetres), where every piece is an upright
rectangle. Wherever one rectangle's corner lies on another's side, that side gets a vertex too. Then all
vertices go through one smooth map. Pieces therefore share their vertices exactly: a true coverage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from weipian_lab.simulate.streams import stream

__all__ = ["Bend", "noded_rings", "polygons"]

Array = NDArray[np.float64]
Ints = NDArray[np.int64]

_STEP_DM = 1200  # extra vertices along long sides, so that canals bend smoothly
_BIG = 1 << 24


@dataclass(frozen=True, slots=True)
class Bend:
    """Smooth map from working space (decimetres) to map metres."""

    seed: int
    west_m: float
    south_m: float
    centre_dm: tuple[float, float]
    rotation_deg: float = 2.0

    def __call__(self, u: Any, v: Any) -> tuple[Array, Array]:
        """Return easting and northing, rounded to a millimetre."""
        rng = stream(self.seed, "bend")
        x, y = np.asarray(u, float) / 10.0, np.asarray(v, float) / 10.0
        dx, dy = np.zeros(x.shape), np.zeros(y.shape)
        for amplitude, wavelength in ((45.0, 7000.0), (40.0, 5200.0), (14.0, 2300.0), (3.0, 700.0)):
            for target in (dx, dy):
                a, p, q = rng.uniform(0, 2 * np.pi, 3)
                k = 2 * np.pi / wavelength
                target += amplitude * np.sin(k * (x * np.cos(a) + y * np.sin(a)) + p)
                target += 0.5 * amplitude * np.sin(1.7 * k * (x * np.sin(a) - y * np.cos(a)) + q)
        cx, cy = self.centre_dm[0] / 10.0, self.centre_dm[1] / 10.0
        t = np.radians(self.rotation_deg)
        east = (x - cx) * np.cos(t) - (y - cy) * np.sin(t) + cx + dx
        north = (x - cx) * np.sin(t) + (y - cy) * np.cos(t) + cy + dy
        return np.round(east + self.west_m, 3), np.round(north + self.south_m, 3)


def noded_rings(rects: Ints) -> tuple[Ints, Ints, Ints]:
    """Return ring vertices of all rectangles with every vertex that lies on their sides.

    Parameters
    ----------
    rects
        ``(n, 4)`` whole numbers u0, v0, u1, v1; the rectangles tile a region.

    Returns
    -------
    u, v, owner
        Vertices of all rings one after the other, counter-clockwise, not closed; row of `rects` each is of.
    """
    u0, v0, u1, v1 = rects.T
    ends_u, ends_v = np.concatenate([u0, u1, u1, u0]), np.concatenate([v0, v0, v1, v1])
    extra = [_multiples(u0, v0, v1, swap=False), _multiples(u1, v0, v1, swap=False)]
    extra += [_multiples(v0, u0, u1, swap=True), _multiples(v1, u0, u1, swap=True)]
    pu = np.concatenate([ends_u, *(e[0] for e in extra)])
    pv = np.concatenate([ends_v, *(e[1] for e in extra)])
    by_u, by_v = np.unique(pu * _BIG + pv), np.unique(pv * _BIG + pu)
    sides = (
        _along(by_v, v0, u0, u1, reverse=False),  # south side, eastwards
        _along(by_u, u1, v0, v1, reverse=False),  # east side, northwards
        _along(by_v, v1, u0, u1, reverse=True),
        _along(by_u, u0, v0, v1, reverse=True),
    )
    fixed = (v0, u1, v1, u0)
    parts = []
    for side, ((value, owner, order), line) in enumerate(zip(sides, fixed, strict=True)):
        same = line[owner]
        u, v = (value, same) if side % 2 == 0 else (same, value)
        parts.append((u, v, owner, np.full(len(u), side), order))
    u, v, owner, side_no, order = (np.concatenate(x) for x in zip(*parts, strict=True))
    rank = np.lexsort((order, side_no, owner))
    return u[rank], v[rank], owner[rank]


def _multiples(line: Ints, low: Ints, high: Ints, *, swap: bool) -> tuple[Ints, Ints]:
    """Points at multiples of the step strictly between `low` and `high` on each side."""
    first = low // _STEP_DM + 1
    count = np.maximum((high - 1) // _STEP_DM - first + 1, 0)
    index, place = _ranges(count)
    along = (first[index] + place) * _STEP_DM
    return (along, line[index]) if swap else (line[index], along)


def _ranges(count: Ints) -> tuple[Ints, Ints]:
    """For counts (2, 0, 3): owners 0 0 2 2 2 and places 0 1 0 1 2."""
    owner = np.repeat(np.arange(len(count)), count)
    start = np.repeat(np.cumsum(count) - count, count)
    return owner, np.arange(len(owner)) - start


def _along(keys: Ints, line: Ints, low: Ints, high: Ints, *, reverse: bool) -> tuple[Ints, Ints, Ints]:
    """Nodes from the start of each side up to, not with, its end."""
    first = np.searchsorted(keys, line * _BIG + low)
    last = np.searchsorted(keys, line * _BIG + high)
    owner, place = _ranges(last - first)
    position = (last[owner] - place) if reverse else (first[owner] + place)
    return keys[position] - line[owner] * _BIG, owner, place


def polygons(rects: Ints, bend: Bend) -> NDArray[np.object_]:
    """Return the bent polygons of rectangles that tile a region; neighbours share all their vertices."""
    u, v, owner = noded_rings(rects)
    x, y = bend(u, v)
    return np.asarray(shapely.polygons(shapely.linearrings(x, y, indices=owner)))
