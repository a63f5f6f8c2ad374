"""The cross-band residual detector, and its presets by what they seek."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weipian_lab.change.linear import no_difference
from weipian_lab.change.pixels import Model, Samples, band_roles
from weipian_lab.change.residual_model import RESIDUAL_CLIP, Z_CLIP, CrossResidualModel, Direction, Settings
from weipian_lab.errors import ParameterError

__all__ = ["PRESETS", "fit_cross_residual"]

Matrix = NDArray[np.float64]
_MAD_TO_SIGMA = 1.4826
# residuals tighter than this share of a band's spread are rounding
_LEAST_SCALE = 1e-4

# options of fit_cross_residual by what is sought; chosen as benchmarks/real_pairs.md tells
PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType({
    "construction": MappingProxyType({
        "sigma_px": (1.2, 4.0),
        "tolerance": 0.25,
        "texture_power": 0.3,
        "clusters": 16,
        "cluster_power": 0.4,
        "background_share": 0.6,
    }),
    "any_change": MappingProxyType({
        "residual_bands": "all",
        "sigma_px": 0.7,
        "root": False,
        "gradient_power": 0.0,
    }),
})  # fmt: skip


def _robust(values: Matrix) -> tuple[Matrix, Matrix]:
    """Return medians and 1 / MAD scales; where the MAD is 0 the deviation serves, where that is 0 nothing."""
    centre = np.median(values, axis=0)
    scale = _MAD_TO_SIGMA * np.median(np.abs(values - centre), axis=0)
    scale = np.where(scale > 0, scale, values.std(axis=0))
    flat = scale <= 1e-12 * np.maximum(np.abs(centre), 1e-12)
    return centre, np.where(flat, 0.0, 1 / np.where(flat, 1.0, scale))


def _regress(given: Matrix, wanted: Matrix, rounds: int, cross_band: bool) -> tuple[Direction, Matrix]:
    """Return the iteratively reweighted regression of `wanted` on `given`, and its scaled residuals.

    Weights are 1 / (1 + mean over bands of (residual / its MAD scale)²): those of a Cauchy likelihood.
    """
    n, bands = given.shape
    weights = np.ones(n)
    design = np.column_stack([given, np.ones(n)])
    solution = np.zeros((bands + 1, bands))
    for _ in range(rounds):
        weighted = design * weights[:, np.newaxis]
        normal, right = weighted.T @ design, weighted.T @ wanted
        if cross_band:
            solution = np.linalg.lstsq(normal, right, rcond=1e-10)[0]
        else:  # each band on itself
            for band in range(bands):
                pick = np.array([band, bands])
                part = np.linalg.lstsq(normal[np.ix_(pick, pick)], right[pick, band], rcond=1e-10)[0]
                solution[pick, band] = part
        residual = wanted - design @ solution
        scale = np.maximum(_MAD_TO_SIGMA * np.median(np.abs(residual), axis=0), _LEAST_SCALE)
        weights = 1 / (1 + ((residual / scale) ** 2).mean(axis=1))
    direction = Direction(solution[:-1].T.copy(), solution[-1].copy(), 1 / scale)
    return direction, np.clip(residual / scale, -RESIDUAL_CLIP, RESIDUAL_CLIP)


def _clusters(joint: Matrix, size: Matrix, count: int, power: float, seed: int) -> tuple[Matrix, Matrix]:
    """Return centres of the joint spectra, and the factors that even out their usual residuals."""
    from sklearn.cluster import MiniBatchKMeans  # slow to import

    chosen = np.random.default_rng(seed).permutation(len(joint))[:30_000]
    distinct = len(np.unique(joint[chosen].round(2), axis=0))
    if distinct < 10 * count:
        return np.zeros((1, joint.shape[1])), np.ones(1)
    fitted = MiniBatchKMeans(count, n_init=3, random_state=seed).fit(joint[chosen])
    labels = fitted.predict(joint)
    overall = float(np.median(size))
    usual = np.array([np.median(size[labels == k]) if (labels == k).any() else overall for k in range(count)])
    centres: Matrix = fitted.cluster_centers_
    return centres, (max(overall, 1e-6) / np.maximum(usual, 1e-6)) ** power


def _chosen_bands(n_bands: int, names: Sequence[str] | None, which: str) -> tuple[list[int], list[int]]:
    """Return the indices of the bands scored and of the visible ones; all where roles are not known."""
    if which not in ("visible_nir", "all"):
        choices = "visible_nir, all"
        raise ParameterError("errors.bad_choice", name="residual_bands", value=which, choices=choices)
    roles = band_roles(n_bands, names)
    visible = [roles[r] for r in ("blue", "green", "red") if r in roles]
    scored = [*visible, roles["nir"]] if "nir" in roles else visible
    everything = list(range(n_bands))
    return (scored if which == "visible_nir" and scored else everything), visible or everything


def fit_cross_residual(
    samples: Samples,
    *,
    bands: Sequence[str] | None = None,
    random_state: int = 0,
    residual_bands: str = "visible_nir",
    sigma_px: float | Sequence[float] = 2.0,
    root: bool = True,
    gradient_power: float = 0.25,
    texture_power: float = 0.0,
    texture_sigma_px: float = 5.0,
    tolerance: float = 0.0,
    clusters: int = 16,
    cluster_power: float = 0.0,
    background_share: float = 0.0,
    background_px: int = 20,
    pixel_aspect: float = 1.0,
    cross_band: bool = True,
    both_directions: bool = True,
    rounds: int = 6,
) -> Model:
    """Return the cross-band residual detector.

    Each band is brought to a robust z-score (median, MAD; clipped at ±6). All bands of one date predict each
    band of the other by iteratively reweighted least squares, in both directions. That takes out what season
    and light do to the whole scene, spectrum to spectrum; what is left is change of kind. Residuals over
    their MAD scale, clipped at ±15, give a length in each direction; the two are summed, smoothed, and
    raised where the residuals have edges. The defaults are the plain form; ``construction`` adds to it
    (see ``benchmarks/real_pairs.md`` for what each part brings).

    Parameters
    ----------
    bands
        Band names; see :func:`~weipian_lab.change.pixels.band_roles`.
    residual_bands
        Residuals that count: ``"visible_nir"`` (blue, green, red, NIR) or ``"all"``. All bands predict.
    sigma_px
        Deviation(s) of the Gaussian, in pixels; of several, the geometric mean is taken.
    root
        Whether the square root of the length is smoothed, and squared after.
    gradient_power
        Power of the smoothed gradient of the visible residuals by which the score is multiplied.
    texture_power, texture_sigma_px
        The same with the local deviation of the residuals in a window of `texture_sigma_px`: fields change as
        one, building sites do not.
    tolerance
        Residuals that a shift by this share of a pixel to a neighbour explains do not count (0–1).
    clusters, cluster_power
        Pixels are grouped by their joint spectrum at both dates; lengths are divided by their group's
        usual length to this power: what is usual for a kind of cover stands out less.
    background_share, background_px
        This share of the opening of the score by a window of 2 · `background_px` + 1 pixels is taken off:
        change over a wide area (fields, water, haze) counts less than change smaller than the window.
    pixel_aspect
        Height over width of a pixel on the ground: kernels are round on the ground.
    cross_band, both_directions, rounds
        For ablation: False lets each band predict only itself, or scores one direction only.
    """
    if samples.identical:
        return no_difference(samples, "cross_residual")
    scales = (sigma_px,) if isinstance(sigma_px, (int, float)) else tuple(sigma_px)
    settings = Settings(
        tuple(float(s) for s in scales),
        root,
        tolerance,
        gradient_power,
        texture_power,
        texture_sigma_px,
        cluster_power,
        background_share,
        background_px,
        pixel_aspect,
        both_directions,
    )
    _check(settings)
    n_bands = samples.before.shape[1]
    scored, visible = _chosen_bands(n_bands, bands, residual_bands)
    (centre_x, scale_x), (centre_y, scale_y) = _robust(samples.before), _robust(samples.after)
    x = np.clip((samples.before - centre_x) * scale_x, -Z_CLIP, Z_CLIP)
    y = np.clip((samples.after - centre_y) * scale_y, -Z_CLIP, Z_CLIP)
    forward, residual_f = _regress(x, y, rounds, cross_band)
    backward, residual_b = _regress(y, x, rounds, cross_band)
    centres, factor = np.zeros((1, 2 * n_bands)), np.ones(1)
    if cluster_power:
        size = np.linalg.norm(residual_f[:, scored], axis=1) + np.linalg.norm(residual_b[:, scored], axis=1)
        centres, factor = _clusters(np.hstack([x, y]), size, clusters, cluster_power, random_state)
    return CrossResidualModel(
        method="cross_residual",
        n_bands=n_bands,
        halo_px=settings.halo_px(),
        settings=settings,
        centre=(centre_x, centre_y),
        inverse_scale=(scale_x, scale_y),
        directions=(forward, backward),
        scored_bands=tuple(scored),
        visible_bands=tuple(visible),
        cluster_centres=centres,
        cluster_factor=factor,
        details={"n_samples": len(x), "scored_bands": scored, "clusters": len(factor)},
    )


def _check(settings: Settings) -> None:
    for name in ("tolerance", "background_share"):
        value = getattr(settings, name)
        if not 0 <= value <= 1:
            raise ParameterError("change.not_within", name=name, value=value, low=0, high=1)
    lengths = {"sigma_px": min(settings.sigma_px, default=-1.0), "background_px": settings.background_px}
    for name, value in lengths.items():
        if not 0 <= value <= 500:
            raise ParameterError("change.not_within", name=name, value=value, low=0, high=500)
