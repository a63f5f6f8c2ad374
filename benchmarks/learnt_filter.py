"""Measure the learnt false-alarm filter on real pairs, leaving one city out at a time.

    python benchmarks/learnt_filter.py --data FOLDER [--out figures.json] [--tables tables.md]

Candidates are the patches of the construction score at a mild threshold (median + 5 MAD, 20 pixels or more);
a candidate is real where labelled change covers a tenth of it or more. Compared is how many false candidates
must be looked at until a given share of the real ones is found: ranked by unsupervised scores, by the pixel
detector `learnt` as it ships, and by two filters trained on the other cities: `FalseAlarmFilter` on all
evidence, and a logistic regression on outline, scores and the planes of `learnt` in the patch.
Intervals: 400 bootstrap draws of the city's candidates.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from real_pairs import Scene, read_scene
from shapely import Polygon
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from weipian_lab import change, features, patches, rasters
from weipian_lab.change.learnt import LEARNT_PLANES
from weipian_lab.change.pixels import prepare
from weipian_lab.classify import FalseAlarmFilter, false_at_recall, out_of_fold
from weipian_lab.grid import Block, Grid
from weipian_lab.outputs import write_json, write_text

RECALLS = (0.5, 0.7, 0.8, 0.9)
LEARNT = ("filter, all evidence", "filter, few pieces", "pixel detector learnt, largest")


def pixels(polygon: Polygon, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Return rows and columns of the pixels of a polygon, looking only around it."""
    left, bottom, right, top = polygon.bounds
    (c0, r0), (c1, r1) = ~grid.transform @ (left, top), ~grid.transform @ (right, bottom)
    row, col = max(int(r0) - 1, 0), max(int(c0) - 1, 0)
    block = Block(row, col, min(int(r1) + 2, grid.shape[0]) - row, min(int(c1) + 2, grid.shape[1]) - col)
    rows, cols = np.nonzero(rasters.burn([polygon], grid.window(block)))
    return rows + row, cols + col


