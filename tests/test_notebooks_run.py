"""Every notebook runs through the runner: alone in English, and in the ring in Chinese."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from weipian_lab import yamlio
from weipian_lab.run import verify
from weipian_lab.run.demo import Demo, headline, run_demo
from weipian_lab.run.parameters import MODELS
from weipian_lab.run.runner import run_notebook

ROOT = Path(__file__).resolve().parents[1]
SMALL: dict[str, dict[str, Any]] = yamlio.loads((ROOT / "notebooks/params/smoke.yaml").read_text("utf-8"))
OUTSIDE = re.compile(r"https?://|cdnjs|unpkg|jsdelivr|<script|<link", re.IGNORECASE)
EMBEDDED = re.compile(r"data:[\w/+.-]+;base64,[A-Za-z0-9+/=]+")  # any word can turn up in a picture's bytes
MOST_MB = 1000
MAIN = {
    "00_start_here": {"start.json"},
    "01_screening": {"score.tif", "patches.gpkg", "screening.json"},
    "02_overlay": {"overlay.gpkg", "ledger.csv", "feedback.csv", "overlay.json"},
    "03_case_walkthrough": {"case.json", "trace.csv", "score.json"},
    "04_accuracy": {"assessment.json", "confusion.csv", "false_positives.csv"},
    "05_threshold_tuning": {"sweep.csv", "tuned.yaml", "tuning.json"},
    "06_county_year": {"year_ledger.csv", "year.json"},
}


def hold_results(folder: Path, notebook: str, lang: str) -> None:
    """Assert what every run gives."""
    names = {path.name for path in folder.iterdir()}
    wanted = {f"{notebook}.ipynb", "report.html", "manifest.json", "thumbnail.png"}
    assert wanted | MAIN[notebook] <= names
    assert not verify(folder).differences
    page = (folder / "report.html").read_text("utf-8")
    assert not OUTSIDE.search(EMBEDDED.sub("", page))
    assert f'lang="{lang}' in page
    assert page.count("data:image/png;base64,") >= 1
    assert "Traceback" not in page
    content = headline(folder)
    assert content is not None
    assert content["notebook"] == notebook
    assert isinstance(content["simulated"], bool)
    for sentence in content["headline"].values():
        assert sentence.strip()
    assert re.search(r"[\u4e00-\u9fff]", content["headline"]["zh"])
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert manifest["measured"]["peak_mb"] < MOST_MB
    assert str(ROOT) not in (folder / "manifest.json").read_text("utf-8")
    executed = (folder / f"{notebook}.ipynb").read_text("utf-8")
    assert '"stderr"' not in executed, "the notebook warns or writes to standard error"


@pytest.mark.parametrize("notebook", list(MODELS))
def test_each_notebook_runs_alone_in_english(notebook: str, tmp_path: Path) -> None:
    result = run_notebook(notebook, SMALL[notebook], tmp_path / notebook, lang="en")
    hold_results(result.out_dir, notebook, "en")


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The whole ring, run once."""
    return run_demo(tmp_path_factory.mktemp("ring"), lang="zh", parameters=SMALL)


def test_the_ring_closes(ring: Demo) -> None:
    assert [(step.notebook, str(step.error)) for step in ring.failed] == []
    assert [step.notebook for step in ring.steps] == list(MODELS)


@pytest.mark.parametrize("notebook", list(MODELS))
def test_each_notebook_runs_in_the_ring_in_chinese(ring: Demo, notebook: str) -> None:
    hold_results(ring.index.parent / notebook, notebook, "zh")


def test_the_index_shows_every_run(ring: Demo) -> None:
    page = ring.index.read_text("utf-8")
    for notebook in MODELS:
        assert f'href="{notebook}/report.html"' in page
        assert f'src="{notebook}/thumbnail.png"' in page
    assert not OUTSIDE.search(EMBEDDED.sub("", page))
