"""Notebook 01 through the runner: on real pairs, and its parameters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from weipian_lab import run
from weipian_lab.errors import ParameterError
from weipian_lab.run.parameters.screening import Screening


@pytest.mark.real
@pytest.mark.parametrize(
    ("scene", "method", "least_kappa"),
    [("taizhou", "any_change", 0.93), ("oscd_rennes", "construction", 0.25)],
)
def test_a_real_pair_with_labels(
    real_data: Path, tmp_path: Path, scene: str, method: str, least_kappa: float
) -> None:
    folder = real_data / scene
    parameters = {"before": str(folder / "t1.tif"), "after": str(folder / "t2.tif"), "method": method,
                  "labels": str(folder / "label.tif"), "min_px": 4}  # fmt: skip
    result = run.run_notebook("01_screening", parameters, tmp_path / "out", lang="en")
    assert result.status == "done"
    found = json.loads((tmp_path / "out" / "screening.json").read_text("utf-8"))
    assert found["labels"]["kappa"] >= least_kappa and not found["simulated"]
    assert found["patches"] > 0 and found["legal_reaching"] is None
    for name in ("score.tif", "patches.gpkg", "thumbnail.png", "patches_export.shp"):
        assert (tmp_path / "out" / name).is_file()
    assert not (tmp_path / "out" / ".blocks").exists()


def test_parameters_that_need_another_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"tuned\.yaml"):
        Screening.check({"threshold_rule": "tuned"})
    with pytest.raises(ParameterError, match="threshold_number"):
        Screening.check({"threshold_rule": "fixed"})
    with pytest.raises(ParameterError, match="date_after"):
        Screening.check({"date_after": "20240717"})
