"""The walkthrough form: driven as a trainee would, without a browser; on disk after each step."""

import dataclasses
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
        if name != "forms":
            form.controls[name].value = value
    for paper, gaps in answer.evidence.get("forms", {}).items():
        for name, value in gaps.items():
            form.papers[paper][name].value = value


def alike(evidence):
    return {name: sorted(value) if isinstance(value, list) else value for name, value in evidence.items()}


@pytest.mark.parametrize("family", ["greenhouse_0102", "filing_error", "sand_police", "villa", "house"])
def test_every_step_of_a_key_can_be_entered(county, tmp_path, family):
    scenario = make(family, 1, county)
    form = Walkthrough(scenario, tmp_path / "answers.json", "座位1", "step")
    for number, answer in enumerate(scenario.key.answers, 1):
        fill(form, answer)
        form.take()
        assert 'class="good"' in form.message.value, (answer.event, form.message.value)
        stored = json.loads((tmp_path / "answers.json").read_text("utf-8"))
        assert len(stored["answers"]) == number
        kept = stored["answers"][-1]["evidence"]
        assert alike(kept) == alike({**kept, **answer.evidence})
    assert form.session.ended and form.step.layout.display == "none"
    result = score(form.session)
    assert result.passed and result.total == 100 and "100" in form.result.value
    again = Walkthrough(scenario, tmp_path / "answers.json", "", "step")
    assert again.session.ended and again.session.trainee == "座位1" and "100" in again.result.value


def test_a_red_line_is_named_at_once_or_only_recorded(county, tmp_path):
    scenario = make("house", 1, county)
    now = Walkthrough(scenario, tmp_path / "a.json", "", "step")
    later = Walkthrough(scenario, tmp_path / "b.json", "", "end")
    for form in (now, later):
        form.event.value = "decide"
        form.controls["transition_reason"].value = "搬离"
        form.take()
        assert len(form.session.outcomes) == 1
    assert "红线" in now.message.value and "NX2024-3.4-PATCH" in now.message.value
    assert "NX2024" not in later.message.value
    assert not now.session.ended and now.event.value == "decide"  # what was filled in stays to be mended


def test_a_second_press_and_a_blank_field_are_not_recorded(county, tmp_path):
    form = Walkthrough(make("house", 1, county), tmp_path / "a.json")
    form.take()
    assert "请先选择" in form.message.value
    form.event.value = "assign"
    for day in (None, dt.date(2, 4, 9)):  # none, and a year of which one digit has arrived
        form.day.value = day
        form.take()
        assert "办理日期" in form.message.value and not form.session.outcomes
    form.day.value = form.session.today
    form.take()
    assert len(form.session.outcomes) == 1 and "线索登记表" in form.message.value
    form.take()
    assert len(form.session.outcomes) == 1 and "没有重复记录" in form.message.value
    form.controls["documents"].value = ["CLUE_FORM"]
    form.take()
    assert len(form.session.outcomes) == 1 and "图斑编号" in form.message.value
    form.take()  # unchanged: the gaps count as blank
    assert [outcome.accepted for outcome in form.session.outcomes] == [False, True]
    assert "没有填写" in form.message.value and form.event.value == ""


def test_a_wrong_gap_is_explained_at_once_or_at_the_end(county, tmp_path):
    scenario = make("house", 1, county)
    for explain, heard in (("step", True), ("end", False)):
        form = Walkthrough(scenario, tmp_path / f"{explain}.json", "", explain)
        fill(form, scenario.key.answers[0])
        form.papers["CLUE_FORM"]["total_mu"].value = "九十"
        form.take()
        assert ("填 九十" in form.message.value and "容差" in form.message.value) is heard
        assert form.session.outcomes[0].answer.evidence["forms"]["CLUE_FORM"]["total_mu"] == "九十"


