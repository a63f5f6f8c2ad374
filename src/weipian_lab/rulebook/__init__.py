"""Rules as data: numbers and steps of notices, laws, standards, with source, article, dates in force."""

from weipian_lab.rulebook.book import Rule, Rulebook, Threshold
from weipian_lab.rulebook.load import bundled, load
from weipian_lab.rulebook.model import Deadline, Guard, LandClass, RedLine, State, Transition

__all__ = [
    "Deadline",
    "Guard",
    "LandClass",
    "RedLine",
    "Rule",
    "Rulebook",
    "State",
    "Threshold",
    "Transition",
    "bundled",
    "load",
]
