"""Checks of the procedure table: each takes the rule it applies and says what is missing, or nothing.

A check refuses by returning a :class:`Refusal`; numbers come from the rule, never from here.
"""

from collections.abc import Mapping

from weipian_lab.cases.guards import court, decision, investigation, settlement, verification
from weipian_lab.cases.guards.refusal import Check, Refusal

__all__ = ["CHECKS", "Check", "Refusal"]

CHECKS: Mapping[str, Check] = {
    check.__name__: check
    for module in (verification, settlement, investigation, decision, court)
    for check in module.CHECKS
}
