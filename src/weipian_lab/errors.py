"""All errors of the package: each says what was found, what was expected and what to do."""

from __future__ import annotations

from typing import Any

from weipian_lab.text import t

__all__ = [
    "CRSError",
    "GridError",
    "InputError",
    "OutputError",
    "ParameterError",
    "ProcedureError",
    "RulebookError",
    "RunError",
    "SchemaError",
    "WeipianError",
]


class WeipianError(Exception):
    """Root of the package's errors.

    Parameters
    ----------
    key
        Key of the sentence in :mod:`weipian_lab.text`.
    **values
        What the sentence names; kept as attributes of ``.values`` for programs.
    """

    exit_code = 2

    def __init__(self, key: str, /, **values: Any) -> None:
        super().__init__(key, values)
        self.key = key
        self.values = values

    def __str__(self) -> str:
        return t(self.key, **self.values)

    def __reduce__(self) -> tuple[Any, ...]:  # so that an error of a worker process reaches the reader whole
        return _again, (type(self), self.key, self.values)


def _again(kind: type[WeipianError], key: str, values: dict[str, Any]) -> WeipianError:
    return kind(key, **values)


class InputError(WeipianError, ValueError):
    """A file, layer, image or table is not what is needed."""


class GridError(InputError):
    """Rasters do not lie on one grid, or do not overlap."""


class CRSError(InputError):
    """A coordinate system is missing, unknown or the wrong one."""


class SchemaError(InputError):
    """A table or layer lacks a field, or a field holds what it must not."""


class ParameterError(WeipianError, ValueError):
    """A parameter is unknown, of the wrong type or out of its range."""


class RulebookError(WeipianError, ValueError):
    """A rulebook is malformed, or a rule asked for is not in it or not in force."""


class ProcedureError(WeipianError, ValueError):
    """An event is not allowed in a case; names the rule, its source and what is missing."""

    def __init__(
        self, key: str, /, *, rule_id: str, article: str = "", missing: tuple[str, ...] = (), **values: Any
    ) -> None:
        super().__init__(key, rule_id=rule_id, article=article, missing=", ".join(missing), **values)
        self.rule_id = rule_id
        self.article = article
        self.missing = missing


class OutputError(WeipianError, OSError):
    """An output cannot be written."""


class RunError(WeipianError, RuntimeError):
    """A notebook failed for a reason other than its input (exit code 1)."""

    exit_code = 1
