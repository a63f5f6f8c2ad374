"""A tiny checkout with one notebook whose cells each test chooses."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Literal

import nbformat
import pytest

from weipian_lab.run import runner
from weipian_lab.run.parameters import MODELS
from weipian_lab.run.parameters.base import Common, Day, InputPath, param

NAME = "98_tiny"


class Tiny(Common):
    """Parameters of the tiny notebook."""

    notebook = NAME

    threshold: float = param(0.5, "run.p_seed", unit="px", ge=0, le=1)
    rule: Literal["otsu", "fixed"] = param("otsu", "run.p_seed")
    case_name: str = param("示例", "run.p_seed")
    patches: InputPath = param("", "run.p_seed")
    layers: list[InputPath] = param([], "run.p_seed")
    bundled_file: InputPath = param("", "run.p_seed", bundled="hello.txt")
    day: Day = param("2024-03-13", "run.p_seed")


DEFAULTS = """
out_dir = "x"
lang = "zh"
rulebook = "ningxia-2024"
seed = 0
interactive = "auto"
threshold = 0.5
rule = "otsu"
case_name = "示例"
patches = ""
layers = []
bundled_file = ""
day = "2024-03-13"
"""


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Return a function that writes the tiny notebook with the code cells given; it returns the file."""
    checkout = tmp_path / "checkout"
    data = checkout / "data" / "small"
    data.mkdir(parents=True)
    (data / "hello.txt").write_text("hello")
    (checkout / "notebooks").mkdir()
    module = ModuleType("weipian_lab.run.parameters.tiny")
    module.Tiny = Tiny
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(MODELS, NAME, "tiny:Tiny")
    monkeypatch.setenv("WEIPIAN_DATA", str(data))
    monkeypatch.setattr(runner, "root", lambda: checkout)
    monkeypatch.chdir(tmp_path)

    def write(*code: str) -> Path:
        new = nbformat.v4
        cells = [
            new.new_markdown_cell("# 小笔记本\n\n第一句。", metadata={"tags": ["title", "zh"]}),
            new.new_markdown_cell("# Tiny notebook\n\nFirst.", metadata={"tags": ["title", "en"]}),
            new.new_code_cell(DEFAULTS.strip(), metadata={"tags": ["parameters"]}),
            *(new.new_code_cell(source) for source in code),
        ]
        for number, cell in enumerate(cells):
            cell.id = f"98-{number:02d}"
        file = checkout / "notebooks" / f"{NAME}.ipynb"
        file.write_text(nbformat.writes(new.new_notebook(cells=cells)), "utf-8")
        return file

    return write
