"""The streaming pass: equal to the whole in memory, resumable, and steady on bad input."""

from __future__ import annotations

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from scipy import ndimage

from weipian_lab import change, patches, rasters, screening, text
from weipian_lab.errors import GridError, InputError, ParameterError
from weipian_lab.grid import Block, Grid
from weipian_lab.patches import CleanUp

Scenes = tuple[np.ndarray, np.ndarray, np.ndarray]
RULES = CleanUp(opening_px=1, closing_px=1, min_px=10)


def screened(before: Path, after: Path, method: str = "cva_std", **options: object):
    with rasters.open_pair(before, after) as pair:
        view = screening.PairView(pair)
        fitted = screening.fit(view, method)
        threshold = screening.choose_threshold(fitted, "null_fit", 8.0)
        return screening.run(view, fitted.model, threshold, clean_up=RULES, **options)


@pytest.mark.parametrize("method", ["cva", "irmad", "construction"])
def test_blocks_give_the_same_as_the_whole_in_memory(
    write, scenes: Scenes, tmp_path: Path, method: str
) -> None:
    before, after = write("a.tif", scenes[0]), write("b.tif", scenes[1])
    score_path = tmp_path / "score.tif"
    with rasters.open_pair(before, after) as pair:
        view = screening.PairView(pair, shift=(0.3, -0.45))
        fitted = screening.fit(view, method)
        threshold = screening.choose_threshold(fitted, "usual")
        streamed = screening.run(
            view, fitted.model, threshold, clean_up=RULES, score_path=score_path, block_side=64, workers=3
        )
        first, second, valid = view.read(Block(0, 0, *pair.grid.shape))
    whole = fitted.model.score_block(first, second, valid)
    with rasterio.open(score_path) as found:
        np.testing.assert_allclose(found.read(1), whole, rtol=1e-4, atol=1e-5)
        assert found.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
    expected = patches.extract(
        whole, pair.grid, threshold=threshold.value, strong=threshold.strong, clean_up=RULES
    )
    exact = ["patch_id", "area_m2", "pixels", "geometry"]
    assert len(streamed) >= 1 and streamed[exact].equals(expected[exact])
    np.testing.assert_allclose(streamed["score_mean"], expected["score_mean"], rtol=1e-4)


def test_shifted_view_equals_resampling_the_whole(write, scenes: Scenes) -> None:
    before, after = write("a.tif", scenes[0]), write("b.tif", scenes[1])
    with rasters.open_pair(before, after) as pair:
        view = screening.PairView(pair, shift=(1.25, -0.6))
        whole = change.resample(pair.after.read()[0], (1.25, -0.6))
        for block in pair.grid.blocks(70):
            _, second, valid = view.read(block)
            part = whole[(slice(None), *block.slices)]
            np.testing.assert_allclose(second[:, valid], part[:, valid], atol=1e-6)


def test_planted_changes_are_found_and_a_shift_is_taken_out(write, scenes: Scenes) -> None:
    before, after, changed = scenes
    moved = np.stack(
        [ndimage.shift(band.astype(float), (0.5, -0.7), order=3, mode="nearest") for band in after]
    )
    with rasters.open_pair(write("a.tif", before), write("b.tif", moved.astype(np.uint16))) as pair:
        shift, remarks = screening.measure_shift(pair)
        assert (shift.dy_px, shift.dx_px) == (pytest.approx(0.5, abs=0.1), pytest.approx(-0.7, abs=0.1))
        assert remarks[0].level == "note"
        false = {}
        for corrected in (screening.correction(shift, True), None):
            view = screening.PairView(pair, corrected)
            fitted = screening.fit(view, "cva")
            threshold = screening.choose_threshold(fitted, "fixed", 0.08)
            frame = screening.run(view, fitted.model, threshold, clean_up=CleanUp(min_px=10))
            mapped = rasters.burn(frame.geometry, pair.grid)
            false[corrected] = (mapped & ~ndimage.binary_dilation(changed, iterations=4)).sum()
            assert corrected is None or (mapped & changed).sum() / changed.sum() > 0.8
    assert len(false) == 2 and min(false, key=lambda key: false[key]) is not None


