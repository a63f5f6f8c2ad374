"""``tuned.yaml``: the chosen setting as parameters of the screening notebook, with where it comes from."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from weipian_lab.errors import InputError
from weipian_lab.outputs import write_text

__all__ = ["read_tuned", "write_tuned"]


def write_tuned(path: Path | str, parameters: Mapping[str, Any], provenance: Mapping[str, Any]) -> Path:
    """Write the parameters for ``01_screening`` and their provenance; the same input gives the same bytes.

    ``threshold`` and ``method`` also stand at the top, where the screening looks for them.
    """
    stream = io.StringIO()
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.width = 110
    top = {"threshold": parameters.get("threshold_number"), "method": parameters.get("method")}
    content = {
        **{k: v for k, v in top.items() if v is not None},
        "parameters": parameters,
        "provenance": provenance,
    }
    yaml.dump(_plain(content), stream)
    return write_text(path, stream.getvalue())


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
        content = YAML(typ="safe", pure=True).load(path.read_text("utf-8"))
    except (YAMLError, UnicodeDecodeError) as error:
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
