"""One flag of one patch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Flag", "Level"]

Level = Literal["info", "attention", "doubt", "alert"]


@dataclass(frozen=True)
class Flag:
    """One flag of one patch.

    Attributes
    ----------
    patch_id, kind
        Which patch, which flag (``overlay.flag_<kind>`` is its sentence).
    level
        "info", "attention", "doubt" (evidence missing) or "alert" (for a person to look at now).
    rule
        Id of the rule, as in the rulebook.
    values
        Figures used in the sentence.
    """

    patch_id: str
    kind: str
    level: Level
    rule: str
    values: dict[str, Any]
