"""Detectors that are lengths of linear forms in the bands of both dates, and the algebra behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weipian_lab.change.pixels import Float, Mask, Model, Samples

__all__ = ["LinearModel", "Moments", "inverse_scale", "no_difference", "weighted_moments", "whiten"]

Matrix = NDArray[np.float64]
_STRIP_PX = 16_384  # what is worked on at once stays in the processor's cache


@dataclass(frozen=True, kw_only=True)
class LinearModel(Model):
    """Score = √Σ (U_i·before + V_i·after + c_i)², the sum going over the variates i.

    Attributes
    ----------
    before_weights, after_weights
        ``(variate, band)`` U and V.
    offset
        ``(variate,)`` c.
    """

    before_weights: Matrix
    after_weights: Matrix
    offset: Matrix

    def _score(self, before: Float, after: Float, valid: Mask) -> Float:
        u, v = self.before_weights.astype(np.float32), self.after_weights.astype(np.float32)
        offset = self.offset.astype(np.float32)
        alike = np.array_equal(u, -v)
        weights = u if alike else np.hstack([u, v])
        score: Float = np.empty(valid.shape, np.float32)
        rows = max(1, _STRIP_PX // valid.shape[1])
        for top in range(0, len(score), rows):
            strip = slice(top, top + rows)
            first, second = before[:, strip], after[:, strip]
            # differences first where both dates weigh alike: equal pixels then give exactly 0
            planes = [x - y for x, y in zip(first, second, strict=True)] if alike else [*first, *second]
            _length(planes, weights, offset, score[strip])
        return score


def _length(planes: Sequence[Float], weights: Float, offset: Float, out: Float) -> None:
    """Write √Σᵢ (Σⱼ wᵢⱼ planeⱼ + cᵢ)² to `out`.

    Pixel by pixel in one fixed order, unlike a product of matrices, whose last bit depends on their shape:
    a block must score as the whole does.
    """
    out[...] = 0
    form, term = np.empty_like(out), np.empty_like(out)
    for row, constant in zip(weights, offset, strict=True):
        form[...] = 0
        for weight, plane in zip(row, planes, strict=True):
            if weight:
                np.multiply(plane, weight, out=term)
                form += term
        form += constant
        form *= form
        out += form
    np.sqrt(out, out=out)


@dataclass(frozen=True)
class Moments:
    """Weighted means and covariances of both dates: ``x`` is before, ``y`` after."""

    mean_x: Matrix
    mean_y: Matrix
    xx: Matrix
    yy: Matrix
    xy: Matrix


def weighted_moments(samples: Samples, weights: Matrix | None = None) -> Moments:
    """Return the moments of both dates under `weights` ``(n,)``, equal ones if None."""
    share = (
        np.full(len(samples.before), 1 / len(samples.before)) if weights is None else weights / weights.sum()
    )
    mean_x, mean_y = share @ samples.before, share @ samples.after
    x, y = samples.before - mean_x, samples.after - mean_y
    xw, yw = x * share[:, np.newaxis], y * share[:, np.newaxis]
    return Moments(mean_x, mean_y, xw.T @ x, yw.T @ y, xw.T @ y)


def inverse_scale(variance: Matrix) -> Matrix:
    """Return 1/√variance, and 0 for a band that does not vary, so that it adds nothing."""
    scale = np.sqrt(np.maximum(variance, 0))
    flat = scale <= 1e-12 * max(float(scale.max(initial=0.0)), 1e-12)
    return np.where(flat, 0.0, 1 / np.where(flat, 1.0, scale))


def whiten(covariance: Matrix, rcond: float) -> Matrix:
    """Return W ``(band, rank)`` with WᵀCW = I, leaving out directions that hardly vary.

    Bands are brought to unit variance first; directions whose eigenvalue is below `rcond` times the largest
    are dropped. Constant and collinear bands thus lower the rank and do no harm; where all bands carry
    information nothing is altered, so that invariance to linear changes of the bands is kept.
    """
    scale = inverse_scale(np.diag(covariance))
    values, vectors = np.linalg.eigh(covariance * np.outer(scale, scale))
    kept = values > max(rcond * values.max(initial=0.0), np.finfo(float).tiny)
    white: Matrix = scale[:, np.newaxis] * vectors[:, kept] / np.sqrt(values[kept])
    return white


def no_difference(samples: Samples, method: str, df: int | None = None) -> LinearModel:
    """Return the model for dates that are the same: differences over each band's deviation."""
    scale = inverse_scale(samples.before.var(axis=0))
    weights = np.diag(np.where(scale == 0, 1.0, scale))
    details: dict[str, Any] = {"identical": True}
    n = len(scale)
    return LinearModel(
        method=method,
        n_bands=n,
        df=df,
        details=details,
        before_weights=weights,
        after_weights=-weights,
        offset=np.zeros(n),
    )
