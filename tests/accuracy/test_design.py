"""Sampling design: allocation, sample sizes, routes, rounds."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from statsmodels.stats.proportion import proportion_confint

from weipian_lab.accuracy import design
from weipian_lab.accuracy.limits import share_limits
from weipian_lab.errors import ParameterError, SchemaError

SIZES = {"above": 200, "near": 800, "far": 9000}


def test_allocation_by_hand():
    assert design.allocate(SIZES, 100, "proportional") == {"above": 2, "near": 8, "far": 90}
    assert design.allocate(SIZES, 99, "equal") == {"above": 33, "near": 33, "far": 33}
    # Cochran (1977) eq. 5.26: n_h ∝ N_h S_h; 200·.5 : 800·.4 : 9000·.14 = 100 : 320 : 1260
    shares = {"above": 0.5, "near": 0.2, "far": 0.02}
    assert design.allocate(SIZES, 1680, "neyman", shares=shares) == {"above": 100, "near": 320, "far": 1260}
    assert design.allocate({"a": 50, "b": 500}, 100, "precision", shares={"a": 0.5, "b": 0.5}) == {
        "a": 50,
        "b": 50,
    }


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.integers(0, 9), st.integers(1, 500), min_size=1),
    st.integers(0, 400),
    st.sampled_from(["proportional", "neyman", "equal", "precision"]),
)
def test_allocation_keeps_its_promises(sizes, extra, how):
    least = sum(min(2, n) for n in sizes.values())
    result = design.allocate(sizes, least + extra, how)
    assert sum(result.values()) == min(least + extra, sum(sizes.values()))
    assert all(min(2, sizes[k]) <= result[k] <= sizes[k] for k in sizes)


def test_bad_allocations():
    with pytest.raises(ParameterError):
        design.allocate(SIZES, 5)
    with pytest.raises(ParameterError):
        design.allocate(SIZES, 50, "optimal")
    with pytest.raises(ParameterError):
        design.allocate(SIZES, 50, shares={"above": 1.2})
    with pytest.raises(SchemaError):
        design.allocate({"a": float("nan")}, 50)


@pytest.mark.parametrize(("share", "half"), [(0.5, 0.1), (0.2, 0.05), (0.05, 0.02), (0.0, 0.05)])
def test_half_width_size_is_the_smallest(share, half):
    n = design.size_for_half_width(share, half)

    def width(k):
        low, high = proportion_confint(share * k, k, method="wilson")
        return (high - low) / 2

    assert width(n) <= half < width(n - 1)


def test_half_width_size_is_never_more_than_the_batch():
    assert design.size_for_half_width(0.5, 0.05, population=60) <= 60
    with pytest.raises(ParameterError):
        design.size_for_half_width(0.5, 0.6)


def test_size_for_total_by_hand():
    # one stratum: n = (N S z / d)²
    n = design.size_for_total({"a": 1000}, {"a": 0.1}, 50)
    assert n == pytest.approx((1000 * 0.3 * 1.959964 / 50) ** 2, rel=1e-6)
    with_correction = design.size_for_total({"a": 1000}, {"a": 0.1}, 50, finite_population=True)
    assert with_correction == pytest.approx(n / (1 + n / 1000))


def test_draw_depends_on_the_seed_only():
    frame = pd.DataFrame({"stratum": ["a", "b"] * 20, "x": range(40)})
    first = design.draw(frame, {"a": 3, "b": 5}, seed=4)
    pd.testing.assert_frame_equal(first, design.draw(frame, {"b": 5, "a": 3}, seed=4))
    assert first["stratum"].value_counts().to_dict() == {"a": 3, "b": 5}
    assert not first.equals(design.draw(frame, {"a": 3, "b": 5}, seed=5))
    with pytest.raises(SchemaError, match="21"):
        design.draw(frame, {"a": 21})


def test_strata_hold_the_part_below_the_threshold():
    labels = design.score_strata([0.1, 0.3, 0.5, 0.9, np.nan], 0.4, above=(2,), land=["k"] * 5)
    assert list(labels) == ["below 1 · k", "below 2 · k", "above 1 · k", "above 2 · k", "no score · k"]
    with pytest.raises(ParameterError):
        design.score_strata([1.0], 0.0)


def test_route_around_a_square_is_the_square():
    corners = np.array([[0, 0], [10, 10], [10, 0], [0, 10]], float)
    distance = cdist(corners, corners)
    assert design.route_length(distance, design.shorten(distance)) == 40


def test_two_opt_is_near_the_best_of_small_tours():
    from itertools import permutations

    rng = np.random.default_rng(1)
    for _ in range(5):
        points = rng.random((8, 2))
        distance = cdist(points, points)
        best = min(design.route_length(distance, np.array([0, *rest])) for rest in permutations(range(1, 8)))
        assert design.route_length(distance, design.shorten(distance)) <= 1.1 * best


@pytest.mark.parametrize("n", [30, 60, 120])
def test_a_tour_of_many_stops_is_as_short_as_tours_get(n):
    """Best tours of n points in a square of area A are 0.7124 sqrt(nA)(1 + 0.33/n) long on average
    (Johnson and McGeoch 1996, for a torus; a square's edge adds some); nearest neighbour is 25 % above.
    """
    rng, ratio, gain = np.random.default_rng(3), [], []
    for _ in range(6):
        points = rng.random((n, 2))
        distance = cdist(points, points)
        path = design.shorten(distance)
        assert sorted(path) == list(range(n))
        length = design.route_length(distance, path)
        ratio.append(length / (0.7124 * np.sqrt(n) * (1 + 0.33 / n)))
        gain.append(length / design.route_length(distance, design.shorten(distance, rounds=0)))
    assert np.mean(ratio) < 1.25
    assert np.mean(gain) < 0.92


def test_every_point_has_one_visit():
    points = np.random.default_rng(2).random((23, 2)) * 1000
    plan = design.plan_routes(points, teams=3)
    assert sorted(plan["team"].value_counts()) == [7, 8, 8]
    for _, team in plan.groupby("team"):
        assert sorted(team["visit"]) == list(range(1, len(team) + 1))
    with pytest.raises(ParameterError):
        design.plan_routes(points, 0)
    with pytest.raises(ParameterError):
        design.plan_routes(np.array([[0.0, np.nan]]))
    assert design.plan_routes(np.empty((0, 2))).empty


def results(stratum, start, pattern):
    reference = [{"t": "true", "f": "false"}[c] for c in pattern]
    ids = [f"{stratum}{start + k}" for k in range(len(pattern))]
    return pd.DataFrame({"patch_id": ids, "stratum": stratum, "reference": reference})


def test_survey_in_rounds():
    survey = design.Survey({"a": 100, "b": 100}, looks=2)
    assert survey.next_round(20) == {"a": 10, "b": 10}
    survey = survey.add(results("a", 0, "tttttttttt")).add(results("b", 0, "tftftftftf"))
    survey, first = survey.estimate()
    assert first["level"] == 0.975
    further = survey.next_round(20)
    assert sum(further.values()) == 20
    assert further["b"] > further["a"]
    with pytest.raises(SchemaError):
        survey.add(results("a", 9, "t"))
    survey, _ = survey.add(results("b", 10, "tf")).estimate()
    with pytest.raises(ParameterError):
        survey.estimate()


def test_ways_side_by_side():
    sizes, shares = {"a": 100, "b": 300}, {"a": 0.5, "b": 0.1}
    table = design.allocations(sizes, 40, shares, finite_population=False)
    assert table.loc["proportional", ["a", "b"]].to_list() == [10, 30]
    assert table.loc["equal", ["a", "b"]].to_list() == [20, 20]
    # z² (W² p q / n): 1/16 · 0.25 / 10 + 9/16 · 0.09 / 30
    expected = 1.959963984540054 * np.sqrt(0.25 / 160 + 0.81 / 480)
    assert table.loc["proportional", "half_width"] == pytest.approx(expected)
    assert table["half_width"].idxmin() == "neyman"
    corrected = design.allocations(sizes, 40, shares)
    assert corrected.loc["proportional", "half_width"] == pytest.approx(expected * np.sqrt(0.9))
    with pytest.raises(ParameterError, match="b"):
        design.allocations(sizes, 40, {"a": 0.5})


def test_what_wanted_half_widths_take():
    areas, missed = {"near": 1_000.0, "far": 9_000.0}, {"near": 0.05, "far": 0.01}
    table = design.needed(0.2, 500, areas, missed, points=(0.1, 0.05), parts=(0.5,)).set_index("what")
    assert table.loc["false_alarms", "n"].to_list() == [
        design.size_for_half_width(0.2, half, population=500) for half in (0.1, 0.05)
    ]
    assert table.loc["missed_area", "half_width"] == pytest.approx(70)
    spread = 1_000 * np.sqrt(0.05 * 0.95) + 9_000 * np.sqrt(0.01 * 0.99)
    assert table.loc["missed_area", "n"] == np.ceil((spread * 1.959963984540054 / 70) ** 2)


def test_stopping_as_soon_as_it_is_short_keeps_its_coverage_with_looks_fixed_before():
    """5 000 surveys of a share of 0.3, looked at after 20, 40, 60 and 80 patches, stopped at ± 0.12."""
    rng, truth, step = np.random.default_rng(1), 0.3, 20
    drawn = rng.random((5_000, 4 * step)) < truth
    seen = drawn.reshape(len(drawn), 4, step).sum(2).cumsum(1)
    covered = {}
    for looks in (1, 4):  # 1: every look at the full level, as if it were the only one
        level = 1 - 0.05 / looks
        stop = np.full(len(drawn), 3)
        inside = np.zeros((len(drawn), 4), bool)
        for k in range(3, -1, -1):
            n = step * (k + 1)
            low, high = share_limits(seen[:, k] / n, float(n), level, "guarded")
            inside[:, k] = (low <= truth) & (truth <= high)
            stop = np.where(high - low <= 0.24, k, stop)
        covered[looks] = inside[np.arange(len(drawn)), stop].mean()
    assert covered[4] >= 0.95
    assert covered[1] < covered[4]


def test_a_round_may_be_smaller_than_the_strata_are_many():
    survey = design.Survey({"a": 5, "b": 5, "c": 5})
    assert sum(survey.next_round(0).values()) == 0
    assert sum(survey.next_round(1).values()) == 1
    assert sum(survey.next_round(99).values()) == 15
