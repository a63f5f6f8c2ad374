"""What checking more would gain: allocations side by side, and the numbers that wanted half-widths take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, get_args

import numpy as np
import pandas as pd
from scipy import stats

from weipian_lab.accuracy.checks import as_float, check_flag
from weipian_lab.accuracy.design.allocation import How, allocate, size_for_half_width, size_for_total
from weipian_lab.accuracy.intervals import check_confidence
from weipian_lab.accuracy.labels import as_sizes, same_labels
from weipian_lab.errors import ParameterError

__all__ = ["allocations", "needed"]


def allocations(
    sizes: Mapping[Any, float],
    n: int,
    shares: Mapping[Any, float],
    *,
    confidence: float = 0.95,
    finite_population: bool = True,
) -> pd.DataFrame:
    """Return every way to share out `n` units, and the half-width to be expected of each.

    Parameters
    ----------
    sizes, n, shares
        As :func:`allocate`; every stratum needs a share.
    finite_population
        Sizes are numbers of units: no stratum gets more, and the correction 1 - n/N is made.

    Returns
    -------
    DataFrame
        Index the way; a column a stratum with its number, and ``half_width`` of the share over all strata,
        z sqrt(Σ W² p (1 - p) (1 - f) / n), from the expected shares alone.
    """
    check_confidence(confidence)
    check_flag("finite_population", finite_population)
    table = {k: v for k, v in as_sizes(sizes).items() if v > 0}
    known = dict(zip(same_labels(table, list(shares)), shares.values(), strict=True))
    missing = [str(k) for k in table if k not in known]
    if missing:
        raise ParameterError("accuracy.strata_mismatch", strata=", ".join(missing))
    size = np.array(list(table.values()))
    p = np.clip([as_float("shares", known[k]) for k in table], 0, 1)
    z = stats.norm.ppf(0.5 + confidence / 2)
    rows = {}
    for how in get_args(How):
        number = allocate(table, n, how, shares=known, limit_to_size=finite_population)
        units = np.array([number[k] for k in table], float)
        left = 1 - units / size if finite_population else np.ones(len(units))
        with np.errstate(divide="ignore"):
            variance = (size / size.sum()) ** 2 * p * (1 - p) * left / units
        rows[how] = {**number, "half_width": float(z * np.sqrt(variance.sum()))}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("how")


def needed(
    share: float,
    population: float,
    areas: Mapping[Any, float],
    missed: Mapping[Any, float],
    *,
    points: Sequence[float] = (0.1, 0.05, 0.03),
    parts: Sequence[float] = (0.5, 0.25, 0.1),
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Return how many patches, and how many points outside, wanted half-widths take in all.

    Parameters
    ----------
    share, population
        Expected false-alarm share, and patches in the batch.
    areas, missed
        Area of each stratum outside the patches, and the share of it expected to be missed change.
    points
        Half-widths of the false-alarm share, 0-0.5.
    parts
        Half-widths of the missed area, as parts of what is expected.

    Returns
    -------
    DataFrame
        what (``false_alarms`` or ``missed_area``), half_width (share, or unit of `areas`), n (whole, in all).
    """
    check_confidence(confidence)
    rows = [
        ("false_alarms", half, size_for_half_width(share, half, population=population, confidence=confidence))
        for half in points
    ]
    table = as_sizes(areas)
    expected = sum(table[k] * float(missed[k]) for k in table)
    for part in parts if expected > 0 else ():
        half = part * expected
        rows.append(
            ("missed_area", half, int(np.ceil(size_for_total(table, missed, half, confidence=confidence))))
        )
    return pd.DataFrame(rows, columns=["what", "half_width", "n"])
