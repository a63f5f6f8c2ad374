"""Figures of the overlay notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from weipian_lab.grid import Grid
from weipian_lab.plots.base import GROUP_COLOURS, PALETTE, axes, north_arrow, scale_bar, source_note
from weipian_lab.text import t

__all__ = ["group_bars", "overview", "page", "sensitivity_bars", "shown"]

_GROUPS = ("cultivated", "other_agricultural", "unused", "construction", "uncovered")
_LINES = {"pbf": "YJJBNTTB", "redline": "STBHHX", "approved": "YDSP", "filed": "SSNYD", "temporary": "LSYD"}
_LINE_COLOURS = {
    "pbf": GROUP_COLOURS["pbf"],
    "redline": GROUP_COLOURS["redline"],
    "approved": PALETTE["blue"],
    "filed": PALETTE["black"],
    "temporary": PALETTE["vermilion"],
}
# told apart by their dashes as well, and the wide one lies under the others
_LINE_STYLES = {"pbf": "-", "redline": "-.", "approved": "--", "filed": ":", "temporary": "--"}
_LINE_WIDTHS = {"pbf": 3.2}
_MARGIN = 0.6  # of the patch's size, around it on a page


def overview(
    land: gpd.GeoDataFrame, patches: gpd.GeoDataFrame, *, source: str, simulated: bool, ax: Axes | None = None
) -> Axes:
    """Draw patches on the land groups; `land` has the column ``group``."""
    ax = axes(ax, figsize=(7.0, 6.2))
    for group in _GROUPS[:-1]:
        own = land[land["group"] == group]
        if len(own):
            own.plot(ax=ax, color=GROUP_COLOURS[group], alpha=0.45, linewidth=0)
    patches.boundary.plot(ax=ax, color=PALETTE["black"], linewidth=1.2)
    points = patches.geometry.representative_point()
    ax.scatter(points.x, points.y, s=14, facecolor="white", edgecolor="black", linewidth=0.8, zorder=5)
    handles: list[Any] = [
        Patch(color=GROUP_COLOURS[g], alpha=0.45, label=t(f"overlay.part_{g}")) for g in _GROUPS[:-1]
    ]
    point: dict[str, Any] = {
        "marker": "o",
        "markerfacecolor": "white",
        "markeredgecolor": "black",
        "markersize": 5,
    }
    handles.append(Line2D([], [], linestyle="none", label=t("overlay.map_patch"), **point))
    ax.legend(handles=handles, loc="upper left", framealpha=0.85)
    ax.set_title(t("overlay.map_title"))
    _plain(ax)
    scale_bar(ax, land.crs)
    north_arrow(ax)
    return source_note(ax, land.crs, source, simulated)


def group_bars(table: pd.DataFrame, most: int = 25, ax: Axes | None = None) -> Axes:
    """Draw the land groups of the largest patches as stacked bars, in 亩."""
    order = table["total_mu"].sort_values(kind="stable").index[-most:]
    ax = axes(ax, figsize=(7.0, 0.6 + 0.24 * len(order)))
    left = np.zeros(len(order))
    for group in _GROUPS:
        width = table.loc[order, f"{group}_mu"].to_numpy()
        colour = GROUP_COLOURS[group]
        ax.barh(range(len(order)), width, left=left, color=colour, label=t(f"overlay.part_{group}"))
        left += width
    ax.set_yticks(range(len(order)), [str(p) for p in order], fontsize=7, parse_math=False)
    ax.set_ylim(-0.7, len(order) - 0.3)
    ax.set_xlabel(t("overlay.mu"))
    ax.set_title(t("overlay.bars_title"))
    ax.legend(loc="lower right", framealpha=0.85)
    return ax


def sensitivity_bars(found: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw how many patches change class or threshold by the least change that does it."""
    ax = axes(ax, figsize=(7.0, 3.2))
    columns = {"class_changes_at_m": "orange", "reaches_changes_at_m": "blue"}
    sizes = sorted({float(v) for c in columns for v in found[c].dropna()})
    for i, (column, colour) in enumerate(columns.items()):
        counts = [int((found[column] == size).sum()) for size in sizes]
        place = np.arange(len(sizes)) + (i - 0.5) * 0.38
        name = "class" if column.startswith("class") else "reaches"
        ax.bar(place, counts, 0.36, color=PALETTE[colour], label=t(f"overlay.sensitivity_{name}"))
    ax.set_xticks(range(len(sizes)), [f"{size:g}" for size in sizes])
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel(t("overlay.sensitivity_x"))
    ax.set_ylabel(t("overlay.sensitivity_y"))
    ax.set_title(t("overlay.sensitivity_title"))
    ax.margins(y=0.25)  # room for the legend
    ax.legend(loc="upper right", ncols=2)
    return ax


