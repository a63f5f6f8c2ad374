"""Patterns in which the management data and not the land user look wrong (notice 二(三), 容错纠错)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import shapely

from weipian_lab import vectors
from weipian_lab.area import ellipsoidal_area
from weipian_lab.overlay.dates import day_of
from weipian_lab.overlay.farmland import farmland
from weipian_lab.overlay.ledger import Ledger
from weipian_lab.overlay.looking import Look, blank, label
from weipian_lab.overlay.roles import EVIDENCE, ROLES
from weipian_lab.overlay.stale import stale
from weipian_lab.overlay.suspicion import Suspicion
from weipian_lab.rulebook import Rulebook

__all__ = ["Suspicion", "suspicions"]

_AREAS = {"YDSP": "PZMJ", "SSNYD": "BAMJ", "LSYD": "PZMJ"}
_DATES = {"YDSP": ("PZRQ",), "SSNYD": ("BARQ",), "LSYD": ("PZRQ", "DQRQ")}


def suspicions(
    ledger: Ledger,
    rulebook: Rulebook,
    sources: Mapping[str, vectors.Source],
    patches: pd.DataFrame | None = None,
    *,
    throughout: bool = False,
    greenest: Mapping[str, float] | None = None,
) -> list[Suspicion]:
    """Return every pattern met; approvals and filings are looked at throughout.

    Parameters
    ----------
    ledger
        With its pieces kept; without shapes nothing is said of what lies near the patches.
    rulebook
        Its ``T-FEEDBACK-…`` and ``T-SLIVER-…`` give the limits.
    sources
        The layers that the ledger was made from.
    patches
        With ``patch_id`` and ``date_after``.
    throughout
        Look at the whole of the survey and of the basic farmland, part by part, not only near the patches.
    greenest
        Highest mean NDVI of a survey parcel (BSM) in any image; None leaves images out.
    """
    look = Look.of(ledger, sources, rulebook.number("T-FEEDBACK-NEAR"), throughout=throughout)
    return [
        *farmland(look, rulebook, ledger.scheme),
        *_survey_overlaps(ledger, rulebook),
        *stale(look, rulebook, ledger.scheme, greenest),
        *_shifted(look, rulebook),
        *_filings(look, rulebook),
        *_late(ledger, patches),
    ]


def _survey_overlaps(ledger: Ledger, rulebook: Rulebook) -> Iterator[Suspicion]:
    """Survey parcels that cover each other under a patch: the survey should be a coverage."""
    area = ledger.areas["survey_overlap"]
    for patch, value in area[area > rulebook.number("T-LEDGER-TOLERANCE")].items():
        yield Suspicion(str(patch), "OVERLAY_RULE", "survey_overlap", "DLTB", values={"area": f"{value:.2f}"})


def _shifted(look: Look, rulebook: Rulebook) -> Iterator[Suspicion]:
    """Approvals and filings of a patch's shape that lie beside it: moved onto it they would fit."""
    if not len(look.shapes):
        return
    like = rulebook.number("T-FEEDBACK-LIKE")
    for layer in (name for name in EVIDENCE if name in look.sources):
        found = look.around(layer, look.shapes, look.reach_m)
        tree = shapely.STRtree(found.geometry)
        pairs = tree.query(look.shapes, predicate="dwithin", distance=look.reach_m)
        best: dict[int, tuple[float, int, dict[str, str]]] = {}
        placed: set[int] = set()  # those that fit a patch where they lie
        for patch, feature in pairs.T.tolist():
            one, other = look.shapes[patch], found.geometry[feature]
            if _iou(one, other) >= like:
                placed.add(feature)
            move = _slip(one, other, rulebook)
            if move and move[0] > best.get(feature, (0.0,))[0]:
                best[feature] = (move[0], patch, move[1])
        for feature, (_, patch, values) in sorted(best.items()):
            if feature in placed:
                continue
            yield Suspicion(
                look.ids[patch], "FILING_WRONG", "shifted", layer, label(layer, found, feature), values
            )


