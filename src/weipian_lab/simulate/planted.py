"""Errors planted in the management layers; what and where stands only in the sealed answer file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.random import Generator

from weipian_lab.simulate.events import Event
from weipian_lab.simulate.layers import area_2
from weipian_lab.simulate.names import ADMIN_CODE, DLMC
from weipian_lab.simulate.streams import stream

__all__ = ["plant"]

Frames = dict[str, gpd.GeoDataFrame]
Record = dict[str, Any]


def plant(seed: int, frames: Frames, events: Sequence[Event]) -> tuple[Frames, list[Record]]:
    """Return layers with errors, and a record of each error.

    Parameters
    ----------
    frames
        Layers without errors; they are left as they are.
    events
        The county's changes: filings get their date wrong against the day work began.

    Returns
    -------
    frames, records
        Each record has ``error_id, kind, layer, feature, was, is``; `feature` is the number (BSM, PZWH, BAH)
        by which the row is found, `was` what would be right.
    """
    made = dict(frames)
    records: list[Record] = []
    for kind, error in _ERRORS:
        rng = stream(seed, "planted", kind)
        for layer, feature, was, now in error(rng, made, events):
            number = len(records) + 1
            records.append(
                {
                    "error_id": f"E{number:03d}",
                    "kind": kind,
                    "layer": layer,
                    "feature": feature,
                    "was": was,
                    "is": now,
                }
            )
    return made, records


Found = list[tuple[str, str, str, str]]


def _choose(rng: Generator, rows: np.ndarray, count: int) -> list[int]:
    return sorted(rng.permutation(rows)[:count].tolist())


def _pbf_row(frames: Frames, shape: shapely.Geometry, code: str) -> str:
    """Add a polygon to the basic farmland and return its BSM."""
    frame = frames["YJJBNTTB"]
    number = len(frame) + 1
    bsm = f"{ADMIN_CODE}501{number:09d}"
    row = gpd.GeoDataFrame(
        {
            "BSM": [bsm],
            "YJJBNTTBBH": [f"{ADMIN_CODE}{number:06d}"],
            "DLBM": [code],
            "YJJBNTMJ": area_2([shape]),
            "BHKSSJ": ["20221014"],
        },
        geometry=[shape],
        crs=frame.crs,
    )
    frames["YJJBNTTB"] = pd.concat([frame, row], ignore_index=True)
    return bsm


def _pbf_over_built(rng: Generator, frames: Frames, _: Sequence[Event]) -> Found:
    """Draw basic farmland over land that was built long before."""
    dltb = frames["DLTB"]
    built = np.flatnonzero(
        dltb["DLBM"].isin(["0702", "0601", "1202"]).to_numpy() & (dltb["TBMJ"].to_numpy() > 2_000)
    )
    found: Found = []
    for row in _choose(rng, built, 5):
        bsm = _pbf_row(frames, dltb.geometry.iloc[row], "0102")
        found.append(("YJJBNTTB", bsm, f"DLTB {dltb['BSM'].iloc[row]} {dltb['DLBM'].iloc[row]}", "0102"))
    return found


def _pbf_overlap(rng: Generator, frames: Frames, _: Sequence[Event]) -> Found:
    """Draw a basic-farmland polygon again, shifted, over its neighbours."""
    frame = frames["YJJBNTTB"]
    found: Found = []
    for row in _choose(rng, np.flatnonzero(frame["YJJBNTMJ"].to_numpy() > 8_000), 4):
        shape = shapely.set_precision(
            shapely.affinity.translate(frame.geometry.iloc[row], 18.0, -11.0), 0.001
        )
        bsm = _pbf_row(frames, shape, str(frame["DLBM"].iloc[row]))
        found.append(("YJJBNTTB", bsm, "", f"overlaps {frame['BSM'].iloc[row]}"))
    return found


def _slivers(rng: Generator, frames: Frames, _: Sequence[Event]) -> Found:
    """Polygons digitised a hand's breadth off, so that borders no longer meet."""
    frame = frames["YJJBNTTB"].copy()
    shapes = frame.geometry.to_numpy().copy()
    found: Found = []
    for row in _choose(rng, np.arange(len(frame) - 20), 14):
        gap = float(rng.choice([-0.4, 0.35, 0.6]))
        shapes[row] = shapely.set_precision(shapes[row].buffer(gap, join_style="mitre"), 0.001)
        found.append(("YJJBNTTB", str(frame["BSM"].iloc[row]), "0 m", f"{gap:+.2f} m"))
    frame = frame.set_geometry(gpd.GeoSeries(list(shapes), crs=frame.crs))
    frame["YJJBNTMJ"] = area_2(frame.geometry.to_numpy())
    frames["YJJBNTTB"] = frame
    return found


