"""A small table that shows itself in a notebook, in a report and in a terminal; every cell is data."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

__all__ = ["Table"]

DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Table:
    """Column heads and rows of text, never cut short and always escaped."""

    heads: Sequence[str]
    rows: Sequence[Sequence[Any]]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Table:
        """Return a table of a DataFrame's columns, without its index."""
        return cls([str(name) for name in frame.columns], frame.to_numpy(object).tolist())

    @property
    def frame(self) -> pd.DataFrame:
        """The same as a DataFrame."""
        return pd.DataFrame([list(row) for row in self.rows], columns=list(self.heads))

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(str(name))}</th>" for name in self.heads)
        body = "".join("<tr>" + "".join(_cell(str(cell)) for cell in row) + "</tr>" for row in self.rows)
        return f'<table class="plain"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'

    def __repr__(self) -> str:
        return "\n".join("\t".join(str(cell) for cell in row) for row in (self.heads, *self.rows))


def _cell(text: str) -> str:
    style = ' style="white-space: nowrap"' if DAY.fullmatch(text) else ""  # a day is read in one piece
    return f"<td{style}>{html.escape(text)}</td>"
