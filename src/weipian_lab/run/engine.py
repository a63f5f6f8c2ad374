"""Executes a notebook in this very Python, one kernel a notebook, and watches its progress and memory.

papermill does the executing; what it leaves open is closed here:
the kernel is always this interpreter (whatever name the file stores or the machine has registered),
its folder and environment are fixed, and nothing of the user's IPython profile is read.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import psutil
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from nbclient.exceptions import DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines
from papermill.exceptions import PapermillExecutionError, strip_color
from papermill.execute import execute_notebook

__all__ = ["CellFailure", "Execution", "KernelDied", "execute"]

ENGINE = "weipian"
KERNEL = "python3"


class CellFailure(Exception):  # noqa: N818 - what happened in the kernel, not an error of ours
    """A cell raised: class name, sentence and traceback as the kernel gave them."""

    def __init__(self, cell: int, name: str, sentence: str, traceback: str) -> None:
        super().__init__(name, sentence)
        self.cell, self.name, self.sentence, self.traceback = cell, name, sentence, traceback


class KernelDied(Exception):  # noqa: N818
    """The kernel went away, most often for want of memory."""


@dataclass
class Execution:
    """A notebook being executed.

    Attributes
    ----------
    notebook
        The notebook; with its outputs once it ran.
    folder
        The kernel's working folder.
    environment
        Variables set for the kernel on top of the present ones.
    on_cell
        Called with the index of each code cell about to run.
    peak_mb
        Peak resident size of the kernel, MB (10⁶ bytes).
    """

    notebook: Any
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    on_cell: Callable[[int], None] = lambda index: None
    peak_mb: float = 0.0
    process: int | None = None

    def measure(self) -> None:
        """Take the kernel's peak memory so far."""
        if self.process is not None:
            self.peak_mb = max(self.peak_mb, _peak_mb(self.process))


def _peak_mb(process: int) -> float:
    """Return the peak resident size: what the system keeps, else the present size."""
    status = Path(f"/proc/{process}/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    try:
        memory = psutil.Process(process).memory_info()
    except psutil.NoSuchProcess:
        return 0.0
    return float(getattr(memory, "peak_wset", memory.rss)) / 1e6


class _ThisPython(KernelSpecManager):
    """Knows one kernel: the interpreter that runs this code."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        launch = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        launch.append("--IPKernelApp.log_level=50")  # notes on loopback and on its own shutdown are no news
        return KernelSpec(argv=launch, display_name="Python 3", language="python")


class _Engine(NBClientEngine):  # type: ignore[misc]
    """papermill's engine with the kernel, the folder and the environment given."""

    @classmethod
    def execute_managed_notebook(
        cls, nb_man: Any, kernel_name: str, *, execution: Execution | None = None, **_: Any
    ) -> Any:
        if execution is None:
            raise TypeError("the engine is run by weipian_lab.run only")
        execution.notebook = nb_man.nb
        manager = AsyncKernelManager(kernel_name=kernel_name, kernel_spec_manager=_ThisPython())

        def before(cell: Any, cell_index: int) -> None:
            process = getattr(manager.provisioner, "process", None)
            execution.process = getattr(process, "pid", None)
            if cell.cell_type == "code":
                execution.on_cell(cell_index)

        def after(cell: Any, cell_index: int, **_: Any) -> None:
            execution.measure()

        client = PapermillNotebookClient(
            nb_man,
            km=manager,
            timeout=None,
            startup_timeout=120,
            kernel_name=kernel_name,
            resources={"metadata": {"path": str(execution.folder)}},
            on_cell_start=before,
            on_cell_complete=after,
            on_cell_error=after,
        )
        with tempfile.TemporaryDirectory(prefix="weipian-ipython-") as profile:
            environment = {**os.environ, **execution.environment, "IPYTHONDIR": profile}
            return client.execute(env=environment, cleanup_kc=True)


def execute(execution: Execution) -> None:
    """Run the notebook of `execution` from top to bottom; its outputs are in ``execution.notebook``.

    Raises
    ------
    CellFailure
        When a cell raised.
    KernelDied
        When the kernel went away.
    """
    papermill_engines.register(ENGINE, _Engine)
    logging.getLogger("papermill").setLevel(logging.ERROR)  # its notes would break the progress lines
    execution.notebook.metadata["kernelspec"] = {
        "name": KERNEL,
        "language": "python",
        "display_name": "Python 3",
    }
    try:
        execute_notebook(
            execution.notebook,
            None,
            engine_name=ENGINE,
            kernel_name=KERNEL,
            progress_bar=False,
            execution=execution,
        )
    except PapermillExecutionError as error:
        raise CellFailure(
            error.cell_index, str(error.ename), str(error.evalue), strip_color("\n".join(error.traceback))
        ) from error
    except DeadKernelError as error:
        raise KernelDied from error
    finally:
        _forget_times(execution.notebook)


def _forget_times(notebook: nbformat.NotebookNode) -> None:
    """Drop papermill's time stamps: the same inputs give the same notebook."""
    notebook.cells = [
        cell for cell in notebook.cells if "papermill-error-cell-tag" not in cell.metadata.get("tags", [])
    ]
    for holder in (notebook, *notebook.cells):
        for name in ("papermill", "execution"):
            holder.metadata.pop(name, None)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [_plain(output) for output in cell.outputs]


def _plain(output: Any) -> Any:
    """Take the addresses out of reprs such as ``<Axes at 0x7f…>`` by dropping what nobody reads."""
    data = output.get("data", {})
    if "image/png" in data or "text/html" in data:
        data.pop("text/plain", None)
    return output
