"""Notebook 01 through the runner: on real pairs, and its parameters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from weipian_lab import run, tuning
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


def test_a_tuned_file_sets_the_detector_its_bands_and_the_clean_up(tmp_path: Path) -> None:
    written = {"method": "mad", "bands": ["B04", "B08"], "threshold_rule": "fixed", "threshold_number": 3.5,
               "hysteresis": 1.0, "min_px": 7, "fill_px": 0, "opening_px": 1, "closing_px": 2,
               "minimum_mu": 2.5}  # fmt: skip
    file = tuning.write_tuned(tmp_path / "tuned.yaml", written, {"seed": 0})
    given = {"threshold_rule": "tuned", "tuned": str(file), "method": "irmad", "minimum_mu": 9.0}
    p = Screening.check(given)
    assert p.threshold_rule == "tuned"
    for name in (
        "method",
        "bands",
        "hysteresis",
        "min_px",
        "fill_px",
        "opening_px",
        "closing_px",
        "minimum_mu",
    ):
        assert getattr(p, name) == written[name]
    assert Screening.check({**given, "threshold_rule": "usual"}).method == "irmad"


def test_a_tuned_file_with_a_value_out_of_range_is_refused(tmp_path: Path) -> None:
    file = tuning.write_tuned(tmp_path / "tuned.yaml", {"threshold_number": 1.0, "min_px": 0}, {"seed": 0})
    with pytest.raises(ParameterError, match="min_px"):
        Screening.check({"threshold_rule": "tuned", "tuned": str(file)})
