"""Figures of a case: the patch among the layers, image chips, the score."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from weipian_lab.cases import County, Scenario, Score
from weipian_lab.plots.base import GROUP_COLOURS, PALETTE, axes, north_arrow, scale_bar, source_note
from weipian_lab.text import t

__all__ = ["chips", "evidence_map", "score_bars", "strategies"]


def evidence_map(scenario: Scenario, county: County, ax: Axes | None = None, *, marked: bool = True) -> Axes:
    """Draw the patch on land groups and basic farmland, with each photo's place and bearing.

    Parameters
    ----------
    marked
        Whether doubtful photos look different; False leaves the judgement to the reader.
    """
    ax = axes(ax, figsize=(7.0, 5.6))
    left, bottom, right, top = scenario.shape.buffer(120).bounds
    near = county.near("DLTB", scenario.shape.buffer(400))
    groups = [county.book.land_group(str(code), county.scheme) for code in near["DLBM"]]
    near.plot(ax=ax, color=[GROUP_COLOURS[g] for g in groups], edgecolor="white", linewidth=0.4, alpha=0.75)
    pbf = county.near("YJJBNTTB", scenario.shape.buffer(400))
    if not pbf.empty:
        pbf.plot(ax=ax, facecolor="none", edgecolor="0.35", hatch="///", linewidth=0.0)
    outline = gpd.GeoSeries([scenario.shape])
    outline.plot(ax=ax, facecolor="none", edgecolor="black", linewidth=2.2)
    marks = _photos(ax, scenario, marked)
    handles: list[Artist] = [
        Patch(color=GROUP_COLOURS[name], label=t(f"cases.group_{name}")) for name in sorted(set(groups))
    ]
    handles += [Patch(facecolor="none", edgecolor="0.35", hatch="///", label=t("cases.pbf"))]
    handles += [Patch(facecolor="none", edgecolor="black", label=t("cases.patch")), *marks]
    ax.set(xlim=(left, right), ylim=(bottom, top), aspect="equal", xticks=[], yticks=[], xlabel="", ylabel="")
    ax.set_title(t("cases.map_title", patch=scenario.patch["patch_id"]))
    ax.legend(handles=handles, loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)
    scale_bar(ax, county.crs)
    north_arrow(ax)
    source_note(ax, county.crs, f"DLTB v{scenario.ledger.version}", True)
    return ax


def _photos(ax: Axes, scenario: Scenario, marked: bool) -> list[Line2D]:
    """Draw place and bearing of each photo; return the entries of the legend."""
    drawn: dict[str, Line2D] = {}
    for photo in scenario.photos:
        doubtful = marked and bool(scenario.photo_problems[photo.photo_id])
        colour = PALETTE["vermilion"] if doubtful else PALETTE["blue"]
        angle, place = np.radians(photo.bearing), (photo.x, photo.y)
        tip = (photo.x + 25 * np.sin(angle), photo.y + 25 * np.cos(angle))
        arrow = {"arrowstyle": "-|>", "color": colour}
        ax.annotate("", xy=tip, xytext=place, arrowprops=arrow, annotation_clip=True)
        name = ("_bad" if doubtful else "_good") if marked else ""
        mark = "^" if doubtful else "o"
        ax.plot(*place, mark, color=colour, markersize=6)
        number = photo.photo_id.removeprefix("IMG_")
        ax.annotate(number, place, (4, 4), textcoords="offset points", fontsize=8, annotation_clip=True)
        label = t(f"cases.photo_mark{name}")
        drawn[name] = Line2D([], [], marker=mark, color=colour, linestyle="none", label=label)
    return list(drawn.values())


def chips(scenario: Scenario, before: Any, after: Any, margin_px: int = 14) -> Figure:
    """Draw image chips before and after with the patch's outline.

    Parameters
    ----------
    before, after
        Images on one grid (:class:`weipian_lab.rasters.Image`) with bands B02, B03, B04.
    margin_px
        Pixels around the patch.

    Notes
    -----
    The place of a simulated case is drawn from a seed, so the bundled image does not show its change; the
    change is painted into the later chip (bright ground) and the title says so.
    """
    grid = before.grid
    shape = gpd.GeoSeries([scenario.shape], crs=scenario.crs).to_crs(grid.crs).iloc[0]
    inverse = ~grid.transform
    left, bottom, right, top = shape.bounds
    (col0, row0), (col1, row1) = inverse @ (left, top), inverse @ (right, bottom)
    rows = slice(max(int(row0) - margin_px, 0), min(int(row1) + margin_px + 1, grid.shape[0]))
    cols = slice(max(int(col0) - margin_px, 0), min(int(col1) + margin_px + 1, grid.shape[1]))
    figure, pair = plt.subplots(1, 2, figsize=(8.0, 4.2), layout="constrained")
    for ax, image, name in zip(pair, (before, after), ("before", "after"), strict=True):
        ax.imshow(_rgb(image, rows, cols), extent=(cols.start, cols.stop, rows.stop, rows.start))
        if name == "after" and scenario.family != "pseudo_change":
            _outline(ax, shape, inverse, fill=True)
        _outline(ax, shape, inverse, fill=False)
        ax.set(xticks=[], yticks=[])
        ax.set_title(t(f"cases.chip_{name}"))
    return figure


def _outline(ax: Axes, shape: Any, inverse: Any, *, fill: bool) -> None:
    for part in getattr(shape, "geoms", [shape]):
        corners = np.array([inverse @ (x, y) for x, y in part.exterior.coords])
        if fill:
            ax.fill(*corners.T, color="0.85", alpha=0.9, linewidth=0)
        else:
            ax.plot(*corners.T, color=PALETTE["vermilion"], linewidth=1.6)


def _rgb(image: Any, rows: slice, cols: slice) -> NDArray[np.float64]:
    index = [list(image.bands).index(name) for name in ("B04", "B03", "B02")]
    part = np.moveaxis(np.asarray(image.data, dtype=np.float64)[index, rows, cols], 0, -1)
    return np.clip(np.nan_to_num(part) / 0.3, 0.0, 1.0)


def score_bars(result: Score, ax: Axes | None = None) -> Axes:
    """Draw the points of each criterion against what was possible."""
    ax = axes(ax, figsize=(7.0, 3.6))
    names = [t(f"cases.s_{item.name}") for item in result.items]
    places = np.arange(len(names))[::-1]
    ax.barh(places, [item.possible for item in result.items], color="0.9")
    ax.barh(places, [item.points for item in result.items], color=PALETTE["blue"])
    for place, item in zip(places, result.items, strict=True):
        ax.text(item.possible + 0.4, place, f"{item.points:g}/{item.possible:g}", va="center")
    ax.set_yticks(places, names)
    ax.set_xlim(0, max(item.possible for item in result.items) * 1.15)
    ax.set_title(t("cases.score_title", red=len(result.red_lines)))
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def strategies(table: Any, measure: str, seeds: int, ax: Axes | None = None, *, paired: bool = False) -> Axes:
    """Draw the mean of one measure with its interval for each strategy of a county year.

    Parameters
    ----------
    table
        What :func:`weipian_lab.cases.year.compare` returns.
    measure
        One of its measures.
    paired
        Draw the paired difference to ``arrival`` instead.
    """
    ax = axes(ax, figsize=(7.0, 3.2))
    part = table[table["measure"] == measure].iloc[::-1]
    centre, low, high = "mean", "lower", "upper"
    if paired:
        part = part[part["strategy"] != "arrival"]
        centre, low, high = "difference", "difference_lower", "difference_upper"
        ax.axvline(0.0, color="0.6", linewidth=1.0)
    places = np.arange(len(part))
    errors = np.array([part[centre] - part[low], part[high] - part[centre]])
    ax.errorbar(part[centre], places, xerr=errors, fmt="o", color=PALETTE["blue"], capsize=4)
    ax.set_xlabel(t(f"year.measure_{measure}"))
    ax.set_yticks(places, [t(f"year.strategy_{name}") for name in part["strategy"]])
    ax.set_ylim(-0.6, len(part) - 0.4)
    ax.set_title(
        t(
            "year.figure_paired" if paired else "year.figure_title",
            measure=t(f"year.measure_{measure}"),
            seeds=seeds,
        )
    )
    ax.spines[["top", "right"]].set_visible(False)
    return ax
