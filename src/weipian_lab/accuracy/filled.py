"""Tables that people filled in: CSV in any usual encoding, workbooks, layers; heads and codes also in words.

Teams hand back the field list as they got it or as their spreadsheet program left it: heads and verdicts in
Chinese or English, days as text or as cells of a date, GBK instead of UTF-8, a sheet a team, several rounds.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import openpyxl
import pandas as pd
from openpyxl.utils.exceptions import InvalidFileException

from weipian_lab import vectors
from weipian_lab.errors import InputError, SchemaError
from weipian_lab.text import LANGS, catalogue, t

__all__ = ["iso_day", "read_filled"]

COLUMNS = (
    "patch_id", "verdict", "cause", "verified_on", "verifier_count", "evidence", "verifier", "stratum",
    "stratum_size", "weight", "inclusion_probability", "unit", "mapped", "reference", "team", "visit",
    "leg_m", "lon", "lat",
)  # fmt: skip
"""Columns known by name; all others are kept under the name they have."""
_ALSO = {
    "patch_id": ("JCBH", "TBBH", "图斑号", "监测编号", "点号", "point_id"),
    "verdict": ("结论", "核查结果", "认定结论"),
    "cause": ("误报原因", "伪变化原因"),
    "verified_on": ("核查时间", "日期"),
    "verifier_count": ("人数",),
    "evidence": ("证据", "举证材料", "照片"),
    "verifier": ("核查人", "核查员", "检查人"),
    "stratum_size": ("层大小", "层内图斑数"),
    "weight": ("权重",),
    "mapped": ("图上类别",),
    "reference": ("实地", "实地类别", "实地情况", "真实类别"),
}
_CODED = {
    "verdict": (
        "LEGAL", "ILLEGAL_NONAG", "FACILITY_AG", "RURAL_ROAD", "TEMP_LAND", "PSEUDO_CHANGE",
        "NO_CLASS_CHANGE", "OTHER", "UNDETERMINED",
    ),
    "mapped": ("change", "same"),
    "reference": ("change", "same"),
    "unit": ("patch", "pixel"),
}  # fmt: skip
_WORKBOOKS = {".xlsx", ".xlsm"}
_TEXTS = {".csv", ".txt", ".tsv"}
_SHAPE_NAME = 10  # characters that a shapefile keeps of a field name
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[ T]\s*\d{1,2}:\d{2}.*)?")


def read_filled(path: Path | str | Sequence[Path | str], needs: Iterable[str] = ()) -> pd.DataFrame:
    """Read one or several filled tables under the names of :data:`COLUMNS`.

    Parameters
    ----------
    path
        CSV (UTF-8, UTF-16 or GB18030; comma, semicolon or tab), workbook (every sheet that has the columns
        needed) or a layer of any vector format. Several are put one under the other, one round each.
    needs
        Columns that must be there.

    Returns
    -------
    DataFrame
        Cells as text, missing where empty; of a layer lon and lat (degrees, CGCS2000) for its geometry.

    Raises
    ------
    InputError
        No such file, or it is not a table.
    SchemaError
        A column needed is missing, or two columns mean the same.
    """
    many = [path] if isinstance(path, str | Path) else list(path)
    tables = [_read(Path(one), list(needs)) for one in many]
    return tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True)


def iso_day(value: object) -> object:
    """Return a day as YYYY-MM-DD where it can only be one; else what was given."""
    if isinstance(value, datetime | date):
        return "" if pd.isna(value) else f"{value:%Y-%m-%d}"
    text = str(value).strip()
    found = _DAY.fullmatch(re.sub(r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3", text))
    return "{}-{:0>2}-{:0>2}".format(*found.groups()) if found else text


def _read(path: Path, needs: list[str]) -> pd.DataFrame:
    if not path.exists():
        raise InputError("errors.missing_file", path=path)
    if path.suffix.lower() in _WORKBOOKS:
        tables = _sheets(path, needs)
    elif path.suffix.lower() in _TEXTS:
        tables = [_csv(path)]
    elif path.suffix.lower() in {".xls", ".et", ".ods", ".numbers", ".doc", ".docx", ".pdf"}:
        raise InputError("accuracy.not_a_table", path=path.name, reason=path.suffix)
    else:
        tables = [_layer(path)]
    tables = [_decoded(_named(table)) for table in tables]
    table = tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True)
    for name in needs:
        if name not in table.columns:
            raise SchemaError("accuracy.no_column", column=name, columns=", ".join(map(str, table.columns)))
    return table


def _layer(path: Path) -> pd.DataFrame:
    """Return a layer's table, of polygons or points; where its features lie goes into lon and lat."""
    layer = vectors.read(path, allow_empty=True)
    parts = [part for part in (layer.frame, layer.set_aside) if len(part)]
    if not parts:
        raise SchemaError("accuracy.empty_sample")
    tables = []
    for part in parts:
        at = part.geometry.representative_point().to_crs("EPSG:4490")
        table = pd.DataFrame(part.drop(columns="geometry"))
        tables.append(table if {"lon", "lat"} <= set(table.columns) else table.assign(lon=at.x, lat=at.y))
    return pd.concat(tables, ignore_index=True)


