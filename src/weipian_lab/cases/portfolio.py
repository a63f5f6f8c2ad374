"""A county's portfolio: the patches of its batches with real overlays, sites joined, outcomes attached.

The overlay comes from the management layers. What really happened on a site, from when until when, comes from
the truth of the simulated county: it is the outcome model of a year, known to nobody who decides in it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from weipian_lab import vectors
from weipian_lab.area import m2_to_mu, round_half_up
from weipian_lab.cases.ground import County
from weipian_lab.errors import InputError
from weipian_lab.overlay import tabulate

__all__ = ["add_scores", "portfolio", "read_batches", "source_of"]

ILLEGAL = frozenset({"ILLEGAL_NONAG"})
ELSEWHERE = {"03": "FOREST", "11": "WATER", "10": "TRANSPORT"}
"""First digits of the survey's land class → matter of another department."""

SAME_SITE = 0.3
"""Share of the smaller patch from which two patches are one site."""


WRONG_FROM: Mapping[str, float] = {"DLTB": 0.5, "YDSP": 0.2, "SSNYD": 0.2}
"""Share of a patch on a wrong feature from which a visit finds the data wrong; a filing may have slipped."""


def source_of(name: str) -> str:
    """Return the source of a batch from its file's name: MNR_2024Q1, NX_DAILY_202408, MNR_2024_ANNUAL."""
    stem = Path(name).stem.upper()
    if stem.startswith("NX"):
        return "NX_DAILY"
    return "MNR_ANNUAL" if "ANNUAL" in stem else "MNR_QUARTERLY"


def read_batches(folder: Path | str, county: County) -> gpd.GeoDataFrame:
    """Read all batches of a folder in the county's CRS.

    Returns
    -------
    GeoDataFrame
        ``patch_id, batch, source, tblx, date_before, date_after`` (dates), in the order of the later image.

    Raises
    ------
    InputError
        If the folder holds no batch.
    """
    files = sorted(p for p in Path(folder).glob("*") if p.suffix.lower() in {".shp", ".gpkg", ".gdb"})
    if not files:
        raise InputError("year.no_batch", folder=Path(folder).name)
    parts = []
    for path in files:
        frame = vectors.read(path).frame.to_crs(county.crs)
        days = {
            new: [_day(x) for x in frame[old]] for new, old in (("date_before", "QSX"), ("date_after", "HSX"))
        }
        parts.append(
            gpd.GeoDataFrame(
                {
                    "patch_id": frame["JCBH"].astype(str).to_numpy(),
                    "batch": path.stem,
                    "source": source_of(path.name),
                    "tblx": frame["TBLX"].astype(str).to_numpy(),
                    **days,
                },
                geometry=frame.geometry.to_numpy(),
                crs=county.crs,
            )
        )
    whole = pd.concat(parts, ignore_index=True)
    return whole.sort_values(["date_after", "patch_id"], kind="stable", ignore_index=True)


def _day(value: object) -> dt.date:
    """Return a date written as YYYYMMDD or with dashes."""
    return dt.datetime.strptime(str(value).replace("-", "")[:8], "%Y%m%d").date()


def portfolio(
    batches: gpd.GeoDataFrame,
    county: County,
    found: pd.DataFrame,
    changes: gpd.GeoDataFrame,
    errors: Sequence[Mapping[str, str]] = (),
) -> gpd.GeoDataFrame:
    """Join patches, their overlay, and what the truth says of their sites.

    Parameters
    ----------
    batches
        What :func:`read_batches` returns.
    county
        Management layers.
    found
        ``patch_id, change_id, verdict`` of each patch (:func:`weipian_lab.simulate.field.found`).
    changes
        The county's changes with ``change_id, date_start, date_end, corrected``.
    errors
        Errors planted in the layers, each with ``layer`` and ``feature`` (its number in the layer).

    Returns
    -------
    GeoDataFrame
        The batches with ``cultivated_mu, pbf_mu`` (overlay of the patch), ``main_class``, ``kind``
        ("illegal", "not_illegal", "data_error", "other_department"), ``final_mu`` (farmland the site takes
        in the end),
        ``starts_on, ends_on, corrected_on``, ``joined`` (the earlier patch of the same site, "" if none).
    """
    frame = batches.merge(found[["patch_id", "change_id", "verdict"]], on="patch_id", how="left")
    land = _overlay(frame, county)
    frame["cultivated_mu"], frame["pbf_mu"] = _mu(land["cultivated"]), _mu(land["pbf"])
    frame["main_class"] = land["main"].to_numpy()
    known = changes.to_crs(county.crs).set_index("change_id")
    sites = _overlay(known.reset_index().rename(columns={"change_id": "patch_id"}), county)
    final = pd.Series(_mu(sites["cultivated"]), index=sites.index)
    rows = known.reindex(frame["change_id"])
    frame["final_mu"] = final.reindex(frame["change_id"]).fillna(0.0).to_numpy()
    for new, old in (("starts_on", "date_start"), ("ends_on", "date_end"), ("corrected_on", "corrected")):
        frame[new] = [_day(x) if str(x)[:2] == "20" else None for x in rows[old]]
    told = (frame[name] for name in ("verdict", "cultivated_mu", "main_class"))
    frame["kind"] = [_kind(*values) for values in zip(*told, strict=True)]
    wrong = _on_errors(frame, county, errors) & (frame["kind"] != "illegal").to_numpy()
    frame["kind"] = frame["kind"].mask(wrong, "data_error")
    frame["joined"] = _joined(frame)
    return frame


