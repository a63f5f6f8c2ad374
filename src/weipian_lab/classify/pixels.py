"""A change score learnt on labelled pairs, pixel by pixel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

from weipian_lab import change
from weipian_lab.change.learnt import LEARNT_PLANES, LearntModel, Weights
from weipian_lab.change.pixels import Float, prepare
from weipian_lab.change.smoothing import gaussian, sigmas
from weipian_lab.errors import InputError, ParameterError
from weipian_lab.features import pixel_features

__all__ = ["LEARNERS", "LabelledPair", "PixelScorer", "best_threshold"]

LEARNERS = ("logistic", "trees")
_UNTRAINED = Weights((0.0,) * len(LEARNT_PLANES), 0.0, 0.5, {})
_STEPS = np.round(np.arange(0.30, 0.995, 0.01), 2)

Planes = tuple[tuple[str, ...], Float, NDArray[np.bool_]]
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
    """A change probability learnt on labelled pairs.

    Each training scene and each class in it weighs alike. ``"logistic"`` is the default and the one to take
    for labels of one's own: a logistic regression on the eight planes of the detector ``learnt``
    (:func:`~weipian_lab.change.learnt.fit_learnt`), its log odds averaged with those of a regression on the
    construction score alone. Few weights, drawn half-way to what no label can spoil, move best from scene to
    scene: on seven Sentinel-2 crops, each left out in turn, AUC .940, kappa .44 (eight planes alone .941 and
    .42; construction alone .931 and .43). :meth:`weights` gives them to that detector, which works block by
    block. ``"trees"`` are extremely randomised trees (Geurts, Ernst and Wehenkel 2006, *Machine Learning* 63,
    3–42) on :func:`~weipian_lab.features.pixel_features`, their probability smoothed by one pixel and
    sharpened by the unsupervised construction score; they rank worse (.93) and need the whole scene at once.

    Parameters
    ----------
    learner
        ``"logistic"`` or ``"trees"``; ``benchmarks/real_pairs.md`` compares them.
    n_estimators, min_samples_leaf
        Of the trees.
    n_changed, n_unchanged
        Pixels drawn from each scene.
    score_weight
        Weight of the logarithm of the construction score beside the log odds of the trees.
    anchored
        Whether the log odds of the logistic learner are averaged with those of construction alone.
    random_state, n_jobs
        Seed; threads.

    Raises
    ------
    ParameterError
        If there is no such learner.
    """

    def __init__(
        self,
        learner: str = "logistic",
        *,
        n_estimators: int = 120,
        min_samples_leaf: int = 20,
        n_changed: int = 3_000,
        n_unchanged: int = 12_000,
        score_weight: float = 0.6,
        anchored: bool = True,
        random_state: int = 0,
        n_jobs: int = 1,
    ) -> None:
        if learner not in LEARNERS:
            choices = ", ".join(LEARNERS)
            raise ParameterError("errors.bad_choice", name="learner", value=learner, choices=choices)
        self.learner, self.score_weight = learner, score_weight
        self.n_changed, self.n_unchanged, self.random_state = n_changed, n_unchanged, random_state
        # the planes each regression sees; construction_log is the first one
        self.views = (slice(None), slice(0, 1)) if anchored else (slice(None),)
        self.logistics: tuple[Pipeline, ...] = tuple(
            make_pipeline(
                StandardScaler(), LogisticRegression(C=0.01, max_iter=300, random_state=random_state)
            )
            for _ in self.views
        )
        self.trees = ExtraTreesClassifier(
            n_estimators,
            min_samples_leaf=min_samples_leaf,
            max_features=1 / 6,
            random_state=random_state,
            n_jobs=n_jobs,
        )
        self.names: tuple[str, ...] = ()

    def _features(
        self,
        before: ArrayLike,
        after: ArrayLike,
        valid: ArrayLike | None,
        bands: Sequence[str] | None,
        pixel_aspect: float,
    ) -> Planes:
        if self.learner == "trees":
            return pixel_features(before, after, valid, bands=bands, pixel_aspect=pixel_aspect)
        first, second, good = prepare(before, after, valid)
        options: dict[str, Any] = {"bands": bands, "pixel_aspect": pixel_aspect, "weights": _UNTRAINED}
        model = change.fit(first, second, "learnt", valid=good, random_state=self.random_state, **options)
        if not isinstance(model, LearntModel):
            raise InputError("classify.identical")
        return LEARNT_PLANES, model.planes(first, second, good), good

    def planes(self, pair: LabelledPair) -> Planes:
        """Return names, values ``(feature, row, col)`` and mask, as :meth:`score_features` takes them."""
        return self._features(pair.before, pair.after, pair.valid, pair.bands, pair.pixel_aspect)

    def sample(self, pair: LabelledPair, planes: Planes | None = None) -> Sample:
        """Return features ``(n, feature)``, labels and weights of pixels drawn from a pair.

        Parameters
        ----------
        planes
            :meth:`planes` of the pair, where they are known.
        """
        names, values, good = self.planes(pair) if planes is None else planes
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
        weights = weights / weights.mean()
        if self.learner == "logistic":
            for view, logistic in zip(self.views, self.logistics, strict=True):
                logistic.fit(features[:, view], labels, logisticregression__sample_weight=weights)
        else:
            self.trees.fit(features, labels, sample_weight=weights)
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
        names, values, good = self._features(before, after, valid, bands, pixel_aspect)
        return self.score_features(names, values, good, pixel_aspect)

    def score_features(
        self, names: tuple[str, ...], values: Float, valid: NDArray[np.bool_], pixel_aspect: float = 1.0
    ) -> Float:
        """Return :meth:`score` from features already computed."""
        score = np.full(valid.shape, np.nan, np.float32)
        if self.learner == "logistic":
            slopes, intercept = self._linear()
            odds = slopes.astype(np.float32) @ values[:, valid] + np.float32(intercept)
            score[valid] = expit(odds)
            return score
        raw = np.zeros(valid.shape, np.float32)
        raw[valid] = self.trees.predict_proba(values[:, valid].T)[:, 1]
        share = np.clip(gaussian(raw, valid, sigmas(1.0, pixel_aspect)), 1e-6, 1 - 1e-6)
        log_odds = np.log(share / (1 - share))
        log_odds += np.float32(self.score_weight) * (values[names.index("construction_log")] - 1)
        score[valid] = (1 / (1 + np.exp(-log_odds)))[valid]
        return score

    def weights(self, threshold: float, provenance: Mapping[str, Any]) -> Weights:
        """Return the fitted logistic regression as weights of the detector ``learnt``.

        Parameters
        ----------
        threshold
            Probability from which pixels are flagged, as :func:`best_threshold` finds it.
        provenance
            What was trained on, under which licence, whether simulated.

        Raises
        ------
        ParameterError
            If the learner is not ``"logistic"``.
        """
        if self.learner != "logistic":
            raise ParameterError("errors.bad_choice", name="learner", value=self.learner, choices="logistic")
        slopes, intercept = self._linear()
        return Weights(tuple(map(float, slopes)), intercept, float(threshold), dict(provenance))

    def _linear(self) -> tuple[NDArray[np.float64], float]:
        """Return slopes ``(plane,)`` and intercept of the mean of the regressions' log odds."""
        slopes, intercept = np.zeros(len(LEARNT_PLANES)), 0.0
        for view, (scaler, regression) in zip(self.views, self.logistics, strict=True):
            check_is_fitted(regression)
            own = regression.coef_[0].astype(float) / scaler.scale_
            slopes[view] += own / len(self.views)
            intercept += float(regression.intercept_[0] - own @ scaler.mean_) / len(self.views)
        return slopes, intercept


def best_threshold(parts: Sequence[tuple[ArrayLike, ArrayLike]]) -> float:
    """Return the probability that gives the best mean kappa over scores and their labels.

    Parameters
    ----------
    parts
        Score 0–1 ``(row, col)``, NaN where not valid, and label as in :class:`LabelledPair`, of each scene.
    """
    kappas = []
    for score, label in parts:
        values, truth = np.asarray(score), np.asarray(label)
        known = np.isfinite(values) & (truth <= 1)
        # counts at or above each step, from the top, of all pixels and of the changed ones
        edges = np.append(_STEPS, np.inf)
        flagged, hit = (
            np.histogram(values[known & part], edges)[0][::-1].cumsum()[::-1].astype(float)
            for part in (np.ones_like(known), truth == 1)
        )
        n, changed = float(known.sum()), float((truth[known] == 1).sum())
        chance = (changed * flagged + (n - changed) * (n - flagged)) / n**2
        agreed = (n - changed - flagged + 2 * hit) / n
        kappas.append(np.where(chance < 1, (agreed - chance) / np.where(chance < 1, 1 - chance, 1), 0))
    return float(_STEPS[int(np.argmax(np.mean(kappas, axis=0)))])