def _class_out_of_date(rng: Generator, frames: Frames, _: Sequence[Event]) -> Found:
    """Built or flooded before the survey's year, still booked as cultivated."""
    frame = frames["DLTB"].copy()
    old = np.flatnonzero(frame["DLBM"].isin(["0601", "1202", "1104", "1104A", "0702"]).to_numpy())
    found: Found = []
    for row in _choose(rng, old, 12):
        was = str(frame["DLBM"].iloc[row])
        frame.loc[row, ["DLBM", "DLMC", "CZCSXM", "ZZSXDM"]] = ["0102", DLMC["0102"], "", "LS"]
        found.append(("DLTB", str(frame["BSM"].iloc[row]), was, "0102"))
    frames["DLTB"] = frame
    return found


def _approval_shifted(rng: Generator, frames: Frames, _: Sequence[Event]) -> Found:
    """Approval geometry moved, as after a wrong datum or a slip in the coordinates."""
    frame = frames["YDSP"].copy()
    shapes = frame.geometry.to_numpy().copy()
    found: Found = []
    for row in _choose(rng, np.arange(len(frame)), 3):
        dx, dy = (float(v) for v in np.round(rng.uniform(25.0, 60.0, 2) * rng.choice([-1, 1], 2), 1))
        shapes[row] = shapely.set_precision(shapely.affinity.translate(shapes[row], dx, dy), 0.001)
        found.append(("YDSP", str(frame["PZWH"].iloc[row]), "0, 0 m", f"{dx:+.1f}, {dy:+.1f} m"))
    frames["YDSP"] = frame.set_geometry(gpd.GeoSeries(list(shapes), crs=frame.crs))
    return found


def _number_missing(rng: Generator, frames: Frames, _: Sequence[Event]) -> Found:
    """Approvals and filings that lost their number."""
    found: Found = []
    for layer, field in (("YDSP", "PZWH"), ("SSNYD", "BAH")):
        frame = frames[layer].copy()
        for row in _choose(rng, np.arange(len(frame)), 2):
            found.append((layer, f"row {row + 1}", str(frame[field].iloc[row]), ""))
            frame.loc[row, field] = ""
        frames[layer] = frame
    return found


def _filing_date(rng: Generator, frames: Frames, events: Sequence[Event]) -> Found:
    """Filings dated after the work they are for, and one on a day that does not exist."""
    frame = frames["SSNYD"].copy()
    count = sum(e.verdict == "FACILITY_AG" for e in events)
    rows = _choose(rng, np.arange(len(frame) - count, len(frame)), 3)
    found: Found = []
    for place, row in enumerate(rows):
        was, now = str(frame["BARQ"].iloc[row]), "20240231" if place == 0 else "20241118"
        frame.loc[row, "BARQ"] = now
        found.append(("SSNYD", str(frame["BAH"].iloc[row]), was, now))
    frames["SSNYD"] = frame
    return found


_ERRORS = (
    ("class_out_of_date", _class_out_of_date),
    ("slivers", _slivers),
    ("pbf_over_built", _pbf_over_built),
    ("pbf_overlap", _pbf_overlap),
    ("approval_shifted", _approval_shifted),
    ("filing_date", _filing_date),
    ("number_missing", _number_missing),
)
