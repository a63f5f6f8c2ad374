"""How much the ground of a shape differs from the ground around it, at the dates of a series."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.ndimage import binary_dilation
from shapely import affinity

from weipian_lab import change
from weipian_lab.grid import Block, Grid
from weipian_lab.rasters import burn
from weipian_lab.screening.views import View, expand

__all__ = ["Later", "differences", "places_without"]

Float = NDArray[np.float32]
_PIECE_SIDE = 512
_RING_PX = 8
_GAP_PX = 1  # mixed pixels at the outline belong to neither side
_LEAST_SEEN = 0.5  # share of a shape, and of its surroundings, below which a date does not count
_PLACES = 150


@dataclass(frozen=True)
class Later:
    """A later date with the first image, and the level and spread of both (median, MAD; ``(2, band)``)."""

    day: date
    view: View
    centre: Float
    scale: Float


def differences(shapes: Sequence[shapely.Geometry], dates: Sequence[Later]) -> tuple[Float, Float]:
    """Return difference from the surroundings and NDVI of each shape, ``(shape, 1 + date)`` each.

    The first image comes first; NaN where less than half of a shape or of its surroundings is to be seen.
    The difference is the root mean square over the bands of mean minus median of the surroundings, in robust
    standard deviations of the scene.
    """
    found = np.full((len(shapes), 1 + len(dates), 2), np.nan, np.float32)
    for row, shape in enumerate(shapes):
        for col, one in enumerate(dates, start=1):
            first, second = _measure(shape, one)
            found[row, col] = second
            if not np.isfinite(found[row, 0, 0]):
                found[row, 0] = first
    return found[:, :, 0], found[:, :, 1]


def _measure(shape: shapely.Geometry, one: Later) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return (difference, NDVI) of a shape at the first image and at the later date."""
    unseen = float("nan"), float("nan")
    inside, around, seen = _pixels(shape, one.view)
    if not seen:
        return unseen, unseen
    found = []
    for i in (0, 1):
        patch, ring = inside[i].mean(axis=1), np.median(around[i], axis=1)
        step = (patch - ring) / one.scale[i]
        green = change.ndvi(inside[i], one.view.bands)
        level = float("nan") if green is None else float(green.mean())
        found.append((float(np.sqrt((step**2).mean())), level))
    return found[0], found[1]


def _pixels(shape: shapely.Geometry, view: View) -> tuple[list[Float], list[Float], bool]:
    """Return the valid pixels ``(band, n)`` of a shape and around it, and whether they are enough."""
    parts: list[tuple[Float, Float, Float, Float]] = []
    counts = np.zeros(4)
    for block, inside in _pieces(shape, view.grid):
        wide, inner = expand(block, _RING_PX, view.grid.shape)
        first, second, valid = view.read(wide)
        mask = np.zeros(valid.shape, bool)
        mask[inner] = inside
        square = np.ones((3, 3), bool)
        ring = binary_dilation(mask, square, _RING_PX) & ~binary_dilation(mask, square, _GAP_PX)
        ring &= ~burn([shape], view.grid.window(wide))
        counts += [mask.sum(), (mask & valid).sum(), ring.sum(), (ring & valid).sum()]
        use, near = mask & valid, ring & valid
        parts.append((first[:, use], second[:, use], first[:, near], second[:, near]))
    shape_px, shape_seen, ring_px, ring_seen = counts
    enough = min(shape_seen, ring_seen) > 0
    enough = enough and shape_seen >= _LEAST_SEEN * shape_px and ring_seen >= _LEAST_SEEN * ring_px
    if not enough:
        return [], [], False
    joined = [np.concatenate(group, axis=1) for group in zip(*parts, strict=True)]
    return joined[:2], joined[2:], True


def _pieces(shape: shapely.Geometry, grid: Grid) -> Iterator[tuple[Block, NDArray[np.bool_]]]:
    """Yield the blocks that a shape meets, none larger than 512 pixels a side, with its pixels in each."""
    west, south, east, north = shape.bounds
    corners = np.array([~grid.transform @ (x, y) for x in (west, east) for y in (south, north)])
    left, top = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
    right, bottom = np.minimum(np.ceil(corners.max(axis=0)).astype(int), grid.shape[::-1])
    for row in range(top, bottom, _PIECE_SIDE):
        for col in range(left, right, _PIECE_SIDE):
            block = Block(row, col, min(_PIECE_SIDE, bottom - row), min(_PIECE_SIDE, right - col))
            inside = burn([shape], grid.window(block))
            if inside.any():
                yield block, inside


def places_without(frame: gpd.GeoDataFrame, grid: Grid, random_state: int) -> list[shapely.Geometry]:
    """Return shapes of patches moved to random places that no patch and none of its surroundings meets."""
    rng = np.random.default_rng(random_state)
    shapes = list(frame.geometry)
    if not shapes:
        return []
    tree = shapely.STRtree(shapes)
    reach = 2 * _RING_PX * float(np.sqrt(abs(grid.transform.determinant)))
    west, south, east, north = grid.bounds
    found: list[shapely.Geometry] = []
    for number in range(10 * _PLACES):
        shape = shapes[number % len(shapes)]
        x, y = rng.uniform(west, east), rng.uniform(south, north)
        moved = affinity.translate(shape, x - shape.centroid.x, y - shape.centroid.y)
        left, low, right, high = moved.bounds
        inside = west <= left and right <= east and south <= low and high <= north
        if inside and not len(tree.query(moved, "dwithin", distance=reach)):
            found.append(moved)
        if len(found) == _PLACES:
            break
    return found
