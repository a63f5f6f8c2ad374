"""YAML is read by the core schema of YAML 1.2, with the line of every fault."""

from __future__ import annotations

import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from weipian_lab import yamlio

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        # YAML 1.2.2, section 10.3.2, example of tag resolution
        ("null", None),
        ("~", None),
        ("", None),
        ("true", True),
        ("False", False),
        ("0o14", 12),
        ("0x3A", 58),
        ("-19", -19),
        ("0.", 0.0),
        ("-0.0", -0.0),
        (".5", 0.5),
        ("+12e03", 12000.0),
        ("-2E+05", -200000.0),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        # what YAML 1.1 would have changed
        ("no", "no"),
        ("12:30", "12:30"),
        ("2024-05-01", "2024-05-01"),
        ("'0102'", "0102"),
        ("永久基本农田", "永久基本农田"),
    ],
)
def test_scalars_follow_the_core_schema(written, read):
    found = yamlio.loads(f"a: {written}\n")["a"]
    assert found == read and type(found) is type(read)


def test_not_a_number_is_read():
    assert math.isnan(yamlio.loads("a: .NaN")["a"])


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "twice"),
        ("a: 1\nb: [1, 2\n", 3, "expected"),
        ("a: 1\nb: !!python/object/apply:os.system ['true']\n", 2, "tag"),
        ("a: &x [1]\nb: *x\n", 1, "alias"),
        ("a: &x [*x]\n", 1, "alias"),
        ("a: 1\n? [b]\n: 2\n", 2, "key"),
        ("\x00", 1, "character"),
    ],
)
def test_a_fault_has_its_line(text, line, said):
    with pytest.raises(yamlio.YamlError, match=said) as caught:
        yamlio.loads(text)
    assert caught.value.line == line


@given(TREES)
def test_what_is_written_is_read_back(tree):
    assert yamlio.loads(yamlio.dumps(tree)) == tree


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=12), max_size=5))
def test_text_stays_text_for_readers_of_the_older_version(tree):
    assert yaml.safe_load(yamlio.dumps(tree)) == tree


def test_an_empty_text_is_none():
    assert yamlio.loads("# nothing\n") is None
    assert yamlio.compose("") is None
