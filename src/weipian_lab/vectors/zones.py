"""Gauss–Krüger zones: what the easting says of the zone, and whether the CRS agrees.

An easting above 1 000 000 m carries its zone number in front: zone = int(E / 1 000 000).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError as ProjError

from weipian_lab.errors import CRSError
from weipian_lab.text import t

__all__ = ["check_zone", "guess_crs", "zone_of_easting"]

_MILLION = 1_000_000
# EPSG codes of CGCS2000 / 3-degree zones 25–45 with prefix, and of the same meridians 75°E–135°E without
_FIRST_ZONE, _LAST_ZONE, _WITH_PREFIX, _WITHOUT = 25, 45, 4513, 4534
_FIRST_ZONE_6, _LAST_ZONE_6, _WITH_PREFIX_6 = 13, 23, 4491
_FALSE_EASTING = 500_000
_HALF_ZONE_M = (
    334_000  # 3° of longitude at the equator: no easting of a 6° zone lies farther from its meridian
)


def zone_of_easting(x: float) -> int:
    """Return the zone number in front of an easting, 0 if there is none.

    >>> zone_of_easting(35_609_118.279), zone_of_easting(609_118.279)
    (35, 0)
    """
    return int(x / _MILLION) if x > _MILLION else 0


def guess_crs(bounds: NDArray[np.float64]) -> str:
    """Return the CRS that coordinates look like, "" if they tell nothing."""
    west, south, east, north = (float(v) for v in bounds)
    if not all(map(math.isfinite, (west, south, east, north))):
        return ""
    if west >= -180 and east <= 180 and south >= -90 and north <= 90:
        return "EPSG:4490"
    zone = zone_of_easting(west)
    if zone == zone_of_easting(east):
        if _FIRST_ZONE <= zone <= _LAST_ZONE:
            return f"EPSG:{_WITH_PREFIX + zone - _FIRST_ZONE}"
        if _FIRST_ZONE_6 <= zone <= _LAST_ZONE_6:
            return f"EPSG:{_WITH_PREFIX_6 + zone - _FIRST_ZONE_6}"
    return ""


def check_zone(crs: CRS, bounds: NDArray[np.float64], what: str) -> None:
    """Check that eastings fit the zone of the CRS.

    Raises
    ------
    CRSError
        If the coordinates carry another zone number than the CRS, or one where the CRS has none;
        the CRS they look like is named.
    """
    false_easting = _transverse_mercator(crs)
    if false_easting is None or not np.isfinite(bounds).all():
        return
    expected = zone_of_easting(false_easting)
    for easting in (float(bounds[0]), float(bounds[2])):
        found = zone_of_easting(easting)
        off = abs(easting - false_easting) > 2 * _HALF_ZONE_M
        if found != expected or off:
            guess = guess_crs(bounds) or _without_prefix(expected)
            raise CRSError(
                "vectors.wrong_zone",
                what=what,
                crs=_label(crs),
                easting=f"{easting:.0f}",
                expected=_zone_text(expected, false_easting, found),
                found=_zone_text(found, easting, expected),
                guess=guess or "?",
            )


def _transverse_mercator(crs: CRS) -> float | None:
    """Return the false easting of a transverse Mercator CRS in metres, None for other CRSs."""
    operation = crs.coordinate_operation
    if operation is None or "Transverse Mercator" not in operation.method_name:
        return None
    values = [p.value for p in operation.params if p.name == "False easting"]
    return float(values[0]) if values else None


def _without_prefix(zone: int) -> str:
    if _FIRST_ZONE <= zone <= _LAST_ZONE:
        return f"EPSG:{_WITHOUT + zone - _FIRST_ZONE}"
    return ""


def _zone_text(zone: int, easting: float, other: int) -> str:
    if zone:
        return str(zone)
    return t("vectors.no_prefix") if other else f"E≈{easting:.0f}"


def _label(crs: CRS) -> str:
    try:
        code = crs.to_epsg()
    except ProjError:
        code = None
    return f"EPSG:{code} {crs.name}" if code else crs.name


def label(crs: Any) -> str:
    """Return a CRS as shown to a user."""
    return _label(CRS.from_user_input(crs))
