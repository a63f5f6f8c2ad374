"""The procedure drawn from the rulebook's table as SVG, in Chinese or English."""

from __future__ import annotations

from html import escape

from weipian_lab.rulebook import Rulebook
from weipian_lab.text import Lang, current

__all__ = ["procedure_svg"]

WIDTH, HEIGHT, GAP_X, GAP_Y = 150, 40, 96, 34
FILL = {"open": "#DCEBF7", "wait": "#FBEFD5", "end": "#DDEFE5"}


def procedure_svg(book: Rulebook, lang: Lang | None = None) -> str:
    """Return the procedure as SVG: states by their distance from the first, an arrow for each event.

    Open states are blue, waiting ones yellow, ends green with a thick edge; an arrow's tooltip and label
    name the event and its rule.
    """
    lang = lang or current()
    table = book.procedure
    places = _layout(book)
    width = (max(x for x, _ in places.values()) + 1) * (WIDTH + GAP_X)
    height = (max(y for _, y in places.values()) + 1) * (HEIGHT + GAP_Y) + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="Weipian Sans SC, Noto Sans SC, sans-serif" role="img">',
        f"<title>{escape(book.title(lang))}</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#555"/></marker></defs>',
    ]
    for step in table.transitions:
        if step.to == "=" or "*" in step.sources:
            continue
        for source in step.sources:
            parts.append(_arrow(places[source], places[step.to], step.text(lang), step.rule))
    for name, (column, row) in places.items():
        state = table.states[name]
        x, y = column * (WIDTH + GAP_X) + 10, row * (HEIGHT + GAP_Y) + 10
        edge = 3 if state.kind == "end" else 1
        parts.append(
            f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="{FILL[state.kind]}" '
            f'stroke="#335" stroke-width="{edge}"/><text x="{x + WIDTH / 2}" y="{y + 25}" font-size="13" '
            f'text-anchor="middle">{escape(state.text(lang))}</text>'
        )
    return "\n".join([*parts, "</svg>"])


def _layout(book: Rulebook) -> dict[str, tuple[int, int]]:
    """Place each state in the column of its distance from the first state."""
    table = book.procedure
    column = {table.initial: 0}
    frontier = [table.initial]
    while frontier:
        state = frontier.pop(0)
        for step in table.transitions:
            if state in step.sources and step.to != "=" and step.to not in column:
                column[step.to] = column[state] + 1
                frontier.append(step.to)
    for name in table.states:
        column.setdefault(name, 0)
    used: dict[int, int] = {}
    places = {}
    for name in table.states:
        places[name] = (column[name], used.get(column[name], 0))
        used[column[name]] = used.get(column[name], 0) + 1
    return places


def _arrow(source: tuple[int, int], target: tuple[int, int], label: str, rule: str) -> str:
    x1: float
    x2: float
    x1, y1 = source[0] * (WIDTH + GAP_X) + 10 + WIDTH, source[1] * (HEIGHT + GAP_Y) + 10 + HEIGHT / 2
    x2, y2 = target[0] * (WIDTH + GAP_X) + 10, target[1] * (HEIGHT + GAP_Y) + 10 + HEIGHT / 2
    if target[0] <= source[0]:  # backwards: leave and arrive below the boxes
        x1, y1, x2, y2 = x1 - WIDTH / 2, y1 + HEIGHT / 2, x2 + WIDTH / 2, y2 + HEIGHT / 2
        path = f"M{x1} {y1} C{x1} {y1 + 40} {x2} {y2 + 40} {x2} {y2 + 1}"
        middle = ((x1 + x2) / 2, max(y1, y2) + 26)
    else:
        path = f"M{x1} {y1} C{x1 + 45} {y1} {x2 - 45} {y2} {x2} {y2}"
        middle = ((x1 + x2) / 2, (y1 + y2) / 2 - 4)
    return (
        f'<path d="{path}" fill="none" stroke="#777" marker-end="url(#tip)"><title>{escape(label)} · '
        f'{escape(rule)}</title></path><text x="{middle[0]}" y="{middle[1]}" font-size="10" fill="#333" '
        f'text-anchor="middle">{escape(label)}</text>'
    )
