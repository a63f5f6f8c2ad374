"""Layers of a map: a picture embedded in the page, polygons whose texts are escaped."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj import Transformer

from weipian_lab.grid import Grid

__all__ = ["DEGREES", "image_layer", "popup_text", "vector_layer"]

DEGREES = "EPSG:4326"
_MERCATOR = "EPSG:3857"
_MOST_PX = 1200  # longer side of a picture sent to the browser
_DIGITS = 6  # of a degree: a tenth of a metre


def image_layer(picture: ArrayLike, grid: Grid, name: str, *, opacity: float = 1.0) -> Any:
    """Return a picture as an image overlay, embedded in the page.

    The picture is brought to the map's Web Mercator grid (nearest pixel), so that it lies under polygons
    where it belongs; beyond its own grid it is transparent.

    Parameters
    ----------
    picture
        ``(row, col, 3)`` red, green, blue, 0–1.
    grid
        Grid of the picture.
    name
        As shown in the control of layers.
    opacity
        0 (not seen) to 1.
    """
    from ipyleaflet import ImageOverlay
    from matplotlib import pyplot as plt

    pixels, box = _mercator(np.asarray(picture, dtype=np.float64), grid)
    stream = io.BytesIO()
    plt.imsave(stream, pixels, format="png", metadata={"Software": None})
    url = "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()
    back = Transformer.from_crs(_MERCATOR, DEGREES, always_xy=True)
    (west, east), (south, north) = back.transform([box[0], box[2]], [box[1], box[3]])
    bounds = ((south, west), (north, east))
    return ImageOverlay(url=url, bounds=bounds, opacity=opacity, name=html.escape(name))


def _mercator(picture: NDArray[np.float64], grid: Grid) -> tuple[NDArray[np.uint8], tuple[float, ...]]:
    """Return a picture on a north-up Web Mercator grid as ``(row, col, 4)`` uint8, and its box in metres."""
    west, south, east, north = grid.bounds
    there = Transformer.from_crs(grid.crs, _MERCATOR, always_xy=True)
    box = there.transform_bounds(west, south, east, north, densify_pts=21)
    rows, cols = grid.shape
    scale = min(1.0, _MOST_PX / max(rows, cols))
    height, width = max(1, round(rows * scale)), max(1, round(cols * scale))
    x = box[0] + (np.arange(width) + 0.5) * (box[2] - box[0]) / width
    y = box[3] - (np.arange(height) + 0.5) * (box[3] - box[1]) / height
    back = Transformer.from_crs(_MERCATOR, grid.crs, always_xy=True)
    across, down = np.meshgrid(x, y)
    here = back.transform(across.ravel(), down.ravel())
    col, row = ~grid.transform @ (np.asarray(here[0]), np.asarray(here[1]))
    col, row = np.floor(col).astype(int), np.floor(row).astype(int)
    inside = (row >= 0) & (row < rows) & (col >= 0) & (col < cols)
    pixels = np.zeros((height * width, 4), dtype=np.uint8)
    colours = np.nan_to_num(np.clip(picture[row[inside], col[inside], :3], 0, 1))
    pixels[inside, :3] = np.round(colours * 255)
    pixels[inside, 3] = 255
    return pixels.reshape(height, width, 4), box


def vector_layer(
    frame: gpd.GeoDataFrame,
    name: str,
    colour: str,
    *,
    fill: float = 0.0,
    heads: Mapping[str, str] | None = None,
) -> Any:
    """Return polygons as a layer; a click shows the attributes of a polygon, their texts escaped.

    Parameters
    ----------
    frame
        Polygons in any CRS.
    name
        As shown in the control of layers.
    colour
        Of the outline, and of the ground with the opacity `fill` (0–1).
    heads
        Columns that a click shows, with their headings; None shows every column under its own name.
    """
    from ipyleaflet import GeoJSON

    shown = frame.to_crs(DEGREES).copy()
    heads = dict(heads) if heads is not None else {str(c): str(c) for c in shown.columns.drop("geometry")}
    texts = [popup_text(row, heads) for row in shown[list(heads)].to_dict("records")]
    outlines = shapely.transform(shown.geometry.to_numpy(), lambda points: points.round(_DIGITS))
    plain = gpd.GeoDataFrame({"text": texts}, geometry=outlines, crs=DEGREES)
    style = {"color": colour, "fillColor": colour, "weight": 2, "fillOpacity": fill}
    hover = {"weight": 4, "fillOpacity": min(fill + 0.2, 1.0)}
    return GeoJSON(data=plain.__geo_interface__, style=style, hover_style=hover, name=html.escape(name))


def popup_text(row: Mapping[str, Any], heads: Mapping[str, str] | Sequence[str]) -> str:
    """Return the attributes of one polygon as lines of HTML; whatever they hold stays text."""
    names = heads if isinstance(heads, Mapping) else {head: head for head in heads}
    lines = [
        f"<b>{html.escape(str(head))}</b> {html.escape(_shown(row[column]))}"
        for column, head in names.items()
    ]
    return "<br>".join(lines)


def _shown(value: Any) -> str:
    if value is None or value != value:
        return "–"
    return f"{value:,.2f}" if isinstance(value, float) else str(value)