def candidates(scene: Scene) -> tuple[gpd.GeoDataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return a scene's candidate patches, all evidence, few pieces of evidence, and unsupervised scores."""
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
    few, ranks[LEARNT[2]] = few_pieces(scene, inside, table)
    for method in ("cva_std", "irmad"):
        plane = np.nan_to_num(change.score(scene.before, scene.after, method, scene.valid))
        ranks[f"{method}, mean"] = [float(plane[at].mean()) if len(at[0]) else 0.0 for at in inside]
    return found, table, few, ranks


def few_pieces(
    scene: Scene, inside: list[tuple[np.ndarray, np.ndarray]], table: pd.DataFrame
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return outline, scores, and means of the planes of `learnt` of each patch; and its largest score.

    The weights are those that ship, learnt on simulated data: no real label enters.
    """
    options = {"bands": scene.bands, "pixel_aspect": scene.aspect}
    model = change.fit(scene.before, scene.after, "learnt", valid=scene.valid, **options)
    pair = prepare(scene.before, scene.after, scene.valid)
    planes, score = model.planes(*pair), np.nan_to_num(model.score_block(*pair))
    odds = np.log(np.clip(score, 1e-6, 1 - 1e-6) / (1 - np.clip(score, 1e-6, 1 - 1e-6)))
    rows = [
        {**dict(zip(LEARNT_PLANES, planes[(slice(None), *at)].mean(axis=1), strict=True)),
         "odds_mean": odds[at].mean(), "odds_max": odds[at].max(), "odds_top": np.quantile(odds[at], 0.8)}
        for at in inside
    ]  # fmt: skip
    own = pd.DataFrame(rows, index=table.index).add_prefix("learnt_")
    kept = [name for name in table if name.startswith(("shape_", "score_", "neighbours_score"))]
    return pd.concat([own, table[kept]], axis=1), own["learnt_odds_max"].to_numpy()


def few_out_of_fold(few: pd.DataFrame, real: np.ndarray, city: np.ndarray) -> np.ndarray:
    """Return the chance by a logistic regression on the other cities; each city and class weigh alike."""
    values = few.fillna(few.median()).to_numpy()
    weights = 1 / pd.Series(real).groupby([city, real]).transform("size").to_numpy(float)
    found = np.zeros(len(real))
    for one in np.unique(city):
        rest = city != one
        model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500))
        model.fit(values[rest], real[rest], logisticregression__sample_weight=weights[rest] / weights.mean())
        found[~rest] = model.predict_proba(values[~rest])[:, 1]
    return found


def as_markdown(table: pd.DataFrame) -> str:
    """Return a table without its index as Markdown."""
    lines = ["| " + " | ".join(map(str, table.columns)) + " |", "|" + "---|" * table.shape[1]]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in table.itertuples(index=False)]
    return "\n".join(lines) + "\n"


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
    parser.add_argument("--tables", type=Path, help="Markdown file for the tables")
    arguments = parser.parse_args()
    folders = sorted(p for p in arguments.data.iterdir() if (p / "label.tif").is_file())
    scenes = [scene for scene in map(read_scene, folders) if scene.sentinel]
    parts = [candidates(scene) for scene in scenes]
    city = np.repeat([scene.name for scene in scenes], [len(part[0]) for part in parts])
    real = np.concatenate([part[0]["real"].to_numpy() for part in parts])
    evidence = pd.concat([part[1] for part in parts]).reset_index(drop=True)
    evidence.attrs = {}
    few = pd.concat([part[2] for part in parts], ignore_index=True)
    ranks = pd.concat([part[3] for part in parts], ignore_index=True)
    model = FalseAlarmFilter(n_estimators=200, min_samples_leaf=4)
    ranks[LEARNT[0]] = out_of_fold(model, evidence, real, city)
    ranks[LEARNT[1]] = few_out_of_fold(few, real, city)
    names = [c for c in np.unique(city) if real[city == c].any()]
    summary = count_false(ranks, real, city, names)
    rivals = summary[~summary["ranked by"].isin(LEARNT)]
    best = rivals.loc[rivals[list(RECALLS)].sum(axis=1).idxmin(), "ranked by"]
    detail = pd.concat([by_city(ranks, real, city, names, ours, best) for ours in LEARNT[:2]])
    text = "\n".join([
        f"{len(real)} candidates, {int(real.sum())} real. False candidates until a share of the real ones is "
        "found, summed over cities:\n", as_markdown(summary),
        f"Ratio of false candidates to those of the best unsupervised ranking, {best} (95 % interval):\n",
        as_markdown(detail),
    ])  # fmt: skip
    print(text)
    if arguments.tables:
        write_text(arguments.tables, text)
    if arguments.out:
        write_json(arguments.out, {"summary": summary, "by_city": detail})


def count_false(ranks: pd.DataFrame, real: np.ndarray, city: np.ndarray, names: list[str]) -> pd.DataFrame:
    """Return the false candidates at each recall, each city at that recall, summed."""
    rows = []
    for name in ranks:
        counts = [
            sum(false_at_recall(real[city == c], ranks.loc[city == c, name], recall)[0] for c in names)
            for recall in RECALLS
        ]
        rows.append({"ranked by": name, **dict(zip(RECALLS, counts, strict=True))})
    return pd.DataFrame(rows)


def by_city(
    ranks: pd.DataFrame, real: np.ndarray, city: np.ndarray, names: list[str], ours: str, best: str
) -> pd.DataFrame:
    """Return the ratio of false candidates, ours over the best unsupervised ones, with its interval."""
    rows = []
    for c in names:
        at = city == c
        row = {"ranked by": ours, "city": c, "candidates / real": f"{at.sum()} / {real[at].sum()}"}
        for recall in RECALLS:
            a, b = (false_at_recall(real[at], ranks.loc[at, name], recall)[0] for name in (ours, best))
            low, high = interval(
                real[at], ranks.loc[at, ours].to_numpy(), ranks.loc[at, best].to_numpy(), recall
            )
            row[f"{recall:.0%}"] = f"{(a + 0.5) / (b + 0.5):.2f} ({low:.2f}–{high:.2f})"
        rows.append(row)
    return pd.DataFrame(rows)


if __name__ == "__main__":
    main()
