"""A small score raster whose patches and matches are known."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from affine import Affine
from shapely.geometry import box

from weipian_lab import tuning
from weipian_lab.errors import InputError, ParameterError, ProcedureError, SchemaError
from weipian_lab.grid import Grid
from weipian_lab.outputs import write_json
from weipian_lab.patches import CleanUp
from weipian_lab.screening import tuned_threshold
from weipian_lab.text import t
from weipian_lab.tuning.sweep import SETTING

GRID = Grid("EPSG:32648", Affine(10, 0, 500_000, 0, -10, 4_200_400), (40, 40))
EFFORT = tuning.Effort(hours_per_visit=2, cost_per_hour=10, cost_per_missed_mu=5)


@pytest.fixture
def scene():
    """Three changes of 10 × 10 px (15 亩) scored 0.9, 0.5 and 0.2, and a false block scored 0.6."""
    score = np.zeros((40, 40), np.float32)
    places = {"strong": (2, 2, 0.9), "weak": (2, 25, 0.5), "hidden": (25, 2, 0.2)}
    shapes = []
    for row, column, value in places.values():
        score[row : row + 10, column : column + 10] = value
        x, y = 500_000 + 10 * column, 4_200_400 - 10 * row
        shapes.append(box(x, y - 100, x + 100, y))
    score[25:30, 25:30] = 0.6
    reference = gpd.GeoDataFrame({"change_id": list(places)}, geometry=shapes, crs="EPSG:32648")
    return score, reference


@pytest.fixture
def table(scene):
    return tuning.sweep(
        {"d": scene[0]},
        GRID,
        scene[1],
        thresholds={"d": [0.1, 0.4, 0.55, 0.8]},
        min_mu=[0, 5],
        effort=EFFORT,
        clean_ups={"none": CleanUp(smooth=False)},
    )


def test_counts_by_hand(table):
    at = table.set_index(["min_mu", "threshold"])
    assert at.loc[(0, 0.1), ["patches", "true_patches", "found"]].tolist() == [4, 3, 3]
    assert at.loc[(0, 0.4), ["patches", "true_patches", "found"]].tolist() == [3, 2, 2]
    assert at.loc[(0, 0.55), ["patches", "true_patches", "found"]].tolist() == [2, 1, 1]
    assert at.loc[(5, 0.55), ["patches", "true_patches", "found"]].tolist() == [1, 1, 1]  # 3.75 亩 goes
    row = at.loc[(0, 0.55)]
    assert row["missed_mu"] == pytest.approx(30, rel=1e-3)  # the projection's scale, 0.9996²
    assert (row["hours"], row["cost"]) == (4, pytest.approx(40 + 150, rel=1e-3))


def test_missed_area_never_falls_as_the_threshold_rises(table):
    for _, part in table.groupby(["detector", "clean_up", "min_mu"]):
        assert part["missed_mu"].is_monotonic_increasing


def test_region_counts_its_own(scene):
    west = box(500_000, 4_200_000, 500_200, 4_200_400)
    table = tuning.sweep({"d": scene[0]}, GRID, scene[1], thresholds={"d": [0.1]}, region=west)
    assert table.loc[0, ["patches", "parcels", "found"]].tolist() == [2, 2, 2]


def test_detection_scores(scene):
    scores = tuning.detection_scores(scene[0], GRID, scene[1], [0.1, 0.4, 0.8, 0.95])
    assert scores.to_dict() == {"hidden": 0.1, "strong": 0.8, "weak": 0.4}
    too_high = tuning.detection_scores(scene[0], GRID, scene[1], [0.95])
    assert np.isneginf(too_high).all()


def test_choices(table):
    assert tuning.by_cost(table).threshold == 0.1  # 4 visits = 80; all else misses 15 亩 = 75 or more
    assert tuning.by_recall(table, 0.6).threshold == 0.4
    assert tuning.by_recall(table, 0.6).row["min_mu"] == 5
    assert tuning.by_capacity(table, 2, 1).threshold == 0.4
    assert tuning.by_capacity(table, 0.5, 1) is None
    assert tuning.by_recall(table[table["threshold"] > 0.3], 1.0) is None
    with pytest.raises(SchemaError):
        tuning.by_cost(table.iloc[:0])
    with pytest.raises(ParameterError):
        tuning.by_recall(table, 0)


def test_stability_covers_all_prices_and_names_the_cheapest():
    table = pd.DataFrame({
        "detector": "d", "clean_up": "none", "min_mu": 0.0, "threshold": [1.0, 2.0, 3.0],
        "patches": [10, 5, 0], "missed_mu": [0.0, 10.0, 60.0], "hours": [20.0, 10.0, 0.0],
    })  # fmt: skip
    ranges = tuning.stability(table)
    # 0 h + 60 p against 10 h + 10 p: equal at 0.2; 10 + 10 p against 20: equal at 1
    assert ranges["threshold"].tolist() == [3.0, 2.0, 1.0]
    assert ranges["price_from"].tolist() == pytest.approx([0, 0.2, 1.0])
    assert ranges["price_to"].tolist() == pytest.approx([0.2, 1.0, np.inf])
    for price in (0.01, 0.5, 7.0):
        cheapest = table.loc[(table["hours"] + price * table["missed_mu"]).idxmin(), "threshold"]
        held = ranges[(ranges["price_from"] <= price) & (price < ranges["price_to"])]
        assert held["threshold"].tolist() == [cheapest]
    assert list(ranges.columns[:4]) == list(SETTING)


def test_bad_sweeps(scene):
    with pytest.raises(ParameterError, match="d"):
        tuning.sweep({"d": scene[0]}, GRID, scene[1], thresholds={})
    with pytest.raises(ParameterError):
        tuning.Effort(hours_per_visit=-1)
    with pytest.raises(ParameterError):
        tuning.Effort(cost_per_hour=float("nan"))


def test_split_keeps_blocks_together():
    x, y = np.meshgrid(np.arange(0, 1000, 50), np.arange(0, 1000, 50))
    blocks = tuning.blocks_of(x.ravel(), y.ravel(), 250)
    assert len(np.unique(blocks)) == 16
    first, test = tuning.spatial_split(blocks, test_share=0.5, seed=1)
    assert not set(blocks[first]) & set(blocks[test])
    assert sorted([*first, *test]) == list(range(len(blocks)))
    with pytest.raises(ParameterError):
        tuning.spatial_split([1, 1, 1])
    with pytest.raises(ParameterError):
        tuning.blocks_of([0], [0], 0)


def test_sealed_part_opens_once_and_after_the_threshold(tmp_path):
    test = pd.DataFrame({"patch_id": ["a", "b"], "score": [0.1, 0.7]})
    record, tuned = tmp_path / "sealed.json", tmp_path / "tuned.yaml"
    with pytest.raises(InputError):
        tuning.open_sealed(record, test, tuned)
    tuning.seal(record, test)
    tuning.seal(record, test)
    with pytest.raises(ProcedureError, match=r"tuned\.yaml"):
        tuning.open_sealed(record, test, tuned)
    tuning.write_tuned(tuned, {"threshold": 0.5}, {"seed": 0})
    with pytest.raises(ProcedureError):
        tuning.open_sealed(record, test.iloc[:1], tuned)
    assert tuning.open_sealed(record, test, tuned).equals(test)
    tuning.open_sealed(record, test, tuned)  # the same question
    kept = tuned.read_bytes()
    tuning.write_tuned(tuned, {"threshold": 0.5}, {"seed": 0}, sealed=record)  # the same again
    with pytest.raises(ProcedureError, match=r"sealed\.json"):
        tuning.write_tuned(tuned, {"threshold": 0.6}, {"seed": 0}, sealed=record)
    assert tuned.read_bytes() == kept  # the threshold that was tested stays
    tuning.write_tuned(tuned, {"threshold": 0.6}, {"seed": 0})
    with pytest.raises(ProcedureError, match=r"sealed\.json"):
        tuning.open_sealed(record, test, tuned)
    with pytest.raises(ProcedureError):
        tuning.seal(record, test.iloc[:1])
    record.write_text("[]")
    with pytest.raises(InputError):
        tuning.seal(record, test)


def test_tuned_file_round_trip(tmp_path):
    given = {"threshold": np.float64(0.25), "method": "irmad", "bands": ["B02", "B03"], "note": "=阈值"}
    path = tuning.write_tuned(tmp_path / "tuned.yaml", given, {"input": {"sha256": "00"}})
    assert tuning.read_tuned(path) == {**given, "threshold": 0.25}
    first = path.read_bytes()
    assert tuning.write_tuned(path, given, {"input": {"sha256": "00"}}).read_bytes() == first
    for content in ("[1, 2]", "parameters: 3", "a: [", "parameters: !!python/object:os.x {}"):
        path.write_text(content)
        with pytest.raises(InputError):
            tuning.read_tuned(path)
    with pytest.raises(InputError):
        tuning.read_tuned(tmp_path / "absent.yaml")


def test_tuned_classifier_lowers_its_threshold_when_misses_are_dear():
    rng = np.random.default_rng(0)
    real = rng.random(200) < 0.4
    evidence = rng.normal(real[:, None] * 1.2, 1.0, (200, 2))
    blocks = np.arange(200) // 10
    dear, cheap = (
        tuning.tuned_classifier(evidence, real, blocks, cost_of_visit=1, cost_of_miss=miss)
        for miss in (20, 1.2)
    )
    assert dear.best_threshold_ < cheap.best_threshold_
    for labels in (np.ones(200, bool), np.zeros(200, bool)):
        with pytest.raises(SchemaError):
            tuning.tuned_classifier(evidence, labels, blocks, cost_of_visit=1, cost_of_miss=1)


def test_effort_grows_with_the_area_sent_out(scene):
    slow = tuning.Effort(2, 10, 5, hours_per_mu=0.1)
    table = tuning.sweep({"d": scene[0]}, GRID, scene[1], thresholds={"d": [0.8]}, effort=slow)
    assert table.loc[0, "hours"] == pytest.approx(2 + 0.1 * 15, rel=1e-3)
    assert table.loc[0, "cost"] == pytest.approx(10 * 3.5 + 5 * 30, rel=5e-3)  # corners are cut
    with pytest.raises(ParameterError):
        tuning.Effort(2, 10, 5, hours_per_mu=-1)


def test_a_choice_at_the_end_of_the_thresholds_tried_is_told(table):
    assert "flag_most" in tuning.at_edge(table, tuning.by_cost(table))
    inside = tuning.at_edge(table, tuning.by_recall(table, 0.6))
    assert inside == t("tuning.edge_none", threshold="0.4")


def test_the_range_around_the_price_in_use_is_said(table):
    ranges = tuning.stability(table)
    said = tuning.holds(ranges, 0.5)
    row = ranges[(ranges["price_from"] <= 0.5) & (ranges["price_to"] > 0.5)].iloc[0]
    assert f"{row['price_from']:.2f}" in said and "0.50" in said
    assert "∞" in tuning.holds(ranges, 1e9)
    assert tuning.shown_sweep(ranges, 0.5).iloc[:, -1].str.contains("现价").sum() == 1


def test_a_threshold_by_hand_says_that_it_was_not_tested(tmp_path):
    given = {"method": "mad", "threshold_number": 9.0, "hysteresis": 1.0, "minimum_mu": 2.0}
    path = tuning.write_by_hand(tmp_path / "hand.yaml", given, {"rule": "cost"}, 4.0, 6.0)
    found = tuning.read_tuned(path)
    assert (found["threshold_number"], found["hysteresis"], found["minimum_mu"]) == (4.0, 1.5, 2.0)
    assert "by_hand" in path.read_text("utf-8") and "tested: false" in path.read_text("utf-8")
    for outline, strong in ((6.0, 4.0), (0.0, 4.0)):
        with pytest.raises(ParameterError):
            tuning.write_by_hand(tmp_path / "x.yaml", given, {}, outline, strong)


def test_rules_are_compared_where_they_were_not_tuned():
    """Two evidences that only together tell the real patches: the score alone must be dearer."""
    rng = np.random.default_rng(0)
    both = rng.normal(size=(400, 2))
    real = both.sum(axis=1) > 0.5
    blocks = np.arange(400) % 20
    costs = {"cost_of_visit": 1.0, "cost_of_miss": 3.0}
    found = tuning.compare_rules(both[:, 0], both, real, blocks, **costs)
    assert found.loc["all", ["sent", "right", "lost"]].tolist() == [400, real.sum(), 0]
    assert found.loc["learnt", "cost"] < 0.75 * found.loc["score", "cost"]
    assert (found["cost"] == found["sent"] + 3 * found["lost"]).all()
    assert (found["right"] + found["lost"] == real.sum()).all()
    with pytest.raises(SchemaError):
        tuning.compare_rules(both[:, 0], both, real, np.zeros(400), **costs)


def test_learnt_on_noise_is_no_gain():
    rng = np.random.default_rng(1)
    noise, real = rng.normal(size=(300, 3)), rng.random(300) < 0.3
    costs = {"cost_of_visit": 1.0, "cost_of_miss": 10.0}
    found = tuning.compare_rules(noise[:, 0], noise, real, np.arange(300) % 15, **costs)
    assert found.loc["learnt", "cost"] >= 0.95 * found.loc["all", "cost"]  # every one must go out


def test_the_setting_handed_over_is_the_one_the_rule_chose(table):
    choices = {"cost": tuning.by_cost(table), "recall": None}
    fixed = {"detector": "d", "clean_up": "none", "min_mu": 5.0}
    kept = tuning.promise(np.full(60, 0.5), [0.2, 0.4, 0.6])
    row = tuning.chosen("promise", choices, kept, fixed)
    assert row.to_dict() == {**fixed, "threshold": 0.4}  # nothing of the choice by cost clings to it
    assert tuning.chosen("cost", choices, kept, fixed)["cost"] == table["cost"].min()
    none = tuning.promise(np.full(5, 0.5), [0.2])
    for rule, promised in (("promise", none), ("recall", kept)):
        with pytest.raises(ParameterError):
            tuning.chosen(rule, choices, promised, fixed)


def test_candidate_thresholds_are_no_pixels_own_score():
    score = np.random.default_rng(0).random((50, 50)).astype(np.float32)
    cuts = tuning.candidate_thresholds(score, 9, most=0.3)
    assert len(cuts) == 9 and cuts == sorted(cuts)
    moved = score + np.float32(1e-7) * (np.indices(score.shape).sum(0) % 3 - 1)
    assert all(((score >= cut) == (moved >= cut)).all() for cut in cuts)
    assert (score >= cuts[0]).mean() == pytest.approx(0.3, abs=0.005)


def test_an_outside_score_hands_over_no_detector(tmp_path):
    given = {"method": "given", "bands": [], "threshold_number": 0.4, "minimum_mu": 1.0}
    path = tuning.write_tuned(tmp_path / "tuned.yaml", given, {})
    assert tuning.read_tuned(path) == {"threshold_number": 0.4, "minimum_mu": 1.0}
    assert tuned_threshold(path, "given") == 0.4  # what 01 asks when it is given a score
    with pytest.raises(InputError):
        tuned_threshold(path, "mad")


def test_clean_ups_go_by_name_and_their_order_matters():
    """Two bars two pixels wide, a pixel apart: opened first nothing is left, closed first one patch."""
    score = np.zeros((40, 40), np.float32)
    score[10:12, 10:20] = score[13:15, 10:20] = 0.8
    truth = gpd.GeoDataFrame(
        {"change_id": ["c"]}, geometry=[box(500_100, 4_200_250, 500_200, 4_200_300)], crs=GRID.crs
    )
    names = ["open_close", "close_open"]
    found = tuning.sweep({"d": score}, GRID, truth, thresholds={"d": [0.5]}, clean_ups=names)
    assert found.set_index("clean_up")["patches"].to_dict() == {"open_close": 0, "close_open": 1}
    row = found[found["clean_up"] == "close_open"].iloc[0]
    assert tuning.outcome(row, {"d": score, "e": score}, GRID, truth).equals(row)
    held = tuning.detection_scores(score, GRID, truth, [0.5], clean_up="close_open")
    assert held.tolist() == [0.5]
    for refused in (["opened"], ["close", ""]):
        with pytest.raises(ParameterError, match="close_open"):
            tuning.sweep({"d": score}, GRID, truth, thresholds={"d": [0.5]}, clean_ups=refused)


def test_what_is_handed_over_is_the_setting_with_its_order():
    row = {"detector": "mad@B04,B08", "clean_up": "close_open", "min_mu": 2.0, "threshold": 3.5}
    assert tuning.parameters_of(row) == {
        "method": "mad", "bands": ["B04", "B08"], "threshold_rule": "fixed", "threshold_number": 3.5,
        "hysteresis": 1.0, "opening_px": 1, "closing_px": 1, "clean_order": "close_open", "min_px": 4,
        "fill_px": 4, "minimum_mu": 2.0,
    }  # fmt: skip


def squares_with(real):
    """Patches whose score tells the real ones, in a row of blocks."""
    n = len(real)
    shapes = [box(60 * i, 0, 60 * i + 50, 50 + i % 7) for i in range(n)]
    frame = gpd.GeoDataFrame({"score_mean": 1.0, "score_max": np.where(real, 3.0, 1.0)}, geometry=shapes)
    return frame, np.arange(n) // 5


def test_what_cannot_be_learnt_is_said_and_no_more():
    costs = {"cost_of_visit": 1.0, "cost_of_miss": 5.0}
    real = np.arange(60) % 3 == 0
    frame, blocks = squares_with(real)
    learnt = tuning.learn(frame, real, blocks, **costs)
    assert 0 <= learnt.probability <= 1 and "60" in learnt.statement
    assert learnt.rules.loc["score", "lost"] == 0
    for kind in (np.ones(60, bool), np.zeros(60, bool), np.arange(60) < 5):  # one kind, or in one block only
        frame, blocks = squares_with(kind)
        nothing = tuning.learn(frame, kind, blocks, **costs)
        assert nothing.probability is None and nothing.rules is None
        assert nothing.statement.startswith(t("tuning.not_learned", reason="")[:4])
    frame, _ = squares_with(real)
    assert tuning.learn(frame, real, np.zeros(60), **costs).rules is None


def test_shares_of_nothing_are_a_dash(table):
    row = table.iloc[0].copy()
    row["precision"] = row["recall"] = np.nan
    shown = tuning.shown_test(row, table.iloc[1])
    assert "nan" not in shown.to_string() and (shown.iloc[:, 1] == "–").sum() == 2
    assert "nan" not in tuning.by_cost(table.assign(recall=np.nan, precision=np.nan)).statement
    none = tuning.promise(np.full(5, 0.5), [0.2])
    assert "nan" not in "".join(tuning.headline(row, row, none, True).values())


def test_an_assessment_stands_beside_the_test_part(tmp_path, table):
    row = table.iloc[0]
    assert tuning.beside_assessment("", row) == t("tuning.no_assessment")
    path = tmp_path / "assessment.json"
    count = {"estimate": 0.31, "lower": 0.2, "upper": 0.44, "n": 52}
    write_json(path, {"false_alarms": {"count": count}})
    said = tuning.beside_assessment(path, row)
    assert all(word in said for word in ("31%", "20%", "44%", "52", f"{1 - row['precision']:.0%}"))
    for content in ({}, [], {"false_alarms": {"count": {"n": 3}}}):
        write_json(path, content)
        with pytest.raises(InputError, match=r"assessment\.json"):
            tuning.beside_assessment(path, row)


def test_costs_of_errors_by_hand():
    effort = tuning.Effort(2, 10, 5, hours_per_mu=0.1)
    costs = effort.of_errors(10_000, 2_000)  # 15 and 3 亩
    assert costs == pytest.approx({"cost_of_visit": (2 + 1.5) * 10, "cost_of_miss": 15})
