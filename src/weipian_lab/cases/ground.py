"""The ground a case stands on: management layers of the county, and the overlay of a patch with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from weipian_lab import vectors
from weipian_lab.area import ellipsoidal_area, m2_to_mu, round_mu
from weipian_lab.errors import SchemaError
from weipian_lab.overlay import tabulate
from weipian_lab.rulebook import Rulebook

__all__ = ["LAYERS", "PARTS", "County", "Ledger"]

LAYERS: Mapping[str, str] = {
    "YJJBNTTB": "pbf",
    "STBHHX": "redline",
    "CZKFBJ": "urban",
    "YDSP": "approved",
    "SSNYD": "filed",
    "LSYD": "temporary",
    "NCDL": "road",
}
"""Management layers besides DLTB, with the ledger column that each gives."""

PARTS = ("cultivated", "other_agricultural", "construction", "unused", "uncovered")
"""Columns of a ledger that sum to its total."""


@dataclass(frozen=True)
class Ledger:
    """Areas of one patch in m² by what it stands on (ellipsoidal, CGCS2000)."""

    m2: Mapping[str, float]
    version: str

    def mu(self, column: str) -> float:
        """Return an area in 亩, half-up to 0.01."""
        return float(round_mu(max(self.m2[column], 0.0)))

    def table(self) -> pd.DataFrame:
        """Return the ledger as a table: column, m2, mu."""
        rows = [(name, round(value, 2), self.mu(name)) for name, value in self.m2.items()]
        return pd.DataFrame(rows, columns=["item", "area_m2", "area_mu"])


@dataclass(frozen=True, eq=False)
class County:
    """Management layers in one CRS, ready to be overlaid.

    Parameters
    ----------
    layers
        DLTB and the layers of :data:`LAYERS`, all in one projected CRS.
    book
        Rulebook that groups the land classes.
    scheme
        Land-class scheme of DLTB.
    version
        Version of the data, printed with each ledger.
    """

    layers: Mapping[str, gpd.GeoDataFrame]
    book: Rulebook
    scheme: str = "SANDIAO"
    version: str = "v1"
    _trees: dict[str, shapely.STRtree] = field(default_factory=dict)
    _kept: dict[str, gpd.GeoDataFrame] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path | str, book: Rulebook) -> County:
        """Read the layers from one file (GeoPackage).

        Raises
        ------
        InputError, SchemaError
            As :func:`weipian_lab.vectors.read`.
        """
        read = {name: vectors.read(path, layer=name) for name in ("DLTB", *LAYERS)}
        scheme = read["DLTB"].meta.dl_scheme or "SANDIAO"
        crs = read["DLTB"].frame.crs
        frames = {name: layer.frame.to_crs(crs) for name, layer in read.items()}
        return cls(frames, book, scheme, str(read["DLTB"].meta.version or "v1"))

    @property
    def crs(self) -> Any:
        """CRS of the layers."""
        return self.layers["DLTB"].crs

    def near(self, layer: str, shape: shapely.Geometry) -> gpd.GeoDataFrame:
        """Return the features of a layer whose boxes touch a shape's."""
        frame = self.layers[layer]
        if layer not in self._trees:
            self._trees[layer] = shapely.STRtree(frame.geometry.values)
        return frame.iloc[np.sort(self._trees[layer].query(shape))]

    def kept(self, name: str, select: Callable[[], gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
        """Return a selection of features under a name; it is made once, for a class asks many times."""
        if name not in self._kept:
            self._kept[name] = select()
        return self._kept[name]

    def ledger(self, shape: shapely.Geometry, *, without: Mapping[str, Any] | None = None) -> Ledger:
        """Overlay one patch with every layer.

        Parameters
        ----------
        shape
            Polygon in the county's CRS.
        without
            Layers to be corrected, ``{layer: shape that the correction takes out}``.

        Raises
        ------
        SchemaError
            If DLTB has no column DLBM.
        """
        patch = gpd.GeoDataFrame({"patch_id": ["P"]}, geometry=[shape], crs=self.crs)
        total = float(ellipsoidal_area([shape], self.crs)[0])
        found = {"total": total, **self._groups(patch, shape)}
        found["uncovered"] = max(0.0, total - sum(found[name] for name in PARTS[:-1]))
        for layer, column in LAYERS.items():
            found[column] = self._covered(layer, patch, shape, (without or {}).get(layer))
        found["outside_urban"] = max(0.0, total - found.pop("urban"))
        version = self.version + ("+" if without else "")
        return Ledger({name: float(value) for name, value in found.items()}, version)

    def _groups(self, patch: gpd.GeoDataFrame, shape: shapely.Geometry) -> dict[str, float]:
        near = self.near("DLTB", shape)
        if "DLBM" not in near.columns:
            raise SchemaError("cases.no_dlbm")
        groups = [self.book.land_group(str(code), self.scheme) for code in near["DLBM"]]
        table = _areas(patch, near.assign(group=groups), "group")
        return {name: table.get(name, 0.0) for name in PARTS[:-1]}

    def _covered(self, layer: str, patch: gpd.GeoDataFrame, shape: shapely.Geometry, taken: Any) -> float:
        near = self.near(layer, shape)
        if taken is not None:
            near = near.assign(geometry=near.geometry.difference(taken))
            near = near[~near.geometry.is_empty]
        if layer == "NCDL":
            near = near.assign(geometry=road_surface(near))
        return sum(_areas(patch, near.assign(one="one"), "one").values())


def road_surface(roads: gpd.GeoDataFrame) -> gpd.GeoSeries:
    """Return roads as surfaces: polygons as they are, lines widened to their KD (m)."""
    lines = roads.geometry.geom_type.str.contains("Line")
    if not bool(lines.any()):
        return roads.geometry
    widths = roads["KD"].astype(float).where(lines, 0.0) / 2
    return roads.geometry.where(~lines, roads.geometry.buffer(widths, cap_style="flat"))


def _areas(patch: gpd.GeoDataFrame, layer: gpd.GeoDataFrame, by: str) -> dict[str, float]:
    if layer.empty:
        return {}
    return {str(name): float(value) for name, value in tabulate(patch, layer, by).iloc[0].items()}


def mu_of(shape: shapely.Geometry, crs: Any) -> float:
    """Return the ellipsoidal area of a shape in 亩, not rounded."""
    return float(m2_to_mu(float(ellipsoidal_area([shape], crs)[0])))
