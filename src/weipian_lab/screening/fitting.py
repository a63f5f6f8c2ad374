"""Before the pass: a detector is fitted on sample blocks of a pair, and scores them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from weipian_lab import change, patches
from weipian_lab.errors import InputError
from weipian_lab.grid import Block
from weipian_lab.screening.views import Tile, View, expand, sample_blocks, take_tiles, threads

__all__ = ["Fitted", "block_side_for", "fit", "one_thread_each", "sample_scores", "sample_tiles"]

Float = NDArray[np.float32]
SAMPLE_SIDE = 256
SAMPLE_COUNT = 32
BLOCK_SIDE = 512
WIDE_BLOCK_SIDE = 1024  # where a detector looks far, much of a small block would be surroundings
FAR_PX = 32


@dataclass(frozen=True)
class Fitted:
    """A model fitted on sample blocks, and its scores there.

    Attributes
    ----------
    model
        Scores any block.
    scores
        ``(n,)`` float32: scores of the valid pixels of the sample (of the whole scene, if that is small).
    sampled_share
        Share of the scene that the sample covers.
    """

    model: change.Model
    scores: Float
    sampled_share: float
    options: Mapping[str, Any] = field(default_factory=dict)


def fit(
    view: View,
    method: str = "irmad",
    *,
    random_state: int = 0,
    side: int = SAMPLE_SIDE,
    count: int = SAMPLE_COUNT,
    **options: Any,
) -> Fitted:
    """Fit a detector on sample blocks of a pair.

    Parameters
    ----------
    view
        The pair.
    method, random_state, **options
        As :func:`weipian_lab.change.fit`.
    side, count
        Size in pixels and number of the sample blocks; a scene of fewer pixels is taken whole.

    Raises
    ------
    InputError
        If no sampled pixel is valid.
    """
    tiles = sample_tiles(view, side, count)
    options = _with_aspect(view, method, options)
    firsts, seconds, masks = (list(part) for part in zip(*tiles, strict=True))
    model = change.fit(
        firsts, seconds, method, valid=masks, random_state=random_state, bands=view.bands, **options
    )
    scores = sample_scores(model, tiles)
    share = sum(tile[2].size for tile in tiles) / (view.grid.shape[0] * view.grid.shape[1])
    return Fitted(model, scores, min(1.0, share), {"method": method, "random_state": random_state, **options})


def sample_tiles(view: View, side: int = SAMPLE_SIDE, count: int = SAMPLE_COUNT) -> list[Tile]:
    """Read the sample blocks; if none of them has a valid pixel, the first ones of the scene that have.

    Raises
    ------
    InputError
        If no pixel of the scene is valid.
    """
    tiles = take_tiles(view, sample_blocks(view.grid.shape, side, count))
    return tiles or _first_valid(view, list(view.grid.blocks(side)), count)


def _with_aspect(view: View, method: str, options: dict[str, Any]) -> dict[str, Any]:
    """Tell a detector that smooths how a pixel is shaped on the ground, unless the caller did."""
    detector = change.DETECTORS.get("cross_residual" if method in change.PRESETS else method)
    if detector is None or "pixel_aspect" not in inspect.signature(detector).parameters:
        return options
    width, height = patches.pixel_size_m(view.grid)
    return {"pixel_aspect": height / width, **options}


def _first_valid(view: View, blocks: list[Block], count: int) -> list[Tile]:
    """Return up to `count` blocks with valid pixels, looking at all; a scene mostly of cloud has few."""
    found: list[Tile] = []
    for block in blocks:
        found += take_tiles(view, [block])
        if len(found) == count:
            break
    if not found:
        raise InputError("rasters.none_common")
    return found


def sample_scores(model: change.Model, tiles: list[Tile]) -> Float:
    """Return the scores of the valid pixels of tiles, without the rim scored unlike the whole."""
    halo, side = model.halo_px, block_side_for(model)
    pieces = []
    for tile in tiles:
        rows, cols = tile[2].shape
        rim = halo if len(tiles) > 1 and min(rows, cols) > 4 * halo else 0
        for row in range(rim, rows - rim, side):  # in pieces, for scoring takes several copies
            for col in range(rim, cols - rim, side):
                height, width = min(side, rows - rim - row), min(side, cols - rim - col)
                pieces.append((tile, Block(row, col, height, width)))

    def scored(piece: tuple[Tile, Block]) -> Float:
        (first, second, valid), block = piece
        wide, inner = expand(block, halo, valid.shape)
        part = (slice(None), *wide.slices)
        score = model.score_read(first[part], second[part], valid[wide.slices])
        return score[inner][valid[block.slices]]

    with one_thread_each(), ThreadPoolExecutor(threads()) as pool:
        return np.concatenate(list(pool.map(scored, pieces)))


def block_side_for(model: change.Model) -> int:
    """Return how many pixels a block of the pass should have along a side."""
    return WIDE_BLOCK_SIDE if model.halo_px > FAR_PX else BLOCK_SIDE


def one_thread_each() -> Any:
    """Return a context in which products of matrices keep to the thread that asks: every core has a block."""
    return threadpool_limits(limits=1, user_api="blas")
