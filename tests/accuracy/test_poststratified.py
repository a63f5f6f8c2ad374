"""Post-stratification against the exact truth: every sample there is, with its probability."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import gammaln

from weipian_lab import accuracy
from weipian_lab.accuracy import measures
from weipian_lab.accuracy.kernel import Strata

CELLS = np.array([[[14, 6], [0, 0]], [[0, 0], [4, 36]]])  # stratum (= mapped), mapped, reference; 60 units
N = 24


def every_sample(finite):
    """Return the counts of every sample of 24 units and their probabilities, no post-stratum below two."""
    full = CELLS.reshape(-1)
    place = np.flatnonzero(full)
    top = np.minimum(full[place], N) if finite else np.full(len(place), N)
    drawn = np.array([k for k in product(*(range(t + 1) for t in top[:-1])) if sum(k) <= N])
    drawn = np.column_stack([drawn, N - drawn.sum(1)])
    drawn = drawn[drawn[:, -1] <= top[-1]]
    if finite:
        chance = stats.multivariate_hypergeom.pmf(drawn, full[place], N)
    else:
        share = full[place] / full.sum()
        chance = np.exp(gammaln(N + 1) + (drawn * np.log(share) - gammaln(drawn + 1)).sum(1))
    counts = np.zeros((len(drawn), full.size))
    counts[:, place] = drawn
    counts = counts.reshape(-1, *CELLS.shape)
    kept = (counts.sum((2, 3)) >= 2).all(1)
    assert chance.sum() == pytest.approx(1)
    assert chance[kept].sum() > 0.995
    return counts[kept], chance[kept] / chance[kept].sum()


@pytest.mark.parametrize("finite", [False, True])
def test_the_variance_is_that_of_all_samples(finite):
    """Cochran's two terms are right to the order 1/n²; ratios, linearised, say less of so small a sample."""
    counts, chance = every_sample(finite)
    sizes = CELLS.sum((1, 2)).astype(float)
    strata = Strata.poststratified(sizes, counts.sum((2, 3)), finite=finite)
    for measure in measures.measures(counts):
        value, se = measures.estimate(measure, strata)
        for k in range(value.shape[1]):
            known = np.isfinite(value[:, k]) & np.isfinite(se[:, k])
            p = chance[known] / chance[known].sum()
            mean = (p * value[known, k]).sum()
            true = (p * (value[known, k] - mean) ** 2).sum()
            stated = (p * se[known, k] ** 2).sum()
            linear = measure.name in ("overall", "area")
            assert stated / true == pytest.approx(1, abs=0.03 if linear else 0.2), (measure.name, k)


def test_estimates_are_right_on_average_and_the_ratio_of_simple_random_sampling_is_less_precise():
    counts, chance = every_sample(finite=True)
    sizes = CELLS.sum((1, 2)).astype(float)
    post = Strata.poststratified(sizes, counts.sum((2, 3)), finite=True)
    simple = Strata.stratified(np.array([60.0]), np.full(1, float(N)), finite=True)
    area = {}
    for name, cells, strata in (("post", counts, post), ("simple", counts.sum(1, keepdims=True), simple)):
        *_, last = measures.measures(cells)
        value, _ = measures.estimate(last, strata)
        assert (chance * value[:, 0]).sum() == pytest.approx(18 / 60, abs=1e-3)
        area[name] = (chance * (value[:, 0] - 0.3) ** 2).sum()
    assert area["post"] < 0.7 * area["simple"]


def test_the_public_surface_gives_what_was_enumerated():
    counts, _ = every_sample(finite=True)
    sizes = dict(zip("xy", CELLS.sum((1, 2)).tolist(), strict=True))
    for one in counts[::400]:
        cells = [
            (m, r) for h, i, j in np.argwhere(one > 0) for m, r in [("xy"[i], "xy"[j])] * int(one[h, i, j])
        ]
        table = pd.DataFrame(cells, columns=["mapped", "reference"])
        found = accuracy.poststratified(table, sizes, finite_population=True)
        strata = Strata.poststratified(CELLS.sum((1, 2)).astype(float), one.sum((1, 2)), finite=True)
        for measure in measures.measures(one):
            value, se = measures.estimate(measure, strata)
            frame = getattr(found, measure.name) / (60 if measure.name == "area" else 1)
            np.testing.assert_allclose(frame["estimate"], value)
            np.testing.assert_allclose(frame["se"], se)


def test_students_of_a_university():
    """Lohr (1999), Sampling: Design and Analysis, section 3.1: a random sample of 400 of 4000 students.

    240 women, 84 of whom plan to teach, 160 men, 40 of whom do; 2700 of the 4000 are women: 1270 will teach.
    """
    rows = [("w", "teach")] * 84 + [("w", "no")] * 156 + [("m", "teach")] * 40 + [("m", "no")] * 120
    table = pd.DataFrame(rows, columns=["stratum", "reference"]).assign(mapped="teach")
    area = accuracy.poststratified(table, {"w": 2700, "m": 1300}, finite_population=True).area
    assert area.loc["teach", "estimate"] == pytest.approx(1270)
    # 5A.42 by hand: s² = 240/239 · .35 · .65 and 160/159 · .25 · .75, f = 0.1
    women, men = 240 / 239 * 0.35 * 0.65, 160 / 159 * 0.25 * 0.75
    variance = 0.9 / 400 * (0.675 * women + 0.325 * men) + (0.325 * women + 0.675 * men) / 400**2
    assert area.loc["teach", "se"] == pytest.approx(4000 * np.sqrt(variance))


def test_all_units_leave_no_doubt():
    rows = [("xy"[i], "xy"[j]) for h, i, j in np.argwhere(CELLS > 0) for _ in range(CELLS[h, i, j])]
    table = pd.DataFrame(rows, columns=["mapped", "reference"])
    found = accuracy.poststratified(table, {"x": 20, "y": 40}, finite_population=True)
    assert found.overall.loc["overall", "estimate"] == pytest.approx(50 / 60)
    assert found.overall.loc["overall", ["se"]].tolist() == [0]
    assert found.overall.loc["overall", "lower"] == pytest.approx(found.overall.loc["overall", "upper"])
