from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from weipian_lab.errors import InputError, ParameterError
from weipian_lab.outputs import read_table
from weipian_lab.run.sweep import _key, cases, run_sweep

GRID = Path("grid.yaml")
START = "00_start_here"


def test_cases_are_all_combinations_in_order() -> None:
    assert cases({"a": [1, 2], "b": "x", "c": [True, False]}, GRID) == [
        {"a": 1, "b": "x", "c": True},
        {"a": 1, "b": "x", "c": False},
        {"a": 2, "b": "x", "c": True},
        {"a": 2, "b": "x", "c": False},
    ]


@pytest.mark.parametrize("grid", [{}, {"a": []}, {"a": list(range(101)), "b": list(range(100))}])
def test_an_empty_or_endless_grid_is_refused(grid: dict) -> None:
    with pytest.raises(InputError):
        cases(grid, GRID)


def test_a_case_is_named_by_what_it_is() -> None:
    assert _key("x", {"a": 1, "b": 2}) == _key("x", {"b": 2, "a": 1})
    assert _key("x", {"a": 1}) != _key("x", {"a": 1.5}) != _key("y", {"a": 1.5})


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = tmp_path / "data/small"
    small.mkdir(parents=True)
    (small / "a").write_bytes(b"")
    (tmp_path / "data/SHA256SUMS").write_text(f"{hashlib.sha256(b'').hexdigest()}  small/a\n")
    monkeypatch.setenv("WEIPIAN_DATA", str(small))
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("data")
def test_a_sweep_goes_on_after_a_failure_and_resumes(tmp_path: Path) -> None:
    Path("grid.yaml").write_text("memory_gb: [0.1, 0.2]\nseed: 3\n")
    blocked = tmp_path / "out" / f"case-{_key(START, {'memory_gb': 0.1, 'seed': 3})}"
    blocked.parent.mkdir()
    blocked.write_text("in the way")
    lines: list[str] = []
    first = run_sweep(START, GRID, Path("out"), say=lines.append)
    assert (first.cases, first.failed) == (2, 1)
    table = read_table(first.summary)
    assert list(table["status"]) == ["failed", "done"]
    assert table["memory_gb"].tolist() == [0.1, 0.2]
    assert str(blocked) in table["error"][0]
    assert "自检" in table["headline"][1]
    assert table["peak_mb"][1] > 10
    assert lines[1].endswith("完成")

    blocked.unlink()
    lines.clear()
    again = run_sweep(START, GRID, Path("out"), say=lines.append)
    assert again.failed == 0
    assert "完成" in lines[0]
    assert "保留" in lines[1]


@pytest.mark.usefixtures("data")
def test_a_wrong_case_stops_before_the_first_starts(tmp_path: Path) -> None:
    Path("grid.yaml").write_text("memory_gb: [1, 99]\n")
    with pytest.raises(ParameterError, match="99"):
        run_sweep(START, GRID, Path("out"))
    assert not (tmp_path / "out").exists()
