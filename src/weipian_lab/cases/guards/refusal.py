"""What a check returns when it refuses an event."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from weipian_lab.rulebook import Rule

if TYPE_CHECKING:
    from weipian_lab.cases.engine import Case

__all__ = ["Check", "Evidence", "Refusal", "names", "number", "refuse"]

Evidence = Mapping[str, Any]
Check = Callable[["Case", dt.date, Evidence, Rule], "Refusal | None"]


@dataclass(frozen=True)
class Refusal:
    """A refused event: the rule, the sentence's key and values, what is missing.

    A slip (a paper or a field left out, an hour mistyped) crosses no red line, whatever rule it cites.
    """

    rule: Rule
    key: str
    missing: tuple[str, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)
    slip: bool = False


def refuse(
    rule: Rule, key: str, missing: Iterable[str] = (), *, slip: bool = False, **values: Any
) -> Refusal:
    """Build a refusal whose sentence is ``cases.<key>``."""
    return Refusal(rule, f"cases.{key}", tuple(missing), values, slip)


def names(value: Any) -> list[str]:
    """Return a list of distinct names in the order given; one name alone is a list of one."""
    if value is None:
        return []
    items = list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]
    return list(dict.fromkeys(str(item).strip() for item in items if str(item).strip()))


def number(value: Any) -> float | None:
    """Return a finite number, or None where there is none (bool and text are none)."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if abs(float(value)) < float("inf") else None
