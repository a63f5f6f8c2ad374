"""容错纠错: patterns that suggest the layer is wrong and not the land user, as a sheet for the section.

Notice 二(三): the enforcement body reports in writing, the section verifies and confirms in writing,
and the case goes on under the attribute confirmed. The sheet suspects; it decides nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shapely

from weipian_lab import vectors
from weipian_lab.area import ellipsoidal_area, m2_to_mu
from weipian_lab.overlay.ledger import Ledger
from weipian_lab.overlay.roles import EVIDENCE, ROLES
from weipian_lab.rulebook import Rulebook
from weipian_lab.text import current, t

__all__ = ["COLUMNS", "compare", "feedback"]

COLUMNS = (
    "feedback_id",
    "patch_id",
    "kind",
    "pattern",
    "layer",
    "layer_version",
    "feature",
    "sentence",
    "section",
    "rule_id",
    "cite",
    "sent_on",
    "reply_on",
    "reply",
    "new_attribute",
)
_RULE = "NX2024-2.3-FEEDBACK"
_AREA_DIFFERS = 0.05  # share by which a filed area may differ from its geometry before it is reported
_NOTICED_M2 = 0.01
_NEAR_M = 40.0  # how far a filing may have slipped to be recognised as shifted
_LIKE = 0.85  # overlap (intersection over union) after the shift from which the shapes count as alike


def feedback(ledger: Ledger, rulebook: Rulebook, sources: dict[str, vectors.Source]) -> pd.DataFrame:
    """Return the feedback sheet; the last four columns are for people to fill in.

    Parameters
    ----------
    ledger
        With its pieces kept.
    sources
        The layers that the ledger was made from.
    """
    rows = [
        *_misdrawn(ledger, rulebook),
        *_overlaps(ledger),
        *_filings(ledger),
        *_shifted(ledger, sources),
        *_attributes(sources),
    ]
    rule = rulebook.rule(_RULE)
    codes, lang = rulebook.codes("FEEDBACK"), current()
    table = []
    for number, (patch, kind, pattern, layer, feature, values) in enumerate(rows, 1):
        code: Any = codes[kind]
        table.append(
            {
                "feedback_id": f"FK{number:04d}",
                "patch_id": patch,
                "kind": kind,
                "pattern": pattern,
                "layer": layer,
                "layer_version": ledger.layers.get(layer, ""),
                "feature": feature,
                "sentence": t(f"overlay.feedback_{pattern}", lang=lang, **values),
                "section": getattr(code, "section", "") or "",
                "rule_id": rule.id,
                "cite": rule.cite(lang),
            }
        )
    filled = pd.DataFrame(table, columns=list(COLUMNS[:-4]), dtype=object)
    return filled.assign(**dict.fromkeys(COLUMNS[-4:], ""))


Row = tuple[str, str, str, str, str, dict[str, Any]]


def _misdrawn(ledger: Ledger, rulebook: Rulebook) -> list[Row]:
    """PBF over land that the survey shows as built."""
    limit = rulebook.number("T-SLIVER-MU")
    mu = m2_to_mu(ledger.areas["pbf_construction"].fillna(0.0))
    return [
        (str(p), "PBF_MISDRAWN", "pbf_built", "YJJBNTTB", "", {"area": f"{area:.2f}"})
        for p, area in mu[mu >= limit].items()
    ]


def _overlaps(ledger: Ledger) -> list[Row]:
    area = ledger.areas["survey_overlap"]
    return [
        (str(p), "OVERLAY_RULE", "survey_overlap", "DLTB", "", {"area": f"{value:.2f}"})
        for p, value in area[area > 0.01].items()
    ]


def _filings(ledger: Ledger) -> list[Row]:
    """Approvals and filings over patches that lack their number."""
    rows: list[Row] = []
    if not len(ledger.evidence):
        return rows
    for layer in EVIDENCE:
        own = ledger.evidence[ledger.evidence["layer"] == layer]
        key = ROLES[layer].fields[0]
        for _, item in own.iterrows():
            if pd.isna(item[key]) or not str(item[key]).strip():
                values = {"field": key, "area": f"{item['area_m2']:.2f}"}
                rows.append((str(item["patch_id"]), "FILING_WRONG", "no_number", layer, "", values))
    return rows


def _shifted(ledger: Ledger, sources: dict[str, vectors.Source]) -> list[Row]:
    """Approvals and filings of a patch's shape that lie beside it: moved onto it they would fit."""
    rows: list[Row] = []
    if ledger.shapes is None:
        return rows
    shapes, ids = ledger.shapes, ledger.areas.index
    for layer in (name for name in EVIDENCE if name in sources):
        boxes = shapely.bounds(shapes) + np.array([-_NEAR_M, -_NEAR_M, _NEAR_M, _NEAR_M])
        if not shapely.is_missing(shapes).any() and sources[layer].crs == ledger.crs:
            found = sources[layer].meeting(boxes, ROLES[layer].fields)
            pairs = shapely.STRtree(found.geometry).query(shapely.buffer(shapes, _NEAR_M))
            for patch, feature in pairs.T.tolist():
                move = _slip(shapes[patch], found.geometry[feature])
                if move:
                    label = str(found.values[ROLES[layer].fields[0]][feature] or found.number[feature])
                    rows.append((str(ids[patch]), "FILING_WRONG", "shifted", layer, label, move))
    return rows


