"""The bundled county is what its seed makes, and its files are those listed."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import shapely

from weipian_lab import outputs, simulate
from weipian_lab.grid import Block
from weipian_lab.simulate.scene import Renderer


def test_hashes_and_size(root: Path) -> None:
    listed = [line.split("  ") for line in (root / "data" / "SHA256SUMS").read_text().splitlines()]
    files = sorted(p for p in (root / "data" / "small").rglob("*") if p.is_file())
    assert sorted(name for _, name in listed) == sorted(
        p.relative_to(root / "data").as_posix() for p in files
    )
    for digest, name in listed:
        assert outputs.sha256(root / "data" / name) == digest, name
    assert sum(p.stat().st_size for p in files) <= 15e6


def test_seed_makes_the_same_pixels_and_attributes(root: Path) -> None:
    folder = root / "data" / "small"
    county = simulate.make_county()
    parts = [p for e in county.events for p in e.parts]
    for scene in (county.size.scenes[2], county.size.scenes[5]):
        renderer = Renderer(county.seed, county.size, scene, county.land, parts)
        block = Block(500, 250, 250, 250)
        image, scl = renderer.tile(block)
        window = rasterio.windows.Window(block.col, block.row, block.width, block.height)
        with rasterio.open(folder / "images" / f"{scene.stem}.tif") as dataset:
            assert (dataset.read(window=window) == image).all()
            assert dataset.tags()["SIMULATED"] == "yes"
            assert dataset.offsets[0] == (0.0 if scene.forgotten_offset else -0.1)
        with rasterio.open(folder / "images" / f"{scene.stem}_SCL.tif") as dataset:
            assert (dataset.read(1, window=window) == scl).all()
    for name in ("DLTB", "YJJBNTTB", "YDSP", "SSNYD"):
        stored = gpd.read_file(folder / "layers" / "county.gpkg", layer=name)
        made = county.layers[name]
        assert [g.wkb for g in stored.geometry] == [g.wkb for g in made.geometry], name
        for column in made.columns.drop("geometry"):
            one, two = stored[column], made[column].reset_index(drop=True)
            same = np.isclose(one, two, equal_nan=True) if one.dtype.kind == "f" else one.fillna("") == two
            assert np.asarray(same).all(), (name, column)
    errors = json.loads((folder / "truth" / "errors.json").read_text("utf-8"))
    assert errors["errors"] == county.errors


def test_some_true_changes_lie_half_inside_basic_farmland(root: Path) -> None:
    """Counted from truth and layer: 3 of 132 true changes are inside by 30–70 %, 8 are cut by its border."""
    folder = root / "data" / "small"
    truth = gpd.read_file(folder / "truth" / "changes.gpkg", layer="changes")
    pbf = gpd.read_file(folder / "layers" / "county.gpkg", layer="YJJBNTTB")
    true = truth[truth["is_true"]].to_crs(pbf.crs)
    tree = shapely.STRtree(pbf.geometry.to_numpy())
    share = np.array(
        [
            g.intersection(shapely.union_all(pbf.geometry.to_numpy()[tree.query(g)])).area / g.area
            for g in true.geometry
        ]
    )
    half = (share >= 0.3) & (share <= 0.7)
    assert half.sum() >= 3
    assert ((share > 0.02) & (share < 0.98)).sum() >= 8
    assert (~true["lawful"][half]).any()
    assert (share >= 0.98).sum() > 0.5 * len(true)  # most lie wholly inside
