"""The maps of notebooks in JupyterLab: patches on the images, a slider, nothing from outside."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
import pytest

from weipian_lab import vectors
from weipian_lab.text import t

pytestmark = [pytest.mark.browser, pytest.mark.slow]  # runs a notebook in Lab
ROOT = Path(__file__).resolve().parents[2]
PATIENCE_MS = 180_000


@dataclass(frozen=True)
class Shown:
    """A notebook with a map: the cell that draws it, the patches on it, and what a click tells."""

    notebook: str
    call: str
    patches: str
    first: str
    told: str


BATCH = str(ROOT / "data/small/batches/MNR_2024Q1.shp")
MAPS = [
    Shown("01_screening", "maps.swipe", "out/patches.gpkg", "20240717-E", "screening.col_area_mu"),
    Shown("02_overlay", "maps.patches_map", BATCH, "649901A", "overlay.part_cultivated"),
]


@pytest.fixture(scope="module")
def lab(start_lab: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str, int]]:
    folder, home = tmp_path_factory.mktemp("officer"), tmp_path_factory.mktemp("home")
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}"]
    with start_lab(command, folder, home) as (address, process):
        yield folder, address, process


def prepare(folder: Path, shown: Shown) -> str:
    """Put a copy of the notebook, up to the map and its check, into Lab's folder."""
    book = nbformat.read(ROOT / f"notebooks/{shown.notebook}.ipynb", as_version=4)
    last = next(i for i, c in enumerate(book.cells) if shown.call in c.source)
    book.cells = book.cells[: last + 2]
    cell = next(c for c in book.cells if "parameters" in c.metadata.get("tags", []))
    own = f'"../reports/{shown.notebook}"'
    assert own in cell.source
    cell.source = cell.source.replace(own, '"out"')
    nbformat.write(book, folder / f"{shown.notebook}.ipynb")
    return f"{shown.notebook}.ipynb"


@pytest.fixture(scope="module", params=MAPS, ids=lambda shown: shown.notebook)
def shown(request: pytest.FixtureRequest) -> Shown:
    return request.param


@pytest.fixture(scope="module")
def page(
    browser: Any, open_notebook: Any, lab: tuple[Path, str, int], shown: Shown
) -> Iterator[tuple[Any, list[str]]]:
    """Lab with the notebook run up to the map, and every address that the page asked for."""
    folder, address, process = lab
    asked: list[str] = []
    opened = browser.new_page(viewport={"width": 1400, "height": 1000})
    opened.on("request", lambda request: asked.append(request.url))
    open_notebook(opened, address, process, prepare(folder, shown), PATIENCE_MS).run_all()
    opened.locator(".leaflet-container").first.wait_for(state="attached")
    opened.locator(".leaflet-container").first.scroll_into_view_if_needed()
    yield opened, asked
    opened.close()


def test_the_map_shows_every_patch_on_two_images(
    page: tuple[Any, list[str]], lab: tuple[Path, str, int], shown: Shown, tmp_path: Path
) -> None:
    opened, _ = page
    patches = vectors.read(lab[0] / shown.patches, schema="PATCHES").frame
    drawn = opened.locator(".leaflet-overlay-pane path.leaflet-interactive")
    drawn.first.wait_for(state="attached")
    assert drawn.count() >= len(patches)
    images = opened.locator("img.leaflet-image-layer")
    assert images.count() == 2
    assert all(src.startswith("data:image/png") for src in images.evaluate_all("els => els.map(e => e.src)"))
    assert opened.locator("img.leaflet-tile").count() == 0
    opened.screenshot(path=str(tmp_path / "map.png"))


def test_the_slider_acts_on_the_later_image(page: tuple[Any, list[str]], tmp_path: Path) -> None:
    opened, _ = page
    handle = opened.locator(".widget-hslider .noUi-handle").first
    handle.focus()
    opened.keyboard.press("Home")
    opened.wait_for_function(
        "[...document.querySelectorAll('img.leaflet-image-layer')].some(e => e.style.opacity === '0')"
    )
    opened.screenshot(path=str(tmp_path / "before.png"))
    opened.keyboard.press("End")
    opened.wait_for_function(
        "[...document.querySelectorAll('img.leaflet-image-layer')].every(e => e.style.opacity !== '0')"
    )


def test_a_click_on_a_patch_shows_its_areas(
    page: tuple[Any, list[str]], shown: Shown, tmp_path: Path
) -> None:
    opened, _ = page
    told = opened.locator(".leaflet-control .widget-html-content")
    assert t("maps.click") in told.inner_text()
    opened.locator(".leaflet-overlay-pane path.leaflet-interactive").last.dispatch_event("click")
    opened.wait_for_function(
        "id => document.querySelector('.leaflet-control .widget-html-content').innerText.includes(id)",
        arg=shown.first,
    )
    assert t(shown.told) in told.inner_text()
    opened.screenshot(path=str(tmp_path / "clicked.png"))


def test_nothing_was_asked_for_outside_this_machine(page: tuple[Any, list[str]]) -> None:
    _, asked = page
    assert asked
    outside = {url for url in asked if urlsplit(url).scheme in {"http", "https", "ws", "wss"}}
    assert {urlsplit(url).hostname for url in outside} == {"127.0.0.1"}
