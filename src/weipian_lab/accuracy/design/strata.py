"""Strata from score and land class, the part below the threshold among them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from weipian_lab.accuracy.checks import as_float
from weipian_lab.errors import ParameterError

__all__ = ["score_strata"]


def score_strata(
    score: ArrayLike,
    threshold: float,
    *,
    below: Sequence[float] = (0.5,),
    above: Sequence[float] = (),
    land: Sequence[object] | None = None,
) -> pd.Series:
    """Return a stratum label for each unit from its score and, if given, its land class.

    Without units below the threshold nobody learns what was missed, so recall cannot be estimated;
    that is why the part below is a stratum here, cut again since most misses lie near the threshold.

    Parameters
    ----------
    score
        (n,) any scale, greater is more change; NaN is a stratum ``no score``.
    threshold
        Units at or above it are announced.
    below, above
        Further cuts as shares of the threshold (below, 0-1) and multiples of it (above, > 1).
    land
        (n,) land class or group.

    Returns
    -------
    Series of str
        ``above``, ``below``, with a number where there are further cuts (1 lowest), then the land class.

    Raises
    ------
    ParameterError
        Threshold not finite or not positive, a cut on the wrong side.
    """
    values = _scores(score, land)
    threshold = as_float("threshold", threshold)
    below, above = (np.atleast_1d(cuts).tolist() for cuts in (below, above))
    if not threshold > 0:
        raise ParameterError("errors.not_positive", name="threshold", value=threshold)
    if any(not 0 < cut < 1 for cut in below) or any(not cut > 1 for cut in above):
        raise ParameterError("accuracy.bad_cuts", below=list(below), above=list(above))
    low, high = (np.sort(np.array(cuts, float)) * threshold for cuts in (below, above))
    rank_low, rank_high = (np.searchsorted(cuts, values, side="right") + 1 for cuts in (low, high))
    name_low = [f"below {k}" if len(low) else "below" for k in rank_low]
    name_high = [f"above {k}" if len(high) else "above" for k in rank_high]
    names = np.where(values >= threshold, name_high, name_low)
    names = np.where(np.isnan(values), "no score", names)
    series = pd.Series(names, dtype=object, name="stratum")
    return series if land is None else series + " · " + pd.Series([str(c) for c in land], dtype=object)


def _scores(score: ArrayLike, land: Sequence[object] | None) -> NDArray[np.float64]:
    try:
        values = np.asarray(score, float)
    except (TypeError, ValueError):
        values = np.empty((0, 0))
    if values.ndim != 1 or (land is not None and len(land) != len(values)):
        number = "–" if land is None else len(land)
        raise ParameterError("accuracy.bad_scores", scores=values.shape, land=number)
    return values
