"""What a trainee reads names things as they are called: no code of a list, in neither language."""

import re

import pytest

from weipian_lab.cases import Session, make
from weipian_lab.cases.wording import listed, sentence, word
from weipian_lab.errors import ProcedureError
from weipian_lab.text import language

ABSENT = {
    "verdict": "UNDETERMINED",
    "matter": "transport",
    "department": "NDRC",
    "problem": "none",
    "section": "规划",
    "basis": "TDGLF-00",
    "measures": ["CONFISCATE"],
    "grounds": ["SURVEY"],
    "kind": "PATCH",
    "reason": "OTHER",
    "ground": "OTHER",
    "role": "COUNTY",
    "conditions": ["facts"],
    "data": ["SURVEY"],
    "plan_conforms": False,
    "fine": 0.0,
}


def codes(book):
    lists = ("VERDICT", "DEPARTMENT", "MATTER", "FEEDBACK", "BASIS", "MEASURE", "EVIDENCE", "DOCUMENT")
    found = {code for kind in lists for code in book.codes(kind)}
    found |= {step.event for step in book.procedure.transitions} | set(book.procedure.states)
    return found


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("family", ["house", "sand_police", "villager_house", "filing_error"])
def test_refusals_name_nothing_by_its_code(county, family, lang):
    scenario = make(family, 1, county)
    events = dict.fromkeys(step.event for step in scenario.book.procedure.transitions)
    read = []
    with language(lang):
        for taken in range(len(scenario.key.answers)):
            for event in events:
                session = Session(scenario)
                session.play(scenario.key.answers[:taken])
                for refusal in session.case.refusals(event, session.today, **ABSENT):
                    error = ProcedureError(
                        refusal.key, rule_id=refusal.rule.id, missing=refusal.missing, **refusal.values
                    )
                    read.append((sentence(scenario.book, error), refusal.rule.id))
    assert len({text for text, _ in read}) > 20
    known = {code for code in codes(scenario.book) if lang == "zh" or code.isupper()}  # else plain English
    for text, rule in read:
        words = set(re.findall(r"[A-Za-z_]{2,}[A-Za-z0-9_-]*", text.replace(rule, "")))
        assert not words & known, text
        assert not {w for w in words if "_" in w}, text


def test_words_are_looked_up_in_the_list_named(book):
    assert word(book, "OTHER", "DEPARTMENT") == "其他部门"
    assert word(book, "OTHER") == "其他"
    assert word(book, "assign", "EVENT") == "分派核查"
    assert word(book, 3.5) == "3.5"
    assert listed(book, ["FIELD", "PHOTO"], "EVIDENCE") == "实地核查记录、现场照片"
    assert listed(book, [], "EVIDENCE", "en") == "–"
    assert listed(book, ["调查", "耕保"], "", "en") == "survey (调查), farmland protection (耕保)"
