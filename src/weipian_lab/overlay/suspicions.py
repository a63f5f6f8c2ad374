"""Patterns in which the management data and not the land user look wrong (notice 二(三), 容错纠错)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from weipian_lab import vectors
from weipian_lab.area import ellipsoidal_area, m2_to_mu
from weipian_lab.overlay.dates import day_of
from weipian_lab.overlay.ledger import Ledger
from weipian_lab.overlay.roles import EVIDENCE, ROLES
from weipian_lab.rulebook import Rulebook

__all__ = ["Suspicion", "suspicions"]

_AREAS = {"YDSP": "PZMJ", "SSNYD": "BAMJ", "LSYD": "PZMJ"}
_DATES = {"YDSP": ("PZRQ",), "SSNYD": ("BARQ",), "LSYD": ("PZRQ", "DQRQ")}
_NOTICED_M2 = 0.01


@dataclass(frozen=True)
class Suspicion:
    """A pattern met: `kind` of the rulebook's FEEDBACK list, `pattern` and `values` of its sentence."""

    patch_id: str
    kind: str
    pattern: str
    layer: str
    feature: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


def suspicions(
    ledger: Ledger,
    rulebook: Rulebook,
    sources: Mapping[str, vectors.Source],
    patches: pd.DataFrame | None = None,
) -> list[Suspicion]:
    """Return every pattern met under or near the patches; approvals and filings are looked at throughout.

    Parameters
    ----------
    ledger
        With its pieces kept; without shapes nothing is said of shifts and overlaps.
    rulebook
        Its ``T-FEEDBACK-…`` and ``T-SLIVER-…`` give the limits.
    sources
        The layers that the ledger was made from.
    patches
        With ``patch_id`` and ``date_after``.
    """
    return [
        *_built(ledger, rulebook),
        *_survey_overlaps(ledger),
        *_basic_farmland_overlaps(ledger, rulebook, sources),
        *_shifted(ledger, rulebook, sources),
        *_filings(ledger, rulebook, sources),
        *_late(ledger, patches),
    ]


def _built(ledger: Ledger, rulebook: Rulebook) -> Iterator[Suspicion]:
    """Find basic farmland over land that the survey shows as built."""
    mu = m2_to_mu(ledger.areas["pbf_construction"].fillna(0.0))
    for patch, area in mu[mu >= rulebook.number("T-SLIVER-MU")].items():
        yield Suspicion(str(patch), "PBF_MISDRAWN", "pbf_built", "YJJBNTTB", values={"area": f"{area:.2f}"})


def _survey_overlaps(ledger: Ledger) -> Iterator[Suspicion]:
    area = ledger.areas["survey_overlap"]
    for patch, value in area[area > _NOTICED_M2].items():
        yield Suspicion(str(patch), "OVERLAY_RULE", "survey_overlap", "DLTB", values={"area": f"{value:.2f}"})


def _basic_farmland_overlaps(
    ledger: Ledger, rulebook: Rulebook, sources: Mapping[str, vectors.Source]
) -> Iterator[Suspicion]:
    """Find basic-farmland polygons near the patches that cover each other, broadly or along borders."""
    source = sources.get("YJJBNTTB")
    shapes = _shapes(ledger)
    if source is None or shapes is None or source.crs != ledger.crs:
        return
    found = source.meeting(_boxes(shapes, rulebook), ROLES["YJJBNTTB"].fields)
    one, other = shapely.STRtree(found.geometry).query(found.geometry, predicate="intersects")
    pairs = np.column_stack([one, other])[one < other]
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    both = shapely.intersection(found.geometry[pairs[:, 0]], found.geometry[pairs[:, 1]])
    area_m2 = ellipsoidal_area(both, source.crs)
    width_m = 2 * shapely.area(both) / np.maximum(shapely.length(both), 1e-9)
    patches = _Near(ledger)
    labels = found.values["BSM"]
    for i in np.flatnonzero(m2_to_mu(area_m2) >= rulebook.number("T-SLIVER-MU")).tolist():
        thin = width_m[i] < rulebook.number("T-SLIVER-WIDTH")
        values = {
            "other": str(labels[pairs[i, 1]]),
            "area": f"{area_m2[i]:.2f}",
            "width": f"{width_m[i]:.2f}",
        }
        yield Suspicion(
            patches.meeting(both[i]), "PBF_MISDRAWN", "pbf_sliver" if thin else "pbf_overlap", "YJJBNTTB",
            str(labels[pairs[i, 0]]), values,
        )  # fmt: skip


