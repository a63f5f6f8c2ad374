"""Large layers of other formats: only what is near is read, and it equals that of a layer kept in memory."""

from __future__ import annotations

import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely

from weipian_lab import vectors
from weipian_lab.errors import CRSError, InputError, SchemaError
from weipian_lab.vectors import sources

X, Y = 35_609_118.0, 4_258_188.0
BOXES = np.array(
    [[X + 3, Y + 3, X + 14, Y + 4], [X + 95, Y + 95, X + 200, Y + 200], [X - 50, Y, X - 40, Y + 1]]
)
FIELDS = ("BSM", "DLBM", "KCXS", "SJNF")


def grid(side: int = 10) -> gpd.GeoDataFrame:
    """Return squares of 10 m, some faulty in what they say."""
    i, j = (a.ravel() for a in np.meshgrid(np.arange(side), np.arange(side)))
    cells = shapely.box(X + 10 * i, Y + 10 * j, X + 10 * i + 10, Y + 10 * j + 10)
    data = {
        "BSM": [f"{n:018d}" for n in range(len(cells))],
        "地类编码": ["0102", "0702"] * (len(cells) // 2),
        "KCXS": np.where(i == 0, 7.0, 0.1),
        "ZLDWMC": ["甲村"] * len(cells),
    }
    return gpd.GeoDataFrame(data, geometry=cells, crs=4523)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "KEPT", 10)


def written(folder: Path, kind: str) -> Path:
    frame = grid()
    if kind in ("plain.shp", "indexed.shp"):
        path = vectors.write(folder / kind, frame, encoding="GBK")
        if kind == "indexed.shp":
            pyogrio.write_dataframe(
                frame, path, driver="ESRI Shapefile", encoding="GBK", SPATIAL_INDEX="YES", use_arrow=False
            )
            assert path.with_suffix(".qix").exists()
        return path
    if kind == "zip":
        path = vectors.write(folder / "地类.shp", frame, encoding="GBK")
        with zipfile.ZipFile(folder / "a.zip", "w") as archive:
            for part in folder.glob("地类.*"):
                archive.write(part, part.name)
        return folder / "a.zip"
    path = folder / f"a.{kind}"
    if kind == "fgb":
        pyogrio.write_dataframe(frame, path, driver="FlatGeobuf")
    elif kind == "parquet11":
        frame.to_parquet(folder / "a.parquet", write_covering_bbox=True, row_group_size=20)
        return folder / "a.parquet"
    else:
        vectors.write(path, frame)
    return path


@pytest.mark.parametrize("kind", ["plain.shp", "indexed.shp", "zip", "fgb", "gdb", "parquet", "parquet11"])
def test_what_is_near_equals_that_of_a_kept_layer(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, kind)
    passed = vectors.source(path, schema="DLTB")
    monkeypatch.setattr(sources, "KEPT", 10**6)
    kept = vectors.source(path, schema="DLTB")
    assert type(passed) is not type(kept)
    one, other = passed.meeting(BOXES, FIELDS), kept.meeting(BOXES, FIELDS)
    assert len(one.number) == 3
    assert (np.diff(one.number) > 0).all()
    at, place = np.argsort(one.values["BSM"]), np.argsort(other.values["BSM"])
    for field in FIELDS:
        assert one.values[field][at].tolist() == other.values[field][place].tolist()
    assert shapely.equals_exact(one.geometry[at], other.geometry[place], 1e-9).all()
    assert one.values["SJNF"].tolist() == [None] * 3
    assert one.near is not None
    assert {(int(b), one.values["BSM"][r]) for b, r in zip(*one.near, strict=True)} == {
        (int(b), other.values["BSM"][r]) for b, r in zip(*other.near, strict=True)
    }
    assert passed.crs == kept.crs
    assert passed.bounds == pytest.approx(kept.bounds)
    assert ("000000000000000000", "out_of_range") in {(r.feature, r.fault) for r in passed.repairs}


