"""Some features of a layer, their geometries made only when they are asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray

from weipian_lab.vectors import blobs
from weipian_lab.vectors.outlines import Outlines

__all__ = ["Features", "Near", "Stored"]

Index = NDArray[np.intp]
Geometries = NDArray[np.object_]
Near = tuple[Index, Index]


class Features:
    """Some features of a layer.

    Parameters
    ----------
    geometry
        ``(n,)`` shapely geometries in the layer's CRS, as stored.
    number
        ``(n,)`` number of each feature within the layer, ascending.
    values
        Columns asked for, each ``(n,)`` object; a column the layer lacks is all None.
    near
        Which box asked for may meet which feature, as pairs ``(k,)``: number of the box, row;
        None if not known.
    """

    def __init__(
        self,
        geometry: Geometries,
        number: NDArray[np.int64],
        values: Mapping[str, NDArray[np.object_]],
        near: Near | None = None,
    ) -> None:
        self._geometry, self.number, self.values, self.near = geometry, number, values, near

    @property
    def geometry(self) -> Geometries:
        """``(n,)`` shapely geometries."""
        return self.shapes(np.arange(len(self.number)))

    def shapes(self, rows: Index) -> Geometries:
        """Return the geometries of some features."""
        return np.asarray(self._geometry[rows])

    @cached_property
    def outlines(self) -> Outlines:
        """Outlines of the geometries."""
        return Outlines.of(self._geometry)


class Stored(Features):
    """Features of a GeoPackage; `held` are the blobs of their geometries."""

    def __init__(
        self,
        held: Sequence[bytes | None],
        number: NDArray[np.int64],
        values: Mapping[str, NDArray[np.object_]],
        near: Near | None,
    ) -> None:
        super().__init__(np.full(len(held), None, dtype=object), number, values, near)
        self._held = held

    def shapes(self, rows: Index) -> Geometries:
        """Return the geometries of some features, each read once."""
        missing = np.unique(rows)
        missing = missing[shapely.is_missing(self._geometry[missing])]
        if len(missing):
            self._geometry[missing] = blobs.shapes([self._held[row] for row in missing.tolist()])
        return np.asarray(self._geometry[rows])

    @cached_property
    def outlines(self) -> Outlines:
        """Outlines of the geometries, straight from the blobs."""
        return blobs.outlines(self._held)
