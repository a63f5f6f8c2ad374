"""MAD gives what Orfeo ToolBox gives, whose filter was checked against the authors' Matlab code."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from scipy import ndimage

from weipian_lab import change

PROGRAM = shutil.which("otbcli_MultivariateAlterationDetector")
pytestmark = pytest.mark.skipif(
    PROGRAM is None, reason="Orfeo ToolBox (Debian package otb-bin) is not installed"
)


@pytest.fixture(scope="module")
def pair() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(4)
    texture = ndimage.gaussian_filter(rng.standard_normal((3, 90, 110)), (0, 2, 2)) * 2000
    before = 2000 + np.tensordot(rng.uniform(0.2, 1, (4, 3)), texture, 1) + rng.normal(0, 60, (4, 90, 110))
    after = 300 + 0.8 * before + rng.normal(0, 90, before.shape)
    after[:, 30:45, 40:60] += np.array([800, 900, 700, -600])[:, None, None]
    return before.astype(np.float32), after.astype(np.float32)


@pytest.fixture(scope="module")
def theirs(pair, tmp_path_factory) -> tuple[np.ndarray, np.ndarray]:
    """Correlations, rising as they are printed, and the variates."""
    folder = tmp_path_factory.mktemp("otb")
    for name, image in zip(("before", "after"), pair, strict=True):
        _write(folder / f"{name}.tif", image)
    command = [str(PROGRAM), "-in1", str(folder / "before.tif"), "-in2", str(folder / "after.tif")]
    said = subprocess.run(
        [*command, "-out", str(folder / "mad.tif"), "float"], check=True, capture_output=True, text=True
    )
    rho = re.search(r"Rho: ([-0-9. e]+)", said.stdout + said.stderr)
    assert rho is not None
    with rasterio.open(folder / "mad.tif") as opened:
        return np.array([float(value) for value in rho.group(1).split()]), opened.read()


def _write(path: Path, image: np.ndarray) -> None:
    profile = {
        "driver": "GTiff",
        "dtype": "float32",
        "crs": "EPSG:32648",
        "transform": Affine(10, 0, 0, 0, -10, 0),
    }
    with rasterio.open(path, "w", count=4, height=90, width=110, **profile) as opened:
        opened.write(image)


def test_canonical_correlations_are_those_of_otb(pair, theirs):
    model = change.fit([pair[0]], [pair[1]], "mad", valid=[np.ones((90, 110), bool)])
    ours = np.array(model.details["canonical_correlations"])
    assert np.sort(theirs[0]) == pytest.approx(np.sort(ours), abs=1e-4)


def test_the_score_is_the_length_of_the_standardised_variates_of_otb(pair, theirs):
    variates = theirs[1]
    lengths = np.sqrt((variates**2 / variates.var(axis=(1, 2), keepdims=True)).sum(axis=0))
    ours = change.score(*pair, method="mad")
    assert ours == pytest.approx(lengths, rel=2e-3, abs=2e-3)
