"""Classical detectors: known answers, invariances, and the pairs on which others fail."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import eigh
from sklearn.cross_decomposition import CCA

from weipian_lab import change
from weipian_lab.change.linear import weighted_moments
from weipian_lab.change.mad import canonical
from weipian_lab.change.pixels import take_samples
from weipian_lab.errors import GridError, InputError, ParameterError

ALL = ("cva", "cva_std", "mad", "irmad", "sfa", "isfa", "pca_kmeans")


def scene(bands: int = 4, size: int = 48, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A simulated pair with correlated bands, another season, noise, and a square that changed."""
    rng = np.random.default_rng(seed)
    cover = rng.random((bands, size, size))
    before = 0.1 + 0.1 * np.tensordot(rng.random((bands, bands)), cover, axes=1)
    after = 1.3 * before + 0.02 + 0.003 * rng.standard_normal(before.shape)
    changed = np.zeros((size, size), dtype=bool)
    changed[10:18, 20:28] = True
    after[:, changed] = 0.45 - 0.3 * rng.random((bands, 1))
    return before.astype(np.float32), after.astype(np.float32), changed


@pytest.mark.parametrize("method", ALL)
def test_finds_what_changed(method: str) -> None:
    before, after, changed = scene()
    score = change.score(before, after, method)
    assert score.dtype == np.float32
    assert score.shape == changed.shape
    assert np.median(score[changed]) > np.quantile(score[~changed], 0.97)


def test_cva_by_hand() -> None:
    before = np.zeros((2, 1, 3))
    after = np.array([[[0.0, 3.0, -1.0]], [[0.0, 4.0, 0.0]]])
    assert change.score(before, after, "cva").tolist() == [[0.0, 5.0, 1.0]]


def test_standardised_cva_by_hand() -> None:
    # band 1: z before (−1, 1, −1, 1), after (−1, 1, 1, −1) whatever gain and offset; band 2 does not vary
    before = np.array([[[1.0, 3.0, 1.0, 3.0]], [[5.0] * 4]])
    after = np.array([[[10.0, 30.0, 30.0, 10.0]], [[7.0] * 4]])
    assert change.score(before, after, "cva_std") == pytest.approx(np.array([[0, 0, 2, 2]]), abs=1e-6)


def test_unsigned_integers_do_not_wrap_around() -> None:
    before, after = np.full((1, 2, 2), 200, np.uint8), np.full((1, 2, 2), 190, np.uint8)
    assert change.score(before, after, "cva").tolist() == [[10.0, 10.0], [10.0, 10.0]]


def test_mad_of_one_band_by_hand() -> None:
    # x = (−1, −1, 1, 1), y = (−1, 1, −1, 1) / both unit variance, ρ = 0: MAD = x − y over √2, ρ's sign free
    before, after = np.array([[[-1.0, -1.0, 1.0, 1.0]]]), np.array([[[-1.0, 1.0, -1.0, 1.0]]])
    score = change.score(before, after, "mad")
    expected = np.array([[0, 2, 2, 0]]) / np.sqrt(2)
    assert np.allclose(score, expected, atol=1e-5) or np.allclose(
        score, expected[:, ::-1][:, [1, 0, 3, 2]], atol=1e-5
    )


def test_canonical_correlations_are_those_of_the_generalised_eigenproblem() -> None:
    before, after, _ = scene(5)
    samples = take_samples(before, after)
    moments = weighted_moments(samples)
    found = canonical(moments)
    squared = eigh(moments.xy @ np.linalg.solve(moments.yy, moments.xy.T), moments.xx, eigvals_only=True)
    assert found.rho == pytest.approx(np.sqrt(np.clip(squared[::-1], 0, 1)), abs=1e-6)
    assert found.a.T @ moments.xx @ found.a == pytest.approx(np.eye(5), abs=1e-6)


def test_canonical_correlations_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    x = rng.standard_normal((400, 3))
    y = x @ rng.standard_normal((3, 3)) + 0.8 * rng.standard_normal((400, 3))
    samples = take_samples(x, y)
    first, second = CCA(3, max_iter=5000, tol=1e-12).fit_transform(x, y)
    theirs = [np.corrcoef(first[:, i], second[:, i])[0, 1] for i in range(3)]
    assert canonical(weighted_moments(samples)).rho == pytest.approx(theirs, abs=1e-3)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(["mad", "irmad"]))
def test_mad_is_invariant_to_linear_changes_of_the_bands(seed: int, method: str) -> None:
    rng = np.random.default_rng(seed)
    before, after, _ = scene(3, 24, seed)
    spread, _ = np.linalg.qr(rng.standard_normal((3, 3)))
    mixing = spread @ np.diag(rng.uniform(0.5, 5, 3)) @ spread.T + 0.1 * rng.standard_normal((3, 3))
    if abs(np.linalg.det(mixing)) < 0.05:
        mixing = spread
    moved = np.tensordot(mixing, after, axes=1) + rng.uniform(-3, 3, (3, 1, 1))
    plain = change.score(before, after, method)
    assert change.score(before, moved, method) == pytest.approx(plain, rel=2e-2, abs=2e-2)


