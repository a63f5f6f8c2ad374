"""The notice's thresholds on what patches overlap, from a file of management layers."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from weipian_lab import patches, vectors
from weipian_lab.rulebook import Rulebook

__all__ = ["legal_from_layers"]


def legal_from_layers(
    frame: gpd.GeoDataFrame, path: str | Path, rulebook: Rulebook, source: str, on: date
) -> pd.DataFrame | None:
    """Test patches against the notice's thresholds; see :func:`weipian_lab.patches.legal`.

    Parameters
    ----------
    frame
        Patches.
    path
        File with the layers DLTB and YJJBNTTB.

    Returns
    -------
    DataFrame or None
        None if DLTB lies elsewhere than the patches.
    """
    dltb = vectors.read(path, "DLTB", schema="DLTB", columns=["DLBM", "geometry"])
    pbf = vectors.read(path, "YJJBNTTB", schema="YJJBNTTB", columns=["geometry"])
    if len(frame):
        around = shapely.box(*frame.to_crs(dltb.frame.crs).total_bounds)
        if not around.intersects(shapely.box(*dltb.frame.total_bounds)):
            return None
    scheme = dltb.meta.dl_scheme or "SANDIAO"
    return patches.legal(frame, pbf.frame, dltb.frame, rulebook, source, on, scheme=scheme)
