"""Estimators against other software, hand computation and each other; bad input."""

import numpy as np
import pandas as pd
import pytest

from weipian_lab import accuracy
from weipian_lab.errors import ParameterError, SchemaError

CLUSTERS = [  # stratum, primary unit, weight, a (mapped, reference) pair for each unit
    ("a", 0, 41.1, "00 00 11"),
    ("a", 1, 22.6, "00 10 00 00 01 00 00 00"),
    ("a", 2, 36.8, "00 10 11 00 00 00"),
    ("a", 3, 41.9, "10 01 11 11 01 11 11 11"),
    ("a", 4, 38.9, "01 01 01 11 00"),
    ("a", 5, 7.4, "11 01 11 01 00 11"),
    ("b", 0, 7.3, "11 00 11 11"),
    ("b", 1, 26.6, "00 00 00 00 10 00 00"),
    ("b", 2, 29.6, "00 10 10"),
    ("b", 3, 16.4, "11 11 11 11 11 00 11 11"),
    ("b", 4, 13.9, "11 11 11 00 00 10 11 00"),
    ("c", 0, 12.8, "00 11 01 11 11 00 11 11"),
    ("c", 1, 12.2, "01 10 11 00 00 00 00"),
    ("c", 2, 19.6, "00 11 01 00 11 00"),
    ("c", 3, 44.4, "00 01 11 11 11 11 01"),
    ("c", 4, 24.6, "01 11 11 10 11 00"),
    ("c", 5, 37.1, "00 00 11 00 00 01"),
]


@pytest.fixture
def clusters():
    rows = [(h, p, w, int(pair[0]), int(pair[1])) for h, p, w, line in CLUSTERS for pair in line.split()]
    return pd.DataFrame(rows, columns=["stratum", "psu", "weight", "mapped", "reference"])


def small():
    return pd.DataFrame(
        {"stratum": list("aaaabbbb"), "mapped": list("xxxxyyyy"), "reference": list("xxxyyyyx")}
    )


def test_cluster_as_samplics(clusters):
    """Point estimates and standard errors of samplics 0.6.0, TaylorEstimator (mean, total, ratio)."""
    result = accuracy.cluster(clusters)

    def pair(frame, label):
        return tuple(frame.loc[label, ["estimate", "se"]])

    assert pair(result.overall, "overall") == pytest.approx((0.7451367781155015, 0.043099986925117226))
    assert pair(result.area, 1) == pytest.approx((1377.7, 353.1015293084979))
    assert pair(result.producers, 1) == pytest.approx((0.6857080641649127, 0.062097595539994443))
    assert pair(result.users, 1) == pytest.approx((0.7989006342494714, 0.06698458914099471))
    share = accuracy.cluster(clusters, sizes={"all": 1}).area
    assert pair(share, 1) == pytest.approx((0.5234422492401215, 0.09697395204000309))
    assert "14" in result.method  # 17 primary units in 3 strata


def test_cluster_of_single_units_is_the_stratified_estimator():
    table = small()
    sizes = {"a": 40.0, "b": 60.0}
    expected = accuracy.stratified(table, sizes)
    as_clusters = table.assign(psu=range(8), weight=table["stratum"].map(sizes) / 4)
    result = accuracy.cluster(as_clusters, sizes=sizes)
    for name in ("overall", "users", "producers", "f1", "area"):
        columns = ["estimate", "se"]
        pd.testing.assert_frame_equal(getattr(result, name)[columns], getattr(expected, name)[columns])
    corrected = accuracy.cluster(as_clusters, sizes=sizes, finite_population=True, psu_totals=sizes)
    again = accuracy.stratified(table, sizes, finite_population=True)
    np.testing.assert_allclose(corrected.users["se"], again.users["se"])


