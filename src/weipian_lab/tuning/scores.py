"""Scores by name, candidate thresholds that no label has touched, blocks over a county."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from weipian_lab import change
from weipian_lab.errors import ParameterError
from weipian_lab.grid import Grid
from weipian_lab.patches import CleanUp
from weipian_lab.rasters import ImagePair

__all__ = ["CLEAN_UPS", "block_grid", "candidate_thresholds", "score_named", "split_name"]

CLEAN_UPS: dict[str, CleanUp] = {
    "sieve": CleanUp(min_px=20, fill_px=4),
    "close": CleanUp(closing_px=1, min_px=4, fill_px=4),
    "open_close": CleanUp(opening_px=1, closing_px=1, min_px=4, fill_px=4),
    "open_sieve": CleanUp(opening_px=1, min_px=20, fill_px=4),
}
"""Clean-ups compared, each a sequence of steps: sieve alone (what 01 does by default), closing, and so on."""


def split_name(name: str) -> tuple[str, list[str]]:
    """Return detector and bands of ``"mad"`` (all bands, []) or ``"mad@B04,B08,B11"``."""
    method, _, bands = name.partition("@")
    return method.strip(), [band.strip() for band in bands.split(",") if band.strip()]


def score_named(
    pair: ImagePair, name: str, seed: int = 0, *, register: bool | None = None
) -> NDArray[np.float32]:
    """Return the change score ``(row, col)`` of a pair by a detector on all or some of its bands.

    Parameters
    ----------
    pair, name, seed
        Images, ``detector`` or ``detector@band,band``, seed of the detector.
    register
        As :func:`weipian_lab.change.score`: False for a pair whose shift is taken out already.

    Raises
    ------
    ParameterError
        Unknown detector, or a band that the pair lacks.
    """
    method, bands = split_name(name)
    lacking = [band for band in bands if band not in pair.bands]
    if lacking:
        raise ParameterError(
            "errors.bad_choice", name="bands", value=", ".join(lacking), choices=", ".join(pair.bands)
        )
    rows = [pair.bands.index(band) for band in bands] or list(range(len(pair.bands)))
    return change.score(pair.before[rows], pair.after[rows], method, pair.valid, seed, register=register)


def candidate_thresholds(
    score: NDArray[np.float32], steps: int, *, most: float = 0.06, least: float = 0.002
) -> list[float]:
    """Return thresholds that flag from `most` down to `least` of the pixels, in even steps of its logarithm.

    They depend on the score alone; thresholds picked with a look at the labels would void a promise.
    They have five digits, so that none is the very score of a pixel: a score computed block by block, which
    may differ in its seventh digit, flags the same pixels.
    """
    shares = np.geomspace(most, least, steps)
    return sorted({float(f"{v:.5g}") for v in np.nanquantile(score, 1 - shares)})


def block_grid(grid: Grid, block_m: float) -> gpd.GeoDataFrame:
    """Return square blocks over a grid: block (from 0, row by row) and geometry, in the grid's CRS."""
    if not block_m > 0:
        raise ParameterError("errors.not_positive", name="block_m", value=block_m)
    left, bottom, right, top = grid.bounds
    x, y = np.arange(left, right, block_m), np.arange(bottom, top, block_m)
    cells = [shapely.box(a, b, a + block_m, b + block_m) for b in y for a in x]
    return gpd.GeoDataFrame({"block": range(len(cells))}, geometry=cells, crs=grid.crs)
