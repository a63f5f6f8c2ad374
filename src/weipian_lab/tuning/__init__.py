"""Threshold tuning: sweeps, choices by cost, recall, capacity or promise, a sealed test part."""

from weipian_lab.tuning.choice import Choice, at_edge, by_capacity, by_cost, by_recall, holds, stability
from weipian_lab.tuning.guarantee import Promise, conformal, least_parcels, promise
from weipian_lab.tuning.handover import read_tuned, write_by_hand, write_tuned
from weipian_lab.tuning.learned import compare_rules, tuned_classifier
from weipian_lab.tuning.scores import CLEAN_UPS, block_grid, candidate_thresholds, score_named, split_name
from weipian_lab.tuning.split import blocks_of, open_sealed, seal, spatial_split
from weipian_lab.tuning.sweep import Effort, detection_scores, sweep
from weipian_lab.tuning.tables import (
    chosen,
    evidence_of,
    headline,
    shown_choices,
    shown_rules,
    shown_sweep,
    shown_test,
    shown_validity,
)
from weipian_lab.tuning.validity import broken_promises

__all__ = [
    "CLEAN_UPS",
    "Choice",
    "Effort",
    "Promise",
    "at_edge",
    "block_grid",
    "blocks_of",
    "broken_promises",
    "by_capacity",
    "by_cost",
    "by_recall",
    "candidate_thresholds",
    "chosen",
    "compare_rules",
    "conformal",
    "detection_scores",
    "evidence_of",
    "headline",
    "holds",
    "least_parcels",
    "open_sealed",
    "promise",
    "read_tuned",
    "score_named",
    "seal",
    "shown_choices",
    "shown_rules",
    "shown_sweep",
    "shown_test",
    "shown_validity",
    "spatial_split",
    "split_name",
    "stability",
    "sweep",
    "tuned_classifier",
    "write_by_hand",
    "write_tuned",
]