def test_unchanged_noise_makes_mad_chi_square() -> None:
    rng = np.random.default_rng(0)
    signal = rng.standard_normal((4, 200, 200))
    before, after = (signal + 0.5 * rng.standard_normal(signal.shape) for _ in range(2))
    model = change.fit(before, after, "mad")
    assert model.df == 4
    probability = change.chi2_probability(model.score_block(before, after), 4)
    assert np.quantile(probability, [0.1, 0.5, 0.9]) == pytest.approx([0.1, 0.5, 0.9], abs=0.01)


def test_reweighting_raises_the_correlation_of_what_did_not_change() -> None:
    before, after, _ = scene(seed=1)
    plain, iterated = (change.fit(before, after, m) for m in ("mad", "irmad"))
    assert iterated.details["converged"]
    first, last = (m.details["canonical_correlations"] for m in (plain, iterated))
    assert min(last) > min(first)


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize("bands", [1, 2, 12])
def test_any_number_of_bands(method: str, bands: int) -> None:
    before, after, _ = scene(bands, 24)
    assert np.isfinite(change.score(before, after, method)).all()


@pytest.mark.parametrize("method", [*ALL, "ndvi"])
def test_identical_images_score_nothing(method: str) -> None:
    before, _, _ = scene()
    score = change.score(before, before.copy(), method)
    assert not score.any()
    assert not change.threshold(score, "otsu").apply(score).any()
    assert not change.threshold(score, "null_fit").apply(score).any()


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize("fault", ["constant", "collinear", "both constant", "nearly collinear"])
def test_bands_without_information_do_no_harm(method: str, fault: str) -> None:
    before, after, changed = scene(4)
    for image in (before, after):
        if fault == "constant":
            image[3] = 0.25
        elif fault == "both constant":
            image[:] = 0.25
        else:
            image[3] = image[0] + image[1] + (1e-7 * image[2] if fault == "nearly collinear" else 0)
    score = change.score(before, after, method)
    assert np.isfinite(score).all()
    if fault != "both constant" and method != "cva":  # raw CVA sees the season before the change
        assert np.median(score[changed]) > np.median(score[~changed])


@pytest.mark.parametrize("method", ALL)
def test_nan_infinity_mask_and_nodata_are_not_scored(method: str) -> None:
    before, after, _ = scene()
    clean = change.score(before, after, method)
    before[0, 0, 0], after[1, 0, 1] = np.nan, np.inf
    valid = np.ones(clean.shape, bool)
    valid[0, 2] = False
    masked = np.ma.masked_array(after, np.zeros(after.shape, bool))
    masked[2, 0, 3] = np.ma.masked
    given = before.copy(), masked.copy()
    score = change.score(before, masked, method, valid=valid)
    assert np.isnan(score[0, :4]).all()
    assert np.isfinite(score[1:]).all()
    assert score[20:] == pytest.approx(clean[20:], rel=0.2, abs=0.2)
    assert np.array_equal(before, given[0], equal_nan=True)
    assert np.array_equal(masked.data, given[1].data, equal_nan=True)  # the caller's arrays are as they were


@pytest.mark.parametrize("method", ALL)
@pytest.mark.parametrize("pixels", [1, 2, 3, 7])
def test_tiny_images(method: str, pixels: int) -> None:
    rng = np.random.default_rng(pixels)
    score = change.score(rng.random((4, 1, pixels)), rng.random((4, 1, pixels)), method)
    assert np.isfinite(score).all()


@pytest.mark.parametrize("method", [*ALL, "ndvi", "index:NDWI"])
def test_blocks_score_as_the_whole(method: str) -> None:
    before, after, _ = scene(6, 64)
    after[:, 5, 5] = np.nan
    model = change.fit(before, after, method)
    whole, halo = model.score_block(before, after), model.halo_px
    for row in range(0, 64, 16):
        for col in range(0, 64, 32):
            top, left = max(row - halo, 0), max(col - halo, 0)
            window = np.s_[:, top : row + 16 + halo, left : col + 32 + halo]
            block = model.score_block(before[window], after[window])
            kept = block[row - top : row - top + 16, col - left : col - left + 32]
            assert kept == pytest.approx(
                whole[row : row + 16, col : col + 32], rel=1e-4, abs=1e-5, nan_ok=True
            )


