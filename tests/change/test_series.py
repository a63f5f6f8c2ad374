"""Series made by hand: a building, a harvest that grows back, clouds, a pair."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from weipian_lab.change import DIRECTIONS, Threshold, agreement, score_series
from weipian_lab.change.series import summarise
from weipian_lab.errors import GridError, InputError, ParameterError

DATES = [date(2023, 7, 1), date(2023, 10, 1), date(2024, 4, 1), date(2024, 7, 1)]
DAYS = [0, 92, 275, 366]
GREEN = [0.05, 0.08, 0.05, 0.45]
BARE = [0.15, 0.18, 0.22, 0.25]
RULE = {"method": "cva", "rule": "fixed", "rule_options": {"value": 0.1}}


def series() -> list[np.ndarray]:
    """Five pixels: field; built on after July; harvested and back; hidden by cloud; changed last."""
    images = [np.repeat(np.array(GREEN)[:, None, None], 5, axis=2) for _ in DATES]
    for k in (1, 2, 3):
        images[k][:, 0, 1] = BARE
    for k in (1, 2):
        images[k][:, 0, 2] = BARE
    images[1][:, 0, 3], images[2][:, 0, 3], images[3][:, 0, 3] = np.nan, np.nan, BARE
    images[3][:, 0, 4] = BARE
    return images


def test_persistence_regrowth_and_date() -> None:
    found = score_series(series(), DATES, **RULE)
    assert found.changed[0].tolist() == [False, True, False, True, True]
    assert found.persistence[0, 1:].tolist() == pytest.approx([1, 2 / 3, 1, 1])
    assert np.isnan(found.persistence[0, 0])
    assert found.confirmations[0].tolist() == [0, 3, 0, 1, 1]
    assert found.regrown[0].tolist() == [False, False, True, False, False]
    assert [DIRECTIONS[int(code)] for code in found.direction[0]] == [
        "none",
        "vegetation_lost",
        "none",
        "vegetation_lost",
        "vegetation_lost",
    ]
    assert found.earliest[0, [1, 3, 4]].tolist() == [0, 0, DAYS[2]]
    assert found.latest[0, [1, 3, 4]].tolist() == [DAYS[1], DAYS[3], DAYS[3]]
    assert found.date_of_change[0, 1] == 46
    assert found.uncertainty_days[0, [1, 3, 4]].tolist() == [46, 183, 45.5]
    assert np.isnan(found.latest[0, [0, 2]]).all()


def test_gaps_are_counted() -> None:
    found = score_series(series(), DATES, **RULE)
    assert found.valid_dates[0].tolist() == [3, 3, 3, 1, 3]
    assert found.longest_gap_days[0].tolist() == [183, 183, 183, 366, 183]


def test_same_season_of_the_year_before() -> None:
    found = score_series(series(), DATES, **RULE)
    assert found.same_season is not None  # July against July
    assert (found.same_season[0] > 0.1).tolist() == [False, True, False, True, True]
    assert score_series(series()[:3], DATES[:3], **RULE).same_season is None


def test_a_pair_is_a_series_of_two() -> None:
    found = score_series(series()[:2], DATES[:2], **RULE)
    assert found.changed[0, :3].tolist() == [False, True, True]
    assert np.isnan(found.score[0, 3])
    assert found.confirmations.max() == 1


def test_directions() -> None:
    dates = DATES[:2]
    first, second = np.full((4, 1, 3), 0.2), np.full((4, 1, 3), 0.2)
    second[:, 0, 0], second[:, 0, 1] = 0.5, 0.05  # all bands up, all bands down: NDVI stays
    second[3, 0, 2] = 0.8
    found = score_series([first, second], dates, **RULE)
    assert [DIRECTIONS[int(code)] for code in found.direction[0]] == [
        "brighter",
        "darker",
        "vegetation_gained",
    ]


def test_a_date_wholly_under_cloud_is_left_out() -> None:
    images = series()
    valid = [np.ones((1, 5), bool)] * 3
    found = score_series(images, DATES, valid=[valid[0], np.zeros((1, 5), bool), *valid[1:]], **RULE)
    assert found.valid_dates[0, 0] == 2
    assert found.earliest[0, 1] == 0
    assert found.latest[0, 1] == DAYS[2]


def test_a_detector_with_its_own_rule() -> None:
    rng = np.random.default_rng(0)
    base = rng.random((4, 60, 60)).astype(np.float32)
    images = [base + 0.01 * rng.standard_normal(base.shape).astype(np.float32) for _ in range(3)]
    for image in images[1:]:
        image[:, 20:30, 20:30] += rng.random((4, 10, 10)).astype(np.float32)
    found = score_series(images, DATES[:3], "construction", background_px=12)
    assert found.changed[22:28, 22:28].mean() > 0.9
    assert found.changed[40:, 40:].mean() < 0.02
    assert len(found.thresholds) == 2


def test_summary_without_spectra() -> None:
    scores = np.array([[[2.0]], [[np.nan]], [[3.0]]], np.float32)
    found = summarise(scores, scores > 1, DATES)
    assert found.score[0, 0] == 2.5
    assert not found.regrown[0, 0]
    assert DIRECTIONS[int(found.direction[0, 0])] == "other"


def test_bad_series() -> None:
    images = series()
    with pytest.raises(InputError):
        score_series(images[:1], DATES[:1])
    with pytest.raises(InputError):
        score_series(images, DATES[:2])
    with pytest.raises(ParameterError):
        score_series(images[:2], [DATES[1], DATES[0]])
    with pytest.raises(GridError):
        score_series([images[0], images[1][:, :, :3]], DATES[:2])


def test_agreement() -> None:
    at = {"a": Threshold(1.0, "fixed", 1.0), "b": Threshold(5.0, "fixed", 5.0)}
    votes = agreement({"a": [[0.0, 2.0, 2.0, np.nan]], "b": [[6.0, 6.0, 4.0, 9.0]]}, at)
    assert votes[0, :3].tolist() == [0.5, 1.0, 0.5]
    assert np.isnan(votes[0, 3])
    with pytest.raises(InputError):
        agreement({}, at)
    with pytest.raises(InputError):
        agreement({"c": [[1.0]]}, at)
    with pytest.raises(GridError):
        agreement({"a": [[1.0]], "b": [[1.0, 2.0]]}, at)
