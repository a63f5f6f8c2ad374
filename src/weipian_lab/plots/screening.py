"""Figures of the screening notebook."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from numpy.typing import NDArray

from weipian_lab.grid import Grid
from weipian_lab.plots.base import PALETTE, axes, north_arrow, scale_bar, source_note
from weipian_lab.rasters import canonical
from weipian_lab.screening import SeriesFound
from weipian_lab.text import t

__all__ = [
    "comparison",
    "histogram",
    "patch_map",
    "quicklooks",
    "radiometry",
    "rgb",
    "score_map",
    "series_map",
    "size_bars",
]

Float = NDArray[np.float32]
_HIDDEN: dict[str, Any] = {"facecolor": "white", "edgecolor": "#888888", "hatch": "////", "linewidth": 0}


def rgb(data: Float, bands: Sequence[str], valid: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return a picture ``(row, col, 3)`` 0–1: red, green, blue if there are such bands, else the first ones.

    All channels are stretched alike, between the 2nd and 98th percentile of the three together and with a
    gamma of 1.4, so that colours stay those of the ground; what is not valid is white.
    """
    names = [canonical(name) for name in bands]
    wanted = ["red", "green", "blue"]
    at = (
        [names.index(name) for name in wanted]
        if set(wanted) <= set(names)
        else list(range(min(3, len(data))))
    )
    at = at if len(at) == 3 else [at[0]] * 3
    picture = np.ones((*valid.shape, 3))
    if valid.any():
        values = data[at][:, valid]
        low, high = np.percentile(values, [2, 98])
        picture[valid] = (np.clip((values - low) / max(high - low, 1e-6), 0, 1) ** (1 / 1.4)).T
    return picture


def _show(ax: Axes, picture: Any, grid: Grid, **options: Any) -> Any:
    west, south, east, north = grid.bounds
    drawn = ax.imshow(picture, extent=(west, east, south, north), **options)
    if grid.is_geographic:
        ax.set_aspect(1 / np.cos(np.radians((south + north) / 2)))
    ax.tick_params(labelsize=7)
    ax.locator_params(nbins=4)
    return drawn


def _furnish(ax: Axes, grid: Grid, source: str, simulated: bool) -> None:
    scale_bar(ax, grid.crs)
    north_arrow(ax)
    source_note(ax, grid.crs, source, simulated)


def quicklooks(
    pictures: Sequence[NDArray[np.float64]],
    grid: Grid,
    titles: Sequence[str],
    *,
    source: str,
    simulated: bool,
) -> Figure:
    """Show both images side by side."""
    figure, pair = plt.subplots(1, len(pictures), figsize=(9.0, 5.0), sharex=True, sharey=True)
    for ax, picture, title in zip(np.atleast_1d(pair), pictures, titles, strict=True):
        _show(ax, picture, grid)
        ax.set_title(title)
    first = np.atleast_1d(pair)[0]
    _furnish(first, grid, source, simulated)
    return figure


def radiometry(
    before: Float, after: Float, bands: Sequence[str], gains: Any = None, ax: Axes | None = None
) -> Axes:
    """Show how bright each band is at both dates: median and the middle 90 % of the sampled pixels.

    Parameters
    ----------
    before, after
        ``(band, n)`` reflectance 0–1.
    gains
        Normalisation of the second image, shown as a third bar where given.
    """
    ax = axes(ax, figsize=(7.0, 3.4))
    x = np.arange(len(bands))
    sets = [
        (t("rasters.before"), before, PALETTE["blue"], "o"),
        (t("rasters.after"), after, PALETTE["vermilion"], "s"),
    ]
    if gains is not None:
        matched = after * gains.gain[:, None] + gains.offset[:, None]
        sets.append((t("screening.after_matched"), matched, PALETTE["green"], "^"))
    for i, (label, values, colour, marker) in enumerate(sets):
        low, middle, high = np.percentile(values, [5, 50, 95], axis=1)
        place = x + (i - (len(sets) - 1) / 2) * 0.22
        ax.errorbar(
            place,
            middle,
            [middle - low, high - middle],
            fmt=marker,
            color=colour,
            ecolor=colour,
            ms=5,
            capsize=3,
            label=label,
        )
    ax.set_xticks(x, bands)
    ax.set_ylabel(t("screening.reflectance"))
    ax.set_title(t("screening.radiometry_title"))
    ax.legend(frameon=False)
    return ax


