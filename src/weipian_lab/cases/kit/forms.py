"""Two forms of a test: the same families, other cases; how equal they are is measured, not claimed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from weipian_lab.cases.scenario import Scenario

__all__ = ["Forms", "compare_forms", "difficulty"]


@dataclass(frozen=True)
class Forms:
    """Difficulty of two forms: means, standard deviations, difference in pooled standard deviations."""

    mean_a: float
    mean_b: float
    sd_a: float
    sd_b: float
    difference: float
    standardised: float


def difficulty(scenario: Scenario) -> float:
    """Return the number of decisions a case asks for: steps, facts, evidence to cite, doubtful photos."""
    key = scenario.key
    if key is None:
        return 0.0
    doubtful = sum(bool(problems) for problems in scenario.photo_problems.values())
    return float(len(key.answers) + len(key.facts) + len(key.grounds) + doubtful)


def compare_forms(form_a: Sequence[float], form_b: Sequence[float]) -> Forms:
    """Compare the difficulties of two forms."""
    a, b = np.asarray(form_a, dtype=float), np.asarray(form_b, dtype=float)
    sds = [float(x.std(ddof=1)) if len(x) > 1 else 0.0 for x in (a, b)]
    means = [float(x.mean()) if len(x) else 0.0 for x in (a, b)]
    pooled = float(np.sqrt((sds[0] ** 2 + sds[1] ** 2) / 2))
    difference = means[0] - means[1]
    return Forms(means[0], means[1], sds[0], sds[1], difference, difference / pooled if pooled > 0 else 0.0)
