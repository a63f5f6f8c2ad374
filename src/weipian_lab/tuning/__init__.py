"""Threshold tuning: sweeps, choices by cost, recall, capacity or promise, a sealed test part."""

from weipian_lab.tuning.choice import Choice, by_capacity, by_cost, by_recall, stability
from weipian_lab.tuning.guarantee import Promise, conformal, least_parcels, promise
from weipian_lab.tuning.handover import read_tuned, write_tuned
from weipian_lab.tuning.learned import tuned_classifier
from weipian_lab.tuning.split import blocks_of, open_sealed, seal, spatial_split
from weipian_lab.tuning.sweep import Effort, detection_scores, sweep
from weipian_lab.tuning.validity import broken_promises

__all__ = [
    "Choice",
    "Effort",
    "Promise",
    "blocks_of",
    "broken_promises",
    "by_capacity",
    "by_cost",
    "by_recall",
    "conformal",
    "detection_scores",
    "least_parcels",
    "open_sealed",
    "promise",
    "read_tuned",
    "seal",
    "spatial_split",
    "stability",
    "sweep",
    "tuned_classifier",
    "write_tuned",
]
