"""Trainer's kit: a class made from a seed, and its answer files graded."""

from weipian_lab.cases.kit.forms import Forms, compare_forms
from weipian_lab.cases.kit.grading import Grade, Result, grade
from weipian_lab.cases.kit.preparing import Prepared, new
from weipian_lab.cases.kit.seats import open_seat

__all__ = ["Forms", "Grade", "Prepared", "Result", "compare_forms", "grade", "new", "open_seat"]
