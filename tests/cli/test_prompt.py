"""The connection that ``weipian lab`` gives Jupyter: its own, with messages sent at once."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

from weipian_lab.cli import lab
from weipian_lab.cli.prompt import PromptConnection


def test_jupyter_takes_the_option() -> None:
    name, _, value = lab.PROMPT.removeprefix("--ServerApp.").partition("=")
    assert getattr(ServerApp(**{name: value}), name) is PromptConnection


def test_messages_are_sent_at_once_and_all_else_is_jupyters(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[Any] = []
    monkeypatch.setattr(ZMQChannelsWebsocketConnection, "connect", lambda self: done.append("connected"))

    class Held(PromptConnection):
        websocket_handler = SimpleNamespace(set_nodelay=done.append)

    Held.__new__(Held).connect()
    assert done == [True, "connected"]


def test_lab_is_started_with_it_and_a_choice_of_ones_own_comes_later(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []

    def run(command: list[str], check: bool) -> Any:
        started.append(command)
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(lab.subprocess, "run", run)
    own = "--ServerApp.kernel_websocket_connection_class=mine.Connection"
    assert lab.start_lab([own], "zh") == 0
    (command,) = started
    assert command.index(lab.PROMPT) < command.index(own)
