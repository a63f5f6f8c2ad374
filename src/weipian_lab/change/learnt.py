"""A detector with few learnt weights: unsupervised scores, judged by how dark, green and edged the ground is.

The weights that ship were learnt on the simulated county (``learnt.json`` beside this module says on what);
:class:`weipian_lab.classify.PixelScorer` learns others.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from weipian_lab.change.linear import no_difference
from weipian_lab.change.pixels import Float, Mask, Model, Samples, band_roles
from weipian_lab.change.residual import PRESETS, fit_cross_residual
from weipian_lab.change.residual_model import CrossResidualModel, consecutive
from weipian_lab.change.smoothing import Smoother, eroded, ground_gradient, halo, sigmas
from weipian_lab.errors import InputError, ParameterError, SchemaError

__all__ = ["LEARNT_PLANES", "SIX_ROLES", "LearntModel", "Weights", "fit_learnt"]

SIX_ROLES = ("blue", "green", "red", "nir", "swir1", "swir2")
LEARNT_PLANES = (
    "construction_log",
    "construction_around_8px",
    "cross_residual_log",
    "cross_residual_around_8px",
    "dark_visible",
    "dark_swir1",
    "green_after",
    "edges_gained",
)
_FORMAT = "weipian-lab learnt change weights 1"
_AROUND_PX, _NEAR_PX = 8.0, 3.2
# from this NDVI on ground counts as green; .0 and .2 rank as well (benchmarks/real_pairs.md)
_GREEN_NDVI = 0.1
_LEAST = 0.1  # z-scores; edges weaker than this are noise
SHIPPED = Path(__file__).with_name("learnt.json")


@dataclass(frozen=True)
class Weights:
    """A logistic regression on :data:`LEARNT_PLANES`.

    Attributes
    ----------
    coefficients
        ``(plane,)`` in log odds a unit of the plane.
    intercept
        Log odds where all planes are 0.
    threshold
        Probability 0–1 from which the training pairs are best flagged.
    provenance
        What they were learnt on.
    """

    coefficients: tuple[float, ...]
    intercept: float
    threshold: float
    provenance: Mapping[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {
            "format": _FORMAT,
            "coefficients": dict(zip(LEARNT_PLANES, self.coefficients, strict=True)),
            "intercept": self.intercept,
            "threshold": self.threshold,
            "provenance": dict(self.provenance),
        }

    @classmethod
    def read(cls, path: Path | str = SHIPPED) -> Self:
        """Read weights from JSON; nothing in the file is run.

        Raises
        ------
        InputError
            If there is no such file.
        SchemaError
            If it does not hold finite weights of exactly these planes.
        """
        path = Path(path)
        if not path.is_file():
            raise InputError("errors.missing_file", path=path)
        try:
            facts = json.loads(path.read_text("utf-8"))
            given = {str(name): float(value) for name, value in facts["coefficients"].items()}
            found = cls(
                tuple(given[name] for name in LEARNT_PLANES),
                float(facts["intercept"]),
                float(facts["threshold"]),
                dict(facts["provenance"]),
            )
            numbers = [*found.coefficients, found.intercept, found.threshold]
            sound = facts["format"] == _FORMAT and len(given) == len(LEARNT_PLANES)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SchemaError("change.learnt_file", path=path, found=f"{error}") from error
        if not sound or not np.isfinite(numbers).all():
            raise SchemaError("change.learnt_file", path=path, found=", ".join(given))
        return found


@dataclass(frozen=True, kw_only=True)
class LearntModel(Model):
    """A fitted learnt detector: two unsupervised ones, their medians in the scene, and the weights."""

    construction: CrossResidualModel
    plain: CrossResidualModel
    medians: tuple[float, float]
    bands: tuple[int, ...]
    weights: Weights

    def planes(self, before: Float, after: Float, valid: Mask) -> Float:
        """Return :data:`LEARNT_PLANES` of a block, float32 ``(plane, row, col)``, finite.

        The images as :func:`~weipian_lab.change.pixels.prepare` gives them.
        """
        return np.stack(list(self._planes(before, after, valid)))

    def _planes(self, before: Float, after: Float, valid: Mask) -> Iterator[Float]:
        """Yield the planes one after the other: all at once would take as much memory as the images."""
        first, second = before[consecutive(self.bands)], after[consecutive(self.bands)]
        aspect = self.construction.settings.pixel_aspect
        smooth = Smoother(valid)
        for model, median in zip((self.construction, self.plain), self.medians, strict=True):
            log = _log(model._checked(first, second, valid), median, valid)
            yield log
            yield smooth(log, sigmas(_AROUND_PX, aspect))
        yield from self._cover(first, second, valid, smooth)

    def _cover(self, first: Float, second: Float, valid: Mask, smooth: Smoother) -> Iterator[Float]:
        aspect = self.construction.settings.pixel_aspect
        near, wide = sigmas(_NEAR_PX, aspect), sigmas(_AROUND_PX, aspect)
        visible = [self.construction.brightness(image, date) for date, image in enumerate((first, second))]
        infrared = SIX_ROLES.index("swir1")
        swir = [self.construction.band(image, date, infrared) for date, image in enumerate((first, second))]
        for pair in (visible, swir):
            yield np.maximum(-np.minimum(*(smooth(plane, near) for plane in pair)), 0)
        nir, red = second[SIX_ROLES.index("nir")], second[SIX_ROLES.index("red")]
        ndvi = (nir - red) / np.maximum(np.abs(nir) + np.abs(red), np.float32(1e-6))
        yield np.maximum(smooth(ndvi, sigmas(1.2, aspect)) - np.float32(_GREEN_NDVI), 0)
        inside = smooth if smooth.all_valid else Smoother(eroded(valid))
        edges = [inside(ground_gradient(plane[None], aspect), wide) + np.float32(_LEAST) for plane in visible]
        yield np.log(edges[1] / edges[0])

    def _score(self, before: Float, after: Float, valid: Mask) -> Float:
        odds = np.full(valid.shape, self.weights.intercept, np.float32)
        # plane by plane: the last bit of a product of matrices depends on their shape, a score must not
        for weight, plane in zip(self.weights.coefficients, self._planes(before, after, valid), strict=True):
            odds += np.float32(weight) * plane
        np.clip(odds, -30, 30, out=odds)
        score: Float = (1 / (1 + np.exp(-odds))).astype(np.float32, copy=False)
        return score


def _log(score: Float, median: float, valid: Mask) -> Float:
    log: Float = np.log(np.where(valid, score, np.float32(0)) / np.float32(median) + np.float32(0.05))
    return log


def fit_learnt(
    samples: Samples,
    *,
    random_state: int = 0,
    bands: Sequence[str] | None = None,
    pixel_aspect: float = 1.0,
    weights: Weights | Path | str | None = None,
) -> Model:
    """Return the learnt detector: a probability 0–1 of construction, with each class weighing alike.

    A logistic regression on eight planes: the logarithms of the scores ``construction`` and
    ``cross_residual`` over their medians in the scene, and their means around the pixel; and what tells
    changes of light, water and crops from works: how dark the ground is at the darker of both dates (visible
    and SWIR, robust z-scores: shadow and water), how green after, and whether edges were gained or lost.
    The weights that ship are the mean of this regression and one on ``construction`` alone.

    Parameters
    ----------
    samples
        Tiles, for the scores look at neighbourhoods.
    bands
        Band names; blue, green, red, NIR and two SWIR bands are needed and used.
    pixel_aspect
        Height over width of a pixel on the ground.
    weights
        Weights, or a JSON file of them; None for those that ship, learnt on the simulated county.

    Raises
    ------
    ParameterError
        If a band is missing, or the samples are pixels without their neighbourhood.
    """
    roles = band_roles(samples.before.shape[1], bands)
    missing = [role for role in SIX_ROLES if role not in roles]
    if missing:
        raise ParameterError("change.learnt_bands", missing=", ".join(missing))
    if samples.identical:
        return no_difference(samples, "learnt")
    if not samples.tiles:
        raise ParameterError("change.needs_tiles", method="learnt")
    chosen = [roles[role] for role in SIX_ROLES]
    six = Samples(samples.before[:, chosen], samples.after[:, chosen])
    if six.identical:
        return no_difference(samples, "learnt")
    shared: dict[str, Any] = {"bands": SIX_ROLES, "pixel_aspect": pixel_aspect, "random_state": random_state}
    construction = fit_cross_residual(six, **shared, **PRESETS["construction"])
    plain = fit_cross_residual(six, **shared)
    assert isinstance(construction, CrossResidualModel) and isinstance(plain, CrossResidualModel)
    given = weights if isinstance(weights, Weights) else Weights.read(weights or SHIPPED)
    return LearntModel(
        method="learnt",
        n_bands=samples.before.shape[1],
        halo_px=construction.halo_px + halo(sigmas(_AROUND_PX, pixel_aspect)),
        construction=construction,
        plain=plain,
        medians=(_median(construction, samples, chosen), _median(plain, samples, chosen)),
        bands=tuple(chosen),
        weights=given,
        details={"n_samples": len(six.before), "threshold": given.threshold, **given.provenance},
    )


def _median(model: Model, samples: Samples, chosen: list[int]) -> float:
    """Return the median score of the tiles' valid pixels."""
    parts = [model.score_read(b[chosen], a[chosen], v)[v] for b, a, v in samples.tiles]
    known: NDArray[np.float32] = np.concatenate(parts)
    return max(float(np.median(known)), 1e-6)
