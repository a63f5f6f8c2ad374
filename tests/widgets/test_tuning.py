"""The tuning panel without a browser: what is counted, what is drawn, what is put on disk."""

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from affine import Affine
from PIL import Image
from pyproj import Transformer
from scipy.ndimage import gaussian_filter
from shapely.geometry import box

from weipian_lab import accuracy, features, patches
from weipian_lab.accuracy.verification import COLUMNS, read_reviews, read_verified
from weipian_lab.classify import FalseAlarmFilter
from weipian_lab.errors import OutputError, ParameterError, SchemaError
from weipian_lab.grid import Grid
from weipian_lab.plots.base import PALETTE
from weipian_lab.text import catalogue, language, t
from weipian_lab.tuning import Effort
from weipian_lab.widgets.tuning import Evidence, Marks, Panel, Scene, TuningState, tuning
from weipian_lab.widgets.tuning.evidence import feature_name
from weipian_lab.widgets.tuning.look import fitting_zoom
from weipian_lab.widgets.tuning.pictures import COLOURS, Curves, PatchPicture

CRS = "EPSG:32648"
GRID = Grid(CRS, Affine(10, 0, 600_000, 0, -10, 4_251_000), (100, 120))
EFFORT = Effort(2, 10, 1)


def marks_of(folder, name):
    return Marks(folder, name, now=Clock())


def square(x: float, y: float, side: float = 50):
    return box(600_000 + x, 4_250_000 + y, 600_000 + x + side, 4_250_000 + y + side)


class Clock:
    def __init__(self):
        self.now = datetime(2026, 11, 24, 9, 0, tzinfo=timezone(timedelta(hours=8)))

    def __call__(self):
        self.now += timedelta(minutes=1)
        return self.now


@pytest.fixture
def state():
    """Patches a, b, c of scores 1, 2, 3; b is no change, and a true change lies where there is no patch."""
    ids, scores = ["a", "b", "<b>c"], [1.0, 2.0, 3.0]
    found = gpd.GeoDataFrame(
        {"patch_id": ids, "area_mu": 3.75, "score_mean": scores, "score_max": scores},
        geometry=[square(100, 100), square(300, 100), square(500, 100)], crs=CRS,
    )  # fmt: skip
    truth = gpd.GeoDataFrame(
        {"change_id": ["t1", "t2", "t3"]},
        geometry=[square(100, 100), square(500, 100), square(800, 600)], crs=CRS,
    )  # fmt: skip
    return TuningState(found, truth, EFFORT, 0.5)


@pytest.fixture
def scene():
    rng = np.random.default_rng(0)
    return Scene(rng.random((100, 120, 3)), rng.random((100, 120, 3)), GRID, ("2023-07-18", "2024-07-17"))


@pytest.fixture
def panel(state, scene, tmp_path):
    made = Panel(state, scene, tmp_path / "marks", Clock(), verifier="张三")
    yield made
    made.map.close()


# ---- what is counted -------------------------------------------------------------------------------
def test_counts_by_hand(state):
    low, high = state.counts(0.5), state.counts(1.5)
    assert [low[n] for n in ("true", "false", "left_true", "left_false")] == [2, 1, 0, 0]
    assert [high[n] for n in ("true", "false", "left_true", "left_false")] == [1, 1, 1, 0]
    assert (low["found"], high["found"], low["parcels"]) == (2, 1, 3)
    assert low["missed_mu"] == pytest.approx(2500 * 0.0015, rel=2e-3)  # t3; the ellipsoid differs a little
    assert high["missed_mu"] == pytest.approx(2 * 2500 * 0.0015, rel=2e-3)
    assert high["precision"] == 0.5 and high["recall"] == pytest.approx(1 / 3)
    assert high["cost"] == pytest.approx(2 * 2 * 10 + high["missed_mu"])
    slow = TuningState(state.candidates, state.reference, Effort(2, 10, 1, 0.5), 0.5).counts(1.5)
    assert slow["hours"] == pytest.approx(2 * 2 + 0.5 * 2 * 2500 * 0.0015, rel=2e-3)
    nothing = state.counts(9)
    assert nothing["patches"] == 0 and np.isnan(nothing["precision"])


