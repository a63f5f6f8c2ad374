"""Screening of image pairs of any size: shift, radiometry, score, threshold, patches, in one pass."""

from weipian_lab.screening.pipeline import Fitted, fit, run, sample_scores
from weipian_lab.screening.prepare import correction, fit_gains, measure_shift
from weipian_lab.screening.views import Gains, PairView, sample_blocks, take_tiles

__all__ = [
    "Fitted",
    "Gains",
    "PairView",
    "correction",
    "fit",
    "fit_gains",
    "measure_shift",
    "run",
    "sample_blocks",
    "sample_scores",
    "take_tiles",
]
