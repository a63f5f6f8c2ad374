"""Layers as they come: encodings, containers, geometries, zones, fields."""

from __future__ import annotations

import sqlite3
import struct
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from shapely import LineString, MultiPolygon, Point, Polygon, box

from weipian_lab import vectors
from weipian_lab.errors import CRSError, InputError, ParameterError, SchemaError
from weipian_lab.vectors.schemas import renames
from weipian_lab.vectors.zones import guess_crs, zone_of_easting

X, Y = 35_609_118.0, 4_258_188.0  # 106.25°E 38.45°N in EPSG:4523


def dltb(**columns: object) -> gpd.GeoDataFrame:
    data = {"BSM": ["1", "2"], "DLBM": ["0102", "0702"], "DLMC": ["水浇地", "农村宅基地"]} | columns
    return gpd.GeoDataFrame(data, geometry=[box(X, Y, X + 9, Y + 9), box(X + 9, Y, X + 18, Y + 9)], crs=4523)


@pytest.mark.parametrize("encoding", ["GBK", "GB18030", "UTF-8"])
@pytest.mark.parametrize("cpg", [True, False])
def test_shapefile_texts_in_each_encoding(tmp_path: Path, encoding: str, cpg: bool) -> None:
    path = vectors.write(tmp_path / "DLTB.shp", dltb(), encoding=encoding)
    if not cpg:
        path.with_suffix(".cpg").unlink()
    layer = vectors.read(path, schema="DLTB")
    assert layer.frame["DLMC"].tolist() == ["水浇地", "农村宅基地"]
    assert layer.report.encoding_source == ("cpg" if cpg else "detected")
    assert (encoding in layer.report.encoding) or layer.report.encoding == "GB18030"


def test_wrong_cpg_is_not_believed_and_reported(tmp_path: Path) -> None:
    path = vectors.write(tmp_path / "DLTB.shp", dltb(), encoding="GBK")
    path.with_suffix(".cpg").write_text("UTF-8")
    layer = vectors.read(path)
    assert layer.frame["DLMC"][0] == "水浇地"
    assert "UTF-8" in layer.report.remarks[0]


def test_encoding_can_be_given_and_a_wrong_one_is_named(tmp_path: Path) -> None:
    path = vectors.write(tmp_path / "DLTB.shp", dltb(), encoding="GBK")
    assert vectors.read(path, encoding="gbk").report.encoding_source == "given"
    with pytest.raises(InputError, match="GBK"):
        vectors.read(path, encoding="utf-8")
    with pytest.raises(ParameterError, match="klingon"):
        vectors.read(path, encoding="klingon")


def test_chinese_field_names_survive_gbk(tmp_path: Path) -> None:
    frame = dltb().rename(columns={"DLBM": "地类编码"})
    path = vectors.write(tmp_path / "a.shp", frame, encoding="GBK")
    assert vectors.read(path, schema="DLTB").report.renamed == {"地类编码": "DLBM"}
    with pytest.raises(SchemaError, match="地类编码"):
        vectors.write(tmp_path / "b.shp", frame, encoding="UTF-8")
    assert not list(tmp_path.glob("b.*"))


@pytest.mark.parametrize("name", ["a.gpkg", "a.shp", "a.gdb", "a.parquet", "a.zip"])
def test_each_container_gives_the_same_layer(tmp_path: Path, name: str) -> None:
    if name == "a.zip":
        shp = vectors.write(tmp_path / "地类.shp", dltb(), encoding="GBK")
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for part in shp.parent.glob("地类.*"):
                archive.write(part, f"数据/{part.name}")
    else:
        vectors.write(tmp_path / name, dltb())
    layer = vectors.read(tmp_path / name, schema="DLTB")
    assert layer.frame["DLMC"].tolist() == ["水浇地", "农村宅基地"]
    assert layer.frame.geometry.area.tolist() == [81.0, 81.0]
    assert layer.crs.to_epsg() == 4523


def test_geojson_is_read_in_degrees(tmp_path: Path) -> None:
    vectors.write(tmp_path / "a.geojson", dltb().to_crs(4326))
    assert vectors.read(tmp_path / "a.geojson").crs.to_epsg() == 4326


def test_metadata_is_kept_in_gpkg(tmp_path: Path) -> None:
    meta = {"dl_scheme": "YDYH", "data_year": 2023, "version": "2023年变更"}
    vectors.write(tmp_path / "a.gpkg", dltb(), metadata=meta)
    found = vectors.read(tmp_path / "a.gpkg").meta
    assert (found.dl_scheme, found.data_year, found.version) == ("YDYH", 2023, "2023年变更")
    assert not found.assumed


