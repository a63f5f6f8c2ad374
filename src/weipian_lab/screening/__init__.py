"""Screening of image pairs of any size: shift, radiometry, score, threshold, patches, in one pass."""

from weipian_lab.screening.choose import RULE_NUMBER, choose_threshold, read_tuned, rules_table
from weipian_lab.screening.compare import Compared, against_labels, compare, read_labels
from weipian_lab.screening.given import GivenScore, GivenView, fit_given, open_given
from weipian_lab.screening.layers import legal_from_layers
from weipian_lab.screening.looks import Look, print_progress, quicklook, sample_pixels
from weipian_lab.screening.pipeline import Fitted, fit, run, sample_scores, sample_tiles
from weipian_lab.screening.prepare import correction, fit_gains, measure_shift, normalised
from weipian_lab.screening.report import (
    day_of,
    facts_table,
    headline,
    patch_table,
    result_remarks,
    summary,
    warnings_in_words,
)
from weipian_lab.screening.tables import (
    image_names,
    labels_table,
    legal_table,
    model_table,
    not_compared,
    rules_shown,
    shift_table,
    sizes_shown,
    thresholds_in_words,
    titles,
)
from weipian_lab.screening.views import Gains, PairView, sample_blocks, take_tiles

__all__ = [
    "RULE_NUMBER",
    "Compared",
    "Fitted",
    "Gains",
    "GivenScore",
    "GivenView",
    "Look",
    "PairView",
    "against_labels",
    "choose_threshold",
    "compare",
    "correction",
    "day_of",
    "facts_table",
    "fit",
    "fit_gains",
    "fit_given",
    "headline",
    "image_names",
    "labels_table",
    "legal_from_layers",
    "legal_table",
    "measure_shift",
    "model_table",
    "normalised",
    "not_compared",
    "open_given",
    "patch_table",
    "print_progress",
    "quicklook",
    "read_labels",
    "read_tuned",
    "result_remarks",
    "rules_shown",
    "rules_table",
    "run",
    "sample_blocks",
    "sample_pixels",
    "sample_scores",
    "sample_tiles",
    "shift_table",
    "sizes_shown",
    "summary",
    "take_tiles",
    "thresholds_in_words",
    "titles",
    "warnings_in_words",
]
