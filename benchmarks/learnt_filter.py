"""Measure the learnt false-alarm filter on real pairs, leaving one city out at a time.

    python benchmarks/learnt_filter.py --data FOLDER [--out figures.json]

Candidates are the patches of the construction score at a mild threshold (median + 5 MAD, 20 pixels or more);
a candidate is real where labelled change covers a tenth of it or more. Compared is how many false candidates
must be looked at until a given share of the real ones is found: ranked by unsupervised scores, and by the
filter trained on the other cities. Intervals: 400 bootstrap draws of the city's candidates.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from real_pairs import Scene, read_scene
from shapely import Polygon

from weipian_lab import change, features, patches, rasters
from weipian_lab.classify import FalseAlarmFilter, false_at_recall, out_of_fold
from weipian_lab.grid import Block, Grid
from weipian_lab.outputs import write_json

RECALLS = (0.5, 0.7, 0.8, 0.9)


def pixels(polygon: Polygon, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and columns of the pixels of a polygon, looking only around it."""
    left, bottom, right, top = polygon.bounds
    (c0, r0), (c1, r1) = ~grid.transform @ (left, top), ~grid.transform @ (right, bottom)
    row, col = max(int(r0) - 1, 0), max(int(c0) - 1, 0)
    block = Block(row, col, min(int(r1) + 2, grid.shape[0]) - row, min(int(c1) + 2, grid.shape[1]) - col)
    rows, cols = np.nonzero(rasters.burn([polygon], grid.window(block)))
    return rows + row, cols + col


def candidates(scene: Scene) -> tuple[gpd.GeoDataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the candidate patches of a scene, their evidence and their unsupervised scores."""
    options = {"valid": scene.valid, "bands": scene.bands, "pixel_aspect": scene.aspect, "register": False}
    score = change.score(scene.before, scene.after, "construction", **options)
    mild = change.threshold(score, "null_fit", valid=scene.valid, k=5.0)
    found = patches.extract(
        score, scene.grid, threshold=mild.value, strong=mild.value, valid=scene.valid,
        clean_up=patches.CleanUp(min_px=20, min_mu=0.0, smooth=False),
    )  # fmt: skip
    found = found[found["pixels"] >= 20].reset_index(drop=True)
    table = features.patch_table(
        found, scene.before, scene.after, scene.grid, valid=scene.valid, bands=scene.bands, score=score
    )
    inside = [pixels(polygon, scene.grid) for polygon in found.geometry]
    covered = [(scene.label[at] == 1).mean() if len(at[0]) else 0.0 for at in inside]
    found["real"] = np.array(covered) >= 0.1
    ranks = pd.DataFrame({
        "construction, mean": found["score_mean"].to_numpy(),
        "construction, largest": found["score_max"].to_numpy(),
        "construction, sum": (found["score_mean"] * found["pixels"]).to_numpy(),
        "patch area": found["pixels"].to_numpy(float),
    })  # fmt: skip
    for method in ("cva_std", "irmad"):
        plane = np.nan_to_num(change.score(scene.before, scene.after, method, scene.valid))
        ranks[f"{method}, mean"] = [float(plane[at].mean()) if len(at[0]) else 0.0 for at in inside]
    return found, table, ranks


def interval(
    real: np.ndarray, ours: np.ndarray, theirs: np.ndarray, recall: float, draws: int = 400
) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of the ratio of false candidates, ours over theirs."""
    rng = np.random.default_rng(0)
    ratios = []
    for _ in range(draws):
        at = rng.integers(0, len(real), len(real))
        if real[at].any():
            a, b = (false_at_recall(real[at], s[at], recall)[0] for s in (ours, theirs))
            ratios.append((a + 0.5) / (b + 0.5))
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(low), float(high)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    folders = sorted(p for p in arguments.data.iterdir() if (p / "label.tif").is_file())
    scenes = [scene for scene in map(read_scene, folders) if scene.sentinel]
    parts = [candidates(scene) for scene in scenes]
    city = np.repeat([scene.name for scene in scenes], [len(found) for found, _, _ in parts])
    real = np.concatenate([found["real"].to_numpy() for found, _, _ in parts])
    evidence = pd.concat([table for _, table, _ in parts])
    evidence = evidence.reset_index(drop=True)
    evidence.attrs = {}
    ranks = pd.concat([r for _, _, r in parts], ignore_index=True)
    model = FalseAlarmFilter(n_estimators=200, min_samples_leaf=4)
    ranks["learnt filter"] = out_of_fold(model, evidence, real, city)
    rows = []
    for recall in RECALLS:
        for name in ranks:
            count = [false_at_recall(real[city == c], ranks.loc[city == c, name], recall)[0]
                     for c in np.unique(city) if real[city == c].any()]  # fmt: skip
            rows.append({"recall": recall, "rank": name, "false": sum(count), "by_city": count})
    table = pd.DataFrame(rows)
    names = [c for c in np.unique(city) if real[city == c].any()]
    print("candidates and real ones by city:")
    sizes = {"candidates": [(city == c).sum() for c in names], "real": [real[city == c].sum() for c in names]}
    print(pd.DataFrame(sizes, index=names).to_string())
    print("\nfalse candidates at a recall, summed over cities (each city at that recall)")
    print(table.pivot(index="rank", columns="recall", values="false").to_string())
    best = table[table["rank"] != "learnt filter"].groupby("rank")["false"].sum().idxmin()
    print(f"\nbest unsupervised over all recalls: {best}")
    detail = []
    for recall in RECALLS:
        for c in names:
            at = city == c
            ours, theirs = ranks.loc[at, "learnt filter"].to_numpy(), ranks.loc[at, best].to_numpy()
            a, b = (false_at_recall(real[at], s, recall)[0] for s in (ours, theirs))
            low, high = interval(real[at], ours, theirs, recall)
            detail.append({"recall": recall, "city": c, "learnt": a, "unsupervised": b,
                           "ratio": a / b if b else float("nan"), "lower": low, "upper": high})  # fmt: skip
    print(pd.DataFrame(detail).round(2).to_string(index=False))
    if arguments.out:
        write_json(arguments.out, {"summary": table, "by_city": pd.DataFrame(detail)})


if __name__ == "__main__":
    main()
