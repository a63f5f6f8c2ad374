"""One pattern in which a layer and not the land user looks wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Suspicion"]


@dataclass(frozen=True)
class Suspicion:
    """A pattern met.

    Attributes
    ----------
    patch_id
        Patches that the place meets, joined by commas; empty where it meets none.
    kind
        Of the rulebook's FEEDBACK list, which names the section concerned.
    pattern, values
        ``overlay.feedback_<pattern>`` is its sentence.
    layer, feature
        Layer, and the number by which the feature is found there.
    """

    patch_id: str
    kind: str
    pattern: str
    layer: str
    feature: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
