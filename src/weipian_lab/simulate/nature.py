"""What follows no field: the river with its bars, lakes, and an expressway across the grain of the land."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.random import Generator

from weipian_lab.simulate.cutting import Feature
from weipian_lab.simulate.sizes import Size
from weipian_lab.simulate.streams import stream

__all__ = ["RIVER_AT", "features"]

RIVER_AT = 0.875  # the river's mean place, as a share of the county's width


def features(seed: int, size: Size) -> list[Feature]:
    """Return the shapes to cut out of the fields, in that order, in the image CRS."""
    river = _river(stream(seed, "river"), size)
    made = [Feature(shape, "lake") for shape in _lakes(stream(seed, "lakes"), size, river)]
    made.append(Feature(river, "river"))
    made += [Feature(bar, "bar") for bar in _bars(stream(seed, "bars"), size, river)]
    return [*made, Feature(_expressway(stream(seed, "expressway"), size), "expressway")]


def _wander(rng: Generator, t: np.ndarray, waves: tuple[tuple[float, float], ...]) -> np.ndarray:
    """Sum of waves (amplitude, length), with free phases, along `t`."""
    total = np.zeros(len(t))
    for amplitude, length in waves:
        total += amplitude * np.sin(
            2 * np.pi * t / (length * rng.uniform(0.85, 1.2)) + rng.uniform(0, 2 * np.pi)
        )
    return total


def _river(rng: Generator, size: Size) -> shapely.Polygon:
    y = np.arange(size.north_m - size.height_m - 1_500.0, size.north_m + 1_500.0, 45.0)
    x = (
        size.west_m
        + RIVER_AT * size.width_m
        + _wander(rng, y, ((330.0, 9_000.0), (120.0, 3_800.0), (25.0, 900.0)))
    )
    half = 150.0 + _wander(rng, y, ((45.0, 4_200.0), (22.0, 1_300.0), (7.0, 330.0)))
    left, right = x - half, x + half + _wander(rng, y, ((12.0, 700.0),))
    ring = np.concatenate([np.column_stack([left, y]), np.column_stack([right, y])[::-1]])
    return shapely.set_precision(shapely.Polygon(ring).buffer(0), 0.001)


def _blob(rng: Generator, x: float, y: float, radius: float, stretch: float) -> shapely.Polygon:
    """Return a rounded, uneven shape longer from south to north."""
    a = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    r = np.ones(len(a))
    for k in (2, 3, 4, 5, 7):
        r += rng.normal(0.0, 0.22 / k) * np.sin(k * a + rng.uniform(0, 2 * np.pi)) * 1.4
    r = radius * np.clip(r, 0.35, 1.8)
    ring = np.column_stack([x + r * np.cos(a) / np.sqrt(stretch), y + r * np.sin(a) * np.sqrt(stretch)])
    return shapely.set_precision(shapely.Polygon(ring).buffer(0), 0.001)


def _lakes(rng: Generator, size: Size, river: shapely.Polygon) -> list[shapely.Polygon]:
    count = max(3, round(size.width_m * size.height_m / 2.2e7))
    made: list[shapely.Polygon] = []
    for _ in range(4 * count):
        x = size.west_m + size.width_m * rng.uniform(0.3, 0.84)
        y = size.north_m - size.height_m * rng.uniform(0.06, 0.94)
        lake = _blob(rng, x, y, float(rng.lognormal(np.log(150.0), 0.5)), rng.uniform(1.0, 2.4))
        near = any(lake.distance(other) < 400.0 for other in [*made, river])
        if not near and len(made) < count:
            made.append(lake)
    return made


def _bars(rng: Generator, size: Size, river: shapely.Polygon) -> list[shapely.Polygon]:
    bars = []
    line = np.arange(size.north_m - size.height_m + 600.0, size.north_m, 1_900.0)
    for y in line.tolist():
        y += rng.uniform(-500.0, 500.0)
        cross = river.intersection(
            shapely.LineString([(size.west_m, y), (size.west_m + size.width_m + 2_000.0, y)])
        )
        west, _, east, _ = cross.bounds
        x = west + (east - west) * rng.choice([0.22, 0.5, 0.8])
        bar = _blob(rng, float(x), y, float(rng.uniform(45.0, 80.0)), 5.0).intersection(river.buffer(-4.0))
        bar = max(shapely.get_parts(bar), key=lambda p: p.area)
        if bar.area > 4_000.0:
            bars.append(shapely.set_precision(bar, 0.001))
    return bars


def _expressway(rng: Generator, size: Size) -> shapely.Polygon:
    x = np.arange(size.west_m - 1_500.0, size.west_m + size.width_m + 1_500.0, 80.0)
    slope = rng.uniform(0.25, 0.45)
    middle = size.north_m - size.height_m * rng.uniform(0.55, 0.75)
    y = (
        middle
        + (x - size.west_m - size.width_m / 2) * slope
        + _wander(rng, x, ((220.0, 9_000.0), (60.0, 4_000.0)))
    )
    return shapely.set_precision(
        shapely.LineString(np.column_stack([x, y])).buffer(17.0, cap_style="flat"), 0.001
    )
