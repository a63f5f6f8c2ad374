"""A county's enforcement year: batches arrive, few field teams go out, the ledger of the assessment fills.

The patches are the simulated county's own (:mod:`weipian_lab.cases.portfolio`). Parties, weather and how fast
others answer are drawn; their shares and speeds are assumptions of the exercise, never statistics. What the
notice and the laws say comes from the rulebook.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.random import Generator
from numpy.typing import NDArray
from scipy import stats

from weipian_lab.cases.workdays import is_workday
from weipian_lab.errors import ParameterError
from weipian_lab.rulebook import Rulebook

__all__ = ["STRATEGIES", "Year", "accountability", "compare", "measures", "run_year"]

STRATEGIES = ("arrival", "area", "pbf", "score")
"""Which patch is visited next: first come, most farmland, most basic farmland, highest score."""

# how fast things go in a drawn year, in days (assumptions of the exercise; ends of ranges excluded)
BATCH_LATE, REPLY, CLEARED = (0, 8), (8, 75), (10, 60)
SAVED_UP_DAYS = 2.0
"""Days' work that a team can make up for after days that were not safe."""

NEEDED = (
    *("kind", "joined", "visited_on", "starts_on", "ends_on", "corrected_on", "final_mu"),
    *("yields", "reply_days", "ends_days"),
)
"""Columns that say what becomes of a patch."""


@dataclass(frozen=True)
class Year:
    """What a year is like (assumptions of the exercise).

    Parameters
    ----------
    year
        Calendar year of the batches.
    teams, visits_a_day
        Field teams; visits of a team on a working day (may be below 1).
    delivery_days
        Days from the later image to the batch's arrival.
    yielding, late_yielding
        Share of parties that end the breach themselves when stopped at its start, and when it is complete.
    unsafe_days
        Share of working days on which the safety check stops all visits.
    """

    year: int = 2024
    teams: int = 2
    visits_a_day: float = 0.4
    delivery_days: int = 20
    yielding: float = 0.7
    late_yielding: float = 0.15
    unsafe_days: float = 0.08


def run_year(setting: Year, patches: pd.DataFrame, strategy: str, seed: int, book: Rulebook) -> pd.DataFrame:
    """Run one year.

    Parameters
    ----------
    setting
        What the year is like.
    patches
        What :func:`weipian_lab.cases.portfolio.portfolio` returns. With a column ``score`` strategy "score"
        goes by it; without, by the share of breaches that the visits of this year have found so far among
        patches of the same TBLX (Laplace's rule), so that nothing is known before it was seen.
    strategy
        One of :data:`STRATEGIES`.
    seed
        The same seed gives every strategy the same parties, answers and weather.

    Returns
    -------
    DataFrame
        One row a patch. ``counted_mu`` is what the assessment counts: illegally occupied cultivated land at
        the year's end, 0 where the party ended the breach within the year (notice 二(二)2; still listed).
        ``saved_mu`` is farmland that stopping kept from being built on, and what the party gave back.

    Raises
    ------
    ParameterError
        For an unknown strategy.
    """
    if strategy not in STRATEGIES:
        known = ", ".join(STRATEGIES)
        raise ParameterError("errors.bad_choice", name="strategy", value=strategy, choices=known)
    frame = _drawn(setting, pd.DataFrame(patches.drop(columns="geometry", errors="ignore")), seed)
    month, day = (int(x) for x in str(book.rule("NX2024-2.2.2-SELFCORRECT").value).split("-"))
    end = dt.date(setting.year, month, day)
    begin = max(
        book.rule("NX2024-2.1-VERIFY").effective_from, dt.date(setting.year, 1, 1)
    )  # the notice's day
    visited = _visits(setting, strategy, frame, (begin, end), np.random.default_rng([seed, 12]))
    frame["visited_on"] = pd.Series(visited, index=frame.index, dtype=object)
    columns = [frame[name].tolist() for name in NEEDED]
    rows = [_row(setting, dict(zip(NEEDED, x, strict=True)), end) for x in zip(*columns, strict=True)]
    drawn = ["yields", "reply_days", "ends_days"]
    return pd.concat([frame, pd.DataFrame(rows, index=frame.index)], axis=1).drop(columns=drawn)


