"""The notice's double threshold from the rulebook, on overlaps worked out by hand; export."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import shapely
from shapely import affinity

from weipian_lab import area, patches
from weipian_lab.errors import ParameterError, RulebookError, SchemaError
from weipian_lab.rulebook import load

CRS = "EPSG:4544"  # on its central meridian planar and ellipsoidal areas agree
DAY = date(2024, 7, 1)


def strips(*widths_m: float) -> gpd.GeoDataFrame:
    """Patches of 100 m × width on the central meridian, 200 m apart."""
    boxes = [shapely.box(500_000, 200 * i, 500_000 + w, 200 * i + 100) for i, w in enumerate(widths_m)]
    shifted = [affinity.translate(b, 0, 4_250_000) for b in boxes]
    frame = gpd.GeoDataFrame({"patch_id": [f"P{i}" for i in range(len(boxes))]}, geometry=shifted, crs=CRS)
    for name, value in (
        ("admin_code", "640181"),
        ("date_before", "2023-07-18"),
        ("date_after", "2024-07-17"),
    ):
        frame[name] = value
    frame["area_m2"] = area.round_half_up(area.ellipsoidal_area(frame.geometry, CRS))
    return frame


def everywhere(code: str = "0102", east: float = 1000.0) -> gpd.GeoDataFrame:
    box = shapely.box(500_000 - 10, 4_249_000, 500_000 + east, 4_252_000)
    return gpd.GeoDataFrame({"DLBM": [code]}, geometry=[box], crs=CRS)


def test_five_and_ten_mu_of_overlap() -> None:
    # 33.30 m × 100 m = 3330 m² = 4.995 亩, which rounds to 5.00 亩 and reaches; 33.29 does not
    frame = strips(33.3001, 33.29, 66.7, 60.0)
    book = load("ningxia-2024")
    found = patches.legal(frame, everywhere(), everywhere(), book, "MNR_QUARTERLY", DAY)
    assert found["reaches"].tolist() == [True, False, True, True]
    assert found["borderline"].tolist() == [True, True, True, False]
    no_pbf = everywhere().iloc[:0]
    found = patches.legal(frame, no_pbf, everywhere(), book, "MNR_QUARTERLY", DAY)
    assert found["reaches"].tolist() == [False, False, True, False]
    assert found.loc["P2", "rules"] == "NX2024-2.1.1-CULTIVATED"
    assert (found["pbf_m2"] == 0).all()


def test_the_overlap_counts_not_the_patch() -> None:
    frame = strips(500.0)
    half = everywhere(east=30.0)
    found = patches.legal(frame, half, half, load("ningxia-2024"), "MNR_QUARTERLY", DAY)
    assert found.loc["P0", "cultivated_m2"] == pytest.approx(3000, abs=0.1)
    assert not found.loc["P0", "reaches"]


def test_only_cultivated_codes_count() -> None:
    frame = strips(500.0)
    found = patches.legal(
        frame, everywhere().iloc[:0], everywhere("0301"), load("ningxia-2024"), "MNR_QUARTERLY", DAY
    )
    assert found.loc["P0", "cultivated_m2"] == 0


@pytest.mark.parametrize("source", ["NX_DAILY", "MNR_ANNUAL"])
def test_no_threshold_is_made_up_where_the_notice_states_none(source: str) -> None:
    found = patches.legal(strips(500.0), everywhere(), everywhere(), load("ningxia-2024"), source, DAY)
    assert found["reaches"].isna().all() and not found["borderline"].any() and (found["rules"] == "").all()
    assert found.loc["P0", "cultivated_mu"] == pytest.approx(75, abs=0.01)


def test_before_the_notice_there_is_no_rule() -> None:
    with pytest.raises(RulebookError):
        patches.legal(
            strips(500.0), everywhere(), everywhere(), load("ningxia-2024"), "MNR_QUARTERLY", date(2023, 1, 1)
        )
    with pytest.raises(SchemaError, match="patch_id"):
        patches.legal(strips(5.0).drop(columns="patch_id"), everywhere(), everywhere(), load("ningxia-2024"),
                      "MNR_QUARTERLY", DAY)  # fmt: skip


def test_export_has_the_fields_of_the_change_table(tmp_path: Path) -> None:
    frame = strips(50.0, 60.0)
    written = patches.export(frame, tmp_path, ("shp", "gdb", "gpkg"), note="疑似，模拟数据")
    for path in written:
        found = pyogrio.read_dataframe(path, encoding="GBK" if path.suffix == ".shp" else None)
        assert list(found.columns) == ["JCBH", "XZQDM", "TBLX", "QSX", "HSX", "MJ", "BZ", "geometry"]
        assert found["QSX"].tolist() == ["20230718"] * 2 and found["BZ"].tolist() == ["疑似，模拟数据"] * 2
        assert found["MJ"].tolist() == frame["area_m2"].tolist()
    assert (tmp_path / "patches_export.cpg").read_text() == "GBK"
    with pytest.raises(ParameterError, match="exports"):
        patches.export(frame, tmp_path, ("dwg",))
