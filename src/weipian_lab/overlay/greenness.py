"""How green survey parcels were at their best in the images at hand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from weipian_lab import vectors
from weipian_lab.grid import Grid
from weipian_lab.overlay.looking import blank
from weipian_lab.overlay.working import parse, reproject

if TYPE_CHECKING:
    from weipian_lab import rasters

__all__ = ["greenest"]

_LEAST_PX = 4  # fewer whole pixels inside a parcel say nothing of it


def greenest(survey: vectors.Source, looks: Iterable[rasters.Image]) -> dict[str, float]:
    """Return the highest mean NDVI of each survey parcel in any image.

    A parcel that grows a crop is green on some day of a season; the mean is taken half a pixel inside its
    border, so that neighbours do not mix in, and where at least four valid pixels lie there.

    Parameters
    ----------
    survey
        The survey layer, with its number BSM.
    looks
        Images with a red and a near-infrared band; their masks leave cloud out.

    Returns
    -------
    dict
        BSM → highest mean NDVI, −1 to 1; parcels that no image shows are left out.
    """
    from weipian_lab.change.indices import ndvi  # heavy; the ledger does without

    best: dict[str, float] = {}
    parts: list[tuple[Grid, list[str], np.ndarray[Any, Any]]] = []
    for look in looks:
        index = ndvi(look.data, look.bands)
        if index is None:
            continue
        held = [part for part in parts if part[0] == look.grid]
        if not held:
            held = [(look.grid, *_numbers(survey, look.grid))]
            parts += held
        _, names, numbers = held[0]
        seen = look.valid & (numbers >= 0) & np.isfinite(index)
        count = np.bincount(numbers[seen], minlength=len(names))
        total = np.bincount(numbers[seen], index[seen], minlength=len(names))
        for i in np.flatnonzero(count >= _LEAST_PX).tolist():
            best[names[i]] = max(float(total[i] / count[i]), best.get(names[i], -1.0))
    return best


def _numbers(survey: vectors.Source, grid: Grid) -> tuple[list[str], np.ndarray[Any, Any]]:
    """Return the numbers of the parcels on a grid, and in which of them each pixel lies."""
    from weipian_lab import rasters  # heavy; the ledger does without

    crs, target = parse(survey.crs, "DLTB"), parse(grid.crs, "image")
    box = reproject(np.array([shapely.box(*grid.bounds)], dtype=object), target, crs)
    found = survey.meeting(shapely.bounds(box), ("BSM",))
    named = np.array([not blank(value) for value in found.values["BSM"]], dtype=bool)
    half = abs(grid.transform.a) / 2
    # half a pixel inside the border, where no neighbour mixes in
    inner = shapely.buffer(reproject(found.geometry[named], crs, target), -half, join_style="mitre")
    return [str(n) for n in found.values["BSM"][named]], rasters.burn_numbers(inner, grid)
