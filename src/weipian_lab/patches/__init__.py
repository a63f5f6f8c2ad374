"""Patches (图斑): score → threshold → clean mask → polygons with stable ids, and the legal threshold."""

from weipian_lab.patches.export import EXPORTS, change_table, export
from weipian_lab.patches.extract import (
    COLUMNS,
    check_thresholds,
    extract,
    from_runs,
    pixel_size_m,
    still_open,
)
from weipian_lab.patches.ids import keep_ids, location_ids
from weipian_lab.patches.legal import legal, overlap_m2
from weipian_lab.patches.rules import SOURCES, Batch, CleanUp
from weipian_lab.patches.summary import SIZE_EDGES_MU, size_classes

__all__ = [
    "COLUMNS",
    "EXPORTS",
    "SIZE_EDGES_MU",
    "SOURCES",
    "Batch",
    "CleanUp",
    "change_table",
    "check_thresholds",
    "export",
    "extract",
    "from_runs",
    "keep_ids",
    "legal",
    "location_ids",
    "overlap_m2",
    "pixel_size_m",
    "size_classes",
    "still_open",
]
