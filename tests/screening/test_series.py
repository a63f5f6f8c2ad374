"""Further dates: a building stays different from the ground around it, a harvest does not."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from scipy import ndimage

from weipian_lab import screening, text

DAYS = ("2023-07-10", "2024-04-20", "2024-07-12", "2024-10-15", "2024-11-20")
# crops of the whole scene: green in July, bare in April, October and November (red, near infrared)
SEASON = {"2023-07-10": (600, 3600), "2024-07-12": (620, 3500), "2024-04-20": (1500, 2100)}
BARE = (1700, 2300)
ROOF = (2900, 3000)
PLACES = {"building": (20, 20), "harvest": (20, 80), "early": (80, 20), "cloud": (80, 80)}


def scene(day: str) -> np.ndarray:
    """Four bands, uint16: fields with noise, and what stands at the places on that day."""
    rng = np.random.default_rng(sum(map(ord, day)))
    red, nir = SEASON.get(day, BARE)
    fields = ndimage.gaussian_filter(np.random.default_rng(1).standard_normal((1, 120, 120)), (0, 2, 2))
    own = ndimage.gaussian_filter(rng.standard_normal((4, 120, 120)), (0, 2, 2))
    image = np.array([red * 0.8, red * 0.9, red, nir])[:, None, None] + 400 * fields + 100 * own
    levels = {"building": day >= "2024-07", "early": day >= "2024-04", "cloud": day >= "2024-07"}
    for name, (row, col) in PLACES.items():
        part = (slice(None), slice(row, row + 10), slice(col, col + 10))
        if levels.get(name):
            image[part] = np.array([ROOF[0]] * 3 + [ROOF[1]])[:, None, None] + rng.normal(0, 30, (4, 10, 10))
        elif name == "harvest" and day == "2024-07-12":
            image[part] = np.array([BARE[0]] * 3 + [BARE[1]])[:, None, None] + rng.normal(0, 30, (4, 10, 10))
    return image.clip(1).astype(np.uint16)


@pytest.fixture
def folder(write, tmp_path: Path) -> Path:
    for day in DAYS:
        image = scene(day)
        if day == "2024-11-20":  # nothing of one place is seen on the last day
            row, col = PLACES["cloud"]
            image[:, row : row + 10, col : col + 10] = 0
        path = write(f"{day}.tif", image, nodata=0)
        with rasterio.open(path, "r+") as opened:
            opened.update_tags(DATETIME=f"{day}T03:35:00Z")
    return tmp_path


@pytest.fixture
def frame() -> gpd.GeoDataFrame:
    boxes = [
        shapely.box(x, y - 100, x + 100, y)
        for x, y in ((600_000 + 10 * col, 4_260_000 - 10 * row) for row, col in PLACES.values())
    ]
    return gpd.GeoDataFrame({"patch_id": list(PLACES)}, geometry=boxes, crs="EPSG:32648")


def followed(folder: Path, frame: gpd.GeoDataFrame) -> screening.SeriesFound:
    first = folder / f"{DAYS[0]}.tif"
    dates, remarks = screening.open_series(first, screening.find_series(folder, [first]), scale=1e-4)
    assert remarks == []
    found = screening.follow(frame, dates, DAYS[0])
    screening.close_series(dates)
    return found


def test_what_stays_is_told_from_what_passes(folder, frame):
    found = followed(folder, frame)
    table = found.patches.set_index("patch_id")
    assert found.days == tuple(date.fromisoformat(day) for day in DAYS)
    assert table.loc["building", "state"] == "lasting"
    assert tuple(table.loc["building", ["since", "until"]]) == ("2024-04-20", "2024-07-12")
    assert tuple(table.loc["early", ["since", "until"]]) == ("2023-07-10", "2024-04-20")
    assert table.loc["harvest", "state"] == "back"
    assert table.loc["harvest", "differs"] == 1
    assert not table["differed_before"].any()


def test_a_date_under_cloud_does_not_count(folder, frame):
    found = followed(folder, frame)
    table = found.patches.set_index("patch_id")
    assert table.loc["cloud", "seen"] == 3
    assert np.isnan(found.differences[3, -1]) and np.isfinite(found.differences[3, :-1]).all()
    assert table.loc["cloud", "longest_gap_days"] > table.loc["building", "longest_gap_days"] - 1
    assert table.loc["building", "seen"] == 4


def test_the_usual_difference_is_that_of_ground_without_patches(folder, frame):
    found = followed(folder, frame)
    built = found.differences[0] / found.usual
    assert (built[[0, 1]] < 1).all() and (built[2:] > 2).all()


def test_images_that_do_not_fit_are_named_and_left_out(folder, frame, write):
    write("undated.tif", scene(DAYS[1]))
    (folder / "broken.tif").write_bytes(b"II*\x00 no image")
    first = folder / f"{DAYS[1]}.tif"
    with text.language("en"):
        dates, remarks = screening.open_series(first, screening.find_series(folder, [first]), scale=1e-4)
        said = "\n".join(remark.text() for remark in remarks)
    assert [one.day.isoformat() for one in dates] == list(DAYS[2:])
    for name in ("undated.tif", "broken.tif", f"{DAYS[0]}.tif"):
        assert name in said
    screening.close_series(dates)


def test_masks_and_named_images_are_no_dates(tmp_path):
    for name in ("a.tif", "b.tif", "b_SCL.tif", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in screening.find_series(tmp_path, [tmp_path / "a.tif"])] == ["b.tif"]


def test_without_patches_the_table_is_empty(folder, frame):
    first = folder / f"{DAYS[0]}.tif"
    dates, _ = screening.open_series(first, [folder / f"{DAYS[2]}.tif"], scale=1e-4)
    found = screening.follow(frame.iloc[:0], dates, DAYS[0])
    assert found.patches.empty and found.differences.shape == (0, 2)
    assert screening.series_counts(found).empty
    screening.close_series(dates)


def test_a_day_may_stand_in_the_file_name_and_the_first_day_in_a_parameter(write):
    first = write("first.tif", scene(DAYS[0]))
    later = [write(f"mosaic_{day.replace('-', '')}.tif", scene(day)) for day in DAYS[1:3]]
    dates, remarks = screening.open_series(first, later, first_day=DAYS[0], scale=1e-4)
    assert [one.day.isoformat() for one in dates] == list(DAYS[1:3]) and remarks == []
    screening.close_series(dates)
    dates, remarks = screening.open_series(first, later, scale=1e-4)
    assert dates == [] and len(remarks) == 2


def test_why_no_further_date_was_looked_at_is_said(frame):
    with text.language("en"):
        assert "No images of further dates are given" in screening.why_no_series("", ("", ""), frame)
        assert "(2024-07-01, –)" in screening.why_no_series("folder", ("2024-07-01", ""), frame)
        assert "no patch" in screening.why_no_series("folder", DAYS[:2], frame.iloc[:0])


def test_clouds_of_a_further_date_are_masked(folder, frame, write):
    row, col = PLACES["building"]
    classes = np.full((120, 120), 4, np.uint8)
    classes[row : row + 10, col : col + 10] = 9
    write(f"{DAYS[3]}_SCL.tif", classes)
    first = folder / f"{DAYS[0]}.tif"
    files = screening.find_series(folder, [first])
    dates, _ = screening.open_series(first, files, scale=1e-4, masks=("auto", "auto"))
    table = screening.follow(frame, dates, DAYS[0]).patches.set_index("patch_id")
    assert table.loc["building", "seen"] == 3 and table.loc["harvest", "seen"] == 4
    screening.close_series(dates)
