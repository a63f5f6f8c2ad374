"""How far a patch's class and threshold hang on where its boundary was drawn and how the images lie."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from weipian_lab.area import m2_to_mu, meets
from weipian_lab.overlay.ledger import ledger
from weipian_lab.overlay.survey import GROUPS
from weipian_lab.overlay.working import parse, reproject
from weipian_lab.rulebook import Rulebook

__all__ = ["dependent", "sensitivity"]

_DIRECTIONS = ((1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1))


def sensitivity(
    patches: gpd.GeoDataFrame,
    layers: Mapping[str, Any],
    rulebook: Rulebook,
    *,
    source: str,
    on: dt.date,
    tolerances_m: Sequence[float] = (1.0, 2.0, 3.0, 4.0, 5.0),
    shifts_px: Sequence[float] = (0.5, 1.0),
    pixel_m: float = 10.0,
) -> pd.DataFrame:
    """Overlay patches again with their boundary moved in and out, and with the whole patch shifted.

    Parameters
    ----------
    source
        Source of the patches, which says what thresholds are tested.
    tolerances_m
        Metres by which boundaries are moved, both ways.
    shifts_px
        Pixels by which patches are shifted, in eight directions.
    pixel_m
        Size of a pixel in metres.

    Returns
    -------
    DataFrame
        ``patch_id, change, size_m, cultivated_mu, pbf_mu, class, reaches``; a patch's first row is as drawn.
    """
    crs = parse(layers["DLTB"].crs, "DLTB")
    shapes = reproject(np.asarray(patches.geometry.array, dtype=object), parse(patches.crs, "patches"), crs)
    variants = [("as_drawn", 0.0, shapes)]
    variants += [
        ("boundary", d, shapely.buffer(shapes, d, join_style="mitre")) for m in tolerances_m for d in (-m, m)
    ]
    for px in shifts_px:
        for dx, dy in _DIRECTIONS:
            step = px * pixel_m * np.array([dx, dy]) / np.hypot(dx, dy)
            variants.append(("shift", px * pixel_m, shapely.transform(shapes, lambda xy, s=step: xy + s)))
    ids = patches["patch_id"].astype(str).to_numpy()
    names = [f"{patch}\t{i}" for i in range(len(variants)) for patch in ids]
    moved = gpd.GeoDataFrame({"patch_id": names}, geometry=np.concatenate([v[2] for v in variants]), crs=crs)
    few = {name: layers[name] for name in ("DLTB", "YJJBNTTB") if name in layers}
    areas = ledger(moved, few, rulebook, on=on).areas
    table = pd.DataFrame(
        {
            "patch_id": np.tile(ids, len(variants)),
            "change": np.repeat([v[0] for v in variants], len(ids)),
            "size_m": np.repeat([v[1] for v in variants], len(ids)),
            "cultivated_mu": m2_to_mu(areas["cultivated"]).to_numpy(),
            "pbf_mu": m2_to_mu(areas["pbf"]).to_numpy(),
            "class": np.array(GROUPS)[areas[list(GROUPS)].to_numpy().argmax(axis=1)],
            "reaches": _reaches(areas, rulebook, source, on),
        }
    )
    order = np.argsort(np.tile(np.arange(len(ids)), len(variants)), kind="stable")
    return table.iloc[order].reset_index(drop=True)


def _reaches(areas: pd.DataFrame, rulebook: Rulebook, source: str, on: dt.date) -> np.ndarray[Any, Any]:
    result = np.zeros(len(areas), dtype=bool)
    for threshold in rulebook.thresholds(source, on):
        part = areas["pbf" if threshold.kind == "PBF" else "cultivated"].fillna(0.0)
        result |= meets(part, threshold.min_mu, step_mu=rulebook.number("T-ROUND-MU", on))
    return result


def dependent(table: pd.DataFrame) -> pd.DataFrame:
    """Return for each patch whether its class or threshold changes, and the least change that does it."""
    rows = []
    for patch, own in table.groupby("patch_id", sort=False):
        drawn = own.iloc[0]
        rows.append(
            {
                "patch_id": patch,
                "class": drawn["class"],
                "class_changes_at_m": _least(own, own["class"] != drawn["class"]),
                "reaches": bool(drawn["reaches"]),
                "reaches_changes_at_m": _least(own, own["reaches"] != drawn["reaches"]),
            }
        )
    return pd.DataFrame(rows)


def _least(own: pd.DataFrame, differs: pd.Series) -> float:
    sizes = own.loc[differs, "size_m"].abs()
    return float(sizes.min()) if len(sizes) else float("nan")
