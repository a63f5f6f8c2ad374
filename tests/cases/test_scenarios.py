"""Scenarios: each solvable, its key in agreement with engine and overlay; scoring as stated."""

import datetime as dt

import pytest
import shapely

from weipian_lab.cases import FAMILIES, Case, Session, choose, make, read_answers, score, trace
from weipian_lab.cases.ground import PARTS
from weipian_lab.cases.guards.court import daytime
from weipian_lab.cases.making import make as make_scenario
from weipian_lab.cases.tables import verified
from weipian_lab.cases.terms import suit_rule
from weipian_lab.errors import InputError, ParameterError


def test_there_are_enough_families_and_a_third_are_no_breach():
    assert len(FAMILIES) >= 14
    assert sum(not family.illegal for family in FAMILIES.values()) >= len(FAMILIES) / 3


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_each_family_is_solvable_and_agrees_with_its_overlay(county, family):
    for seed in range(3):
        scenario = make(family, seed, county)
        session = Session(scenario)
        session.play(scenario.key.answers)
        assert session.ended and session.case.state == scenario.key.state
        result = score(session)
        assert (result.total, result.passed, result.red_lines) == (100.0, True, ())
        m2 = scenario.ledger.m2
        assert sum(m2[name] for name in PARTS) == pytest.approx(m2["total"], abs=0.01)
        assert shapely.get_precision(scenario.shape) == 0  # else its overlay is snapped, and does not close
        again = county.ledger(scenario.shape)
        assert again.m2["cultivated"] == m2["cultivated"]
        assert dt.date.fromisoformat(scenario.patch["date_before"]) < scenario.opened_on
        if scenario.patch["source"] == "MNR_QUARTERLY":
            assert scenario.ledger.mu("pbf") >= 5 or scenario.ledger.mu("cultivated") >= 10
        if scenario.corrected is not None:
            column = {"filing_error": "approved", "pbf_misdrawn": "pbf"}[family]
            assert scenario.corrected.m2[column] != m2[column]


def test_the_same_seed_gives_the_same_case_and_another_another(county):
    one, same, other = (make("sand_police", seed, county) for seed in (4, 4, 5))
    assert one.fingerprint() == same.fingerprint() != other.fingerprint()
    assert one.key == same.key
    assert one.photos == same.photos


def test_a_crime_scale_key_has_the_areas_of_its_ledger(county):
    scenario = make("sand_police", 1, county)
    step = next(a for a in scenario.key.answers if a.event == "transfer_police")
    assert step.evidence["pbf_mu"] == pytest.approx(scenario.ledger.mu("pbf"), abs=0.01)
    assert step.evidence["pbf_mu"] >= 5


def test_a_red_line_fails_a_case_that_is_perfect_otherwise(county):
    scenario = make("house", 2, county)
    session = Session(scenario)
    first = session.answer("decide", scenario.opened_on)
    assert first.red_line and first.rule_id == "NX2024-3.4-PATCH"
    session.play(scenario.key.answers)
    result = score(session)
    assert session.ended and result.total > 90 and not result.passed and result.red_lines


def test_settling_an_illegal_case_from_the_layers_alone_is_a_red_line(county):
    scenario = make("greenhouse_0102", 1, county)
    session = Session(scenario)
    session.play(scenario.key.answers[:3])
    given = scenario.key.answers[3]
    outcome = session.answer("settle", given.on, **{**given.evidence, "grounds": ["SURVEY"]})
    assert outcome.red_line and outcome.rule_id == "NX2024-2.3-TECHNOLOGY"


def test_the_wrong_end_loses_the_points_of_the_end_whatever_the_penalty(county):
    scenario = make("pseudo_change", 3, county)
    session = Session(scenario)
    session.play(scenario.key.answers[:3])
    last = scenario.key.answers[3]
    session.answer("settle", last.on, **{**last.evidence, "verdict": "FACILITY_AG"})
    result = score(session)
    facts = next(item for item in result.items if item.name == "facts")
    assert facts.points < facts.possible and "设施农用地" in facts.losses[0]


