"""Asking a GeoPackage's R-tree for many boxes gives what asking for each row's box would."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely

from weipian_lab import vectors
from weipian_lab.vectors.rtree import RTree

X, Y = 35_609_118.0, 4_258_188.0


@pytest.mark.parametrize("count", [1, 51, 60, 6000])
def test_pairs(tmp_path: Path, count: int) -> None:
    rng = np.random.default_rng(count)
    corner = rng.uniform(0, 9000, (count, 2)) + np.array([X, Y])
    shapes = shapely.box(*corner.T, *(corner + rng.uniform(1, 50, (count, 2))).T)
    frame = gpd.GeoDataFrame({"BSM": np.arange(count).astype(str)}, geometry=shapes, crs=4523)
    path = vectors.write(tmp_path / "a.gpkg", frame, layer="a")
    low = rng.uniform(-500, 9000, (40, 2)) + np.array([X, Y])
    boxes = np.hstack([low, low + rng.uniform(0, 900, (40, 2))])
    boxes[7] = np.nan
    base = sqlite3.connect(path)
    tree = RTree(lambda query: [row[0] for row in base.execute(query)], "rtree_a_geom_node")
    found = set(zip(*(part.tolist() for part in tree.near(boxes)), strict=True))
    single = "select id from rtree_a_geom where minx <= ? and maxx >= ? and miny <= ? and maxy >= ?"
    wanted = {
        (i, row[0])
        for i, (x0, y0, x1, y1) in enumerate(boxes.tolist())
        if i != 7
        for row in base.execute(single, (x1, x0, y1, y0))
    }
    base.close()
    assert found == wanted
    near = vectors.source(path).meeting(boxes, ("BSM",)).near
    assert near is not None
    assert len(near[0]) == len(wanted)


def test_nothing_near(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame({"BSM": ["1"]}, geometry=[shapely.box(X, Y, X + 1, Y + 1)], crs=4523)
    source = vectors.source(vectors.write(tmp_path / "a.gpkg", frame, layer="a"))
    found = source.meeting(np.array([[0.0, 0.0, 1.0, 1.0]]), ("BSM",))
    assert len(found.number) == len(found.outlines) == len(found.geometry) == 0
    assert len(source.meeting(np.empty((0, 4)), ("BSM",)).number) == 0
