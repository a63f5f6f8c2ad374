"""Writing results: under a temporary name first, then renamed, so that no half-written file stays.

CSV is UTF-8 with a byte-order mark (spreadsheet programs then read Chinese).
Text that a spreadsheet would run as a formula is written with a leading apostrophe and read back without.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_datetime64_any_dtype, is_numeric_dtype

from weipian_lab.errors import InputError, OutputError

__all__ = [
    "as_text",
    "atomic",
    "read_json",
    "read_table",
    "sha256",
    "write_json",
    "write_table",
    "write_text",
]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@contextmanager
def atomic(path: Path | str) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` if the block succeeds, else remove it.

    The temporary name keeps the suffix, since drivers choose the format by it.
    What the block makes may be a file or a folder (FileGDB).

    Raises
    ------
    OutputError
        If the folder cannot be written or the disk is full.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".part-", dir=path.parent))
    except OSError as error:
        raise OutputError("errors.cannot_write", path=path, reason=error.strerror) from error
    try:
        temporary = folder / path.name
        yield temporary
        if path.is_dir() and temporary.is_dir():
            shutil.rmtree(path)
        temporary.replace(path)
    except OSError as error:
        if isinstance(error, OutputError):
            raise
        raise OutputError("errors.cannot_write", path=path, reason=error.strerror or str(error)) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sha256(path: Path | str) -> str:
    """Return the SHA-256 of a file, or of a folder's files in the order of their names."""
    path = Path(path)
    digest = hashlib.sha256()
    for file in sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]:
        if path.is_dir():
            digest.update(file.relative_to(path).as_posix().encode())
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def write_text(path: Path | str, text: str) -> Path:
    """Write UTF-8 text with Unix line ends."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return Path(path)


def write_json(path: Path | str, content: Any) -> Path:
    """Write JSON, readable, with Chinese as it is; NaN becomes null, NumPy and pandas values plain ones."""
    return write_text(path, json.dumps(_plain(content), ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def read_json(path: Path | str) -> Any:
    """Read JSON as :func:`write_json` writes it.

    Raises
    ------
    InputError
        If there is no such file, or it is not JSON in UTF-8.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("errors.missing_file", path=path)
    try:
        return json.loads(path.read_text("utf-8"))
    except ValueError as error:  # no JSON, or no UTF-8
        raise InputError("errors.not_json", path=path.name) from error


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return [_plain(v) for v in value.tolist()]
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, pd.DataFrame):
        return [_plain(row) for row in value.to_dict("records")]
    if isinstance(value, pd.Series):
        return _plain(value.to_dict())
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, float) and not np.isfinite(value):
        return None
    if isinstance(value, (bool, int, float, str)):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def as_text(value: Any) -> Any:
    """Return `value` so that a spreadsheet takes it as text: formulas get a leading apostrophe."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    return value


def write_table(path: Path | str, table: pd.DataFrame, *, index: bool = False) -> Path:
    """Write a CSV; see the module for encoding and formulas."""
    safe = table.reset_index() if index else table.copy()
    for name in safe.columns:
        if not (is_numeric_dtype(safe[name]) or is_datetime64_any_dtype(safe[name])):
            safe[name] = safe[name].map(as_text)
    safe.columns = [as_text(str(name)) for name in safe.columns]
    with atomic(path) as temporary:
        safe.to_csv(temporary, index=False, encoding="utf-8-sig", lineterminator="\n")
    return Path(path)


def read_table(path: Path | str, **options: Any) -> pd.DataFrame:
    """Read a CSV written by :func:`write_table` (or any UTF-8 CSV).

    Raises
    ------
    InputError
        If there is no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("errors.missing_file", path=path)
    table: pd.DataFrame = pd.read_csv(path, encoding="utf-8-sig", **options)
    for name in table.columns:
        if not is_numeric_dtype(table[name]):
            table[name] = table[name].map(_unescape, na_action="ignore")
    return table


def _unescape(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("'") and value[1:].startswith(_FORMULA):
        return value[1:]
    return value
