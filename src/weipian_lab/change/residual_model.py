"""Scoring by cross-band residuals: what a scene-wide linear map between the two dates cannot explain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weipian_lab.change.extremes import moving_maximum, moving_minimum, opening
from weipian_lab.change.pixels import Float, Mask, Model
from weipian_lab.change.smoothing import Smoother, eroded, ground_gradient, halo, sigmas

__all__ = ["CrossResidualModel", "Direction", "Settings", "consecutive"]

Matrix = NDArray[np.float64]
Z_CLIP, RESIDUAL_CLIP = 6.0, 15.0
_STRIP_PX = 49_152  # what is worked on at once stays in the cache of the processor


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
        residual = np.subtract(wanted[consecutive(bands)], predicted)
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

    def brightness(self, image: Float, date: int) -> Float:
        """Return the mean of the robust z-scores of the first three bands, before (0) or after (1)."""
        total = self.band(image, date, 0)
        for band in (1, 2):
            total += self.band(image, date, band)
        total /= 3
        return total

    def band(self, image: Float, date: int, band: int) -> Float:
        """Return the robust z-score of one band."""
        z: Float = image[band] - np.float32(self.centre[date][band])
        z *= np.float32(self.inverse_scale[date][band])
        return np.clip(z, -Z_CLIP, Z_CLIP, out=z)

    def _score(self, before: Float, after: Float, valid: Mask) -> Float:
        settings = self.settings
        parts = self._parts(before, after, valid)
        smooth = Smoother(valid)
        score = self._smoothed(parts.size, smooth)
        if settings.gradient_power:
            inside = smooth if smooth.all_valid else Smoother(eroded(valid))
            score *= _raised(inside(parts.gradient, settings.sigma(2.0)), settings.gradient_power)
        if settings.texture_power:
            score *= _raised(self._texture(parts.residuals, smooth), settings.texture_power / 2)
        if settings.background_share:
            score = self._less_background(score, valid, smooth)
        return score

    def _parts(self, before: Float, after: Float, valid: Mask) -> _Parts:
        """Return size, gradient and residuals, strip by strip."""
        bands = list(self.scored_bands)
        directions = 2 if self.settings.both_directions else 1
        count = directions * len(bands) if self.settings.texture_power else 0
        shape = valid.shape
        parts = _Parts(
            np.empty(shape, np.float32), np.zeros(shape, np.float32), np.empty((count, *shape), np.float32)
        )
        joint_bands = 2 * self.n_bands
        for rows, wide, inner in _strips(shape):
            # the last plane is 1, so that a product of matrices adds a constant
            joint = np.ones((joint_bands + 1, wide.stop - wide.start, shape[1]), np.float32)
            z = joint[: self.n_bands], joint[self.n_bands : joint_bands]
            for date, image in enumerate((before, after)):
                self._standardise(image[:, wide], date, out=z[date])
            size = np.zeros(joint.shape[1:], np.float32)
            for at in range(directions):
                predicted, residual = self.directions[at].residuals(z[at], z[1 - at], bands)
                if count:
                    parts.residuals[at * len(bands) : (at + 1) * len(bands), rows] = residual[:, inner]
                if self.settings.gradient_power:
                    parts.gradient[rows] += self._gradient(residual)[inner]
                if self.settings.tolerance:
                    residual = self._tolerated(at, z[1 - at], predicted, valid[wide])
                size += _length(residual)
            if self.settings.cluster_power:
                size *= self._cluster_factor(joint)
            parts.size[rows] = size[inner]
        return parts

    def _gradient(self, residual: Float) -> Float:
        seen = [i for i, band in enumerate(self.scored_bands) if band in self.visible_bands]
        return ground_gradient(residual[consecutive(seen)] if seen else residual, self.settings.pixel_aspect)

    def _tolerated(self, at: int, z: Float, predicted: Float, valid: Mask) -> Float:
        """Return residuals less what a shift of `tolerance` pixel to a neighbour could have caused.

        With s = tolerance, a value above guess + s · (highest guess around − guess) counts by what it is
        above, one below guess − s · (guess − lowest guess around) by what it is below.
        """
        bands = consecutive(self.scored_bands)
        scale = self.directions[at].inverse_scale[bands, np.newaxis, np.newaxis].astype(np.float32)
        rest = np.subtract(z[bands], predicted)
        rest *= scale
        predicted *= scale * np.float32(self.settings.tolerance)
        rest += predicted
        whole = bool(valid.all())
        high = moving_maximum(predicted if whole else np.where(valid, predicted, -np.inf), (3, 3))
        low = moving_minimum(predicted if whole else np.where(valid, predicted, np.inf), (3, 3))
        np.subtract(rest, high, out=high)
        np.subtract(low, rest, out=low)
        np.maximum(high, low, out=high)  # at most one of them is positive
        return np.clip(high, 0, RESIDUAL_CLIP, out=high)

    def _cluster_factor(self, joint: Float) -> Float:
        """Return for each pixel the factor of the cover group nearest to its spectra at both dates.

        Where groups are equally near, the mean of their factors.
        """
        centres = self.cluster_centres
        forms = np.column_stack([-centres, (centres**2).sum(axis=1) / 2]).astype(np.float32)
        distances: Float = forms @ joint.reshape(len(joint), -1)
        np.equal(distances, distances.min(axis=0), out=distances)
        sums = np.stack([self.cluster_factor, np.ones(len(centres))]).astype(np.float32) @ distances
        factor: Float = sums[0] / sums[1]
        return factor.reshape(joint.shape[1:])

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


def _strips(shape: tuple[int, int]) -> Iterator[tuple[slice, slice, slice]]:
    """Yield rows, the same with a row more on each side, and their place in that."""
    height = max(4, _STRIP_PX // shape[1])
    for top in range(0, shape[0], height):
        rows = slice(top, min(top + height, shape[0]))
        wide = slice(max(rows.start - 1, 0), min(rows.stop + 1, shape[0]))
        yield rows, wide, slice(rows.start - wide.start, rows.stop - wide.start)


def consecutive(bands: Sequence[int]) -> Any:
    """Return a slice where bands follow each other, so that no copy is made; else a list."""
    if list(bands) == list(range(bands[0], bands[-1] + 1)):
        return slice(bands[0], bands[-1] + 1)
    return list(bands)


def _length(planes: Float) -> Float:
    """Return the length over planes; they are squared in place."""
    planes *= planes
    total: Float = planes.sum(axis=0)
    return np.sqrt(total, out=total)


def _raised(plane: Float, power: float) -> Float:
    """Return a plane of no negative values to a power, in place; roots are quicker than powers."""
    if power in (0.5, 0.25):
        np.sqrt(plane, out=plane)
        return np.sqrt(plane, out=plane) if power == 0.25 else plane
    return plane if power == 1 else np.power(plane, np.float32(power), out=plane)
