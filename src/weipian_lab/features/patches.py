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
from numpy.typing import ArrayLike, NDArray

from weipian_lab.change import band_roles
from weipian_lab.change.pixels import Float, Mask, as_cube, prepare
from weipian_lab.errors import GridError, ParameterError
from weipian_lab.features.outline import metres_per_unit, outline
from weipian_lab.features.places import Places, places_of
from weipian_lab.features.schema import Schema
from weipian_lab.grid import Grid

__all__ = ["LAND_GROUPS", "patch_table"]

LAND_GROUPS = ("cultivated", "other_agricultural", "construction", "unused")
_INDICES = {"ndvi": ("nir", "red"), "ndbi": ("swir1", "nir"), "mndwi": ("green", "swir1")}
_CLIP = 10.0
_AT_ONCE = 4096  # patches whose pixels are held together
Evidence = dict[str, NDArray[np.float64]]


@dataclass
class _Scene:
    """A pair ready for evidence: z-scores by role, indices, brightness edges, score and its median."""

    roles: tuple[str, ...]
    z: tuple[Float, Float]
    indices: dict[str, tuple[Float, Float]]
    edges: tuple[Float, Float]
    valid: Mask
    score: Float | None
    rank: Float | None
    middle: float
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
    plane, rank, middle = None, None, 1.0
    if score is not None:
        plane = np.nan_to_num(np.asarray(score, np.float32))
        steps = np.quantile(plane[valid], np.linspace(0, 1, 1001))
        rank = (np.searchsorted(steps, plane) / np.float32(1001)).astype(np.float32)
        middle = max(float(np.median(plane[valid])), 1e-6)
    return _Scene(
        tuple(roles),
        z,
        indices,
        (_edges(z[0][visible].mean(axis=0)), _edges(z[1][visible].mean(axis=0))),
        valid,
        plane,
        rank,
        middle,
        [_standardise(image, valid & np.isfinite(image).all(axis=0)) for image in later],
        [_index(image, roles, "ndvi") for image in later] if "ndvi" in indices else [],
    )


def _spectral(scene: _Scene, inside: Places, ring: Places) -> Evidence:
    out: Evidence = {}
    for i, role in enumerate(scene.roles):
        before, after = inside.at(scene.z[0][i]), inside.at(scene.z[1][i])
        out[f"before_{role}"], out[f"after_{role}"] = inside.mean(before), inside.mean(after)
        out[f"difference_{role}"] = inside.mean(after - before)
        out[f"neighbours_{role}"] = ring.mean(ring.at(scene.z[1][i]) - ring.at(scene.z[0][i]))
        out[f"texture_before_{role}"], out[f"texture_after_{role}"] = inside.std(before), inside.std(after)
    for name, (first, second) in scene.indices.items():
        before, after = inside.at(first), inside.at(second)
        out[f"before_{name}"], out[f"after_{name}"] = inside.mean(before), inside.mean(after)
        out[f"difference_{name}"] = inside.mean(after - before)
        out[f"neighbours_{name}"] = ring.mean(ring.at(second) - ring.at(first))
    for name, edges in zip(("before", "after"), scene.edges, strict=True):
        out[f"texture_{name}_edges"] = inside.mean(inside.at(edges))
        out[f"neighbours_{name}_edges"] = ring.mean(ring.at(edges))
    return out


def _scored(scene: _Scene, inside: Places, ring: Places) -> Evidence:
    if scene.score is None or scene.rank is None:
        return {}
    values, ranks = inside.at(scene.score), inside.mean(inside.at(scene.rank))
    around = ring.mean(ring.at(scene.rank))
    return {
        "score_mean": np.log(inside.mean(values) / scene.middle + 1e-3),
        "score_max": np.log(inside.largest(values) / scene.middle + 1e-3),
        "score_rank": ranks,
        "neighbours_score_rank": around,
        "neighbours_score_contrast": ranks - around,
    }


def _later(scene: _Scene, inside: Places) -> Evidence:
    """Return how much of the change is still there at later dates: 1 all of it, 0 as it was before."""
    if not scene.later:
        return {}
    before, after = (np.stack([inside.mean(inside.at(band)) for band in image]) for image in scene.z)
    change = after - before
    size = np.maximum((change**2).sum(axis=0), 1e-6)
    kept = np.full((len(scene.later), len(inside.counts)), np.nan)
    green = np.full(kept.shape, np.nan)
    for i, image in enumerate(scene.later):
        part = inside.where(np.asarray(np.isfinite(image).all(axis=0)))
        means = np.stack([part.mean(part.at(band)) for band in image])
        kept[i] = ((means - before) * change).sum(axis=0) / size
        if scene.later_ndvi:
            green[i] = part.mean(part.at(scene.later_ndvi[i]))
    seen = np.isfinite(kept)
    number = seen.sum(axis=0)
    total, unseen = np.where(seen, kept, 0.0).sum(axis=0), np.full(number.shape, np.nan)
    least = np.where(number > 0, np.where(seen, kept, np.inf).min(axis=0), np.nan)
    greenest = np.where(np.isfinite(green), green, -np.inf).max(axis=0)
    return {
        "later_persistence_mean": np.clip(np.divide(total, number, out=unseen, where=number > 0), -3, 3),
        "later_persistence_least": np.clip(least, -3, 3),
        "later_greenest": np.where(np.isfinite(greenest), greenest, np.nan),
        "later_seen_share": np.where(inside.counts > 0, number / len(scene.later), np.nan),
    }


def _evidence(
    scene: _Scene,
    shapes: NDArray[np.object_],
    grid: Grid,
    ring_px: int,
    unit_m: tuple[float, float],
) -> pd.DataFrame:
    inside, ring = places_of(shapes, grid, scene.valid, ring_px)
    drawn = [outline(shape, unit_m, int(n)) for shape, n in zip(shapes, inside.counts, strict=True)]
    seen = _spectral(scene, inside, ring) | _scored(scene, inside, ring) | _later(scene, inside)
    return pd.concat([pd.DataFrame(drawn), pd.DataFrame(seen)], axis=1).astype(float)


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
    shapes = patches.geometry.to_numpy()
    parts = [
        _evidence(scene, shapes[i : i + _AT_ONCE], grid, ring_px, unit_m)
        for i in range(0, len(shapes), _AT_ONCE)
    ]
    table = pd.concat(parts) if parts else pd.DataFrame(dtype=float)
    table.index = pd.Index(patches["patch_id"].astype(str), name="patch_id")
    if land is not None:
        shares = land.reindex(index=table.index, columns=list(LAND_GROUPS), fill_value=0.0).fillna(0.0)
        table[[f"land_{group}" for group in LAND_GROUPS]] = shares.to_numpy(float)
    pixel_m = float(np.sqrt(abs(grid.transform.determinant) * unit_m[0] * unit_m[1]))
    return Schema(tuple(map(str, table.columns)), tuple(roles), pixel_m=float(round(pixel_m))).attach(table)
