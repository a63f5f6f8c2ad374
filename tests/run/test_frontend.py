"""Widgets show by themselves where a person has the notebook open, and never in a batch run."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from weipian_lab.run import runner
from weipian_lab.run.frontend import live
from weipian_lab.run.parameters.case import CaseWalkthrough


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let the present cell have been sent with some metadata."""

    def send(metadata: dict[str, str] | None) -> None:
        kernel = SimpleNamespace(get_parent=lambda channel: {"metadata": metadata} if metadata else None)
        shell = ModuleType("IPython")
        shell.get_ipython = lambda: SimpleNamespace(kernel=kernel)  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "IPython", shell)

    return send


def test_a_page_names_its_cell_and_a_batch_run_does_not(asked: Any) -> None:
    asked({"cellId": "03-25"})
    assert live()
    asked({"trusted": "yes"})
    assert not live()
    asked(None)
    assert not live()


@pytest.mark.parametrize("shell", [None, SimpleNamespace()])
def test_plain_python_and_a_terminal_show_none(shell: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = ModuleType("IPython")
    terminal.get_ipython = lambda: shell  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", terminal)
    assert not live()
    monkeypatch.delitem(sys.modules, "IPython")
    assert not live()


def test_auto_follows_the_page_a_choice_stands_and_a_given_answer_file_is_replayed(
    asked: Any, tmp_path: Any
) -> None:
    answers = tmp_path / "answers.json"
    answers.write_text("{}", "utf-8")
    asked({"cellId": "x"})
    assert CaseWalkthrough.check({}).interactive is True
    assert CaseWalkthrough.check({"interactive": False}).interactive is False
    assert CaseWalkthrough.check({"answers": str(answers)}).interactive is False
    assert runner._checked("03_case_walkthrough", {}, "zh").interactive is False  # run from a cell in Lab
    asked(None)
    assert CaseWalkthrough.check({"interactive": "auto"}).interactive is False
    assert CaseWalkthrough.check({"interactive": True}).interactive is True
