"""The notebook that a seat opens: the walkthrough with the seat's case already set, nothing to be typed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from weipian_lab.errors import InputError

__all__ = ["seat_notebook"]


def seat_notebook(template: Path | str, values: Mapping[str, str]) -> str:
    """Return a notebook with some of its parameters set.

    Parameters
    ----------
    template
        The walkthrough notebook, with one cell tagged ``parameters`` of annotated literals, one a line.
    values
        Parameter → text.

    Raises
    ------
    InputError
        If the file is no such notebook, or lacks a parameter.
    """
    path = Path(template)
    try:
        book = json.loads(path.read_text("utf-8"))
        (cell,) = (c for c in book["cells"] if "parameters" in c["metadata"].get("tags", []))
        lines = "".join(cell["source"]).splitlines(keepends=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError("kit.not_the_notebook", path=path.name, problem=str(error)[:80]) from error
    for name, value in values.items():
        lines = _set(lines, name, value, path.name)
    cell["source"] = lines
    return json.dumps(book, ensure_ascii=False, indent=1) + "\n"


def _set(lines: list[str], name: str, value: str, file: str) -> list[str]:
    start = re.compile(rf'^({re.escape(name)}: [^=]+ = )"[^"]*"')
    literal = json.dumps(value, ensure_ascii=False)
    found = [number for number, line in enumerate(lines) if start.match(line)]
    if len(found) != 1:
        raise InputError("kit.not_the_notebook", path=file, problem=name)
    (number,) = found
    line = start.sub(lambda match: match[1] + literal, lines[number])
    return [*lines[:number], line, *lines[number + 1 :]]
