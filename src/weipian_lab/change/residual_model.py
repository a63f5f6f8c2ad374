"""Scoring by cross-band residuals: what a scene-wide linear map between the two dates cannot explain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, maximum_filter, minimum_filter

from weipian_lab.change.pixels import Float, Mask, Model
from weipian_lab.change.smoothing import gaussian, ground_gradient, halo, sigmas

__all__ = ["CrossResidualModel", "Direction", "Settings"]

Matrix = NDArray[np.float64]
Z_CLIP, RESIDUAL_CLIP = 6.0, 15.0
_FAR = np.float32(1e30)


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
        reach = [halo(sigmas(sigma, self.pixel_aspect)) for sigma in self.sigma_px]
        if self.gradient_power:
            reach.append(halo(sigmas(2.0, self.pixel_aspect)) + 2)
        if self.texture_power:
            reach.append(halo(sigmas(self.texture_sigma_px, self.pixel_aspect)))
        near = max(reach) + (1 if self.tolerance else 0)
        if self.background_share:
            near += 2 * max(self.background_window()) // 2 + halo(sigmas(1.0, self.pixel_aspect)) + 1
        return near

    def background_window(self) -> tuple[int, int]:
        """Return rows and columns, odd, of the window that what is to be kept must be smaller than."""
        rows, cols = sigmas(float(self.background_px), self.pixel_aspect)
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
        shape = (len(bands), *given.shape[1:])
        predicted = self.coefficients[bands].astype(np.float32) @ given.reshape(len(given), -1)
        predicted = (predicted + self.intercept[bands, np.newaxis].astype(np.float32)).reshape(shape)
        scale = self.inverse_scale[bands, np.newaxis, np.newaxis].astype(np.float32)
        residual = np.clip((wanted[bands] - predicted) * scale, -RESIDUAL_CLIP, RESIDUAL_CLIP)
        return predicted, residual


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

    def _standardise(self, image: Float, date: int) -> Float:
        centre = self.centre[date][:, np.newaxis, np.newaxis].astype(np.float32)
        scale = self.inverse_scale[date][:, np.newaxis, np.newaxis].astype(np.float32)
        clipped: Float = np.clip((image - centre) * scale, -Z_CLIP, Z_CLIP)
        return clipped

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
        z = self.standardised(before, after)
        rows, cols = valid.shape
        size = np.zeros((rows, cols), np.float32)
        gradient, texture = np.zeros_like(size), np.zeros_like(size)
        for at in range(2 if self.settings.both_directions else 1):
            bands = list(self.scored_bands)
            predicted, residual = self.directions[at].residuals(z[at], z[1 - at], bands)
            length = residual
            if self.settings.tolerance:
                scale = self.directions[at].inverse_scale[bands]
                length = _tolerated(z[1 - at][bands], predicted, scale, valid, self.settings.tolerance)
            size += np.sqrt(np.einsum("brc,brc->rc", length, length))
            if self.settings.gradient_power:
                seen = [i for i, band in enumerate(bands) if band in self.visible_bands]
                gradient += ground_gradient(residual[seen or slice(None)], self.settings.pixel_aspect)
            if self.settings.texture_power:
                texture += self._texture(residual, valid)
        if self.settings.cluster_power:
            size *= self._cluster_factor(*z)
        score = self._smoothed(size, valid)
        if self.settings.gradient_power:
            whole = binary_erosion(valid, np.ones((3, 3)), border_value=1)
            smooth = gaussian(gradient, whole, sigmas(2.0, self.settings.pixel_aspect))
            score *= smooth ** np.float32(self.settings.gradient_power)
        if self.settings.texture_power:
            score *= np.sqrt(texture) ** np.float32(self.settings.texture_power)
        if self.settings.background_share:
            score = self._less_background(score, valid)
        return score

    def _smoothed(self, size: Float, valid: Mask) -> Float:
        """Return the geometric mean of the size smoothed at each scale, under the square root if asked."""
        plane = np.sqrt(size) if self.settings.root else size
        product = np.ones_like(size)
        for sigma in self.settings.sigma_px:
            product *= gaussian(plane, valid, sigmas(sigma, self.settings.pixel_aspect))
        power = (2.0 if self.settings.root else 1.0) / len(self.settings.sigma_px)
        return product if power == 1 else product ** np.float32(power)

    def _texture(self, residual: Float, valid: Mask) -> Float:
        """Return the local variance of the residuals, summed over bands."""
        sigma = sigmas(self.settings.texture_sigma_px, self.settings.pixel_aspect)
        square = gaussian(np.einsum("brc,brc->rc", residual, residual), valid, sigma)
        for band in residual:
            square -= gaussian(band, valid, sigma) ** 2
        return np.maximum(square, 0)

    def _cluster_factor(self, first: Float, second: Float) -> Float:
        joint = np.concatenate([first, second]).reshape(2 * self.n_bands, -1)
        centres = self.cluster_centres.astype(np.float32)
        nearest = ((centres**2).sum(axis=1)[:, np.newaxis] / 2 - centres @ joint).argmin(axis=0)
        factor: Float = self.cluster_factor.astype(np.float32)[nearest].reshape(first.shape[1:])
        return factor

    def _less_background(self, score: Float, valid: Mask) -> Float:
        """Return the score less a share of its opening: what is raised over a wide area counts less."""
        window = self.settings.background_window()
        smooth = gaussian(score, valid, sigmas(1.0, self.settings.pixel_aspect))
        low = minimum_filter(np.where(valid, smooth, _FAR), window, mode="constant", cval=float(_FAR))
        low = np.where(low >= _FAR, -_FAR, low)
        opened = maximum_filter(low, window, mode="constant", cval=-float(_FAR))
        rest: Float = np.maximum(score - np.float32(self.settings.background_share) * opened, 0)
        return np.where(valid, rest, np.float32(0))


def _tolerated(wanted: Float, predicted: Float, scale: Matrix, valid: Mask, tolerance: float) -> Float:
    """Return residuals less what a shift of `tolerance` pixel to a neighbour could have caused."""
    share = np.float32(tolerance)
    out = np.empty_like(wanted)
    for i, (plane, guess) in enumerate(zip(wanted, predicted, strict=True)):
        high = maximum_filter(np.where(valid, guess, -_FAR), 3, mode="nearest")
        low = minimum_filter(np.where(valid, guess, _FAR), 3, mode="nearest")
        over = np.maximum(plane - (guess + share * (high - guess)), 0)
        under = np.maximum(guess - share * (guess - low) - plane, 0)
        out[i] = np.where(valid, (over + under) * np.float32(scale[i]), 0)
    return np.minimum(out, np.float32(RESIDUAL_CLIP), out=out)
