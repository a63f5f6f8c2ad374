"""Agreement of several detectors as a confidence."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from weipian_lab.change.pixels import Float
from weipian_lab.change.thresholds import Threshold
from weipian_lab.errors import GridError, InputError

__all__ = ["agreement"]


def agreement(scores: Mapping[str, ArrayLike], thresholds: Mapping[str, Threshold]) -> Float:
    """Return the share of detectors whose score reaches its own threshold, 0–1.

    A share of votes, not a probability: detectors that look at the same bands err together. 1 says that
    the choice of the detector does not matter at this pixel.

    Parameters
    ----------
    scores
        ``{method: (row, col)}``, NaN where not valid.
    thresholds
        One for each method.

    Returns
    -------
    float32 ``(row, col)``; NaN where any score is.

    Raises
    ------
    InputError
        If there is no score or a threshold is missing.
    GridError
        If shapes differ.

    Examples
    --------
    >>> from weipian_lab.change import Threshold
    >>> at = Threshold(1.0, "fixed", 1.0)
    >>> agreement({"a": [[0.5, 2.0]], "b": [[1.0, 3.0]]}, {"a": at, "b": at}).tolist()
    [[0.5, 1.0]]
    """
    if not scores or any(name not in thresholds for name in scores):
        raise InputError(
            "change.agreement", scores=", ".join(scores) or "-", thresholds=", ".join(thresholds) or "-"
        )
    planes = {name: np.asarray(score, np.float32) for name, score in scores.items()}
    shapes = {plane.shape for plane in planes.values()}
    if len(shapes) > 1:
        before, after, *_ = sorted(shapes)
        raise GridError("change.shapes_differ", before=before, after=after)
    votes = np.stack([thresholds[name].apply(plane) for name, plane in planes.items()])
    known = np.stack([np.isfinite(plane) for plane in planes.values()]).all(axis=0)
    share: Float = np.where(known, votes.mean(axis=0), np.nan).astype(np.float32)
    return share
