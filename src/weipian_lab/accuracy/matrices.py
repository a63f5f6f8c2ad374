"""Error matrices of counts as tables of units: papers print the former, estimators take the latter."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd

from weipian_lab.accuracy.labels import plain
from weipian_lab.errors import ParameterError, SchemaError

__all__ = ["from_matrix"]


def from_matrix(
    counts: Any,
    classes: Sequence[Hashable] | None = None,
    *,
    rows: Literal["mapped", "reference"] = "mapped",
) -> pd.DataFrame:
    """Return a table with a row a sample unit from an error matrix of counts.

    Parameters
    ----------
    counts
        DataFrame whose index and columns are the labels, or a square array or nested list with `classes`.
        Whole numbers of units, no margins, no shares of area: a share does not say how many were checked.
    classes
        Labels of a square array, the same for rows and columns; not needed with a DataFrame.
    rows
        What the rows are: ``mapped`` (Olofsson et al. 2014) or ``reference`` (as scikit-learn's).

    Returns
    -------
    DataFrame
        Columns stratum, mapped, reference; the stratum is the mapped class. Where strata were drawn otherwise
        a matrix is not enough: build one table a stratum, and assign `stratum`.

    Raises
    ------
    ParameterError
        Unknown `rows`; labels missing, repeated or of the wrong number.
    SchemaError
        Counts that are not whole numbers from 0 on, or no unit at all.

    Examples
    --------
    >>> len(from_matrix([[66, 0], [3, 55]], ["loss", "gain"]))
    124
    """
    if rows not in ("mapped", "reference"):
        raise ParameterError("errors.bad_choice", name="rows", value=rows, choices="mapped, reference")
    table = _labelled(counts, classes)
    if rows == "reference":
        table = table.T
    try:
        number = table.to_numpy(float)
    except (TypeError, ValueError):
        number = np.full(table.shape, np.nan)
    bad = ~(np.isfinite(number) & (number >= 0) & (number % 1 == 0))
    if bad.any():
        i, j = np.argwhere(bad)[0]
        raise SchemaError(
            "accuracy.bad_count", row=table.index[i], column=table.columns[j], value=table.iat[i, j]
        )
    if number.sum() == 0:
        raise SchemaError("accuracy.empty_sample")
    i, j = (np.repeat(place.ravel(), number.astype(int).ravel()) for place in np.indices(number.shape))
    mapped, reference = (
        pd.Series([labels[k] for k in where.tolist()], dtype=object)
        for labels, where in (([plain(c) for c in table.index], i), ([plain(c) for c in table.columns], j))
    )
    return pd.DataFrame({"stratum": mapped, "mapped": mapped, "reference": reference})


def _labelled(counts: Any, classes: Sequence[Hashable] | None) -> pd.DataFrame:
    if isinstance(counts, pd.DataFrame) and classes is None:
        if not (counts.index.is_unique and counts.columns.is_unique):
            raise ParameterError("accuracy.bad_matrix_labels", shape=counts.shape, number=len(counts))
        return counts
    try:
        array = np.asarray(counts)
        if array.ndim != 2:
            raise ValueError
    except ValueError:
        raise ParameterError("accuracy.not_a_matrix") from None
    labels = [] if classes is None else list(classes)
    if array.shape != (len(labels), len(labels)) or len(set(labels)) < len(labels):
        raise ParameterError("accuracy.bad_matrix_labels", shape=array.shape, number=len(labels))
    index = pd.Index(labels, dtype=object, tupleize_cols=False)
    return pd.DataFrame(array, index, index)
