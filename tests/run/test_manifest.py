from __future__ import annotations

from pathlib import Path

import pytest

from weipian_lab import text
from weipian_lab.errors import InputError
from weipian_lab.run.manifest import Difference, outputs_of, read_manifest, verify


@pytest.mark.parametrize("content", ["{", "[]", '"x"', "{}", '{"notebook": "x", "inputs": []}'])
def test_what_is_no_manifest_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(InputError, match=r"manifest\.json"):
        read_manifest(tmp_path)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_folder_without_runs_is_refused(tmp_path: Path, lang: text.Lang) -> None:
    with text.language(lang), pytest.raises(InputError, match=r"manifest\.json"):
        verify(tmp_path)


def test_a_folder_without_a_run_has_no_outputs(tmp_path: Path) -> None:
    assert outputs_of(tmp_path) == []


def test_a_difference_is_told_in_the_language() -> None:
    difference = Difference("01_screening", "output", "score.tif", "changed")
    assert "输出 score.tif" in str(difference)
    with text.language("en"):
        assert str(difference) == "01_screening: output score.tif differs from the hash in the manifest"
