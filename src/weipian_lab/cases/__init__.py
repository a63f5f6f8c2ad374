"""Procedure engine, scenarios, scoring and the trainer's kit."""

from weipian_lab.cases.choosing import choose
from weipian_lab.cases.engine import Case, Step
from weipian_lab.cases.families import FAMILIES
from weipian_lab.cases.ground import County, Ledger
from weipian_lab.cases.making import make
from weipian_lab.cases.scenario import Answer, Scenario
from weipian_lab.cases.scoring import Score, score, trace
from weipian_lab.cases.session import Outcome, Session, read_answers

__all__ = [
    "FAMILIES",
    "Answer",
    "Case",
    "County",
    "Ledger",
    "Outcome",
    "Scenario",
    "Score",
    "Session",
    "Step",
    "choose",
    "make",
    "read_answers",
    "score",
    "trace",
]
