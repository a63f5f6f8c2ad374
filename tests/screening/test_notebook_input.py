"""Notebook 01 on unpleasant pairs: what can be screened is, with a warning in words; the rest is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from geopandas.testing import assert_geodataframe_equal

from weipian_lab import rasters, screening, vectors
from weipian_lab.errors import GridError, InputError, ParameterError
from weipian_lab.screening import pipeline

Scenes = tuple[np.ndarray, np.ndarray, np.ndarray]
Write = Callable[..., Path]
SIDE = 200


def pair(scenes: Scenes) -> tuple[np.ndarray, np.ndarray]:
    return scenes[0][:, :SIDE, :SIDE].copy(), scenes[1][:, :SIDE, :SIDE].copy()


def said(found: dict[str, Any]) -> str:
    return " ".join(remark["en"] for remark in found["remarks"] if remark["level"] == "warning")


def baseline(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return before, after + 1000


def shifted(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return before, np.roll(after, (9, -4), axis=(1, 2))


def another_place(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return before, np.random.default_rng(0).integers(500, 3000, after.shape).astype(np.uint16)


def constant(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    after[2] = 700
    return before, after


def not_finite(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    floats = after.astype(np.float32) / 10_000
    floats[1, 50:60, 50], floats[2, 70, 70:75], floats[3, 80, 70:75] = np.nan, np.inf, -np.inf
    return before.astype(np.float32) / 10_000, floats


def identical(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return before, before


def one_band(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return before[:1], after[:1]


def twelve_bands(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return tuple(np.concatenate([image, image[::-1] + 1, image * 2]) for image in (before, after))


@pytest.mark.parametrize(
    ("change", "method", "words", "patches"),
    [
        (lambda *images: images, "construction", "", True),
        (baseline, "cva", "only one carried the −1000 offset", True),
        (shifted, "mad", "more than 5 pixels", None),
        (another_place, "cva", "same place", None),
        (constant, "irmad", "Band B04 is constant in the image after", True),
        (not_finite, "cva", "", True),
        (identical, "cva", "identical", False),
        (identical, "construction", "there will be no patch", False),
        (one_band, "cva", "", True),
        (twelve_bands, "irmad", "", True),
        (lambda *images: images, "pca_kmeans", "", True),
        (lambda *images: images, "index:EVI", "", None),
    ],
)
def test_a_pair_is_screened_and_its_trouble_is_said(
    change: Any, method: str, words: str, patches: bool | None, write: Write, scenes: Scenes, play: Any
) -> None:
    before, after = change(*pair(scenes))
    found = play(before=write("a.tif", before), after=write("b.tif", after), method=method)
    assert words in said(found) and bool(said(found)) >= bool(words)
    assert patches is None or bool(found["patches"]) == patches
    for remark in found["remarks"]:
        assert not any("\u4e00" <= character <= "\u9fff" for character in remark["en"]), remark


def test_the_offset_of_one_baseline_is_taken_off(write: Write, scenes: Scenes, play: Any) -> None:
    before, after = baseline(*pair(scenes))
    paths = {"before": write("a.tif", before), "after": write("b.tif", after), "method": "cva"}
    assert "this was corrected" in said(play(**paths, fix_baseline=True))


def test_nine_tenths_of_cloud_are_said(write: Write, scenes: Scenes, play: Any) -> None:
    before, after = pair(scenes)
    cloud = np.full((SIDE, SIDE), 9, np.uint8)
    cloud[20:40] = 4
    paths = {"before": write("a.tif", before), "after": write("b.tif", after), "method": "cva"}
    found = play(**paths, mask_after=write("c_SCL.tif", cloud))
    assert "Only 10% of the pixels are valid" in said(found)
    assert found["images"]["valid_share"] == pytest.approx(0.1)


def test_a_run_cut_off_half_way_goes_on_and_gives_the_same(
    write: Write, scenes: Scenes, play: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the runner does it: what is finished lies where the next run finds it."""
    large = [np.tile(image, (1, 3, 2)) for image in scenes[:2]]  # four blocks
    given = {"before": write("a.tif", large[0]), "after": write("b.tif", large[1]), "method": "cva"}
    whole = play(**given)
    kept = (tmp_path / "out/patches.gpkg", tmp_path / "out/score.tif")
    first = [vectors.read(kept[0]).frame, rasters.read(kept[1]).data]
    monkeypatch.setenv("WEIPIAN_UNFINISHED", str(tmp_path / "kept"))

    def cut_off(done: int, _: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(screening, "print_progress", cut_off)
        play(**given)
    assert len(list((tmp_path / "kept").glob("block-*.npz"))) == 2
    scored = []
    one = pipeline._Work.__call__
    monkeypatch.setattr(
        pipeline._Work, "__call__", lambda work, block: scored.append(block) or one(work, block)
    )
    again = play(**given)
    assert len(scored) == 2 and not (tmp_path / "kept").exists()
    assert again["patches"] == whole["patches"] > 15
    assert_geodataframe_equal(vectors.read(kept[0]).frame, first[0])
    np.testing.assert_array_equal(rasters.read(kept[1]).data, first[1])


@pytest.mark.parametrize("left", [b"II*\0 no header yet", None])
def test_a_run_killed_before_or_after_its_scores_lay_there_starts_anew(
    left: bytes | None, write: Write, scenes: Scenes, tmp_path: Path
) -> None:
    paths = [write(f"{name}.tif", image) for name, image in zip("ab", pair(scenes), strict=True)]
    kept, score = tmp_path / "kept", tmp_path / "score.tif"
    with rasters.open_pair(*paths) as source:
        view = screening.PairView(source)
        fitted = screening.fit(view, "cva")
        threshold = screening.choose_threshold(fitted, "usual")
        whole = screening.run(view, fitted.model, threshold, score_path=score)
        expected = rasters.read(score).data

        def cut_off(*_: int) -> None:
            raise KeyboardInterrupt

        options = {"score_path": score, "work_dir": kept}
        with pytest.raises(KeyboardInterrupt):
            screening.run(view, fitted.model, threshold, progress=cut_off, **options)
        (kept / "score-blocks.tif").unlink()
        if left is not None:
            (kept / "score-blocks.tif").write_bytes(left)
        again = screening.run(view, fitted.model, threshold, **options)
    assert_geodataframe_equal(again, whole)
    np.testing.assert_array_equal(rasters.read(score).data, expected)


def test_what_cannot_be_screened_is_refused(write: Write, scenes: Scenes, play: Any, tmp_path: Path) -> None:
    before, after = pair(scenes)
    first = write("a.tif", before)
    far = Affine(10, 0, 900_000, 0, -10, 4_260_000)
    cases = [
        ({"after": write("far.tif", after, transform=far)}, GridError, "没有重叠"),
        ({"after": write("complex.tif", after.astype(np.complex64))}, InputError, "复数"),
        ({"after": write("b.tif", after), "method": "irmadd"}, ParameterError, "irmad"),
        ({"after": write("b.tif", after), "method": "index:NDVIX"}, ParameterError, "NDVI"),
        ({"after": write("b.tif", after), "bands": ["B02"], "method": "ndvi"}, ParameterError, "缺少波段"),
        ({"after": write("one.tif", after[:1])}, InputError, "没有可以对应的波段"),
    ]
    for given, kind, words in cases:
        with pytest.raises(kind, match=words):
            play(before=first, **given)
        assert not (tmp_path / "out/screening.json").exists()
