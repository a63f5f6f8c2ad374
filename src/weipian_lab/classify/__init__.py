"""Learnt false-alarm filter for patches, learnt change score for pixels, and spatial validation."""

from weipian_lab.classify.county import county_pairs, train_on_county
from weipian_lab.classify.filter import FalseAlarmFilter, evidence_group
from weipian_lab.classify.pixels import LabelledPair, PixelScorer, best_threshold
from weipian_lab.classify.spatial import false_at_recall, out_of_fold, spatial_groups
from weipian_lab.classify.store import load, save

__all__ = [
    "FalseAlarmFilter",
    "LabelledPair",
    "PixelScorer",
    "best_threshold",
    "county_pairs",
    "evidence_group",
    "false_at_recall",
    "load",
    "out_of_fold",
    "save",
    "spatial_groups",
    "train_on_county",
]
