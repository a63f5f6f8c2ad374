"""Figures: every function takes ``ax=None``, returns the axes and never shows them."""

from weipian_lab.plots.base import (
    GROUP_COLOURS,
    PALETTE,
    VERDICT_COLOURS,
    axes,
    check_text,
    north_arrow,
    save,
    scale_bar,
    setup,
    source_note,
    source_text,
)

__all__ = [
    "GROUP_COLOURS",
    "PALETTE",
    "VERDICT_COLOURS",
    "axes",
    "check_text",
    "north_arrow",
    "save",
    "scale_bar",
    "setup",
    "source_note",
    "source_text",
]
