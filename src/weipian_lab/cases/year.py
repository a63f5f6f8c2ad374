"""A county's enforcement year: batches arrive, few field teams go out, the ledger of the assessment fills.

Everything drawn here is simulated; the shares and speeds are assumptions of the exercise, never statistics.
What the notice and the laws say comes from the rulebook.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.random import Generator
from scipy import stats

from weipian_lab.cases.workdays import is_workday
from weipian_lab.errors import ParameterError
from weipian_lab.rulebook import Rulebook

__all__ = ["STRATEGIES", "Year", "compare", "run_year"]

STRATEGIES = ("arrival", "area", "pbf", "score")
"""Which patch is visited next: first come, largest, most basic farmland, highest score of the assessment."""

KINDS = ("illegal", "not_illegal", "data_error", "other_department")


@dataclass(frozen=True)
class Year:
    """What a year is like (assumptions of the exercise).

    Parameters
    ----------
    year
        Calendar year.
    quarterly, daily, annual
        Patches in each of the three quarterly batches, in all regional batches, in the annual batch.
    teams, visits_a_day
        Field teams; visits of a team on a working day (may be below 1).
    illegal, data_error, other_department
        Shares of patches that are illegal, rest on wrong data, are another department's matter.
    separation
        How well the score of the assessment tells illegal from other patches (0 not at all).
    unsafe_days
        Share of working days on which the safety check stops all visits.
    """

    year: int = 2024
    quarterly: int = 24
    daily: int = 40
    annual: int = 30
    teams: int = 2
    visits_a_day: float = 0.4
    illegal: float = 0.45
    data_error: float = 0.1
    other_department: float = 0.1
    separation: float = 1.2
    unsafe_days: float = 0.08


def run_year(setting: Year, strategy: str, seed: int, book: Rulebook) -> pd.DataFrame:
    """Run one year.

    Parameters
    ----------
    setting
        What the year is like.
    strategy
        One of :data:`STRATEGIES`.
    seed
        The same seed gives every strategy the same patches, parties and weather.

    Returns
    -------
    DataFrame
        One row a patch. ``counted_mu`` is what the assessment counts: illegally occupied cultivated land at
        the year's end, 0 where the party ended the breach within the year (notice 二(二)2; still listed).

    Raises
    ------
    ParameterError
        For an unknown strategy.
    """
    if strategy not in STRATEGIES:
        known = ", ".join(STRATEGIES)
        raise ParameterError("errors.bad_choice", name="strategy", value=strategy, choices=known)
    rng = np.random.default_rng([seed, 11])
    patches = _patches(setting, rng, book)
    month, day = (int(x) for x in str(book.rule("NX2024-2.2.2-SELFCORRECT").value).split("-"))
    end = dt.date(setting.year, month, day)
    weather = np.random.default_rng([seed, 12])
    visited = _visits(setting, strategy, patches, end, weather)
    return _outcome(patches.assign(visited_on=pd.Series(visited, index=patches.index, dtype=object)), end)


def _patches(setting: Year, rng: Generator, book: Rulebook) -> pd.DataFrame:
    """Draw the patches of all batches; quarterly ones keep the notice's thresholds."""
    year = setting.year
    arrivals = [(dt.date(year, m, 10), "MNR_QUARTERLY") for m in (4, 7, 10) for _ in range(setting.quarterly)]
    regional = [dt.date(year, m, 20) for m in (3, 5, 6, 8, 9, 11)]
    arrivals += [(regional[int(i)], "NX_DAILY") for i in rng.integers(len(regional), size=setting.daily)]
    arrivals += [(dt.date(year, 10, 28), "MNR_ANNUAL")] * setting.annual
    count = len(arrivals)
    shares = [setting.illegal, 1.0, setting.data_error, setting.other_department]
    shares[1] = 1.0 - setting.illegal - setting.data_error - setting.other_department
    kinds = rng.choice(KINDS, size=count, p=np.clip(shares, 0, 1) / np.clip(shares, 0, 1).sum())
    final = rng.lognormal(1.2, 0.8, count)
    pbf_share = rng.beta(0.7, 1.0, count)
    minimum = {x.kind: x.min_mu for x in book.thresholds("MNR_QUARTERLY", dt.date(2024, 4, 1))}
    quarterly = np.array([source == "MNR_QUARTERLY" for _, source in arrivals])
    by_pbf = minimum["PBF"] / np.maximum(pbf_share, 1e-9)
    low = np.minimum(by_pbf, minimum["CULTIVATED"])
    seen = np.where(quarterly, low + final, final)
    frame = pd.DataFrame(arrivals, columns=["received_on", "source"])
    frame["patch_id"] = [f"Y{setting.year}{i + 1:04d}" for i in range(count)]
    frame["kind"] = kinds
    frame["cultivated_mu"] = np.round(seen, 2)
    frame["pbf_mu"] = np.round(seen * pbf_share, 2)
    frame["final_mu"] = np.round(seen * rng.uniform(1.0, 2.5, count), 2)
    frame["grows_days"] = rng.integers(30, 240, count)
    frame["yielding"] = rng.random(count)
    frame["reply_days"] = rng.integers(8, 75, count)
    frame["ends_days"] = rng.integers(10, 60, count)
    frame["score"] = rng.normal(setting.separation * (kinds == "illegal"), 1.0)
    return frame


