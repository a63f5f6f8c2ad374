"""Parcels booked as cultivated that look built long since: a class of the survey that is out of date.

Three signs, each a suspicion only: facility agriculture was filed there well before the survey's year;
settlement closes in on the parcel from all sides; no image of a season shows it green.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from weipian_lab import vectors
from weipian_lab.area import ellipsoidal_area, m2_to_mu
from weipian_lab.overlay.dates import day_of
from weipian_lab.overlay.looking import Look, label, listed
from weipian_lab.overlay.roles import SURVEY
from weipian_lab.overlay.suspicion import Suspicion
from weipian_lab.rulebook import Rulebook

__all__ = ["stale"]

_KIND = "OVERLAY_RULE"
_BY_IMAGE = ("class_bare", "class_dull")


def stale(
    look: Look, rulebook: Rulebook, scheme: str, greenest: Mapping[str, float] | None = None
) -> Iterator[Suspicion]:
    """Yield parcels whose class is suspected to be out of date.

    Of a parcel that a patch meets the images say nothing: what they show bare is the change itself.

    Parameters
    ----------
    scheme
        Scheme of the survey's land classes.
    greenest
        Highest mean NDVI (−1 to 1) of a parcel (BSM) in any image at hand; None leaves images out.
    """
    known = rulebook.land_codes(scheme)
    for own in look.parts(SURVEY):
        codes = [str(code or "").strip() for code in own.values["DLBM"]]
        group = np.array([known[c].group if c in known else "" for c in codes], dtype=object)
        rows = np.flatnonzero(group == "cultivated")
        if not len(rows):
            continue
        filed = _filed(own, rows, look, rulebook)
        border = _settled(own, rows, look, rulebook)
        area_mu = m2_to_mu(ellipsoidal_area(own.geometry[rows], look.crs))
        for place, row in enumerate(rows.tolist()):
            values = {
                "class_name": rulebook.land_name(codes[row], scheme),
                "area": f"{float(area_mu[place]):.2f}",
            }
            green = float((greenest or {}).get(str(own.values["BSM"][row]), np.nan))
            yield from _signs(own, row, look, rulebook, values, filed.get(row), border[place], green)


def _signs(
    own: vectors.Features,
    row: int,
    look: Look,
    rulebook: Rulebook,
    values: dict[str, Any],
    filed: dict[str, str] | None,
    border: float,
    green: float,
) -> Iterator[Suspicion]:
    limit = {
        name: rulebook.number(f"T-FEEDBACK-{name}") for name in ("AROUND", "ENCLOSED", "BARE", "NOT-GREEN")
    }
    pattern = ""
    if filed is not None:
        pattern, values = "class_filed", values | filed
    elif green < limit["BARE"]:
        pattern, values = "class_bare", values | {"ndvi": f"{green:.2f}"}
    elif border >= limit["AROUND"] and green < limit["NOT-GREEN"]:
        pattern, values = "class_dull", values | {"ndvi": f"{green:.2f}", "share": f"{border:.0%}"}
    elif border >= limit["ENCLOSED"] and np.isnan(green):
        pattern, values = "class_enclosed", values | {"share": f"{border:.0%}"}
    if pattern:
        patches = look.patches(own.geometry[row])
        if patches and pattern in _BY_IMAGE:
            return  # bare because of the change that the patch shows
        yield Suspicion(patches, _KIND, pattern, SURVEY, label(SURVEY, own, row), values)


def _filed(
    own: vectors.Features, rows: NDArray[np.intp], look: Look, rulebook: Rulebook
) -> dict[int, dict[str, str]]:
    """Return the parcels mostly under filings made well before the survey's year."""
    year = look.sources[SURVEY].meta.data_year
    if "SSNYD" not in look.sources or not year:
        return {}
    found = look.around("SSNYD", own.geometry[rows])
    days = [day_of(value) for value in found.values["BARQ"]]
    early = year - rulebook.number("T-FEEDBACK-FILED-YEARS")
    old = np.flatnonzero([day is not None and day.year <= early for day in days])
    at, which = shapely.STRtree(found.geometry[old]).query(own.geometry[rows], predicate="intersects")
    covered: dict[int, list[tuple[float, int]]] = {}
    for place, filing in zip(at.tolist(), old[which].tolist(), strict=True):
        parcel = own.geometry[rows[place]]
        share = shapely.intersection(parcel, found.geometry[filing]).area / parcel.area
        covered.setdefault(int(rows[place]), []).append((share, filing))
    least = rulebook.number("T-FEEDBACK-FILED-SHARE")
    return {
        row: {
            "share": f"{sum(share for share, _ in items):.0%}",
            "numbers": listed(
                label("SSNYD", found, filing) for _, filing in sorted(items, key=lambda i: i[1])
            ),
            "day": min(str(days[filing]) for _, filing in items),
        }
        for row, items in covered.items()
        if sum(share for share, _ in items) >= least
    }


def _settled(
    own: vectors.Features, rows: NDArray[np.intp], look: Look, rulebook: Rulebook
) -> NDArray[np.float64]:
    """Return the share of each parcel's border along land of settlements."""
    codes = rulebook.rule("T-FEEDBACK-SETTLED").value
    beside = look.around(SURVEY, own.geometry[rows])
    settled = beside.geometry[[str(code or "").strip() in codes for code in beside.values["DLBM"]]]
    at, which = shapely.STRtree(settled).query(own.geometry[rows], predicate="intersects")
    along = shapely.length(shapely.intersection(shapely.boundary(own.geometry[rows])[at], settled[which]))
    border = shapely.length(shapely.boundary(own.geometry[rows]))
    return np.asarray(np.bincount(at, along, minlength=len(rows)) / np.maximum(border, 1e-9))
