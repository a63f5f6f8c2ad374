"""Choose where works happen and cut their ground: rectangles along the fields, of a wanted size."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.random import Generator
from numpy.typing import NDArray

from weipian_lab.simulate.land import Land

__all__ = ["Sites", "wanted_area"]

MU_M2 = 2000.0 / 3.0


def wanted_area(rng: Generator, size: str) -> float:
    """Return an area in m²; many lie near 5 and 10 亩, on both sides."""
    if size == "small":
        return float(MU_M2 * rng.uniform(0.7, 3.2))
    if size == "large":
        return float(MU_M2 * rng.lognormal(np.log(24.0), 0.45))
    if size == "any":
        size = str(rng.choice(["near5", "near10"]))
    if rng.random() < 0.3:
        return float(MU_M2 * rng.lognormal(np.log(5.5), 0.6))
    centre = 5.0 if size == "near5" else 10.0
    return float(MU_M2 * centre * np.clip(rng.normal(1.03, 0.1), 0.75, 1.5))


class Sites:
    """Farm cells of the county, each used once.

    Parameters
    ----------
    land
        The county's land.
    rng
        Stream that shuffles the cells.
    protected
        Which parcels are permanent basic farmland.
    """

    def __init__(self, land: Land, rng: Generator, protected: NDArray[np.bool_]) -> None:
        self.land = land
        self.protected = protected
        usable = np.flatnonzero(land.inside & (land.cell >= 0))
        rows = usable[np.argsort(land.cell[usable], kind="stable")]
        _, starts = np.unique(land.cell[rows], return_index=True)
        of_cell = np.split(rows, starts[1:])
        self.rows = [of_cell[i] for i in rng.permutation(len(of_cell)).tolist()]
        self.area = shapely.area(land.polygon)
        self.free = np.ones(len(self.rows), bool)
        # for each choice of kinds and of where: which parcels fit, and their area in each cell
        self._fits: dict[tuple[tuple[str, ...], str], tuple[NDArray[np.bool_], NDArray[np.float64]]] = {}

    def take(self, kinds: tuple[str, ...], minimum_m2: float, where: str = "any") -> NDArray[np.int64] | None:
        """Return rows of `kinds` of an unused cell with at least that area, or None.

        Parameters
        ----------
        where
            "any", "protected" (only parcels of basic farmland) or "half" (cells partly basic farmland).
        """
        key = (kinds, where)
        if key not in self._fits:
            fits = np.isin(self.land.kind, kinds)
            if where == "protected":
                fits = fits & self.protected
            room = np.array([self.area[rows[fits[rows]]].sum() for rows in self.rows])
            if where == "half":
                inside = np.array(
                    [self.area[rows[(fits & self.protected)[rows]]].sum() for rows in self.rows]
                )
                room[(inside < 0.2 * room) | (inside > 0.8 * room)] = 0.0
            self._fits[key] = fits, room
        fits, room_m2 = self._fits[key]
        large = np.flatnonzero(self.free & (room_m2 >= 1.25 * minimum_m2) & (room_m2 > 0.0))
        if not len(large):
            return None
        place = int(large[0])
        self.free[place] = False
        rows = self.rows[place]
        return np.asarray(rows[fits[rows]])

    def ground(
        self, rng: Generator, rows: NDArray[np.int64], area_m2: float, *, slender: float = 1.6
    ) -> shapely.Polygon:
        """Cut a piece of about `area_m2` from parcels `rows`, along their sides.

        Where the parcels are partly basic farmland, the piece lies across its border.
        """
        whole = _largest(shapely.union_all(self.land.polygon[rows]))
        start = self.land.polygon[rows[int(rng.integers(len(rows)))]]
        corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(start))
        side = corners[1] - corners[0]
        along = side / np.hypot(*side)
        pull = rng.uniform(0.2, 0.8)
        middle = shapely.get_coordinates(start.centroid)[0] * pull + shapely.get_coordinates(whole.centroid)[
            0
        ] * (1 - pull)
        ratio = rng.uniform(1.0, slender)
        border = self._border(rows)
        middle = middle if border is None else border
        scale = 1.0
        piece = whole
        for _ in range(6):
            piece = _largest(whole.intersection(_rectangle(middle, along, scale * area_m2, ratio)))
            if piece.is_empty:
                middle = shapely.get_coordinates(whole.representative_point())[0]
                continue
            if abs(piece.area / area_m2 - 1.0) < 0.01:
                break
            scale *= float(np.clip(area_m2 / piece.area, 0.5, 2.5))
        return shapely.set_precision(piece, 0.001)

    def _border(self, rows: NDArray[np.int64]) -> NDArray[np.float64] | None:
        """Return the middle of the border between the rows in basic farmland and the others, if they meet."""
        inside = self.protected[rows]
        if inside.all() or not inside.any():
            return None
        halves = (shapely.union_all(self.land.polygon[rows[part]]) for part in (inside, ~inside))
        edge = shapely.intersection(*halves)
        return None if edge.length == 0.0 else np.asarray(shapely.get_coordinates(edge.centroid)[0])

    @staticmethod
    def piece(rng: Generator, shape: shapely.Polygon, share: float) -> shapely.Polygon:
        """Cut a piece of about `share` of a parcel, along its sides."""
        corners = shapely.get_coordinates(shapely.minimum_rotated_rectangle(shape))
        side = corners[1] - corners[0]
        middle = shapely.get_coordinates(shape.representative_point())[0]
        box = _rectangle(
            middle, side / np.hypot(*side), shape.area * share * rng.uniform(0.9, 1.2), rng.uniform(1.0, 1.6)
        )
        return shapely.set_precision(_largest(shape.intersection(box)), 0.001)


def _rectangle(
    middle: NDArray[np.float64], along: NDArray[np.float64], area_m2: float, ratio: float
) -> shapely.Polygon:
    long, short = np.sqrt(area_m2 * ratio) / 2, np.sqrt(area_m2 / ratio) / 2
    across = np.array([-along[1], along[0]])
    return shapely.Polygon(
        [middle + a * long * along + b * short * across for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    )


def _largest(shape: shapely.Geometry) -> shapely.Polygon:
    parts = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon"]
    return max(parts, key=lambda p: p.area) if parts else shapely.Polygon()
