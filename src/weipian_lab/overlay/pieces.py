"""Pieces of patches: what each feature has of each patch, measured, and built only where it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import GEOSException

from weipian_lab.overlay.elements import Frame, Measure
from weipian_lab.overlay.slabs import Slabs, crossings
from weipian_lab.vectors import Features, Outlines

__all__ = ["HEAVY", "Pieces", "Wholes", "groups"]

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]
Index = NDArray[np.intp]
Geometries = NDArray[np.object_]

HEAVY = 100_000  # crossings of edges and slabs from which on a polygon is cut by GEOS instead


@dataclass(frozen=True)
class Wholes:
    """Patches ready to be cut.

    Attributes
    ----------
    geometries
        ``(n,)`` valid polygons in the working CRS.
    outlines
        Their outlines.
    frame
        Where their pieces are measured.
    areas
        ``(n,)`` area of each.
    moments
        ``(n, 6)`` moments of each about its centre.
    """

    geometries: Geometries
    outlines: Outlines
    frame: Frame
    areas: Array
    moments: Array

    @classmethod
    def of(cls, geometries: Geometries, measure: Measure) -> Wholes:
        """Measure patches."""
        frame = measure.frame(geometries)
        areas, found = frame.measured(geometries, np.arange(len(geometries)))
        return cls(geometries, Outlines.of(geometries), frame, areas, found)

    @cached_property
    def by_edges(self) -> Bools:
        """Whether the pieces of each patch are measured by their edges, and not built: ``(n,)``."""
        return ~self.frame.large & (crossings(self.outlines) < HEAVY)

    @cached_property
    def slabs(self) -> Slabs:
        """Patches measured by their edges, cut into slabs about their centres."""
        return Slabs.of(self.outlines.only(self.by_edges), self.frame.origins)

    @cached_property
    def noise(self) -> Array:
        """What the rounding of coordinates alone may make of the area of a piece: ``(n,)``, plane."""
        return noise(self.outlines.bounds)


def noise(box: Array) -> Array:
    """Area of a strip as wide as coordinates are rounded, along two sides of each of ``(n, 4)`` boxes."""
    size = box[:, 2] - box[:, 0] + box[:, 3] - box[:, 1]
    return np.asarray(np.nan_to_num(np.spacing(np.abs(box).max(axis=1)) * size))


class Pieces:
    """Pieces of patches, one for each pair of a patch and a feature that share ground.

    Attributes
    ----------
    whole, feature
        ``(n,)`` positions of the patch and of the feature; sorted by patch, then feature.
    area
        ``(n,)`` in the unit of the measure.
    moments
        ``(n, 6)`` about the centre of the patch.
    patches
        What was cut.
    features
        What it was cut by.
    """

    def __init__(
        self,
        whole: Index,
        feature: Index,
        area: Array,
        moments: Array,
        patches: Wholes,
        features: Features,
        built: Geometries | None = None,
    ) -> None:
        self.whole, self.feature, self.area, self.moments = whole, feature, area, moments
        self.patches, self.features = patches, features
        self._built = np.full(len(whole), None, dtype=object) if built is None else built

    def __len__(self) -> int:
        return len(self.whole)

    def take(self, rows: Index | Bools) -> Pieces:
        """Return some of the pieces."""
        return Pieces(
            self.whole[rows],
            self.feature[rows],
            self.area[rows],
            self.moments[rows],
            self.patches,
            self.features,
            self._built[rows],
        )

    @property
    def geometry(self) -> Geometries:
        """``(n,)`` the pieces as geometries."""
        return self.shapes(np.arange(len(self)))

    def shapes(self, rows: Index) -> Geometries:
        """Return some pieces as geometries, in the shape of `rows`; each is built once."""
        missing = np.unique(rows)
        missing = missing[shapely.is_missing(self._built[missing])]
        if len(missing):
            patches = self.patches.geometries[self.whole[missing]]
            features = self.features.shapes(self.feature[missing])
            inside, around = self.inside[missing], self.around[missing]
            built = np.where(inside, features, patches)
            across = ~(inside | around)
            built[across] = _intersection(patches[across], features[across])
            self._built[missing] = built
        return np.asarray(self._built[rows])

    @cached_property
    def inside(self) -> Bools:
        """Whether the feature lies inside the patch, ``(n,)``, as far as coordinates can tell."""
        short = self.features.outlines.area[self.feature] - self.moments[:, 0]
        return np.asarray(short <= self.patches.noise[self.whole])

    @cached_property
    def around(self) -> Bools:
        """Whether the feature covers the patch, ``(n,)``, as far as coordinates can tell."""
        short = self.patches.moments[self.whole, 0] - self.moments[:, 0]
        return np.asarray(short <= self.patches.noise[self.whole])


def _intersection(patches: Geometries, features: Geometries) -> Geometries:
    """Build pieces; a ring whose fault is too small to be seen in the areas may still stop GEOS."""
    try:
        return np.asarray(shapely.intersection(patches, features))
    except GEOSException:
        sound = shapely.make_valid(features, method="structure", keep_collapsed=False)
        return np.asarray(shapely.intersection(patches, sound))


def groups(pieces: Pieces) -> Iterator[tuple[int, slice]]:
    """Yield each patch that has pieces, with the slice of its pieces."""
    if not len(pieces):
        return
    cuts = np.flatnonzero(np.r_[True, np.diff(pieces.whole) != 0, True])
    for start, end in pairwise(cuts.tolist()):
        yield int(pieces.whole[start]), slice(start, end)
