"""The command: words, languages, exit codes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from weipian_lab import __version__, cli
from weipian_lab.cli.app import joined_parameters
from weipian_lab.cli.lab import lab_language
from weipian_lab.errors import RunError


def run(words: list[str]) -> int:
    return cli._run(words)


@pytest.mark.parametrize(
    ("words", "joined"),
    [
        (["run", "x", "-p", "a", "1"], ["run", "x", "-p", "a=1"]),
        (["-p", "a", "-1", "--param", "b", "x=y"], ["-p", "a=-1", "--param", "b=x=y"]),
        (["-p", "a=1", "--out", "d"], ["-p", "a=1", "--out", "d"]),
        (["-p", "a"], ["-p", "a"]),
        (["-p"], ["-p"]),
        (["-p", "a", "--lang", "zh"], ["-p", "a", "--lang", "zh"]),
    ],
)
def test_a_parameter_may_be_two_words(words: list[str], joined: list[str]) -> None:
    assert joined_parameters(words) == joined


@pytest.mark.parametrize(
    "words",
    [
        ["run", "01_screning", "--out", "o"],
        ["run", "00_start_here", "--out", "o", "-p", "memory", "1"],
        ["run", "00_start_here", "--out", "o", "-p", "memory_gb", "much"],
        ["run", "00_start_here", "--out", "o", "-p", "memory_gb", ".nan"],
        ["run", "00_start_here", "--out", "o", "-p", "memory_gb"],
        ["run", "00_start_here", "--out", "o", "-f", "no.yaml"],
        ["run", "00_start_here", "--out", "file"],
        ["sweep", "00_start_here", "--out", "o", "-f", "no.yaml"],
        ["verify", "."],
        ["verify", "no"],
    ],
)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_wrong_input_is_one_sentence_in_the_language_and_code_2(
    words: list[str],
    lang: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    with pytest.raises(SystemExit) as caught:
        cli.main([*words, "--lang", lang])
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert any("\u4e00" <= c <= "\u9fff" for c in err) == (lang == "zh")
    assert "Traceback" not in err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    "words", [["rum"], ["run"], ["run", "00", "--out"], ["demo", "--lang", "fr"], ["run", "00", "--nothing"]]
)
def test_wrong_usage_is_code_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_verbose_gives_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["run", "nothing", "--out", "o", "-v"]) == 2
    assert "Traceback" in capsys.readouterr().err


def test_work_that_fails_is_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(folder: object) -> object:
        raise RunError("run.kernel_died", notebook="x", peak_mb=1, kept="y")

    monkeypatch.setattr("weipian_lab.run.manifest.verify", fails)
    assert run(["verify", "x"]) == 1

    def breaks(folder: object) -> object:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("weipian_lab.run.manifest.verify", breaks)
    assert run(["verify", "x"]) == 1
    assert capsys.readouterr().err.splitlines()[-1].startswith("出现意外错误：ZeroDivisionError: by zero")

    def stops(folder: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr("weipian_lab.run.manifest.verify", stops)
    assert run(["verify", "x"]) == 1


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"weipian-lab {__version__}\n"


@pytest.mark.parametrize(("lang", "word"), [("zh", "教学"), ("en", "training")])
def test_the_help_speaks_the_language_and_loads_nothing_heavy(lang: str, word: str) -> None:
    code = (
        "import sys; from weipian_lab import cli\n"
        "try: cli.main(['--help', '--lang', sys.argv[1]])\n"
        "except SystemExit as end: assert end.code in (0, 2), end.code\n"
        "heavy = {'numpy', 'pandas', 'rasterio', 'matplotlib', 'geopandas', 'nbconvert', 'papermill'}\n"
        "heavy &= set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    environment_code = "import os; os.environ['WEIPIAN_LANG'] = sys.argv[1]\n"
    code = code.replace("import sys; ", f"import sys; {environment_code}")
    done = subprocess.run([sys.executable, "-c", code, lang], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert word in done.stdout


def test_the_installed_command_is_this_one() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("weipian")), "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"weipian-lab {__version__}\n"


@pytest.mark.parametrize(
    ("chosen", "system", "language"),
    [
        ("en", "zh_CN", "en"),
        (None, "zh_CN", "zh"),
        (None, "Chinese (Simplified)_China", "zh"),
        (None, "de_DE", "en"),
        (None, None, "en"),
    ],
)
def test_lab_is_chinese_where_the_locale_is(
    chosen: str | None, system: str | None, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("locale.getlocale", lambda: (system, "UTF-8"))
    assert lab_language(chosen) == language


def test_a_class_is_made_and_graded_on_the_bundled_county(tmp_path: Path) -> None:
    folder = str(tmp_path / "class")
    assert run(["class", "new", "--out", folder, "--seats", "2", "--seed", "5"]) == 0
    assert run(["class", "grade", folder]) == 0
    assert run(["class", "grade", str(tmp_path / "absent")]) == 2


def test_fetch_takes_a_catalogue_box_and_dates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given: list[object] = []

    def note(*words: object, **named: object) -> object:
        given.extend([words, named])
        return SimpleNamespace(images=(), provenance=tmp_path / "p.json")

    monkeypatch.setattr("weipian_lab.fetch.fetch", note)
    words = ["fetch", "c.json", "--bbox", "106", "38", "106.5", "38.5", "--dates", "2023-05-01", "2024-07-01"]
    assert run([*words, "--out", "o"]) == 0
    assert given[0] == ("c.json", (106.0, 38.0, 106.5, 38.5), ("2023-05-01", "2024-07-01"), Path("o"))
    usual = {"collection": None, "max_cloud": 20.0, "series": False, "resolution_m": 10.0, "months": None}
    assert given[1] == {**usual, "bands": ["B02", "B03", "B04", "B08", "B11", "B12"]}
    assert run([*words, "--bands", "red, nir", "--months", "6,7", "--resolution", "30"]) == 0
    assert given[3] == {**usual, "bands": ["red", "nir"], "months": [6, 7], "resolution_m": 30.0}
    assert run([*words, "--months", "June"]) == 2
