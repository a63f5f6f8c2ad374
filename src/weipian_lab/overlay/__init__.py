"""套合: patches against management layers, an area ledger that closes, flags, feedback."""

from weipian_lab.overlay.tables import tabulate

__all__ = ["tabulate"]
