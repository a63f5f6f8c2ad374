"""Bring your own score: a score or probability raster from elsewhere, in the place of a detector."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weipian_lab import change
from weipian_lab.errors import GridError
from weipian_lab.grid import Block, Grid
from weipian_lab.rasters import PairSource, Source, open_source
from weipian_lab.rasters.pair import common_grid
from weipian_lab.screening.pipeline import Fitted, sample_scores, sample_tiles

__all__ = ["GivenScore", "GivenView", "fit_given", "open_given"]

Float = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class GivenScore(change.Model):
    """The model whose score is the first band it is given."""

    def _score(self, before: Float, after: Float, valid: Mask) -> Float:
        copied: Float = before[0].copy()
        return copied


@dataclass(frozen=True)
class GivenView:
    """A score raster on the grid of a pair; read like a pair."""

    source: PairSource
    score: Source
    shift: None = None
    gains: None = None

    @property
    def grid(self) -> Grid:
        """Grid of the pair."""
        return self.source.grid

    @property
    def bands(self) -> tuple[str, ...]:
        """One band."""
        return self.score.bands

    def read(self, block: Block) -> tuple[Float, Float, Mask]:
        """Read a block of the score, in the place of both images."""
        data, valid = self.score.read(block)
        return data, data, valid


def open_given(path: str | Path, source: PairSource) -> tuple[GivenView, GivenScore]:
    """Open a score raster for a pair; larger must mean more change. Values are taken as stored.

    Parameters
    ----------
    path
        Raster of one band, on any grid that overlaps the pair; scale and offset in its tags are applied.
    source
        The pair it belongs to.

    Raises
    ------
    GridError
        If it does not overlap the pair.
    """
    found = open_source(path, [1])
    if found.meta["scale_from"] != "tags":
        found = open_source(path, [1], scale=1.0)
    _, alignment = common_grid(source.grid, found.grid)
    if alignment["overlap"] <= 0:
        raise GridError("rasters.no_overlap", before=source.grid.crs, after=found.grid.crs)
    details: dict[str, Any] = {"score_path": str(path), "alignment": alignment}
    model = GivenScore(method="given", n_bands=1, details=details)
    return GivenView(source, found.on(source.grid, alignment["resampling"] or "nearest")), model


def fit_given(source: PairSource, path: str | Path) -> tuple[GivenView, Fitted]:
    """Return the view and the sampled scores of a score raster, in the place of :func:`screening.fit`.

    Raises
    ------
    GridError
        If it does not overlap the pair.
    InputError
        If no sampled pixel is valid.
    """
    view, model = open_given(path, source)
    tiles = sample_tiles(view)
    share = sum(tile[2].size for tile in tiles) / (source.grid.shape[0] * source.grid.shape[1])
    return view, Fitted(model, sample_scores(model, tiles), min(1.0, share), {"score": str(path)})
