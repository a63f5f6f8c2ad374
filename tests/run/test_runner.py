"""The strict runner on a tiny notebook."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import nbformat
import pytest

from weipian_lab import text
from weipian_lab.errors import (
    InputError,
    OutputError,
    ParameterError,
    ProcedureError,
    RulebookError,
    RunError,
)
from weipian_lab.outputs import sha256
from weipian_lab.run import runner, verify
from weipian_lab.run.runner import run_notebook

Writer = Callable[..., Path]
NAME = "98_tiny"
WRITE = 'from pathlib import Path\nPath(out_dir, "a.txt").write_text(case_name + str(threshold))'


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")} if folder.exists() else set()


def test_a_run_gives_notebook_report_manifest_and_outputs(tiny: Writer, tmp_path: Path) -> None:
    source = tiny(WRITE, "print('结果', case_name, threshold, lang, out_dir, interactive)")
    seen: list[tuple[str, int, int, str]] = []
    result = run_notebook(
        NAME, {"threshold": 0.25, "case_name": "平罗县"}, "out/run", progress=lambda *step: seen.append(step)
    )
    assert result.status == "done"
    assert files(tmp_path / "out") == {
        "run",
        *(f"run/{name}" for name in (f"{NAME}.ipynb", "report.html", "manifest.json", "a.txt")),
    }
    assert (tmp_path / "out/run/a.txt").read_text("utf-8") == "平罗县0.25"
    assert 10 < result.peak_mb < 1000
    assert [step[:3] for step in seen] == [
        (
            NAME,
            n,
            4,
        )
        for n in (1, 2, 3, 4)
    ]
    assert seen[0][3] == "小笔记本"

    executed = nbformat.read(result.notebook, 4)
    injected = next(c for c in executed.cells if "injected-parameters" in c.metadata.get("tags", []))
    assert "case_name = '平罗县'" in injected.source  # as it is written, not \\u5e73
    assert executed.cells[-1].outputs[0].text == "结果 平罗县 0.25 zh . False\n"
    assert "papermill" not in json.dumps(executed)

    page = result.report.read_text("utf-8")
    assert "结果 平罗县 0.25" in page
    assert "<title>小笔记本</title>" in page
    assert "Tiny notebook" not in page
    assert "write_text" not in page
    assert "injected" not in page

    manifest = json.loads(result.manifest.read_text("utf-8"))
    assert manifest["parameters"]["case_name"] == "平罗县"
    assert manifest["parameters"]["bundled_file"] == "bundled:hello.txt"
    assert manifest["notebook_sha256"] == sha256(source)
    assert manifest["inputs"] == [
        {
            "parameter": "bundled_file",
            "path": "bundled:hello.txt",
            "sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",  # of "hello"
        }
    ]
    assert [item["path"] for item in manifest["outputs"]] == [f"{NAME}.ipynb", "a.txt", "report.html"]
    assert manifest["rulebook"]["id"] == "ningxia-2024"
    assert str(tmp_path) not in result.manifest.read_text("utf-8")


def test_two_runs_give_the_same_bytes_and_verify_sees_a_change(tiny: Writer, tmp_path: Path) -> None:
    tiny(WRITE, "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.gca()", "{'集': 1}, {3, 4, 'x', 'y'}")
    first, second = (run_notebook(NAME, {}, f"out/{name}", lang="en") for name in "ab")
    manifests = [json.loads(result.manifest.read_text("utf-8")) for result in (first, second)]
    for manifest in manifests:
        del manifest["measured"]
    assert manifests[0] == manifests[1]
    assert "data:image/png;base64" in first.report.read_text("utf-8")

    assert not verify("out").differences
    assert verify("out").checked == 8
    (tmp_path / "out/a/a.txt").write_text("changed")
    (tmp_path / "out/b/report.html").unlink()
    (tmp_path / "out/b/new.txt").write_text("")
    (tmp_path / "checkout/data/small/hello.txt").write_text("other")
    found = {(d.role, d.path, d.problem) for d in verify("out").differences}
    assert found == {
        ("input", "bundled:hello.txt", "changed"),
        ("output", "a.txt", "changed"),
        ("output", "report.html", "missing"),
        ("output", "new.txt", "extra"),
    }


def test_a_later_run_replaces_the_results_and_keeps_what_is_not_its_own(tiny: Writer, tmp_path: Path) -> None:
    tiny(WRITE, "Path('old').mkdir(); Path('old/b.txt').write_text('b')")
    run_notebook(NAME, {}, "out")
    (tmp_path / "out/mine.txt").write_text("mine")
    (tmp_path / f"out/{NAME}.FAILED.ipynb").write_text("{}")
    tiny(WRITE)
    run_notebook(NAME, {"threshold": 1.0}, "out")
    assert "old/b.txt" not in files(tmp_path / "out")
    assert f"{NAME}.FAILED.ipynb" not in files(tmp_path / "out")
    assert (tmp_path / "out/mine.txt").read_text() == "mine"
    assert (tmp_path / "out/a.txt").read_text("utf-8") == "示例1.0"


def test_a_manifest_cannot_make_a_run_delete_files_elsewhere(tiny: Writer, tmp_path: Path) -> None:
    tiny(WRITE)
    (tmp_path / "precious.txt").write_text("keep")
    (tmp_path / "out").mkdir()
    outputs = [
        {"path": "../precious.txt", "sha256": ""},
        {"path": str(tmp_path / "precious.txt"), "sha256": ""},
    ]
    listed = {"notebook": NAME, "inputs": [], "outputs": outputs}
    (tmp_path / "out/manifest.json").write_text(json.dumps(listed))
    run_notebook(NAME, {}, "out")
    assert (tmp_path / "precious.txt").read_text() == "keep"


def test_paths_are_taken_from_where_the_caller_stands(tiny: Writer, tmp_path: Path) -> None:
    tiny(
        "from pathlib import Path\n"
        "print(patches, Path(patches).read_text(), [Path(p).read_text() for p in layers])"
    )
    (tmp_path / "out/01").mkdir(parents=True)
    (tmp_path / "out/01/p.txt").write_text("P")
    (tmp_path / "far.txt").write_text("F")
    result = run_notebook(NAME, {"patches": "out/01/p.txt", "layers": ["far.txt"]}, "out/02")
    executed = nbformat.read(result.notebook, 4)
    assert executed.cells[-1].outputs[0].text == "../01/p.txt P ['F']\n"
    manifest = json.loads(result.manifest.read_text("utf-8"))
    assert manifest["parameters"]["patches"] == "../01/p.txt"
    assert not verify("out/02").differences


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_an_input_error_in_the_kernel_comes_back_as_the_same_sentence(
    tiny: Writer, tmp_path: Path, lang: text.Lang
) -> None:
    tiny(WRITE)
    run_notebook(NAME, {}, "out")
    before = {name: sha256(tmp_path / "out" / name) for name in files(tmp_path / "out")}
    tiny(
        WRITE,
        "from weipian_lab.errors import InputError\nraise InputError('errors.missing_file', path='图.tif')",
    )
    with pytest.raises(InputError) as caught:
        run_notebook(NAME, {"threshold": 1.0}, "out", lang=lang)
    assert str(caught.value) == text.t("errors.missing_file", lang, path="图.tif")
    assert caught.value.exit_code == 2
    after = {name: sha256(tmp_path / "out" / name) for name in files(tmp_path / "out")}
    failed = f"{NAME}.FAILED.ipynb"
    assert after.pop(failed)
    assert after == before  # the earlier results stand untouched
    kept = nbformat.read(tmp_path / "out" / failed, 4)
    assert kept.cells[-1].outputs[0].ename == "InputError"
    assert files(tmp_path) & {".out"} == set()


def test_a_procedure_error_keeps_its_kind(tiny: Writer) -> None:
    tiny(
        "from weipian_lab.errors import ProcedureError\n"
        "raise ProcedureError('errors.missing_file', rule_id='CFF-60', path='x')"
    )
    with pytest.raises(ProcedureError) as caught:
        run_notebook(NAME, {}, "out")
    assert caught.value.exit_code == 2


def test_another_failure_is_a_run_error_with_the_cell_and_the_traceback(tiny: Writer, tmp_path: Path) -> None:
    tiny(WRITE, "1 / 0")
    with pytest.raises(RunError) as caught:
        run_notebook(NAME, {}, "out", lang="en")
    assert caught.value.exit_code == 1
    assert caught.value.values["cell"] == 6
    assert caught.value.values["error"] == "ZeroDivisionError: division by zero"
    assert "1 / 0" in caught.value.__cause__.traceback
    assert files(tmp_path / "out") == {f"{NAME}.FAILED.ipynb"}


@pytest.mark.parametrize(
    ("end", "kept"),
    [("pass", False), ("1 / 0", False), ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", True)],
)
def test_what_is_finished_stays_for_the_next_run_only_if_this_one_was_cut_off(
    tiny: Writer, tmp_path: Path, end: str, kept: bool
) -> None:
    place = "import os, pathlib\nplace = pathlib.Path(os.environ['WEIPIAN_UNFINISHED'])\n"
    tiny(place + "place.mkdir(); (place / 'block').write_text('done')", end)
    with suppress(RunError):
        run_notebook(NAME, {}, tmp_path / "out")
    assert (tmp_path / "out/.unfinished/block").exists() == kept


def test_a_kernel_that_dies_is_told(tiny: Writer, tmp_path: Path) -> None:
    tiny("import os\nos._exit(9)")
    with pytest.raises(RunError) as caught:
        run_notebook(NAME, {}, "out")
    assert caught.value.key == "run.kernel_died"
    assert files(tmp_path / "out") == {f"{NAME}.FAILED.ipynb"}


@pytest.fixture
def no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail when a kernel would start."""

    def started(*_: object) -> None:
        raise AssertionError("the kernel started")

    monkeypatch.setattr(runner, "execute", started)


