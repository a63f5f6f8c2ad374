"""The YAML nodes of a rulebook's files, merged into one tree that still knows where each entry stands."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from weipian_lab import yamlio
from weipian_lab.errors import RulebookError
from weipian_lab.yamlio import MappingNode, Node, SequenceNode

__all__ = ["Place", "Tree"]


class Place(NamedTuple):
    """Where an entry stands."""

    file: Path
    line: int


class Tree:
    """The nodes of all files merged, the file of each, and the hash of what was read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._digest = hashlib.sha256()
        self._file: dict[int, Path] = {}
        self.root = self.read(path)

    @property
    def sha256(self) -> str:
        """Return the hash of the files, in the order in which they were read."""
        return self._digest.hexdigest()

    def read(self, path: Path) -> MappingNode:
        """Return the top mapping of a file and keep which nodes came from it."""
        raw = path.read_bytes()
        self._digest.update(raw)
        try:
            node = yamlio.compose(raw.decode("utf-8"))
            if node is not None:
                yamlio.plain(node)  # repeated keys are found while the file is still known
        except yamlio.YamlError as error:
            raise RulebookError(
                "rulebook.not_yaml", file=path, line=error.line, problem=error.problem
            ) from error
        except UnicodeDecodeError as error:
            raise RulebookError("rulebook.not_yaml", file=path, line=1, problem=error) from error
        if not isinstance(node, MappingNode):
            raise RulebookError("rulebook.not_yaml", file=path, line=1, problem="no mapping at the top")
        self._mark(node, path)
        return node

    def take(self, key: str) -> list[Node]:
        """Take a top-level list out of the tree and return its members; a lone value is a list of one."""
        found = next((pair for pair in self.root.value if pair[0].value == key), None)
        if found is None:
            return []
        self.root.value.remove(found)
        return list(found[1].value) if isinstance(found[1], SequenceNode) else [found[1]]

    def merge(self, part: MappingNode, path: Path) -> None:
        """Add the entries of an included file: lists grow, mappings gain keys, nothing is replaced."""
        here = {key.value: value for key, value in self.root.value}
        for key, value in part.value:
            own = here.get(key.value)
            if own is None:
                self.root.value.append((key, value))
            elif _joinable(own, value):
                own.value.extend(value.value)
            else:
                where = Place(path, yamlio.line(key))
                raise RulebookError(
                    "rulebook.bad_entry", **where._asdict(), where=key.value, problem="defined twice"
                )

    def place(self, where: Sequence[Any]) -> Place:
        """Return file and line of an entry, given as pydantic gives it; if absent, of the one above."""
        node: Node = self.root
        found = Place(self.path, 1)
        for key in where:
            step = _child(node, key)
            if step is None:
                break
            line, node = step
            found = Place(self._file.get(id(node), found.file), line)
        return found

    def _mark(self, node: Node, path: Path) -> None:
        self._file[id(node)] = path
        if isinstance(node, MappingNode):
            for _, child in node.value:
                self._mark(child, path)
        elif isinstance(node, SequenceNode):
            for child in node.value:
                self._mark(child, path)


def _joinable(own: Node, added: Node) -> bool:
    if isinstance(own, MappingNode) and isinstance(added, MappingNode):
        return not {key.value for key, _ in own.value} & {key.value for key, _ in added.value}
    return isinstance(own, SequenceNode) and isinstance(added, SequenceNode)


def _child(node: Node, key: Any) -> tuple[int, Node] | None:
    """Return line and node of a child; fields that bear another name in the file are found under it."""
    if isinstance(node, SequenceNode):
        inside = isinstance(key, int) and key < len(node.value)
        return (yamlio.line(node.value[key]), node.value[key]) if inside else None
    if not isinstance(node, MappingNode):
        return None
    alias = {"effective_from": "from", "effective_to": "to", "sources": "from"}.get(str(key), str(key))
    for name in (str(key), alias):
        for key_node, child in node.value:
            if key_node.value == name:
                return yamlio.line(key_node), child
    return None
