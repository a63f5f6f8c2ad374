"""套合: patches against management layers, an area ledger that closes, flags, feedback."""

from weipian_lab.overlay.ledger import PARTS, SUMMANDS, Ledger, ledger
from weipian_lab.overlay.roles import county
from weipian_lab.overlay.tables import tabulate

__all__ = ["PARTS", "SUMMANDS", "Ledger", "county", "ledger", "tabulate"]
