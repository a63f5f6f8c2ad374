"""What a notebook has finished when a run is cut off, for the next run to go on from.

A run works in a folder of its own that goes with it; what is to outlive a kill lies in the results' folder.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from weipian_lab.errors import WeipianError

__all__ = ["VARIABLE", "keep_if_cut_off", "place"]

VARIABLE = "WEIPIAN_UNFINISHED"
_NAME = ".unfinished"


def place(folder: Path) -> Path:
    """Return where a notebook with the results' folder `folder` keeps what it finished; it need not exist."""
    given = os.environ.get(VARIABLE)
    return Path(given) if given else folder / _NAME


@contextmanager
def keep_if_cut_off(folder: Path) -> Iterator[Path]:
    """Yield the place in `folder`; it goes unless the run is cut off (by a key, a kill, the kernel's end)."""
    kept = folder / _NAME
    try:
        yield kept
    except WeipianError as error:
        if error.key != "run.kernel_died":
            shutil.rmtree(kept, ignore_errors=True)
        raise
    shutil.rmtree(kept, ignore_errors=True)
