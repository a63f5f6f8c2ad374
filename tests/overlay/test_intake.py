"""Batches and county layers as they are sent: numbers of patches, folders and archives, names of layers."""

from __future__ import annotations

import zipfile
from pathlib import Path

import geopandas as gpd
import pytest
from shapely import box

from weipian_lab import overlay, vectors
from weipian_lab.errors import CRSError, InputError, ParameterError, SchemaError

X, Y = 35_609_118.0, 4_258_188.0


def layer(**columns: object) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {k: [v] for k, v in columns.items()}, geometry=[box(X, Y, X + 90, Y + 90)], crs=4523
    )


def batch(numbers: list[str | None], field: str = "JCBH") -> gpd.GeoDataFrame:
    shapes = [box(X + 100 * i, Y, X + 100 * i + 90, Y + 90) for i in range(len(numbers))]
    return gpd.GeoDataFrame({field: numbers}, geometry=shapes, crs=4523)


def test_a_number_twice_or_none_is_named_by_its_field(tmp_path: Path) -> None:
    vectors.write(tmp_path / "twice.gpkg", batch(["A1", "A2", "A1"]))
    with pytest.raises(SchemaError, match=r"JCBH.*A1"):
        overlay.read_batch(tmp_path / "twice.gpkg")
    for name, numbers in {"none.gpkg": ["A1", None, None], "blank.gpkg": ["A1", " ", ""]}.items():
        vectors.write(tmp_path / name, batch(numbers))
        with pytest.raises(SchemaError, match=rf"{name}.* 2 .*JCBH"):
            overlay.read_batch(tmp_path / name)


def test_batch_in_gbk_with_full_width_brackets(tmp_path: Path) -> None:
    frame = batch(["甲1", "甲2"], "图斑编号").assign(**{"面积（㎡）": [8100.0, 8100.0], "前时相": "20231006"})
    path = vectors.write(tmp_path / "第一季度.shp", frame, encoding="GBK")
    path.with_suffix(".cpg").unlink()
    found = overlay.read_batch(path)
    assert found.frame["patch_id"].tolist() == ["甲1", "甲2"]
    assert found.frame["reported_area_m2"].tolist() == [8100.0, 8100.0]
    assert found.frame["date_before"].tolist() == ["20231006"] * 2
    assert overlay.read_batch(path, encoding="GBK").report.encoding_source == "given"
    with pytest.raises(ParameterError, match="klingon"):
        overlay.read_batch(path, encoding="klingon")


def test_crs_can_be_given_where_none_is_stated(tmp_path: Path) -> None:
    path = vectors.write(tmp_path / "a.shp", batch(["1"]))
    path.with_suffix(".prj").unlink()
    with pytest.raises(CRSError, match="EPSG:4523"):
        overlay.read_batch(path, crs="")
    assert overlay.read_batch(path, crs="EPSG:4523").crs.to_epsg() == 4523
    with pytest.raises(CRSError, match="EPSG:99"):
        overlay.read_batch(path, crs="EPSG:99")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A county as a folder of shapefiles in GBK, under old, Chinese and lower-case names."""
    target = tmp_path / "县级数据"
    target.mkdir()
    survey, farmland = layer(BSM="1", DLBM="0102", DLMC="水浇地"), layer(BSM="2")
    for name, frame in {
        "dltb": survey,
        "YJJBNT": farmland,
        "用地审批": layer(PZWH="批1"),
        "河流": survey,
    }.items():
        vectors.write(target / f"{name}.shp", frame, encoding="GBK").with_suffix(".cpg").unlink()
    return target


def test_county_of_a_folder_and_of_an_archive(folder: Path) -> None:
    with zipfile.ZipFile(folder.parent / "县.zip", "w") as archive:
        for part in sorted(folder.iterdir()):
            archive.write(part, f"数据/{part.name}")
    for path in (folder, folder.parent / "县.zip"):
        found = overlay.county(path)
        assert list(found) == ["DLTB", "YJJBNTTB", "YDSP"]
        assert found["YDSP"].meeting(found["YDSP"].bounds[None], ["PZWH"]).values["PZWH"].tolist() == ["批1"]
        assert found["YDSP"].crs.to_epsg() == 4523


def test_county_must_have_one_survey(folder: Path) -> None:
    vectors.write(folder / "地类图斑.shp", layer(BSM="1", DLBM="0102"))
    with pytest.raises(InputError, match="dltb"):
        overlay.county(folder)
    for part in [*folder.glob("dltb.*"), *folder.glob("地类图斑.*")]:
        part.unlink()
    with pytest.raises(InputError, match=r"DLTB.*YJJBNT"):
        overlay.county(folder)


def test_a_folder_of_several_layers_asks_which(folder: Path) -> None:
    with pytest.raises(InputError, match="YJJBNT"):
        vectors.read(folder)
    with pytest.raises(InputError, match="XZQ"):
        vectors.read(folder, "XZQ")
    assert vectors.read(folder, "dltb", schema="DLTB").frame["DLMC"].tolist() == ["水浇地"]
