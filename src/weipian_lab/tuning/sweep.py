"""What every setting would send out, find and miss: detector × clean-up × threshold × minimum area."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from weipian_lab import patches as patching
from weipian_lab.accuracy import match
from weipian_lab.accuracy.matching import Matching, Rule
from weipian_lab.area import m2_to_mu, meets
from weipian_lab.errors import ParameterError
from weipian_lab.grid import Grid
from weipian_lab.tuning.parts import Part, inside
from weipian_lab.tuning.scores import clean_ups as named

__all__ = ["SETTING", "Effort", "detection_scores", "outcome", "sweep"]

SETTING = ("detector", "clean_up", "min_mu", "threshold")
"""Columns that name a setting."""


@dataclass(frozen=True)
class Effort:
    """What a visit takes and what a miss costs; the user's own figures, none comes from a rule.

    Attributes
    ----------
    hours_per_visit
        Field hours for a patch, the way there included.
    cost_per_hour
        In any unit of cost.
    cost_per_missed_mu
        Cost of a missed 亩, in the same unit.
    hours_per_mu
        Field hours for each 亩 sent out, on top of the visit: a large patch takes longer to walk around.
    """

    hours_per_visit: float = 1.5
    cost_per_hour: float = 100.0
    cost_per_missed_mu: float = 300.0
    hours_per_mu: float = 0.0

    def hours(self, patches: float, sent_mu: float) -> float:
        """Return the field hours of so many patches with so much area in 亩."""
        return patches * self.hours_per_visit + sent_mu * self.hours_per_mu

    def cost(self, hours: float, missed_mu: float) -> float:
        """Return the cost of field hours and of missed area in 亩."""
        return hours * self.cost_per_hour + missed_mu * self.cost_per_missed_mu

    def of_errors(self, patch_m2: float, missed_m2: float) -> dict[str, float]:
        """Return ``cost_of_visit`` and ``cost_of_miss`` of a patch and of a miss of such areas in m²."""
        patch_mu, missed_mu = (float(m2_to_mu(area)) for area in (patch_m2, missed_m2))
        visit = self.hours(1, patch_mu) * self.cost_per_hour
        return {"cost_of_visit": visit, "cost_of_miss": self.cost_per_missed_mu * missed_mu}

    def __post_init__(self) -> None:
        for name in ("hours_per_visit", "cost_per_hour", "cost_per_missed_mu", "hours_per_mu"):
            value = getattr(self, name)
            if not (np.isfinite(value) and value >= 0):
                raise ParameterError("tuning.negative", name=name, value=value)


def sweep(
    scores: Mapping[str, NDArray[np.float32]],
    grid: Grid,
    reference: gpd.GeoDataFrame,
    *,
    thresholds: Mapping[str, Sequence[float]],
    min_mu: Sequence[float] = (0.0,),
    clean_ups: Mapping[str, patching.CleanUp] | Sequence[str] | None = None,
    effort: Effort | None = None,
    rule: Rule = "coverage",
    share: float = 0.5,
    reference_id: str = "change_id",
    region: Part | BaseGeometry | None = None,
) -> pd.DataFrame:
    """Return one row for each setting.

    Parameters
    ----------
    scores
        Name (detector, band set) → score ``(row, col)``, NaN where there is none.
    grid, reference
        The scores' grid, and the true changes in its CRS.
    thresholds
        Name → thresholds on that score's own scale.
    min_mu
        Minimum areas in 亩.
    clean_ups
        Names of :data:`~weipian_lab.tuning.CLEAN_UPS`, or name → rules; their own ``min_mu`` is not used.
    effort
        Cost of visits and misses.
    rule, share, reference_id
        As :func:`weipian_lab.accuracy.match`.
    region
        Where to count (the tuning part): patches and parcels with their inner point in it.

    Returns
    -------
    DataFrame
        :data:`SETTING`, then patches, true_patches, false_patches, parcels, found, missed, precision, recall,
        found_mu, missed_mu (of true change, by area covered), sent_mu, false_mu, hours, cost.

    Raises
    ------
    ParameterError
        A score without thresholds.
    """
    effort = effort or Effort()
    cleaning = clean_ups or {"none": patching.CleanUp()}
    if not isinstance(cleaning, Mapping):
        cleaning = named(cleaning)
    rows = []
    for name, score in scores.items():
        if name not in thresholds or not len(thresholds[name]):
            raise ParameterError("tuning.no_thresholds", name=name)
        for label, clean_up in cleaning.items():
            for threshold in sorted(thresholds[name]):
                rules = replace(clean_up, min_mu=0.0)
                found = patching.extract(score, grid, threshold=float(threshold), clean_up=rules)
                for smallest, kept in _by_area(found, min_mu):
                    setting = {
                        "detector": name,
                        "clean_up": label,
                        "min_mu": smallest,
                        "threshold": threshold,
                    }
                    matched = match(kept, reference, rule=rule, share=share, reference_id=reference_id)
                    rows.append({**setting, **_outcome(_inside(matched, kept, reference, region), effort)})
    table = pd.DataFrame(rows)
    return table.sort_values(list(SETTING), kind="stable", ignore_index=True)


def outcome(
    setting: pd.Series,
    scores: Mapping[str, NDArray[np.float32]],
    grid: Grid,
    reference: gpd.GeoDataFrame,
    **options: Any,
) -> pd.Series:
    """Return what one setting gives, as a row of :func:`sweep`.

    Parameters
    ----------
    setting
        detector, clean_up (a name of :data:`~weipian_lab.tuning.CLEAN_UPS`), min_mu, threshold.
    scores, grid, reference, **options
        As :func:`sweep`; `options` are effort, rule, share, reference_id, region.
    """
    name = str(setting["detector"])
    tried: dict[str, Any] = {
        "thresholds": {name: [float(setting["threshold"])]},
        "min_mu": [float(setting["min_mu"])],
    }
    clean_up = [str(setting["clean_up"])]
    return sweep({name: scores[name]}, grid, reference, clean_ups=clean_up, **tried, **options).iloc[0]


def _by_area(found: gpd.GeoDataFrame, min_mu: Sequence[float]) -> Iterator[tuple[float, gpd.GeoDataFrame]]:
    area = found["area_m2"].to_numpy(float)
    for smallest in sorted(min_mu):
        yield float(smallest), found[np.asarray(meets(area, smallest))] if smallest > 0 else found


def _inside(
    matched: Matching, sent: gpd.GeoDataFrame, reference: gpd.GeoDataFrame, region: Part | BaseGeometry | None
) -> Matching:
    if region is None:
        return matched
    name = matched.reference.index.name
    kept = [
        layer.loc[inside(layer, region), column].astype(str)
        for layer, column in ((sent, "patch_id"), (reference, name))
    ]
    return matched.restrict(*kept)


def _outcome(matched: Matching, effort: Effort) -> dict[str, Any]:
    summary = matched.summary()
    area = matched.reference["area_m2"].to_numpy(float)
    covered = matched.reference["covered_m2"].to_numpy(float)
    missed_mu = float(m2_to_mu((area - covered).sum()))
    sent_mu = float(m2_to_mu(matched.patches["area_m2"].sum()))
    hours = effort.hours(summary["patches"], sent_mu)
    return {
        "patches": int(summary["patches"]),
        "true_patches": int(summary["true_patches"]),
        "false_patches": int(summary["false_patches"]),
        "parcels": int(summary["parcels"]),
        "found": int(summary["found_parcels"]),
        "missed": int(summary["missed_parcels"]),
        "precision": summary["precision"],
        "recall": summary["recall"],
        "found_mu": float(m2_to_mu(covered.sum())),
        "missed_mu": missed_mu,
        "sent_mu": sent_mu,
        "false_mu": float(m2_to_mu(summary["false_m2"])),
        "hours": hours,
        "cost": effort.cost(hours, missed_mu),
    }


def detection_scores(
    score: NDArray[np.float32],
    grid: Grid,
    reference: gpd.GeoDataFrame,
    thresholds: Sequence[float],
    *,
    min_mu: float = 0.0,
    clean_up: patching.CleanUp | str | None = None,
    rule: Rule = "coverage",
    share: float = 0.5,
    reference_id: str = "change_id",
) -> pd.Series:
    """Return, for each true change, the highest threshold up to which the screening keeps finding it.

    A parcel found at 0.8 but lost at 0.5 (its patch merged or cleaned away) counts up to below 0.5 only,
    so that misses never fall as the threshold rises.

    Returns
    -------
    Series
        Index reference id; a threshold of the list, or -inf if even the lowest one misses it.
    """
    cuts = np.sort(np.asarray(thresholds, float))
    if isinstance(clean_up, str):
        clean_up = named([clean_up])[clean_up]
    rules = replace(clean_up or patching.CleanUp(), min_mu=min_mu)
    held, best = None, None
    for cut in cuts:
        sent = patching.extract(score, grid, threshold=float(cut), clean_up=rules)
        hit = match(sent, reference, rule=rule, share=share, reference_id=reference_id).reference["hit"]
        if held is None or best is None:
            held, best = hit.to_numpy(bool), pd.Series(-np.inf, index=hit.index, name="score")
        else:
            held = held & hit.to_numpy(bool)
        best[held] = cut
    if best is None:
        raise ParameterError("tuning.bad_thresholds", value=[])
    return best
