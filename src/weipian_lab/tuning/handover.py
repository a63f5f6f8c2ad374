"""``tuned.yaml``: the chosen setting as parameters of the screening notebook, with where it comes from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from weipian_lab import yamlio
from weipian_lab.errors import InputError, ParameterError
from weipian_lab.outputs import write_text
from weipian_lab.tuning.scores import clean_ups, split_name
from weipian_lab.tuning.split import refuse_other

__all__ = ["parameters_of", "read_tuned", "write_by_hand", "write_tuned"]

GIVEN = "given"
"""Name of a score that an outside model gave."""


def parameters_of(setting: Mapping[str, Any]) -> dict[str, Any]:
    """Return a setting as parameters of ``01_screening``.

    Parameters
    ----------
    setting
        detector, clean_up (a name of :data:`~weipian_lab.tuning.CLEAN_UPS`), min_mu, threshold; a row of a
        sweep, say.
    """
    name = str(setting["clean_up"])
    rules = clean_ups([name])[name]
    method, bands = split_name(str(setting["detector"]))
    return {
        "method": method,
        "bands": bands,
        "threshold_rule": "fixed",
        "threshold_number": float(setting["threshold"]),
        "hysteresis": 1.0,
        "opening_px": rules.opening_px,
        "closing_px": rules.closing_px,
        "clean_order": rules.order,
        "min_px": rules.min_px,
        "fill_px": int(rules.fill_px),
        "minimum_mu": float(setting["min_mu"]),
    }


def write_tuned(
    path: Path | str,
    parameters: Mapping[str, Any],
    provenance: Mapping[str, Any],
    *,
    sealed: Path | str | None = None,
) -> Path:
    """Write the parameters for ``01_screening`` and their provenance; the same input gives the same bytes.

    ``threshold`` and ``method`` also stand at the top, where the screening looks for them.
    Of a score from an outside model (method ``given``) no detector and no bands are handed over: the
    screening is given the same raster, and refuses the threshold for a detector of its own.

    Parameters
    ----------
    sealed
        Record of the sealed test part: once that was opened, no other threshold is written over the one it
        was opened with.

    Raises
    ------
    ProcedureError
        The test part was opened before with another threshold; the file stays as it is.
    """
    top = {"threshold": parameters.get("threshold_number"), "method": parameters.get("method")}
    beside = ("method", "bands") if parameters.get("method") == GIVEN else ()
    content = {
        **{k: v for k, v in top.items() if v is not None},
        "parameters": {k: v for k, v in parameters.items() if k not in beside},
        "provenance": provenance,
    }
    text = yamlio.dumps(_plain(content))
    if sealed is not None:
        refuse_other(sealed, hashlib.sha256(text.encode()).hexdigest())
    return write_text(path, text)


def write_by_hand(
    path: Path | str,
    parameters: Mapping[str, Any],
    provenance: Mapping[str, Any],
    outline: float,
    strong: float,
) -> Path:
    """Write a threshold chosen by hand: outlines from `outline` on, sent from `strong` on (hysteresis).

    The provenance says that it was chosen by hand and that no sealed test part was opened for it.

    Raises
    ------
    ParameterError
        `strong` lies below `outline`, or `outline` is not above 0.
    """
    if not 0 < outline <= strong:
        raise ParameterError("tuning.bad_hand", outline=outline, strong=strong)
    own = {**parameters, "threshold_number": float(outline), "hysteresis": float(strong) / float(outline)}
    return write_tuned(path, own, {**provenance, "rule": "by_hand", "tested": False})


def read_tuned(path: Path | str) -> dict[str, Any]:
    """Return the parameters of a ``tuned.yaml``.

    Raises
    ------
    InputError
        No such file, or not one with a ``parameters`` mapping.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError("errors.missing_file", path=path.name)
    try:
        content = yamlio.loads(path.read_text("utf-8"))
    except (yamlio.YamlError, UnicodeDecodeError) as error:
        raise InputError("tuning.bad_tuned", path=path.name) from error
    if not isinstance(content, dict) or not isinstance(content.get("parameters"), dict):
        raise InputError("tuning.bad_tuned", path=path.name)
    return dict(content["parameters"])


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [_plain(v) for v in value]
    return value.item() if isinstance(value, np.generic) else value
