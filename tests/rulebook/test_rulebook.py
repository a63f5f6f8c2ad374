"""The bundled rulebook says what notice and laws say; a bad one stops with file, line and remedy."""

import datetime as dt
import re
import shutil
from pathlib import Path

import pytest

from weipian_lab import rulebook
from weipian_lab.errors import RulebookError

BEFORE, AFTER = dt.date(2024, 4, 30), dt.date(2024, 5, 1)


@pytest.fixture(scope="module")
def book():
    return rulebook.load("ningxia-2024")


@pytest.fixture
def copy(tmp_path):
    """A copy of the bundled rulebook that a test may damage."""
    source = rulebook.load("ningxia-2024").path
    shutil.copy(source, tmp_path / source.name)
    shutil.copytree(source.parent / source.stem, tmp_path / source.stem)
    return tmp_path / source.name


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_thresholds_are_those_of_the_notice_and_only_for_quarterly_patches(book):
    found = {x.kind: (x.min_mu, x.rule.article, x.rule.unit) for x in book.thresholds("MNR_QUARTERLY")}
    assert found == {"PBF": (5.0, "二(一)1", "亩"), "CULTIVATED": (10.0, "二(一)1", "亩")}
    assert book.thresholds("NX_DAILY") == [] == book.thresholds("MNR_ANNUAL")
    with pytest.raises(RulebookError, match="MNR_QUARTERLY"):
        book.thresholds("WEEKLY")


def test_the_same_code_means_the_opposite_in_another_scheme(book):
    assert book.land_group("0602", "SANDIAO") == "construction"
    assert book.land_group("0602", "YDYH") == "other_agricultural"
    assert book.land_group("113", "ERDIAO") == "construction"
    assert book.land_group("1103", "SANDIAO") == "other_agricultural"
    assert book.land_group("1006") == "other_agricultural"
    assert book.land_group("0404") == "unused"
    assert {c for c in book.land_codes() if book.land_group(c) == "cultivated"} == {"0101", "0102", "0103"}
    assert book.land_name("0102", "SANDIAO", "zh") == "水浇地"


@pytest.mark.parametrize(("code", "scheme"), [("9999", "SANDIAO"), ("0102", "ERDIAO"), ("", "YDYH")])
def test_an_unknown_land_class_raises(book, code, scheme):
    with pytest.raises(RulebookError, match=scheme):
        book.land_group(code, scheme)


def test_the_measures_change_on_the_first_of_may_2024(book):
    assert book.number("CFBF-DECIDE", BEFORE) == 60
    assert book.number("CFBF-DECIDE", AFTER) == 90
    assert not book.rule("CFBF-DECIDE", BEFORE).verified
    assert book.rule("CFBF-DECIDE", AFTER).verified
    assert "待核实" in book.rule("CFBF-DECIDE", BEFORE).cite("zh")
    assert book.rule("CFBF-DECIDE", AFTER).cite("en").endswith("art. 38 (since 2024-05-01)")


def test_filing_has_no_number_of_days_any_more(book):
    assert book.number("CFBF-FILE", BEFORE) == 10
    with pytest.raises(RulebookError, match="CFBF-FILE"):
        book.number("CFBF-FILE", AFTER)


@pytest.mark.parametrize(
    ("rule", "value"),
    [  # article by article from the statutes
        ("TDGLF-83", 15),
        ("SSTL-57", [100, 1000]),
        ("SSTL-55", [5, 10]),
        ("SSTL-58", 90),
        ("SSTL-20-INFRA", 4),
        ("CFF-42", 2),
        ("CFF-60", 90),
        ("CFF-61", 7),
        ("CFF-64-REQUEST", 5),
        ("CFF-64-NOTICE", 7),
        ("CFF-67", 15),
        ("CFF-72", 0.03),
        ("QZF-53", 3),
        ("QZF-54", 10),
        ("SSF-46", 6),
        ("FYF-20", 60),
        ("FS14-3-PBF", 5),
        ("FS14-3-CULTIVATED", 10),
        ("YS310-5-TRANSFER", 24),
    ],
)
def test_numbers_of_the_statutes(book, rule, value):
    assert book.rule(rule).value == value
    assert book.rule(rule).verified


