"""Papers as forms with gaps: which papers a step draws up, their model filling, and the check of a filling.

The table stands in the rulebook (``forms``); what a trainee fills in is kept in the answer's evidence as
``forms: {paper: {gap: value}}``, so that it is stored, signed and replayed with the answer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from weipian_lab.cases.facts import Moment, fact
from weipian_lab.cases.guards.refusal import names, number
from weipian_lab.cases.terms import effective
from weipian_lab.cases.wording import word
from weipian_lab.errors import InputError
from weipian_lab.rulebook import Rulebook
from weipian_lab.rulebook.model import Gap
from weipian_lab.text import catalogue, current, t

__all__ = [
    "Checked",
    "check",
    "choice_name",
    "explain",
    "offered",
    "paper_name",
    "papers_of",
    "remarks",
    "with_forms",
]


@dataclass(frozen=True)
class Checked:
    """One gap of one paper: what was filled in, what should be, the rule behind it."""

    paper: str
    gap: Gap
    found: Any
    needed: Any
    right: bool
    rule_id: str
    article: str


def papers_of(book: Rulebook, event: str, evidence: Mapping[str, Any]) -> list[str]:
    """Return the papers of a step that are forms: its documents, or the record that is collected."""
    named = names(evidence.get("kind")) if event == "collect" else names(evidence.get("documents"))
    return [code for code in named if code in book.forms]


def offered(book: Rulebook, event: str) -> list[tuple[str, str]]:
    """Return (name, code) of the papers to choose from at an event: all of the stages it may belong to.

    An event without papers offers none; a rulebook without stages offers every paper.
    """
    needed = {code for step in book.procedure.transitions if step.event == event for code in step.documents}
    if not needed:
        return []
    shown = [
        code for stage in book.stages.values() if needed & {*stage.documents} for code in stage.documents
    ]
    return [(paper_name(book, code), code) for code in shown or book.codes("DOCUMENT")]


def paper_name(book: Rulebook, code: str) -> str:
    """Return the name of a paper or record."""
    return word(book, code, "DOCUMENT" if code in book.codes("DOCUMENT") else "EVIDENCE")


def choice_name(book: Rulebook, choice: str, on: dt.date | None = None) -> str:
    """Return the name of a choice of a gap: a word, or the article of a rule."""
    if f"c_{choice}" in catalogue("papers"):
        return t(f"papers.c_{choice}")
    known = word(book, choice)
    if known != choice:
        return known
    rule = book.rule(choice, on)
    source = rule.origin.text(current())
    article = rule.cite().removeprefix(source).strip(" ,")  # first, for a list may cut a long name off
    return f"{article} {source}".strip()


def with_forms(
    moment: Moment, event: str, forms: Mapping[str, Mapping[str, Any]] | None = None
) -> dict[str, Any]:
    """Return the step's evidence with its papers filled in (with the model filling where none is given)."""
    evidence = dict(moment.given)
    book = moment.scenario.book
    filled = {
        code: {gap.name: fact(moment, gap.fact) for gap in book.forms[code].gaps if gap.kind != "given"}
        for code in papers_of(book, event, evidence)
    }
    if forms is not None:
        filled = {code: dict(forms.get(code, {})) for code in filled}
    if filled:
        evidence["forms"] = filled
    return evidence


def check(moment: Moment, event: str, codes: Iterable[str] | None = None) -> list[Checked]:
    """Check the gaps of a step's papers.

    Parameters
    ----------
    moment
        The case before the step; ``given`` is the step's evidence with ``forms``.
    event
        Event of the step.
    codes
        Papers to be checked; by default those that the step has.

    Returns
    -------
    list of Checked
        In the order of the table.
        A gap whose fact the case does not have is left out.
    """
    book, filled = moment.scenario.book, moment.given.get("forms")
    filled = filled if isinstance(filled, Mapping) else {}
    found: list[Checked] = []
    for code in codes if codes is not None else papers_of(book, event, moment.given):
        form, values = book.forms[code], filled.get(code)
        values = values if isinstance(values, Mapping) else {}
        for gap in form.gaps:
            needed = fact(moment, gap.fact)
            if needed is None:
                continue
            value = moment.given.get(gap.name) if gap.kind == "given" else values.get(gap.name)
            rule = moment.rule(_rule_of(moment, gap.rule or form.rule))
            right = _alike(gap, value, needed)
            found.append(Checked(code, gap, value, needed, right, rule.id, rule.cite()))
    return found


def _rule_of(moment: Moment, named: str) -> str:
    """Return the id of the rule behind a gap: as named, or (``=name``) what that fact of the case names."""
    return str(fact(moment, named[1:])) if named.startswith("=") else named


def _alike(gap: Gap, found: Any, needed: Any) -> bool:
    if gap.kind in {"number", "given"}:
        value = number(found)
        return value is not None and abs(value - float(needed)) <= gap.tolerance + 1e-9
    if gap.kind == "date":
        try:
            return effective(found) == effective(needed)
        except InputError:
            return False
    if gap.kind == "many":
        return set(names(found)) == set(names(needed))
    return str(found or "").strip().casefold() == str(needed).strip().casefold()


def explain(book: Rulebook, checked: Checked) -> str:
    """Return the sentence on a gap that is wrong: what was found, what should be, by which article."""
    gap = checked.gap
    within = t("papers.within", tolerance=f"{gap.tolerance:g}", unit=gap.unit) if gap.tolerance else ""
    return t(
        "papers.wrong",
        paper=paper_name(book, checked.paper),
        gap=t(f"papers.{gap.name}"),
        found=_shown(book, gap, checked.found),
        needed=_shown(book, gap, checked.needed),
        within=f"（{within}）" if within else "",
        article=checked.article,
    )


def remarks(book: Rulebook, checked: Iterable[Checked], *, counted: bool = True) -> list[str]:
    """Return what is said about filled papers: gaps right (where `counted`), then each wrong gap."""
    by_paper: dict[str, list[Checked]] = {}
    for one in checked:
        by_paper.setdefault(one.paper, []).append(one)
    said: list[str] = []
    for code, gaps in by_paper.items():
        name, right = paper_name(book, code), sum(one.right for one in gaps)
        if all(one.found in (None, "", [], ()) for one in gaps):
            said.append(t("papers.blank", paper=name, number=len(gaps), article=gaps[0].article))
            continue
        if counted:
            said.append(t("papers.right", paper=name, right=right, total=len(gaps)))
        said += [explain(book, one) for one in gaps if not one.right]
    return said


def _shown(book: Rulebook, gap: Gap, value: Any) -> str:
    if value in (None, "", [], ()):
        return "–"
    if gap.kind in {"one", "many"}:
        known = [choice_name(book, item) if item in gap.choices else item for item in names(value)]
        return "、".join(known)
    if isinstance(value, float):
        value = f"{value:.2f}".rstrip("0").rstrip(".")
    return f"{value} {gap.unit}".strip()
