"""Trainer's kit: a class made from a seed and a secret, and its answer files graded.

What an answer file shows, and what it cannot:

* A file changed by hand, of another seat, or signed with a changed case file is not graded; where an earlier
  step was changed and the software then went on, the chain of steps names the first one that does not fit.
* Steps bear the clock's time of the seat. Times before the class was made, after grading or running
  backwards, a case answered in seconds, and two seats with the same times become remarks for the trainer.
* :func:`checkpoint` notes how far each seat is; who does the case again afterwards gets a remark.
* Ids, seeds and the choice of families follow from the class's secret, so that the public code and the
  class's seed do not tell a seat its family or its key. Replies, photos' problems and findings to come are
  sealed in the case file against reading by the way.

A seat works with no network. So it holds its own ticket, and no scheme keeps a trainee from opening the
sealed part by a program, from signing made-up answers with the ticket, from setting the clock, or from doing
the case again before a checkpoint. An examination needs a room with a trainer in it.
"""

from weipian_lab.cases.kit.checks import checkpoint
from weipian_lab.cases.kit.forms import Forms, compare_forms
from weipian_lab.cases.kit.grading import Grade, Result, grade
from weipian_lab.cases.kit.preparing import Prepared, new
from weipian_lab.cases.kit.seats import open_seat

__all__ = ["Forms", "Grade", "Prepared", "Result", "checkpoint", "compare_forms", "grade", "new", "open_seat"]
