"""What the public functions take; anything else is refused with a sentence, not a traceback of numpy."""

import numpy as np
import pandas as pd
import pytest

from weipian_lab import accuracy
from weipian_lab.accuracy import audit, design
from weipian_lab.errors import ParameterError, SchemaError, WeipianError

SIZES = {"a": 30, "b": 70}
POINTS = np.zeros((3, 2))


def table(**columns):
    base = {"stratum": list("aaaabbbb"), "mapped": list("xxxxyyyy"), "reference": list("xxxyyyyx")}
    return pd.DataFrame({**base, **columns})


def verdicts(**columns):
    return table(reference=["true", "false"] * 4, **columns)


@pytest.mark.parametrize(
    "samples",
    [
        table().to_dict("list"),
        table().to_dict("records"),
        table().to_records(index=False),
        table().astype("string"),
        table().astype("category"),
        table(mapped=["x "] * 4 + [" y"] * 4),  # blanks around a label are not part of it
        table(mapped=[1] * 4 + [2] * 4, reference=list("11122221")),  # numbers that a file made text
        table(mapped=[1] * 4 + [2] * 4, reference=[1.0, 1, 1, 2, 2, 2, 2, 1]),
        table(mapped=[1] * 4 + ["y"] * 4, reference=[1, 1, 1, "y", "y", "y", "y", 1]),
    ],
)
@pytest.mark.parametrize(
    "sizes", [SIZES, pd.Series(SIZES), list(SIZES.items()), {"a": "30", "b": np.int64(70)}]
)
def test_tables_and_sizes_of_any_usual_kind(samples, sizes):
    expected = accuracy.stratified(table(), SIZES)
    result = accuracy.stratified(samples, sizes)
    np.testing.assert_allclose(result.overall, expected.overall)
    np.testing.assert_allclose(result.f1, expected.f1)


@pytest.mark.parametrize("factor", [1.0, 0.01, 100, 10_000 / 15 * 30, 1 / 666.67])
def test_area_comes_in_the_unit_of_the_sizes(factor):
    """Shares, pixels, ha, m² or 亩: area scales, nothing else changes."""
    plain = accuracy.stratified(table(), SIZES)
    scaled = accuracy.stratified(table(), {k: v * factor for k, v in SIZES.items()})
    np.testing.assert_allclose(scaled.area, plain.area * factor)
    for name in ("overall", "users", "producers", "f1", "matrix"):
        np.testing.assert_allclose(getattr(scaled, name), getattr(plain, name))


def test_matrix_either_way_round():
    counts = pd.DataFrame([[3, 1], [1, 3]], ["x", "y"], ["x", "y"])
    expected = accuracy.simple_random(table()).counts
    pd.testing.assert_frame_equal(accuracy.simple_random(accuracy.from_matrix(counts)).counts, expected)
    lopsided = [[66, 0, 5], [1, 55, 8], [2, 3, 153]]
    one = accuracy.from_matrix(lopsided, [1, 2, 3])
    other = accuracy.from_matrix(np.transpose(lopsided), [1, 2, 3], rows="reference")
    pd.testing.assert_frame_equal(accuracy.simple_random(one).counts, accuracy.simple_random(other).counts)
    assert (one["stratum"] == one["mapped"]).all()
    assert ((one["mapped"] == 2) & (one["reference"] == 1)).sum() == 1


@pytest.mark.parametrize(
    "samples",
    [
        None,
        "units.csv",
        3,
        table()["mapped"],
        table().to_numpy(),
        table().to_numpy().tolist(),
        {"mapped": ["x"], "reference": ["x", "y"]},
        pd.concat([table(), table()], axis=1),
        table(mapped=[["x"]] * 8),
        table(mapped=["x"] * 7 + ["  "]),
        table(reference=["x"] * 7 + [None]),
        table().iloc[:0],
    ],
)
def test_samples_that_are_none(samples):
    for call in (
        lambda: accuracy.stratified(samples, SIZES),
        lambda: accuracy.simple_random(samples),
        lambda: accuracy.poststratified(samples, SIZES),
        lambda: accuracy.cluster(samples),
        lambda: accuracy.systematic(samples),
        lambda: audit.truth_from_table(samples),
    ):
        with pytest.raises(SchemaError):
            call()


@pytest.mark.parametrize(
    "sizes",
    [
        None, "ab", 5, [30, 70], np.array([30, 70]), {}, {"a": 30}, {"a": -1, "b": 1}, {"a": 0, "b": 0},
        {"a": np.inf, "b": 1}, {"a": 1e308, "b": 1e308}, {"a": "many", "b": 3}, {"a": 1j, "b": 1},
        pd.DataFrame({"size": [30, 70]}, index=["a", "b"]), pd.Series([30, 40, 70], index=["a", "a", "b"]),
        [("a", 30), ("a", 40), ("b", 70)],
    ],
)  # fmt: skip
def test_sizes_that_are_none(sizes):
    for call in (accuracy.stratified, accuracy.poststratified):
        with pytest.raises(WeipianError):
            call(table(), sizes)
    if sizes is not None:
        with pytest.raises(WeipianError):
            accuracy.false_alarm_share(verdicts(), sizes)