def test_interrupted_half_way_goes_on_with_the_same_result(write, scenes: Scenes, tmp_path: Path) -> None:
    before, after = write("a.tif", scenes[0]), write("b.tif", scenes[1])
    folder, score = tmp_path / "work", tmp_path / "score.tif"
    options: dict = {"block_side": 64, "work_dir": folder, "score_path": score, "workers": 1}

    def stop(done: int, total: int) -> None:
        if done == 7:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        screened(before, after, progress=stop, **options)
    assert not score.exists() and len(list(folder.glob("block-*.npz"))) == 7
    read: list[Block] = []
    original = screening.PairView.read

    def counted(self: screening.PairView, block: Block):
        read.append(block)
        return original(self, block)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(screening.PairView, "read", counted)
        resumed = screened(before, after, **options)
    assert len(read) == 1 + 20 - 7, "the sample and the blocks that were left"
    bytes_resumed = score.read_bytes()
    assert not folder.exists()
    whole = screened(before, after, **options)
    assert resumed.equals(whole) and score.read_bytes() == bytes_resumed


KILLED = """
import os, sys
from weipian_lab import patches, rasters, screening
from weipian_lab.screening import pipeline
before, after, folder, score = sys.argv[1:]
pipeline.CHECKPOINT = 4
with rasters.open_pair(before, after) as pair:
    view = screening.PairView(pair)
    fitted = screening.fit(view, "cva_std")
    threshold = screening.choose_threshold(fitted, "null_fit", 8.0)
    rules = patches.CleanUp(opening_px=1, closing_px=1, min_px=10)
    screening.run(view, fitted.model, threshold, clean_up=rules, block_side=64, work_dir=folder,
                  score_path=score, workers=1, progress=lambda done, total: done == 10 and os._exit(9))
"""


def test_a_killed_run_goes_on_from_its_last_checkpoint(write, scenes: Scenes, tmp_path: Path) -> None:
    before, after = write("a.tif", scenes[0]), write("b.tif", scenes[1])
    folder, score = tmp_path / "work", tmp_path / "score.tif"
    arguments = [str(path) for path in (before, after, folder, score)]
    killed = subprocess.run([sys.executable, "-c", KILLED, *arguments], check=False)
    assert killed.returncode == 9 and len(list(folder.glob("block-*.npz"))) == 8
    options: dict = {"block_side": 64, "work_dir": folder, "score_path": score}
    resumed, held = screened(before, after, **options), None
    with rasterio.open(score) as found:
        held = found.read(1)
    assert resumed.equals(screened(before, after, **options, workers=3))
    with rasterio.open(score) as found:
        np.testing.assert_array_equal(held, found.read(1))


def test_other_settings_do_not_go_on_from_what_is_there(write, scenes: Scenes, tmp_path: Path) -> None:
    before, after = write("a.tif", scenes[0]), write("b.tif", scenes[1])
    folder = tmp_path / "work"

    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        screened(before, after, "cva", progress=stop, block_side=64, work_dir=folder)
    assert screened(before, after, block_side=64, work_dir=folder).equals(screened(before, after))


def test_identical_images_give_no_patch_and_no_warning(write, scenes: Scenes) -> None:
    path = write("a.tif", scenes[0])
    with warnings.catch_warnings(), rasters.open_pair(path, path) as pair:
        warnings.simplefilter("error")
        for method in (
            "cva",
            "mad",
            "irmad",
            "sfa",
            "isfa",
            "pca_kmeans",
            "construction",
            "any_change",
            "ndvi",
        ):
            view = screening.PairView(pair)
            fitted = screening.fit(view, method)
            threshold = screening.choose_threshold(fitted, "usual")
            frame = screening.run(view, fitted.model, threshold, clean_up=RULES)
            assert frame.empty, method
            assert not np.isfinite(threshold.value), method
        keys = [r.key for r in screening.result_remarks(frame, 0.0, threshold, 1.0)]
    assert keys == ["screening.flat_score"]