def score_map(
    score: Float, grid: Grid, threshold: float, *, source: str, simulated: bool, ax: Axes | None = None
) -> Axes:
    """Show the change score up to its 99.5th percentile, and where it reaches the threshold."""
    ax = axes(ax, figsize=(6.6, 6.0))
    finite = score[np.isfinite(score)]
    high = float(np.percentile(finite, 99.5)) if finite.size else 1.0
    drawn = _show(ax, score, grid, cmap="cividis", vmin=0, vmax=max(high, 1e-9))
    bar = plt.colorbar(drawn, ax=ax, shrink=0.75, extend="max")
    bar.set_label(t("screening.score"))
    if np.isfinite(threshold) and threshold <= high:
        bar.ax.axhline(threshold, color=PALETTE["vermilion"], linewidth=2)
    ax.set_title(t("screening.score_title"))
    _furnish(ax, grid, source, simulated)
    return ax


def histogram(scores: Float, rules: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Show the distribution of scores, the threshold in use, and those that other rules would give."""
    ax = axes(ax, figsize=(7.0, 3.8))
    finite = scores[np.isfinite(scores)]
    limits = rules.loc[np.isfinite(rules["threshold"]), "threshold"]
    top = max(float(np.percentile(finite, 99.9)), 1.05 * float(limits.max()) if len(limits) else 0.0, 1e-9)
    ax.hist(finite, bins=200, range=(min(0.0, float(finite.min())), top), color=PALETTE["grey"], log=True)
    colours = [PALETTE[name] for name in ("vermilion", "blue", "green", "purple", "orange", "sky")]
    styles = ["-", "--", "-.", ":", (0, (5, 1)), (0, (1, 1))]
    for i, row in enumerate(rules.itertuples()):
        value, share = float(row.threshold), float(row.share)  # type: ignore[arg-type]
        if np.isfinite(value):
            label = t("screening.rule_line", rule=row.name, value=f"{value:.3g}", share=f"{share:.2%}")
            ax.axvline(
                value,
                color=colours[i],
                linestyle=styles[i],
                linewidth=2.4 if row.chosen else 1.4,
                label=label,
            )
    ax.set_xlim(right=top)
    ax.set_xlabel(t("screening.score"))
    ax.set_ylabel(t("screening.pixels"))
    ax.set_title(t("screening.histogram_title"))
    if ax.get_legend_handles_labels()[0]:  # without a threshold there is no line
        ax.legend(framealpha=0.9, edgecolor="none")
    return ax


def patch_map(
    picture: NDArray[np.float64],
    grid: Grid,
    frame: gpd.GeoDataFrame,
    *,
    highlight: Sequence[str] = (),
    source: str,
    simulated: bool,
    ax: Axes | None = None,
) -> Axes:
    """Show patches on the later image; those of `highlight` (reaching the notice's threshold) stand out."""
    ax = axes(ax, figsize=(6.6, 6.4))
    _show(ax, 0.5 + 0.5 * picture, grid)
    ax.set_autoscale_on(False)
    reaching = frame["patch_id"].isin(list(highlight))
    handles = []
    for part, colour, key in (
        (frame[~reaching], PALETTE["blue"], "screening.patches_other"),
        (frame[reaching], PALETTE["vermilion"], "screening.patches_reaching"),
    ):
        if len(part):
            part.boundary.plot(ax=ax, color=colour, linewidth=1.1, aspect=None)
            ax.set(xlabel="", ylabel="")
            handles.append(Line2D([], [], color=colour, label=t(key, count=len(part))))
    ax.set_title(t("screening.patches_title"))
    _furnish(ax, grid, source, simulated)
    if handles:
        ax.legend(handles=handles, loc="upper left", framealpha=0.85)
    return ax


def comparison(
    labels: NDArray[np.uint8],
    mapped: NDArray[np.bool_],
    grid: Grid,
    *,
    source: str,
    simulated: bool,
    ax: Axes | None = None,
) -> Axes:
    """Show where patches and labels (0, 1, 255 not labelled) agree."""
    ax = axes(ax, figsize=(6.6, 6.0))
    known = labels != 255
    kind = np.zeros(labels.shape, int)
    kind[known & (labels == 0) & ~mapped] = 1
    kind[known & (labels == 1) & mapped] = 2
    kind[known & (labels == 0) & mapped] = 3
    kind[known & (labels == 1) & ~mapped] = 4
    colours = ["#FFFFFF", "#E6E6E6", PALETTE["blue"], PALETTE["orange"], PALETTE["black"]]
    _show(ax, kind, grid, cmap=ListedColormap(colours), vmin=-0.5, vmax=4.5)
    names = ("unlabelled", "true_negative", "true_positive", "false_positive", "false_negative")
    handles = [
        Patch(facecolor=colour, edgecolor="black", linewidth=0.5, label=t(f"screening.{name}"))
        for i, (colour, name) in enumerate(zip(colours, names, strict=True))
        if (kind == i).any()
    ]
    ax.legend(handles=handles, loc="upper left", framealpha=0.9)
    ax.set_title(t("screening.comparison_title"))
    _furnish(ax, grid, source, simulated)
    return ax


def size_bars(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Show numbers and areas of patches by size class."""
    ax = axes(ax, figsize=(7.0, 3.2))
    x = np.arange(len(table))
    bars = ax.bar(x, table["patches"], color=PALETTE["blue"], width=0.7)
    labels = [
        f"{n}\n{mu:.0f} {t('screening.mu')}" if n else "0"
        for n, mu in zip(table["patches"], table["area_mu"], strict=True)
    ]
    ax.bar_label(bars, labels=labels, fontsize=7)
    ax.set_xticks(x, table["size_class"])
    ax.set_ylabel(t("screening.patches"))
    ax.set_title(t("screening.size_title"))
    ax.margins(y=0.2)
    return ax


def series_map(found: SeriesFound, area_mu: pd.Series, most: int = 30, ax: Axes | None = None) -> Axes:
    """Show by how much the largest patches differ from their surroundings at each date.

    1 is what 95 % of the places without a patch do not exceed (a dot marks what does); hatched is not seen.
    """
    sizes = found.patches["patch_id"].map(area_mu).to_numpy()
    order = np.argsort(-sizes, kind="stable")[:most]
    ax = axes(ax, figsize=(7.0, 1.8 + 0.2 * len(order)))
    ratio = found.differences[order] / found.usual
    drawn = ax.imshow(np.ma.masked_invalid(ratio), cmap="cividis", vmin=0, vmax=2, aspect="auto")
    for row, col in np.argwhere(~np.isfinite(ratio)):
        ax.add_patch(Rectangle((col - 0.5, row - 0.5), 1, 1, **_HIDDEN))
    rows, cols = np.nonzero(ratio > 1)
    ax.plot(cols, rows, "o", color="black", markersize=2.5, linestyle="none")
    bar = plt.colorbar(drawn, ax=ax, extend="max")
    bar.set_label(t("screening.series_bar"))
    bar.ax.axhline(1, color="black", linewidth=1.5)
    ax.set_xticks(range(len(found.days)), [day.isoformat() for day in found.days], rotation=30, ha="right")
    ax.set_yticks(range(len(order)), found.patches["patch_id"].to_numpy()[order], fontsize=6)
    ax.set_xlabel(t("screening.series_date"))
    ax.set_title(t("screening.series_title", count=len(order)), loc="left")
    handles = [
        Line2D([], [], marker="o", color="black", linestyle="none", ms=2.5, label=t("screening.series_dot")),
        Patch(label=t("screening.series_hidden"), **_HIDDEN),
    ]
    ax.legend(handles=handles, loc="upper right", bbox_to_anchor=(1.0, -0.12), frameon=False, ncols=2)
    return ax
