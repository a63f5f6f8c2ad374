"""Which pixels lie within each patch and around it, for all patches together; means over them at one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import maximum_filter1d

from weipian_lab.errors import GridError
from weipian_lab.grid import Block, Grid
from weipian_lab.rasters import burn, burn_numbers

__all__ = ["Places", "places_of"]

Mask = NDArray[np.bool_]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Places:
    """Pixels of each patch, one patch after the other.

    Attributes
    ----------
    flat
        ``(pixel,)`` place of each pixel in the raster, row by row.
    owner
        ``(pixel,)`` patch that it belongs to, rising; rings of neighbours may share pixels.
    counts
        ``(patch,)`` pixels of each.
    """

    flat: NDArray[np.intp]
    owner: NDArray[np.intp]
    counts: NDArray[np.intp]

    @classmethod
    def of(cls, parts: Sequence[NDArray[np.intp]]) -> Places:
        """Return the places of patches from the pixels of each."""
        counts: NDArray[np.intp] = np.array([len(part) for part in parts], np.intp)
        flat = np.concatenate(parts) if parts else np.empty(0, np.intp)
        return cls(flat, np.repeat(np.arange(len(parts)), counts), counts)

    def where(self, plane: Mask) -> Places:
        """Return the places at which a plane ``(row, col)`` is True."""
        kept = plane.reshape(-1)[self.flat]
        owner = self.owner[kept]
        return Places(self.flat[kept], owner, np.bincount(owner, minlength=len(self.counts)))

    def at(self, plane: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the values ``(pixel,)`` of a plane ``(row, col)``."""
        return np.ascontiguousarray(plane).reshape(-1)[self.flat]

    def mean(self, values: ArrayLike) -> Values:
        """Return the mean ``(patch,)`` of values ``(pixel,)``; NaN where a patch has no pixel."""
        total = np.bincount(self.owner, np.asarray(values), minlength=len(self.counts))
        found: Values = np.full(len(total), np.nan)
        np.divide(total, self.counts, out=found, where=self.counts > 0)
        return found

    def std(self, values: ArrayLike) -> Values:
        """Return the standard deviation ``(patch,)`` of values ``(pixel,)``; NaN where there is no pixel."""
        known = np.asarray(values, np.float64)
        middle = self.mean(known)
        return np.asarray(np.sqrt(self.mean((known - middle[self.owner]) ** 2)), float)

    def largest(self, values: ArrayLike) -> Values:
        """Return the largest ``(patch,)`` of values ``(pixel,)``; NaN where a patch has no pixel."""
        found = np.full(len(self.counts), -np.inf)
        np.maximum.at(found, self.owner, np.asarray(values, np.float64))
        found[self.counts == 0] = np.nan
        return found


def places_of(polygons: ArrayLike, grid: Grid, valid: Mask, ring_px: int) -> tuple[Places, Places]:
    """Return the valid pixels of each polygon, and those around it.

    Parameters
    ----------
    polygons
        ``(patch,)`` in the grid's CRS. A pixel belongs to a polygon that holds its centre; to one too small
        for that, the pixel under its middle.
    grid, valid
        Where they lie, and which pixels ``(row, col)`` count.
    ring_px
        Width in pixels of the square ring around a polygon; its own next neighbours are left out.

    Raises
    ------
    GridError
        A polygon lies outside the grid.
    """
    shapes = np.asarray(polygons, object)
    numbers, alone = burn_numbers(shapes, grid), _alone(shapes)
    within: list[NDArray[np.intp]] = []
    around: list[NDArray[np.intp]] = []
    for number, polygon in enumerate(shapes):
        block = _window(polygon, grid, ring_px)
        # one raster holds all polygons that keep apart; the others are burnt one by one
        inside = numbers[block.slices] == number if alone[number] else burn([polygon], grid.window(block))
        if not inside.any():
            inside[_middle(polygon, grid, block)] = True
        ring = _grown(inside, ring_px) & ~_grown(inside, 1)
        for part, found in ((inside, within), (ring, around)):
            row, col = np.nonzero(part & valid[block.slices])
            found.append((row + block.row) * grid.shape[1] + col + block.col)
    return Places.of(within), Places.of(around)


def _alone(shapes: NDArray[np.object_]) -> Mask:
    """Return which polygons meet no other one."""
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    met = np.bincount(first[first != second], minlength=len(shapes))
    return np.asarray(met == 0)


def _window(polygon: shapely.Geometry, grid: Grid, ring_px: int) -> Block:
    """Return the block around a polygon, with room for the ring, cut at the edge of the grid."""
    xmin, ymin, xmax, ymax = polygon.bounds
    corners = [~grid.transform @ xy for xy in ((xmin, ymin), (xmin, ymax), (xmax, ymin), (xmax, ymax))]
    cols, rows = zip(*corners, strict=True)
    top, left = max(int(min(rows)) - ring_px, 0), max(int(min(cols)) - ring_px, 0)
    bottom = min(int(np.ceil(max(rows))) + ring_px, grid.shape[0])
    right = min(int(np.ceil(max(cols))) + ring_px, grid.shape[1])
    if bottom <= top or right <= left:
        raise GridError("features.outside", bounds=tuple(round(b, 1) for b in polygon.bounds))
    return Block(top, left, bottom - top, right - left)


def _middle(polygon: shapely.Geometry, grid: Grid, block: Block) -> tuple[int, int]:
    """Return the pixel of a block under the middle of a polygon."""
    col, row = ~grid.transform @ shapely.point_on_surface(polygon).coords[0]
    last = np.array(grid.shape) - 1
    at = np.clip([int(row), int(col)], 0, last) - [block.row, block.col]
    inside = np.clip(at, 0, [block.height - 1, block.width - 1])
    return int(inside[0]), int(inside[1])


def _grown(mask: Mask, radius: int) -> Mask:
    """Dilate by a square of 2 × radius + 1 pixels."""
    grown = mask.view(np.uint8)
    for axis in (0, 1):
        grown = maximum_filter1d(grown, 2 * radius + 1, axis=axis, mode="constant")
    return grown.astype(bool)
