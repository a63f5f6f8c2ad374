"""Tuning by hand: threshold slider with map, curve, confusion and cost; click a patch for its evidence.

The state is plain Python (:class:`TuningState`) and tested without a browser; the widget only shows it.
"""

from __future__ import annotations

import html
import io
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import ipywidgets as ipw
import numpy as np
import pandas as pd
import shapely
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from weipian_lab.accuracy.verification import VERDICTS
from weipian_lab.errors import ParameterError
from weipian_lab.plots.base import PALETTE, setup
from weipian_lab.text import t
from weipian_lab.tuning import Effort

__all__ = ["TuningState", "tuning"]

_STEPS = 60


@dataclass
class TuningState:
    """What the widget shows, for patches extracted once at the lowest threshold.

    Parameters
    ----------
    candidates
        Patches with patch_id, area_mu, score_mean, score_max, in a projected CRS.
        At a threshold those with ``score_max`` of at least it are sent out: this is quick and close to, but
        not the same as, extracting anew, as the sweep does.
    hits
        (n,) bool, whether each is right (matched to a true change, or verified so).
    missed_mu
        True change in 亩 that no candidate finds.
    effort
        Costs.
    verdicts
        Marked by a person, patch id → verdict; nothing is marked by itself.
    """

    candidates: gpd.GeoDataFrame
    hits: NDArray[np.bool_]
    missed_mu: float
    effort: Effort
    verdicts: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.candidates) == 0 or len(self.hits) != len(self.candidates):
            raise ParameterError("widgets_tuning.no_candidates", number=len(self.candidates))
        score = self.candidates["score_max"].to_numpy(float)
        self.thresholds = np.linspace(score.min(), score.max(), _STEPS)
        self._score, self._area = score, self.candidates["area_mu"].to_numpy(float)
        self.curve = pd.DataFrame([self.counts(v) for v in self.thresholds])

    def counts(self, threshold: float) -> dict[str, float]:
        """Return confusion, shares, missed 亩, hours and cost at a threshold."""
        sent, hit = self._score >= threshold, np.asarray(self.hits, bool)
        tp, fp, fn = int((sent & hit).sum()), int((sent & ~hit).sum()), int((~sent & hit).sum())
        missed = self.missed_mu + float(self._area[~sent & hit].sum())
        hours = (tp + fp) * self.effort.hours_per_visit
        cost = hours * self.effort.cost_per_hour + missed * self.effort.cost_per_missed_mu
        return {
            "threshold": float(threshold), "true": tp, "false": fp, "missed": fn,
            "precision": tp / (tp + fp) if tp + fp else float("nan"),
            "recall": tp / (tp + fn) if tp + fn else float("nan"),
            "missed_mu": missed, "hours": hours, "cost": cost,
        }  # fmt: skip

    def at(self, x: float, y: float) -> str | None:
        """Return the id of the patch at a point, or None."""
        found = self.candidates.geometry.sindex.query(shapely.Point(x, y), predicate="intersects")
        return None if not len(found) else str(self.candidates["patch_id"].iloc[int(found[0])])

    def evidence(self, patch_id: str) -> str:
        """Return the evidence of a patch as safe HTML."""
        row = self.candidates[self.candidates["patch_id"].astype(str) == patch_id].iloc[0]
        names = [n for n in self.candidates.columns if n != self.candidates.geometry.name]
        cells = "".join(
            f"<tr><td>{html.escape(str(n))}</td><td>{html.escape(_shown(row[n]))}</td></tr>" for n in names
        )
        marked = html.escape(self.verdicts.get(patch_id, t("widgets_tuning.unmarked")))
        last = f"<tr><td>{html.escape(t('widgets_tuning.verdict'))}</td><td>{marked}</td></tr>"
        return f"<table>{cells}{last}</table>"

    def mark(self, patch_id: str, verdict: str) -> None:
        """Record a person's verdict.

        Raises
        ------
        ParameterError
            Unknown verdict.
        """
        if verdict not in VERDICTS:
            choices = ", ".join(VERDICTS)
            raise ParameterError("errors.bad_choice", name="verdict", value=verdict, choices=choices)
        self.verdicts[patch_id] = verdict

    def table(self, threshold: float) -> str:
        """Return confusion and cost at a threshold as HTML."""
        c = self.counts(threshold)
        words = {
            "true": f"{c['true']:.0f}", "false": f"{c['false']:.0f}", "missed": f"{c['missed']:.0f}",
            "precision": f"{c['precision']:.0%}", "recall": f"{c['recall']:.0%}",
            "missed_mu": f"{c['missed_mu']:.0f}", "hours": f"{c['hours']:.0f}", "cost": f"{c['cost']:,.0f}",
        }  # fmt: skip
        rows = (
            f"<tr><td>{html.escape(t(f'widgets_tuning.{k}'))}</td><td>{v}</td></tr>" for k, v in words.items()
        )
        return f"<table>{''.join(rows)}</table>"


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


