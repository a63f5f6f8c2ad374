"""Where the bundled teaching county lies, and how paths are shown without naming the machine."""

from __future__ import annotations

import os
from pathlib import Path

from weipian_lab.errors import InputError

__all__ = ["bundled", "root", "shown_path"]

VARIABLE = "WEIPIAN_DATA"


def root() -> Path | None:
    """Return the checkout that the package runs from, or the one around the current folder, if any."""
    for start in (Path(__file__).resolve(), Path.cwd() / "x"):
        for folder in start.parents:
            if (folder / "notebooks" / "00_start_here.ipynb").is_file():
                return folder
    return None


def bundled() -> Path:
    """Return the folder ``data/small`` of the checkout, or the folder that ``WEIPIAN_DATA`` names.

    Raises
    ------
    InputError
        If there is no such folder.
    """
    named = os.environ.get(VARIABLE)
    checkout = root()
    folder = Path(named) if named else checkout / "data" / "small" if checkout else None
    if folder is None or not folder.is_dir():
        raise InputError("run.no_bundled_data", found=folder or "-", variable=VARIABLE)
    return folder.resolve()


def shown_path(path: Path) -> str:
    """Return `path` as shown in tables and manifests: ``bundled:…`` for bundled data, else as given."""
    try:
        return "bundled:" + path.resolve().relative_to(bundled()).as_posix()
    except (ValueError, InputError):
        return path.as_posix()
