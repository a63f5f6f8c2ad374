"""The survey's own formula for the area of a patch on the ellipsoid, kept as a cross-check.

《图幅理论面积与图斑椭球面积计算公式及要求》, 国土调查办发〔2008〕32号: vertices are taken back to
(B, L); signed trapezoids between each edge and a fixed meridian are summed, each with its edge's mean L::

    S = 2 b² ΔL [ A sin(ΔB/2) cos Bm − B sin(3ΔB/2) cos 3Bm + C sin(5ΔB/2) cos 5Bm
                  − D sin(7ΔB/2) cos 7Bm + E sin(9ΔB/2) cos 9Bm ]

The notice dates from the second survey; that the third uses it with CGCS2000 constants is 待核实.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from weipian_lab.area.ellipsoidal import sum_rings
from weipian_lab.area.forms import ellipsoid_parameters, polygons, stated_crs

__all__ = ["series_coefficients", "trapezoid_area"]

Array = NDArray[np.float64]


def series_coefficients(ellipsoid: str = "CGCS2000") -> tuple[float, float, float, float, float]:
    """Return A, B, C, D, E of the notice for an ellipsoid."""
    _, rf = ellipsoid_parameters(ellipsoid)
    e2 = (2.0 - 1.0 / rf) / rf
    e4, e6, e8 = e2**2, e2**3, e2**4
    return (
        1 + 3 / 6 * e2 + 30 / 80 * e4 + 35 / 112 * e6 + 630 / 2304 * e8,
        1 / 6 * e2 + 15 / 80 * e4 + 21 / 112 * e6 + 420 / 2304 * e8,
        3 / 80 * e4 + 7 / 112 * e6 + 180 / 2304 * e8,
        1 / 112 * e6 + 45 / 2304 * e8,
        5 / 2304 * e8,
    )


def trapezoid_area(
    geometries: Any, crs: Any, *, ellipsoid: str = "CGCS2000", max_edge_m: float | None = 10.0
) -> Array:
    """Area in m² by the survey's trapezoid formula; arguments as in :func:`ellipsoidal_area`.

    `max_edge_m` None takes the vertices alone, as the notice does; 220 ha are then off by about 28 m².
    """
    a, rf = ellipsoid_parameters(ellipsoid)
    b = a * (1.0 - 1.0 / rf)
    coefficients = series_coefficients(ellipsoid)

    def ring_area(lon: Array, lat: Array, starts: NDArray[np.intp], rings: NDArray[np.object_]) -> Array:
        lon, lat = np.radians(lon - lon[0]), np.radians(lat)
        mean_l, mean_b, rise = (lon[:-1] + lon[1:]) / 2, (lat[:-1] + lat[1:]) / 2, np.diff(lat)
        bracket = sum(
            (-1) ** i * c * np.sin((2 * i + 1) / 2 * rise) * np.cos((2 * i + 1) * mean_b)
            for i, c in enumerate(coefficients)
        )
        area = 2 * b * b * mean_l * bracket
        area[starts[1:] - 1] = 0.0
        return np.asarray(np.add.reduceat(area, np.minimum(starts, len(area) - 1)))

    layer = stated_crs(geometries, crs)
    return sum_rings(polygons(geometries), layer, ellipsoid, max_edge_m, ring_area)