@pytest.mark.parametrize("kind", ["plain.shp", "fgb", "gdb", "parquet11"])
def test_no_box_meets_nothing(tmp_path: Path, kind: str) -> None:
    """GDAL's Arrow stream of a FlatGeobuf gives rows of chance memory where nothing lies in the box."""
    path = written(tmp_path, kind)
    assert vectors.read(path, bbox=tuple(BOXES[2].tolist())).frame.empty
    source = vectors.source(path, schema="DLTB")
    for boxes in (np.empty((0, 4)), BOXES[2:]):
        found = source.meeting(boxes, FIELDS)
        assert len(found.geometry) == len(found.number) == len(found.values["BSM"]) == 0


def test_what_is_wrong_is_said_as_for_a_small_layer(tmp_path: Path) -> None:
    path = written(tmp_path, "plain.shp")
    with pytest.raises(CRSError, match="EPSG:4523"):
        vectors.source(path, schema="DLTB", crs=4544)
    path.with_suffix(".prj").unlink()
    with pytest.raises(CRSError, match="EPSG:4523"):
        vectors.source(path, schema="DLTB")
    assert vectors.source(path, schema="DLTB", crs=4523).crs.to_epsg() == 4523
    vectors.write(tmp_path / "b.gdb", grid().rename(columns={"地类编码": "X"}))
    with pytest.raises(SchemaError, match="DLBM"):
        vectors.source(tmp_path / "b.gdb", schema="DLTB")
    (tmp_path / "c.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(InputError, match=r"c\.parquet"):
        vectors.source(tmp_path / "c.parquet", schema="DLTB")


def test_curves_among_many_are_chords_and_listed(tmp_path: Path) -> None:
    frame = grid()
    ring = [(X, Y), (X + 10, Y + 10), (X + 20, Y), (X + 10, Y - 10), (X, Y)]
    body = struct.pack("<BIIBII", 1, 10, 1, 1, 8, 5) + b"".join(struct.pack("<dd", *p) for p in ring)
    shapes = np.array([body, *shapely.to_wkb(frame.geometry.to_numpy()[1:])], dtype=object)
    names = [frame["BSM"].to_numpy(dtype=object), frame["地类编码"].to_numpy(dtype=object)]
    pyogrio.raw.write(
        tmp_path / "c.gdb", shapes, names, ["BSM", "DLBM"], driver="OpenFileGDB", geometry_type="Polygon",
        crs="EPSG:4523",
    )  # fmt: skip
    source = vectors.source(tmp_path / "c.gdb", schema="DLTB")
    found = source.meeting(BOXES, ("BSM",))
    area = dict(zip(found.values["BSM"], shapely.area(found.geometry), strict=True))
    assert area["000000000000000000"] == pytest.approx(np.pi * 100, rel=2e-5)
    assert [r.feature for r in source.repairs if r.fault == "curve"] == ["000000000000000000"]


MEASURED = """
import resource, sys
import numpy as np
from weipian_lab import vectors
from weipian_lab.vectors import sources

sources.KEPT = 10
boxes = np.array(eval(sys.argv[1]))
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[2:]:
    source = vectors.source(path, schema="DLTB")
    source.meeting(boxes[:1], ("BSM",))
    before = peak()
    assert len(source.meeting(boxes, ("BSM",)).number) == 2
    print(peak() - before)
"""


def test_memory_does_not_hold_the_layer(tmp_path: Path) -> None:
    """4,096 parcels of 801 vertices, 52 MB as coordinates alone, of which two are near."""
    frame = grid(64)
    frame = frame.set_geometry(frame.geometry.segmentize(0.05))
    paths = [tmp_path / "a.shp", tmp_path / "a.fgb", tmp_path / "a.parquet"]
    vectors.write(paths[0], frame, encoding="GBK")
    pyogrio.write_dataframe(frame, paths[1], driver="FlatGeobuf")
    frame.to_parquet(paths[2], row_group_size=512)
    wide = [[X, Y, X + 1, Y + 1], [X + 639, Y + 639, X + 640, Y + 640]]
    child = [sys.executable, "-c", MEASURED, repr(wide), *map(str, paths)]
    told = subprocess.run(child, capture_output=True, text=True, check=True).stdout.split()
    assert max(map(int, told)) < 30_000, told  # kB
