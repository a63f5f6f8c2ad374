"""What leaves the overlay for an office: spreadsheets, letter, GPKG, SHP; texts stay texts everywhere."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from docx import Document
from openpyxl import load_workbook
from shapely import box

from weipian_lab import overlay, rulebook, text, vectors
from weipian_lab.outputs import read_table, write_table
from weipian_lab.run.tables import Table

X, Y = 35_609_118.0, 4_258_188.0
BOOK = rulebook.load("ningxia-2024")
ON = dt.date(2024, 7, 18)
HOSTILE = ["<script>alert(1)</script>", '甲,"乙"', "=cmd|'/C calc'!A0", "+1+1", "@SUM(1)", "-2", "线\n换"]


def at(x0: float, y0: float, x1: float, y1: float) -> Any:
    return box(X + x0, Y + y0, X + x1, Y + y1)


def frame(shapes: list[Any], **columns: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=4523)


@pytest.fixture(scope="module")
def hostile() -> dict[str, Any]:
    """An overlay whose ids and attributes are what one should not trust."""
    count = len(HOSTILE)
    patches = frame(
        [at(200 * i, 0, 200 * i + 150, 100) for i in range(count)],
        patch_id=HOSTILE,
        date_after=["20240320"] * count,
    )
    layers = {
        "DLTB": frame([at(-1000, -1000, 3000, 1000)], BSM=["1"], DLBM=["0102"]),
        "YJJBNTTB": frame([at(0, 0, 2000, 50)], BSM=[HOSTILE[0]]),
        "YDSP": frame(
            [at(200 * i, 0, 200 * i + 50, 100) for i in range(count)],
            PZWH=HOSTILE, PZRQ=["20240231"] * count, PZMJ=[1.0] * count,
        ),
    }  # fmt: skip
    sources = {k: vectors.source(v, schema=k) for k, v in layers.items()}
    ledger = overlay.ledger(patches, sources, BOOK, on=ON, keep_pieces=True)
    flags = overlay.flags(ledger, patches, BOOK, on=ON, source="MNR_QUARTERLY")
    rows = overlay.stated(ledger.table(), ledger, overlay.flags_in_words(flags), rulebook=BOOK, on=ON)
    sheet = overlay.feedback(ledger, BOOK, sources, patches)
    return {"patches": patches, "ledger": ledger, "flags": flags, "rows": rows, "sheet": sheet}


def test_texts_stay_texts_in_csv(hostile: dict[str, Any], tmp_path: Path) -> None:
    write_table(tmp_path / "ledger.csv", hostile["rows"], index=True)
    raw = (tmp_path / "ledger.csv").read_text("utf-8-sig").replace('"', "")
    assert not [line for line in raw.splitlines() if line.startswith(("=", "+", "@"))]
    assert read_table(tmp_path / "ledger.csv")["patch_id"].tolist() == HOSTILE


def test_texts_stay_texts_in_xlsx(hostile: dict[str, Any], tmp_path: Path) -> None:
    sheets = {
        "ledger": hostile["rows"].reset_index(),
        "flags": hostile["flags"],
        "feedback": hostile["sheet"],
    }
    overlay.workbook(tmp_path / "t.xlsx", sheets)
    book = load_workbook(tmp_path / "t.xlsx")
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n"}  # no formula
    texts = [cell.value for cell in cells if isinstance(cell.value, str)]
    assert not [value for value in texts if value.startswith(("=", "+", "@", "-"))]
    assert HOSTILE[0] in texts


def test_texts_stay_texts_in_html(hostile: dict[str, Any]) -> None:
    for table in (
        overlay.ledger_rows(hostile["rows"], hostile["flags"]),
        overlay.in_words(hostile["sheet"]),
        *overlay.patch_page(HOSTILE[0], hostile["rows"], hostile["flags"]),
    ):
        assert "<script>" not in Table.of(table)._repr_html_()


def test_texts_stay_texts_in_gpkg_and_shp(hostile: dict[str, Any], tmp_path: Path) -> None:
    overlay.export(tmp_path, hostile["patches"], hostile["ledger"], hostile["rows"], shapefiles=True)
    back = vectors.read(tmp_path / "overlay.gpkg", "patches").frame
    assert back["patch_id"].tolist() == HOSTILE
    for name, encoding in (("overlay_gbk.shp", "GBK"), ("overlay_utf8.shp", "UTF-8")):
        shape = vectors.read(tmp_path / name)
        assert shape.report.encoding == encoding
        assert [str(v).replace("\n", " ") for v in shape.frame["TBBH"]] == [
            v.replace("\n", " ") for v in HOSTILE
        ]
        area = hostile["ledger"].areas["cultivated"].to_numpy()
        assert shape.frame["GDMJ"].to_numpy() == pytest.approx(area, abs=0.01)


def test_the_letter_takes_texts_as_they_are(hostile: dict[str, Any], tmp_path: Path) -> None:
    sheet = hostile["sheet"].assign(sentence="bell \x07 <b>&</b>")
    overlay.letter(tmp_path / "l.docx", sheet, county="演示县", simulated=True)
    cells = [
        c.text for grid in Document(str(tmp_path / "l.docx")).tables for row in grid.rows for c in row.cells
    ]
    assert "bell  <b>&</b>" in cells
    assert any("<script>" in cell for cell in cells)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_letter_has_a_part_for_each_section_and_room_for_its_answer(
    hostile: dict[str, Any], tmp_path: Path, lang: text.Lang
) -> None:
    sheet = hostile["sheet"]
    with text.language(lang):
        overlay.letter(tmp_path / "l.docx", sheet, county="演示县", simulated=True)
        words = {
            name: text.t(f"overlay.letter_{name}") for name in ("answer", "simulated", "notfinding", "from")
        }
    document = Document(str(tmp_path / "l.docx"))
    paragraphs = [p.text for p in document.paragraphs]
    assert words["simulated"] in paragraphs
    assert words["notfinding"] in paragraphs
    assert len(document.tables) == sheet["section"].nunique()
    assert sum(len(grid.rows) - 1 for grid in document.tables) == len(sheet)
    assert all(grid.rows[0].cells[-1].text == words["answer"] for grid in document.tables)
    assert not [p for p in paragraphs if p.startswith("=")]


def test_every_column_of_the_spreadsheet_has_a_heading_in_both_languages(
    hostile: dict[str, Any], tmp_path: Path
) -> None:
    layers = {k: v for k, v in (("DLTB", frame([at(-1e3, -1e3, 3e3, 1e3)], BSM=["1"], DLBM=["0102"])),)}
    sources = {k: vectors.source(v, schema=k) for k, v in layers.items()}
    tried = overlay.sensitivity(hostile["patches"], sources, BOOK, source="MNR_QUARTERLY", on=ON)
    tables = {
        "ledger": hostile["rows"].reset_index(),
        "flags": hostile["flags"],
        "feedback": hostile["sheet"],
        "sensitivity": overlay.dependent(tried),
        "baselines": overlay.baselines(hostile["patches"], layers, BOOK),
        "slivers": overlay.slivers(hostile["ledger"], BOOK),
        "reply": overlay.compare(hostile["ledger"], hostile["ledger"]),
    }
    for name, table in tables.items():
        for column in table.columns:
            both = overlay.heading(str(column), both=True)
            assert both != column, f"{name}: {column}"
            assert any(ord(c) > 0x2E80 for c in both), f"{name}: {column}"
            if str(column).endswith("_m2"):
                assert "m²" in both
            if str(column).endswith("_mu"):
                assert "亩" in both


def test_each_row_says_what_it_rests_on(hostile: dict[str, Any]) -> None:
    row = hostile["rows"].iloc[0]
    assert row["rules_on"] == "2024-07-18"
    assert row["rulebook"].startswith("ningxia-2024 ")
    assert row["dl_scheme"] == "SANDIAO"
    assert row["survey_version"]


def test_own_choices_are_not_called_law(hostile: dict[str, Any]) -> None:
    shown = overlay.flag_counts(hostile["flags"], BOOK)
    marks = dict(zip(shown[overlay.heading("rule_id")], shown[overlay.heading("verified")], strict=True))
    assert marks["T-APPROVAL-UNCOVERED"] == text.t("overlay.own")
    assert marks["NX2024-2.1.1-PBF"] == text.t("overlay.read")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_flag_and_pattern_has_a_name(lang: text.Lang) -> None:
    known = text.catalogue("overlay")
    flags = {key.removeprefix("flag_") for key in known if key.startswith("flag_")}
    patterns = {key.removeprefix("feedback_") for key in known if key.startswith("feedback_")}
    assert {f"name_{flag}" for flag in flags} <= set(known)
    assert {f"pattern_{pattern}" for pattern in patterns} <= set(known)
    with text.language(lang):
        told = overlay.in_words(pd.DataFrame({"flag": sorted(flags)})).iloc[:, 0]
        assert not set(told) & flags


def test_settled_and_new_doubts_are_told_apart() -> None:
    columns = ["feedback_id", "pattern", "layer", "feature", "sentence"]
    before = pd.DataFrame(
        [["1", "pbf_built", "YJJBNTTB", "a", "x"], ["2", "late", "SSNYD", "b", "y"]], columns=columns
    )
    after = pd.DataFrame(
        [["1", "late", "SSNYD", "b", "y"], ["2", "late", "SSNYD", "c", "z"]], columns=columns
    )
    found = overlay.settled(before, after)
    assert found["state"].tolist() == ["settled", "left", "new"]
    assert found["feature"].tolist() == ["a", "b", "c"]
    assert found["feedback_id"].tolist() == ["1", "2", ""]


def test_the_telling_patches_come_first() -> None:
    table = pd.DataFrame({"cultivated_mu": [9.0, 1.0, 5.0]}, index=["a", "b", "c"])
    flags = pd.DataFrame({"patch_id": ["b", "b", "c", "c", "c", "a"], "flag": ["x", "y", "x", "y", "y", "x"]})
    assert overlay.telling(table, flags, 2) == ["c", "b"]


def test_the_letter_fits_a4_and_names_layers_in_words(hostile: dict[str, Any], tmp_path: Path) -> None:
    overlay.letter(tmp_path / "l.docx", hostile["sheet"], county="演示县", simulated=True)
    document = Document(str(tmp_path / "l.docx"))
    page = document.sections[0]
    assert (round(page.page_width.cm, 1), round(page.page_height.cm, 1)) == (21.0, 29.7)
    room = page.page_width - page.left_margin - page.right_margin
    for table in document.tables:
        assert sum(cell.width for cell in table.rows[0].cells) <= room * 1.001
    named = {row.cells[1].text.splitlines()[0] for table in document.tables for row in table.rows[1:]}
    assert "用地审批 YDSP" in named
    assert 'w:eastAsia="宋体"' in document.styles.element.xml


def test_numbers_keep_their_digits_and_show_two(tmp_path: Path) -> None:
    overlay.workbook(
        tmp_path / "n.xlsx", {"t": pd.DataFrame({"a": [11.28130708477996, 3.0], "b": ["x", None]})}
    )
    sheet = load_workbook(tmp_path / "n.xlsx").active
    assert [sheet["A2"].value, sheet["A3"].value] == [11.28130708477996, 3]
    assert sheet["A2"].number_format == "0.00"
    assert sheet["B3"].value is None
