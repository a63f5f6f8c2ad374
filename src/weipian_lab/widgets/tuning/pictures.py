"""What moves with the slider: patches as one small picture over the map, a line over curves drawn once."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
from affine import Affine
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray
from PIL import Image
from pyproj import Transformer

from weipian_lab.grid import Grid
from weipian_lab.maps.layers import DEGREES
from weipian_lab.plots.base import PALETTE, VERDICT_COLOURS, setup
from weipian_lab.rasters import burn_numbers
from weipian_lab.text import t
from weipian_lab.widgets.tuning.state import TuningState

__all__ = ["COLOURS", "Curves", "PatchPicture", "data_url"]

_MERCATOR = "EPSG:3857"
_SIDE_PX = 1100
COLOURS = {
    "nothing": None,
    "true": PALETTE["vermilion"],
    "false": PALETTE["sky"],
    "left": "#FFFFFF",
    "missed": PALETTE["yellow"],
    "sent": PALETTE["orange"],
    **VERDICT_COLOURS,
}
"""What a pixel of the picture can be; a verdict colours the rim of its patch."""

_PLACE = {name: number for number, name in enumerate(COLOURS)}
_FILL, _RIM = 0.65, len(COLOURS)  # opacity within; rims are the same colours again, opaque


def data_url(png: bytes) -> str:
    """Return a PNG as an address that holds it."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


