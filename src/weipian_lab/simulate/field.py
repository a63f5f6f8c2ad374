"""Simulated field verification (核查举证): visits, photographs, disagreement, and what they find together."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.random import Generator

from weipian_lab import rasters, vectors
from weipian_lab.errors import InputError, ParameterError
from weipian_lab.simulate.cropmap import season_cause
from weipian_lab.simulate.sizes import IMAGE_CRS
from weipian_lab.simulate.streams import stream

__all__ = ["found", "photos", "verify", "visits"]

_WRONG = {"PSEUDO_CHANGE": "NO_CLASS_CHANGE", "ILLEGAL_NONAG": "FACILITY_AG", "FACILITY_AG": "ILLEGAL_NONAG"}


def found(
    patches: gpd.GeoDataFrame,
    truth: gpd.GeoDataFrame | str | Path,
    *,
    min_share: float = 0.25,
    crops: Path | None = None,
) -> pd.DataFrame:
    """Return what is really there under each patch.

    Parameters
    ----------
    patches
        With ``patch_id`` and a CRS; ``date_before`` and ``date_after`` (YYYYMMDD) are used where they stand.
    truth
        Layer ``changes`` of a county, or its file.
    min_share
        A change counts as what a patch shows if it covers this share of the patch,
        or the patch this share of it.
        True changes come before pseudo-changes, then the larger share.
    crops
        Crop map that names seasonal causes; None is the ``crops.tif`` beside the file of `truth`, if any.

    Returns
    -------
    DataFrame
        ``patch_id, change_id, verdict, cause``, one row a patch; `change_id` is "" where no change is listed.

    Raises
    ------
    InputError
        If the patches lack their number or a CRS.
    """
    if "patch_id" not in patches.columns or patches.crs is None:
        raise InputError("simulate.bad_patches", columns=", ".join(map(str, patches.columns)))
    file = Path(truth) if isinstance(truth, (str, Path)) else None
    frame = vectors.read(truth, layer="changes").frame if isinstance(truth, (str, Path)) else truth
    known = frame.to_crs(patches.crs)
    best = _best(patches.geometry.to_numpy(), known, min_share)
    table = pd.DataFrame({"patch_id": patches["patch_id"].astype(str).to_numpy()})
    for column in ("change_id", "verdict", "cause"):
        values = known[column].astype(str).to_numpy()
        table[column] = [values[j] if j >= 0 else "" for j in best.tolist()]
    none = (best < 0).tolist()
    table["verdict"] = [
        "PSEUDO_CHANGE" if missing else v for missing, v in zip(none, table["verdict"], strict=True)
    ]
    causes = _season_causes(patches, crops or (file.parent / "crops.tif" if file else None))
    table["cause"] = [
        season if missing else c for missing, season, c in zip(none, causes, table["cause"], strict=True)
    ]
    return table


def _best(shapes: np.ndarray, known: gpd.GeoDataFrame, min_share: float) -> np.ndarray:
    """Row of the change each patch shows, −1 for none."""
    changes = known.geometry.to_numpy()
    true = known["is_true"].to_numpy().astype(float)
    left, right = shapely.STRtree(changes).query(shapes, predicate="intersects")
    overlap = shapely.area(shapely.intersection(shapes[left], changes[right]))
    share = np.maximum(overlap / shapely.area(shapes[left]), overlap / shapely.area(changes[right]))
    order = np.lexsort((right, -share, -true[right], left))
    order = order[share[order] >= min_share]
    best = np.full(len(shapes), -1)
    patch, first = np.unique(left[order], return_index=True)
    best[patch] = right[order][first]
    return best


def _season_causes(patches: gpd.GeoDataFrame, crops: Path | None) -> list[str]:
    if crops is None or not crops.is_file() or not len(patches):
        return ["season"] * len(patches)
    image = rasters.read(crops, scale=1.0, offset=0.0)
    years = [int(name) for name in image.bands]
    points = shapely.get_coordinates(shapely.point_on_surface(patches.to_crs(IMAGE_CRS).geometry.to_numpy()))
    cols, rows = ~image.grid.transform @ (points[:, 0], points[:, 1])
    height, width = image.grid.shape
    row, col = np.clip(rows.astype(int), 0, height - 1), np.clip(cols.astype(int), 0, width - 1)
    dates = [
        (
            patches[c].astype(str).str.replace("-", "").to_list()
            if c in patches.columns
            else [""] * len(patches)
        )
        for c in ("date_before", "date_after")
    ]
    result = []
    grown = np.nan_to_num(image.data).astype(int)  # 0 where nothing is grown
    for i, (before, after) in enumerate(zip(*dates, strict=True)):
        code = [
            int(grown[years.index(y) if y in years else -1, row[i], col[i]])
            for y in (int(d[:4]) if d[:4].isdigit() else 0 for d in (before, after))
        ]
        known = before[:8].isdigit() and after[:8].isdigit()
        result.append(season_cause(code[0], code[1], before[:8] if known else "", after[:8] if known else ""))
    return result


def visits(
    patches: gpd.GeoDataFrame,
    truth: gpd.GeoDataFrame | str | Path,
    seed: int,
    *,
    min_share: float = 0.25,
    visited_on: str = "20241120",
    error_rate: float = 0.02,
    disagreement_rate: float = 0.05,
    missing_rate: float = 0.03,
    crops: Path | None = None,
) -> pd.DataFrame:
    """Return one row for each verifier who saw a patch (two, a third where they disagree).

    Parameters
    ----------
    seed
        Seed of the visits; a patch's own number draws its stream, so that order and selection do not matter.
    visited_on
        Last day of the visits, YYYYMMDD.
    error_rate
        Share of patches that all verifiers take for something else.
    disagreement_rate
        Share of patches whose two verifiers disagree.
    missing_rate
        Share of patches without evidence.
    crops
        As :func:`found`.

    Returns
    -------
    DataFrame
        ``patch_id, verifier, verdict, cause, visited_on, evidence``.
    """
    for name, rate in (
        ("error_rate", error_rate),
        ("disagreement_rate", disagreement_rate),
        ("missing_rate", missing_rate),
    ):
        if not 0.0 <= rate <= 1.0:
            raise ParameterError("simulate.bad_rate", name=name, value=rate)
    last = pd.Timestamp(visited_on)
    rows: list[tuple[str, str, str, str, str, str]] = []
    seen_there = found(patches, truth, min_share=min_share, crops=crops)
    for patch_id, _, verdict, cause in seen_there.itertuples(index=False):
        rng = stream(seed, "visit", patch_id)
        draw = rng.random(3)
        team = rng.permutation(12)[:3] + 1
        day = f"{last - pd.Timedelta(days=int(rng.integers(0, 25))):%Y%m%d}"
        wrong = _WRONG.get(verdict, "PSEUDO_CHANGE")
        seen = [wrong, wrong] if draw[0] < error_rate else [verdict, verdict]
        if draw[1] < disagreement_rate:
            seen = [
                seen[0],
                wrong if seen[0] != wrong else verdict,
                verdict if rng.random() < 0.7 else "UNDETERMINED",
            ]
        evidence = "" if draw[2] < missing_rate else f"photos:{int(rng.integers(3, 7))}"
        for person, opinion in zip(team.tolist(), seen, strict=False):
            rows.append(
                (patch_id, f"V{person:02d}", opinion, cause if opinion == verdict else "", day, evidence)
            )
    return pd.DataFrame(rows, columns=["patch_id", "verifier", "verdict", "cause", "visited_on", "evidence"])


def verify(
    patches: gpd.GeoDataFrame,
    truth: gpd.GeoDataFrame | str | Path,
    seed: int,
    *,
    min_share: float = 0.25,
    visited_on: str = "20241120",
    error_rate: float = 0.02,
    disagreement_rate: float = 0.05,
    missing_rate: float = 0.03,
    crops: Path | None = None,
) -> pd.DataFrame:
    """Return what the visits find together: the majority's verdict, else UNDETERMINED.

    Parameters are those of :func:`visits`.

    Returns
    -------
    DataFrame
        ``patch_id, verdict, cause, verified_on, verifier_count, evidence``.
    """
    seen = visits(
        patches, truth, seed, min_share=min_share, visited_on=visited_on, error_rate=error_rate,
        disagreement_rate=disagreement_rate, missing_rate=missing_rate, crops=crops,
    )  # fmt: skip
    rows = []
    for patch_id, group in seen.groupby("patch_id", sort=False):
        votes = group["verdict"].value_counts()
        agreed = int(votes.iloc[0]) * 2 > len(group)
        verdict = str(votes.index[0]) if agreed and group["evidence"].iloc[0] else "UNDETERMINED"
        causes = group.loc[group["verdict"] == verdict, "cause"].to_list()
        rows.append(
            (
                patch_id,
                verdict,
                causes[0] if causes else "",
                group["visited_on"].iloc[0],
                len(group),
                group["evidence"].iloc[0],
            )
        )
    return pd.DataFrame(
        rows, columns=["patch_id", "verdict", "cause", "verified_on", "verifier_count", "evidence"]
    )


def photos(
    patches: gpd.GeoDataFrame, verified: pd.DataFrame, seed: int, *, faulty_rate: float = 0.06
) -> pd.DataFrame:
    """Return the photographs' metadata; some are implausible.

    Parameters
    ----------
    verified
        Table of :func:`verify`; ``evidence`` says how many photographs each patch has.
    faulty_rate
        Share of photographs with a fault: looking away, taken far off, before the visit's year, or a copy.

    Returns
    -------
    DataFrame
        ``photo_id, patch_id, lon, lat, bearing_deg, taken_at, sha1, fault``; bearing clockwise from north;
        `fault` ("", "bearing", "far", "time", "copy") is the answer and belongs to the trainer.
    """
    centre = shapely.get_coordinates(
        shapely.point_on_surface(patches.to_crs("EPSG:4490").geometry.to_numpy())
    )
    where = dict(zip(patches["patch_id"].astype(str), centre.tolist(), strict=True))
    rows: list[list[object]] = []
    for patch_id, day, evidence in zip(
        verified["patch_id"], verified["verified_on"], verified["evidence"], strict=True
    ):
        count = int(str(evidence).partition(":")[2] or 0)
        rng = stream(seed, "photos", patch_id)
        for number in range(count):
            photo = _photo(rng, where[str(patch_id)], str(day), faulty_rate)
            if photo[-1] == "copy" and rows:
                photo[4] = rows[-1][6]
            rows.append([f"{patch_id}-{number + 1:02d}", patch_id, *photo])
    columns = ["photo_id", "patch_id", "lon", "lat", "bearing_deg", "taken_at", "sha1", "fault"]
    return pd.DataFrame(rows, columns=columns)


def _photo(rng: Generator, centre: list[float], day: str, faulty_rate: float) -> list[object]:
    fault = str(rng.choice(["bearing", "far", "time", "copy"])) if rng.random() < faulty_rate else ""
    angle, distance = rng.uniform(0.0, 360.0), rng.uniform(25.0, 140.0) * (30.0 if fault == "far" else 1.0)
    north, east = distance * np.cos(np.radians(angle)), distance * np.sin(np.radians(angle))
    lat = centre[1] + north / 111_000.0
    lon = centre[0] + east / (111_000.0 * np.cos(np.radians(centre[1])))
    bearing = (angle + 180.0 + rng.normal(0.0, 8.0) + (150.0 if fault == "bearing" else 0.0)) % 360.0
    taken = pd.Timestamp(day) + pd.Timedelta(minutes=int(rng.integers(8 * 60, 18 * 60)))
    taken -= pd.Timedelta(days=420 if fault == "time" else 0)
    sha1 = f"{int(rng.integers(0, 2**63)):016x}"
    return [
        round(float(lon), 6),
        round(float(lat), 6),
        round(float(bearing), 1),
        f"{taken:%Y-%m-%dT%H:%M}",
        sha1,
        fault,
    ]
