"""Opening and closing of masks by squares, as logic on bytes; local, so that a halo makes blocks exact."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["clean", "halo_px"]

Mask = NDArray[np.bool_]


def halo_px(opening_px: int, closing_px: int) -> int:
    """Return how many pixels away a pixel still counts in :func:`clean`."""
    return 2 * (opening_px + closing_px)


def clean(mask: Mask, opening_px: int = 0, closing_px: int = 0) -> Mask:
    """Open first (takes away what is thinner), then close (fills gaps and notches).

    Parameters
    ----------
    mask
        ``(row, col)`` bool. Outside it nothing is flagged.
    opening_px, closing_px
        Half widths of the squares of 2n + 1 pixels; 0 leaves the step out.
    """
    if opening_px:
        mask = _dilate(_erode(mask, opening_px), opening_px)
    if closing_px:
        padded = np.pad(mask, closing_px)
        inner = slice(closing_px, -closing_px)
        mask = _erode(_dilate(padded, closing_px), closing_px)[inner, inner]
    return mask


def _dilate(mask: Mask, radius: int) -> Mask:
    return _spread(_spread(mask, radius), radius, columns=True)


def _erode(mask: Mask, radius: int) -> Mask:
    """Erode; outside the array counts as not flagged."""
    padded = np.pad(mask, radius)
    inner = slice(radius, -radius)
    return ~_dilate(~padded, radius)[inner, inner]


def _spread(mask: Mask, radius: int, columns: bool = False) -> Mask:
    result = mask.copy()
    source, target = (mask.T, result.T) if columns else (mask, result)
    for step in range(1, min(radius, source.shape[0] - 1) + 1):
        target[step:] |= source[:-step]
        target[:-step] |= source[step:]
    return result
