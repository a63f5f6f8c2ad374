"""Permanent basic farmland drawn not as on the ground: over built land, twice, or beside parcels' borders.

土地管理法 art. 33 lets only cultivated land become permanent basic farmland, and the notice, 二(三), names
永久基本农田划定与实际不符 as a thing to report.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from weipian_lab import vectors
from weipian_lab.area import ellipsoidal_area, m2_to_mu
from weipian_lab.overlay.cutting import union_each
from weipian_lab.overlay.looking import Look, label, listed, width
from weipian_lab.overlay.roles import SURVEY
from weipian_lab.overlay.suspicion import Suspicion
from weipian_lab.rulebook import Rulebook

__all__ = ["farmland"]

_LAYER = "YJJBNTTB"
_KIND = "PBF_MISDRAWN"


def farmland(look: Look, rulebook: Rulebook, scheme: str) -> Iterator[Suspicion]:
    """Yield what is suspected of the layer of permanent basic farmland."""
    pairs, beside = [], set()
    for own in look.parts(_LAYER):
        parcels = look.around(SURVEY, own.geometry)
        yield from _built(own, parcels, look, rulebook, scheme)
        others = look.around(_LAYER, own.geometry)
        pairs.append(_pairs(own, others, look, rulebook))
        for found in _borders(own, others, parcels, look, rulebook):
            beside.add(found.feature)
            yield found
    if pairs:
        yield from _overlaps(pd.concat(pairs, ignore_index=True), beside, rulebook)


def _built(
    own: vectors.Features, parcels: vectors.Features, look: Look, rulebook: Rulebook, scheme: str
) -> Iterator[Suspicion]:
    """Find basic farmland over parcels that the survey books as built or as facilities."""
    groups, codes = (rulebook.rule(f"T-FEEDBACK-BUILT-{name}").value for name in ("GROUPS", "CODES"))
    held = parcels.values["DLBM"]
    built = np.array(
        [_is_built(str(code or ""), rulebook, scheme, groups, codes) for code in held], dtype=bool
    )
    rows = np.flatnonzero(built)
    one, other = shapely.STRtree(parcels.geometry[rows]).query(own.geometry, predicate="intersects")
    other = rows[other]
    pieces = shapely.intersection(own.geometry[one], parcels.geometry[other])
    wide = width(pieces) >= rulebook.number("T-SLIVER-WIDTH")
    one, other, pieces = one[wide], other[wide], pieces[wide]
    area_m2 = ellipsoidal_area(pieces, look.crs)
    whole_m2 = ellipsoidal_area(own.geometry, look.crs)
    for i in np.unique(one).tolist():
        mine = one == i
        area_mu = float(m2_to_mu(area_m2[mine].sum()))
        if area_mu < rulebook.number("T-FEEDBACK-BUILT-MU"):
            continue
        names = sorted({rulebook.land_name(str(held[k]), scheme) for k in other[mine]})
        values = {
            "area": f"{area_mu:.2f}",
            "share": f"{area_m2[mine].sum() / whole_m2[i]:.0%}",
            "classes": listed(names),
        }
        place = shapely.union_all(pieces[mine])
        yield Suspicion(look.patches(place), _KIND, "pbf_built", _LAYER, label(_LAYER, own, i), values)


def _is_built(code: str, rulebook: Rulebook, scheme: str, groups: list[str], codes: list[str]) -> bool:
    known = rulebook.land_codes(scheme).get(code)
    return known is not None and (known.group in groups or (scheme == "SANDIAO" and code in codes))


def _pairs(own: vectors.Features, others: vectors.Features, look: Look, rulebook: Rulebook) -> pd.DataFrame:
    """Return where two polygons of the layer cover each other; each pair in the part of its first."""
    one, other = shapely.STRtree(others.geometry).query(own.geometry, predicate="intersects")
    first = own.number[one] < others.number[other]
    one, other = one[first], other[first]
    both = shapely.intersection(own.geometry[one], others.geometry[other])
    table = pd.DataFrame(
        {
            "one": [label(_LAYER, own, i) for i in one.tolist()],
            "other": [label(_LAYER, others, i) for i in other.tolist()],
            "area_m2": ellipsoidal_area(both, look.crs),
            "width_m": width(both),
            "of_one": shapely.area(both) / shapely.area(own.geometry[one]),
            "of_other": shapely.area(both) / shapely.area(others.geometry[other]),
        }
    )
    large = m2_to_mu(table["area_m2"].to_numpy()) >= rulebook.number("T-SLIVER-MU")
    table["patch_id"] = [look.patches(shape) if kept else "" for shape, kept in zip(both, large, strict=True)]
    held: pd.DataFrame = table[large]
    return held


def _overlaps(pairs: pd.DataFrame, beside: set[str], rulebook: Rulebook) -> Iterator[Suspicion]:
    """Name in each pair the polygon that more of is covered by others; one row for each such polygon."""
    thin = pairs["width_m"] < rulebook.number("T-SLIVER-WIDTH")
    told = pairs["one"].isin(beside) | pairs["other"].isin(beside)
    for pattern, chosen in (("pbf_overlap", ~thin), ("pbf_sliver", thin & ~told)):
        own = pairs[chosen]
        ends = [own[[side, f"of_{side}"]].set_axis(["feature", "share"], axis=1) for side in ("one", "other")]
        covered = pd.concat(ends).groupby("feature")["share"].sum()
        first = (covered.reindex(own["one"]).to_numpy() >= covered.reindex(own["other"]).to_numpy()).astype(
            bool
        )
        named = own.assign(
            feature=own["one"].where(first, own["other"]), beside=own["other"].where(first, own["one"])
        )
        for feature, rows in named.groupby("feature", sort=True):
            area = rows["area_m2"]
            values = {
                "other": listed(sorted(rows["beside"])),
                "area": f"{area.sum():.2f}",
                "width": f"{(rows['width_m'] * area).sum() / area.sum():.2f}",
            }
            patches = ", ".join(dict.fromkeys(p for p in rows["patch_id"] if p))
            yield Suspicion(patches, _KIND, pattern, _LAYER, str(feature), values)


def _borders(
    own: vectors.Features, others: vectors.Features, parcels: vectors.Features, look: Look, rulebook: Rulebook
) -> Iterator[Suspicion]:
    """Borders that run a little beside those of the survey: strips over, and strips left out."""
    limit = rulebook.number("T-SLIVER-WIDTH")
    tree = shapely.STRtree(parcels.geometry)
    one, parcel = tree.query(own.geometry, predicate="intersects")
    pieces = shapely.intersection(own.geometry[one], parcels.geometry[parcel])
    thin = width(pieces) < limit
    strips_m2 = _sums(one[thin], pieces[thin], len(own.number))
    meant = rulebook.number("T-FEEDBACK-MEANT")
    most = shapely.area(pieces) >= meant * shapely.area(parcels.geometry[parcel])
    strips_m2 = strips_m2 + _left_out(
        one[most], parcels.geometry[parcel[most]], others, limit, len(own.number)
    )
    beside_m = strips_m2 / shapely.length(own.geometry)
    for i in np.flatnonzero(beside_m >= rulebook.number("T-FEEDBACK-BORDER")).tolist():
        values = {"width": f"{beside_m[i]:.2f}", "area": f"{strips_m2[i]:.2f}"}
        place = look.patches(own.geometry[i])
        yield Suspicion(place, _KIND, "pbf_border", _LAYER, label(_LAYER, own, i), values)


def _left_out(
    feature: NDArray[np.intp],
    parcels: NDArray[np.object_],
    others: vectors.Features,
    limit_m: float,
    count: int,
) -> NDArray[np.float64]:
    """Return the area of thin strips of parcels that the layer leaves out, by feature."""
    at, over = shapely.STRtree(others.geometry).query(parcels, predicate="intersects")
    rest = shapely.difference(parcels, union_each(others.geometry[over], at, len(parcels)))
    strips, of = shapely.get_parts(rest, return_index=True)
    thin = width(strips) < limit_m
    return _sums(feature[of[thin]], strips[thin], count)


def _sums(at: NDArray[np.intp], shapes: NDArray[np.object_], count: int) -> NDArray[np.float64]:
    """Return the sum of areas at each of `count` places."""
    # without shapes bincount forgets its weights and counts in whole numbers
    return np.bincount(at, shapely.area(shapes), minlength=count).astype(np.float64)
