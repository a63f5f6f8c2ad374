"""Points inside and outside patches, changes between dates, land classes, tables of the report."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from affine import Affine
from shapely.geometry import box

from weipian_lab import accuracy, vectors
from weipian_lab.accuracy import design
from weipian_lab.errors import CRSError, GridError, SchemaError
from weipian_lab.grid import Grid

GRID = Grid("EPSG:32648", Affine(10, 0, 500_000, 0, -10, 4_200_100), (10, 10))


def square(name, *bounds, **columns):
    return gpd.GeoDataFrame({name: ["p"], **columns}, geometry=[box(*bounds)], crs="EPSG:32648")


@pytest.fixture
def patch():
    return square("patch_id", 500_000, 4_200_050, 500_050, 4_200_100)  # 25 pixels


def test_strata_and_their_areas(patch):
    score = np.zeros((10, 10), np.float32)
    score[9, :4] = 2.0
    score[8, 0] = np.nan
    codes = accuracy.point_strata(patch, score, GRID, near=1.0)
    assert np.bincount(codes.ravel()).tolist() == [25, 4, 71]
    areas = accuracy.strata_mu(codes, GRID)
    assert sum(areas.values()) == pytest.approx(15 / 0.9996**2, rel=1e-4)
    assert areas["announced"] == pytest.approx(sum(areas.values()) / 4)
    inside = np.zeros((10, 10), bool)
    inside[:5] = True
    assert (accuracy.point_strata(patch, score, GRID, near=1.0, inside=inside) == 255).sum() == 50
    with pytest.raises(GridError):
        accuracy.point_strata(patch, score[:5], GRID, near=1.0)


def test_points_lie_in_their_strata_and_get_their_label(patch):
    codes = accuracy.point_strata(patch, np.zeros((10, 10), np.float32), GRID, near=1.0)
    points = accuracy.draw_points(codes, GRID, {"announced": 5, "far": 7}, seed=1)
    assert points["stratum"].value_counts().to_dict() == {"far": 7, "announced": 5}
    assert points.within(patch.union_all()).tolist() == (points["mapped"] == "change").tolist()
    labels = accuracy.label_points(points, patch)
    assert labels.tolist() == points["mapped"].tolist()
    with pytest.raises(SchemaError):
        accuracy.draw_points(codes, GRID, {"announced": 26})


def test_changes_between():
    layer = pd.concat([
        square("change_id", 0, 0, 1, 1, is_true=[True], date_start=[day])
        for day in ("20230601", "20230901", "20240901")
    ]).assign(change_id=["old", "new", "later"])  # fmt: skip
    assert accuracy.changes_between(layer, "2023-07-18", "2024-07-17")["change_id"].tolist() == ["new"]
    assert len(accuracy.changes_between(layer, "", "")) == 3
    assert accuracy.changes_between(layer.assign(is_true=False), "", "").empty
    with pytest.raises(SchemaError):
        accuracy.changes_between(layer.drop(columns="change_id"), "", "")


def test_land_under_is_the_greater_part(patch):
    land = gpd.GeoDataFrame(
        {"DLMC": ["水浇地", "果园"]},
        geometry=[box(500_000, 4_200_050, 500_030, 4_200_100), box(500_030, 4_200_050, 500_050, 4_200_100)],
        crs="EPSG:32648",
    )
    assert accuracy.land_under(patch, land).tolist() == ["水浇地"]
    assert accuracy.land_under(patch, land.to_crs("EPSG:4523")).tolist() == ["水浇地"]
    with pytest.raises(SchemaError):
        accuracy.land_under(patch, land, "DLBM")
    with pytest.raises(CRSError):
        accuracy.land_under(patch, land.set_crs(None, allow_override=True))


def test_field_list_round_trip(tmp_path, patch):
    import openpyxl

    listed = design.field_list(patch.assign(note="=1+1"), teams=1)
    assert listed.loc[0, ["team", "visit"]].tolist() == [1, 1]
    gpkg, xlsx = design.write_field_list(listed, tmp_path)
    assert vectors.read(gpkg).frame["patch_id"].tolist() == ["p"]
    sheet = openpyxl.load_workbook(xlsx).worksheets[0]
    head = [cell.value for cell in sheet[1]]
    assert sheet.cell(2, head.index("note") + 1).value == "'=1+1"
    assert sheet.cell(2, head.index("verdict") + 1).value in (None, "")
    with pytest.raises(CRSError):
        design.field_list(patch.to_crs("EPSG:4490"))
    with pytest.raises(SchemaError):
        design.field_list(patch.drop(columns="patch_id"))


def test_a_field_list_may_be_empty(tmp_path, patch):
    import openpyxl

    _, xlsx = design.write_field_list(design.field_list(patch, teams=1).iloc[:0], tmp_path)
    sheet, columns = openpyxl.load_workbook(xlsx).worksheets
    assert sheet.max_row == 1
    assert "UNDETERMINED" in str([cell.value for row in columns.iter_rows() for cell in row])
    assert sheet["C1"].value == "patch_id"


def test_headline_says_when_recall_is_unknown():
    share = {"n": 10, "estimate": 0.3, "lower": 0.1, "upper": 0.6}
    words = accuracy.headline(share, None, {}, simulated=False)
    assert "检出率无从估计" in words["zh"]
    assert "cannot be estimated" in words["en"]


def test_size_classes_hold_their_lower_edge():
    assert len(set(accuracy.size_class([2.0, 4.99]))) == 1
    assert len(set(accuracy.size_class([1.99, 2.0, 5.0]))) == 3


def test_groups_stated_first_then_from_the_layers(patch):
    one = patch.geometry.iloc[0]
    far = shapely.transform(one, lambda xy: np.add(xy, (1e5, 0)))
    batch = gpd.GeoDataFrame(
        {
            "patch_id": ["stated", "found", "outside"],
            "admin_code": ["640121", "", None],
            "DLMC": ["水田", None, " "],
            "date_before": ["20230718", "2023-07-18", ""],
            "date_after": ["20240717", "2024-07-17", "2024-07-17"],
        },
        geometry=[one, one, far],
        crs=patch.crs,
    )
    land = gpd.GeoDataFrame({"DLMC": ["旱地"]}, geometry=[one.buffer(5)], crs=patch.crs)
    counties = gpd.GeoDataFrame(
        {"XZQDM": ["640121"], "XZQMC": ["永宁县"]}, geometry=[one.buffer(5)], crs=patch.crs
    )
    placed = accuracy.situate(batch, land, counties).set_index("patch_id")
    assert placed["land"].to_list() == ["水田", "旱地", "图层范围之外"]
    assert placed["county"].to_list() == ["永宁县 640121", "永宁县 640121", "图层范围之外"]
    assert placed["date_pair"].to_list()[:2] == ["2023-07-18 – 2024-07-17"] * 2
    assert placed["date_pair"].isna().to_list() == [False, False, True]
    assert placed["area_mu"].iloc[0] == pytest.approx(one.area * 0.0015, rel=5e-3)
    bare = accuracy.situate(batch[["patch_id", "geometry"]])
    assert bare[["land", "county", "date_pair"]].isna().all(axis=None)


def test_dictionary_says_what_columns_and_codes_mean():
    table = pd.DataFrame({"patch_id": ["a"], "verdict": ["PSEUDO_CHANGE"], "own_note": ["x"]})
    said = accuracy.dictionary({"f.csv": table}).set_index("column")
    assert said.loc["patch_id", "zh"] == "图斑编号"
    assert "PSEUDO_CHANGE = no real change" in said.loc["verdict", "en"]
    assert said.loc["own_note", "zh"] == ""


def test_causes_in_words():
    assert accuracy.cause_words("land consolidation project") == "土地整治项目"
    assert accuracy.cause_words("greenhouse made into a house (大棚房)") == "大棚房"
    assert accuracy.cause_words("crop_rotation") == "作物轮换（两年种植不同）"
    assert accuracy.cause_words("狗挖的洞") == "狗挖的洞"


def test_farmland_splits_what_lies_outside(patch):
    score = np.zeros((10, 10), np.float32)
    score[9] = 2.0
    land = gpd.GeoDataFrame(
        {"DLBM": ["0102", "1201"]},
        geometry=[box(500_000, 4_200_000, 500_050, 4_200_100), box(500_050, 4_200_000, 500_100, 4_200_100)],
        crs="EPSG:32648",
    )
    farm = accuracy.on_farmland(land, GRID, {"0102"})
    assert farm.sum() == 50
    codes = accuracy.point_strata(patch, score, GRID, near=1.0, farmland=farm)
    areas = accuracy.strata_mu(codes, GRID)
    number = {name: round(mu / areas["announced"] * 25) for name, mu in areas.items()}
    assert number == {"announced": 25, "near_farm": 5, "near_other": 5, "far_farm": 20, "far_other": 45}
    points = accuracy.draw_points(codes, GRID, {"near_farm": 3, "far_other": 4}, prefix="R")
    assert points["patch_id"].iloc[0] == "R0001"
    squares = accuracy.pixels_at(points, GRID)
    np.testing.assert_allclose(squares.area, 100)
    assert squares.covers(points.geometry).all()
    with pytest.raises(SchemaError, match="DLMC"):
        accuracy.on_farmland(land, GRID, {"0102"}, "DLMC")


def test_points_come_from_a_csv_or_a_filled_field_list(tmp_path):
    rows = {
        "stratum": ["far", "far", "big"],
        "mapped": ["same", "same", ""],
        "reference": ["same", "change", ""],
        "unit": ["pixel", "pixel", "patch"],
    }
    pd.DataFrame(rows).to_csv(tmp_path / "points.csv", index=False)
    found = accuracy.read_points(tmp_path / "points.csv")
    assert found["reference"].to_list() == ["same", "change"]
    assert accuracy.seen_shares(found, {"announced": 1, "far": 9}) == {"far": 1.5 / 3}
    pd.DataFrame(rows).drop(columns="mapped").to_csv(tmp_path / "points.csv", index=False)
    with pytest.raises(SchemaError, match="mapped"):
        accuracy.read_points(tmp_path / "points.csv")


def test_headline_without_a_change_among_the_points():
    rows = {"stratum": ["announced"] * 3 + ["far"] * 3, "mapped": ["change"] * 3 + ["same"] * 3}
    points = pd.DataFrame({**rows, "reference": "same"})
    result = accuracy.stratified(points, {"announced": 1, "far": 9}, classes=("change", "same"))
    share = {"n": 10, "estimate": 0.3, "lower": 0.1, "upper": 0.6}
    words = accuracy.headline(share, result, {"announced": 1, "far": 9}, simulated=False)["en"]
    assert "no lower limit" in words
    assert "nan" not in words
    assert "inf" not in words
