"""Slivers (碎片): thin or tiny pieces. They are listed, never taken out of the ledger."""

from __future__ import annotations

import numpy as np
import pandas as pd
import shapely

from weipian_lab.area import m2_to_mu
from weipian_lab.errors import ParameterError
from weipian_lab.overlay.ledger import Ledger
from weipian_lab.rulebook import Rulebook

__all__ = ["slivers"]


def slivers(ledger: Ledger, rulebook: Rulebook) -> pd.DataFrame:
    """Return the pieces narrower than T-SLIVER-WIDTH or smaller than T-SLIVER-MU.

    The width is that of a long rectangle of the same area and perimeter: 2 A / P.

    Returns
    -------
    DataFrame
        ``patch_id, layer, feature, area_m2, width_m``.

    Raises
    ------
    ParameterError
        If the ledger was made without keeping its pieces.
    """
    if ledger.pieces is None:
        raise ParameterError("overlay.no_pieces")
    pieces = ledger.pieces
    length = shapely.length(np.asarray(pieces.geometry.array, dtype=object))
    width = 2 * pieces["area_m2"].to_numpy() / np.maximum(length, 1e-9)
    thin = width < rulebook.number("T-SLIVER-WIDTH")
    tiny = m2_to_mu(pieces["area_m2"].to_numpy()) < rulebook.number("T-SLIVER-MU")
    table = pd.DataFrame(pieces[["patch_id", "layer", "feature", "area_m2"]]).assign(width_m=width)
    chosen: pd.DataFrame = table[thin | tiny].reset_index(drop=True)
    return chosen
