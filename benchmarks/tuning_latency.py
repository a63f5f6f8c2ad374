"""How long the tuning panel takes from a move of the slider to all of its parts changed.

Run ``python benchmarks/tuning_latency.py`` (about five minutes); it writes tuning_latency.md beside itself.
``kernel`` measures the panel alone, without a browser; ``lab`` runs notebook 05 in JupyterLab under Chromium,
started as ``weipian lab`` starts it, and times, in the page, from the key on the slider to the frame in
which map, curves, confusion and cost are all new and their pictures decoded. Both move over the whole range
of the slider.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from shapely import union_all

from weipian_lab import accuracy, patches, rasters, tuning, vectors
from weipian_lab.cli.lab import PROMPT
from weipian_lab.plots import screening as images
from weipian_lab.run.parameters.tuning import Tuning
from weipian_lab.widgets.tuning import Panel, Scene, TuningState

HERE = Path(__file__).parent
ROOT = HERE.parent
GOAL_MS = 200
PATIENCE_MS = 600_000
FULL = '\nout_dir, counties = "out", 50\n'

MOVE = """async key => {
  const root = document.querySelector('.weipian-tuning');
  const parts = () => {
    const maps = [...root.querySelectorAll('img.leaflet-image-layer')];
    const map = maps[maps.length - 1], curve = root.querySelector('img.widget-image');
    return [map.src, root.querySelector('.weipian-line i').style.left,
            root.querySelector('.weipian-confusion').innerText,
            root.querySelector('.weipian-cost').innerText, map.complete && curve.complete];
  };
  const before = parts(), handle = root.querySelector('.noUi-handle');
  const start = performance.now();
  handle.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
  while (performance.now() - start < 4000) {
    await new Promise(requestAnimationFrame);
    const now = parts();
    if (now[4] && [0, 1, 2, 3].every(i => now[i] !== before[i])) return performance.now() - start;
  }
  return null;
}"""


def bundled_panel(folder: Path) -> Panel:
    """Return the panel of the bundled county as notebook 05 makes it, without the learnt evidence."""
    p = Tuning()
    pair = rasters.read_pair(p.before, p.after)
    layer = vectors.read(p.truth_path, layer="changes").frame.to_crs(pair.grid.crs)
    days = tuple(pair.report[side]["datetime"][:10] for side in ("before", "after"))
    real = accuracy.changes_between(layer, *days)
    score = tuning.score_named(pair, "mad", p.seed)
    lowest = tuning.candidate_thresholds(score, p.steps, most=p.flag_most)[1]
    found = patches.extract(score, pair.grid, threshold=lowest, clean_up=tuning.CLEAN_UPS["close"])
    blocks = tuning.block_grid(pair.grid, p.block_m)
    part = tuning.spatial_split(blocks["block"], test_share=p.test_share, seed=p.seed)[0]
    region = union_all(blocks.geometry.to_numpy()[part])
    effort = tuning.Effort(p.hours_per_visit, p.cost_per_hour, p.cost_per_missed_mu, p.hours_per_mu)
    state = TuningState(found, real, effort, p.match_share, region)
    pictures = [images.rgb(image, pair.bands, pair.valid) for image in (pair.before, pair.after)]
    return Panel(state, Scene(*pictures, pair.grid, days), folder, datetime.now)


def kernel() -> tuple[np.ndarray, np.ndarray, int]:
    """Return milliseconds of each move of the slider and of each pick of a patch; the number of patches."""
    with tempfile.TemporaryDirectory() as folder:
        panel = bundled_panel(Path(folder))
        values = panel.state.thresholds
        moves = [timed(panel.slider, float(value)) for value in [*values[1:], *values[::-1]]]
        picks = [timed(panel.patch, patch) for patch in panel.state.ids[1:101]]
        panel.map.close()
        return np.array(moves), np.array(picks), len(panel.state.ids)


def timed(control: Any, value: Any) -> float:
    """Return the milliseconds that a control takes to take a value and everything that hangs on it."""
    start = time.perf_counter()
    control.value = value
    return 1000 * (time.perf_counter() - start)


def lab() -> tuple[np.ndarray, int]:
    """Return milliseconds of each move in Lab that changed all four parts, and the number that did not."""
    from playwright.sync_api import sync_playwright

    spec = importlib.util.spec_from_file_location("browser", ROOT / "tests/browser/conftest.py")
    assert spec is not None and spec.loader is not None
    shared = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(shared)
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as started:
        folder, home = Path(temporary) / "work", Path(temporary) / "home"
        folder.mkdir()
        home.mkdir()
        book = nbformat.read(ROOT / "notebooks/05_threshold_tuning.ipynb", as_version=4)
        next(c for c in book.cells if "parameters" in c.metadata.get("tags", [])).source += FULL
        nbformat.write(book, folder / "05.ipynb")
        command = [sys.executable, "-m", "jupyterlab", PROMPT, f"--ServerApp.root_dir={folder}"]
        browser = started.chromium.launch(args=shared.ARGUMENTS, **shared_chromium())
        with shared._lab(command, folder, home) as (address, server):
            page = browser.new_page(viewport={"width": 1500, "height": 1150})
            notebook = shared.Notebook(page, address, server, "05.ipynb", PATIENCE_MS)
            notebook.run_all()
            page.locator(".weipian-tuning").scroll_into_view_if_needed()
            page.locator(".weipian-tuning .noUi-handle").first.press("Home")
            notebook.settle()
            found = []
            for key in ["ArrowRight"] * 119 + ["PageDown"] * 24 + ["PageUp"] * 24 + ["End", "Home"] * 5:
                found.append(page.evaluate(MOVE, key))
                notebook.settle()
        browser.close()
    took = np.array([value for value in found if value is not None])
    return took, len(found) - len(took)


def shared_chromium() -> dict[str, str]:
    """Return where Debian's Chromium lies, if it does."""
    import shutil

    found = shutil.which("chromium")
    return {"executable_path": found} if found else {}


def row(name: str, took: np.ndarray) -> str:
    """Return a row of the table."""
    middle, high, most = np.percentile(took, [50, 95, 100])
    return f"| {name} | {len(took)} | {middle:.0f} | {high:.0f} | {most:.0f} |"


def main() -> None:
    """Write tuning_latency.md."""
    moves, picks, number = kernel()
    seen, still = lab()
    load = os.getloadavg()[0]
    text = [
        "# Latency of the tuning panel", "",
        f"Bundled county (simulated), {number} candidates in the tuning part; goal: under {GOAL_MS} ms",
        "from a move of the slider to map, curves, confusion and cost all new. Made by",
        "`python benchmarks/tuning_latency.py`.", "",
        "| what | moves | median ms | 95th percentile ms | longest ms |", "|---|---|---|---|---|",
        row("kernel: slider to all four parts computed and handed to the page", moves),
        row("kernel: patch picked to both images and facts", picks),
        row("Lab in Chromium: key on the slider to the frame with all four parts new", seen), "",
        f"{still} further moves in Lab changed nothing in at least one part (no patch has its highest score",
        "between the two steps, so that confusion and cost are rightly the same) and are left out.",
        f"Measured on {os.cpu_count()} cores; load when it ended {load:.1f}, so other work was"
        f" {'running beside it' if load > 2 else 'hardly running'}.", "",
    ]  # fmt: skip
    (HERE / "tuning_latency.md").write_text("\n".join(text), encoding="utf-8")
    print("\n".join(text))


if __name__ == "__main__":
    main()
