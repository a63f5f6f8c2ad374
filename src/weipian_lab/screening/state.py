"""Finished blocks on disk, so that an interrupted screening goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from weipian_lab import outputs
from weipian_lab.errors import OutputError
from weipian_lab.grid import Block
from weipian_lab.patches.runs import Runs

__all__ = ["State", "fingerprint"]


def fingerprint(facts: Mapping[str, Any], files: list[str]) -> str:
    """Return a digest of settings and of the input files' names, sizes and times."""
    stamps = []
    for name in files:
        path = Path(name)
        if path.exists():
            stat = path.stat()
            stamps.append([str(path.resolve()), stat.st_size, stat.st_mtime_ns])
        else:
            stamps.append([name, 0, 0])
    text = json.dumps({"facts": facts, "files": stamps}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


class State:
    """A folder with one small file a finished block.

    Parameters
    ----------
    folder
        Made if need be; None keeps nothing.
    digest
        From :func:`fingerprint`; what another run left there is thrown away.
    """

    def __init__(self, folder: Path | None, digest: str) -> None:
        self.folder = folder
        self.digest = digest
        self.resumed = False
        if folder is None:
            return
        stamp = folder / "fingerprint.txt"
        try:
            self.resumed = stamp.is_file() and stamp.read_text("utf-8") == digest
        except OSError as error:
            raise OutputError("errors.cannot_write", path=folder, reason=error.strerror) from error
        if not self.resumed:
            self.start_anew()

    def start_anew(self) -> None:
        """Throw away what is recorded.

        Raises
        ------
        OutputError
            If the folder cannot be made.
        """
        self.resumed = False
        if self.folder is None:
            return
        try:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
        except OSError as error:
            raise OutputError("errors.cannot_write", path=self.folder, reason=error.strerror) from error
        outputs.write_text(self.folder / "fingerprint.txt", self.digest)

    def load(self, block: Block) -> Runs | None:
        """Return the runs of a block finished before, None if it was not."""
        if self.folder is None:
            return None
        path = self._path(block)
        if not path.is_file():
            return None
        with np.load(path) as stored:
            return Runs(**{name: stored[name] for name in Runs.__slots__})

    def save(self, block: Block, runs: Runs) -> None:
        """Record a finished block."""
        if self.folder is None:
            return
        with outputs.atomic(self._path(block)) as temporary:
            np.savez(temporary, **{name: getattr(runs, name) for name in Runs.__slots__})

    def clear(self) -> None:
        """Remove the folder when all is done."""
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, block: Block) -> Path:
        assert self.folder is not None
        return self.folder / f"block-{block.row}-{block.col}.npz"
