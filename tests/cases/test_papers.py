"""Papers as forms: the gaps ask for the case's own facts, wrong ones are explained with their article."""

import datetime as dt
import json

import pytest

from weipian_lab.cases import FAMILIES, Session, make, read_answers, score
from weipian_lab.cases.facts import FACTS, Moment, fact
from weipian_lab.cases.papers import check, choice_name, offered, paper_name, papers_of, remarks
from weipian_lab.errors import RulebookError
from weipian_lab.text import catalogue, language, t


def item(result, name):
    return next(item for item in result.items if item.name == name)


def changed(answer, paper, **values):
    """Return an answer with other values in the gaps of a paper."""
    forms = {code: dict(gaps) for code, gaps in answer.evidence["forms"].items()}
    forms[paper] |= values
    return {**answer.evidence, "forms": forms}


def test_the_table_is_complete(book):
    named = [code for stage in book.stages.values() for code in stage.documents]
    assert sorted(named) == sorted(book.codes("DOCUMENT"))  # each paper in one stage
    assert {"FILING_FORM", "QUESTIONING", "SITE_SURVEY", "PENALTY_NOTICE", "HEARING_NOTICE"} <= set(
        book.forms
    )
    assert {"PENALTY_DECISION", "TRANSFER_LETTER", "HANDOVER_LETTER", "FEEDBACK_LETTER"} <= set(book.forms)
    for form in book.forms.values():
        assert len({gap.name for gap in form.gaps}) == len(form.gaps)
        for gap in form.gaps:
            assert gap.name in catalogue("papers") and gap.fact.partition(":")[0] in FACTS
            right = gap.fact.partition(":")[2].split(",") if gap.fact.startswith(("is:", "all:")) else []
            assert set(right) <= set(gap.choices)
            for lang in ("zh", "en"):
                with language(lang):
                    names = [choice_name(book, choice) for choice in gap.choices]
                    assert len(set(names)) == len(names) and not set(names) & set(gap.choices)


def test_what_is_offered_holds_what_is_needed_among_others(book):
    for step in book.procedure.transitions:
        codes = [code for _, code in offered(book, step.event)]
        assert set(step.documents) <= set(codes)
        assert not step.documents or len(step.documents) < len(codes) < len(book.codes("DOCUMENT"))


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_the_model_filling_of_each_paper_is_right_and_survives_json(county, family):
    scenario = make(family, 2, county)
    session, seen = Session(scenario), set()
    for answer in scenario.key.answers:
        evidence = json.loads(json.dumps(dict(answer.evidence)))
        codes = papers_of(scenario.book, answer.event, evidence)
        assert set(evidence.get("forms", {})) == set(codes)
        moment = Moment(scenario, session.case, tuple(session.case.steps), answer.on, evidence)
        checked = check(moment, answer.event)
        assert all(one.right for one in checked), [one for one in checked if not one.right]
        seen |= {one.paper for one in checked}
        assert session.answer(answer.event, answer.on, **evidence).accepted
    assert {"CLUE_FORM", "FIELD_RECORD"} <= seen and session.ended
    assert item(score(session), "papers").points == item(score(session), "papers").possible


def test_terms_areas_and_fines_are_those_worked_out_by_hand(county):
    scenario = make("house", 3, county)
    answers = {answer.event: answer for answer in scenario.key.answers}
    forms = answers["notify"].evidence["forms"]
    told, notice = answers["notify"].on, forms["PENALTY_NOTICE"]
    fine, area = answers["notify"].evidence["fine"], round(scenario.ledger.m2["total"], 2)
    assert notice["fine_total"] == round(fine * area, 2) > 0
    # five working days: a week, more where holidays lie between
    assert told.weekday() < 5 and forms["HEARING_NOTICE"]["notice_days"] == 7
    assert 7 <= (dt.date.fromisoformat(notice["statement_until"]) - told).days <= 12
    decision = answers["decide"].evidence["forms"]["PENALTY_DECISION"]
    assert (decision["article"], decision["pay_days"], decision["reconsider_days"]) == ("TDGLF-77", 15, 60)
    assert decision["suit_article"] == "TDGLF-83"
    clue = answers["assign"].evidence["forms"]["CLUE_FORM"]
    assert clue["total_mu"] == scenario.ledger.mu("total") == pytest.approx(area * 0.0015, abs=0.0051)


