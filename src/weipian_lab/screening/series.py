"""Further dates of the same place: does a patch still differ from its surroundings, and since when.

Crops of all fields change together with the season, a building does not.
So a patch is not compared with itself at another season but with the ground around it, at each date;
how much difference is usual is measured at places of the same shapes where no patch lies.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from weipian_lab import change, rasters
from weipian_lab.errors import WeipianError
from weipian_lab.rasters import ImagePath, Remark, open_pair
from weipian_lab.screening.pipeline import sample_tiles
from weipian_lab.screening.prepare import correction, measure_shift
from weipian_lab.screening.report import day_of
from weipian_lab.screening.surroundings import Later, differences, places_without
from weipian_lab.screening.views import PairView, View

__all__ = ["STATES", "SeriesFound", "close_series", "find_series", "follow", "open_series", "watch"]

Float = NDArray[np.float32]
STATES = ("lasting", "latest", "back", "green", "alike", "unseen")
_IMAGES = {".tif", ".tiff", ".jp2", ".vrt", ".img"}
_GREEN_NDVI = 0.4
_SHIFT_SIDE, _SHIFT_COUNT = 512, 3  # the ground around a patch forgives a little
_SAMPLE_SIDE, _SAMPLE_COUNT = 128, 16  # medians need no more
_USUAL = 0.95  # quantile of the difference at places without a patch


@dataclass(frozen=True)
class SeriesFound:
    """What the dates say of each patch.

    Attributes
    ----------
    patches
        One row a patch: ``patch_id``, ``state`` (one of :data:`STATES`), ``seen`` and ``differs`` (numbers
        of later dates), ``differed_before``, ``since`` and ``until`` (it came after the one and not after
        the other, ``YYYY-MM-DD``), ``longest_gap_days``.
    differences
        ``(patch, 1 + date)`` float32, root mean square over the bands of patch minus surroundings, in robust
        standard deviations of the scene; the first image comes first; NaN where too little is to be seen.
    ndvi
        ``(patch, 1 + date)`` float32.
    usual
        ``(1 + date,)``: the difference that 95 % of the places without a patch do not exceed.
    days
        The first image's date and the later ones.
    """

    patches: pd.DataFrame
    differences: Float
    ndvi: Float
    usual: Float
    days: tuple[date, ...]


def find_series(folder: str | Path, leave_out: Iterable[ImagePath] = ()) -> list[ImagePath]:
    """Return the images of a folder by name, without cloud masks (``_SCL``) and those left out.

    An image may be a file, a sub-folder of band files, or band files of one scene side by side.
    """
    skip = {file.resolve() for image in leave_out for file in _members(image)}
    together = rasters.groups(Path(folder))
    found: list[tuple[str, ImagePath]] = [
        (scene, files)
        for scene, files in together.items()
        if not skip.intersection(path.resolve() for path in files)
    ]
    for path in sorted(Path(folder).iterdir()):
        if path.is_dir() and rasters.holds_bands(path):
            if not skip.intersection(file.resolve() for file in _members(path)):
                found.append((path.name, path))
        elif _is_image(path) and not path.name.startswith(tuple(together)) and path.resolve() not in skip:
            found.append((path.name, path))
    return [image for _, image in sorted(found, key=lambda one: one[0])]


def _is_image(path: Path) -> bool:
    is_mask = path.stem.upper().endswith(("_SCL", "_QA_PIXEL"))
    return path.suffix.lower() in _IMAGES and not is_mask


def _members(image: ImagePath) -> list[Path]:
    """Return the files of an image; of a folder that is not one scene, the folder."""
    try:
        return rasters.read_files(image)
    except WeipianError:
        return [Path(one) for one in ([image] if isinstance(image, (str, Path)) else image)]


def _name(image: ImagePath) -> str:
    return Path(image if isinstance(image, (str, Path)) else image[0]).name


def open_series(
    before: ImagePath,
    paths: Sequence[ImagePath],
    *,
    register: bool = True,
    first_day: str = "",
    **opening: Any,
) -> tuple[list[Later], list[Remark]]:
    """Open further dates against the first image, in the order of their dates.

    Parameters
    ----------
    before
        First image.
    paths
        Further images; those that cannot be used are named in the remarks and left out.
    register
        Whether to take out the shift measured.
    first_day
        Day of the first image, ``YYYY-MM-DD``; "" for that in its tags.
    **opening
        As for :func:`weipian_lab.rasters.open_pair`.
    """
    found, remarks = [], []
    for path in paths:
        try:
            one, said = _open(before, path, register, first_day, opening)
        except WeipianError as error:
            one, said = None, [_left_out(path, str(error))]
        found += [one] if one else []
        remarks += said
    return sorted(found, key=lambda one: one.day), remarks


def _open(
    before: ImagePath, path: ImagePath, register: bool, first_day: str, opening: dict[str, Any]
) -> tuple[Later | None, list[Remark]]:
    source = open_pair(before, path, **opening)
    try:
        first = day_of(source, "before", first_day)
        day = day_of(source, "after") or rasters.day_in(_name(path))
        if not first or not day or day <= first:
            source.close()
            return None, [Remark("screening.series_not_later", {"name": _name(path), "day": day or "–"})]
        shift, remarks = measure_shift(source, _SHIFT_SIDE, _SHIFT_COUNT)
        far = next((remark for remark in remarks if remark.key == "screening.shift_large"), None)
        if far is not None:
            source.close()
            return None, [_left_out(path, far.text())]
        return watch(PairView(source, correction(shift, register)), day), []
    except WeipianError:
        source.close()
        raise


def _left_out(path: ImagePath, reason: str) -> Remark:
    return Remark("screening.series_left_out", {"name": _name(path), "reason": reason})


def close_series(dates: Iterable[Later]) -> None:
    """Close the images of a series."""
    for one in dates:
        one.view.source.close()


def watch(view: View, day: str) -> Later:
    """Return a pair ready to be looked at: level and spread of both images from its sample blocks."""
    tiles = sample_tiles(view, _SAMPLE_SIDE, _SAMPLE_COUNT)
    stats = []
    for i in (0, 1):
        pixels = np.concatenate([tile[i][:, tile[2]] for tile in tiles], axis=1)
        centre = np.median(pixels, axis=1)
        spread = 1.4826 * np.median(np.abs(pixels - centre[:, np.newaxis]), axis=1)
        stats.append((centre, np.where(spread > 0, spread, 1.0)))
    centres, scales = (np.stack(part).astype(np.float32) for part in zip(*stats, strict=True))
    return Later(date.fromisoformat(day), view, centres, scales)


def follow(
    frame: gpd.GeoDataFrame, dates: Sequence[Later], first_day: date | str, *, random_state: int = 0
) -> SeriesFound:
    """Look at each patch, and at as many places without one, at each date.

    Parameters
    ----------
    frame
        Patches with ``patch_id``, in the CRS of the pair.
    dates
        In the order of their days, the main pair's among them.
    first_day
        Day of the first image, ``YYYY-MM-DD``.
    random_state
        Seed of the places.
    """
    found, ndvi = differences(list(frame.geometry), dates)
    elsewhere, _ = differences(places_without(frame, dates[0].view.grid, random_state), dates)
    usual = np.array([_quantile(column) for column in elsewhere.T], np.float32)
    seen = np.isfinite(found)
    differs = seen & (found > usual)
    days = (date.fromisoformat(str(first_day)), *(one.day for one in dates))
    judged = change.summarise(_planes(found[:, 1:]), _planes(differs[:, 1:]), days)
    return SeriesFound(_table(frame, judged, differs, seen, ndvi), found, ndvi, usual, days)


def _quantile(values: Float) -> float:
    good = values[np.isfinite(values)]
    return float(np.quantile(good, _USUAL)) if len(good) else float("inf")


def _planes(values: NDArray[Any]) -> NDArray[Any]:
    """Return ``(patch, date)`` as ``(date, patch, 1)``: each patch stands for one pixel of a series."""
    return np.ascontiguousarray(values.T[:, :, np.newaxis])


def _table(
    frame: gpd.GeoDataFrame,
    judged: change.SeriesChange,
    differs: NDArray[np.bool_],
    seen: NDArray[np.bool_],
    ndvi: Float,
) -> pd.DataFrame:
    start = pd.Timestamp(judged.dates[0])
    since, until = (
        (start + pd.to_timedelta(pd.Series(days[:, 0].astype(float)), unit="D")).dt.strftime("%Y-%m-%d")
        for days in (judged.earliest, judged.latest)
    )
    return pd.DataFrame(
        {
            "patch_id": frame["patch_id"].to_numpy(),
            "state": _states(judged, differs[:, 1:], seen[:, 1:], ndvi[:, 1:]),
            "seen": seen[:, 1:].sum(axis=1),
            "differs": differs[:, 1:].sum(axis=1),
            "differed_before": differs[:, 0],
            "since": since.fillna("").to_numpy(),
            "until": until.fillna("").to_numpy(),
            "longest_gap_days": judged.longest_gap_days[:, 0].astype(int),
        }
    )


def _states(
    judged: change.SeriesChange, differs: NDArray[np.bool_], seen: NDArray[np.bool_], ndvi: Float
) -> list[str]:
    lasts, times = judged.changed[:, 0], judged.confirmations[:, 0]
    order = np.arange(1, differs.shape[1] + 1)
    first = np.where(differs, order, order[-1] + 1).min(axis=1)
    green = (np.nan_to_num(ndvi, nan=-1.0) >= _GREEN_NDVI) & (order > first[:, np.newaxis])
    choices = [
        ~seen.any(axis=1), green.any(axis=1), lasts & (times > 1), lasts, differs.any(axis=1)
    ]  # fmt: skip
    return list(np.select(choices, ["unseen", "green", "lasting", "latest", "back"], "alike"))
