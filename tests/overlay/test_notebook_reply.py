"""Notebook 02 after a reply (容错纠错): overlaid again with the changed layers, old and new side by side."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest

from weipian_lab import vectors
from weipian_lab.area import ellipsoidal_area
from weipian_lab.outputs import read_table
from weipian_lab.run import verify
from weipian_lab.run.runner import RunResult, run_notebook

DATA = Path(__file__).parents[2] / "data/small"
COUNTY = DATA / "layers/county.gpkg"
PATCHES = 6
PARAMETERS = {
    "pages": 0,
    "shapefiles": False,
    "whole_layers": False,
    "tolerance_m": 0.0,
    "shift_px": 0.0,
}


def near(frame: gpd.GeoDataFrame) -> tuple[float, float, float, float]:
    west, south, east, north = frame.total_bounds
    return float(west) - 300, float(south) - 300, float(east) + 300, float(north) + 300


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A few patches, the layers around them, and those layers as the sections gave them back."""
    folder = tmp_path_factory.mktemp("reply")
    batch = vectors.read(DATA / "batches/MNR_2024Q1.shp").frame
    first = batch.iloc[[0]]
    batch = batch[batch.distance(first.geometry.iloc[0]).rank(method="first") <= PATCHES]
    vectors.write(folder / "patches.gpkg", batch)
    box = near(batch)
    for name in pyogrio.list_layers(COUNTY)[:, 0]:
        frame = vectors.read(COUNTY, name, bbox=box, allow_empty=True).frame
        meta = {"simulated": "yes"}
        vectors.write(folder / "old.gpkg", frame, layer=name, append=True, metadata=meta)
        if name == "YJJBNTTB":  # the section takes the farmland under the first patch out
            frame = frame[~frame.intersects(first.geometry.iloc[0])]
        if name == "DLTB":  # and books as facility land what is cultivated there
            under = frame.intersects(first.geometry.iloc[0]) & frame["DLBM"].str.startswith("01")
            frame = frame.assign(DLBM=np.where(under, "1202", frame["DLBM"]))
        vectors.write(folder / "new.gpkg", frame, layer=name, append=True, metadata=meta)
    return {"patches": folder / "patches.gpkg", "old": folder / "old.gpkg", "new": folder / "new.gpkg"}


@pytest.fixture(scope="module")
def run(county: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    layers = {"patches": str(county["patches"]), "layers": str(county["old"])}
    replied = {"replied_layers": str(county["new"])}
    out = tmp_path_factory.mktemp("run") / "02_overlay"
    return run_notebook("02_overlay", PARAMETERS | layers | replied, out, lang="zh")


def printed(result: RunResult) -> str:
    """Return all text and tables that the notebook showed."""
    cells = json.loads(result.notebook.read_text("utf-8"))["cells"]
    outputs = [o for cell in cells for o in cell.get("outputs", [])]
    shown = ["".join(o.get("text", "")) for o in outputs]
    shown += ["".join(o.get("data", {}).get("text/html", "")) for o in outputs]
    return "\n".join(shown)


def test_old_and_new_stand_side_by_side(run: RunResult, county: dict[str, Path]) -> None:
    changes = read_table(run.out_dir / "reply.csv")
    ledger = read_table(run.out_dir / "ledger.csv").set_index("patch_id")
    first = vectors.read(county["patches"], schema="PATCHES").frame.iloc[0]
    own = changes[changes["patch_id"] == first["patch_id"]].set_index("part")
    old = ledger.loc[first["patch_id"]]
    for part in ("cultivated", "pbf", "other_agricultural"):
        assert float(own.loc[part, "before_m2"]) == pytest.approx(float(old[f"{part}_m2"]), abs=0.02)
    assert float(own.loc["cultivated", "after_m2"]) == 0.0
    assert float(own.loc["pbf", "after_m2"]) == 0.0
    gain = float(own.loc["other_agricultural", "change_m2"])
    assert gain == pytest.approx(float(own.loc["cultivated", "before_m2"]), abs=0.02)
    assert "total" not in own.index  # the patch itself did not change
    numbers = changes[["before_m2", "after_m2", "change_m2"]].astype(float)
    assert (numbers["after_m2"] - numbers["before_m2"] - numbers["change_m2"]).abs().max() < 0.02


def test_the_farmland_before_is_that_of_the_layer_as_it_was(run: RunResult, county: dict[str, Path]) -> None:
    patch = gpd.read_file(county["patches"]).iloc[[0]]
    farmland = gpd.read_file(county["old"], layer="YJJBNTTB")
    pieces = farmland.clip(patch.geometry.iloc[0])
    expected = ellipsoidal_area([pieces.union_all()], pieces.crs)[0]
    changes = read_table(run.out_dir / "reply.csv")
    row = changes[(changes["patch_id"] == patch["JCBH"].iloc[0]) & (changes["part"] == "pbf")].iloc[0]
    assert float(row["before_m2"]) == pytest.approx(expected, abs=0.02)


def test_the_report_shows_what_changed_and_what_became_of_the_doubts(run: RunResult) -> None:
    shown, changes = printed(run), read_table(run.out_dir / "reply.csv")
    count = changes["patch_id"].nunique()
    assert f"答复后 {count} 个图斑的面积有变化" in shown
    assert "新旧两次套合的图斑一致" in shown
    page = (run.out_dir / "report.html").read_text("utf-8")
    assert changes["patch_id"].iloc[0] in page
    assert "没有给出答复后的图层" not in page
    assert not verify(run.out_dir).differences


def test_unchanged_layers_change_nothing(
    county: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    layers = {"patches": str(county["patches"]), "layers": str(county["old"])}
    same = {"replied_layers": str(county["old"])}
    result = run_notebook("02_overlay", PARAMETERS | layers | same, tmp_path / "02", lang="en")
    changes = read_table(result.out_dir / "reply.csv")
    assert isinstance(changes, pd.DataFrame)
    assert changes.empty
    assert "of 0 patches differ; 0 doubts are gone" in printed(result)
