"""Coverage by simulation: what is exact, what is known of Wald's interval, and the interval on offer."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from weipian_lab.accuracy import audit
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
    """One stratum: the coverage of Wilson's and of Wald's interval is a finite binomial sum."""
    one = truth([1.0], [[[0.9, 0.1], [0, 0]]])
    n, p, z = 20, 0.9, stats.norm.ppf(0.975)
    table = audit.coverage(one, n, intervals=["auto", "normal"], replicates=20_000).set_index(
        ["measure", "interval"]
    )
    x = np.arange(n + 1)
    share = x / n
    centre, half = (share + z**2 / 2 / n), z * np.sqrt(share * (1 - share) / n + z**2 / 4 / n**2)
    wilson = np.abs(p * (1 + z**2 / n) - centre) <= half
    wald = np.abs(p - share) <= z * np.sqrt(share * (1 - share) / (n - 1))
    for interval, inside in (("auto", wilson), ("normal", wald)):
        exact = stats.binom.pmf(x, n, p)[inside].sum()
        assert table.loc[("overall", interval), "coverage"] == pytest.approx(exact, abs=0.006)


def test_skewed_strata_normal_fails_and_the_default_holds():
    table = audit.coverage(SKEWED, {"a": 30, "b": 50, "c": 100}, intervals=["auto", "normal"])
    change = table[table["class"].isin(["change", "overall"])].set_index(["measure", "interval"])["coverage"]
    assert change[("producers", "normal")] < 0.90
    auto = change.xs("auto", level="interval")
    assert auto.between(0.93, 0.97).all()


@pytest.mark.parametrize("design", ["simple_random", "poststratified"])
def test_other_designs(design):
    table = audit.coverage(SKEWED, 600, design=design, intervals=["auto"], replicates=1000)
    coverage = table["coverage"].dropna()
    assert coverage.between(0.915, 0.985).all()


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
