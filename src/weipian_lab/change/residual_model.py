"""Scoring by cross-band residuals: what a scene-wide linear map between the two dates cannot explain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion

from weipian_lab.change.extremes import moving_maximum, moving_minimum, opening
from weipian_lab.change.pixels import Float, Mask, Model
from weipian_lab.change.smoothing import Smoother, ground_gradient, halo, sigmas

__all__ = ["CrossResidualModel", "Direction", "Settings"]

Matrix = NDArray[np.float64]
Z_CLIP, RESIDUAL_CLIP = 6.0, 15.0
_TILE = (
    64,
    256,
)  # rows and columns whose residuals are worked on at once; they stay in the processor's cache


@dataclass(frozen=True)
class Settings:
    """How residuals become a score; see :func:`~weipian_lab.change.residual.fit_cross_residual`."""

    sigma_px: tuple[float, ...]
    root: bool
    tolerance: float
    gradient_power: float
    texture_power: float
    texture_sigma_px: float
    cluster_power: float
    background_share: float
    background_px: int
    pixel_aspect: float
    both_directions: bool

    def halo_px(self) -> int:
        """Return how far a pixel's score looks."""
        reach = [halo(self.sigma(sigma)) for sigma in self.sigma_px]
        if self.gradient_power:
            reach.append(halo(self.sigma(2.0)) + 2)
        if self.texture_power:
            reach.append(halo(self.sigma(self.texture_sigma_px)))
        near = max(reach) + (1 if self.tolerance else 0)
        if self.background_share:
            near += 2 * max(self.background_window()) // 2 + halo(self.sigma(1.0)) + 1
        return near

    def sigma(self, sigma_px: float) -> tuple[float, float]:
        """Return deviations along rows and columns, alike on the ground."""
        return sigmas(sigma_px, self.pixel_aspect)

    def background_window(self) -> tuple[int, int]:
        """Return rows and columns, odd, of the window that what is to be kept must be smaller than."""
        rows, cols = self.sigma(float(self.background_px))
        return 2 * round(rows) + 1, 2 * round(cols) + 1


@dataclass(frozen=True)
class Direction:
    """All bands of one date predict each band of the other.

    Attributes
    ----------
    coefficients
        ``(band, band)``: predicted = coefficients @ z + intercept, in robust z-scores.
    intercept
        ``(band,)``.
    inverse_scale
        ``(band,)`` 1 / MAD scale of the residuals.
    """

    coefficients: Matrix
    intercept: Matrix
    inverse_scale: Matrix

    def residuals(self, given: Float, wanted: Float, bands: list[int]) -> tuple[Float, Float]:
        """Return predictions and scaled, clipped residuals ``(len(bands), …)`` of some bands."""
        predicted: Float = self.coefficients[bands].astype(np.float32) @ given.reshape(len(given), -1)
        predicted += self.intercept[bands, np.newaxis].astype(np.float32)
        predicted = predicted.reshape(len(bands), *given.shape[1:])
        residual = wanted[bands]
        residual -= predicted
        residual *= self.inverse_scale[bands, np.newaxis, np.newaxis].astype(np.float32)
        return predicted, np.clip(residual, -RESIDUAL_CLIP, RESIDUAL_CLIP, out=residual)


@dataclass(frozen=True)
class _Parts:
    """What is known of each pixel before its surroundings are looked at.

    Attributes
    ----------
    size
        ``(row, col)`` length of the residuals, both directions together.
    gradient
        ``(row, col)`` gradient of the visible residuals.
    residuals
        ``(direction × band, row, col)``; no plane where no texture is asked for.
    """

    size: Float
    gradient: Float
    residuals: Float


