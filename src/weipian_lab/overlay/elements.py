"""The ellipsoid's area element over a map: how many m² lie under one square unit of the CRS.

``J(x, y) = M N cos φ · |∂(λ, φ)/∂(x, y)|`` with M and N the radii of curvature.
Over a few kilometres J is a parabola to within 1e-10, so that the ellipsoidal area of a polygon is
a sum of its moments (:mod:`weipian_lab.overlay.moments`) and needs no point of it to be projected.
Longer patches are measured by :func:`weipian_lab.area.ellipsoidal_area` itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import comb

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer

from weipian_lab.area import ellipsoid_parameters, ellipsoidal_area
from weipian_lab.errors import CRSError
from weipian_lab.overlay.moments import moments

__all__ = ["Measure"]

Array = NDArray[np.float64]

_CELL_M = 16_000.0  # cells that share one fit of J; a quartic there is good to 1e-12
_LARGE_M = 4_000.0  # patches longer than this are measured edge by edge
_METRES_PER_DEGREE = 111_000.0
_STEP_M = 50.0  # of the differences that give the Jacobian: truncation and rounding are both near 1e-10


@dataclass(frozen=True)
class Measure:
    """How areas are taken: on the ellipsoid under a CRS, or planar in the CRS's own square units.

    Attributes
    ----------
    crs
        CRS of the geometries; None only with `kind` "planar".
    kind
        "ellipsoidal" (m²) or "planar".
    ellipsoid
        As for :func:`weipian_lab.area.ellipsoidal_area`.
    """

    crs: CRS | None
    kind: str = "ellipsoidal"
    ellipsoid: str = "CGCS2000"

    def frame(self, wholes: NDArray[np.object_]) -> Frame:
        """Return the frame in which the pieces of each of `wholes` are measured."""
        box = shapely.bounds(wholes)
        empty = ~np.isfinite(box).all(axis=1)
        box[empty] = 0.0
        centres = np.column_stack([(box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2])
        size = np.maximum(box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]) * self.metres_per_unit()
        large = (size > _LARGE_M) & (self.kind == "ellipsoidal")
        return Frame(self, centres, self._coefficients(centres, large | empty), large)

    def metres_per_unit(self) -> float:
        """Length of a unit of the CRS on the ground, roughly for degrees."""
        if self.crs is None:
            return 1.0
        if self.crs.is_geographic:
            return _METRES_PER_DEGREE
        return float(self.crs.axis_info[0].unit_conversion_factor)

    def _coefficients(self, centres: Array, skip: NDArray[np.bool_]) -> Array:
        """Taylor coefficients of J at each centre, in the order of the moments."""
        result = np.zeros((len(centres), 6))
        if self.kind == "planar":
            result[:, 0] = 1.0
            return result
        cell = _CELL_M / self.metres_per_unit()
        keys = np.floor(centres / cell)
        wanted = np.flatnonzero(~skip)
        cells, inverse = np.unique(keys[wanted], axis=0, return_inverse=True)
        for index, key in enumerate(cells):
            rows = wanted[inverse.ravel() == index]
            middle = (key + 0.5) * cell
            weights = _expansion(self, *middle.tolist(), 0.6 * cell)
            result[rows] = _monomials((centres[rows] - middle) / (0.6 * cell)) @ weights
        return result

    def element(self, xy: Array) -> Array:
        """Return J at points ``(n, 2)``, in m² per square unit."""
        assert self.crs is not None
        a, rf = ellipsoid_parameters(self.ellipsoid)
        e2 = (2.0 - 1.0 / rf) / rf if np.isfinite(rf) else 0.0
        target = {"CGCS2000": "EPSG:4490", "WGS84": "EPSG:4326"}.get(self.ellipsoid, self.crs.geodetic_crs)
        step = _STEP_M / self.metres_per_unit()
        shifts = np.array([[0, 0], [step, 0], [-step, 0], [0, step], [0, -step]])
        points = (xy[:, None, :] + shifts).reshape(-1, 2)
        transformer = Transformer.from_crs(self.crs, target, always_xy=True)
        lon, lat = transformer.transform(points[:, 0], points[:, 1])
        if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
            raise CRSError("errors.outside_crs", crs=self.crs.name)
        lon, lat = np.radians(lon).reshape(-1, 5), np.radians(lat).reshape(-1, 5)
        east = (lon[:, 1] - lon[:, 2]) * (lat[:, 3] - lat[:, 4])
        north = (lon[:, 3] - lon[:, 4]) * (lat[:, 1] - lat[:, 2])
        jacobian = np.abs(east - north) / (2 * step) ** 2
        sine = np.sin(lat[:, 0])
        radii = a * a * (1 - e2) / (1 - e2 * sine * sine) ** 2
        return np.asarray(radii * np.cos(lat[:, 0]) * jacobian)


@dataclass(frozen=True)
class Frame:
    """Origins and coefficients for measuring the pieces of many wholes.

    Attributes
    ----------
    measure
        What is measured.
    origins
        ``(n, 2)`` centre of each whole.
    coefficients
        ``(n, 6)`` weights of the moments.
    large
        ``(n,)`` whether the whole is measured edge by edge instead.
    """

    measure: Measure
    origins: Array
    coefficients: Array
    large: NDArray[np.bool_]

    def measured(self, geometries: NDArray[np.object_], whole: NDArray[np.intp]) -> tuple[Array, Array]:
        """Return areas ``(n,)`` and moments ``(n, 6)`` of pieces; `whole` says what each is a piece of."""
        found = moments(geometries, self.origins[whole])
        return self.areas(found, geometries, whole), found

    def areas(self, found: Array, geometries: NDArray[np.object_], whole: NDArray[np.intp]) -> Array:
        """Return areas ``(n,)`` of pieces whose moments are known."""
        area = np.einsum("ij,ij->i", found, self.coefficients[whole])
        large = self.large[whole]
        if large.any():
            measure = self.measure
            area[large] = ellipsoidal_area(geometries[large], measure.crs, ellipsoid=measure.ellipsoid)
        return np.asarray(area)


_POWERS = [(i, j) for i in range(5) for j in range(5 - i)]
_ORDERS = ((0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2))


@lru_cache(maxsize=4096)
def _expansion(measure: Measure, x: float, y: float, half: float) -> Array:
    """Fit J on one cell; patches in one cell, of whatever batch, share the fit.

    Returns
    -------
    ndarray
        ``(15, 6)`` what gives, from the monomials of a point in the cell's own unit square,
        the second-order expansion of J about it.
    """
    node = np.linspace(-1.0, 1.0, 6)
    unit = np.column_stack([grid.ravel() for grid in np.meshgrid(node, node)])
    values = measure.element(np.array([x, y]) + half * unit)
    fit = np.linalg.lstsq(_monomials(unit), values, rcond=None)[0].tolist()
    weights = np.zeros((len(_POWERS), len(_ORDERS)))
    for column, (p, q) in enumerate(_ORDERS):
        for (a, b), c in zip(_POWERS, fit, strict=True):
            if a >= p and b >= q:
                row = _POWERS.index((a - p, b - q))
                weights[row, column] = c * comb(a, p) * comb(b, q) / half ** (p + q)
    return weights


def _monomials(at: Array) -> Array:
    """Monomials up to the fourth degree of points ``(n, 2)``, ``(n, 15)``."""
    i, j = np.array(_POWERS).T
    return np.asarray(at[:, :1] ** i * at[:, 1:] ** j)
