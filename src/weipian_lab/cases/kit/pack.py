"""The printed answer pack: for each seat its case, its end and the model way with what each step states."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import pandas as pd

from weipian_lab.cases.kit.forms import Forms
from weipian_lab.cases.kit.pages import frame_table, page
from weipian_lab.cases.papers import choice_name
from weipian_lab.cases.scenario import Answer, Scenario
from weipian_lab.cases.wording import FIELDS, field_name, listed, state_name, step_name, word
from weipian_lab.text import Lang, language, t

__all__ = ["answer_pack"]


def answer_pack(scenarios: Sequence[Scenario], forms: Sequence[str], measured: Forms, lang: Lang) -> str:
    """Return the model answers of a class for printing, one seat a sheet, how equal the forms are first."""
    with language(lang):
        values: dict[str, Any] = {name: f"{value:.2f}" for name, value in vars(measured).items()}
        parts = [f"<p>{escape(t('kit.forms_equal', **values))}</p>", frame_table(_seats(scenarios, forms))]
        for number, (scenario, form) in enumerate(zip(scenarios, forms, strict=True), 1):
            title = f"seat-{number:03d} · {scenario.title(lang)} · {t('kit.h_form')} {form}"
            parts.append(f"<h2>{escape(title)}</h2>{_sheet(scenario, lang)}")
        return page(t("kit.pack_title"), "\n".join(parts), lang, "pack")


def _seats(scenarios: Sequence[Scenario], forms: Sequence[str]) -> pd.DataFrame:
    rows = [
        (f"seat-{number:03d}", one.case_id, one.title(), form, _end(one))
        for number, (one, form) in enumerate(zip(scenarios, forms, strict=True), 1)
    ]
    heads = ("seat", "case", "family", "form", "state")
    return pd.DataFrame(rows, columns=[t(f"kit.h_{name}") for name in heads])


def _end(scenario: Scenario) -> str:
    return state_name(scenario.book, scenario.key.state) if scenario.key else ""


def _sheet(scenario: Scenario, lang: Lang) -> str:
    book, key = scenario.book, scenario.key
    if key is None:
        return ""
    rows = [
        (
            answer.on.isoformat(),
            step_name(book, answer.event, str(answer.evidence.get("kind", "")), lang),
            _stated(scenario, answer),
        )
        for answer in key.answers
    ]
    columns = [t(f"kit.h_{name}") for name in ("on", "event", "evidence")]
    why = t(f"scenarios.{scenario.family}_why", lang=lang)
    opened = t("kit.pack_line", case=scenario.case_id, opened=scenario.opened_on, end=_end(scenario))
    faults = {name: problems for name, problems in scenario.photo_problems.items() if problems}
    photos = "；".join(
        f"{name}：{'、'.join(t(f'kit.fault_{p}') for p in found)}" for name, found in faults.items()
    )
    shown = t("kit.pack_photos", photos=photos or "–")
    texts = "".join(f"<p>{escape(text)}</p>" for text in (opened, why, shown))
    return texts + frame_table(pd.DataFrame(rows, columns=columns))


def _stated(scenario: Scenario, answer: Answer) -> str:
    """Return what a step states, one line a field, codes in words; gaps of its papers after it."""
    lines = []
    for name, value in answer.evidence.items():
        if name in {"kind", "forms"}:
            continue
        values = value if isinstance(value, (list, tuple)) else [value]
        label = t("kit.papers") if name == "documents" else field_name(name)
        lines.append(f"{label}：{listed(scenario.book, values, FIELDS.get(name, ''))}")
    for paper, gaps in dict(answer.evidence.get("forms") or {}).items():
        filled = "；".join(
            f"{t(f'papers.{name}')} {_gap(scenario, paper, name, value, answer)}"
            for name, value in dict(gaps).items()
        )
        kind = "EVIDENCE" if paper in scenario.book.codes("EVIDENCE") else "DOCUMENT"
        lines.append(f"《{listed(scenario.book, [paper], kind)}》{filled}")
    return "\n".join(lines)


def _gap(scenario: Scenario, paper: str, name: str, value: object, answer: Answer) -> str:
    """Return what stands in a gap: choices by name, everything else as it is."""
    values = value if isinstance(value, (list, tuple)) else [value]
    book, on = scenario.book, answer.on
    offered = {x for gap in book.forms[paper].gaps if gap.name == name for x in gap.choices}
    return "、".join(choice_name(book, x, on) if x in offered else word(book, x) for x in values)
