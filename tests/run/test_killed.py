"""A run killed from outside leaves its working folder; the next run takes it away, but never a live run's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from weipian_lab import text
from weipian_lab.errors import OutputError
from weipian_lab.run import unfinished
from weipian_lab.run.runner import run_notebook

NAME = "98_tiny"
SCRIPT = """
import importlib.util, sys
from pathlib import Path
from types import ModuleType
spec = importlib.util.spec_from_file_location("tiny_conftest", sys.argv[1])
conftest = sys.modules["tiny_conftest"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(conftest)
from weipian_lab.run import runner
from weipian_lab.run.parameters import MODELS
module = ModuleType("weipian_lab.run.parameters.tiny")
module.Tiny = conftest.Tiny
sys.modules[module.__name__] = module
MODELS[conftest.NAME] = "tiny:Tiny"
runner.root = lambda: Path("checkout").absolute()
runner.run_notebook(conftest.NAME, {}, "out")
"""
KILL = """
import os, pathlib, signal
place = pathlib.Path(os.environ["WEIPIAN_UNFINISHED"])
place.mkdir(exist_ok=True)
if not (place / "block").exists():
    (place / "block").write_text("done")
    os.kill(os.getppid(), signal.SIGKILL)
pathlib.Path(out_dir, "result.txt").write_text((place / "block").read_text())
"""


def hidden(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name.startswith(".out-"))


def test_what_a_killed_run_left_goes_with_the_next_which_goes_on(
    tiny: Callable[..., Path], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    tiny(KILL)
    command = [sys.executable, "-c", SCRIPT, str(request.path.parent / "conftest.py")]
    killed = subprocess.run(
        command, cwd=tmp_path, env=os.environ, check=False, capture_output=True, text=True
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert len(hidden(tmp_path)) == 1, "nobody could take it away"
    assert (tmp_path / "out/.unfinished/block").is_file()
    run_notebook(NAME, {}, tmp_path / "out")
    assert (tmp_path / "out/result.txt").read_text() == "done"
    assert hidden(tmp_path) == [] and not (tmp_path / "out/.unfinished").exists()


@pytest.fixture
def asleep() -> subprocess.Popen[bytes]:
    """A process that is at work until the test ends."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def left(folder: Path, process: int, started: float, computer: str | None = None) -> Path:
    computer = computer or unfinished._computer()
    made = folder / f".out-{computer}-{process}-{int(started)}-abc_123"
    made.mkdir()
    return made


def test_a_live_run_on_the_same_results_is_not_disturbed(
    asleep: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    theirs = left(tmp_path, asleep.pid, psutil.Process(asleep.pid).create_time())
    refused = pytest.raises(OutputError, match=rf"process {asleep.pid}.*Wait")
    with text.language("en"), refused, unfinished.working_folder(out):
        pytest.fail("two runs at work on one folder")
    assert hidden(tmp_path) == [theirs]


def test_only_folders_of_dead_processes_of_this_computer_and_these_results_go(
    asleep: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    number_taken_anew = left(tmp_path, asleep.pid, psutil.Process(asleep.pid).create_time() - 3600)
    elsewhere = left(tmp_path, 2**22 + 1, 0, "0123abcd")
    for name in (".out-2-abcdefgh", ".outer-1-1-x", "out-1"):
        (tmp_path / name).mkdir()
    with unfinished.working_folder(out) as working:
        assert working.parent == tmp_path and working.is_dir()
        assert not number_taken_anew.exists() and elsewhere.exists()
        with pytest.raises(OutputError), unfinished.working_folder(out):
            pytest.fail("the same process twice")
        assert working.is_dir()
    assert not working.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [elsewhere.name, ".out-2-abcdefgh", ".outer-1-1-x", "out", "out-1"]
    )
