"""What a model way is fed with, and what the world replies along it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from weipian_lab.cases.scenario import Reply

__all__ = ["Way", "replies_of"]


@dataclass(frozen=True)
class Way:
    """What a family's route is fed with.

    `end` is "perform", "court" or "closed_in_court"; `hearing` whether the party asks for one.
    """

    verdict: str
    grounds: tuple[str, ...] = ("FIELD", "PHOTO", "SURVEY")
    problem: str = ""
    layer: str = ""
    matter: str = ""
    disputed: bool = False
    basis: str = "TDGLF-77"
    measures: tuple[str, ...] = ()
    fine: float = 0.0
    area_m2: float = 0.0
    plan_conforms: bool = False
    appraise: bool = False
    pbf_mu: float = 0.0
    cultivated_mu: float = 0.0
    end: str = "perform"
    hearing: bool = False
    transition_days: int = 15
    ended_on: dt.date | None = None
    listed: str = ""


def replies_of(route: str, way: Way, version: str) -> tuple[Reply, ...]:
    """Return what the world does along a route."""
    doc = {"documents": ["HANDOVER_RECEIPT"]}
    if route == "feedback":
        confirmed = {"adjusted": True, "layer_version": f"{version}+", "documents": ["FEEDBACK_REPLY"]}
        return (Reply("feedback", "feedback_reply", 12, confirmed),)
    if route == "hand_over" and way.disputed:
        refused = {"reason": "认为不属本部门职责", "documents": ["DISPUTE_REPORT"]}
        return (
            Reply("hand_over", "returned", 6, refused),
            Reply("returned", "designate_other", 5, {"documents": ["DESIGNATION"]}),
            Reply("designate_other", "receipt", 7, doc),
        )
    if route == "hand_over":
        return (Reply("hand_over", "receipt", 7, doc),)
    if route == "police":
        return (Reply("transfer_police", "police_file", 3, {"documents": ["POLICE_REPLY"]}),)
    return _penalty_replies(way) if route == "penalty" else ()


def _penalty_replies(way: Way) -> tuple[Reply, ...]:
    found: list[Reply] = []
    if way.hearing:
        found.append(Reply("notify", "request_hearing", 2))
    if way.end == "perform":
        papers = ["PERFORMANCE_PROOF"] + (["BUILDING_HANDOVER"] if "CONFISCATE" in way.measures else [])
        found.append(
            Reply(
                "serve", "perform", max(way.transition_days - 3, 1), {"voluntary": True, "documents": papers}
            )
        )
    elif way.end == "court":
        found.append(Reply("apply_court", "granted", 14, {"documents": ["COURT_RULING"]}))
    return tuple(found)
