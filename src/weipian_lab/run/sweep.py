"""A notebook over a grid of parameters: one process a case, resumable, one summary table."""

from __future__ import annotations

import hashlib
import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from weipian_lab.errors import InputError, WeipianError
from weipian_lab.outputs import sha256, write_json, write_table
from weipian_lab.run.demo import headline
from weipian_lab.run.given import read_parameters
from weipian_lab.run.manifest import MANIFEST, read_manifest, verify
from weipian_lab.run.parameters import model
from weipian_lab.run.runner import notebook_file
from weipian_lab.text import Lang, language, t

__all__ = ["Sweep", "cases", "run_sweep"]

MOST = 10_000


@dataclass(frozen=True)
class Sweep:
    """What a sweep gave: the table, the number of cases and of those that failed."""

    summary: Path
    cases: int
    failed: int


def cases(grid: dict[str, Any], file: Path) -> list[dict[str, Any]]:
    """Return every combination of a grid ``{name: [value, …] or value}``, in the order of the file.

    Raises
    ------
    InputError
        If the grid is empty or has more than 10,000 cases.
    """
    values = [value if isinstance(value, list) else [value] for value in grid.values()]
    number = 1
    for choices in values:
        number *= len(choices)
    if not grid or not 0 < number <= MOST:
        raise InputError("run.bad_grid", path=file, number=number if grid else 0, most=MOST)
    return [dict(zip(grid, combination, strict=True)) for combination in itertools.product(*values)]


def run_sweep(
    notebook: str, file: Path, out: Path, *, lang: Lang = "zh", say: Callable[[str], None] = print
) -> Sweep:
    """Run every case of a grid; cases that are done already, with the same notebook and input, are kept.

    Parameters
    ----------
    file
        YAML: ``name: [value, value, …]`` or ``name: value``.
    out
        Gets a folder ``case-…`` for each case and ``summary.csv``.
    say
        Called with a line for each case.

    Raises
    ------
    ParameterError, InputError
        Before the first case starts, if any case's parameters are wrong.
    """
    source = notebook_file(notebook)
    grid = cases(read_parameters(file), file)
    with language(lang):
        for case in grid:
            model(source.stem).check({**case, "lang": lang})
        rows = []
        for number, case in enumerate(grid, start=1):
            folder = Path(out).absolute() / f"case-{_key(source.stem, case)}"
            state = "kept" if _is_done(folder, source) else _run(source.stem, case, folder, lang)
            words = ", ".join(f"{name}={value}" for name, value in case.items())
            status = t(f"run.case_{state}") if state in {"kept", "done"} else state
            say(f"[{number}/{len(grid)}] {folder.name} {words}: {status}")
            rows.append(_row(folder, case, state, lang))
        summary = write_table(Path(out) / "summary.csv", pd.DataFrame(rows))
    return Sweep(summary, len(grid), sum(row["status"] == "failed" for row in rows))


def _key(notebook: str, case: dict[str, Any]) -> str:
    written = json.dumps([notebook, case], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(written.encode()).hexdigest()[:8]


def _is_done(folder: Path, source: Path) -> bool:
    if not (folder / MANIFEST).is_file():
        return False
    try:
        same = read_manifest(folder).get("notebook_sha256") == sha256(source)
        return same and not verify(folder).differences
    except WeipianError:
        return False  # a broken manifest: run the case again


def _run(notebook: str, case: dict[str, Any], folder: Path, lang: Lang) -> str:
    """Run a case in a process of its own; return ``"done"`` or the sentence of its error."""
    given = write_json(folder.with_suffix(".yaml"), case)  # JSON is YAML
    command = [
        sys.executable,
        "-m",
        "weipian_lab.cli",
        "run",
        notebook,
        "-f",
        str(given),
        "--out",
        str(folder),
    ]
    done = subprocess.run([*command, "--lang", lang], check=False, capture_output=True, text=True)
    if done.returncode == 0:
        return "done"
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return lines[-1] if lines else t("run.case_failed", code=done.returncode)


def _row(folder: Path, case: dict[str, Any], state: str, lang: Lang) -> dict[str, Any]:
    row: dict[str, Any] = {"case": folder.name, "status": "done" if state in {"kept", "done"} else "failed"}
    row |= {
        name: value if isinstance(value, (int, float, str)) else json.dumps(value)
        for name, value in case.items()
    }
    if row["status"] == "failed":
        return row | {"error": state}
    content = headline(folder) or {}
    measured = read_manifest(folder)["measured"]
    row |= {"seconds": measured["seconds"], "peak_mb": measured["peak_mb"]}
    row |= dict(_numbers(content.items(), taken=row))
    return row | {"headline": content.get("headline", {}).get(lang, "")}


def _numbers(items: Iterable[tuple[str, Any]], taken: dict[str, Any]) -> Iterable[tuple[str, Any]]:
    """Yield the plain numbers of a result, one level deep, under names that no parameter has."""
    for name, value in items:
        pairs = value.items() if isinstance(value, dict) else [("", value)]
        for inner, number in pairs:
            full = f"{name}.{inner}" if inner else name
            if isinstance(number, (int, float)) and not isinstance(number, bool):
                yield (f"result.{full}" if full in taken else full), number
