"""How often intervals cover the truth: 2,000 samples of each design, populations known by construction.

Run ``python benchmarks/coverage.py``; it writes coverage.md beside itself.
``python benchmarks/coverage.py designs`` (``rare``, ``clusters``) keeps the rows of one part
under build/; ``python benchmarks/coverage.py report`` puts the kept parts together.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import ndimage, stats

from weipian_lab import accuracy
from weipian_lab.accuracy import audit
from weipian_lab.accuracy.intervals import cluster_interval, share_interval
from weipian_lab.accuracy.limits import share_limits

REPLICATES = 2000
METHODS = ("auto", "midp", "conservative", "wilson_strata", "normal", "wilson", "clopper_pearson")
HERE = Path(__file__).parent
KEPT = HERE.parent / "build" / "coverage"


def truth(sizes, cells, names=("change", "same")):
    cells = np.array(cells, float)
    cells /= cells.sum((1, 2), keepdims=True)
    return audit.Truth(tuple("abcdefgh"[: len(sizes)]), names, np.array(sizes, float), cells)


def four_classes():
    rows = [[66, 0.3, 5, 4], [0.3, 55, 8, 12], [1, 0.3, 153, 11], [2, 1, 9, 313]]
    cells = np.zeros((4, 4, 4))
    for k, row in enumerate(rows):
        cells[k, k] = row
    return truth([2e5, 1.5e5, 3.2e6, 6.45e6], cells, ("defor", "gain", "forest", "other"))


MILD = truth([200, 800, 9000], [[[8, 2], [0, 0]], [[5, 5], [0, 0]], [[0, 0], [2, 98]]])
STRONG = truth([200, 800, 99000], [[[9, 1], [0, 0]], [[4, 6], [0, 0]], [[0, 0], [1, 999]]])
TINY = truth([100, 100, 100], [[[9, 1], [0, 0]], [[8, 2], [0, 0]], [[19, 1], [0, 0]]])
MANY = truth([100] * 8, [[[95, 5], [0, 0]]] * 8)
UNEVEN = truth(
    [2500, 16000, 6000, 51000, 74000],
    [[[7, 3], [0, 0]], *([[0, 0], [e, 1 - e]] for e in (0.08, 0.03, 0.02, 0.01))],
)
BATCH = truth([84, 109, 165], [[[28, 72], [0, 0]], [[58, 42], [0, 0]], [[45, 55], [0, 0]]])
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
    ("stratified, 8 strata of 10 units, 5 % errors", MANY, 10, "stratified"),
    ("stratified, 5 uneven strata of 10 units", UNEVEN, 10, "stratified"),
    ("stratified, 145 of a batch of 358 patches", BATCH, {"a": 36, "b": 43, "c": 66}, "finite"),
    ("strata differ from the map, 100 units", MIXED, {"a": 20, "b": 20, "c": 60}, "stratified"),
    ("simple random, 4 classes, 640 units", four_classes(), 640, "simple_random"),
    ("simple random, skewed, 300 units", MILD, 300, "simple_random"),
    ("post-stratified, 4 classes, 640 units", four_classes(), 640, "poststratified"),
    ("post-stratified, skewed, 300 units", MILD, 300, "poststratified"),
]


def designs() -> pd.DataFrame:
    """Return the coverage of every figure of every design."""
    parts = []
    for label, population, n, design in DESIGNS:
        how = {"finite_population": True} if design == "finite" else {"design": design}
        methods = [*METHODS, "randomised"]
        table = audit.coverage(population, n, intervals=methods, replicates=REPLICATES, **how)
        known = table["coverage"].notna() & table["truth"].between(1e-6, 1 - 1e-6)
        parts.append(table[known].assign(design=label))
    return pd.concat(parts)


def rare() -> pd.DataFrame:
    """Return the coverage of producer's accuracy of a class of 0.7 %, omitted in a stratum of 99 %."""
    parts = []
    for n, omitted in itertools.product((30, 60, 150, 400), (0.0005, 0.002, 0.005, 0.01, 0.02, 0.05)):
        large = [[0, 0], [omitted * 1000, 1000 - omitted * 1000]]
        population = truth([200, 800, 99000], [[[9, 1], [0, 0]], [[4, 6], [0, 0]], large])
        table = audit.coverage(
            population, {"a": 20, "b": 30, "c": n}, intervals=METHODS[:5], replicates=REPLICATES
        )
        chosen = (table["measure"] == "producers") & (table["class"] == "change")
        parts.append(table[chosen].assign(n=n, omitted=omitted, expected=n * omitted))
    return pd.concat(parts)


