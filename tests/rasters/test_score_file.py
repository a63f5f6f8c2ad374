"""A score written block by block: five digits kept, holes stay holes, smaller copies inside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from weipian_lab.grid import Grid
from weipian_lab.rasters import ScoreFile


@pytest.mark.parametrize(("rows", "cols", "smaller"), [(1, 1, []), (300, 513, [2]), (1030, 700, [2, 4])])
def test_a_score_becomes_a_cog_of_five_digits(
    tmp_path: Path, rows: int, cols: int, smaller: list[int]
) -> None:
    score = np.random.default_rng(0).lognormal(0, 5, (rows, cols)).astype(np.float32)
    score[rows // 2 :, : cols // 2] = np.nan
    score[0, 0] = -3.5
    grid = Grid("EPSG:32648", Affine(10, 0, 600_000, 0, -10, 4_260_000), (rows, cols))
    written = ScoreFile(tmp_path / "blocks.tif", grid, keep=False, block_side=256)
    for block in grid.blocks(256):
        written.write(block, score[block.slices])
    path = written.finish(tmp_path / "score.tif", tags={"A": 1})
    written.close()
    with rasterio.open(path) as stored:
        assert stored.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG" and stored.tags()["A"] == "1"
        assert stored.overviews(1) == smaller and np.isnan(stored.nodata)
        np.testing.assert_allclose(stored.read(1), score, rtol=8e-6)
    assert [file.name for file in tmp_path.iterdir()] == ["score.tif"]
