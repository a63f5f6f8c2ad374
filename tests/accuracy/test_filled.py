"""Tables as teams hand them back: the field list filled in, in every usual form, and several rounds."""

import datetime

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
from shapely.geometry import Point, box

from weipian_lab import accuracy, vectors
from weipian_lab.accuracy import design
from weipian_lab.accuracy.filled import iso_day, read_filled
from weipian_lab.errors import InputError, SchemaError
from weipian_lab.grid import Grid

ROWS = [("007", "PSEUDO_CHANGE", "crop, another"), ("T2", "LEGAL", "=1+1"), ("T3", "UNDETERMINED", "")]
ENGLISH = ("patch_id", "verdict", "cause")
CHINESE = ("图斑编号", "核查结论", "误报原因")
WORDS = {"PSEUDO_CHANGE": "实地伪变化", "LEGAL": "合法用地", "UNDETERMINED": "无法判定"}


def written(heads, rows, separator=","):
    return "\n".join(separator.join(f'"{cell}"' for cell in row) for row in [heads, *rows]) + "\n"


def in_words(rows):
    return [(patch, WORDS[verdict], cause) for patch, verdict, cause in rows]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (written(ENGLISH, ROWS), "utf-8"),
        (written(ENGLISH, ROWS), "utf-8-sig"),
        (written(CHINESE, in_words(ROWS)), "utf-8-sig"),
        (written(CHINESE, in_words(ROWS)), "gbk"),
        (written(CHINESE, in_words(ROWS)), "gb18030"),
        (written(CHINESE, in_words(ROWS), "\t"), "utf-16"),
        (written(ENGLISH, ROWS, ";"), "utf-8"),
        (written(("图斑编号（patch_id）", "核查结论 (verdict)", "原因"), ROWS), "gbk"),
        (written(("TBBH", "Verdict", "Cause"), ROWS), "utf-8"),
    ],
)
def test_csv_in_every_usual_form(tmp_path, text, encoding):
    path = tmp_path / "filled.csv"
    path.write_bytes(text.encode(encoding))
    found = accuracy.read_verified(path)
    assert found["patch_id"].to_list() == ["007", "T2", "T3"]
    assert found["verdict"].to_list() == [verdict for _, verdict, _ in ROWS]
    assert found["cause"].to_list()[:2] == ["crop, another", "=1+1"]
    assert found["cause"].isna()[2]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2024-05-31", "2024-05-31"), ("20240531", "2024-05-31"), ("2024/5/31", "2024-05-31"),
        ("2024.5.31", "2024-05-31"), ("2024年5月31日", "2024-05-31"), ("2024-05-31 00:00:00", "2024-05-31"),
        ("2024-05-31T08:30", "2024-05-31"), (datetime.date(2024, 5, 31), "2024-05-31"),
        (datetime.datetime(2024, 5, 31, 8), "2024-05-31"), ("31/5/2024", "31/5/2024"), ("五月", "五月"),
    ],
)  # fmt: skip
def test_days(day, expected):
    assert iso_day(day) == expected


def test_a_day_that_is_none_is_named():
    with pytest.raises(SchemaError, match="31/5/2024"):
        accuracy.check_verified(
            pd.DataFrame({"patch_id": ["a"], "verdict": ["LEGAL"], "verified_on": ["31/5/2024"]})
        )


@pytest.fixture
def listed():
    squares = [box(x, 0, x + 20, 20) for x in range(0, 400, 100)]
    units = gpd.GeoDataFrame(
        {
            "patch_id": ["T1", "T2", "R0001", "R0002"],
            "unit": ["patch", "patch", "pixel", "pixel"],
            "stratum": ["s", "s", "announced", "far"],
            "stratum_size": [9, 9, np.nan, np.nan],
            "mapped": [None, None, "change", "same"],
            "reference": ["", "", "", ""],
        },
        geometry=[square for square in squares],
        crs="EPSG:32648",
    )
    units.geometry = units.geometry.translate(500_000, 4_200_000)
    return design.field_list(units, 2)


def fill(path, verdicts, references):
    """Fill in a workbook as a person does: under the heads, days as cells of a date."""
    book = openpyxl.load_workbook(path)
    for sheet in book.worksheets[:-1]:
        heads = {cell.value: cell.column for cell in sheet[1]}
        for row in range(2, sheet.max_row + 1):
            unit = sheet.cell(row, heads["patch_id"]).value
            if unit in verdicts:
                sheet.cell(row, heads["verdict"]).value = verdicts[unit]
                sheet.cell(row, heads["verified_on"]).value = datetime.datetime(2024, 5, 31)
                sheet.cell(row, heads["verifier_count"]).value = 2
            else:
                sheet.cell(row, heads["reference"]).value = references[unit]
    book.save(path)


@pytest.mark.parametrize("chinese", [False, True])
def test_the_field_list_comes_back_as_workbook(tmp_path, listed, chinese):
    _, path = design.write_field_list(listed, tmp_path)
    said = {
        "T1": "实地伪变化" if chinese else "pseudo_change",
        "T2": "违法非农建设" if chinese else "ILLEGAL_NONAG",
    }
    fill(path, said, {"R0001": "变化" if chinese else "change", "R0002": "no change"})
    found = accuracy.read_verified(path, ["T1", "T2"])
    assert found["verdict"].to_list() == ["PSEUDO_CHANGE", "ILLEGAL_NONAG"]
    assert found["verified_on"].to_list() == ["2024-05-31"] * 2
    assert found["verifier_count"].to_list() == [2, 2]
    assert found["stratum_size"].to_list() == ["9", "9"]
    points = accuracy.read_points(path)
    assert points.set_index("patch_id")["reference"].to_dict() == {"R0001": "change", "R0002": "same"}
    assert points.set_index("patch_id")["mapped"].to_dict() == {"R0001": "change", "R0002": "same"}


