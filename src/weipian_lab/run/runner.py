"""The strict runner: everything is checked before the kernel starts, and a failed run leaves no half result.

A notebook runs in a folder of its own beside `out_dir`, with that folder as its working folder and ``.`` as
its ``out_dir``; when all went well, the results take their place in `out_dir` and replace the earlier run's.
When it failed, `out_dir` gets ``NAME.FAILED.ipynb`` and nothing else, and earlier results stay as they were.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from weipian_lab import errors, rulebook, text
from weipian_lab.errors import InputError, OutputError, ParameterError, RunError, WeipianError
from weipian_lab.outputs import write_text
from weipian_lab.run.bundle import bundled, root
from weipian_lab.run.engine import CellFailure, Execution, KernelDied, execute
from weipian_lab.run.manifest import MANIFEST, outputs_of, write_manifest
from weipian_lab.run.parameters import Common, model, notebook_name
from weipian_lab.run.report import heading_before, write_report
from weipian_lab.run.unfinished import VARIABLE, keep_if_cut_off, working_folder

__all__ = ["Progress", "RunResult", "notebook_file", "run_notebook"]

Progress = Callable[[str, int, int, str], None]
"""Called as (notebook, cell, number of cells, heading of the section) before each code cell."""


@dataclass(frozen=True)
class RunResult:
    """What a run gave.

    Attributes
    ----------
    status
        ``"done"``; a run that failed raises instead.
    out_dir, notebook, report, manifest
        Where the results are.
    seconds
        Wall time of the run.
    peak_mb
        Peak resident size of the kernel, MB (10⁶ bytes).
    """

    status: str
    out_dir: Path
    notebook: Path
    report: Path
    manifest: Path
    seconds: float
    peak_mb: float


def notebook_file(name: str) -> Path:
    """Return the file of a notebook.

    Raises
    ------
    ParameterError
        If there is no notebook of that name.
    InputError
        If the package does not run from a checkout.
    """
    known = notebook_name(name)
    checkout = root()
    file = (checkout or Path()) / "notebooks" / f"{known}.ipynb"
    if checkout is None or not file.is_file():
        raise InputError("run.no_notebooks", name=known)
    return file


def run_notebook(
    name: str,
    parameters: Mapping[str, Any],
    out_dir: Path | str,
    *,
    lang: text.Lang = "zh",
    progress: Progress | None = None,
) -> RunResult:
    """Run a notebook with checked parameters; write it as executed, ``report.html`` and ``manifest.json``.

    Parameters
    ----------
    name
        Notebook: ``01_screening``, or its number ``01``.
    parameters
        Parameters that differ from the notebook's own; relative paths are relative to the present folder.
    out_dir
        Folder of the results; made if need be.
    lang
        Language of the report, unless `parameters` has one.
    progress
        Called before each code cell.

    Raises
    ------
    ParameterError
        For an unknown notebook, an unknown, mistyped or out-of-range parameter; before the kernel starts.
    InputError, RulebookError
        For input that does not exist or does not fit, found before the start or in the kernel.
    OutputError
        If `out_dir` cannot be written.
    RunError
        If a cell failed for another reason, or the kernel died.
    """
    with text.language(_language(parameters, lang)):
        file, folder = notebook_file(name), Path(out_dir).absolute()
        checked = _checked(file.stem, parameters, lang)
        given = {key: value for key, value in parameters.items() if key not in {"out_dir", "lang"}}
        with _staging(folder) as staging, keep_if_cut_off(folder) as unfinished:
            for key, paths in _input_paths(checked, given).items():
                given[key] = _for_kernel(paths, given[key], staging, folder)
            execution = Execution(
                notebook=_prepared(
                    file, {**given, "out_dir": ".", "lang": checked.lang, "interactive": False}
                ),
                folder=staging,
                environment={**_environment(checked.lang), VARIABLE: str(unfinished)},
            )
            if progress is not None:
                execution.on_cell = _announce(execution, file.stem, checked.lang, progress)
            seconds = _execute(execution, file.stem, folder)
            write_text(staging / file.name, nbformat.writes(execution.notebook) + "\n")
            write_report(execution.notebook, staging / "report.html", lang=checked.lang)
            write_manifest(
                staging, file, checked, out_dir=folder, seconds=seconds, peak_mb=round(execution.peak_mb, 1)
            )
            _publish(staging, folder, file.stem)
    return RunResult(
        status="done",
        out_dir=folder,
        notebook=folder / file.name,
        report=folder / "report.html",
        manifest=folder / MANIFEST,
        seconds=seconds,
        peak_mb=execution.peak_mb,
    )


def _language(parameters: Mapping[str, Any], lang: text.Lang) -> text.Lang:
    chosen = parameters.get("lang", lang)
    return chosen if chosen in text.LANGS else lang if lang in text.LANGS else "zh"


def _checked(notebook: str, parameters: Mapping[str, Any], lang: str) -> Common:
    """Return the resolved parameters, having loaded the rulebook too: all that can fail early does."""
    if "out_dir" in parameters:
        raise ParameterError("run.out_dir_given")
    if parameters.get("interactive", False) not in (False, "auto"):
        raise ParameterError("run.interactive_given")
    checked = model(notebook).check({"lang": lang, **parameters, "out_dir": ".", "interactive": False})
    rulebook.load(checked.rulebook)
    return checked


def _input_paths(checked: Common, given: Mapping[str, Any]) -> dict[str, list[Path]]:
    """Return the files and folders that the caller named, by parameter."""
    found: dict[str, list[Path]] = {}
    for key, path in checked.inputs():
        if given.get(key):
            found.setdefault(key, []).append(path)
    return found


def _for_kernel(paths: list[Path], value: Any, staging: Path, folder: Path) -> Any:
    """Return what the kernel gets for paths: relative to its folder where they lie near `folder`."""
    near = [path.resolve().is_relative_to(folder.parent.resolve()) for path in paths]
    shown = [
        Path(os.path.relpath(path.resolve(), staging.resolve())).as_posix() if close else str(path.resolve())
        for path, close in zip(paths, near, strict=True)
    ]
    return shown[0] if isinstance(value, str) else shown


def _environment(lang: str) -> dict[str, str]:
    return {
        "WEIPIAN_LANG": lang,
        "WEIPIAN_DATA": str(bundled()),
        "PYTHONHASHSEED": "0",
        "PYTHONIOENCODING": "utf-8",
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        # glibc gives freed arrays back at once; otherwise a kernel keeps its highest need for good
        "MALLOC_TRIM_THRESHOLD_": str(128 * 1024),
    }


def _prepared(file: Path, parameters: Mapping[str, Any]) -> Any:
    """Return the notebook with the parameters set in a cell after the tagged one, Chinese as written."""
    notebook = nbformat.read(file, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    place = next(i for i, cell in enumerate(notebook.cells) if "parameters" in cell.metadata.get("tags", []))
    source = "\n".join(f"{name} = {_literal(value)}" for name, value in parameters.items())
    injected = nbformat.v4.new_code_cell(
        source, id="injected-parameters", metadata={"tags": ["injected-parameters"]}
    )
    notebook.cells.insert(place + 1, injected)
    return notebook


def _literal(value: Any) -> str:
    return repr(value.isoformat()) if hasattr(value, "isoformat") else repr(value)


def _announce(execution: Execution, notebook: str, lang: str, progress: Progress) -> Callable[[int], None]:
    def announce(index: int) -> None:
        cells = execution.notebook.cells
        code = [i for i, cell in enumerate(cells) if cell.cell_type == "code"]
        progress(notebook, code.index(index) + 1, len(code), heading_before(execution.notebook, index, lang))

    return announce


def _execute(execution: Execution, notebook: str, folder: Path) -> float:
    """Execute; return the seconds taken; a failure keeps the notebook and is told as what it is."""
    started = time.perf_counter()
    try:
        execute(execution)
    except CellFailure as failure:
        kept = _keep_failed(execution, notebook, folder)
        raise _told(failure, notebook, kept) from failure
    except KernelDied as died:
        kept = _keep_failed(execution, notebook, folder)
        raise RunError(
            "run.kernel_died", notebook=notebook, peak_mb=round(execution.peak_mb), kept=kept
        ) from died
    return round(time.perf_counter() - started, 2)


def _keep_failed(execution: Execution, notebook: str, folder: Path) -> Path:
    return write_text(folder / f"{notebook}.FAILED.ipynb", nbformat.writes(execution.notebook))


def _told(failure: CellFailure, notebook: str, kept: Path) -> WeipianError:
    """Return the kernel's error as ours: the sentence of a wrong input stays the very sentence."""
    kind = getattr(errors, failure.name, None)
    if isinstance(kind, type) and issubclass(kind, WeipianError) and not issubclass(kind, RunError):
        more = {"rule_id": ""} if issubclass(kind, errors.ProcedureError) else {}
        return kind("run.sentence", sentence=failure.sentence, **more)
    return RunError(
        "run.cell_failed",
        notebook=notebook,
        cell=failure.cell + 1,
        error=f"{failure.name}: {failure.sentence}" if failure.sentence else failure.name,
        kept=kept,
    )


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """Yield a folder beside `folder` to work in; make sure first that `folder` can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputError("errors.cannot_write", path=folder, reason=error.strerror) from error
    with working_folder(folder) as staging:
        yield staging


def _publish(staging: Path, folder: Path, notebook: str) -> None:
    """Put the results in their place: the earlier run's go, what else lies in the folder stays."""
    try:
        earlier = outputs_of(folder)
        (folder / MANIFEST).unlink(missing_ok=True)  # goes first and comes last: it vouches for the whole
        for old in earlier:
            old.unlink(missing_ok=True)
        (folder / f"{notebook}.FAILED.ipynb").unlink(missing_ok=True)
        for item in sorted(staging.iterdir(), key=lambda path: (path.name == MANIFEST, path.name)):
            target = folder / item.name
            if target.is_dir():
                shutil.rmtree(target)
            shutil.move(item, target)
    except OSError as error:
        raise OutputError("errors.cannot_write", path=folder, reason=error.strerror or str(error)) from error
