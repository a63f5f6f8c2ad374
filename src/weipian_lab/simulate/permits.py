"""Approvals, filings, temporary land and rural roads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from numpy.random import Generator

from weipian_lab.simulate.events import Event
from weipian_lab.simulate.land import Land
from weipian_lab.simulate.layers import area_2, to_layer_crs
from weipian_lab.simulate.sizes import LAYER_CRS
from weipian_lab.simulate.streams import stream

__all__ = ["permit_layers"]


def permit_layers(seed: int, land: Land, events: Sequence[Event]) -> dict[str, gpd.GeoDataFrame]:
    """Return YDSP, SSNYD, LSYD and NCDL as they should be, without errors.

    Notes
    -----
    Beside what was built by them there are approvals not used yet and filings of older facilities,
    and some unlawful works overlap an approval in part (built beyond the limits approved).
    """
    rng = stream(seed, "permits")
    return {
        "YDSP": _approvals(rng, events),
        "SSNYD": _filings(rng, land, events),
        "LSYD": _temporary(rng, events),
        "NCDL": _rural_roads(land, events),
    }


def _frame(
    rows: list[dict[str, Any]], shapes: list[shapely.Geometry], area: str, columns: list[str]
) -> gpd.GeoDataFrame:
    moved = to_layer_crs(np.array(shapes, dtype=object))
    frame = gpd.GeoDataFrame(
        rows, columns=[c for c in columns if c != area], geometry=list(moved), crs=LAYER_CRS
    )
    frame.insert(min(2, len(frame.columns)), area, area_2(moved))
    return frame[[*columns, "geometry"]]


def _before(rng: Generator, day: date, low: int, high: int) -> date:
    return day - timedelta(days=int(rng.integers(low, high)))


def _approvals(rng: Generator, events: Sequence[Event]) -> gpd.GeoDataFrame:
    rows: list[dict[str, Any]] = []
    shapes: list[shapely.Geometry] = []
    for event in events:
        if event.verdict == "LEGAL":
            shape, day = event.geometry.buffer(1.0, join_style="mitre"), _before(rng, event.start, 30, 400)
        elif event.kind in ("factory", "hardening") and rng.random() < 0.3:
            shape, day = _half(event.geometry), _before(rng, event.start, 60, 500)
        else:
            continue
        number = len(rows) + 1
        rows.append({"PZWH": f"演政土批字〔{day.year}〕{number:03d}号", "PZRQ": f"{day:%Y%m%d}",
                     "XMMC": f"演示{event.kind}项目{number:02d}"})  # fmt: skip
        shapes.append(shape)
    return _frame(rows, shapes, "PZMJ", ["PZWH", "PZRQ", "PZMJ", "XMMC"])


def _half(shape: shapely.Polygon) -> shapely.Polygon:
    """Return the western half of a shape: what was approved of a work that went beyond it."""
    west, south, east, north = shape.bounds
    part = shape.intersection(shapely.box(west, south, west + 0.55 * (east - west), north))
    return max(shapely.get_parts(part), key=lambda p: p.area)


def _filings(rng: Generator, land: Land, events: Sequence[Event]) -> gpd.GeoDataFrame:
    rows: list[tuple[date, str]] = []
    shapes: list[shapely.Geometry] = []
    old = np.flatnonzero(land.inside & np.isin(land.kind, ("facility", "farmyard")))
    for row in old.tolist():
        day = _before(rng, date(2023, 6, 1), 30, 1500)
        rows.append((day, str(rng.choice(["畜禽养殖", "作物种植附属设施", "农机库房"]))))
        shapes.append(land.polygon[row])
    for event in events:
        if event.verdict == "FACILITY_AG":
            rows.append((_before(rng, event.start, 15, 120), "作物种植设施"))
            shapes.append(event.geometry.buffer(0.5, join_style="mitre"))
    records = [
        {"BAH": f"演设农备〔{day.year}〕{i:04d}号", "BARQ": f"{day:%Y%m%d}", "YT": use}
        for i, (day, use) in enumerate(rows, start=1)
    ]
    return _frame(records, shapes, "BAMJ", ["BAH", "BARQ", "BAMJ", "YT"])


def _temporary(rng: Generator, events: Sequence[Event]) -> gpd.GeoDataFrame:
    rows: list[dict[str, Any]] = []
    shapes: list[shapely.Geometry] = []
    for event in events:
        if event.verdict != "TEMP_LAND":
            continue
        day = _before(rng, event.start, 10, 60)
        rows.append({"PZWH": f"演自然资临〔{day.year}〕{len(rows) + 1:03d}号", "PZRQ": f"{day:%Y%m%d}",
                     "DQRQ": f"{day + timedelta(days=730):%Y%m%d}"})  # fmt: skip
        shapes.append(event.geometry.buffer(1.0, join_style="mitre"))
    return _frame(rows, shapes, "PZMJ", ["PZWH", "PZRQ", "PZMJ", "DQRQ"])


def _rural_roads(land: Land, events: Sequence[Event]) -> gpd.GeoDataFrame:
    shapes = [land.polygon[i] for i in np.flatnonzero(land.inside & (land.kind == "road_rural")).tolist()]
    shapes += [e.geometry for e in events if e.verdict == "RURAL_ROAD"]
    half = shapely.length(shapes) / 4
    width = half - np.sqrt(np.maximum(half * half - shapely.area(shapes), 0.0))
    rows = [
        {"BSM": f"ND{i:06d}", "DLMC_": f"农村道路{i:03d}", "KD": float(np.round(w, 1))}
        for i, w in enumerate(width, start=1)
    ]
    return _frame(rows, shapes, "MJ", ["BSM", "DLMC_", "KD", "MJ"])
