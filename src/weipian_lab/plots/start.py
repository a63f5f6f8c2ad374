"""The figure of ``00_start_here``: it shows whether Chinese shows."""

from __future__ import annotations

from matplotlib.axes import Axes

from weipian_lab.plots.base import GROUP_COLOURS, axes
from weipian_lab.text import t

__all__ = ["sample_text"]


def sample_text(ax: Axes | None = None) -> Axes:
    """Draw a line of Chinese and the colours of the land groups with their names."""
    ax = axes(ax, figsize=(7.0, 2.6))
    groups = ["pbf", "cultivated", "other_agricultural", "construction", "unused", "redline"]
    ax.bar(
        [t(f"start.group_{name}") for name in groups],
        [1] * len(groups),
        color=[GROUP_COLOURS[name] for name in groups],
        edgecolor="black",
        linewidth=0.6,
    )
    ax.set_ylim(0, 1.7)
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="x", length=0, labelsize=9)
    ax.text(0.5, 0.82, t("start.sample"), transform=ax.transAxes, ha="center", va="center", fontsize=15)
    return ax
