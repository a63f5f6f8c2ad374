"""Maps show the project's own images and polygons, take nothing from the network, and keep texts texts."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from affine import Affine
from ipyleaflet import GeoJSON, ImageOverlay, LocalTileLayer, Map, TileLayer, WidgetControl
from ipywidgets import FloatSlider
from matplotlib import pyplot as plt
from pyproj import CRS, Transformer
from shapely import box

from weipian_lab import maps, text
from weipian_lab.grid import Grid

GRID = Grid(CRS.from_epsg(32648), Affine(10, 0, 600_000, 0, -10, 4_250_000), (200, 300))
HOSTILE = ["<script>alert(1)</script>", 'a,"b"', "=cmd|' /C calc'!A0", "甲&乙"]


def picture(red: float = 0.5) -> np.ndarray:
    return np.full((*GRID.shape, 3), (red, 0.25, 0.75))


def patches(texts: list[str] = HOSTILE) -> gpd.GeoDataFrame:
    shapes = [box(600_100 + 300 * i, 4_249_000, 600_300 + 300 * i, 4_249_200) for i in range(len(texts))]
    return gpd.GeoDataFrame({"patch_id": texts, "area_mu": 60.0}, geometry=shapes, crs=32648)


def pieces() -> gpd.GeoDataFrame:
    own = patches()[["geometry"]].assign(
        layer=["DLTB", "YJJBNTTB", "YDSP", "DLTB"],
        feature=HOSTILE,
        DLBM=["0102", None, None, "0702"],
        area_m2=1.5,
    )
    return gpd.GeoDataFrame(own, geometry="geometry", crs=32648)


def of(view: Any, kind: type) -> list[Any]:
    return [layer for layer in view.layers if isinstance(layer, kind)]


def pixels(overlay: Any) -> np.ndarray:
    assert overlay.url.startswith("data:image/png;base64,")
    return plt.imread(io.BytesIO(base64.b64decode(overlay.url.split(",", 1)[1])))


def test_no_layer_comes_from_the_network() -> None:
    view = maps.patches_map(patches(), pieces(), pictures=[(picture(), GRID)])
    assert isinstance(view, Map)
    assert not of(view, TileLayer)
    assert not of(view, LocalTileLayer)
    assert all(layer.url.startswith("data:") for layer in of(view, ImageOverlay))
    assert "http" not in json.dumps([layer.data for layer in of(view, GeoJSON)])


def test_the_map_opens_on_the_patches() -> None:
    view = maps.patches_map(patches())
    there = Transformer.from_crs(32648, 4326, always_xy=True).transform(600_650, 4_249_100)
    assert view.center == pytest.approx((there[1], there[0]), abs=1e-4)


def test_texts_are_escaped_in_what_a_click_shows() -> None:
    layer = maps.vector_layer(patches(), "<b>name</b>", "#000000")
    texts = [feature["properties"]["text"] for feature in layer.data["features"]]
    assert "<script>" not in "".join(texts)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in texts[0]
    assert "甲&amp;乙" in texts[3]
    assert layer.name == "&lt;b&gt;name&lt;/b&gt;"
    assert all(set(feature["properties"]) <= {"text", "style"} for feature in layer.data["features"])


def test_a_click_shows_the_polygons_text() -> None:
    view = maps.patches_map(patches(), pieces())
    told = next(c.widget for c in view.controls if isinstance(c, WidgetControl))
    layer = of(view, GeoJSON)[-1]
    feature = layer.data["features"][0]
    layer._click_callbacks(event="click", feature=feature, properties=feature["properties"], id="")
    assert "&lt;script&gt;" in told.value


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_layers_have_names_in_both_languages(lang: text.Lang) -> None:
    with text.language(lang):
        view = maps.patches_map(patches(), pieces())
        names = [layer.name for layer in of(view, GeoJSON)]
    assert len(names) == 4
    words = {"zh": ["永久基本农田", "图斑"], "en": ["permanent basic farmland", "patches"]}[lang]
    assert all(any(word in name for name in names) for word in words)


def test_layers_beneath_begin_switched_off_and_the_patches_on() -> None:
    view = maps.patches_map(patches(), pieces())
    assert [layer.visible for layer in of(view, GeoJSON)] == [False, False, False, True]


def test_the_picture_lies_where_it_belongs() -> None:
    """A white square in the picture is found at its own place in degrees, within a pixel."""
    shown = np.zeros((*GRID.shape, 3))
    shown[150:160, 40:50] = 1.0  # centre at 600_450 E, 4_248_450 N
    overlay = maps.image_layer(shown, GRID, "x")
    found = pixels(overlay)
    rows, cols = np.nonzero(found[..., 0] > 0.5)
    (south, west), (north, east) = overlay.bounds
    mercator = Transformer.from_crs(4326, 3857, always_xy=True)
    (x0, x1), (y0, y1) = mercator.transform([west, east], [south, north])
    x = x0 + (cols.mean() + 0.5) * (x1 - x0) / found.shape[1]
    y = y1 - (rows.mean() + 0.5) * (y1 - y0) / found.shape[0]
    there = Transformer.from_crs(32648, 3857, always_xy=True).transform(600_450, 4_248_450)
    assert np.hypot(x - there[0], y - there[1]) < 13  # 10 m on the ground are 12.8 m in Mercator here


def test_beyond_its_grid_the_picture_is_transparent() -> None:
    found = pixels(maps.image_layer(picture(), GRID, "x"))
    assert set(np.unique(found[..., 3])) == {0.0, 1.0}  # convergence leaves wedges at the edges
    assert found[..., 3].mean() > 0.9
    inside = found[found[..., 3] == 1]
    assert np.allclose(inside[:, :3], (0.5, 0.25, 0.75), atol=1 / 255)


def test_large_pictures_are_sent_smaller() -> None:
    grid = Grid(GRID.crs, GRID.transform, (3000, 2000))
    found = pixels(maps.image_layer(np.zeros((3000, 2000, 3)), grid, "x"))
    assert max(found.shape[:2]) <= 1200


def test_the_slider_lets_the_later_image_through(monkeypatch: pytest.MonkeyPatch) -> None:
    linked: list[Any] = []
    monkeypatch.setattr("ipywidgets.jslink", lambda *ends: linked.append(ends))
    shown = maps.swipe(picture(0.1), picture(0.9), GRID, patches(), dates=("2023-07-18", "2024-07-17"))
    bar, view = shown.children
    first, second = of(view, ImageOverlay)
    assert pixels(first)[100, 150, 0] == pytest.approx(0.1, abs=0.01)
    assert pixels(second)[100, 150, 0] == pytest.approx(0.9, abs=0.01)
    slider = next(child for child in bar.children if isinstance(child, FloatSlider))
    assert (slider.min, slider.max) == (0.0, 1.0)
    assert "2023-07-18" in bar.children[0].value
    assert "2024-07-17" in bar.children[-1].value
    assert linked == [((slider, "value"), (second, "opacity"))]  # in the browser, without the kernel


def test_two_pictures_get_a_slider_and_none_a_plain_map() -> None:
    assert isinstance(maps.patches_map(patches()), Map)
    assert isinstance(maps.patches_map(patches(), pictures=[(picture(), GRID)]), Map)
    both = maps.patches_map(patches(), pictures=[(picture(), GRID), (picture(), GRID)])
    assert isinstance(both.children[-1], Map)


def test_a_map_without_patches_opens_on_the_image() -> None:
    view = maps.swipe(picture(), picture(), GRID).children[-1]
    there = Transformer.from_crs(32648, 4326, always_xy=True).transform(601_500, 4_249_000)
    assert view.center == pytest.approx((there[1], there[0]), abs=1e-3)


def spans(bounds: tuple[float, ...], zoom: float) -> tuple[float, float]:
    """Return how many pixels of the screen bounds in degrees take, by the metres of a Mercator pixel."""
    there = Transformer.from_crs(4326, 3857, always_xy=True)
    west, south, east, north = there.transform_bounds(*bounds)
    metres = 2 * np.pi * 6_378_137 / 256 / 2**zoom
    return (east - west) / metres, (north - south) / metres


@pytest.mark.parametrize("side", [20, 200, 10_980, 21_960], ids=lambda side: f"{side} px")
def test_a_map_opens_at_the_zoom_that_fits_the_image(side: int) -> None:
    grid = Grid(GRID.crs, GRID.transform, (side, side))
    small = np.zeros((20, 20, 3))
    shown = maps.swipe(small, small, Grid(GRID.crs, GRID.transform @ Affine.scale(side / 20), (20, 20)))
    view = shown.children[-1]
    west, south, east, north = grid.bounds
    there = Transformer.from_crs(GRID.crs, 4326, always_xy=True)
    bounds = there.transform_bounds(west, south, east, north)
    width, height = spans(bounds, view.zoom)
    assert width <= 645 and height <= 525  # the whole image
    closer = spans(bounds, view.zoom + view.zoom_snap)
    assert view.zoom == 18 or closer[0] > 635 or closer[1] > 515  # and as large as it can be


def test_a_map_opens_on_all_patches_and_not_too_near() -> None:
    spread = gpd.GeoDataFrame(
        {"patch_id": ["a", "b"]},
        geometry=[box(600_000, 4_150_000, 600_100, 4_150_100), box(700_000, 4_250_000, 700_100, 4_250_100)],
        crs=32648,
    )
    view = maps.patches_map(spread)
    width, height = spans(tuple(spread.to_crs(4326).total_bounds), view.zoom)
    assert max(width / 640, height / 520) <= 1
    assert maps.patches_map(patches()[:1]).zoom <= 18
    assert maps.swipe(picture(), picture(), GRID, zoom=11).children[-1].zoom == 11
    point = gpd.GeoDataFrame({"patch_id": ["a"]}, geometry=gpd.points_from_xy([600_000], [4e6]), crs=32648)
    assert maps.patches_map(point).zoom == 18


def test_the_whole_world_fits() -> None:
    assert maps.fitting_zoom((-180, -85.0511, 180, 85.0511), 256, 256) == 0
    assert maps.fitting_zoom((-180, -85.0511, 180, 85.0511), 1024, 512) == 1
    assert maps.fitting_zoom((0, -1, 90, 1), 256, 256) == 2  # a quarter of the equator, by hand


def test_of_very_many_patches_the_largest_are_drawn_and_this_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weipian_lab.maps.views._MOST_PATCHES", 2)
    shapes = [box(600_100, 4_249_000, 600_100 + side, 4_249_000 + side) for side in (10, 40, 20, 30)]
    many = gpd.GeoDataFrame({"patch_id": list("abcd")}, geometry=shapes, crs=32648)
    with text.language("en"):
        view = maps.patches_map(many)
    drawn = [feature["properties"]["text"] for feature in of(view, GeoJSON)[-1].data["features"]]
    assert [line[-1] for line in drawn] == ["b", "d"]
    told = next(c.widget for c in view.controls if isinstance(c, WidgetControl))
    assert "2 largest of 4" in told.value


def test_outlines_are_sent_to_the_decimetre() -> None:
    (feature, *_) = maps.vector_layer(patches(), "x", "#000000").data["features"]
    assert all(
        round(degree, 6) == degree for point in feature["geometry"]["coordinates"][0] for degree in point
    )
