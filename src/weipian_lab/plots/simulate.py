"""Pictures of a simulated county: the year in true colour, the layers over it, plates of changes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from weipian_lab.grid import Grid
from weipian_lab.plots.base import GROUP_COLOURS, PALETTE, north_arrow, scale_bar, source_note, source_text
from weipian_lab.text import catalogue, t

__all__ = ["LAYERS", "colour", "layers", "plate", "year_sheet"]


def colour(
    data: NDArray[Any], bands: Sequence[int] = (2, 1, 0), *, white: float = 0.3
) -> NDArray[np.float32]:
    """Return a picture ``(row, col, 3)`` 0–1 from reflectance ``(band, row, col)``.

    Parameters
    ----------
    bands
        Positions of red, green and blue; (3, 2, 1) gives false colour from near infrared.
    white
        Reflectance shown as full brightness.
    """
    picture = np.clip(np.asarray(data, np.float32)[list(bands)] / white, 0.0, 1.0) ** np.float32(0.8)
    return np.asarray(np.nan_to_num(picture).transpose(1, 2, 0))


SHEET_PX = 1500  # of a whole county on a sheet; more would not be seen


def _thinned(data: NDArray[Any]) -> NDArray[np.float32]:
    step = -(-max(data.shape[1:]) // SHEET_PX)
    return colour(data[:, ::step, ::step])


def _extent(grid: Grid) -> tuple[float, float, float, float]:
    west, south, east, north = grid.bounds
    return west, east, south, north


def year_sheet(images: Mapping[str, NDArray[Any]], *, columns: int = 3) -> Figure:
    """Return true-colour pictures of all dates on one sheet.

    Parameters
    ----------
    images
        Date → reflectance ``(band, row, col)`` with B02 B03 B04 first.
    """
    rows = -(-len(images) // columns)
    figure, axs = plt.subplots(rows, columns, figsize=(4.0 * columns, 4.2 * rows), squeeze=False)
    for ax in axs.flat:
        ax.set_axis_off()
    for ax, (day, data) in zip(axs.flat, images.items(), strict=False):
        ax.imshow(_thinned(data))
        ax.set_title(day)
    figure.suptitle(t("simulate.sheet_title"))
    return figure


_OVER = (
    ("YJJBNTTB", GROUP_COLOURS["pbf"], 0.5),
    ("STBHHX", GROUP_COLOURS["redline"], 1.4),
    ("CZKFBJ", PALETTE["vermilion"], 1.4),
    ("YDSP", PALETTE["blue"], 1.2),
    ("SSNYD", PALETTE["orange"], 1.0),
    ("XZQ", PALETTE["black"], 1.6),
)
LAYERS = tuple(name for name, _, _ in _OVER)


def layers(
    data: NDArray[Any], grid: Grid, frames: Mapping[str, gpd.GeoDataFrame], ax: Axes | None = None
) -> Axes:
    """Draw outlines of the management layers over an image.

    Parameters
    ----------
    data
        Reflectance ``(band, row, col)`` on `grid`.
    frames
        Layer name → frame in any CRS; names that are not drawn are passed over.
    """
    ax = ax or plt.subplots(figsize=(8.0, 8.5))[1]
    ax.imshow(_thinned(data), extent=_extent(grid))
    handles = []
    for name, line, width in _OVER:
        if name in frames and len(frames[name]):
            frames[name].to_crs(grid.crs).boundary.plot(ax=ax, color=line, linewidth=width)
            handles.append(
                Line2D([], [], color=line, linewidth=width + 0.6, label=t(f"simulate.layer_{name}"))
            )
    ax.legend(handles=handles, loc="lower right", framealpha=0.9)
    west, east, south, north = _extent(grid)
    ax.set(xlim=(west, east), ylim=(south, north), xticks=[], yticks=[], xlabel="", ylabel="")
    ax.set_title(t("simulate.layers_title"))
    scale_bar(ax, grid.crs)
    north_arrow(ax)
    return source_note(ax, grid.crs, t("simulate.source"), True)


def plate(
    truth: gpd.GeoDataFrame,
    images: Mapping[str, NDArray[Any]],
    grid: Grid,
    *,
    is_true: bool,
    clear: Mapping[str, NDArray[np.bool_]] | None = None,
    avoid: Collection[str] = (),
    margin_px: int = 22,
    columns: int = 4,
) -> Figure:
    """Return one example of each kind of change, before and after, its outline drawn.

    Parameters
    ----------
    truth
        Layer ``changes`` in the grid's CRS.
    images
        Date YYYYMMDD → reflectance; a true change is shown from the last image before its start
        to the last of all that is usable, a pseudo-change from its own two dates.
    is_true
        True changes, or pseudo-changes.
    clear
        Date → pixels ``(row, col)`` under no cloud or shadow; an example clear on both dates is preferred,
        except of clouds and shadows themselves.
    avoid
        Dates no true change is shown on, such as that of a scene whose offset was forgotten.
    """
    some = truth[truth["is_true"] == is_true]
    kinds = sorted(some["kind"].unique())
    days = sorted(set(images) - (set(avoid) if is_true else set()))
    clear = clear or {}
    chosen = [(k, _example(some[some["kind"] == k], days, is_true, clear, grid)) for k in kinds]
    shown = [(k, e) for k, e in chosen if e is not None]
    rows = -(-len(shown) // columns)
    figure, axs = plt.subplots(rows, 2 * columns, figsize=(3.0 * columns, 1.85 * rows), squeeze=False)
    for ax in axs.flat:
        ax.set_axis_off()
    for place, (kind, (row, dates)) in enumerate(shown):
        for side, day in enumerate(dates):
            ax = axs[place // columns, 2 * (place % columns) + side]
            _chip(ax, images[day], grid, row.geometry, margin_px)
            ax.set_title(f"{_name(kind) if side == 0 else ''}\n{day}", fontsize=7, loc="left")
    figure.suptitle(t("simulate.plate_true" if is_true else "simulate.plate_pseudo"))
    note = source_text(grid.crs, t("simulate.source"), True)
    figure.supxlabel(note, x=0.01, ha="left", fontsize=7, color="#444444")
    return figure


def _name(kind: str) -> str:
    """Return a kind of change in words; a kind of another simulator stays as it is."""
    return t(f"simulate.kind_{kind}") if f"kind_{kind}" in catalogue("simulate") else kind


def _example(
    frame: gpd.GeoDataFrame,
    days: Sequence[str],
    is_true: bool,
    clear: Mapping[str, NDArray[np.bool_]],
    grid: Grid,
) -> tuple[Any, tuple[str, str]] | None:
    """Return a row and its two dates, the largest that the dates can show, clear if there is one."""
    ordered = frame.assign(_size=frame.geometry.area).sort_values("_size", ascending=False)
    spare = None
    for _, row in ordered.iterrows():
        pair = _dates(row, days, is_true)
        if pair is None:
            continue
        if row["kind"].startswith(("cloud", "snow")) or all(
            _seen(clear.get(d), row.geometry, grid) for d in pair
        ):
            return row, pair
        spare = spare or (row, pair)
    return spare


def _dates(row: Any, days: Sequence[str], is_true: bool) -> tuple[str, str] | None:
    if not is_true:
        own = row["date_start"], row["date_end"]
        return own if set(own) <= set(days) else None
    first = [d for d in days if d < row["date_start"]]
    last = [d for d in days if d > row["date_end"] and (not row["corrected"] or d < row["corrected"])]
    later = last or [d for d in days if d > row["date_start"]]
    return (first[-1], later[0] if row["corrected"] else later[-1]) if first and later else None


def _seen(clear: NDArray[np.bool_] | None, shape: Any, grid: Grid) -> bool:
    """Whether nearly all about a shape is clear."""
    if clear is None:
        return True
    west, south, east, north = shape.buffer(60.0).bounds
    (c0, r0), (c1, r1) = ~grid.transform @ (west, north), ~grid.transform @ (east, south)
    window = clear[max(int(r0), 0) : int(r1) + 1, max(int(c0), 0) : int(c1) + 1]
    return bool(window.size and window.mean() > 0.97)


def _chip(ax: Axes, data: NDArray[Any], grid: Grid, shape: Any, margin_px: int) -> None:
    west, south, east, north = shape.bounds
    inverse = ~grid.transform
    (c0, r0), (c1, r1) = inverse @ (west, north), inverse @ (east, south)
    half = max(c1 - c0, r1 - r0) / 2 + margin_px
    col, row = (c0 + c1) / 2, (r0 + r1) / 2
    rows, cols = grid.shape
    top, bottom = max(int(row - half), 0), min(int(row + half) + 1, rows)
    left, right = max(int(col - half), 0), min(int(col + half) + 1, cols)
    (west, north), (east, south) = grid.transform @ (left, top), grid.transform @ (right, bottom)
    ax.imshow(colour(data[:, top:bottom, left:right]), extent=(west, east, south, north))
    ax.plot(*shape.exterior.xy, color=PALETTE["yellow"], linewidth=0.9)
    ax.set(xlim=(west, east), ylim=(south, north))
    scale_bar(ax, grid.crs, share=0.5)
