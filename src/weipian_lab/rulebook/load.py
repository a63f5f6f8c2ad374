"""Reading a rulebook: YAML with line numbers, includes merged, shape and cross-references checked."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from weipian_lab import yamlio
from weipian_lab.errors import RulebookError
from weipian_lab.rulebook.book import Rulebook
from weipian_lab.rulebook.model import Content
from weipian_lab.rulebook.tree import Tree

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
    tree = Tree(path)
    for child in tree.take("include"):
        target = path.parent / str(child.value)
        if not target.is_file():
            raise RulebookError(
                "rulebook.include_missing", file=path, line=yamlio.line(child), name=child.value
            )
        tree.merge(tree.read(target), target)
    try:
        content = Content.model_validate(yamlio.plain(tree.root))
    except ValidationError as error:
        raise _explain(error, tree) from error
    _check_windows(content, tree)
    _check_references(content, tree)
    return Rulebook(content, tree.sha256, path)


def _explain(error: ValidationError, tree: Tree) -> RulebookError:
    first = error.errors()[0]
    where = " → ".join(str(part) for part in first["loc"])
    place = tree.place(first["loc"])
    return RulebookError("rulebook.bad_entry", **place._asdict(), where=where, problem=first["msg"])


def _check_windows(content: Content, tree: Tree) -> None:
    for i, rule in enumerate(content.rules):
        for other in content.rules[:i]:
            starts = max(rule.effective_from, other.effective_from)
            if other.id == rule.id and rule.holds_on(starts) and other.holds_on(starts):
                place = tree.place(("rules", i))
                raise RulebookError("rulebook.overlap", **place._asdict(), id=rule.id)


def _check_references(content: Content, tree: Tree) -> None:
    """Every rule, state, document, source that is named must be defined."""
    rules = {rule.id for rule in content.rules}
    sources = set(content.sources)
    for i, rule in enumerate(content.rules):
        _defined(rule.source, sources, "source", ("rules", i), tree)
    for name, entries in content.thresholds.items():
        for i, entry in enumerate(entries):
            _defined(entry.rule, rules, "rule", ("thresholds", name, i), tree)
    for kind, column in (("MATTER", "rule"), ("BASIS", "fine")):
        for code, pointer in content.codes.get(kind, {}).items():
            _defined(pointer.column(column), rules, "rule", ("codes", kind, code), tree)
    states, documents = set(content.procedure.states), set(content.codes.get("DOCUMENT", {}))
    events = {step.event for step in content.procedure.transitions}
    _defined(content.procedure.initial, states, "state", ("procedure", "initial"), tree)
    for i, step in enumerate(content.procedure.transitions):
        where = ("procedure", "transitions", i)
        for state in [*step.sources, step.to]:
            if state not in {"*", "="}:
                _defined(state, states, "state", where, tree)
        for document in step.documents:
            _defined(document, documents, "document", where, tree)
        for rule_id in [step.rule, *(guard.rule for guard in step.guards)]:
            _defined(rule_id, rules, "rule", where, tree)
    for i, deadline in enumerate(content.procedure.deadlines):
        where = ("procedure", "deadlines", i)
        for rule_id in filter(None, (deadline.rule, deadline.extend)):
            _defined(rule_id, rules, "rule", where, tree)
        for event in (deadline.event, deadline.since):
            _defined(event, events, "event", where, tree)
    for i, red in enumerate(content.procedure.red_lines):
        _defined(red.rule, rules, "rule", ("procedure", "red_lines", i), tree)
    for name, stage in content.stages.items():
        for document in stage.documents:
            _defined(document, documents, "document", ("stages", name), tree)
    papers = documents | set(content.codes.get("EVIDENCE", {}))
    for name, form in content.forms.items():
        _defined(name, papers, "document", ("forms", name), tree)
        named = [form.rule, *(gap.rule for gap in form.gaps if not (gap.rule or "").startswith("="))]
        for rule_id in filter(None, named):
            _defined(rule_id, rules, "rule", ("forms", name), tree)


def _defined(name: str, known: set[str], kind: str, where: Sequence[Any], tree: Tree) -> None:
    if name in known:
        return
    place = tree.place(where)
    close = nearest(name, known)
    if kind == "rule":
        raise RulebookError("rulebook.unknown_rule_ref", **place._asdict(), id=name, nearest=close)
    raise RulebookError("rulebook.unknown_ref", **place._asdict(), kind=kind, id=name, nearest=close)
