"""The cross-band residual detector: what it takes out, what it keeps, blocks, bad input, the real pairs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from weipian_lab import change
from weipian_lab.change.pixels import take_samples
from weipian_lab.change.residual import fit_cross_residual
from weipian_lab.change.residual_model import CrossResidualModel
from weipian_lab.errors import ParameterError

METHODS = ("cross_residual", "construction", "any_change")
SEASON = np.array([[0.9, 0.1, 0, 0], [0, 1.1, 0, 0.1], [0.2, 0, 0.8, 0], [0, 0.3, 0, 0.7]])


def scene(size: int = 96, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Simulated: patchy cover; each later band mixes the earlier ones; a square is built on."""
    rng = np.random.default_rng(seed)
    before = np.array([gaussian_filter(rng.random((size, size)), 2) for _ in range(4)])
    after = np.tensordot(SEASON, before, axes=1) + 0.05 + 0.002 * rng.standard_normal(before.shape)
    changed = np.zeros((size, size), bool)
    changed[40:50, 60:70] = True
    after[:, changed] += 0.15 + 0.1 * rng.random((4, changed.sum()))
    return before.astype(np.float32), after.astype(np.float32), changed


@pytest.mark.parametrize("method", METHODS)
def test_season_is_explained_and_building_is_not(method: str) -> None:
    before, after, changed = scene()
    score = change.score(before, after, method)
    rest = ~gaussian_filter(changed.astype(float), 4).astype(bool)
    assert np.quantile(score[changed], 0.1) > np.quantile(score[rest], 0.99)


def test_a_linear_season_leaves_no_residual() -> None:
    before, _, _ = scene()
    after = np.tensordot(SEASON, before, axes=1) + 0.3
    model = change.fit(before, after, "cross_residual", gradient_power=0.0)
    assert isinstance(model, CrossResidualModel)
    # in z-scores the map is B = D_y⁻¹ · SEASON · D_x, as worked out from the scales
    expected = np.diag(model.inverse_scale[1]) @ SEASON @ np.diag(1 / model.inverse_scale[0])
    assert model.directions[0].coefficients == pytest.approx(
        expected, abs=0.02
    )  # clipping at ±6 bends it a little
    assert np.median(model.score_block(before, after)) < 0.1  # in units of the usual residual


def test_regression_is_not_led_by_what_changed() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4000, 1))
    y = 2 * x + 0.01 * rng.standard_normal((4000, 1))
    y[:800] = 3 * rng.random((800, 1))  # a fifth changed
    model = fit_cross_residual(take_samples(x, y))
    assert isinstance(model, CrossResidualModel)
    slope = model.directions[0].coefficients[0, 0] * model.inverse_scale[0][0] / model.inverse_scale[1][0]
    assert slope == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize("method", METHODS)
def test_blocks_score_as_the_whole(method: str) -> None:
    before, after, _ = scene(160)
    valid = np.ones((160, 160), bool)
    valid[70:85, 30:50] = False
    options = {"background_px": 8} if method == "construction" else {}
    model = change.fit(before, after, method, valid=valid, pixel_aspect=1.4, **options)
    whole, halo = model.score_block(before, after, valid), model.halo_px
    assert 0 < halo < 80
    for row in range(0, 160, 64):
        top = max(row - halo, 0)
        rows = slice(top, min(row + 64 + halo, 160))
        block = model.score_block(before[:, rows], after[:, rows], valid[rows])
        kept = block[row - top : row - top + 64]
        assert kept == pytest.approx(whole[row : row + 64], rel=2e-3, abs=1e-4, nan_ok=True)


@pytest.mark.parametrize("method", METHODS)
def test_identical_images_score_nothing(method: str) -> None:
    before, _, _ = scene()
    score = change.score(before, before.copy(), method)
    assert not score.any()
    rule = dict(change.USUAL_RULES[method])
    assert not change.threshold(score, **rule).apply(score).any()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("bands", [1, 2, 12])
def test_any_number_of_bands(method: str, bands: int) -> None:
    rng = np.random.default_rng(bands)
    score = change.score(rng.random((bands, 40, 40)), rng.random((bands, 40, 40)), method)
    assert np.isfinite(score).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("fault", ["constant", "collinear", "both constant", "one row", "tiny", "two values"])
def test_bands_and_samples_without_information(method: str, fault: str) -> None:
    before, after, _ = scene(48)
    if fault == "constant":
        before[3] = after[3] = 0.25
    elif fault == "collinear":
        before[3], after[3] = before[0] + before[1], after[0] + after[1]
    elif fault == "both constant":
        before[:], after[:] = 0.25, 0.3
    elif fault == "one row":
        before, after = before[:, :1], after[:, :1]
    elif fault == "tiny":
        before, after = before[:, :2, :2], after[:, :2, :2]
    else:
        before, after = (before > 0.5).astype(np.uint8), (after > 0.5).astype(np.uint8)
    assert np.isfinite(change.score(before, after, method)).all()


