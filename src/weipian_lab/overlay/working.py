"""Bringing patches and a layer into one working CRS: the layer's own, where its edges are straight.

Patches in another CRS are densified before they are transformed, so that their edges stay where they were;
the layer is never moved. Pieces are therefore cut and measured where the survey drew its lines,
and sum exactly to the patch.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError as ProjError

from weipian_lab.errors import CRSError

__all__ = ["MAX_EDGE_M", "parse", "reproject", "same"]

MAX_EDGE_M = 10.0
_METRES_PER_DEGREE = 111_000.0
_MAX_PIECES = 400_000


def parse(crs: Any, what: str) -> CRS:
    """Return the horizontal part of a CRS.

    Raises
    ------
    CRSError
        If it is missing or unknown.
    """
    if crs is None:
        raise CRSError("errors.no_crs", what=what)
    try:
        parsed = CRS.from_user_input(crs)
    except ProjError as error:
        raise CRSError("errors.not_a_crs", crs=crs) from error
    return parsed.sub_crs_list[0] if parsed.is_compound else parsed


def same(one: CRS, other: CRS) -> bool:
    """Whether coordinates of one CRS are those of the other, axis order of the definition apart."""
    return bool(one.equals(other, ignore_axis_order=True))


def reproject(
    geometries: NDArray[np.object_], source: CRS, target: CRS, *, max_edge_m: float = MAX_EDGE_M
) -> NDArray[np.object_]:
    """Transform geometries so that edges straight in `source` stay where they were.

    Parameters
    ----------
    geometries
        ``(n,)`` shapely geometries, None allowed.
    max_edge_m
        Longest piece an edge is cut into before it is transformed.

    Raises
    ------
    CRSError
        If a point lies outside what `target` can show.
    """
    if same(source, target):
        return geometries
    if not (source.is_geographic and target.is_geographic):
        geometries = shapely.segmentize(geometries, _piece(geometries, source, max_edge_m))
    transformer = Transformer.from_crs(source, target, always_xy=True)

    def move(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))

    moved = np.asarray(shapely.transform(geometries, move), dtype=object)
    if not np.isfinite(shapely.get_coordinates(moved)).all():
        raise CRSError("errors.outside_crs", crs=target.name)
    return moved


def _piece(geometries: NDArray[np.object_], crs: CRS, max_edge_m: float) -> float:
    """Length of a piece in the unit of `crs`; longer for shapes of continental size."""
    if crs.is_geographic:
        piece = max_edge_m / _METRES_PER_DEGREE
    else:
        piece = max_edge_m / float(crs.axis_info[0].unit_conversion_factor)
    return max(piece, float(shapely.length(geometries).sum()) / (_MAX_PIECES + 100 * len(geometries)))
