"""Tuning part and sealed test part, apart in space; the test part is opened once."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import GroupShuffleSplit

from weipian_lab.errors import InputError, ParameterError, ProcedureError
from weipian_lab.outputs import sha256, write_json

__all__ = ["blocks_of", "fingerprint", "open_sealed", "refuse_other", "seal", "spatial_split"]

RULE = "T-SEALED-TEST"
"""Name under which the refusal to open the test part twice is reported; the project's own rule."""


def blocks_of(x: ArrayLike, y: ArrayLike, block_m: float) -> NDArray[np.int64]:
    """Return the number of the square block in which each point lies, counted from 0.

    Parameters
    ----------
    x, y
        Projected coordinates in metres.
    block_m
        Side of a block in metres.
    """
    if not block_m > 0:
        raise ParameterError("errors.not_positive", name="block_m", value=block_m)
    cell = np.floor(np.column_stack([np.asarray(x, float), np.asarray(y, float)]) / block_m)
    _, number = np.unique(cell, axis=0, return_inverse=True)
    return np.asarray(number, np.int64).reshape(-1)


def spatial_split(
    blocks: ArrayLike, *, test_share: float = 0.4, seed: int = 0
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the places of the tuning part and of the test part; no block is in both.

    Neighbouring parcels look alike; split at random, the test part would merely repeat the tuning part.

    Raises
    ------
    ParameterError
        Fewer than two blocks, or `test_share` outside 0-1.
    """
    groups = np.asarray(blocks)
    if not 0 < test_share < 1:
        raise ParameterError("tuning.bad_rate", name="test_share", value=test_share)
    if len(np.unique(groups)) < 2:
        raise ParameterError("tuning.one_block", number=len(np.unique(groups)))
    splitter = GroupShuffleSplit(n_splits=1, test_size=test_share, random_state=seed)
    tuning, test = next(splitter.split(groups, groups=groups))
    return np.sort(tuning), np.sort(test)


def fingerprint(table: pd.DataFrame) -> str:
    """Return a hash of a table's content in the order of its rows."""
    return hashlib.sha256(table.to_csv(index=False).encode()).hexdigest()


def seal(path: Path | str, test: pd.DataFrame) -> Path:
    """Write down which rows are the test part, before any threshold is chosen.

    Sealing the same rows again leaves the record as it is.

    Raises
    ------
    ProcedureError
        Another test part is sealed in this file already.
    """
    path = Path(path)
    mark = fingerprint(test)
    if path.is_file():
        found = _record(path)
        if found["test_sha256"] != mark:
            raise ProcedureError("tuning.other_seal", rule_id=RULE, path=path.name)
        return path
    return write_json(path, {"test_sha256": mark, "rows": len(test), "opened_with": None})


def open_sealed(path: Path | str, test: pd.DataFrame, tuned: Path | str) -> pd.DataFrame:
    """Return the test part, once the threshold is written down; a second threshold is refused.

    Asking again with the very same ``tuned.yaml`` is the same question and gets the same answer.

    Parameters
    ----------
    path
        Record made by :func:`seal`.
    test
        The sealed rows.
    tuned
        File with the chosen threshold; it must exist before the test part is opened.

    Raises
    ------
    ProcedureError
        No threshold written down, rows other than those sealed, or opened before with another threshold.
    InputError
        No record.
    """
    path, tuned = Path(path), Path(tuned)
    if not path.is_file():
        raise InputError("errors.missing_file", path=path.name)
    if not tuned.is_file():
        raise ProcedureError("tuning.not_written", rule_id=RULE, path=tuned.name, missing=(tuned.name,))
    found = _record(path)
    if found["test_sha256"] != fingerprint(test):
        raise ProcedureError("tuning.other_rows", rule_id=RULE, path=path.name)
    mark = sha256(tuned)
    refuse_other(path, mark)
    write_json(path, {**found, "opened_with": mark})
    return test


def refuse_other(path: Path | str, mark: str) -> None:
    """Refuse a threshold if the test part was opened with another one.

    Parameters
    ----------
    path
        Record made by :func:`seal`.
    mark
        SHA-256 of the ``tuned.yaml`` that is to be written or used.

    Raises
    ------
    ProcedureError
        Opened before with another threshold.
    InputError
        No record.
    """
    path = Path(path)
    if _record(path)["opened_with"] not in (None, mark):
        raise ProcedureError("tuning.opened_before", rule_id=RULE, path=path.name)


def _record(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError("tuning.bad_record", path=path.name) from error
    if not isinstance(found, dict) or not {"test_sha256", "opened_with"} <= set(found):
        raise InputError("tuning.bad_record", path=path.name)
    return found
