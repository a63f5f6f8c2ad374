"""Slow feature analysis (SFA) and its iterative form (ISFA)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from weipian_lab.change.linear import LinearModel, inverse_scale, no_difference, weighted_moments, whiten
from weipian_lab.change.pixels import Samples

__all__ = ["fit_isfa", "fit_sfa"]

Matrix = NDArray[np.float64]


def _slow_features(x: Matrix, y: Matrix, weights: Matrix | None, rcond: float) -> tuple[Matrix, Matrix]:
    """Return the features ``(band, feature)``, slowest first, and the variances of their differences."""
    moments = weighted_moments(Samples(x, y), weights)
    white = whiten((moments.xx + moments.yy) / 2, rcond)
    share = np.full(len(x), 1 / len(x)) if weights is None else weights / weights.sum()
    difference = (x - y) @ white
    values, vectors = np.linalg.eigh((difference * share[:, np.newaxis]).T @ difference)
    return white @ vectors, np.maximum(values, 1e-6)


def _fit(method: str, samples: Samples, rcond: float, max_iterations: int, tolerance: float) -> LinearModel:
    if samples.identical or len(samples.before) < 2:
        return no_difference(samples, method, df=samples.before.shape[1])
    mean_x, mean_y = samples.before.mean(axis=0), samples.after.mean(axis=0)
    scale_x, scale_y = inverse_scale(samples.before.var(axis=0)), inverse_scale(samples.after.var(axis=0))
    x, y = (samples.before - mean_x) * scale_x, (samples.after - mean_y) * scale_y
    features, variance = _slow_features(x, y, None, rcond)
    if features.shape[1] == 0:
        return no_difference(samples, method, df=samples.before.shape[1])
    rounds, converged = 0, max_iterations == 0
    for rounds in range(1, max_iterations + 1):  # noqa: B007  the count is reported
        statistic = (((x - y) @ features) ** 2 / variance).sum(axis=1)
        weights = chdtrc(len(variance), statistic)
        if weights.sum() < 10 * x.shape[1]:
            break
        features, renewed = _slow_features(x, y, weights, rcond)
        if len(renewed) != len(variance):
            variance = renewed
            break
        step = float(np.abs(renewed - variance).max())
        variance = renewed
        if step < tolerance:
            converged = True
            break
    combined = (features / np.sqrt(variance)).T
    u, v = combined * scale_x, -combined * scale_y
    return LinearModel(
        method=method,
        n_bands=x.shape[1],
        df=len(variance),
        before_weights=u,
        after_weights=v,
        offset=-(u @ mean_x + v @ mean_y),
        details={"variances": variance.tolist(), "iterations": rounds, "converged": converged},
    )


def fit_sfa(samples: Samples, *, rcond: float = 1e-8) -> LinearModel:
    """Return the SFA detector: differences of the slow features, each over its deviation, as a length.

    Source: Wu, C., Du, B., Zhang, L. (2014). Slow feature analysis for change detection in multispectral
    imagery. IEEE Transactions on Geoscience and Remote Sensing 52(5):2858–2874. Bands are standardised per
    date as there; the squared score is chi-square with `df` degrees where nothing changed.
    """
    return _fit("sfa", samples, rcond, 0, 0.0)


def fit_isfa(
    samples: Samples, *, rcond: float = 1e-8, max_iterations: int = 50, tolerance: float = 1e-3
) -> LinearModel:
    """Return the iterative SFA detector: SFA with pixels weighted by their probability of no change.

    Source: Wu, Du, Zhang (2014), section III-C; see :func:`fit_sfa`.
    """
    return _fit("isfa", samples, rcond, max_iterations, tolerance)
