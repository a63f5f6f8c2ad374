"""Progress of runs: a bar with notebook and section on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["shown"]


@contextmanager
def shown() -> Iterator[Callable[[str, int, int, str], None]]:
    """Yield what shows progress, called as (notebook, cell, number of cells, section)."""
    if not sys.stderr.isatty():
        yield _line
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.fields[notebook]}"),
        BarColumn(bar_width=24),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[section]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, TaskID] = {}

        def show(notebook: str, cell: int, cells: int, section: str) -> None:
            for name, task in tasks.items():
                if name != notebook:
                    bars.update(task, completed=bars.tasks[task].total, section="")
                    bars.stop_task(task)
            if notebook not in tasks:
                tasks[notebook] = bars.add_task("", total=cells, notebook=notebook, section="")
            bars.update(tasks[notebook], completed=cell, section=escape(section))

        yield show


def _line(notebook: str, cell: int, cells: int, section: str) -> None:
    print(f"{notebook} [{cell}/{cells}] {section}", file=sys.stderr, flush=True)
