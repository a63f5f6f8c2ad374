"""Texture bound to the ground: the same place looks the same on every date, whatever the tile."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["grains", "patches"]


def _hash(x: NDArray[np.int64], y: NDArray[np.int64], key: int) -> NDArray[np.float32]:
    """Uniform numbers 0–1 from whole coordinates (an integer mix in the manner of MurmurHash3)."""
    h = (x.astype(np.uint32) * np.uint32(0x9E3779B1)) ^ (y.astype(np.uint32) * np.uint32(0x85EBCA77))
    h = h ^ np.uint32(key & 0xFFFFFFFF)
    h = (h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    h = (h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    top = (h ^ (h >> np.uint32(16))) >> np.uint32(8)
    return np.asarray(top.astype(np.float32) * np.float32(2.0**-24))


def grains(x: NDArray[np.float64], y: NDArray[np.float64], size_m: float, key: int) -> NDArray[np.float32]:
    """Uniform 0–1 for each ground cell of `size_m`.

    ``(rows, cols)`` from eastings ``(cols,)`` and northings ``(rows,)``.
    """
    i, j = np.floor(x / size_m).astype(np.int64), np.floor(y / size_m).astype(np.int64)
    return _hash(i[np.newaxis, :], j[:, np.newaxis], key)


def patches(x: NDArray[np.float64], y: NDArray[np.float64], size_m: float, key: int) -> NDArray[np.float32]:
    """Smooth noise 0–1 with features of about `size_m`, on the same axes as :func:`grains`."""
    i, j = np.floor(x / size_m), np.floor(y / size_m)
    fx, fy = (
        (x / size_m - i).astype(np.float32)[np.newaxis, :],
        (y / size_m - j).astype(np.float32)[:, np.newaxis],
    )
    fx, fy = fx * fx * (3 - 2 * fx), fy * fy * (3 - 2 * fy)
    i, j = i.astype(np.int64)[np.newaxis, :], j.astype(np.int64)[:, np.newaxis]
    south = _hash(i, j, key) * (1 - fx) + _hash(i + 1, j, key) * fx
    north = _hash(i, j + 1, key) * (1 - fx) + _hash(i + 1, j + 1, key) * fx
    return np.asarray(south * (1 - fy) + north * fy)
