"""Matching patches to reference parcels by an explicit rule.

Two questions are kept apart: was there a change (label), and was it drawn rightly (delineation).
Areas are ellipsoidal, in m².
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.optimize import linear_sum_assignment

from weipian_lab.area import ellipsoidal_area
from weipian_lab.errors import CRSError, ParameterError, SchemaError
from weipian_lab.text import t

__all__ = ["Matching", "Rule", "match"]

Rule = Literal["coverage", "iou"]


@dataclass(frozen=True)
class Matching:
    """What matched what.

    Attributes
    ----------
    patches : DataFrame
        Index patch id: area_m2, covered_m2 (by any reference parcel), share (covered / area), partners
        (reference parcels that touch it with more than 0 area), hit (bool).
    reference : DataFrame
        Index reference id: the same, seen from the reference; hit is whether the parcel was found.
    pairs : DataFrame
        patch, reference, overlap_m2, iou; every pair with an overlap.
    rule, share
        The rule and its limit.
    """

    patches: pd.DataFrame
    reference: pd.DataFrame
    pairs: pd.DataFrame
    rule: Rule
    share: float

    def statement(self) -> str:
        """Return the rule in words."""
        return t(f"accuracy.rule_{self.rule}", share=f"{self.share:.0%}")

    def restrict(self, patches: Iterable[str], reference: Iterable[str]) -> Matching:
        """Return the same matching for some of the patches and parcels only (a part of the county)."""
        some, others = set(patches), set(reference)
        return replace(
            self,
            patches=self.patches[self.patches.index.isin(some)],
            reference=self.reference[self.reference.index.isin(others)],
        )

    def summary(self) -> dict[str, float]:
        """Return counts, shares by count and by area, errors of delineation apart from those of label.

        ``split`` counts reference parcels met by several patches (one-to-many seen from the reference),
        ``merged`` counts patches that meet several reference parcels.
        ``excess_m2`` lies in hit patches outside the reference, ``lacking_m2`` in found parcels outside
        the patches (delineation); ``false_m2`` is the area of patches that hit nothing, ``missed_m2`` that of
        parcels not found (label).
        """
        p, r = self.patches, self.reference
        hit, found = p["hit"].to_numpy(bool), r["hit"].to_numpy(bool)
        area_p, area_r = p["area_m2"].to_numpy(float), r["area_m2"].to_numpy(float)
        return {
            "patches": len(p),
            "true_patches": int(hit.sum()),
            "false_patches": int((~hit).sum()),
            "parcels": len(r),
            "found_parcels": int(found.sum()),
            "missed_parcels": int((~found).sum()),
            "split": int((r["partners"] > 1).sum()),
            "merged": int((p["partners"] > 1).sum()),
            "precision": _share(hit.sum(), len(p)),
            "recall": _share(found.sum(), len(r)),
            "precision_area": _share(p["covered_m2"].sum(), area_p.sum()),
            "recall_area": _share(r["covered_m2"].sum(), area_r.sum()),
            "false_m2": float(area_p[~hit].sum()),
            "missed_m2": float(area_r[~found].sum()),
            "excess_m2": float((area_p - p["covered_m2"].to_numpy(float))[hit].sum()),
            "lacking_m2": float((area_r - r["covered_m2"].to_numpy(float))[found].sum()),
        }


def _share(part: float, whole: float) -> float:
    return float(part) / float(whole) if whole else float("nan")


def match(
    patches: gpd.GeoDataFrame,
    reference: gpd.GeoDataFrame,
    *,
    rule: Rule = "coverage",
    share: float = 0.5,
    patch_id: str = "patch_id",
    reference_id: str = "change_id",
) -> Matching:
    """Match patches to reference parcels.

    Parameters
    ----------
    patches, reference
        Polygons in one CRS; either may be empty.
    rule
        ``coverage``: a patch is right if reference parcels together cover at least `share` of it, and a
        parcel is found if patches together cover at least `share` of it; parcels may be split or merged.
        ``iou``: one to one, the pairing with the greatest sum of IoU; a pair counts from IoU `share` on.
    share
        Limit, above 0 up to 1.

    Raises
    ------
    CRSError
        CRS missing or not the same.
    SchemaError
        Id column missing or ids not unique.
    ParameterError
        Unknown rule, `share` out of range.
    """
    if rule not in ("coverage", "iou"):
        raise ParameterError("errors.bad_choice", name="rule", value=rule, choices="coverage, iou")
    if not 0 < share <= 1:
        raise ParameterError("accuracy.bad_match_share", value=share)
    left = _prepare(patches, patch_id, "patches")
    right = _prepare(reference, reference_id, "reference")
    if left.crs != right.crs:
        raise CRSError("accuracy.other_crs", patches=_name(left), reference=_name(right))
    a, b = left.geometry.to_numpy(), right.geometry.to_numpy()
    i, j = shapely.STRtree(b).query(a, predicate="intersects") if len(a) and len(b) else (_none(), _none())
    overlap = _areas(shapely.intersection(a[i], b[j]), left.crs)
    real = overlap > 0
    i, j, overlap = i[real], j[real], overlap[real]
    area_a, area_b = _areas(a, left.crs), _areas(b, left.crs)
    iou = overlap / (area_a[i] + area_b[j] - overlap)
    ids_a, ids_b = left[patch_id].astype(str).to_numpy(), right[reference_id].astype(str).to_numpy()
    pairs = pd.DataFrame({"patch": ids_a[i], "reference": ids_b[j], "overlap_m2": overlap, "iou": iou})
    sides = [
        _side(ids_a, area_a, a, b, i, j, left.crs, patch_id),
        _side(ids_b, area_b, b, a, j, i, left.crs, reference_id),
    ]
    if rule == "iou":
        hits = _assign(i, j, iou, len(a), len(b), share)
    else:
        hits = _reach(sides[0], share), _reach(sides[1], share)
    for side, hit in zip(sides, hits, strict=True):
        side["hit"] = hit
    return Matching(sides[0], sides[1], pairs, rule, share)


def _prepare(layer: gpd.GeoDataFrame, key: str, what: str) -> gpd.GeoDataFrame:
    if key not in layer.columns:
        raise SchemaError("accuracy.no_column", column=key, columns=", ".join(map(str, layer.columns)))
    if layer.crs is None:
        raise CRSError("errors.no_crs", what=what)
    if not layer[key].is_unique:
        twice = layer[key][layer[key].duplicated()].astype(str)
        raise SchemaError("accuracy.double_id", column=key, values=", ".join(twice.head(5)))
    return layer.sort_values(key, ignore_index=True)


def _reach(side: pd.DataFrame, share: float) -> Any:
    """Return where the limit is reached; half of a square is half, whatever its last digits say."""
    return side["share"].to_numpy() >= share - 1e-6


def _name(layer: gpd.GeoDataFrame) -> str:
    code = layer.crs.to_epsg()
    return f"EPSG:{code}" if code else str(layer.crs.name)


def _none() -> np.ndarray[Any, np.dtype[np.intp]]:
    return np.empty(0, np.intp)


def _areas(geometries: Any, crs: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    if not len(geometries):
        return np.empty(0)
    return np.asarray(ellipsoidal_area(_polygons(geometries), crs))


def _polygons(geometries: Any) -> Any:
    """Drop the points and lines that an intersection leaves where two polygons merely touch."""
    flat = shapely.get_dimensions(geometries) < 2
    mixed = shapely.get_type_id(geometries) == shapely.GeometryType.GEOMETRYCOLLECTION
    result = np.where(flat, shapely.MultiPolygon(), geometries)
    for k in np.flatnonzero(mixed & ~flat):
        parts = shapely.get_parts(geometries[k])
        result[k] = shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
    return result


def _side(ids: Any, area: Any, own: Any, other: Any, i: Any, j: Any, crs: Any, index: str) -> pd.DataFrame:
    """Return one side's table; parcels of the other side that overlap each other count once."""
    partners = np.bincount(i, minlength=len(ids))
    covered = np.zeros(len(ids))
    rows = np.unique(i)
    if len(rows):
        unions = np.array([shapely.union_all(other[j[i == k]]) for k in rows], object)
        covered[rows] = _areas(shapely.intersection(own[rows], unions), crs)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(area > 0, covered / np.where(area > 0, area, 1), 0.0)
    return pd.DataFrame(
        {"area_m2": area, "covered_m2": covered, "share": share, "partners": partners},
        index=pd.Index(ids, name=index),
    )


def _assign(i: Any, j: Any, iou: Any, rows: int, columns: int, share: float) -> tuple[Any, Any]:
    table = np.zeros((rows, columns))
    table[i, j] = iou
    first, second = linear_sum_assignment(table, maximize=True)
    good = table[first, second] >= share
    hit, found = np.zeros(rows, bool), np.zeros(columns, bool)
    hit[first[good]], found[second[good]] = True, True
    return hit, found
