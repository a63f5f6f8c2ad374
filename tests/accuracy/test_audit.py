"""Coverage by simulation: what is exact, what is known of Wald's interval, and the interval on offer."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from weipian_lab.accuracy import audit
from weipian_lab.accuracy.limits import share_limits
from weipian_lab.errors import ParameterError

NAMES = ("change", "same")


def truth(sizes, cells):
    array = np.array(cells, float)
    return audit.Truth(tuple("abcdef"[: len(sizes)]), NAMES, np.array(sizes, float), array)


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
