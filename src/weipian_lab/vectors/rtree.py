"""Asking a GeoPackage's R-tree for many boxes at once.

SQLite's own search goes down the tree once for every box; here all boxes go down together, a level at a
time, and each node is fetched once. A node (SQLite's ``rtree.c``) is its depth and the number of its cells,
two bytes each, then the cells: the number of a row or of a node below, and its box in single precision,
rounded outwards. The root is node 1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from weipian_lab.vectors.outlines import runs

__all__ = ["RTree"]

Array = NDArray[np.float64]
Index = NDArray[np.intp]
Ids = NDArray[np.int64]
Query = Callable[[str], list[bytes]]
_CELL = np.dtype([("id", ">i8"), ("box", ">f4", 4)])  # minx, maxx, miny, maxy
_NODE_HEADER = 4
_AT_ONCE = 5000  # nodes asked for in one statement


class RTree:
    """The index of one table.

    Parameters
    ----------
    query
        Runs a statement of one column and returns it.
    table
        Quoted name of the table that holds the nodes.
    """

    def __init__(self, query: Query, table: str) -> None:
        self._query, self._table = query, table

    def extent(self) -> Array:
        """Return the box of all rows, ``(4,)`` minx, miny, maxx, maxy; NaN if there are none."""
        box = self._nodes(np.array([1]))[2].astype(float)
        if not box.size:
            return np.full(4, np.nan)
        return np.array([box[0].min(), box[2].min(), box[1].max(), box[3].max()])

    def near(self, boxes: Array) -> tuple[Index, Ids]:
        """Return which of ``(n, 4)`` boxes meets which row's box, by pairs: number of the box, row id."""
        asked, node = np.arange(len(boxes)), np.ones(len(boxes), dtype=np.int64)
        for _ in range(self._depth() + 1):
            fetched, place = np.unique(node, return_inverse=True)
            start, ids, cells = self._nodes(fetched)
            size = np.diff(start)[place]
            cell = runs(start[place], size)
            own = boxes[asked]
            meets = np.ones(len(cell), dtype=bool)
            for column, (low, high) in enumerate(((0, 2), (1, 3))):
                meets &= cells[2 * column][cell] <= np.repeat(own[:, high], size)
                meets &= cells[2 * column + 1][cell] >= np.repeat(own[:, low], size)
            asked, node = np.repeat(asked, size)[meets], ids[cell[meets]]
            if not len(asked):
                break
        return asked, node

    def _depth(self) -> int:
        root = self._query(f"select data from {self._table} where nodeno = 1")[0]
        return int.from_bytes(root[:2], "big")

    def _nodes(self, numbers: Ids) -> tuple[Index, Ids, NDArray[np.float32]]:
        """Return the cells of nodes, given in ascending order: where each begins, ids, boxes ``(4, n)``."""
        blobs: list[bytes] = []
        for first in range(0, len(numbers), _AT_ONCE):
            wanted = ",".join(map(str, numbers[first : first + _AT_ONCE].tolist()))
            query = f"select data from {self._table} where nodeno in ({wanted}) order by nodeno"
            blobs += self._query(query)
        count = np.array([int.from_bytes(blob[2:4], "big") for blob in blobs], dtype=np.intp)
        held = [
            b[_NODE_HEADER : _NODE_HEADER + _CELL.itemsize * n] for b, n in zip(blobs, count, strict=True)
        ]
        cells = np.frombuffer(b"".join(held), _CELL)
        start = np.concatenate([[0], np.cumsum(count)])
        return start, cells["id"].astype(np.int64), np.ascontiguousarray(cells["box"].T, dtype=np.float32)