@pytest.mark.parametrize(
    "call",
    [
        lambda: accuracy.stratified(table(), SIZES, confidence="0.95"),
        lambda: accuracy.stratified(table(), SIZES, confidence=None),
        lambda: accuracy.stratified(table(), SIZES, confidence=95),
        lambda: accuracy.stratified(table(), SIZES, interval=["auto"]),
        lambda: accuracy.stratified(table(), SIZES, classes="xy"),
        lambda: accuracy.stratified(table(), SIZES, classes=[None]),
        lambda: accuracy.stratified(table(), SIZES, finite_population="no"),
        lambda: accuracy.stratified(table(), SIZES, interval="bootstrap", seed="a"),
        lambda: accuracy.simple_random(table(), None),
        lambda: accuracy.simple_random(table(), "many"),
        lambda: accuracy.systematic(table(), order="nowhere"),
        lambda: accuracy.systematic(table(order=[1, "a"] * 4), order="order"),
        lambda: accuracy.cluster(table(psu=range(8)), sizes=100),
        lambda: accuracy.cluster(table(psu=range(8)), finite_population=True, psu_totals=[3]),
        lambda: accuracy.sample_size({"a": 1}, {"a": "x"}, 0.01),
        lambda: accuracy.sample_size({"a": 1}, {"a": 0.5}, None),
        lambda: accuracy.sample_size([1], [0.5], 0.01),
        lambda: accuracy.false_alarm_share(verdicts(m="x"), SIZES, area="m"),
        lambda: accuracy.breakdown(verdicts(), "nowhere", SIZES),
        lambda: accuracy.breakdown(verdicts(), "mapped", SIZES, minimum="x"),
        lambda: accuracy.share_of_false(verdicts(), "nowhere", SIZES),
        lambda: accuracy.from_matrix([[1, 2], [3]], ["p", "q"]),
        lambda: accuracy.from_matrix([[1, 2], [3, 4.5]], ["p", "q"]),
        lambda: accuracy.from_matrix([[1, 2], [3, -4]], ["p", "q"]),
        lambda: accuracy.from_matrix([[0, 0], [0, 0]], ["p", "q"]),
        lambda: accuracy.from_matrix([[1, 2], [3, 4]]),
        lambda: accuracy.from_matrix([[1, 2], [3, 4]], ["p", "p"]),
        lambda: accuracy.from_matrix([[1, 2], [3, 4]], ["p", "q"], rows="map"),
        lambda: design.size_for_half_width("x", 0.1),
        lambda: design.size_for_half_width(0.5, None),
        lambda: design.size_for_half_width(0.5, 0.1, population=0),
        lambda: design.size_for_half_width(0.5, 0.1, population=-3),
        lambda: design.size_for_half_width(0.5, 0.1, population=np.nan),
        lambda: design.size_for_total(SIZES, {"a": 0.1, "b": 0.2}, "x"),
        lambda: design.allocate(SIZES, 3.7),
        lambda: design.allocate(SIZES, np.nan),
        lambda: design.allocate(SIZES, 10, shares={"a": "x"}),
        lambda: design.allocate(SIZES, 10, minimum=-1),
        lambda: design.draw(table(), {"a": -1}),
        lambda: design.draw(table(), [1]),
        lambda: design.score_strata(["a"], 0.5),
        lambda: design.score_strata([0.1, 0.2], 0.5, land=["x"]),
        lambda: design.score_strata([0.1, 0.2], "high"),
        lambda: design.plan_routes(np.zeros((3, 3))),
        lambda: design.plan_routes(POINTS, 1.5),
        lambda: design.plan_routes(POINTS, depot=(np.nan, 0)),
        lambda: design.Survey(SIZES).next_round("x"),
        lambda: audit.coverage(audit.truth_from_sample(table(), SIZES), 0),
        lambda: audit.coverage(audit.truth_from_sample(table(), SIZES), 5, replicates=0),
        lambda: audit.coverage(audit.truth_from_sample(table(), SIZES), {"a": 2.5, "b": 3}),
    ],
)  # fmt: skip
def test_arguments_out_of_range_are_named(call):
    with pytest.raises(WeipianError) as caught:
        call()
    assert isinstance(caught.value, ParameterError | SchemaError)
    assert len(str(caught.value)) > 10


def test_series_are_mappings_by_label():
    weights = pd.Series({"a": 0.3, "b": 0.7})
    users = pd.Series({"b": 0.9, "a": 0.6})
    expected = ((0.3 * np.sqrt(0.24) + 0.7 * 0.3) / 0.02) ** 2
    assert accuracy.sample_size(weights, users, 0.02) == pytest.approx(expected)


def test_one_verifier_has_one_opinion():
    rows = {"patch_id": ["p", "p", "p"], "verifier": ["u", "u", "v"]}
    again = pd.DataFrame({**rows, "verdict": ["LEGAL"] * 3})
    assert accuracy.disagreement(again)["agreement"] == 1
    with pytest.raises(SchemaError, match="p, u"):
        accuracy.disagreement(pd.DataFrame({**rows, "verdict": ["LEGAL", "OTHER", "LEGAL"]}))
    with pytest.raises(SchemaError, match="verdict"):
        accuracy.disagreement(pd.DataFrame({**rows, "verdict": ["LEGAL", None, "LEGAL"]}))
