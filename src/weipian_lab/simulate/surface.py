"""What every parcel reflects on a day: crop calendar, vigour, soil moisture, tone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from weipian_lab.simulate.land import KINDS, Land
from weipian_lab.simulate.season import CURVES, curve
from weipian_lab.simulate.spectra import reflectance
from weipian_lab.simulate.streams import stream

__all__ = ["Surface", "cover_on", "irrigation_days", "surface"]

Array = NDArray[np.float64]
_WATERED = ("field", "paddy", "garden_field", "vineyard", "orchard", "wolfberry")


@dataclass(frozen=True, slots=True)
class Surface:
    """Reflectance of the two parts each parcel's pixels are mixed of, and how they are mixed.

    Attributes
    ----------
    first, second
        ``(n, 6)`` float32 reflectance 0–1.
    share
        ``(n,)`` float32 mean share of the second part.
    rough
        ``(n,)`` float32, 0 smooth to 1 pixel by pixel.
    """

    first: NDArray[np.float32]
    second: NDArray[np.float32]
    share: NDArray[np.float32]
    rough: NDArray[np.float32]


def irrigation_days(seed: int, land: Land, year: int) -> tuple[Array, Array]:
    """Return each parcel's day of year of the spring and the winter irrigation; NaN if it gets none.

    A canal command is watered within a few days; orchards first, bare fields later.
    """
    rng = stream(seed, "irrigation", year)
    commands = int(land.command.max()) + 1
    spring, winter = rng.uniform(108.0, 136.0, commands), rng.uniform(297.0, 326.0, commands)
    n = len(land.kind)
    watered = np.isin(land.kind, _WATERED)
    late = rng.uniform(0.0, 4.0, n)
    orchard = np.isin(land.kind, ("vineyard", "orchard", "wolfberry"))
    in_winter = watered & (rng.random(n) < 0.86)
    in_spring = watered & (rng.random(n) < 0.8)
    winter_day = np.where(orchard, np.maximum(winter[land.command] - 9.0, 293.0), winter[land.command]) + late
    return np.where(in_spring, spring[land.command] + late, np.nan), np.where(in_winter, winter_day, np.nan)


def surface(seed: int, land: Land, day: date) -> Surface:
    """Return what each parcel of `land` reflects on `day` were nothing changed by man."""
    y = land.years.index(day.year)
    doy = float(day.timetuple().tm_yday)
    names = np.array([KINDS[k].cover for k in land.kind])
    names = np.where(names == "crop", land.crop[:, y], names)
    first = _grown(names, doy - land.shift_d[:, y])
    soil = reflectance("soil_dry")
    green = np.clip((_ndvi(first) - 0.2) / 0.4, 0.0, 1.0) * np.isin(land.kind, _WATERED)
    lost = (green * (1.0 - land.vigour[:, y]))[:, None]
    first = first * (1.0 - lost) + soil * lost
    seconds = np.array([KINDS[k].second for k in land.kind])
    poor = seconds == "poor"
    second = _grown(np.where(poor, "bare", seconds), doy - 0.5 * land.shift_d[:, y])
    second[poor] = 0.5 * first[poor] + 0.5 * soil
    wet = _wetness(seed, land, day.year, doy)
    first, second = _moisten(first, wet), _moisten(second, wet)
    rng = stream(seed, "state", f"{day:%Y%m%d}")  # tillage, dew, dust, weeds: no two days are alike
    n = len(land.kind)
    tone = (
        land.tone
        * _year_tone(seed, land, day.year)
        * np.exp((rng.normal(0.0, 0.054, (n, 1)) + _tints(rng, n, 0.052)) * _restless(land))
    )
    return Surface(
        (first * tone).astype(np.float32),
        (second * tone).astype(np.float32),
        np.array([KINDS[k].share for k in land.kind], np.float32),
        np.array([KINDS[k].rough for k in land.kind], np.float32),
    )


def _year_tone(seed: int, land: Land, year: int) -> Array:
    """Return ``(n, 6)`` factors of a year: varieties, sowing, soils turned up; fields differ most."""
    rng = stream(seed, "year", year)
    n = len(land.kind)
    strength = np.where(np.isin(land.kind, _WATERED), 1.0, 0.35)[:, None]
    return np.asarray(np.exp((rng.normal(0.0, 0.1, (n, 1)) + _tints(rng, n, 0.104)) * strength))


def _tints(rng: Generator, n: int, spread: float) -> Array:
    """Return ``(n, 6)`` deviations of `spread`: neighbouring bands go together, so that soils stay brown."""
    group = np.repeat(rng.normal(0.0, spread, (n, 3)), (3, 1, 2), axis=1)
    return np.asarray(group + rng.normal(0.0, 0.29 * spread, (n, 6)))


def _restless(land: Land) -> Array:
    """Water seen through waves and mud, and yards where things come and go, vary more than fields."""
    kinds = ("works", "store", "open", "facility", "farmyard", "house_row", "fish_pond", "farm_pond")
    return np.where(
        np.isin(land.kind, kinds),
        2.2,
        np.where(np.isin(land.kind, ("river", "lake", "expressway")), 0.0, 1.0),
    )[:, None]


def _grown(names: NDArray[np.str_], day: Array) -> Array:
    result = np.zeros((len(names), 6))
    for name in np.unique(names).tolist():
        rows = names == name
        result[rows] = curve(name, day[rows])
    return result


def _ndvi(values: Array) -> Array:
    return np.asarray((values[:, 3] - values[:, 2]) / (values[:, 3] + values[:, 2]))


def _wetness(seed: int, land: Land, year: int, doy: float) -> Array:
    """0 dry to 1 just irrigated; dries within weeks, slowly in November."""
    spring, winter = irrigation_days(seed, land, year)
    wet = np.zeros(len(land.kind))
    for started, lasts in ((spring, 7.0), (winter, 24.0)):
        since = doy - np.nan_to_num(started, nan=1e6)
        wet = np.maximum(wet, np.where(since >= 0.0, np.exp(-np.maximum(since, 0.0) / lasts), 0.0))
    return wet


def _moisten(values: Array, wet: Array) -> Array:
    """Darken what is bare as far as it is wet."""
    bare = np.clip(1.0 - (_ndvi(values) - 0.2) / 0.25, 0.0, 1.0)
    ratio = reflectance("soil_moist") / reflectance("soil_dry")
    return np.asarray(values * (1.0 - (wet * bare)[:, None] * (1.0 - ratio)))


def cover_on(name: str, day: date) -> Array:
    """Return ``(6,)`` reflectance of a curve or of a mix of end-members on `day`."""
    if name in CURVES:
        return np.asarray(curve(name, np.array([float(day.timetuple().tm_yday)]))[0])
    return reflectance(name)
