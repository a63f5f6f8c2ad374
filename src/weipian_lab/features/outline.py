"""What the outline of a patch says: size, compactness, straightness."""

from __future__ import annotations

import numpy as np
import shapely
from pyproj import Geod

from weipian_lab.grid import Grid

__all__ = ["metres_per_unit", "outline"]


def outline(polygon: shapely.Geometry, unit_m: tuple[float, float], pixels: int) -> dict[str, float]:
    """Return the outline's figures, on the ground: coordinates times metres a unit."""
    ground = shapely.transform(polygon, lambda xy: xy * np.asarray(unit_m))
    area, length = float(ground.area), float(ground.length)
    box = shapely.minimum_rotated_rectangle(ground)
    corners = shapely.get_coordinates(box)
    sides = sorted(np.hypot(*np.diff(corners[:3], axis=0).T)) if len(corners) >= 4 else [1.0, 1.0]
    return {
        "shape_log_area": float(np.log(max(area, 1.0))),
        "shape_compactness": float(4 * np.pi * area / length**2) if length else 0.0,
        "shape_elongation": float(sides[0] / sides[1]) if sides[1] else 1.0,
        "shape_solidity": float(area / ground.convex_hull.area) if ground.convex_hull.area else 1.0,
        "shape_rectangularity": float(area / box.area) if box.area else 1.0,
        "shape_log_pixels": float(np.log(max(pixels, 1))),
    }


def metres_per_unit(grid: Grid) -> tuple[float, float]:
    """Return metres on the ground of one coordinate unit along x and y; of degrees, at the grid's middle."""
    if not grid.is_geographic:
        return 1.0, 1.0
    xmin, ymin, xmax, ymax = grid.bounds
    x, y = (xmin + xmax) / 2, (ymin + ymax) / 2
    geod = Geod(ellps="WGS84")
    return geod.inv(x - 0.005, y, x + 0.005, y)[2] * 100, geod.inv(x, y - 0.005, x, y + 0.005)[2] * 100