def test_doubtful_photos_are_refused_as_evidence(county):
    scenario = make("falsified_photos", 0, county)
    bad = [name for name, problems in scenario.photo_problems.items() if problems]
    assert len(bad) >= 3
    session = Session(scenario)
    session.play(scenario.key.answers[:1])
    visit = scenario.key.answers[1]
    everything = [photo.photo_id for photo in scenario.photos]
    outcome = session.answer("field_visit", visit.on, **{**visit.evidence, "photos": everything})
    assert not outcome.accepted and set(outcome.missing) == set(bad)


def test_nothing_is_lost_when_the_process_dies_after_any_step(county, tmp_path):
    scenario = make("filing_error", 1, county)
    path = tmp_path / "answers.json"
    for number, answer in enumerate(scenario.key.answers, 1):
        session = Session.restore(scenario, path, "学员")
        session.answer(answer.event, answer.on, **answer.evidence)
        assert len(read_answers(path)["answers"]) == number
    session = Session.restore(scenario, path)
    assert session.ended and score(session).total == 100
    assert session.trainee == "学员"
    other = make("filing_error", 2, county)
    with pytest.raises(InputError, match="属于案件"):
        Session.restore(other, path)


def test_trace_and_verification_name_what_happened(county):
    scenario = make("water_matter", 1, county)
    session = Session(scenario)
    session.play(scenario.key.answers)
    table = trace(session)
    assert list(table.loc[table["by"] == "world", "event"]) == ["returned", "designate_other", "receipt"]
    assert table["article"].str.len().min() > 0
    row = verified(session).iloc[0]
    assert (row["verdict"], row["cause"], row["verifier_count"]) == ("OTHER", "water_works", 2)


def test_a_patch_of_an_overlay_run_is_taken_with_a_family_that_suits(county):
    import geopandas as gpd

    shape = make("pseudo_change", 5, county).shape
    frame = gpd.GeoDataFrame({"patch_id": ["P1"]}, geometry=[shape], crs=county.crs)
    scenario = choose(county, 1, patches=frame)
    assert scenario.patch["patch_id"] == "P1" and scenario.shape.equals_exact(shape, 0.01)
    with pytest.raises(InputError, match="rural_road"):
        choose(county, 1, "rural_road", frame)
    with pytest.raises(ParameterError, match="house"):
        make_scenario("hous", 1, county)


@pytest.mark.parametrize("family", ["temp_in_term", "facility_ag", "over_approval", "house"])
def test_papers_of_a_case_read_without_codes(county, family):
    scenario = make(family, 1, county)
    fields = {"PZWH", "PZRQ", "BAH", "BARQ", "DQRQ", "YT", "XMMC"}
    for lang in ("zh", "en"):
        text = " ".join(paper.text(lang) for paper in scenario.exhibits)
        assert scenario.patch["source"] not in text and not {name for name in fields if name in text}
        assert scenario.book.code("TBLX", scenario.patch["tblx"]).text(lang) in text
        assert f"{scenario.ledger.m2['total']:.2f} m²" in text


def test_a_slip_is_no_red_line_whatever_rule_it_cites(county):
    """A paper left out, evidence not in the file, the wrong department: an error, explained, not the end."""
    house = Session(make("house", 1, county))
    first, visit = house.scenario.key.answers[:2]
    house.play([first])
    left_out = house.answer(visit.event, visit.on, **{**visit.evidence, "documents": []})
    assert left_out.rule_id == "NX2024-2.2.1-FIELD" and not left_out.red_line
    house.play([visit, house.scenario.key.answers[2]])
    stop = house.scenario.key.answers[3]
    absent = house.answer(stop.event, stop.on, **{**stop.evidence, "grounds": ["FIELD", "REPLY"]})
    assert absent.rule_id == "CFF-46-TRUE" and not absent.red_line
    villager = Session(make("villager_house", 1, county))
    villager.play(villager.scenario.key.answers[:3])
    over = villager.scenario.key.answers[3]
    wrong = villager.answer(over.event, over.on, **{**over.evidence, "department": "WATER"})
    assert wrong.rule_id == "TDGLF-78" and not wrong.red_line
    stopped = villager.answer(
        "stop_order", over.on, officers=["甲", "乙"], grounds=["FIELD"], documents=["STOP_ORDER"]
    )
    assert stopped.rule_id == "TDGLF-78" and stopped.red_line