def _shifted(
    ledger: Ledger, rulebook: Rulebook, sources: Mapping[str, vectors.Source]
) -> Iterator[Suspicion]:
    """Approvals and filings of a patch's shape that lie beside it: moved onto it they would fit."""
    shapes = _shapes(ledger)
    if shapes is None:
        return
    ids = ledger.areas.index
    for layer in (name for name in EVIDENCE if name in sources and sources[name].crs == ledger.crs):
        found = sources[layer].meeting(_boxes(shapes, rulebook), ROLES[layer].fields)
        reach = shapely.buffer(shapes, rulebook.number("T-FEEDBACK-NEAR"))
        for patch, feature in shapely.STRtree(found.geometry).query(reach).T.tolist():
            move = _slip(shapes[patch], found.geometry[feature], rulebook)
            if move:
                label = str(found.values[ROLES[layer].fields[0]][feature] or found.number[feature])
                yield Suspicion(str(ids[patch]), "FILING_WRONG", "shifted", layer, label, move)


def _slip(patch: Any, filed: Any, rulebook: Rulebook) -> dict[str, str] | None:
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
    return {
        "distance": f"{distance:.1f}",
        "bearing": f"{bearing:.0f}",
        "before": f"{before:.0%}",
        "after": f"{after:.0%}",
    }


def _iou(one: Any, other: Any) -> float:
    return float(shapely.intersection(one, other).area / shapely.union(one, other).area)


def _filings(
    ledger: Ledger, rulebook: Rulebook, sources: Mapping[str, vectors.Source]
) -> Iterator[Suspicion]:
    """Numbers left out, dates that do not exist, stated areas that are not those drawn; in whole layers."""
    for layer in (name for name in EVIDENCE if name in sources):
        source = sources[layer]
        if not np.isfinite(source.bounds).all():
            continue
        found = source.meeting(source.bounds[None], ROLES[layer].fields)
        near = _Near(ledger if source.crs == ledger.crs else None)
        key = ROLES[layer].fields[0]
        stated = pd.to_numeric(pd.Series(found.values[_AREAS[layer]]), errors="coerce").to_numpy(dtype=float)
        drawn = ellipsoidal_area(found.geometry, source.crs)
        same = np.abs(stated / np.maximum(drawn, 1e-9) - 1) <= rulebook.number("T-FEEDBACK-AREA")
        for i in range(len(found.number)):
            patterns: list[tuple[str, dict[str, Any]]] = []
            if _blank(found.values[key][i]):
                patterns.append(("no_number", {"field": key, "area": f"{drawn[i]:.2f}"}))
            for name in _DATES[layer]:
                value = found.values[name][i]
                if not _blank(value) and day_of(value) is None:
                    patterns.append(("bad_date", {"field": name, "value": str(value)}))
            if not same[i]:
                values = {"field": _AREAS[layer], "stated": f"{stated[i]:.2f}", "drawn": f"{drawn[i]:.2f}"}
                patterns.append(("area_differs", values))
            label = str(found.number[i] if _blank(found.values[key][i]) else found.values[key][i])
            for pattern, values in patterns:
                patch = near.meeting(found.geometry[i])
                yield Suspicion(patch, "FILING_WRONG", pattern, layer, label, values)


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
                label = "" if _blank(item[key]) else str(item[key])
                yield Suspicion(str(item["patch_id"]), "FILING_WRONG", "late", layer, label, values)


class _Near:
    """Finds the patches that a shape meets."""

    def __init__(self, ledger: Ledger | None) -> None:
        shapes = None if ledger is None else _shapes(ledger)
        self._ids = None if ledger is None or shapes is None else ledger.areas.index
        self._tree = None if shapes is None else shapely.STRtree(shapes)

    def meeting(self, shape: Any) -> str:
        """Return the ids of the patches, in order, joined by commas."""
        if self._tree is None or self._ids is None or shape is None:
            return ""
        return ", ".join(str(self._ids[i]) for i in sorted(self._tree.query(shape, predicate="intersects")))


def _shapes(ledger: Ledger) -> NDArray[np.object_] | None:
    shapes = ledger.shapes
    return None if shapes is None or shapely.is_missing(shapes).any() else shapes


def _boxes(shapes: NDArray[np.object_], rulebook: Rulebook) -> NDArray[np.float64]:
    reach = rulebook.number("T-FEEDBACK-NEAR")
    return np.asarray(shapely.bounds(shapes) + np.array([-reach, -reach, reach, reach]))


def _blank(value: Any) -> bool:
    return value is None or bool(pd.isna(value)) or not str(value).strip()
