"""Tables of a case as they are shown: exhibits, ledger, photos, and the files a run leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import shapely

from weipian_lab.cases.ground import PARTS
from weipian_lab.cases.photos import off_bearing
from weipian_lab.cases.scenario import Scenario
from weipian_lab.cases.scoring import Score, trace
from weipian_lab.cases.session import Session
from weipian_lab.cases.wording import state_name, step_name
from weipian_lab.outputs import write_json, write_table
from weipian_lab.text import current, t

__all__ = ["exhibits", "gap_m2", "ledger", "photos", "steps", "unscored_note", "write"]


def exhibits(scenario: Scenario, *, first_day: bool = False) -> pd.DataFrame:
    """Return the papers of a case: kind and text; on the first day only what lies on the table then."""
    kinds = scenario.book.codes("EVIDENCE")
    papers = [paper for paper in scenario.exhibits if not (first_day and paper.after)]
    rows = [(kinds[paper.kind].text(current()), paper.text()) for paper in papers]
    return pd.DataFrame(rows, columns=[t("cases.head_kind"), t("cases.head_text")])


def ledger(scenario: Scenario) -> pd.DataFrame:
    """Return the overlay ledger with its columns named."""
    table = scenario.ledger.table()
    groups = {*PARTS}
    table["item"] = [
        t(f"cases.group_{x}") if x in groups else t("cases.pbf") if x == "pbf" else t(f"cases.col_{x}")
        for x in table["item"]
    ]
    table["area_m2"] = [f"{value:.2f}" for value in table["area_m2"]]
    table["area_mu"] = [f"{value:.2f}" for value in table["area_mu"]]
    return table.set_axis([t("cases.head_item"), t("cases.head_m2"), t("cases.head_mu")], axis=1)


def gap_m2(scenario: Scenario) -> float:
    """Return by how much the land groups fail to sum to the patch (m²)."""
    m2 = scenario.ledger.m2
    return abs(m2["total"] - sum(m2[name] for name in PARTS))


def photos(scenario: Scenario, *, marked: bool = True) -> pd.DataFrame:
    """Return the metadata of the photos; `marked`: with what is doubtful about each."""
    rows = []
    for photo in scenario.photos:
        away = scenario.shape.distance(shapely.Point(photo.x, photo.y))
        problems = [t(f"cases.problem_{name}") for name in scenario.photo_problems[photo.photo_id]]
        off = round(off_bearing(photo, scenario.shape))
        shown = (
            photo.photo_id,
            photo.by,
            photo.taken_on,
            photo.bearing,
            off,
            round(away, 1),
            photo.sha256[:6],
        )
        rows.append((*shown, "、".join(problems) or "–"))
    heads = ("id", "by", "taken", "bearing", "off", "distance", "digest", "problems")
    table = pd.DataFrame(rows, columns=[t(f"cases.photo_{name}") for name in heads])
    return table if marked else table.iloc[:, :-1]


def steps(session: Session) -> pd.DataFrame:
    """Return the trace of a session as people read it: names for codes, one line a step."""
    book, table = session.scenario.book, trace(session)
    kinds = {o.number: str(o.answer.evidence.get("kind") or "") for o in session.outcomes}
    rows = []
    for row in table.to_dict("records"):
        own = row["by"] == "trainee"
        kind = kinds[row["number"]] if own and row["event"] == "collect" else ""
        who, result = ("own" if own else "other"), ("done" if row["accepted"] else "not_done")
        rows.append(
            (
                row["on"],
                step_name(book, row["event"], kind),
                t(f"forms.who_{who}"),
                t(f"forms.{result}"),
                state_name(book, row["state"]),
                row["message"] or row["article"],
            )
        )
    heads = ("day", "event", "who", "result", "state", "basis")
    return pd.DataFrame(rows, columns=[t(f"forms.h_{name}") for name in heads])


def write(session: Session, result: Score | None, folder: Path, notebook: str) -> dict[str, Any]:
    """Write ``case.json``, ``trace.csv``, ``score.json`` and ``verified.csv``; return the first.

    A seat's own ``case.json`` is never written over: its case goes to ``played.json``.

    A seat's case has no key and so no score, the trainer scores it; nor has one that is still open in Lab.
    """
    scenario, case = session.scenario, session.case
    state = case.book.procedure.states[case.state]
    unscored = "seat" if scenario.key is None else "open"
    headline = {
        lang: t(
            "cases.headline_03" if result else f"cases.headline_{unscored}",
            lang=lang,
            family=scenario.title(lang),
            steps=len(case.steps),
            case=scenario.case_id,
            total=result.total if result else "",
            state=state.text(lang),
            red=len(result.red_lines) if result else 0,
        )
        for lang in ("zh", "en")
    }
    content = {
        "notebook": notebook,
        "headline": headline,
        "simulated": True,
        "family": scenario.family,
        "patch": dict(scenario.patch),
        "ledger_m2": {name: round(value, 2) for name, value in scenario.ledger.m2.items()},
        "case": case.record(),
    }
    write_json(folder / ("case.json" if scenario.key else "played.json"), content)
    write_json(folder / "answers.json", session.record())
    write_json(folder / "score.json", result.record() if result else {"problem": unscored_note(session)})
    write_table(folder / "trace.csv", trace(session))
    write_table(folder / "verified.csv", verified(session))
    return content


def unscored_note(session: Session) -> str:
    """Return why a session has no score: sealed for the trainer, or not at its end yet."""
    return t("cases.sealed" if session.scenario.key is None else "cases.still_open")


def verified(session: Session) -> pd.DataFrame:
    """Return the trainee's finding on the patch as one row of a verification table; none before the visit."""
    case = session.case
    visit, settled = case.last("field_visit"), case.last("settle")
    columns = ["patch_id", "verdict", "cause", "verified_on", "verifier_count", "evidence"]
    if visit is None:
        return pd.DataFrame(columns=columns)
    verdict = "UNDETERMINED"
    if settled is not None:
        verdict = str(settled.evidence["verdict"])
    elif case.last("stop_order") is not None:
        verdict = "ILLEGAL_NONAG"
    elif case.last("hand_over") is not None:
        verdict = "OTHER"
    cause = case.matter or session.scenario.family
    shown = ";".join(str(p) for p in visit.evidence["photos"])
    row = (
        session.scenario.patch["patch_id"],
        verdict,
        cause,
        visit.on,
        len(set(visit.evidence["officers"])),
        shown,
    )
    return pd.DataFrame([row], columns=columns)
