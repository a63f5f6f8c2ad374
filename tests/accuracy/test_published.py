"""Published worked examples with known answers, and the misprints in them."""

import warnings

import numpy as np
import pandas as pd
import pytest

from weipian_lab import accuracy

OLOFSSON_2014 = {  # Table 8: rows map, columns reference; doi:10.1016/j.rse.2014.02.015
    "classes": ["deforestation", "forest gain", "stable forest", "stable non-forest"],
    "counts": [[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]],
    "sizes": [200_000, 150_000, 3_200_000, 6_450_000],
}
STEHMAN_2014 = {  # Table 2, a letter pair (map, reference) for each of 10 units in 4 strata
    1: "AA AA AA AA AA AC AB BA BB BC",
    2: "AA BB BB BB BB BB BA BA BB BB",
    3: "BC BC CC CC CC CD CD CB BB BA",
    4: "DD DD DD DD DD DD DD DC DC DB",
}
Z = 1.959963984540054


def units(classes, counts):
    """Return a table with a row a unit from a matrix of counts; strata are the map classes."""
    rows = [
        (m, m, r)
        for m, line in zip(classes, counts, strict=True)
        for r, number in zip(classes, line, strict=True)
        for _ in range(number)
    ]
    return pd.DataFrame(rows, columns=["stratum", "mapped", "reference"])


def stehman():
    rows = [(h, pair[0], pair[1]) for h, line in STEHMAN_2014.items() for pair in line.split()]
    return pd.DataFrame(rows, columns=["stratum", "mapped", "reference"])


@pytest.fixture
def olofsson():
    case = OLOFSSON_2014
    sizes = dict(zip(case["classes"], case["sizes"], strict=True))
    return units(case["classes"], case["counts"]), sizes


def test_olofsson_2014(olofsson):
    result = accuracy.stratified(*olofsson, interval="normal")
    assert result.overall.loc["overall", "estimate"] == pytest.approx(0.9465119, abs=1e-7)
    assert result.overall.loc["overall", "se"] * Z == pytest.approx(0.01848328, abs=1e-7)
    np.testing.assert_allclose(result.users["estimate"], [0.88, 11 / 15, 0.9272727, 0.9630769], atol=1e-7)
    half = (result.users["upper"] - result.users["lower"]) / 2
    np.testing.assert_allclose(half, [0.07403962, 0.10075516, 0.03974464, 0.02053312], atol=1e-7)
    np.testing.assert_allclose(
        result.producers["estimate"], [0.7486614, 0.8471564, 0.9345089, 0.961609], atol=1e-7
    )
    # 0.254 and 0.018 where the paper prints 0.23 and 0.01: its own eq. 7 gives these
    np.testing.assert_allclose(
        result.producers["se"] * Z, [0.21330593, 0.25440369, 0.03432379, 0.0183612], atol=1e-7
    )
    hectares = 900 / 10_000
    np.testing.assert_allclose(
        result.area["estimate"] * hectares, [21157.76, 11686.15, 285769.9, 581386.2], atol=0.1
    )
    np.testing.assert_allclose(
        result.area["se"] * Z * hectares, [6157.521, 3755.757, 15509.55, 16281.36], atol=0.1
    )
    np.testing.assert_allclose(result.matrix.loc["stable forest"], [0.0019, 0, 0.2967, 0.0213], atol=6e-5)


@pytest.mark.parametrize("scale", [1e-7, 1.0, 900.0])
def test_area_is_in_the_unit_of_the_sizes(olofsson, scale):
    samples, sizes = olofsson
    plain = accuracy.stratified(samples, sizes)
    scaled = accuracy.stratified(samples, {k: v * scale for k, v in sizes.items()})
    pd.testing.assert_frame_equal(scaled.area, plain.area * scale)
    pd.testing.assert_frame_equal(scaled.producers, plain.producers)


def test_stehman_2014_strata_differ_from_the_map():
    sizes = {1: 40_000, 2: 30_000, 3: 20_000, 4: 10_000}
    result = accuracy.stratified(stehman(), sizes, finite_population=True)
    np.testing.assert_allclose(result.area["estimate"] / 1e5, [0.35, 0.34, 0.20, 0.11], atol=1e-12)
    np.testing.assert_allclose(
        result.area["se"] / 1e5, [0.0822478, 0.0758531, 0.06427977, 0.0307222], atol=1e-7
    )
    assert result.overall.iloc[0]["estimate"] == pytest.approx(0.63)
    assert result.overall.iloc[0]["se"] == pytest.approx(0.08464219, abs=1e-8)
    np.testing.assert_allclose(result.users["estimate"], [0.7419355, 0.5744681, 0.5, 0.7], atol=1e-7)
    np.testing.assert_allclose(
        result.producers["estimate"], [0.6571429, 0.7941176, 0.3, 0.6363636], atol=1e-7
    )
    assert result.users.loc["B", "se"] == pytest.approx(0.1247822, abs=1e-7)
    # printed 0.114: the paper takes the variance of x in stratum 4 as 0, its own Table 3 has 0.1
    assert result.producers.loc["B", "se"] == pytest.approx(0.1165479, abs=1e-7)
    assert result.matrix.loc["B", "C"] == pytest.approx(0.08)


