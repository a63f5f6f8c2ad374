"""Parameters of ``05_threshold_tuning``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import model_validator

from weipian_lab.errors import ParameterError
from weipian_lab.outputs import sha256
from weipian_lab.run.bundle import bundled
from weipian_lab.run.parameters.base import Common, InputPath, param
from weipian_lab.text import t

__all__ = ["Tuning"]


class Tuning(Common):
    """Images and true changes, what is swept, what visits and misses cost, the promise, the sealed part."""

    notebook = "05_threshold_tuning"
    ring: ClassVar[Mapping[str, str]] = {"assessment": "04_accuracy/assessment.json"}

    out_dir: str = param("../reports/05_threshold_tuning", "run.p_out_dir", min_length=1)
    before: InputPath = param("", "tuning.p_before", bundled="images/S2SIM_20230718.tif")
    after: InputPath = param("", "tuning.p_after", bundled="images/S2SIM_20240717.tif")
    truth: InputPath = param("", "tuning.p_truth")
    assessment: InputPath = param("", "tuning.p_assessment")
    detectors: list[str] = param(
        ["mad", "construction", "mad@B04,B08,B11,B12"], "tuning.p_detectors", min_length=1
    )
    score: InputPath = param("", "tuning.p_score")
    clean_ups: list[Literal["sieve", "close", "open_close", "close_open", "open_sieve"]] = param(
        ["close", "sieve", "open_close", "close_open"], "tuning.p_clean_ups", min_length=1
    )
    steps: int = param(7, "tuning.p_steps", ge=3, le=100)
    flag_most: float = param(0.12, "tuning.p_flag_most", gt=0, lt=1)
    flag_least: float = param(0.002, "tuning.p_flag_least", gt=0, lt=1)
    min_mu: list[float] = param([1.0, 2.0], "tuning.p_min_mu", unit="accuracy.mu", min_length=1)
    match_share: float = param(0.3, "tuning.p_match_share", gt=0, le=1)
    hours_per_visit: float = param(1.5, "tuning.p_hours_per_visit", unit="tuning.hours", gt=0, le=1000)
    hours_per_mu: float = param(0.2, "tuning.p_hours_per_mu", unit="tuning.hours", ge=0, le=1000)
    cost_per_hour: float = param(100.0, "tuning.p_cost_per_hour", ge=0, le=1e9)
    cost_per_missed_mu: float = param(300.0, "tuning.p_cost_per_missed_mu", ge=0, le=1e9)
    wanted_recall: float = param(0.7, "tuning.p_wanted_recall", gt=0, le=1)
    visits_per_week: float = param(40.0, "tuning.p_visits_per_week", gt=0, le=1e6)
    weeks: float = param(4.0, "tuning.p_weeks", gt=0, le=520)
    miss_rate: float = param(0.4, "tuning.p_miss_rate", gt=0, lt=1)
    confidence: float = param(0.9, "tuning.p_confidence", gt=0, lt=1)
    promise_by: Literal["blocks", "parcels"] = param("blocks", "tuning.p_promise_by")
    block_m: float = param(1250.0, "tuning.p_block_m", unit="m", gt=0, le=1e6)
    test_share: float = param(0.4, "tuning.p_test_share", gt=0, lt=1)
    choose: Literal["cost", "recall", "capacity", "promise"] = param("cost", "tuning.p_choose")
    verifier: str = param("", "tuning.p_verifier")
    counties: int = param(400, "tuning.p_counties", ge=50, le=100_000)

    @model_validator(mode="after")
    def _falling(self) -> Self:
        if not self.flag_least < self.flag_most:
            raise ParameterError("tuning.bad_flags", most=self.flag_most, least=self.flag_least)
        return self

    @property
    def price(self) -> float:
        """What a missed 亩 is worth, in field hours."""
        return self.cost_per_missed_mu / self.cost_per_hour if self.cost_per_hour else float("inf")

    @property
    def simulated(self) -> bool:
        """Whether the true changes are the bundled, simulated ones."""
        return not self.truth

    @property
    def truth_path(self) -> Path:
        """Layer of true changes."""
        return Path(self.truth) if self.truth else bundled() / "truth" / "changes.gpkg"

    @property
    def images(self) -> str:
        """Both images by name, as a figure says them."""
        return t("screening.source_images", before=Path(self.before).name, after=Path(self.after).name)

    def origin(self) -> dict[str, Any]:
        """Return where a choice comes from: SHA-256 of what was read, seed, rule, real or simulated."""
        read = {
            "before": self.before,
            "after": self.after,
            "score": self.score,
            "truth": str(self.truth_path),
        }
        return {
            **{name: sha256(path) for name, path in read.items() if path},
            "seed": self.seed,
            "rule": self.choose,
            "simulated": self.simulated,
        }