@pytest.mark.parametrize("method", ["cva", "mad", "irmad", "construction", "any_change"])
def test_unpleasant_pairs_pass(write, scenes: Scenes, method: str) -> None:
    before, after = scenes[0][:, :200, :200].copy(), scenes[1][:, :200, :200].copy()
    cloud = np.zeros((200, 200), np.uint8)
    cloud[:180] = 1
    constant = before.copy()
    constant[2] = 700
    floats = after.astype(np.float32) / 10_000
    floats[1, 50:60, 50] = np.nan
    floats[2, 70, 70:75] = np.inf
    twelve = [np.concatenate([image, image[::-1] + 1, image * 2]) for image in (before, after)]
    cases = {
        "200 x 200": (before, after, None),
        "90 % cloud": (before, after, write("cloud.tif", cloud)),
        "constant band": (constant, after, None),
        "NaN and infinity": (before.astype(np.float32) / 10_000, floats, None),
        "one band": (before[:1], after[:1], None),
        "twelve bands": (*twelve, None),
    }
    for name, (first, second, mask) in cases.items():
        paths = write("x.tif", first), write("y.tif", second)
        with rasters.open_pair(*paths, masks=(mask, None)) as pair:
            view = screening.PairView(pair)
            fitted = screening.fit(view, method)
            assert np.isfinite(fitted.scores).all(), name
            frame = screening.run(view, fitted.model, screening.choose_threshold(fitted, "null_fit"))
            assert frame["area_m2"].sum() < 0.5 * 200 * 200 * 100, name


def test_another_place_and_a_large_shift_are_said_and_not_corrected(write, scenes: Scenes) -> None:
    before, after, _ = scenes
    rolled = np.roll(after, (8, -3), axis=(1, 2))
    noise = np.random.default_rng(0).integers(500, 3000, after.shape).astype(np.uint16)
    for other, key in ((rolled, "screening.shift_large"), (noise, "screening.shift_unmeasured")):
        with rasters.open_pair(write("a.tif", before), write("b.tif", other)) as pair:
            shift, remarks = screening.measure_shift(pair)
            assert [r.key for r in remarks] == [key]
            assert remarks[0].level == "warning" and screening.correction(shift, True) is None
            with text.language("en"):
                assert "place" in screening.warnings_in_words(remarks)


def test_normalisation_finds_the_line_between_the_dates(write, scenes: Scenes) -> None:
    with rasters.open_pair(write("a.tif", scenes[0]), write("b.tif", scenes[1])) as pair:
        view = screening.normalised(screening.PairView(pair))
        assert view.gains is not None
        np.testing.assert_allclose(view.gains.gain, 1 / 1.1, rtol=0.01)
        np.testing.assert_allclose(view.gains.offset, -0.005 / 1.1, atol=2e-3)
        first, second, _ = view.read(Block(0, 0, 15, 200))
        assert np.abs(first - second).mean() < 0.003


def test_a_large_scene_is_sampled_all_over() -> None:
    blocks = screening.sample_blocks((10_980, 10_980), 512, 24)
    assert len(blocks) >= 24 and all(b.row + b.height <= 10_980 and b.col + b.width <= 10_980 for b in blocks)
    assert max(b.row for b in blocks) > 8000 and min(b.row for b in blocks) < 2000
    assert screening.sample_blocks((300, 200), 512, 24) == [Block(0, 0, 300, 200)]


def test_statistics_come_from_where_the_scene_is_clear(write, scenes: Scenes) -> None:
    before, after = scenes[0].copy(), scenes[1]
    before[:, :200] = 0
    with rasters.open_pair(write("a.tif", before, nodata=0), write("b.tif", after)) as pair:
        fitted = screening.fit(screening.PairView(pair), "mad", side=16, count=2)
        assert len(fitted.scores) > 100
    before[:] = 0
    with (
        rasters.open_pair(write("c.tif", before, nodata=0), write("b.tif", after)) as pair,
        pytest.raises(InputError, match="没有共同"),
    ):
        screening.fit(screening.PairView(pair), "mad", side=16, count=2)


