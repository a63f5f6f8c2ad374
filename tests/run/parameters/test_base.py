from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Literal

import pytest

from weipian_lab import text
from weipian_lab.errors import InputError, OutputError, ParameterError
from weipian_lab.run.parameters import MODELS, Common, InputPath, model, notebook_name, param
from weipian_lab.run.parameters.base import Day


class Sample(Common):
    notebook = "97_sample"

    threshold: float = param(0.5, "run.p_seed", unit="px", ge=0, le=1)
    rule: Literal["otsu", "fixed"] = param("otsu", "run.p_seed")
    name: str = param("示例", "run.p_seed")
    bands: list[str] = param(["B08"], "run.p_seed")
    files: list[InputPath] = param([], "run.p_seed")
    patches: InputPath = param("", "run.p_seed")
    image: InputPath = param("", "run.p_seed", bundled="images/a.tif")
    day: Day = param("2024-03-13", "run.p_seed")
    tags: list[str] = param(["a"], "run.p_seed", min_length=1)
    title: str = param("a", "run.p_seed", min_length=1, max_length=3)
    seen: str = param("", "run.p_seed", pattern=r"^(\d{4}-\d{2}-\d{2})?$")


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data" / "small"
    (folder / "images").mkdir(parents=True)
    (folder / "images" / "a.tif").write_bytes(b"a")
    monkeypatch.setenv("WEIPIAN_DATA", str(folder))
    monkeypatch.chdir(tmp_path)
    return folder


def test_defaults_are_valid_and_bundled_files_are_found(data: Path) -> None:
    found = Sample.check({})
    assert found.image == str(data / "images" / "a.tif")
    assert found.patches == ""
    assert found.day == date(2024, 3, 13)
    assert list(found.inputs()) == [("image", data / "images" / "a.tif")]


@pytest.mark.parametrize(
    ("given", "nearest"),
    [("thresold", "threshold"), ("Rule", "rule"), ("out-dir", "out_dir"), ("zzz", None)],
)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_an_unknown_name_stops_and_names_the_nearest(
    given: str, nearest: str | None, lang: text.Lang
) -> None:
    with text.language(lang), pytest.raises(ParameterError) as caught:
        Sample.check({given: 1})
    assert caught.value.values["name"] == given
    assert caught.value.values["nearest"] in Sample.model_fields
    if nearest:
        assert caught.value.values["nearest"] == nearest
    sentence = text.t(caught.value.key, lang, **caught.value.values)
    assert given in sentence
    assert ("没有" in sentence) == (lang == "zh")


@pytest.mark.parametrize(
    ("values", "zh", "en"),
    [
        ({"threshold": "0.7"}, "应当是数", "must be a number"),
        ({"threshold": float("nan")}, "有限", "finite"),
        ({"threshold": float("inf")}, "有限", "finite"),
        ({"threshold": 1.5}, "≥ 0, ≤ 1", "≥ 0, ≤ 1"),
        ({"seed": -1}, "≥ 0", "≥ 0"),
        ({"seed": 1.5}, "整数", "whole number"),
        ({"seed": True}, "整数", "whole number"),
        ({"interactive": 1}, "True", "True"),
        ({"rule": "otzu"}, "'otsu' or 'fixed'", "'otsu' or 'fixed'"),
        ({"name": 3}, "文字", "text"),
        ({"bands": "B08"}, "列表", "list"),
        ({"bands": [8]}, "文字", "text"),
        ({"day": "2024-13-13"}, "日期", "date"),
        ({"lang": "fr"}, "'zh' or 'en'", "'zh' or 'en'"),
        ({"tags": []}, "至少有 1 项", "at least 1 entry"),
        ({"title": ""}, "不能为空", "not be empty"),
        ({"title": "abcd"}, "不超过 3 个字", "at most 3 characters"),
        ({"seen": "2024-5-1"}, "日期", "a date such as"),
    ],
)
def test_a_wrong_value_is_told_with_what_is_expected(values: dict[str, object], zh: str, en: str) -> None:
    for lang, expected in (("zh", zh), ("en", en)):
        with text.language(lang), pytest.raises(ParameterError) as caught:
            Sample.check(values)
        with text.language(lang):
            sentence = str(caught.value)
        assert next(iter(values)) in sentence
        assert expected in sentence


