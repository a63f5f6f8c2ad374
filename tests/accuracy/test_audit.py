"""Coverage by simulation: what is exact, what is known of Wald's interval, and the interval on offer."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from weipian_lab import accuracy
from weipian_lab.accuracy import audit
from weipian_lab.accuracy.limits import share_limits
from weipian_lab.errors import ParameterError
from weipian_lab.text import t

NAMES = ("change", "same")


def truth(sizes, cells):
    array = np.array(cells, float)
    return audit.Truth(tuple("abcdefgh"[: len(sizes)]), NAMES, np.array(sizes, float), array)


SKEWED = truth(
    [200, 800, 9000],
    [[[0.8, 0.2], [0, 0]], [[0.5, 0.5], [0, 0]], [[0, 0], [0.02, 0.98]]],
)


def test_simulated_coverage_is_the_exact_one():
    """One stratum: the coverage of each interval is a finite binomial sum over the outcomes it accepts."""
    one = truth([1.0], [[[0.9, 0.1], [0, 0]]])
    n, p, z = 20, 0.9, stats.norm.ppf(0.975)
    methods = ["midp", "conservative", "wilson_strata", "normal"]
    table = audit.coverage(one, n, intervals=methods, replicates=6000).set_index(["measure", "interval"])
    x = np.arange(n + 1)
    share, point = x / n, stats.binom.pmf(x, n, p)
    above, below = stats.binom.sf(x, n, p), stats.binom.cdf(x - 1, n, p)
    centre, half = (share + z**2 / 2 / n), z * np.sqrt(share * (1 - share) / n + z**2 / 4 / n**2)
    inside = {
        "midp": np.minimum(above, below) + point / 2 >= 0.025,
        "conservative": np.minimum(above, below) + point >= 0.025,
        "wilson_strata": np.abs(p * (1 + z**2 / n) - centre) <= half,
        "normal": np.abs(p - share) <= z * np.sqrt(share * (1 - share) / (n - 1)),
    }
    for interval, accepted in inside.items():
        assert table.loc[("overall", interval), "coverage"] == pytest.approx(point[accepted].sum(), abs=0.01)


@pytest.mark.parametrize("n", [3, 8, 20, 47, 100, 333])
def test_a_share_is_covered_in_93_per_cent_whatever_it_is(n):
    """Exact sums over all outcomes, on a fine grid of shares; mid-P alone falls to 92 %."""
    x = np.arange(n + 1)
    low, high = share_limits(x / n, float(n), 0.95, "guarded")
    share = np.geomspace(0.02 / n, 0.5, 700)[:, None]
    covered = np.where((low <= share) & (share <= high), stats.binom.pmf(x, n, share), 0).sum(1)
    assert covered.min() >= 0.93 - 1e-6
    np.testing.assert_allclose(low, 1 - high[::-1], atol=1e-9)  # errors and right units change places
    assert (np.diff(low) >= -1e-9).all()
    wide_low, wide_high = share_limits(x / n, float(n), 0.95, "exact")
    assert ((low >= wide_low - 1e-9) & (high <= wide_high + 1e-9)).all()


def test_where_few_errors_are_expected_no_interval_covers_95():
    """n = 20, error 0.02: none is seen in 67 % of samples, so coverage goes from 67 to 94 and 99 %."""
    steps = stats.binom.cdf(np.arange(5), 20, 0.02)
    np.testing.assert_allclose(steps[:3], [0.668, 0.940, 0.993], atol=0.001)
    one = truth([1.0], [[[0.98, 0.02], [0, 0]]])
    for interval, expected in (("auto", steps[1]), ("conservative", steps[2])):
        table = audit.coverage(one, 20, intervals=[interval], replicates=4000)
        assert table["coverage"].iloc[0] == pytest.approx(expected, abs=0.005)


def test_rare_class_wilson_fails_and_the_default_holds():
    """30 units of a stratum with one omission in 200, that is 99 % of the map: 0.15 expected."""
    rare = truth(
        [200, 800, 99_000],
        [[[0.9, 0.1], [0, 0]], [[0.4, 0.6], [0, 0]], [[0, 0], [0.005, 0.995]]],
    )
    table = audit.coverage(rare, {"a": 20, "b": 30, "c": 30}, intervals=["auto", "wilson_strata"])
    change = table[(table["measure"] == "producers") & (table["class"] == "change")].set_index("interval")
    assert change.loc["wilson_strata", "coverage"] < 0.9
    assert change.loc["auto", "coverage"] > 0.93
    assert change.loc["auto", "below"] + change.loc["auto", "above"] < 0.07


def test_skewed_strata_normal_fails_and_the_default_holds():
    table = audit.coverage(SKEWED, {"a": 30, "b": 50, "c": 100}, intervals=["auto", "normal"])
    change = table[table["class"].isin(["change", "overall"])].set_index(["measure", "interval"])["coverage"]
    assert change[("producers", "normal")] < 0.90
    auto = change.xs("auto", level="interval")
    assert auto.between(0.93, 0.975).all()
    random = audit.coverage(SKEWED, {"a": 30, "b": 50, "c": 100}, intervals=["randomised"], replicates=1000)[
        "coverage"
    ]
    assert random.dropna().between(0.93, 0.975).all()


@pytest.mark.parametrize(("strata", "n", "error"), [(8, 5, 0.1), (8, 10, 0.05), (4, 25, 0.02), (8, 5, 0.3)])
def test_many_small_strata_that_share_the_errors(strata, n, error):
    """Limits of single strata put together as they are cover 89 to 91 % here, always too near on one side."""
    many = truth([100] * strata, [[[1 - error, error], [0, 0]]] * strata)
    table = audit.coverage(many, n, intervals=["auto", "conservative"], replicates=3000)
    overall = table[table["measure"] == "overall"].set_index("interval")["coverage"]
    assert 0.925 < overall["auto"] < 0.975
    assert overall["conservative"] > 0.935


def test_of_a_finite_population_drawn_without_repetition():
    """120 of 150 units: with the correction the intervals are short, and cover the batch as stated."""
    batch = truth([60, 50, 40], [[[0.6, 0.4], [0, 0]], [[0.5, 0.5], [0, 0]], [[0.3, 0.7], [0, 0]]])
    n = {"a": 50, "b": 40, "c": 30}
    finite = audit.coverage(batch, n, finite_population=True, intervals=["auto"]).iloc[0]
    endless = audit.coverage(batch, n, intervals=["auto"]).iloc[0]
    assert 0.925 < finite["coverage"] < 0.98
    assert finite["width"] < 0.6 * endless["width"]
    whole = audit.coverage(batch, {"a": 60, "b": 50, "c": 40}, finite_population=True, replicates=20).iloc[0]
    assert whole["width"] < 1e-6
    with pytest.raises(ParameterError, match="61"):
        audit.coverage(batch, {"a": 61, "b": 9, "c": 9}, finite_population=True)
    with pytest.raises(ParameterError, match="stratified"):
        audit.coverage(batch, 9, design="simple_random", finite_population=True)


def test_expected_counts_are_those_of_the_thinnest_stratum():
    table = audit.coverage(SKEWED, {"a": 30, "b": 50, "c": 100}, replicates=50, intervals="auto")
    expected = table.set_index(["measure", "class"])["expected"]
    assert expected["users", "change"] == pytest.approx(30 * 0.2)
    assert expected["producers", "change"] == pytest.approx(100 * 0.02)


@pytest.mark.parametrize("design", ["simple_random", "poststratified"])
def test_other_designs(design):
    table = audit.coverage(SKEWED, 600, design=design, intervals=["auto"], replicates=1000)
    coverage = table["coverage"].dropna()
    assert coverage.between(0.93, 0.985).all()


def test_truth_from_tables():
    population = pd.DataFrame(
        {"stratum": list("aab"), "mapped": list("xxy"), "reference": list("xyy"), "size": [3, 1, 6]}
    )
    whole = audit.truth_from_table(population)
    assert list(whole.sizes) == [4, 6]
    assert whole.cells[0, 0].tolist() == [0.75, 0.25]
    sample = population.drop(columns="size")
    assumed = audit.truth_from_sample(sample, {"a": 4, "b": 6})
    assert assumed.cells[1, 1, 0] == pytest.approx(
        0.25
    )  # one unit seen, half a unit of unseen error of each kind
    np.testing.assert_allclose(assumed.cells.sum((1, 2)), 1)


def test_same_seed_same_table():
    first, second = (audit.coverage(SKEWED, 40, replicates=200, seed=3) for _ in range(2))
    pd.testing.assert_frame_equal(first, second)


def test_advice_names_the_interval_that_fits():
    rows = [
        ("overall", "overall", 0.95, 0.5, {"auto": 0.951, "midp": 0.96, "normal": 0.90, "randomised": 0.95}),
        ("users", "change", 0.9, 0.2, {"auto": 0.985, "midp": 0.96, "normal": 0.7, "randomised": 0.95}),
        ("area", "change", 0.1, 0.1, {"auto": 0.98, "midp": 0.99, "normal": 0.4, "randomised": 0.951}),
        ("users", "same", 1.0, np.inf, {"auto": 1.0, "midp": 1.0, "normal": 1.0, "randomised": 1.0}),
    ]
    table = pd.DataFrame(
        [
            {"measure": m, "class": c, "truth": t, "expected": e, "interval": i, "coverage": v, "width": 0.1}
            for m, c, t, e, found in rows
            for i, v in found.items()
        ]
    )
    words = accuracy.audit_words(table, 0.95)
    assert len(words) == 4
    assert "95.1%–98.5%" in words[0]
    assert 'interval="midp"' in words[1]
    assert "95.1%" in words[2]
    assert "40.0%" in words[3]
    shown = accuracy.audit_table(table, 0.95)
    assert shown.iloc[:, -1].tolist() == ["默认（有保护的 mid-P 合成）", "mid-P 合成", "无（期望错误太少）"]
    fits = accuracy.audit_words(table[table["measure"] == "overall"], 0.95)
    assert "都在" in fits[0]
    assert accuracy.audit_words(table[table["class"] == "same"], 0.95) == [t("accuracy.audit_nothing")]


def test_own_design_audits_patches_and_points():
    known = pd.DataFrame({"stratum": ["a"] * 20 + ["b"] * 20, "reference": ["true", "false"] * 20})
    rows = {"stratum": ["announced"] * 30 + ["far"] * 30, "mapped": ["change"] * 30 + ["same"] * 30}
    points = pd.DataFrame({**rows, "reference": ["change"] * 20 + ["same"] * 40})
    options = {"finite_population": True, "confidence": 0.9, "replicates": 200, "seed": 1}
    both = accuracy.own_design(known, {"a": 50, "b": 60}, points, {"announced": 5.0, "far": 95.0}, **options)
    assert set(both["measure"]) == {"false_alarms", "overall", "users", "producers", "f1", "area"}
    assert both.loc[both["measure"] == "false_alarms", "truth"].iloc[0] == pytest.approx(0.5)
    census = accuracy.own_design(known, {"a": 20, "b": 20}, None, {}, **options)
    assert accuracy.audit_words(census, 0.9) == [t("accuracy.audit_nothing")]


def test_bad_designs():
    with pytest.raises(ParameterError):
        audit.coverage(SKEWED, 10, design="quota")
    with pytest.raises(ParameterError):
        audit.coverage(SKEWED, 10, intervals=["bootstrap"])
    with pytest.raises(ParameterError, match="c"):
        audit.coverage(SKEWED, {"a": 5, "b": 5})


def test_a_sample_without_an_error_leaves_room_for_one():
    right = pd.DataFrame({"stratum": ["s"] * 9, "mapped": ["true"] * 9, "reference": ["true"] * 9})
    assert audit.truth_from_sample(right, {"s": 90}).cells.shape == (1, 1, 1)
    open_truth = audit.truth_from_sample(right, {"s": 90}, classes=("true", "false"))
    table = audit.coverage(open_truth, 9, replicates=200)
    assert table.loc[table["measure"] == "overall", "truth"].iloc[0] == pytest.approx(9.5 / 10)
