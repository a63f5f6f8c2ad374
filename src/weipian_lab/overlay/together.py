"""Results of batches put together: positions within a batch → patches, sorted as the patches are given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weipian_lab.overlay.batches import Batch, Columns

__all__ = ["areas", "codes", "evidence", "pieces"]

Parts = Sequence[NDArray[np.intp]]


def areas(batches: Sequence[Batch], parts: Parts, ids: pd.Index, names: Sequence[str]) -> pd.DataFrame:
    """Return the ledger's areas; NaN in the columns that no batch has."""
    rows = np.concatenate(parts)
    columns = {name: np.full(len(rows), np.nan) for name in names}
    for name in [name for name in names if name in batches[0].areas]:
        columns[name][rows] = np.concatenate([b.areas[name] for b in batches])
    return pd.DataFrame(columns, index=ids)


def _placed(columns: Sequence[Columns], parts: Parts) -> dict[str, NDArray[Any]]:
    """Put columns of batches together; "whole", the position within the batch, becomes the patch's."""
    joined = {name: np.concatenate([c[name] for c in columns]) for name in columns[0]}
    joined["whole"] = np.concatenate([rows[c["whole"]] for c, rows in zip(columns, parts, strict=True)])
    return joined


def codes(batches: Sequence[Batch], parts: Parts, ids: pd.Index) -> pd.DataFrame:
    """Return the table of land classes: one row for each class in each patch."""
    found = _placed([b.codes for b in batches], parts)
    order = np.argsort(found["whole"], kind="stable")  # classes of one patch are in order already
    table = {name: found[name][order] for name in ("DLBM", "area_m2")}
    return pd.DataFrame({"patch_id": ids[found["whole"][order]]} | table)


def evidence(batches: Sequence[Batch], parts: Parts, ids: pd.Index) -> pd.DataFrame:
    """Return the table of evidence: one row for each feature over a patch, larger areas last."""
    tables = []
    for layer in batches[0].evidence:
        found = _placed([b.evidence[layer] for b in batches], parts)
        if len(found["whole"]):
            patch = found.pop("whole")
            tables.append(pd.DataFrame({"patch": patch, "layer": layer} | found))
    if not tables:
        return pd.DataFrame(columns=["patch_id", "layer", "area_m2"])
    table = pd.concat(tables, ignore_index=True)
    names = pd.Categorical(table["layer"]).codes
    order = np.lexsort((table["area_m2"].to_numpy(), names, table["patch"].to_numpy()))
    table = table.take(order).reset_index(drop=True)
    table.insert(0, "patch_id", ids[table.pop("patch").to_numpy()])
    return table


def pieces(batches: Sequence[Batch], parts: Parts, ids: pd.Index) -> gpd.GeoDataFrame | None:
    """Put pieces together: position within the batch → patch id, sorted as the patches are."""
    held = [(b.pieces, rows) for b, rows in zip(batches, parts, strict=True) if b.pieces is not None]
    filled = [t.assign(patch=rows[t["whole"].to_numpy()]) for t, rows in held if len(t)]
    if not filled:
        return pd.DataFrame(columns=["patch_id", "layer", "feature"])
    table = pd.concat(filled, ignore_index=True)
    table = table.sort_values(["patch", "layer", "feature"], kind="stable", ignore_index=True)
    table.insert(0, "patch_id", ids[table["patch"].to_numpy()])
    return table.drop(columns=["whole", "patch"])
