"""Screening against merely reading the files: times as ratios, measured side by side, and peak memory.

Makes a pair of synthetic scenes (uint16, tiled deflate, four bands or six), then runs, each in a process of
its own: reading both files block by block with rasterio, and screening from files to patches.
``learnt`` needs six bands, all others take four.
With Orfeo ToolBox installed, its MAD, which writes variates and no patches, runs on the same files.
Times of screening are given without and with the start of Python and the imports.

Usage: ``python benchmarks/screening_speed.py [--folder DIR] [--tiles 0.0625 0.25 1 4] [--bands 4]
[--repeat 1]``
"""

from __future__ import annotations

import argparse
import datetime
import functools
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from rasterio.windows import Window
from scipy import ndimage

SIDE = 10_980
BLOCK = 512
METHODS = ("cva", "mad", "irmad", "any_change", "construction", "learnt")
BANDS = {"B02": 900, "B03": 1200, "B04": 1300, "B08": 2600, "B11": 2300, "B12": 1700}  # usual level
BUILT = np.array([900, 1000, 1100, -700, 500, 800])  # what a change adds
LIMITS = {"cva": 2, "mad": 3, "irmad": 4}


def make_pair(folder: Path, side: int, bands: int) -> tuple[Path, Path]:
    """Write a pair of `side` × `side` × `bands`; about 1 % changed, in patches of some hundred pixels."""
    kind = "" if bands == 4 else f"_{bands}"
    paths = folder / f"before_{side}{kind}.tif", folder / f"after_{side}{kind}.tif"
    if all(path.is_file() for path in paths):
        return paths
    profile = {
        "driver": "GTiff", "width": side, "height": side, "count": bands, "dtype": "uint16",
        "crs": "EPSG:32648", "transform": Affine(10, 0, 600_000, 0, -10, 4_300_000), "tiled": True,
        "blockxsize": BLOCK, "blockysize": BLOCK, "compress": "deflate", "predictor": 2, "nodata": 0,
        "BIGTIFF": "IF_SAFER", "num_threads": 2,
    }  # fmt: skip
    with rasterio.open(paths[0], "w", **profile) as before, rasterio.open(paths[1], "w", **profile) as after:
        for row in range(0, side, BLOCK):
            for col in range(0, side, BLOCK):
                first, second = _tile(row, col, bands)
                height, width = min(BLOCK, side - row), min(BLOCK, side - col)
                window = Window(col, row, width, height)
                before.write(first[:, :height, :width], window=window)
                after.write(second[:, :height, :width], window=window)
        for dataset in (before, after):
            for i, name in enumerate(list(BANDS)[:bands], start=1):
                dataset.set_band_description(i, name)
    return paths


@functools.cache
def _ground(number: int, bands: int) -> np.ndarray:
    """Return one of a few pieces of ground, float32 ``(band, BLOCK, BLOCK)``: fields, texture, noise."""
    rng = np.random.default_rng(number)
    fields = rng.standard_normal((bands, 16, 16)).repeat(32, 1).repeat(32, 2)
    texture = ndimage.gaussian_filter(rng.standard_normal((BLOCK, BLOCK)), 1.5) * 3
    level = np.array(list(BANDS.values())[:bands])[:, None, None]
    ground = level * (1 + 0.15 * fields + 0.08 * texture) + rng.normal(0, 25, fields.shape)
    return ground.astype(np.float32)


@functools.cache
def _noise(number: int, bands: int) -> np.ndarray:
    return np.random.default_rng(1000 + number).normal(0, 25, (bands, BLOCK, BLOCK)).astype(np.float32)


