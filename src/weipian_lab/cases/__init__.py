"""Procedure engine, scenarios, scoring and the trainer's kit."""

from weipian_lab.cases.engine import Case, Step

__all__ = ["Case", "Step"]
