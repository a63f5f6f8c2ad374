"""Render images: parcels and events to stored numbers, tile by tile.

A pixel is the mean of 4 × 4 points on the ground, each a mix of its parcel's two covers; then the sensor's
blur, haze, cloud, shadow, noise and quantisation follow. B11 and B12 are made at 20 m.
Tiles are fixed in size and draw from their own streams, so that the image does not depend on their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import rasterize
from scipy import ndimage

from weipian_lab.grid import Block
from weipian_lab.simulate.events import Part
from weipian_lab.simulate.land import Land
from weipian_lab.simulate.scl import classify
from weipian_lab.simulate.sizes import RES_M, Scene, Size
from weipian_lab.simulate.sky import Sky
from weipian_lab.simulate.spectra import reflectance
from weipian_lab.simulate.streams import stream
from weipian_lab.simulate.surface import Surface, cover_on, surface
from weipian_lab.simulate.texture import grains, patches

__all__ = ["QUANTUM_DN", "TILE_PX", "Renderer"]

Floats = NDArray[np.float32]

TILE_PX = 250
HALO_PX = 6
SUB = 4
# Stored steps of each band: near the noise, so that files stay small and nothing real is lost.
QUANTUM_DN = (115, 115, 115, 210, 210, 210)
NOISE, NOISE_SHARE = 0.0010, 0.003
OFFSET_DN = 1000


class Renderer:
    """Renders the tiles of one scene.

    Parameters
    ----------
    seed, size, scene
        What to render.
    land
        All parcels.
    parts
        Pieces of ground that events have changed, with their stages.
    """

    def __init__(self, seed: int, size: Size, scene: Scene, land: Land, parts: Sequence[Part]) -> None:
        self.seed, self.size, self.scene, self.land = seed, size, scene, land
        self.sky = Sky(seed, scene, size)
        self.parts = [p for p in parts if p.cover_on(scene.day)]
        self.tree = shapely.STRtree(land.polygon)
        self.part_tree = shapely.STRtree([p.polygon for p in self.parts])
        self.table = _with_parts(surface(seed, land, scene.day), self.parts, scene.day)
        rng = stream(seed, "light", scene.stem)
        self.light = (1.0 + rng.normal(0.0, 0.02) + rng.normal(0.0, 0.006, 6)).astype(np.float32)

    def tile(self, block: Block) -> tuple[NDArray[np.uint16], NDArray[np.uint8]]:
        """Return stored numbers ``(6, h, w)`` and scene classes ``(h, w)`` of a block."""
        x, y = self._axes(block, 1)
        values = self._ground(block)
        snow = self.sky.snow(x, y).astype(np.float32)
        values += snow * (reflectance("snow").astype(np.float32)[:, None, None] - values)
        values *= self.light[:, None, None]
        opacity, shadow = (a.astype(np.float32) for a in self.sky.cloud(x, y))
        values = self._atmosphere(values, x, y, opacity, shadow)
        cut = (..., slice(HALO_PX, -HALO_PX), slice(HALO_PX, -HALO_PX))
        values = self._noisy(values[cut], block)
        scl = classify(values, opacity[cut], shadow[cut], snow[cut])
        return _stored(values), scl

    def _axes(self, block: Block, sub: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Ground coordinates of pixel (or point) centres of the block with its halo."""
        step = RES_M / sub
        rows, cols = (block.height + 2 * HALO_PX) * sub, (block.width + 2 * HALO_PX) * sub
        west = self.size.west_m + (block.col - HALO_PX - self.scene.shift_px[0]) * RES_M
        north = self.size.north_m - (block.row - HALO_PX - self.scene.shift_px[1]) * RES_M
        x, y = west + (np.arange(cols) + 0.5) * step, north - (np.arange(rows) + 0.5) * step
        return np.asarray(x, np.float64), np.asarray(y, np.float64)

    def _ids(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.int32]:
        """Row of the table at each point."""
        step = RES_M / SUB
        transform = Affine(step, 0, x[0] - step / 2, 0, -step, y[0] + step / 2)
        box = shapely.box(x[0] - step, y[-1] - step, x[-1] + step, y[0] + step)
        shape = (len(y), len(x))
        near = np.sort(self.tree.query(box))
        ids = rasterize(
            zip(self.land.polygon[near], near.tolist(), strict=True),
            out_shape=shape, transform=transform, fill=0, dtype="int32",
        )  # fmt: skip
        active = np.sort(self.part_tree.query(box))
        if len(active):
            rasterize(
                [(self.parts[i].polygon, len(self.land.kind) + i) for i in active.tolist()],
                out=ids, transform=transform,
            )  # fmt: skip
        return np.asarray(ids)

    def _ground(self, block: Block) -> Floats:
        """Mean reflectance of pixels ``(6, h, w)`` after the sensor's blur."""
        x, y = self._axes(block, SUB)
        ids = self._ids(x, y)
        table = self.table
        coarse_x, coarse_y = self._axes(block, 1)
        key = self.seed & 0xFFFF
        smooth = 0.6 * patches(coarse_x, coarse_y, 90.0, key) + 0.4 * patches(
            coarse_x, coarse_y, 28.0, key + 1
        )
        smooth = np.repeat(np.repeat(smooth, SUB, axis=0), SUB, axis=1)
        rough = table.rough[ids]
        noise = rough * grains(x, y, 9.0, key + 2) + (1 - rough) * smooth
        share = table.share[ids]
        mix = np.clip(share + (noise - 0.5) * (0.35 + 1.2 * rough) * np.minimum(1.0, 4 * share), 0.0, 1.0)
        bands = []
        for band in range(6):
            first = table.first[:, band][ids]
            point = first + mix * (table.second[:, band][ids] - first)
            bands.append(_sensor(point, coarse=band >= 4))
        return np.stack(bands)

    def _atmosphere(
        self, values: Floats, x: NDArray[np.float64], y: NDArray[np.float64], opacity: Floats, shadow: Floats
    ) -> Floats:
        colour = np.array([1.0, 0.72, 0.5, 0.25, 0.06, 0.03], np.float32)[:, None, None]
        values = values * (1.0 - 0.62 * shadow * np.array([0.8, 0.9, 1, 1, 1, 1], np.float32)[:, None, None])
        values = values + self.sky.haze(x, y).astype(np.float32) * colour
        white = np.array([0.62, 0.60, 0.60, 0.64, 0.42, 0.33], np.float32)[:, None, None]
        return np.asarray(values + opacity * (white - values), np.float32)

    def _noisy(self, values: Floats, block: Block) -> Floats:
        rng = stream(self.seed, "noise", self.scene.stem, block.row, block.col)
        noise = rng.standard_normal(values.shape, dtype=np.float32)
        noise[4:] = np.repeat(
            np.repeat(noise[4:, ::2, ::2], 2, axis=1), 2, axis=2
        )  # SWIR pixels are 20 m wide
        return np.asarray(values + noise * (NOISE + NOISE_SHARE * values), np.float32)


