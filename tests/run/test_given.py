from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from weipian_lab.errors import InputError, ParameterError
from weipian_lab.run.given import gather, read_parameters

NAME = "98_tiny"


@pytest.fixture(autouse=True)
def _tiny(tiny: Callable[..., Path]) -> None:
    tiny()


def test_words_come_on_top_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("threshold: 0.25\nrule: fixed\nday: 2024-03-13\n", "utf-8")
    assert gather(NAME, file, ["threshold=0.75"]) == {"threshold": 0.75, "rule": "fixed", "day": "2024-03-13"}


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("threshold=1", 1),
        ("threshold=1e-3", 0.001),
        ("interactive=true", True),
        ("layers=[a.gpkg, b.gpkg]", ["a.gpkg", "b.gpkg"]),
        ("case_name=640221", "640221"),  # text is wanted: stays text
        ("case_name=true", "true"),
        ("case_name=a=b: [", "a=b: ["),
        ("case_name=", ""),
        ("rule=otsu", "otsu"),
        ("day=2024-03-13", "2024-03-13"),
        ("unknown=0.3", "0.3"),
    ],
)
def test_a_word_is_read_as_the_parameter_wants(word: str, value: object) -> None:
    (found,) = gather(NAME, None, [word]).values()
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("word", ["threshold", "=3", ""])
def test_a_word_without_name_or_value_is_refused(word: str) -> None:
    with pytest.raises(ParameterError):
        gather(NAME, None, [word])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a: 1\nb: [1\n", "line"),
        (b"a: 1\nb: ]\n", "2"),
        (b"- 1\n- 2\n", "name: value"),
        (b"1: 2\n", "name: value"),
        (b"just text", "name: value"),
        (b"\xff\xfe\x00", "YAML"),
        (b"!!python/object/apply:os.system ['true']", "YAML"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    from weipian_lab import text

    file = tmp_path / "p.yaml"
    file.write_bytes(content)
    with text.language("en"), pytest.raises(InputError, match="yaml") as caught:
        read_parameters(file)
    with text.language("en"):
        assert said in str(caught.value)


def test_an_empty_file_gives_nothing_and_a_missing_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("# nothing\n")
    assert read_parameters(tmp_path / "p.yaml") == {}
    with pytest.raises(InputError, match=r"q\.yaml"):
        read_parameters(tmp_path / "q.yaml")


@pytest.mark.parametrize("written", ["B02,B03", "[B02, B03]", "B02, B03"])
def test_a_list_needs_no_brackets(written):
    assert gather("01_screening", None, [f"bands={written}"]) == {"bands": ["B02", "B03"]}


def test_one_word_is_a_list_of_one():
    assert gather("01_screening", None, ["exports=shp"]) == {"exports": ["shp"]}