def test_clouds_do_not_leak() -> None:
    before, after, changed = scene()
    valid = np.ones(changed.shape, bool)
    valid[5:25, 5:30] = False
    cloudy = after.copy()
    cloudy[:, ~valid] = 9.0
    clean = change.score(before, after, "construction", valid=valid, register=False)
    score = change.score(before, cloudy, "construction", valid=valid, register=False)
    assert np.isnan(score[~valid]).all()
    assert score[valid] == pytest.approx(clean[valid], rel=1e-5, abs=1e-5)


def test_kernels_are_round_on_the_ground() -> None:
    model = change.fit(*scene()[:2], "cross_residual", gradient_power=0.0, pixel_aspect=2.0)
    rng = np.random.default_rng(1)
    before = 0.5 + 0.001 * rng.standard_normal((4, 61, 61)).astype(np.float32)
    after = np.tensordot(SEASON, before, axes=1).astype(np.float32) + 0.05
    after[:, 30, 30] += 0.5
    score = model.score_block(before, after)
    assert (
        score[30, 36] > score[36, 30]
    )  # a pixel is twice as high as wide: six columns are nearer than six rows
    assert score[30, 36] == pytest.approx(score[33, 30], rel=0.1)


def test_wide_change_counts_less_than_small() -> None:
    rng = np.random.default_rng(0)
    before = np.array([gaussian_filter(rng.random((160, 160)), 2) for _ in range(4)])
    after = before + 0.002 * rng.standard_normal(before.shape)
    after[:2, 20:120, 10:90] += 0.1
    after[:2, 60:70, 130:140] += 0.1
    options = {"gradient_power": 0.0, "background_px": 10}
    plain = change.score(before, after, "cross_residual", **options)
    less = change.score(before, after, "cross_residual", background_share=0.6, **options)
    assert plain[60, 50] == pytest.approx(plain[64, 135], rel=0.3)
    assert less[60, 50] < 0.5 * less[64, 135]


def test_a_sub_pixel_shift_is_tolerated_or_taken_out() -> None:
    before, _, _ = scene()
    rng = np.random.default_rng(2)
    moved = change.resample(before + 0.001 * rng.standard_normal(before.shape), (0.2, 0.15))
    plain = change.score(before, moved, "cross_residual")
    tolerant = change.score(before, moved, "cross_residual", tolerance=0.5)
    assert np.nanmedian(tolerant) < 0.7 * np.nanmedian(plain)
    shifted = change.resample(before, (0.7, -0.4))
    aligned = change.score(before, shifted, "cross_residual", register=True)
    assert np.isfinite(aligned[10:-10, 10:-10]).all()


@pytest.mark.parametrize(
    "options",
    [
        {"tolerance": 2},
        {"background_share": -1},
        {"sigma_px": -1.0},
        {"residual_bands": "red"},
        {"sigma": 2.0},
        {"pixel_aspect": 0.0},
    ],
)
def test_bad_options(options: dict) -> None:
    with pytest.raises(ParameterError):
        change.score(*scene(32)[:2], "cross_residual", **options)


def read(folder: Path) -> tuple[np.ndarray, ...]:
    import rasterio

    return tuple(rasterio.open(folder / f"{name}.tif").read() for name in ("t1", "t2", "label"))


@pytest.mark.real
def test_any_change_on_taizhou(real_data: Path) -> None:
    from sklearn.metrics import cohen_kappa_score

    before, after, label = read(real_data / "taizhou")
    known = label[0] != 255
    score = change.score(before, after, "any_change")
    flagged = change.threshold(score, **change.USUAL_RULES["any_change"]).apply(score)
    assert cohen_kappa_score(label[0][known], flagged[known]) >= 0.95


@pytest.mark.real
@pytest.mark.parametrize(("city", "kappa"), [("rennes", 0.5), ("bercy", 0.28)])
def test_construction_where_others_fail(real_data: Path, city: str, kappa: float) -> None:
    """Rennes' outliers blind Otsu and k-means, Bercy's collinear bands crash known IR-MAD code."""
    from sklearn.metrics import cohen_kappa_score

    before, after, label = read(real_data / f"oscd_{city}")
    score = change.score(before, after, "construction", pixel_aspect=1.5)
    flagged = change.threshold(score, **change.USUAL_RULES["construction"]).apply(score)
    assert cohen_kappa_score(label[0].ravel(), flagged.ravel()) >= kappa
