"""Tables of a case as they are shown: exhibits, ledger, photos, and the files a run leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import shapely

from weipian_lab.cases.ground import PARTS
from weipian_lab.cases.scenario import Scenario
from weipian_lab.cases.scoring import Score, trace
from weipian_lab.cases.session import Session
from weipian_lab.outputs import write_json, write_table
from weipian_lab.text import current, t

__all__ = ["exhibits", "gap_m2", "ledger", "photos", "write"]


def exhibits(scenario: Scenario) -> pd.DataFrame:
    """Return the papers of a case: kind and text."""
    kinds = scenario.book.codes("EVIDENCE")
    rows = [(kinds[paper.kind].text(current()), paper.text()) for paper in scenario.exhibits]
    return pd.DataFrame(rows, columns=["kind", "text"])


def ledger(scenario: Scenario) -> pd.DataFrame:
    """Return the overlay ledger with its columns named."""
    table = scenario.ledger.table()
    groups = {*PARTS}
    table["item"] = [
        t(f"cases.group_{x}") if x in groups else t("cases.pbf") if x == "pbf" else t(f"cases.col_{x}")
        for x in table["item"]
    ]
    return table.set_axis([t("cases.head_item"), t("cases.head_m2"), t("cases.head_mu")], axis=1)


def gap_m2(scenario: Scenario) -> float:
    """Return by how much the land groups fail to sum to the patch (m²)."""
    m2 = scenario.ledger.m2
    return abs(m2["total"] - sum(m2[name] for name in PARTS))


def photos(scenario: Scenario) -> pd.DataFrame:
    """Return the metadata of the photos with what is doubtful about each."""
    rows = []
    for photo in scenario.photos:
        away = scenario.shape.distance(shapely.Point(photo.x, photo.y))
        problems = [t(f"cases.problem_{name}") for name in scenario.photo_problems[photo.photo_id]]
        rows.append(
            (photo.photo_id, photo.by, photo.taken_on, photo.bearing, round(away, 1), "、".join(problems))
        )
    heads = ("photo_id", "photo_by", "photo_taken", "photo_bearing", "photo_distance", "photo_problems")
    return pd.DataFrame(rows, columns=[t(f"cases.{name}") for name in heads])


def write(session: Session, result: Score | None, folder: Path, notebook: str) -> dict[str, Any]:
    """Write ``case.json``, ``trace.csv``, ``score.json`` and ``verified.csv``; return the first.

    A seat's case has no key and so no score; the trainer scores it.
    """
    scenario, case = session.scenario, session.case
    state = case.book.procedure.states[case.state]
    headline = {
        lang: t(
            "cases.headline_03" if result else "cases.headline_seat",
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
    write_json(folder / "case.json", content)
    write_json(folder / "answers.json", session.record())
    write_json(folder / "score.json", result.record() if result else {"problem": t("cases.sealed")})
    write_table(folder / "trace.csv", trace(session))
    write_table(folder / "verified.csv", verified(session))
    return content


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
