"""Flags, feedback, sensitivity, slivers, documents."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from openpyxl import load_workbook
from shapely import box

from weipian_lab import overlay, rulebook, vectors
from weipian_lab.errors import RulebookError
from weipian_lab.outputs import read_table, write_table

X, Y = 35_609_118.0, 4_258_188.0
BOOK = rulebook.load("ningxia-2024")
ON = dt.date(2024, 7, 18)


def at(x0: float, y0: float, x1: float, y1: float) -> Any:
    return box(X + x0, Y + y0, X + x1, Y + y1)


def frame(shapes: list[Any], **columns: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4523)


def land(code: str = "0102") -> gpd.GeoDataFrame:
    return frame([at(-1000, -1000, 1000, 1000)], BSM=["1"], DLBM=[code])


def kinds(
    patch: gpd.GeoDataFrame, source: str = "MNR_QUARTERLY", on: dt.date = ON, **layers: Any
) -> dict[str, str]:
    found = overlay.ledger(patch, {"DLTB": land()} | layers, BOOK, on=on)
    flags = overlay.flags(found, patch, BOOK, on=on, source=source)
    assert set(flags["level"]) <= {"info", "attention", "doubt", "alert"}
    return dict(zip(flags["flag"], flags["rule_id"], strict=True))


def patch(width: float, height: float = 100, **more: Any) -> gpd.GeoDataFrame:
    return frame([at(0, 0, width, height)], patch_id=["P"], **more)


def test_thresholds_count_the_overlap_and_include_the_number() -> None:
    pbf = frame([at(0, 0, 500, 33.35)], BSM=["b"])  # 100 m × 33.35 m: 5.001 亩 on the ellipsoid
    found = kinds(patch(100), YJJBNTTB=pbf)
    assert found["reaches_pbf"] == "NX2024-2.1.1-PBF"
    assert found["reaches_cultivated"] == "NX2024-2.1.1-CULTIVATED"
    assert found["borderline_pbf"] == "T-BORDERLINE-SHARE"
    assert "reaches_pbf" not in kinds(patch(99), YJJBNTTB=pbf)


def test_no_threshold_is_invented_for_regional_patches() -> None:
    assert not {k for k in kinds(patch(300), source="NX_DAILY") if k.startswith("reaches")}


@pytest.mark.parametrize(("own", "tried"), [("SELF", True), (None, True), ("NX_DAILY", False)])
def test_own_patches_are_tried_against_the_source_asked_for(own: str | None, tried: bool) -> None:
    found = kinds(patch(300, source=[own]), source="MNR_QUARTERLY")
    assert ("reaches_cultivated" in found) is tried


def test_a_missing_layer_gives_doubt() -> None:
    assert kinds(patch(100))["no_layer_pbf"] == "NX2024-2.1.1-PBF"


def test_rules_not_in_force_stop() -> None:
    with pytest.raises(RulebookError):
        kinds(patch(100), on=dt.date(2024, 1, 1))


def test_evidence_flags() -> None:
    approval = frame([at(0, 0, 60, 100)], PZWH=[None], PZRQ=["20240901"])
    term = frame(
        [at(0, 0, 100, 50), at(0, 50, 100, 100)],
        PZWH=["临1", "临2"],
        PZRQ=["20210101"] * 2,
        DQRQ=["20240101", None],
    )
    road = frame([at(0, 0, 100, 4), at(0, 90, 100, 99)], BSM=["r", "s"], KD=[4.0, 9.5])
    found = kinds(patch(100, date_after="20240601"), YDSP=approval, LSYD=term, NCDL=road)
    assert {
        "approval_partial",
        "approval_no_number",
        "approval_later",
        "temporary_expired",
        "temporary_no_expiry",
        "temporary_long",
        "road_too_wide",
    } <= set(found)


def test_acts_of_one_actor_within_a_year_are_summed() -> None:
    shapes = [at(100 * i, 0, 100 * i + 90, 40) for i in range(3)]  # 5.4 亩 each, 16.2 together
    three = frame(
        shapes, patch_id=list("abc"), actor=["甲"] * 3, date_after=["20240101", "20240401", "20240601"]
    )
    ledger = overlay.ledger(three, {"DLTB": land()}, BOOK)
    flags = overlay.flags(ledger, three, BOOK, on=ON, source="SELF")
    assert (flags["flag"] == "sum_cultivated").sum() == 3
    late = three.assign(date_after=["20220101", "20240401", "20240601"])  # the last two: 10.8 亩
    flags = overlay.flags(ledger, late, BOOK, on=ON, source="SELF")
    assert flags.loc[flags["flag"] == "sum_cultivated", "patch_id"].tolist() == ["b", "c"]
    for own in (
        {"date_after": ["20220101", "20230301", "20240601"]},  # none within a year of another
        {"date_after": ["20240101", None, None]},  # without a day nothing is said
        {"actor": ["甲", "乙", ""]},
    ):
        found = overlay.flags(ledger, three.assign(**own), BOOK, on=ON, source="SELF")
        assert "sum_cultivated" not in set(found["flag"])


def test_the_actor_is_read_from_a_chinese_field(tmp_path: Path) -> None:
    shapes = [at(100 * i, 0, 100 * i + 90, 40) for i in range(2)]
    columns = {"图斑编号": ["a", "b"], "当事人": ["甲", "甲"], "后时相": ["20240101", "20240401"]}
    batch = overlay.read_batch(vectors.write(tmp_path / "b.shp", frame(shapes, **columns), encoding="GBK"))
    ledger = overlay.ledger(batch.frame, {"DLTB": land()}, BOOK)
    flags = overlay.flags(ledger, batch.frame, BOOK, on=ON, source="SELF")
    assert (flags["flag"] == "sum_cultivated").sum() == 2


def test_feedback_finds_layers_suspected_wrong() -> None:
    layers = {
        "DLTB": frame([at(0, 0, 100, 100), at(100, 0, 200, 100)], BSM=["1", "2"], DLBM=["0702", "0102"]),
        "YJJBNTTB": frame([at(0, 0, 150, 100)], BSM=["b"]),
        "YDSP": frame([at(0, 0, 20, 100)], PZWH=[""], PZMJ=[9999.0]),
        "SSNYD": frame([at(12, 9, 212, 109)], BAH=["备1"], BAMJ=[20_000.0]),
    }
    sources = {k: vectors.source(v, schema=k) for k, v in layers.items()}
    ledger = overlay.ledger(patch(200), sources, BOOK, keep_pieces=True)
    sheet = overlay.feedback(ledger, BOOK, sources)
    assert set(sheet["pattern"]) == {"pbf_built", "no_number", "shifted", "area_differs"}
    shifted = sheet[sheet["pattern"] == "shifted"].iloc[0]
    assert "15.0" in shifted["sentence"]  # √(12² + 9²)
    assert set(sheet["kind"]) == {"PBF_MISDRAWN", "FILING_WRONG"}
    assert (sheet[["reply", "new_attribute"]] == "").all(axis=None)


def test_a_reply_is_shown_beside_the_old() -> None:
    before = overlay.ledger(patch(100), {"DLTB": land("0102")}, BOOK)
    after = overlay.ledger(patch(100), {"DLTB": land("0702")}, BOOK)
    change = overlay.compare(before, after).set_index("part")["change_m2"]
    assert change["construction"] == pytest.approx(-change["cultivated"])
    assert overlay.compare(before, before).empty


def test_sensitivity_says_what_a_threshold_hangs_on() -> None:
    edge = patch(67.0)  # 6700 m² are 10.05 亩 of cultivated land
    layers = {k: vectors.source(v, schema=k) for k, v in {"DLTB": land()}.items()}
    tried = overlay.sensitivity(edge, layers, BOOK, source="MNR_QUARTERLY", on=ON)
    found = overlay.dependent(tried).iloc[0]
    assert found["reaches"]
    assert found["reaches_changes_at_m"] == 1.0
    assert pd.isna(found["class_changes_at_m"])


def test_slivers_are_listed_and_stay() -> None:
    thin = frame([at(0, 0, 99, 100), at(99, 0, 200, 100)], BSM=["1", "2"], DLBM=["0102", "0702"])
    ledger = overlay.ledger(patch(100), {"DLTB": thin}, BOOK, keep_pieces=True)
    found = overlay.slivers(ledger, BOOK)
    assert found["feature"].tolist() == ["2"]
    assert ledger.areas["construction"].iloc[0] == pytest.approx(100, rel=1e-3)


def test_hostile_texts_stay_texts(tmp_path: Path) -> None:
    hostile = ['=cmd|"/C calc"!A0', "<script>alert(1)</script>", 'a,"b"']
    table = pd.DataFrame({"feature": hostile, "n": [-1.0, 2.0, 3.0]})
    write_table(tmp_path / "t.csv", table)
    assert read_table(tmp_path / "t.csv")["feature"].tolist() == hostile
    overlay.workbook(tmp_path / "t.xlsx", {"t": table})
    cells = [row[0] for row in load_workbook(tmp_path / "t.xlsx")["t"].iter_rows(min_row=2)]
    assert [c.data_type for c in cells] == ["s", "s", "s"]
    assert cells[0].value.startswith("'=")


def test_export_and_letter(tmp_path: Path) -> None:
    from docx import Document

    one = patch(100)
    ledger = overlay.ledger(one, {"DLTB": land()}, BOOK, keep_pieces=True)
    overlay.export(tmp_path, one, ledger, ledger.table(), shapefiles=True)
    assert vectors.layer_names(tmp_path / "overlay.gpkg") == ["patches", "pieces"]
    back = vectors.read(tmp_path / "overlay_gbk.shp")
    assert back.report.encoding == "GBK"
    assert back.frame["GDMJ"].iloc[0] == pytest.approx(ledger.areas["cultivated"].iloc[0], abs=0.01)
    sheet = pd.DataFrame(
        {c: ["x"] for c in ("feedback_id", "patch_id", "layer", "feature", "sentence", "section", "cite")}
    )
    overlay.letter(tmp_path / "l.docx", sheet, county="演示县", simulated=True)
    words = "\n".join(p.text for p in Document(str(tmp_path / "l.docx")).paragraphs)
    assert "模拟" in words
    assert "演示县" in words


def test_feedback_names_what_is_wrong_with_filings_and_borders() -> None:
    layers = {
        "DLTB": frame([at(0, 0, 400, 100)], BSM=["1"], DLBM=["0102"]),
        "YJJBNTTB": frame(
            [at(0, 0, 150, 100), at(149, 0, 250, 100), at(240, 0, 390, 100)], BSM=["a", "b", "c"]
        ),
        "SSNYD": frame(
            [at(0, 0, 100, 100), at(300, 200, 400, 300), at(600, 0, 700, 100)],
            BAH=["备1", None, "备3"], BARQ=["20240601", "20240231", ""], BAMJ=[10_000.0, 10_000.0, 10_000.0],
        ),
    }  # fmt: skip
    sources = {k: vectors.source(v, schema=k) for k, v in layers.items()}
    seen = patch(400).assign(date_after=["2024-03-20"])
    ledger = overlay.ledger(seen, sources, BOOK, keep_pieces=True)
    sheet = overlay.feedback(ledger, BOOK, sources, seen).set_index("pattern")
    assert set(sheet.index) == {"pbf_sliver", "pbf_overlap", "late", "bad_date", "no_number"}
    assert "99.97" in sheet.loc["pbf_sliver", "sentence"]  # 1 m × 100 m in the projection
    assert "999.7" in sheet.loc["pbf_overlap", "sentence"]
    assert list(sheet.loc[["pbf_sliver", "pbf_overlap", "late"], "feature"]) == ["b", "b", "备1"]
    assert "2024-06-01" in sheet.loc["late", "sentence"]
    assert list(sheet.loc[["bad_date", "late"], "patch_id"]) == ["", seen["patch_id"].iloc[0]]
    assert "late" not in set(overlay.feedback(ledger, BOOK, sources)["pattern"])


def test_a_small_slip_or_another_shape_is_no_shift() -> None:
    for filed in (at(3, 2, 203, 102), at(40, 0, 140, 200), at(20, 0, 120, 100)):
        layers = {"DLTB": land(), "SSNYD": frame([filed], BAH=["备1"], BAMJ=[filed.area])}
        sources = {k: vectors.source(v, schema=k) for k, v in layers.items()}
        ledger = overlay.ledger(patch(200), sources, BOOK, keep_pieces=True)
        assert "shifted" not in set(overlay.feedback(ledger, BOOK, sources)["pattern"])


class _Changed:
    """The rulebook with other numbers."""

    def __init__(self, numbers: dict[str, float]) -> None:
        self._numbers = numbers

    def __getattr__(self, name: str) -> Any:
        return getattr(BOOK, name)

    def number(self, rule: str, on: dt.date | None = None) -> float:
        return self._numbers.get(rule, BOOK.number(rule, on))


def test_the_limits_of_feedback_come_from_the_rulebook(tmp_path) -> None:
    layers = {"DLTB": land(), "SSNYD": frame([at(12, 9, 212, 109)], BAH=["备1"], BAMJ=[20_000.0])}
    sources = {k: vectors.source(v, schema=k) for k, v in layers.items()}
    ledger = overlay.ledger(patch(200), sources, BOOK, keep_pieces=True)
    strict = _Changed({"T-FEEDBACK-LEAST": 16.0})
    assert "shifted" in set(overlay.feedback(ledger, BOOK, sources)["pattern"])
    assert "shifted" not in set(overlay.feedback(ledger, strict, sources)["pattern"])
