"""The parameters of each notebook: a table of names, each model imported when it is asked for."""

from __future__ import annotations

from importlib import import_module
from pathlib import PurePath
from typing import cast

from weipian_lab.errors import ParameterError
from weipian_lab.run.parameters.base import Common, Day, InputPath, param
from weipian_lab.run.parameters.explain import nearest

__all__ = ["MODELS", "Common", "Day", "InputPath", "model", "notebook_name", "param"]

MODELS: dict[str, str] = {
    "00_start_here": "start:Start",
    "01_screening": "screening:Screening",
    "02_overlay": "overlay:Overlay",
    "03_case_walkthrough": "case:CaseWalkthrough",
    "04_accuracy": "accuracy:Accuracy",
    "05_threshold_tuning": "tuning:Tuning",
    "06_county_year": "county_year:CountyYear",
}
"""Notebook → module of this package and class; in the order of the ring."""


def notebook_name(given: str) -> str:
    """Return the notebook meant by a name, a number (``01``) or a path to the file.

    Raises
    ------
    ParameterError
        If there is none; names the nearest one.
    """
    name = PurePath(given).name.removesuffix(".ipynb")
    if name in MODELS:
        return name
    numbered = [known for known in MODELS if known.split("_")[0] == name]
    if len(numbered) == 1:
        return numbered[0]
    raise ParameterError(
        "run.notebook_unknown", name=given, nearest=nearest(name, MODELS), names=", ".join(MODELS)
    )


def model(notebook: str) -> type[Common]:
    """Return the parameter model of a notebook.

    Raises
    ------
    ParameterError
        If there is no such notebook.
    """
    module, _, name = MODELS[notebook_name(notebook)].partition(":")
    return cast(type[Common], getattr(import_module(f"{__name__}.{module}"), name))