def _slip(patch: Any, filed: Any, rulebook: Rulebook) -> tuple[float, dict[str, str]] | None:
    least = rulebook.number("T-FEEDBACK-SIZE")
    if not least < filed.area / patch.area < 1 / least:
        return None
    dx, dy = (patch.centroid.x - filed.centroid.x, patch.centroid.y - filed.centroid.y)
    distance = float(np.hypot(dx, dy))
    if not rulebook.number("T-FEEDBACK-LEAST") < distance <= rulebook.number("T-FEEDBACK-NEAR"):
        return None
    after, before = _iou(patch, shapely.affinity.translate(filed, dx, dy)), _iou(patch, filed)
    if after < rulebook.number("T-FEEDBACK-LIKE") or after - before < rulebook.number("T-FEEDBACK-GAIN"):
        return None
    bearing = float(np.degrees(np.arctan2(-dx, -dy)) % 360)
    return after, {
        "distance": f"{distance:.1f}",
        "bearing": f"{bearing:.0f}",
        "before": f"{before:.0%}",
        "after": f"{after:.0%}",
    }


def _iou(one: Any, other: Any) -> float:
    return float(shapely.intersection(one, other).area / shapely.union(one, other).area)


def _filings(look: Look, rulebook: Rulebook) -> Iterator[Suspicion]:
    """Numbers left out, dates that do not exist, stated areas that are not those drawn; in whole layers."""
    for layer in (name for name in EVIDENCE if name in look.sources):
        source = look.sources[layer]
        if not np.isfinite(source.bounds).all():
            continue
        found = source.meeting(np.asarray(source.bounds)[None], ROLES[layer].fields)
        # where the layer has another CRS than the survey, the patches a row meets are not named
        near = source.crs == look.crs
        drawn = ellipsoidal_area(found.geometry, source.crs)
        for i in range(len(found.number)):
            for pattern, values in _row(layer, found, i, float(drawn[i]), rulebook):
                patches = look.patches(found.geometry[i]) if near else ""
                yield Suspicion(patches, "FILING_WRONG", pattern, layer, label(layer, found, i), values)


def _row(
    layer: str, found: vectors.Features, row: int, drawn_m2: float, rulebook: Rulebook
) -> Iterator[tuple[str, dict[str, Any]]]:
    key, area = ROLES[layer].fields[0], _AREAS[layer]
    if blank(found.values[key][row]):
        yield "no_number", {"field": key, "area": f"{drawn_m2:.2f}"}
    for name in _DATES[layer]:
        value = found.values[name][row]
        if not blank(value) and day_of(value) is None:
            yield "bad_date", {"field": name, "value": str(value)}
    stated = float(pd.to_numeric(found.values[area][row], errors="coerce"))
    if not abs(stated / max(drawn_m2, 1e-9) - 1) <= rulebook.number("T-FEEDBACK-AREA"):
        yield "area_differs", {"field": area, "stated": f"{stated:.2f}", "drawn": f"{drawn_m2:.2f}"}


def _late(ledger: Ledger, patches: pd.DataFrame | None) -> Iterator[Suspicion]:
    """Approvals and filings over a patch that are dated after the image which already shows the change."""
    if patches is None or "date_after" not in patches.columns or not len(ledger.evidence):
        return
    seen = {str(k): day_of(v) for k, v in zip(patches["patch_id"], patches["date_after"], strict=True)}
    for layer in EVIDENCE:
        own = ledger.evidence[ledger.evidence["layer"] == layer]
        key, date_field = ROLES[layer].fields[:2]
        for _, item in own.iterrows():
            filed, image = day_of(item.get(date_field)), seen.get(str(item["patch_id"]))
            if filed is not None and image is not None and filed > image:
                values = {"field": date_field, "day": filed.isoformat(), "image": image.isoformat()}
                feature = "" if blank(item[key]) else str(item[key])
                yield Suspicion(str(item["patch_id"]), "FILING_WRONG", "late", layer, feature, values)
