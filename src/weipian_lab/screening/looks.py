"""What the figures of a screening are drawn from: small pictures, sampled pixels, a line of progress."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weipian_lab.grid import Grid
from weipian_lab.rasters import Source, canonical
from weipian_lab.screening.views import PairView, sample_blocks
from weipian_lab.text import t

__all__ = ["Look", "print_progress", "quicklook", "sample_pixels"]


@dataclass(frozen=True, slots=True)
class Look:
    """A small copy of an image: ``(band, row, col)`` float32, names, ``(row, col)`` valid, its grid."""

    data: NDArray[np.float32]
    bands: tuple[str, ...]
    valid: NDArray[np.bool_]
    grid: Grid


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