def test_cluster_lonely_and_bad(clusters):
    lonely = clusters[(clusters["stratum"] != "a") | (clusters["psu"] == 0)]
    with pytest.warns(accuracy.AccuracyWarning, match="a"):
        result = accuracy.cluster(lonely)
    assert result.overall[["se", "lower", "upper"]].isna().all(axis=None)
    certain = accuracy.cluster(lonely, lonely="certainty").overall.loc["overall", "se"]
    adjusted = accuracy.cluster(lonely, lonely="adjust").overall.loc["overall", "se"]
    assert 0 < certain < adjusted
    with pytest.raises(ParameterError):
        accuracy.cluster(lonely, lonely="drop")
    with pytest.raises(SchemaError, match="weight"):
        accuracy.cluster(clusters.assign(weight=0))
    with pytest.raises(SchemaError, match="psu"):
        accuracy.cluster(clusters.drop(columns="psu"))
    with pytest.raises(ParameterError):
        accuracy.cluster(clusters, finite_population=True)
    with pytest.raises(ParameterError):
        accuracy.cluster(clusters, finite_population=True, psu_totals={"a": 1, "b": 9, "c": 9})
    with pytest.raises(ParameterError):
        accuracy.cluster(clusters, interval="bootstrap")


def test_poststratified_by_hand():
    """Cochran (1977) 5A.42 with W = .4, .6, p = .75 in both, n = 8: s² = 4/3 · .1875 = .25."""
    table = small().drop(columns="stratum")
    result = accuracy.poststratified(table, {"x": 40, "y": 60})
    expected = (0.4 + 0.6) * 0.25 / 8 + (0.6 + 0.4) * 0.25 / 64
    assert result.overall.loc["overall", "estimate"] == pytest.approx(0.75)
    assert result.overall.loc["overall", "se"] == pytest.approx(np.sqrt(expected))
    # the two terms differ from a stratified sample's variance, Σ W² s² / n_h
    stratified = accuracy.stratified(table.assign(stratum=table["mapped"]), {"x": 40, "y": 60})
    assert stratified.overall.loc["overall", "se"] == pytest.approx(np.sqrt((0.16 + 0.36) * 0.25 / 4))
    finite = accuracy.poststratified(table, {"x": 40, "y": 60}, finite_population=True)
    assert finite.overall.loc["overall", "se"] == pytest.approx(np.sqrt((1 - 8 / 100) * 0.25 / 8 + 0.25 / 64))


def test_simple_random_by_hand():
    table = small().drop(columns="stratum")
    result = accuracy.simple_random(table, 100)
    assert result.overall.loc["overall", "se"] == pytest.approx(np.sqrt(0.75 * 0.25 / 7))
    # user's accuracy of x is a ratio of means: residuals 0.25 (3 ×), -0.75 (1 ×), 0 (4 ×); x̄ = 1/2
    assert result.users.loc["x", "se"] == pytest.approx(np.sqrt(0.75 / 7 / 8) / 0.5)
    assert result.area.loc["x", "estimate"] == 50
    finite = accuracy.simple_random(table, 16, finite_population=True)
    assert finite.overall.loc["overall", "se"] == pytest.approx(np.sqrt(0.75 * 0.25 / 7 / 2))


def test_systematic_by_hand():
    table = small().drop(columns="stratum")
    result = accuracy.systematic(table)
    # agreement 1 1 1 0 1 1 1 0: three changes; 3 / (2 · 7 · 8)
    assert result.overall.loc["overall", "se"] == pytest.approx(np.sqrt(3 / (2 * 7 * 8)))
    shuffled = table.assign(place=range(8)).sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(accuracy.systematic(shuffled, order="place").overall, result.overall)


def test_f1_is_the_harmonic_mean():
    result = accuracy.stratified(small(), {"a": 30, "b": 70})
    u, p = result.users["estimate"], result.producers["estimate"]
    np.testing.assert_allclose(result.f1["estimate"], 2 * u * p / (u + p))


@pytest.mark.parametrize("interval", ["auto", "normal", "wilson", "clopper_pearson", "bootstrap"])
def test_every_interval_holds_its_estimate(interval):
    result = accuracy.stratified(small(), {"a": 30, "b": 70}, interval=interval)
    for name in ("overall", "users", "producers", "area"):
        frame = getattr(result, name)
        assert (frame["lower"] <= frame["estimate"]).all()
        assert (frame["estimate"] <= frame["upper"]).all()
    again = accuracy.stratified(small(), {"a": 30, "b": 70}, interval=interval)
    pd.testing.assert_frame_equal(result.users, again.users)
    assert result.method.count("。") > 2


