"""Before scoring: measure the shift between the images and match their radiometry, on sample blocks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from weipian_lab import change
from weipian_lab.rasters import PairSource, Remark
from weipian_lab.screening.views import Gains, PairView, Tile, sample_blocks, take_tiles

__all__ = ["correction", "fit_gains", "measure_shift", "normalised"]

_SHIFT_SIDE = 1024
_SHIFT_BLOCKS = 9
_WORTH_CORRECTING_PX = 0.05
_NOT_BELIEVED_PX = 5.0
_LEAST_PSEUDO_INVARIANT = 200


def measure_shift(
    source: PairSource, side: int = _SHIFT_SIDE, count: int = _SHIFT_BLOCKS
) -> tuple[change.Shift, list[Remark]]:
    """Measure how far the second image lies from the first.

    Parameters
    ----------
    source
        Opened pair.
    side, count
        Size in pixels and number of the blocks that are looked at.

    Returns
    -------
    shift
        The image's shift (median over the blocks).
    remarks
        What a user should know: beyond 5 pixels, or nothing in common that could be measured.
    """
    found = []
    for block in sample_blocks(source.grid.shape, side, count):
        first, second, valid = source.read(block)
        if valid.mean() >= 0.1:
            found.append(change.measure_shift(first, second, valid, bands=source.bands))
    good = [shift for shift in found if shift.reliable]
    if not good:
        return change.Shift(0.0, 0.0, 0.0, 0), [Remark("screening.shift_unmeasured")]
    vectors = np.array([[s.dy_px, s.dx_px] for s in good])
    middle = np.median(vectors, axis=0)
    near = np.abs(vectors - middle).max(axis=1) <= 0.5
    quality = float(np.mean([s.quality for s in good])) * float(near.sum()) / len(found)
    shift = change.Shift(float(middle[0]), float(middle[1]), quality, int(sum(s.agreeing for s in good)))
    remarks = []
    values = {"dy": f"{shift.dy_px:+.2f}", "dx": f"{shift.dx_px:+.2f}", "quality": f"{quality:.2f}"}
    if shift.distance_px > _NOT_BELIEVED_PX:
        remarks.append(Remark("screening.shift_large", values | {"limit": f"{_NOT_BELIEVED_PX:g}"}))
    elif shift.distance_px > _WORTH_CORRECTING_PX:
        remarks.append(Remark("screening.shift_found", values, "note"))
    return shift, remarks


def correction(shift: change.Shift, register: bool) -> tuple[float, float] | None:
    """Return the shift to take out; None if too small, unreliable, too large to believe, or not wanted."""
    if not register or not shift.reliable:
        return None
    if not _WORTH_CORRECTING_PX < shift.distance_px <= _NOT_BELIEVED_PX:
        return None
    return shift.dy_px, shift.dx_px


def fit_gains(tiles: list[Tile], *, random_state: int = 0, probability: float = 0.5) -> Gains | None:
    """Match the second image to the first on pseudo-invariant pixels.

    Pixels whose IR-MAD statistic an unchanged pixel would exceed with at least `probability` count as
    invariant; each band's line is fitted through them orthogonally.

    Parameters
    ----------
    tiles
        Sample tiles.
    random_state
        Seed of the draw of pixels.
    probability
        Least probability of no change, 0–1.

    Returns
    -------
    Gains or None
        None if fewer than 200 pixels are invariant.

    Notes
    -----
    Source: Canty, M. J., Nielsen, A. A. (2008). Automatic radiometric normalization of multitemporal
    satellite imagery with the iteratively re-weighted MAD transformation. Remote
    Sensing of Environment 112:1025–1036.
    """
    firsts, seconds, masks = (list(part) for part in zip(*tiles, strict=True))
    model = change.fit(firsts, seconds, "irmad", valid=masks, random_state=random_state)
    x, y = [], []
    for first, second, valid in tiles:
        score = model.score_block(first, second, valid)
        same = valid & (1.0 - change.chi2_probability(score, model.df or 1) >= probability)
        x.append(second[:, same])
        y.append(first[:, same])
    after, before = np.concatenate(x, axis=1).astype(float), np.concatenate(y, axis=1).astype(float)
    if after.shape[1] < _LEAST_PSEUDO_INVARIANT:
        return None
    gain = np.array([_orthogonal_slope(a, b) for a, b in zip(after, before, strict=True)])
    return Gains(gain, before.mean(axis=1) - gain * after.mean(axis=1), after.shape[1])


def _orthogonal_slope(x: Any, y: Any) -> float:
    """Slope of the line with the least sum of squared distances to the points; 1 if a band does not vary."""
    sxx, syy = np.var(x), np.var(y)
    sxy = np.mean((x - x.mean()) * (y - y.mean()))
    if sxx == 0 or syy == 0 or sxy <= 0:
        return 1.0
    return float((syy - sxx + np.hypot(syy - sxx, 2 * sxy)) / (2 * sxy))


def normalised(view: PairView, *, random_state: int = 0) -> PairView:
    """Return the view with the second image matched to the first; unchanged if nothing seems invariant."""
    tiles = take_tiles(view, sample_blocks(view.grid.shape, _SHIFT_SIDE // 2, _SHIFT_BLOCKS))
    return replace(view, gains=fit_gains(tiles, random_state=random_state) if tiles else None)
