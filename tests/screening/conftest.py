"""A small pair with planted changes, shifts and clouds, written as GeoTIFF."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from scipy import ndimage

T = Affine(10, 0, 600_000, 0, -10, 4_260_000)
Write = Callable[..., Path]


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
