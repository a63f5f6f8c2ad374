"""A change score learnt on labelled pairs, pixel by pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.ensemble import ExtraTreesClassifier

from weipian_lab.change.pixels import Float
from weipian_lab.change.smoothing import gaussian, sigmas
from weipian_lab.errors import InputError
from weipian_lab.features import pixel_features

__all__ = ["LabelledPair", "PixelScorer"]


Sample = tuple[NDArray[np.float32], NDArray[np.int8], NDArray[np.float64]]


@dataclass(frozen=True)
class LabelledPair:
    """A registered pair with labels.

    Attributes
    ----------
    before, after
        ``(band, row, col)``.
    label
        ``(row, col)``: 1 changed, 0 unchanged, anything else unlabelled.
    valid
        bool ``(row, col)`` or None.
    bands
        Band names or None.
    pixel_aspect
        Height over width of a pixel on the ground.
    """

    before: ArrayLike
    after: ArrayLike
    label: ArrayLike
    valid: ArrayLike | None = None
    bands: Sequence[str] | None = None
    pixel_aspect: float = 1.0


class PixelScorer:
    """Extremely randomised trees on :func:`~weipian_lab.features.pixel_features`.

    Each training scene and each class in it weighs alike; the probability is smoothed by one pixel and
    sharpened by the unsupervised construction score.

    Parameters
    ----------
    n_estimators, min_samples_leaf
        Of the trees.
    n_changed, n_unchanged
        Pixels drawn from each scene.
    score_weight
        Weight of the logarithm of the construction score beside the log odds of the trees.
    random_state, n_jobs
        Seed; threads.
    """

    def __init__(
        self,
        *,
        n_estimators: int = 120,
        min_samples_leaf: int = 20,
        n_changed: int = 3_000,
        n_unchanged: int = 12_000,
        score_weight: float = 0.6,
        random_state: int = 0,
        n_jobs: int = 1,
    ) -> None:
        self.score_weight = score_weight
        self.n_changed, self.n_unchanged, self.random_state = n_changed, n_unchanged, random_state
        self.trees = ExtraTreesClassifier(
            n_estimators,
            min_samples_leaf=min_samples_leaf,
            max_features=1 / 6,
            random_state=random_state,
            n_jobs=n_jobs,
        )
        self.names: tuple[str, ...] = ()

    def sample(self, pair: LabelledPair) -> Sample:
        """Return features ``(n, feature)``, labels and weights of pixels drawn from a pair."""
        names, values, good = pixel_features(
            pair.before, pair.after, pair.valid, bands=pair.bands, pixel_aspect=pair.pixel_aspect
        )
        self.names = names
        label = np.asarray(pair.label)
        rng = np.random.default_rng(self.random_state)
        drawn = []
        for value, count in ((1, self.n_changed), (0, self.n_unchanged)):
            at = np.flatnonzero((label == value) & good)
            drawn.append(rng.choice(at, min(count, len(at)), replace=False))
        if min(map(len, drawn)) == 0:
            raise InputError("classify.pairs")
        chosen = np.concatenate(drawn)
        weights = np.concatenate([np.full(len(part), 0.5 / len(part)) for part in drawn])
        labels = np.repeat(np.array([1, 0], np.int8), [len(part) for part in drawn])
        return values.reshape(len(values), -1)[:, chosen].T, labels, weights

    def fit(self, pairs: Sequence[LabelledPair]) -> Self:
        """Fit on labelled pairs.

        Raises
        ------
        InputError
            If there is no pair, or one of them lacks changed or unchanged pixels.
        """
        return self.fit_samples([self.sample(pair) for pair in pairs])

    def fit_samples(self, samples: Sequence[Sample]) -> Self:
        """Fit on what :meth:`sample` drew; saves drawing again when scenes are left out in turn."""
        if not samples:
            raise InputError("classify.pairs")
        features, labels, weights = (np.concatenate(part) for part in zip(*samples, strict=True))
        self.trees.fit(features, labels, sample_weight=weights / weights.mean())
        return self

    def score(
        self,
        before: ArrayLike,
        after: ArrayLike,
        valid: ArrayLike | None = None,
        *,
        bands: Sequence[str] | None = None,
        pixel_aspect: float = 1.0,
    ) -> Float:
        """Return the learnt score 0–1 of a registered pair, float32 ``(row, col)``, NaN where not valid."""
        names, values, good = pixel_features(before, after, valid, bands=bands, pixel_aspect=pixel_aspect)
        return self.score_features(names, values, good, pixel_aspect)

    def score_features(
        self, names: tuple[str, ...], values: Float, valid: NDArray[np.bool_], pixel_aspect: float = 1.0
    ) -> Float:
        """Return :meth:`score` from features already computed."""
        score = np.full(valid.shape, np.nan, np.float32)
        raw = np.zeros(valid.shape, np.float32)
        raw[valid] = self.trees.predict_proba(values[:, valid].T)[:, 1]
        share = np.clip(gaussian(raw, valid, sigmas(1.0, pixel_aspect)), 1e-6, 1 - 1e-6)
        log_odds = np.log(share / (1 - share))
        log_odds += np.float32(self.score_weight) * (values[names.index("construction_log")] - 1)
        score[valid] = (1 / (1 + np.exp(-log_odds)))[valid]
        return score
