"""Promises: exact p-values, MAPIE's own answer, and 1,000 simulated counties."""

import numpy as np
import pytest
from mapie.risk_control import BinaryClassificationController
from scipy import stats

from weipian_lab import tuning
from weipian_lab.errors import ParameterError, SchemaError
from weipian_lab.text import t
from weipian_lab.tuning import guarantee

GRID = np.linspace(0, 0.99, 100)


def test_binomial_p_value_by_hand():
    # 29 found, none missed: 0.9^29 = 0.0471; 28: 0.0523
    assert guarantee.binomial_p_values(0, 29, 0.1) == pytest.approx(0.9**29)
    assert tuning.least_parcels(0.1) == 29
    assert tuning.promise(np.full(29, 0.5), [0.2, 0.6]).threshold == 0.2
    assert tuning.promise(np.full(28, 0.5), [0.2, 0.6]).threshold is None


def test_same_choice_as_mapie():
    """MAPIE's controller of recall with fixed-sequence testing, on the same parcels."""
    rng = np.random.default_rng(5)
    for _ in range(3):
        scores = rng.beta(5, 2, 150)
        controller = BinaryClassificationController(
            predict_function=lambda X: np.column_stack([1 - X[:, 0], X[:, 0]]),
            risk="recall",
            target_level=0.8,
            confidence_level=0.9,
            list_predict_params=GRID,
            fwer_method="fixed_sequence",
        )
        controller.calibrate(scores[:, None], np.ones(150, int))
        ours = tuning.promise(scores, GRID, miss_rate=0.2, confidence=0.9)
        assert ours.threshold == pytest.approx(np.max(controller.valid_predict_params))


def test_fixed_sequence_stops_at_the_first_failure():
    """A later threshold with a small p-value is not reached over one that fails."""
    assert guarantee._fixed_sequence(np.arange(4.0), np.array([0.01, 0.2, 0.01, 0.01]), 0.05) == 0
    assert guarantee._fixed_sequence(np.arange(4.0), np.array([0.2, 0.01, 0.01, 0.01]), 0.05) is None


def test_betting_p_value_is_valid_at_the_edge():
    """Losses at exactly the limit: p ≤ 0.05 in at most 5 % of samples (here 4,000, four standard errors)."""
    rng = np.random.default_rng(1)
    total = np.ones(80)
    p = [
        guarantee.betting_p_values((rng.random((80, 1)) < 0.2).astype(float), total, 0.2, 1.0)[0]
        for _ in range(2000)
    ]
    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 4 * np.sqrt(0.05 * 0.95 / 2000)


def test_betting_has_power_and_needs_its_bound():
    lost, total = np.zeros((60, 1)), np.ones(60)
    assert guarantee.betting_p_values(lost, total, 0.1, 1.0)[0] < 0.05
    for largest in (None, 0.5, 0):
        with pytest.raises(ParameterError, match="largest"):
            guarantee.betting_p_values(lost, total, 0.1, largest)


def test_area_and_blocks():
    score = np.r_[np.full(90, 0.9), np.full(10, 0.1)]
    size = np.r_[np.full(90, 1.0), np.full(10, 0.1)]
    by_area = tuning.promise(score, [0.05, 0.5], size=size, largest=1.0, miss_rate=0.1)
    assert by_area.missed.tolist() == pytest.approx([0, 1 / 91])
    assert by_area.threshold == 0.5
    by_block = tuning.promise(score, [0.05, 0.5], block=np.arange(100) % 10, largest=10.0)
    assert by_block.units == 10
    assert by_block.threshold is None  # ten blocks cannot carry such a promise
    assert "29" in by_block.statement


def test_conformal_by_hand():
    scores = np.arange(1, 20) / 20  # 19 parcels: (missed + 1) / 20 ≤ 0.1 allows one miss
    result = tuning.conformal(scores, [0.04, 0.06, 0.11, 0.2])
    assert result.threshold == 0.06
    assert tuning.conformal(scores[:8], [0.0]).threshold is None


@pytest.mark.parametrize("kwargs", [{"miss_rate": 0}, {"miss_rate": 1}, {"confidence": 95}])
def test_bad_rates(kwargs):
    with pytest.raises(ParameterError):
        tuning.promise([0.5], [0.1], **kwargs)


def test_bad_data():
    with pytest.raises(SchemaError, match="真实变化"):
        tuning.promise([], [0.1])
    with pytest.raises(SchemaError):
        tuning.promise([np.nan], [0.1])
    with pytest.raises(ParameterError):
        tuning.promise([0.5], [])
    with pytest.raises(SchemaError):
        tuning.promise([0.5, 0.6], [0.1], size=[1.0], largest=1.0)


def test_promise_is_kept_in_a_thousand_counties():
    table = tuning.broken_promises(counties=1000, parcels=100, blocks=100)
    assert table.loc["parcels", "broken"] <= 0.05
    assert table.loc["blocks", "broken"] <= 0.05
    assert table.loc["parcels", "given"] > 0.95  # and it is not kept by promising nothing
    assert table.loc["plain", "broken"] > 0.3  # what the sample alone suggests breaks it often
    assert table.loc["conformal", "mean_missed"] <= 0.1


def test_parcels_of_a_block_that_hang_together_need_blocks():
    table = tuning.broken_promises(counties=400, parcels=300, blocks=100, together=0.9)
    assert table.loc["parcels", "broken"] > 0.05
    assert table.loc["blocks", "broken"] <= 0.05