def test_a_score_of_ones_own_enters_at_the_threshold(write, scenes: Scenes) -> None:
    probability = np.where(scenes[2], 0.9, 0.1).astype(np.float32)
    path = write("p.tif", probability)
    with rasters.open_pair(write("a.tif", scenes[0]), write("b.tif", scenes[1])) as pair:
        view, fitted = screening.fit_given(pair, path)
        threshold = screening.choose_threshold(fitted, "fixed", 0.5)
        frame = screening.run(view, fitted.model, threshold, block_side=64)
        assert frame["pixels"].sum() == scenes[2].sum() and len(frame) == 4
        assert frame["score_mean"].tolist() == [pytest.approx(0.9)] * 4
        far = write("far.tif", probability, transform=Affine(10, 0, 900_000, 0, -10, 4_260_000))
        with pytest.raises(GridError):
            screening.fit_given(pair, far)


def test_threshold_rules_and_their_numbers(write, scenes: Scenes, tmp_path: Path) -> None:
    with rasters.open_pair(write("a.tif", scenes[0]), write("b.tif", scenes[1])) as pair:
        view = screening.PairView(pair)
        fitted = screening.fit(view, "irmad")
        for rule, number in (
            ("top_share", 0.05),
            ("chi2", 0.001),
            ("fixed", 3.0),
            ("null_fit", 4.0),
            ("otsu", None),
        ):
            assert screening.choose_threshold(fitted, rule, number).rule == rule
        table = screening.rules_table(fitted, screening.choose_threshold(fitted, "chi2"))
        assert table["chosen"].tolist() == [True, False, False, False, False] and table["rule"].is_unique
        tuned = tmp_path / "tuned.yaml"
        tuned.write_text("threshold: 4.5\nmethod: irmad\n")
        assert screening.choose_threshold(fitted, "tuned", tuned=tuned).value == 4.5
        for content, words in (
            ("threshold: .nan\n", "没有可用"),
            ("a: [", "没有可用"),
            ("threshold: 1\nmethod: cva\n", "是为方法 cva"),
        ):
            tuned.write_text(content)
            with pytest.raises(InputError, match=words):
                screening.choose_threshold(fitted, "tuned", tuned=tuned)
        with pytest.raises(ParameterError, match="threshold_rule"):
            screening.choose_threshold(fitted, "best")
        other = screening.fit(view, "cva")
        with pytest.raises(ParameterError, match="卡方"):
            screening.choose_threshold(other, "chi2")


@pytest.mark.parametrize("method", [*change.DETECTORS, *change.PRESETS])
def test_every_detector_is_told_in_words(write, scenes: Scenes, method: str) -> None:
    six = [np.concatenate([image, image[2:]]) for image in scenes[:2]]
    with rasters.open_pair(write("a.tif", six[0]), write("b.tif", six[1])) as pair:
        pair.bands = ("B02", "B03", "B04", "B08", "B11", "B12")
        fitted = screening.fit(screening.PairView(pair), method)
    table = screening.model_table(fitted, pair.bands)
    assert not any("_" in name for name in table.iloc[:, 0])


def test_labels(write, scenes: Scenes, tmp_path: Path) -> None:
    grid = Grid("EPSG:32648", Affine(10, 0, 600_000, 0, -10, 4_260_000), scenes[2].shape)
    labels = scenes[2].astype(np.uint8)
    labels[:, -20:] = 255
    known = screening.read_labels(write("l.tif", labels), grid)
    frame = patches.extract(scenes[2], grid, clean_up=CleanUp(smooth=False))
    found = screening.against_labels(frame, known, grid, scenes[2].astype(np.float32))
    assert (found["kappa"], found["f1"], found["auc"], found["false_positive"]) == (1.0, 1.0, 1.0, 0)
    assert found["true_positive"] + found["true_negative"] == (labels != 255).sum()
    none = screening.against_labels(frame.iloc[:0], np.zeros_like(known), grid)
    assert none["kappa"] is None and none["f1"] == 0
    with pytest.raises(InputError, match="应当只有"):
        screening.read_labels(write("m.tif", labels + 3), grid)
    with pytest.raises(InputError, match="没有任何标注"):
        screening.read_labels(write("n.tif", np.full_like(labels, 255)), grid)