def test_an_unknown_name_is_told_before_a_wrong_value() -> None:
    with pytest.raises(ParameterError) as caught:
        Sample.check({"threshold": 7, "thresold": 0.3})
    assert caught.value.key == "run.parameter_unknown"


def test_a_whole_number_is_a_float_too() -> None:
    assert Sample.check({"threshold": 1}).threshold == 1.0


def test_a_missing_input_stops() -> None:
    with pytest.raises(InputError, match=r"no\.gpkg"):
        Sample.check({"patches": "no.gpkg"})
    with pytest.raises(InputError, match=r"no\.gpkg"):
        Sample.check({"files": ["no.gpkg"]})


def test_inputs_are_every_file_named_and_a_rulebook_file(tmp_path: Path) -> None:
    for name in ("a.gpkg", "b.gpkg", "rules.yaml"):
        (tmp_path / name).write_text("x")
    found = Sample.check({"patches": "a.gpkg", "files": ["a.gpkg", "b.gpkg"], "rulebook": "rules.yaml"})
    assert [(name, path.name) for name, path in found.inputs()] == [
        ("files", "a.gpkg"),
        ("files", "b.gpkg"),
        ("patches", "a.gpkg"),
        ("image", "a.tif"),
        ("rulebook", "rules.yaml"),
    ]


def namespace(**changed: object) -> dict[str, object]:
    values = {name: info.default for name, info in Sample.model_fields.items()}
    return values | {"out_dir": "made/here", "pd": object(), "__name__": "x"} | changed


def test_resolve_collects_makes_the_folder_and_sets_the_language(tmp_path: Path) -> None:
    with text.language("zh"):
        found = Sample.resolve(namespace(threshold=0.25, lang="en"))
        assert text.current() == "en"
    assert os.environ["WEIPIAN_LANG"] == "en"
    assert found.threshold == 0.25
    assert (tmp_path / "made" / "here").is_dir()
    assert found.folder == Path("made/here")


def test_resolve_wants_every_name() -> None:
    values = namespace()
    del values["threshold"], values["rule"]
    with pytest.raises(ParameterError, match="threshold, rule"):
        Sample.resolve(values)


def test_resolve_stops_where_the_folder_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file"):
        Sample.resolve(namespace(out_dir="file/below"))


def test_resolve_tells_a_wrong_value_in_the_notebooks_language() -> None:
    with text.language("zh"), pytest.raises(ParameterError) as caught:
        Sample.resolve(namespace(threshold=2.0, lang="en"))
    assert "it must be" in str(caught.value)


def test_the_table_shows_name_value_unit_meaning_without_the_machines_paths() -> None:
    table = Sample.check({}).table()
    rows = {row[0]: row for row in table.rows}
    assert list(table.heads) == ["参数", "取值", "单位", "含义"]
    assert rows["threshold"][:3] == ["threshold", "0.5", "px"]
    assert rows["image"][1] == "bundled:images/a.tif"
    with text.language("en"):
        assert list(Sample.check({}).table().heads) == ["name", "value", "unit", "meaning"]


def test_the_table_escapes_values() -> None:
    shown = Sample.check({"name": "<script>x</script>"}).table()._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


@pytest.mark.parametrize("given", ["00_start_here", "00", "notebooks/00_start_here.ipynb"])
def test_a_notebook_is_found_by_name_number_or_file(given: str) -> None:
    assert notebook_name(given) == "00_start_here"


def test_an_unknown_notebook_stops_and_names_the_nearest() -> None:
    with pytest.raises(ParameterError) as caught:
        notebook_name("00_start_her")
    assert caught.value.values["nearest"] == "00_start_here"


@pytest.mark.parametrize("name", list(MODELS))
def test_every_model_loads_and_its_texts_exist(name: str) -> None:
    found = model(name)
    assert found.notebook == name
    for field, info in found.model_fields.items():
        assert info.description, field
        for lang in text.LANGS:
            assert text.t(info.description, lang)
        unit = info.json_schema_extra["unit"]
        if "." in unit:
            assert text.t(unit, "zh")
    for parameter, file in found.ring.items():
        assert parameter in found.input_names()
        assert file.split("/")[0] in MODELS
