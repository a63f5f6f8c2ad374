"""Debian's Chromium through Playwright, with no way out of the machine; a running JupyterLab."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_S = 120
OPTIONS = [
    "--no-browser",
    "--IdentityProvider.token=secret",
    "--LabApp.expose_app_in_browser=True",
    "--LabApp.news_url=",
    "--ServerApp.allow_root=True",
    "--ServerApp.ip=127.0.0.1",
]

StartLab = Callable[[list[str], Path, Path], AbstractContextManager[tuple[str, int]]]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A running Chromium; the tests are skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the extra `browser` is not installed")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Debian's chromium is not installed")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def start_lab() -> StartLab:
    """Start JupyterLab by a command, in a folder, with a home of its own: its address and process id."""
    return _lab


@contextmanager
def _lab(command: list[str], folder: Path, home: Path) -> Iterator[tuple[str, int]]:
    quiet = (
        home / ".jupyter/lab/user-settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    )
    quiet.parent.mkdir(parents=True, exist_ok=True)
    quiet.write_text(
        '{"fetchNews": "false"}', "utf-8"
    )  # Lab asks about news in a corner where buttons may lie
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = int(taken.getsockname()[1])
    server = subprocess.Popen(
        [*command, *OPTIONS, f"--port={port}"],
        env=os.environ | {"HOME": str(home), "JUPYTER_PREFER_ENV_PATH": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        cwd=folder,
    )
    try:
        _wait_for(server, rb"http://127\.0\.0\.1:\d+/lab")
        yield f"http://127.0.0.1:{port}/lab/tree/{{name}}?token=secret&reset", server.pid
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=30)
        assert server.stdout is not None
        server.stdout.close()


def _wait_for(server: subprocess.Popen[bytes], pattern: bytes) -> None:
    assert server.stdout is not None
    seen, end = b"", time.monotonic() + PATIENCE_S
    while not re.search(pattern, seen):
        ready, _, _ = select.select([server.stdout], [], [], max(0.0, end - time.monotonic()))
        assert ready, f"Lab did not start: {seen.decode(errors='replace')[-2000:]}"
        more = os.read(server.stdout.fileno(), 65536)
        assert more, f"Lab ended: {seen.decode(errors='replace')[-2000:]}"
        seen += more


WIDGET = "window.jupyterapp.shell.currentWidget"
CODE = f"{WIDGET}.content.model.sharedModel.cells.filter(c => c.cell_type === 'code')"


class Notebook:
    """A notebook open in Lab: run it, wait for it, kill its kernel.

    Parameters
    ----------
    page
        A page of the browser.
    address, server
        As :func:`start_lab` gives them.
    name
        Path of the notebook under Lab's folder.
    patience_ms
        How long anything may take.
    """

    def __init__(self, page: Any, address: str, server: int, name: str, patience_ms: int) -> None:
        self.page, self.server, self.patience_ms = page, server, patience_ms
        page.set_default_timeout(patience_ms)
        page.goto(address.format(name=name))
        self.until(f"window.jupyterapp && {WIDGET}")
        self.until(f"{WIDGET}.sessionContext?.session?.kernel?.status === 'idle'")

    def until(self, condition: str) -> None:
        """Wait for a condition in the page."""
        self.page.wait_for_function(condition, timeout=self.patience_ms)

    def run_all(self) -> None:
        """Run every cell and see that none failed."""
        self.page.evaluate("window.jupyterapp.commands.execute('notebook:run-all-cells')")
        failed = f"{CODE}.flatMap(c => c.outputs).filter(o => o.output_type === 'error')"
        self.until(f"{CODE}.every(c => c.execution_count !== null) || {failed}.length > 0")
        errors = self.page.evaluate(f"{failed}.map(o => o.ename + ': ' + o.evalue)")
        assert not errors, errors

    def code_cells(self) -> int:
        """Return how many code cells there are."""
        return int(self.page.evaluate(f"{CODE}.length"))

    def settle(self) -> None:
        """Wait until the kernel has worked off what was sent."""
        for _ in range(3):
            self.page.evaluate(f"{WIDGET}.sessionContext.session.kernel.requestKernelInfo()")

    def kill_kernel(self) -> None:
        """Kill the kernel as a crash would, take the restart that Lab makes, clear what was shown."""
        kernel = self.page.evaluate(f"{WIDGET}.sessionContext.session.kernel.id")
        (process,) = [p for p in psutil.Process(self.server).children() if kernel in " ".join(p.cmdline())]
        os.kill(process.pid, signal.SIGKILL)
        self.page.locator(".jp-Dialog").get_by_role("button").last.click()
        self.until(f"{WIDGET}.sessionContext.session.kernel.status === 'idle'")
        self.page.evaluate("window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs')")


@pytest.fixture(scope="session")
def open_notebook() -> type[Notebook]:
    """Open a notebook in a running Lab; see :class:`Notebook`."""
    return Notebook
