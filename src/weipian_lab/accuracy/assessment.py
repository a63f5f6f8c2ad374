"""The result of an accuracy assessment."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["Assessment", "measure_frame"]

COLUMNS = ["estimate", "se", "lower", "upper"]


@dataclass(frozen=True)
class Assessment:
    """Estimates of an accuracy assessment.

    Attributes
    ----------
    overall, users, producers, f1, area : DataFrame
        Index: class (one row ``overall`` for `overall`); columns estimate, se, lower, upper.
        Shares 0-1 except `area`, which is in the unit of the sizes given.
        NaN where the sample cannot tell.
    matrix : DataFrame
        Estimated share of the population by mapped class (rows) and reference class (columns); sums to 1.
    counts : DataFrame
        Sample units by mapped and reference class.
    confidence : float
        Level of the intervals.
    method : str
        What was done: design, variance, correction, interval method, and its reservations.
    notes : tuple of str
        What this sample cannot tell.
    n : int
        Sample units.
    """

    overall: pd.DataFrame
    users: pd.DataFrame
    producers: pd.DataFrame
    f1: pd.DataFrame
    area: pd.DataFrame
    matrix: pd.DataFrame
    counts: pd.DataFrame
    confidence: float
    method: str
    notes: tuple[str, ...] = field(default=())
    n: int = 0

    @property
    def classes(self) -> list[Hashable]:
        """Classes in the order of the tables."""
        return list(self.users.index)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for :func:`weipian_lab.outputs.write_json`; NaN stays NaN."""
        tables = {
            name: {str(label): dict(row) for label, row in getattr(self, name).to_dict("index").items()}
            for name in ("overall", "users", "producers", "f1", "area")
        }
        matrices = {
            name: {str(label): {str(k): v for k, v in row.items()} for label, row in table.items()}
            for name, table in (
                ("matrix", self.matrix.to_dict("index")),
                ("counts", self.counts.to_dict("index")),
            )
        }
        return {
            **tables,
            **matrices,
            "confidence": self.confidence,
            "method": self.method,
            "notes": list(self.notes),
            "n": self.n,
        }


def class_index(classes: Sequence[Hashable], name: str = "class") -> pd.Index:
    """Return an index that holds labels of any kind, tuples too, one a row."""
    return pd.Index(list(classes), name=name, tupleize_cols=False)


def measure_frame(
    classes: Sequence[Hashable],
    estimate: NDArray[np.float64],
    se: NDArray[np.float64],
    lower: NDArray[np.float64],
    upper: NDArray[np.float64],
    *,
    scale: float = 1.0,
) -> pd.DataFrame:
    """Return a frame of one measure; `scale` turns shares into sizes."""
    values = np.column_stack([estimate, se, lower, upper]) * scale
    return pd.DataFrame(values, index=class_index(classes), columns=COLUMNS)
