"""Tuning by hand: one slider moves map, curve, confusion and cost; a patch in hand is judged by a person.

What is counted is plain Python (:class:`TuningState`), and verdicts are a file (:class:`Marks`); both are
tested without a browser, and the panel only shows them.
"""

from weipian_lab.widgets.tuning.evidence import Evidence
from weipian_lab.widgets.tuning.marks import Marks
from weipian_lab.widgets.tuning.panel import Panel, tuning
from weipian_lab.widgets.tuning.scene import Scene
from weipian_lab.widgets.tuning.state import TuningState

__all__ = ["Evidence", "Marks", "Panel", "Scene", "TuningState", "tuning"]
