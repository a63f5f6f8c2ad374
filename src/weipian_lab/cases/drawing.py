"""The procedure drawn from the rulebook's table as SVG, in Chinese or English."""

from __future__ import annotations

from html import escape

from weipian_lab.rulebook import Rulebook
from weipian_lab.text import Lang, current

__all__ = ["procedure_svg"]

WIDTH, HEIGHT, GAP_X, GAP_Y, MARGIN = 168, 36, 40, 62, 36
FILL = {"open": "#DCEBF7", "wait": "#FBEFD5", "end": "#DDEFE5"}


def procedure_svg(book: Rulebook, lang: Lang | None = None) -> str:
    """Return the procedure as SVG: states from the first downwards, an arrow for each event.

    Open states are blue, waiting ones yellow, ends green with a thick edge.
    The events that lead to a state stand above it; an arrow's tooltip names the event and its rule.
    Arrows that lead back up are dashed and run beside the boxes, their events stand below their origin.
    """
    lang = lang or current()
    table, places = book.procedure, _layout(book)
    width = (max(x for x, _ in places.values()) + 1) * (WIDTH + GAP_X) + 2 * MARGIN
    height = (max(y for _, y in places.values()) + 1) * (HEIGHT + GAP_Y) + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" font-family="Weipian Sans SC, Noto Sans SC, sans-serif" role="img">',
        f"<title>{escape(book.title(lang))}</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#555"/></marker></defs>',
    ]
    above: dict[str, list[str]] = {}
    below: dict[str, list[str]] = {}
    for step in table.transitions:
        if step.to == "=" or "*" in step.sources:
            continue
        label = step.text(lang)
        for source in step.sources:
            down = places[step.to][1] - places[source][1]
            parts.append(_arrow(places[source], places[step.to], f"{label} · {step.rule}"))
            notes = above.setdefault(step.to, []) if down > 0 else below.setdefault(source, [])
            note = label if down > 0 else f"{'→' if down == 0 else '↑'} {label}"
            notes += [note] if note not in notes else []
    for name, place in places.items():
        state = table.states[name]
        parts.append(_box(place, state.text(lang), state.kind, above.get(name, []), below.get(name, [])))
    return "\n".join([*parts, "</svg>"])


def _corner(place: tuple[int, int]) -> tuple[float, float]:
    return MARGIN + place[0] * (WIDTH + GAP_X), MARGIN + GAP_Y / 2 + place[1] * (HEIGHT + GAP_Y)


def _box(place: tuple[int, int], name: str, kind: str, above: list[str], below: list[str]) -> str:
    x, y = _corner(place)
    parts = [
        f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="6" fill="{FILL[kind]}" '
        f'stroke="#335" stroke-width="{3 if kind == "end" else 1}"/>',
        f'<text x="{x + WIDTH / 2}" y="{y + 23}" font-size="14" text-anchor="middle">{escape(name)}</text>',
    ]
    lines = [(y - 6 - 12 * (len(above) - 1 - i), label) for i, label in enumerate(above)]
    lines += [(y + HEIGHT + 13 + 12 * i, label) for i, label in enumerate(below)]
    halo = 'stroke="white" stroke-width="3" paint-order="stroke"'
    for line, label in lines:
        parts.append(
            f'<text x="{x + WIDTH / 2 + 6}" y="{line}" font-size="10.5" fill="#333" {halo}>'
            f"{escape(label)}</text>"
        )
    return "".join(parts)


def _layout(book: Rulebook) -> dict[str, tuple[int, int]]:
    """Place each state (column, row): the row is its distance from the first state."""
    table = book.procedure
    row = {table.initial: 0}
    frontier = [table.initial]
    while frontier:
        state = frontier.pop(0)
        for step in table.transitions:
            if state in step.sources and step.to != "=" and step.to not in row:
                row[step.to] = row[state] + 1
                frontier.append(step.to)
    for name, stated in table.states.items():
        sources = [row.get(x, 0) for step in table.transitions if step.to == name for x in step.sources]
        if stated.kind == "end" and sources:  # an end stands below all that leads to it
            row[name] = max(sources) + 1
        row.setdefault(name, 0)
    used: dict[int, int] = {}
    places = {}
    for name in table.states:
        places[name] = (used.get(row[name], 0), row[name])
        used[row[name]] = used.get(row[name], 0) + 1
    return places


def _arrow(source: tuple[int, int], target: tuple[int, int], title: str) -> str:
    (x1, y1), (x2, y2) = _corner(source), _corner(target)
    back = target[1] < source[1]
    if target[1] == source[1]:  # sideways, bowed under the boxes that may lie between
        right = x2 > x1
        x1, x2, y = x1 + (WIDTH if right else 0), x2 + (0 if right else WIDTH), y1 + HEIGHT * 0.7
        sag = y + (GAP_Y / 2 if abs(target[0] - source[0]) > 1 else 0)
        path = f"M{x1} {y} C{x1 + (20 if right else -20)} {sag} {x2 - (20 if right else -20)} {sag} {x2} {y}"
    elif back:  # up along the left edge of the boxes
        y1, y2, bend = y1 + HEIGHT / 2, y2 + HEIGHT / 2, min(x1, x2) - GAP_X / 2
        path = f"M{x1} {y1} C{bend} {y1} {bend} {y2} {x2} {y2}"
    else:
        x1, y1, x2 = x1 + WIDTH / 2, y1 + HEIGHT, x2 + WIDTH / 2
        path = f"M{x1} {y1} C{x1} {y1 + GAP_Y / 2} {x2} {y2 - GAP_Y / 2} {x2} {y2}"
    dash = ' stroke-dasharray="4 3"' if back else ""
    return (
        f'<path d="{path}" fill="none" stroke="#888"{dash} marker-end="url(#tip)">'
        f"<title>{escape(title)}</title></path>"
    )