def test_congalton_1991_simple_random():
    classes = ["D", "C", "BA", "SB"]
    counts = [[65, 4, 22, 24], [6, 81, 5, 8], [0, 11, 85, 19], [4, 7, 3, 90]]
    result = accuracy.simple_random(units(classes, counts))
    assert result.overall.loc["overall", "estimate"] == pytest.approx(321 / 434)
    np.testing.assert_allclose(result.users.loc[classes, "estimate"], [0.57, 0.81, 0.74, 0.87], atol=0.005)
    np.testing.assert_allclose(
        result.producers.loc[classes, "estimate"], [0.87, 0.79, 0.74, 0.64], atol=0.005
    )


def test_openmrv_sample_sizes():
    areas = {"a": 658196561513, "b": 462219395097, "c": 15594353281}
    target = 0.25 * areas["c"] / sum(areas.values()) / 2
    assert accuracy.sample_size(areas, {"a": 0.001, "b": 0.002, "c": 0.8}, target) == pytest.approx(
        598.593, abs=1e-3
    )
    areas = {"a": 625597113080, "b": 462219395097, "c": 15594353281, "d": 32599448433}
    target = 0.25 * areas["c"] / sum(areas.values()) / 2
    n = accuracy.sample_size(areas, {"a": 0.0005, "b": 0.002, "c": 0.8, "d": 0.0075}, target)
    assert n == pytest.approx(502.262, abs=1e-3)


def test_labels_of_any_kind_and_text_from_a_file():
    table = stehman()
    expected = accuracy.stratified(table, {1: 4, 2: 3, 3: 2, 4: 1})
    from_json = accuracy.stratified(table, {"1": 4, "2": 3, "3": 2, "4": 1})
    np.testing.assert_allclose(from_json.users, expected.users)
    kinds = {"A": 1, "B": ("tuple", 2), "C": "水田", "D": 3.5}
    other = table.assign(mapped=table["mapped"].map(kinds), reference=table["reference"].map(kinds))
    result = accuracy.stratified(other, {1: 4, 2: 3, 3: 2, 4: 1})
    assert set(result.classes) == set(kinds.values())
    np.testing.assert_allclose(sorted(result.users["estimate"]), sorted(expected.users["estimate"]))
    categories = table.astype({"mapped": "category", "reference": "category"})
    np.testing.assert_allclose(
        accuracy.stratified(categories, {1: 4, 2: 3, 3: 2, 4: 1}).users, expected.users
    )


def test_class_absent_from_map_or_reference():
    table = pd.DataFrame(
        {
            "stratum": ["x"] * 6 + ["y"] * 4,
            "mapped": ["x"] * 6 + ["y"] * 4,
            "reference": ["x", "x", "x", "x", "x", "new"] + ["x"] * 4,
        }
    )
    result = accuracy.stratified(table, {"x": 60, "y": 40})
    assert np.isnan(result.users.loc["new", "estimate"])
    assert result.producers.loc["new", "estimate"] == 0
    assert result.area.loc["new", "estimate"] == pytest.approx(10)
    assert np.isnan(result.producers.loc["y", "estimate"])
    assert result.area.loc["y", "estimate"] == 0
    assert result.area.loc["y", "upper"] > 0
    assert any("new" in note for note in result.notes)


def test_one_unit_warns_and_does_not_invent():
    table = pd.concat([stehman(), pd.DataFrame({"stratum": [5], "mapped": ["A"], "reference": ["A"]})])
    sizes = {1: 4, 2: 3, 3: 2, 4: 1, 5: 1}
    with pytest.warns(accuracy.AccuracyWarning, match="5"):
        result = accuracy.stratified(table, sizes)
    assert result.overall["estimate"].notna().all()
    assert result.overall[["se", "lower", "upper"]].isna().all(axis=None)
    with warnings.catch_warnings():  # the same stratum sampled in full is no unknown
        warnings.simplefilter("error")
        accuracy.stratified(table, {1: 40, 2: 30, 3: 20, 4: 10, 5: 1}, finite_population=True)
