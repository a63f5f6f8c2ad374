"""A pair as it is scored: the second image moved onto the first, its radiometry matched, by blocks."""

from __future__ import annotations

import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from weipian_lab import change
from weipian_lab.grid import Block, Grid
from weipian_lab.rasters import PairSource

__all__ = ["Gains", "PairView", "View", "expand", "sample_blocks", "take_tiles", "threads"]

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]
Tile = tuple[Float, Float, Mask]
_KERNEL_PX = 2  # cubic convolution reaches two pixels beyond the shift


@dataclass(frozen=True, slots=True)
class Gains:
    """Relative radiometric normalisation of the second image: value × gain + offset, ``(band,)`` each."""

    gain: NDArray[np.float64]
    offset: NDArray[np.float64]
    pixels: int


@dataclass(frozen=True)
class PairView:
    """A pair with what is to be done to its second image.

    Attributes
    ----------
    source
        Opened pair.
    shift
        (dy, dx) in pixels taken out of the second image, or None.
    gains
        Normalisation of the second image, or None.
    """

    source: PairSource
    shift: tuple[float, float] | None = None
    gains: Gains | None = None

    @property
    def grid(self) -> Grid:
        """Grid of the pair."""
        return self.source.grid

    @property
    def bands(self) -> tuple[str, ...]:
        """Names of the bands."""
        return self.source.bands

    def read(self, block: Block) -> Tile:
        """Read a block as it is scored: before, after ``(band, row, col)``, valid ``(row, col)``.

        A block equals the same part of the whole.
        """
        if self.shift is None:
            first, second, valid = self.source.read(block)
        else:
            reach = math.ceil(max(abs(s) for s in self.shift)) + _KERNEL_PX
            wide, inner = expand(block, reach, self.grid.shape)
            first, _ = self.source.before.read(block)
            second, _ = self.source.after.read(wide)
            second = change.resample(second, self.shift)[(slice(None), *inner)]
            valid = np.asarray(np.isfinite(first).all(axis=0) & np.isfinite(second).all(axis=0))
            first[:, ~valid] = np.nan
            second[:, ~valid] = np.nan
        if self.gains is not None:
            second *= self.gains.gain.astype(np.float32)[:, None, None]
            second += self.gains.offset.astype(np.float32)[:, None, None]
        return first, second, valid


class View(Protocol):
    """What can be scored block by block."""

    @property
    def source(self) -> PairSource:
        """Opened pair."""

    @property
    def shift(self) -> tuple[float, float] | None:
        """Shift taken out, (dy, dx) in pixels."""

    @property
    def gains(self) -> Gains | None:
        """Normalisation."""

    @property
    def grid(self) -> Grid:
        """Grid of the pair."""

    @property
    def bands(self) -> tuple[str, ...]:
        """Names of the bands."""

    def read(self, block: Block) -> Tile:
        """Read a block."""


def expand(block: Block, reach: int, shape: tuple[int, int]) -> tuple[Block, tuple[slice, slice]]:
    """Return a block with `reach` more pixels on each side (cut at the edge), and its place in that."""
    top, left = max(0, block.row - reach), max(0, block.col - reach)
    bottom = min(shape[0], block.row + block.height + reach)
    right = min(shape[1], block.col + block.width + reach)
    row, col = block.row - top, block.col - left
    inner = (slice(row, row + block.height), slice(col, col + block.width))
    return Block(top, left, bottom - top, right - left), inner


def sample_blocks(shape: tuple[int, int], side: int, count: int) -> list[Block]:
    """Return the whole scene as one block if it is small enough, else `count` squares spread over it.

    The squares lie on a lattice whose lines are staggered, so that they do not follow rows and columns of
    fields or of the sensor; in a large scene they are moved to the next multiple of their side, so that each
    lies in one tile of a tiled file. The same scene gives the same squares.
    """
    rows, cols = shape
    if rows * cols <= count * side * side:
        return [Block(0, 0, rows, cols)]
    side = min(side, rows, cols)
    down = max(1, round(math.sqrt(count * rows / cols)))
    across = max(1, -(-count // down))
    blocks = []
    for i in range(down):
        for j in range(across):
            stagger = 0.25 if i % 2 else -0.25
            row = (i + 0.5) / down * (rows - side)
            col = (j + 0.5 + stagger) / across * (cols - side)
            row, col = (
                _place(row, side, rows, down),
                _place(min(max(col, 0), cols - side), side, cols, across),
            )
            blocks.append(Block(row, col, side, side))
    return blocks


def _place(start: float, side: int, length: int, count: int) -> int:
    """Return the multiple of `side` next to `start`; `start` where `count` squares have no room to move."""
    if length < 1.5 * count * side:
        return int(start)
    return side * min(round(start / side), length // side - 1)


def take_tiles(view: View, blocks: list[Block]) -> list[Tile]:
    """Read the sample blocks on all cores, leaving out those without a valid pixel."""
    if len(blocks) == 1:
        tiles = [view.read(blocks[0])]
    else:
        with ThreadPoolExecutor(threads()) as pool:
            tiles = list(pool.map(view.read, blocks))
    return [tile for tile in tiles if tile[2].any()]


def threads() -> int:
    """Return how many threads read and score: one a core, at most four."""
    return min(4, os.cpu_count() or 1)
