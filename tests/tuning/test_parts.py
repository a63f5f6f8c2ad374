"""True changes read for a pair, and the county split by blocks: every change is in one part or the other."""

from types import SimpleNamespace

import geopandas as gpd
import numpy as np
import pytest
from affine import Affine
from shapely.geometry import Point, box

from weipian_lab import tuning
from weipian_lab.errors import InputError, ParameterError, SchemaError
from weipian_lab.grid import Grid

GRID = Grid("EPSG:32648", Affine(10, 0, 500_003, 0, -10, 4_200_407), (400, 300))
DAYS = {"before": {"datetime": "2023-07-18T03:00:00"}, "after": {"datetime": "2024-07-17T03:00:00"}}
PAIR = SimpleNamespace(grid=GRID, report=DAYS)


def squares(*corners, crs="EPSG:32648", **columns):
    shapes = [box(500_003 + x, 4_196_407 + y, 500_103 + x, 4_196_507 + y) for x, y in corners]
    ids = columns.pop("ids", [f"c{i}" for i in range(len(shapes))])
    return gpd.GeoDataFrame({"change_id": ids, **columns}, geometry=shapes, crs="EPSG:32648").to_crs(crs)


def written(tmp_path, frame):
    frame.to_file(tmp_path / "truth.gpkg", layer="changes")
    return tmp_path / "truth.gpkg"


def test_truth_in_another_crs_lies_on_the_images(tmp_path):
    here = squares((0, 0), (900, 1700))
    found = tuning.read_truth(written(tmp_path, here.to_crs("EPSG:4523")), PAIR)
    assert found.crs == "EPSG:32648" and list(found["change_id"]) == ["c0", "c1"]
    assert (found.geometry.symmetric_difference(here.geometry).area < 1).all()


def test_only_changes_that_the_pair_can_show_count(tmp_path):
    truth = squares(
        (0, 0), (200, 0), (400, 0), (600, 0), (50_000, 0),
        date_start=["20240101", "20230101", "20240101", "20250101", "20240101"],
        is_true=[True, True, False, True, True],
    )  # fmt: skip
    assert list(tuning.read_truth(written(tmp_path, truth), PAIR)["change_id"]) == ["c0"]


def test_a_truth_without_any_change_says_what_is_wrong(tmp_path):
    path = written(tmp_path, squares((50_000, 0), (0, 0), is_true=[True, False]))
    with pytest.raises(SchemaError, match=r"truth\.gpkg.*2 个.*1 个"):
        tuning.read_truth(path, PAIR)
    with pytest.raises(SchemaError, match="c7"):
        tuning.read_truth(written(tmp_path, squares((0, 0), (200, 0), ids=["c7", "c7"])), PAIR)
    with pytest.raises(InputError):
        tuning.read_truth(written(tmp_path, squares()), PAIR)


def test_every_change_is_in_one_part_even_on_the_line_between_two():
    rng = np.random.default_rng(0)
    real = squares(*rng.uniform(0, 2900, (300, 2)))
    # inner points on the very lines between the blocks, where a polygon's inside is nobody's
    lines = [
        Point(500_003 + 500 * i, 4_196_407 + 500 * j).buffer(20) for i in range(1, 6) for j in range(1, 8)
    ]
    edge = gpd.GeoDataFrame({"change_id": [f"e{i}" for i in range(35)]}, geometry=lines, crs=GRID.crs)
    part, test = tuning.split_county(GRID, real, 500, test_share=0.4, seed=2)
    assert not set(part.numbers) & set(test.numbers) and len(part.numbers) + len(test.numbers) == 48
    for layer in (real, edge):
        assert (part.holds(layer) ^ test.holds(layer)).all()
    assert len(part.of(real)) + len(test.of(real)) == 300


def test_a_block_is_the_one_drawn():
    blocks = tuning.block_grid(GRID, 700)
    part, _ = tuning.split_county(GRID, squares((0, 0)), 700, test_share=0.1, seed=1)
    middle = gpd.GeoDataFrame(geometry=blocks.centroid, crs=GRID.crs)
    np.testing.assert_array_equal(part.block_of(middle), blocks["block"])
    outside = gpd.GeoDataFrame(geometry=[Point(499_000, 4_200_000), Point(500_100, 4_300_000)], crs=GRID.crs)
    assert part.block_of(outside).tolist() == [-1, -1] and not part.holds(outside).any()
    assert not part.holds(middle.iloc[:0]).any()
    region = box(500_003, 4_196_407, 500_003 + 700, 4_196_407 + 700)
    assert tuning.inside(middle, region).tolist() == [True, *[False] * (len(middle) - 1)]
    assert tuning.inside(middle, None).all()


def test_a_part_without_changes_and_bad_blocks_are_refused():
    lonely = squares((0, 0))
    found = []
    for seed in range(8):
        try:
            part, _ = tuning.split_county(GRID, lonely, 1500, test_share=0.5, seed=seed)
            found.append(part.holds(lonely).all())
        except SchemaError as error:
            assert "block_m" in str(error)
            found.append(False)
    assert set(found) == {True, False}
    for side in (0, 1e-3):
        with pytest.raises(ParameterError):
            tuning.split_county(GRID, lonely, side)


def test_blocks_in_degrees_are_square_on_the_ground():
    degrees = Grid("EPSG:4326", Affine(1e-4, 0, 106, 0, -1e-4, 38), (400, 300))
    blocks = tuning.block_grid(degrees, 500)
    areas = blocks.to_crs("EPSG:32648").area
    assert areas.to_numpy() == pytest.approx(250_000, rel=3e-3)
    middle = gpd.GeoDataFrame(geometry=blocks.geometry.representative_point(), crs=4326)
    part, test = tuning.split_county(degrees, middle, 500)
    np.testing.assert_array_equal(part.block_of(middle), blocks["block"])
    assert (part.holds(middle) ^ test.holds(middle)).all()


def test_a_truth_without_numbers_is_numbered(tmp_path):
    truth = squares((50_000, 0), (0, 0), (200, 0)).drop(columns="change_id")
    assert list(tuning.read_truth(written(tmp_path, truth), PAIR)["change_id"]) == ["2", "3"]
