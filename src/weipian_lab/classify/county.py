"""Labelled pairs of the simulated county: the training data that may be given away."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from weipian_lab import rasters, vectors
from weipian_lab.classify.pixels import LabelledPair

__all__ = ["COUNTY_DATES", "county_pairs"]

# same season, and spring to autumn; the other dates are clouded or lack their offset on purpose
COUNTY_DATES = (("20230718", "20240717"), ("20240423", "20241015"))


def county_pairs(folder: Path | str) -> list[LabelledPair]:
    """Return the pairs of the bundled, simulated county with its changes as labels.

    A model learnt on them may be shipped, as one learnt on labels under a non-commercial licence may not. It
    is trained where it is needed, so that no pickled model must be trusted or kept in step with
    scikit-learn. It has seen the county's truth: figures taken on the county itself mean nothing.

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
