"""The raster grid by hand."""

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from weipian_lab.errors import CRSError, GridError
from weipian_lab.grid import Block, Grid

GRID = Grid("EPSG:32648", Affine(10, 0, 600_000, 0, -10, 4_260_000), (30, 20))


def test_bounds_and_window():
    assert GRID.bounds == (600_000, 4_259_700, 600_200, 4_260_000)
    inner = GRID.window(Block(10, 5, 4, 3))
    assert inner.bounds == (600_050, 4_259_860, 600_080, 4_259_900)
    assert inner.shape == (4, 3)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 17))
def test_blocks_cover_every_pixel_once(rows, cols, size):
    seen = np.zeros((rows, cols), int)
    for block in Grid("EPSG:32648", GRID.transform, (rows, cols)).blocks(size):
        seen[block.slices] += 1
    assert (seen == 1).all()


def test_same_grid_within_a_thousandth_of_a_pixel():
    near = Grid("EPSG:32648", GRID.transform @ Affine.translation(1e-4, 0), GRID.shape)
    GRID.require_same(near)


@pytest.mark.parametrize(
    ("other", "word"),
    [
        (Grid("EPSG:32649", GRID.transform, GRID.shape), "CRS"),
        (Grid(GRID.crs, GRID.transform, (30, 21)), "shape"),
        (Grid(GRID.crs, GRID.transform @ Affine.translation(0.1, 0), GRID.shape), "origin"),
        (Grid(GRID.crs, GRID.transform @ Affine.scale(1.001), GRID.shape), "origin"),
    ],
)
def test_differences_are_named(other, word):
    with pytest.raises(GridError, match=word):
        GRID.require_same(other)


def test_bad_grids_are_refused():
    with pytest.raises(CRSError):
        Grid("EPSG:0", GRID.transform, (1, 1))
    with pytest.raises(GridError):
        Grid("EPSG:4490", GRID.transform, (0, 5))
    assert Grid("EPSG:4490", GRID.transform, (1, 5)).is_geographic
