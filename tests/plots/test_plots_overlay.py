"""Figures of the overlay: units, scale, colours and notes say what the data are; languages; hostile ids."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from affine import Affine
from matplotlib import colors
from matplotlib import pyplot as plt
from pyproj import CRS
from shapely import box

from weipian_lab import plots, text
from weipian_lab.grid import Grid
from weipian_lab.plots import overlay as figures
from weipian_lab.plots.base import GROUP_COLOURS

X, Y = 35_609_000.0, 4_258_000.0
GROUPS = ("cultivated", "other_agricultural", "unused", "construction", "uncovered")
WORDS = {
    "zh": {"mu": "亩", "cultivated": "耕地", "simulated": "模拟", "patch": "疑似图斑",
           "pbf": "永久基本农田", "m": "米"},
    "en": {"mu": "mu", "cultivated": "cultivated", "simulated": "SIMULATED", "patch": "suspected patch",
           "pbf": "permanent basic farmland", "m": "(m)"},
}  # fmt: skip


@pytest.fixture(autouse=True)
def _drawing() -> Iterator[None]:
    plots.setup()
    yield
    plt.close("all")


@pytest.fixture(params=["zh", "en"])
def words(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    with text.language(request.param):
        yield WORDS[request.param]


def land() -> gpd.GeoDataFrame:
    shapes = [box(X, Y, X + 2000, Y + 4000), box(X + 2000, Y, X + 4000, Y + 4000)]
    return gpd.GeoDataFrame({"group": ["cultivated", "construction"]}, geometry=shapes, crs=4523)


def patches(ids: list[str] | None = None) -> gpd.GeoDataFrame:
    ids = ids or ["P1", "P2"]
    shapes = [box(X + 500 + 900 * i, Y + 500, X + 600 + 900 * i, Y + 620) for i in range(len(ids))]
    return gpd.GeoDataFrame({"patch_id": ids}, geometry=shapes, crs=4523)


def table() -> pd.DataFrame:
    """Three patches of 6, 3 and 10 亩."""
    areas = np.array([[4.0, 1.0, 0.0, 1.0, 0.0], [0.0, 3.0, 0.0, 0.0, 0.0], [10.0, 0.0, 0.0, 0.0, 0.0]])
    frame = pd.DataFrame(areas, columns=[f"{g}_mu" for g in GROUPS], index=["a", "$b_1$", "c"])
    return frame.assign(total_mu=areas.sum(axis=1))


def texts(figure: Any) -> str:
    figure.canvas.draw()
    return "\n".join(label.get_text() for label in figure.findobj(plt.Text) if label.get_visible())


def page(**more: Any) -> Any:
    one = patches().iloc[[0]]
    pieces = gpd.GeoDataFrame(
        {"layer": ["DLTB", "YJJBNTTB", "YDSP"], "DLBM": ["0102", None, None]},
        geometry=[one.geometry.iloc[0]] * 3, crs=4523,
    )  # fmt: skip
    moved = one.to_crs(32648).total_bounds
    grid = Grid(CRS.from_epsg(32648), Affine(10, 0, moved[0] - 500, 0, -10, moved[3] + 500), (110, 110))
    pictures = [(np.zeros((110, 110, 3)), grid), (np.ones((110, 110, 3)), grid)]
    return figures.page(one, pieces, pictures, {"0102": "cultivated"}, source="x", simulated=True, **more)


def test_the_bars_are_the_areas_in_mu_largest_on_top(words: dict[str, str]) -> None:
    ax = figures.group_bars(table())
    assert words["mu"] in ax.get_xlabel()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["$b_1$", "a", "c"]
    ends = {round(bar.get_y() + bar.get_height() / 2): 0.0 for bar in ax.patches}
    for bar in ax.patches:
        place = round(bar.get_y() + bar.get_height() / 2)
        ends[place] = max(ends[place], bar.get_x() + bar.get_width())
    assert ends == {0: 3.0, 1: 6.0, 2: 10.0}
    assert words["cultivated"] in texts(ax.figure)


def test_the_largest_are_drawn_where_there_are_many() -> None:
    ax = figures.group_bars(table(), most=2)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "c"]


def test_bars_have_the_colour_of_their_group() -> None:
    ax = figures.group_bars(table())
    drawn = {colors.to_hex(bar.get_facecolor()).upper() for bar in ax.patches if bar.get_width() > 0}
    assert drawn == {GROUP_COLOURS[g].upper() for g in ("cultivated", "other_agricultural", "construction")}


def test_the_map_says_its_scale_its_crs_its_source_and_that_it_is_simulated(words: dict[str, str]) -> None:
    ax = figures.overview(land(), patches(), source="某县", simulated=True)
    said = texts(ax.figure)
    assert "EPSG:4523" in said
    assert "某县" in said
    assert words["simulated"] in said
    assert words["patch"] in said
    assert words["cultivated"] in said
    bar = next(p for p in ax.patches if p.get_facecolor()[:3] == (0.0, 0.0, 0.0))
    label = next(line for line in said.splitlines() if line.endswith((" km", " m")))
    number, unit = label.split()
    assert bar.get_width() == pytest.approx(float(number) * (1000 if unit == "km" else 1), rel=1e-6)


def test_a_map_of_given_data_is_not_called_simulated() -> None:
    said = texts(figures.overview(land(), patches(), source="某县", simulated=False).figure)
    assert not [word["simulated"] for word in WORDS.values() if word["simulated"] in said]


def test_every_patch_has_its_mark_on_the_map() -> None:
    ax = figures.overview(land(), patches(["a", "b", "c"]), source="x", simulated=True)
    points = ax.collections[-1].get_offsets()
    assert len(points) == 3


def test_a_page_shows_before_after_and_layers_around_the_patch(words: dict[str, str]) -> None:
    figure = page(land=land(), dates=("2023-07-18", "2024-07-17"))
    assert len(figure.axes) == 3
    said = texts(figure)
    for word in ("2023-07-18", "2024-07-17", "P1", "EPSG:32648", words["simulated"], words["pbf"]):
        assert word in said
    assert said.count(" m") >= 3  # a scale bar in each panel
    sides = [ax.get_xlim()[1] - ax.get_xlim()[0] for ax in figure.axes]
    assert sides == pytest.approx([sides[0]] * 3, rel=0.05)  # the same ground in each
    assert figure.axes[0].images[0].get_array().max() == 0
    assert figure.axes[1].images[0].get_array().max() > 0


def test_a_page_without_images_shows_the_layers() -> None:
    one = patches().iloc[[0]]
    pieces = gpd.GeoDataFrame({"layer": ["DLTB"], "DLBM": ["0102"]}, geometry=list(one.geometry), crs=4523)
    figure = figures.page(one, pieces, [], {"0102": "cultivated"}, source="x", simulated=False)
    assert len(figure.axes) == 1
    assert "EPSG:4523" in texts(figure)


def test_ids_that_look_like_formulas_are_drawn_as_they_are() -> None:
    odd = patches(["$\\frac{1}$<b>"])
    pieces = gpd.GeoDataFrame({"layer": ["DLTB"], "DLBM": ["0102"]}, geometry=list(odd.geometry), crs=4523)
    assert "$\\frac{1}$<b>" in texts(
        figures.page(odd, pieces, [], {"0102": "cultivated"}, source="x", simulated=False)
    )


def test_sensitivity_counts_patches_by_the_least_change(words: dict[str, str]) -> None:
    found = pd.DataFrame(
        {"class_changes_at_m": [np.nan, 5.0, np.nan], "reaches_changes_at_m": [1.0, 1.0, np.nan]}
    )
    ax = figures.sensitivity_bars(found)
    assert words["m"] in ax.get_xlabel()
    assert [label.get_text() for label in ax.get_xticklabels()] == ["1", "5"]
    heights = [[bar.get_height() for bar in group] for group in ax.containers]
    assert heights == [[0, 1], [2, 0]]


def test_nothing_to_show_is_drawn_too() -> None:
    none = pd.DataFrame({"class_changes_at_m": [np.nan], "reaches_changes_at_m": [np.nan]})
    assert figures.sensitivity_bars(none).containers[0].patches == []
