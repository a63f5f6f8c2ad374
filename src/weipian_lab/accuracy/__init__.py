"""Accuracy of screening: estimators with standard errors, matching of parcels, sampling design, self-audit.

No figure here is a verdict on a parcel; it says how often a kind of label was right.
"""

from weipian_lab.accuracy.assessment import Assessment
from weipian_lab.accuracy.clusters import cluster, systematic
from weipian_lab.accuracy.estimators import poststratified, simple_random, stratified
from weipian_lab.accuracy.intervals import effective_size, share_interval
from weipian_lab.accuracy.labels import AccuracyWarning
from weipian_lab.accuracy.sizes import sample_size

__all__ = [
    "AccuracyWarning",
    "Assessment",
    "cluster",
    "effective_size",
    "poststratified",
    "sample_size",
    "share_interval",
    "simple_random",
    "stratified",
    "systematic",
]
