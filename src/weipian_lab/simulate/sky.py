"""What lies between the ground and the sensor: haze, cloud, cloud shadow, and snow on the ground."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weipian_lab.simulate.sizes import Scene, Size
from weipian_lab.simulate.streams import stream

__all__ = ["Sky"]

Array = NDArray[np.float64]
_SUN_AZIMUTH, _SUN_ELEVATION = np.radians(140.0), np.radians(62.0)
_WAVES = ((5_000.0, 6), (2_200.0, 7), (900.0, 8), (350.0, 8))


@dataclass(frozen=True, slots=True)
class Sky:
    """Fields of one scene over the whole county, evaluated anywhere.

    Parameters
    ----------
    seed
        Seed of the county.
    scene
        The scene; its cloud and snow shares set the fields' levels.
    size
        Extent over which the shares hold.
    """

    seed: int
    scene: Scene
    size: Size

    def _waves(self, name: str) -> Iterator[tuple[float, float, float, float]]:
        """(weight, wave number east, wave number north, phase) of each plane wave of a field."""
        rng = stream(self.seed, "sky", self.scene.stem, name)
        for length, waves in _WAVES:
            angle, phase = rng.uniform(0, 2 * np.pi, waves), rng.uniform(0, 2 * np.pi, waves)
            stretch = rng.uniform(0.7, 1.5, waves)
            for a, p, s in zip(angle.tolist(), phase.tolist(), stretch.tolist(), strict=True):
                k = 2 * np.pi / (length * s)
                yield (length / 5_000.0) ** 0.55, k * np.cos(a), k * np.sin(a), p

    def field(self, name: str, x: Array, y: Array) -> Array:
        """Cloud-like noise on the axes `x` (cols) and `y` (rows), metres."""
        total = np.zeros((len(y), len(x)))
        for weight, east, north, phase in self._waves(name):
            column, row = x * east + phase, y * north
            # sin(column + row) from its two axes: a plane wave at the price of two products
            total += weight * (
                np.sin(row)[:, None] * np.cos(column)[None, :]
                + np.cos(row)[:, None] * np.sin(column)[None, :]
            )
        return total

    def shade_at(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return how far the cloud field lies above its level at points ``(n,)``: cloud, shadow."""
        level, (dx, dy) = self.level("cloud", self.scene.cloud), self._toward_sun()
        over = []
        for px, py in ((x, y), (x + dx, y + dy)):
            over.append(self._field_at("cloud", px, py) - level)
        return over[0], over[1]

    def snow_at(self, x: Array, y: Array) -> Array:
        """Return the cover of snow, 0–1, at points ``(n,)``."""
        if self.scene.snow <= 0.0:
            return np.zeros(len(x))
        return _snow_cover(self._field_at("snow", x, y) - self.level("snow", self.scene.snow))

    def _field_at(self, name: str, x: Array, y: Array) -> Array:
        """As :meth:`field`, at points ``(n,)``."""
        waves = (w * np.sin(x * e + y * n + p) for w, e, n, p in self._waves(name))
        return np.asarray(np.sum(list(waves), axis=0))

    def _toward_sun(self) -> tuple[float, float]:
        """From a shaded place to the ground under the cloud that shades it, metres east and north."""
        height = float(stream(self.seed, "sky", self.scene.stem, "height").uniform(900.0, 1_600.0))
        reach = height / np.tan(_SUN_ELEVATION)
        return reach * np.sin(_SUN_AZIMUTH), reach * np.cos(_SUN_AZIMUTH)

    def level(self, name: str, share: float) -> float:
        """Value of the field above which `share` of the county lies."""
        west, south, east, north = self.size.grid.bounds
        x, y = np.linspace(west, east, 120), np.linspace(south, north, 120)
        return float(np.quantile(self.field(name, x, y), 1.0 - share))

    def cloud(self, x: Array, y: Array) -> tuple[Array, Array]:
        """Return opacity of cloud, 0–1, and shadow, 0–1, over ground at the axes `x` and `y`."""
        if self.scene.cloud <= 0.0:
            nothing = np.zeros((len(y), len(x)))
            return nothing, nothing.copy()
        level = self.level("cloud", self.scene.cloud)
        east, north = self._toward_sun()
        toward = (x + east, y + north)
        opacity = np.clip((self.field("cloud", x, y) - level) / 0.9, 0.0, 1.0)
        shadow = np.clip((self.field("cloud", *toward) - level) / 0.7, 0.0, 1.0)
        return opacity, shadow

    def haze(self, x: Array, y: Array) -> Array:
        """Reflectance that haze adds in blue."""
        if self.scene.haze <= 0.0:
            return np.zeros((len(y), len(x)))
        return np.asarray(self.scene.haze * np.clip(1.0 + 0.22 * self.field("haze", x, y), 0.1, 3.0))

    def snow(self, x: Array, y: Array) -> Array:
        """Cover of snow, 0–1."""
        if self.scene.snow <= 0.0:
            return np.zeros((len(y), len(x)))
        level = self.level("snow", self.scene.snow)
        return _snow_cover(self.field("snow", x, y) - level)


def _snow_cover(over: Array) -> Array:
    """Cover of snow from how far its field lies above its level."""
    return np.asarray(np.clip(over / 1.2 + 0.35, 0.0, 1.0))
