"""Multivariate alteration detection (MAD) and its iteratively reweighted form (IR-MAD)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from weipian_lab.change.linear import LinearModel, Moments, no_difference, weighted_moments, whiten
from weipian_lab.change.pixels import Samples

__all__ = ["Canonical", "canonical", "fit_irmad", "fit_mad"]

Matrix = NDArray[np.float64]
# a pair of variates that agree to one part in a million leaves rounding, not change
_LEAST_VARIANCE = 1e-6


@dataclass(frozen=True)
class Canonical:
    """Canonical variates ``a``, ``b`` ``(band, variate)`` of unit variance; correlations ``rho``, falling."""

    a: Matrix
    b: Matrix
    rho: Matrix

    @property
    def variance(self) -> Matrix:
        """Variances 2(1 − ρ) of the MAD variates, with a floor against division by 0."""
        floored: Matrix = np.maximum(2 * (1 - self.rho), _LEAST_VARIANCE)
        return floored


def canonical(moments: Moments, rcond: float = 1e-8) -> Canonical:
    """Return the canonical correlation analysis of both dates, safe with constant and collinear bands.

    Both dates are whitened (:func:`~weipian_lab.change.linear.whiten`); the singular values of the
    cross-covariance of what is left are the canonical correlations (Björck & Golub 1973).
    """
    white_x, white_y = whiten(moments.xx, rcond), whiten(moments.yy, rcond)
    left, rho, right = np.linalg.svd(white_x.T @ moments.xy @ white_y, full_matrices=False)
    return Canonical(white_x @ left, white_y @ right.T, np.clip(rho, 0, 1))


def _statistic(samples: Samples, moments: Moments, found: Canonical) -> Matrix:
    variates = (samples.before - moments.mean_x) @ found.a - (samples.after - moments.mean_y) @ found.b
    total: Matrix = (variates**2 / found.variance).sum(axis=1)
    return total


def _model(method: str, samples: Samples, moments: Moments, found: Canonical, **details: Any) -> LinearModel:
    scale = 1 / np.sqrt(found.variance)
    u, v = (found.a * scale).T, -(found.b * scale).T
    return LinearModel(
        method=method,
        n_bands=samples.before.shape[1],
        df=len(found.rho),
        before_weights=u,
        after_weights=v,
        offset=-(u @ moments.mean_x + v @ moments.mean_y),
        details={"canonical_correlations": found.rho.tolist(), "n_samples": len(samples.before), **details},
    )


def _degenerate(samples: Samples, found: Canonical) -> bool:
    return samples.identical or len(found.rho) == 0


def fit_mad(samples: Samples, *, rcond: float = 1e-8) -> LinearModel:
    """Return the MAD detector; its score is √Σ MADᵢ²/σᵢ², the sum chi-square where nothing changed.

    Invariant to any invertible linear change of the bands of either date.

    Parameters
    ----------
    rcond
        Directions of a date that vary less than this share of the strongest one are left out.

    Notes
    -----
    Source: Nielsen, A. A., Conradsen, K., Simpson, J. J. (1998). Multivariate alteration detection (MAD) and
    MAF postprocessing in multispectral, bitemporal image data. Remote Sensing of Environment 64:1–19.
    """
    moments = weighted_moments(samples)
    found = canonical(moments, rcond)
    if _degenerate(samples, found):
        return no_difference(samples, "mad", df=samples.before.shape[1])
    return _model("mad", samples, moments, found)


def fit_irmad(
    samples: Samples, *, rcond: float = 1e-8, max_iterations: int = 50, tolerance: float = 1e-3
) -> LinearModel:
    """Return the IR-MAD detector: MAD with each pixel weighted by its probability of no change, until stable.

    Parameters
    ----------
    rcond
        See :func:`fit_mad`.
    max_iterations
        Upper bound of the rounds; ``details["converged"]`` says whether it was met.
    tolerance
        Largest change of a canonical correlation at which the rounds end.

    Notes
    -----
    Source: Nielsen, A. A. (2007). The regularized iteratively reweighted MAD method for change detection in
    multi- and hyperspectral data. IEEE Transactions on Image Processing 16(2):463–478.
    The rounds also end, with the last sound result kept, when the weights leave fewer than ten pixels
    (in effect) for each covariance to be estimated.
    """
    moments = weighted_moments(samples)
    found = canonical(moments, rcond)
    if _degenerate(samples, found):
        return no_difference(samples, "irmad", df=samples.before.shape[1])
    ended, rounds = "max_iterations", 0
    for rounds in range(1, max_iterations + 1):  # noqa: B007  the count is reported
        weights = chdtrc(len(found.rho), _statistic(samples, moments, found))
        if weights.sum() ** 2 < 10 * 2 * samples.before.shape[1] * (weights**2).sum():
            ended = "few_unchanged"
            break
        moments_next = weighted_moments(samples, weights)
        found_next = canonical(moments_next, rcond)
        if len(found_next.rho) != len(found.rho):
            ended = "rank_fell"
            break
        step = float(np.abs(found_next.rho - found.rho).max())
        moments, found = moments_next, found_next
        if step < tolerance:
            ended = "converged"
            break
    return _model(
        "irmad", samples, moments, found, iterations=rounds, ended=ended, converged=ended == "converged"
    )
