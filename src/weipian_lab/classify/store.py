"""Saving a filter with its provenance, and loading it under checks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import joblib
import sklearn

from weipian_lab.classify.filter import FalseAlarmFilter
from weipian_lab.errors import InputError, ParameterError
from weipian_lab.outputs import atomic, sha256, write_json

__all__ = ["load", "save"]


def _sidecar(path: Path) -> Path:
    return path.with_name(path.name + ".json")


def save(model: FalseAlarmFilter, path: Path | str, provenance: dict[str, Any]) -> Path:
    """Write a fitted filter and, beside it, ``NAME.json`` with its hash, schema, versions and provenance.

    Parameters
    ----------
    model
        Fitted on an evidence table with a schema.
    path
        File to write, by habit ``*.joblib``.
    provenance
        Where the training data came from, under which licence, whether simulated; kept as given.
    """
    path = Path(path)
    schema = getattr(model, "schema_", None)
    if schema is None:
        raise InputError("classify.no_schema")
    with atomic(path) as temporary:
        joblib.dump(model, temporary, compress=3)
    facts = {
        "sha256": sha256(path),
        "scikit_learn": sklearn.__version__,
        "schema": schema.as_dict(),
        "classes": [str(label) for label in model.classes_],
        "parameters": model.get_params(),
        "provenance": provenance,
    }
    write_json(_sidecar(path), facts)
    return path


def load(path: Path | str, *, trusted: bool = False, expected_sha256: str | None = None) -> FalseAlarmFilter:
    """Read a filter written by :func:`save`.

    A model file can run any code when it is read: load only what you or someone you trust has written.

    Parameters
    ----------
    path
        The file; ``NAME.json`` must lie beside it.
    trusted
        Must be set to True: says that the file's origin is known.
    expected_sha256
        Hash got by another way than the file itself; checked if given. The hash in ``NAME.json`` guards
        against damage, not against malice.

    Raises
    ------
    ParameterError
        If `trusted` is not True.
    InputError
        If a file is missing, does not match its hash, was written by another scikit-learn, or is no filter.
    """
    path = Path(path)
    if trusted is not True:
        raise ParameterError("classify.not_trusted", path=path)
    for needed in (path, _sidecar(path)):
        if not needed.is_file():
            raise InputError("errors.missing_file", path=needed)
    facts = json.loads(_sidecar(path).read_text("utf-8"))
    found = sha256(path)
    if found != facts["sha256"] or (expected_sha256 is not None and found != expected_sha256):
        raise InputError(
            "classify.hash", path=path, found=found[:12], expected=(expected_sha256 or facts["sha256"])[:12]
        )
    if facts["scikit_learn"] != sklearn.__version__:
        raise InputError("classify.version", found=facts["scikit_learn"], expected=sklearn.__version__)
    model = joblib.load(path)
    if not isinstance(model, FalseAlarmFilter):
        raise InputError("classify.not_a_filter", path=path, found=type(model).__name__)
    return model
