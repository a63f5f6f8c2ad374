"""Batches of suspected patches as they are sent down: quarterly, daily, annual; fields as in a real table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.random import Generator

from weipian_lab import vectors
from weipian_lab.area import ellipsoidal_area, round_half_up
from weipian_lab.simulate.events import Event
from weipian_lab.simulate.land import KINDS, Land
from weipian_lab.simulate.layers import to_layer_crs
from weipian_lab.simulate.names import ADMIN_CODE, ADMIN_NAME, DLMC
from weipian_lab.simulate.protection import basic_farmland
from weipian_lab.simulate.sizes import LAYER_CRS
from weipian_lab.simulate.streams import stream

__all__ = ["BATCHES", "Batch", "make_batch", "write_batches"]


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch.

    Parameters
    ----------
    name
        File stem.
    source
        "MNR_QUARTERLY", "NX_DAILY" or "MNR_ANNUAL".
    before, after
        Dates of the two images compared (QSX, HSX).
    letter
        Letter in the patches' numbers.
    suffix, encoding
        Format.
    """

    name: str
    source: str
    before: date
    after: date
    letter: str
    suffix: str
    encoding: str | None = None


BATCHES = (
    Batch("MNR_2024Q1", "MNR_QUARTERLY", date(2023, 10, 6), date(2024, 3, 20), "A", ".shp", "GBK"),
    Batch("MNR_2024Q2", "MNR_QUARTERLY", date(2024, 3, 20), date(2024, 6, 25), "B", ".gpkg"),
    Batch("MNR_2024Q3", "MNR_QUARTERLY", date(2024, 6, 25), date(2024, 9, 22), "C", ".gdb"),
    Batch("NX_DAILY_202408", "NX_DAILY", date(2024, 6, 12), date(2024, 8, 8), "R", ".shp", "UTF-8"),
    Batch("MNR_2024_ANNUAL", "MNR_ANNUAL", date(2023, 10, 6), date(2024, 10, 28), "N", ".gpkg"),
)


def make_batch(seed: int, batch: Batch, land: Land, events: Sequence[Event]) -> gpd.GeoDataFrame:
    """Return the patches of a batch in :data:`~weipian_lab.simulate.sizes.LAYER_CRS`."""
    rng = stream(seed, "batch", batch.name)
    chosen = [e for e in events if _in_batch(rng, e, batch)]
    order = rng.permutation(len(chosen)).tolist()
    shapes = np.array([_drawn(rng, chosen[i].geometry) for i in order], dtype=object)
    moved = to_layer_crs(shapes)
    tree = shapely.STRtree(land.polygon)
    protected = basic_farmland(seed, land)
    east = np.unique(land.block[land.inside, 0])[-2]
    rows = []
    for place, (index, shape) in enumerate(zip(order, shapes, strict=True), start=1):
        event = chosen[index]
        hit = np.sort(tree.query(shape, predicate="intersects"))
        main = int(hit[np.argmax(shapely.area(shapely.intersection(land.polygon[hit], shape)))])
        code = KINDS[str(land.kind[main])].dlbm
        redline = str(land.kind[main]) in ("natural_grass", "shrub", "river", "bar")
        unit = "NX-DEMO-KFQ" if land.block[main, 0] >= east else ADMIN_CODE
        rows.append(
            {
                "JCBH": f"{ADMIN_CODE}{batch.letter}{place:05d}",
                "XZQDM": ADMIN_CODE,
                "XMC": ADMIN_NAME,
                "GLQDM": unit,
                "TBLX": event.tblx,
                "QSX": f"{batch.before:%Y%m%d}",
                "HSX": f"{batch.after:%Y%m%d}",
                "DLBM": code,
                "DLMC": DLMC[code],
                "SFYN": "是" if protected[hit].any() else "否",
                "SFHX": "是" if redline else "否",
                "BZ": "",
            }
        )
    frame = gpd.GeoDataFrame(rows, geometry=list(moved), crs=LAYER_CRS)
    frame.insert(10, "MJ", round_half_up(ellipsoidal_area(moved, LAYER_CRS)))
    return _split(frame, largest=2)


def _split(frame: gpd.GeoDataFrame, *, largest: int) -> gpd.GeoDataFrame:
    """Split the largest patches in two, suffixed ``_1`` and ``_2``; one keeps its parent's area."""
    parents = np.sort(np.argsort(-frame["MJ"].to_numpy(), kind="stable")[:largest]).tolist()
    pieces = [frame.drop(index=parents)]
    for row in parents:
        west, south, east, north = frame.geometry.iloc[row].bounds
        for number, box in enumerate(
            (
                shapely.box(west, south, (west + east) / 2, north),
                shapely.box((west + east) / 2, south, east, north),
            ),
            1,
        ):
            part = frame.iloc[[row]].copy()
            part["JCBH"] += f"_{number}"
            part["BZ"] = "分割图斑"
            part = part.set_geometry(
                [shapely.set_precision(part.geometry.iloc[0].intersection(box), 0.001)], crs=frame.crs
            )
            if number == 1:
                part["MJ"] = round_half_up(ellipsoidal_area(part.geometry, frame.crs))
            pieces.append(part)
    return pd.concat(pieces).sort_values("JCBH", ignore_index=True)


def _in_batch(rng: Generator, event: Event, batch: Batch) -> bool:
    draw = rng.random()
    if event.is_true or event.kind == "land_consolidation":
        shows = event.start < batch.after and event.start >= batch.before
        return bool(shows and draw < 0.85)
    if not event.parts and event.kind in ("misregistration", "forgotten_offset"):
        return False
    return bool(event.start >= batch.before and event.end <= batch.after and draw < 0.5) or bool(
        event.start < batch.after < event.end and draw < 0.12
    )


def _drawn(rng: Generator, shape: shapely.Polygon) -> shapely.Polygon:
    """As an interpreter draws it: a little off, a little larger or smaller, fewer corners."""
    moved = shapely.affinity.translate(shape, *rng.normal(0.0, 1.5, 2))
    drawn = moved.buffer(float(rng.normal(0.8, 1.5)), join_style="mitre").simplify(1.5)
    # a road drawn too narrow may vanish: then it is drawn as it is
    parts = [p for p in shapely.get_parts(drawn) if p.geom_type == "Polygon" and not p.is_empty]
    return max(parts, key=lambda p: p.area) if parts else shape


def write_batches(folder: Path, seed: int, land: Land, events: Sequence[Event]) -> None:
    """Write every batch in its format."""
    for batch in BATCHES:
        frame = make_batch(seed, batch, land, events)
        path = folder / f"{batch.name}{batch.suffix}"
        metadata = {"source": batch.source, "simulated": "yes"}
        vectors.write(path, frame, layer=batch.name, encoding=batch.encoding, metadata=metadata)
