"""What of the layers is looked at for errors: near the patches, or the whole of a layer part by part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from weipian_lab import vectors
from weipian_lab.overlay.ledger import Ledger
from weipian_lab.overlay.roles import ROLES, SURVEY, SURVEY_FIELDS
from weipian_lab.overlay.working import parse, reproject, same
from weipian_lab.text import t

__all__ = ["Look", "blank", "label", "listed", "width"]

Boxes = NDArray[np.float64]
Geometries = NDArray[np.object_]
_PART_M = 4_000.0  # side of the parts in which a whole layer is read
_METRES_PER_DEGREE = 111_000.0


@dataclass(frozen=True)
class Look:
    """Layers brought to the survey's CRS, asked for what is to be looked at.

    Attributes
    ----------
    sources
        Layers by name.
    crs
        The survey's.
    shapes, ids
        The patches in it and their ids; none where the ledger kept none.
    reach_m
        How far from a patch counts as near.
    throughout
        Whether whole layers are looked at, or only what lies near the patches.
    """

    sources: Mapping[str, vectors.Source]
    crs: CRS
    shapes: Geometries
    ids: Sequence[str]
    reach_m: float
    throughout: bool

    @classmethod
    def of(
        cls, ledger: Ledger, sources: Mapping[str, vectors.Source], reach_m: float, *, throughout: bool
    ) -> Look:
        """Return a look at the layers a ledger was made from."""
        crs = ledger.crs if ledger.crs is not None else parse(sources[SURVEY].crs, SURVEY)
        shapes = ledger.shapes if ledger.shapes is not None else np.empty(0, dtype=object)
        held = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
        ids = [str(p) for p, kept in zip(ledger.areas.index, held, strict=False) if kept]
        return cls(sources, crs, shapes[held], ids, reach_m, throughout)

    def parts(self, layer: str) -> Iterator[vectors.Features]:
        """Yield the features of a layer to look at, each once."""
        if layer not in self.sources:
            return
        if not self.throughout:
            if len(self.shapes):
                yield self.around(layer, self.shapes, self.reach_m)
            return
        source = self.sources[layer]
        for box in _tiles(np.asarray(source.bounds, dtype=float), parse(source.crs, layer)):
            found = source.meeting(box[None], _fields(layer))
            corner = shapely.bounds(found.geometry)[:, :2]
            own = (corner >= box[:2]).all(axis=1) & (corner < box[2:]).all(axis=1)
            if own.any():
                yield self._sound(layer, _take(found, own))

    def around(self, layer: str, shapes: Geometries, reach_m: float = 0.0) -> vectors.Features:
        """Return the features of a layer whose boxes come within `reach_m` of those of shapes."""
        source = self.sources[layer]
        target = parse(source.crs, layer)
        reach = reach_m / (_METRES_PER_DEGREE if self.crs.is_geographic else 1.0)
        boxes = shapely.bounds(shapes) + np.array([-reach, -reach, reach, reach])
        if not same(self.crs, target):
            boxes = shapely.bounds(reproject(shapely.box(*boxes.T), self.crs, target))
        return self._sound(layer, source.meeting(np.asarray(boxes, dtype=float), _fields(layer)))

    def patches(self, shape: Any) -> str:
        """Return the ids of the patches that a shape meets, joined by commas."""
        hit = np.flatnonzero(shapely.intersects(self.shapes, shape))
        return ", ".join(self.ids[i] for i in hit.tolist())

    def _sound(self, layer: str, found: vectors.Features) -> vectors.Features:
        """Return features in the survey's CRS, valid, those without ground left out."""
        found = _take(found, ~(shapely.is_missing(found.geometry) | shapely.is_empty(found.geometry)))
        shapes = reproject(found.geometry, parse(self.sources[layer].crs, layer), self.crs)
        bad = ~shapely.is_valid(shapes)
        if bad.any():
            shapes = shapes.copy()
            shapes[bad] = shapely.make_valid(shapes[bad], method="structure", keep_collapsed=False)
        return vectors.Features(shapes, found.number, found.values)


def blank(value: Any) -> bool:
    """Say whether a field holds nothing."""
    return bool(pd.isna(value)) or not str(value).strip()


def label(layer: str, found: vectors.Features, row: int) -> str:
    """Return the number by which a feature is found in its layer; its row where it has none."""
    value = found.values[_fields(layer)[0]][row]
    return t("overlay.row", number=int(found.number[row])) if blank(value) else str(value)


def listed(names: Iterable[str]) -> str:
    """Return names as one text, as the language lists them."""
    return t("overlay.between").join(names)


def width(shapes: Any) -> NDArray[np.float64]:
    """Return the width of a long rectangle of the same area and perimeter: 2 A / P."""
    return np.asarray(2 * shapely.area(shapes) / np.maximum(shapely.length(shapes), 1e-9))


def _fields(layer: str) -> Sequence[str]:
    return SURVEY_FIELDS if layer == SURVEY else ROLES[layer].fields


def _take(found: vectors.Features, rows: NDArray[np.bool_]) -> vectors.Features:
    values = {name: column[rows] for name, column in found.values.items()}
    return vectors.Features(found.geometry[rows], found.number[rows], values)


def _tiles(bounds: Boxes, crs: CRS) -> Boxes:
    """Return boxes that tile a layer's box, each lower edge inside and upper edge outside."""
    if not np.isfinite(bounds).all():
        return np.empty((0, 4))
    side = _PART_M / (_METRES_PER_DEGREE if crs.is_geographic else 1.0)
    steps = np.floor((bounds[2:] - bounds[:2]) / side).astype(int) + 1
    x, y = np.meshgrid(*(low + side * np.arange(n) for low, n in zip(bounds[:2], steps, strict=True)))
    lower = np.column_stack([x.ravel(), y.ravel()])
    return np.column_stack([lower, lower + side])
