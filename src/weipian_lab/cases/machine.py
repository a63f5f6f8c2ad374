"""The procedure table as a state machine of the library `transitions`; one machine a rulebook, shared."""

from __future__ import annotations

import difflib
from functools import lru_cache
from typing import Any

import transitions

from weipian_lab.rulebook import Guard, Rulebook, Transition

__all__ = ["Machine", "Position", "machine_of"]


class Position:
    """Where one case stands; `state` is kept by the machine."""

    state: str


class Machine:
    """States and events of a rulebook's procedure."""

    def __init__(self, book: Rulebook) -> None:
        table = book.procedure
        self._steps, self._states = table.transitions, table.states
        self._machine = transitions.Machine(
            model=None,
            states=list(table.states),
            initial=table.initial,
            auto_transitions=False,
            send_event=True,
        )
        for step in self._steps:
            self._machine.add_transition(step.event, self._sources(step), step.to)
        self._by_state = {state: self._in_order(state) for state in table.states}

    def _sources(self, step: Transition) -> Any:
        return "*" if "*" in step.sources else step.sources

    def _in_order(self, state: str) -> dict[str, Transition]:
        ended = self._states[state].kind == "end"
        return {
            step.event: step
            for step in self._steps
            if state in step.sources or ("*" in step.sources and not ended)
        }

    def start(self) -> Position:
        """Return a new case's position in the initial state."""
        position = Position()
        self._machine.add_model(position)
        # The machine would keep every model ever added; the position keeps its bound events without that.
        self._machine.models.remove(position)
        return position

    def fire(self, position: Position, event: str) -> None:
        """Move a position by an event that :meth:`find` knows for its state."""
        position.trigger(event)  # type: ignore[attr-defined]

    def events(self, state: str) -> list[str]:
        """Return the events of a state in the table's order; a lawful end has none."""
        return list(self._by_state[state])

    def find(self, event: str, state: str) -> Transition | None:
        """Return the row of the table for an event in a state."""
        return self._by_state[state].get(event)

    def guards(self, event: str) -> list[Guard]:
        """Return the guards of all rows of an event."""
        return [guard for step in self._steps if step.event == event for guard in step.guards]

    def knows(self, event: str) -> bool:
        """Say whether the table has such an event at all."""
        return any(step.event == event for step in self._steps)

    def nearest(self, event: str) -> str:
        """Return the known event most like a name."""
        found = difflib.get_close_matches(event, sorted({s.event for s in self._steps}), n=1, cutoff=0.0)
        return found[0] if found else "–"


@lru_cache(maxsize=16)
def machine_of(book: Rulebook) -> Machine:
    """Return the machine of a rulebook, built once."""
    return Machine(book)
