"""Figures of the accuracy and of the tuning notebook."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from weipian_lab.accuracy.advice import figure_name
from weipian_lab.plots.base import PALETTE, axes, north_arrow, scale_bar, source_note
from weipian_lab.text import t

__all__ = ["by_group", "cost_curve", "coverage_bars", "field_map", "missed_curve", "share_bar", "truth_map"]


def by_group(table: pd.DataFrame, title: str, simulated: bool, ax: Axes | None = None) -> Axes:
    """Draw shares with their intervals, a row a group; groups with few patches are hollow."""
    ax = axes(ax, figsize=(7.0, 0.9 + 0.36 * max(len(table), 3)))
    place = np.arange(len(table))[::-1]
    enough = table["enough"].to_numpy(bool) if "enough" in table else np.ones(len(table), bool)
    ax.hlines(place, table["lower"], table["upper"], color=PALETTE["blue"], linewidth=2)
    face = [PALETTE["blue"] if e else "white" for e in enough]
    ax.scatter(table["estimate"], place, c=face, edgecolors=PALETTE["blue"], zorder=3, s=36, clip_on=False)
    number = table["n"] if "n" in table else table["false"]
    labels = [f"{group}  (n={n})" for group, n in zip(table.index, number, strict=True)]
    ax.set_yticks(place, labels, parse_math=False)
    ax.set_xlim(0, 1)
    ax.set_title(_titled(title, simulated), loc="left", parse_math=False)
    ax.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ax.grid(axis="x", color="#DDDDDD")
    return ax


def _titled(title: str, simulated: bool) -> str:
    return f"{title} {t('plots.simulated')}" if simulated else title


def share_bar(rows: Mapping[str, Mapping[str, Any]], simulated: bool, ax: Axes | None = None) -> Axes:
    """Draw a few shares (false alarms by count, by area, recall) with their intervals."""
    table = pd.DataFrame.from_dict({k: dict(v) for k, v in rows.items()}, orient="index")
    return by_group(table, t("accuracy.fig_shares"), simulated, ax)


def truth_map(
    patches: gpd.GeoDataFrame, reference: pd.Series, simulated: bool, source: str, ax: Axes | None = None
) -> Axes:
    """Draw the patches by what verification said of them."""
    ax = axes(ax, figsize=(7.0, 6.2))
    styles = {"true": ("vermilion", "fig_true"), "false": ("sky", "fig_false"), "": ("grey", "fig_unknown")}
    said = reference.fillna("").reindex(patches["patch_id"].astype(str), fill_value="").to_numpy()
    for value, (colour, key) in styles.items():
        part = patches[said == value]
        if len(part):
            part.plot(ax=ax, facecolor=PALETTE[colour], edgecolor="black", linewidth=0.3)
            ax.scatter([], [], marker="s", c=PALETTE[colour], label=t(f"accuracy.{key}", number=len(part)))
    ax.legend(loc="upper left")
    return _map(ax, patches, t("accuracy.fig_map"), source, simulated)


def _map(ax: Axes, layer: gpd.GeoDataFrame, title: str, source: str, simulated: bool) -> Axes:
    ax.set_aspect("equal")
    ax.set_title(title, loc="left")
    ax.ticklabel_format(style="plain")
    ax.tick_params(labelsize=7)
    ax.set(xlabel="", ylabel="")
    scale_bar(ax, layer.crs)
    north_arrow(ax)
    return source_note(ax, layer.crs, source, simulated)


def field_map(listed: gpd.GeoDataFrame, source: str, simulated: bool, ax: Axes | None = None) -> Axes:
    """Draw the routes of the teams."""
    ax = axes(ax, figsize=(7.0, 6.2))
    points = listed.geometry.representative_point()
    names = [name for name in PALETTE if name not in ("black", "grey", "yellow")]
    for team, rows in listed.groupby("team"):
        colour = PALETTE[names[(int(team) - 1) % len(names)]]
        at = points.loc[rows.index]
        length = rows["leg_m"].sum() / 1000
        label = t("accuracy.fig_team", team=team, number=len(rows), km=f"{length:.1f}")
        ax.plot(at.x, at.y, marker="o", color=colour, linewidth=1.2, markersize=4, label=label)
        ax.annotate("1", (at.x.iloc[0], at.y.iloc[0]), xytext=(4, 4), textcoords="offset points", fontsize=8)
    ax.legend(loc="best")
    return _map(ax, listed, t("accuracy.fig_routes"), source, simulated)


def coverage_bars(table: pd.DataFrame, confidence: float, ax: Axes | None = None) -> Axes:
    """Draw the coverage found for each figure and interval method against the level stated."""
    ax = axes(ax, figsize=(7.0, 3.6))
    shown = table.dropna(subset="coverage").drop_duplicates(["measure", "class", "interval"])
    labels = [figure_name(m, c) for m, c in zip(shown["measure"], shown["class"], strict=True)]
    wide = shown.assign(label=labels).pivot(index="label", columns="interval", values="coverage")
    place = np.arange(len(wide))[::-1]
    styles = {"normal": ("x", "vermilion"), "wilson": ("s", "green"), "clopper_pearson": ("^", "orange")}
    for name in wide.columns:
        marker, colour = styles.get(name, ("o", "blue"))
        ax.scatter(
            wide[name], place, marker=marker, c=PALETTE[colour], label=t(f"accuracy.short_{name}"), zorder=3
        )
    ax.axvline(confidence, color="black", linewidth=1)
    ax.axvspan(confidence - 0.02, min(confidence + 0.02, 1), color="#EEEEEE", zorder=0)
    ax.set_yticks(place, list(wide.index))
    ax.xaxis.set_major_formatter(lambda value, _: f"{100 * value:g}%")
    ax.set_xlabel(t("accuracy.fig_coverage_x"))
    ax.set_title(t("accuracy.fig_coverage"), loc="left")
    ax.legend(loc="best")
    return ax


def cost_curve(sweep: pd.DataFrame, chosen: float, simulated: bool, ax: Axes | None = None) -> Axes:
    """Draw recall, precision and patches sent over the threshold of one setting."""
    ax = axes(ax)
    for column, colour, style in (("recall", "blue", "-"), ("precision", "vermilion", "--")):
        ax.plot(sweep["threshold"], sweep[column], style, color=PALETTE[colour], marker="o", markersize=3,
                label=t(f"tuning.{column}"))  # fmt: skip
    ax.set_ylim(0, 1)
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ax.set_xlabel(t("tuning.threshold"))
    other = ax.twinx()
    other.plot(sweep["threshold"], sweep["cost"], ":", color=PALETTE["green"], label=t("tuning.cost"))
    other.set_ylabel(t("tuning.cost"))
    other.spines["right"].set_visible(True)
    ax.axvline(chosen, color="black", linewidth=1)
    handles = [*ax.get_legend_handles_labels()[0], *other.get_legend_handles_labels()[0]]
    ax.legend(handles=handles, loc="center right")
    ax.set_title(_titled(t("tuning.fig_curve"), simulated), loc="left")
    return ax


def missed_curve(promise: Any, simulated: bool, ax: Axes | None = None) -> Axes:
    """Draw the share missed in the tuning part, the limit promised, and what is tested away."""
    ax = axes(ax)
    ax.step(
        promise.thresholds, promise.missed, where="post", color=PALETTE["blue"], label=t("tuning.missed_here")
    )
    ax.plot(promise.thresholds, promise.p_values, "--", color=PALETTE["orange"], label=t("tuning.p_value"))
    ax.axhline(promise.miss_rate, color=PALETTE["vermilion"], linewidth=1, label=t("tuning.limit"))
    if promise.threshold is not None:
        ax.axvline(promise.threshold, color="black", linewidth=1)
    ax.set_ylim(0, 1)
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    ax.set_xlabel(t("tuning.threshold"))
    ax.set_title(_titled(t("tuning.fig_missed"), simulated), loc="left")
    ax.legend(loc="upper left")
    return ax