def test_a_rule_that_is_missing_or_not_in_force_names_the_nearest(book):
    with pytest.raises(RulebookError, match=r"NX2024-2\.1\.1-PBF"):
        book.rule("NX2024-2.1.1-PB")
    with pytest.raises(RulebookError, match="2024-03-13"):
        book.rule("NX2024-2.1.1-PBF", dt.date(2024, 3, 12))
    assert book.rule("NX2024-2.1.1-PBF", dt.datetime(2024, 3, 13, 9)).value == 5


def test_road_widths_are_marked_as_practice_elsewhere(book):
    assert "非宁夏" in book.rule("T-ROAD-MIN").cite("zh")
    assert (book.number("T-ROAD-MIN"), book.number("T-ROAD-MAX")) == (2.0, 8.0)


def test_every_rule_has_both_titles_and_a_source_and_every_table_name_resolves(book):
    for rule in book.rules():
        assert rule.title("zh") and rule.title("en") and rule.source
        assert rule.verified or "unverified" in rule.cite("en")
    assert len(book.codes("TBLX")) == 33
    assert set(book.codes("VERDICT")) == set(
        [
            "LEGAL",
            "ILLEGAL_NONAG",
            "FACILITY_AG",
            "RURAL_ROAD",
            "TEMP_LAND",
            "PSEUDO_CHANGE",
            "NO_CLASS_CHANGE",
            "OTHER",
            "UNDETERMINED",
        ]
    )
    with pytest.raises(RulebookError, match="VERDICT"):
        book.code("VERDICT", "GUILTY")


def test_the_hash_follows_every_included_file(copy):
    first = rulebook.load(copy).sha256
    edit(copy.parent / "ningxia-2024/technical.yaml", "value: 0.002", "value: 0.003")
    again = rulebook.load(copy)
    assert again.sha256 != first
    assert again.number("T-BORDERLINE-SHARE") == 0.003


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("notice.yaml", "verified: true}", "verified: perhaps}", "verified"),
        ("notice.yaml", "value: 5, unit", "valeu: 5, unit", "valeu"),
        ("laws.yaml", "source: TDGLF, ", "source: TDGFL, ", "TDGLF"),
        ("procedure.yaml", "rule: QZF-43}", "rule: QZF-99}", "QZF-99"),
        ("procedure.yaml", "to: VERIFY,", "to: VERIFI,", "VERIFI"),
        ("procedure.yaml", "documents: [CLUE_FORM]", "documents: [CLUE_FROM]", "CLUE_FROM"),
        ("technical.yaml", "rules:", "rules: [", "YAML"),
        ("measures.yaml", "to: 2024-04-30", "to: 2024-05-30", "CFBF-FILE"),
        ("laws.yaml", "from: 2020-01-01", "from: soon", "effective_from|from"),
    ],
)
def test_a_bad_rulebook_names_file_and_line(copy, file, old, new, said):
    target = copy.parent / "ningxia-2024" / file
    line = target.read_text("utf-8")[: target.read_text("utf-8").index(old)].count("\n") + 1
    edit(target, old, new)
    with pytest.raises(RulebookError, match=said) as caught:
        rulebook.load(copy)
    found = int(re.search(rf"{file} 第 (\d+) 行", str(caught.value)).group(1))
    assert line - 20 <= found <= line + 30


def test_an_entry_that_is_wrong_is_named_with_its_own_line(copy):
    target = copy.parent / "ningxia-2024" / "notice.yaml"
    lines = target.read_text("utf-8").splitlines()
    number = next(i for i, text in enumerate(lines, 1) if "NX2024-2.1.1-CULTIVATED, title" in text)
    edit(target, "value: 10, unit: 亩", "value: 10, unit: 3")
    with pytest.raises(RulebookError) as caught:
        rulebook.load(copy)
    assert (caught.value.values["line"], caught.value.values["file"].name) == (number, "notice.yaml")


def test_deleting_a_rule_stops_with_a_sentence(copy):
    target = copy.parent / "ningxia-2024" / "laws.yaml"
    text = "\n".join(x for x in target.read_text("utf-8").splitlines() if "id: QZF-43," not in x)
    target.write_text(text, "utf-8")
    with pytest.raises(RulebookError, match="QZF-43") as caught:
        rulebook.load(copy)
    assert "procedure.yaml" in str(caught.value)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(RulebookError, match="ningxia-2024"):
        rulebook.load("gansu-2030")
    lone = tmp_path / "x.yaml"
    lone.write_text("id: x\ninclude:\n  - y.yaml\n", "utf-8")
    with pytest.raises(RulebookError, match=r"y\.yaml"):
        rulebook.load(lone)
