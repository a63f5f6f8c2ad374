"""Figures of the tuning notebook: what a threshold gives and takes, what it sends out."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from weipian_lab.grid import Grid
from weipian_lab.plots.base import PALETTE, axes, north_arrow, scale_bar, source_note
from weipian_lab.text import t

__all__ = ["decision_map", "sweep_curves"]

_ROWS = (
    (("recall", "blue", "-"), ("precision", "vermilion", "--")),
    (("patches", "blue", "-"), ("hours", "orange", "--")),
    (("cost", "green", "-"), ("missed_mu", "purple", "-.")),
)


def sweep_curves(curve: pd.DataFrame, chosen: float, simulated: bool) -> Figure:
    """Draw recall and precision, patches and hours, cost and missed area over the threshold of one setting.

    Parameters
    ----------
    curve
        Rows of a sweep for one setting.
    chosen
        Threshold marked by a line.
    """
    figure, rows = plt.subplots(3, 1, sharex=True, figsize=(7.0, 6.0))
    for ax, names in zip(rows, _ROWS, strict=True):
        shares = names[0][0] == "recall"
        handles = []
        for number, (name, colour, style) in enumerate(names):
            key = "field_hours" if name == "hours" else name
            side = ax if shares or not number else ax.twinx()
            handles += side.plot(
                curve["threshold"], curve[name], style, color=PALETTE[colour], marker="o", markersize=3,
                label=t(f"tuning.{key}"),
            )  # fmt: skip
            if not shares:
                side.set_ylabel(t(f"tuning.{key}"))
                side.spines["right"].set_visible(bool(number))
                side.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        if shares:
            ax.set_ylim(0, 1.02)
            ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
        ax.axvline(chosen, color="black", linewidth=1)
        ax.legend(handles=handles, loc="center right", framealpha=0.9, edgecolor="none")
    rows[-1].set_xlabel(t("tuning.threshold"))
    title = t("tuning.fig_curves")
    rows[0].set_title(f"{title} {t('plots.simulated')}" if simulated else title, loc="left")
    return figure


def decision_map(
    candidates: gpd.GeoDataFrame,
    sent: NDArray[np.bool_],
    hits: NDArray[np.bool_],
    missed: gpd.GeoDataFrame,
    picture: NDArray[np.float64],
    grid: Grid,
    *,
    source: str,
    simulated: bool,
    ax: Axes | None = None,
) -> Axes:
    """Draw what is sent out, right or wrong, what is left out and what is missed, on the later image.

    Parameters
    ----------
    candidates
        Patches in the grid's CRS; `sent` and `hits` ``(n,)`` say what becomes of each.
    missed
        True changes that no patch sent out finds.
    picture
        ``(row, col, 3)`` 0–1 on `grid`.
    """
    ax = axes(ax, figsize=(7.0, 7.0))
    west, south, east, north = grid.bounds
    grey = np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2) * 0.6 + 0.4  # the patches stand out
    ax.imshow(grey, extent=(west, east, south, north))
    kinds = (
        (candidates[~sent], "none", "#555555", "fig_left"),
        (missed, PALETTE["yellow"], "black", "fig_lost"),
        (candidates[sent & ~hits], PALETTE["sky"], "black", "fig_sent_false"),
        (candidates[sent & hits], PALETTE["vermilion"], "black", "fig_sent_true"),
    )
    for part, face, edge, key in kinds:
        if len(part):
            part.plot(ax=ax, facecolor=face, edgecolor=edge, linewidth=0.4)
        label = t(f"tuning.{key}", number=len(part))
        ax.scatter([], [], marker="s", c=face, edgecolors=edge, label=label)
    ax.legend(loc="upper left", framealpha=0.9)
    ax.set_aspect("equal")
    ax.set_title(t("tuning.fig_decided"), loc="left")
    ax.ticklabel_format(style="plain")
    ax.tick_params(labelsize=7)
    ax.set(xlabel="", ylabel="")
    scale_bar(ax, grid.crs)
    north_arrow(ax)
    return source_note(ax, grid.crs, source, simulated)
