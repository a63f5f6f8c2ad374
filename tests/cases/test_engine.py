"""Working days, effective-dated rules, deadlines and refusals of the procedure engine."""

import contextlib
import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weipian_lab.cases import Case
from weipian_lab.cases.drawing import procedure_svg
from weipian_lab.cases.guards import CHECKS
from weipian_lab.cases.workdays import add_months, add_workdays, is_workday, statutory_holiday
from weipian_lab.errors import InputError, ProcedureError, WeipianError

TWO = ["甲", "乙"]


def to_filed(book, filed_on):
    case = Case("C", book, opened_on="2024-04-01")
    case.apply("assign", "2024-04-02", documents=["CLUE_FORM"])
    case.apply(
        "field_visit",
        "2024-04-08",
        officers=TWO,
        author="甲",
        photos=["p"],
        safety_checks=book.rule("NX2024-3.5-SAFETY").value,
        documents=["FIELD_RECORD", "PHOTOS"],
    )
    case.apply("compare", "2024-04-09", data=["SURVEY", "PLANNING", "APPROVAL"], overlay_version="v1")
    case.apply("stop_order", "2024-04-10", officers=TWO, grounds=["FIELD"], documents=["STOP_ORDER"])
    conditions = book.rule("CFBF-FILE-CONDITIONS").value
    case.apply("file", filed_on, conditions=conditions, documents=["FILING_FORM"])
    return case


@pytest.mark.parametrize(
    ("day", "works", "holiday"),
    [  # State Council's arrangement for 2024
        ("2024-10-01", False, True),
        ("2024-10-07", False, True),
        ("2024-10-12", True, False),  # a Saturday worked in exchange
        ("2024-04-28", True, False),  # a Sunday worked in exchange
        ("2024-10-19", False, False),  # a plain Saturday is no statutory holiday
    ],
)
def test_days_of_2024(day, works, holiday):
    found = dt.date.fromisoformat(day)
    assert (is_workday(found), statutory_holiday(found) is not None) == (works, holiday)


def test_working_days_run_from_the_day_after():
    assert add_workdays(dt.date(2024, 5, 24), 5) == dt.date(2024, 5, 31)
    assert add_workdays(dt.date(2024, 9, 30), 1) == dt.date(2024, 10, 8)
    assert add_months(dt.date(2024, 11, 30), 3) == dt.date(2025, 2, 28)
    with pytest.raises(InputError, match="2030"):
        add_workdays(dt.date(2030, 1, 1), 1)


def test_the_term_of_a_decision_changes_with_the_measures(book):
    before, after = to_filed(book, "2024-04-30"), to_filed(book, "2024-05-01")
    for case, days in ((before, 60), (after, 90)):
        officers = {"officers": TWO, "certificates_shown": True}
        case.apply("investigate", "2024-05-06", **officers)
        for kind in ("QUESTIONING", "SITE_SURVEY"):
            case.apply("collect", "2024-05-07", kind=kind)
        case.apply("report", "2024-05-08", documents=["INVESTIGATION_REPORT"])
        told = {
            "basis": "TDGLF-77",
            "measures": ["DEMOLISH"],
            "fine": 0,
            "area_m2": 900,
            "plan_conforms": False,
        }
        papers = ["REVIEW_RECORD", "PENALTY_NOTICE", "HEARING_NOTICE"]
        case.apply("notify", "2024-05-09", **told, documents=papers)
        (due,) = [d for d in case.due() if d.event == "decide"]
        assert (due.due_on - case.last("file").on).days == days
    assert "待核实" in before.due()[0].rule.cite("zh")


def test_late_filing_is_counted_only_where_a_number_of_days_stood(book):
    # stop order 2024-04-10 + 10 working days = 2024-04-24
    case = to_filed(book, "2024-04-26")
    assert case.last("file").late_days == 2


