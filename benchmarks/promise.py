"""In how many of 1,000 simulated counties the risk-controlled threshold misses more than it promised.

Run ``python benchmarks/promise.py``; it writes promise.md beside itself (about ten minutes on one core).
Every rule is asked through the function that notebook 05 calls, :func:`weipian_lab.tuning.promise`.

Counties of the first table have normal detection scores, so that the true share missed at a threshold is
known exactly; those of the second are drawn, block by block, from the bundled county's own detection scores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from weipian_lab import accuracy, patches, rasters, tuning, vectors
from weipian_lab.run.parameters.tuning import Tuning

COUNTIES = 1000
HERE = Path(__file__).parent
GRID = np.linspace(-4, 4, 81)
SIZES = np.array([1, 2, 4, 12])  # parcels in a block, how often, and how much better it is found
CHANCES = np.array([0.4, 0.3, 0.2, 0.1])
SHIFTS = np.array([0.4, 0.2, 0, -0.8])
PROMISES = ((0.1, 0.95), (0.1, 0.9), (0.4, 0.9))


@dataclass(frozen=True)
class County:
    """Scores of the true changes, the block of each, and the true share missed at each threshold."""

    scores: np.ndarray
    block: np.ndarray
    of_a_block: np.ndarray  # averaged over blocks that count the same
    of_parcels: np.ndarray


def even(rng: np.random.Generator, blocks: int, together: float) -> County:
    """Four parcels a block; `together` is the correlation of two parcels in one block."""
    home = np.repeat(np.arange(blocks), 4)
    mean = rng.normal(1.5, 0.3)
    shared = rng.normal(size=blocks)[home] * np.sqrt(together)
    score = mean + shared + rng.normal(size=len(home)) * np.sqrt(1 - together)
    truth = stats.norm.cdf(GRID - mean)
    return County(score, home, truth, truth)


def uneven(rng: np.random.Generator, blocks: int, together: float) -> County:
    """One to twelve parcels a block, and the fullest blocks are the ones missed most."""
    kind = rng.choice(len(SIZES), blocks, p=CHANCES)
    home = np.repeat(np.arange(blocks), SIZES[kind])
    mean = rng.normal(1.5, 0.3) + SHIFTS
    shared = rng.normal(size=blocks)[home] * np.sqrt(together)
    score = mean[kind][home] + shared + rng.normal(size=len(home)) * np.sqrt(1 - together)
    truth = stats.norm.cdf(GRID[:, None] - mean)
    weight = CHANCES * SIZES
    return County(score, home, truth @ CHANCES, truth @ (weight / weight.sum()))


def rules(
    county: County, grid: np.ndarray, rate: float, confidence: float, largest: float
) -> Iterator[tuple[str, float | None, str]]:
    """Yield rule, threshold and the truth it is held to."""
    stated = {"miss_rate": rate, "confidence": confidence}
    yield "blocks", tuning.promise(county.scores, grid, block=county.block, **stated).threshold, "of_a_block"
    counted = tuning.promise(county.scores, grid, block=county.block, largest=largest, **stated)
    yield "blocks, counted", counted.threshold, "of_parcels"
    yield "parcels", tuning.promise(county.scores, grid, **stated).threshold, "of_parcels"
    yield "conformal", tuning.conformal(county.scores, grid, miss_rate=rate).threshold, "of_parcels"
    below = (county.scores[:, None] < grid).mean(0) <= rate
    yield "sample alone", float(grid[below][-1]) if below.any() else None, "of_parcels"


def study(draw: Callable[[np.random.Generator], County], grid: np.ndarray, largest: float) -> pd.DataFrame:
    """Return, for each promise and rule, in what share of counties it was broken."""
    rng, rows = np.random.default_rng(0), []
    for _ in range(COUNTIES):
        county = draw(rng)
        for rate, confidence in PROMISES:
            for rule, threshold, held_to in rules(county, grid, rate, confidence, largest):
                at = None if threshold is None else int(np.searchsorted(grid, threshold))
                missed = np.nan if at is None else float(getattr(county, held_to)[at])
                rows.append((rate, confidence, rule, missed))
    table = pd.DataFrame(rows, columns=["rate", "confidence", "rule", "missed"])
    found = []
    for (rate, confidence, rule), part in table.groupby(["rate", "confidence", "rule"], sort=False):
        broken = int((part["missed"] > rate + 1e-12).sum())  # a county without a threshold breaks nothing
        low, high = proportion_confint(broken, COUNTIES, method="beta")
        given = part["missed"].notna().mean()
        found.append((rate, confidence, rule, broken / COUNTIES, low, high, given, part["missed"].mean()))
    names = ["rate", "confidence", "rule", "broken", "lower", "upper", "given", "missed"]
    return pd.DataFrame(found, columns=names)


def bundled() -> tuple[Callable[[np.random.Generator], County], np.ndarray, int]:
    """Return a drawer of counties from the bundled county's blocks, the thresholds, the blocks in each."""
    p = Tuning()
    pair = rasters.read_pair(p.before, p.after)
    layer = vectors.read(p.truth_path, layer="changes").frame.to_crs(pair.grid.crs)
    days = [pair.report[side]["datetime"][:10] for side in ("before", "after")]
    real = accuracy.changes_between(layer, *days)
    score = tuning.score_named(pair, p.detectors[0], p.seed)
    grid = np.array(tuning.candidate_thresholds(score, 2 * p.steps, most=0.12))
    clean_up = patches.CleanUp(closing_px=1, min_px=4, fill_px=4)
    held = tuning.detection_scores(
        score, pair.grid, real, list(grid), min_mu=p.min_mu[0], clean_up=clean_up, share=p.match_share
    )
    centre = real.set_index(real["change_id"].astype(str)).representative_point().loc[held.index]
    home, scores = tuning.blocks_of(centre.x, centre.y, p.block_m), held.to_numpy(float)
    number = int(home.max()) + 1
    below = pd.DataFrame(scores[:, None] < grid).groupby(home).mean().to_numpy()
    truth = County(scores, home, below.mean(0), (scores[:, None] < grid).mean(0))

    def draw(rng: np.random.Generator) -> County:
        chosen = rng.integers(number, size=number)
        own = [scores[home == block] for block in chosen]
        block = np.repeat(np.arange(number), [len(each) for each in own])
        return County(np.concatenate(own), block, truth.of_a_block, truth.of_parcels)

    return draw, grid, number


