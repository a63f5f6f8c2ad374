"""Reports and the index open in a browser without a network, with every picture and Chinese text."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from weipian_lab.run.demo import Demo, run_demo

pytestmark = pytest.mark.browser
START = "00_start_here"


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return run_demo(
        tmp_path_factory.mktemp("demo"), notebooks=[START], parameters={START: {"memory_gb": 0.1}}
    )


def opened(browser: Any, file: Path) -> tuple[Any, list[str]]:
    """Return the page and the addresses it asked for that are not files."""
    context = browser.new_context(offline=True)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: asked.append(f"error: {error}"))
    page.goto(file.as_uri(), wait_until="load")
    return page, [address for address in asked if urlsplit(address).scheme not in {"file", "data"}]


@pytest.mark.parametrize("name", ["index.html", f"{START}/report.html"])
def test_a_page_shows_pictures_and_chinese_and_asks_for_nothing(browser: Any, done: Demo, name: str) -> None:
    page, outside = opened(browser, done.index.parent / name)
    assert outside == []
    widths = page.eval_on_selector_all("img", "images => images.map(image => image.naturalWidth)")
    assert widths
    assert all(width > 100 for width in widths)
    heading = page.locator("h1").first
    assert heading.is_visible()
    assert any("\u4e00" <= character <= "\u9fff" for character in heading.inner_text())
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "the page is too wide"
    page.context.close()


def test_the_index_leads_to_the_report_and_its_sections(browser: Any, done: Demo) -> None:
    page, _ = opened(browser, done.index)
    page.locator(".runs h2 a").first.click()
    page.wait_for_load_state()
    assert page.url.endswith(f"{START}/report.html")
    link = page.locator(".contents a").last
    link.click()
    target = page.evaluate("document.querySelector(':target') && document.querySelector(':target').innerText")
    assert target == link.inner_text()
    page.context.close()


def test_a_report_fits_a_telephone(browser: Any, done: Demo) -> None:
    context = browser.new_context(offline=True, viewport={"width": 390, "height": 800})
    page = context.new_page()
    page.goto((done.index.parent / START / "report.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    context.close()


def test_a_report_prints_to_pdf_with_chinese(browser: Any, done: Demo, tmp_path: Path) -> None:
    page, _ = opened(browser, done.index.parent / START / "report.html")
    printed = page.pdf(format="A4")
    assert printed.startswith(b"%PDF")
    assert b"Noto" in printed or b"Source" in printed  # the CJK font is embedded
    page.context.close()