def _drawn(setting: Year, frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Draw parties and speeds of answers, a row for each patch in the portfolio's order."""
    rng, count = np.random.default_rng([seed, 11]), len(frame)
    late = rng.integers(*BATCH_LATE, frame["batch"].nunique())
    lag = dict(zip(sorted(frame["batch"].unique()), late.tolist(), strict=True))
    days = [setting.delivery_days + lag[batch] for batch in frame["batch"]]
    arrived = [day + dt.timedelta(days=n) for day, n in zip(frame["date_after"], days, strict=True)]
    return frame.assign(
        received_on=arrived,
        yields=rng.random(count),
        reply_days=rng.integers(*REPLY, count),
        ends_days=rng.integers(*CLEARED, count),
    )


def _visits(
    setting: Year, strategy: str, patches: pd.DataFrame, span: tuple[dt.date, dt.date], weather: Generator
) -> list[dt.date | None]:
    """Send the teams out on each working day that is safe; a site is visited once."""
    order = _Order(strategy, patches)
    received = patches["received_on"].to_numpy()
    waiting = (patches["joined"] == "").to_numpy().copy()
    visited: list[dt.date | None] = [None] * len(patches)
    budget, (day, end) = 0.0, span
    while day < end:
        day += dt.timedelta(days=1)
        if not is_workday(day) or weather.random() < setting.unsafe_days:
            continue
        budget = min(budget + setting.teams * setting.visits_a_day, SAVED_UP_DAYS * setting.teams)
        while budget >= 1.0:
            ready = np.flatnonzero(waiting & (received <= day))
            if not len(ready):
                break
            best = order.best(ready)
            waiting[best], visited[best], budget = False, day, budget - 1.0
    return visited


class _Order:
    """Which of the patches at hand comes next."""

    def __init__(self, strategy: str, patches: pd.DataFrame) -> None:
        self.size = patches["cultivated_mu"].to_numpy(dtype=float)
        self.illegal = (patches["kind"] == "illegal").to_numpy()
        self.type, names = pd.factorize(patches["tblx"])
        self.hits, self.visits = np.zeros(len(names)), np.zeros(len(names))
        self.learns = strategy == "score" and "score" not in patches
        age = [day.toordinal() for day in patches["received_on"]]
        keys: dict[str, Any] = {"arrival": -np.asarray(age, dtype=float), "area": self.size}
        keys["pbf"] = patches["pbf_mu"].to_numpy(dtype=float)
        keys["score"] = (
            patches["score"].to_numpy(dtype=float) if "score" in patches else np.zeros(len(patches))
        )
        self.key: NDArray[np.float64] = keys[strategy]
        self.tie = np.zeros(len(patches)) if strategy == "arrival" else self.size

    def best(self, ready: NDArray[np.intp]) -> int:
        """Return the patch to be visited next, and note what its type turned out to be."""
        share = (self.hits + 1) / (self.visits + 2)
        key = share[self.type[ready]] if self.learns else self.key[ready]
        best = int(ready[np.lexsort((ready, -self.tie[ready], -key))[0]])
        self.hits[self.type[best]] += self.illegal[best]
        self.visits[self.type[best]] += 1
        return best


def _row(setting: Year, patch: dict[str, Any], end: dt.date) -> dict[str, object]:
    """Say what became of a patch by the end of the year."""
    visited = patch["visited_on"]
    row: dict[str, object] = {"status": "not_visited", "safety_checked": False, "ended_on": None}
    row |= {"listed": False, "counted_mu": 0.0, "saved_mu": 0.0, "outstanding": True, "false_visit": False}
    if patch["joined"]:
        return row | {"status": "joined", "outstanding": False}
    if not isinstance(visited, dt.date):
        gone = isinstance(patch["corrected_on"], dt.date) and patch["corrected_on"] <= end
        return row | {"counted_mu": patch["final_mu"] if patch["kind"] == "illegal" and not gone else 0.0}
    row["safety_checked"] = True
    if patch["kind"] == "illegal":
        return row | _stopped(setting, patch, visited, end)
    row["false_visit"] = True
    if patch["kind"] == "not_illegal":
        return row | {"status": "settled", "outstanding": False}
    done = visited + dt.timedelta(days=patch["reply_days"]) <= end
    name = "feedback" if patch["kind"] == "data_error" else "handed_over"
    return row | {"status": f"{name}_{'done' if done else 'waiting'}", "outstanding": not done}


def _stopped(setting: Year, patch: dict[str, Any], visited: dt.date, end: dt.date) -> dict[str, object]:
    """Stop a breach: what is not built yet is saved; the earlier, the likelier the party ends it itself."""
    begun, over, final = patch["starts_on"], patch["ends_on"], float(patch["final_mu"])
    row: dict[str, object] = {"listed": True, "outstanding": False}
    if isinstance(patch["corrected_on"], dt.date) and patch["corrected_on"] <= end:  # would have ended anyway
        return row | {"status": "self_corrected", "ended_on": patch["corrected_on"]}
    grown = min(max((visited - begun).days / max((over - begun).days, 1), 0.0), 1.0)
    area = final * grown
    willing = setting.late_yielding + (setting.yielding - setting.late_yielding) * (1.0 - grown)
    ended = visited + dt.timedelta(days=int(patch["ends_days"]))
    if patch["yields"] < willing and ended <= end:
        return row | {"status": "self_corrected", "ended_on": ended, "saved_mu": round(final, 2)}
    return row | {"status": "filed", "counted_mu": round(area, 2), "saved_mu": round(final - area, 2)}


def compare(
    setting: Year, patches: pd.DataFrame, seeds: int, book: Rulebook, *, first_seed: int = 0
) -> pd.DataFrame:
    """Compare the strategies over many years of one county, pairwise with first come first served.

    Returns
    -------
    DataFrame
        One row for each strategy and measure: mean, 95 % interval of the mean (Student's t over seeds), mean
        difference to ``arrival`` with its paired interval. The intervals say how sure the mean over drawn
        years of this county is, not how other counties would fare.
    """
    values: dict[str, list[dict[str, float]]] = {name: [] for name in STRATEGIES}
    for number in range(seeds):
        for name in STRATEGIES:
            values[name].append(measures(run_year(setting, patches, name, first_seed + number, book)))
    base = pd.DataFrame(values["arrival"])
    rows = []
    for name in STRATEGIES:
        table = pd.DataFrame(values[name])
        for measure in table:
            own = _interval(table[measure])
            gap = _interval(table[measure] - base[measure])
            rows.append((name, measure, *own, *gap))
    columns = ["strategy", "measure", "mean", "lower", "upper"]
    columns += ["difference", "difference_lower", "difference_upper"]
    return pd.DataFrame(rows, columns=columns)


def _interval(values: pd.Series) -> tuple[float, float, float]:
    """Return mean and 95 % interval of the mean (Student's t)."""
    number, mean = len(values), float(values.mean())
    half = float(stats.t.ppf(0.975, max(number - 1, 1))) * float(values.std(ddof=1)) / np.sqrt(number)
    return mean, mean - half, mean + half


def measures(ledger: pd.DataFrame) -> dict[str, float]:
    """Return what a year is judged by: farmland saved and counted, visits, false visits, work outstanding."""
    return {
        "saved_mu": float(ledger["saved_mu"].sum()),
        "counted_mu": float(ledger["counted_mu"].sum()),
        "visits": float(ledger["safety_checked"].sum()),
        "false_visits": float(ledger["false_visit"].sum()),
        "outstanding": float(ledger["outstanding"].sum()),
    }


def accountability(counted_mu: float, lawful_mu: float) -> float:
    """Return illegally occupied farmland as a share of all farmland newly built on, NaN where there is none.

    Parameters
    ----------
    counted_mu
        Illegally occupied farmland that the assessment counts.
    lawful_mu
        Farmland newly built on with approval in the same year.
    """
    whole = counted_mu + lawful_mu
    return counted_mu / whole if whole > 0 else float("nan")
