"""How hard the simulated county is to screen, what its fields look like, and what making one costs.

    python benchmarks/simulate.py difficulty [--data data/small] [--real FOLDER]
    python benchmarks/simulate.py landscape
    python benchmarks/simulate.py cost          (four sizes; minutes)

The figures of ``benchmarks/simulate.md`` and ``data/README.md`` come from here.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from rasterio.features import rasterize
from real_pairs import read_scene

from weipian_lab import change, rasters, simulate
from weipian_lab.area import ellipsoidal_area
from weipian_lab.simulate.county import write_scene

ROOT = Path(__file__).resolve().parents[1]
PAIRS = (
    ("same season", "20230718", "20240717"),
    ("spring to autumn", "20240423", "20241015"),
    ("summer to autumn", "20240717", "20241015"),
    ("summer to spring", "20230718", "20240423"),
)
METHODS = ("cva", "mad", "irmad")


def area_under_curve(score: np.ndarray, label: np.ndarray) -> float:
    """Mann–Whitney estimate of the ROC AUC, ties by mean rank."""
    order = np.argsort(score, kind="stable")
    _, start, count = np.unique(score[order], return_index=True, return_counts=True)
    rank = np.empty(len(score))
    rank[order] = np.repeat(start + (count + 1) / 2, count)
    n1 = int(label.sum())
    return float((rank[label].sum() - n1 * (n1 + 1) / 2) / (n1 * (len(label) - n1)))


def best_f1(score: np.ndarray, label: np.ndarray) -> tuple[float, float]:
    """Best F1 over all thresholds, and the share of the flagged area there that is no true change."""
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(label[order])
    flagged = np.arange(1, len(score) + 1)
    f1 = 2 * hits / (flagged + label.sum())
    best = int(np.argmax(f1))
    return float(f1[best]), float(1 - hits[best] / flagged[best])


def labels(truth: gpd.GeoDataFrame, grid: object, before: str, after: str) -> np.ndarray:
    """Pixels where work on the land began between two dates (and is not undone)."""
    true = truth[truth["is_true"] & (truth["date_start"] >= before) & (truth["date_start"] < after)]
    true = true[(true["corrected"] == "") | (true["corrected"] > after)]
    shapes = [(g, 1) for g in true.geometry]
    return rasterize(shapes, out_shape=grid.shape, transform=grid.transform, fill=0, dtype="uint8") == 1


def difficulty(folder: Path) -> None:
    """Print AUC, best F1 and pseudo share for each pair and method."""
    truth = gpd.read_file(folder / "truth" / "changes.gpkg", layer="changes")
    truth["corrected"] = truth["corrected"].fillna("")
    print("| pair | changed px | " + " | ".join(f"{m} AUC / F1 / pseudo" for m in METHODS) + " |")
    print("|---|---|" + "---|" * len(METHODS))
    for name, before, after in PAIRS:
        one, two = (rasters.read(folder / "images" / f"S2SIM_{d}.tif") for d in (before, after))
        label = labels(truth, one.grid, before, after)
        cells = measured(one.data, two.data, one.valid & two.valid, label)
        print(f"| {name} {before}–{after} | {100 * label.mean():.2f} % | {cells} |", flush=True)


def measured(before: np.ndarray, after: np.ndarray, valid: np.ndarray, label: np.ndarray) -> str:
    """AUC, best F1 and pseudo share of each method, as cells of a table."""
    cells = []
    for method in METHODS:
        score = change.score(before, after, method, valid=valid)
        ok = np.isfinite(score)
        f1, pseudo = best_f1(score[ok], label[ok])
        cells.append(f"{area_under_curve(score[ok], label[ok]):.2f} / {f1:.2f} / {pseudo:.2f}")
    return " | ".join(cells)


def real_difficulty(folder: Path) -> None:
    """Print the same figures of the labelled Sentinel-2 pairs in `folder`, one folder a scene, registered."""
    print("| scene | changed px | " + " | ".join(f"{m} AUC / F1 / pseudo" for m in METHODS) + " |")
    print("|---|---|" + "---|" * len(METHODS))
    for label in sorted(folder.rglob("label.tif")):
        scene = read_scene(label.parent)
        if scene.sentinel:
            known, changed = scene.known, scene.label == 1
            cells = measured(scene.before, scene.after, known, changed)
            print(f"| {scene.name} | {100 * changed[known].mean():.2f} % | {cells} |", flush=True)


def landscape() -> None:
    """Print the size of fields, the areas of classes and NDVI by crop and date."""
    county = simulate.make_county()
    land = county.land
    fields = land.inside & np.isin(land.kind, ("field", "paddy"))
    shapes = land.polygon[fields]
    corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(shapes)).reshape(-1, 5, 2)
    sides = np.sort(np.hypot(*np.diff(corners, axis=1)[:, :2].transpose(2, 0, 1)), axis=1)
    mu = shapely.area(shapes) * 0.0015
    for what, values in (("width m", sides[:, 0]), ("length m", sides[:, 1]), ("area 亩", mu)):
        print(what, np.round(np.quantile(values, (0.05, 0.25, 0.5, 0.75, 0.95)), 1))
    dltb = county.layers["DLTB"]
    total = dltb["TBMJ"].sum()
    print(
        (dltb.groupby("DLBM")["TBMJ"].sum() / total * 100).round(2).sort_values(ascending=False).to_string()
    )
    outline = county.layers["XZQ"].geometry
    exact = ellipsoidal_area(dltb.geometry, dltb.crs).sum() - ellipsoidal_area(outline, outline.crs).sum()
    valid = shapely.coverage_is_valid(dltb.geometry.to_numpy())
    print(f"sum of parcels − outline: {exact:.6f} m²; coverage valid: {valid}")
    ndvi(county)


def ndvi(county: simulate.County) -> None:
    """Print median NDVI by crop of the year of each scene, from rendered pixels inside fields."""
    land = county.land
    grid = county.size.grid
    inner = shapely.buffer(land.polygon, -12.0)
    print("crop " + " ".join(s.stem[-8:] for s in county.size.scenes))
    table: dict[str, list[str]] = {}
    for scene in county.size.scenes:
        image, scl = county.render(scene)
        data = image.astype(np.float32) * 1e-4 - 0.1
        value = (data[3] - data[2]) / (data[3] + data[2])
        crop = land.crop[:, land.years.index(scene.day.year)]
        names = np.where(
            crop == "",
            np.where(np.isin(land.kind, ("vineyard", "orchard", "wolfberry")), land.kind, ""),
            crop,
        )
        for number, name in enumerate(sorted(set(names.tolist()) - {""})):
            rows = np.flatnonzero((names == name) & ~shapely.is_empty(inner))
            mask = rasterize(
                ((g, 1) for g in inner[rows]), out_shape=grid.shape, transform=grid.transform, dtype="uint8"
            )
            clear = (mask == 1) & ~np.isin(scl, (3, 8, 9, 10, 11))
            table.setdefault(name, []).append(f"{np.median(value[clear]):.2f}" if clear.any() else "-")
            del number
    for name, row in sorted(table.items()):
        print(name, " ".join(row))


def cost() -> None:
    """Print CPU time of land with layers, of one image rendered and written, and peak memory, by size."""
    full = simulate.SIZES["county"]
    for km in (6, 12, 24, 44):  # the last is the county itself
        size = replace(full, name=f"{km}km", width_m=km * 1000, height_m=km * 1000)
        scene = size.scenes[1]
        start = time.process_time()
        county = simulate.make_county(size=size)
        land = time.process_time()
        image, scl = county.render(scene)
        rendered = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            write_scene(Path(folder), county, scene, image, scl)
        written = time.process_time()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        each = [
            f"{(b - a):.1f} s ({(b - a) / km**2 * 1000:.0f} ms/km²)"
            for a, b in ((start, land), (land, rendered), (rendered, written))
        ]
        parcels = int(county.land.inside.sum())
        print(f"| {km * km} km² | {parcels} | {' | '.join(each)} | {peak:.0f} MB |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=("difficulty", "landscape", "cost"))
    parser.add_argument("--data", type=Path, default=ROOT / "data" / "small")
    parser.add_argument("--real", type=Path, help="folder of labelled pairs, measured in the same way")
    given = parser.parse_args()
    if given.part == "difficulty":
        difficulty(given.data)
        if given.real:
            real_difficulty(given.real)
    else:
        {"landscape": landscape, "cost": cost}[given.part]()


if __name__ == "__main__":
    main()
