"""Both images: for the map, and side by side around the patch in hand."""

from __future__ import annotations

import io
from dataclasses import dataclass
from html import escape

import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from weipian_lab.grid import Grid
from weipian_lab.plots.base import PALETTE
from weipian_lab.plots.screening import rgb
from weipian_lab.rasters import ImagePair
from weipian_lab.text import t
from weipian_lab.tuning import days_of
from weipian_lab.widgets.tuning.pictures import data_url

__all__ = ["Scene"]

_SIDE_PX = 280
_LEAST_PX = 40  # of the image: a small patch is shown with its surroundings
_AROUND = 1.8  # side of a close-up over the longer side of the patch
Picture = NDArray[np.float64]


@dataclass(frozen=True)
class Scene:
    """Both images as pictures ``(row, col, 3)`` 0–1, their grid and dates; for the map and the close-ups."""

    before: Picture
    after: Picture
    grid: Grid
    dates: tuple[str, str] = ("", "")

    @classmethod
    def of(cls, pair: ImagePair) -> Scene:
        """Return the scene of a pair of images."""
        first, second = (rgb(image, pair.bands, pair.valid) for image in (pair.before, pair.after))
        return cls(first, second, pair.grid, days_of(pair))

    def names(self) -> tuple[str, str]:
        """Captions of the two images."""
        first, second = (
            f"{t(f'maps.{side}')} {day}".strip()
            for side, day in zip(("before", "after"), self.dates, strict=True)
        )
        return first, second

    def close_up(self, shape: shapely.Geometry) -> str:
        """Return both images around a patch side by side, its outline on them, as HTML.

        Parameters
        ----------
        shape
            The patch in the grid's CRS.
        """
        top, left, side = self._window(shape)
        scale = _SIDE_PX / side
        rings = [
            [((c - left) * scale, (r - top) * scale)
             for c, r in (~self.grid.transform @ (x, y) for x, y in ring.coords)]
            for part in shapely.get_parts(shape)
            for ring in (part.exterior, *part.interiors)
        ]  # fmt: skip
        shown = []
        for picture, name in zip((self.before, self.after), self.names(), strict=True):
            address = data_url(_drawn(picture[top : top + side, left : left + side], rings))
            image = f'<img src="{address}" alt="{escape(name)}" width="{_SIDE_PX}" height="{_SIDE_PX}">'
            shown.append(f"<figure>{image}<figcaption>{escape(name)}</figcaption></figure>")
        metres = abs(self.grid.transform.a) * side
        said = "" if self.grid.is_geographic else t("widgets_tuning.side", metres=f"{metres:,.0f}")
        return f'<div class="weipian-pair">{"".join(shown)}</div><div>{escape(said)}</div>'

    def _window(self, shape: shapely.Geometry) -> tuple[int, int, int]:
        """Return first row, first column and side in pixels of a square around a shape, inside the grid."""
        rows, cols = self.grid.shape
        west, south, east, north = shape.bounds
        corners = [~self.grid.transform @ (x, y) for x in (west, east) for y in (south, north)]
        across, down = (np.array(part) for part in zip(*corners, strict=True))
        side = min(int(max(_AROUND * max(np.ptp(across), np.ptp(down)), _LEAST_PX)), rows, cols)
        left = int(np.clip((across.min() + across.max() - side) / 2, 0, cols - side))
        top = int(np.clip((down.min() + down.max() - side) / 2, 0, rows - side))
        return top, left, side


def _drawn(picture: Picture, rings: list[list[tuple[float, float]]]) -> bytes:
    """Return a square of a picture, enlarged pixel by pixel, with outlines, as PNG."""
    pixels = np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    image = Image.fromarray(pixels).resize((_SIDE_PX, _SIDE_PX), Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(image)
    for ring in rings:
        pen.line(ring, fill="black", width=4)
        pen.line(ring, fill=PALETTE["yellow"], width=2)
    stream = io.BytesIO()
    image.save(stream, "png", compress_level=1)
    return stream.getvalue()
