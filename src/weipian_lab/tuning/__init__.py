"""Threshold tuning: sweeps, choices by cost, recall, capacity or promise, a sealed test part."""

from weipian_lab.tuning.choice import Choice, at_edge, by_capacity, by_cost, by_recall, holds, stability
from weipian_lab.tuning.guarantee import Promise, conformal, least_blocks, least_parcels, promise, stated
from weipian_lab.tuning.handover import parameters_of, read_tuned, write_by_hand, write_tuned
from weipian_lab.tuning.learned import Learnt, compare_rules, evidence_of, learn, tuned_classifier
from weipian_lab.tuning.parts import Part, block_grid, days_of, inside, read_truth, split_county
from weipian_lab.tuning.scores import CLEAN_UPS, candidate_thresholds, clean_ups, score_named, split_name
from weipian_lab.tuning.split import blocks_of, open_sealed, seal, spatial_split
from weipian_lab.tuning.sweep import Effort, detection_scores, outcome, sweep
from weipian_lab.tuning.tables import (
    beside_assessment,
    chosen,
    headline,
    shown_choices,
    shown_rules,
    shown_sweep,
    shown_test,
    shown_validity,
    summary,
)
from weipian_lab.tuning.validity import allowed_share, broken_promises, validity

__all__ = [
    "CLEAN_UPS",
    "Choice",
    "Effort",
    "Learnt",
    "Part",
    "Promise",
    "allowed_share",
    "at_edge",
    "beside_assessment",
    "block_grid",
    "blocks_of",
    "broken_promises",
    "by_capacity",
    "by_cost",
    "by_recall",
    "candidate_thresholds",
    "chosen",
    "clean_ups",
    "compare_rules",
    "conformal",
    "days_of",
    "detection_scores",
    "evidence_of",
    "headline",
    "holds",
    "inside",
    "learn",
    "least_blocks",
    "least_parcels",
    "open_sealed",
    "outcome",
    "parameters_of",
    "promise",
    "read_truth",
    "read_tuned",
    "score_named",
    "seal",
    "shown_choices",
    "shown_rules",
    "shown_sweep",
    "shown_test",
    "shown_validity",
    "spatial_split",
    "split_county",
    "split_name",
    "stability",
    "stated",
    "summary",
    "sweep",
    "tuned_classifier",
    "validity",
    "write_by_hand",
    "write_tuned",
]