def test_compulsion_at_night_on_a_holiday_or_with_supplies_cut_names_article_43(book):
    case = Case("C", book)
    for evidence, day in (
        ({"starts": "21:00", "ends": "23:00"}, dt.date(2024, 6, 3)),
        ({"starts": "05:00", "ends": "08:00"}, dt.date(2024, 6, 3)),
        ({"starts": "19:00", "ends": "20:30"}, dt.date(2024, 6, 3)),
    ):
        refusal = CHECKS["daytime"](case, day, evidence, book.rule("QZF-43"))
        assert refusal and refusal.rule.id == "QZF-43" and refusal.rule.article == "43"
    good = {"starts": "09:00", "ends": "11:00"}
    assert CHECKS["daytime"](case, dt.date(2024, 6, 3), good, book.rule("QZF-43")) is None
    assert CHECKS["not_holiday"](case, dt.date(2024, 6, 10), good, book.rule("QZF-43"))  # 端午
    assert CHECKS["utilities"](case, dt.date(2024, 6, 3), {"cut_utilities": True}, book.rule("QZF-43"))


def test_a_refusal_names_rule_article_and_what_is_missing(book):
    case = Case("C", book)
    with pytest.raises(ProcedureError) as caught:
        case.apply("decide", "2024-04-02")
    assert caught.value.rule_id == "NX2024-3.4-PATCH"
    assert "三(四)" in caught.value.article and "FIELD" in caught.value.missing
    with pytest.raises(ProcedureError, match="线索登记表"):
        case.apply("assign", "2024-04-02")
    with pytest.raises(ProcedureError, match="assign"):
        case.apply("asign", "2024-04-02")


def test_area_alone_is_no_crime_and_a_crime_is_never_fined_away(book):
    case = to_filed(book, "2024-05-06")
    case.apply("investigate", "2024-05-07", officers=TWO, certificates_shown=True)
    for kind in ("QUESTIONING", "SITE_SURVEY"):
        case.apply("collect", "2024-05-08", kind=kind)
    transfer = {
        "officers": TWO,
        "reported_on": "2024-05-13",
        "head_decided_on": "2024-05-13",
        "materials": book.rule("YS310-6").value,
        "pbf_mu": 5.0,
        "cultivated_mu": 0.0,
        "documents": ["TRANSFER_LETTER", "INVESTIGATION_REPORT"],
    }
    with pytest.raises(ProcedureError) as caught:
        case.apply("transfer_police", "2024-05-13", **transfer)
    assert caught.value.rule_id == "FS14-3-DESTROYED"
    case.apply("collect", "2024-05-09", kind="APPRAISAL", result="DESTROYED", pbf_mu=5.0, cultivated_mu=0.0)
    with pytest.raises(ProcedureError) as caught:
        case.apply("report", "2024-05-10", documents=["INVESTIGATION_REPORT"])
    assert caught.value.rule_id == "YS310-11"
    with pytest.raises(ProcedureError) as caught:
        case.apply("transfer_police", "2024-05-13", **{**transfer, "pbf_mu": 4.99})
    assert caught.value.rule_id == "FS14-3-PBF"
    case.apply("transfer_police", "2024-05-14", **transfer)
    assert case.state == "WITH_POLICE"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
FIELDS = [
    "officers",
    "photos",
    "safety_checks",
    "documents",
    "basis",
    "measures",
    "fine",
    "kind",
    "verdict",
    "grounds",
    "matter",
    "problem",
]
FIELDS += [
    "section",
    "starts",
    "ends",
    "ended_on",
    "reported_on",
    "head_decided_on",
    "materials",
    "pbf_mu",
    "transition_days",
]


@pytest.mark.parametrize("guard", sorted(CHECKS))
@given(evidence=st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=5))
@settings(max_examples=12)
def test_evidence_of_any_shape_is_refused_or_taken_but_breaks_nothing(book, guard, evidence):
    rule = next(g.rule for step in book.procedure.transitions for g in step.guards if g.guard == guard)
    with contextlib.suppress(WeipianError):
        CHECKS[guard](Case("C", book), dt.date(2024, 6, 3), evidence, book.rule(rule))


def test_every_state_and_event_of_the_table_is_drawn(book):
    for lang in ("zh", "en"):
        drawing = procedure_svg(book, lang)
        for state in book.procedure.states.values():
            assert state.text(lang).replace("&", "&amp;") in drawing
        for step in book.procedure.transitions:
            if step.to != "=":
                assert step.text(lang).replace("'", "&#x27;") in drawing
