"""From a score or a mask to patches (图斑): clean-up, polygons, areas on the ellipsoid, attributes."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from weipian_lab import area as areas
from weipian_lab.errors import GridError, ParameterError
from weipian_lab.grid import Block, Grid
from weipian_lab.patches import morphology, necks, rings
from weipian_lab.patches.ids import location_ids
from weipian_lab.patches.rules import Batch, CleanUp
from weipian_lab.patches.runs import Components, Runs, components, encode, join

__all__ = ["COLUMNS", "extract", "from_runs", "still_open"]

COLUMNS = (
    "patch_id",
    "source",
    "admin_code",
    "manage_unit",
    "date_before",
    "date_after",
    "area_m2",
    "area_mu",
    "score_mean",
    "score_max",
    "pixels",
    "geometry",
)


def extract(
    raster: NDArray[Any],
    grid: Grid,
    *,
    threshold: float | None = None,
    strong: float | None = None,
    score: NDArray[np.float32] | None = None,
    valid: NDArray[np.bool_] | None = None,
    clean_up: CleanUp | None = None,
    batch: Batch | None = None,
) -> gpd.GeoDataFrame:
    """Turn a score, or a mask, into patches. Any score or probability from elsewhere may enter here.

    Parameters
    ----------
    raster
        ``(row, col)``: a bool mask, or a score with its `threshold`.
    grid
        Where it lies.
    threshold
        Pixels with a score of at least this are flagged; infinity flags none.
    strong
        A patch must hold a pixel that reaches this (hysteresis); None for `threshold`.
    score
        For a mask: score that ``score_mean`` and ``score_max`` are taken from; 1 if None.
    valid
        ``(row, col)`` bool; where it is False nothing is flagged. NaN scores never are.
    clean_up, batch
        Rules and common attributes; defaults if None.

    Returns
    -------
    GeoDataFrame
        One row a patch, sorted by ``patch_id``, in the grid's CRS, with the columns :data:`COLUMNS`:
        ``area_m2`` on the CGCS2000 ellipsoid to 0.01 m², ``area_mu`` = m² × 0.0015, ``score_mean`` and
        ``score_max`` over the flagged pixels, ``pixels`` their number.

    Raises
    ------
    ParameterError
        If a score comes without threshold, the threshold is NaN, or `strong` lies below it.
    GridError
        If an array does not fit the grid.
    """
    clean_up, batch = clean_up or CleanUp(), batch or Batch()
    data = np.asarray(raster)
    for array in (data, score, valid):
        if array is not None and np.shape(array) != grid.shape:
            raise GridError("errors.bad_shape", what="raster", found=np.shape(array), expected=grid.shape)
    if data.dtype == bool:
        mask, strong = data.copy(), -np.inf
        values = np.ones(data.shape, np.float32) if score is None else np.asarray(score, np.float32)
    else:
        low, strong = check_thresholds(threshold, strong)
        values = data.astype(np.float32, copy=False)
        mask = values >= low
    if valid is not None:
        mask &= np.asarray(valid, bool)
    mask = morphology.clean(mask, clean_up.opening_px, clean_up.closing_px, clean_up.order)
    return from_runs(join([encode(mask, values)]), grid, strong, clean_up, batch)


def check_thresholds(threshold: float | None, strong: float | None) -> tuple[float, float]:
    """Return both thresholds, checked.

    Raises
    ------
    ParameterError
        If they are missing, NaN, or the strong one lies below the other.
    """
    if threshold is None or np.isnan(threshold):
        raise ParameterError("patches.no_threshold", value=threshold)
    strong = threshold if strong is None else strong
    if not strong >= threshold:
        raise ParameterError("patches.strong_below", strong=strong, threshold=threshold)
    return float(threshold), float(strong)


def still_open(part: Runs, block: Block, strong: float, clean_up: CleanUp) -> Runs:
    """Leave out of a block's runs the components that hysteresis and sieve drop, whatever lies beyond.

    Those that end inside the block are as large as they will ever be; those at its edge may go on. The
    patches are the same, and a scene full of specks does not fill the memory.
    """
    found = components(part, clean_up.connectivity)
    keep = _kept(found, strong, clean_up)
    last_row, last_col = block.row + block.height - 1, block.col + block.width
    at_edge = (part.row == block.row) | (part.row == last_row)
    at_edge |= (part.start == block.col) | (part.stop == last_col)
    keep[found.of_run[at_edge]] = True
    return part.take(keep[found.of_run])


def _kept(found: Components, strong: float, clean_up: CleanUp) -> NDArray[np.bool_]:
    return np.asarray((found.largest >= strong) & (found.pixels >= clean_up.min_px))


def from_runs(runs: Runs, grid: Grid, strong: float, clean_up: CleanUp, batch: Batch) -> gpd.GeoDataFrame:
    """Turn runs of flagged pixels into patches; see :func:`extract`."""
    found = components(runs, clean_up.connectivity)
    keep = _kept(found, strong, clean_up)
    if not clean_up.merge_gap_m and clean_up.min_mu:
        keep &= _may_reach(found.pixels, grid, clean_up)
    group = np.full(len(keep), -1, np.intp)
    group[keep] = np.arange(keep.sum())
    inside = keep[found.of_run]
    runs, of_run = runs.take(inside), group[found.of_run[inside]]
    if clean_up.split_neck_px and len(runs):
        runs, of_run = necks.split(
            runs,
            of_run,
            neck_px=clean_up.split_neck_px,
            min_px=clean_up.min_px,
            connectivity=clean_up.connectivity,
        )
    if clean_up.merge_gap_m and len(runs):
        of_run = _merge(runs, of_run, grid, clean_up.merge_gap_m)
    shapes = rings.polygons(runs, of_run, smooth=clean_up.smooth, fill_px=clean_up.fill_px)
    return _table(shapes, runs, of_run, grid, clean_up, batch)


def _may_reach(pixels: NDArray[np.int64], grid: Grid, clean_up: CleanUp) -> NDArray[np.bool_]:
    """Leave out what cannot reach the minimum area with the scene's largest pixel (1 % to spare)."""
    if clean_up.fill_px:
        return np.ones(len(pixels), bool)
    rows, cols = grid.shape
    corners = [(r, c) for r in (0, rows - 1) for c in (0, cols - 1)] + [(rows // 2, cols // 2)]
    boxes = [_to_map(shapely.box(c, r, c + 1, r + 1), grid) for r, c in corners]
    largest = float(areas.ellipsoidal_area(boxes, grid.crs).max())
    return np.asarray(1.01 * largest * pixels >= areas.mu_to_m2(clean_up.min_mu - 0.01))


def _to_map(shapes: Any, grid: Grid) -> Any:
    a, b, c, d, e, f = tuple(grid.transform)[:6]
    return shapely.transform(
        shapes, lambda xy: np.column_stack([a * xy[:, 0] + b * xy[:, 1] + c, d * xy[:, 0] + e * xy[:, 1] + f])
    )


def pixel_size_m(grid: Grid) -> tuple[float, float]:
    """Return width and height of the middle pixel on the ground, in metres."""
    rows, cols = grid.shape
    x, y = grid.transform @ (cols / 2, rows / 2)
    x2, y2 = grid.transform @ (cols / 2 + 1, rows / 2)
    x3, y3 = grid.transform @ (cols / 2, rows / 2 + 1)
    crs = CRS.from_user_input(grid.crs)
    lon, lat = Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True).transform([x, x2, x3], [y, y2, y3])
    geod = crs.get_geod() or Geod(ellps="WGS84")
    _, _, distance = geod.inv([lon[0]] * 2, [lat[0]] * 2, lon[1:], lat[1:])
    return float(distance[0]), float(distance[1])


def _merge(runs: Runs, of_run: NDArray[np.intp], grid: Grid, gap_m: float) -> NDArray[np.intp]:
    """Return components renumbered so that those within `gap_m` share a number."""
    shapes = rings.polygons(runs, of_run, smooth=False)
    width, height = pixel_size_m(grid)
    shapes = shapely.transform(shapes, lambda xy: xy * [width, height])
    tree = shapely.STRtree(shapes)
    first, second = tree.query(shapes, predicate="dwithin", distance=gap_m)
    k = len(shapes)
    graph = coo_matrix((np.ones(len(first), np.int8), (first, second)), shape=(k, k))
    _, group = connected_components(graph, directed=False)
    _, where, back = np.unique(group, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(where))[back][of_run]


def _table(
    shapes: NDArray[np.object_],
    runs: Runs,
    of_run: NDArray[np.intp],
    grid: Grid,
    clean_up: CleanUp,
    batch: Batch,
) -> gpd.GeoDataFrame:
    k = len(shapes)
    length = (runs.stop - runs.start).astype(float)
    pixels = np.bincount(of_run, length, k).astype(np.float64)
    largest = np.full(k, -np.inf, np.float32)
    np.maximum.at(largest, of_run, runs.largest)
    col = np.bincount(of_run, length * (runs.start + runs.stop) / 2, k) / pixels
    row = np.bincount(of_run, length * (runs.row + 0.5), k) / pixels
    geometry = shapely.normalize(_to_map(shapes, grid)) if k else np.empty(0, object)
    area_m2 = areas.round_half_up(areas.ellipsoidal_area(geometry, grid.crs), 0.01)
    keep = areas.meets(area_m2, clean_up.min_mu) if clean_up.min_mu else np.ones(k, bool)
    lon, lat = _lonlat(row[keep], col[keep], grid)
    day = batch.date_after.replace("-", "")
    frame = gpd.GeoDataFrame(
        {
            "patch_id": location_ids(lon, lat, pixels[keep], f"{day}-" if day else ""),
            "source": batch.source,
            "admin_code": batch.admin_code,
            "manage_unit": batch.manage_unit,
            "date_before": batch.date_before,
            "date_after": batch.date_after,
            "area_m2": area_m2[keep],
            "area_mu": areas.m2_to_mu(area_m2[keep]),
            "score_mean": _significant((np.bincount(of_run, runs.total, k) / pixels)[keep]),
            "score_max": _significant(largest[keep].astype(float)),
            "pixels": pixels[keep].astype(np.int64),
        },
        geometry=geometry[keep],
        crs=grid.crs,
    )
    text_columns = [c for c in COLUMNS[:6]]
    frame[text_columns] = frame[text_columns].astype("str")
    return frame[list(COLUMNS)].sort_values("patch_id", ignore_index=True)


def _significant(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round to five digits: scores are float32, and blocks of other sizes may differ in the last bit."""
    return np.array([float(f"{value:.5g}") for value in values])


def _lonlat(
    row: NDArray[np.float64], col: NDArray[np.float64], grid: Grid
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a, b, c, d, e, f = tuple(grid.transform)[:6]
    x, y = a * col + b * row + c, d * col + e * row + f
    lon, lat = Transformer.from_crs(grid.crs, "EPSG:4490", always_xy=True).transform(x, y)
    return np.asarray(lon), np.asarray(lat)
