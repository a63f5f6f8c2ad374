"""Flagged pixels as runs along rows: small where little changed, the same from blocks as from the whole.

Components are found on the runs of the whole scene, so that no seam between blocks is left in them,
and memory grows with the length of the boundaries, not with the size of the scene.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from weipian_lab.errors import ParameterError

__all__ = ["MOST_RUNS", "Components", "Runs", "components", "encode", "join"]

MOST_RUNS = 30_000_000


@dataclass(frozen=True, slots=True)
class Runs:
    """Runs of flagged pixels.

    Attributes
    ----------
    row, start, stop
        ``(n,)`` int32: row, first column, column after the last.
    total, largest
        ``(n,)`` float64 and float32: sum and maximum of the score over the run.
    """

    row: NDArray[np.int32]
    start: NDArray[np.int32]
    stop: NDArray[np.int32]
    total: NDArray[np.float64]
    largest: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.row)

    def take(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> Runs:
        """Return some of the runs."""
        return Runs(
            self.row[index], self.start[index], self.stop[index], self.total[index], self.largest[index]
        )


@dataclass(frozen=True, slots=True)
class Components:
    """Components of a set of runs, in the order of their first pixel.

    Attributes
    ----------
    of_run
        ``(n_run,)`` component of each run, from 0.
    pixels, total, largest
        ``(n_component,)`` number of pixels, sum and maximum of the score.
    """

    of_run: NDArray[np.intp]
    pixels: NDArray[np.int64]
    total: NDArray[np.float64]
    largest: NDArray[np.float32]


def encode(mask: NDArray[np.bool_], score: NDArray[np.float32], row: int = 0, col: int = 0) -> Runs:
    """Encode a mask.

    Parameters
    ----------
    mask, score
        ``(row, col)`` bool and float32; the score is read where the mask is set, NaN counts as 0.
    row, col
        Where the block lies in the scene.
    """
    height, width = mask.shape
    # one row after the other with a gap between: where the value changes a run begins or ends
    flat = np.zeros(height * (width + 1) + 1, bool)
    flat[:-1].reshape(height, width + 1)[:, 1:] = mask
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    if not len(edges):
        return _EMPTY
    at_row, edge = np.divmod(edges, width + 1)
    at_row, start, stop = at_row[0::2], edge[0::2], edge[1::2]
    length = stop - start
    first = np.cumsum(length) - length
    pixel = np.repeat(at_row * width + start - first, length) + np.arange(length.sum())
    values = np.nan_to_num(score.reshape(-1)[pixel], nan=0.0)
    return Runs(
        (at_row + row).astype(np.int32),
        (start + col).astype(np.int32),
        (stop + col).astype(np.int32),
        np.add.reduceat(values, first, dtype=np.float64),
        np.maximum.reduceat(values, first).astype(np.float32),
    )


_EMPTY = Runs(
    np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0), np.empty(0, np.float32)
)


def join(parts: Sequence[Runs]) -> Runs:
    """Put the runs of blocks together, sorted by row and column, runs that meet at a seam made one.

    Raises
    ------
    ParameterError
        If so much is flagged that no patch could be meant.
    """
    parts = [part for part in parts if len(part)]
    if not parts:
        return _EMPTY
    count = sum(len(part) for part in parts)
    if count > MOST_RUNS:
        raise ParameterError("patches.too_many", runs=count, most=MOST_RUNS)
    row, start, stop, total, largest = (
        np.concatenate([getattr(part, name) for part in parts]) for name in Runs.__slots__
    )
    order = np.lexsort((start, row))
    row, start, stop, total, largest = row[order], start[order], stop[order], total[order], largest[order]
    meets = np.r_[False, (row[1:] == row[:-1]) & (start[1:] == stop[:-1])]
    if not meets.any():
        return Runs(row, start, stop, total, largest)
    first = np.flatnonzero(~meets)
    last = np.r_[first[1:] - 1, len(row) - 1]
    return Runs(
        row[first],
        start[first],
        stop[last],
        np.add.reduceat(total, first),
        np.maximum.reduceat(largest, first),
    )


def components(runs: Runs, connectivity: int = 8) -> Components:
    """Group runs into components.

    Parameters
    ----------
    runs
        Sorted as :func:`join` returns them.
    connectivity
        8 (pixels that touch at a corner belong together) or 4.
    """
    if connectivity not in (4, 8):
        raise ParameterError("errors.bad_choice", name="connectivity", value=connectivity, choices="4, 8")
    n = len(runs)
    if not n:
        return Components(np.empty(0, np.intp), np.empty(0, np.int64), np.empty(0), np.empty(0, np.float32))
    touch = 0 if connectivity == 8 else 1
    stride = int(runs.stop.max()) + 2
    row = runs.row.astype(np.int64) * stride
    starts, stops = row + runs.start, row + runs.stop
    low = np.searchsorted(stops, starts + stride + touch, side="left")
    high = np.searchsorted(starts, stops + stride - touch, side="right")
    counts = np.maximum(high - low, 0)
    above = np.repeat(np.arange(n), counts)
    offset = np.arange(len(above)) - np.repeat(np.cumsum(counts) - counts, counts)
    below = np.repeat(low, counts) + offset
    graph = coo_matrix((np.ones(len(above), np.int8), (above, below)), shape=(n, n))
    _, label = connected_components(graph, directed=False)
    # number the components by their first run
    _, first = np.unique(label, return_index=True)
    rank = np.empty(len(first), np.intp)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    of_run = rank[label]
    k = len(first)
    largest = np.full(k, -np.inf, np.float32)
    np.maximum.at(largest, of_run, runs.largest)
    pixels = np.bincount(of_run, runs.stop - runs.start, k).astype(np.int64)
    return Components(of_run, pixels, np.bincount(of_run, runs.total, k).astype(np.float64), largest)
