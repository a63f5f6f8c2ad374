"""Scores and clean-ups by name, candidate thresholds that no label has touched."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from weipian_lab import change
from weipian_lab.errors import ParameterError
from weipian_lab.patches import CleanUp
from weipian_lab.rasters import ImagePair

__all__ = ["CLEAN_UPS", "candidate_thresholds", "clean_ups", "score_named", "split_name"]

CLEAN_UPS: dict[str, CleanUp] = {
    "sieve": CleanUp(min_px=20, fill_px=4),
    "close": CleanUp(closing_px=1, min_px=4, fill_px=4),
    "open_close": CleanUp(opening_px=1, closing_px=1, min_px=4, fill_px=4),
    "close_open": CleanUp(opening_px=1, closing_px=1, order="close_open", min_px=4, fill_px=4),
    "open_sieve": CleanUp(opening_px=1, min_px=20, fill_px=4),
}
"""Clean-ups compared, each a sequence of steps: sieve alone (what 01 does by default), closing, and so on."""


def clean_ups(names: Sequence[str]) -> dict[str, CleanUp]:
    """Return clean-ups by name.

    Raises
    ------
    ParameterError
        A name that is none of :data:`CLEAN_UPS`.
    """
    for name in names:
        if name not in CLEAN_UPS:
            choices = ", ".join(CLEAN_UPS)
            raise ParameterError("errors.bad_choice", name="clean_ups", value=name, choices=choices)
    return {name: CLEAN_UPS[name] for name in names}


def split_name(name: str) -> tuple[str, list[str]]:
    """Return detector and bands of ``"mad"`` (all bands, []) or ``"mad@B04,B08,B11"``."""
    method, _, bands = name.partition("@")
    return method.strip(), [band.strip() for band in bands.split(",") if band.strip()]


def score_named(
    pair: ImagePair, name: str, seed: int = 0, *, register: bool | None = None
) -> NDArray[np.float32]:
    """Return the change score ``(row, col)`` of a pair by a detector on all or some of its bands.

    Parameters
    ----------
    pair, name, seed
        Images, ``detector`` or ``detector@band,band``, seed of the detector.
    register
        As :func:`weipian_lab.change.score`: False for a pair whose shift is taken out already.

    Raises
    ------
    ParameterError
        Unknown detector, or a band that the pair lacks.
    """
    method, bands = split_name(name)
    lacking = [band for band in bands if band not in pair.bands]
    if lacking:
        raise ParameterError(
            "errors.bad_choice", name="bands", value=", ".join(lacking), choices=", ".join(pair.bands)
        )
    rows = [pair.bands.index(band) for band in bands] or list(range(len(pair.bands)))
    return change.score(pair.before[rows], pair.after[rows], method, pair.valid, seed, register=register)


def candidate_thresholds(
    score: NDArray[np.float32], steps: int, *, most: float = 0.06, least: float = 0.002
) -> list[float]:
    """Return thresholds that flag from `most` down to `least` of the pixels, in even steps of its logarithm.

    They depend on the score alone; thresholds picked with a look at the labels would void a promise.
    They have five digits, so that none is the very score of a pixel: a score computed block by block, which
    may differ in its seventh digit, flags the same pixels.
    """
    shares = np.geomspace(most, least, steps)
    return sorted({float(f"{v:.5g}") for v in np.nanquantile(score, 1 - shares)})
