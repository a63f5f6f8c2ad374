"""Notebook 01 on scenes in separate band files: the same patches as from a stack, and each file hashed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from affine import Affine
from geopandas.testing import assert_geodataframe_equal

from weipian_lab import outputs, rasters, run, screening, vectors
from weipian_lab.errors import InputError, ParameterError
from weipian_lab.grid import Grid
from weipian_lab.run.given import gather
from weipian_lab.run.parameters.screening import Screening

Scenes = tuple[np.ndarray, np.ndarray, np.ndarray]
Write = Callable[..., Path]
BANDS = ("B02", "B03", "B04", "B08")
NAMES = ("T48SXJ_20230718T034531", "T48SXJ_20240717T034531")
GRID = Grid("EPSG:32648", Affine(10, 0, 600_000, 0, -10, 4_260_000), (200, 200))


def separate(folder: Path, name: str, image: np.ndarray, scl: np.ndarray | None = None) -> Path:
    """Write a scene as it is delivered: 10 m bands, one of 20 m, true colour, scene classification."""
    half = image[3, ::2, ::2]
    coarse = {"transform": GRID.transform @ Affine.scale(2)}
    files = [(f"R10m/{name}_{band}_10m.jp2", data, {}) for band, data in zip(BANDS, image, strict=True)]
    files += [(f"R20m/{name}_B11_20m.jp2", half, coarse), (f"R20m/{name}_B04_20m.jp2", half, coarse)]
    files += [(f"R10m/{name}_TCI_10m.jp2", image[0], {})]
    files += [] if scl is None else [(f"R20m/{name}_SCL_20m.jp2", scl, coarse)]
    for path, data, profile in files:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        options = {"crs": GRID.crs, "transform": GRID.transform, **profile}
        options |= {"QUALITY": 100, "REVERSIBLE": True, "dtype": data.dtype.name}
        with rasterio.open(folder / path, "w", driver="JP2OpenJPEG", count=1, height=data.shape[0],
                           width=data.shape[1], **options) as out:  # fmt: skip
            out.write(data, 1)
    return folder


@pytest.fixture
def folders(scenes: Scenes, tmp_path: Path) -> list[Path]:
    """The small pair in two folders, the second half under cloud at the top."""
    scl = np.full((100, 100), 4, np.uint8)
    scl[:8] = 9
    images = [image[:, :200, :200] for image in scenes[:2]]
    return [
        separate(tmp_path / name, name, image, scl if name == NAMES[1] else None)
        for name, image in zip(NAMES, images, strict=True)
    ]


@pytest.fixture
def stacks(folders: list[Path], tmp_path: Path) -> list[Path]:
    """The same pair as two stacks."""
    made = []
    for folder in folders:
        image = rasters.read(folder, scale=1.0)
        path = tmp_path / f"{folder.name}.tif"
        made.append(rasters.write(path, image.data, image.grid, descriptions=image.bands))
    return made


def patches_of(folder: Path) -> gpd.GeoDataFrame:
    return vectors.read(folder / "patches.gpkg").frame


def test_band_files_give_the_patches_of_the_stack(
    folders: list[Path], stacks: list[Path], play: Any, tmp_path: Path
) -> None:
    mask = next(folders[1].glob("R20m/*SCL*"))
    given = {"date_before": "2023-07-18", "date_after": "2024-07-17", "scale": 1e-4, "offset": -0.1}
    play(before=stacks[0], after=stacks[1], mask_after=mask, **given)
    expected = patches_of(tmp_path / "out")
    found = play(before=folders[0], after=folders[1])
    assert len(expected) >= 2 and (expected["patch_id"].str.len() > 0).all()
    assert_geodataframe_equal(patches_of(tmp_path / "out"), expected)
    assert found["images"]["valid_share"] == pytest.approx(0.92)
    assert (
        found["images"]["after"]["scene"] == NAMES[1]
        and found["images"]["before"]["scale_from"] == "assumed_date"
    )
    said = " ".join(remark["en"] for remark in found["remarks"])
    assert "5 band files (B02, B03, B04, B08, B11)" in said and "SCL_20m.jp2" in said
    pair, listed = rasters.read_pair(*folders), rasters.read_pair(*map(rasters.read_files, folders))
    np.testing.assert_array_equal(pair.after, listed.after)


def test_through_the_runner_each_file_is_hashed_and_the_captions_name_the_scenes(
    folders: list[Path], no_layers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    listed = [path.relative_to(tmp_path).as_posix() for path in rasters.read_files(folders[0])]
    file = tmp_path / "p.yaml"
    file.write_text("before:\n" + "".join(f"  - {name}\n" for name in listed) + f"layers: {no_layers}\n")
    parameters = gather("01_screening", file, [f"after={NAMES[1]}", "exports=shp"])
    result = run.run_notebook("01_screening", parameters, "out", lang="zh")
    manifest = json.loads(result.manifest.read_text("utf-8"))
    hashed = [(one["parameter"], one["path"]) for one in manifest["inputs"]]
    assert [path for name, path in hashed if name == "before"] == [f"../{name}" for name in listed]
    assert len([path for name, path in hashed if name == "after"]) == 5
    assert [name for name, path in hashed if path.endswith("SCL_20m.jp2")] == ["mask_after"]
    assert manifest["inputs"][-1]["sha256"] == outputs.sha256(result.out_dir / manifest["inputs"][-1]["path"])
    assert manifest["parameters"]["before"] == [f"../{name}" for name in listed]
    assert run.manifest.verify(result.out_dir).differences == ()
    exported = vectors.read(result.out_dir / "patches_export.shp").frame
    assert set(exported["BZ"]) == {"疑似"} and screening.export_note(True) == "疑似，模拟数据"
    next(folders[0].glob("R20m/*B11*")).write_bytes(b"")
    assert [one.problem for one in run.manifest.verify(result.out_dir).differences] == ["changed"]
    shown = result.report.read_text("utf-8")
    assert f"影像 {NAMES[0]} 由 5 个波段文件组成" in shown and shown.count("sha256") >= 12


def test_what_is_not_one_scene_stops_before_the_kernel(folders: list[Path], tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    files = [str(path) for path in rasters.read_files(folders[0])]
    for given, words in (
        ({"before": str(empty)}, "没有波段文件"),
        ({"after": [*files[:2], str(tmp_path / "gone_B08.jp2")]}, "gone_B08"),
        ({"after": [files[0], files[0]]}, "不止一个文件"),
        ({"before": [files[0], *(str(path) for path in rasters.read_files(folders[1])[1:])]}, "不同日期"),
    ):
        with pytest.raises(InputError, match=words):
            run.run_notebook("01_screening", given, tmp_path / "out")
    assert not list(tmp_path.glob("**/*.FAILED.ipynb"))
    for wrong in (5, [], ["a.tif", ""], [1]):
        with pytest.raises(ParameterError, match=r"before.*波段文件的列表"):
            Screening.check({"before": wrong})


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("a b.tif", "a b.tif"),
        ("[a.jp2, b.jp2]", ["a.jp2", "b.jp2"]),
        ("2024", "2024"),
        ("a,b.tif", "a,b.tif"),
        ("", ""),
    ],
)
def test_an_image_on_the_command_line_is_a_path_or_a_list_in_brackets(written: str, value: object) -> None:
    assert gather("01_screening", None, [f"before={written}"]) == {"before": value}


def test_files_with_commas_need_no_brackets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a_B04.tif", "a_B08.tif"):
        (tmp_path / name).touch()
    found = gather("01_screening", None, ["before=a_B04.tif, a_B08.tif", "after=a_B04.tif,gone.tif"])
    assert found == {"before": ["a_B04.tif", "a_B08.tif"], "after": "a_B04.tif,gone.tif"}


def test_dates_of_a_series_may_be_folders_or_files_side_by_side(
    folders: list[Path], stacks: list[Path], scenes: Scenes, tmp_path: Path
) -> None:
    series = tmp_path / "series"
    later = scenes[1][:, :200, :200]
    separate(series / "third", "T48SXJ_20240917T034531", later)
    separate(series, "T48SXJ_20241017T034531", later)
    for path in [*series.glob("R10m/*"), *series.glob("R20m/*")]:
        path.rename(series / path.name.replace("_B04_20m", "_AOT"))
    (series / "cut.tif").write_bytes(b"II*\0 cut")
    (series / "papers").mkdir()
    found = screening.find_series(series, [stacks[0], folders[1]])
    assert [path.name[23:26] for path in found[0]] == [*BANDS, "B11"]
    assert [path.name for path in found[1:]] == ["cut.tif", "third"]
    dates, remarks = screening.open_series(folders[0], found, masks=("auto", "auto"))
    assert [one.day.isoformat() for one in dates] == ["2024-09-17", "2024-10-17"]
    assert len(remarks) == 1 and "cut.tif" in remarks[0].text()
    screening.close_series(dates)
    assert found[1:] == screening.find_series(series, [found[0]])
    assert found[:2] == screening.find_series(series, [rasters.read_files(series / "third")])
