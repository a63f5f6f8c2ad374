"""Parameters of ``03_case_walkthrough``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from weipian_lab.run.parameters.base import Common, InputPath, param

__all__ = ["CaseWalkthrough"]


class CaseWalkthrough(Common):
    """The case to be played, the answers to be replayed, when explanations come."""

    notebook = "03_case_walkthrough"
    ring: ClassVar[Mapping[str, str]] = {"overlay": "02_overlay/overlay.gpkg"}

    out_dir: str = param("../reports/03_case_walkthrough", "run.p_out_dir", min_length=1)
    overlay: InputPath = param("", "cases.p_overlay")
    layers: InputPath = param("", "cases.p_layers", bundled="layers/county.gpkg")
    before: InputPath = param("", "cases.p_before", bundled="images/S2SIM_20230718.tif")
    after: InputPath = param("", "cases.p_after", bundled="images/S2SIM_20240717.tif")
    family: str = param("", "cases.p_family")
    case: InputPath = param("", "cases.p_case")
    answers: InputPath = param("", "cases.p_answers")
    explain: Literal["step", "end"] = param("step", "cases.p_explain")
    trainee: str = param("", "cases.p_trainee", max_length=60)

    @model_validator(mode="after")
    def _replay_what_is_given(self) -> Self:
        if self.answers:
            self.interactive = False
        return self