def _slip(patch: Any, filed: Any) -> dict[str, str] | None:
    if not 0.7 < filed.area / patch.area < 1.4:
        return None
    dx, dy = (patch.centroid.x - filed.centroid.x, patch.centroid.y - filed.centroid.y)
    distance = float(np.hypot(dx, dy))
    if not 2.0 < distance <= _NEAR_M:
        return None
    moved = shapely.affinity.translate(filed, dx, dy)
    after, before = _iou(patch, moved), _iou(patch, filed)
    if after < _LIKE or after - before < 0.1:
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


def _attributes(sources: dict[str, vectors.Source]) -> list[Row]:
    """Filed areas that are not those of their geometry, and numbers given twice, in the whole layer."""
    rows: list[Row] = []
    for layer, field in (("YDSP", "PZMJ"), ("SSNYD", "BAMJ"), ("LSYD", "PZMJ")):
        if layer not in sources or not np.isfinite(sources[layer].bounds).all():
            continue
        found = sources[layer].meeting(sources[layer].bounds[None], ROLES[layer].fields)
        drawn = ellipsoidal_area(found.geometry, sources[layer].crs)
        stated = pd.to_numeric(pd.Series(found.values[field]), errors="coerce").to_numpy(dtype=float)
        labels = found.values[ROLES[layer].fields[0]]
        for i in np.flatnonzero(~(np.abs(stated / np.maximum(drawn, 1e-9) - 1) <= _AREA_DIFFERS)).tolist():
            values = {"field": field, "stated": f"{stated[i]:.2f}", "drawn": f"{drawn[i]:.2f}"}
            rows.append(
                ("", "FILING_WRONG", "area_differs", layer, str(labels[i] or found.number[i]), values)
            )
    return rows


def compare(before: Ledger, after: Ledger) -> pd.DataFrame:
    """Show an overlay before and after a reply side by side: one row for each patch and part that changed.

    Returns
    -------
    DataFrame
        ``patch_id, part, before_m2, after_m2, change_m2`` where the difference exceeds 0.01 m².
    """
    common = before.areas.index.intersection(after.areas.index)
    old, new = before.areas.loc[common].fillna(0.0), after.areas.loc[common].fillna(0.0)
    table = pd.DataFrame(
        {
            "patch_id": np.repeat(np.asarray(common, dtype=object), old.shape[1]),
            "part": np.tile(np.asarray(old.columns, dtype=object), len(common)),
            "before_m2": old.to_numpy().ravel(),
            "after_m2": new.to_numpy().ravel(),
        }
    )
    table["change_m2"] = table["after_m2"] - table["before_m2"]
    return table.loc[table["change_m2"].abs() > _NOTICED_M2].reset_index(drop=True)
