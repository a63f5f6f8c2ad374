"""Change over several dates: what stayed changed, since when, in which direction, and what grew back.

A pair is a series of two. Each later date is scored against the first one; a crop that was harvested comes
back, a building does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from weipian_lab.change.detectors import USUAL_RULES, score
from weipian_lab.change.indices import brightness as brightness_of
from weipian_lab.change.indices import ndvi
from weipian_lab.change.pixels import Float, Mask, as_cube
from weipian_lab.change.thresholds import Threshold, threshold
from weipian_lab.errors import GridError, InputError, ParameterError

__all__ = ["DIRECTIONS", "SeriesChange", "score_series", "summarise"]

# codes of SeriesChange.direction
DIRECTIONS = {0: "none", 1: "vegetation_lost", 2: "vegetation_gained", 3: "brighter", 4: "darker", 5: "other"}
_YEAR_DAYS = 365.25


@dataclass(frozen=True)
class SeriesChange:
    """What a series says of each pixel; all arrays are ``(row, col)``.

    Attributes
    ----------
    score
        float32, the mean score of the dates since the change that lasts (all later dates where there is
        none); NaN where no later date is valid.
    changed
        Changed at the last valid date.
    persistence
        float32 0–1: of the valid dates from the first changed one on, the share that is changed; NaN if none.
    confirmations
        Number of valid dates that bear out the lasting change; 1 is a single sighting.
    earliest, latest
        The change lies after the first and not after the second; days since the first date, NaN if none.
    regrown
        Was changed with vegetation lost, and is green again at a later date.
    direction
        uint8 code of :data:`DIRECTIONS`, from the lasting change.
    valid_dates
        Number of valid later dates.
    longest_gap_days
        Longest time between valid dates, the first date included.
    same_season
        float32 score of the last date against the date a year before it (within 45 days), or None.
    dates
        The dates.
    thresholds
        One for each later date.
    """

    score: Float
    changed: Mask
    persistence: Float
    confirmations: NDArray[np.int16]
    earliest: Float
    latest: Float
    regrown: Mask
    direction: NDArray[np.uint8]
    valid_dates: NDArray[np.int16]
    longest_gap_days: Float
    same_season: Float | None
    dates: tuple[date, ...]
    thresholds: tuple[Threshold, ...]

    @property
    def date_of_change(self) -> Float:
        """Days from the first date to the middle of the interval in which the change lies."""
        middle: Float = (self.earliest + self.latest) * np.float32(0.5)
        return middle

    @property
    def uncertainty_days(self) -> Float:
        """Half the length of that interval."""
        half: Float = (self.latest - self.earliest) * np.float32(0.5)
        return half


def score_series(
    images: Sequence[ArrayLike],
    dates: Sequence[date],
    method: str = "construction",
    valid: Sequence[ArrayLike | None] | None = None,
    *,
    rule: str | None = None,
    rule_options: dict[str, Any] | None = None,
    season_days: int = 45,
    green_ndvi: float = 0.4,
    random_state: int = 0,
    **options: Any,
) -> SeriesChange:
    """Score two or more dates of one place.

    Parameters
    ----------
    images
        ``(band, row, col)`` each, on one grid, in the order of `dates`.
    dates
        Strictly rising.
    method, **options
        As in :func:`~weipian_lab.change.score`.
    valid
        One mask a date, or None; cloudy pixels of a date are left out of that date only.
    rule, rule_options
        Threshold rule of each date's score; None for the method's usual one.
    season_days
        How far from a year apart two dates may lie to be of one season.
    green_ndvi
        NDVI from which a pixel counts as green (regrowth); the project's own choice.
    random_state
        Seed.

    Raises
    ------
    InputError, ParameterError, GridError
        If there are fewer than two dates, they do not rise, or shapes differ.
    """
    cubes = [as_cube(image, f"#{i}") for i, image in enumerate(images)]
    masks = _check(cubes, dates, valid)
    given = (
        {"rule": rule, **(rule_options or {})} if rule else dict(USUAL_RULES.get(method, {"rule": "otsu"}))
    )
    scores, flags, found = [], [], []
    for cube, mask in zip(cubes[1:], masks[1:], strict=True):
        both = mask & masks[0]
        if not both.any():
            scores.append(np.full(both.shape, np.nan, np.float32))
            found.append(Threshold(float("inf"), "no_valid_pixel", float("inf")))
        else:
            scores.append(score(cubes[0], cube, method, both, random_state, **options))
            found.append(threshold(scores[-1], **given))
        flags.append(found[-1].apply(scores[-1]))
    bands = options.get("bands")
    earlier = _same_season(dates, season_days)
    season = None
    if earlier is not None and (masks[earlier] & masks[-1]).any():
        season = score(cubes[earlier], cubes[-1], method, masks[earlier] & masks[-1], random_state, **options)
    return summarise(
        np.stack(scores),
        np.stack(flags),
        dates,
        greenness=_stacked([ndvi(cube, bands) for cube in cubes]),
        brightness=np.stack([brightness_of(cube, bands) for cube in cubes]),
        same_season=season,
        thresholds=tuple(found),
        green_ndvi=green_ndvi,
    )


def summarise(
    scores: Float,
    changed: Mask,
    dates: Sequence[date],
    *,
    greenness: Float | None = None,
    brightness: Float | None = None,
    same_season: Float | None = None,
    thresholds: tuple[Threshold, ...] = (),
    green_ndvi: float = 0.4,
) -> SeriesChange:
    """Return what the scores of later dates against the first one say together.

    Parameters
    ----------
    scores
        float32 ``(date − 1, row, col)``, NaN where cloudy.
    changed
        bool of the same shape: the score passed that date's threshold.
    dates
        All dates, the first included.
    greenness, brightness
        float32 ``(date, row, col)``: NDVI and mean visible reflectance, for regrowth and direction.
    """
    seen = np.isfinite(scores)
    changed = changed & seen
    order = np.arange(1, len(scores) + 1, dtype=np.int64)[:, np.newaxis, np.newaxis]
    last_unchanged = np.where(seen & ~changed, order, 0).max(axis=0)
    since = changed & (order > last_unchanged)
    confirmations = since.sum(axis=0)
    lasts = confirmations > 0
    first_changed = np.where(since, order, len(scores) + 1).min(axis=0)
    days = np.array([(d - dates[0]).days for d in dates], np.float32)
    reach = np.append(days, np.float32(np.nan))
    ever = np.where(changed, order, len(scores) + 1).min(axis=0)
    after_first = seen & (order >= ever)
    counted = np.maximum(after_first.sum(axis=0), 1)
    persistence = np.where(ever <= len(scores), changed.sum(axis=0) / counted, np.nan)
    used = np.where(lasts, since, seen)
    total = np.where(used, np.nan_to_num(scores), 0).sum(axis=0) / np.maximum(used.sum(axis=0), 1)
    return SeriesChange(
        score=np.where(seen.any(axis=0), total, np.nan).astype(np.float32),
        changed=lasts,
        persistence=persistence.astype(np.float32),
        confirmations=confirmations.astype(np.int16),
        earliest=np.where(lasts, days[last_unchanged], np.nan).astype(np.float32),
        latest=reach[np.where(lasts, first_changed, len(scores) + 1)].astype(np.float32),
        regrown=_regrown(changed, seen, greenness, green_ndvi),
        direction=_direction(lasts, since, greenness, brightness),
        valid_dates=seen.sum(axis=0).astype(np.int16),
        longest_gap_days=_longest_gap(seen, days),
        same_season=same_season,
        dates=tuple(dates),
        thresholds=thresholds,
    )


def _check(cubes: list[Float], dates: Sequence[date], valid: Sequence[ArrayLike | None] | None) -> list[Mask]:
    if len(cubes) < 2 or len(cubes) != len(dates):
        raise InputError("change.series_dates", images=len(cubes), dates=len(dates))
    if any(later <= earlier for earlier, later in pairwise(dates)):
        raise ParameterError("change.series_order", dates=", ".join(str(d) for d in dates))
    for cube in cubes[1:]:
        if cube.shape != cubes[0].shape:
            raise GridError("change.shapes_differ", before=cubes[0].shape, after=cube.shape)
    masks = []
    for cube, mask in zip(cubes, valid if valid is not None else [None] * len(cubes), strict=True):
        finite: Mask = np.asarray(np.isfinite(cube).all(axis=0))
        masks.append(finite if mask is None else finite & np.asarray(mask, bool))
    return masks


def _same_season(dates: Sequence[date], season_days: int) -> int | None:
    """Return the index of the date nearest to a year before the last, None if none is near enough."""
    apart = [abs((dates[-1] - d).days - _YEAR_DAYS) for d in dates[:-1]]
    nearest = int(np.argmin(apart))
    return nearest if apart[nearest] <= season_days else None


def _stacked(planes: list[Float | None]) -> Float | None:
    found = [plane for plane in planes if plane is not None]
    return np.stack(found) if found else None


def _regrown(changed: Mask, seen: Mask, greenness: Float | None, green_ndvi: float) -> Mask:
    """Return where a green pixel was changed and bare, and is green at a later valid date."""
    if greenness is None:
        return np.zeros(changed.shape[1:], bool)
    green = greenness[1:] >= green_ndvi
    bare = np.logical_or.accumulate(changed & ~green & seen, axis=0)
    back: Mask = np.asarray((bare[:-1] & green[1:] & seen[1:]).any(axis=0) & (greenness[0] >= green_ndvi))
    return back


def _direction(
    lasts: Mask, since: Mask, greenness: Float | None, brightness: Float | None, least: float = 0.15
) -> NDArray[np.uint8]:
    """Return what the lasting change did, from the means over its dates against the first date."""
    code = np.where(lasts, 5, 0).astype(np.uint8)
    count = np.maximum(since.sum(axis=0), 1)

    def moved(planes: Float) -> Float:
        later = np.where(since, np.nan_to_num(planes[1:]), 0).sum(axis=0) / count
        step: Float = (later - np.nan_to_num(planes[0])).astype(np.float32)
        return step

    if brightness is not None:
        step = moved(brightness) / np.maximum(np.abs(np.nan_to_num(brightness[0])), 1e-6)
        code[lasts & (step > least)] = 3
        code[lasts & (step < -least)] = 4
    if greenness is not None:
        step = moved(greenness)
        code[lasts & (step > least)] = 2
        code[lasts & (step < -least)] = 1
    return code


def _longest_gap(seen: Mask, days: Float) -> Float:
    """Return the longest time between valid dates; what follows the last one counts too."""
    longest = np.zeros(seen.shape[1:], np.float32)
    since = np.zeros(seen.shape[1:], np.float32)
    for at, plane in enumerate(seen, start=1):
        since += days[at] - days[at - 1]
        longest = np.maximum(longest, since)
        since = np.where(plane, np.float32(0), since)
    return longest
