"""Turns what pydantic found wrong into one sentence that helps."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from weipian_lab.errors import ParameterError, WeipianError
from weipian_lab.text import t

__all__ = ["explain", "nearest"]

_LENGTHS = {
    "too_short": "run.expect_entries",
    "string_too_short": "run.expect_filled",
    "string_too_long": "run.expect_shorter",
}
_DAYS = r"\d{4}-\d{2}-\d{2}"  # in the pattern of a text that is a day or empty
_LIMITS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<", "multiple_of": "×"}


def nearest(name: str, valid: Iterable[str]) -> str:
    """Return the valid name closest to `name` (compared without case), always one of `valid`."""
    names = {item.casefold(): item for item in valid}
    return names[difflib.get_close_matches(name.casefold(), names, n=1, cutoff=0)[0]]


def explain(error: ValidationError, model: type[BaseModel], values: Mapping[str, Any]) -> WeipianError:
    """Return the error to raise: unknown names come first, since a misspelt one also causes others."""
    found = sorted(error.errors(), key=lambda item: item["type"] != "extra_forbidden")
    first = found[0]
    own = first.get("ctx", {}).get("error")
    if isinstance(own, WeipianError):
        return own
    name = str(first["loc"][0]) if first["loc"] else ""
    if first["type"] == "extra_forbidden":
        return ParameterError(
            "run.parameter_unknown",
            name=name,
            nearest=nearest(name, model.model_fields),
            names=", ".join(model.model_fields),
        )
    return ParameterError(
        "run.parameter_invalid",
        name=".".join(str(part) for part in first["loc"]) or "?",
        value=repr(first["input"] if first["loc"] else dict(values)),
        expected=_expected(first["type"], first.get("ctx", {}), first["msg"], model, name),
    )


def _expected(kind: str, context: Mapping[str, Any], message: str, model: type[BaseModel], name: str) -> str:
    """Say what would have been right: choices, a range, a type."""
    if kind == "literal_error":
        return t("run.expect_choice", choices=context["expected"])
    if kind in {"finite_number"}:
        return t("run.expect_finite")
    if any(limit in context for limit in _LIMITS):
        return t("run.expect_range", range=_range(model, name) or message)
    if kind in _LENGTHS:
        return t(_LENGTHS[kind], least=context.get("min_length"), most=context.get("max_length"))
    if _DAYS in context.get("pattern", ""):
        return t("run.expect_date")
    stem = kind.split("_")[0]
    if kind.endswith(("_type", "_parsing", "_from_float")) and stem in {
        "bool",
        "int",
        "float",
        "string",
        "list",
        "date",
        "dict",
    }:
        return t(f"run.expect_{stem}")
    return t("run.expect_other", message=message)


def _range(model: type[BaseModel], name: str) -> str:
    info = model.model_fields.get(name)
    found = [
        f"{sign} {getattr(mark, limit)}"
        for mark in (info.metadata if info else ())
        for limit, sign in _LIMITS.items()
        if getattr(mark, limit, None) is not None
    ]
    return ", ".join(found)
