"""Reading a rulebook: YAML with line numbers, includes merged, shape and cross-references checked."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from weipian_lab.errors import RulebookError
from weipian_lab.rulebook.book import Rulebook
from weipian_lab.rulebook.model import Content

__all__ = ["bundled", "load", "nearest"]


def bundled() -> list[str]:
    """Return the names of the rulebooks that come with the package."""
    return sorted(p.stem for p in _folder().glob("*.yaml"))


def load(name: str | Path = "ningxia-2024") -> Rulebook:
    """Return a checked rulebook.

    Parameters
    ----------
    name
        Name of a bundled rulebook, or the path of a YAML file.

    Raises
    ------
    RulebookError
        If there is none of that name, or it is malformed: the sentence names file, line and remedy.
    """
    path = Path(name)
    if path.suffix.lower() not in {".yaml", ".yml"}:
        path = _folder() / f"{name}.yaml"
    if not path.is_file():
        raise RulebookError("rulebook.not_found", name=name, names=", ".join(bundled()))
    stamp = tuple((p, p.stat().st_mtime_ns) for p in [path, *sorted(path.parent.glob(f"{path.stem}/*.yaml"))])
    return _load(path, stamp)


def nearest(word: str, choices: Iterable[str]) -> str:
    """Return the choice most like `word`, or a dash."""
    found = difflib.get_close_matches(word, list(choices), n=1, cutoff=0.0)
    return found[0] if found else "–"


def _folder() -> Path:
    return Path(str(files(__package__).joinpath("files")))


@cache
def _load(path: Path, stamp: tuple[tuple[Path, int], ...]) -> Rulebook:
    """Load once for each state of the files (`stamp` holds their times)."""
    origin = _Origin()
    tree = _read(path, origin)
    includes = tree.pop("include", [])
    for position, child in enumerate(includes):
        target = path.parent / str(child)
        if not target.is_file():
            line = _line(includes, position)
            raise RulebookError("rulebook.include_missing", file=path, line=line, name=child)
        _merge(tree, _read(target, origin), target)
    try:
        content = Content.model_validate(_plain(tree))
    except ValidationError as error:
        raise _explain(error, tree, origin, path) from error
    _check_windows(content, tree, origin)
    _check_references(content, tree, origin)
    return Rulebook(content, origin.digest.hexdigest(), path)


class _Origin:
    """Which file each top-level entry came from, and the hash of all files read."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.of_node: dict[int, Path] = {}

    def file(self, nodes: Sequence[Any], default: Path) -> Path:
        return next((self.of_node[id(n)] for n in reversed(nodes) if id(n) in self.of_node), default)


def _read(path: Path, origin: _Origin) -> Any:
    text = path.read_bytes()
    origin.digest.update(text)
    try:
        tree = YAML(typ="rt", pure=True).load(text.decode("utf-8"))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RulebookError("rulebook.not_yaml", file=path, line=line, problem=error.problem) from error
    except (YAMLError, UnicodeDecodeError) as error:
        raise RulebookError("rulebook.not_yaml", file=path, line=1, problem=error) from error
    if not isinstance(tree, dict):
        raise RulebookError("rulebook.not_yaml", file=path, line=1, problem="no mapping at the top")
    _mark(tree, path, origin)
    return tree


def _mark(node: Any, path: Path, origin: _Origin) -> None:
    if isinstance(node, (dict, list)):
        origin.of_node[id(node)] = path
        for child in node.values() if isinstance(node, dict) else node:
            _mark(child, path, origin)


def _merge(tree: Any, part: Any, path: Path) -> None:
    for key, value in part.items():
        if key not in tree:
            tree[key] = value
        elif isinstance(tree[key], list) and isinstance(value, list):
            tree[key].extend(value)
        elif isinstance(tree[key], dict) and isinstance(value, dict) and not set(tree[key]) & set(value):
            tree[key].update(value)
        else:
            line = _line(part, key)
            raise RulebookError(
                "rulebook.bad_entry", file=path, line=line, where=key, problem="defined twice"
            )


def _line(node: Any, key: Any) -> int:
    """Return the 1-based line of a child of a round-trip node."""
    mark = getattr(node, "lc", None)
    data = getattr(mark, "data", None) or {}
    if key in data:
        return int(data[key][0]) + 1
    child = node[key] if isinstance(node, list) and isinstance(key, int) and key < len(node) else node
    own = getattr(child, "lc", mark)
    return int(own.line) + 1 if own is not None and own.line is not None else 1


