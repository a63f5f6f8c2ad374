"""Measure detectors on real, labelled pairs, by pixel and by parcel; ablation; models learnt elsewhere.

    python benchmarks/real_pairs.py --data FOLDER [--no-detectors] [--ablation] [--learnt] [--controls]
        [--out FILE]

FOLDER holds one folder a scene with ``t1.tif``, ``t2.tif`` and ``label.tif`` (1 changed, 0 unchanged, else
unlabelled); a folder with two images and no labels is a control, of which only what is flagged can be told.
All settings are the same for all scenes; labels are read only to measure. Means are given over the
Sentinel-2 scenes (ten bands or named B02…) and over the others apart.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import Geod
from scipy.ndimage import label as components
from sklearn.metrics import cohen_kappa_score, f1_score, roc_auc_score

from weipian_lab import change, classify, rasters
from weipian_lab.change.learnt import Weights
from weipian_lab.errors import ParameterError
from weipian_lab.grid import Grid
from weipian_lab.outputs import write_json

Score = NDArray[np.float32]
LEAST_PX = 20
EIGHT = np.ones((3, 3))
STEPS = (5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 16.0)  # k tried in the ablation


@dataclass
class Scene:
    """One labelled pair; `after` moved onto `before` by the measured shift."""

    name: str
    before: Score
    after: Score
    unmoved: Score
    valid: NDArray[np.bool_]
    label: NDArray[np.uint8]
    bands: tuple[str, ...] | None
    aspect: float
    pixel_m2: float
    grid: Grid

    @property
    def sentinel(self) -> bool:
        """Whether it has Sentinel-2's bands."""
        return len(self.before) >= 10

    @property
    def known(self) -> NDArray[np.bool_]:
        """Where a figure can be taken."""
        return self.valid & (self.label <= 1)


def images(folder: Path) -> list[Path]:
    """Images of a folder in the order of their names, without the labels."""
    return sorted(path for path in folder.glob("*.tif") if path.name != "label.tif")


def read_scene(folder: Path) -> Scene:
    before, after = images(folder)
    pair = rasters.read_pair(before, after, scale=1.0, offset=0.0)
    plane = np.full(pair.valid.shape, 255, np.uint8)
    if (folder / "label.tif").is_file():
        label = rasters.read(folder / "label.tif", scale=1.0, offset=0.0)
        rows, cols = (min(a, b) for a, b in zip(plane.shape, label.data.shape[1:], strict=True))
        plane[:rows, :cols] = np.where(label.valid, label.data[0], 255)[:rows, :cols].astype(np.uint8)
    bands = tuple(pair.bands) if pair.bands else None
    if bands and not change.band_roles(len(bands), bands):
        bands = None
    shift = change.measure_shift(pair.before, pair.after, pair.valid, bands=bands)
    after, valid = pair.after, pair.valid
    if shift.reliable and 0.05 < shift.distance_px <= 3:
        after = change.resample(np.where(valid, pair.after, np.nan), shift)
        valid = valid & np.isfinite(after).all(axis=0)
    width, height = ground_pixel(pair.grid)
    return Scene(
        folder.name,
        pair.before,
        after,
        pair.after,
        valid,
        plane,
        bands,
        height / width,
        height * width,
        pair.grid,
    )


def ground_pixel(grid: Grid) -> tuple[float, float]:
    """Width and height of the middle pixel in metres."""
    t = grid.transform
    if not grid.is_geographic:
        return abs(t.a), abs(t.e)
    x, y = t @ (grid.shape[1] / 2, grid.shape[0] / 2)
    geod = Geod(ellps="WGS84")
    return geod.inv(x, y, x + 100 * t.a, y)[2] / 100, geod.inv(x, y, x, y + 100 * t.e)[2] / 100


# --- from score to map -------------------------------------------------------------------------------------


def hysteresis(score: Score, low: float, strong: float, least_px: int = LEAST_PX) -> NDArray[np.bool_]:
    """Components (eight neighbours) of at least `least_px` pixels that reach `strong`."""
    numbers, n = components(score >= low, EIGHT)
    if n == 0:
        return numbers > 0
    keep = np.bincount(numbers.ravel(), minlength=n + 1) >= least_px
    reached = np.zeros(n + 1, bool)
    reached[np.unique(numbers[score >= strong])] = True
    keep &= reached
    keep[0] = False
    return keep[numbers]