@dataclass(frozen=True, kw_only=True)
class CrossResidualModel(Model):
    """A fitted cross-band residual detector."""

    settings: Settings
    centre: tuple[Matrix, Matrix]
    inverse_scale: tuple[Matrix, Matrix]
    directions: tuple[Direction, Direction]
    scored_bands: tuple[int, ...]
    visible_bands: tuple[int, ...]
    cluster_centres: Matrix
    cluster_factor: Matrix

    def _standardise(self, image: Float, date: int, out: Float | None = None) -> Float:
        z = np.subtract(image, self.centre[date][:, np.newaxis, np.newaxis].astype(np.float32), out=out)
        z *= self.inverse_scale[date][:, np.newaxis, np.newaxis].astype(np.float32)
        return np.clip(z, -Z_CLIP, Z_CLIP, out=z)

    def fields(self, before: Float, after: Float) -> tuple[Float, Float, Float, Float]:
        """Return robust z-scores before and after, and the residuals of after and of before, of every band.

        Each float32 ``(band, row, col)``, for features and figures; the images as :func:`prepare` gives them.
        """
        z = self.standardised(before, after)
        bands = list(range(self.n_bands))
        residuals = [self.directions[at].residuals(z[at], z[1 - at], bands)[1] for at in (0, 1)]
        return z[0], z[1], residuals[0], residuals[1]

    def standardised(self, before: Float, after: Float) -> tuple[Float, Float]:
        """Return the robust z-scores of both dates, of every band."""
        return self._standardise(before, 0), self._standardise(after, 1)

    def _score(self, before: Float, after: Float, valid: Mask) -> Float:
        settings = self.settings
        parts = self._parts(before, after, valid)
        smooth = Smoother(valid)
        score = self._smoothed(parts.size, smooth)
        if settings.gradient_power:
            inside = smooth if smooth.all_valid else Smoother(_eroded(valid))
            score *= _raised(inside(parts.gradient, settings.sigma(2.0)), settings.gradient_power)
        if settings.texture_power:
            score *= _raised(self._texture(parts.residuals, smooth), settings.texture_power / 2)
        if settings.background_share:
            score = self._less_background(score, valid, smooth)
        return score

    def _parts(self, before: Float, after: Float, valid: Mask) -> _Parts:
        """Return size, gradient and residuals, tile by tile."""
        bands = list(self.scored_bands)
        directions = 2 if self.settings.both_directions else 1
        count = directions * len(bands) if self.settings.texture_power else 0
        shape = valid.shape
        parts = _Parts(
            np.empty(shape, np.float32), np.zeros(shape, np.float32), np.empty((count, *shape), np.float32)
        )
        for tile, wide, inner in _tiles(shape):
            joint = np.empty((2 * self.n_bands, *valid[wide].shape), np.float32)
            z = joint[: self.n_bands], joint[self.n_bands :]
            for date, image in enumerate((before, after)):
                self._standardise(image[(slice(None), *wide)], date, out=z[date])
            size = np.zeros(joint.shape[1:], np.float32)
            for at in range(directions):
                predicted, residual = self.directions[at].residuals(z[at], z[1 - at], bands)
                if count:
                    planes = slice(at * len(bands), (at + 1) * len(bands))
                    parts.residuals[(planes, *tile)] = residual[(slice(None), *inner)]
                if self.settings.gradient_power:
                    parts.gradient[tile] += self._gradient(residual)[inner]
                if self.settings.tolerance:
                    residual = self._tolerated(at, z[1 - at][bands], predicted, valid[wide])
                size += _length(residual)
            if self.settings.cluster_power:
                size *= self._cluster_factor(joint)
            parts.size[tile] = size[inner]
        return parts

    def _gradient(self, residual: Float) -> Float:
        seen = [i for i, band in enumerate(self.scored_bands) if band in self.visible_bands]
        return ground_gradient(residual[seen] if seen else residual, self.settings.pixel_aspect)

    def _tolerated(self, at: int, wanted: Float, predicted: Float, valid: Mask) -> Float:
        """Return residuals less what a shift of `tolerance` pixel to a neighbour could have caused."""
        share = np.float32(self.settings.tolerance)
        whole = bool(valid.all())
        over = moving_maximum(predicted if whole else np.where(valid, predicted, -np.inf), (3, 3))
        under = moving_minimum(predicted if whole else np.where(valid, predicted, np.inf), (3, 3))
        # over = max(wanted − (predicted + share · (highest − predicted)), 0), and under the same from below
        over -= predicted
        over *= share
        over += predicted
        np.subtract(wanted, over, out=over)
        np.maximum(over, 0, out=over)
        np.subtract(predicted, under, out=under)
        under *= share
        np.subtract(predicted, under, out=under)
        under -= wanted
        np.maximum(under, 0, out=under)
        over += under
        over *= self.directions[at].inverse_scale[list(self.scored_bands), None, None].astype(np.float32)
        return np.minimum(over, np.float32(RESIDUAL_CLIP), out=over)

    def _cluster_factor(self, joint: Float) -> Float:
        """Return for each pixel the factor of the cover group nearest to its spectra at both dates."""
        centres, factors = self.cluster_centres.astype(np.float32), self.cluster_factor.astype(np.float32)
        distances = centres @ joint.reshape(len(joint), -1)
        np.subtract((centres**2).sum(axis=1)[:, np.newaxis] / 2, distances, out=distances)
        nearest = distances.min(axis=0)
        found: Float = np.empty_like(nearest)
        for distance, factor in zip(distances[::-1], factors[::-1], strict=True):  # the first of equals
            np.copyto(found, factor, where=distance == nearest)
        return found.reshape(joint.shape[1:])

    def _smoothed(self, size: Float, smooth: Smoother) -> Float:
        """Return the geometric mean of the size smoothed at each scale, under the square root if asked."""
        plane = np.sqrt(size, out=size) if self.settings.root else size
        product: Float | None = None
        for sigma in self.settings.sigma_px:
            one = smooth(plane, self.settings.sigma(sigma))
            product = one if product is None else np.multiply(product, one, out=product)
        assert product is not None
        return _raised(product, (2.0 if self.settings.root else 1.0) / len(self.settings.sigma_px))

    def _texture(self, residuals: Float, smooth: Smoother) -> Float:
        """Return the local variance of the residuals, summed over bands and directions."""
        sigma = self.settings.sigma(self.settings.texture_sigma_px)
        square = smooth(np.einsum("brc,brc->rc", residuals, residuals), sigma)
        for plane in residuals:
            mean = smooth(plane, sigma)
            mean *= mean
            square -= mean
        return np.maximum(square, 0, out=square)

    def _less_background(self, score: Float, valid: Mask, smooth: Smoother) -> Float:
        """Return the score less a share of its opening: what is raised over a wide area counts less."""
        window = self.settings.background_window()
        level = smooth(score, self.settings.sigma(1.0))
        if not smooth.all_valid:
            level[~valid] = np.inf
        background = opening(level, window)
        background *= np.float32(self.settings.background_share)
        score -= background
        np.maximum(score, 0, out=score)
        if not smooth.all_valid:
            score[~valid] = 0
        return score