def _with_parts(base: Surface, parts: Sequence[Part], day: date) -> Surface:
    """Append a row for each changed piece of ground."""
    if not parts:
        return base
    tone = np.array([p.tone for p in parts])
    dust = np.array([p.dust for p in parts])[:, np.newaxis]
    soil = reflectance("soil_dry")

    def worn(covers: list[NDArray[np.float64]]) -> Floats:
        return np.asarray(np.array(covers) * tone * (1.0 - dust) + soil * dust, np.float32)

    first = worn([cover_on(p.cover_on(day), day) for p in parts])
    second = worn([cover_on(p.second, day) for p in parts])
    return Surface(
        np.concatenate([base.first, first]),
        np.concatenate([base.second, second]),
        np.concatenate([base.share, np.array([p.share for p in parts], np.float32)]),
        np.concatenate([base.rough, np.array([p.rough for p in parts], np.float32)]),
    )


def _sensor(points: Floats, *, coarse: bool) -> Floats:
    """Average points to pixels, blur as the sensor does; SWIR bands at 20 m, repeated to 10 m."""
    rows, cols = points.shape[0] // SUB, points.shape[1] // SUB
    if coarse:
        mean = points.reshape(rows // 2, 2 * SUB, cols // 2, 2 * SUB).mean(axis=(1, 3), dtype=np.float32)
        mean = ndimage.gaussian_filter(mean, 0.45, truncate=3.0)
        return np.asarray(np.repeat(np.repeat(mean, 2, axis=0), 2, axis=1))
    mean = points.reshape(rows, SUB, cols, SUB).mean(axis=(1, 3), dtype=np.float32)
    return np.asarray(ndimage.gaussian_filter(mean, 0.55, truncate=4.0))


def _stored(values: Floats) -> NDArray[np.uint16]:
    """Reflectance as stored: × 10000 + 1000, in steps; 0 is kept for no data."""
    quantum = np.array(QUANTUM_DN, np.float64)[:, None, None]
    steps = np.rint((values.astype(np.float64) * 10_000 + OFFSET_DN) / quantum) * quantum
    return np.clip(steps, quantum, 65_000).astype(np.uint16)