def clusters() -> pd.DataFrame:
    """Return the coverage of overall accuracy from clusters whose accuracies follow a beta distribution."""
    rng, rows = np.random.default_rng(0), []
    methods = ("auto", "conservative", "normal", "wilson", "clopper_pearson")
    for m, size, p, rho in itertools.product((10, 20, 30, 60), (10, 30), (0.8, 0.95, 0.99), (0.05, 0.2, 1)):
        alike = (rng.random((REPLICATES, m)) < p).astype(float)
        q = alike if rho == 1 else rng.beta(p * (1 - rho) / rho, (1 - p) * (1 - rho) / rho, (REPLICATES, m))
        right = rng.binomial(size, q)
        for method in methods:
            low, high = _cluster_limits(right, size, method)
            _compare(right[0], size, method, low[0], high[0])
            share = np.mean((low - 1e-9 <= p) & (p <= high + 1e-9))
            rows.append({"clusters": m, "units": size, "accuracy": p, "correlation": rho,
                         "interval": method, "coverage": share, "width": np.mean(high - low)})  # fmt: skip
    return pd.DataFrame(rows)


def _cluster_limits(right: np.ndarray, size: int, method: str) -> tuple[np.ndarray, np.ndarray]:
    """Limits of many samples at once; that they are those of ``accuracy.cluster`` is compared each time."""
    m = right.shape[1]
    share = right.sum(1) / (m * size)
    se = np.sqrt(m / (m - 1) * ((right / size - share[:, None]) ** 2).sum(1)) / m
    if method not in ("auto", "conservative"):
        return share_interval(share, se, method, n=m * size, df=m - 1)
    fewest = np.minimum((right > 0).sum(1), (right < size).sum(1))
    units, primary = np.full(len(share), float(m * size)), np.full(len(share), float(m))
    return cluster_interval(share, se, units, primary, fewest, m - 1, 0.95, always=method == "conservative")


def _compare(right: np.ndarray, size: int, method: str, low: float, high: float) -> None:
    units = np.arange(size) < right[:, None]
    psu = np.repeat(np.arange(len(right)), size)
    table = pd.DataFrame({"psu": psu, "mapped": 1, "reference": units.ravel().astype(int)})
    found = accuracy.cluster(table, interval=method).overall.iloc[0]
    np.testing.assert_allclose((found["lower"], found["upper"]), (low, high), atol=1e-9)


