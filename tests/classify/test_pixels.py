"""The learnt pixel score on simulated pairs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from weipian_lab.classify import LabelledPair, PixelScorer, county_pairs
from weipian_lab.classify.pixels import LEARNERS
from weipian_lab.errors import InputError, ParameterError
from weipian_lab.features import pixel_features
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


def test_few_features_are_those_of_the_full_set() -> None:
    pair = simulated(0)
    names, values, _ = pixel_features(pair.before, pair.after)
    few, chosen, _ = pixel_features(pair.before, pair.after, scores_only=True)
    assert len(few) < len(names) / 4
    for name, plane in zip(few, chosen, strict=True):
        np.testing.assert_array_equal(plane, values[names.index(name)])


def test_county_gives_labelled_pairs() -> None:
    for pair in county_pairs(bundled()):
        label, valid = np.asarray(pair.label), np.asarray(pair.valid)
        assert np.asarray(pair.before).shape == np.asarray(pair.after).shape == (6, *label.shape)
        assert 0.0005 < (label[valid] == 1).mean() < 0.02
        assert set(np.unique(label)) <= {0, 1, 255}
