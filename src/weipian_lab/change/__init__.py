"""Change scores of image pairs and series, thresholds for them, and registration.

:func:`score` takes a pair at once; :func:`fit` takes samples and returns a model that scores blocks.
"""

from weipian_lab.change.agreement import agreement
from weipian_lab.change.detectors import DETECTORS, USUAL_RULES, chi2_probability, fit, require_method, score
from weipian_lab.change.indices import ndvi
from weipian_lab.change.pixels import Model, band_roles
from weipian_lab.change.registration import Shift, measure_shift, resample
from weipian_lab.change.residual import PRESETS
from weipian_lab.change.series import (
    DIRECTIONS,
    SeriesChange,
    score_series,
    summarise,
)
from weipian_lab.change.thresholds import RULES, Threshold, threshold

__all__ = [
    "DETECTORS",
    "DIRECTIONS",
    "PRESETS",
    "RULES",
    "USUAL_RULES",
    "Model",
    "SeriesChange",
    "Shift",
    "Threshold",
    "agreement",
    "band_roles",
    "chi2_probability",
    "fit",
    "measure_shift",
    "ndvi",
    "require_method",
    "resample",
    "score",
    "score_series",
    "summarise",
    "threshold",
]
