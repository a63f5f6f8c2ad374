"""The panel: threshold slider, map, curves, confusion and cost; the patch in hand and a person's verdict."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

import ipywidgets as w
import numpy as np
from IPython.display import Javascript, display
from pyproj import Transformer

from weipian_lab.accuracy.verification import VERDICTS
from weipian_lab.errors import WeipianError
from weipian_lab.maps.layers import DEGREES, image_layer
from weipian_lab.text import t
from weipian_lab.widgets.case.look import KEYS, STYLE
from weipian_lab.widgets.tuning import tables
from weipian_lab.widgets.tuning.evidence import Evidence, facts
from weipian_lab.widgets.tuning.look import LOOK, button, corners, fitting_zoom, note
from weipian_lab.widgets.tuning.marks import Marks
from weipian_lab.widgets.tuning.pictures import Curves, PatchPicture, data_url
from weipian_lab.widgets.tuning.scene import Scene
from weipian_lab.widgets.tuning.state import TuningState

__all__ = ["Panel", "tuning"]

_LABELS = {"description_width": "110px"}
_MAP_PX = 520
_PALE = 0.35  # share of white in the images of the map: the patches stand out
_NEAR = 14.5  # zoom at which a patch of a few 亩 is seen as a shape


def tuning(
    state: TuningState,
    scene: Scene,
    *,
    folder: Path | str,
    now: Callable[[], datetime] = datetime.now,
    evidence: Evidence | None = None,
    verifier: str = "",
    keep: Callable[[float], Path] | None = None,
) -> w.Widget:
    """Return the panel.

    Parameters
    ----------
    state
        What is counted.
    scene
        Both images.
    folder
        Where the verdicts of each verifier lie; see :class:`Marks`.
    now
        Clock that tells when a verdict was marked.
    evidence
        Evidence of the patches; None shows the patch table's figures alone.
    verifier
        Who marks; may be typed in the panel.
    keep
        Writes a threshold for the screening and returns the file; None leaves the button out.
    """
    display(Javascript(KEYS))  # type: ignore[no-untyped-call]  # IPython publishes no types
    return Panel(state, scene, Path(folder), now, evidence, verifier, keep).box


class Panel:
    """The panel's controls and what they do."""

    def __init__(
        self,
        state: TuningState,
        scene: Scene,
        folder: Path,
        now: Callable[[], datetime],
        evidence: Evidence | None = None,
        verifier: str = "",
        keep: Callable[[float], Path] | None = None,
    ) -> None:
        self.state, self.scene, self.folder, self.evidence = state, scene, folder, evidence
        self.keep, self._now = keep, now
        self.marks: Marks | None = None
        self._patches, self._curves = PatchPicture(state, scene.grid), Curves(state)
        self._there = Transformer.from_crs(DEGREES, state.candidates.crs, always_xy=True)
        self._controls(verifier)
        self._map()
        self.box = self._laid_out()
        self._watch()
        self._take_name()
        self.move()
        self.pick()

    # ---- made once ---------------------------------------------------------------------------------
    def _controls(self, verifier: str) -> None:
        values = self.state.thresholds
        self.slider = w.FloatSlider(
            value=self.state.cheapest, min=float(values[0]), max=float(values[-1]),
            step=float(values[1] - values[0]), readout_format=".3f", style=_LABELS,
            description=t("widgets_tuning.threshold"), layout=w.Layout(flex="1 1 auto", max_width="760px"),
        )  # fmt: skip
        self.cheapest = button("widgets_tuning.to_cheapest")
        self.save = button("widgets_tuning.keep")
        self.blind = w.Checkbox(description=t("widgets_tuning.blind"), indent=False)
        self.curves = w.Image(value=self._curves.png(), format="png", layout=w.Layout(width="100%"))
        self.line = w.HTML()
        self.numbers, self.legend, self.kept = w.HTML(), w.HTML(), w.HTML()
        self.pair, self.facts, self.why, self.said = w.HTML(), w.HTML(), w.HTML(), w.HTML()
        self.patch = w.Dropdown(
            options=self.state.ids, description=t("widgets_tuning.patch"), style=_LABELS,
            layout=w.Layout(width="340px"),
        )  # fmt: skip
        self.earlier, self.later = button("widgets_tuning.earlier"), button("widgets_tuning.later")
        wide = {"style": _LABELS, "layout": w.Layout(width="98%")}
        self.name = w.Text(
            value=verifier, description=t("widgets_tuning.verifier"), continuous_update=False, **wide
        )
        choices = [(t("widgets_tuning.choose"), ""), *((t(f"accuracy.value_{v}"), v) for v in VERDICTS)]
        self.verdict = w.Dropdown(options=choices, description=t("widgets_tuning.verdict"), **wide)
        self.cause = w.Text(description=t("widgets_tuning.cause"), continuous_update=False, **wide)
        self.mark = button("widgets_tuning.mark", "primary")
        self.clear = button("widgets_tuning.clear")

    def _map(self) -> None:
        from ipyleaflet import ImageOverlay, LayersControl, Map, Polygon, ScaleControl

        (south, west), (north, east) = self._patches.bounds
        self.overlay = ImageOverlay(
            url=data_url(self._patches.png(self.slider.value)),
            bounds=self._patches.bounds, name=t("widgets_tuning.layer"),
        )  # fmt: skip
        self.outline = Polygon(
            locations=[], color="#000000", weight=3, fill=False, name=t("widgets_tuning.in_hand")
        )
        first, second = self.scene.names()
        images = [
            image_layer(_PALE + (1 - _PALE) * picture, self.scene.grid, name)
            for picture, name in ((self.scene.before, first), (self.scene.after, second))
        ]
        self.map = Map(
            layers=(*images, self.overlay, self.outline), center=((south + north) / 2, (west + east) / 2),
            zoom=fitting_zoom(self._patches.bounds, _MAP_PX), zoom_snap=0.25, scroll_wheel_zoom=True,
            attribution_control=False,
        )  # fmt: skip
        self.map.add(LayersControl(position="topright"))
        self.map.add(ScaleControl(position="bottomleft", imperial=False))
        self.map.layout = w.Layout(height=f"{_MAP_PX}px", width="100%")
        self.map.on_interaction(self._clicked)

    def _laid_out(self) -> w.VBox:
        row = w.Layout(align_items="center", grid_gap="10px", flex_flow="row wrap", overflow="visible")
        buttons = [self.cheapest, *([self.save] if self.keep else []), self.blind]
        head = w.HBox([self.slider, *buttons], layout=row)
        left = w.VBox([self.map, self.legend], layout=w.Layout(flex="1 1 480px", min_width="380px"))
        self.line.add_class("weipian-line")
        curves = w.Box([self.curves, self.line])
        curves.add_class("weipian-curves")
        right = w.VBox([curves, self.numbers], layout=w.Layout(flex="1 1 400px", min_width="360px"))
        flow = w.Layout(flex_flow="row wrap", grid_gap="14px", align_items="flex-start", overflow="visible")
        both = w.Box([left, right], layout=flow)
        choose = w.HBox([self.patch, self.earlier, self.later], layout=row)
        entered = w.VBox([self.name, self.verdict, self.cause, w.HBox([self.mark, self.clear], layout=row)])
        entered.layout = w.Layout(overflow="visible", width="98%")
        seen = w.VBox([self.pair, self.facts, entered, self.said], layout=w.Layout(flex="1 1 560px"))
        why = w.VBox([self.why], layout=w.Layout(flex="1 1 380px", min_width="360px"))
        hand = w.Box([seen, why], layout=flow)
        title = w.HTML(f"<b>{escape(t('widgets_tuning.hand'))}</b> {escape(t('widgets_tuning.people'))}")
        box = w.VBox([w.HTML(STYLE + LOOK), head, self.kept, both, title, choose, hand])
        for part in (box, left, right, seen, why):
            part.layout.overflow = "visible"
        box.add_class("weipian-case")
        box.add_class("weipian-tuning")
        return box

    def _watch(self) -> None:
        self.slider.observe(lambda _: self.move(), "value")
        self.blind.observe(lambda _: self.move(), "value")
        self.patch.observe(lambda _: self.pick(), "value")
        self.name.observe(lambda _: self._take_name(), "value")
        self.cheapest.on_click(lambda _: setattr(self.slider, "value", self.state.cheapest))
        self.save.on_click(lambda _: self._keep())
        self.earlier.on_click(lambda _: self._step(-1))
        self.later.on_click(lambda _: self._step(1))
        self.mark.on_click(lambda _: self._mark())
        self.clear.on_click(lambda _: self._mark(clear=True))

    # ---- what moves with the threshold -------------------------------------------------------------
    def move(self) -> None:
        """Show map, curves, confusion and cost at the slider's threshold."""
        threshold = float(self.slider.value)
        verdicts = self.marks.verdicts() if self.marks is not None else {}
        picture = self._patches.png(threshold, verdicts, blind=self.blind.value)
        numbers = tables.confusion(self.state.counts(threshold))
        # all is computed before anything is sent, the largest last: small messages sent one by one would
        # each wait until the browser has acknowledged the one before (Nagle's algorithm, 40 ms or more)
        self.line.value, self.numbers.value = self._curves.line(threshold), numbers
        self.legend.value = tables.legend(blind=self.blind.value)
        self.overlay.url = data_url(picture)

    def _keep(self) -> None:
        if self.keep is not None:
            try:
                path = self.keep(float(self.slider.value))
            except WeipianError as error:
                self.kept.value = note("bad", str(error))
            else:
                self.kept.value = note("good", t("widgets_tuning.written", path=path.name))

    # ---- the patch in hand -------------------------------------------------------------------------
    def pick(self) -> None:
        """Show the patch in hand: on the map, close up, its evidence, the verdict on it if there is one."""
        patch_id = str(self.patch.value)
        row = self.state.row(patch_id)
        self.pair.value = self.scene.close_up(row.geometry)
        self.facts.value = facts(row)
        self.why.value = self.evidence.shown(patch_id) if self.evidence is not None else ""
        self.outline.locations = corners(row.geometry, self.state.candidates.crs)
        self._verdict()

    def _verdict(self) -> None:
        """Show what was marked; a choice not yet put on disk is not carried to another patch."""
        marked = self.marks.get(str(self.patch.value)) if self.marks is not None else ""
        self.verdict.value = marked
        self.cause.value = self.marks.get(str(self.patch.value), "cause") if self.marks is not None else ""
        number = len(self.marks) if self.marks is not None else 0
        if marked:
            verdict = t(f"accuracy.value_{marked}")
            self.said.value = note("good", t("widgets_tuning.marked", verdict=verdict, number=number))
        else:
            self.said.value = note("note", t("widgets_tuning.unmarked", number=number))

    def _clicked(self, **event: Any) -> None:
        if event.get("type") != "click":
            return
        latitude, longitude = event["coordinates"]
        found = self.state.at(*self._there.transform(longitude, latitude))
        if found is not None:
            self.patch.value = found

    def _step(self, way: int) -> None:
        """Take the next patch that is sent out at this threshold, in the order of the list."""
        sent = np.flatnonzero(self.state.sent(float(self.slider.value)))
        here = self.state.ids.index(str(self.patch.value))
        ahead = sent[sent > here] if way > 0 else sent[sent < here][::-1]
        if len(ahead):
            self.patch.value = self.state.ids[int(ahead[0])]
            self._show(self.patch.value)

    def _show(self, patch_id: str) -> None:
        middle = self.state.row(patch_id).geometry.representative_point()
        longitude, latitude = self._there.transform(middle.x, middle.y, direction="INVERSE")
        self.map.center = (latitude, longitude)
        self.map.zoom = max(self.map.zoom, _NEAR)

    # ---- verdicts ----------------------------------------------------------------------------------
    def _take_name(self) -> None:
        """Open the verifier's own file; without a name nothing can be marked."""
        self.marks = None
        if self.name.value.strip():
            before, after = self.scene.dates
            rests_on = t("widgets_tuning.rests_on", before=before, after=after)
            try:
                self.marks = Marks(self.folder, self.name.value, rests_on, now=self._now)
            except WeipianError as error:
                self.said.value = note("bad", str(error))
                return
        self._verdict()
        self.move()

    def _mark(self, *, clear: bool = False) -> None:
        """Put the verdict chosen on disk, or take it back."""
        patch_id, verdict = str(self.patch.value), str(self.verdict.value)
        if self.marks is None:
            self.said.value = note("bad", t("widgets_tuning.no_name"))
            return
        if not (verdict or clear):
            self.said.value = note("bad", t("widgets_tuning.no_verdict"))
            return
        try:
            if clear:
                self.marks.clear(patch_id)
            else:
                self.marks.mark(patch_id, verdict, self.cause.value)
        except WeipianError as error:
            self.said.value = note("bad", str(error))
            return
        self._verdict()
        self.move()