def test_scheme_is_inferred_from_codes_and_said_so(tmp_path: Path) -> None:
    vectors.write(tmp_path / "a.gpkg", dltb(DLBM=["011", "203"]))
    layer = vectors.read(tmp_path / "a.gpkg")
    assert layer.meta.dl_scheme == "ERDIAO"
    assert layer.meta.assumed == ("dl_scheme",)
    assert any("ERDIAO" in remark for remark in layer.report.remarks)


def test_faulty_geometries_are_listed_and_none_is_lost(tmp_path: Path) -> None:
    bow = Polygon([(X, Y), (X + 10, Y + 10), (X + 10, Y), (X, Y + 10)])
    shapes = [
        bow,
        None,
        Polygon(),
        Point(X, Y),
        shapely.GeometryCollection([box(X, Y, X + 2, Y + 2), LineString([(X, Y), (X + 9, Y)])]),
        MultiPolygon([box(X, Y, X + 1, Y + 1), box(X + 3, Y, X + 4, Y + 1)]),
        shapely.reverse(box(X, Y, X + 3, Y + 3)),
    ]
    frame = gpd.GeoDataFrame({"BSM": list("abcdefg")}, geometry=shapes, crs=4523)
    frame.to_parquet(tmp_path / "a.parquet")
    layer = vectors.read(tmp_path / "a.parquet")
    faults = {r.feature: (r.fault, r.action) for r in layer.report.repairs}
    assert faults == {
        "a": ("self_crossing", "made_valid"),
        "b": ("no_geometry", "set_aside"),
        "c": ("empty", "set_aside"),
        "d": ("not_polygon", "set_aside"),
        "e": ("mixed", "polygons_kept"),
    }
    assert layer.frame["BSM"].tolist() == ["a", "e", "f", "g"]
    assert layer.set_aside["BSM"].tolist() == ["b", "c", "d"]
    assert layer.set_aside.geometry.geom_type.tolist()[2] == "Point"  # as it was
    assert layer.frame.geometry.is_valid.all()
    assert layer.frame.geometry.area.round(6).tolist() == [50.0, 4.0, 2.0, 9.0]
    crossed = layer.report.repairs[0]
    assert crossed.area_before == pytest.approx(0.0, abs=1e-6)  # the lobes of a bow tie cancel
    assert crossed.area_after == pytest.approx(50.0 / 1.00029, rel=1e-4)
    assert len(layer.report.table()) == 5


@pytest.mark.filterwarnings("ignore:invalid value encountered")  # shapely, on making such a ring
def test_coordinates_that_are_no_numbers_are_set_aside_and_listed(tmp_path: Path) -> None:
    shapes = [Polygon([(X, Y), (float("nan"), Y + 9), (X + 9, Y)]), box(X, Y, X + 9, Y + 9)]
    gpd.GeoDataFrame({"BSM": ["a", "b"]}, geometry=shapes, crs=4523).to_parquet(tmp_path / "n.parquet")
    layer = vectors.read(tmp_path / "n.parquet")
    assert [(r.feature, r.fault, r.action) for r in layer.report.repairs] == [
        ("a", "not_finite", "set_aside")
    ]
    assert layer.frame["BSM"].tolist() == ["b"]
    assert layer.set_aside["BSM"].tolist() == ["a"]


def test_z_is_left_and_curves_become_chords(tmp_path: Path) -> None:
    raised = shapely.force_3d(box(X, Y, X + 9, Y + 9), 1100.0)
    gpd.GeoDataFrame({"BSM": ["1"]}, geometry=[raised], crs=4523).to_file(tmp_path / "z.gpkg")
    layer = vectors.read(tmp_path / "z.gpkg")
    assert not layer.frame.geometry.has_z.any()
    assert len(layer.report.remarks) >= 1

    path = vectors.write(tmp_path / "c.gpkg", dltb().iloc[:1])
    # OGC 06-103: CURVEPOLYGON holding one circular string, a circle of radius 10
    ring = [(X, Y), (X + 10, Y + 10), (X + 20, Y), (X + 10, Y - 10), (X, Y)]
    body = struct.pack("<BIIBII", 1, 10, 1, 1, 8, len(ring)) + b"".join(struct.pack("<dd", *p) for p in ring)
    blob = b"GP\0\x01" + struct.pack("<i", 4523) + body
    with sqlite3.connect(path) as base:
        base.create_function("ST_IsEmpty", 1, lambda _: 0)
        for k, corner in zip(("MinX", "MaxX", "MinY", "MaxY"), (X, X + 20, Y - 10, Y + 10), strict=True):
            base.create_function(f"ST_{k}", 1, lambda _, c=corner: c)
        base.execute("update gpkg_geometry_columns set geometry_type_name='CURVEPOLYGON'")
        base.execute("update c set geom=?", (blob,))
        base.execute("pragma writable_schema=on")
        base.execute("update sqlite_master set sql=replace(sql, 'POLYGON', 'CURVEPOLYGON') where name='c'")
    base.close()
    layer = vectors.read(path)
    assert layer.report.repairs[-1].fault == "curve"
    assert layer.frame.geometry.area[0] == pytest.approx(314.159, rel=2e-5)


