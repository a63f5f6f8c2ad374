"""Walkthrough of a case as a form: read, choose a step, fill it in; each step is on disk at once."""

from weipian_lab.widgets.case.walk import Walkthrough, walkthrough

__all__ = ["Walkthrough", "walkthrough"]
