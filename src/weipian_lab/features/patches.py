"""Evidence of each patch: what its pixels, its outline, its surroundings and later dates say.

Spectral values are robust z-scores of the scene at each date, so that evidence from one scene can be compared
with that from another; the area is the only feature in ground units.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import ArrayLike, NDArray

from weipian_lab.change import band_roles
from weipian_lab.change.pixels import Float, Mask, as_cube, prepare
from weipian_lab.errors import GridError, ParameterError
from weipian_lab.features.outline import metres_per_unit, outline
from weipian_lab.features.schema import Schema
from weipian_lab.grid import Block, Grid
from weipian_lab.rasters import burn

__all__ = ["LAND_GROUPS", "patch_table"]

LAND_GROUPS = ("cultivated", "other_agricultural", "construction", "unused")
_INDICES = {"ndvi": ("nir", "red"), "ndbi": ("swir1", "nir"), "mndwi": ("green", "swir1")}
_CLIP = 10.0
Evidence = dict[str, float]


@dataclass
class _Scene:
    """A pair ready for evidence: z-scores by role, indices, brightness edges."""

    roles: tuple[str, ...]
    z: tuple[Float, Float]
    indices: dict[str, tuple[Float, Float]]
    edges: tuple[Float, Float]
    valid: Mask
    score: Float | None
    rank: Float | None
    later: list[Float] = field(default_factory=list)
    later_ndvi: list[Float] = field(default_factory=list)


def _standardise(image: Float, valid: Mask) -> Float:
    """Return robust z-scores on the scale of the valid pixels, clipped."""
    if not valid.any():
        return np.full_like(image, np.nan)
    out = np.zeros_like(image)
    for i, band in enumerate(image):
        values = band[valid]
        centre = float(np.median(values))
        scale = 1.4826 * float(np.median(np.abs(values - centre))) or float(values.std()) or 1.0
        out[i] = np.clip((band - centre) / scale, -_CLIP, _CLIP)
    return out


def _index(image: Float, roles: dict[str, int], name: str) -> Float:
    plus, minus = _INDICES[name]
    a, b = image[roles[plus]], image[roles[minus]]
    ratio: Float = (a - b) / np.maximum(np.abs(a) + np.abs(b), np.float32(1e-6))
    return ratio


def _edges(bright: Float) -> Float:
    total = np.zeros_like(bright)
    for axis in (0, 1):
        if bright.shape[axis] > 1:
            total += np.gradient(bright, axis=axis) ** 2
    return np.sqrt(total)


def _scene(
    first: Float,
    second: Float,
    valid: Mask,
    roles: dict[str, int],
    score: ArrayLike | None,
    later: list[Float],
) -> _Scene:
    z = _standardise(first, valid), _standardise(second, valid)
    visible = [roles[r] for r in ("blue", "green", "red") if r in roles] or [0]
    indices = {
        name: (_index(first, roles, name), _index(second, roles, name))
        for name, pair in _INDICES.items()
        if all(role in roles for role in pair)
    }
    plane = rank = None
    if score is not None:
        plane = np.nan_to_num(np.asarray(score, np.float32))
        steps = np.quantile(plane[valid], np.linspace(0, 1, 1001))
        rank = (np.searchsorted(steps, plane) / np.float32(1001)).astype(np.float32)
    return _Scene(
        tuple(roles),
        z,
        indices,
        (_edges(z[0][visible].mean(axis=0)), _edges(z[1][visible].mean(axis=0))),
        valid,
        plane,
        rank,
        [_standardise(image, valid & np.isfinite(image).all(axis=0)) for image in later],
        [_index(image, roles, "ndvi") for image in later] if "ndvi" in indices else [],
    )


def _spectral(
    scene: _Scene, inside: tuple[NDArray[np.intp], ...], ring: tuple[NDArray[np.intp], ...]
) -> Evidence:
    out: Evidence = {}
    for i, role in enumerate(scene.roles):
        before, after = scene.z[0][i][inside], scene.z[1][i][inside]
        out[f"before_{role}"], out[f"after_{role}"] = float(before.mean()), float(after.mean())
        out[f"difference_{role}"] = float((after - before).mean())
        around = (scene.z[1][i][ring] - scene.z[0][i][ring]).mean() if len(ring[0]) else np.nan
        out[f"neighbours_{role}"] = float(around)
        out[f"texture_before_{role}"], out[f"texture_after_{role}"] = float(before.std()), float(after.std())
    for name, (first, second) in scene.indices.items():
        out[f"before_{name}"], out[f"after_{name}"] = (
            float(first[inside].mean()),
            float(second[inside].mean()),
        )
        out[f"difference_{name}"] = float((second[inside] - first[inside]).mean())
        out[f"neighbours_{name}"] = float((second[ring] - first[ring]).mean()) if len(ring[0]) else np.nan
    for name, edges in zip(("before", "after"), scene.edges, strict=True):
        out[f"texture_{name}_edges"] = float(edges[inside].mean())
        out[f"neighbours_{name}_edges"] = float(edges[ring].mean()) if len(ring[0]) else np.nan
    return out


def _scored(
    scene: _Scene, inside: tuple[NDArray[np.intp], ...], ring: tuple[NDArray[np.intp], ...]
) -> Evidence:
    if scene.score is None or scene.rank is None:
        return {}
    values, ranks = scene.score[inside], scene.rank[inside]
    middle = max(float(np.median(scene.score[scene.valid])), 1e-6)
    around = float(scene.rank[ring].mean()) if len(ring[0]) else np.nan
    return {
        "score_mean": float(np.log(values.mean() / middle + 1e-3)),
        "score_max": float(np.log(values.max() / middle + 1e-3)),
        "score_rank": float(ranks.mean()),
        "neighbours_score_rank": around,
        "neighbours_score_contrast": float(ranks.mean()) - around,
    }


def _later(scene: _Scene, inside: tuple[NDArray[np.intp], ...]) -> Evidence:
    """Return how much of the change is still there at later dates: 1 all of it, 0 as it was before."""
    if not scene.later:
        return {}
    before = np.array([band[inside].mean() for band in scene.z[0]])
    change = np.array([band[inside].mean() for band in scene.z[1]]) - before
    size = max(float(change @ change), 1e-6)
    kept, green = [], []
    for i, image in enumerate(scene.later):
        values = np.array([band[inside] for band in image])
        seen = np.isfinite(values).all(axis=0)
        if seen.any():
            kept.append(float((values[:, seen].mean(axis=1) - before) @ change / size))
            if scene.later_ndvi:
                green.append(float(np.nanmean(scene.later_ndvi[i][inside][seen])))
    return {
        "later_persistence_mean": float(np.clip(np.mean(kept), -3, 3)) if kept else np.nan,
        "later_persistence_least": float(np.clip(np.min(kept), -3, 3)) if kept else np.nan,
        "later_greenest": float(np.max(green)) if green else np.nan,
        "later_seen_share": len(kept) / len(scene.later),
    }


def _window(polygon: shapely.Geometry, grid: Grid, ring_px: int) -> Block:
    """Return the block around a polygon, with room for the ring, cut at the edge of the grid."""
    xmin, ymin, xmax, ymax = polygon.bounds
    corners = [~grid.transform @ xy for xy in ((xmin, ymin), (xmin, ymax), (xmax, ymin), (xmax, ymax))]
    cols, rows = zip(*corners, strict=True)
    top, left = max(int(min(rows)) - ring_px, 0), max(int(min(cols)) - ring_px, 0)
    bottom = min(int(np.ceil(max(rows))) + ring_px, grid.shape[0])
    right = min(int(np.ceil(max(cols))) + ring_px, grid.shape[1])
    return Block(top, left, max(bottom - top, 0), max(right - left, 0))


def _pixels_of(
    polygon: shapely.Geometry, grid: Grid, valid: Mask, ring_px: int
) -> tuple[tuple[NDArray[np.intp], ...], tuple[NDArray[np.intp], ...]]:
    """Return the valid pixels of a polygon, and those around it within `ring_px` (square)."""
    from scipy.ndimage import binary_dilation

    block = _window(polygon, grid, ring_px)
    if block.height == 0 or block.width == 0:
        raise GridError("features.outside", bounds=tuple(round(b, 1) for b in polygon.bounds))
    inside = burn([polygon], grid.window(block))
    if not inside.any():  # smaller than a pixel: the one under its middle
        col, row = ~grid.transform @ shapely.point_on_surface(polygon).coords[0]
        at = (
            int(np.clip(row, 0, grid.shape[0] - 1)) - block.row,
            int(np.clip(col, 0, grid.shape[1] - 1)) - block.col,
        )
        inside[np.clip(at[0], 0, block.height - 1), np.clip(at[1], 0, block.width - 1)] = True
    near = binary_dilation(inside, np.ones((3, 3)), iterations=ring_px)
    gap = binary_dilation(inside, np.ones((3, 3)))
    good = valid[block.slices]
    offset = np.array([[block.row], [block.col]])
    chosen = [tuple(np.array(np.nonzero(part & good)) + offset) for part in (inside, near & ~gap)]
    return chosen[0], chosen[1]


def patch_table(
    patches: gpd.GeoDataFrame,
    before: ArrayLike,
    after: ArrayLike,
    grid: Grid,
    *,
    valid: ArrayLike | None = None,
    bands: Sequence[str] | None = None,
    score: ArrayLike | None = None,
    later: Sequence[ArrayLike] = (),
    land: pd.DataFrame | None = None,
    ring_px: int = 8,
) -> pd.DataFrame:
    """Return the evidence of each patch.

    Parameters
    ----------
    patches
        With ``patch_id`` and geometry in the grid's CRS.
    before, after
        Registered pair ``(band, row, col)`` on `grid`.
    valid
        bool ``(row, col)``.
    bands
        Band names; only bands with a role (blue, green, red, nir, swir1, swir2) are used.
    score
        Change score or probability ``(row, col)``, from any model.
    later
        Images of later dates on the same grid and bands, NaN where cloudy.
    land
        Shares 0–1 of :data:`LAND_GROUPS` by patch id, as columns; groups not given count 0.
    ring_px
        Width of the surroundings looked at.

    Returns
    -------
    DataFrame
        Indexed by ``patch_id``; float columns; its :class:`~weipian_lab.features.Schema` in ``attrs``.
        A patch without a valid pixel has NaN evidence but for its outline.

    Raises
    ------
    GridError
        If shapes differ from the grid, or a patch lies outside it.
    ParameterError
        If no band has a role.
    """
    first, second, good = prepare(before, after, valid)
    if good.shape != grid.shape:
        raise GridError("errors.bad_shape", what="image", found=good.shape, expected=grid.shape)
    found = band_roles(len(first), bands)
    if not found:
        raise ParameterError("features.no_roles", bands=list(bands) if bands else len(first))
    chosen = list(found.values())
    roles = {role: i for i, role in enumerate(found)}
    extra = [as_cube(image, "later") for image in later]
    if any(image.shape != first.shape for image in extra):
        raise GridError("features.later_shape", expected=first.shape)
    scene = _scene(first[chosen], second[chosen], good, roles, score, [image[chosen] for image in extra])
    unit_m = metres_per_unit(grid)
    rows = []
    for polygon in patches.geometry:
        inside, ring = _pixels_of(polygon, grid, good, ring_px)
        row = outline(polygon, unit_m, len(inside[0]))
        if len(inside[0]):
            row |= _spectral(scene, inside, ring) | _scored(scene, inside, ring) | _later(scene, inside)
        rows.append(row)
    table = pd.DataFrame(rows, index=pd.Index(patches["patch_id"].astype(str), name="patch_id"), dtype=float)
    if land is not None:
        shares = land.reindex(index=table.index, columns=list(LAND_GROUPS), fill_value=0.0).fillna(0.0)
        table[[f"land_{group}" for group in LAND_GROUPS]] = shares.to_numpy(float)
    pixel_m = float(np.sqrt(abs(grid.transform.determinant) * unit_m[0] * unit_m[1]))
    return Schema(tuple(map(str, table.columns)), tuple(roles), pixel_m=float(round(pixel_m))).attach(table)
