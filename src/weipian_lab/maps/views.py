"""Whole maps: patches on images with the layers beneath, and a slider between before and after."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
from numpy.typing import ArrayLike

from weipian_lab.grid import Grid
from weipian_lab.maps.layers import DEGREES, image_layer, vector_layer
from weipian_lab.plots.base import GROUP_COLOURS, PALETTE
from weipian_lab.text import t

__all__ = ["fitting_zoom", "patches_map", "swipe"]

_LAYER_COLOURS = {
    "DLTB": PALETTE["yellow"],
    "YJJBNTTB": GROUP_COLOURS["pbf"],
    "STBHHX": GROUP_COLOURS["redline"],
    "CZKFBJ": PALETTE["sky"],
    "YDSP": PALETTE["blue"],
    "SSNYD": PALETTE["orange"],
    "LSYD": PALETTE["vermilion"],
    "NCDL": PALETTE["grey"],
}
_HEIGHT_PX = 520
_WIDTH_PX = 640  # a cell of Lab with its side bar open; a wider map shows more around
_ZOOM_STEP = 0.25
_WORLD_PX = 256  # at zoom 0
_FARTHEST, _NEAREST = 0.0, 18.0
_MOST_PATCHES = 3000  # more outlines make a browser slow


def swipe(
    before: ArrayLike,
    after: ArrayLike,
    grid: Grid | tuple[Grid, Grid],
    patches: gpd.GeoDataFrame | None = None,
    *,
    layers: Mapping[str, gpd.GeoDataFrame] | None = None,
    heads: Mapping[str, str] | None = None,
    dates: Sequence[str] = ("", ""),
    zoom: float | None = None,
) -> Any:
    """Return a map with a slider from the image before to the image after, patches on top, no tiles.

    The slider acts in the browser, without the kernel; the two images lie on each other, and moving it lets
    the later one come through.

    Parameters
    ----------
    before, after
        Pictures ``(row, col, 3)`` red, green, blue, 0–1.
    grid
        Grid of both pictures, or one for each.
    patches
        Polygons drawn on the images, in any CRS; a click shows their attributes.
    layers
        Further polygons by name, to be switched on; they begin switched off.
    heads
        Columns of the patches that a click shows, with their headings; None: `patch_id`.
    dates
        Dates of the images, shown at the ends of the slider.
    zoom
        Zoom at the start, 0 (world) to 18; None for that at which all patches (else the image) are seen.
    """
    from ipywidgets import FloatSlider, HBox, Label, Layout, VBox, jslink

    grids = grid if isinstance(grid, tuple) else (grid, grid)
    view = _view(patches, grids[1], zoom)
    view.add(image_layer(before, grids[0], t("maps.before")))
    upper = image_layer(after, grids[1], t("maps.after"), opacity=1.0)
    view.add(upper)
    _add_layers(view, layers or {})
    _add_patches(view, patches, heads)
    slider = FloatSlider(value=1.0, min=0.0, max=1.0, step=0.01, readout=False, layout=Layout(flex="1"))
    jslink((slider, "value"), (upper, "opacity"))
    ends = [
        Label(f"{t(f'maps.{end}')} {date}".strip())
        for end, date in zip(("before", "after"), dates, strict=True)
    ]
    return VBox([HBox([ends[0], slider, ends[1]]), view])


def patches_map(
    patches: gpd.GeoDataFrame,
    pieces: gpd.GeoDataFrame | None = None,
    *,
    pictures: Sequence[tuple[ArrayLike, Grid]] = (),
    heads: Mapping[str, str] | None = None,
    dates: Sequence[str] = ("", ""),
) -> Any:
    """Return a map of patches with the pieces of the management layers under them, to switch on.

    Parameters
    ----------
    patches
        Polygons in any CRS with the column `patch_id`.
    pieces
        Pieces of a ledger: ``layer, feature, DLBM, area_m2``.
    pictures
        None, one picture with its grid, or two (before, after), which get a slider.
    heads
        Columns of the patches that a click shows, with their headings; None: `patch_id`.
    dates
        Dates of the two pictures.
    """
    layers = _by_layer(pieces)
    if len(pictures) >= 2:
        (before, first), (after, second) = pictures[:2]
        return swipe(before, after, (first, second), patches, layers=layers, heads=heads, dates=dates)
    view = _view(patches, pictures[0][1] if pictures else None)
    for picture, grid in pictures:
        view.add(image_layer(picture, grid, t("maps.image")))
    _add_layers(view, layers)
    _add_patches(view, patches, heads)
    return view


def _by_layer(pieces: gpd.GeoDataFrame | None) -> dict[str, gpd.GeoDataFrame]:
    if pieces is None:
        return {}
    return {str(name): own for name, own in pieces.groupby("layer", sort=True)}


def fitting_zoom(bounds: Sequence[float], width_px: int = _WIDTH_PX, height_px: int = _HEIGHT_PX) -> float:
    """Return the zoom, in quarters, at which bounds fill a map of a size on the screen; 0 to 18.

    Parameters
    ----------
    bounds
        West, south, east, north in degrees.
    width_px, height_px
        Size of the map on the screen.
    """
    west, south, east, north = bounds
    wide = (east - west) / 360
    high = (_northing(north) - _northing(south)) / (2 * math.pi)
    # shares of the world, which is a square on a Mercator map
    times = min(width_px / max(wide, 1e-12), height_px / max(high, 1e-12)) / _WORLD_PX
    zoom = math.floor(math.log2(times) / _ZOOM_STEP) * _ZOOM_STEP
    return min(max(zoom, _FARTHEST), _NEAREST)


def _northing(latitude: float) -> float:
    """Return the distance from the equator on a Mercator map of radius 1."""
    return math.asinh(math.tan(math.radians(latitude)))


def _bounds(patches: gpd.GeoDataFrame | None, grid: Grid | None) -> tuple[float, ...]:
    """Return west, south, east and north, in degrees, of the patches, else of the image, else of Ningxia."""
    from shapely import box

    if patches is not None and len(patches):
        return tuple(patches.to_crs(DEGREES).total_bounds)
    if grid is not None:
        return tuple(gpd.GeoSeries([box(*grid.bounds)], crs=grid.crs).to_crs(DEGREES).total_bounds)
    return 104.0, 35.0, 108.0, 39.5


def _view(patches: gpd.GeoDataFrame | None, grid: Grid | None, zoom: float | None = None) -> Any:
    """Return an empty map over the patches (else the image), without a base map."""
    from ipyleaflet import Map, ScaleControl

    west, south, east, north = bounds = _bounds(patches, grid)
    view = Map(
        center=((south + north) / 2, (west + east) / 2),
        zoom=fitting_zoom(bounds) if zoom is None else zoom,
        zoom_snap=_ZOOM_STEP,
        layers=(),
        scroll_wheel_zoom=True,
    )
    view.layout.height = f"{_HEIGHT_PX}px"
    view.add(ScaleControl(position="bottomleft", imperial=False))
    return view


def _add_layers(view: Any, layers: Mapping[str, gpd.GeoDataFrame]) -> None:
    heads = {"feature": t("overlay.head_feature"), "DLBM": t("overlay.head_code"), "area_m2": "m²"}
    for name, own in layers.items():
        held = {column: head for column, head in heads.items() if column in own.columns}
        shown = t(f"maps.layer_{name}") if name in _LAYER_COLOURS else name
        layer = vector_layer(own, shown, _LAYER_COLOURS.get(name, PALETTE["blue"]), fill=0.25, heads=held)
        layer.visible = False
        view.add(layer)


def _add_patches(view: Any, patches: gpd.GeoDataFrame | None, heads: Mapping[str, str] | None) -> None:
    from ipyleaflet import LayersControl, WidgetControl
    from ipywidgets import HTML

    told = HTML(t("maps.click"))
    if patches is not None:
        shown = heads if heads is not None else {"patch_id": t("overlay.head_patch")}
        if len(patches) > _MOST_PATCHES:
            told.value = t("maps.largest", shown=f"{_MOST_PATCHES:,}", count=f"{len(patches):,}")
            largest = np.argsort(-patches.area.to_numpy(), kind="stable")[:_MOST_PATCHES]
            patches = patches.iloc[np.sort(largest)]
        layer = vector_layer(patches, t("maps.patches"), PALETTE["vermilion"], fill=0.05, heads=shown)
        view.add(layer)
    for layer in view.layers:
        if hasattr(layer, "on_click"):
            # the text was escaped when the layer was made
            layer.on_click(lambda properties, **_: setattr(told, "value", properties["text"]))
    view.add(LayersControl(position="topright"))
    view.add(WidgetControl(widget=told, position="bottomright"))
