"""A pair in memory as the screening scores it: clouds out, the shift between the images taken out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from weipian_lab import rasters
from weipian_lab.grid import Block
from weipian_lab.rasters import ImagePair
from weipian_lab.screening.given import open_given
from weipian_lab.screening.prepare import correction, measure_shift
from weipian_lab.screening.views import PairView

__all__ = ["read_aligned", "read_given"]

Masks = tuple[str | Path | None, str | Path | None]


def read_aligned(
    before: str | Path, after: str | Path, *, masks: Masks = ("auto", "auto"), register: bool = True
) -> ImagePair:
    """Read two images onto one grid and take out the shift between them, as ``01_screening`` does by default.

    Parameters
    ----------
    before, after
        Images of any size that fits into memory.
    masks
        Cloud rasters of both, as :func:`weipian_lab.rasters.read_pair`; "auto" takes those beside the images.
    register
        Whether a shift that was measured is taken out of the second image.

    Returns
    -------
    ImagePair
        Its report has, besides what :func:`weipian_lab.rasters.read_pair` says, ``shift``: (dy, dx) in
        pixels that were taken out, None if none was.

    Raises
    ------
    InputError, CRSError, GridError
        As :func:`weipian_lab.rasters.read_pair`.
    """
    pair = rasters.read_pair(before, after, masks=masks)
    with rasters.open_pair(before, after, masks=masks) as source:
        shift = correction(measure_shift(source)[0], register)
        first, second, valid = PairView(source, shift).read(Block(0, 0, *pair.grid.shape))
    report = {**pair.report, "shift": shift}
    return replace(pair, before=first, after=second, valid=valid, report=report)


def read_given(path: str | Path, before: str | Path, after: str | Path) -> NDArray[np.float32]:
    """Read a score raster from an outside model onto the grid of a pair.

    Returns
    -------
    ndarray
        ``(row, col)`` float32, NaN where the raster has no value; larger means more change.

    Raises
    ------
    GridError
        If it does not overlap the pair.
    """
    with rasters.open_pair(before, after) as source:
        view, _ = open_given(path, source)
        try:
            return np.asarray(view.read(Block(0, 0, *view.grid.shape))[0][0])
        finally:
            view.score.close()
