from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from weipian_lab import text
from weipian_lab.errors import InputError, RunError
from weipian_lab.run import demo
from weipian_lab.run.parameters import Common, InputPath, param
from weipian_lab.run.runner import RunResult


class First(Common):
    patches: InputPath = param("", "run.p_seed")
    ring = {"patches": "12_last/x.gpkg"}  # noqa: RUF012


class Second(Common):
    patches: InputPath = param("", "run.p_seed")
    ring = {"patches": "10_first/patches.gpkg"}  # noqa: RUF012


@pytest.fixture
def ring(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Three notebooks that only note what they were given; those in `fail` raise."""
    noted: dict[str, Any] = {"given": {}, "fail": {}}
    models = {"10_first": First, "11_second": Second, "12_last": Common}

    def run(name: str, parameters: Mapping[str, Any], out: Path, *, lang: str, progress: object) -> RunResult:
        noted["given"][name] = dict(parameters)
        if name in noted["fail"]:
            raise noted["fail"][name]
        out.mkdir(parents=True)
        (out / "report.html").write_text(f"<title>{name} &lt;题&gt;</title>", "utf-8")
        (out / "thumbnail.png").write_bytes(b"")
        (out / "result.json").write_text(
            json.dumps({"headline": {"zh": "甲<b>", "en": "A<b>"}, "simulated": name == "10_first"})
        )
        manifest = {
            "notebook": name,
            "inputs": [],
            "outputs": [],
            "measured": {"seconds": 1.6, "peak_mb": 99.6},
        }
        (out / "manifest.json").write_text(json.dumps(manifest))
        return RunResult("done", out, out / "x.ipynb", out / "report.html", out / "manifest.json", 1.6, 99.6)

    monkeypatch.setattr(demo, "MODELS", dict.fromkeys(models, ""))
    monkeypatch.setattr(demo, "model", models.get)
    monkeypatch.setattr(demo, "run_notebook", run)
    return noted


def test_each_notebook_gets_the_files_of_those_before(ring: dict[str, Any], tmp_path: Path) -> None:
    done = demo.run_demo(tmp_path)
    assert ring["given"] == {
        "10_first": {},  # what closes the ring comes later
        "11_second": {"patches": str(tmp_path / "10_first/patches.gpkg")},
        "12_last": {},
    }
    assert done.exit_code == 0
    assert done.index == tmp_path / "index.html"


@pytest.mark.parametrize(
    ("lang", "headline", "tag"), [("zh", "甲", "模拟数据"), ("en", "A", "simulated data")]
)
def test_the_index_has_picture_headline_and_link_of_each(
    ring: dict[str, Any], tmp_path: Path, lang: text.Lang, headline: str, tag: str
) -> None:
    page = demo.run_demo(tmp_path, lang=lang).index.read_text("utf-8")
    assert re.findall(r'<img src="([^"]+)"', page) == [f"{n}/thumbnail.png" for n in ring["given"]]
    assert page.count('href="10_first/report.html"') == 2
    assert page.count(f"<p>{headline}&lt;b&gt;</p>") == 3
    assert page.count(f'<span class="tag">{tag}') == 1
    assert "10_first &lt;题&gt;" in page
    assert "2 " in page
    assert "100 MB" in page
    assert "http" not in page


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (RunError("run.left_out", notebook="a", source="b"), 1),
        (InputError("errors.missing_file", path="<x>"), 2),
    ],
)
def test_a_failure_leaves_out_only_what_needs_it(
    ring: dict[str, Any], tmp_path: Path, error: Exception, code: int
) -> None:
    ring["fail"]["10_first"] = error
    done = demo.run_demo(tmp_path)
    assert list(ring["given"]) == ["10_first", "12_last"]
    assert [step.notebook for step in done.failed] == ["10_first", "11_second"]
    assert done.exit_code == code
    page = done.index.read_text("utf-8")
    assert page.count('class="failed"') == 2
    assert "11_second 需要 10_first 的结果" in page
    assert "<x>" not in page
