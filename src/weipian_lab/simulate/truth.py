"""The truth of a simulated county as a table; kept apart from what an office would hold."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np

from weipian_lab.area import ellipsoidal_area
from weipian_lab.simulate.events import Event
from weipian_lab.simulate.sizes import IMAGE_CRS

__all__ = ["truth_frame"]


def truth_frame(events: Sequence[Event]) -> gpd.GeoDataFrame:
    """Return one row for each change, true or not (layer ``changes``)."""
    shapes = [e.geometry for e in events]
    area = ellipsoidal_area(shapes, IMAGE_CRS)
    return gpd.GeoDataFrame(
        {
            "change_id": [e.change_id for e in events],
            "kind": [e.kind for e in events],
            "is_true": [e.is_true for e in events],
            "lawful": [e.lawful for e in events],
            "verdict": [e.verdict for e in events],
            "cause": [e.cause for e in events],
            "TBLX": [e.tblx for e in events],
            "date_start": [f"{e.start:%Y%m%d}" for e in events],
            "date_end": [f"{e.end:%Y%m%d}" for e in events],
            "corrected": [f"{e.corrected:%Y%m%d}" if e.corrected else "" for e in events],
            "actor": [e.actor for e in events],
            "stages": [e.stages for e in events],
            "note": [e.note for e in events],
            "area_m2": np.round(area, 2),
        },
        geometry=shapes,
        crs=IMAGE_CRS,
    )