HEAD = "| blocks | parcels in a block | correlation | promise | rule | broken | 95 % interval | stated | counties with a threshold | mean missed |"  # noqa: E501


def lines(table: pd.DataFrame, *setting: str) -> list[str]:
    """Return the rows of a table in Markdown."""
    found = []
    for r in table.itertuples():
        stated = f"miss ≤ {r.rate:.0%}, {r.confidence:.0%} sure"
        broken = [f"{r.broken:.1%}", f"{r.lower:.1%}–{r.upper:.1%}", f"{1 - r.confidence:.0%}"]
        missed = "–" if np.isnan(r.missed) else f"{r.missed:.1%}"
        found.append("| " + " | ".join([*setting, stated, r.rule, *broken, f"{r.given:.1%}", missed]) + " |")
    return found


def main() -> None:
    """Write promise.md."""
    rows, every = [HEAD, "|" + "---|" * 10], []
    for name, maker, blocks, together in (
        ("4", even, 60, 0.0), ("4", even, 60, 0.9), ("4", even, 200, 0.0), ("4", even, 200, 0.5),
        ("4", even, 200, 0.9), ("1 to 12, full ones missed most", uneven, 200, 0.5),
    ):  # fmt: skip
        largest = 4.0 if maker is even else float(SIZES.max())
        table = study(lambda rng, m=maker, b=blocks, c=together: m(rng, b, c), GRID, largest)
        rows += lines(table, str(blocks), name, f"{together:g}")
        every.append(table.assign(together=together))
        print(rows[-15:], flush=True)
    draw, grid, number = bundled()
    own = study(draw, grid, 1e3)
    rows += lines(own[own["rule"] != "blocks, counted"], str(number), "bundled county's", "its own")
    every.append(own)
    table = pd.concat(every)
    worst = table[table["rule"].isin(["blocks", "blocks, counted"])]
    excess = (worst["broken"] - (1 - worst["confidence"])).max()
    said = {
        rule: "; ".join(
            f"{part['broken'].min():.1%} to {part['broken'].max():.1%} at {1 - c:.0%} stated"
            for c, part in table[table["rule"] == rule].groupby("confidence")
        )
        for rule in ("blocks", "parcels", "sample alone")
    }
    text = [
        "# Is the promise kept?", "",
        f"{COUNTIES:,} simulated counties for each row; made by `python benchmarks/promise.py`.",
        "", "A promise says “miss at most r, c sure”; it is broken in a county where the chosen threshold",
        "truly misses more than r. It may be broken in no more than 1 - c of the counties.", "",
        "* **blocks**: the default, `promise(block=…)`; blocks count the same, and it is held to the share",
        "  missed in a block, averaged over blocks.",
        "* **blocks, counted**: `promise(block=…, largest=…)`; held to the share of all parcels.",
        "* **parcels**: `promise()` without places; parcels are taken as independent.",
        "* **conformal**: conformal risk control, which promises the mean over counties only.",
        "* **sample alone**: the highest threshold within the limit in the sample, as is often done.", "",
        "Broken, over all rows:", "",
        f"* by blocks, the default: {said['blocks']}",
        f"  (by blocks, either way, the largest excess over what is stated is {excess:+.1%}: below 0, kept);",
        f"* by parcels: {said['parcels']};",
        "  kept where parcels are independent (correlation 0), too often broken where they hang together;",
        f"* going by the sample alone: {said['sample alone']}.",
        "", *rows, "",
        "The last rows draw counties from the blocks of the bundled county (simulated), with replacement;",
        "its own share missed is the truth. Where the safest candidate truly misses more than r, no rule",
        "that keeps its word can give a threshold, and counties with a threshold are few.", "",
    ]  # fmt: skip
    (HERE / "promise.md").write_text("\n".join(text), encoding="utf-8")
    print("\n".join(text))


if __name__ == "__main__":
    main()