class PatchPicture:
    """The candidates and the missed true changes on the map's own grid, coloured by a table of colours.

    Each pixel knows its patch, so a threshold only changes the table: no polygon is drawn twice.
    """

    def __init__(self, state: TuningState, grid: Grid) -> None:
        self.state = state
        west, south, east, north = Transformer.from_crs(grid.crs, _MERCATOR, always_xy=True).transform_bounds(
            *grid.bounds, densify_pts=21
        )
        size = np.array([north - south, east - west])
        rows, cols = (int(n) for n in np.maximum(1, np.round(size / size.max() * _SIDE_PX)))
        step = Affine((east - west) / cols, 0, west, 0, (south - north) / rows, north)
        self._sheet = Grid(_MERCATOR, step, (rows, cols))
        self._patches, self._parcels = self._places(state.candidates), self._places(state.reference)
        back = Transformer.from_crs(_MERCATOR, DEGREES, always_xy=True)
        (left, right), (bottom, top) = back.transform([west, east], [south, north])
        self.bounds = ((bottom, left), (top, right))
        self._palette, self._alpha = _palette()

    def _places(self, layer: gpd.GeoDataFrame) -> _Places:
        return _Places(burn_numbers(layer.geometry.to_crs(self._sheet.crs), self._sheet))

    def classes(
        self, threshold: float, verdicts: Mapping[str, str], *, blind: bool
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """Return what each candidate is (within, at its rim), as places in :data:`COLOURS`."""
        state = self.state
        told = np.where(state.hits, _PLACE["true"], _PLACE["false"])
        within = np.where(state.sent(threshold), _PLACE["sent"] if blind else told, _PLACE["left"]).astype(
            np.uint8
        )
        rim = within.copy()
        for number, patch in enumerate(state.ids):
            if patch in verdicts:
                rim[number] = _PLACE[verdicts[patch]]
        return within, rim

    def png(
        self, threshold: float, verdicts: Mapping[str, str] | None = None, *, blind: bool = False
    ) -> bytes:
        """Return the picture at a threshold, with transparent ground."""
        within, rim = self.classes(threshold, verdicts or {}, blind=blind)
        within[within == _PLACE["left"]] = 0  # what is not sent out is a rim alone
        lost = np.where(self.state.found(threshold) | blind, 0, _PLACE["missed"]).astype(np.uint8)
        pixels = np.zeros(self._sheet.shape, np.uint8)
        flat = pixels.reshape(-1)
        self._parcels.colour(flat, lost, np.where(lost > 0, lost + _RIM, 0))
        self._patches.colour(flat, within, rim + _RIM)
        picture = Image.fromarray(pixels)
        picture.putpalette(self._palette)
        stream = io.BytesIO()
        picture.save(stream, "png", transparency=self._alpha, compress_level=1)
        return stream.getvalue()


class _Places:
    """Which pixels of the picture belong to which polygon, within and at its rim."""

    def __init__(self, number: NDArray[np.int32]) -> None:
        rim = np.zeros(number.shape, bool)
        for axis in (0, 1):
            for step in (1, -1):
                rim |= np.roll(number, step, axis) != number
        flat, at_rim = number.reshape(-1), rim.reshape(-1)
        self._inside = np.flatnonzero((flat >= 0) & ~at_rim)
        self._rim = np.flatnonzero((flat >= 0) & at_rim)
        self._inside_of, self._rim_of = flat[self._inside], flat[self._rim]

    def colour(self, flat: NDArray[np.uint8], within: NDArray[Any], rim: NDArray[Any]) -> None:
        """Colour the pixels by the colour of each polygon; 0 leaves what lies beneath."""
        for places, owner, colour in (
            (self._inside, self._inside_of, within),
            (self._rim, self._rim_of, rim),
        ):
            if len(places):
                new = colour[owner]
                flat[places] = np.where(new > 0, new, flat[places])


def _palette() -> tuple[list[int], bytes]:
    colours = [(0.0, 0.0, 0.0) if value is None else to_rgb(value) for value in COLOURS.values()]
    palette = [round(part * 255) for colour in [*colours, *colours] for part in colour]
    within = [0 if value is None else round(_FILL * 255) for value in COLOURS.values()]
    rims = [0 if value is None else 255 for value in COLOURS.values()]
    return palette, bytes([*within, *rims])


class Curves:
    """Recall and precision, missed area and cost over the threshold, drawn once; a line moves over them.

    The line is an element of the page, so that a move sends its place and no picture.
    """

    def __init__(self, state: TuningState) -> None:
        setup()
        self.figure = Figure(figsize=(5.3, 3.7), dpi=96, layout="constrained")
        canvas: Any = FigureCanvasAgg(self.figure)  # matplotlib types its canvas in part
        upper, lower = self.figure.subplots(2, 1, sharex=True)
        other = lower.twinx()
        curve = state.curve
        styles = (
            (upper, "recall", "blue", "-"),
            (upper, "precision", "vermilion", "--"),
            (lower, "cost", "green", "-"),
            (other, "missed_mu", "purple", "-."),
        )
        for axis, name, colour, style in styles:
            axis.plot(
                curve["threshold"], curve[name], style, color=PALETTE[colour], label=t(f"tuning.{name}")
            )
        upper.set_ylim(0, 1.02)
        upper.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
        lower.set_ylabel(t("tuning.cost"))
        other.set_ylabel(t("tuning.missed_mu"))
        other.spines["right"].set_visible(True)
        lower.set_xlabel(t("widgets_tuning.threshold"))
        upper.legend(loc="upper center", ncols=2, frameon=False)
        handles = [*lower.get_legend_handles_labels()[0], *other.get_legend_handles_labels()[0]]
        lower.legend(handles=handles, loc="upper center", ncols=2, frameon=False)
        for axis in (lower, other):
            bottom, top = axis.get_ylim()
            axis.set_ylim(bottom, top + 0.25 * (top - bottom))  # room for the legend
        upper.axvline(state.cheapest, color=PALETTE["grey"], linestyle=":")
        lower.axvline(state.cheapest, color=PALETTE["grey"], linestyle=":")
        canvas.draw()
        self._across = lower.transData + self.figure.transFigure.inverted()
        self._height = upper.get_position().y1, lower.get_position().y0
        self._picture = np.asarray(canvas.buffer_rgba())

    def png(self) -> bytes:
        """Return the curves."""
        stream = io.BytesIO()
        Image.fromarray(self._picture).convert("RGB").save(stream, "png")
        return stream.getvalue()

    def line(self, threshold: float) -> str:
        """Return the line at a threshold as HTML, placed by shares of the picture's width and height."""
        across = 100 * float(self._across.transform((threshold, 0))[0])
        top, bottom = 100 * (1 - self._height[0]), 100 * self._height[1]
        return f'<i style="left:{across:.3f}%;top:{top:.2f}%;bottom:{bottom:.2f}%"></i>'