def usual(method: str, **over: Any) -> Callable[[Score, Scene], NDArray[np.bool_]]:
    """Return the usual rule of a method, without clean-up for the classical ones."""

    def flag(score: Score, scene: Scene) -> NDArray[np.bool_]:
        options = {**change.USUAL_RULES[method], **over}
        if options["rule"] == "chi2":
            options = {"rule": "chi2", "alpha": over["alpha"], "df": len(scene.before)}
        found = change.threshold(score, valid=scene.valid, **options)
        filled = np.nan_to_num(score, nan=-np.inf)
        if options.get("hysteresis"):
            return hysteresis(filled, found.value, found.strong)
        return filled >= found.value

    return flag


def budget(share: float) -> Callable[[Score, Scene], NDArray[np.bool_]]:
    def flag(score: Score, scene: Scene) -> NDArray[np.bool_]:
        found = change.threshold(score, "top_share", valid=scene.valid, share=share, hysteresis=1.3)
        return hysteresis(np.nan_to_num(score, nan=-np.inf), found.value, found.strong)

    return flag


# --- figures -----------------------------------------------------------------------------------------------


def figures(scene: Scene, score: Score, flagged: NDArray[np.bool_]) -> dict[str, float]:
    known = scene.known
    truth, said = scene.label[known] == 1, flagged[known]
    return {
        "kappa": cohen_kappa_score(truth, said) if said.any() else 0.0,
        "f1": f1_score(truth, said),
        "auc": roc_auc_score(truth, score[known]),
        "flagged": float(said.mean()),
        **parcel_figures(scene, flagged),
    }


def parcel_figures(scene: Scene, flagged: NDArray[np.bool_]) -> dict[str, float]:
    """Share of label parcels of 5 px or more that are hit, and of flagged parcels that touch no label."""
    truth, n_truth = components((scene.label == 1) & scene.valid, EIGHT)
    said, n_said = components(flagged & scene.known, EIGHT)
    sizes = np.bincount(truth.ravel(), minlength=n_truth + 1)[1:]
    hit = np.isin(np.arange(1, n_truth + 1), truth[flagged])[sizes >= 5]
    real = np.isin(np.arange(1, n_said + 1), said[scene.label == 1])
    km2 = scene.known.sum() * scene.pixel_m2 / 1e6
    return {
        "hit": float(hit.mean()) if len(hit) else float("nan"),
        "parcels": float(n_said),
        "false_share": float(1 - real.mean()) if n_said else 0.0,
        "false_per_km2": float((~real).sum() / km2),
    }


Method = tuple[Callable[[Scene], Score], Callable[[Score, Scene], NDArray[np.bool_]]]


def scored(method: str, *, moved: bool = True, **options: Any) -> Callable[[Scene], Score]:
    def run(scene: Scene) -> Score:
        own = dict(options)
        if method in ("cross_residual", "construction", "any_change", "learnt"):
            own |= {"pixel_aspect": scene.aspect, "bands": scene.bands, "register": False}
        elif method == "ndvi":
            own["bands"] = scene.bands
        after = scene.after if moved else scene.unmoved
        return change.score(scene.before, after, method, scene.valid, **own)

    return run


def methods() -> dict[str, Method]:
    """Classical ones as they are used: no registration, no smoothing, no clean-up."""
    raw = {"moved": False}
    ours, mad, irmad, std = (
        scored("construction"),
        scored("mad", **raw),
        scored("irmad", **raw),
        scored("cva_std", **raw),
    )
    return {
        "CVA, Otsu": (scored("cva", **raw), usual("cva", clip=1.0)),
        "CVA standardised, Otsu": (std, usual("cva_std", clip=1.0)),
        "CVA standardised, Otsu clipped": (std, usual("cva_std")),
        "PCA-k-means": (scored("pca_kmeans", **raw), usual("pca_kmeans")),
        "MAD, k-means": (mad, usual("mad")),
        "MAD, chi-square p < .01": (mad, usual("mad", rule="chi2", alpha=0.01)),
        "IR-MAD, k-means": (irmad, usual("irmad")),
        "IR-MAD, chi-square p < .01": (irmad, usual("irmad", rule="chi2", alpha=0.01)),
        "SFA, k-means": (scored("sfa", **raw), usual("sfa")),
        "ISFA, k-means": (scored("isfa", **raw), usual("isfa")),
        "NDVI difference, Otsu": (scored("ndvi", **raw), usual("index")),
        "cross_residual": (scored("cross_residual"), usual("cross_residual")),
        "construction": (ours, usual("construction")),
        "construction, budget 2.5 %": (ours, budget(0.025)),
        "any_change": (scored("any_change"), usual("any_change")),
    }


