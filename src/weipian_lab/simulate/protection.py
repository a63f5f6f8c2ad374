"""Which cultivated land is permanent basic farmland (永久基本农田), in truth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weipian_lab.simulate.land import Land
from weipian_lab.simulate.streams import stream

__all__ = ["CULTIVATED", "basic_farmland"]

CULTIVATED = ("field", "paddy", "garden_field", "greenhouse")
WHOLE, PART = 0.74, 0.16


def basic_farmland(seed: int, land: Land) -> NDArray[np.bool_]:
    """Return which parcels are permanent basic farmland.

    Most farm cells are wholly in it; in some only the strips on one side are, so that a site in such a cell
    can lie half inside; the rest, and land about towns, is not.
    """
    rng = stream(seed, "basic farmland")
    cells, at, count = np.unique(land.cell, return_inverse=True, return_counts=True)
    draw, cut = rng.random(len(cells)), rng.uniform(0.35, 0.65, len(cells))
    order = np.lexsort((np.arange(len(at)), at))
    place = np.empty(len(at))
    place[order] = np.arange(len(at)) - np.repeat(np.cumsum(count) - count, count)
    position = place / count[at]
    whole, part = draw[at] < WHOLE, (draw[at] >= WHOLE) & (draw[at] < WHOLE + PART) & (position < cut[at])
    return np.asarray((whole | part) & np.isin(land.kind, CULTIVATED) & (land.cell >= 0))