def test_the_slider_is_the_strong_threshold_of_an_extraction():
    """At every step: the same as extracting anew with hysteresis and matching again, part of the county."""
    rng = np.random.default_rng(3)
    score = gaussian_filter(rng.normal(size=GRID.shape), 3).astype(np.float32) * 20
    rules = patches.CleanUp(closing_px=1, min_px=3, fill_px=4)
    wide = patches.extract(score, GRID, threshold=1.0, clean_up=rules)
    truth = gpd.GeoDataFrame(
        {"change_id": range(6)},
        geometry=[*wide.geometry.buffer(-4).iloc[::4][:5], square(0, 0)],
        crs=CRS,
    )
    region = box(600_000, 4_250_000, 600_700, 4_251_000)
    state = TuningState(wide, truth, EFFORT, 0.3, region)
    assert 5 < len(state.ids) < len(wide)
    for threshold in state.thresholds[1::17]:
        anew = patches.extract(score, GRID, threshold=1.0, strong=float(threshold), clean_up=rules)
        matched = accuracy.match(anew, truth, share=0.3)
        inside = anew[anew.representative_point().within(region)]["patch_id"]
        parcels = truth[truth.representative_point().within(region)]["change_id"].astype(str)
        expected = matched.restrict(inside, parcels).summary()
        got = state.counts(float(threshold))
        same = {"true": "true_patches", "found": "found_parcels"}
        for ours in ("patches", "true", "found", "parcels", "precision", "recall"):
            theirs = same.get(ours, ours)
            assert got[ours] == pytest.approx(expected[theirs], nan_ok=True), (ours, threshold)


def test_outlines_are_those_of_the_candidate_threshold_below():
    score = np.zeros(GRID.shape, np.float32)
    score[10:20, 10:20], score[12:18, 12:18], score[50:60, 50:60] = 2.0, 5.0, 3.0
    truth = gpd.GeoDataFrame({"change_id": ["t"]}, geometry=[square(100, 800, 100)], crs=CRS)
    setting = {"clean_up": "sieve", "min_mu": 1.0, "threshold": 4.0}
    state = TuningState.below(setting, score, [1.0, 2.5, 4.0], GRID, truth, EFFORT)
    assert state.outline == 2.5 and sorted(state.scores) == [3.0, 5.0]
    west = box(600_000, 4_250_000, 600_300, 4_251_000)
    high = {**setting, "min_mu": 10.0}  # none so large at 2.5 in the west; the next lower one has one
    found = TuningState.below(high, score, [1.0, 2.5, 4.0], GRID, truth, EFFORT, region=west)
    assert found.outline == 1.0 and found.scores.tolist() == [5.0]
    with pytest.raises(ParameterError):
        TuningState.below({**setting, "min_mu": 99.0}, score, [1.0, 4.0], GRID, truth, EFFORT)
    lowest = TuningState.below({**setting, "threshold": 1.0}, score, [1.0, 2.5], GRID, truth, EFFORT)
    assert lowest.outline == 1.0


def test_the_cheapest_is_the_least_of_the_curve(state):
    assert state.counts(state.cheapest)["cost"] == state.curve["cost"].min()


def test_a_part_without_candidates_is_refused(state):
    with pytest.raises(ParameterError):
        TuningState(state.candidates, state.reference, EFFORT, 0.5, box(0, 0, 1, 1))


def test_no_true_changes_at_all(state):
    """With no positives there is no recall, and that is what is said."""
    empty = TuningState(state.candidates, state.reference.iloc[:0], EFFORT)
    counts = empty.counts(0.5)
    assert (counts["true"], counts["false"], counts["parcels"]) == (0, 3, 0)
    assert np.isnan(counts["recall"]) and counts["missed_mu"] == 0


