"""The learnt pixel score on simulated pairs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from weipian_lab import change
from weipian_lab.change.learnt import Weights
from weipian_lab.classify import LabelledPair, PixelScorer, best_threshold, county_pairs, train_on_county
from weipian_lab.classify.pixels import LEARNERS
from weipian_lab.errors import InputError, ParameterError
from weipian_lab.run import bundled


def simulated(seed: int) -> LabelledPair:
    rng = np.random.default_rng(seed)
    before = np.array([0.3 + gaussian_filter(rng.random((64, 64)), 2) for _ in range(6)], np.float32)
    after = before + 0.01 * rng.standard_normal(before.shape).astype(np.float32)
    label = np.zeros((64, 64), np.uint8)
    label[20:32, 30:44] = 1
    after[:3, label == 1] += 0.2
    after[3:, 45:60, 5:25] += 0.3  # a field that grew: not what is sought
    label[:4] = 255
    return LabelledPair(before, after, label)


@pytest.mark.parametrize("learner", LEARNERS)
def test_learns_what_is_sought(learner: str) -> None:
    scorer = PixelScorer(learner, n_estimators=20, min_samples_leaf=5).fit([simulated(0), simulated(1)])
    pair = simulated(2)
    valid = np.ones((64, 64), bool)
    valid[0, 0] = False
    score = scorer.score(pair.before, pair.after, valid)
    assert np.isnan(score[0, 0])
    label = np.asarray(pair.label)
    assert np.quantile(score[label == 1], 0.25) > np.quantile(score[label == 0], 0.98)
    assert ((score[1:] >= 0) & (score[1:] <= 1)).all()


def test_needs_both_kinds() -> None:
    pair = simulated(0)
    with pytest.raises(InputError):
        PixelScorer().fit([])
    with pytest.raises(InputError):
        PixelScorer().fit([LabelledPair(pair.before, pair.after, np.zeros((64, 64)))])


def test_knows_its_learners() -> None:
    with pytest.raises(ParameterError, match="logistic"):
        PixelScorer("forest")


def test_weights_give_the_detector_the_same_score() -> None:
    scorer = PixelScorer().fit([simulated(0), simulated(1)])
    pair = simulated(2)
    weights = scorer.weights(0.9, {"simulated": True})
    score = change.score(pair.before, pair.after, "learnt", weights=weights, register=False)
    np.testing.assert_allclose(score, scorer.score(pair.before, pair.after), atol=1e-5)


def test_anchored_log_odds_are_the_mean_of_two_regressions() -> None:
    samples = [PixelScorer().sample(simulated(seed)) for seed in (0, 1)]
    anchored, free = (PixelScorer(anchored=on).fit_samples(samples).weights(0.9, {}) for on in (True, False))
    features, labels, shares = (np.concatenate(part) for part in zip(*samples, strict=True))
    alone = make_pipeline(StandardScaler(), LogisticRegression(C=0.01))
    alone.fit(features[:, :1], labels, logisticregression__sample_weight=shares / shares.mean())
    wanted = (alone.decision_function(features[:, :1]) + features @ free.coefficients + free.intercept) / 2
    np.testing.assert_allclose(
        features @ anchored.coefficients + anchored.intercept, wanted, rtol=1e-3, atol=1e-3
    )


def test_only_the_logistic_learner_gives_weights() -> None:
    with pytest.raises(ParameterError, match="logistic"):
        PixelScorer("trees").weights(0.9, {})


def test_refuses_a_pair_without_any_change() -> None:
    pair = simulated(0)
    with pytest.raises(InputError):
        PixelScorer().fit([LabelledPair(pair.before, pair.before, pair.label)])


def test_best_threshold_is_that_of_scikit_learn_kappas() -> None:
    rng = np.random.default_rng(3)
    parts = []
    for _ in range(2):
        label = (rng.random((60, 60)) < 0.1).astype(np.uint8)
        score = np.clip(0.5 + 0.3 * label + 0.15 * rng.standard_normal(label.shape), 0, 1)
        label[:3] = 255
        score[0, :5] = np.nan
        parts.append((score, label))
    steps = np.round(np.arange(0.30, 0.995, 0.01), 2)

    def mean_kappa(step: float) -> float:
        kappas = []
        for score, label in parts:
            known = np.isfinite(score) & (label <= 1)
            kappas.append(cohen_kappa_score(label[known] == 1, score[known] >= step))
        return float(np.mean(kappas))

    assert best_threshold(parts) == max(steps, key=mean_kappa)


def test_county_gives_labelled_pairs() -> None:
    for pair in county_pairs(bundled()):
        label, valid = np.asarray(pair.label), np.asarray(pair.valid)
        assert np.asarray(pair.before).shape == np.asarray(pair.after).shape == (6, *label.shape)
        assert 0.0005 < (label[valid] == 1).mean() < 0.02
        assert set(np.unique(label)) <= {0, 1, 255}


@pytest.mark.slow
def test_training_on_the_county_gives_the_weights_that_ship() -> None:
    made, shipped = train_on_county(bundled()), Weights.read()
    np.testing.assert_allclose(made.coefficients, shipped.coefficients, rtol=0.02, atol=0.02)
    assert made.threshold == pytest.approx(shipped.threshold, abs=0.011)
    assert made.provenance == shipped.provenance
