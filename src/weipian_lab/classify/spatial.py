"""Validation that keeps neighbours together: what is near is alike, and would vouch for itself."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import clone
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut

from weipian_lab.errors import CRSError, InputError, ParameterError

__all__ = ["false_at_recall", "out_of_fold", "spatial_groups"]


def spatial_groups(patches: gpd.GeoDataFrame, block_m: float = 2_000.0) -> NDArray[np.int64]:
    """Return the square block of `block_m` metres that each patch's middle lies in, as numbers from 0.

    Raises
    ------
    CRSError
        If the patches have no CRS or one in degrees.
    """
    if not block_m > 0:
        raise ParameterError("errors.not_positive", name="block_m", value=block_m)
    if patches.crs is None or patches.crs.is_geographic:
        raise CRSError("classify.not_metric", crs=str(patches.crs))
    middle = patches.geometry.centroid
    cells = np.floor(np.column_stack([middle.x, middle.y]) / block_m).astype(np.int64)
    _, numbers = np.unique(cells, axis=0, return_inverse=True)
    return np.asarray(numbers, np.int64).ravel()


def out_of_fold(
    estimator: Any, X: pd.DataFrame, y: ArrayLike, groups: ArrayLike, *, folds: int | None = None
) -> NDArray[np.float64]:
    """Return for each patch the probability given by a model that has not seen its group.

    Parameters
    ----------
    estimator
        A classifier; it is cloned for each fold.
    X, y, groups
        Evidence, labels, and what is to be kept together (cities, blocks).
    folds
        None leaves out one group at a time, else that many folds of whole groups.

    Raises
    ------
    InputError
        If there are fewer than two groups, or a fold's training part lacks a class.
    """
    labels, places = np.asarray(y), np.asarray(groups)
    n_groups = len(np.unique(places))
    if n_groups < 2:
        raise InputError("classify.few_groups", found=n_groups)
    splitter = LeaveOneGroupOut() if folds is None else GroupKFold(min(folds, n_groups))
    found = np.full(len(labels), np.nan)
    for train, test in splitter.split(X, labels, places):
        if len(np.unique(labels[train])) < 2:
            raise InputError("classify.one_class", found=str(labels[train][0]))
        part = X.iloc[train]
        part.attrs = dict(X.attrs)
        fitted = clone(estimator).fit(part, labels[train], groups=places[train])
        rest = X.iloc[test]
        rest.attrs = dict(X.attrs)
        found[test] = fitted.predict_proba(rest)[:, 1]
    return found


def false_at_recall(is_real: ArrayLike, score: ArrayLike, recall: float) -> tuple[int, float]:
    """Return how many false patches must be looked at for `recall` of the real ones to be among them.

    Parameters
    ----------
    is_real
        bool ``(patch,)``.
    score
        Larger is looked at first.
    recall
        Share of the real patches, over 0 up to 1.

    Returns
    -------
    (count, threshold)
        False patches with a score of at least the threshold.
    """
    real, values = np.asarray(is_real, bool), np.asarray(score, float)
    if not 0 < recall <= 1:
        raise ParameterError("classify.recall", value=recall)
    if not real.any():
        raise InputError("classify.one_class", found="False")
    needed = int(np.ceil(recall * real.sum() - 1e-9))
    threshold = float(np.sort(values[real])[::-1][needed - 1])
    return int((values[~real] >= threshold).sum()), threshold
