"""A batch of patches as it was sent, ready for the overlay."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from weipian_lab import vectors
from weipian_lab.errors import SchemaError

__all__ = ["read_batch"]

_ID = "patch_id"


def read_batch(path: Path | str, *, crs: Any = None, encoding: str | None = None) -> vectors.Layer:
    """Read patches, each of which must have a number of its own.

    Parameters
    ----------
    path, crs, encoding
        As for :func:`weipian_lab.vectors.read`; an empty text stands for None.

    Raises
    ------
    InputError, CRSError, SchemaError
        As :func:`weipian_lab.vectors.read`; also if patches have no number, or two have the same.
    """
    layer = vectors.read(path, schema="PATCHES", crs=crs or None, encoding=encoding or None)
    ids = layer.frame[_ID]
    blank = ids.isna() | (ids.astype(str).str.strip() == "")
    field = {used: found for found, used in layer.report.renamed.items()}.get(_ID, _ID)
    if blank.any():
        raise SchemaError("overlay.blank_ids", path=layer.report.path, count=int(blank.sum()), field=field)
    if not ids.is_unique:
        raise SchemaError("overlay.repeated_id", field=field, value=ids[ids.duplicated()].iloc[0])
    return layer
