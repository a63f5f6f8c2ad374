"""Make a whole county and write it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np

from weipian_lab import outputs, rasters, vectors
from weipian_lab.simulate.batches import write_batches
from weipian_lab.simulate.cropmap import crop_map
from weipian_lab.simulate.events import Event
from weipian_lab.simulate.exports import write_exports
from weipian_lab.simulate.history import make_history
from weipian_lab.simulate.land import Land, make_land
from weipian_lab.simulate.layers import DATA_YEAR, base_layers
from weipian_lab.simulate.permits import permit_layers
from weipian_lab.simulate.planted import plant
from weipian_lab.simulate.pseudo import make_pseudo
from weipian_lab.simulate.scene import TILE_PX, Renderer
from weipian_lab.simulate.sizes import BANDS, DEFAULT_SEED, Scene, Size, size_named
from weipian_lab.simulate.truth import truth_frame

__all__ = ["County", "make_county", "write_county"]

Progress = Callable[[str, int, int], None]
_SMALL_PIXELS = 1_000_000


def _image_options(size: Size) -> dict[str, Any]:
    """Return slow, tight compression for what is bundled; overviews and speed for what is large."""
    small = size.grid.shape[0] * size.grid.shape[1] <= _SMALL_PIXELS
    return (
        {"compress": "ZSTD", "level": 19, "overviews": "NONE"} if small else {"compress": "ZSTD", "level": 6}
    )


VERSION = "1"


@dataclass(frozen=True, slots=True)
class County:
    """A county in memory, without its images.

    Attributes
    ----------
    land
        Parcels.
    events
        True changes, then pseudo-changes.
    layers
        Management layers by name, with the planted errors.
    errors
        What was planted.
    """

    seed: int
    size: Size
    land: Land
    events: list[Event]
    layers: dict[str, gpd.GeoDataFrame]
    errors: list[dict[str, Any]]

    def render(self, scene: Scene) -> tuple[np.ndarray, np.ndarray]:
        """Return stored numbers ``(6, row, col)`` uint16 and scene classes ``(row, col)`` uint8."""
        parts = [p for e in self.events for p in e.parts]
        renderer = Renderer(self.seed, self.size, scene, self.land, parts)
        rows, cols = self.size.grid.shape
        image, scl = np.zeros((len(BANDS), rows, cols), np.uint16), np.zeros((rows, cols), np.uint8)
        for block in self.size.grid.blocks(TILE_PX):
            image[(slice(None), *block.slices)], scl[block.slices] = renderer.tile(block)
        return image, scl


def make_county(seed: int = DEFAULT_SEED, size: str | Size = "small") -> County:
    """Make land, changes and layers of a county.

    Parameters
    ----------
    seed
        Any whole number ≥ 0.
    size
        "small", "county" or a :class:`Size`.
    """
    extent = size_named(size) if isinstance(size, str) else size
    land = make_land(seed, extent)
    events = make_history(seed, land, extent.busy)
    taken = np.array([e.geometry for e in events], dtype=object)
    events = events + make_pseudo(seed, extent, land, taken)
    layers = base_layers(seed, land).frames | permit_layers(seed, land, events)
    layers, errors = plant(seed, layers, events)
    return County(seed, extent, land, events, layers, errors)


def write_county(
    seed: int = DEFAULT_SEED,
    size: str | Size = "small",
    out_dir: str | Path = "county",
    progress: Progress | None = None,
) -> Path:
    """Make a county and write its images, layers, batches and truth.

    Parameters
    ----------
    seed, size
        See :func:`make_county`.
    out_dir
        Folder to write to; made if absent.
    progress
        Called as ``progress(part, done, total)``.

    Returns
    -------
    Path
        `out_dir`.
    """
    out = Path(out_dir)
    tell = progress or (lambda part, done, total: None)
    county = make_county(seed, size)
    total = len(county.size.scenes) + 2
    tell("land", 1, total)
    for number, scene in enumerate(county.size.scenes):
        image, scl = county.render(scene)
        write_scene(out / "images", county, scene, image, scl)
        tell(scene.stem, number + 2, total)
    write_layers(out / "layers" / "county.gpkg", county.layers)
    write_batches(out / "batches", county.seed, county.land, county.events)
    vectors.write(out / "truth" / "changes.gpkg", truth_frame(county.events), layer="changes",
                  metadata={"simulated": "yes", "seed": seed})  # fmt: skip
    write_exports(out / "layers" / "exports", county.layers)
    rasters.write(
        out / "truth" / "crops.tif",
        crop_map(county.size, county.land),
        county.size.grid,
        descriptions=[str(y) for y in county.land.years],
        tags={"SIMULATED": "yes"},
        options=_image_options(county.size),
    )
    outputs.write_json(out / "truth" / "errors.json", {"seed": seed, "errors": county.errors})
    tell("layers", total, total)
    return out


def write_scene(folder: Path, county: County, scene: Scene, image: np.ndarray, scl: np.ndarray) -> None:
    """Write one scene and its classification, tagged as the real product would be, and as simulated."""
    baseline = "02.14" if scene.forgotten_offset else "05.10"
    tags = {
        "SIMULATED": "yes", "PROCESSING_BASELINE": baseline, "DATETIME": f"{scene.day:%Y-%m-%d}T03:35:00Z",
        "PRODUCT": "simulated Sentinel-2-like L2A", "SEED": county.seed,
    }  # fmt: skip
    # a scene whose offset was forgotten says that it has none
    offset = 0.0 if scene.forgotten_offset else -0.1
    rasters.write(
        folder / f"{scene.stem}.tif", image, county.size.grid, nodata=0, descriptions=BANDS, tags=tags,
        scale=1e-4, offset=offset, options=_image_options(county.size),
    )  # fmt: skip
    rasters.write(
        folder / f"{scene.stem}_SCL.tif", scl, county.size.grid, nodata=0, descriptions=("SCL",),
        tags={"SIMULATED": "yes", "DATETIME": tags["DATETIME"]}, options=_image_options(county.size),
    )  # fmt: skip


def write_layers(path: Path, layers: dict[str, gpd.GeoDataFrame]) -> None:
    """Write the management layers into one GeoPackage, each with scheme, year and version."""
    for number, (name, frame) in enumerate(layers.items()):
        metadata = {"dl_scheme": "SANDIAO", "data_year": DATA_YEAR, "version": VERSION, "simulated": "yes"}
        vectors.write(path, frame, layer=name, metadata=metadata, append=number > 0)
