"""Every sentence exists in both languages, with the same values in it, and every key used exists."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from weipian_lab import text

ROOT = Path(__file__).resolve().parents[1]
TOPICS = sorted(file.stem for file in (ROOT / "src/weipian_lab/text").glob("*.yaml"))
IMPLIED = {"ProcedureError": {"rule_id", "article", "missing"}}


def named(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("topic", TOPICS)
def test_both_languages_say_the_same(topic: str) -> None:
    for key, entry in text.catalogue(topic).items():
        assert set(entry) == set(text.LANGS), f"{topic}.{key}"
        for sentence in entry.values():
            assert isinstance(sentence, str), f"{topic}.{key} is not quoted"
            assert sentence.strip(), f"{topic}.{key} is empty"
        values = [{name.removesuffix(f"_{lang}") for name in named(entry[lang])} for lang in text.LANGS]
        assert values[0] == values[1], f"{topic}.{key}: the values differ"


def sources() -> Iterator[tuple[str, ast.Module]]:
    for file in sorted((ROOT / "src").rglob("*.py")):
        yield file.name, ast.parse(file.read_text("utf-8"))
    for file in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = nbformat.read(file, as_version=4).cells
        yield file.name, ast.parse("\n".join(cell.source for cell in cells if cell.cell_type == "code"))


def keys() -> Iterator[tuple[str, str, str, ast.Call]]:
    """Yield (file, function, key, call) for each call that takes a key as a literal."""
    for file, tree in sources():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            function = ast.unparse(node.func).split(".")[-1]
            place = (
                0
                if function == "t" or function.endswith("Error")
                else 1
                if function in {"check", "param"}
                else None
            )
            if place is None or len(node.args) <= place:
                continue
            key: Any = node.args[place]
            if isinstance(key, ast.Constant) and isinstance(key.value, str) and _is_key(key.value):
                yield file, function, key.value, node


def _is_key(value: str) -> bool:
    topic, dot, name = value.partition(".")
    return bool(dot) and topic.isidentifier() and name.isidentifier()


def test_every_key_used_exists_and_gets_its_values() -> None:
    wrong = []
    for file, function, key, call in keys():
        topic, _, name = key.partition(".")
        entry = text.catalogue(topic).get(name) if topic in TOPICS else None
        if entry is None:
            wrong.append(f"{file}: {key} is in no catalogue")
        elif function != "param" and all(keyword.arg for keyword in call.keywords):
            given = {str(keyword.arg) for keyword in call.keywords} | IMPLIED.get(function, set())
            lacking = (named(entry["zh"]) | named(entry["en"])) - given
            if lacking:
                wrong.append(f"{file}: {key} lacks {sorted(lacking)}")
    assert wrong == []


def test_the_scan_sees_the_keys() -> None:
    found = {key for _, _, key, _ in keys()}
    assert {"errors.missing_file", "run.p_out_dir", "start.check_software", "cli.help"} <= found