def _visits(
    setting: Year, strategy: str, patches: pd.DataFrame, end: dt.date, weather: Generator
) -> list[dt.date | None]:
    """Send the teams out on each working day that is safe."""
    key = {
        "arrival": -patches.index.to_numpy(dtype=float),
        "area": patches["cultivated_mu"].to_numpy(),
        "pbf": patches["pbf_mu"].to_numpy(),
        "score": patches["score"].to_numpy(),
    }[strategy]
    received = patches["received_on"].to_numpy()
    waiting = np.ones(len(patches), dtype=bool)
    visited: list[dt.date | None] = [None] * len(patches)
    budget, day = 0.0, dt.date(setting.year, 3, 13)
    while day < end:
        day += dt.timedelta(days=1)
        if not is_workday(day) or weather.random() < setting.unsafe_days:
            continue
        budget = min(budget + setting.teams * setting.visits_a_day, 2.0 * setting.teams)
        while budget >= 1.0:
            ready = np.flatnonzero(waiting & (received <= day))
            if not len(ready):
                break
            best = int(ready[np.argmax(key[ready])]) if strategy != "arrival" else _first(ready, received)
            waiting[best], visited[best], budget = False, day, budget - 1.0
    return visited


def _first(ready: np.ndarray, received: np.ndarray) -> int:
    return int(min(ready, key=lambda i: (received[i], i)))


def _outcome(frame: pd.DataFrame, end: dt.date) -> pd.DataFrame:
    """Say what became of each patch by the end of the year."""
    rows = [_row({str(k): v for k, v in patch.items()}, end) for patch in frame.to_dict("records")]
    drawn = ["yielding", "reply_days", "ends_days", "grows_days"]
    return pd.concat([frame, pd.DataFrame(rows)], axis=1).drop(columns=drawn)


def _row(patch: dict[str, object], end: dt.date) -> dict[str, object]:
    visited = patch["visited_on"]
    row: dict[str, object] = {"status": "not_visited", "safety_checked": False, "ended_on": None}
    row |= {"listed": False, "counted_mu": 0.0, "saved_mu": 0.0, "outstanding": True, "false_visit": False}
    seen, final = float(str(patch["cultivated_mu"])), float(str(patch["final_mu"]))
    if not isinstance(visited, dt.date):
        if patch["kind"] == "illegal":
            row["counted_mu"] = final
        return row
    row["safety_checked"] = True
    if patch["kind"] == "illegal":
        return row | _stopped(patch, visited, seen, final, end)
    row["false_visit"] = True
    if patch["kind"] == "not_illegal":
        return row | {"status": "settled", "outstanding": False}
    answered = visited + dt.timedelta(days=int(str(patch["reply_days"])))
    name = "feedback" if patch["kind"] == "data_error" else "handed_over"
    done = answered <= end
    return row | {"status": f"{name}_{'done' if done else 'waiting'}", "outstanding": not done}


def _stopped(
    patch: dict[str, object], visited: dt.date, seen: float, final: float, end: dt.date
) -> dict[str, object]:
    """Stop a breach: what was not yet built is saved; the earlier, the likelier the party ends it itself."""
    received = patch["received_on"]
    assert isinstance(received, dt.date)
    grown = min((visited - received).days / float(str(patch["grows_days"])), 1.0)
    area = seen + (final - seen) * grown
    row: dict[str, object] = {"listed": True, "saved_mu": round(final - area, 2), "outstanding": False}
    ended = visited + dt.timedelta(days=int(str(patch["ends_days"])))
    if float(str(patch["yielding"])) < 0.7 * (1.0 - grown) and ended <= end:
        return row | {"status": "self_corrected", "ended_on": ended, "counted_mu": 0.0}
    return row | {"status": "filed", "counted_mu": round(area, 2)}


def compare(setting: Year, seeds: int, book: Rulebook, *, first_seed: int = 0) -> pd.DataFrame:
    """Compare the strategies over many years, pairwise with first come first served.

    Returns
    -------
    DataFrame
        One row for each strategy and measure: mean, 95 % interval of the mean (Student's t over seeds), mean
        difference to ``arrival`` with its paired interval.
    """
    values: dict[str, list[dict[str, float]]] = {name: [] for name in STRATEGIES}
    for number in range(seeds):
        for name in STRATEGIES:
            values[name].append(measures(run_year(setting, name, first_seed + number, book)))
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
