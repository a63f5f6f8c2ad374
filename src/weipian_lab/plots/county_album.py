"""The pictures of a county on disk: to look at what the simulator made before it is used."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from weipian_lab import rasters, vectors
from weipian_lab.errors import InputError
from weipian_lab.grid import Grid
from weipian_lab.plots.base import save, setup
from weipian_lab.plots.simulate import LAYERS, layers, plate, year_sheet
from weipian_lab.rasters.clouds import SCL_NOT_CLEAR

__all__ = ["write_album"]

TRUE_COLOUR = ("B02", "B03", "B04")


def write_album(county: Path, out: Path) -> list[Path]:
    """Write the year in true colour, the layers over it, and each kind of change before and after.

    The plates read the sealed truth: they are for those who make or teach with a county, not for trainees.
    Bands are held as half floats, 6 bytes a pixel and date.

    Parameters
    ----------
    county
        Folder that :func:`weipian_lab.simulate.write_county` wrote.
    out
        Folder for ``year.png``, ``layers.png``, ``true_changes.png`` and ``pseudo_changes.png``.

    Raises
    ------
    InputError
        No image of a simulated county is in `county`.
    """
    setup()
    images, grid, avoid = _images(county)
    clear = {day: _clear(county / "images" / f"S2SIM_{day}_SCL.tif") for day in images}
    truth = vectors.read(county / "truth" / "changes.gpkg", layer="changes").frame.to_crs(grid.crs)
    truth["corrected"] = truth["corrected"].fillna("")
    frames = {name: vectors.read(county / "layers" / "county.gpkg", layer=name).frame for name in LAYERS}
    best = max((day for day in images if day not in avoid), key=lambda day: float(clear[day].mean()))
    out.mkdir(parents=True, exist_ok=True)
    written = [
        save(year_sheet(images), out / "year.png", width_px=1400),
        save(layers(images[best], grid, frames), out / "layers.png", width_px=1400),
    ]
    for name, is_true in (("true_changes", True), ("pseudo_changes", False)):
        figure = plate(truth, images, grid, is_true=is_true, clear=clear, avoid=avoid)
        written.append(save(figure, out / f"{name}.png", width_px=1600))
    return written


def _images(county: Path) -> tuple[dict[str, NDArray[np.float16]], Grid, set[str]]:
    """Return date → true colour bands, their grid, and the dates whose baseline is not that of the others."""
    images, baseline = {}, {}
    for path in sorted((county / "images").glob("S2SIM_????????.tif")):
        image = rasters.read(path, bands=TRUE_COLOUR)
        day, grid = path.stem.removeprefix("S2SIM_"), image.grid
        images[day] = image.data.astype(np.float16)
        baseline[day] = image.meta["baseline"]
    if not images:
        raise InputError("simulate.no_images", path=county)
    usual = Counter(baseline.values()).most_common(1)[0][0]
    return images, grid, {day for day, value in baseline.items() if value != usual}


def _clear(path: Path) -> NDArray[np.bool_]:
    classes = rasters.read(path, scale=1.0, offset=0.0).data[0]
    return np.asarray(~np.isin(classes, SCL_NOT_CLEAR))