@pytest.mark.parametrize(
    ("interval", "limits"),
    [  # Newcombe (1998), Statistics in Medicine 17: 857-872, Table I, methods 3 (score), 5 (exact), 6 (mid-P)
        ("wilson_strata", [(0.2553, 0.3662), (0.0624, 0.1605), (0.0000, 0.1611), (0.0061, 0.1718)]),
        ("conservative", [(0.2527, 0.3676), (0.0578, 0.1617), (0.0000, 0.1684), (0.0009, 0.1776)]),
        ("midp", [(0.2544, 0.3658), (0.0601, 0.1581), (0.0000, 0.1391), (0.0017, 0.1585)]),
    ],
)
def test_one_stratum_gives_the_published_limits(interval, limits):
    for (right, n), expected in zip([(81, 263), (15, 148), (0, 20), (1, 29)], limits, strict=True):
        table = pd.DataFrame({"mapped": 1, "reference": [1] * right + [0] * (n - right)})
        result = accuracy.simple_random(table, interval=interval).overall.loc["overall"]
        assert (result["lower"], result["upper"]) == pytest.approx(expected, abs=6e-5)


def test_no_errors_keeps_a_width():
    table = pd.DataFrame({"stratum": list("aabb"), "mapped": list("xxyy"), "reference": list("xxyy")})
    result = accuracy.stratified(table, {"a": 1, "b": 99})
    assert result.overall.loc["overall", "se"] == 0
    assert result.overall.loc["overall", "lower"] < 0.6
    normal = accuracy.stratified(table, {"a": 1, "b": 99}, interval="normal")
    assert normal.overall.loc["overall", "lower"] == 1
    assert any("auto" in note for note in normal.notes)


def test_bad_samples():
    sizes = {"a": 30, "b": 70}
    bad = [
        (small().iloc[:0], sizes, "样本"),
        (small().drop(columns="mapped"), sizes, "mapped"),
        (small().drop(columns="stratum"), sizes, "stratum"),
        (small().assign(reference=["x", None, *"xyyyyx"]), sizes, "reference"),
        (small(), {"a": 30}, "b"),
        (small(), {"a": 30, "b": 0}, "b"),
        (small(), {"a": 30, "b": float("nan")}, "b"),
        (small(), {"a": 30, "b": -1}, "b"),
        (small(), {"a": 30, "b": None}, "b"),
        (small(), {"a": 30, "b": 70, "c": 5}, "c"),
        (small(), {}, "0"),
    ]
    for table, size, named in bad:
        with pytest.raises(SchemaError, match=named):
            accuracy.stratified(table, size)
    with pytest.raises(ParameterError, match="单元数"):
        accuracy.stratified(small(), {"a": 0.3, "b": 0.7}, finite_population=True)
    for level in (0, 1, 95):
        with pytest.raises(ParameterError, match=str(level)):
            accuracy.stratified(small(), sizes, confidence=level)
    with pytest.raises(ParameterError, match="wald"):
        accuracy.stratified(small(), sizes, interval="wald")
    noted = accuracy.stratified(small(), {**sizes, "c": 0})
    assert any("c" in note for note in noted.notes)


@pytest.mark.parametrize(
    ("weights", "users", "target"),
    [
        ({"a": 1}, {"b": 0.5}, 0.01),
        ({"a": 1}, {"a": 1.5}, 0.01),
        ({"a": -1}, {"a": 0.5}, 0.01),
        ({"a": 1}, {"a": 0.5}, 0),
        ({}, {}, 0.01),
    ],
)
def test_bad_sample_sizes(weights, users, target):
    with pytest.raises(ParameterError):
        accuracy.sample_size(weights, users, target)


def test_to_dict_is_plain(tmp_path):
    from weipian_lab import outputs

    result = accuracy.stratified(small(), {"a": 30, "b": 70}, classes=["x", "y", "z"])
    text = outputs.write_json(tmp_path / "a.json", result.to_dict()).read_text("utf-8")
    assert '"z"' in text and "NaN" not in text
