"""Threshold rules: hand-made scores, outliers, flat scores."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2

from weipian_lab.change import threshold
from weipian_lab.errors import InputError, ParameterError


def test_null_fit_by_hand() -> None:
    found = threshold([1.0, 2.0, 3.0, 4.0, 100.0], "null_fit", k=6, hysteresis=1.5)
    assert (found.value, found.strong) == (9.0, 13.5)  # median 3, MAD 1
    assert found.apply([8.9, 9.0, np.nan]).tolist() == [False, True, False]


def test_null_fit_by_false_alarm_rate() -> None:
    rng = np.random.default_rng(0)
    unchanged = np.exp(0.5 * rng.standard_normal(100_000))
    score = np.concatenate([unchanged, np.full(1_000, 50.0)])
    found = threshold(score, "null_fit", false_alarm=0.001)
    assert (unchanged >= found.value).mean() == pytest.approx(0.001, rel=0.3)
    assert found.value < 50


def test_kmeans_is_that_of_scikit_learn() -> None:
    from sklearn.cluster import KMeans

    rng = np.random.default_rng(1)
    score = np.concatenate([rng.normal(1, 0.3, 900), rng.normal(4, 0.5, 100)])
    centres = KMeans(2, n_init=10, random_state=0).fit(score[:, np.newaxis]).cluster_centers_
    assert threshold(score, "kmeans").value == pytest.approx(centres.mean(), abs=1e-3)


def test_otsu_is_not_blinded_by_outliers() -> None:
    rng = np.random.default_rng(2)
    score = np.concatenate([rng.normal(1, 0.2, 9_700), rng.normal(4, 0.3, 290), np.full(10, 1e4)])
    assert 1.5 < threshold(score, "otsu").value < 3.5
    assert threshold(score, "otsu", clip=1.0).value > 9


def test_chi_square() -> None:
    assert threshold([1.0], "chi2", df=6, alpha=0.01).value == pytest.approx(np.sqrt(16.8119), abs=1e-4)
    statistic = chi2.rvs(4, size=100_000, random_state=0)
    found = threshold(np.sqrt(statistic), "chi2", df=4, alpha=0.05)
    assert found.apply(np.sqrt(statistic)).mean() == pytest.approx(0.05, abs=0.003)


def test_fixed_and_top_share() -> None:
    assert threshold([1.0, 2.0], "fixed", value=0.7).value == 0.7
    score = np.arange(1000.0)
    assert threshold(score, "top_share", share=0.02).apply(score).sum() == 20


@pytest.mark.parametrize("rule", ["otsu", "kmeans", "null_fit", "top_share"])
@pytest.mark.parametrize("score", [[2.0], [0.0] * 9, [3.0] * 9])
def test_a_flat_score_flags_nothing(rule: str, score: list[float]) -> None:
    found = threshold(score, rule)
    assert found.details["flat"]
    assert not found.apply(score).any()


def test_values_that_do_not_count() -> None:
    score = np.array([1.0, 2.0, 3.0, np.nan, np.inf, 900.0])
    valid = np.array([True] * 5 + [False])
    assert threshold(score, "null_fit", valid, k=2).value == 4.0


def test_a_score_that_is_zero_for_most() -> None:
    score = np.array([0.0] * 90 + [0.1] * 6 + [5.0] * 4)
    assert 0.1 < threshold(score, "null_fit").value < 5


@pytest.mark.parametrize(
    ("rule", "options"),
    [
        ("otsuu", {}),
        ("otsu", {"k": 3}),
        ("null_fit", {"k": 0}),
        ("null_fit", {"false_alarm": 2}),
        ("chi2", {}),
        ("fixed", {}),
        ("fixed", {"value": float("nan")}),
        ("top_share", {"share": 1.0}),
        ("otsu", {"hysteresis": 0.5}),
    ],
)
def test_bad_options(rule: str, options: dict) -> None:
    with pytest.raises(ParameterError):
        threshold([1.0, 2.0, 3.0], rule, **options)


def test_no_value_left() -> None:
    with pytest.raises(InputError):
        threshold([np.nan], "otsu")