def _tile(row: int, col: int, bands: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng([row, col])
    before = np.roll(_ground(int(rng.integers(16)), bands), rng.integers(0, BLOCK, 2), axis=(1, 2))
    noise = np.roll(_noise(int(rng.integers(16)), bands), int(rng.integers(BLOCK)), 2)
    after = np.float32(1.04) * before + 30 + noise
    for _ in range(6):
        r, c = rng.integers(0, BLOCK - 30, 2)
        h, w = rng.integers(8, 30, 2)
        after[:, r : r + h, c : c + w] += BUILT[:bands, None, None]
    return before.clip(1, 65535).astype(np.uint16), after.clip(1, 65535).astype(np.uint16)


def read_only(before: Path, after: Path) -> dict[str, float]:
    """Read both files block by block, one thread, as a plain loop with rasterio does."""
    start, used = time.perf_counter(), time.process_time()
    for path in (before, after):
        with rasterio.open(path) as dataset:
            for _, window in dataset.block_windows(1):
                dataset.read(window=window)
    return {"seconds": time.perf_counter() - start, "cpu": time.process_time() - used}


def screen(before: Path, after: Path, method: str, folder: Path, with_score: bool) -> dict[str, float]:
    """Screen from files to ``patches.gpkg``."""
    began = time.perf_counter()
    from weipian_lab import patches, rasters, screening, vectors

    start, used = time.perf_counter(), time.process_time()
    with rasters.open_pair(before, after) as pair:
        view = screening.PairView(pair)
        fitted = screening.fit(view, method)
        chosen = ("null_fit", 8.0) if method in LIMITS else ("usual", None)
        threshold = screening.choose_threshold(fitted, *chosen)
        frame = screening.run(
            view, fitted.model, threshold, clean_up=patches.CleanUp(min_px=20),
            score_path=folder / "score.tif" if with_score else None,
        )  # fmt: skip
    vectors.write(folder / "patches.gpkg", frame, layer="patches")
    end, cpu = time.perf_counter(), time.process_time() - used
    return {
        "seconds": end - start,
        "seconds_with_imports": end - began,
        "cpu": cpu,
        "patches": len(frame),
    }


def otb_mad(before: Path, after: Path, folder: Path) -> dict[str, float] | None:
    """Run Orfeo ToolBox's MAD, which writes no patches, if it is installed."""
    program = shutil.which("otbcli_MultivariateAlterationDetector")
    if program is None:
        return None
    start = time.perf_counter()
    command = [program, "-in1", str(before), "-in2", str(after), "-out", str(folder / "mad.tif"), "float"]
    subprocess.run(command, check=True, capture_output=True)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "seconds": time.perf_counter() - start,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss / 1024,
    }


def task(name: str, before: Path, after: Path, folder: Path) -> dict[str, float] | None:
    """Do one task in this process; peak memory is that of the process."""
    if name == "read":
        found: dict[str, float] | None = read_only(before, after)
    elif name == "otb_mad":
        return otb_mad(before, after, folder)
    else:
        method, _, extra = name.partition("+")
        if method == "learnt" and rasterio.open(before).count < len(BANDS):
            return None
        found = screen(before, after, method, folder, extra == "score")
    assert found is not None
    status = Path("/proc/self/status").read_text()  # ru_maxrss would be the parent's, where that was larger
    return {**found, "peak_mb": int(status.split("VmHWM:")[1].split()[0]) / 1024}


def apart(name: str, pair: tuple[Path, Path], folder: Path) -> dict[str, float] | None:
    """Do one task in a process of its own."""
    command = [sys.executable, __file__, "--task", name, str(pair[0]), str(pair[1]), str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def table(tiles: float, bands: int, rows: dict[str, dict[str, float] | None], load: str) -> str:
    """Return a Markdown table of one scene size."""
    read = rows["read"]
    assert read is not None
    lines = [
        f"### {tiles:g} tile(s), {bands} bands",
        "",
        f"Reading took {read['seconds']:.1f} s. Load when the tasks began: {load}.",
        "",
        "| task | ratio to reading | goal | with imports | ratio of CPU time | peak MB | patches |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, found in rows.items():
        if found is None:
            why = "needs `--bands 6`" if name == "learnt" else "not installed"
            lines.append(f"| {name} | {why} | – | – | – | – | – |")
            continue
        limit = LIMITS.get(name)
        goal = f"≤ {limit}" if limit else "–"
        ratio = found["seconds"] / read["seconds"]
        count = f"{found['patches']:,}" if "patches" in found else "–"
        imports = f"{found.get('seconds_with_imports', found['seconds']) / read['seconds']:.2f}"
        row = f"{ratio:.2f} | {goal} | {imports} | {found['cpu'] / read['cpu']:.2f} | {found['peak_mb']:.0f}"
        lines.append(f"| {name} | {row} | {count} |")
    return "\n".join(lines)


def main() -> None:
    """Run everything and print Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--tiles", type=float, nargs="+", default=[1 / 16, 1 / 4, 1, 4])
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--bands", type=int, choices=(4, 6), default=4)
    parser.add_argument("--only", nargs="+", default=["read", *METHODS, "cva+score", "otb_mad"])
    parser.add_argument("--task", nargs=4, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.task:
        name, before, after, folder = given.task
        print(json.dumps(task(name, Path(before), Path(after), Path(folder))))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        print(f"{datetime.date.today()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
        for tiles in given.tiles:
            pair = make_pair(folder, round(SIDE * tiles**0.5), given.bands)
            apart("read", pair, folder)  # the files are in the system's cache for all
            best: dict[str, dict[str, float] | None] = {}
            load = f"{os.getloadavg()[0]:.1f}"
            for _ in range(given.repeat):
                for name in given.only:
                    found = apart(name, pair, folder)
                    held = best.get(name)
                    if held is None or (found and found["seconds"] < held["seconds"]):
                        best[name] = found
            if given.folder is None:
                for path in pair:
                    path.unlink()
            print(table(tiles, given.bands, best, load), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