def _locate(tree: Any, where: Sequence[Any], origin: _Origin, default: Path) -> tuple[Path, int]:
    """Return file and line of a pydantic location; in merged lists only the nodes' own lines count."""
    nodes, line, node = [tree], 1, tree
    for key in where:
        alias = {"effective_from": "from", "effective_to": "to", "sources": "from"}.get(str(key), key)
        step = key if isinstance(node, list) or (isinstance(node, dict) and key in node) else alias
        if isinstance(node, dict) and step in node:
            line, node = _line(node, step), node[step]
        elif isinstance(node, list) and isinstance(step, int) and step < len(node):
            node = node[step]
        else:
            break
        nodes.append(node)
        own = getattr(node, "lc", None)
        line = int(own.line) + 1 if own is not None and own.line is not None else line
    return origin.file(nodes, default), line


def _explain(error: ValidationError, tree: Any, origin: _Origin, path: Path) -> RulebookError:
    first = error.errors()[0]
    file, line = _locate(tree, first["loc"], origin, path)
    where = " → ".join(str(part) for part in first["loc"])
    return RulebookError("rulebook.bad_entry", file=file, line=line, where=where, problem=first["msg"])


def _plain(node: Any) -> Any:
    """Return round-trip nodes as plain Python values, so that strict validation sees str, int, float."""
    if isinstance(node, dict):
        return {str(k): _plain(v) for k, v in node.items()}
    if isinstance(node, list):
        return [_plain(v) for v in node]
    if isinstance(node, bool) or node is None:
        return node
    for kind in (int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


def _check_windows(content: Content, tree: Any, origin: _Origin) -> None:
    for i, rule in enumerate(content.rules):
        for other in content.rules[:i]:
            starts = max(rule.effective_from, other.effective_from)
            if other.id == rule.id and rule.holds_on(starts) and other.holds_on(starts):
                file, line = _locate(tree, ("rules", i), origin, Path())
                raise RulebookError("rulebook.overlap", file=file, line=line, id=rule.id)


def _check_references(content: Content, tree: Any, origin: _Origin) -> None:
    """Every rule, state, document, source that is named must be defined."""
    rules = {rule.id for rule in content.rules}
    sources = set(content.sources)
    for i, rule in enumerate(content.rules):
        _defined(rule.source, sources, "source", ("rules", i), tree, origin)
    for name, entries in content.thresholds.items():
        for i, entry in enumerate(entries):
            _defined(entry.rule, rules, "rule", ("thresholds", name, i), tree, origin)
    for kind, column in (("MATTER", "rule"), ("BASIS", "fine")):
        for code, pointer in content.codes.get(kind, {}).items():
            _defined(pointer.column(column), rules, "rule", ("codes", kind, code), tree, origin)
    states, documents = set(content.procedure.states), set(content.codes.get("DOCUMENT", {}))
    events = {step.event for step in content.procedure.transitions}
    _defined(content.procedure.initial, states, "state", ("procedure", "initial"), tree, origin)
    for i, step in enumerate(content.procedure.transitions):
        where = ("procedure", "transitions", i)
        for state in [*step.sources, step.to]:
            if state not in {"*", "="}:
                _defined(state, states, "state", where, tree, origin)
        for document in step.documents:
            _defined(document, documents, "document", where, tree, origin)
        for rule_id in [step.rule, *(guard.rule for guard in step.guards)]:
            _defined(rule_id, rules, "rule", where, tree, origin)
    for i, deadline in enumerate(content.procedure.deadlines):
        where = ("procedure", "deadlines", i)
        for rule_id in filter(None, (deadline.rule, deadline.extend)):
            _defined(rule_id, rules, "rule", where, tree, origin)
        for event in (deadline.event, deadline.since):
            _defined(event, events, "event", where, tree, origin)
    for i, red in enumerate(content.procedure.red_lines):
        _defined(red.rule, rules, "rule", ("procedure", "red_lines", i), tree, origin)


def _defined(name: str, known: set[str], kind: str, where: Sequence[Any], tree: Any, origin: _Origin) -> None:
    if name in known:
        return
    file, line = _locate(tree, where, origin, Path())
    close = nearest(name, known)
    if kind == "rule":
        raise RulebookError("rulebook.unknown_rule_ref", file=file, line=line, id=name, nearest=close)
    raise RulebookError("rulebook.unknown_ref", file=file, line=line, kind=kind, id=name, nearest=close)
