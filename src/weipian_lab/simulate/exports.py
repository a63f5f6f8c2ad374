"""The same land as other offices hand it over: other land-class schemes, zones, encodings and field names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from weipian_lab import outputs, vectors
from weipian_lab.area import round_mu
from weipian_lab.simulate.layers import DATA_YEAR

__all__ = ["write_exports"]

# 三调 → 二调 (three digits; 水库水面 there counted as construction) and → the 2023 guide (用地用海分类).
# Teaching tables for the classes of the county only, written from memory and not yet checked against the
# standards: 待核实 / unverified. They give files in another scheme to practise on; translate nothing by them.
TO_ERDIAO = {
    "0101": "011",
    "0102": "012",
    "0103": "013",
    "0201": "021",
    "0204": "023",
    "0301": "031",
    "0305": "032",
    "0307": "033",
    "0401": "041",
    "0404": "043",
    "05H1": "202",
    "0508": "202",
    "0601": "202",
    "0701": "202",
    "0702": "203",
    "08H2": "203",
    "0810": "202",
    "1003": "102",
    "1004": "203",
    "1006": "104",
    "1101": "111",
    "1102": "112",
    "1104": "114",
    "1104A": "114",
    "1106": "116",
    "1107": "117",
    "1107A": "117",
    "1108": "125",
    "1201": "203",
    "1202": "122",
    "1204": "124",
    "1205": "126",
    "1206": "127",
}
TO_YDYH = {
    "0101": "0101",
    "0102": "0102",
    "0103": "0103",
    "0201": "0201",
    "0204": "0204",
    "0301": "0301",
    "0305": "0303",
    "0307": "0304",
    "0401": "0401",
    "0404": "0403",
    "05H1": "0901",
    "0508": "1101",
    "0601": "1001",
    "0701": "0701",
    "0702": "0703",
    "08H2": "0804",
    "0810": "1401",
    "1003": "1202",
    "1004": "1207",
    "1006": "0601",
    "1101": "1701",
    "1102": "1702",
    "1104": "1704",
    "1104A": "1704",
    "1106": "0506",
    "1107": "1705",
    "1107A": "1705",
    "1108": "0504",
    "1201": "1601",
    "1202": "0602",
    "1204": "2305",
    "1205": "2304",
    "1206": "2306",
}


def write_exports(folder: Path, frames: dict[str, gpd.GeoDataFrame]) -> None:
    """Write extracts of a few villages in the forms met in practice.

    `DLTB_ERDIAO_2009.shp` GBK without a ``.cpg``, zone 35 without prefix; `DLTB_YDYH_2024.gpkg` zone 36 with
    prefix; `DLTB_zone36.shp` UTF-8, zone 36 without prefix, newer field name for the width;
    `YJJBNTTB_alias.shp` GBK with older field names; `shenhe.csv` with full-width brackets in its headings.
    The codes of the second survey and of the 2023 guide are 待核实 (unverified), see :data:`TO_ERDIAO`.
    """
    dltb = frames["DLTB"]
    villages = np.unique(dltb["ZLDWDM"].to_numpy())
    some = dltb[dltb["ZLDWDM"].isin(villages[[len(villages) // 2]])].copy()
    old = some.assign(DLBM=some["DLBM"].map(TO_ERDIAO), SJNF=2009)[
        ["BSM", "DLBM", "TBMJ", "ZLDWMC", "SJNF", "geometry"]
    ]
    vectors.write(folder / "DLTB_ERDIAO_2009.shp", _moved(old, "EPSG:4544"), encoding="GBK")
    (folder / "DLTB_ERDIAO_2009.cpg").unlink()
    new = some.assign(DLBM=some["DLBM"].map(TO_YDYH), SJNF=2024)[
        ["BSM", "DLBM", "TBMJ", "ZLDWMC", "SJNF", "geometry"]
    ]
    vectors.write(
        folder / "DLTB_YDYH_2024.gpkg",
        _moved(new, "EPSG:4524"),
        layer="DLTB",
        metadata={"dl_scheme": "YDYH", "data_year": 2024, "version": "1", "simulated": "yes"},
    )
    east = dltb[dltb["ZLDWDM"] == villages[-1]].rename(columns={"XZDWKD": "XXTBKD"})
    east = east[["BSM", "TBBH", "DLBM", "DLMC", "TBMJ", "XXTBKD", "SJNF", "geometry"]]
    vectors.write(folder / "DLTB_zone36.shp", _moved(east, "EPSG:4545"), encoding="UTF-8")
    pbf = frames["YJJBNTTB"].iloc[:120].rename(columns={"YJJBNTTBBH": "JBNTTBBH", "YJJBNTMJ": "JBNTMJ"})
    vectors.write(folder / "YJJBNTTB_alias.shp", pbf, encoding="GBK")
    audit = pd.DataFrame(
        {
            "地块编号": [f"DK{i:04d}" for i in range(1, 41)],
            "地块面积（亩）": round_mu(dltb["TBMJ"].to_numpy()[:40]),
            "占耕地面积(亩)": round_mu(np.where(dltb["DLBM"].str.startswith("01"), dltb["TBMJ"], 0.0)[:40]),
            "数据年份": DATA_YEAR,
        }
    )
    outputs.write_table(folder / "shenhe.csv", audit)


def _moved(frame: gpd.GeoDataFrame, crs: str) -> gpd.GeoDataFrame:
    """Reproject to whole millimetres."""
    moved = frame.to_crs(crs)
    rounded: Callable[[np.ndarray], np.ndarray] = lambda xy: np.round(xy, 3)  # noqa: E731
    return moved.set_geometry(
        gpd.GeoSeries(list(shapely.transform(moved.geometry.to_numpy(), rounded)), crs=crs)
    )
