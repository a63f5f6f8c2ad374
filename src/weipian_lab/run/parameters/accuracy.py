"""Parameters of ``04_accuracy``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Literal

from weipian_lab.run.bundle import bundled
from weipian_lab.run.parameters.base import Common, InputPath, param

__all__ = ["Accuracy"]


class Accuracy(Common):
    """Patches, their verification, what lies outside them, the next round and the self-audit."""

    notebook = "04_accuracy"
    ring: ClassVar[Mapping[str, str]] = {
        "patches": "01_screening/patches.gpkg",
        "score": "01_screening/score.tif",
    }

    out_dir: str = param("../reports/04_accuracy", "run.p_out_dir", min_length=1)
    patches: InputPath = param("", "accuracy.p_patches")
    crs: str = param("", "accuracy.p_crs")
    verified: InputPath | list[InputPath] = param("", "accuracy.p_verified")
    design: Literal["auto", "simple_random", "stratified", "weighted", "census"] = param(
        "auto", "accuracy.p_design"
    )
    strata: str = param("", "accuracy.p_strata")
    reviews: InputPath = param("", "accuracy.p_reviews")
    points: InputPath | list[InputPath] = param("", "accuracy.p_points")
    score: InputPath = param("", "accuracy.p_score")
    truth: InputPath = param("", "accuracy.p_truth")
    before: InputPath = param("", "accuracy.p_before", bundled="images/S2SIM_20230718.tif")
    after: InputPath = param("", "accuracy.p_after", bundled="images/S2SIM_20240717.tif")
    layers: InputPath = param("", "accuracy.p_layers", bundled="layers/county.gpkg")
    method: str = param("mad", "accuracy.p_method", min_length=1)
    top_share: float = param(0.015, "accuracy.p_top_share", gt=0, lt=1)
    minimum_mu: float = param(1.0, "accuracy.p_minimum_mu", unit="accuracy.mu", ge=0, le=10_000)
    target: Literal["change", "nonag"] = param("change", "accuracy.p_target")
    verify: int = param(150, "accuracy.p_verify", ge=10, le=100_000)
    outside: int = param(1500, "accuracy.p_outside", ge=30, le=100_000)
    confidence: float = param(0.95, "accuracy.p_confidence", ge=0.5, lt=1)
    interval: Literal["auto", "midp", "conservative", "wilson_strata", "normal"] = param(
        "auto", "accuracy.p_interval"
    )
    finite_population: bool = param(True, "accuracy.p_finite")
    match_share: float = param(0.3, "accuracy.p_match_share", gt=0, le=1)
    next_round: int = param(40, "accuracy.p_next", ge=4, le=10_000)
    next_points: int = param(20, "accuracy.p_next_points", ge=0, le=10_000)
    teams: int = param(2, "accuracy.p_teams", ge=1, le=50)
    replicates: int = param(2000, "accuracy.p_replicates", ge=100, le=100_000)

    @property
    def simulated(self) -> bool:
        """Whether verification is simulated: no table was given."""
        return not self.verified

    @property
    def truth_path(self) -> Path:
        """The truth behind simulated verification."""
        return Path(self.truth) if self.truth else bundled() / "truth" / "changes.gpkg"

    @property
    def crops(self) -> Path:
        """Crop map beside the truth, which names seasonal causes."""
        return self.truth_path.parent / "crops.tif"
