"""The learnt false-alarm filter: how likely a patch is a real change, and which evidence said so."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.model_selection import GroupKFold, StratifiedKFold
from sklearn.utils.multiclass import check_classification_targets, unique_labels
from sklearn.utils.validation import check_is_fitted, validate_data

from weipian_lab.errors import InputError, ParameterError
from weipian_lab.features import Schema

__all__ = ["FalseAlarmFilter", "evidence_group"]

_LEAST_PER_CLASS = 2
_ROWS_AT_ONCE = 50_000


def evidence_group(name: str) -> str:
    """Return the kind of evidence a feature belongs to, by its name: ``neighbours_ndvi`` → ``neighbours``."""
    return name.partition("_")[0]


class FalseAlarmFilter(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Extremely randomised trees on the evidence of patches, with a calibrated probability.

    Parameters
    ----------
    n_estimators
        Number of trees.
    min_samples_leaf
        Least patches in a leaf.
    calibration
        ``"sigmoid"`` (Platt 1999) or ``"isotonic"``, fitted on predictions out of fold; None leaves the
        share of the trees. With `groups`, folds keep groups whole, so that neighbours do not vouch for
        each other.
    folds
        Number of folds for it; fewer where a class or the groups are fewer.
    random_state
        Seed.

    Attributes
    ----------
    classes_
        The two labels; the second counts as real change.
    schema_
        Schema of the evidence it was fitted on, None for a bare array.
    median_
        ``(feature,)`` medians of the training patches, what :meth:`explain` compares with.
    calibrated_
        Whether calibration took place (it needs two patches of each class).

    Notes
    -----
    Source: Geurts, P., Ernst, D., Wehenkel, L. (2006). Extremely randomized trees. Machine Learning 63:3–42.
    """

    def __init__(
        self,
        n_estimators: int = 300,
        min_samples_leaf: int = 3,
        calibration: str | None = "sigmoid",
        folds: int = 5,
        random_state: int = 0,
    ) -> None:
        self.n_estimators = n_estimators
        self.min_samples_leaf = min_samples_leaf
        self.calibration = calibration
        self.folds = folds
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X: Any, y: ArrayLike, groups: ArrayLike | None = None) -> Self:
        """Fit on evidence and verdicts.

        Parameters
        ----------
        X
            ``(patch, feature)``: an evidence table (its schema is kept) or an array; NaN is allowed.
        y
            Two labels.
        groups
            Where each patch lies (a city, a block); see :func:`~weipian_lab.classify.spatial_groups`.

        Raises
        ------
        ParameterError
            If an option is out of range.
        ValueError
            If there are not exactly two classes (scikit-learn's contract wants a ValueError).
        """
        if self.calibration not in ("sigmoid", "isotonic", None):
            choices = "sigmoid, isotonic, None"
            raise ParameterError(
                "errors.bad_choice", name="calibration", value=self.calibration, choices=choices
            )
        schema = Schema.of(X) if isinstance(X, pd.DataFrame) else None
        X, y = validate_data(self, X, y, ensure_all_finite="allow-nan", dtype=np.float64)
        check_classification_targets(y)
        self.classes_ = unique_labels(y)
        if len(self.classes_) > 2:
            n = len(self.classes_)
            raise ValueError(
                f"Only binary classification is supported. The type of the target is {n} classes."
            )
        if len(self.classes_) < 2:
            raise InputError("classify.one_class", found=str(self.classes_[0]))
        self.schema_ = schema
        self.median_ = _medians(X)
        trees = ExtraTreesClassifier(
            self.n_estimators,
            min_samples_leaf=self.min_samples_leaf,
            max_features="sqrt",
            class_weight="balanced",
            random_state=self.random_state,
        )
        splits = self._splits(X, np.asarray(y), groups)
        self.calibrated_ = bool(splits)
        if splits:
            self.model_ = CalibratedClassifierCV(trees, method=self.calibration, cv=splits, ensemble=False)
        else:
            self.model_ = trees
        self.model_.fit(np.where(np.isnan(X), self.median_, X), y)
        return self

    def _splits(
        self, X: NDArray[np.float64], y: NDArray[Any], groups: ArrayLike | None
    ) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Return folds whose training part holds both classes; none if that cannot be."""
        least = int(np.unique(y, return_counts=True)[1].min())
        if self.calibration is None or least < _LEAST_PER_CLASS:
            return []
        if groups is not None and len(np.unique(groups)) >= 2:
            places = np.asarray(groups)
            split = GroupKFold(min(self.folds, len(np.unique(places)))).split(X, y, places)
        else:
            folds = StratifiedKFold(min(self.folds, least), shuffle=True, random_state=self.random_state)
            split = folds.split(X, y)
        found = list(split)
        return found if all(len(np.unique(y[train])) == 2 for train, _ in found) else []

    def _checked(self, X: Any) -> NDArray[np.float64]:
        check_is_fitted(self)
        if self.schema_ is not None:
            given = Schema.of(X) if isinstance(X, pd.DataFrame) else None
            if given is None:
                raise InputError("classify.no_schema")
            self.schema_.require(given)
        values = validate_data(self, X, reset=False, ensure_all_finite="allow-nan", dtype=np.float64)
        filled: NDArray[np.float64] = np.where(np.isnan(values), self.median_, values)
        return filled

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the calibrated probabilities ``(patch, 2)`` of the two classes.

        Raises
        ------
        SchemaError, InputError
            If the evidence is not of the schema trained on, or carries none.
        """
        values = self._checked(X)
        found: NDArray[np.float64] = self.model_.predict_proba(values)
        return found

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the more likely label of each patch."""
        chance = self.predict_proba(X)[:, 1]
        likely: NDArray[Any] = self.classes_[(chance > 0.5).astype(int)]
        return likely

    def explain(self, X: Any, *, by: str = "group") -> pd.DataFrame:
        """Return what each piece of evidence did to the probability of each patch.

        Evidence is put, one piece at a time, to the median of the training patches; the fall of the log odds
        of real change is its contribution. Positive spoke for 疑似 (suspected), negative for 伪变化
        (pseudo-change). Contributions of pieces that say the same share the effect and need not add up.

        Parameters
        ----------
        X
            Evidence.
        by
            ``"group"``: kinds of evidence (spectrum before, after, difference, texture, shape, neighbours,
            score, later dates, land); ``"feature"``: single features.

        Returns
        -------
        DataFrame
            One row a patch, one column a piece of evidence, log odds.
        """
        if by not in ("group", "feature"):
            raise ParameterError("errors.bad_choice", name="by", value=by, choices="group, feature")
        index = X.index if isinstance(X, pd.DataFrame) else None
        values = self._checked(X)
        names = list(getattr(self, "feature_names_in_", [f"x{i}" for i in range(values.shape[1])]))
        pieces: dict[str, list[int]] = {}
        for at, name in enumerate(names):
            pieces.setdefault(evidence_group(name) if by == "group" else name, []).append(at)
        with_all = _log_odds(self.model_.predict_proba(values)[:, 1])
        found, number = {}, len(values)
        wanted, at_once = list(pieces), max(1, _ROWS_AT_ONCE // max(number, 1))
        for start in range(0, len(wanted), at_once):  # the trees are asked for many pieces at a time
            some = wanted[start : start + at_once]
            without = np.tile(values, (len(some), 1))
            for row, piece in enumerate(some):
                place = slice(row * number, (row + 1) * number)
                without[place, pieces[piece]] = self.median_[pieces[piece]]
            odds = _log_odds(self.model_.predict_proba(without)[:, 1]).reshape(len(some), number)
            found.update({piece: with_all - odds[row] for row, piece in enumerate(some)})
        return pd.DataFrame(found, index=index)


def _medians(X: NDArray[np.float64]) -> NDArray[np.float64]:
    known = np.isfinite(X)
    medians = [float(np.median(col[ok])) if ok.any() else 0.0 for col, ok in zip(X.T, known.T, strict=True)]
    return np.array(medians)


def _log_odds(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    p = np.clip(probability, 1e-4, 1 - 1e-4)
    odds: NDArray[np.float64] = np.log(p / (1 - p))
    return odds
