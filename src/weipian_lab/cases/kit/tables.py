"""Tables of a graded class: seats, step × seat, most-missed steps, reasons, time line, forms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy import stats

from weipian_lab.cases.wording import state_name, step_name
from weipian_lab.rulebook import Rulebook
from weipian_lab.text import catalogue, t

if TYPE_CHECKING:
    from weipian_lab.cases.kit.grading import Result

__all__ = ["forms_table", "in_words", "matrix", "missed", "missed_steps", "step_of", "summary", "timeline"]


def step_of(event: str, evidence: Mapping[str, Any]) -> str:
    """Return what a step is counted as: each kind of evidence collected by itself."""
    return f"{event}:{evidence.get('kind')}" if event == "collect" else event


def matrix(results: Sequence[Result], key: Mapping[str, Any]) -> pd.DataFrame:
    """Return step × seat: 1 taken, 0 missed, empty where the key does not ask for it or there is no score."""
    columns, order = {}, dict[str, None]()
    for result in results:
        wanted = [step_of(a["event"], a["evidence"]) for a in key["seats"][result.seat]["answers"]]
        order |= dict.fromkeys(wanted)
        if result.score is not None:
            columns[result.seat] = {step: int(step in result.taken) for step in wanted}
    table = pd.DataFrame(columns, index=list(order)).rename_axis("event")
    return table.dropna(how="all").astype("Int64")


def missed_steps(table: pd.DataFrame) -> pd.DataFrame:
    """Return for each step how many seats were asked for it and missed it, the most missed first."""
    asked, taken = table.notna().sum(axis=1), table.sum(axis=1)
    frame = pd.DataFrame({"event": table.index, "asked": asked.to_numpy(), "taken": taken.to_numpy()})
    frame["missed"] = frame["asked"] - frame["taken"]
    frame["share"] = np.round(100 * frame["missed"] / frame["asked"].clip(lower=1), 1)
    return frame.astype({"share": float}).sort_values(
        ["missed", "share"], ascending=False, kind="stable", ignore_index=True
    )


def missed(results: Sequence[Result]) -> pd.DataFrame:
    """Return the reasons for which points were lost, the most frequent first."""
    count: Counter[tuple[str, str]] = Counter()
    for result in results:
        if result.score is not None:
            for item in result.score.items:
                count.update({(item.name, loss.split("：")[0]) for loss in item.losses})
            count.update({("red_line", line.rpartition(" ")[0]) for line in result.score.red_lines})
    rows = [(name, reason, number) for (name, reason), number in count.most_common()]
    return pd.DataFrame(rows, columns=["criterion", "reason", "seats"])


def summary(results: Sequence[Result]) -> pd.DataFrame:
    """Return one row a seat: score by criterion, red lines, what is wrong with its file, remarks."""
    rows = []
    for r in results:
        row: dict[str, Any] = {"seat": r.seat, "trainee": r.trainee, "family": r.family, "form": r.form}
        row |= {"total": None, "passed": None, "red_lines": "", "state": "", "problem": r.problem}
        row["remarks"] = "\n".join(r.remarks)
        if r.score is not None:
            row |= {"total": r.score.total, "passed": r.score.passed, "state": r.score.state}
            row["red_lines"] = "\n".join(r.score.red_lines)
            row |= {item.name: item.points for item in r.score.items}
        rows.append(row)
    return pd.DataFrame(rows)


def timeline(results: Sequence[Result]) -> pd.DataFrame:
    """Return every step of every seat with the day in the case and the clock's time at the seat."""
    lines = [r.steps.assign(seat=r.seat) for r in results if r.steps is not None and len(r.steps)]
    if not lines:
        return pd.DataFrame(columns=["seat", "number", "at", "on", "by", "event"])
    whole = pd.concat(lines, ignore_index=True)
    return whole[["seat", *[name for name in whole.columns if name != "seat"]]]


def forms_table(found: pd.DataFrame) -> pd.DataFrame:
    """Return how the two forms did: seats, mean, standard deviation, difference A − B with its 95 % interval.

    The interval is Welch's (unequal variances); it is empty with fewer than two scores in a form.
    """
    rows, points = [], {}
    for form in "AB":
        scores = found.loc[found["form"] == form, "total"].dropna().to_numpy(dtype=float)
        points[form] = scores
        mean = float(scores.mean()) if len(scores) else np.nan
        rows.append((form, len(scores), mean, float(scores.std(ddof=1)) if len(scores) > 1 else np.nan))
    table = pd.DataFrame(rows, columns=["form", "seats", "mean", "sd"]).round(2)
    table[["difference", "lower", "upper"]] = np.nan
    if min(len(x) for x in points.values()) > 1:
        gap = float(points["A"].mean() - points["B"].mean())
        low = high = gap
        if max(float(np.ptp(x)) for x in points.values()) > 0:
            low, high = stats.ttest_ind(points["A"], points["B"], equal_var=False).confidence_interval()
        table.loc[0, ["difference", "lower", "upper"]] = [round(x, 2) for x in (gap, low, high)]
    return table


def in_words(table: pd.DataFrame, book: Rulebook) -> pd.DataFrame:
    """Return a table for people: headings, steps, states and families by name."""
    shown = table.copy()
    words: dict[str, Callable[[Any], Any]] = {
        "event": lambda x: step_name(book, str(x).partition(":")[0], str(x).partition(":")[2]),
        "state": lambda x: state_name(book, x) if x in book.procedure.states else x,
        "family": lambda x: t(f"scenarios.{x}") if x else x,
        "by": lambda x: t("forms.who_own" if x == "trainee" else "forms.who_other"),
        "criterion": lambda x: t("kit.red_line" if x == "red_line" else f"cases.s_{x}"),
        "accepted": lambda x: t("kit.done" if x else "forms.not_done"),
        "passed": lambda x: "" if pd.isna(x) else t("kit.passed" if x else "kit.not_passed"),
        "red_line": lambda x: t("kit.red_line") if x else "",
        "at": lambda x: str(x)[:19].replace("T", " "),
    }
    for name, change in words.items():
        if name in shown:
            shown[name] = [change(value) for value in shown[name].astype(object)]
    known = catalogue("kit")
    titles = {str(name): t(f"kit.h_{name}") for name in shown if f"h_{name}" in known}
    titles |= {name: t(f"cases.s_{name}") for name in book.rule("T-SCORE").value if name in shown}
    return shown.rename(columns=titles)
