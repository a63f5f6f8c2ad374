"""套合: patches against management layers, an area ledger that closes, flags, feedback."""

from weipian_lab.overlay.baselines import baselines
from weipian_lab.overlay.dates import day_of
from weipian_lab.overlay.documents import export, letter, workbook
from weipian_lab.overlay.feedback import compare, feedback, settled
from weipian_lab.overlay.flags import flags, flags_in_words
from weipian_lab.overlay.greenness import greenest
from weipian_lab.overlay.headings import feedback_counts, flag_counts, heading, in_words
from weipian_lab.overlay.intake import read_batch
from weipian_lab.overlay.ledger import PARTS, SUMMANDS, Ledger, ledger
from weipian_lab.overlay.roles import county
from weipian_lab.overlay.sensitivity import dependent, sensitivity
from weipian_lab.overlay.shown import (
    baseline_rows,
    groups_of,
    ledger_rows,
    patch_page,
    report_in_words,
    stated,
    summary,
    summary_table,
    surroundings,
    telling,
)
from weipian_lab.overlay.slivers import slivers
from weipian_lab.overlay.tables import tabulate

__all__ = [
    "PARTS",
    "SUMMANDS",
    "Ledger",
    "baseline_rows",
    "baselines",
    "compare",
    "county",
    "day_of",
    "dependent",
    "export",
    "feedback",
    "feedback_counts",
    "flag_counts",
    "flags",
    "flags_in_words",
    "greenest",
    "groups_of",
    "heading",
    "in_words",
    "ledger",
    "ledger_rows",
    "letter",
    "patch_page",
    "read_batch",
    "report_in_words",
    "sensitivity",
    "settled",
    "slivers",
    "stated",
    "summary",
    "summary_table",
    "surroundings",
    "tabulate",
    "telling",
    "workbook",
]