def shown(figure: Figure) -> None:
    """Show a figure of a notebook now, before what the cell shows next, and close it."""
    from IPython.display import display

    display(figure)  # type: ignore[no-untyped-call]
    plt.close(figure)


def page(
    patch: gpd.GeoDataFrame,
    pieces: gpd.GeoDataFrame,
    pictures: Sequence[tuple[Any, Grid]],
    groups: Mapping[str, str],
    *,
    source: str,
    simulated: bool,
    land: gpd.GeoDataFrame | None = None,
    dates: Sequence[str] = ("", ""),
) -> Figure:
    """Draw one patch: image before, image after, layers beneath it.

    Parameters
    ----------
    patch
        One row.
    pieces
        Pieces of the layers under it, with ``layer`` and ``DLBM``.
    pictures
        Pictures ``(row, col, 3)`` 0–1 with their grids, at most two.
    groups
        Land group of each DLBM.
    land
        Parcels around it with the column ``group``, drawn faintly; None leaves the surroundings white.
    dates
        Dates of the two pictures.
    """
    figure, row = plt.subplots(1, len(pictures) + 1, figsize=(3.1 * (len(pictures) + 1), 3.9))
    row = np.atleast_1d(row)
    titles = ("overlay.page_before", "overlay.page_after")
    for ax, (picture, grid), title, date in zip(row, pictures, titles, dates, strict=False):
        moved = patch.to_crs(grid.crs)
        west, south, east, north = grid.bounds
        ax.imshow(picture, extent=(west, east, south, north))
        moved.boundary.plot(ax=ax, color="white", linewidth=2.6)
        moved.boundary.plot(ax=ax, color=PALETTE["vermilion"], linewidth=1.4)
        _around(ax, moved.total_bounds)
        ax.set_title(f"{t(title)} {date}".strip())
        _plain(ax)
        scale_bar(ax, grid.crs)
    last = row[-1]
    if land is not None:
        _faint(last, land, patch)
    _layers(last, pieces, groups)
    patch.boundary.plot(ax=last, color=PALETTE["black"], linewidth=1.6)
    _around(last, patch.total_bounds)
    last.set_title(t("overlay.page_layers"))
    _plain(last)
    scale_bar(last, patch.crs)
    source_note(row[0], pictures[0][1].crs if pictures else patch.crs, source, simulated)
    figure.suptitle(str(patch["patch_id"].iloc[0]), fontsize=11, parse_math=False)
    return figure


def _faint(ax: Axes, land: gpd.GeoDataFrame, patch: gpd.GeoDataFrame) -> None:
    """Draw the parcels around a patch in pale colours."""
    west, south, east, north = patch.total_bounds
    reach = 2 * max(east - west, north - south)
    near = land.to_crs(patch.crs).cx[west - reach : east + reach, south - reach : north + reach]
    for group in _GROUPS[:-1]:
        own = near[near["group"] == group]
        if len(own):
            own.plot(ax=ax, color=GROUP_COLOURS[group], alpha=0.22, edgecolor="white", linewidth=0.5)


def _layers(ax: Axes, pieces: gpd.GeoDataFrame, groups: Mapping[str, str]) -> None:
    handles: list[Any] = []
    survey = pieces[pieces["layer"] == "DLTB"]
    names = survey["DLBM"].map(groups)
    for group in _GROUPS[:-1]:
        own = survey[names == group]
        if len(own):
            own.plot(ax=ax, color=GROUP_COLOURS[group], alpha=0.75, edgecolor="white", linewidth=0.6)
            handles.append(Patch(color=GROUP_COLOURS[group], alpha=0.75, label=t(f"overlay.part_{group}")))
    for part, layer in _LINES.items():
        own = pieces[pieces["layer"] == layer]
        if len(own):
            style: dict[str, Any] = {"color": _LINE_COLOURS[part], "linestyle": _LINE_STYLES[part]}
            own.boundary.plot(ax=ax, linewidth=_LINE_WIDTHS.get(part, 1.8), **style)
            handles.append(Line2D([], [], linewidth=1.8, label=t(f"overlay.part_{part}"), **style))
    ax.legend(
        handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.03), ncol=2, fontsize=7, frameon=False
    )


def _around(ax: Axes, bounds: Any) -> None:
    west, south, east, north = (float(v) for v in bounds)
    half = max(east - west, north - south) * (0.5 + _MARGIN)
    x, y = (west + east) / 2, (south + north) / 2
    ax.set_xlim(x - half, x + half)
    ax.set_ylim(y - half, y + half)
    ax.set_aspect("equal")


def _plain(ax: Axes) -> None:
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set(xlabel="", ylabel="")  # geopandas writes the names of the axes there
    for side in ax.spines.values():
        side.set_visible(True)
