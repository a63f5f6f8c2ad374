"""Notebook 04 with an analyst's own files: its cells in one process, on a county of 60 patches."""

from pathlib import Path

import geopandas as gpd
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import openpyxl
import pandas as pd
import pytest
from affine import Affine
from shapely.geometry import box

from weipian_lab import outputs, rasters, text, vectors
from weipian_lab.errors import CRSError, SchemaError, WeipianError
from weipian_lab.grid import Grid

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "04_accuracy.ipynb"
GRID = Grid("EPSG:32648", Affine(10, 0, 500_000, 0, -10, 4_202_000), (200, 200))
TRUE = {f"T{k:02d}" for k in range(60) if k % 3}  # two of three patches are right


@pytest.fixture(scope="module")
def county(tmp_path_factory):
    """Write patches, scores and layers."""
    folder = tmp_path_factory.mktemp("county")
    boxes = []
    for k in range(60):
        x, y = 500_020 + 200 * (k % 10), 4_200_040 + 300 * (k // 10)
        side = (30, 50, 70)[k % 3 if k < 30 else k // 20]
        boxes.append(box(x, y, x + side, y + side))
    patches = gpd.GeoDataFrame({"patch_id": [f"T{k:02d}" for k in range(60)]}, geometry=boxes, crs=GRID.crs)
    patches = patches.assign(source="SELF", score_mean=1.0, date_before="2023-07-18", date_after="2024-07-17")
    vectors.write(folder / "patches.gpkg", patches, layer="patches")
    score = np.random.default_rng(0).random(GRID.shape).astype(np.float32)
    rasters.write(folder / "score.tif", score, GRID)
    land = gpd.GeoDataFrame(
        {"BSM": ["1", "2"], "DLBM": ["0102", "0201"], "DLMC": ["水浇地", "果园"]},
        geometry=[box(500_000, 4_200_000, 501_000, 4_202_000), box(501_000, 4_200_000, 502_000, 4_202_000)],
        crs=GRID.crs,
    )
    vectors.write(folder / "layers.gpkg", land, layer="DLTB")
    return folder


def analyse(county, out, **given):
    """Run the notebook's cells and return what they leave."""
    space: dict = {"__name__": "notebook"}
    base = {"patches": "patches.gpkg", "score": "score.tif", "layers": "layers.gpkg"}
    given = {**{k: str(county / v) for k, v in base.items()}, "replicates": 100, "lang": "en", **given}
    try:
        for cell in nbformat.read(NOTEBOOK, as_version=4).cells:
            tags = cell.metadata.get("tags", [])
            if cell.cell_type != "code" or "provenance" in tags:
                continue
            exec(compile(cell.source, cell.id, "exec"), space)
            if "parameters" in tags:
                space |= {"out_dir": str(out), **given}
    finally:
        plt.close("all")
        text.use("zh")
    return space


def verified(patches, **columns):
    said = ["LEGAL" if p in TRUE else "PSEUDO_CHANGE" for p in patches]
    return pd.DataFrame({"patch_id": list(patches), "verdict": said, **columns})


def fill(path):
    """Fill in what a run listed for the field, as a person does."""
    book = openpyxl.load_workbook(path)
    for sheet in book.worksheets[:-1]:
        heads = {cell.value: cell.column for cell in sheet[1]}
        for row in range(2, sheet.max_row + 1):
            unit = str(sheet.cell(row, heads["patch_id"]).value)
            if sheet.cell(row, heads["unit"]).value == "patch":
                sheet.cell(row, heads["verdict"]).value = "LEGAL" if unit in TRUE else "实地伪变化"
            else:
                mapped = sheet.cell(row, heads["mapped"]).value
                sheet.cell(row, heads["reference"]).value = mapped
    book.save(path)
    return str(path)


def test_rounds_add_up(county, tmp_path, capsys):
    first = verified([f"T{k:02d}" for k in range(0, 60, 3)][:10] + [f"T{k:02d}" for k in range(1, 30, 3)])
    outputs.write_table(tmp_path / "first.csv", first)
    one = analyse(county, tmp_path / "1", verified=str(tmp_path / "first.csv"), design="simple_random")
    assert one["by_count"]["n"] == 20
    assert one["result"] is None
    assert "recall cannot be estimated" in capsys.readouterr().out
    listed = fill(tmp_path / "1" / "field_list.xlsx")
    files = {"verified": [str(tmp_path / "first.csv"), listed], "points": listed, "next_round": 10}
    two = analyse(county, tmp_path / "2", design="simple_random", **files)
    assert two["by_count"]["n"] == 20 + 40
    assert two["by_count"]["estimate"] == pytest.approx(1 / 3)
    assert two["by_count"]["lower"] == two["by_count"]["upper"]  # everyone verified
    assert two["result"].n == 20
    assert "recall" in two["report"]["headline"]["en"]


def test_strata_are_carried_on(county, tmp_path, capsys):
    """Drawn by size class in a first run, assessed and drawn again in a second and a third."""
    one = analyse(county, tmp_path / "1", verified="", verify=10, outside=30, truth=str(truth(tmp_path)))
    assert "stratum" in one["listed"].columns
    first = fill(tmp_path / "1" / "field_list.xlsx")
    two = analyse(county, tmp_path / "2", verified=first, points=first, next_round=8, lang="zh")
    assert two["sampled"].design == "stratified"
    assert two["placed"] is not None  # although the words for the classes are another language's
    assert two["by_count"]["n"] == 40
    second = fill(tmp_path / "2" / "field_list.xlsx")
    three = analyse(county, tmp_path / "3", verified=[first, second], points=[first, second])
    assert three["by_count"]["n"] == 48
    width = [run["by_count"]["upper"] - run["by_count"]["lower"] for run in (two, three)]
    assert width[1] < width[0]
    assert three["result"].n == two["result"].n + 20
    assert not set(two["points"]["patch_id"]) & set(two["listed"]["patch_id"])
    assert "covers" in capsys.readouterr().out


def truth(folder):
    """Write a layer of true changes under the patches that are right, and a crop map beside it."""
    made = gpd.GeoDataFrame(
        {"change_id": ["c"], "is_true": [True], "kind": ["house"], "verdict": ["LEGAL"], "cause": [""],
         "lawful": [True], "date_start": ["20240101"], "date_end": ["20240601"]},
        geometry=[box(500_000, 4_200_000, 501_000, 4_202_000)], crs=GRID.crs,
    )  # fmt: skip
    vectors.write(folder / "truth.gpkg", made, layer="changes")
    rasters.write(
        folder / "crops.tif", np.ones((2, *GRID.shape), np.uint8), GRID, descriptions=("2023", "2024")
    )
    return folder / "truth.gpkg"


BAD = {
    "two verdicts": ([("T00", "LEGAL"), ("T00", "PSEUDO_CHANGE")], "T00: LEGAL/PSEUDO_CHANGE"),
    "unknown verdict": ([("T00", "GUILTY")], "GUILTY"),
    "outside the batch": ([("T00", "LEGAL"), ("X99", "LEGAL")], "X99"),
    "nothing decided": ([("T00", "UNDETERMINED")], "没有一个有确定的核查结论"),
    "no row": ([], "没有任何单元"),
}


@pytest.mark.parametrize("case", list(BAD))
def test_one_clear_sentence(county, tmp_path, case):
    rows, named = BAD[case]
    pd.DataFrame(rows, columns=["patch_id", "verdict"]).to_csv(tmp_path / "v.csv", index=False)
    with pytest.raises(WeipianError, match=named):
        analyse(county, tmp_path, verified=str(tmp_path / "v.csv"))


@pytest.mark.parametrize(
    ("sizes", "named"),
    [
        (["", ""], "stratum_size"),
        (["0", "0"], "stratum_size"),
        (["5", "6"], "stratum_size"),
        (["99", "99"], "60"),
    ],
)
def test_strata_sizes_missing_or_zero(county, tmp_path, sizes, named):
    rows = verified(["T00", "T01"], stratum="s", stratum_size=sizes)
    rows.to_csv(tmp_path / "v.csv", index=False)
    with pytest.raises(SchemaError, match=named):
        analyse(county, tmp_path, verified=str(tmp_path / "v.csv"))


@pytest.mark.parametrize("said", ["LEGAL", "PSEUDO_CHANGE"])
def test_no_positives_and_no_negatives(county, tmp_path, said, capsys):
    rows = verified([f"T{k:02d}" for k in range(0, 60, 2)]).assign(verdict=said)
    outputs.write_table(tmp_path / "v.csv", rows)
    found = analyse(county, tmp_path, verified=str(tmp_path / "v.csv"))
    assert found["by_count"]["estimate"] == (said == "PSEUDO_CHANGE")
    assert 0 < found["by_count"]["upper"] - found["by_count"]["lower"] < 0.2
    assert len(found["wrong"]) == (30 if said == "PSEUDO_CHANGE" else 0)
    assert "Self-audit" in capsys.readouterr().out


def test_a_stratum_with_one_unit_and_strata_without(county, tmp_path, capsys):
    rows = verified(["T00", "T01", "T02", "T03"], stratum=list("aaab"), stratum_size=[30, 30, 30, 10])
    rows.to_csv(tmp_path / "v.csv", index=False)
    with pytest.warns(UserWarning, match="b"):
        found = analyse(county, tmp_path, verified=str(tmp_path / "v.csv"))
    assert np.isnan(found["by_count"]["lower"])
    said = capsys.readouterr().out
    assert "hold 40 of 60" in said
    assert "does not tell the strata" in said


def test_points_outside_the_map_and_strata_without_points(county, tmp_path):
    outputs.write_table(tmp_path / "v.csv", verified([f"T{k:02d}" for k in range(20)]))
    points = pd.DataFrame({"stratum": ["announced", "moon"], "mapped": "change", "reference": "change"})
    points.to_csv(tmp_path / "p.csv", index=False)
    given = {"verified": str(tmp_path / "v.csv"), "points": str(tmp_path / "p.csv")}
    with pytest.raises(SchemaError, match="moon"):
        analyse(county, tmp_path, **given)
    points.iloc[:1].to_csv(tmp_path / "p.csv", index=False)
    with pytest.raises(SchemaError, match="near"):
        analyse(county, tmp_path, **given)


def test_patches_in_another_crs_and_without(county, tmp_path):
    outputs.write_table(tmp_path / "v.csv", verified([f"T{k:02d}" for k in range(20)]))
    patches = gpd.read_file(county / "patches.gpkg")
    vectors.write(tmp_path / "p.gpkg", patches.to_crs("EPSG:4523"), layer="patches")
    given = {"verified": str(tmp_path / "v.csv"), "patches": str(tmp_path / "p.gpkg")}
    moved = analyse(county, tmp_path / "moved", **given)
    plain = analyse(county, tmp_path / "plain", verified=given["verified"])
    assert moved["by_area"]["estimate"] == pytest.approx(plain["by_area"]["estimate"], rel=1e-4)
    patches[["patch_id", "geometry"]].to_crs("EPSG:4523").to_file(tmp_path / "bare.shp")
    (tmp_path / "bare.prj").unlink()
    bare = {**given, "patches": str(tmp_path / "bare.shp")}
    with pytest.raises(CRSError, match="crs"):
        analyse(county, tmp_path / "bare", **bare)
    told = analyse(county, tmp_path / "told", crs="EPSG:4523", **bare)
    assert told["by_area"]["estimate"] == pytest.approx(plain["by_area"]["estimate"], rel=1e-4)
