"""Simulated field verification (核查举证): what a visit to each patch finds."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from weipian_lab import vectors
from weipian_lab.errors import InputError
from weipian_lab.simulate.streams import stream

__all__ = ["verify"]


def verify(
    patches: gpd.GeoDataFrame,
    truth: gpd.GeoDataFrame | str | Path,
    seed: int,
    *,
    min_share: float = 0.25,
    visited_on: str = "20241120",
    error_rate: float = 0.0,
    missing_rate: float = 0.0,
) -> pd.DataFrame:
    """Visit each patch of a simulated county.

    Parameters
    ----------
    patches
        With ``patch_id`` and a CRS.
    truth
        Layer ``changes`` of a county, or its file.
    seed
        Seed of the visits; the patch's own number draws its stream, so that order and selection do not matter.
    min_share
        A change counts as what a patch shows if it covers this share of the patch, or the patch this share of it.
    visited_on
        Last day of the visits, YYYYMMDD.
    error_rate
        Share of visits with a wrong verdict.
    missing_rate
        Share of visits without evidence; their verdict is UNDETERMINED.

    Returns
    -------
    DataFrame
        ``patch_id, verdict, cause, verified_on, verifier_count, evidence``.

    Raises
    ------
    InputError
        If the patches lack their number or a CRS.
    """
    if "patch_id" not in patches.columns or patches.crs is None:
        raise InputError("simulate.bad_patches", columns=", ".join(map(str, patches.columns)))
    known = vectors.read(truth, layer="changes").frame if isinstance(truth, (str, Path)) else truth
    known = known.to_crs(patches.crs)
    shapes, changes = patches.geometry.to_numpy(), known.geometry.to_numpy()
    left, right = shapely.STRtree(changes).query(shapes, predicate="intersects")
    overlap = shapely.area(shapely.intersection(shapes[left], changes[right]))
    share = np.maximum(overlap / shapely.area(shapes[left]), overlap / shapely.area(changes[right]))
    rank = share + 1e-6 * known["is_true"].to_numpy()[right] + known["is_true"].to_numpy()[right] * (share >= min_share)
    best = np.full(len(patches), -1)
    for i, j, s, r in zip(left.tolist(), right.tolist(), share.tolist(), rank.tolist(), strict=True):
        if s >= min_share and (best[i] < 0 or r > rank[(left == i) & (right == best[i])][0]):
            best[i] = j
    rows = []
    day = pd.Timestamp(visited_on)
    for i, patch_id in enumerate(patches["patch_id"].astype(str).tolist()):
        rng = stream(seed, "visit", patch_id)
        j = int(best[i])
        verdict = str(known["verdict"].iloc[j]) if j >= 0 else "PSEUDO_CHANGE"
        cause = str(known["cause"].iloc[j]) if j >= 0 else "season"
        evidence = "photos:4"
        if rng.random() < missing_rate:
            verdict, evidence = "UNDETERMINED", ""
        elif rng.random() < error_rate:
            verdict = "PSEUDO_CHANGE" if verdict != "PSEUDO_CHANGE" else "ILLEGAL_NONAG"
        visit = day - pd.Timedelta(days=int(rng.integers(0, 25)))
        rows.append((patch_id, verdict, cause, f"{visit:%Y%m%d}", int(rng.integers(2, 4)), evidence))
    return pd.DataFrame(rows, columns=["patch_id", "verdict", "cause", "verified_on", "verifier_count", "evidence"])
