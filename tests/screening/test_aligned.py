"""A pair in memory is the pair that the screening reads block by block."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from weipian_lab import change, rasters, screening
from weipian_lab.errors import GridError
from weipian_lab.grid import Block, Grid


def test_the_shift_is_taken_out_as_in_the_screening(write, scenes, tmp_path: Path) -> None:
    moved = change.resample(scenes[1].astype(np.float32), (0.4, -0.3))
    before, after = write("a.tif", scenes[0]), write("b.tif", np.nan_to_num(moved, nan=float(moved[0, 9, 9])))
    pair = screening.read_aligned(before, after)
    dy, dx = pair.report["shift"]
    assert (dy, dx) == pytest.approx((-0.4, 0.3), abs=0.15)
    with rasters.open_pair(before, after) as source:
        shift = screening.correction(screening.measure_shift(source)[0], True)
        blocks = screening.PairView(source, shift).read(Block(16, 8, 40, 30))
    assert shift == (dy, dx)
    part = slice(16, 56), slice(8, 38)
    np.testing.assert_array_equal(pair.before[:, *part], blocks[0])
    np.testing.assert_array_equal(pair.after[:, *part], blocks[1])
    np.testing.assert_array_equal(pair.valid[part], blocks[2])
    assert screening.read_aligned(before, after, register=False).report["shift"] is None


def test_clouds_beside_the_images_are_left_out(write, scenes) -> None:
    before, after = write("a.tif", scenes[0]), write("b.tif", scenes[1])
    whole = screening.read_aligned(before, after)
    classes = np.full((1, *whole.grid.shape), 4, np.uint8)
    classes[0, :20] = 9  # cloud of high probability
    write("b_SCL.tif", classes)
    assert not screening.read_aligned(before, after).valid[:20].any()
    assert screening.read_aligned(before, after, masks=(None, None)).valid[:20].any()


def test_an_outside_score_lies_on_the_pairs_grid(write, scenes, tmp_path: Path) -> None:
    before, after = write("a.tif", scenes[0]), write("b.tif", scenes[1])
    grid = screening.read_aligned(before, after).grid
    score = np.random.default_rng(0).random(grid.shape).astype(np.float32)
    score[3, 4] = np.nan
    rasters.write(tmp_path / "score.tif", score, grid)
    np.testing.assert_allclose(screening.read_given(tmp_path / "score.tif", before, after), score, rtol=1e-5)
    far = Grid(grid.crs, grid.transform @ grid.transform.translation(5000, 0), grid.shape)
    rasters.write(tmp_path / "far.tif", score, far)
    with pytest.raises(GridError):
        screening.read_given(tmp_path / "far.tif", before, after)
