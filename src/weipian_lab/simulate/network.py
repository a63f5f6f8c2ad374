"""Canals, drains and roads: the lines that cut the irrigated plain into blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from weipian_lab.simulate.streams import stream

__all__ = ["MARGIN_DM", "Axis", "axis", "strips"]

MARGIN_DM = 8_000  # land made beyond the image, so that its bent edge never shows

# (kind, width in decimetres) side by side across a line
_TRUNK = (("belt", 60), ("trunk_canal", 260), ("belt", 60), ("road_county", 90))
_BRANCH = (("ditch", 90), ("road_rural", 55), ("belt", 50))
_DRAIN = (("road_rural", 45), ("drain", 180))
_HIGHWAY = (("belt", 80), ("road_main", 240), ("belt", 80))
_COUNTY_ROAD = (("belt", 40), ("road_county", 100), ("ditch", 50))


@dataclass(frozen=True, slots=True)
class Axis:
    """Cuts along one axis.

    Parameters
    ----------
    starts, ends
        Where each cut begins and ends, decimetres, ascending; block i lies between ends[i] and starts[i+1].
    lines
        For each cut the (kind, width) of the strips side by side.
    """

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    lines: tuple[tuple[tuple[str, int], ...], ...]

    @property
    def intervals(self) -> list[tuple[int, int]]:
        """(low, high) of each block between cuts."""
        return list(zip(self.ends[:-1], self.starts[1:], strict=True))


def axis(seed: int, name: str, length_m: int) -> Axis:
    """Cut an axis of the working space.

    Parameters
    ----------
    name
        "u": lines that run north–south (trunk canals, drains, highways); "v": lines that run east–west
        (branch canals, county roads).
    length_m
        Length to cover in metres, without the margin.
    """
    rng = stream(seed, "network", name)
    total = length_m * 10 + 2 * MARGIN_DM
    starts, ends, lines = [], [], []
    position, number = 0, 0
    while position < total:
        line = _line(rng, name, number)
        width = sum(w for _, w in line)
        starts.append(position)
        ends.append(position + width)
        lines.append(line)
        low, high = (8_500, 14_500) if name == "u" else (6_500, 11_000)
        position += width + 10 * int(rng.integers(low // 10, high // 10))
        number += 1
    return Axis(tuple(starts), tuple(ends), tuple(lines))


def _line(rng: Generator, name: str, number: int) -> tuple[tuple[str, int], ...]:
    cycle: tuple[tuple[tuple[str, int], ...], ...]
    if name == "u":
        cycle = (_TRUNK, _DRAIN, _BRANCH, _HIGHWAY, _DRAIN, _TRUNK, _BRANCH, _COUNTY_ROAD)
    else:
        cycle = (_BRANCH, _BRANCH, _COUNTY_ROAD, _BRANCH, _DRAIN, _BRANCH)
    line = cycle[number % len(cycle)]
    return line[::-1] if rng.random() < 0.5 else line


def strips(start: int, line: tuple[tuple[str, int], ...]) -> list[tuple[str, int, int]]:
    """(kind, low, high) of the strips of a cut that begins at `start`."""
    edges = np.cumsum([start, *(w for _, w in line)]).tolist()
    return [(kind, edges[i], edges[i + 1]) for i, (kind, _) in enumerate(line)]
