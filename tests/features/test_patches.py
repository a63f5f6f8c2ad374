"""Evidence of patches by hand: spectra, outline, surroundings, later dates, land."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from affine import Affine

from weipian_lab.errors import GridError, ParameterError
from weipian_lab.features import LAND_GROUPS, Schema, patch_table, pixel_features
from weipian_lab.grid import Grid

GRID = Grid("EPSG:32648", Affine(10, 0, 500_000, 0, -10, 4_000_000), (60, 60))
BANDS = ("B02", "B03", "B04", "B08", "B11", "B12")


def pair() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    before = (0.3 + 0.02 * rng.standard_normal((6, 60, 60))).astype(np.float32)
    after = before.copy()
    after[2, 20:26, 30:40], after[3, 20:26, 30:40] = 0.4, 0.1  # red up, NIR down
    return before, after


def patches(*boxes: tuple[int, int, int, int]) -> gpd.GeoDataFrame:
    """Boxes of pixels: first row, first column, last row, last column."""
    shapes = [
        shapely.box(500_000 + 10 * c0, 4_000_000 - 10 * r1, 500_000 + 10 * c1, 4_000_000 - 10 * r0)
        for r0, c0, r1, c1 in boxes
    ]
    return gpd.GeoDataFrame(
        {"patch_id": [f"P{i}" for i in range(len(shapes))]}, geometry=shapes, crs=GRID.crs
    )


def test_spectral_evidence() -> None:
    before, after = pair()
    table = patch_table(patches((20, 30, 26, 40), (45, 5, 50, 10)), before, after, GRID, bands=BANDS)
    built, same = table.loc["P0"], table.loc["P1"]
    assert built["after_ndvi"] == pytest.approx((0.1 - 0.4) / 0.5, abs=1e-5)
    assert built["difference_ndvi"] == pytest.approx(-0.6, abs=0.03)
    assert built["difference_red"] > 3 > abs(same["difference_red"])
    assert built["texture_after_red"] == pytest.approx(0, abs=1e-5)
    assert abs(built["neighbours_red"]) < 0.2
    assert abs(same["difference_ndvi"]) < 1e-6


def test_outline() -> None:
    before, after = pair()
    table = patch_table(patches((20, 30, 26, 40)), before, after, GRID, bands=BANDS)
    row = table.loc["P0"]
    assert np.exp(row["shape_log_area"]) == pytest.approx(6_000)  # 60 m × 100 m
    assert row["shape_compactness"] == pytest.approx(4 * np.pi * 6_000 / 320**2)
    assert row["shape_elongation"] == pytest.approx(0.6)
    assert row["shape_solidity"] == pytest.approx(1)
    assert row["shape_log_pixels"] == pytest.approx(np.log(60))


def test_degrees_are_measured_on_the_ground() -> None:
    grid = Grid("EPSG:4326", Affine(1e-4, 0, 106, 0, -1e-4, 38), (60, 60))
    before, after = pair()
    box = shapely.box(106.003, 37.9974, 106.004, 37.998)
    shapes = gpd.GeoDataFrame({"patch_id": ["P0"]}, geometry=[box], crs=4326)
    row = patch_table(shapes, before, after, grid, bands=BANDS).loc["P0"]
    assert np.exp(row["shape_log_area"]) == pytest.approx(87.8 * 66.6, rel=0.01)


def test_later_dates_say_whether_it_stayed() -> None:
    before, after = pair()
    cloudy = np.full_like(after, np.nan)
    shape = patches((20, 30, 26, 40))
    kept = patch_table(shape, before, after, GRID, bands=BANDS, later=[after, cloudy]).loc["P0"]
    gone = patch_table(shape, before, after, GRID, bands=BANDS, later=[before, after]).loc["P0"]
    assert kept["later_persistence_mean"] == pytest.approx(1, abs=0.05)
    assert kept["later_seen_share"] == 0.5
    assert gone["later_persistence_least"] == pytest.approx(0, abs=0.05)


def test_score_and_land() -> None:
    before, after = pair()
    score = np.ones((60, 60))
    score[20:26, 30:40] = 9
    land = pd.DataFrame({"cultivated": [0.75]}, index=["P0"])
    row = patch_table(
        patches((20, 30, 26, 40)), before, after, GRID, bands=BANDS, score=score, land=land
    ).loc["P0"]
    assert row["score_max"] == pytest.approx(np.log(9), abs=1e-2)
    assert row["neighbours_score_contrast"] > 0.5
    assert [row[f"land_{group}"] for group in LAND_GROUPS] == [0.75, 0, 0, 0]


def test_schema_names_bands_unit_and_pixel() -> None:
    before, after = pair()
    table = patch_table(patches((1, 1, 4, 4)), before[:4], after[:4], GRID)
    schema = Schema.of(table)
    assert schema.roles == ("blue", "green", "red", "nir")
    assert schema.pixel_m == 10
    assert schema.names == tuple(table.columns)
    assert Schema.from_dict(schema.as_dict()) == schema


def test_small_invalid_and_outside_patches() -> None:
    before, after = pair()
    tiny = gpd.GeoDataFrame(
        {"patch_id": ["P0"]}, geometry=[shapely.Point(500_101, 3_999_899).buffer(1)], crs=GRID.crs
    )
    assert np.exp(
        patch_table(tiny, before, after, GRID, bands=BANDS)["shape_log_pixels"].iloc[0]
    ) == pytest.approx(1)
    valid = np.ones((60, 60), bool)
    valid[20:26, 30:40] = False
    row = patch_table(patches((20, 30, 26, 40), (0, 0, 3, 3)), before, after, GRID, bands=BANDS, valid=valid)
    assert np.isnan(row.loc["P0", "difference_red"])
    assert np.isfinite(row.loc["P0", "shape_log_area"])
    with pytest.raises(GridError):
        patch_table(patches((100, 100, 110, 110)), before, after, GRID, bands=BANDS)
    with pytest.raises(GridError):
        patch_table(patches((1, 1, 4, 4)), before[:, :30], after[:, :30], GRID, bands=BANDS)
    with pytest.raises(ParameterError):
        patch_table(patches((1, 1, 4, 4)), before[:2], after[:2], GRID)
    with pytest.raises(GridError):
        patch_table(patches((1, 1, 4, 4)), before, after, GRID, bands=BANDS, later=[after[:, :30]])


def test_pixel_features_are_finite_and_named() -> None:
    before, after = pair()
    before[0, 3, 3] = np.nan
    names, values, valid = pixel_features(before, after, bands=BANDS)
    assert len(names) == len(set(names)) == len(values)
    assert np.isfinite(values).all()
    assert not valid[3, 3]
    changed = values[names.index("construction_rank")]
    assert changed[22, 35] > 0.9
    with pytest.raises(ParameterError):
        pixel_features(before[:4], after[:4])
