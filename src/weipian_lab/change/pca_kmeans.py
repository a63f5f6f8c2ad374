"""PCA of small neighbourhoods of the difference image, and two-means on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate

from weipian_lab.change.linear import inverse_scale, no_difference
from weipian_lab.change.pixels import Float, Mask, Model, Samples
from weipian_lab.errors import ParameterError

__all__ = ["PcaKMeansModel", "fit_pca_kmeans"]


@dataclass(frozen=True, kw_only=True)
class PcaKMeansModel(Model):
    """Score = signed distance of a neighbourhood to the plane between the two clusters; 0 is the border."""

    kernel: NDArray[np.float64]
    constant: float
    band_weights: NDArray[np.float64]
    fill: float

    def _score(self, before: Float, after: Float, valid: Mask) -> Float:
        difference = _difference(before, after, self.band_weights)
        difference = np.where(valid, difference, np.float32(self.fill))
        score: Float = correlate(difference, self.kernel.astype(np.float32), mode="nearest")
        return score + np.float32(self.constant)


def _difference(before: Float, after: Float, band_weights: NDArray[np.float64]) -> Float:
    scaled = (after - before) * band_weights.astype(np.float32)[:, np.newaxis, np.newaxis]
    length: Float = np.sqrt(np.einsum("brc,brc->rc", scaled, scaled))
    return length


def _neighbourhoods(samples: Samples, weights: NDArray[np.float64], size: int) -> list[NDArray[np.float64]]:
    """Return ``(n, size²)`` of the overlapping neighbourhoods of each tile that are valid throughout."""
    found = []
    for before, after, valid in samples.tiles:
        if min(valid.shape) < size:
            continue
        window = (size, size)
        views = np.lib.stride_tricks.sliding_window_view(_difference(before, after, weights), window)
        whole = np.lib.stride_tricks.sliding_window_view(valid, window).all(axis=(2, 3))
        found.append(views[whole].reshape(-1, size * size).astype(np.float64))
    return found


def fit_pca_kmeans(
    samples: Samples,
    *,
    random_state: int = 0,
    window_px: int = 5,
    components: int = 3,
    standardise: bool = False,
    max_neighbourhoods: int = 100_000,
) -> Model:
    """Return the PCA–k-means detector; needs whole tiles, since it looks at neighbourhoods.

    The score is the signed distance to the plane half-way between the cluster centres, so that the rule
    ``fixed`` with 0 gives the published map and any other threshold a stricter or a milder one.

    Parameters
    ----------
    window_px
        Side of the neighbourhood, odd (the paper's h; odd, so that it has a middle).
    components
        Principal components kept (the paper's S).
    standardise
        Whether bands are divided by their deviation first.

    Notes
    -----
    Source: Celik, T. (2009). Unsupervised change detection in satellite images using principal component
    analysis and k-means clustering. IEEE Geoscience and Remote Sensing Letters 6(4):772–776. For several
    bands the difference image is the length of the change vector.
    """
    if window_px < 1 or window_px % 2 == 0:
        raise ParameterError("change.odd_window", value=window_px)
    if not samples.tiles:
        raise ParameterError("change.needs_tiles", method="pca_kmeans")
    n_bands = samples.before.shape[1]
    weights = inverse_scale(samples.before.var(axis=0)) if standardise else np.ones(n_bands)
    found = _neighbourhoods(samples, weights, window_px)
    blocks = np.concatenate(found) if found else np.empty((0, window_px**2))
    if len(blocks) > max_neighbourhoods:
        chosen = np.random.default_rng(random_state).choice(len(blocks), max_neighbourhoods, replace=False)
        blocks = blocks[np.sort(chosen)]
    mean = blocks.mean(axis=0) if len(blocks) else np.zeros(window_px**2)
    if len(blocks) < 2 or not (blocks - mean).any():
        return no_difference(samples, "pca_kmeans")
    _, vectors = np.linalg.eigh((blocks - mean).T @ (blocks - mean))
    axes = vectors[:, ::-1][:, :components]
    projected = (blocks - mean) @ axes
    from sklearn.cluster import KMeans  # slow to import

    clusters = KMeans(2, n_init=5, random_state=random_state).fit(projected)
    means = [blocks[clusters.labels_ == label].mean() for label in (0, 1)]
    low, high = clusters.cluster_centers_[np.argsort(means)]
    direction = (high - low) / np.linalg.norm(high - low)
    kernel = axes @ direction
    return PcaKMeansModel(
        method="pca_kmeans",
        n_bands=n_bands,
        halo_px=window_px // 2,
        kernel=kernel.reshape(window_px, window_px),
        constant=float(-(mean @ kernel) - (low + high) / 2 @ direction),
        band_weights=weights,
        fill=float(mean.mean()),
        details={"share_changed": float(np.mean(clusters.labels_ == int(np.argmax(means))))},
    )
