"""Choose the threshold: by a rule, by a number, or from ``tuned.yaml``; and what other rules would give."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from weipian_lab import change, yamlio
from weipian_lab.errors import InputError, ParameterError
from weipian_lab.screening.pipeline import Fitted
from weipian_lab.text import t

__all__ = ["RULE_NUMBER", "choose_threshold", "rules_table", "tuned_threshold"]

RULE_NUMBER: Mapping[str, str] = {
    "otsu": "clip",
    "kmeans": "clip",
    "chi2": "alpha",
    "null_fit": "k",
    "fixed": "value",
    "top_share": "share",
}
"""What the one number of a rule means."""
_COMPARED = ("otsu", "kmeans", "chi2", "null_fit", "top_share")


def choose_threshold(
    fitted: Fitted,
    rule: str,
    number: float | None = None,
    *,
    hysteresis: float | None = None,
    tuned: str | Path = "",
) -> change.Threshold:
    """Return the threshold.

    Parameters
    ----------
    fitted
        Model and its scores on the sample.
    rule
        A rule of :func:`weipian_lab.change.threshold`, "tuned", or "usual": the rule that goes with the
        detector (:data:`weipian_lab.change.USUAL_RULES`; ``null_fit`` for a score of one's own).
    number
        The rule's number (:data:`RULE_NUMBER`); None for the rule's own default.
    hysteresis
        Strong threshold over threshold, at least 1; None for what goes with the detector, else 1.
    tuned
        ``tuned.yaml``, for the rule "tuned".

    Raises
    ------
    ParameterError
        If a rule or number does not fit the detector.
    InputError
        If ``tuned.yaml`` cannot be used.
    """
    usual = dict(_usual(fitted))
    hysteresis = usual.pop("hysteresis", 1.0) if hysteresis is None else hysteresis
    if rule == "usual":
        rule = usual.pop("rule")
        options = _options(fitted, rule, number)
        return change.threshold(fitted.scores, rule, hysteresis=hysteresis, **{**usual, **options})
    if rule == "tuned":
        value = tuned_threshold(tuned, str(fitted.model.method))
        found = change.threshold(fitted.scores, "fixed", value=value, hysteresis=hysteresis)
        return change.Threshold(found.value, "tuned", found.strong, {"path": str(tuned)})
    if rule not in change.RULES:
        raise ParameterError(
            "errors.bad_choice", name="threshold_rule", value=rule, choices=", ".join(change.RULES)
        )
    return change.threshold(fitted.scores, rule, hysteresis=hysteresis, **_options(fitted, rule, number))


def _usual(fitted: Fitted) -> Mapping[str, Any]:
    method = str(fitted.options.get("method", ""))
    if fitted.model.details.get("identical"):
        return {"rule": "null_fit"}  # nothing differs: a border fixed at 0 would flag all of it
    fallback = {"rule": "null_fit"} if fitted.model.method == "given" else {"rule": "otsu"}
    return change.USUAL_RULES.get(method, fallback)


def _options(fitted: Fitted, rule: str, number: float | None) -> dict[str, Any]:
    options: dict[str, Any] = {}
    if number is not None and rule in RULE_NUMBER:
        options[RULE_NUMBER[rule]] = number
    if rule == "chi2":
        if fitted.model.df is None:
            raise ParameterError("screening.chi2_not_for", method=fitted.model.method)
        options["df"] = fitted.model.df
    return options


def tuned_threshold(path: str | Path, method: str) -> float:
    """Return the threshold of a ``tuned.yaml`` written by the tuning notebook.

    Raises
    ------
    InputError
        If there is no such file, it is not YAML, holds no finite ``threshold``, or is for another detector.
    """
    file = Path(path)
    if not str(path) or not file.is_file():
        raise InputError("errors.missing_file", path=path or "tuned.yaml")
    try:
        content = yamlio.loads(file.read_text("utf-8"))
    except (yamlio.YamlError, UnicodeDecodeError) as error:
        raise InputError("screening.bad_tuned", path=path) from error
    value = content.get("threshold") if isinstance(content, dict) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not np.isfinite(value):
        raise InputError("screening.bad_tuned", path=path)
    meant = content.get("method")
    if meant and meant != method:
        raise InputError("screening.tuned_for_other", path=path, meant=meant, method=method)
    return float(value)


def rules_table(fitted: Fitted, chosen: change.Threshold) -> pd.DataFrame:
    """Return what each rule would give on the sample.

    Returns
    -------
    DataFrame
        ``rule``, ``threshold``, ``share`` (of sampled pixels flagged, 0–1), ``chosen`` (bool); the rules with
        their default numbers, and the one in use first.
    """
    rows = [(chosen.rule, chosen.value, True)]
    for rule in _COMPARED:
        if rule == chosen.rule or (rule == "chi2" and fitted.model.df is None):
            continue
        rows.append(
            (rule, change.threshold(fitted.scores, rule, **_options(fitted, rule, None)).value, False)
        )
    table = pd.DataFrame(rows, columns=["rule", "threshold", "chosen"])
    scores = fitted.scores[np.isfinite(fitted.scores)]
    table["share"] = [float((scores >= value).mean()) for value in table["threshold"]]
    table["name"] = [t(f"screening.rule_{rule}") for rule in table["rule"]]
    return table