# ---- what is drawn ---------------------------------------------------------------------------------
def colour_at(picture: PatchPicture, png: bytes, x: float, y: float, tmp_path: Path):
    file = tmp_path / "seen.png"
    file.write_bytes(png)
    image = Image.open(file).convert("RGBA")
    (south, west), (north, east) = picture.bounds
    there = Transformer.from_crs("EPSG:4326", "EPSG:3857", always_xy=True)
    (left, right), (bottom, top) = there.transform([west, east], [south, north])
    at = Transformer.from_crs(CRS, "EPSG:3857", always_xy=True).transform(600_000 + x, 4_250_000 + y)
    where = (at[0] - left) / (right - left) * image.width, (top - at[1]) / (top - bottom) * image.height
    return image.getpixel((int(where[0]), int(where[1])))


def rgb(name: str):
    value = COLOURS[name]
    return tuple(int(value[i : i + 2], 16) for i in (1, 3, 5))


def test_the_map_colours_each_patch_by_what_becomes_of_it(state, tmp_path):
    picture = PatchPicture(state, GRID)

    def seen(threshold, x, y, **options):
        return colour_at(picture, picture.png(threshold, **options), x, y, tmp_path)

    assert seen(0.5, 125, 125)[:3] == rgb("true")
    assert seen(0.5, 325, 125)[:3] == rgb("false")
    assert seen(0.5, 825, 625)[:3] == rgb("missed")  # no patch there at any threshold
    assert seen(1.5, 125, 125)[:3] == rgb("missed")  # lost by the higher threshold
    assert seen(0.5, 700, 300)[3] == 0
    assert seen(0.5, 325, 125, blind=True)[:3] == seen(0.5, 125, 125, blind=True)[:3] == rgb("sent")
    assert seen(0.5, 825, 625, blind=True)[3] == 0  # the truth is hidden
    assert seen(0.5, 100.6, 125, verdicts={"a": "LEGAL"})[:3] == rgb("LEGAL")  # its rim
    assert picture.png(1.5) == picture.png(1.5) != picture.png(2.5)


# ---- the patch in hand -----------------------------------------------------------------------------
def test_a_point_finds_its_patch(state):
    assert state.at(600_125, 4_250_125) == "a"
    assert state.at(0, 0) is None


def test_texts_from_outside_stay_text(panel):
    panel.patch.value = "<b>c"
    assert "<b>c" not in panel.facts.value and "&lt;b&gt;c" in panel.facts.value


def test_both_images_stand_side_by_side_around_the_patch(scene):
    shown = scene.close_up(square(100, 100))
    assert shown.count("data:image/png;base64,") == 2
    assert "2023-07-18" in shown and "2024-07-17" in shown
    assert t("widgets_tuning.side", metres="400") in shown  # forty pixels at least


def test_evidence_for_and_against_is_said(state):
    rng = np.random.default_rng(1)
    before, after = rng.random((2, 6, 100, 120)).astype(np.float32)
    bands = ("B02", "B03", "B04", "B08", "B11", "B12")
    table = features.patch_table(state.candidates, before, after, GRID, bands=bands, score=after[0])
    model = FalseAlarmFilter(n_estimators=5, calibration=None).fit(table, state.hits)
    said = Evidence.by(model, table).shown("a")
    for key in ("group_difference", "group_neighbours", "speaks_for", "against"):
        assert t(f"widgets_tuning.{key}") in said
    plain = Evidence(table).shown("a")
    assert (
        t("widgets_tuning.log_odds") not in plain
        and t("widgets_tuning.every", number=table.shape[1]) in plain
    )
    with language("zh"):
        assert not [name for name in table.columns if feature_name(name) == name]  # every feature has words
        assert feature_name("texture_before_swir1") == "纹理·前时相·短波红外 1"


