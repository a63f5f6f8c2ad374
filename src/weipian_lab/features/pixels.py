"""Features of each pixel of a pair, for a change score that is learnt on labelled pairs.

Everything is relative to the scene (robust z-scores, residuals, ranks), so that what is learnt on some scenes
can be used on another. Six bands are used, whatever the sensor: blue, green, red, NIR and two SWIR.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weipian_lab import change
from weipian_lab.change.learnt import SIX_ROLES
from weipian_lab.change.pixels import Float, Mask, prepare
from weipian_lab.change.residual_model import CrossResidualModel
from weipian_lab.change.smoothing import gaussian, ground_gradient, sigmas
from weipian_lab.errors import ParameterError

__all__ = ["PIXEL_ROLES", "pixel_features"]

PIXEL_ROLES = SIX_ROLES
_INDICES = {"ndvi": ("nir", "red"), "ndbi": ("swir1", "nir"), "mndwi": ("green", "swir1")}
Planes = dict[str, Float]


class _Scene:
    """A prepared pair with what its features share."""

    def __init__(self, first: Float, second: Float, valid: Mask, aspect: float) -> None:
        self.first, self.second, self.valid, self.aspect = first, second, valid, aspect
        self.model = change.fit(
            first, second, "construction", valid=valid, bands=PIXEL_ROLES, pixel_aspect=aspect
        )

    def smooth(self, plane: Float, sigma_px: float) -> Float:
        return gaussian(plane, self.valid, sigmas(sigma_px, self.aspect))

    def rank(self, plane: Float) -> Float:
        """Return the share of valid pixels that lie below, from 1,001 quantiles."""
        steps = np.quantile(plane[self.valid], np.linspace(0, 1, 1001))
        ranks: Float = (np.searchsorted(steps, plane) / np.float32(1001)).astype(np.float32)
        return ranks


def pixel_features(
    before: ArrayLike,
    after: ArrayLike,
    valid: ArrayLike | None = None,
    *,
    bands: Sequence[str] | None = None,
    pixel_aspect: float = 1.0,
) -> tuple[tuple[str, ...], Float, NDArray[np.bool_]]:
    """Return the features of a registered pair.

    Parameters
    ----------
    before, after
        ``(band, row, col)``, holding at least the bands of `PIXEL_ROLES`.
    valid
        bool ``(row, col)``.
    bands
        Band names; see :func:`weipian_lab.change.band_roles`.
    pixel_aspect
        Height over width of a pixel on the ground.

    Returns
    -------
    names
        Of the features.
    values
        float32 ``(feature, row, col)``, finite; 0 where not valid.
    valid
        bool ``(row, col)``.

    Raises
    ------
    ParameterError
        If a band is missing.
    """
    first, second, good = prepare(before, after, valid)
    roles = change.band_roles(len(first), bands)
    missing = [role for role in PIXEL_ROLES if role not in roles]
    if missing:
        raise ParameterError("features.pixel_bands", missing=", ".join(missing))
    chosen = [roles[role] for role in PIXEL_ROLES]
    scene = _Scene(first[chosen], second[chosen], good, pixel_aspect)
    planes: Planes = {}
    for part in (_spectra, _indices, _structure, _scores):
        planes.update(part(scene))
    values = np.stack(list(planes.values()))
    return tuple(planes), np.where(good, np.nan_to_num(values), np.float32(0)), good


def _spectra(scene: _Scene) -> Iterator[tuple[str, Float]]:
    """Yield z-scores, their differences and the residuals, as they are and as means around the pixel."""
    assert isinstance(scene.model, CrossResidualModel)
    z_before, z_after, after_left, before_left = scene.model.fields(scene.first, scene.second)
    for i, role in enumerate(PIXEL_ROLES):
        size = np.abs(after_left[i]) + np.abs(before_left[i])
        planes = {
            "before": z_before[i],
            "after": z_after[i],
            "difference": z_after[i] - z_before[i],
            "residual": after_left[i] - before_left[i],
            "size": size,
        }
        for name, plane in planes.items():
            if name != "size":
                yield f"{name}_{role}", plane
            for sigma in (1.2, 3.2):
                yield f"{name}_{role}_{sigma:g}px", scene.smooth(plane, sigma)


def _indices(scene: _Scene) -> Iterator[tuple[str, Float]]:
    for name, (plus, minus) in _INDICES.items():
        dates = []
        for image in (scene.first, scene.second):
            a, b = image[PIXEL_ROLES.index(plus)], image[PIXEL_ROLES.index(minus)]
            total = np.maximum(np.abs(a) + np.abs(b), np.float32(1e-6))
            dates.append(scene.smooth((a - b) / total, 1.2))
        yield f"{name}_before", dates[0]
        yield f"{name}_after", dates[1]
        yield f"{name}_change", dates[1] - dates[0]
        yield f"{name}_change_6px", scene.smooth(dates[1] - dates[0], 6.0)


def _structure(scene: _Scene) -> Iterator[tuple[str, Float]]:
    """Yield edges and local deviations of brightness at both dates, and how they changed."""
    assert isinstance(scene.model, CrossResidualModel)
    z = scene.model.fields(scene.first, scene.second)
    bright = [z[date][:3].mean(axis=0) for date in (0, 1)]
    for sigma in (1.2, 3.2, 8.0):
        edges = [scene.smooth(ground_gradient(plane[None], scene.aspect), sigma) for plane in bright]
        mean = [scene.smooth(plane, sigma) for plane in bright]
        spread = [
            np.sqrt(np.maximum(scene.smooth(p * p, sigma) - m * m, 0))
            for p, m in zip(bright, mean, strict=True)
        ]
        for name, (one, other) in {"edges": edges, "spread": spread, "brightness": mean}.items():
            yield f"{name}_before_{sigma:g}px", one
            yield f"{name}_after_{sigma:g}px", other
            yield f"{name}_change_{sigma:g}px", other - one
        yield (
            f"residual_edges_{sigma:g}px",
            scene.smooth(ground_gradient(z[2][:3].mean(axis=0)[None], scene.aspect), sigma),
        )


def _scores(scene: _Scene) -> Iterator[tuple[str, Float]]:
    """Yield unsupervised scores at several scales, their logarithms, ranks and surroundings."""
    options = {"valid": scene.valid, "bands": PIXEL_ROLES, "pixel_aspect": scene.aspect}
    planes = {"construction": scene.model.score_block(scene.first, scene.second, scene.valid)}
    for sigma in (1.0, 2.0, 4.0, 8.0):
        model = change.fit(scene.first, scene.second, "cross_residual", sigma_px=sigma, **options)  # type: ignore[arg-type]
        planes[f"cross_residual_{sigma:g}px"] = model.score_block(scene.first, scene.second, scene.valid)
    for method in ("irmad", "isfa"):
        score = change.score(scene.first, scene.second, method, scene.valid)
        planes[method] = scene.smooth(np.nan_to_num(score), 2.0)
    for name, raw in planes.items():
        plane = np.nan_to_num(raw)
        median = max(float(np.median(plane[scene.valid])), 1e-6)
        log = np.log(plane / np.float32(median) + np.float32(0.05))
        yield f"{name}_log", log
        yield f"{name}_rank", scene.rank(plane)
        if name in ("construction", "cross_residual_2px"):
            for sigma in (8.0, 20.0):
                around = scene.smooth(log, sigma)
                yield f"{name}_around_{sigma:g}px", around
                yield f"{name}_above_{sigma:g}px", log - around
