"""Reading images and pairs: scales, bands, masks, grids that differ, and every input that cannot be used."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from weipian_lab import rasters, text
from weipian_lab.errors import CRSError, GridError, InputError, OutputError, ParameterError
from weipian_lab.grid import Block, Grid

T = Affine(10, 0, 600_000, 0, -10, 4_260_000)
CUBIC = rasterio.enums.Resampling.cubic
NAMES = ("B02", "B03", "B04", "B08")


def make(
    path: Path,
    data: np.ndarray,
    *,
    crs: str | None = "EPSG:32648",
    transform: Affine = T,
    names: tuple[str, ...] = (),
    nodata: float | None = None,
    tags: dict[str, str] | None = None,
    scale: float | None = None,
    offset: float | None = None,
    **profile: object,
) -> Path:
    data = data[None] if data.ndim == 2 else data
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(
            path, "w", driver="GTiff", count=data.shape[0], height=data.shape[1], width=data.shape[2],
            dtype=data.dtype.name, crs=crs, transform=transform, nodata=nodata, **profile,
        ) as out:  # fmt: skip
            out.write(data)
            for i, name in enumerate(names, 1):
                out.set_band_description(i, name)
            if tags:
                out.update_tags(**tags)
            if scale is not None:
                out.scales = (scale,) * out.count
            if offset is not None:
                out.offsets = (offset,) * out.count
    return path


@pytest.fixture
def dn() -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(500, 3000, (4, 60, 80)).astype(np.uint16)


def test_16_bit_is_reflectance_times_10000(tmp_path: Path, dn: np.ndarray) -> None:
    image = rasters.read(make(tmp_path / "a.tif", dn, names=NAMES))
    assert image.data.dtype == np.float32
    np.testing.assert_allclose(image.data, dn / 10_000, rtol=1e-6)
    assert image.bands == NAMES
    assert image.meta["scale_from"] == "assumed_16bit"


def test_scale_and_offset_from_tags(tmp_path: Path, dn: np.ndarray) -> None:
    image = rasters.read(make(tmp_path / "a.tif", dn, scale=1e-4, offset=-0.1))
    np.testing.assert_allclose(image.data, dn / 10_000 - 0.1, atol=1e-6)
    assert image.meta["scale_from"] == "tags"


@pytest.mark.parametrize(("number", "offset"), [("03.01", 0.0), ("04.00", -0.1), ("N0510", -0.1)])
def test_processing_baseline_carries_the_offset(
    tmp_path: Path, dn: np.ndarray, number: str, offset: float
) -> None:
    image = rasters.read(make(tmp_path / "a.tif", dn, tags={"PROCESSING_BASELINE": number}))
    np.testing.assert_allclose(image.data, dn / 10_000 + offset, atol=1e-6)


def test_8_bit_and_float(tmp_path: Path) -> None:
    eight = rasters.read(make(tmp_path / "a.tif", np.full((2, 4, 4), 51, np.uint8)))
    assert eight.data[0, 0, 0] == pytest.approx(0.2)
    real = rasters.read(make(tmp_path / "b.tif", np.full((2, 4, 4), 0.3, np.float32)))
    assert real.data[0, 0, 0] == pytest.approx(0.3)
    thousands = rasters.read(make(tmp_path / "c.tif", np.full((2, 4, 4), 3000.0, np.float32)))
    assert thousands.data[0, 0, 0] == pytest.approx(0.3)


def test_parameters_rule(tmp_path: Path, dn: np.ndarray) -> None:
    path = make(tmp_path / "a.tif", dn, scale=1e-4)
    image = rasters.read(path, scale=2.75e-5, offset=-0.2)
    np.testing.assert_allclose(image.data, dn * 2.75e-5 - 0.2, atol=1e-6)
    with pytest.raises(ParameterError, match="scale"):
        rasters.read(path, scale=[1.0, 2.0])
    with pytest.raises(ParameterError, match="scale"):
        rasters.read(path, scale=0.0)


def test_bands_by_name_alias_and_number(tmp_path: Path, dn: np.ndarray) -> None:
    path = make(tmp_path / "a.tif", dn, names=NAMES)
    assert rasters.read(path, bands=["nir", "B02", 3]).bands == ("B08", "B02", "B04")
    with pytest.raises(InputError) as caught:
        rasters.read(path, bands=["swir1"])
    assert "swir1" in str(caught.value) and "4=B08" in str(caught.value)
    with pytest.raises(InputError):
        rasters.read(path, bands=[5])


def test_band_files_of_two_resolutions(tmp_path: Path, dn: np.ndarray) -> None:
    ten = make(tmp_path / "T48SXJ_20240718_B04_10m.tif", dn[0])
    twenty = make(
        tmp_path / "T48SXJ_20240718_B11_20m.tif",
        np.full((30, 40), 1234, np.uint16),
        transform=Affine(20, 0, 600_000, 0, -20, 4_260_000),
    )
    image = rasters.read([twenty, ten])
    assert image.bands == ("B11", "B04")
    assert image.grid.shape == (60, 80)
    np.testing.assert_allclose(image.data[0], 0.1234, atol=1e-6)
    np.testing.assert_allclose(image.data[1], dn[0] / 10_000, rtol=1e-6)


def test_nodata_nan_and_zero_in_all_bands(tmp_path: Path, dn: np.ndarray) -> None:
    dn[1, 0, 0] = 65535
    image = rasters.read(make(tmp_path / "a.tif", dn, nodata=65535))
    assert not image.valid[0, 0] and image.valid.sum() == image.valid.size - 1
    assert np.isnan(image.data[:, 0, 0]).all()
    real = np.full((2, 3, 3), 0.2, np.float32)
    real[0, 1, 1], real[1, 2, 2] = np.nan, np.inf
    image = rasters.read(make(tmp_path / "b.tif", real))
    assert image.valid.sum() == 7 and np.isfinite(image.data[:, image.valid]).all()
    dn[:, 5, 5] = 0
    dn[:3, 6, 6] = 0
    image = rasters.read(make(tmp_path / "c.tif", dn))
    assert not image.valid[5, 5] and image.valid[6, 6]


def test_a_small_copy_leaves_out_what_the_image_does(tmp_path: Path, dn: np.ndarray) -> None:
    dn[:, :, :20] = 0
    dn[0, 30, 60] = 0
    with rasters.open_source(make(tmp_path / "a.tif", dn)) as source:
        data, valid, grid = source.small(40)
        _, whole = source.read()
    assert grid.shape == (30, 40) and not valid[:, :10].any() and valid[:, 10:].all()
    assert np.isnan(data[:, :, :10]).all() and whole.sum() == 60 * 60


def test_scl_beside_the_image_and_other_masks(tmp_path: Path, dn: np.ndarray) -> None:
    path = make(tmp_path / "S2.tif", dn)
    scl = np.full((30, 40), 4, np.uint8)
    scl[0, 0], scl[1, 1], scl[2, 2] = 9, 3, 5
    coarse = Affine(20, 0, 600_000, 0, -20, 4_260_000)
    make(tmp_path / "S2_SCL.tif", scl, transform=coarse)
    assert rasters.read(path).valid.all()
    image = rasters.read(path, mask="auto")
    assert image.meta["mask_kind"] == "scl"
    assert not image.valid[:2, :2].any() and not image.valid[2:4, 2:4].any() and image.valid[4:6, 4:6].all()
    assert image.valid.sum() == image.valid.size - 8
    grown = rasters.read(path, mask="auto", mask_grow_px=1)
    assert not grown.valid[2, 2] and not grown.valid[4, 4] and grown.valid[6, 6]
    clouds = make(tmp_path / "cloudmask.tif", np.eye(60, 80, dtype=np.uint8))
    assert rasters.read(path, mask=clouds).valid.sum() == 60 * 80 - 60
    qa = make(tmp_path / "LC09_QA_PIXEL.tif", np.full((60, 80), 21824, np.uint16))
    assert rasters.read(path, mask=qa).valid.all(), "21824 is Landsat's clear land"
    qa = make(tmp_path / "x_QA_PIXEL.tif", np.full((60, 80), 22280, np.uint16))
    with pytest.raises(InputError, match="没有一个有效像元"):
        rasters.read(path, mask=qa)
    with pytest.raises(ParameterError, match="mask_kind"):
        rasters.read(path, mask=qa, mask_kind="fmask")


def test_bands_paired_by_alias_name_and_position(tmp_path: Path, dn: np.ndarray) -> None:
    a = make(tmp_path / "a.tif", dn, names=NAMES)
    b = make(tmp_path / "b.tif", dn[[3, 2, 1]], names=("nir", "red", "green"))
    pair = rasters.read_pair(a, b)
    assert pair.bands == ("B03", "B04", "B08")
    np.testing.assert_array_equal(pair.before, pair.after)
    c = make(tmp_path / "c.tif", dn)
    assert "rasters.by_position" in [r.key for r in rasters.read_pair(a, c).remarks]
    with pytest.raises(InputError, match="没有可以对应的波段"):
        rasters.read_pair(a, make(tmp_path / "d.tif", dn[:2], names=("VV", "VH")))


def test_extents_that_differ_by_whole_pixels_are_cut_without_resampling(
    tmp_path: Path, dn: np.ndarray
) -> None:
    a = make(tmp_path / "a.tif", dn)
    b = make(tmp_path / "b.tif", dn[:, 10:, 20:], transform=T @ Affine.translation(20, 10))
    pair = rasters.read_pair(a, b)
    assert pair.grid.shape == (50, 60)
    np.testing.assert_array_equal(pair.before, pair.after)
    assert pair.report["alignment"]["resampling"] is None
    assert pair.report["alignment"]["overlap"] == pytest.approx(50 * 60 / 4800)
    back = rasters.read_pair(b, a)
    np.testing.assert_array_equal(back.before, back.after)
    with pytest.raises(GridError, match="格网不同"):
        rasters.read_pair(a, b, align="require")


def plane(grid: Grid) -> np.ndarray:
    """A surface linear in UTM coordinates: any sound resampling returns it."""
    rows, cols = np.mgrid[: grid.shape[0], : grid.shape[1]] + 0.5
    x, y = grid.transform @ (cols, rows)
    return ((x - 600_000) / 800 * 0.2 + (4_260_000 - y) / 600 * 0.3 + 0.2).astype(np.float32)


def test_other_resolution_and_crs_are_resampled_onto_the_first(tmp_path: Path) -> None:
    fine = Grid("EPSG:32648", T, (60, 80))
    coarse = Grid("EPSG:32648", Affine(20, 0, 599_990, 0, -20, 4_260_010), (40, 50))
    a = make(tmp_path / "a.tif", np.stack([plane(fine)] * 2))
    b = make(tmp_path / "b.tif", np.stack([plane(coarse)] * 2), transform=coarse.transform)
    pair = rasters.read_pair(a, b)
    assert pair.report["alignment"]["resampling"] == "cubic"
    inner = (slice(None), slice(5, -5), slice(5, -5))
    np.testing.assert_allclose(pair.after[inner], pair.before[inner], atol=2e-4)
    with (
        rasterio.open(b) as source,
        rasterio.vrt.WarpedVRT(source, crs="EPSG:4326", nodata=np.nan, resampling=CUBIC) as vrt,
    ):
        lonlat, transform = vrt.read(), vrt.transform
    c = make(tmp_path / "c.tif", lonlat, crs="EPSG:4326", transform=transform)
    pair = rasters.read_pair(a, c)
    assert pair.grid.crs == "EPSG:32648"
    inner = (slice(None), slice(12, -12), slice(12, -12))
    np.testing.assert_allclose(pair.after[inner], pair.before[inner], atol=5e-3)
    assert "EPSG" not in pair.remarks[-1].text() and "CRS" in pair.remarks[-1].text("en")


def test_blocks_equal_the_whole(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    a = make(tmp_path / "a.tif", rng.random((2, 90, 110)).astype(np.float32))
    coarse = Affine(15, 0, 600_003, 0, -15, 4_259_997)
    b = make(tmp_path / "b.tif", rng.random((2, 60, 70)).astype(np.float32), transform=coarse)
    with rasters.open_pair(a, b) as pair:
        first, second, valid = pair.read()
        for block in pair.grid.blocks(32):
            part = pair.read(block)
            np.testing.assert_array_equal(part[0], first[(slice(None), *block.slices)])
            np.testing.assert_allclose(part[1], second[(slice(None), *block.slices)], atol=1e-6)
            np.testing.assert_array_equal(part[2], valid[block.slices])


def test_one_of_two_baselines_is_found_and_corrected(tmp_path: Path, dn: np.ndarray) -> None:
    rng = np.random.default_rng(2)
    other = np.clip(dn + rng.normal(0, 150, dn.shape), 1, None).astype(np.uint16)
    a, b = make(tmp_path / "a.tif", dn), make(tmp_path / "b.tif", other + 1000)
    pair = rasters.read_pair(a, b)
    assert pair.report["baseline_offset"] == pytest.approx(0.1, abs=0.01)
    assert pair.remarks[0].key == "rasters.baseline_mismatch" and "高" in pair.remarks[0].text()
    fixed = rasters.read_pair(a, b, fix_baseline=True)
    np.testing.assert_allclose(fixed.after, other / 10_000, atol=1e-6)
    turned = rasters.read_pair(b, a, fix_baseline=True)
    np.testing.assert_allclose(turned.before, other / 10_000, atol=1e-6)
    season = np.clip(dn * np.array([1.1, 1.3, 1.5, 0.6])[:, None, None], 0, 65535).astype(np.uint16)
    assert rasters.read_pair(a, make(tmp_path / "c.tif", season)).report["baseline_offset"] is None


def test_identical_constant_and_cloudy_are_said(tmp_path: Path, dn: np.ndarray) -> None:
    dn[2] = 700
    a = make(tmp_path / "a.tif", dn, names=NAMES)
    mask = np.ones((60, 80), np.uint8)
    mask[:6] = 0
    clouds = make(tmp_path / "clouds.tif", mask)
    with text.language("en"):
        said = " ".join(r.text() for r in rasters.read_pair(a, a, masks=(clouds, None)).remarks)
    assert "identical" in said and "Band B04 is constant" in said and "Only 10%" in said


def test_unusable_files(tmp_path: Path, dn: np.ndarray) -> None:
    good = make(tmp_path / "good.tif", dn)
    cases: list[tuple[Path, type[Exception], str]] = [
        (tmp_path / "gone.tif", InputError, "No such file"),
        (tmp_path / "notes.tif", InputError, "not a raster"),
        (tmp_path / "cut.tif", InputError, "damaged or cut short"),
        (make(tmp_path / "nowhere.tif", dn, crs=None), CRSError, "has no CRS"),
        (make(tmp_path / "empty.tif", np.zeros_like(dn), nodata=0), InputError, "no valid pixel"),
        (
            make(tmp_path / "far.tif", dn, transform=Affine(10, 0, 900_000, 0, -10, 4_260_000)),
            GridError,
            "overlap",
        ),
        (make(tmp_path / "abroad.tif", dn, crs="EPSG:32631"), GridError, "do not overlap"),
    ]
    (tmp_path / "notes.tif").write_text("no image")
    (tmp_path / "cut.tif").write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    with text.language("en"):
        for path, kind, words in cases:
            with pytest.raises(kind) as caught:
                rasters.read_pair(good, path)
            assert words in str(caught.value), path
            assert path.name in str(caught.value) or "overlap" in words
        with pytest.raises(InputError, match="Give one file"):
            rasters.read([])


def test_no_common_valid_pixel(tmp_path: Path, dn: np.ndarray) -> None:
    left, right = dn.copy(), dn.copy()
    left[:, :, :40], right[:, :, 40:] = 0, 0
    with pytest.raises(InputError, match="没有共同的有效像元"):
        rasters.read_pair(make(tmp_path / "a.tif", left, nodata=0), make(tmp_path / "b.tif", right, nodata=0))


def test_one_and_twelve_bands_and_a_small_crop(tmp_path: Path, dn: np.ndarray) -> None:
    one = make(tmp_path / "one.tif", dn[0])
    assert rasters.read_pair(one, one).before.shape == (1, 60, 80)
    twelve = make(tmp_path / "twelve.tif", np.concatenate([dn, dn + 1, dn + 2]))
    assert rasters.read_pair(twelve, twelve).before.shape == (12, 60, 80)


def test_write_is_a_cog_that_reads_back(tmp_path: Path) -> None:
    grid = Grid("EPSG:32648", T, (600, 700))
    data = np.linspace(0, 1, 420_000, dtype=np.float32).reshape(600, 700)
    data[0, 0] = np.nan
    path = rasters.write(tmp_path / "new" / "score.tif", data, grid, descriptions=["score"], tags={"A": 1})
    with rasterio.open(path) as out:
        assert out.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert out.tags()["A"] == "1" and out.descriptions == ("score",) and out.overviews(1)
    image = rasters.read(path)
    np.testing.assert_array_equal(image.data[0], data)
    assert not image.grid.difference(grid)
    assert list(path.parent.iterdir()) == [path]
    first = path.read_bytes()
    rasters.write(path, data, grid, descriptions=["score"], tags={"A": 1})
    assert path.read_bytes() == first


def test_write_refuses_and_leaves_nothing(tmp_path: Path) -> None:
    grid = Grid("EPSG:32648", T, (6, 7))
    with pytest.raises(GridError, match=r"\(5, 5\)"):
        rasters.write(tmp_path / "a.tif", np.zeros((5, 5)), grid)
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        rasters.write(tmp_path / "file" / "a.tif", np.zeros((6, 7), np.uint8), grid)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file"]


def test_reading_a_block(tmp_path: Path, dn: np.ndarray) -> None:
    image = rasters.read(make(tmp_path / "a.tif", dn), block=Block(3, 5, 7, 11))
    np.testing.assert_allclose(image.data, dn[:, 3:10, 5:16] / 10_000, rtol=1e-6)
    assert image.grid.transform == T @ Affine.translation(5, 3)


@pytest.mark.real
def test_real_pairs_read(real_data: Path) -> None:
    for folder in [*sorted(real_data.glob("oscd_*")), real_data / "taizhou"]:
        pair = rasters.read_pair(folder / "t1.tif", folder / "t2.tif")
        assert pair.valid.mean() > 0.9 and pair.report["baseline_offset"] is None, folder.name
        assert 0 < np.nanmean(pair.before) < 1
