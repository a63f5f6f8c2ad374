"""What the panel says of the patch in hand: its figures, the evidence for and against."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weipian_lab.classify import FalseAlarmFilter
from weipian_lab.features import patch_table
from weipian_lab.plots.base import PALETTE
from weipian_lab.rasters import ImagePair
from weipian_lab.text import catalogue, t
from weipian_lab.tuning import Part
from weipian_lab.widgets.tuning.state import TuningState

__all__ = ["Evidence", "facts", "feature_name"]

_SHOWN = ("patch_id", "area_mu", "pixels", "score_mean", "score_max")
_STRONGEST = 6
_TREES = 80  # enough to say which way the evidence points; fitted while someone waits


@dataclass(frozen=True)
class Evidence:
    """Evidence of each patch, and what a learnt filter makes of it.

    Attributes
    ----------
    table
        As :func:`weipian_lab.features.patch_table`, indexed by patch id.
    chance
        Likeness to the true changes of the tuning part, 0–1, by patch id; None without a filter.
    reasons
        Log odds by kind of evidence, above 0 for 疑似 (suspected), below for 伪变化 (pseudo-change).
    strongest
        The same by single feature.
    """

    table: pd.DataFrame
    chance: pd.Series | None = None
    reasons: pd.DataFrame | None = None
    strongest: pd.DataFrame | None = None

    @classmethod
    def by(cls, model: FalseAlarmFilter, table: pd.DataFrame) -> Evidence:
        """Return the evidence with what a fitted filter says of it."""
        chance = pd.Series(model.predict_proba(table)[:, 1], index=table.index)
        return cls(table, chance, model.explain(table), model.explain(table, by="feature"))

    @classmethod
    def learnt(
        cls, table: pd.DataFrame, hits: NDArray[np.bool_], blocks: NDArray[np.int64], seed: int = 0
    ) -> Evidence:
        """Return the evidence with a filter fitted on the same patches; without one where all are of a kind.

        Parameters
        ----------
        table
            Evidence of the patches.
        hits
            ``(n,)`` whether each matches a true change.
        blocks
            ``(n,)`` spatial block of each; the probability is calibrated over whole blocks.
        """
        if hits.all() or not hits.any():
            return cls(table)
        return cls.by(FalseAlarmFilter(_TREES, random_state=seed).fit(table, hits, blocks), table)

    @classmethod
    def of(
        cls, state: TuningState, pair: ImagePair, score: NDArray[np.float32], part: Part, seed: int = 0
    ) -> Evidence:
        """Return the evidence of the candidates of a state, with a filter fitted on them.

        Parameters
        ----------
        state
            Candidates and which of them match a true change.
        pair, score
            Images and change score ``(row, col)`` on one grid.
        part
            The tuning part, whose blocks the calibration keeps whole.
        seed
            Of the filter.
        """
        table = patch_table(
            state.candidates,
            pair.before,
            pair.after,
            pair.grid,
            valid=pair.valid,
            bands=pair.bands,
            score=score,
        )
        return cls.learnt(table, state.hits, part.block_of(state.candidates), seed)

    def shown(self, patch_id: str) -> str:
        """Return the evidence of a patch as safe HTML."""
        if patch_id not in self.table.index:
            return ""
        parts, own = [], pd.Series(self.table.loc[patch_id])
        if self.chance is not None and self.reasons is not None and self.strongest is not None:
            said = t("widgets_tuning.chance", chance=f"{self.chance[patch_id]:.0%}")
            parts += [f"<div>{escape(said)}</div>", _bars(pd.Series(self.reasons.loc[patch_id]))]
            strongest = pd.Series(self.strongest.loc[patch_id])
            names = list(strongest.abs().sort_values(ascending=False).index[:_STRONGEST])
            parts.append(_features(own[names], strongest[names]))
        rest = "".join(
            f"<tr><td>{escape(feature_name(str(name)))}</td><td>{escape(_figure(value))}</td></tr>"
            for name, value in own.items()
        )
        every = escape(t("widgets_tuning.every", number=len(self.table.columns)))
        parts.append(f"<details><summary>{every}</summary><table>{rest}</table></details>")
        return "".join(parts)


def facts(row: pd.Series) -> str:
    """Return what the patch table says of a patch as safe HTML."""
    names = [name for name in _SHOWN if name in row.index]
    heads = "".join(f"<th>{escape(t(f'widgets_tuning.col_{name}'))}</th>" for name in names)
    cells = "".join(f"<td>{escape(_figure(row[name]))}</td>" for name in names)
    return f"<table><tr>{heads}</tr><tr>{cells}</tr></table>"


def feature_name(name: str) -> str:
    """Return a feature in words, put together from its parts: ``difference_swir1``."""
    known = catalogue("widgets_tuning")
    kind, _, what = name.partition("_")
    if kind == "texture":  # texture_before_red
        kind_of, _, band = what.partition("_")
        if f"group_{kind_of}" in known and f"ev_{band}" in known:
            inner = feature_name(what)
            return t("widgets_tuning.ev", kind=t("widgets_tuning.group_texture"), what=inner)
    if f"group_{kind}" in known and f"ev_{what}" in known:
        return t(
            "widgets_tuning.ev", kind=t(f"widgets_tuning.group_{kind}"), what=t(f"widgets_tuning.ev_{what}")
        )
    return name


def _bars(reasons: pd.Series) -> str:
    """Draw each kind of evidence as a bar, to the right for suspected, to the left for pseudo-change."""
    largest = max(float(reasons.abs().max()), 1e-9)
    rows = []
    for name, value in reasons.sort_values(ascending=False).items():
        width = 50 * abs(float(value)) / largest
        colour, left = (PALETTE["vermilion"], 50.0) if value > 0 else (PALETTE["blue"], 50 - width)
        bar = f'<i style="left:{left:.1f}%;width:{width:.1f}%;background:{colour}"></i>'
        kind = escape(t(f"widgets_tuning.group_{name}"))
        rows.append(
            f'<tr><td>{kind}</td><td><div class="weipian-bar">{bar}</div></td>'
            f'<td class="number">{float(value):+.2f}</td></tr>'
        )
    against, speaks_for = (escape(t(f"widgets_tuning.{way}")) for way in ("against", "speaks_for"))
    ends = f'<div class="weipian-ends"><span>← {against}</span><span>{speaks_for} →</span></div>'
    head = f"<tr><th></th><th>{ends}</th><th>{escape(t('widgets_tuning.log_odds'))}</th></tr>"
    return f"<table>{head}{''.join(rows)}</table>"


def _features(values: pd.Series, reasons: pd.Series) -> str:
    """Return the single features that spoke loudest, and which way."""
    rows = []
    for name in values.index:
        way = t("widgets_tuning.speaks_for" if reasons[name] > 0 else "widgets_tuning.against")
        cells = (feature_name(str(name)), _figure(values[name]), way)
        rows.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    names = ("strongest", "value", "speaks")
    heads = "".join(f"<th>{escape(t(f'widgets_tuning.head_{name}'))}</th>" for name in names)
    return f"<table><tr>{heads}</tr>{''.join(rows)}</table>"


def _figure(value: Any) -> str:
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return "–" if np.isnan(number) else f"{number:,.3g}" if abs(number) < 1000 else f"{number:,.0f}"
    return str(value)