def systematic() -> pd.DataFrame:
    """Return the coverage of overall accuracy from a systematic grid over errors that lie in patches."""
    rng, rows = np.random.default_rng(0), []
    size, methods = 240, ("auto", "conservative", "normal", "wilson", "clopper_pearson")
    for step, p, reach in itertools.product((24, 12), (0.7, 0.9, 0.97), (0, 6, 30)):
        drawn, true = [], []
        for k in range(REPLICATES):
            if k % 20 == 0:  # a hundred maps, twenty starts each
                right = _landscape(rng, size, p, reach)
            start = rng.integers(0, step, 2)
            grid = right[start[0] :: step, start[1] :: step].copy()
            grid[1::2] = grid[1::2, ::-1]  # to and fro, so that successive units are neighbours
            drawn.append(grid.ravel().astype(float))
            true.append(right.mean())
        for method in methods:
            low, high = _systematic_limits(np.array(drawn), method)
            inside = (low - 1e-9 <= np.array(true)) & (np.array(true) <= high + 1e-9)
            rows.append({"n": (size // step) ** 2, "accuracy": p, "reach": reach, "interval": method,
                         "coverage": inside.mean()})  # fmt: skip
    return pd.DataFrame(rows)


def _landscape(rng: np.random.Generator, size: int, p: float, reach: int) -> np.ndarray:
    noise = rng.standard_normal((size, size))
    smooth = ndimage.gaussian_filter(noise, reach, mode="wrap") if reach else noise
    return smooth <= np.quantile(smooth, p)


def _systematic_limits(y: np.ndarray, method: str) -> tuple[np.ndarray, np.ndarray]:
    """Limits of many samples at once; compared with ``accuracy.systematic`` each time."""
    n, share = y.shape[1], y.mean(1)
    se = np.sqrt((np.diff(y) ** 2).sum(1) / (2 * n * (n - 1)))
    if method in ("auto", "conservative"):
        fewest, number = np.minimum(y.sum(1), n - y.sum(1)), np.full(len(y), float(n))
        always = method == "conservative"
        low, high = cluster_interval(share, se, number, number, fewest, n - 1, 0.95, always=always)
    else:
        low, high = share_interval(share, se, method, n=n, df=n - 1)
    table = pd.DataFrame({"mapped": 1, "reference": y[0].astype(int)})
    found = accuracy.systematic(table, interval=method).overall.iloc[0]
    np.testing.assert_allclose((found["lower"], found["upper"]), (low[0], high[0]), atol=1e-9)
    return low, high


def two_stage() -> pd.DataFrame:
    """Return the coverage of a stratified two-stage sample: clusters of unlike size, 8 units of each."""
    rng, rows = np.random.default_rng(0), []
    for m, rho in itertools.product((10, 25), (0.05, 0.3)):
        population = [_clusters_of(rng, 400, rho, p) for p in ((0.85, 0.2), (0.95, 0.05))]
        true = _shares([cluster for stratum in population for cluster in stratum])
        hits = {}
        for _ in range(REPLICATES):
            table = _two_stage_sample(rng, population, m)
            for interval in ("auto", "conservative", "normal", "wilson"):
                result = accuracy.cluster(table, interval=interval)
                for name, value in true.items():
                    frame = result.overall.iloc[0] if name == "overall" else getattr(result, name).loc[1]
                    inside = frame["lower"] - 1e-9 <= value <= frame["upper"] + 1e-9
                    hits.setdefault((name, interval), []).append(inside)
        rows += [{"clusters": m, "correlation": rho, "figure": name, "interval": interval,
                  "coverage": np.mean(found)} for (name, interval), found in hits.items()]  # fmt: skip
    return pd.DataFrame(rows)


def _clusters_of(rng: np.random.Generator, number: int, rho: float, shares: tuple[float, float]) -> list:
    """Clusters of 20 to 120 units, half of them mapped 1; the share that is right differs by cluster."""
    clusters = []
    for size in rng.integers(20, 121, number):
        mapped = rng.random(size) < shares[1]
        right = rng.random(size) < rng.beta(shares[0] * (1 - rho) / rho, (1 - shares[0]) * (1 - rho) / rho)
        clusters.append((mapped.astype(int), np.where(right, mapped, ~mapped).astype(int)))
    return clusters


def _shares(clusters: list) -> dict[str, float]:
    mapped, reference = (np.concatenate(part) for part in zip(*clusters, strict=True))
    both = (mapped == 1) & (reference == 1)
    return {"overall": float((mapped == reference).mean()), "users": float(both.sum() / mapped.sum()),
            "producers": float(both.sum() / reference.sum())}  # fmt: skip


def _two_stage_sample(rng: np.random.Generator, population: list, m: int) -> pd.DataFrame:
    parts = []
    for stratum, clusters in enumerate(population):
        for psu in rng.choice(len(clusters), m, replace=False):
            mapped, reference = clusters[psu]
            units = rng.choice(len(mapped), 8, replace=False)
            weight = len(clusters) / m * len(mapped) / 8
            parts.append(pd.DataFrame({"stratum": stratum, "psu": psu, "weight": weight,
                                       "mapped": mapped[units], "reference": reference[units]}))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _within(cover: pd.Series) -> str:
    return ", ".join(name for name, value in cover.items() if 0.93 <= value <= 0.97) or "none"


def attainable(n: int, p: float) -> list[float]:
    """Coverages within 93-97 % of any rule that accepts p after a run of outcomes around the likeliest."""
    point = stats.binom.pmf(np.arange(n + 1), n, p)
    mode = int(np.argmax(point))
    total = [point[i : j + 1].sum() for i in range(mode + 1) for j in range(mode, n + 1)]
    return sorted(v for v in total if 0.93 <= v <= 0.97)


def exact(n: int, p: float) -> dict[str, float]:
    """Coverage of a share's interval, summed over all outcomes."""
    x = np.arange(n + 1)
    point, above, below = stats.binom.pmf(x, n, p), stats.binom.sf(x, n, p), stats.binom.cdf(x - 1, n, p)
    tail, z = np.minimum(above, below), stats.norm.ppf(0.975)
    wilson = np.abs(p - x / n) <= z * np.sqrt(p * (1 - p) / n)
    low, high = share_limits(x / n, float(n), 0.95, "guarded")
    inside = {
        "default": (low <= p) & (p <= high),
        "mid-P": tail + point / 2 >= 0.025,
        "Clopper-Pearson": tail + point >= 0.025,
        "Wilson": wilson,
    }
    return {name: float(point[accepted].sum()) for name, accepted in inside.items()}


def report() -> str:
    """Return the text of coverage.md from the kept parts."""
    tables = {name: pd.read_csv(KEPT / f"{name}.csv") for name in PARTS}
    parts = [_head(), _designs(tables["designs"]), _outside(tables["designs"]), _exact(),
             _rare(tables["rare"]), _clusters(tables["clusters"]), _two_stage(tables["two_stage"]),
             _systematic(tables["systematic"])]  # fmt: skip
    return "\n".join(line for part in parts for line in part) + "\n"


def _head() -> list[str]:
    return [
        "# Coverage of nominal 95 % intervals\n",
        f"{REPLICATES} samples of each design; with so many a true 95 % shows as 94.0–96.0 %",
        "(two standard errors). Figures: overall, user's, producer's, F1, area of each class that is not 0",
        "or 1 by construction.\n",
        "`auto` is the default: guarded mid-P limits within strata, put together (MOVER) and held to the",
        "limits of the total where several strata share the errors.",
        "`midp` puts plain mid-P limits together, `conservative` Clopper–Pearson's,",
        "`wilson_strata` Wilson's; `normal` is estimate ± 1.96 se; `wilson` and `clopper_pearson` take the",
        "effective sample size.\n",
    ]


def _designs(table: pd.DataFrame) -> list[str]:
    lines = [
        "## By design\n",
        "| design | interval | lowest | figure | highest | below 93 | above 97 | mean width |",
    ]
    lines.append("|---|---|---|---|---|---|---|---|")
    for (label, method), part in table.groupby(["design", "interval"], sort=False):
        low = part.loc[part["coverage"].idxmin()]
        under, over = (part["coverage"] < 0.93).sum(), (part["coverage"] > 0.97).sum()
        lines.append(
            f"| {label} | {method} | {low['coverage']:.1%} | {low['measure']} {low['class']} "
            f"| {part['coverage'].max():.1%} | {under} of {len(part)} | {over} of {len(part)} "
            f"| {part['width'].mean():.4f} |"
        )
    lines += [
        "",
        "All figures of all designs:\n",
        "| interval | lowest | highest | below 93 | within | above 97 |",
    ]
    lines.append("|---|---|---|---|---|---|")
    for method, part in table.groupby("interval", sort=False):
        c = part["coverage"]
        lines.append(
            f"| {method} | {c.min():.1%} | {c.max():.1%} | {(c < 0.93).mean():.0%} "
            f"| {c.between(0.93, 0.97).mean():.0%} | {(c > 0.97).mean():.0%} |"
        )
    return [*lines, ""]


def _outside(table: pd.DataFrame) -> list[str]:
    auto = table[(table["interval"] == "auto") & ~table["coverage"].between(0.93, 0.97)]
    lines = ["## Where the default lies outside 93–97 %\n"]
    many = table[(table["interval"] == "auto") & (table["expected"] >= 5)]["coverage"]
    few = table[(table["interval"] == "auto") & (table["expected"] < 5)]["coverage"]
    lines += ["“Misses low” is how often the whole interval lies below the truth. “Expected” is the least",
              "number of hits or of misses that the figure can expect in a stratum that has some.",
              "Where it is small the figure rests on a count that is mostly 0, 1 or 2: one side of the",
              "interval then hardly ever misses, and no rule without a die can give that side its 2.5 %",
              "(next section). The limits were not drawn closer: at other shares of the same stratum",
              "the coverage would fall below 93 %. “Within” names the intervals on offer that cover",
              "93–97 % of this figure (parameter `interval`; notebook 04 names them for the own design);",
              "the last column is the interval with a die: near 95 % where the excess is of counts alone.",
              "The first row is the share of one stratum, n = 200 and p = 0.001 below: no rule without a die",
              "can cover 93–97 % of it.\n",
              f"Where at least 5 are expected ({len(many)} figures) the default covers"
              f" {many.min():.1%}–{many.max():.1%};",
              f"where fewer ({len(few)} figures) {few.min():.1%}–{few.max():.1%}.\n",
              "| design | figure | truth | expected | covers | misses low | misses high | within"
              " | randomised |",
              "|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for _, row in auto.iterrows():
        same = table[(table["design"] == row["design"]) & (table["measure"] == row["measure"])
                     & (table["class"] == row["class"])].set_index("interval")["coverage"]  # fmt: skip
        within = [name for name in METHODS if 0.93 <= same.get(name, 0) <= 0.97]
        die = f"{same['randomised']:.1%}" if "randomised" in same else "–"
        lines.append(
            f"| {row['design']} | {row['measure']} {row['class']} | {row['truth']:.3f} "
            f"| {row['expected']:.2g} | {row['coverage']:.1%} | {row['below']:.1%} | {row['above']:.1%} "
            f"| {', '.join(within) or 'none'} | {die} |"
        )
    return [*lines, ""]


def _exact() -> list[str]:
    lines = ["## What counts allow: exact sums, no simulation\n"]
    lines += ["One stratum, n units, error rate p. “Attainable” lists the coverages within 93–97 % that any",
              "rule without a die could have; where there is none, covering more than 97 % is the price",
              "of not covering less than 93 %.\n",
              "| n | p | errors expected | attainable | default | mid-P | Clopper–Pearson | Wilson |",
              "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    cases = ((20, 0.02), (20, 0.1), (30, 0.005), (30, 0.05), (75, 0.125), (100, 0.02), (200, 0.001),
             (200, 0.02), (400, 0.0005), (400, 0.005))  # fmt: skip
    for n, p in cases:
        found = attainable(n, p)
        words = "none" if not found else ", ".join(sorted({f"{v:.1%}" for v in found}))
        sums = " | ".join(f"{v:.1%}" for v in exact(n, p).values())
        lines.append(f"| {n} | {p:g} | {n * p:.2g} | {words} | {sums} |")
    return [*lines, ""]


def _rare(table: pd.DataFrame) -> list[str]:
    lines = ["## Producer's accuracy of a rare class\n"]
    lines += ["A class of 0.7 % of the map; n units in the stratum of 99 % in which omissions hide.\n",
              "| n | omissions expected | " + " | ".join(METHODS[:5]) + " |",
              "|---|---|" + "---|" * 5]  # fmt: skip
    for (n, expected), part in table.groupby(["n", "expected"]):
        cover = part.set_index("interval")["coverage"]
        lines.append(f"| {n} | {expected:.2g} | " + " | ".join(f"{cover[m]:.1%}" for m in METHODS[:5]) + " |")
    return [*lines, ""]


def _clusters(table: pd.DataFrame) -> list[str]:
    names = list(dict.fromkeys(table["interval"]))
    lines = ["## Clusters\n"]
    lines += ["Overall accuracy; “correlation” is that of two units of one cluster. `auto` takes Wilson's",
              "interval with the t quantile; where fewer than eight clusters hold an error, guarded mid-P",
              "limits with no more effective units than clusters. `conservative` is Clopper–Pearson's,",
              "with no more effective units than clusters, everywhere.\n",
              "| clusters | units each | accuracy | correlation | " + " | ".join(names) + " | within 93–97 |",
              "|---|---|---|---|" + "---|" * (len(names) + 1)]  # fmt: skip
    for key, part in table.groupby(["clusters", "units", "accuracy", "correlation"]):
        cover = part.set_index("interval")["coverage"]
        lines.append("| " + " | ".join(f"{k:g}" for k in key) + " | "
                     + " | ".join(f"{cover[m]:.1%}" for m in names) + f" | {_within(cover)} |")  # fmt: skip
    c = table[table["interval"] == "auto"]["coverage"]
    return [
        *lines,
        "",
        f"The default covers {c.min():.1%} at least; above 97 % in {(c > 0.97).mean():.0%} of the cells.",
        "No rule on offer lies within 93–97 % whatever the correlation; the last column names those that do",
        "at each, and `wilson` or `clopper_pearson` may be asked for where units of a cluster differ.",
        "Above 97 % it lies where few clusters can hold an error: their spread then says next to nothing",
        "of how alike the units of a cluster are, and the default counts each cluster as one unit, the only",
        "count that holds whatever the correlation (at 1 it is exact). Rules that trust the spread",
        "there cover as little as 40 % (columns `normal`, `wilson`).",
    ]


PARTS = {"designs": designs, "rare": rare, "clusters": clusters, "two_stage": two_stage,
         "systematic": systematic}  # fmt: skip


def _two_stage(table: pd.DataFrame) -> list[str]:
    names = list(dict.fromkeys(table["interval"]))
    lines = ["", "## Two stages, clusters of unlike size, two strata\n",
             f"{REPLICATES} samples each: clusters drawn in each stratum, 8 units of 20 to 120 in each;",
             "weights are inverse inclusion probabilities, the variance that of ultimate clusters.\n",
             "| clusters a stratum | correlation | figure | " + " | ".join(names) + " | within 93–97 |",
             "|---|---|---|" + "---|" * (len(names) + 1)]  # fmt: skip
    for key, part in table.groupby(["clusters", "correlation", "figure"], sort=False):
        cover = part.set_index("interval")["coverage"]
        lines.append("| " + " | ".join(map(str, key)) + " | "
                     + " | ".join(f"{cover[m]:.1%}" for m in names) + f" | {_within(cover)} |")  # fmt: skip
    return lines


def _systematic(table: pd.DataFrame) -> list[str]:
    names = list(dict.fromkeys(table["interval"]))
    lines = ["", "## Systematic samples\n",
             f"A square grid with a random start over 240 × 240 units, {REPLICATES} samples (100 maps);",
             "“reach” is the standard deviation in units of the smoothing that makes errors lie together.",
             "Successive differences count a part of the long waves as variance, which a grid does not have:",
             "the longer the reach, the wider the interval. No systematic sample has an unbiased variance.\n",
             "| units | accuracy | reach | " + " | ".join(names) + " | within 93–97 |",
             "|---|---|---|" + "---|" * (len(names) + 1)]  # fmt: skip
    for key, part in table.groupby(["n", "accuracy", "reach"]):
        cover = part.set_index("interval")["coverage"]
        lines.append("| " + " | ".join(f"{k:g}" for k in key) + " | "
                     + " | ".join(f"{cover[m]:.1%}" for m in names) + f" | {_within(cover)} |")  # fmt: skip
    return lines


def main() -> None:
    KEPT.mkdir(parents=True, exist_ok=True)
    wanted = sys.argv[1:] or [*PARTS, "report"]
    for name in wanted:
        if name == "report":
            text = report()
            (HERE / "coverage.md").write_text(text, encoding="utf-8")
            print(text)
        else:
            PARTS[name]().to_csv(KEPT / f"{name}.csv", index=False)


if __name__ == "__main__":
    main()
