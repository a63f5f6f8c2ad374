"""In no sequence of events does a case cross a red line, end in silence or lose its trace."""

import datetime as dt
import importlib.util
import random
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from weipian_lab.cases import Case
from weipian_lab.rulebook import load

spec = importlib.util.spec_from_file_location("walks", Path(__file__).with_name("walks.py"))
walks = importlib.util.module_from_spec(spec)
spec.loader.exec_module(walks)

BOOK = load("ningxia-2024")
EVENTS = sorted({row.event for row in BOOK.procedure.transitions})
CHECKS = {"p1": []}
DEEP = ["assign", "field_visit", "compare", "stop_order", "file", "investigate", "collect", "report"]
DEEP += ["legal_review", "discuss", "notify", "request_hearing", "hold_hearing", "decide", "serve", "demand"]
DEEP += ["apply_court", "granted", "execute", "transfer_police"]


def walk(seed: int, steps: int, proper: float) -> Case:
    """One random walk; `proper` is the chance of taking a proper piece of evidence."""
    rng = random.Random(seed)
    case = Case(f"W{seed}", BOOK, opened_on="2024-03-20", photo_problems=CHECKS)
    day = case.opened_on

    def pick(options):
        return options[0] if rng.random() < proper else rng.choice(options)

    for _ in range(steps):
        day += dt.timedelta(days=rng.choice([0, 1, 3, 8, 12, 30, 70]))
        if day.year > 2025 or case.ended:
            break
        ahead = [event for event in case.allowed() if event in DEEP]
        event = rng.choice(ahead if ahead and rng.random() < 0.8 else case.allowed())
        event = event if rng.random() < 0.9 else rng.choice(EVENTS)
        walks.attempt(case, event, day, walks.choices(case, event, day, pick))
    return case


@pytest.mark.parametrize("proper", [0.6, 0.9, 0.97, 1.0])
def test_thousands_of_random_walks_keep_the_red_lines(proper):
    reached = set()
    for seed in range(140):
        case = walk(seed * 7 + int(proper * 100), 50, proper)
        walks.check(case)
        reached |= {step.state for step in case.steps}
    if proper >= 0.97:
        assert reached >= {
            "DECIDED",
            "SERVED",
            "RECEIVED",
            "CRIMINAL",
            "CLOSED",
            "CORRECTED",
            "HEARING",
            "DEMAND",
        }


class Walk(RuleBasedStateMachine):
    """The same by hypothesis, which looks for the shortest way to break an invariant."""

    def __init__(self):
        super().__init__()
        self.case = Case("H", BOOK, opened_on="2024-03-20", photo_problems=CHECKS)
        self.day = self.case.opened_on

    @rule(data=st.data(), days=st.sampled_from([0, 1, 8, 30, 70]))
    def step(self, data, days):
        if self.case.ended or self.day.year > 2025:
            return
        self.day += dt.timedelta(days=days)
        event = data.draw(st.sampled_from(self.case.allowed() + EVENTS[:3]))
        bad = data.draw(st.integers(0, 60))
        count = iter(range(1000))
        evidence = walks.choices(
            self.case, event, self.day, lambda options: options[-1] if next(count) == bad else options[0]
        )
        walks.attempt(self.case, event, self.day, evidence)

    @invariant()
    def red_lines(self):
        walks.check(self.case)


TestWalk = Walk.TestCase
TestWalk.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_a_patch_alone_never_leads_to_a_penalty_whatever_the_path():
    """Every path of the table up to eight events that has no field visit: no decision is reachable."""
    frontier, seen = [Case("P", BOOK, opened_on="2024-04-01")], set()
    while frontier:
        case = frontier.pop()
        for event in EVENTS:
            if event == "field_visit":
                continue
            evidence = walks.choices(case, event, dt.date(2024, 6, 3), lambda options: options[0])
            twin = Case.replay(case.record(), BOOK)
            if walks.attempt(twin, event, dt.date(2024, 6, 3), evidence):
                key = (twin.state, tuple(sorted(twin.kinds())), tuple(sorted(twin.flags)))
                if key not in seen:
                    seen.add(key)
                    frontier.append(twin)
    assert seen
    assert not {state for state, _, _ in seen} & {"DECIDED", "NOTIFIED", "STOPPED", "FILED", "EXECUTED"}


def test_a_record_replays_to_the_same_case():
    case = walk(5, 60, 1.0)
    assert len(case.steps) > 5
    again = Case.replay(case.record(), BOOK, CHECKS)
    assert again.record() == case.record()
    assert [s.late_days for s in again.steps] == [s.late_days for s in case.steps]