@pytest.mark.usefixtures("no_kernel")
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize(
    ("name", "parameters", "kind", "said"),
    [
        (NAME, {"thresold": 0.3}, ParameterError, "threshold"),
        (NAME, {"threshold": 3.0}, ParameterError, "≤ 1"),
        (NAME, {"threshold": float("nan")}, ParameterError, "nan"),
        (NAME, {"threshold": "0.3"}, ParameterError, "'0.3'"),
        (NAME, {"rule": "otso"}, ParameterError, "otsu"),
        (NAME, {"lang": "fr"}, ParameterError, "fr"),
        (NAME, {"out_dir": "elsewhere"}, ParameterError, "--out"),
        (NAME, {"interactive": True}, ParameterError, "weipian lab"),
        ("98_tinny", {}, ParameterError, NAME),
        (NAME, {"patches": "no.gpkg"}, InputError, "no.gpkg"),
        (NAME, {"rulebook": "no.yaml"}, (InputError, RulebookError), "no.yaml"),
        (NAME, {"rulebook": "ningxia-2042"}, RulebookError, "ningxia-2042"),
    ],
)
def test_wrong_input_stops_before_the_kernel_and_leaves_nothing(
    tiny: Writer, tmp_path: Path, lang: text.Lang, name: str, parameters: dict, kind: type, said: str
) -> None:
    tiny(WRITE)
    before = files(tmp_path)
    with text.language(lang), pytest.raises(kind) as caught:
        run_notebook(name, parameters, "out", lang=lang)
    with text.language(lang):
        sentence = str(caught.value)
    assert caught.value.exit_code == 2
    assert said in sentence
    assert any("\u4e00" <= c <= "\u9fff" for c in sentence) == (lang == "zh")
    assert files(tmp_path) == before


