"""Moving minima and maxima, by taking the extreme of windows twice as long each time."""

from __future__ import annotations

from typing import Any

import numpy as np

from weipian_lab.change.pixels import Float

__all__ = ["moving_maximum", "moving_minimum", "opening"]

_STRIP_PX = 32_768  # what is worked on at once stays in the processor's cache


def moving_minimum(planes: Float, window: tuple[int, int]) -> Float:
    """Return the least value of the window (rows, cols; odd) around each pixel, cut at the edge.

    Parameters
    ----------
    planes
        float32 ``(…, row, col)``, without NaN.
    """
    return _along(_along(planes, window[0], -2, np.minimum), window[1], -1, np.minimum)


def moving_maximum(planes: Float, window: tuple[int, int]) -> Float:
    """Return the largest value of the window (rows, cols; odd) around each pixel, cut at the edge."""
    return _along(_along(planes, window[0], -2, np.maximum), window[1], -1, np.maximum)


def opening(plane: Float, window: tuple[int, int]) -> Float:
    """Return the plane without what is higher than its surroundings over less than the window.

    Parameters
    ----------
    plane
        float32 ``(row, col)``; infinite where nothing is known, which is then left out.
        Where nothing is known all over a window it is minus infinity.
    window
        Rows and columns, odd.
    """
    low = moving_minimum(plane, window)
    low[low == np.inf] = -np.inf
    return moving_maximum(low, window)


def _along(planes: Float, length: int, axis: int, extreme: np.ufunc) -> Float:
    out = np.empty_like(planes)
    across = -3 - axis  # the other of the two
    step = max(16, _STRIP_PX * planes.shape[across] // max(planes.size, 1))
    for start in range(0, planes.shape[across], step):
        strip = _at(across, slice(start, start + step))
        _slide(planes[strip], length, axis, extreme, out[strip])
    return out


def _slide(planes: Float, length: int, axis: int, extreme: np.ufunc, out: Float) -> None:
    """Write the extreme of each window along an axis to `out`."""
    if length == 3 and planes.shape[axis] > 1:
        _slide_three(planes, axis, extreme, out)
        return
    half = length // 2
    shape = list(planes.shape)
    shape[axis] += 2 * half
    wide = np.empty(shape, np.float32)
    beyond = np.float32(np.inf if extreme is np.minimum else -np.inf)
    wide[_at(axis, slice(None, half))] = beyond
    wide[_at(axis, slice(half + planes.shape[axis], None))] = beyond
    wide[_at(axis, slice(half, half + planes.shape[axis]))] = planes
    reach = 1
    while 2 * reach < length:
        wide = extreme(wide[_at(axis, slice(None, -reach))], wide[_at(axis, slice(reach, None))])
        reach *= 2
    rest = length - reach
    if rest:
        extreme(wide[_at(axis, slice(None, -rest))], wide[_at(axis, slice(rest, None))], out=out)
    else:
        out[...] = wide


def _slide_three(planes: Float, axis: int, extreme: np.ufunc, out: Float) -> None:
    first, last = _at(axis, slice(None, 1)), _at(axis, slice(-1, None))
    head, tail = _at(axis, slice(None, -1)), _at(axis, slice(1, None))
    pairs = extreme(planes[head], planes[tail])
    extreme(pairs[head], pairs[tail], out=out[_at(axis, slice(1, -1))])
    out[first], out[last] = pairs[first], pairs[last]


def _at(axis: int, part: slice) -> tuple[Any, ...]:
    """Return the index that takes a part of one of the last two axes (-2 or -1)."""
    return (..., part, slice(None)) if axis == -2 else (..., part)