def ablation() -> dict[str, Method]:
    """Return the construction preset with one part changed at a time, its rule kept."""
    parts: dict[str, dict[str, Any]] = {
        "full": {},
        "not registered": {"moved": False},
        "each band on itself": {"cross_band": False},
        "one direction": {"both_directions": False},
        "all bands' residuals": {"residual_bands": "all"},
        "no tolerance": {"tolerance": 0.0},
        "hardly smoothed (0.5 px)": {"sigma_px": 0.5},
        "one scale (2 px)": {"sigma_px": 2.0},
        "no gradient term": {"gradient_power": 0.0},
        "no texture term": {"texture_power": 0.0},
        "no cover groups": {"cluster_power": 0.0},
        "no background taken off": {"background_share": 0.0},
        "neither groups nor background": {"cluster_power": 0.0, "background_share": 0.0},
        "square pixels assumed": {},
    }
    found = {name: (scored("construction", **o), usual("construction")) for name, o in parts.items()}

    def square(scene: Scene) -> Score:
        return change.score(
            scene.before, scene.after, "construction", scene.valid, register=False, bands=scene.bands
        )

    found["square pixels assumed"] = (square, usual("construction"))
    found["cross_residual"] = (scored("cross_residual"), usual("cross_residual"))
    return found


def kappa_by_k(scene: Scene, score: Score) -> list[float]:
    """Kappa with median + k MAD and the clean-up of `construction`, at each of `STEPS`."""
    filled, truth = np.nan_to_num(score, nan=-np.inf), scene.label[scene.known] == 1
    found = []
    for k in STEPS:
        step = change.threshold(score, "null_fit", valid=scene.valid, k=k, hysteresis=1.3)
        found.append(cohen_kappa_score(truth, hysteresis(filled, step.value, step.strong)[scene.known]))
    return found


def with_k_left_out(table: pd.DataFrame) -> pd.DataFrame:
    """Replace the column `by_k` by kappa with the k that is best on the other scenes, and by the best k."""
    found = []
    for _, part in table.groupby("method", sort=False):
        kappas = np.stack(part["by_k"].to_list())
        others = (kappas.sum(axis=0) - kappas).argmax(axis=1)
        best = kappas.mean(axis=0).argmax()
        own = part.assign(left_out=kappas[np.arange(len(kappas)), others])
        found.append(own.assign(best_k=STEPS[best], at_best_k=kappas[:, best]))
    return pd.concat(found).drop(columns="by_k")


def evaluate(scenes: Iterable[Scene], wanted: dict[str, Method], *, by_k: bool = False) -> pd.DataFrame:
    rows = []
    for scene in scenes:
        known: dict[Callable[[Scene], Score], Score] = {}
        for name, (run, flag) in wanted.items():
            score = known.setdefault(run, run(scene)) if run not in known else known[run]
            rows.append({"method": name, "scene": scene.name, "sentinel": scene.sentinel,
                         **figures(scene, score, flag(score, scene)),
                         **({"by_k": kappa_by_k(scene, score)} if by_k else {})})  # fmt: skip
        print(f"{scene.name} done", file=sys.stderr, flush=True)
    table = pd.DataFrame(rows)
    return with_k_left_out(table) if by_k else table


def controls(scenes: Iterable[Scene], wanted: dict[str, Method]) -> pd.DataFrame:
    """Share of the valid pixels and number of patches flagged in pairs without labels."""
    rows = []
    for scene in scenes:
        for name, (run, flag) in wanted.items():
            try:
                flagged = flag(run(scene), scene) & scene.valid
            except ParameterError as error:  # its bands are not there
                print(f"{scene.name}, {name}: {error}", file=sys.stderr)
                continue
            rows.append({"method": name, "scene": scene.name, "flagged": flagged[scene.valid].mean(),
                         "patches": components(flagged, EIGHT)[1]})  # fmt: skip
    return pd.DataFrame(rows)


