"""What grew where, as a raster: the seasons that explain a pseudo-change."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rasterio.features import rasterize

from weipian_lab.simulate.land import Land
from weipian_lab.simulate.season import CROPS
from weipian_lab.simulate.sizes import Size

__all__ = ["crop_map", "season_cause"]

ORCHARDS = ("vineyard", "orchard", "wolfberry")
OTHER = 0
_GREEN = range(6, 10)  # months when summer crops stand


def crop_map(size: Size, land: Land) -> NDArray[np.uint8]:
    """Return crop codes ``(year, row, col)``: 0 none, 1… as CROPS, then vineyard, orchard, wolfberry."""
    names = {name: code for code, name in enumerate((*CROPS, *ORCHARDS), start=1)}
    bands = []
    for year in range(len(land.years)):
        crop = np.where(np.isin(land.kind, ORCHARDS), land.kind, land.crop[:, year])
        code = np.array([names.get(c, OTHER) for c in crop.tolist()], np.uint8)
        rows = np.flatnonzero(code)
        bands.append(
            rasterize(
                zip(land.polygon[rows], code[rows].tolist(), strict=True),
                out_shape=size.grid.shape,
                transform=size.grid.transform,
                fill=OTHER,
                dtype="uint8",
            )
        )
    return np.stack(bands)


def season_cause(old: int, new: int, before: str, after: str) -> str:
    """Name the seasonal cause of a pseudo-change.

    Parameters
    ----------
    old, new
        Crop codes of the years of `before` and `after`.
    before, after
        Dates, YYYYMMDD; "" unknown.
    """
    if new == OTHER or not (before and after):
        return "season" if new else "mixed_or_unexplained"
    first, second = int(before[4:6]), int(after[4:6])
    crop = (*CROPS, *ORCHARDS)[new - 1]
    if second >= 11 and first >= 10:
        return "winter_irrigation"
    if before[:4] != after[:4] and abs(first - second) <= 1:
        return "crop_rotation" if old != new else "crop_vigour"
    if second >= 10 and first in _GREEN:
        return "vine_buried" if crop == "vineyard" and second >= 11 else "crop_harvest"
    if crop.startswith("wheat") and first <= 6 and second in (7, 8):
        return "wheat_ripening"
    if crop == "rice" and first <= 4 and second in (5, 6):
        return "flooded_paddy"
    return "crop_growth"
