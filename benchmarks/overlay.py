"""Time the ledger against geopandas.overlay + dissolve, DuckDB spatial, and merely reading the same features.

    python benchmarks/overlay.py [--parcels 1000000] [--patches 5000] [--work DIR] [--growth]

A county of parcels of about 50 vertices each and five other layers is made once under DIR and kept.
Each contender runs in a process of its own, its libraries imported beforehand; the peak is that process's
resident size. CPU seconds, of all threads, stand beside the time: other programs touch them less.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

CRS = "EPSG:4523"
X0, Y0 = 35_580_000.0, 4_230_000.0
SIDE_M = 60.0  # mean width of a parcel
EDGE_POINTS = 12  # points along each of a parcel's four edges
CODES = np.array(
    ["0101", "0102", "0103", "0201", "0301", "0404", "0601", "0702", "1006", "1107", "1202", "1204"]
)
OTHERS = ("YJJBNTTB", "STBHHX", "YDSP", "SSNYD", "LSYD")
GROUPS = ("cultivated", "other_agricultural", "unused", "construction")


def coverage(rows: int, cols: int, side: float, seed: int) -> np.ndarray:
    """Tile a rectangle with wavy four-sided parcels that share their edges exactly."""
    rng = np.random.default_rng(seed)
    corner = np.stack(np.meshgrid(np.arange(cols + 1.0), np.arange(rows + 1.0)), axis=-1)
    corner = corner * side + rng.uniform(-0.2, 0.2, corner.shape) * side + [X0, Y0]
    t = np.linspace(0, 1, EDGE_POINTS + 1)[:-1]
    bump = rng.uniform(-0.06, 0.06, (2, rows + 1, cols + 1, 1)) * side
    wave = np.sin(2 * np.pi * t)

    def edge(a: np.ndarray, b: np.ndarray, height: np.ndarray) -> np.ndarray:
        run = b - a
        normal = np.stack([-run[..., 1], run[..., 0]], axis=-1) / np.linalg.norm(run, axis=-1, keepdims=True)
        return (
            a[..., None, :]
            + run[..., None, :] * t[:, None]
            + normal[..., None, :] * (height * wave)[..., None]
        )

    east = edge(corner[:, :-1], corner[:, 1:], bump[0, :, :-1])
    north = edge(corner[:-1], corner[1:], bump[1, :-1])
    back_east = np.concatenate([corner[:, 1:, None], east[:, :, :0:-1]], axis=2)
    back_north = np.concatenate([corner[1:, :, None], north[:, :, :0:-1]], axis=2)
    ring = np.concatenate([east[:-1], north[:, 1:], back_east[1:], back_north[:, :-1]], axis=2)
    ring = ring.reshape(rows * cols, -1, 2)
    ring = np.append(ring, ring[:, :1], axis=1)
    index = np.repeat(np.arange(len(ring)), ring.shape[1])
    return shapely.polygons(shapely.linearrings(ring.reshape(-1, 2), indices=index))


def make(folder: Path, parcels: int, patches: int) -> tuple[Path, Path]:
    """Make the county and the patches, once."""
    county, batch = folder / f"county_{parcels}.gpkg", folder / f"patches_{parcels}_{patches}.gpkg"
    n = int(np.sqrt(parcels))
    rng = np.random.default_rng(1)
    if not county.exists():
        part = folder / "part.gpkg"
        part.unlink(missing_ok=True)
        shapes = coverage(n, n, SIDE_M, 1)
        frame = gpd.GeoDataFrame(
            {
                "BSM": np.arange(len(shapes)).astype(str),
                "DLBM": CODES[rng.integers(0, len(CODES), len(shapes))],
                "KCXS": np.where(rng.random(len(shapes)) < 0.1, 0.08, 0.0),
            },
            geometry=shapes,
            crs=CRS,
        )
        pyogrio.write_dataframe(frame, part, layer="DLTB", layer_metadata={"dl_scheme": "SANDIAO"})
        del frame, shapes
        for k, name in enumerate(OTHERS):
            m = max(2, n // (3 + k))
            other = coverage(m, m, SIDE_M * n / m, 10 + k)
            other = other[rng.random(len(other)) < (0.6, 0.2, 0.1, 0.1, 0.05)[k]]
            label = np.arange(len(other)).astype(str)
            fields = {"BSM": label, "PZWH": label, "BAH": label}
            frame = gpd.GeoDataFrame(fields, geometry=other, crs=CRS)
            pyogrio.write_dataframe(frame, part, layer=name)
        part.rename(county)
    if not batch.exists():
        centre = rng.uniform(150, n * SIDE_M - 150, (patches, 2)) + np.array([X0, Y0])
        angle = np.sort(rng.uniform(0, 2 * np.pi, (patches, 14)), axis=1)
        radius = rng.uniform(25, 75, (patches, 14))
        xy = centre[:, None] + np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
        shapes = shapely.make_valid(shapely.polygons(xy), method="structure", keep_collapsed=False)
        frame = gpd.GeoDataFrame(
            {"patch_id": [f"P{i:06d}" for i in range(patches)]}, geometry=shapes, crs=CRS
        )
        pyogrio.write_dataframe(frame, batch, layer="patches")
    return county, batch


def run_weipian(county: Path, batch: Path) -> pd.DataFrame:
    from weipian_lab import overlay, rulebook

    patches = pyogrio.read_dataframe(batch)
    return overlay.ledger(patches, overlay.county(county), rulebook.load("ningxia-2024")).areas


def _groups() -> dict[str, str]:
    from weipian_lab import rulebook

    book = rulebook.load("ningxia-2024")
    return {code: book.land_group(code) for code in CODES}


def run_reading(county: Path, batch: Path) -> None:
    """Merely read, with pyogrio/Arrow, the features whose boxes meet the patches: the fastest way found."""
    import sqlite3

    boxes = shapely.bounds(np.asarray(pyogrio.read_dataframe(batch).geometry.array))
    for layer in ("DLTB", *OTHERS):
        base = sqlite3.connect(county)
        query = f"select id from rtree_{layer}_geom where maxx>=? and minx<=? and maxy>=? and miny<=?"
        ids = {i for x0, y0, x1, y1 in boxes.tolist() for (i,) in base.execute(query, (x0, x1, y0, y1))}
        base.close()
        pyogrio.read_arrow(
            county, sql=f"select * from {layer} where fid in ({','.join(map(str, sorted(ids)))})"
        )


def run_geopandas(county: Path, batch: Path) -> pd.DataFrame:
    """Read what lies in the box of the patches, overlay, dissolve, measure on the ellipsoid."""
    from weipian_lab.area import ellipsoidal_area

    patches, groups = pyogrio.read_dataframe(batch), _groups()
    box = tuple(patches.total_bounds)
    result = pd.DataFrame(index=patches["patch_id"])
    result["total"] = ellipsoidal_area(patches.geometry, CRS)
    survey = pyogrio.read_dataframe(county, layer="DLTB", bbox=box, columns=["DLBM"], use_arrow=True)
    survey["group"] = survey["DLBM"].map(groups)
    pieces = gpd.overlay(patches, survey, how="intersection").dissolve(["patch_id", "group"]).reset_index()
    pieces["m2"] = ellipsoidal_area(pieces.geometry, CRS)
    result = result.join(pieces.pivot(index="patch_id", columns="group", values="m2")).fillna(0.0)
    for layer, column in zip(OTHERS, ("pbf", "redline", "approved", "filed", "temporary"), strict=True):
        other = pyogrio.read_dataframe(county, layer=layer, bbox=box, columns=[], use_arrow=True)
        under = gpd.overlay(patches, other, how="intersection").dissolve("patch_id")
        area = pd.Series(ellipsoidal_area(under.geometry, CRS), index=under.index)
        result[column] = area.reindex(result.index).fillna(0.0)
    return result


def run_duckdb(county: Path, batch: Path) -> pd.DataFrame:
    """Do the same in SQL: join, union by patch and class; planar areas, as it has no such ellipsoid."""
    import duckdb
    import duckdb_extension_spatial

    base = duckdb.connect(config={"threads": 2})
    found = list(Path(duckdb_extension_spatial.__file__).parent.rglob("*.duckdb_extension*"))
    base.execute(f"load '{found[0]}'")
    groups = pd.DataFrame(list(_groups().items()), columns=["DLBM", "grp"])  # noqa: F841  (read by the query)
    base.execute(f"create table p as select patch_id, geom from st_read('{batch}')")
    base.execute(
        f"create table d as select geom, grp from st_read('{county}', layer='DLTB') join groups using (DLBM)"
    )
    areas = base.execute(
        "select patch_id, grp, st_area(st_union_agg(st_intersection(p.geom, d.geom))) as m2 "
        "from p join d on st_intersects(p.geom, d.geom) group by 1, 2"
    ).df()
    result = base.execute("select patch_id, st_area(geom) as total from p").df().set_index("patch_id")
    result = result.join(areas.pivot(index="patch_id", columns="grp", values="m2")).fillna(0.0)
    for layer, column in zip(OTHERS, ("pbf", "redline", "approved", "filed", "temporary"), strict=True):
        base.execute(f"create or replace table o as select geom from st_read('{county}', layer='{layer}')")
        own = base.execute(
            "select patch_id, st_area(st_union_agg(st_intersection(p.geom, o.geom))) as m2 "
            "from p join o on st_intersects(p.geom, o.geom) group by 1"
        ).df()
        result[column] = own.set_index("patch_id")["m2"].reindex(result.index).fillna(0.0)
    return result


RUNS = {"weipian": run_weipian, "reading": run_reading, "geopandas": run_geopandas, "duckdb": run_duckdb}
NEEDS = {
    "weipian": ("weipian_lab.overlay", "weipian_lab.rulebook"),
    "reading": ("pyarrow", "sqlite3"),
    "geopandas": ("pyarrow", "weipian_lab.area", "weipian_lab.rulebook"),
    "duckdb": ("duckdb", "weipian_lab.rulebook"),
}
WORKERS = 2  # of the ledger
GROWTH = [(10_000, 5_000), (100_000, 5_000)] + [(1_000_000, n) for n in (100, 1_000, 5_000, 50_000)]


def child(name: str, county: Path, batch: Path, out: Path) -> None:
    for module in NEEDS[name]:
        importlib.import_module(module)
    begin, cpu_begin = time.perf_counter(), time.process_time()
    result = RUNS[name](county, batch)
    workers = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = time.perf_counter() - begin
    cpu = time.process_time() - cpu_begin + workers.ru_utime + workers.ru_stime
    status = Path("/proc/self/status").read_text()  # ru_maxrss would be the parent's, where that was larger
    own = int(status.split("VmHWM:")[1].split()[0]) / 1024
    peak = own + WORKERS * workers.ru_maxrss / 1024  # an upper bound: what they share counts for each
    if result is not None:
        result.sort_index().to_parquet(out.with_suffix(".parquet"))
    out.write_text(json.dumps({"seconds": seconds, "cpu_seconds": cpu, "peak_mb": peak}))


def timed(name: str, county: Path, batch: Path, work: Path) -> dict[str, float]:
    out = work / f"result_{name}.json"
    out.unlink(missing_ok=True)
    command = [sys.executable, __file__, "--child", name, str(county), str(batch), str(out)]
    subprocess.run(command, check=True)
    found: dict[str, float] = json.loads(out.read_text())
    figures = f"{found['seconds']:8.2f} s {found['cpu_seconds']:8.2f} s CPU {found['peak_mb']:7.0f} MB"
    print(f"{name:10s} {figures}", flush=True)
    return found


def differences(work: Path) -> None:
    """Largest difference from each contender's result, relative to the patch."""
    own = pd.read_parquet(work / "result_weipian.parquet")
    for name in ("geopandas", "duckdb"):
        file = work / f"result_{name}.parquet"
        if not file.exists():
            continue
        other = pd.read_parquet(file).reindex(own.index)
        columns = [c for c in (*GROUPS, "pbf", "redline", "approved", "filed", "temporary") if c in other]
        a, b = own[columns], other[columns]
        if name == "duckdb":  # planar: compare shares of the patch
            a, b = a.div(own["total"], axis=0), b.div(other["total"], axis=0)
            gap = (a - b).abs().max(axis=None)
        else:
            gap = (a - b).abs().div(own["total"], axis=0).max(axis=None)
        print(f"largest difference from {name}: {gap:.1e} of the patch")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parcels", type=int, default=1_000_000)
    parser.add_argument("--patches", type=int, default=5_000)
    parser.add_argument("--work", type=Path, default=Path("reports/bench_overlay"))
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--growth", action="store_true")
    parser.add_argument("--only", nargs="*", default=list(RUNS))
    parser.add_argument("--child", nargs=4)
    options = parser.parse_args()
    if options.child:
        name, county, batch, out = options.child
        child(name, Path(county), Path(batch), Path(out))
        return
    options.work.mkdir(parents=True, exist_ok=True)
    if options.growth:
        for parcels, patches in GROWTH:
            print(f"{parcels} parcels, {patches} patches, load {os.getloadavg()[0]:.1f}")
            for name in [n for n in options.only if n in ("weipian", "reading") or parcels < 1_000_000]:
                timed(name, *make(options.work, parcels, patches), options.work)
        return
    county, batch = make(options.work, options.parcels, options.patches)
    for _ in range(options.repeats):
        print(f"{dt.date.today()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        compare({name: timed(name, county, batch, options.work) for name in options.only}, options.work)


def compare(found: dict[str, dict[str, float]], work: Path) -> None:
    """Print how long each contender took against ours, and by how much the results differ."""
    if "weipian" not in found:
        return
    for name, other in found.items():
        clock, cpu = (other[k] / found["weipian"][k] for k in ("seconds", "cpu_seconds"))
        print(f"{name} takes {clock:.2f} times as long, {cpu:.2f} times the CPU")
    differences(work)


if __name__ == "__main__":
    main()
