"""Whether someone sits before the page: a notebook opened in Lab shows its widgets, a batch run does not."""

from __future__ import annotations

import sys

__all__ = ["live"]


def live() -> bool:
    """Say whether the present cell was sent by a page that shows widgets (Lab, Notebook 7, VS Code).

    Those pages name the cell in the request's metadata (``cellId``, as ipykernel reads it).
    papermill, nbclient and nbconvert do not, nor does plain Python.
    """
    terminal = sys.modules.get("IPython")  # not loaded: no kernel
    shell = terminal.get_ipython() if terminal is not None else None
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return False
    request = kernel.get_parent("shell") or {}
    return bool(request.get("metadata", {}).get("cellId"))