class _Picture:
    """Map and curve in one figure whose parts are changed, not drawn anew."""

    def __init__(self, state: TuningState) -> None:
        setup()
        self.state = state
        self.figure = Figure(figsize=(8.4, 4.2), dpi=80, layout="constrained")
        self.map, self.axis = self.figure.subplots(1, 2)
        rings = [np.asarray(g.exterior.coords) for g in _largest(state.candidates.geometry)]
        self.shapes = PolyCollection(rings, linewidths=0.2, edgecolors="black")
        self.map.add_collection(self.shapes)
        self.map.autoscale_view()
        self.map.set_aspect("equal")
        self.map.set_axis_off()
        self.map.set_title(t("widgets_tuning.title"), fontsize=9)
        for name, colour, style in (("recall", "blue", "-"), ("precision", "vermilion", "--")):
            curve = state.curve
            self.axis.plot(
                curve["threshold"], curve[name], style, color=PALETTE[colour], label=t(f"tuning.{name}")
            )
        self.line = self.axis.axvline(state.thresholds[0], color="black")
        self.axis.set_ylim(0, 1)
        self.axis.legend(fontsize=8)
        self.axis.set_xlabel(t("tuning.threshold"))
        self.figure.draw_without_rendering()
        self.figure.set_layout_engine("none")  # laid out once, not at every update

    def png(self, threshold: float) -> bytes:
        """Return the figure at a threshold as PNG."""
        sent = self.state._score >= threshold
        colours = np.where(self.state.hits, PALETTE["vermilion"], PALETTE["sky"])
        self.shapes.set_facecolor(np.where(sent, colours, "#EEEEEE").tolist())
        self.line.set_xdata([threshold, threshold])
        stream = io.BytesIO()
        self.figure.savefig(stream, format="png", pil_kwargs={"compress_level": 1})
        return stream.getvalue()


def _largest(geometries: gpd.GeoSeries) -> list[Any]:
    return [max(shapely.get_parts(g), key=shapely.area) for g in geometries.to_numpy()]


def _clickable(state: TuningState, patch: ipw.Dropdown) -> ipw.Widget:
    """Return a map without tiles whose patches can be clicked; a click picks the patch."""
    from ipyleaflet import GeoJSON, Map  # heavy, and only needed in Lab

    degrees = state.candidates[["patch_id", state.candidates.geometry.name]].to_crs("EPSG:4326")
    left, bottom, right, top = degrees.total_bounds
    layer = GeoJSON(data=degrees.__geo_interface__, style={"color": PALETTE["blue"], "weight": 1},
                    hover_style={"color": PALETTE["vermilion"]})  # fmt: skip

    def clicked(**event: Any) -> None:
        patch.value = str(event["properties"]["patch_id"])

    layer.on_click(clicked)
    shown = Map(basemap={}, layers=[layer], center=((bottom + top) / 2, (left + right) / 2), zoom=12)
    shown.layout.height = "320px"
    return shown


def tuning(state: TuningState) -> ipw.Widget:
    """Return the widget: slider, picture, confusion and cost, patch list, evidence, verdict.

    Without a browser the picture and the table show the middle threshold.
    """
    picture = _Picture(state)
    start = float(state.thresholds[_STEPS // 2])
    step = float(state.thresholds[1] - state.thresholds[0]) or 1e-6
    slider = ipw.FloatSlider(
        value=start, min=float(state.thresholds[0]), max=float(state.thresholds[-1]), step=step,
        description=t("tuning.threshold"), readout_format=".3f", layout=ipw.Layout(width="95%"),
    )  # fmt: skip
    image = ipw.Image(format="png", value=picture.png(start))
    numbers = ipw.HTML(state.table(start))
    ids = state.candidates["patch_id"].astype(str).tolist()
    patch = ipw.Dropdown(options=ids, description=t("widgets_tuning.patch"))
    evidence = ipw.HTML(state.evidence(ids[0]))
    verdict = ipw.Dropdown(options=["", *VERDICTS], description=t("widgets_tuning.verdict"))

    def moved(change: dict[str, Any]) -> None:
        image.value = picture.png(float(change["new"]))
        numbers.value = state.table(float(change["new"]))

    def picked(change: dict[str, Any]) -> None:
        evidence.value = state.evidence(str(change["new"]))
        verdict.value = state.verdicts.get(str(change["new"]), "")

    def marked(change: dict[str, Any]) -> None:
        if change["new"]:
            state.mark(str(patch.value), str(change["new"]))
            evidence.value = state.evidence(str(patch.value))

    slider.observe(moved, "value")
    patch.observe(picked, "value")
    verdict.observe(marked, "value")
    side = ipw.VBox([numbers, patch, verdict, evidence])
    return ipw.VBox([slider, ipw.HBox([image, side]), _clickable(state, patch)])
