"""A tuned decision on several evidences at once, by scikit-learn's own means."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import GroupKFold, TunedThresholdClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from weipian_lab.errors import SchemaError

__all__ = ["tuned_classifier"]


def tuned_classifier(
    evidence: ArrayLike,
    real: ArrayLike,
    blocks: ArrayLike,
    *,
    cost_of_visit: float,
    cost_of_miss: float,
    seed: int = 0,
    folds: int = 4,
) -> TunedThresholdClassifierCV:
    """Return a logistic model of patch evidence, its threshold of least cost over blocked folds.

    Parameters
    ----------
    evidence
        (patches, features), finite.
    real
        (patches,) bool: verified as a true change.
    blocks
        (patches,) spatial block; a block is in one fold only.
    cost_of_visit, cost_of_miss
        Cost of sending out a patch, of leaving out a real one.

    Raises
    ------
    SchemaError
        No positives, no negatives, or fewer blocks than two.
    """
    x, y = np.asarray(evidence, float), np.asarray(real, bool)
    groups = np.asarray(blocks)
    if y.all() or not y.any():
        raise SchemaError("tuning.one_kind", real=int(y.sum()), false=int((~y).sum()))
    number = min(folds, len(np.unique(groups)))
    if number < 2:
        raise SchemaError("tuning.one_block", number=number)

    def saved(truth: NDArray[np.bool_], sent: NDArray[np.bool_]) -> float:
        truth, sent = np.asarray(truth, bool), np.asarray(sent, bool)
        return -(cost_of_visit * float(sent.sum()) + cost_of_miss * float((truth & ~sent).sum()))

    splits = [
        (a, b)
        for a, b in GroupKFold(number, shuffle=True, random_state=seed).split(x, y, groups)
        if y[a].any() and not y[a].all()
    ]
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    tuned = TunedThresholdClassifierCV(model, scoring=make_scorer(saved), cv=splits, refit=True)
    return tuned.fit(x, y)