def test_simulated_truth_is_the_normal_curve():
    """The miss rate that the simulation calls true is that of its scores."""
    rng = np.random.default_rng(0)
    assert np.mean(rng.normal(1.5, 1, 100_000) < 0.2) == pytest.approx(stats.norm.cdf(0.2 - 1.5), abs=0.005)


def test_blocks_that_count_the_same_need_no_bound():
    """Forty blocks of one to five parcels, all found up to 0.5: the bettor's wealth by hand."""
    blocks = np.repeat(np.arange(40), np.arange(40) % 5 + 1)
    scores = np.full(len(blocks), 0.5)
    found = tuning.promise(scores, [0.1, 0.5, 0.9], miss_rate=0.2, confidence=0.95, block=blocks)
    assert (found.threshold, found.units) == (0.5, 40)
    np.testing.assert_allclose(found.missed, [0, 0, 1])
    stakes = np.array([0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9, 0.99])
    wealth = np.mean((1 + stakes / 0.8 * 0.2) ** 40)
    assert found.p_values[0] == pytest.approx(1 / wealth)


def test_a_block_counts_once_however_many_parcels_it_has():
    blocks = np.repeat(np.arange(30), [71] + [1] * 29)
    scores = np.where(blocks == 0, 0.0, 1.0)  # the large block is missed as a whole
    found = tuning.promise(scores, [0.5], miss_rate=0.3, block=blocks)
    assert found.missed[0] == pytest.approx(1 / 30)
    assert found.threshold == 0.5


def test_a_promise_by_parcels_says_what_it_takes_for_granted():
    scores = np.ones(60)
    by_parcels = tuning.promise(scores, [0.5]).statement
    by_blocks = tuning.promise(scores, [0.5], block=np.arange(60)).statement
    assert t("tuning.by_parcels") in by_parcels
    assert t("tuning.by_parcels") not in by_blocks


def test_conformal_by_blocks_counts_blocks():
    """Nineteen blocks, one missed as a whole: (1 + 1) / 20 ≤ 0.1, however many parcels it has."""
    blocks = np.repeat(np.arange(19), [7, *[2] * 18])
    scores = np.where(blocks == 0, 0.1, 0.9)
    found = tuning.conformal(scores, [0.05, 0.5], miss_rate=0.1, block=blocks)
    assert (found.threshold, found.units) == (0.5, 19)
    assert found.p_values == pytest.approx([1 / 20, 2 / 20])
    assert tuning.conformal(scores, [0.05, 0.5], miss_rate=0.099, block=blocks).threshold == 0.05
    assert tuning.conformal(scores, [0.05, 0.5], miss_rate=0.1).threshold == 0.05  # 8 of 44 parcels


def test_conformal_keeps_the_mean_where_parcels_hang_together():
    """Losses of a new block, averaged over counties: within the limit by blocks, beyond it without n + 1."""
    rng = np.random.default_rng(4)
    grid, limit, lost, naive = np.linspace(-4, 4, 161), 0.2, [], []
    for _ in range(4000):
        shared = rng.normal(1.5, 1, 9)  # eight blocks of four parcels, and the one to come
        scores = np.repeat(shared[:8], 4)
        found = tuning.conformal(scores, grid, miss_rate=limit, block=np.repeat(np.arange(8), 4)).threshold
        lost.append(0.0 if found is None else float(shared[8] < found))
        plain = grid[(scores[:, None] < grid).mean(0) <= limit].max()
        naive.append(float(shared[8] < plain))
    error = np.sqrt(limit * (1 - limit) / 4000)
    assert np.mean(lost) <= limit + 2 * error
    assert np.mean(naive) > limit + 2 * error


@pytest.mark.parametrize(("rate", "confidence"), [(0.4, 0.9), (0.1, 0.95), (0.05, 0.99), (0.9, 0.6)])
def test_the_fewest_blocks_are_just_enough(rate, confidence):
    least = tuning.least_blocks(rate, confidence)
    for number, given in ((least, True), (least - 1, False)):
        if number:
            found = tuning.promise(
                np.ones(number), [0.5], miss_rate=rate, confidence=confidence, block=np.arange(number)
            )
            assert (found.threshold is not None) == given
            assert given or str(least) in found.statement


def test_rates_are_stated_with_their_digits():
    said = tuning.promise(np.ones(400), [0.5], miss_rate=0.025, confidence=0.975).statement
    assert "2.5%" in said and "97.5%" in said
    assert tuning.stated(1 - 0.9) == "10%"


def test_every_promise_says_what_its_units_are_taken_for():
    for options in ({"block": np.arange(60)}, {"block": np.arange(60), "largest": 1.0}, {}):
        said = tuning.promise(np.ones(60), [0.5], **options).statement
        assert t("tuning.by_units" if options else "tuning.by_parcels") in said


def test_broken_promises_are_counted_of_all_counties_and_some_error_allowed():
    both = tuning.validity(20, counties=200, miss_rate=0.4, confidence=0.9)
    assert list(both["correlation"].unique()) == ["0", "0.9"] and len(both) == 8
    by_blocks = both.loc[both["rule"] == "blocks", "broken"]
    assert by_blocks.max() <= tuning.allowed_share(0.9, 200) == pytest.approx(0.1 + 2 * np.sqrt(0.09 / 200))
    assert both.loc[(both["rule"] == "parcels") & (both["correlation"] == "0.9"), "broken"].item() > 0.142