# ---- verdicts --------------------------------------------------------------------------------------
def test_a_mark_is_on_disk_at_once_and_found_again(tmp_path):
    marks = Marks(tmp_path, "张三", "影像", now=Clock())
    marks.mark("b", "PSEUDO_CHANGE", "季节")
    marks.mark("a", "LEGAL")
    again = marks_of(tmp_path, " 张三 ")
    assert again.verdicts() == {"a": "LEGAL", "b": "PSEUDO_CHANGE"}
    assert list(again.table.columns) == [*COLUMNS, "verifier", "marked_at"]
    assert again.table.loc[0, "marked_at"] == "2026-11-24T09:02:00+08:00"
    marks.mark("a", "UNDETERMINED")  # another look
    marks.clear("b")
    assert marks_of(tmp_path, "张三").verdicts() == {"a": "UNDETERMINED"}
    assert [path.name for path in tmp_path.iterdir()] == ["verified_张三.csv"]  # nothing half written is left


def test_notebook_04_reads_the_marks(tmp_path):
    for name, verdict in (("张三", "LEGAL"), ("李四", "PSEUDO_CHANGE")):
        marks_of(tmp_path, name).mark("=a", verdict, "cause")
    one = read_verified(tmp_path / "verified_李四.csv", ["=a"])
    assert one.loc[0, ["patch_id", "verdict", "verified_on"]].tolist() == [
        "=a",
        "PSEUDO_CHANGE",
        "2026-11-24",
    ]
    both = pd.concat([read_reviews(path) for path in sorted(tmp_path.glob("*.csv"))])
    assert accuracy.disagreement(both)["agreement"] == 0


def test_two_notebooks_of_one_person_do_not_undo_each_other(tmp_path):
    first, second = marks_of(tmp_path, "张三"), marks_of(tmp_path, "张三")
    first.mark("a", "LEGAL")
    second.mark("b", "OTHER")
    assert marks_of(tmp_path, "张三").verdicts() == {"a": "LEGAL", "b": "OTHER"} == second.verdicts()


def test_nobody_overwrites_another_verifiers_file(tmp_path):
    marks_of(tmp_path, "a/b").mark("a", "LEGAL")
    kept = (tmp_path / "verified_a_b.csv").read_bytes()
    with pytest.raises(OutputError):
        marks_of(tmp_path, "a b")  # the same file name, another person
    assert (tmp_path / "verified_a_b.csv").read_bytes() == kept


def test_bad_names_verdicts_and_files_are_refused(tmp_path):
    with pytest.raises(ParameterError):
        marks_of(tmp_path, "  ")
    marks = marks_of(tmp_path, "../../x")
    assert marks.path.parent == tmp_path
    with pytest.raises(ParameterError):
        marks.mark("a", "GUILTY")
    assert not marks.path.exists()
    for content in (b"patch_id,verdict\na,GUILTY\n", b"", b"\xff\xfe\x00"):
        (tmp_path / "verified_y.csv").write_bytes(content)
        with pytest.raises(SchemaError):
            marks_of(tmp_path, "y")
        assert (tmp_path / "verified_y.csv").read_bytes() == content  # left for its owner to mend


def test_a_broken_file_of_marks_is_told_in_the_panel(panel, tmp_path):
    (tmp_path / "marks").mkdir()
    (tmp_path / "marks/verified_李四.csv").write_bytes(b"")
    panel.name.value = "李四"
    assert "verified_李四.csv" in panel.said.value and panel.marks is None


# ---- the panel -------------------------------------------------------------------------------------
def test_map_curve_confusion_and_cost_move_together(panel):
    def parts():
        return panel.overlay.url, panel.line.value, panel.numbers.value

    panel.slider.value = panel.slider.min
    before = parts()
    panel.slider.value = panel.slider.max
    assert all(new != old for new, old in zip(parts(), before, strict=True))
    assert panel.curves.value[:4] == b"\x89PNG"