def test_a_report_before_a_transfer_is_an_error_and_a_penalty_a_red_line(county):
    session = Session(make("sand_police", 1, county))
    key = session.scenario.key.answers
    session.play(key[: [a.event for a in key].index("transfer_police")])
    day = session.today
    report = session.answer("report", day, documents=["INVESTIGATION_REPORT"])
    assert report.rule_id == "YS310-11" and not report.red_line
    assert session.answer("decide", day).red_line


def test_an_hour_mistyped_is_no_night_and_a_night_is_one(book):
    night = book.rule("QZF-43")
    for starts, ends, key, slip in (
        ("9:30", "16：30", None, False),
        ("早上", "16:30", "cases.g_clock", True),
        ("21:00", "23:00", "cases.g_daytime", False),
        ("16:30", "9:30", "cases.g_daytime", False),
    ):
        found = daytime(Case(rulebook=book), dt.date(2024, 6, 3), {"starts": starts, "ends": ends}, night)
        assert (found and (found.key, found.slip)) == (key and (key, slip)), (starts, ends)


def test_articles_are_those_of_what_is_done(book):
    """Each step and paper cites the article that orders it (read in the texts of the laws)."""
    steps = {(s.event, s.rule) for s in book.procedure.transitions}
    for event, rule in (
        ("assign", "NX2024-2.1-VERIFY"),  # 二(一): all three sources, not the quarterly threshold of 二(一)1
        ("perform", "CFF-66"),
        ("upheld", "SSF-69"),
        ("quashed", "SSF-70"),
        ("serve", "CFF-61"),
        ("demand", "QZF-54"),
        ("apply_court", "QZF-53"),
        ("execute", "QZF-44"),
    ):
        assert (event, rule) in steps
    guards = {g.guard: g.rule for s in book.procedure.transitions for g in s.guards}
    assert guards["photos_plausible"] == "CFF-46-TRUE"  # evidence must be verified before facts rest on it
    assert suit_rule("TDGLF-77", ["RETURN_LAND", "DEMOLISH"]) == "TDGLF-83"
    assert suit_rule("TDGLF-77", ["CONFISCATE"]) == suit_rule("SSTL-52", ["DEMOLISH"]) == "SSF-46"


def test_plans_and_measures_agree_with_what_the_papers_say(county):
    over = make("over_approval", 1, county)
    assert "建设符合规划" in "".join(x.text("zh") for x in over.exhibits)
    assert over.key.facts["notify.measures"] == ["RETURN_LAND", "CONFISCATE", "FINE"]
    assert over.key.facts["notify.plan_conforms"] is True
    papers = next(r.evidence["documents"] for r in over.replies if r.event == "perform")
    assert "BUILDING_HANDOVER" in papers
    house = make("house", 1, county)
    assert "不符合规划" in "".join(x.text("zh") for x in house.exhibits)
    assert house.key.facts["notify.measures"] == ["RETURN_LAND", "DEMOLISH", "FINE"]
    drawn = make("pbf_misdrawn", 1, county)
    after = drawn.corrected.m2
    assert after["pbf"] == after["cultivated"] == 0 and after["construction"] == pytest.approx(after["total"])
    greenhouse = "".join(x.text("zh") for x in make("greenhouse_0102", 1, county).exhibits)
    assert "规划用途为农用地" in greenhouse and "建设用地" not in greenhouse.partition("国土空间规划")[2]
