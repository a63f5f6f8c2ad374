"""A small county of rectangles, laid out by hand: fields, a village, permits, a road."""

import geopandas as gpd
import pytest
from shapely.geometry import LineString, box

from weipian_lab.cases.ground import County
from weipian_lab.rulebook import load

OTHER_LAND = {(25, 0): "0301", (25, 1): "1107", (25, 2): "1003"}
X, Y = 35_520_000.0, 4_260_000.0


def layer(rows, columns):
    return gpd.GeoDataFrame(rows, columns=[*columns, "geometry"], geometry="geometry", crs="EPSG:4523")


def rectangle(x, y, width, height):
    return box(X + x, Y + y, X + x + width, Y + y + height)


@pytest.fixture(scope="session")
def book():
    return load("ningxia-2024")


@pytest.fixture(scope="session")
def county(book):
    """3 × 3 km: fields of 100 m × 300 m, PBF in the west, a village in the east."""
    land = []
    for column in range(30):
        for row in range(10):
            village = column >= 26 and row >= 7
            code = {(25, 0): "0301", (25, 1): "1107", (25, 2): "1003"}.get(
                (column, row), "0702" if village else "0102"
            )
            land.append((f"D{column:02d}{row:02d}", code, rectangle(column * 100, row * 300, 100, 300)))
    pbf = [(f"P{row:02d}", rectangle(0, row * 300, 1500, 300)) for row in range(10)]
    approvals = [
        ("宁政土批〔2023〕1号", "20230501", 6000.0, "模拟厂区一", rectangle(1620, 330, 80, 75)),
        ("宁政土批〔2023〕2号", "20230901", 8000.0, "模拟厂区二", rectangle(1820, 930, 80, 100)),
    ]
    filings = [("SB001", "20240105", 4000.0, "养殖", rectangle(2020, 330, 50, 80))]
    temporary = [
        ("临地〔2023〕1号", "20230601", 3000.0, "20250531", rectangle(2220, 330, 50, 60)),
        ("临地〔2021〕1号", "20211001", 3000.0, "20230930", rectangle(2220, 930, 50, 60)),
    ]
    road = [("模拟农村道路", 4.5, LineString([(X + 1600, Y + 1500), (X + 2500, Y + 1500)]).buffer(2.25))]
    layers = {
        "DLTB": layer(land, ["BSM", "DLBM"]),
        "YJJBNTTB": layer(pbf, ["BSM"]),
        "STBHHX": layer([("R1", rectangle(2700, 0, 300, 300))], ["BSM"]),
        "CZKFBJ": layer([("C1", rectangle(2600, 2100, 400, 900))], ["BSM"]),
        "YDSP": layer(approvals, ["PZWH", "PZRQ", "PZMJ", "XMMC"]),
        "SSNYD": layer(filings, ["BAH", "BARQ", "BAMJ", "YT"]),
        "LSYD": layer(temporary, ["PZWH", "PZRQ", "PZMJ", "DQRQ"]),
        "NCDL": layer(road, ["DLMC_", "KD"]),
    }
    return County(layers, book)