def test_the_line_stands_where_the_curves_have_the_threshold(state, tmp_path):
    """The pixel under the line, read back from the picture's own axis: dotted where least cost lies."""
    curves = Curves(state)
    (tmp_path / "curves.png").write_bytes(curves.png())
    picture = np.asarray(Image.open(tmp_path / "curves.png").convert("RGB"), float)
    share = float(re.search(r"left:([\d.]+)%", curves.line(state.cheapest)).group(1)) / 100
    grey = np.abs(picture - np.array([int(PALETTE["grey"][i : i + 2], 16) for i in (1, 3, 5)])).sum(2) < 12
    column = np.flatnonzero(grey.sum(0) == grey.sum(0).max())
    assert abs(share * picture.shape[1] - column.mean()) <= 1.5
    low, high = (float(re.search(r"left:([\d.]+)%", curves.line(v)).group(1)) for v in (1.0, 3.0))
    assert 0 < low < high < 100


def test_a_click_takes_the_patch_and_a_person_marks_it(panel, tmp_path):
    east, north = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True).transform(600_325, 4_250_125)
    panel._clicked(type="mousemove", coordinates=(north, east))
    assert panel.patch.value == "a"
    panel._clicked(type="click", coordinates=(north, east))
    assert panel.patch.value == "b"
    assert panel.marks.verdicts() == {}  # nothing is marked by itself, nor by choosing
    panel.verdict.value, panel.cause.value = "PSEUDO_CHANGE", "季节"
    assert panel.marks.verdicts() == {}
    panel.mark.click()
    assert marks_of(tmp_path / "marks", "张三").verdicts() == {"b": "PSEUDO_CHANGE"}
    assert t("accuracy.value_PSEUDO_CHANGE") in panel.said.value
    panel.patch.value = "a"
    assert panel.verdict.value == ""
    panel.patch.value = "b"
    assert (panel.verdict.value, panel.cause.value) == ("PSEUDO_CHANGE", "季节")
    panel.clear.click()
    assert marks_of(tmp_path / "marks", "张三").verdicts() == {}


def test_each_name_has_its_own_verdicts(panel):
    panel.verdict.value = "LEGAL"
    panel.mark.click()
    panel.name.value = "李四"
    assert panel.verdict.value == "" and len(panel.marks) == 0
    panel.name.value = ""
    panel.verdict.value = "OTHER"
    panel.mark.click()
    assert t("widgets_tuning.no_name") in panel.said.value
    panel.name.value = "张三"
    assert panel.verdict.value == "LEGAL"


def test_nothing_is_marked_without_a_choice(panel):
    panel.mark.click()
    assert t("widgets_tuning.no_verdict") in panel.said.value and len(panel.marks) == 0


def test_the_buttons_walk_over_the_patches_sent_out(panel):
    panel.slider.value = panel.slider.max  # of the three, only the last is sent
    panel.later.click()
    assert panel.patch.value == "<b>c"
    panel.earlier.click()
    assert panel.patch.value == "<b>c"


def test_a_threshold_by_hand_is_handed_over(state, scene, tmp_path):
    kept = []

    def keep(threshold):
        kept.append(threshold)
        return tmp_path / "tuned_by_hand.yaml"

    panel = Panel(state, scene, tmp_path, Clock(), keep=keep)
    panel.save.click()
    assert kept == [panel.slider.value] and "tuned_by_hand.yaml" in panel.kept.value
    panel.map.close()


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_panel_speaks_both_languages(state, scene, tmp_path, lang):
    with language(lang):
        box_ = tuning(state, scene, folder=tmp_path, now=Clock())
        assert {"weipian-case", "weipian-tuning"} <= set(box_._dom_classes)
    assert all({"zh", "en"} <= set(entry) for entry in catalogue("widgets_tuning").values())


def test_the_map_opens_on_the_whole_county():
    """A square of 0.703125 degrees on the equator is 512 px wide at zoom 10: 256 · 2¹⁰ / 360 px a degree."""
    bounds = ((-0.3515625, 0.0), (0.3515625, 0.703125))
    assert fitting_zoom(bounds, 512) == 10
    assert fitting_zoom(bounds, 511) == 9.75
