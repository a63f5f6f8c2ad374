"""The walkthrough form: driven as a trainee would, without a browser; on disk after each step."""

import datetime as dt
import importlib.util
import json
from pathlib import Path

import pytest

from weipian_lab.cases import Session, make, score
from weipian_lab.cases.forms import WORLD, events, fields
from weipian_lab.text import language
from weipian_lab.widgets.case import Walkthrough

spec = importlib.util.spec_from_file_location(
    "cases_conftest", Path(__file__).parents[1] / "cases" / "conftest.py"
)
rectangles = importlib.util.module_from_spec(spec)
spec.loader.exec_module(rectangles)
book, county = rectangles.book, rectangles.county


def fill(form, answer):
    form.event.value = answer.event
    form.day.value = answer.on
    for name, value in answer.evidence.items():
        control = form.controls[name][1]
        control.value = tuple(value) if isinstance(value, list) else value


@pytest.mark.parametrize("family", ["greenhouse_0102", "filing_error", "sand_police", "villa"])
def test_every_step_of_a_key_can_be_entered(county, tmp_path, family):
    scenario = make(family, 1, county)
    form = Walkthrough(scenario, tmp_path / "answers.json", "座位1", "step")
    for number, answer in enumerate(scenario.key.answers, 1):
        evidence = {k: v for k, v in answer.evidence.items() if not k.endswith("_on")}
        fill(form, type(answer)(answer.event, answer.on, evidence))
        for name in ("reported_on", "head_decided_on"):
            if name in form.controls:
                form.controls[name][1].value = answer.on
        form.take()
        assert "未通过" not in form.message.value, (answer.event, form.message.value)
        stored = json.loads((tmp_path / "answers.json").read_text("utf-8"))
        assert len(stored["answers"]) == number
    assert form.session.ended and form.submit.disabled
    assert score(form.session).passed
    again = Walkthrough(scenario, tmp_path / "answers.json", "", "step")
    assert again.session.ended and again.session.trainee == "座位1"


def test_a_red_line_is_named_at_once_or_only_recorded(county, tmp_path):
    scenario = make("house", 1, county)
    now = Walkthrough(scenario, tmp_path / "a.json", "", "step")
    later = Walkthrough(scenario, tmp_path / "b.json", "", "end")
    for form in (now, later):
        form.event.value = "decide"
        form.take()
    assert "红线" in now.message.value and "NX2024-3.4-PATCH" in now.message.value
    assert "NX2024" not in later.message.value
    assert not now.session.ended and now.event.value == "decide"


def test_forms_offer_no_event_of_others_and_speak_both_languages(county):
    session = Session(make("water_matter", 1, county))
    assert not {name for _, name in events(session)} & WORLD
    for lang in ("zh", "en"):
        with language(lang):
            for step in session.scenario.book.procedure.transitions:
                if step.event not in WORLD:
                    assert all(field.label for field in fields(session, step.event))


def test_an_uploaded_file_of_another_case_changes_nothing(county, tmp_path):
    one, other = make("house", 1, county), make("house", 2, county)
    form = Walkthrough(one, tmp_path / "answers.json", "", "step")
    wrong = Session(other, tmp_path / "other.json")
    wrong.answer("assign", other.opened_on, documents=["CLUE_FORM"])
    form.upload.value = (
        {
            "name": "x.json",
            "type": "application/json",
            "size": 1,
            "content": (tmp_path / "other.json").read_bytes(),
            "last_modified": dt.datetime(2024, 6, 3, tzinfo=dt.UTC),
        },
    )
    assert "属于案件" in form.message.value and not form.session.outcomes
