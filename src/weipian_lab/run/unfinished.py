"""What a notebook has finished when a run is cut off, for the next run to go on from.

A run works in a folder of its own that goes with it; what is to outlive a kill lies in the results' folder.
A folder that a killed run could not take away bears the run's process in its name, and the next run takes it
away; one of a process still at work is never touched.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from weipian_lab.errors import OutputError, WeipianError

__all__ = ["VARIABLE", "keep_if_cut_off", "place", "working_folder"]

VARIABLE = "WEIPIAN_UNFINISHED"
_NAME = ".unfinished"
_SAME_START_S = 2.0  # the clock may have been set in between


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


@contextmanager
def working_folder(folder: Path) -> Iterator[Path]:
    """Yield a folder to work in, beside the results' folder `folder`, that goes at the end.

    Raises
    ------
    OutputError
        If it cannot be made, or another run is at work on the same results.
    """
    try:
        # on the folder's own file system, so that taking the place is a rename, which a full disk cannot stop
        near = folder.parent if folder.parent.stat().st_dev == folder.stat().st_dev else folder
        working = Path(tempfile.mkdtemp(prefix=_prefix(folder), dir=near))
    except OSError as error:
        raise OutputError("errors.cannot_write", path=folder, reason=error.strerror) from error
    try:
        _take_away_left_over(folder, near, working)
        yield working
    finally:
        shutil.rmtree(working, ignore_errors=True)


def _prefix(folder: Path) -> str:
    """Return how the folder of a run of this process begins: name, computer, process, its start."""
    me = psutil.Process()
    return f".{folder.name}-{_computer()}-{me.pid}-{int(me.create_time())}-"


def _computer() -> str:
    """Return a short digest of the computer's name: a shared drive shows the folders of others too."""
    return hashlib.sha256(platform.node().encode()).hexdigest()[:8]


def _take_away_left_over(folder: Path, near: Path, own: Path) -> None:
    """Remove the folders of dead processes; refuse to work where a live one does."""
    form = re.compile(rf"\.{re.escape(folder.name)}-{_computer()}-(\d+)-(\d+)-\w+")
    for other in sorted(near.iterdir()):
        found = form.fullmatch(other.name)
        if found is None or other == own:
            continue
        if _at_work(int(found[1]), int(found[2])):
            raise OutputError("run.at_work", path=folder, process=found[1])
        shutil.rmtree(other, ignore_errors=True)


def _at_work(process: int, started: int) -> bool:
    """Whether a process that began at that time still runs; another that got its number does not count."""
    try:
        found = psutil.Process(process)
        same = abs(found.create_time() - started) <= _SAME_START_S
        return bool(same and found.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
