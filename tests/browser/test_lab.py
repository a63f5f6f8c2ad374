"""JupyterLab starts through the command, in Chinese where asked, and the first notebook runs in it."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser
ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a running Lab."""
    home = tmp_path_factory.mktemp("home")
    port = free_port()
    options = [
        "--no-browser",
        f"--port={port}",
        "--IdentityProvider.token=secret",
        "--LabApp.expose_app_in_browser=True",
    ]
    options += ["--ServerApp.allow_root=True", "--ServerApp.ip=127.0.0.1", "--LabApp.news_url="]
    environment = os.environ | {"HOME": str(home), "JUPYTER_PREFER_ENV_PATH": "1"}
    command = [sys.executable, "-m", "weipian_lab.cli", "lab", "--lang", "zh", *options]
    server = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        cwd=ROOT,
    )
    try:
        _wait_for(server, rb"http://127\.0\.0\.1:\d+/lab")
        yield f"http://127.0.0.1:{port}/lab/tree/notebooks/00_start_here.ipynb?token=secret&reset"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=30)
        server.stdout.close()


def _wait_for(server: subprocess.Popen[bytes], pattern: bytes) -> None:
    seen, end = b"", time.monotonic() + PATIENCE_S
    while not re.search(pattern, seen):
        ready, _, _ = select.select([server.stdout], [], [], max(0.0, end - time.monotonic()))
        assert ready, f"Lab did not start: {seen.decode(errors='replace')[-2000:]}"
        more = os.read(server.stdout.fileno(), 65536)
        assert more, f"Lab ended: {seen.decode(errors='replace')[-2000:]}"
        seen += more


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
