"""From scores to patches: thresholds, order of the clean-up, areas, ids, attributes."""

from __future__ import annotations

import numpy as np
import pytest
from affine import Affine
from geopandas.testing import assert_geodataframe_equal
from scipy import ndimage

from weipian_lab import area, patches
from weipian_lab.errors import GridError, ParameterError
from weipian_lab.grid import Block, Grid
from weipian_lab.patches import Batch, CleanUp, morphology, runs

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


def test_closing_first_joins_what_opening_first_takes_away() -> None:
    """Two bars of two pixels, a pixel apart: opening first leaves nothing, closing first one patch."""
    mask = np.zeros(UTM.shape, bool)
    mask[10:12, 10:20] = mask[13:15, 10:20] = True
    rules = {"opening_px": 1, "closing_px": 1}
    assert patches.extract(mask, UTM, clean_up=CleanUp(**rules)).empty
    (pixels,) = patches.extract(mask, UTM, clean_up=CleanUp(**rules, order="close_open"))["pixels"]
    assert pixels == 50
    noise = np.random.default_rng(3).random((40, 50)) < 0.4
    square = np.ones((3, 3))
    closed = ndimage.binary_closing(np.pad(noise, 1), square)[1:-1, 1:-1]
    expected = ndimage.binary_opening(closed, square)
    np.testing.assert_array_equal(morphology.clean(noise, 1, 1, "close_open"), expected)
    assert 0 < expected.sum() < noise.size
    with pytest.raises(ParameterError, match="open_close"):
        CleanUp(order="close")  # type: ignore[arg-type]


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


def test_patches_joined_by_a_narrow_neck_are_cut_without_losing_a_pixel() -> None:
    mask = squares((5, 5, 12), (5, 30, 12), (30, 5, 12))
    mask[10:12, 17:30] = True  # a neck of two pixels across, and one down
    mask[17:30, 10:12] = True
    score = np.where(mask, 2.0, 0.0).astype(np.float32)
    whole = patches.extract(score, UTM, threshold=1)
    cut = patches.extract(score, UTM, threshold=1, clean_up=CleanUp(split_neck_px=1))
    assert (len(whole), len(cut)) == (1, 3)
    assert cut["pixels"].sum() == mask.sum() == whole["pixels"].sum()
    assert cut["area_m2"].sum() == pytest.approx(whole["area_m2"].sum(), abs=0.05)
    assert (cut["score_mean"] == 2).all() and (cut["score_max"] == 2).all()
    assert cut["pixels"].min() >= 144 and cut.equals(
        patches.extract(score, UTM, threshold=1, clean_up=CleanUp(split_neck_px=1))
    )
    plain = patches.extract(score, UTM, threshold=1, clean_up=CleanUp(split_neck_px=1, smooth=False))
    assert np.triu(plain.geometry.to_numpy()[:, None] == plain.geometry.to_numpy(), 1).sum() == 0
    assert plain.union_all().area == pytest.approx(100 * mask.sum())
    assert (plain.geom_type == "Polygon").all()


def test_a_neck_is_cut_only_where_it_is_narrow_and_both_sides_are_large_enough() -> None:
    mask = squares((5, 5, 12), (5, 30, 12))
    mask[8:12, 17:30] = True  # four pixels wide
    assert len(patches.extract(mask, UTM, clean_up=CleanUp(split_neck_px=1))) == 1
    assert len(patches.extract(mask, UTM, clean_up=CleanUp(split_neck_px=2))) == 2
    assert len(patches.extract(mask, UTM, clean_up=CleanUp(split_neck_px=2, min_px=300))) == 1
    small = squares((5, 5, 12), (8, 19, 5))
    small[10, 17:19] = True
    assert len(patches.extract(small, UTM, clean_up=CleanUp(split_neck_px=1))) == 2
    assert len(patches.extract(small, UTM, clean_up=CleanUp(split_neck_px=1, min_px=40))) == 1
    corner = squares((5, 5, 6), (11, 11, 6))
    assert len(patches.extract(corner, UTM, clean_up=CleanUp(split_neck_px=1))) == 2
    with pytest.raises(ParameterError, match="merge_gap_m"):
        CleanUp(split_neck_px=1, merge_gap_m=10)


def test_cuts_do_not_depend_on_how_the_scene_was_read() -> None:
    mask = ndimage.gaussian_filter(np.random.default_rng(8).standard_normal((60, 60)), 2) > 0.02
    whole = runs.join([runs.encode(mask, mask.astype(np.float32))])
    parts = [
        runs.encode(
            mask[r : r + 20, c : c + 20].copy(), mask[r : r + 20, c : c + 20].astype(np.float32), r, c
        )
        for r in range(0, 60, 20)
        for c in range(0, 60, 20)
    ]
    frames = [
        patches.from_runs(
            part, Grid("EPSG:32648", UTM.transform, (60, 60)), 1.0, CleanUp(split_neck_px=1), Batch()
        )
        for part in (whole, runs.join(parts))
    ]
    assert frames[0].equals(frames[1]) and frames[0]["pixels"].sum() == mask.sum()
    assert len(frames[0]) > len(runs.components(whole).pixels)


@pytest.mark.parametrize("connectivity", [4, 8])
@pytest.mark.parametrize("seed", range(6))
def test_leaving_out_in_blocks_what_the_sieve_drops_changes_no_patch(seed: int, connectivity: int) -> None:
    rng = np.random.default_rng(seed)
    score = ndimage.gaussian_filter(rng.normal(size=UTM.shape), 0.9).astype(np.float32)
    rules, strong = CleanUp(connectivity=connectivity, min_px=9, fill_px=4), 0.7
    whole, lean = [], []
    for block in UTM.blocks(16):
        part = score[block.row : block.row + block.height, block.col : block.col + block.width]
        found = runs.encode(part >= 0.25, part, block.row, block.col)
        whole.append(found)
        lean.append(patches.still_open(found, block, strong, rules))
    expected = patches.from_runs(runs.join(whole), UTM, strong, rules, Batch())
    assert_geodataframe_equal(patches.from_runs(runs.join(lean), UTM, strong, rules, Batch()), expected)
    assert len(expected) > 3
    assert sum(map(len, lean)) < sum(map(len, whole))


def test_a_block_keeps_what_may_go_on_and_nothing_else_that_is_too_small() -> None:
    block = Block(20, 40, 10, 10)
    mask = np.zeros((10, 10), bool)
    for row, col in ((0, 5), (9, 2), (5, 0), (4, 9), (3, 3)):  # at each edge a speck, and one inside
        mask[row, col] = True
    mask[6:9, 6:9] = True  # large enough
    kept = patches.still_open(
        runs.encode(mask, np.ones((10, 10), np.float32), 20, 40), block, 1.0, CleanUp(min_px=9)
    )
    where = set(zip(kept.row.tolist(), kept.start.tolist(), strict=True))
    assert where == {(20, 45), (29, 42), (25, 40), (24, 49), (26, 46), (27, 46), (28, 46)}
    weak = patches.still_open(kept, block, 2.0, CleanUp(min_px=1))
    assert len(weak) == 4  # at an edge what is weak may turn out strong beyond
