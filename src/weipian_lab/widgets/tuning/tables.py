"""Confusion, cost and the legend as HTML."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import numpy as np

from weipian_lab.text import t
from weipian_lab.widgets.tuning.pictures import COLOURS

__all__ = ["confusion", "legend"]


def confusion(counts: Mapping[str, float]) -> str:
    """Return the confusion of patches, then shares with what they are of, missed area, hours and cost."""
    head = "".join(f'<th class="number">{_said(name)}</th>' for name in ("real", "not_real"))
    rows = "".join(
        f"<tr><th>{_said(side)}</th>"
        + "".join(f'<td class="number">{counts[name]:.0f} {_said(f"cell_{name}")}</td>' for name in names)
        + "</tr>"
        for side, names in (("sent", ("true", "false")), ("left", ("left_true", "left_false")))
    )
    words = {
        "precision": f"{_share(counts['precision'])} ({counts['true']:.0f}/{counts['patches']:.0f})",
        "recall": f"{_share(counts['recall'])} ({counts['found']:.0f}/{counts['parcels']:.0f})",
        "missed_mu": f"{counts['missed_mu']:,.0f}",
        "sent_mu": f"{counts['sent_mu']:,.0f}",
        "hours": f"{counts['hours']:,.0f}",
        "cost": f"{counts['cost']:,.0f}",
    }
    lines = "".join(
        f'<tr><th>{_said(name)}</th><td class="number">{escape(value)}</td></tr>'
        for name, value in words.items()
    )
    return (
        f'<table class="weipian-confusion"><tr><th></th>{head}</tr>{rows}</table>'
        f'<table class="weipian-cost">{lines}</table>'
    )


def legend(*, blind: bool) -> str:
    """Return the colours of the map in words; `blind` leaves out what would give the truth away."""
    names = ("sent", "left") if blind else ("true", "false", "left", "missed")
    keys = "".join(
        f'<span class="weipian-key" style="background:{COLOURS[name]}"></span>{_said(f"key_{name}")}'
        for name in names
    )
    return f"<div>{keys}</div><div>{_said('key_note')}</div>"


def _said(name: str) -> str:
    return escape(t(f"widgets_tuning.{name}"))


def _share(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.0%}"
