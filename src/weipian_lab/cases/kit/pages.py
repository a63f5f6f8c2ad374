"""Pages of a graded class: plain HTML that opens with no network; everything from outside is escaped."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from weipian_lab.cases.kit import tables
from weipian_lab.cases.wording import state_name
from weipian_lab.rulebook import Rulebook
from weipian_lab.text import Lang, language, t

if TYPE_CHECKING:
    from weipian_lab.cases.kit.grading import Result

__all__ = ["class_page", "frame_table", "page", "seat_page"]

STYLE = (
    "body{font-family:'Noto Sans SC','Microsoft YaHei',sans-serif;max-width:72rem;margin:2rem auto;"
    "padding:0 1rem;color:#222}table{border-collapse:collapse;margin:1rem 0;font-size:.9rem}"
    "td,th{border:1px solid #ccc;padding:.25rem .5rem;text-align:left;vertical-align:top}"
    "td{white-space:pre-line;min-width:2.6rem}td.day{white-space:nowrap}td.mid{min-width:6rem}"
    "td.long{min-width:14rem}th{background:#eef3f8}.bad{color:#a33}.wide{overflow-x:auto}"
    ".yes{background:#dceaf6;text-align:center}.no{background:#f6d9b8;text-align:center;font-weight:bold}"
    "@media print{body{max-width:none;font-size:9pt}.pack h2{break-before:page}tr{break-inside:avoid}}"
)


DAY, MID, LONG = re.compile(r"seat-\d+|\d{4}-\d{2}-\d{2}( [\d:]+)?"), 6, 18
"""What is never broken across lines; numbers of characters from which a column is given room."""


def page(title: str, body: str, lang: Lang, kind: str = "") -> str:
    """Return a whole page; the body is HTML, the title text."""
    head = f'<!doctype html><html lang="{lang}"><meta charset="utf-8"><title>{escape(title)}</title>'
    return (
        f'{head}<style>{STYLE}</style><body class="{kind}"><h1>{escape(title)}</h1>\n{body}\n</body></html>\n'
    )


def frame_table(frame: pd.DataFrame) -> str:
    """Return a table as HTML, its cells escaped; nothing stands where a value is absent."""
    shown = frame.astype(object).where(frame.notna(), "")
    head = "".join(f"<th>{escape(str(name))}</th>" for name in shown.columns)
    rows = ("".join(_cell(str(x)) for x in row) for row in shown.itertuples(index=False))
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(text: str) -> str:
    size = "long" if len(text) >= LONG else "mid" if len(text) >= MID else ""
    kind = "day" if DAY.fullmatch(text) else size
    return f'<td class="{kind}">{escape(text)}</td>' if kind else f"<td>{escape(text)}</td>"


def class_page(
    summary: pd.DataFrame, words: Mapping[str, pd.DataFrame], strays: Sequence[str], lang: Lang
) -> str:
    """Return the class's result.

    Parameters
    ----------
    summary
        One row a seat, as :func:`weipian_lab.cases.kit.tables.summary` gives it.
    words
        The class's tables in words, by name.
    strays
        Files that belong to no seat.
    """
    with language(lang):
        graded = summary["total"].dropna().astype(float)
        shown = f"{graded.mean():.1f}" if len(graded) else "–"
        passed = int((summary["passed"] == True).sum())  # noqa: E712 (the column holds None too)
        line = t("kit.class_line", seats=len(summary), graded=len(graded), mean=shown, passed=passed)
        body = f"<p>{escape(line)}</p>"
        if strays:
            body += f'<p class="bad">{escape(t("kit.strays", names=", ".join(strays)))}</p>'
        seats = words["summary"].dropna(axis=1, how="all")
        body += f"<h2>{t('kit.sheet_summary')}</h2>{frame_table(seats)}"
        body += f"<h2>{t('kit.sheet_missed_steps')}</h2>{frame_table(words['missed_steps'].head(20))}"
        body += f"<h2>{t('kit.sheet_missed')}</h2>{frame_table(words['missed'].head(30))}"
        body += f"<h2>{t('kit.sheet_matrix')}</h2><p>{t('kit.matrix_legend')}</p>{_marks(words['matrix'])}"
        body += f"<h2>{t('kit.sheet_forms')}</h2><p>{t('kit.forms_note')}</p>{frame_table(words['forms'])}"
        return page(t("kit.class_title"), body, lang)


def _marks(matrix: pd.DataFrame) -> str:
    """Return step × seat with a mark and a colour for taken and missed."""
    marks = {1: '<td class="yes">✓</td>', 0: '<td class="no">×</td>'}
    head = "".join(f"<th>{escape(str(name).removeprefix('seat-'))}</th>" for name in matrix.columns)
    rows = []
    for row in matrix.itertuples(index=False):
        cells = "".join("<td></td>" if pd.isna(x) else marks[int(x)] for x in row[1:])
        rows.append(f"<tr><td>{escape(str(row[0]))}</td>{cells}</tr>")
    return (
        f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )


def seat_page(result: Result, book: Rulebook, lang: Lang) -> str:
    """Return the one-page feedback of a trainee: score, reasons with their articles, time line."""
    with language(lang):
        title = t("kit.seat_title", seat=result.seat, trainee=result.trainee)
        if result.score is None or result.steps is None:
            return page(title, f'<p class="bad">{escape(result.problem)}</p>', lang)
        verdict = t("kit.passed" if result.score.passed else "kit.not_passed")
        state = state_name(book, result.score.state)
        line = t("kit.seat_line", total=f"{result.score.total:g}", verdict=verdict, state=state)
        body = f"<p><b>{escape(line)}</b></p>"
        if result.score.red_lines:
            body += f'<p class="bad">{t("kit.red_lines")}{escape("；".join(result.score.red_lines))}</p>'
        about = f"{t(f'scenarios.{result.family}')}：{t(f'scenarios.{result.family}_why')}"
        body += f"{frame_table(result.score.table(lang))}<p>{escape(about)}</p>"
        wanted = ["at", "on", "by", "event", "accepted", "state", "message"]
        steps = result.steps[wanted].copy()
        basis = result.steps["article"].astype(str)
        steps["message"] = steps["message"].where(steps["message"].astype(str) != "", basis)
        body += f"<h2>{t('kit.sheet_timeline')}</h2>{frame_table(tables.in_words(steps, book))}"
        return page(title, body, lang)
