"""JupyterLab starts through the command, in Chinese where asked, and the first notebook runs in it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120


@pytest.fixture(scope="module")
def lab(start_lab: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the first notebook in a running Lab."""
    command = [sys.executable, "-m", "weipian_lab.cli", "lab", "--lang", "zh"]
    with start_lab(command, ROOT, tmp_path_factory.mktemp("home")) as (address, _):
        yield address.format(name="notebooks/00_start_here.ipynb")


def test_the_first_notebook_runs_in_lab_in_chinese(browser: Any, lab: str, tmp_path: Path) -> None:
    stored = (ROOT / "notebooks/00_start_here.ipynb").read_bytes()
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto(lab)
    page.wait_for_function(
        "window.jupyterapp && window.jupyterapp.shell.currentWidget", timeout=PATIENCE_S * 1000
    )
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=PATIENCE_S * 1000)
    assert page.locator("text=文件").first.is_visible()
    page.wait_for_function(
        "window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'",
        timeout=PATIENCE_S * 1000,
    )
    page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
    counts = (
        "() => JSON.stringify(window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells"
        ".filter(cell => cell.cell_type === 'code')"
        ".map(cell => [cell.execution_count, cell.outputs.map(output => output.output_type)]))"
    )
    page.wait_for_function(
        f"JSON.parse(({counts})()).every(cell => cell[0] !== null)", timeout=PATIENCE_S * 1000
    )
    cells = json.loads(page.evaluate(counts))
    assert not [outputs for _, outputs in cells if "error" in outputs]
    assert page.locator(".jp-OutputArea-output img").count() >= 1
    page.screenshot(path=str(tmp_path / "lab.png"))
    page.close()
    assert (ROOT / "notebooks/00_start_here.ipynb").read_bytes() == stored  # nothing was saved
