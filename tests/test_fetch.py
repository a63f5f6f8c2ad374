"""Fetching from a STAC server on the loopback and from a static catalogue, with scenes made here."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pystac
import pytest
import rasterio
from affine import Affine
from shapely.geometry import box, mapping

from weipian_lab import outputs, rasters
from weipian_lab.errors import InputError, ParameterError
from weipian_lab.fetch import fetch

# odc-geo 0.5 calls what shapely 2.2 and affine 3.1 have deprecated
pytestmark = [
    pytest.mark.filterwarnings("ignore:The .shapely.ops.transform:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning"),
]

BOX = (106.151, 38.453, 106.158, 38.459)
ORIGIN = (600_000, 4_258_000)
SCENES = {
    "S1": ("2022-07-10", 5, "04.00"),
    "S2": ("2023-01-05", 1, "05.09"),
    "S3": ("2023-07-20", 60, "05.09"),
    "S4": ("2024-07-15", 3, "05.10"),
}


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> list[pystac.Item]:
    folder = tmp_path_factory.mktemp("scenes")
    made = []
    for k, (name, (day, cloud, baseline)) in enumerate(SCENES.items()):
        item = pystac.Item(
            id=name,
            geometry=mapping(box(106.14, 38.44, 106.17, 38.47)),
            bbox=[106.14, 38.44, 106.17, 38.47],
            datetime=datetime.fromisoformat(day).replace(tzinfo=UTC),
            collection="sentinel-2-l2a",
            properties={
                "eo:cloud_cover": cloud,
                "s2:processing_baseline": baseline,
                "proj:code": "EPSG:32648",
            },
        )
        for b, band in enumerate(("blue", "green", "red", "nir")):
            path = folder / f"{name}_{band}.tif"
            data = np.full((200, 200), 1000 * (b + 1) + k, np.uint16)
            with rasterio.open(
                path, "w", driver="GTiff", width=200, height=200, count=1, dtype="uint16", crs="EPSG:32648",
                transform=Affine(10, 0, ORIGIN[0], 0, -10, ORIGIN[1]), nodata=0,
            ) as out:  # fmt: skip
                out.write(data, 1)
            item.add_asset(
                band, pystac.Asset(href=str(path), media_type=pystac.MediaType.GEOTIFF, roles=["data"])
            )
        if name != "S2":
            path = _scl(folder / f"{name}_scl_20m.tif")
            item.add_asset("scl", pystac.Asset(href=str(path), media_type=pystac.MediaType.GEOTIFF))
        made.append(item)
    return made


def _scl(path: Path) -> Path:
    """Write a scene classification of 20 m: cloud in the west, vegetation in the east."""
    classes = np.full((100, 100), 4, np.uint8)
    classes[:, :36] = 9
    with rasterio.open(
        path, "w", driver="GTiff", width=100, height=100, count=1, dtype="uint8", crs="EPSG:32648",
        transform=Affine(20, 0, ORIGIN[0], 0, -20, ORIGIN[1]),
    ) as out:  # fmt: skip
        out.write(classes, 1)
    return path


@pytest.fixture
def server(items: list[pystac.Item]) -> Iterator[str]:
    features = [item.to_dict(transform_hrefs=False) for item in items]

    class Handler(BaseHTTPRequestHandler):
        def _send(self, content: object) -> None:
            body = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            root = f"http://127.0.0.1:{self.server.server_address[1]}/"
            search = {
                "rel": "search",
                "href": root + "search",
                "type": "application/geo+json",
                "method": "POST",
            }
            links = [{"rel": "self", "href": root}, {"rel": "root", "href": root}, search]
            classes = [f"https://api.stacspec.org/v1.0.0/{name}" for name in ("core", "item-search")]
            head = {"type": "Catalog", "stac_version": "1.0.0", "id": "test", "description": "test"}
            self._send({**head, "links": links, "conformsTo": classes})

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._send({"type": "FeatureCollection", "features": features, "links": []})

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{running.server_address[1]}/"
    running.shutdown()
    running.server_close()
    thread.join()


@pytest.fixture
def static(items: list[pystac.Item], tmp_path: Path) -> str:
    catalogue = pystac.Catalog(id="static", description="static")
    catalogue.add_items([item.clone() for item in items])
    catalogue.normalize_and_save(str(tmp_path / "catalogue"), pystac.CatalogType.SELF_CONTAINED)
    return str(tmp_path / "catalogue" / "catalog.json")


@pytest.mark.parametrize("kind", ["server", "static"])
def test_a_pair_of_one_season_with_little_cloud(request, kind: str, tmp_path: Path) -> None:
    catalogue = request.getfixturevalue(kind)
    found = fetch(catalogue, BOX, ("2022-01-01", "2024-12-31"), tmp_path / "out",
                  collection="sentinel-2-l2a", bands=("B02", "B03", "B04", "B08"))  # fmt: skip
    assert found.items == ("S1", "S4")
    pair = rasters.read_pair(*found.images)
    assert pair.bands == ("B02", "B03", "B04", "B08")
    assert np.nanmedian(pair.before, axis=(1, 2)) == pytest.approx([0.0, 0.1, 0.2, 0.3], abs=1e-6)
    record = json.loads(found.provenance.read_text("utf-8"))
    assert record["found"] == ["S1", "S2", "S3", "S4"] and len(record["images"][0]["sha256"]) == 64
    assert pair.report["before"]["baseline"] == 4.0 and pair.report["after"]["datetime"].startswith(
        "2024-07-15"
    )


def test_the_cloud_mask_of_a_scene_is_found_by_the_screening(static: str, tmp_path: Path) -> None:
    found = fetch(static, BOX, ("2022-01-01", "2024-12-31"), tmp_path / "out", bands=["red", "nir"])
    with rasters.open_pair(*found.images, masks=("auto", "auto")) as pair:
        _, _, valid = pair.read()
        edge = round((ORIGIN[0] + 36 * 20 - pair.grid.transform.c) / 10)
    assert pair.before.meta["mask_kind"] == "scl"
    assert 0 < edge < valid.shape[1] and not valid[:, :edge].any() and valid[:, edge:].all()
    record = json.loads(found.provenance.read_text("utf-8"))
    for image in record["images"]:
        ((name, digest),) = image["masks"].items()
        assert digest == outputs.sha256(tmp_path / "out" / name)


def test_a_series_in_given_months(static: str, tmp_path: Path) -> None:
    found = fetch(static, BOX, ("2022-01-01", "2024-12-31"), tmp_path / "out", max_cloud=70, series=True,
                  months=[7], bands=["red"])  # fmt: skip
    assert found.items == ("S1", "S3", "S4") and all(path.is_file() for path in found.images)


def test_too_few_and_bad_requests(static: str, tmp_path: Path) -> None:
    days = ("2022-01-01", "2024-12-31")
    with pytest.raises(InputError, match="不足以组成影像对"):
        fetch(static, BOX, days, tmp_path / "out", max_cloud=0.5, bands=["red"])
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputError, match="B99"):
        fetch(static, BOX, days, tmp_path / "out", bands=["B99"])
    with pytest.raises(InputError, match="无法读取 STAC 目录"):
        fetch("http://127.0.0.1:9/", BOX, days, tmp_path / "out")
    with pytest.raises(ParameterError, match="范围"):
        fetch(static, (107.0, 38.0, 106.0, 39.0), days, tmp_path)
    for dates in (("2024-01-01", "2023-01-01"), ("2024", "2025-01-01x")):
        with pytest.raises(ParameterError, match="日期"):
            fetch(static, BOX, dates, tmp_path)
    with pytest.raises(ParameterError, match="months"):
        fetch(static, BOX, days, tmp_path, months=[13])
