"""The ledger: closes exactly, rounded parts add up, layers beside the survey, bad input."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import Polygon, box

from weipian_lab import rulebook, vectors
from weipian_lab.area import ellipsoidal_area
from weipian_lab.errors import InputError, ParameterError, RulebookError, SchemaError
from weipian_lab.overlay import PARTS, SUMMANDS, county, ledger

X, Y = 35_609_118.0, 4_258_188.0
BOOK = rulebook.load("ningxia-2024")


def layer(shapes: list[Any], crs: int = 4523, **columns: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=crs)


def at(x0: float, y0: float, x1: float, y1: float) -> Polygon:
    return box(X + x0, Y + y0, X + x1, Y + y1)


def survey() -> gpd.GeoDataFrame:
    """Four squares of 100 m: irrigated land, rural road, homestead, saline land."""
    squares = [at(0, 0, 100, 100), at(100, 0, 200, 100), at(0, 100, 100, 200), at(100, 100, 200, 200)]
    return layer(squares, BSM=list("1234"), DLBM=["0102", "1006", "0702", "1204"], KCXS=[0.1, 0.0, 0.0, 0.0])


def patches(*shapes: Any, crs: int = 4523) -> gpd.GeoDataFrame:
    return layer(list(shapes), crs, patch_id=[f"P{i}" for i in range(len(shapes))])


def scale() -> float:
    """m² on the ellipsoid for one planar m² here."""
    return float(ellipsoidal_area(at(0, 0, 200, 200), 4523)[0]) / 40_000


def row(table: Any) -> dict[str, float]:
    return (table.areas.iloc[0] / scale()).round(3).to_dict()


def test_partition_of_a_patch_over_four_classes_and_bare_ground() -> None:
    found = row(ledger(patches(at(50, 50, 250, 150)), {"DLTB": survey()}, BOOK))
    assert {k: found[k] for k in ("total", *SUMMANDS)} == pytest.approx(
        {
            "total": 20_000,
            "cultivated": 2_500,
            "other_agricultural": 5_000,
            "construction": 2_500,
            "unused": 5_000,
            "uncovered": 5_000,
        },
        abs=0.01,
    )


def test_net_of_ridges_moves_to_other_agricultural_land() -> None:
    one = patches(at(0, 0, 100, 100))
    gross = row(ledger(one, {"DLTB": survey()}, BOOK))
    net = row(ledger(one, {"DLTB": survey()}, BOOK, count="net"))
    assert (gross["cultivated"], gross["cultivated_net"]) == pytest.approx((10_000, 9_000), abs=0.01)
    assert (net["cultivated"], net["other_agricultural"]) == pytest.approx((9_000, 1_000), abs=0.01)
    assert net["total"] == pytest.approx(10_000, abs=0.01)


def test_layers_beside_the_survey() -> None:
    layers = {
        "DLTB": survey(),
        "YJJBNTTB": layer([at(0, 0, 60, 100), at(50, 0, 80, 100)], BSM=["a", "b"]),
        "STBHHX": layer([at(0, 90, 300, 300)], BSM=["r"]),
        "CZKFBJ": layer([at(0, 0, 30, 100)], BSM=["c"]),
        "YDSP": layer([at(0, 0, 40, 100)], PZWH=["甲〔2023〕1号"], PZRQ=["20230501"]),
        "SSNYD": layer([at(30, 0, 50, 100)], BAH=["备1"]),
        "LSYD": layer(
            [at(90, 0, 100, 100), at(80, 0, 90, 100)], PZWH=["临1", "临2"], DQRQ=["20240101", "20251231"]
        ),
    }
    result = ledger(patches(at(0, 0, 100, 100)), layers, BOOK, on=dt.date(2024, 6, 30))
    found = row(result)
    expected = {
        "cultivated": 10_000,
        "pbf": 8_000,  # 60 + 20 further metres: overlap counted once
        "redline": 1_000,
        "outside_urban": 7_000,
        "approved": 4_000,
        "filed": 2_000,
        "temporary": 1_000,
        "temporary_expired": 1_000,
        "double_covered": 1_000,
        "unexplained": 4_000,
        "unexplained_cultivated": 4_000,
        "unexplained_pbf": 3_000,
        "pbf_construction": 0,
    }
    assert {k: found[k] for k in expected} == pytest.approx(expected, abs=0.01)
    explained = found["approved"] + found["filed"] + found["temporary"] - found["double_covered"]
    assert explained + found["unexplained"] == pytest.approx(found["total"], abs=0.01)
    assert sorted(result.evidence["layer"].unique()) == [
        "CZKFBJ",
        "LSYD",
        "SSNYD",
        "STBHHX",
        "YDSP",
        "YJJBNTTB",
    ]


def test_layers_not_given_are_missing_not_zero() -> None:
    found = ledger(patches(at(0, 0, 9, 9)), {"DLTB": survey()}, BOOK).areas.iloc[0]
    assert np.isnan(found[["pbf", "approved", "outside_urban", "rural_road"]].astype(float)).all()


def test_overlapping_survey_polygons_go_to_the_first_group() -> None:
    doubled = pd.concat([survey(), layer([at(50, 0, 100, 100)], BSM=["9"], DLBM=["0702"])], ignore_index=True)
    one = patches(at(0, 0, 100, 100))
    found = row(ledger(one, {"DLTB": doubled}, BOOK))
    assert (found["cultivated"], found["construction"]) == pytest.approx((10_000, 0), abs=0.01)
    assert found["survey_overlap"] == pytest.approx(5_000, abs=0.01)
    order = ("construction", "cultivated", "unused", "other_agricultural")
    found = row(ledger(one, {"DLTB": doubled}, BOOK, priority=order))
    assert (found["cultivated"], found["construction"]) == pytest.approx((5_000, 5_000), abs=0.01)


def test_rounded_parts_add_up() -> None:
    rng = np.random.default_rng(3)
    shapes = [
        shapely.affinity.rotate(at(x, y, x + w, y + h), a)
        for x, y, w, h, a in rng.uniform([0, 0, 3, 3, 0], [190, 190, 90, 90, 90], (300, 5))
    ]
    result = ledger(patches(*shapes), {"DLTB": survey()}, BOOK)
    gap = result.areas[list(SUMMANDS)].sum(axis=1) - result.areas["total"]
    assert gap.abs().max() < 1e-4
    table = result.table()
    for unit in ("m2", "mu"):
        parts = (table[[f"{p}_{unit}" for p in SUMMANDS]].to_numpy() * 100).round().sum(axis=1)
        np.testing.assert_array_equal(parts, (table[f"total_{unit}"].to_numpy() * 100).round())
    assert [c for c in table.columns if c.endswith("_m2")] == [f"{p}_m2" for p in PARTS]


def test_scheme_decides_what_a_code_means() -> None:
    """113, reservoirs, was construction land in the second survey; 1103 is agricultural in the third."""
    pond = layer([at(0, 0, 100, 100)], BSM=["1"], DLBM=["113"])
    found = row(ledger(patches(at(0, 0, 100, 100)), {"DLTB": pond}, BOOK))
    assert found["construction"] == pytest.approx(10_000, abs=0.01)
    with pytest.raises(RulebookError, match="113"):
        ledger(patches(at(0, 0, 100, 100)), {"DLTB": pond}, BOOK, scheme="SANDIAO")


def test_self_crossing_parcel_is_repaired_and_listed() -> None:
    bow = Polygon([(X, Y), (X + 100, Y + 100), (X + 100, Y), (X, Y + 100)])
    result = ledger(patches(at(-10, -10, 110, 110)), {"DLTB": layer([bow], BSM=["77"], DLBM=["0102"])}, BOOK)
    assert row(result)["cultivated"] == pytest.approx(5_000, abs=0.01)
    assert [r.feature for r in result.repairs] == ["DLTB:77"]
    assert result.repairs[0].area_after == pytest.approx(5_000 * scale(), abs=0.01)


def test_patch_and_layer_far_apart_name_the_zone() -> None:
    shifted = survey().to_crs(4544).set_crs(4545, allow_override=True)  # zone 36 stated, zone 35 meant
    with pytest.raises(InputError, match="EPSG:4544"):
        ledger(patches(at(0, 0, 9, 9)), {"DLTB": shifted}, BOOK)
    far = patches(at(90_000, 0, 90_009, 9))
    with pytest.raises(InputError, match="90"):
        ledger(far, {"DLTB": survey()}, BOOK)


def test_what_is_asked_must_be_there() -> None:
    one = patches(at(0, 0, 9, 9))
    with pytest.raises(ParameterError, match="DLTB"):
        ledger(one, {}, BOOK)
    with pytest.raises(ParameterError, match="FOO"):
        ledger(one, {"DLTB": survey(), "FOO": survey()}, BOOK)
    with pytest.raises(SchemaError, match="DLBM"):
        ledger(one, {"DLTB": survey().drop(columns="DLBM")}, BOOK)
    with pytest.raises(SchemaError, match="1"):
        ledger(one, {"DLTB": survey().assign(DLBM=None)}, BOOK, scheme="SANDIAO")
    with pytest.raises(InputError):
        ledger(one.iloc[:0], {"DLTB": survey()}, BOOK)
    with pytest.raises(ParameterError, match="half"):
        ledger(one, {"DLTB": survey()}, BOOK, count="half")  # type: ignore[arg-type]


def test_a_county_file_gives_the_same_as_frames(tmp_path: Path) -> None:
    pbf = layer([at(20, 20, 160, 90)], BSM=["a"])
    path = vectors.write(tmp_path / "county.gpkg", survey(), layer="DLTB", metadata={"data_year": 2023})
    vectors.write(path, pbf, layer="YJJBNTTB", append=True)
    shapes = [at(10 * i, 7 * i, 10 * i + 40, 7 * i + 30) for i in range(15)]
    from_file = ledger(patches(*shapes), county(path), BOOK, keep_pieces=True)
    in_memory = ledger(patches(*shapes), {"DLTB": survey(), "YJJBNTTB": pbf}, BOOK, workers=1)
    pd.testing.assert_frame_equal(from_file.areas, in_memory.areas)
    assert from_file.layers["DLTB"] == "2023"
    pieces = from_file.pieces
    assert pieces is not None
    dltb = pieces[pieces["layer"] == "DLTB"].groupby("patch_id")["area_m2"].sum()
    np.testing.assert_allclose(
        dltb.reindex(from_file.areas.index),
        from_file.areas["total"] - from_file.areas["uncovered"],
        atol=1e-6,
    )


def test_evidence_in_another_crs_and_any_layer_order() -> None:
    approvals = layer([at(0, 0, 40, 100)], PZWH=["1"])
    filings = layer([at(30, 0, 50, 100)], BAH=["1"])
    one = patches(at(0, 0, 100, 100))
    here = ledger(one, {"DLTB": survey(), "YDSP": approvals, "SSNYD": filings}, BOOK).areas
    there = ledger(
        one, {"SSNYD": filings.to_crs(4545), "YDSP": approvals.to_crs(32648), "DLTB": survey()}, BOOK
    )
    np.testing.assert_allclose(there.areas, here, atol=0.01)
