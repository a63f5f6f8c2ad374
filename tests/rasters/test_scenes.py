"""Scenes in separate band files: as Sentinel-2 and Landsat come, and every folder that is not one scene."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from weipian_lab import rasters, text
from weipian_lab.errors import InputError

TILE = "T48SXJ_20240718T034531"
SAFE = "S2B_MSIL2A_20240718T034531_N0510_R104_T48SXJ_20240718T072610.SAFE"
OTHER_DAY, OTHER_PLACE = TILE.replace("0718", "0723"), TILE.replace("SXJ", "TXK")
LANDSAT = "LC08_L2SP_129034_20240718_20240725_02_T1_SR"
PAPERS = """<n1:Level-2A_User_Product xmlns:n1="https://psd-15.sentinel2.eo.esa.int/PSD/x.xsd"><n1:General_Info>
<Product_Info><PRODUCT_START_TIME>2024-07-18T03:45:31.024Z</PRODUCT_START_TIME>
<PROCESSING_BASELINE>05.10</PROCESSING_BASELINE></Product_Info><Product_Image_Characteristics>
<QUANTIFICATION_VALUES_LIST><BOA_QUANTIFICATION_VALUE unit="none">10000</BOA_QUANTIFICATION_VALUE>
</QUANTIFICATION_VALUES_LIST><BOA_ADD_OFFSET_VALUES_LIST>{offsets}</BOA_ADD_OFFSET_VALUES_LIST>
</Product_Image_Characteristics></n1:General_Info></n1:Level-2A_User_Product>"""


def put(path: Path, data: np.ndarray | int, metres: int = 10, **profile: object) -> Path:
    """Write one band; 10 m files have 40 × 60 pixels, those of 20 m a quarter."""
    shape = (400 // metres, 600 // metres)
    data = np.full(shape, data, np.uint16) if isinstance(data, int) else data
    path.parent.mkdir(parents=True, exist_ok=True)
    lossless = {"driver": "JP2OpenJPEG", "QUALITY": 100, "REVERSIBLE": True}
    options = lossless if path.suffix == ".jp2" else {"driver": "GTiff"}
    grid = {"crs": "EPSG:32648", "transform": Affine(metres, 0, 600_000, 0, -metres, 4_260_000)}
    with rasterio.open(path, "w", count=1, height=data.shape[0], width=data.shape[1], dtype=data.dtype.name,
                       **{**options, **grid, **profile}) as out:  # fmt: skip
        out.write(data, 1)
    return path


def safe(folder: Path, papers: bool = True) -> Path:
    """Write what a Level-2A product holds, as small as can be."""
    granule = folder / SAFE / "GRANULE" / "L2A_T48SXJ_A038000_20240718T034531"
    image = granule / "IMG_DATA"
    for value, band in enumerate(("B02", "B03", "B04", "B08"), start=2):
        put(image / f"R10m/{TILE}_{band}_10m.jp2", 1000 + 100 * value)
    for metres in (20, 60):
        for value, band in ((1, "B01"), (2, "B02"), (5, "B05"), (8, "B8A"), (11, "B11")):
            put(image / f"R{metres}m/{TILE}_{band}_{metres}m.jp2", 1000 + 100 * value + metres, metres)
        put(
            image / f"R{metres}m/{TILE}_SCL_{metres}m.jp2",
            np.full((400 // metres, 600 // metres), 4, np.uint8),
            metres,
        )
    put(image / f"R60m/{TILE}_B09_60m.jp2", 1900, 60)
    for extra in ("TCI", "AOT", "WVP"):
        put(image / f"R10m/{TILE}_{extra}_10m.jp2", 77)
    put(granule / f"QI_DATA/{TILE}_PVI.jp2", 77)
    put(granule / "QI_DATA/MSK_DETFOO_B02.jp2", np.ones((40, 60), np.uint8))
    if papers:
        offsets = "".join(f'<BOA_ADD_OFFSET band_id="{i}">{-1000 - i}</BOA_ADD_OFFSET>' for i in range(13))
        (folder / SAFE / "MTD_MSIL2A.xml").write_text(PAPERS.format(offsets=offsets))
    return folder / SAFE


@pytest.mark.parametrize("below", ["", "GRANULE/L2A_T48SXJ_A038000_20240718T034531/IMG_DATA", ".."])
def test_a_sentinel_product_gives_one_file_a_band(tmp_path: Path, below: str) -> None:
    image = rasters.read(safe(tmp_path) / below, mask="auto")
    assert image.bands == ("B02", "B03", "B04", "B05", "B08", "B8A", "B11")
    assert [Path(path).name.removeprefix(f"{TILE}_") for path in image.meta["path"]] == [
        "B02_10m.jp2", "B03_10m.jp2", "B04_10m.jp2", "B05_20m.jp2", "B08_10m.jp2", "B8A_20m.jp2",
        "B11_20m.jp2",
    ]  # fmt: skip
    assert image.grid.shape == (40, 60) and image.valid.all()
    # stored 1000 + 100 × number (+ 20 of the 20 m file), offset −1000 − band_id by the product's papers
    expected = [0.02 - 1e-4, 0.03 - 2e-4, 0.04 - 3e-4, 0.052 - 4e-4, 0.05 - 7e-4, 0.082 - 8e-4, 0.112 - 11e-4]
    np.testing.assert_allclose(image.data[:, 20, 30], expected, atol=1e-6)
    assert image.meta["scale_from"] == "product" and image.meta["baseline"] == 5.1
    assert image.meta["scene"] == TILE and image.meta["datetime"] == "2024-07-18"
    assert image.meta["left_out"] == ["B01", "B09"]
    assert Path(image.meta["mask"]).name == f"{TILE}_SCL_20m.jp2" and image.meta["mask_kind"] == "scl"


def test_bands_of_both_images_are_brought_to_the_finest_pixels_alike(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for name, metres in (("B04", 10), ("B11", 20)):
        data = rng.integers(500, 3000, (400 // metres, 600 // metres)).astype(np.uint16)
        put(tmp_path / f"a_{name}.tif", data, metres)
    pair = rasters.read_pair(tmp_path, tmp_path)
    np.testing.assert_array_equal(pair.before, pair.after)


def test_bands_of_the_air_are_taken_when_asked_for(tmp_path: Path) -> None:
    image = rasters.read(safe(tmp_path), bands=["B01", "red"])
    assert image.bands == ("B01", "B04") and Path(image.meta["path"][0]).name == f"{TILE}_B01_20m.jp2"
    with pytest.raises(InputError, match="B12"):
        rasters.read(tmp_path / SAFE, bands=["B12"])


def test_without_its_papers_the_folder_says_the_baseline_and_the_day_does_where_there_is_none(
    tmp_path: Path,
) -> None:
    product = safe(tmp_path, papers=False)
    image = rasters.read(product)
    assert image.meta["scale_from"] == "baseline" and image.meta["baseline"] == 5.1
    assert image.data[0, 0, 0] == pytest.approx(0.02, abs=1e-6)
    older = product.rename(tmp_path / SAFE.replace("N0510", "N0214"))
    assert rasters.read(older).data[0, 0, 0] == pytest.approx(0.12, abs=1e-6)
    bare = [put(tmp_path / f"bare/{TILE}_{band}_10m.jp2", 1200) for band in ("B02", "B03")]
    pair = rasters.read_pair(bare, bare)
    assert pair.before[0, 0, 0] == pytest.approx(0.02, abs=1e-6)
    assert pair.report["before"]["scale_from"] == "assumed_date"
    assert "rasters.assumed_offset" in [remark.key for remark in pair.remarks]
    old = TILE.replace("2024", "2019")
    before = [put(tmp_path / f"old/{old}_{band}_10m.jp2", 1200) for band in ("B02", "B03")]
    assert rasters.read(before).meta["scale_from"] == "assumed_16bit"


@pytest.mark.parametrize("papers", ["<a", "<a/>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"])
def test_damaged_papers_are_named(tmp_path: Path, papers: str) -> None:
    product = safe(tmp_path)
    (product / "MTD_MSIL2A.xml").write_text(papers)
    with pytest.raises(InputError, match="MTD_MSIL2A"):
        rasters.read(product)


def landsat(folder: Path, numbers: str = "1234567", stem: str = LANDSAT) -> Path:
    for number in numbers:
        put(
            folder / f"{stem}_B{number}.TIF",
            7273 + 1000 * int(number),
            30 if False else 10,
            nodata=0,
        )
    head = stem.removesuffix("_SR")
    put(folder / f"{head}_QA_PIXEL.TIF", np.full((40, 60), 21824, np.uint16))
    put(folder / f"{head}_ST_B10.TIF", 40_000)
    put(folder / f"{head}_SR_QA_AEROSOL.TIF", 1)
    put(folder / f"{head}_QA_RADSAT.TIF", 0)
    return folder


def test_a_landsat_product_has_landsat_bands_and_scale(tmp_path: Path) -> None:
    image = rasters.read(landsat(tmp_path / "l8"), mask="auto")
    # B5 of OLI is near infrared, not a red edge; 2.75e-5 and −0.2 by the Level 2 product guide
    assert image.bands == ("blue", "green", "red", "nir", "swir1", "swir2")
    np.testing.assert_allclose(
        image.data[:, 3, 3], [2.75e-5 * (7273 + 1000 * n) - 0.2 for n in range(2, 8)], atol=1e-6
    )
    assert image.meta["scale_from"] == "product" and image.meta["mask_kind"] == "qa_pixel"
    assert image.meta["scene"] == LANDSAT.removesuffix("_SR") and image.meta["datetime"] == "2024-07-18"
    old = rasters.read(landsat(tmp_path / "l5", "123457", LANDSAT.replace("LC08", "LT05")))
    assert old.bands == image.bands
    assert [Path(path).stem[-2:] for path in old.meta["path"]] == ["B1", "B2", "B3", "B4", "B5", "B7"]


def test_level_1_takes_its_factors_from_the_mtl(tmp_path: Path) -> None:
    stem = "LC08_L1TP_129034_20240718_20240725_02_T1"
    for number in (3, 4, 8):
        put(tmp_path / f"{stem}_B{number}.TIF", 10_000, 10 if number == 8 else 20, nodata=0)
    lines = [
        f"    REFLECTANCE_MULT_BAND_{n} = 2.{n}E-05\n    REFLECTANCE_ADD_BAND_{n} = -0.1" for n in (3, 4, 8)
    ]
    (tmp_path / f"{stem}_MTL.txt").write_text("\n".join(lines))
    image = rasters.read(tmp_path)
    assert image.bands == ("green", "red") and image.grid.shape == (20, 30), "the panchromatic band is none"
    np.testing.assert_allclose(image.data[:, 0, 0], [0.13, 0.14], atol=1e-6)
    assert rasters.read_files(tmp_path)[-1].name == f"{stem}_MTL.txt"


def test_landsat_and_sentinel_are_paired_by_what_the_bands_see(tmp_path: Path) -> None:
    pair = rasters.read_pair(landsat(tmp_path / "l8"), safe(tmp_path))
    assert pair.bands == ("blue", "green", "red", "nir", "swir1")
    with text.language("en"):
        said = [remark.text() for remark in pair.remarks if remark.key == "rasters.band_files"]
    assert "5 band files" in said[0] and TILE in said[1] and "not used: B01, B09" in said[1]


def test_a_list_takes_what_it_names_and_finds_the_mask_beside(tmp_path: Path) -> None:
    image = safe(tmp_path) / "GRANULE/L2A_T48SXJ_A038000_20240718T034531/IMG_DATA"
    files = [image / f"R20m/{TILE}_B11_20m.jp2", image / f"R10m/{TILE}_B04_10m.jp2"]
    found = rasters.read(files, mask="auto")
    assert found.bands == ("B11", "B04") and found.meta["mask"].endswith("SCL_20m.jp2")
    scl = put(tmp_path / "mine_SCL.tif", np.full((40, 60), 4, np.uint8))
    assert rasters.read([*files, scl], mask="auto").meta["mask"] == str(scl)
    assert rasters.read(files).meta["mask"] is None
    one = rasters.read(files[1:])
    assert "scene" not in one.meta and one.bands == ("band_1",), "a list of one is that file"


def test_files_named_by_colour_and_by_number_alone(tmp_path: Path) -> None:
    for name in ("S1_red.tif", "S1_nir.tif", "S1_mask.tif", "notes.txt"):
        put(tmp_path / "colours" / name, 500) if name.endswith(".tif") else (
            tmp_path / "colours" / name
        ).touch()
    image = rasters.read(tmp_path / "colours")
    assert image.bands == ("red", "nir") and image.meta["scene"] == "S1"
    for name in ("B4.tif", "B08.tif", "b8a.tif"):
        put(tmp_path / "numbers" / name, 500)
    image = rasters.read(tmp_path / "numbers")
    assert image.bands == ("B4", "B08", "B8A") and image.meta["scene"] == "numbers"


def test_files_whose_names_say_no_band_keep_their_own(tmp_path: Path) -> None:
    files = [put(tmp_path / name, 500) for name in ("one.tif", "two.tif")]
    assert rasters.read(files).bands == ("band_1", "band_2")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([], "holds 0 images"),
        (["s_20240718.tif", "s_20230718.tif"], r"holds 2 images: s_20230718\.tif, s_20240718"),
        ([f"{TILE}_B04_10m.tif", f"{OTHER_DAY}_B04_10m.tif"], "band files of 2 scenes: T48SXJ_20240718"),
        ([f"{TILE}_B04_10m.tif", f"{OTHER_PLACE}_B08_10m.tif"], "of 2 scenes"),
        (["a_B04.tif", "a_B4.tif", "a_B08.tif"], r"Band B0?4 has more than one file.*a_B04\.tif, a_B4\.tif"),
        (["a_B04.tif", "a_B04.jp2"], r"a_B04\.jp2, a_B04\.tif"),
    ],
)  # fmt: skip
def test_a_folder_that_is_not_one_scene(tmp_path: Path, files: list[str], words: str) -> None:
    folder = tmp_path / "given"
    folder.mkdir()
    for name in files:
        put(folder / name, 500)
    with text.language("en"), pytest.raises(InputError, match=words) as caught:
        rasters.read(folder)
    assert "given" in str(caught.value)


def test_a_list_that_is_not_one_scene(tmp_path: Path) -> None:
    first = put(tmp_path / f"{TILE}_B04_10m.tif", 500)
    other = put(tmp_path / f"{TILE.replace('0718', '0723')}_B08_10m.tif", 500)
    again = put(tmp_path / f"{TILE}_B04_20m.tif", 500, 20)
    with text.language("en"):
        for files, words in (
            ([first, other], "2 scenes or days"),
            ([first, again], "Band B04 has more than one file"),
            ([first, tmp_path / "gone_B08.tif"], r"No such file.*gone_B08\.tif"),
            ([], "Give one file"),
        ):
            with pytest.raises(InputError, match=words):
                rasters.read(files)


def test_a_band_file_that_cannot_be_read_is_named_and_closes_the_others(tmp_path: Path) -> None:
    put(tmp_path / "a_B04.tif", 500)
    (tmp_path / "a_B08.tif").write_bytes(b"II*\0 cut")
    with text.language("en"), pytest.raises(InputError, match=r"a_B08\.tif is damaged"):
        rasters.read(tmp_path)


def test_a_folder_that_gdal_reads_stays_an_image(tmp_path: Path) -> None:
    put(tmp_path / "z.zarr", 1234, driver="Zarr")
    image = rasters.read(tmp_path / "z.zarr")
    assert image.data[0, 0, 0] == pytest.approx(0.1234) and "scene" not in image.meta


def test_scenes_side_by_side_are_told_apart(tmp_path: Path) -> None:
    for day in ("20240718", "20240723"):
        for band in ("B04", "B08", "SCL"):
            put(tmp_path / f"T48SXJ_{day}T034531_{band}.tif", np.full((40, 60), 4, np.uint8))
    put(tmp_path / "lonely_B04.tif", 500)
    found = rasters.groups(tmp_path)
    assert [[re.sub(r".*T034531_", "", path.name) for path in scene] for scene in found.values()] == [
        ["B04.tif", "B08.tif"]
    ] * 2
    for scene, files in found.items():
        assert Path(rasters.read(files, mask="auto").meta["mask"]).name == f"{scene}_SCL.tif"
    assert rasters.holds_bands(tmp_path) and not rasters.holds_bands(tmp_path.parent)