CIRCLE = f"CIRCULARSTRING({X} {Y},{X + 10} {Y + 10},{X + 20} {Y},{X + 10} {Y - 10},{X} {Y})"
HALF = f"CIRCULARSTRING({X + 20} {Y},{X + 10} {Y + 10},{X} {Y})"
CURVED = {
    "circle": f"CURVEPOLYGON({CIRCLE})",
    "half": f"CURVEPOLYGON(COMPOUNDCURVE(({X} {Y},{X + 20} {Y}),{HALF}))",
    "surface": f"MULTISURFACE(CURVEPOLYGON({CIRCLE}))",
    "straight": shapely.to_wkt(box(X, Y, X + 10, Y + 10)),
}
CURVED_AREA = [314.15927, 157.07963, 314.15927, 100.0]  # π r², r = 10 m


def curved_wkb() -> np.ndarray:
    """WKB of the curves above, but for the parts that the other tests hold already (ISO 13249-3)."""
    points = [(X, Y), (X + 10, Y + 10), (X + 20, Y), (X + 10, Y - 10), (X, Y)]
    circle = struct.pack("<BIIBII", 1, 10, 1, 1, 8, 5) + b"".join(struct.pack("<dd", *p) for p in points)
    return np.array([circle, shapely.to_wkb(box(X, Y, X + 10, Y + 10))], dtype=object)


@pytest.mark.parametrize("suffix", [".gdb", ".fgb", ".gpkg"])
def test_curves_of_other_formats_are_chords_and_listed(tmp_path: Path, suffix: str) -> None:
    driver = {".gdb": "OpenFileGDB", ".fgb": "FlatGeobuf", ".gpkg": "GPKG"}[suffix]
    path, kind = tmp_path / f"c{suffix}", "Polygon" if suffix == ".gdb" else "Unknown"
    ids = [np.array(["a", "b"], dtype=object)]
    pyogrio.raw.write(path, curved_wkb(), ids, ["BSM"], driver=driver, geometry_type=kind, crs="EPSG:4523")
    layer = vectors.read(path)
    areas = dict(zip(layer.frame["BSM"], layer.frame.geometry.area, strict=True))
    assert areas == pytest.approx({"a": 314.15927, "b": 100.0}, rel=2e-5)
    assert [(r.feature, r.fault, r.action) for r in layer.report.repairs] == [("a", "curve", "linearised")]
    assert layer.report.repairs[0].area_after == pytest.approx(314.15927, rel=4e-4)
    one = vectors.source(path)
    found = one.meeting(np.array([[X, Y, X + 1, Y + 1]]), ["BSM"])
    assert sorted(found.values["BSM"]) == ["a", "b"]


def test_curves_written_as_text_are_chords_and_listed(tmp_path: Path) -> None:
    rows = "".join(f'{name},"{wkt}"\n' for name, wkt in CURVED.items())
    (tmp_path / "c.csv").write_text(f"BSM,WKT\n{rows}")
    layer = vectors.read(tmp_path / "c.csv", crs=4523)
    assert layer.frame.geometry.area.tolist() == pytest.approx(CURVED_AREA, rel=2e-5)
    assert [r.feature for r in layer.report.repairs] == ["circle", "half", "surface"]


def test_zone_prefix_and_guess() -> None:
    assert zone_of_easting(36_390_506.0) == 36
    assert guess_crs(dltb().total_bounds) == "EPSG:4523"
    assert guess_crs(gpd.GeoSeries([box(18_500_000, Y, 18_500_009, Y + 9)]).total_bounds) == "EPSG:4496"
    assert guess_crs(gpd.GeoSeries([box(106, 38, 107, 39)]).total_bounds) == "EPSG:4490"


@pytest.mark.parametrize(("stated", "named"), [(4544, "EPSG:4523"), (4524, "EPSG:4523"), (4490, "EPSG:4523")])
def test_wrong_zone_is_named_not_moved(tmp_path: Path, stated: int, named: str) -> None:
    vectors.write(tmp_path / "a.gpkg", dltb().set_crs(stated, allow_override=True))
    with pytest.raises(CRSError, match=named):
        vectors.read(tmp_path / "a.gpkg")
    assert vectors.read(tmp_path / "a.gpkg", crs="EPSG:4523").crs.to_epsg() == 4523