def test_what_was_filled_in_stays_while_papers_are_ticked(county, tmp_path):
    form = Walkthrough(make("house", 1, county), tmp_path / "a.json")
    form.event.value = "assign"
    documents = form.controls["documents"]
    documents.value = ["CLUE_FORM"]
    form.papers["CLUE_FORM"]["patch_id"].value = "640000"
    documents.value = ["CLUE_FORM", "FIELD_RECORD"]
    assert len(form.forms.children) == 2
    documents.value = ["FIELD_RECORD"]
    assert set(form.entered()["forms"]) == {"FIELD_RECORD"}
    documents.value = ["CLUE_FORM"]
    assert form.entered()["forms"]["CLUE_FORM"]["patch_id"] == "640000"


def test_forms_offer_no_event_of_others_and_speak_both_languages(county):
    session = Session(make("water_matter", 1, county))
    assert not {name for _, name in events(session)} & WORLD
    codes = {
        code for kind in ("VERDICT", "EVIDENCE", "DOCUMENT") for code in session.scenario.book.codes(kind)
    }
    labels = {}
    for lang in ("zh", "en"):
        with language(lang):
            shown = [
                field
                for step in session.scenario.book.procedure.transitions
                if step.event not in WORLD
                for field in fields(session, step.event)
            ]
        assert all(field.label for field in shown)
        labels[lang] = {label for field in shown for label, _ in field.choices if field.name != "photos"}
        assert not labels[lang] & codes
    chinese = {x for x in labels["en"] if any("\u4e00" <= c <= "\u9fff" for c in x.partition("(")[0])}
    assert chinese == {"甲", "乙", "丙", "丁", "戊"}  # the officers' names


def test_nothing_but_the_case_so_far_is_given_away(county, tmp_path):
    scenario = make("filing_error", 1, county)
    form = Walkthrough(scenario, tmp_path / "a.json")
    assert "国土调查" not in form.evidence.value and scenario.corrected.version not in form.evidence.value
    for answer in scenario.key.answers[:2]:
        fill(form, answer)
        form.take()
    assert "国土调查" in form.evidence.value
    form.event.value = "compare"
    assert [value for _, value in form.controls["overlay_version"].field.choices] == [scenario.ledger.version]
    shown = " ".join(label for label, _ in fields(form.session, "field_visit")[2].choices)
    assert "疑点" not in shown and "方位" in shown  # the trainee judges the photos


def test_the_form_escapes_what_comes_from_outside(county, tmp_path):
    scenario = make("house", 1, county)
    patch = {**scenario.patch, "patch_id": "<img src=x onerror=alert(1)>"}
    evil = dataclasses.replace(scenario, patch=patch, case_id="<b>x</b>")
    form = Walkthrough(evil, tmp_path / "a.json", "<script>")
    for answer in scenario.key.answers[:2]:
        fill(form, answer)
        form.take()
    shown = "".join(x.value for x in (form.status, form.evidence, form.message, form.history, form.file))
    assert "<img" not in shown and "<b>x" not in shown and "<script" not in shown


def test_an_uploaded_file_of_another_case_changes_nothing(county, tmp_path):
    one, other = make("house", 1, county), make("house", 2, county)
    form = Walkthrough(one, tmp_path / "answers.json", "", "step")
    wrong = Session(other, tmp_path / "other.json")
    wrong.answer("assign", other.opened_on, documents=["CLUE_FORM"])
    upload(form, tmp_path / "other.json")
    assert "属于案件" in form.message.value and not form.session.outcomes
    right = Session(one, tmp_path / "mine.json")
    right.play(one.key.answers[:3])
    upload(form, tmp_path / "mine.json")
    assert "3 步" in form.message.value and len(form.session.outcomes) == 3
    assert not (tmp_path / "uploaded.json").exists()


def upload(form, path):
    day = dt.datetime(2024, 6, 3, tzinfo=dt.UTC)
    file = {"name": "x.json", "type": "application/json", "size": 1, "last_modified": day}
    form.upload.value = ({**file, "content": path.read_bytes()},)
