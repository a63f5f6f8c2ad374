"""Results for an office: tables as .xlsx, the feedback letter as .docx, patches as GPKG and SHP."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd

from weipian_lab import vectors
from weipian_lab.outputs import as_text, atomic
from weipian_lab.overlay.headings import in_words
from weipian_lab.overlay.ledger import Ledger
from weipian_lab.text import LANGS, catalogue, t

__all__ = ["export", "letter", "workbook"]

_FIXED = dt.datetime(2024, 1, 1)  # documents carry no time of writing: same input, same output
# ledger columns under names that fit a shapefile
_SHORT = {
    "total_m2": "MJ",
    "cultivated_m2": "GDMJ",
    "pbf_m2": "YNMJ",
    "other_agricultural_m2": "QTNYMJ",
    "unused_m2": "WLYMJ",
    "construction_m2": "JSMJ",
    "redline_m2": "HXMJ",
    "approved_m2": "PZMJ",
    "filed_m2": "BAMJ",
    "temporary_m2": "LSMJ",
    "unexplained_m2": "WSMMJ",
    "uncovered_m2": "WFGMJ",
}


def workbook(path: Path | str, tables: Mapping[str, pd.DataFrame]) -> Path:
    """Write tables as sheets of an .xlsx, headings in both languages; texts stay texts.

    Parameters
    ----------
    tables
        Name of the sheet (``overlay.sheet_<name>`` in words, else as it is) → table as in the CSV files.
    """
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    for name, table in tables.items():
        sheet = book.create_sheet(_sheet_name(name))
        sheet.freeze_panes = "B2"
        shown = in_words(table, both=True)
        for number, width in enumerate(_widths(shown), 1):
            sheet.column_dimensions[get_column_letter(number)].width = width
        heads = []
        for column in shown.columns:
            cell = WriteOnlyCell(sheet, value=as_text(str(column)))
            cell.font, cell.alignment = Font(bold=True), Alignment(wrap_text=True, vertical="top")
            heads.append(cell)
        sheet.append(heads)
        for row in shown.itertuples(index=False):
            sheet.append([_cell(sheet, v) for v in row])
    book.properties.created = book.properties.modified = _FIXED
    with atomic(path) as temporary:
        book.save(temporary)
    return Path(path)


def _cell(sheet: Any, value: Any) -> Any:
    """Return what stands in a cell: texts as texts, broken numbers shown to 0.01 with all digits kept."""
    from openpyxl.cell import WriteOnlyCell

    if pd.isna(value):
        return None
    if isinstance(value, float) and not value.is_integer():
        cell = WriteOnlyCell(sheet, value=float(value))
        cell.number_format = "0.00"
        return cell
    return as_text(value)


def _sheet_name(name: str) -> str:
    key = f"sheet_{name}"
    known = key in catalogue("overlay")
    # a sheet's name holds at most 31 characters
    return (" ".join(t(f"overlay.{key}", lang=lang) for lang in LANGS) if known else name)[:31]


def _widths(table: pd.DataFrame) -> list[float]:
    """Return widths of columns in characters, a Chinese one counting two."""
    widths = []
    for column in range(table.shape[1]):
        values = table.iloc[:50, column]
        longest = max((_columns(v) for v in values), default=0)
        widths.append(float(min(max(longest, 12), 60) + 2))
    return widths


def _columns(value: object) -> int:
    text = f"{value:.2f}" if isinstance(value, float) else str(value)
    return sum(2 if ord(c) > 0x2E80 else 1 for c in text)


def letter(path: Path | str, sheet: pd.DataFrame, *, county: str, simulated: bool) -> Path:
    """Write the written feedback, a part for each section, as .docx."""
    document = _paper()
    document.add_heading(t("overlay.letter_title"), level=1)
    if simulated:
        document.add_paragraph(t("overlay.letter_simulated"))
    for section, rows in sheet.groupby("section", sort=True):
        document.add_heading(t("overlay.letter_to", section=section or "-"), level=2)
        document.add_paragraph(
            t("overlay.letter_body", county=county, count=len(rows), cite=rows["cite"].iloc[0])
        )
        _rows(document, rows)
        document.add_paragraph(t("overlay.letter_notfinding"))
        document.add_paragraph(t("overlay.letter_from"))
    document.core_properties.created = document.core_properties.modified = _FIXED
    with atomic(path) as temporary:
        document.save(str(temporary))
    return Path(path)


_PAGE = {"page_width": 21.0, "page_height": 29.7, "left_margin": 2.0, "right_margin": 2.0}  # A4, cm


def _paper() -> Any:
    """Return an empty A4 document whose Chinese is set in 宋体, headings in 黑体."""
    from docx import Document
    from docx.oxml.ns import qn
    from docx.shared import Cm

    document = Document()
    for name, size in _PAGE.items():
        setattr(document.sections[0], name, Cm(size))
    for style, font in {"Normal": "宋体", "Heading 1": "黑体", "Heading 2": "黑体"}.items():
        fonts = document.styles[style].element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)  # a theme's font would go before the one named
        fonts.set(qn("w:eastAsia"), font)
    return document


_LETTER = {"id": 1.6, "layer": 4.4, "what": 6.2, "patch": 2.6, "answer": 2.2}  # columns and their widths, cm


def _rows(document: Any, rows: pd.DataFrame) -> None:
    """Write the rows for one section as a table whose last column is for the section to fill in."""
    from docx.shared import Cm, Pt

    grid = document.add_table(rows=1, cols=len(_LETTER))
    grid.style, grid.autofit = "Table Grid", False
    for cell, key in zip(grid.rows[0].cells, _LETTER, strict=True):
        cell.text = t(f"overlay.letter_{key}")
    for _, row in rows.iterrows():
        texts = (
            row["feedback_id"],
            f"{vectors.layer_title(row['layer'])} {row['layer']}\n{row['feature']}",
            row["sentence"],
            row["patch_id"] or "–",
            t("overlay.letter_reply"),
        )
        for cell, text in zip(grid.add_row().cells, texts, strict=True):
            cell.text = _plain(text)
    for line in grid.rows:
        for cell, width in zip(line.cells, _LETTER.values(), strict=True):
            cell.width = Cm(width)
            for paragraph in cell.paragraphs:
                for run in paragraph.runs:
                    run.font.size = Pt(9)


def _plain(text: object) -> str:
    """Return text without characters that no XML document may hold."""
    return "".join(c for c in str(text) if c in "\t\n" or ord(c) >= 0x20)


def export(
    folder: Path, patches: gpd.GeoDataFrame, ledger: Ledger, table: pd.DataFrame, *, shapefiles: bool
) -> list[Path]:
    """Write ``overlay.gpkg`` (layers patches and pieces) and, where asked, shapefiles in GBK and in UTF-8."""
    joined = patches[["patch_id", "geometry"]].merge(table, left_on="patch_id", right_index=True)
    meta = {"dl_scheme": ledger.scheme, **{f"version_{k}": v for k, v in ledger.layers.items()}}
    written = [vectors.write(folder / "overlay.gpkg", joined, layer="patches", metadata=meta)]
    if ledger.pieces is not None:
        pieces = ledger.pieces.assign(
            feature=ledger.pieces["feature"].map(lambda v: "" if v is None else str(v))
        )
        vectors.write(folder / "overlay.gpkg", pieces, layer="pieces", metadata=meta, append=True)
    if shapefiles:
        short = joined[["patch_id", *_SHORT, "geometry"]].rename(columns={**_SHORT, "patch_id": "TBBH"})
        for encoding in ("GBK", "UTF-8"):
            name = f"overlay_{encoding.replace('-', '').lower()}.shp"
            written.append(vectors.write(folder / name, short, encoding=encoding))
    return written
