"""Land-class codes → land groups, by the scheme of the layer and the rulebook."""

from __future__ import annotations

from typing import Protocol

from weipian_lab.errors import ParameterError

__all__ = ["LandGroups"]


class _Rulebook(Protocol):
    def land_group(self, dlbm: str, scheme: str = "SANDIAO") -> str: ...


class LandGroups:
    """Which group a code belongs to; remembers what the rulebook said.

    Parameters
    ----------
    rulebook
        What :func:`weipian_lab.rulebook.load` returns.
    scheme
        "ERDIAO", "SANDIAO" or "YDYH": the same code may mean the opposite in another.
    """

    def __init__(self, rulebook: _Rulebook, scheme: str) -> None:
        if not scheme:
            raise ParameterError("overlay.no_scheme", choices="ERDIAO, SANDIAO, YDYH")
        self.rulebook, self.scheme = rulebook, scheme
        self._known: dict[str, str] = {}

    def __call__(self, code: str) -> str:
        """Return the group; RulebookError for a code the scheme does not have."""
        if code not in self._known:
            self._known[code] = str(self.rulebook.land_group(code, self.scheme))
        return self._known[code]
