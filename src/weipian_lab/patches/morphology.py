"""Opening and closing of masks by squares, as logic on bytes; local, so that a halo makes blocks exact."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Order", "clean", "halo_px"]

Mask = NDArray[np.bool_]
Order = Literal["open_close", "close_open"]


def halo_px(opening_px: int, closing_px: int) -> int:
    """Return how many pixels away a pixel still counts in :func:`clean`."""
    return 2 * (opening_px + closing_px)


def clean(mask: Mask, opening_px: int = 0, closing_px: int = 0, order: Order = "open_close") -> Mask:
    """Open (takes away what is thinner) and close (fills gaps and notches), in the order given.

    Parameters
    ----------
    mask
        ``(row, col)`` bool. Outside it nothing is flagged.
    opening_px, closing_px
        Half widths of the squares of 2n + 1 pixels; 0 leaves the step out.
    order
        ``open_close`` opens first, ``close_open`` closes first.
    """
    if order == "close_open":
        return _open(_close(mask, closing_px), opening_px)
    return _close(_open(mask, opening_px), closing_px)


def _open(mask: Mask, radius: int) -> Mask:
    return _dilate(_erode(mask, radius), radius) if radius else mask


def _close(mask: Mask, radius: int) -> Mask:
    if not radius:
        return mask
    inner = slice(radius, -radius)
    return _erode(_dilate(np.pad(mask, radius), radius), radius)[inner, inner]


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
