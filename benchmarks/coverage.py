"""How often intervals cover the truth: 2,000 samples of each design, populations known by construction.

Run ``python benchmarks/coverage.py``; it writes coverage.md beside itself.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from weipian_lab import accuracy
from weipian_lab.accuracy import audit

REPLICATES = 2000
METHODS = ("auto", "normal", "wilson", "clopper_pearson")


def truth(sizes, cells, names=("change", "same")):
    cells = np.array(cells, float)
    cells /= cells.sum((1, 2), keepdims=True)
    return audit.Truth(tuple("abcdef"[: len(sizes)]), names, np.array(sizes, float), cells)


def four_classes():
    rows = [[66, 0.3, 5, 4], [0.3, 55, 8, 12], [1, 0.3, 153, 11], [2, 1, 9, 313]]
    cells = np.zeros((4, 4, 4))
    for k, row in enumerate(rows):
        cells[k, k] = row
    return truth([2e5, 1.5e5, 3.2e6, 6.45e6], cells, ("defor", "gain", "forest", "other"))


MILD = truth([200, 800, 9000], [[[8, 2], [0, 0]], [[5, 5], [0, 0]], [[0, 0], [2, 98]]])
STRONG = truth([200, 800, 99000], [[[9, 1], [0, 0]], [[4, 6], [0, 0]], [[0, 0], [1, 999]]])
TINY = truth([100, 100, 100], [[[9, 1], [0, 0]], [[8, 2], [0, 0]], [[19, 1], [0, 0]]])
MIXED = truth([400, 600, 5000], [[[7, 1], [1, 1]], [[2, 2], [1, 5]], [[1, 1], [2, 196]]])

DESIGNS = [
    (
        "stratified, 4 map classes, 640 units",
        four_classes(),
        {"a": 75, "b": 75, "c": 165, "d": 325},
        "stratified",
    ),
    ("stratified, mildly skewed, 180 units", MILD, {"a": 30, "b": 50, "c": 100}, "stratified"),
    ("stratified, strongly skewed, 240 units", STRONG, {"a": 20, "b": 20, "c": 200}, "stratified"),
    ("stratified, 3 strata of 10 units", TINY, 10, "stratified"),
    ("strata differ from the map, 100 units", MIXED, {"a": 20, "b": 20, "c": 60}, "stratified"),
    ("simple random, 4 classes, 640 units", four_classes(), 640, "simple_random"),
    ("simple random, skewed, 300 units", MILD, 300, "simple_random"),
    ("post-stratified, 4 classes, 640 units", four_classes(), 640, "poststratified"),
    ("post-stratified, skewed, 300 units", MILD, 300, "poststratified"),
]


def clusters(replicates: int, seed: int = 0) -> pd.DataFrame:
    """Coverage of overall accuracy from 30 clusters of 10 units, accuracy varying from cluster to cluster."""
    rng = np.random.default_rng(seed)
    inside = dict.fromkeys(("auto", "normal", "clopper_pearson"), 0)
    for _ in range(replicates):
        right = rng.random((30, 10)) < rng.beta(8, 2, 30)[:, None]
        table = pd.DataFrame(
            {"psu": np.repeat(np.arange(30), 10), "mapped": 1, "reference": right.ravel().astype(int)}
        )
        for method in inside:
            row = accuracy.cluster(table, interval=method).overall.iloc[0]
            inside[method] += row["lower"] <= 0.8 <= row["upper"]
    return pd.DataFrame([{"interval": m, "coverage": k / replicates} for m, k in inside.items()])


def main() -> None:
    replicates = int(sys.argv[1]) if len(sys.argv) > 1 else REPLICATES
    lines = [
        "# Coverage of nominal 95 % intervals\n",
        f"{replicates} samples of each design (clusters: {replicates // 4});",
        "how many per cent of the intervals cover the truth: lowest and highest over all figures of a design",
        "(overall, user's, producer's, F1, area of each class that is not 0 or 1 by construction),",
        "and the share of the figures that lie within 93–97 %.",
        f"With {replicates} samples a true 95 % shows as 94.0–96.0 % (two standard errors).\n",
        "| design | interval | lowest | figure | highest | within 93–97 |",
        "|---|---|---|---|---|---|",
    ]
    for label, population, n, design in DESIGNS:
        table = audit.coverage(population, n, design=design, intervals=METHODS, replicates=replicates)
        table = table[table["coverage"].notna() & table["truth"].between(1e-6, 1 - 1e-6)]
        for method, part in table.groupby("interval", sort=False):
            worst = part.loc[part["coverage"].idxmin()]
            within = part["coverage"].between(0.93, 0.97).mean()
            lines.append(
                f"| {label} | {method} | {worst['coverage']:.1%} | {worst['measure']} {worst['class']} "
                f"| {part['coverage'].max():.1%} | {within:.0%} |"
            )
    for _, row in clusters(replicates // 4).iterrows():
        lines.append(
            f"| 30 clusters of 10 units | {row['interval']} | {row['coverage']:.1%} | overall | – | – |"
        )
    text = "\n".join(lines) + "\n"
    Path(__file__).with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