@pytest.mark.usefixtures("no_kernel")
def test_a_folder_that_cannot_be_made_or_written_stops(tiny: Writer, tmp_path: Path) -> None:
    tiny(WRITE)
    (tmp_path / "file").write_text("in the way")
    for place in ("file", "file/below", "/proc/weipian"):
        with pytest.raises(OutputError) as caught:
            run_notebook(NAME, {}, place)
        assert caught.value.exit_code == 2
    assert (tmp_path / "file").read_text() == "in the way"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """Return a function that mounts a tiny file system with the options given (needs root)."""
    mounted: list[Path] = []

    def mount(options: str) -> Path:
        place = tmp_path / f"disk{len(mounted)}"
        place.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "none", str(place)]
        try:
            done = subprocess.run(command, capture_output=True, check=False)
        except FileNotFoundError:
            pytest.skip("there is no mount command")
        if done.returncode:
            pytest.skip("mounting a file system needs root")
        mounted.append(place)
        return place

    yield mount
    for place in mounted:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.usefixtures("no_kernel")
def test_a_read_only_disk_stops(tiny: Writer, small_disk: Callable[[str], Path]) -> None:
    tiny(WRITE)
    place = small_disk("size=64k,ro")
    for folder in (place, place / "out"):
        with pytest.raises(OutputError):
            run_notebook(NAME, {}, folder)


def test_a_full_disk_stops_and_leaves_no_half_result(tiny: Writer, small_disk: Callable[[str], Path]) -> None:
    tiny(
        "from weipian_lab.outputs import write_text\n"
        "write_text('a.txt', 'a')\n"
        "write_text('big.txt', 'x' * 200_000)"
    )
    place = small_disk("size=96k")
    with pytest.raises(OutputError) as caught:
        run_notebook(NAME, {}, place / "out")
    assert caught.value.exit_code == 2
    assert files(place / "out") <= {f"{NAME}.FAILED.ipynb"}
    assert files(place) <= {"out", f"out/{NAME}.FAILED.ipynb"}
