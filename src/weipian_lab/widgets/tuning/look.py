"""Style and small parts of the panel; the rest it shares with the case form."""

from __future__ import annotations

import math
from html import escape
from typing import Any

import ipywidgets as w
import shapely
from pyproj import Transformer

from weipian_lab.maps.layers import DEGREES
from weipian_lab.text import t

__all__ = ["LOOK", "button", "corners", "fitting_zoom", "note"]

LOOK = """<style>
.weipian-tuning.weipian-tuning { max-width: 1180px; }
.weipian-tuning .weipian-key { display: inline-block; width: 12px; height: 12px; border: 1px solid #555;
  margin: 0 4px 0 12px; vertical-align: -1px; }
.weipian-tuning table { font-size: 12.5px; line-height: 1.35; }
.weipian-tuning td.number, .weipian-tuning th.number { text-align: right; }
.weipian-tuning .weipian-curves { display: block; position: relative; width: 100%; max-width: 509px;
  overflow: visible; }
.weipian-tuning .weipian-curves img { display: block; }
.weipian-tuning .weipian-line, .weipian-tuning .weipian-line .widget-html-content { position: absolute;
  inset: 0; width: auto; height: auto; margin: 0; pointer-events: none; overflow: visible; }
.weipian-tuning .weipian-line i { position: absolute; margin-left: -1px; border-left: 2px solid #000; }
.weipian-tuning .weipian-pair { white-space: nowrap; }
.weipian-tuning figure { display: inline-block; margin: 0 8px 0 0; }
.weipian-tuning figcaption { font-size: 12px; text-align: center; }
.weipian-tuning .weipian-ends { display: flex; justify-content: space-between; width: 190px; }
.weipian-tuning .weipian-bar { position: relative; width: 190px; height: 12px;
  background: linear-gradient(90deg, transparent 49.6%, #777 49.6%, #777 50.4%, transparent 50.4%); }
.weipian-tuning .weipian-bar i { position: absolute; top: 1px; height: 10px; }
</style>"""


def button(key: str, style: str = "") -> w.Button:
    """Return a button as wide as its words."""
    return w.Button(description=t(key), button_style=style, layout=w.Layout(width="auto"))


def note(kind: str, text: str) -> str:
    """Return a remark (``good``, ``bad``, ``note``) that a screen reader says."""
    return f'<div class="{kind}" role="status">{escape(text)}</div>'


def corners(shape: shapely.Geometry, crs: Any) -> list[list[tuple[float, float]]]:
    """Return the outer rings of a shape as latitude and longitude."""
    there = Transformer.from_crs(crs, DEGREES, always_xy=True)
    rings = []
    for part in shapely.get_parts(shape):
        longitude, latitude = there.transform(*part.exterior.coords.xy)
        rings.append(list(zip(latitude, longitude, strict=True)))
    return rings


def fitting_zoom(bounds: tuple[tuple[float, float], tuple[float, float]], side_px: int) -> float:
    """Return the zoom, in quarters, at which bounds (south, west), (north, east) fill a square of the screen.

    At zoom 0 a web map shows the 360 degrees of the equator on 256 pixels.
    """
    (south, west), (north, east) = bounds
    stretch = 1 / math.cos(math.radians((south + north) / 2))  # Mercator draws latitude so much longer
    span = max(east - west, (north - south) * stretch, 1e-9)
    return math.floor(4 * math.log2(side_px * 360 / (256 * span))) / 4