def report(table: pd.DataFrame, title: str) -> None:
    order = list(dict.fromkeys(table["method"]))
    for sentinel, part in table.groupby("sentinel", sort=False):
        kind = f"{part.scene.nunique()} {'Sentinel-2' if sentinel else 'other'} scene(s)"
        print(f"\n## {title}: means over {kind}")
        means = part.drop(columns=["scene", "sentinel"]).groupby("method").mean().loc[order]
        print(means.round(3).to_string())
        by_scene = part.pivot(index="method", columns="scene", values="kappa").loc[order]
        print(f"\nkappa by scene\n{by_scene.round(2).to_string()}")


# --- learnt on other scenes --------------------------------------------------------------------------------


def row(method: str, scene: Scene, score: Score, step: float) -> dict[str, Any]:
    flagged = hysteresis(np.nan_to_num(score, nan=-1), step, step)
    return {"method": method, "scene": scene.name, "sentinel": scene.sentinel,
            **figures(scene, score, flagged)}  # fmt: skip


def labelled(s: Scene) -> classify.LabelledPair:
    return classify.LabelledPair(s.before, s.after, s.label, s.valid, s.bands, s.aspect)


def learnt(scenes: list[Scene]) -> pd.DataFrame:
    """Leave one scene out; the threshold comes from leaving one of the others out in turn.

    Beside it the same without the anchor (the eight planes alone), and the detector as it ships: the same
    model trained on the simulated county, its threshold too.
    """
    scorer = classify.PixelScorer()
    cubes = {s.name: scorer.planes(labelled(s)) for s in scenes}
    samples = {s.name: scorer.sample(labelled(s), cubes[s.name]) for s in scenes}
    shipped = Weights.read()
    rows = [
        row("learnt as it ships (simulated county)", s, scored("learnt")(s), shipped.threshold)
        for s in scenes
    ]
    for name, anchored in (("learnt on the others", True), ("the same, eight planes alone", False)):
        models = {
            frozenset((s.name, o.name)): classify.PixelScorer(anchored=anchored).fit_samples(
                [sample for left, sample in samples.items() if left not in (s.name, o.name)]
            )
            for s in scenes
            for o in scenes
        }
        for s in scenes:
            inner = [
                (models[frozenset((s.name, o.name))].score_features(*cubes[o.name], o.aspect), o.label)
                for o in scenes
                if o is not s
            ]
            score = models[frozenset((s.name,))].score_features(*cubes[s.name], s.aspect)
            rows.append(row(name, s, score, classify.best_threshold(inner)))
        print(f"{name}: done", file=sys.stderr, flush=True)
    return pd.DataFrame(rows)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--no-detectors", action="store_true", help="leave out the table of all detectors")
    parser.add_argument("--ablation", action="store_true")
    parser.add_argument("--learnt", action="store_true")
    parser.add_argument("--controls", action="store_true", help="also what is flagged without labels")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    folders = sorted(p for p in arguments.data.iterdir() if (p / "label.tif").is_file())
    scenes = [read_scene(folder) for folder in folders]
    tables = {}
    if not arguments.no_detectors:
        tables["detectors with their usual rules"] = evaluate(scenes, methods())
    if arguments.ablation:
        tables["ablation of construction"] = evaluate(
            [s for s in scenes if s.sentinel], ablation(), by_k=True
        )
    if arguments.learnt:
        tables["learnt, one scene left out"] = learnt([s for s in scenes if s.sentinel])
    for title, table in tables.items():
        report(table, title)
    if arguments.controls:
        unlabelled = [p for p in sorted(arguments.data.iterdir()) if p not in folders and len(images(p)) == 2]
        tables["controls"] = controls(map(read_scene, unlabelled), methods())
        print(f"\n## controls, no labels\n{tables['controls'].round(4).to_string(index=False)}")
    if arguments.out:
        write_json(arguments.out, tables)


if __name__ == "__main__":
    main()