def test_the_field_list_comes_back_as_layer(tmp_path, listed):
    said = {"T1": "NO_CLASS_CHANGE", "T2": "OTHER"}
    filled = listed.assign(
        verdict=listed["patch_id"].map(said),
        reference=["change" if u == "pixel" else "" for u in listed["unit"]],
    )
    vectors.write(tmp_path / "filled.gpkg", filled)
    found = accuracy.read_verified(tmp_path / "filled.gpkg")
    assert found.set_index("patch_id")["verdict"].to_dict() == said
    assert accuracy.read_points(tmp_path / "filled.gpkg")["reference"].to_list() == ["change"] * 2
    ten = {name: name[:10] for name in filled.columns}  # all that a shapefile keeps of a name
    vectors.write(tmp_path / "filled.shp", filled.rename(columns=ten))
    short = read_filled(tmp_path / "filled.shp", ("patch_id", "verdict", "verifier_count", "stratum_size"))
    assert set(short["patch_id"]) == {"T1", "T2", "R0001", "R0002"}


def test_points_of_a_layer_of_points(tmp_path):
    rows = {"stratum": ["far", "far"], "mapped": ["same"] * 2, "reference": ["same", "change"]}
    layer = gpd.GeoDataFrame(rows, geometry=[Point(106, 38), Point(106.1, 38)], crs="EPSG:4490")
    layer.to_file(tmp_path / "points.gpkg")
    points = accuracy.read_points(tmp_path / "points.gpkg")
    assert points["reference"].to_list() == ["same", "change"]
    assert points["lon"].astype(float).to_list() == pytest.approx([106, 106.1])


def test_rounds_are_put_together(tmp_path, listed):
    _, path = design.write_field_list(listed, tmp_path)
    fill(path, {"T1": "LEGAL", "T2": "OTHER"}, {"R0001": "change", "R0002": "same"})
    (tmp_path / "first.csv").write_text("patch_id,verdict,stratum,stratum_size\nT0,OTHER,s,9\nT1,LEGAL,s,9\n")
    both = accuracy.read_verified([tmp_path / "first.csv", path])
    assert both["patch_id"].to_list() == ["T0", "T1", "T2"]
    assert both["verifier_count"].to_list() == [1, 3, 2]
    (tmp_path / "other.csv").write_text("patch_id,verdict\nT1,PSEUDO_CHANGE\n")
    with pytest.raises(SchemaError, match="T1: LEGAL/PSEUDO_CHANGE"):
        accuracy.read_verified([tmp_path / "other.csv", path])
    (tmp_path / "more.csv").write_text("patch_id,stratum,mapped,reference\nR0001,announced,change,same\n")
    with pytest.raises(SchemaError, match="R0001"):
        accuracy.read_points([tmp_path / "more.csv", path])
    assert len(accuracy.read_points([path, path])) == 2


def test_tables_that_are_none(tmp_path, listed):
    _, path = design.write_field_list(listed, tmp_path)
    with pytest.raises(SchemaError, match=r"verdict.*T1"):
        accuracy.read_verified(path)  # not filled in
    for name, content in {
        "old.xls": b"\xd0\xcf\x11\xe0", "broken.xlsx": b"PK not a workbook",
        "noise.csv": b"\xff\x81\xfe\x00\xff", "zero.csv": b"a\0b", "empty.csv": b"",
        "ragged.csv": b"patch_id,verdict\na,b,c,d\ne\n",
    }.items():  # fmt: skip
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError, match=name):
            accuracy.read_verified(tmp_path / name)
    with pytest.raises(InputError, match="absent"):
        accuracy.read_verified(tmp_path / "absent.xlsx")
    book = openpyxl.Workbook()
    book.save(tmp_path / "blank.xlsx")
    with pytest.raises(SchemaError):
        accuracy.read_verified(tmp_path / "blank.xlsx")
    (tmp_path / "twice.csv").write_text("patch_id,图斑编号,verdict\na,b,LEGAL\n", "utf-8")
    with pytest.raises(SchemaError, match="patch_id"):
        accuracy.read_verified(tmp_path / "twice.csv")


def test_another_word_counts_where_there_is_no_better(tmp_path):
    (tmp_path / "t.csv").write_text("patch_id,TBBH,verdict\na,official,LEGAL\n", "utf-8")
    found = accuracy.read_verified(tmp_path / "t.csv")
    assert found["patch_id"].to_list() == ["a"]
    assert found["TBBH"].to_list() == ["official"]


def test_a_further_round_finds_new_pixels(listed):
    from affine import Affine

    grid = Grid("EPSG:32648", Affine(20, 0, 500_000, 0, -20, 4_200_020), (1, 20))
    codes = np.zeros((1, 20), np.uint8)
    left = accuracy.not_seen(codes, pd.DataFrame(listed.drop(columns="geometry")), grid)
    assert np.flatnonzero(left[0] == 255).tolist() == [0, 5, 10, 15]
    assert (accuracy.not_seen(codes, listed, grid) == left).all()
    assert (accuracy.not_seen(codes, listed[["patch_id"]], grid) == codes).all()
    assert accuracy.not_seen(codes, None, grid) is codes
    assert accuracy.next_prefix(None) == "R"
    assert accuracy.next_prefix(pd.DataFrame({"patch_id": ["Q0001", "Q0002"]})) == "R"
    assert accuracy.next_prefix(listed) == "S"
    assert accuracy.next_prefix(pd.DataFrame({"patch_id": ["Z0001"]})) == "Z1_"
