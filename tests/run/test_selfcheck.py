from __future__ import annotations

from pathlib import Path

import pytest

from weipian_lab import text
from weipian_lab.run import check, selfcheck


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data/small").mkdir(parents=True)
    (tmp_path / "data/small/a.txt").write_text("hello")
    # of "hello"
    digest = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    (tmp_path / "data/SHA256SUMS").write_text(f"{digest}  small/a.txt\n")
    monkeypatch.setenv("WEIPIAN_DATA", str(tmp_path / "data/small"))
    return tmp_path / "data"


def test_this_environment_passes() -> None:
    for found in (
        selfcheck.check_python(),
        selfcheck.check_packages(),
        selfcheck.check_projections(),
        selfcheck.check_font(),
        selfcheck.check_widgets(),
        selfcheck.check_rulebook("ningxia-2024"),
        selfcheck.check_memory(0.01),
    ):
        assert found.ok, found


def test_an_old_python_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selfcheck, "OLDEST", (9, 9))
    found = selfcheck.check_python()
    assert not found.ok
    assert "9.9" in found.remedy


def test_a_package_that_does_not_load_is_named() -> None:
    found = selfcheck.check_packages(["numpy", "no_such_package"])
    assert not found.ok
    assert "no_such_package" in found.found
    assert "numpy" not in found.found


def test_foreign_projection_data_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROJ_LIB", "/elsewhere")
    assert "PROJ_LIB=/elsewhere" in selfcheck.check_projections().remedy


def test_missing_extensions_are_named(tmp_path: Path) -> None:
    (tmp_path / "labextensions" / "jupyter-leaflet").mkdir(parents=True)
    found = selfcheck.check_widgets([tmp_path])
    assert not found.ok
    assert found.found == "@jupyter-widgets/jupyterlab-manager"


def test_data_are_hashed(data: Path) -> None:
    assert selfcheck.check_data().ok
    (data / "small/a.txt").write_text("hallo")
    found = selfcheck.check_data()
    assert not found.ok
    assert found.found == "small/a.txt"
    (data / "small/a.txt").unlink()
    assert not selfcheck.check_data().ok
    (data / "SHA256SUMS").write_text("")
    assert not selfcheck.check_data().ok
    (data / "SHA256SUMS").unlink()
    assert "SHA256SUMS" in selfcheck.check_data().found


def test_missing_data_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEIPIAN_DATA", "/nowhere")
    found = selfcheck.check_data()
    assert not found.ok
    assert "WEIPIAN_DATA" in found.found


def test_an_unknown_rulebook_a_folder_in_the_way_and_little_memory_fail(tmp_path: Path) -> None:
    assert not selfcheck.check_rulebook("ningxia-2042").ok
    assert not selfcheck.check_memory(1e6).ok
    assert selfcheck.check_output(tmp_path).ok
    assert not selfcheck.check_output(tmp_path / "absent").ok


def test_the_table_gives_the_remedy_of_failures_only() -> None:
    checks = [selfcheck.Check("python", True, "3.12", "x"), selfcheck.Check("data", False, "a.tif", "y")]
    assert [row[1:] for row in selfcheck.table(checks).rows] == [
        ["✓ 通过", "3.12", ""],
        ["× 未通过", "a.tif", "y"],
    ]
    summary = selfcheck.summary(checks)
    assert summary["headline"]["en"] == "Self-check: 1 of 2 checks passed."
    assert "2 项中通过 1 项" in summary["headline"]["zh"]


def test_a_check_prints_its_sentence_or_stops(capsys: pytest.CaptureFixture[str]) -> None:
    check(1 < 2, "start.check_data_ok")
    assert capsys.readouterr().out == "✓ 数据与规则库完整\n"
    with text.language("en"), pytest.raises(AssertionError, match="data and rulebook are complete"):
        check([], "start.check_data_ok")


def test_the_sample_button_answers() -> None:
    button, answer = selfcheck.sample_button().children
    button.click()
    assert answer.value == "控件正常"
