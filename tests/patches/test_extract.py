"""From scores to patches: thresholds, order of the clean-up, areas, ids, attributes."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from scipy import ndimage

from weipian_lab import area, patches
from weipian_lab.errors import GridError, ParameterError
from weipian_lab.grid import Grid
from weipian_lab.patches import Batch, CleanUp, morphology

UTM = Grid("EPSG:32648", Affine(10, 0, 600_000, 0, -10, 4_260_000), (60, 80))
DEGREES = Grid("EPSG:4326", Affine(1.1e-4, 0, 106.0, 0, -9e-5, 38.5), (60, 80))


def squares(*boxes: tuple[int, int, int]) -> np.ndarray:
    mask = np.zeros(UTM.shape, bool)
    for row, col, side in boxes:
        mask[row : row + side, col : col + side] = True
    return mask


@pytest.mark.parametrize(
    "grid", [UTM, DEGREES, Grid("EPSG:4523", Affine(10, 0, 35_600_000, 0, -10, 4_260_000), (60, 80))]
)
def test_area_is_that_of_the_pixels_on_the_ellipsoid(grid: Grid) -> None:
    import shapely

    frame = patches.extract(squares((10, 20, 6)), grid)
    x0, y0 = grid.transform @ (20, 10)
    x1, y1 = grid.transform @ (26, 16)
    exact = area.ellipsoidal_area(shapely.box(x0, y1, x1, y0), grid.crs)[0]
    assert frame.loc[0, "area_m2"] == pytest.approx(exact, rel=2e-6, abs=0.006)
    assert frame.loc[0, "area_mu"] == frame.loc[0, "area_m2"] * 0.0015
    assert tuple(frame.columns) == patches.COLUMNS
    assert frame.crs == grid.crs


def test_score_threshold_and_hysteresis() -> None:
    score = np.zeros(UTM.shape, np.float32)
    score[10:14, 10:14] = 5
    score[11, 11] = 9
    score[30:34, 30:34] = 5
    score[50, 50] = np.nan
    both = patches.extract(score, UTM, threshold=5)
    assert len(both) == 2
    strong = patches.extract(score, UTM, threshold=5, strong=6)
    assert len(strong) == 1
    assert strong.loc[0, "score_mean"] == pytest.approx((15 * 5 + 9) / 16)
    assert strong.loc[0, "score_max"] == 9 and strong.loc[0, "pixels"] == 16
    assert patches.extract(score, UTM, threshold=np.inf).empty
    valid = np.ones(UTM.shape, bool)
    valid[:20] = False
    assert len(patches.extract(score, UTM, threshold=5, valid=valid)) == 1
    for bad in (None, np.nan):
        with pytest.raises(ParameterError, match="阈值是"):
            patches.extract(score, UTM, threshold=bad)
    with pytest.raises(ParameterError, match="低于阈值"):
        patches.extract(score, UTM, threshold=5, strong=4)
    with pytest.raises(GridError):
        patches.extract(score[:5], UTM, threshold=5)


def test_order_of_the_steps() -> None:
    mask = squares((10, 10, 5), (10, 16, 5), (30, 30, 2), (40, 40, 7))
    mask[43, 43] = False
    mask[20, :] = True
    plain = patches.extract(mask, UTM)
    assert len(plain) == 5
    opened = patches.extract(mask, UTM, clean_up=CleanUp(opening_px=1))
    assert sorted(opened["pixels"]) == [25, 25, 48]
    closed = patches.extract(mask, UTM, clean_up=CleanUp(closing_px=1))
    assert 55 in set(closed["pixels"]) and 49 in set(closed["pixels"])
    sieved = patches.extract(mask, UTM, clean_up=CleanUp(min_px=5))
    assert len(sieved) == 4
    filled = patches.extract(mask, UTM, clean_up=CleanUp(fill_px=1))
    assert filled["area_m2"].max() > plain[plain["pixels"] == 48]["area_m2"].max()
    merged = patches.extract(mask, UTM, clean_up=CleanUp(merge_gap_m=11, min_px=3))
    assert 50 in set(merged["pixels"])
    large = patches.extract(mask, UTM, clean_up=CleanUp(min_mu=5))
    assert set(large["pixels"]) == {48, 80}


def test_minimum_area_is_the_notice_kind_of_threshold() -> None:
    frame = patches.extract(squares((10, 10, 6)), UTM)
    mu = float(area.round_mu(frame["area_m2"])[0])
    assert len(patches.extract(squares((10, 10, 6)), UTM, clean_up=CleanUp(min_mu=mu))) == 1
    assert len(patches.extract(squares((10, 10, 6)), UTM, clean_up=CleanUp(min_mu=mu + 0.01))) == 0


@pytest.mark.parametrize(("opening", "closing"), [(1, 0), (0, 1), (2, 1), (1, 3)])
def test_morphology_is_that_of_scipy(opening: int, closing: int) -> None:
    mask = np.random.default_rng(3).random((40, 50)) < 0.6
    expected = mask
    if opening:
        expected = ndimage.binary_opening(expected, np.ones((2 * opening + 1,) * 2))
    if closing:
        padded = np.pad(expected, closing)
        expected = ndimage.binary_closing(padded, np.ones((2 * closing + 1,) * 2))[
            closing:-closing, closing:-closing
        ]
    np.testing.assert_array_equal(morphology.clean(mask, opening, closing), expected)


def test_ids_are_the_same_for_the_same_input_and_steady_under_noise() -> None:
    rng = np.random.default_rng(5)
    grid = Grid("EPSG:32648", UTM.transform, (900, 900))
    mask = np.zeros(grid.shape, bool)
    for row in range(5, 880, 25):
        for col in range(5, 880, 25):
            height, width = rng.integers(6, 14, 2)
            mask[row : row + height, col : col + width] = True
    batch = Batch(date_after="2024-07-18")
    first = patches.extract(mask, grid, batch=batch)
    assert first.equals(patches.extract(mask, grid, batch=batch))
    assert first["patch_id"].is_unique and first["patch_id"].str.match(r"20240718-E\d+N\d+(-\d+)?$").all()
    edge = mask ^ ndimage.binary_erosion(mask)
    noisy = mask & ~(edge & (rng.random(mask.shape) < 0.2))
    second = patches.extract(noisy, grid, batch=batch)
    assert len(set(first["patch_id"]) & set(second["patch_id"])) / len(first) > 0.9
    kept = patches.keep_ids(second, first)
    assert set(kept["patch_id"]) == set(first["patch_id"])
    cropped = Grid("EPSG:32648", UTM.transform @ Affine.translation(100, 50), (800, 700))
    part = patches.extract(mask[50:850, 100:800], cropped, batch=batch)
    whole = patches.extract(mask, grid, batch=batch)
    assert len(set(part["patch_id"]) & set(whole["patch_id"])) > 0.85 * len(part)


def test_split_and_merge_keep_the_id_of_the_larger_part() -> None:
    one = patches.extract(squares((10, 10, 12)), UTM)
    parts = squares((10, 10, 12))
    parts[:, 18] = False
    two = patches.keep_ids(patches.extract(parts, UTM), one)
    larger = two.sort_values("area_m2").iloc[-1]
    assert larger["patch_id"] == one.loc[0, "patch_id"]
    assert (two["previous_ids"] == one.loc[0, "patch_id"]).all() and two["patch_id"].is_unique
    back = patches.keep_ids(one, two)
    assert back.loc[0, "patch_id"] == larger["patch_id"]
    assert back.loc[0, "previous_ids"].count(";") == 1
    with pytest.raises(ParameterError):
        patches.keep_ids(one, two, least_share=0)


def test_attributes_come_from_the_batch() -> None:
    batch = Batch("NX_DAILY", "640181", "NX-NINGDONG", "2023-07-01", "2024-07-01")
    row = patches.extract(squares((10, 10, 6)), UTM, batch=batch).iloc[0]
    assert (row["source"], row["admin_code"], row["manage_unit"]) == ("NX_DAILY", "640181", "NX-NINGDONG")
    assert (row["date_before"], row["date_after"]) == ("2023-07-01", "2024-07-01")
    with pytest.raises(ParameterError, match="MNR_QUARTERLY"):
        Batch("MNR_WEEKLY")
    with pytest.raises(ParameterError, match="min_mu"):
        CleanUp(min_mu=-1)
    with pytest.raises(ParameterError):
        CleanUp(connectivity=6)


def test_nothing_flagged_gives_an_empty_table_with_all_columns() -> None:
    frame = patches.extract(np.zeros(UTM.shape, bool), UTM)
    assert frame.empty and tuple(frame.columns) == patches.COLUMNS and frame.crs == "EPSG:32648"


def test_size_classes_count_everything_once() -> None:
    table = patches.size_classes([500.0, 3333.33, 3330.0, 3329.99, 60_000.0])
    assert table["patches"].tolist() == [1, 0, 1, 2, 0, 0, 1]
    assert table["area_mu"].sum() == pytest.approx(0.75 + 5 + 5 + 4.99 + 90)


def test_legal_threshold_on_the_overlap_not_the_patch() -> None:
    gpd = pytest.importorskip("geopandas")
    import shapely

    frame = patches.extract(squares((10, 10, 10), (30, 30, 10)), UTM)
    left = shapely.box(600_000, 4_200_000, 600_150, 4_270_000)
    layer = gpd.GeoDataFrame(geometry=[left, left], crs="EPSG:32648").to_crs("EPSG:4523")
    m2 = patches.overlap_m2(frame, layer)
    west = frame.geometry.centroid.x < 600_200
    assert m2[~west] == pytest.approx(0) and m2[west] == pytest.approx(5000, rel=1e-2)