def _on_errors(
    frame: gpd.GeoDataFrame, county: County, errors: Sequence[Mapping[str, str]]
) -> NDArray[np.bool_]:
    """Say which patches stand on a parcel, an approval or a filing that is wrong."""
    shapes, hit = frame.geometry.to_numpy(), np.zeros(len(frame), dtype=bool)
    for layer, least in WRONG_FROM.items():
        features = county.layers[layer]
        ids = [error["feature"] for error in errors if error["layer"] == layer]
        named = features.drop(columns=features.geometry.name).isin(ids).any(axis=1)
        wrong = features.geometry[named].to_numpy()
        left, right = shapely.STRtree(wrong).query(shapes, predicate="intersects")
        share = shapely.area(shapely.intersection(shapes[left], wrong[right])) / shapely.area(shapes[left])
        hit[left[share >= least]] = True
    return hit


def _overlay(patches: gpd.GeoDataFrame, county: County) -> pd.DataFrame:
    """Return m² of cultivated land and basic farmland, and the class with most area, of each patch."""
    shapes = patches[["patch_id", "geometry"]]
    land = county.layers["DLTB"]
    codes = tabulate(shapes, land, "DLBM")
    group = {code: county.book.land_group(str(code), county.scheme) for code in codes.columns}
    tilled = [code for code, name in group.items() if name == "cultivated"]
    basic = tabulate(shapes, county.layers["YJJBNTTB"].assign(one="one"), "one")
    found = pd.DataFrame({"cultivated": codes[tilled].sum(axis=1), "main": codes.idxmax(axis=1).astype(str)})
    found["pbf"] = basic["one"].to_numpy() if "one" in basic else 0.0
    return found


def _mu(m2: pd.Series) -> NDArray[np.float64]:
    return np.asarray(round_half_up(m2_to_mu(m2.to_numpy())), dtype=float)


def _kind(verdict: str, cultivated_mu: float, main: str) -> str:
    """Return what a visit finds: a breach on farmland, another department's matter, wrong data, nothing."""
    if verdict in ILLEGAL:
        return "illegal"
    if verdict not in {"PSEUDO_CHANGE", "NO_CLASS_CHANGE"} or cultivated_mu > 0:
        return "not_illegal"
    return "other_department" if main[:2] in ELSEWHERE else "not_illegal"


def _joined(frame: gpd.GeoDataFrame) -> list[str]:
    """Return for each patch the first patch of its site, "" where it is that one itself.

    Patches of one change are one site, and patches that cover one another.
    """
    shapes = frame.geometry.to_numpy()
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    smaller = np.minimum(shapely.area(shapes[left]), shapely.area(shapes[right]))
    same = shapely.area(shapely.intersection(shapes[left], shapes[right])) >= SAME_SITE * smaller
    first = np.arange(len(frame))
    for i, j in zip(left[same], right[same], strict=True):
        if j < i:
            first[i] = min(first[i], first[j])
    change = frame["change_id"].to_numpy()
    seen: dict[str, int] = {}
    for i, name in enumerate(change):
        first[i] = seen.setdefault(name, int(first[i])) if name else first[i]
    ids = frame["patch_id"].to_numpy()
    return ["" if first[i] == i else str(ids[first[i]]) for i in range(len(frame))]


def add_scores(frame: gpd.GeoDataFrame, screened: gpd.GeoDataFrame, column: str = "") -> pd.Series:
    """Return the highest score of the screened patches that touch each patch, the lowest where none does.

    Parameters
    ----------
    frame
        The portfolio.
    screened
        Patches of a screening with a score.
    column
        Its column; "" takes the first of ``confidence``, ``score_mean``, ``score``, ``score_max`` there is.

    Raises
    ------
    InputError
        If there is no such column.
    """
    known = [name for name in (column, "confidence", "score_mean", "score", "score_max") if name in screened]
    if not known or (column and column not in screened):
        raise InputError(
            "year.no_score", columns=", ".join(map(str, screened.columns)), column=column or "score"
        )
    values = screened[known[0]].to_numpy(dtype=float)
    there = screened.to_crs(frame.crs).geometry.to_numpy()
    left, right = shapely.STRtree(there).query(frame.geometry.to_numpy(), predicate="intersects")
    lowest = float(np.nanmin(values)) if len(values) else 0.0
    best = np.full(len(frame), lowest)
    np.maximum.at(best, left, np.nan_to_num(values[right], nan=lowest))
    return pd.Series(best, index=frame.index)
