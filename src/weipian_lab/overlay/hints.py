"""Patches that lie nowhere near the survey: said at once, with the zone that would fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from weipian_lab.errors import InputError
from weipian_lab.text import t

__all__ = ["no_overlap"]

# CGCS2000 / 3-degree Gauss–Krüger, central meridians 75°E … 135°E, without and with zone number
_FIRST_MERIDIAN, _STEP, _CODES = 75, 3, ((4534, 4554), (4513, 4533))


def no_overlap(shapes: NDArray[np.object_], survey: Any, crs: CRS) -> None:
    """Check that patches, in the survey's CRS, share ground with the survey's box.

    Raises
    ------
    InputError
        If none does. Where the coordinates would fit under another zone, it is named.
    """
    box, layer = shapely.total_bounds(shapes), np.asarray(survey.bounds, dtype=float)
    if _meet(box, layer):
        return
    distance = _distance_km(box, layer, crs)
    guess = _fitting(box, layer, crs)
    raise InputError(
        "overlay.no_overlap",
        layer=survey.name,
        distance=f"{distance:.0f}",
        hint=t("overlay.no_overlap_zone", crs=", ".join(guess)) if guess else "",
    )


def _meet(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    return bool((a[:2] <= b[2:]).all() and (b[:2] <= a[2:]).all())


def _distance_km(a: NDArray[np.float64], b: NDArray[np.float64], crs: CRS) -> float:
    gap = np.hypot(*np.maximum(0, np.maximum(a[:2] - b[2:], b[:2] - a[2:])))
    return float(gap * (111.0 if crs.is_geographic else 0.001))


def _fitting(box: NDArray[np.float64], layer: NDArray[np.float64], crs: CRS) -> list[str]:
    """CRSs under which the survey's coordinates, taken as they stand, would meet the patches."""
    if crs.is_geographic or not np.isfinite(layer).all():
        return []
    degrees = Transformer.from_crs(crs, 4490, always_xy=True)
    lon, lat = degrees.transform((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    found = []
    for first, last in _CODES:
        for code in range(first, last + 1):
            meridian = _FIRST_MERIDIAN + _STEP * (code - first)
            if abs(meridian - lon) > 2 * _STEP or code == crs.to_epsg():
                continue
            x, y = Transformer.from_crs(4490, code, always_xy=True).transform(lon, lat)
            if layer[0] <= x <= layer[2] and layer[1] <= y <= layer[3]:
                found.append(f"EPSG:{code}")
    return found
