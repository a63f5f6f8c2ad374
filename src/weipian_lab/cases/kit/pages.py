"""Pages of the kit: plain HTML that opens with no network; everything from outside is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from weipian_lab.cases.scenario import Scenario
from weipian_lab.text import Lang, language, t

if TYPE_CHECKING:
    from weipian_lab.cases.kit.grading import Result

__all__ = ["answer_pack", "class_page", "seat_page"]

STYLE = (
    "body{font-family:'Noto Sans SC','Microsoft YaHei',sans-serif;max-width:60rem;margin:2rem auto;"
    "padding:0 1rem;color:#222}table{border-collapse:collapse;margin:1rem 0;font-size:.9rem}"
    "td,th{border:1px solid #ccc;padding:.25rem .5rem;text-align:left;vertical-align:top}"
    "th{background:#eef3f8}.bad{color:#a33}@media print{h2{break-before:page}}"
)


def _page(title: str, body: str, lang: Lang) -> str:
    head = f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>{escape(title)}</title>'
    return f"{head}<style>{STYLE}</style><h1>{escape(title)}</h1>\n{body}\n</html>\n"


def _table(frame: pd.DataFrame) -> str:
    return str(frame.to_html(index=False, escape=True, na_rep="", border=0))


def class_page(summary: pd.DataFrame, matrix: pd.DataFrame, missed: pd.DataFrame, lang: Lang) -> str:
    """Return the class's result: one table of seats, step × seat, what was missed most."""
    with language(lang):
        graded = summary["total"].dropna().astype(float)
        shown = f"{graded.mean():.1f}" if len(graded) else "–"
        body = f"<p>{t('kit.class_line', seats=len(summary), graded=len(graded), mean=shown)}</p>"
        body += f"<h3>{t('kit.seats')}</h3>{_table(summary)}"
        body += f"<h3>{t('kit.missed')}</h3>{_table(missed.head(30))}"
        body += f"<h3>{t('kit.matrix')}</h3>{_table(matrix.reset_index())}"
        return _page(t("kit.class_title"), body, lang)


def seat_page(result: Result, lang: Lang) -> str:
    """Return the one-page feedback of a trainee: score, reasons with their articles, time line."""
    with language(lang):
        title = t("kit.seat_title", seat=result.seat, trainee=result.trainee)
        if result.score is None or result.steps is None:
            return _page(title, f'<p class="bad">{escape(result.problem)}</p>', lang)
        verdict = t("kit.passed") if result.score.passed else t("kit.not_passed")
        body = f"<p><b>{result.score.total:g}</b> · {verdict}</p>"
        if result.score.red_lines:
            body += f'<p class="bad">{t("kit.red_lines")}{escape("；".join(result.score.red_lines))}</p>'
        body += _table(result.score.table(lang))
        body += f"<p>{escape(t(f'scenarios.{result.family}_why'))}</p>"
        steps = result.steps[["on", "by", "event", "accepted", "state", "article", "message"]]
        return _page(title, body + _table(steps), lang)


def answer_pack(scenarios: Sequence[Scenario], forms: Sequence[str], lang: Lang) -> str:
    """Return the model answers of a class for printing."""
    with language(lang):
        parts = []
        for number, (scenario, form) in enumerate(zip(scenarios, forms, strict=True), 1):
            key = scenario.key
            rows = [
                (answer.on, answer.event, "; ".join(f"{k}={v}" for k, v in answer.evidence.items()))
                for answer in (key.answers if key else ())
            ]
            steps = pd.DataFrame(rows, columns=["on", "event", "evidence"])
            parts.append(
                f"<h2>seat-{number:03d} · {escape(scenario.title(lang))} · {form}</h2>"
                f"<p>{escape(t(f'scenarios.{scenario.family}_why'))}</p>{_table(steps)}"
            )
        return _page(t("kit.pack_title"), "\n".join(parts), lang)