def _tiles(shape: tuple[int, int]) -> Iterator[tuple[tuple[slice, slice], ...]]:
    """Yield tiles, the same with a pixel more on each side, and their place in that."""
    for row in range(0, shape[0], _TILE[0]):
        for col in range(0, shape[1], _TILE[1]):
            starts, stops = (row, col), (min(row + _TILE[0], shape[0]), min(col + _TILE[1], shape[1]))
            wide = [slice(max(a - 1, 0), min(b + 1, n)) for a, b, n in zip(starts, stops, shape, strict=True)]
            inner = [slice(a - w.start, b - w.start) for a, b, w in zip(starts, stops, wide, strict=True)]
            yield (slice(row, stops[0]), slice(col, stops[1])), (wide[0], wide[1]), (inner[0], inner[1])


def _length(planes: Float) -> Float:
    """Return the length over planes; they are squared in place."""
    planes *= planes
    total: Float = planes.sum(axis=0)
    return np.sqrt(total, out=total)


def _eroded(valid: Mask) -> Mask:
    eroded: Mask = binary_erosion(valid, np.ones((3, 3)), border_value=1)
    return eroded


def _raised(plane: Float, power: float) -> Float:
    """Return a plane of no negative values to a power, in place; roots are quicker than powers."""
    if power in (0.5, 0.25):
        np.sqrt(plane, out=plane)
        return np.sqrt(plane, out=plane) if power == 0.25 else plane
    return plane if power == 1 else np.power(plane, np.float32(power), out=plane)
