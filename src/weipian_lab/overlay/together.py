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
    found = {name: _placed([b.evidence[name] for b in batches], parts) for name in batches[0].evidence}
    found = {name: columns for name, columns in found.items() if len(columns["whole"])}
    if not found:
        return pd.DataFrame(columns=["patch_id", "layer", "area_m2"])
    size = [len(columns["whole"]) for columns in found.values()]
    layer = np.repeat(np.arange(len(found)), size)
    patch, area = (np.concatenate([c[name] for c in found.values()]) for name in ("whole", "area_m2"))
    rank = np.argsort(np.argsort(list(found)))  # layers by name
    order = np.lexsort((area, rank[layer], patch))
    table: dict[str, Any] = {
        "patch_id": ids[patch[order]],
        "layer": np.array(list(found), object)[layer[order]],
    }
    table["area_m2"] = area[order]
    for field in dict.fromkeys(name for columns in found.values() for name in columns):
        if field not in ("whole", "area_m2"):  # a layer without the field has NaN there
            table[field] = np.concatenate(
                [
                    c.get(field, np.full(n, np.nan, dtype=object))
                    for c, n in zip(found.values(), size, strict=True)
                ]
            )[order]
    return pd.DataFrame(table)


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
