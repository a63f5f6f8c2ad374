"""The tuning panel in JupyterLab: slider, click, both images, evidence, verdicts that outlive the kernel."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
import pandas as pd
import pytest

from weipian_lab.text import t

pytestmark = [pytest.mark.browser, pytest.mark.slow]  # runs a whole notebook in Lab, twice
ROOT = Path(__file__).resolve().parents[2]
PATIENCE_MS = 400_000
SMALL = """
out_dir, detectors, clean_ups, steps, counties = "out", ["mad"], ["close"], 4, 50
"""
PARTS = """() => {
  const root = document.querySelector('.weipian-tuning');
  const images = [...root.querySelectorAll('img.leaflet-image-layer')];
  return {
    map: images[images.length - 1].src,
    curve: root.querySelector('.weipian-line i').style.left,
    confusion: root.querySelector('.weipian-confusion').innerText,
    cost: root.querySelector('.weipian-cost').innerText,
  };
}"""


@pytest.fixture(scope="module")
def opened(
    browser: Any, start_lab: Any, open_notebook: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Any, Path, list[str]]]:
    """Notebook 05 with small parameters, run in Lab; its folder; every address the page asked for."""
    folder, home = tmp_path_factory.mktemp("analyst"), tmp_path_factory.mktemp("home")
    book = nbformat.read(ROOT / "notebooks/05_threshold_tuning.ipynb", as_version=4)
    cell = next(c for c in book.cells if "parameters" in c.metadata.get("tags", []))
    cell.source += SMALL
    nbformat.write(book, folder / "05.ipynb")
    asked: list[str] = []
    with start_lab([sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}"], folder, home) as (
        address,
        server,
    ):
        page = browser.new_page(viewport={"width": 1500, "height": 1150})
        page.on("request", lambda request: asked.append(request.url))
        notebook = open_notebook(page, address, server, "05.ipynb", PATIENCE_MS)
        notebook.run_all()
        yield notebook, folder / "out", asked
        page.close()


@pytest.fixture
def panel(opened: tuple[Any, Path, list[str]]) -> Any:
    """The panel on the screen."""
    found = opened[0].page.locator(".weipian-tuning")
    found.wait_for()
    found.scroll_into_view_if_needed()
    return found


def shot(opened: Any, tmp_path: Path, name: str) -> None:
    opened[0].page.screenshot(path=str(tmp_path / f"{name}.png"))


def test_the_slider_moves_map_curve_confusion_and_cost(opened: Any, panel: Any, tmp_path: Path) -> None:
    notebook, _, _ = opened
    handle = panel.locator(".noUi-handle").first
    handle.focus()
    notebook.page.keyboard.press("Home")
    notebook.settle()
    low = notebook.page.evaluate(PARTS)
    shot(opened, tmp_path, "low")
    for _ in range(8):
        notebook.page.keyboard.press("PageUp")
    notebook.page.wait_for_function(
        f"low => {{ const now = ({PARTS})(); return Object.keys(now).every(k => now[k] !== low[k]) }}",
        arg=low,
    )
    notebook.settle()
    shot(opened, tmp_path, "high")
    assert notebook.page.locator("img.leaflet-tile").count() == 0


def test_a_click_shows_both_images_and_the_evidence(opened: Any, panel: Any, tmp_path: Path) -> None:
    notebook, _, _ = opened
    chosen = panel.get_by_label(t("widgets_tuning.patch"), exact=True)
    first = chosen.input_value()
    panel.get_by_role("button", name=t("widgets_tuning.later")).click()  # the map goes there
    notebook.until(f"document.querySelector('.weipian-tuning select').value !== {first!r}")
    notebook.settle()
    second = chosen.input_value()
    chosen.select_option(index=0)
    notebook.settle()
    place = panel.locator(".leaflet-container").bounding_box()
    notebook.page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    notebook.until(f"document.querySelector('.weipian-tuning select').value === {second!r}")
    assert panel.locator("figure img").count() == 2
    captions = panel.locator("figcaption").all_inner_texts()
    assert "2023-07-18" in captions[0] and "2024-07-17" in captions[1]
    assert t("widgets_tuning.head_strongest") in panel.inner_text()
    assert panel.locator(".weipian-bar").count() >= 6
    panel.locator("figure").first.scroll_into_view_if_needed()
    shot(opened, tmp_path, "clicked")


def test_a_verdict_is_marked_by_keyboard_and_outlives_the_kernel(
    opened: Any, panel: Any, tmp_path: Path
) -> None:
    notebook, out, _ = opened
    keyboard = notebook.page.keyboard
    cells = notebook.page.evaluate("document.querySelectorAll('.jp-Cell').length")
    name = panel.get_by_label(t("widgets_tuning.verifier"), exact=True)
    name.focus()
    keyboard.type("张三")
    keyboard.press("Tab")  # to the list of verdicts
    notebook.settle()
    keyboard.press("Home")
    for _ in range(6):
        keyboard.press("ArrowDown")
    notebook.settle()
    assert not (out / "marks").exists()  # choosing marks nothing
    keyboard.press("Tab")  # cause
    keyboard.type("b 作物轮作")  # b would insert a cell if Lab took it
    keyboard.press("Tab")
    notebook.settle()
    keyboard.press("Enter")
    saved = t("accuracy.value_PSEUDO_CHANGE")
    panel.locator(".good").filter(has_text=saved).first.wait_for()
    patch = panel.get_by_label(t("widgets_tuning.patch"), exact=True).input_value()
    (file,) = (out / "marks").glob("*.csv")
    row = pd.read_csv(file, encoding="utf-8-sig", dtype=str).iloc[0]
    assert row[["patch_id", "verdict", "cause", "verifier"]].tolist() == [
        patch, "PSEUDO_CHANGE", "b 作物轮作", "张三",
    ]  # fmt: skip
    assert notebook.page.evaluate("document.querySelectorAll('.jp-Cell').length") == cells
    shot(opened, tmp_path, "marked")

    kept = file.read_bytes()
    notebook.kill_kernel()
    panel.wait_for(state="detached")
    notebook.run_all()
    panel.wait_for()
    again = panel.get_by_label(t("widgets_tuning.verifier"), exact=True)
    again.fill("张三")
    again.blur()
    panel.get_by_label(t("widgets_tuning.patch"), exact=True).select_option(label=patch)
    panel.locator(".good").filter(has_text=saved).first.wait_for()
    assert file.read_bytes() == kept
    shot(opened, tmp_path, "again")


def test_every_control_has_a_name_and_nothing_was_asked_for_outside(opened: Any, panel: Any) -> None:
    unnamed = (
        "e => !(e.labels?.length || e.innerText.trim() || e.getAttribute('aria-label') || e.title) "
        "&& !e.closest('.leaflet-control')"
    )
    controls = panel.locator("input, select, textarea, button")
    assert controls.evaluate_all(f"all => all.filter({unnamed}).map(e => e.outerHTML)") == []
    outside = {urlsplit(url).hostname for url in opened[2] if urlsplit(url).scheme in {"http", "https", "ws"}}
    assert outside == {"127.0.0.1"}
