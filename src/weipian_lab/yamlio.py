"""YAML as this project reads and writes it: the core schema of YAML 1.2, with the line of every entry.

The core schema knows null, true and false, integers, floats and text.
``no``, ``1:30`` and ``2024-05-01`` stay text, a key may not stand twice, and nothing is ever constructed
from a tag (YAML 1.2.2, chapter 10.3).
"""

from __future__ import annotations

import re
from typing import Any, ClassVar

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

__all__ = ["MappingNode", "Node", "SequenceNode", "YamlError", "compose", "dumps", "line", "loads", "plain"]

Resolvers = dict[str, list[tuple[str, re.Pattern[str]]]]

_TAG = "tag:yaml.org,2002:"
_CORE = {
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    "bool": (r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    "int": (r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    "float": (
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
}
_RESOLVERS: Resolvers = {}
for _name, (_pattern, _starts) in _CORE.items():
    for _start in _starts:
        _RESOLVERS.setdefault(_start, []).append((_TAG + _name, re.compile(f"^(?:{_pattern})$")))


_TAGS = {MappingNode: {"map"}, SequenceNode: {"seq"}, ScalarNode: {"str", *_CORE}}


class YamlError(ValueError):
    """The text is not YAML of this kind; `line` counts from 1."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line
        self.problem = problem


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    yaml_implicit_resolvers: ClassVar[Resolvers] = _RESOLVERS


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]
    # text that either version of YAML would read as something else is quoted
    yaml_implicit_resolvers: ClassVar[Resolvers] = {
        start: _RESOLVERS.get(start, []) + yaml.SafeDumper.yaml_implicit_resolvers.get(start, [])
        for start in {*_RESOLVERS, *yaml.SafeDumper.yaml_implicit_resolvers}
    }

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def represent_text(self, data: str) -> ScalarNode:
        # line breaks of all kinds survive only as escapes
        style = None if data.isprintable() else '"'
        return self.represent_scalar(f"{_TAG}str", data, style=style)


_Dumper.add_representer(str, _Dumper.represent_text)


def loads(text: str) -> Any:
    """Return the plain values of a YAML text (dict, list, str, int, float, bool, None).

    Raises
    ------
    YamlError
        If the text is not YAML, or a key stands twice in a mapping.
    """
    node = compose(text)
    return None if node is None else plain(node)


def compose(text: str) -> Node | None:
    """Return the nodes of a YAML text, each with its place; None for an empty text.

    Raises
    ------
    YamlError
        If the text is not YAML.
    """
    try:
        return yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(mark.line + 1 if mark else 1, error.problem or str(error)) from error
    except yaml.YAMLError as error:
        raise YamlError(1, str(error).splitlines()[0]) from error


def plain(node: Node) -> Any:
    """Return the plain values of a node.

    Raises
    ------
    YamlError
        If a key stands twice, a value bears a tag that the core schema does not know, or an alias is used:
        a few of them can stand for gigabytes.
    """
    return _plain(node, set())


def line(node: Node) -> int:
    """Return the line at which a node begins, counted from 1."""
    return int(node.start_mark.line) + 1


def dumps(content: Any) -> str:
    """Return plain values as YAML in block style, in the given order; the same values give the same text."""
    return str(
        yaml.dump(
            content, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110, default_flow_style=False
        )
    )


def _plain(node: Node, met: set[int]) -> Any:
    if id(node) in met:
        raise YamlError(line(node), "aliases are not allowed")
    met.add(id(node))
    if node.tag.removeprefix(_TAG) not in _TAGS[type(node)]:
        raise YamlError(line(node), f"unknown tag {node.tag}")
    if isinstance(node, MappingNode):
        return _mapping(node, met)
    if isinstance(node, SequenceNode):
        return [_plain(child, met) for child in node.value]
    return _scalar(node)


def _mapping(node: MappingNode, met: set[int]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key_node, value in node.value:
        if not isinstance(key_node, ScalarNode):
            raise YamlError(line(key_node), "a key is a list or a mapping")
        key = _scalar(key_node)
        if key in found:
            raise YamlError(line(key_node), f"the key {key!r} stands twice")
        found[key] = _plain(value, met)
    return found


def _scalar(node: ScalarNode) -> Any:
    kind, text = node.tag.removeprefix(_TAG), node.value
    if kind == "str":
        return text
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind == "int":
        return int(text, 0) if text[:2] in {"0o", "0x"} else int(text)
    return float(re.sub(r"\.(inf|nan)", r"\1", text.lower()))
