"""Choosing a setting from a sweep: by cost, by fixed recall, by capacity; and how far the choice holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from weipian_lab.errors import ParameterError, SchemaError
from weipian_lab.text import t
from weipian_lab.tuning.guarantee import stated
from weipian_lab.tuning.sweep import SETTING

__all__ = ["Choice", "at_edge", "by_capacity", "by_cost", "by_recall", "holds", "percent", "stability"]


@dataclass(frozen=True)
class Choice:
    """A setting and why.

    Attributes
    ----------
    rule
        ``cost``, ``recall`` or ``capacity``.
    row
        The row of the sweep.
    statement
        The choice in words.
    """

    rule: str
    row: pd.Series
    statement: str

    @property
    def threshold(self) -> float:
        """Threshold chosen."""
        return float(self.row["threshold"])


def by_cost(sweep: pd.DataFrame) -> Choice:
    """Return the setting of least cost; of equal ones, the one that misses least, then the higher threshold.

    Raises
    ------
    SchemaError
        The sweep is empty.
    """
    row = _first(sweep, ["cost", "missed_mu", "threshold"], [True, True, False])
    return Choice("cost", row, t("tuning.by_cost", cost=f"{row['cost']:,.0f}", **_words(row)))


def by_recall(sweep: pd.DataFrame, recall: float) -> Choice | None:
    """Return the setting with fewest patches among those that find at least `recall` of the parcels.

    This is what this sample shows, without a promise for the next; see :func:`~weipian_lab.tuning.promise`.
    None if no setting reaches it.
    """
    if not 0 < recall <= 1:
        raise ParameterError("tuning.bad_rate", name="recall", value=recall)
    _need(sweep)
    enough = sweep[sweep["recall"] >= recall - 1e-12]
    if enough.empty:
        return None
    row = _first(enough, ["patches", "missed_mu", "threshold"], [True, True, False])
    return Choice("recall", row, t("tuning.by_recall", wanted=stated(recall), **_words(row)))


def by_capacity(sweep: pd.DataFrame, visits_per_week: float, weeks: float) -> Choice | None:
    """Return the setting that misses the least 亩 among those whose patches can all be visited in time.

    None if every setting sends out more than can be visited.
    """
    for name, value in (("visits_per_week", visits_per_week), ("weeks", weeks)):
        if not value > 0:
            raise ParameterError("errors.not_positive", name=name, value=value)
    _need(sweep)
    able = sweep[sweep["patches"] <= visits_per_week * weeks]
    able = able[able["patches"] > 0]
    if able.empty:
        return None
    row = _first(able, ["missed_mu", "patches", "threshold"], [True, True, False])
    visits = f"{visits_per_week * weeks:.0f}"
    return Choice("capacity", row, t("tuning.by_capacity", visits=visits, **_words(row)))


def stability(sweep: pd.DataFrame) -> pd.DataFrame:
    """Return which setting costs least for which price of a missed 亩, in field hours.

    Cost in hours is hours + price × missed 亩; as the price rises, the best setting moves along the lower
    hull of the sweep. The range around the price in use is the range in which the choice does not change.

    Returns
    -------
    DataFrame
        :data:`SETTING`, patches, missed_mu, hours, price_from, price_to (hours for a missed 亩);
        from the cheapest price up, without gaps.
    """
    _need(sweep)
    hours, missed = sweep["hours"].to_numpy(float), sweep["missed_mu"].to_numpy(float)
    rows, price = [], 0.0
    current = int(np.lexsort((missed, hours))[0])
    while True:
        better = np.flatnonzero(missed < missed[current] - 1e-9)
        if not len(better):
            rows.append((current, price, np.inf))
            break
        at = (hours[better] - hours[current]) / (missed[current] - missed[better])
        k = np.lexsort((missed[better], at))[0]
        following = float(max(at[k], price))
        if following > price:
            rows.append((current, price, following))
        current, price = int(better[k]), following
    table = sweep.iloc[[r[0] for r in rows]][[*SETTING, "patches", "missed_mu", "hours"]].reset_index(
        drop=True
    )
    return table.assign(price_from=[r[1] for r in rows], price_to=[r[2] for r in rows])


def holds(ranges: pd.DataFrame, price: float) -> str:
    """Return in words the range of prices around the one in use in which the choice by cost stays the same.

    Parameters
    ----------
    ranges
        As :func:`stability`.
    price
        Price in use: hours for a missed 亩.
    """
    row = ranges[ranges["price_from"] <= price].iloc[-1]
    to = "∞" if np.isinf(row["price_to"]) else f"{row['price_to']:.2f}"
    return t(
        "tuning.holds", threshold=f"{row['threshold']:.4g}", price=f"{price:.2f}",
        low=f"{row['price_from']:.2f}", high=to,
    )  # fmt: skip


def at_edge(sweep: pd.DataFrame, choice: Choice) -> str:
    """Return in words whether a choice lies at an end of the thresholds tried for its detector.

    A least cost at the end of the sweep may go on falling beyond it.
    """
    tried = sweep.loc[sweep["detector"] == choice.row["detector"], "threshold"]
    ends = {"tuning.edge_low": tried.min(), "tuning.edge_high": tried.max()}
    found = [key for key, end in ends.items() if choice.threshold == end and tried.nunique() > 1]
    return t(found[0] if found else "tuning.edge_none", threshold=f"{choice.threshold:.4g}")


def _need(sweep: pd.DataFrame) -> None:
    if sweep.empty:
        raise SchemaError("tuning.empty_sweep")


def _first(sweep: pd.DataFrame, columns: list[str], ascending: list[bool]) -> pd.Series:
    _need(sweep)
    return sweep.sort_values(columns, ascending=ascending, kind="stable").iloc[0]


def percent(share: float | None) -> str:
    """Return a share 0-1 as percent; a dash where there is nothing to take a share of."""
    return "–" if share is None or np.isnan(share) else f"{share:.0%}"


def _words(row: pd.Series) -> dict[str, Any]:
    return {
        "threshold": f"{row['threshold']:.4g}",
        "patches": f"{int(row['patches'])}",
        "recall": percent(row["recall"]),
        "precision": percent(row["precision"]),
        "missed": f"{row['missed_mu']:.1f}",
    }