def test_only_what_exceeds_an_approval_is_illegal(county):
    scenario = make("over_approval", 1, county)
    m2 = scenario.ledger.m2
    answer = next(a for a in scenario.key.answers if a.event == "stop_order")
    stated = answer.evidence["forms"]["STOP_ORDER"]["illegal_m2"]
    assert stated == pytest.approx(m2["total"] - m2["approved"], abs=0.01) and stated < m2["total"] - 100


def test_after_a_confirmed_correction_the_new_version_is_asked_for(county):
    scenario = make("filing_error", 1, county)
    answers = {answer.event: answer for answer in scenario.key.answers}
    assert answers["feedback"].evidence["forms"]["FEEDBACK_LETTER"]["version"] == scenario.ledger.version
    assert answers["settle"].evidence["forms"]["EVIDENCE_PACKAGE"]["version"] == scenario.corrected.version


def test_a_wrong_gap_costs_its_share_and_says_why(county):
    scenario = make("house", 1, county)
    session = Session(scenario)
    for answer in scenario.key.answers:
        evidence = answer.evidence
        if answer.event == "file":
            total = scenario.ledger.mu("cultivated")
            wrong = {"cultivated_area_mu": total + 0.5, "pbf_area_mu": scenario.ledger.mu("pbf") + 0.01}
            evidence = changed(answer, "FILING_FORM", decide_by="2024-13-99", **wrong)
        session.answer(answer.event, answer.on, **evidence)
    result = item(score(session), "papers")
    gaps = sum(len(f) for a in scenario.key.answers for f in a.evidence.get("forms", {}).values())
    given = 1  # the area of the notice is a field of the event and counted with its paper
    assert result.points == pytest.approx(result.possible * (1 - 2 / (gaps + given)), abs=0.01)
    assert len(result.losses) == 2  # the hundredth of a mu lies within the tolerance
    assert "应为" in result.losses[0] and "±0.01 亩" in result.losses[0] and "办法" in result.losses[0]
    assert session.case.state == "CLOSED"  # a slip in a paper stops no step


def test_blank_papers_lose_the_item_and_nothing_else(county):
    scenario = make("rural_road", 1, county)
    session = Session(scenario)
    for answer in scenario.key.answers:
        evidence = {name: value for name, value in answer.evidence.items() if name != "forms"}
        session.answer(answer.event, answer.on, **evidence)
    result = score(session)
    assert item(result, "papers").points == 0
    assert result.total == 100 - item(result, "papers").possible
    assert any("没有填写" in loss for loss in item(result, "papers").losses)


@pytest.mark.parametrize("filled", [None, 7, "x", ["a"], {"CLUE_FORM": 3}, {"CLUE_FORM": {"total_mu": "三"}}])
def test_nonsense_in_a_form_is_wrong_and_breaks_nothing(county, filled, tmp_path):
    scenario = make("rural_road", 1, county)
    session = Session(scenario, tmp_path / "answers.json")
    first = scenario.key.answers[0]
    assert session.answer(first.event, first.on, **{**first.evidence, "forms": filled}).accepted
    again = Session.restore(scenario, tmp_path / "answers.json")
    again.play(scenario.key.answers[1:])
    assert item(score(again), "papers").points < item(score(again), "papers").possible
    assert read_answers(tmp_path / "answers.json")["answers"][0]["evidence"]["forms"] == filled


def test_unverified_articles_are_marked_and_both_languages_speak(county):
    scenario = make(
        "house", 1, county
    )  # filed before 2024-05-01: the earlier version, whose text is not verified
    session = Session(scenario)
    for answer in scenario.key.answers:
        if answer.event == "file":
            break
        session.answer(answer.event, answer.on, **answer.evidence)
    evidence = changed(answer, "FILING_FORM", decide_by="2030-01-01")
    early = answer.on.replace(year=2024, month=4, day=20)
    moment = Moment(scenario, session.case, tuple(session.case.steps), early, evidence)
    wrong = [one for one in check(moment, "file") if not one.right]
    said = remarks(scenario.book, wrong, counted=False)[0]
    assert "待核实" in said and paper_name(scenario.book, "FILING_FORM") in said
    with language("en"):
        said = remarks(scenario.book, check(moment, "file"))
        assert "gaps right" in said[0] and any(t("papers.decide_by") in line for line in said)


def test_a_fact_that_does_not_exist_is_named(county):
    scenario = make("house", 1, county)
    moment = Moment(scenario, scenario.open_case(), (), scenario.opened_on, {})
    with pytest.raises(RulebookError, match="aera"):
        fact(moment, "aera:total")
    assert fact(moment, "day:file") is None and fact(moment, "scale") in {None, 5.0, 10.0}
