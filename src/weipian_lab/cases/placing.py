"""Where a scenario happens: a patch drawn on the county's real layers from a seed.

A patch is a rectangle along the field it lies on (or the outline of a road, an approval, a filing), as an
interpreter would draw it; what it stands on comes from the overlay, never from the recipe.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.random import Generator
from shapely import affinity

from weipian_lab.area import mu_to_m2
from weipian_lab.cases.ground import County, Ledger, road_surface
from weipian_lab.errors import InputError
from weipian_lab.rulebook import Rulebook

__all__ = ["Place", "Recipe", "place"]

# how a patch is drawn (teaching choices): tries, least parcel as a share of the patch, how much of it may
# lie outside the survey; how far inside an outline an interpreter draws, length to width, share of the field
TRIES, PARCEL_SHARE, UNCOVERED_SHARE = 400, 0.5, 0.01
DRAWN_INSIDE_M, ELONGATION, ACROSS_SHARE = (0.1, 0.6), (1.0, 2.2), 0.96


@dataclass(frozen=True)
class Recipe:
    """What a scenario needs of its place.

    Parameters
    ----------
    on
        "cultivated", "pbf", a layer name (YDSP, SSNYD, LSYD, NCDL), or "DLTB:" and the codes' beginning.
    low_mu, high_mu
        Area of the patch in 亩 (a layer's outline keeps its own area).
    fits
        Says whether a ledger suits.
    grow
        Share by which the outline of a layer's feature is outgrown (over-occupation).
    parts
        Number of parcels.
    feature
        Says whether a feature of the layer suits (row as a mapping); all do where it is None.
    scale
        Rule whose number of 亩 the cultivated basic farmland must reach, "" for none.
    """

    on: str
    low_mu: float = 0.5
    high_mu: float = 5.0
    fits: Callable[[Ledger], bool] = lambda ledger: True
    grow: float = 0.0
    parts: int = 1
    feature: Callable[[dict[str, object]], bool] | None = None
    scale: str = ""

    def suits(self, ledger: Ledger, book: Rulebook) -> bool:
        """Say whether a place with such a ledger will do."""
        least = book.number(self.scale) if self.scale else 0.0
        return min(ledger.mu("pbf"), ledger.mu("cultivated")) >= least and self.fits(ledger)


@dataclass(frozen=True)
class Place:
    """A patch on the ground with its overlay."""

    shape: shapely.Geometry
    ledger: Ledger
    feature: dict[str, object]
    parcels: tuple[shapely.Geometry, ...]


def place(county: County, recipe: Recipe, rng: Generator) -> Place:
    """Draw a place that suits a recipe.

    Raises
    ------
    InputError
        If the county has none after many tries; names what was sought.
    """
    layer = {"cultivated": "DLTB", "pbf": "YJJBNTTB"}.get(recipe.on, recipe.on.partition(":")[0])
    candidates = _candidates(county, layer, recipe)
    reach = county.book.number("T-SPLIT-DISTANCE")
    for _ in range(TRIES if len(candidates) else 0):
        row = candidates.iloc[int(rng.integers(len(candidates)))]
        parcels = _draw(row.geometry, recipe, rng)
        parcels += _neighbours(candidates, parcels[0], recipe, reach, rng)
        shape = shapely.union_all(parcels)
        if shape.is_empty or shape.area < 0.999 * sum(part.area for part in parcels):
            continue
        ledger = county.ledger(shape)
        suits = ledger.m2["uncovered"] < UNCOVERED_SHARE * ledger.m2["total"] and recipe.suits(
            ledger, county.book
        )
        if suits:
            feature = {k: v for k, v in row.items() if k != "geometry"}
            return Place(shape, ledger, feature, tuple(parcels))
    raise InputError("cases.no_place", on=recipe.on, low=recipe.low_mu, high=recipe.high_mu)


def _candidates(county: County, layer: str, recipe: Recipe) -> gpd.GeoDataFrame:
    frame = county.kept(recipe.on, lambda: _suitable(county, layer, recipe.on))
    if recipe.feature is not None:
        frame = frame[[recipe.feature(row._asdict()) for row in frame.itertuples(index=False)]]
    if layer in {"DLTB", "YJJBNTTB"}:
        frame = frame[frame.geometry.area >= PARCEL_SHARE * mu_to_m2(recipe.low_mu)]
    return frame


def _suitable(county: County, layer: str, on: str) -> gpd.GeoDataFrame:
    """Return the features of a layer that a recipe names, whatever their size."""
    frame = county.layers[layer]
    prefix = on.partition(":")[2]
    if prefix:
        return frame[frame["DLBM"].astype(str).str.startswith(prefix)]
    if layer == "DLTB":
        groups = [county.book.land_group(str(code), county.scheme) for code in frame["DLBM"]]
        return frame[np.asarray(groups) == "cultivated"]
    if layer == "NCDL":
        return frame.assign(geometry=road_surface(frame))
    return frame


def _draw(anchor: shapely.Geometry, recipe: Recipe, rng: Generator) -> list[shapely.Geometry]:
    if recipe.on in {"YDSP", "SSNYD", "LSYD", "NCDL"}:
        if recipe.grow:
            return [_outgrown(anchor, recipe.grow, rng)]
        shrunk = anchor.buffer(-float(rng.uniform(*DRAWN_INSIDE_M)), join_style="mitre")
        return [_largest(shrunk if not shrunk.is_empty else anchor)]
    return [_rectangle(anchor, recipe, rng)]


def _neighbours(
    candidates: gpd.GeoDataFrame, first: shapely.Geometry, recipe: Recipe, reach: float, rng: Generator
) -> list[shapely.Geometry]:
    """Draw the further parcels of one actor on land near the first."""
    if recipe.parts == 1:
        return []
    near = candidates.geometry.values[shapely.dwithin(candidates.geometry.values, first, reach)]
    return [_rectangle(near[int(rng.integers(len(near)))], recipe, rng) for _ in range(recipe.parts - 1)]


def _rectangle(anchor: shapely.Geometry, recipe: Recipe, rng: Generator) -> shapely.Geometry:
    """Draw a rectangle of the wanted area along the anchor's longer side, about a point inside it."""
    area = mu_to_m2(float(rng.uniform(recipe.low_mu, recipe.high_mu)))
    box = _largest(anchor).minimum_rotated_rectangle
    corners = np.asarray(box.exterior.coords)
    sides = np.diff(corners[:3], axis=0)
    lengths = np.hypot(*sides.T)
    along = sides[int(np.argmax(lengths))] / max(lengths.max(), 1e-9)
    width = min(float(lengths.min()) * ACROSS_SHARE, float(np.sqrt(area / rng.uniform(*ELONGATION))))
    length = area / max(width, 1.0)
    centre = _point_in(anchor, rng)
    block = shapely.box(-length / 2, -width / 2, length / 2, width / 2)
    angle = float(np.degrees(np.arctan2(along[1], along[0])))
    turned = affinity.rotate(block, angle, origin=(0, 0))
    return _rounded(affinity.translate(turned, *centre))


def _point_in(shape: shapely.Geometry, rng: Generator) -> tuple[float, float]:
    left, bottom, right, top = shape.bounds
    for _ in range(50):
        x, y = float(rng.uniform(left, right)), float(rng.uniform(bottom, top))
        if shapely.contains_xy(shape, x, y):
            return x, y
    point = shape.representative_point()
    return float(point.x), float(point.y)


def _outgrown(anchor: shapely.Geometry, share: float, rng: Generator) -> shapely.Geometry:
    """Add a strip on one side, as building beyond the approved line does."""
    outline = _largest(anchor)
    reach = share * outline.area / max(outline.length / 4, 1.0)
    angle = float(rng.choice([0, 90, 180, 270]))
    dx, dy = reach * np.cos(np.radians(angle)), reach * np.sin(np.radians(angle))
    moved = [affinity.translate(outline, dx * step, dy * step) for step in np.linspace(0, 1, 5)]
    return _rounded(_largest(shapely.union_all(moved)))


def _rounded(shape: shapely.Geometry) -> shapely.Geometry:
    """Round to 1 cm; the grid is taken off again, else overlays would snap their cuts to it."""
    return shapely.set_precision(shapely.set_precision(shape, 0.01), 0)


def _largest(shape: shapely.Geometry) -> shapely.Geometry:
    return max(getattr(shape, "geoms", [shape]), key=lambda part: float(part.area))
