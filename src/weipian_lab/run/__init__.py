"""Running notebooks: strict parameters, the runner, offline reports, manifests.

What needs heavy packages is imported when it is first asked for, so that ``weipian --help`` stays quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "RunResult": "runner",
    "bundled": "bundle",
    "check": "checks",
    "provenance": "record",
    "run_notebook": "runner",
    "verify": "manifest",
}

__all__ = ["RunResult", "bundled", "check", "provenance", "run_notebook", "verify"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
