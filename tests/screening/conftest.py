"""A small pair with planted changes, shifts and clouds, written as GeoTIFF."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import geopandas as gpd
import nbformat
import numpy as np
import pytest
import rasterio
from affine import Affine
from matplotlib import pyplot
from scipy import ndimage
from shapely import box

from weipian_lab import text

NOTEBOOK = Path(__file__).parents[2] / "notebooks/01_screening.ipynb"
T = Affine(10, 0, 600_000, 0, -10, 4_260_000)
Write = Callable[..., Path]
Play = Callable[..., dict[str, Any]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(name: str, data: np.ndarray, **profile: object) -> Path:
        data = data[None] if data.ndim == 2 else data
        options = {"driver": "GTiff", "crs": "EPSG:32648", "transform": T, "dtype": data.dtype.name} | profile
        path = tmp_path / name
        with rasterio.open(
            path, "w", count=len(data), height=data.shape[1], width=data.shape[2], **options
        ) as out:
            out.write(data)
            if len(data) == 4:
                for i, band in enumerate(("B02", "B03", "B04", "B08"), 1):
                    out.set_band_description(i, band)
        return path

    return written


@pytest.fixture(scope="session")
def scenes() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Before, after (uint16) and where the ground changed."""
    rng = np.random.default_rng(7)
    base = ndimage.gaussian_filter(rng.standard_normal((230, 270)), 2)
    base = (base - base.mean()) / base.std()
    gains = np.array([300, 400, 500, 900])[:, None, None]
    before = 1500 + gains * base + rng.normal(0, 20, (4, 230, 270))
    after = 1.1 * before + 50 + rng.normal(0, 20, before.shape)
    changed = np.zeros(base.shape, bool)
    for row, col, height, width in ((20, 30, 12, 15), (60, 120, 9, 8), (118, 122, 20, 14), (200, 240, 14, 9)):
        changed[row : row + height, col : col + width] = True
    after[:, changed] += np.array([1500, 1600, 1500, -600])[:, None]
    return before.clip(1).astype(np.uint16), after.clip(1).astype(np.uint16), changed


@pytest.fixture(scope="session")
def cells() -> list[tuple[set[str], CodeType]]:
    """Code cells of notebook 01, compiled, with their tags."""
    book = nbformat.read(NOTEBOOK, as_version=4)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    return [(set(cell.metadata.get("tags", [])), compile(cell.source, cell.id, "exec")) for cell in code]


@pytest.fixture(scope="session")
def no_layers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Management layers that lie elsewhere."""
    path = tmp_path_factory.mktemp("layers") / "layers.gpkg"
    fields = {"BSM": ["1"], "DLBM": ["0103"], "DLMC": ["旱地"], "ZZSXDM": [""], "TBMJ": [1e4], "KCXS": [0.0]}
    frame = gpd.GeoDataFrame(fields, geometry=[box(500_000, 4_000_000, 500_100, 4_000_100)], crs="EPSG:32648")
    for layer in ("DLTB", "YJJBNTTB"):
        frame.to_file(path, layer=layer)
    return path


@pytest.fixture
def play(
    cells: list[tuple[set[str], CodeType]], no_layers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Play]:
    """Run the cells of notebook 01 in this process with some parameters; return ``screening.json``."""
    monkeypatch.setenv("WEIPIAN_LANG", "zh")

    def played(**parameters: object) -> dict[str, Any]:
        names: dict[str, Any] = {"display": lambda *_: None}
        for tags, code in cells:
            if "provenance" not in tags:
                exec(code, names)
            if "parameters" in tags:
                given = {"layers": no_layers, "exports": [], "out_dir": tmp_path / "out", **parameters}
                names.update({k: str(v) if isinstance(v, Path) else v for k, v in given.items()})
        pyplot.close("all")
        return json.loads((tmp_path / "out/screening.json").read_text("utf-8"))

    with text.language("zh"):
        yield played
    pyplot.close("all")
