"""A process killed in the middle of writing loses at most the step in hand: the answer file is whole."""

import os
import signal
import subprocess
import sys

import pytest

from weipian_lab.cases import Session, make, read_answers, score

SCRIPT = """
import os, signal, sys
import importlib.util
spec = importlib.util.spec_from_file_location("rectangles", sys.argv[1])
rectangles = importlib.util.module_from_spec(spec)
spec.loader.exec_module(rectangles)
from weipian_lab.cases import Session, make
from weipian_lab.rulebook import load
county = rectangles.county.__wrapped__(load("ningxia-2024"))
scenario = make("filing_error", 1, county)
path, moment = sys.argv[2], sys.argv[3]
taken, replace = 0, os.replace

def replaced(*arguments, **options):
    last = taken == 3
    if last and moment == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    replace(*arguments, **options)
    if last and moment == "after":
        os.kill(os.getpid(), signal.SIGKILL)

os.replace = replaced
session = Session.restore(scenario, path, "座位")
for answer in scenario.key.answers:
    taken += 1
    session.answer(answer.event, answer.on, **answer.evidence)
"""


@pytest.mark.parametrize(("moment", "kept"), [("before", 2), ("after", 3)])
def test_killing_the_process_at_a_step_loses_at_most_that_step(county, tmp_path, request, moment, kept):
    path = tmp_path / "answers.json"
    rectangles = request.path.parent / "conftest.py"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(rectangles), str(path), moment],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert len(read_answers(path)["answers"]) == kept
    scenario = make("filing_error", 1, county)
    session = Session.restore(scenario, path)
    assert len(session.outcomes) == kept and session.trainee == "座位"
    session.play(scenario.key.answers[kept:])
    assert session.ended and score(session).total == 100
