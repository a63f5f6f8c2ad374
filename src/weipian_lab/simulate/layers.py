"""Management layers as an office holds them: field names of the national survey database, zone 35.

Areas are ellipsoidal, in m² to two decimals; dates are YYYYMMDD text. Codes and numbers are invented.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from weipian_lab.area import ellipsoidal_area, round_half_up
from weipian_lab.simulate.land import KINDS, Land
from weipian_lab.simulate.names import ADMIN_CODE, ADMIN_NAME, DLMC, village_code, village_name
from weipian_lab.simulate.protection import basic_farmland
from weipian_lab.simulate.sizes import IMAGE_CRS, LAYER_CRS
from weipian_lab.simulate.streams import stream

__all__ = ["Base", "base_layers", "to_layer_crs"]

DATA_YEAR = 2023


@dataclass(frozen=True, slots=True)
class Base:
    """Layers that follow from the land, and where each DLTB row comes from.

    Attributes
    ----------
    frames
        Layer name → frame in :data:`~weipian_lab.simulate.sizes.LAYER_CRS`.
    rows
        Row of the land for each row of DLTB.
    """

    frames: dict[str, gpd.GeoDataFrame]
    rows: NDArray[np.int64]


def to_layer_crs(shapes: NDArray[np.object_], crs: str = LAYER_CRS) -> NDArray[np.object_]:
    """Transform shapes from the image CRS to whole millimetres; shared vertices stay shared."""
    mover = Transformer.from_crs(IMAGE_CRS, crs, always_xy=True)

    def move(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.round(np.column_stack(mover.transform(xy[:, 0], xy[:, 1])), 3)

    return np.asarray(shapely.transform(np.asarray(shapes, dtype=object), move))


def base_layers(seed: int, land: Land) -> Base:
    """Return DLTB, YJJBNTTB, STBHHX, CZKFBJ, XZQ, CJDCQ and GLQ (managing unit) without errors."""
    rows = np.flatnonzero(land.inside)
    rows = rows[np.lexsort((rows, land.village[rows]))]
    shapes = to_layer_crs(land.polygon[rows])
    protected = basic_farmland(seed, land)[rows]
    frames = {
        "DLTB": _dltb(seed, land, rows, shapes),
        "YJJBNTTB": _pbf(land, rows, shapes, protected),
        "STBHHX": _redline(land, rows, shapes),
        "CZKFBJ": _boundary(land, rows, shapes),
    }
    frames |= _units(land, rows, shapes)
    return Base(frames, rows)


def area_2(shapes: Sequence[shapely.Geometry] | NDArray[np.object_]) -> NDArray[np.float64]:
    """Ellipsoidal area in m², half-up to 0.01."""
    return np.asarray(round_half_up(ellipsoidal_area(shapes, LAYER_CRS)))


def _dltb(seed: int, land: Land, rows: NDArray[np.int64], shapes: NDArray[np.object_]) -> gpd.GeoDataFrame:
    kinds = land.kind[rows]
    code = np.array([KINDS[k].dlbm for k in kinds])
    dry = stream(seed, "survey").random(len(rows)) < 0.02
    code = np.where((code == "0102") & dry, "0103", code)
    area = area_2(shapes)
    village = land.village[rows]
    crop = land.crop[rows, 0]
    zz = np.where(
        crop == "",
        "",
        np.where(np.isin(crop, ("maize", "wheat", "rice", "wheat_second", "mulched")), "LS", "FLS"),
    )
    zz = np.where((crop == "fallow"), "WG", zz)
    zz = np.where(np.isin(kinds, ("vineyard", "wood")) & dry, "JKHF", zz)
    width = np.where(
        np.char.startswith(code, "10") | np.char.startswith(code, "1107"), _widths(shapes), np.nan
    )
    number = np.arange(1, len(rows) + 1)
    return gpd.GeoDataFrame(
        {
            "BSM": [f"{ADMIN_CODE}211{n:09d}" for n in number],
            "YSDM": "2001010100",
            "TBBH": [f"{n:05d}" for n in number],
            "DLBM": code,
            "DLMC": [DLMC[c] for c in code],
            "QSXZ": np.where(np.isin(code, ("1003", "1107A", "1102", "0401", "1205")), "20", "30"),
            "ZLDWDM": [village_code(v) for v in village],
            "ZLDWMC": [village_name(v) for v in village],
            "TBMJ": area,
            "KCXS": 0.0,
            "KCMJ": 0.0,
            "TBDLMJ": area,
            "ZZSXDM": zz,
            "XZDWKD": np.round(width, 1),
            "CZCSXM": _settlement(kinds),
            "SJNF": DATA_YEAR,
        },
        geometry=shapes,
        crs=LAYER_CRS,
    )


def _widths(shapes: NDArray[np.object_]) -> NDArray[np.float64]:
    """Mean width of long thin shapes."""
    half = shapely.length(shapes) / 4
    return np.asarray(half - np.sqrt(np.maximum(half * half - shapely.area(shapes), 0.0)))


def _settlement(kinds: NDArray[np.str_]) -> NDArray[np.str_]:
    town = np.isin(kinds, ("flats", "shops", "street", "park_plot", "works", "store"))
    village = np.isin(kinds, ("house_row", "lane", "garden", "open", "public"))
    return np.where(town, "202", np.where(village, "203", ""))


def _dissolve(
    shapes: NDArray[np.object_], group: NDArray[np.int64]
) -> tuple[NDArray[np.int64], list[shapely.Polygon]]:
    """Union shapes of one coverage by group, into single polygons."""
    order = np.argsort(group, kind="stable")
    names, starts = np.unique(group[order], return_index=True)
    owners: list[int] = []
    result: list[shapely.Polygon] = []
    for name, part in zip(names.tolist(), np.split(order, starts[1:]), strict=True):
        for piece in shapely.get_parts(shapely.coverage_union_all(shapes[part])):
            owners.append(name)
            result.append(piece)
    return np.array(owners, np.int64), result


def _pbf(
    land: Land, rows: NDArray[np.int64], shapes: NDArray[np.object_], protected: NDArray[np.bool_]
) -> gpd.GeoDataFrame:
    cells, pieces = _dissolve(shapes[protected], land.cell[rows][protected])
    first = {
        c: k
        for c, k in zip(land.cell[rows][protected].tolist(), land.kind[rows][protected].tolist(), strict=True)
    }
    code = [KINDS[first[c]].dlbm for c in cells.tolist()]
    n = len(pieces)
    return gpd.GeoDataFrame(
        {
            "BSM": [f"{ADMIN_CODE}501{i:09d}" for i in range(1, n + 1)],
            "YJJBNTTBBH": [f"{ADMIN_CODE}{i:06d}" for i in range(1, n + 1)],
            "DLBM": code,
            "YJJBNTMJ": area_2(pieces),
            "BHKSSJ": "20221014",
        },
        geometry=pieces,
        crs=LAYER_CRS,
    )


def _of_blocks(
    land: Land, rows: NDArray[np.int64], kinds: tuple[str, ...], share: float
) -> NDArray[np.bool_]:
    """Parcels of blocks where `kinds` take at least `share` of the area."""
    number = land.block[rows, 0] * 10_000 + land.block[rows, 1]
    _, at = np.unique(number, return_inverse=True)
    area = shapely.area(land.polygon[rows])
    part = np.bincount(at, area * np.isin(land.kind[rows], kinds)) / np.bincount(at, area)
    return np.asarray(part[at] >= share)


def _redline(land: Land, rows: NDArray[np.int64], shapes: NDArray[np.object_]) -> gpd.GeoDataFrame:
    chosen = _of_blocks(land, rows, ("natural_grass", "shrub"), 0.45) & (land.kind[rows] != "expressway")
    chosen |= land.kind[rows] == "river"
    pieces = _dissolve(shapes[chosen], np.zeros(int(chosen.sum()), np.int64))[1] if chosen.any() else []
    return gpd.GeoDataFrame(
        {
            "BSM": [f"{ADMIN_CODE}601{i:09d}" for i in range(1, len(pieces) + 1)],
            "HXMC": [_redline_name(p) for p in pieces],
            "MJ": area_2(pieces) if pieces else [],
        },
        geometry=list(pieces),
        crs=LAYER_CRS,
    )


def _redline_name(piece: shapely.Polygon) -> str:
    slender = piece.length**2 / piece.area > 120.0
    return "演示河湿地生态保护红线（模拟）" if slender else "演示草原生态保护红线（模拟）"


def _boundary(land: Land, rows: NDArray[np.int64], shapes: NDArray[np.object_]) -> gpd.GeoDataFrame:
    town = np.isin(land.kind[rows], ("flats", "shops", "street", "works", "store", "park_plot")) & (
        land.cell[rows] >= 0
    )
    whole = shapely.union_all(shapely.buffer(shapes[town], 60.0, quad_segs=2))
    whole = shapely.set_precision(shapely.simplify(whole.buffer(-25.0, quad_segs=2), 8.0), 0.001)
    pieces = [p for p in shapely.get_parts(whole) if p.area > 40_000.0]
    return gpd.GeoDataFrame(
        {
            "BSM": [f"{ADMIN_CODE}701{i:09d}" for i in range(1, len(pieces) + 1)],
            "BJLX": "城镇集中建设区",
            "MJ": area_2(pieces),
        },
        geometry=pieces,
        crs=LAYER_CRS,
    )


def _units(land: Land, rows: NDArray[np.int64], shapes: NDArray[np.object_]) -> dict[str, gpd.GeoDataFrame]:
    """County, villages, and a managing unit that is no administrative unit."""
    county = shapely.coverage_union_all(shapes)
    frames = {
        "XZQ": gpd.GeoDataFrame(
            {
                "BSM": [f"{ADMIN_CODE}801000000001"],
                "XZQDM": ADMIN_CODE,
                "XZQMC": ADMIN_NAME,
                "DCMJ": area_2([county]),
            },
            geometry=[county],
            crs=LAYER_CRS,
        )
    }
    numbers, pieces = _dissolve(shapes, land.village[rows])
    frames["CJDCQ"] = gpd.GeoDataFrame(
        {
            "BSM": [f"{ADMIN_CODE}802{i:09d}" for i in range(1, len(pieces) + 1)],
            "ZLDWDM": [village_code(v) for v in numbers],
            "ZLDWMC": [village_name(v) for v in numbers],
            "DCMJ": area_2(pieces),
        },
        geometry=pieces,
        crs=LAYER_CRS,
    )
    east = land.block[rows, 0] >= np.unique(land.block[rows, 0])[-2]
    unit = shapely.coverage_union_all(shapes[east])
    frames["GLQ"] = gpd.GeoDataFrame(
        {"GLQDM": ["NX-DEMO-KFQ"], "GLQMC": ["演示开发区管理委员会（模拟）"], "MJ": area_2([unit])},
        geometry=[unit],
        crs=LAYER_CRS,
    )
    return frames
