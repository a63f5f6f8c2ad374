"""Labelled pairs of the simulated county: the training data that may be given away."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import weipian_lab
from weipian_lab import rasters, vectors
from weipian_lab.change.learnt import Weights
from weipian_lab.classify.pixels import LabelledPair, PixelScorer, best_threshold
from weipian_lab.outputs import sha256

__all__ = ["COUNTY_DATES", "county_pairs", "train_on_county"]

# same season, and spring to autumn; the other dates are clouded or lack their offset on purpose
COUNTY_DATES = (("20230718", "20240717"), ("20240423", "20241015"))


def county_pairs(folder: Path | str) -> list[LabelledPair]:
    """Return the pairs of the bundled, simulated county with its changes as labels.

    A model learnt on them may be shipped, as one learnt on labels under a non-commercial licence may not;
    it has seen the county's truth, so that its figures on the county itself mean nothing.

    Parameters
    ----------
    folder
        ``data/small``, or another folder that ``weipian simulate`` wrote.

    Returns
    -------
    list of LabelledPair
        One for each of `COUNTY_DATES`. 1 where a true change of land use began between the dates, 255 where
        one that began before the first date was not finished by then, 0 elsewhere: crops and the other
        pseudo-changes are unchanged.

    Raises
    ------
    InputError
        If an image or the truth is missing or cannot be read.
    """
    folder = Path(folder)
    frame = vectors.read(folder / "truth" / "changes.gpkg").frame
    frame = frame[frame["is_true"].astype(bool)]
    start, end = frame["date_start"].astype(str), frame["date_end"].astype(str)
    pairs = []
    for first, second in COUNTY_DATES:
        images = [folder / "images" / f"S2SIM_{date}.tif" for date in (first, second)]
        masks = [folder / "images" / f"S2SIM_{date}_SCL.tif" for date in (first, second)]
        pair = rasters.read_pair(images[0], images[1], masks=(masks[0], masks[1]))
        label = np.zeros(pair.valid.shape, np.uint8)
        begun = frame.geometry[(start <= first) & (end > first)]
        label[rasters.burn(begun.to_crs(pair.grid.crs), pair.grid)] = 255
        within = frame.geometry[(start > first) & (start <= second)]
        label[rasters.burn(within.to_crs(pair.grid.crs), pair.grid)] = 1
        pairs.append(LabelledPair(pair.before, pair.after, label, pair.valid, pair.bands))
    return pairs


def train_on_county(folder: Path | str, *, random_state: int = 0) -> Weights:
    """Return weights for the detector ``learnt``, learnt on the simulated county; takes a minute.

    Parameters
    ----------
    folder
        As :func:`county_pairs`.
    random_state
        Seed.
    """
    pairs = county_pairs(folder)
    scorer = PixelScorer(random_state=random_state)
    planes = [scorer.planes(pair) for pair in pairs]
    scorer.fit_samples([scorer.sample(pair, own) for pair, own in zip(pairs, planes, strict=True)])
    scores = [scorer.score_features(*own) for own in planes]
    sums = Path(folder) / "SHA256SUMS"
    if not sums.is_file():
        sums = Path(folder).parent / "SHA256SUMS"
    provenance = {
        "trained_on": "simulated county of weipian-lab",
        "simulated": True,
        "data_sha256sums": sha256(sums) if sums.is_file() else None,
        "date_pairs": [list(dates) for dates in COUNTY_DATES],
        "random_state": random_state,
        "weipian_lab": weipian_lab.__version__,
    }
    threshold = best_threshold([(score, pair.label) for score, pair in zip(scores, pairs, strict=True)])
    return scorer.weights(threshold, provenance)