def _csv(path: Path) -> pd.DataFrame:
    lines = _decode(path).lstrip("\ufeff\r\n")
    first = lines.split("\n", 1)[0]
    rows = list(csv.reader(io.StringIO(lines), delimiter=max(",;\t", key=first.count)))
    if not rows:
        raise InputError("accuracy.not_a_table", path=path.name, reason=t("accuracy.nothing_in_it"))
    heads, width = rows[0], len(rows[0])
    for number, row in enumerate(rows[1:], start=2):
        if any(cell.strip() for cell in row[width:]):
            reason = t("accuracy.long_row", row=number, found=len(row), heads=width)
            raise InputError("accuracy.not_a_table", path=path.name, reason=reason)
    kept = [(row + [""] * width)[:width] for row in rows[1:] if any(cell.strip() for cell in row)]
    return pd.DataFrame(kept, columns=heads, dtype=object)


def _decode(path: Path) -> str:
    raw = path.read_bytes()
    marked = raw[:2] in (b"\xff\xfe", b"\xfe\xff")
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise InputError("accuracy.not_a_table", path=path.name, reason=t("accuracy.bad_encoding"))


def _sheets(path: Path, needs: list[str]) -> list[pd.DataFrame]:
    try:
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    except (InvalidFileException, BadZipFile, KeyError, OSError, ValueError) as error:
        raise InputError("accuracy.not_a_table", path=path.name, reason=str(error)) from error
    tables = []
    for sheet in book.worksheets:
        rows = [row for row in sheet.iter_rows(values_only=True) if any(cell is not None for cell in row)]
        if rows:
            heads = [str(cell) if cell is not None else f"_{k}" for k, cell in enumerate(rows[0])]
            tables.append(pd.DataFrame(rows[1:], columns=heads, dtype=object))
    book.close()
    wanted = [table for table in tables if set(needs) <= set(_heads(table.columns))]
    if not tables:
        raise SchemaError("accuracy.empty_sample")
    filled = [table for table in wanted if len(table)]
    return filled or wanted[:1] or tables[:1]


@cache
def _names() -> dict[str, str]:
    """Return the column for each way that the field list writes its head."""
    found: dict[str, str] = {}
    for name in COLUMNS:
        known = f"col_{name}" in catalogue("accuracy")
        words = [t(f"accuracy.col_{name}", lang) for lang in LANGS] if known else []
        for head in [name, name[:_SHAPE_NAME], *words, *(f"{word} ({name})" for word in words)]:
            found.setdefault(_flat(head), name)
    return found


_OTHERS = {head.casefold(): name for name, heads in _ALSO.items() for head in heads}


@cache
def _codes(column: str) -> dict[str, str]:
    codes = _CODED[column]
    words = {_flat(t(f"accuracy.value_{code}", lang)): code for code in codes for lang in LANGS}
    return words | {_flat(code): code for code in codes}


def _flat(text: object) -> str:
    """Return text without what people and programs change: blanks, case, brackets of either width."""
    plain = str(text).replace("（", "(").replace("）", ")").replace("\ufeff", "").replace("_", " ")
    return " ".join(plain.replace("(", " (").split()).casefold()


def _heads(given: Iterable[object]) -> list[str]:
    """Return heads under known names; another word for a column counts where the column has no other."""
    heads = [_names().get(_flat(head), str(head).strip()) for head in given]
    for place, head in enumerate(heads):
        name = _OTHERS.get(_flat(head), head)
        if name not in heads:
            heads[place] = name
    return heads


def _named(table: pd.DataFrame) -> pd.DataFrame:
    heads = _heads(table.columns)
    twice = sorted({head for head in heads if head in COLUMNS and heads.count(head) > 1})
    if twice:
        raise SchemaError("accuracy.double_column", columns=", ".join(twice))
    return table.set_axis(heads, axis=1)


def _decoded(table: pd.DataFrame) -> pd.DataFrame:
    result = table.copy()
    for name in result.columns:
        text = result[name].map(_text).astype(object)
        if name == "verified_on":
            text = text.map(iso_day, na_action="ignore")
        elif name in _CODED:
            codes = _codes(name)
            text = text.map(lambda value, codes=codes: codes.get(_flat(value), value), na_action="ignore")
        result[name] = text
    return result


def _text(value: Any) -> object:
    """Return a cell as text: whole numbers without ``.0``, days as YYYY-MM-DD; missing where empty."""
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return np.nan
    if isinstance(value, datetime | date):
        return iso_day(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip()
    text = text[1:] if re.match(r"'[=+\-@\t\r]", text) else text  # as outputs.as_text guards a formula
    return text or np.nan
