"""What the figures of a screening are drawn from: small pictures, sampled pixels, a line of progress."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from weipian_lab.grid import Block, Grid
from weipian_lab.rasters import Source, canonical
from weipian_lab.screening.views import PairView, sample_blocks
from weipian_lab.text import t

__all__ = ["CloseUp", "Look", "close_ups", "print_progress", "quicklook", "sample_pixels"]

_LEAST_SIDE_PX = 48
_MOST_SIDE_PX = 1200
_AROUND = 2.0  # side of a close-up over the longer side of its patch


@dataclass(frozen=True, slots=True)
class Look:
    """A small copy of an image: ``(band, row, col)`` float32, names, ``(row, col)`` valid, its grid."""

    data: NDArray[np.float32]
    bands: tuple[str, ...]
    valid: NDArray[np.bool_]
    grid: Grid


@dataclass(frozen=True, slots=True)
class CloseUp:
    """A patch close up: both images ``(band, row, col)``, what is valid in each, and its outline."""

    patch_id: str
    area_mu: float
    shape: shapely.Geometry
    images: tuple[NDArray[np.float32], NDArray[np.float32]]
    valid: tuple[NDArray[np.bool_], NDArray[np.bool_]]
    bands: tuple[str, ...]
    grid: Grid


def close_ups(view: PairView, frame: gpd.GeoDataFrame, most: int = 6) -> list[CloseUp]:
    """Return the largest patches close up, in squares about twice as long as the patch.

    Parameters
    ----------
    view
        The pair, with the shift that is taken out.
    frame
        Patches in the pair's CRS.
    most
        Number of patches.
    """
    found = []
    for row in frame.nlargest(most, "area_m2").itertuples():
        block = _around(row.geometry, view.grid)
        first, second, valid = view.read(block)
        grid = view.grid.window(block)
        item = (str(row.patch_id), float(row.area_mu), row.geometry)
        found.append(CloseUp(*item, (first, second), (valid, valid), view.bands, grid))
    return found


def _around(shape: shapely.Geometry, grid: Grid) -> Block:
    """Return a square of pixels around a shape, inside the grid."""
    west, south, east, north = shape.bounds
    corners = np.array([~grid.transform @ (x, y) for x in (west, east) for y in (south, north)])
    left, top = corners.min(axis=0)
    right, bottom = corners.max(axis=0)
    side = int(np.clip(_AROUND * max(right - left, bottom - top), _LEAST_SIDE_PX, _MOST_SIDE_PX))
    height, width = min(side, grid.shape[0]), min(side, grid.shape[1])
    row = int(np.clip((top + bottom - height) / 2, 0, grid.shape[0] - height))
    col = int(np.clip((left + right - width) / 2, 0, grid.shape[1] - width))
    return Block(row, col, height, width)


def quicklook(image: Source, most_px: int = 900) -> Look:
    """Return red, green and blue of an image (else its first bands), at most `most_px` pixels a side."""
    names = [canonical(name) for name in image.bands]
    wanted = ("red", "green", "blue")
    at = [names.index(name) for name in wanted] if set(wanted) <= set(names) else range(min(3, len(names)))
    chosen = image.pick(list(at))
    try:
        data, valid, grid = chosen.small(most_px)
    finally:
        chosen.close()
    return Look(data, chosen.bands, valid, grid)


def sample_pixels(
    view: PairView, most: int = 20_000, seed: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return valid pixels of up to nine sample blocks, before and after, ``(band, n)``."""
    first, second = [], []
    for block in sample_blocks(view.grid.shape, 256, 9):
        before, after, valid = view.read(block)
        first.append(before[:, valid])
        second.append(after[:, valid])
    x, y = np.concatenate(first, axis=1), np.concatenate(second, axis=1)
    if x.shape[1] > most:
        chosen = np.sort(np.random.default_rng(seed).choice(x.shape[1], most, replace=False))
        x, y = x[:, chosen], y[:, chosen]
    return x, y


def print_progress(done: int, total: int) -> None:
    """Print a line at each tenth of a large scene."""
    if total >= 20 and done * 10 // total != (done - 1) * 10 // total:
        print(t("screening.progress", done=done, total=total), flush=True)
