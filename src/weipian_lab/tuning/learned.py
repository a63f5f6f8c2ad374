"""A tuned decision on several evidences at once, by scikit-learn's own means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import make_scorer
from sklearn.model_selection import GroupKFold, TunedThresholdClassifierCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from weipian_lab.errors import SchemaError
from weipian_lab.text import t

__all__ = ["Learnt", "compare_rules", "evidence_of", "learn", "tuned_classifier"]


@dataclass(frozen=True)
class Learnt:
    """What was learnt from patches whose truth is known.

    Attributes
    ----------
    probability
        Probability threshold of least cost; None where nothing could be learnt.
    rules
        As :func:`compare_rules`; None where nothing could be learnt.
    statement
        Either in words: how many patches and which threshold, or why nothing could be learnt.
    """

    probability: float | None
    rules: pd.DataFrame | None
    statement: str


def evidence_of(patches: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Return (patches, 4) evidence: mean and highest score, logarithm of the area, compactness (0-1)."""
    area, length = patches.geometry.area.to_numpy(), patches.geometry.length.to_numpy()
    columns = [patches["score_mean"], patches["score_max"], np.log(area), 4 * np.pi * area / length**2]
    return np.column_stack([np.asarray(column, float) for column in columns])


def learn(
    patches: gpd.GeoDataFrame,
    real: ArrayLike,
    blocks: ArrayLike,
    *,
    cost_of_visit: float,
    cost_of_miss: float,
    seed: int = 0,
) -> Learnt:
    """Tune a rule on score, area and shape of patches, and hold it against the score alone.

    Where the patches cannot teach anything (real ones only, false ones only, all in one block), that is said
    and nothing is learnt.

    Parameters
    ----------
    patches
        With score_mean, score_max and geometry.
    real, blocks, cost_of_visit, cost_of_miss
        As :func:`tuned_classifier`.
    """
    options: dict[str, Any] = {"cost_of_visit": cost_of_visit, "cost_of_miss": cost_of_miss, "seed": seed}
    evidence = evidence_of(patches)
    try:
        rules = compare_rules(patches["score_max"], evidence, real, blocks, **options)
        model = tuned_classifier(evidence, real, blocks, **options)
    except SchemaError as error:
        return Learnt(None, None, t("tuning.not_learned", reason=str(error)))
    chance = float(model.best_threshold_)
    return Learnt(chance, rules, t("tuning.learned", patches=len(patches), probability=f"{chance:.2f}"))


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
        No positives, no negatives, fewer blocks than two, or all of one kind in a single fold.
    """
    x, y = np.asarray(evidence, float), np.asarray(real, bool)
    groups = np.asarray(blocks)
    if y.all() or not y.any():
        raise SchemaError("tuning.one_kind", real=int(y.sum()), false=int((~y).sum()))
    held = _blocked(groups, folds, seed)

    def saved(truth: NDArray[np.bool_], sent: NDArray[np.bool_]) -> float:
        truth, sent = np.asarray(truth, bool), np.asarray(sent, bool)
        return -(cost_of_visit * float(sent.sum()) + cost_of_miss * float((truth & ~sent).sum()))

    splits = [(a, b) for a, b in held.split(x, y, groups) if y[a].any() and not y[a].all()]
    if not splits:
        raise SchemaError("tuning.one_kind_left", real=int(y.sum()), false=int((~y).sum()))
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    tuned = TunedThresholdClassifierCV(model, scoring=make_scorer(saved), cv=splits, refit=True)
    return tuned.fit(x, y)


def compare_rules(
    score: ArrayLike,
    evidence: ArrayLike,
    real: ArrayLike,
    blocks: ArrayLike,
    *,
    cost_of_visit: float,
    cost_of_miss: float,
    seed: int = 0,
    folds: int = 4,
) -> pd.DataFrame:
    """Return what sending by score alone and by the learnt rule costs where neither was tuned.

    Each fold of blocks is judged by rules tuned on the other folds.

    Parameters
    ----------
    score
        (patches,) highest score; sent from the threshold of least cost on.
    evidence, real, blocks, cost_of_visit, cost_of_miss
        As :func:`tuned_classifier`.

    Returns
    -------
    DataFrame
        Index ``all`` (every candidate is sent), ``score``, ``learnt``; columns sent, right, lost (real ones
        left out), cost.

    Raises
    ------
    SchemaError
        As :func:`tuned_classifier`, also where the other folds of a fold hold one kind only.
    """
    x, y = np.asarray(evidence, float), np.asarray(real, bool)
    one, groups = np.asarray(score, float), np.asarray(blocks)
    costs = {"cost_of_visit": cost_of_visit, "cost_of_miss": cost_of_miss}
    sent = {"all": np.ones(len(y), bool), "score": np.zeros(len(y), bool), "learnt": np.zeros(len(y), bool)}
    for rest, held in _blocked(groups, folds, seed).split(x, y, groups):
        model = tuned_classifier(x[rest], y[rest], groups[rest], seed=seed, folds=folds, **costs)
        sent["learnt"][held] = model.predict(x[held])
        sent["score"][held] = one[held] >= _cheapest(one[rest], y[rest], **costs)
    rows = {
        name: {
            "sent": int(out.sum()),
            "right": int((out & y).sum()),
            "lost": int((~out & y).sum()),
            "cost": float(cost_of_visit * out.sum() + cost_of_miss * (~out & y).sum()),
        }
        for name, out in sent.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("rule")


def _blocked(groups: NDArray[Any], folds: int, seed: int) -> GroupKFold:
    """Return folds that keep blocks whole, fewer where there are fewer blocks; one block cannot be split."""
    number = min(folds, len(np.unique(groups)))
    if number < 2:
        raise SchemaError("tuning.one_block", number=number)
    return GroupKFold(number, shuffle=True, random_state=seed)


def _cheapest(
    score: NDArray[np.float64], real: NDArray[np.bool_], *, cost_of_visit: float, cost_of_miss: float
) -> float:
    """Return the threshold of least cost on a score alone; infinity where sending nothing is cheapest."""
    order = np.argsort(-score, kind="stable")
    ranked, hits = score[order], real[order]
    cost = cost_of_visit * np.arange(1, len(order) + 1) + cost_of_miss * (real.sum() - np.cumsum(hits))
    last = np.append(ranked[1:] != ranked[:-1], True)  # equal scores go out together
    cost = np.where(last, cost, np.inf)
    best = int(np.argmin(cost))
    return float(ranked[best]) if cost[best] < cost_of_miss * real.sum() else float("inf")
