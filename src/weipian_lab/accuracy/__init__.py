"""Accuracy of screening: estimators with standard errors, matching of parcels, sampling design, self-audit.

No figure here is a verdict on a parcel; it says how often a kind of label was right.
"""

from weipian_lab.accuracy import audit, design
from weipian_lab.accuracy.advice import OFFERED, audit_table, audit_words, own_design
from weipian_lab.accuracy.assessment import Assessment
from weipian_lab.accuracy.clusters import cluster, systematic
from weipian_lab.accuracy.estimators import poststratified, simple_random, stratified
from weipian_lab.accuracy.intervals import effective_size, share_interval
from weipian_lab.accuracy.labels import AccuracyWarning
from weipian_lab.accuracy.matching import Matching, match
from weipian_lab.accuracy.matrices import from_matrix
from weipian_lab.accuracy.places import GROUPS, situate
from weipian_lab.accuracy.points import (
    LAND_STRATA,
    draw_points,
    label_points,
    next_prefix,
    not_seen,
    pixels_at,
    point_strata,
    read_points,
    seen_shares,
    strata_mu,
)
from weipian_lab.accuracy.reference import changes_between, land_under, on_farmland
from weipian_lab.accuracy.sampled import Sampled, carried_on, sampled_from
from weipian_lab.accuracy.shares import breakdown, false_alarm_share, share_of_false
from weipian_lab.accuracy.sizes import sample_size
from weipian_lab.accuracy.tables import (
    allocation_table,
    announced_share,
    cause_words,
    confusion,
    dictionary,
    group_table,
    headline,
    matching_table,
    near_score,
    needed_table,
    readable,
    review_table,
    shown,
    size_class,
    strata_table,
)
from weipian_lab.accuracy.verification import (
    as_reference,
    check_verified,
    disagreement,
    read_reviews,
    read_verified,
)

__all__ = [
    "GROUPS",
    "LAND_STRATA",
    "OFFERED",
    "AccuracyWarning",
    "Assessment",
    "Matching",
    "Sampled",
    "allocation_table",
    "announced_share",
    "as_reference",
    "audit",
    "audit_table",
    "audit_words",
    "breakdown",
    "carried_on",
    "cause_words",
    "changes_between",
    "check_verified",
    "cluster",
    "confusion",
    "design",
    "dictionary",
    "disagreement",
    "draw_points",
    "effective_size",
    "false_alarm_share",
    "from_matrix",
    "group_table",
    "headline",
    "label_points",
    "land_under",
    "match",
    "matching_table",
    "near_score",
    "needed_table",
    "next_prefix",
    "not_seen",
    "on_farmland",
    "own_design",
    "pixels_at",
    "point_strata",
    "poststratified",
    "read_points",
    "read_reviews",
    "read_verified",
    "readable",
    "review_table",
    "sample_size",
    "sampled_from",
    "seen_shares",
    "share_interval",
    "share_of_false",
    "shown",
    "simple_random",
    "situate",
    "size_class",
    "strata_mu",
    "strata_table",
    "stratified",
    "systematic",
]
