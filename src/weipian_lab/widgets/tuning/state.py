"""What is sent out, right, missed and paid at a threshold; exact, and quick enough for a slider."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from weipian_lab.accuracy import match
from weipian_lab.area import m2_to_mu, meets
from weipian_lab.errors import ParameterError
from weipian_lab.grid import Grid
from weipian_lab.patches import extract
from weipian_lab.tuning import Effort, Part, clean_ups, inside

__all__ = ["TuningState"]

_STEPS = 120
Mask = NDArray[np.bool_]


@dataclass
class TuningState:
    """The candidates of one extraction, matched once to the true changes.

    A threshold of the slider is the strong one of the hysteresis: outlines stay those of the lowest
    threshold, and a patch is sent out if its highest score reaches the slider. That is exactly what
    ``patches.extract(score, grid, threshold=lowest, strong=slider)`` gives, so nothing has to be extracted
    anew while the slider moves.

    Parameters
    ----------
    candidates
        Patches of the lowest threshold, with patch_id, area_mu, score_max, in a projected CRS.
    reference
        True changes in the same CRS; may be empty.
    effort
        Costs of visits and misses.
    share
        Share of cover that counts as a match, as :func:`weipian_lab.accuracy.match`.
    region
        Where to count (the tuning part): patches and parcels with their inner point in it. The sealed test
        part is neither counted nor shown.
    reference_id
        Column of `reference`.
    outline
        Threshold that the outlines are of.

    Raises
    ------
    ParameterError
        No candidate in the region.
    """

    candidates: gpd.GeoDataFrame
    reference: gpd.GeoDataFrame
    effort: Effort
    share: float = 0.3
    region: Part | BaseGeometry | None = None
    reference_id: str = "change_id"
    outline: float = 0.0
    thresholds: NDArray[np.float64] = field(init=False)

    @classmethod
    def below(
        cls,
        setting: Mapping[str, Any],
        score: NDArray[np.float32],
        cuts: Sequence[float],
        grid: Grid,
        reference: gpd.GeoDataFrame,
        effort: Effort,
        share: float = 0.3,
        region: Part | BaseGeometry | None = None,
    ) -> TuningState:
        """Return the state for a setting, its outlines those of the candidate threshold one step lower.

        Where that has no patch in the region, the next lower one is taken.

        Parameters
        ----------
        setting
            clean_up (a name of :data:`weipian_lab.tuning.CLEAN_UPS`), min_mu, threshold.
        score, grid
            Score ``(row, col)`` and its grid.
        cuts
            Candidate thresholds; the lowest one has none below and is itself the outline.

        Raises
        ------
        ParameterError
            No candidate in the region at any of them.
        """
        at, name = float(setting["threshold"]), str(setting["clean_up"])
        lower = sorted((float(cut) for cut in cuts if cut < at), reverse=True) or [at]
        for outline in lower:
            found = extract(score, grid, threshold=outline, clean_up=clean_ups([name])[name])
            large = np.asarray(meets(found["area_m2"].to_numpy(float), float(setting["min_mu"])))
            if (large & inside(found, region)).any():
                break
        return cls(found[large], reference, effort, share, region, outline=outline)

    def __post_init__(self) -> None:
        matched = match(self.candidates, self.reference, share=self.share, reference_id=self.reference_id)
        score = self.candidates.set_index(self.candidates["patch_id"].astype(str))["score_max"]
        shown, parcels = inside(self.candidates, self.region), inside(self.reference, self.region)
        self.candidates = self.candidates[shown].reset_index(drop=True)
        self.reference = self.reference[parcels].reset_index(drop=True)
        if self.candidates.empty:
            raise ParameterError("widgets_tuning.no_candidates", number=len(self.candidates))
        self.ids = self.candidates["patch_id"].astype(str).tolist()
        self.scores = score.loc[self.ids].to_numpy(float)
        self.area_mu = m2_to_mu(matched.patches["area_m2"].loc[self.ids].to_numpy(float))
        self.hits: Mask = matched.patches["hit"].loc[self.ids].to_numpy(bool)
        names = self.reference[self.reference_id].astype(str)
        self.parcel_m2 = matched.reference["area_m2"].loc[names].to_numpy(float)
        pairs = matched.pairs[matched.pairs["reference"].isin(set(names))]
        self._parcel = pd.Index(names).get_indexer(pairs["reference"])
        self._pair_score = score.loc[pairs["patch"]].to_numpy(float)  # patches of the test part cover too
        self._pair_m2 = pairs["overlap_m2"].to_numpy(float)
        low, high = self.scores.min(), max(np.quantile(self.scores, 0.99), self.scores.min() + 1e-6)
        self.thresholds = np.linspace(low, high, _STEPS)

    def sent(self, threshold: float) -> Mask:
        """Return which candidates are sent out at a threshold."""
        return np.asarray(self.scores >= threshold)

    def _covered_m2(self, threshold: float) -> NDArray[np.float64]:
        sent = self._pair_score >= threshold
        covered = np.bincount(self._parcel[sent], self._pair_m2[sent], minlength=len(self.parcel_m2))
        return np.asarray(np.minimum(covered, self.parcel_m2), float)

    def found(self, threshold: float) -> Mask:
        """Return which true changes are found at a threshold."""
        return np.asarray(self._covered_m2(threshold) >= (self.share - 1e-6) * self.parcel_m2)

    def counts(self, threshold: float) -> dict[str, float]:
        """Return confusion, shares, missed 亩, hours and cost at a threshold.

        ``true``, ``false`` count patches sent out, ``left_true``, ``left_false`` those left out;
        ``found``, ``parcels`` count true changes; ``missed_mu`` is their area that no patch sent out covers.
        """
        sent, covered = self.sent(threshold), self._covered_m2(threshold)
        found = int((covered >= (self.share - 1e-6) * self.parcel_m2).sum())
        number, true = int(sent.sum()), int((sent & self.hits).sum())
        missed = float(m2_to_mu((self.parcel_m2 - covered).sum()))
        sent_mu = float(self.area_mu[sent].sum())
        hours = self.effort.hours(number, sent_mu)
        parcels = len(self.parcel_m2)
        return {
            "threshold": float(threshold),
            "patches": number,
            "true": true,
            "false": number - true,
            "left_true": int((~sent & self.hits).sum()),
            "left_false": int((~sent & ~self.hits).sum()),
            "found": found,
            "parcels": parcels,
            "precision": true / number if number else np.nan,
            "recall": found / parcels if parcels else np.nan,
            "sent_mu": sent_mu,
            "missed_mu": missed,
            "hours": hours,
            "cost": self.effort.cost(hours, missed),
        }

    @cached_property
    def curve(self) -> pd.DataFrame:
        """The counts at every step of the slider."""
        return pd.DataFrame([self.counts(value) for value in self.thresholds])

    @property
    def cheapest(self) -> float:
        """Threshold of least cost among the steps; of equal ones the highest."""
        cost = self.curve["cost"].to_numpy()
        return float(self.thresholds[np.flatnonzero(cost == cost.min())[-1]])

    def row(self, patch_id: str) -> pd.Series:
        """Return the row of a candidate."""
        return pd.Series(self.candidates.iloc[self.ids.index(patch_id)])

    def at(self, x: float, y: float) -> str | None:
        """Return the id of the candidate at a point in the layer's CRS, or None."""
        found = self.candidates.sindex.query(shapely.Point(x, y), predicate="intersects")
        return None if not len(found) else self.ids[int(found[0])]
