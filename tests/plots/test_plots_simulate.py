"""Pictures of a simulated county."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from affine import Affine
from matplotlib import pyplot as plt

from weipian_lab.errors import InputError
from weipian_lab.grid import Grid
from weipian_lab.plots import base
from weipian_lab.plots import simulate as plots
from weipian_lab.plots.county_album import write_album
from weipian_lab.run import bundled

GRID = Grid("EPSG:32648", Affine(10, 0, 604_000, 0, -10, 4_256_000), (60, 60))
IMAGES = {
    day: np.full((6, 60, 60), value, np.float32) for day, value in (("20230718", 0.1), ("20240717", 0.3))
}


def _truth() -> gpd.GeoDataFrame:
    box = shapely.box(604_200, 4_255_600, 604_300, 4_255_700)
    rows = {
        "kind": ["house", "crop_rotation"], "is_true": [True, False], "corrected": ["", ""],
        "date_start": ["20240101", "20230718"], "date_end": ["20240401", "20240717"],
    }  # fmt: skip
    return gpd.GeoDataFrame(rows, geometry=[box, box], crs=GRID.crs)


def test_colour_is_clipped_and_in_order() -> None:
    data = np.zeros((3, 1, 2), np.float32)
    data[2, 0] = (0.3, 9.0)
    picture = plots.colour(data)
    assert picture.shape == (1, 2, 3)
    assert picture[0, 0].tolist() == [1.0, 0.0, 0.0]
    assert picture.max() == 1.0


def test_sheet_and_plates_show_each_date_and_kind() -> None:
    base.setup()
    assert date(2023, 7, 18).strftime("%Y%m%d") in [ax.get_title() for ax in plots.year_sheet(IMAGES).axes]
    for is_true, kind in ((True, "农村住宅"), (False, "作物轮作")):
        figure = plots.plate(_truth(), IMAGES, GRID, is_true=is_true)
        assert any(kind in ax.get_title(loc="left") for ax in figure.axes)


def test_a_clear_example_is_preferred_and_a_spoilt_date_avoided() -> None:
    base.setup()
    truth = _truth()
    small = shapely.box(604_400, 4_255_800, 604_450, 4_255_850)
    truth = gpd.GeoDataFrame(
        [*truth.to_dict("records"), truth.iloc[1].to_dict() | {"geometry": small}], crs=GRID.crs
    )
    cloudy = np.ones(GRID.shape, bool)
    cloudy[25:45, 15:35] = False  # over the first two shapes
    clear = {"20230718": np.ones(GRID.shape, bool), "20240717": cloudy}
    half_px = {}
    for name, given in (("any", None), ("clear", clear)):
        chip = plots.plate(truth, IMAGES, GRID, is_true=False, clear=given, margin_px=2).axes[0]
        half_px[name] = abs(np.diff(chip.get_xlim())[0])
    assert half_px["clear"] < half_px["any"]
    spoilt = {**IMAGES, "20241114": IMAGES["20240717"]}
    titles = {
        avoid: [
            ax.get_title(loc="left")
            for ax in plots.plate(truth, spoilt, GRID, is_true=True, avoid=avoid).axes
        ]
        for avoid in ((), ("20241114",))
    }
    assert any("20241114" in title for title in titles[()])
    assert not any("20241114" in title for title in titles[("20241114",)])


def test_layers_have_a_legend() -> None:
    base.setup()
    ax = plots.layers(IMAGES["20230718"], GRID, {"XZQ": _truth()})
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["县界"]
    assert "EPSG:32648" in ax.get_xlabel()
    assert "模拟数据" in ax.get_xlabel()


def test_the_album_shows_the_bundled_county(tmp_path: Path) -> None:
    written = write_album(bundled(), tmp_path)
    assert [p.name for p in written] == ["year.png", "layers.png", "true_changes.png", "pseudo_changes.png"]
    for path in written:
        picture = plt.imread(path)
        assert picture.shape[1] in (1400, 1600)
        assert len(np.unique(picture[..., 0])) > 100  # a picture, not an empty page


def test_an_album_of_another_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="S2SIM_"):
        write_album(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
