"""Accuracy of screening: estimators with standard errors, matching of parcels, sampling design, self-audit.

No figure here is a verdict on a parcel; it says how often a kind of label was right.
"""

from weipian_lab.accuracy.assessment import Assessment
from weipian_lab.accuracy.clusters import cluster, systematic
from weipian_lab.accuracy.estimators import poststratified, simple_random, stratified
from weipian_lab.accuracy.intervals import effective_size, share_interval
from weipian_lab.accuracy.labels import AccuracyWarning
from weipian_lab.accuracy.matching import Matching, match
from weipian_lab.accuracy.shares import breakdown, false_alarm_share, share_of_false
from weipian_lab.accuracy.sizes import sample_size
from weipian_lab.accuracy.verification import as_reference, check_verified, disagreement, read_verified

__all__ = [
    "AccuracyWarning",
    "Assessment",
    "Matching",
    "as_reference",
    "breakdown",
    "check_verified",
    "cluster",
    "disagreement",
    "effective_size",
    "false_alarm_share",
    "match",
    "poststratified",
    "read_verified",
    "sample_size",
    "share_interval",
    "share_of_false",
    "simple_random",
    "stratified",
    "systematic",
]
