"""亩, rounding, thresholds and adjustment, by hand computation."""

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weipian_lab.area import adjust, borderline, m2_to_mu, meets, mu_to_m2, round_half_up, round_mu
from weipian_lab.errors import InputError


def test_one_mu_is_a_fifteenth_of_a_hectare():
    assert m2_to_mu(10_000.0) == 15.0
    assert m2_to_mu(3333.34) == 3333.34 * 0.0015
    assert mu_to_m2(5) == pytest.approx(3333.3333333)
    assert m2_to_mu([2000, 4000]).tolist() == [3.0, 6.0]


@pytest.mark.parametrize(
    ("m2", "mu"),
    [
        (3333.33, 5.00),
        (3333.34, 5.00),
        (3330.00, 5.00),
        (3329.99, 4.99),
        (6663.33, 9.99),
        (6663.34, 10.00),
        (0, 0),
    ],
)
def test_rounding_is_half_up_on_the_decimal_value(m2, mu):
    assert float(round_mu(m2)) == mu


def test_half_up_differs_from_bankers_rounding():
    assert round_half_up([0.005, 0.015, 0.025, 2.675, -0.005]).tolist() == [0.01, 0.02, 0.03, 2.68, -0.01]
    assert round_half_up([0.5, 1.5, 2.5], step=1).tolist() == [1, 2, 3]


@given(st.integers(0, 10_000_000))
def test_rounding_equals_decimal_arithmetic(cents):
    area = cents / 100
    expected = (Decimal(cents) / 100 * Decimal("0.0015")).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")
    assert float(round_mu(area)) == float(expected)


def test_threshold_includes_the_number_itself():
    assert meets([3329.99, 3330.0, 3333.33, 4000], 5).tolist() == [False, True, True, True]
    assert meets([6663.33, 6663.34], 10).tolist() == [False, True]
    assert meets(3333.0, [4.99, 5.0, 5.01]).tolist() == [True, True, False]


def test_borderline_on_both_sides():
    # 0.2 % of 5 亩 and 0.01 亩 are both 6.67 m²; at 10 亩 the wider is 0.02 亩
    assert borderline([3326.6, 3326.7, 3340.0, 3340.1], 5).tolist() == [False, True, True, False]
    assert borderline([6653.3, 6653.4, 6680.0, 6680.1], 10).tolist() == [False, True, True, False]


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_area_that_is_no_number_is_refused(value):
    with pytest.raises(InputError):
        meets([1.0, value], 5)


def test_adjusted_parts_sum_to_the_rounded_whole():
    # thirds of 10: 3.33 each leaves 0.01, given to the largest remainder, the first of equals
    assert adjust([10 / 3, 10 / 3, 10 / 3]).tolist() == [3.34, 3.33, 3.33]
    assert adjust([[0.004, 0.004, 0.0]], [0.008]).tolist() == [[0.01, 0.0, 0.0]]


@given(st.lists(st.floats(0, 1e5), min_size=1, max_size=6))
def test_adjustment_closes_and_moves_no_part_by_a_unit(parts):
    adjusted = adjust(parts)
    assert adjusted.sum() == pytest.approx(float(round_half_up(sum(parts))), abs=1e-6)
    assert np.abs(adjusted - parts).max() < 0.0100001
    assert (adjusted[np.array(parts) == 0] == 0).all()


def test_parts_that_do_not_sum_are_refused():
    with pytest.raises(InputError, match="99"):
        adjust([50.0, 49.0], 100.0)