def test_eastings_without_prefix_under_a_zone_crs(tmp_path: Path) -> None:
    frame = dltb().to_crs(4544).set_crs(4523, allow_override=True)
    vectors.write(tmp_path / "a.gpkg", frame)
    with pytest.raises(CRSError, match="EPSG:4544"):
        vectors.read(tmp_path / "a.gpkg")


def test_no_crs_names_what_it_looks_like(tmp_path: Path) -> None:
    path = vectors.write(tmp_path / "a.shp", dltb())
    path.with_suffix(".prj").unlink()
    with pytest.raises(CRSError, match="EPSG:4523"):
        vectors.read(path)


def test_missing_field_names_the_nearest(tmp_path: Path) -> None:
    vectors.write(tmp_path / "a.gpkg", dltb().rename(columns={"DLBM": "DLBN"}))
    with pytest.raises(SchemaError, match=r"DLBM.*DLBN"):
        vectors.read(tmp_path / "a.gpkg", schema="DLTB")


def test_bad_attributes_are_listed_and_kept(tmp_path: Path) -> None:
    frame = dltb(BSM=["7", "7"], TBMJ=[-5.0, 0.0], KCXS=[0.1, 7.0])
    vectors.write(tmp_path / "a.gpkg", frame)
    layer = vectors.read(tmp_path / "a.gpkg", schema="DLTB")
    faults = sorted((r.fault, r.detail) for r in layer.report.repairs)
    assert faults == [
        ("duplicate_id", "BSM=7"),
        ("not_positive", "TBMJ=-5"),
        ("not_positive", "TBMJ=0"),
        ("out_of_range", "KCXS=7"),
    ]
    assert layer.frame["TBMJ"].tolist() == [-5.0, 0.0]


def test_aliases_old_and_new_and_bracket_widths() -> None:
    assert renames(["JBNTTBBH", "JBNTMJ"], "YJJBNTTB") == {"JBNTTBBH": "YJJBNTTBBH", "JBNTMJ": "YJJBNTMJ"}
    assert renames(["图斑面积（平方米）"], "DLTB") == {"图斑面积（平方米）": "TBMJ"}
    assert renames(["JCBH", "TBBH", "QSX", "HSX", "XZQDM", "MJ"], "PATCHES") == {
        "JCBH": "patch_id",
        "XZQDM": "admin_code",
        "QSX": "date_before",
        "HSX": "date_after",
        "MJ": "reported_area_m2",
    }


def test_texts_are_data(tmp_path: Path) -> None:
    texts = ["<script>alert(1)</script>", '=cmd|"/C calc"!A0, "a",b']
    vectors.write(tmp_path / "a.gpkg", dltb(DLMC=texts))
    assert vectors.read(tmp_path / "a.gpkg").frame["DLMC"].tolist() == texts


def test_bad_files_each_get_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no\.gpkg"):
        vectors.read(tmp_path / "no.gpkg")
    (tmp_path / "text.gpkg").write_text("not a database")
    with pytest.raises(InputError, match=r"text\.gpkg"):
        vectors.read(tmp_path / "text.gpkg")
    (tmp_path / "bad.zip").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(InputError, match=r"bad\.zip"):
        vectors.read(tmp_path / "bad.zip")
    path = vectors.write(tmp_path / "a.shp", dltb())
    path.with_suffix(".dbf").unlink()
    with pytest.raises(InputError, match=r"\.dbf"):
        vectors.read(path)


def test_empty_layer_and_several_layers(tmp_path: Path) -> None:
    path = vectors.write(tmp_path / "a.gpkg", dltb().iloc[:0], layer="DLTB")
    with pytest.raises(InputError, match="DLTB"):
        vectors.read(path)
    assert vectors.read(path, allow_empty=True).frame.empty
    vectors.write(path, dltb(), layer="PBF", append=True)
    assert sorted(pyogrio.list_layers(path)[:, 0]) == ["DLTB", "PBF"]
    with pytest.raises(InputError, match="DLTB, PBF"):
        vectors.read(path)
    with pytest.raises(InputError, match="XZQ"):
        vectors.read(path, "XZQ")


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    one = vectors.write(tmp_path / "1" / "a.gpkg", dltb()).read_bytes()
    two = vectors.write(tmp_path / "2" / "a.gpkg", dltb()).read_bytes()
    assert one == two


def test_failed_writing_leaves_nothing(tmp_path: Path) -> None:
    frame = dltb(DLMC=["😀", "a"])
    with pytest.raises(SchemaError, match="😀"):
        vectors.write(tmp_path / "a.shp", frame, encoding="GBK")
    assert not list(tmp_path.iterdir())