def test_samples_of_pixels_give_the_model_of_the_image() -> None:
    before, after, _ = scene()
    pixels = change.fit(before.reshape(4, -1).T, after.reshape(4, -1).T, "irmad")
    assert pixels.score_block(before, after) == pytest.approx(change.score(before, after, "irmad"), rel=1e-4)
    tiles = change.fit([before[:, :24], before[:, 24:]], [after[:, :24], after[:, 24:]], "pca_kmeans")
    assert tiles.score_block(before, after).shape == (48, 48)
    with pytest.raises(ParameterError, match="pca_kmeans"):
        change.fit(before.reshape(4, -1).T, after.reshape(4, -1).T, "pca_kmeans")


def test_same_seed_same_score() -> None:
    before, after, _ = scene(size=64)
    first, second, third = (
        change.score(before, after, "irmad", random_state=seed, max_samples=500) for seed in (1, 1, 2)
    )
    assert np.array_equal(first, second)
    assert not np.array_equal(first, third)


def test_pca_kmeans_cuts_where_two_means_do() -> None:
    before, after, changed = scene()
    score = change.score(before, after, "pca_kmeans", window_px=3)
    flagged = score > 0
    assert (flagged & changed).sum() >= 0.9 * changed.sum()
    assert (flagged & ~changed).sum() <= 0.6 * changed.sum()  # a rim of one pixel


def test_index_differences_by_hand() -> None:
    # NDVI before (0.4 − 0.1) / 0.5 = 0.6, after (0.2 − 0.2) / 0.4 = 0
    before = np.array([0.1, 0.4]).reshape(2, 1, 1)
    after = np.array([0.2, 0.2]).reshape(2, 1, 1)
    names = ("B04", "B08")
    assert change.score(before, after, "ndvi", bands=names)[0, 0] == pytest.approx(0.6)
    assert change.score(before, after, "index:NDVI", bands=("red", "nir"), direction="gain")[
        0, 0
    ] == pytest.approx(-0.6)
    # BSI, Rikimaru 2002: ((swir1 + red) − (nir + blue)) / ((swir1 + red) + (nir + blue))
    bands = ("blue", "red", "nir", "swir1")
    bare = np.array([0.1, 0.2, 0.3, 0.4]).reshape(4, 1, 1)
    green = np.array([0.1, 0.1, 0.5, 0.2]).reshape(4, 1, 1)
    assert change.score(green, bare, "bsi", bands=bands)[0, 0] == pytest.approx(abs(0.2 / 1.0 + 0.3 / 0.9))


def test_an_index_that_is_not_defined_is_not_scored() -> None:
    before = np.array([[[0.0, 0.1]], [[0.0, 0.4]]])
    score = change.score(before, before, "ndvi", bands=("B04", "B08"))
    assert np.isnan(score[0, 0])
    assert score[0, 1] == 0


def test_errors_say_what_to_do() -> None:
    before, after, _ = scene()
    with pytest.raises(ParameterError, match="irmad"):
        change.score(before, after, "irmda")
    with pytest.raises(ParameterError, match="max_iterations"):
        change.score(before, after, "irmad", max_iteration=3)
    with pytest.raises(ParameterError, match="NDVI"):
        change.score(before, after, "index:NDV")
    with pytest.raises(ParameterError, match="S1"):
        change.score(before, after, "ndbi")
    with pytest.raises(GridError, match="48"):
        change.score(before, after[:, 1:], "cva")
    with pytest.raises(GridError):
        change.score(before, after, "cva", valid=np.ones((3, 3), bool))
    with pytest.raises(InputError):
        change.score(before, after, "cva", valid=np.zeros((48, 48), bool))
    with pytest.raises(InputError):
        change.score(before.astype(complex), after, "cva")
    with pytest.raises(InputError):
        change.fit(before, after, "cva").score_block(before[:2], after[:2])
    with pytest.raises(ParameterError):
        change.score(before, after, "ndvi", bands=("B04",))
    with pytest.raises(ParameterError):
        change.score(before, after, "pca_kmeans", window_px=4)


@pytest.mark.real
def test_published_figures_on_taizhou(real_data) -> None:
    """IR-MAD with k-means .933, standardised CVA with Otsu .892, MAD .809 (data/README.md)."""
    import rasterio
    from sklearn.metrics import cohen_kappa_score

    before, after, label = (
        rasterio.open(real_data / "taizhou" / f"{n}.tif").read() for n in ("t1", "t2", "label")
    )
    known = label[0] != 255
    for method, rule, clip, kappa in [
        ("irmad", "kmeans", 1.0, 0.933),
        ("cva_std", "otsu", 1.0, 0.892),
        ("mad", "kmeans", 1.0, 0.809),
    ]:
        score = change.score(before, after, method)
        flagged = change.threshold(score, rule, clip=clip).apply(score)
        assert cohen_kappa_score(label[0][known], flagged[known]) == pytest.approx(kappa, abs=0.004)
