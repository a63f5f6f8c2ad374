"""ipyleaflet maps without tiles: the project's own image laid under the vectors, nothing from the network."""

from __future__ import annotations

import base64
import html
import io
from typing import Any

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray

from weipian_lab.grid import Grid
from weipian_lab.plots.base import GROUP_COLOURS, PALETTE

__all__ = ["image_layer", "patches_map", "vector_layer"]

_DEGREES = "EPSG:4326"


def image_layer(picture: NDArray[np.float64], grid: Grid, name: str) -> Any:
    """Return a picture ``(row, col, 3)`` 0–1 as an image overlay, embedded as PNG.

    The picture is laid into the box of its corners: off by the convergence of meridians (a few pixels),
    good enough to look at, never to measure on.
    """
    from ipyleaflet import ImageOverlay
    from matplotlib import pyplot as plt
    from shapely import box

    stream = io.BytesIO()
    plt.imsave(stream, picture, format="png")
    west, south, east, north = gpd.GeoSeries([box(*grid.bounds)], crs=grid.crs).to_crs(_DEGREES).total_bounds
    url = "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()
    return ImageOverlay(url=url, bounds=((south, west), (north, east)), name=name)


def vector_layer(frame: gpd.GeoDataFrame, name: str, colour: str, *, fill: float = 0.0) -> Any:
    """Return polygons as a layer; attribute texts are escaped."""
    from ipyleaflet import GeoJSON

    shown = frame.to_crs(_DEGREES).copy()
    for column in shown.columns.drop("geometry"):
        shown[column] = [html.escape(str(v)) for v in shown[column]]
    style = {"color": colour, "fillColor": colour, "weight": 2, "fillOpacity": fill}
    return GeoJSON(data=shown.__geo_interface__, style=style, name=html.escape(name))


def patches_map(
    patches: gpd.GeoDataFrame,
    pieces: gpd.GeoDataFrame | None = None,
    *,
    picture: NDArray[np.float64] | None = None,
    grid: Grid | None = None,
) -> Any:
    """Return a map of patches on an image, with the pieces of each layer to switch on."""
    from ipyleaflet import LayersControl, Map

    west, south, east, north = patches.to_crs(_DEGREES).total_bounds
    view = Map(center=((south + north) / 2, (west + east) / 2), zoom=13, layers=(), scroll_wheel_zoom=True)
    if picture is not None and grid is not None:
        view.add(image_layer(picture, grid, "image"))
    for layer, own in pieces.groupby("layer") if pieces is not None else ():
        colour = GROUP_COLOURS["pbf"] if layer == "YJJBNTTB" else PALETTE["blue"]
        view.add(vector_layer(own[["feature", "DLBM", "geometry"]], str(layer), colour, fill=0.2))
    view.add(vector_layer(patches[["patch_id", "geometry"]], "patches", PALETTE["vermilion"]))
    view.add(LayersControl(position="topright"))
    return view
