"""Sizes of the teaching county: where it lies, how large it is, which images are made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from affine import Affine

from weipian_lab.errors import ParameterError
from weipian_lab.grid import Grid

__all__ = ["BANDS", "DEFAULT_SEED", "IMAGE_CRS", "LAYER_CRS", "SIZES", "Scene", "Size", "size_named"]

BANDS = ("B02", "B03", "B04", "B08", "B11", "B12")
IMAGE_CRS = "EPSG:32648"
LAYER_CRS = "EPSG:4523"
RES_M = 10
DEFAULT_SEED = 20240313


@dataclass(frozen=True, slots=True)
class Scene:
    """One image to make.

    Parameters
    ----------
    day
        Acquisition date.
    cloud
        Wanted share of cloud, 0–1.
    snow
        Wanted share of snow cover, 0–1.
    haze
        Reflectance that haze adds in blue, 0–0.1.
    shift_px
        Registration error (columns, rows) in pixels.
    forgotten_offset
        Whether the file claims an old processing baseline while its numbers carry the offset of 1000.
    """

    day: date
    cloud: float = 0.0
    snow: float = 0.0
    haze: float = 0.0
    shift_px: tuple[float, float] = (0.0, 0.0)
    forgotten_offset: bool = False

    @property
    def stem(self) -> str:
        """File name without its suffix."""
        return f"S2SIM_{self.day:%Y%m%d}"


@dataclass(frozen=True, slots=True)
class Size:
    """Extent and images of a county.

    Parameters
    ----------
    west_m, north_m
        Upper left corner in :data:`IMAGE_CRS`.
    width_m, height_m
        Extent, multiples of 10 m.
    scenes
        Images, oldest first.
    busy
        Works begun, as a multiple of the usual; a small county needs more of them to hold as much change as
        the labelled scenes that detectors are judged on.
    """

    name: str
    west_m: int
    north_m: int
    width_m: int
    height_m: int
    scenes: tuple[Scene, ...]
    busy: float = 1.0

    @property
    def grid(self) -> Grid:
        """Grid of the images."""
        transform = Affine(RES_M, 0, self.west_m, 0, -RES_M, self.north_m)
        return Grid(IMAGE_CRS, transform, (self.height_m // RES_M, self.width_m // RES_M))


_SMALL = (
    Scene(date(2023, 7, 18), haze=0.004),
    Scene(date(2024, 4, 23), haze=0.012, shift_px=(-0.25, 0.3)),
    Scene(date(2024, 6, 12), cloud=0.14, haze=0.02, shift_px=(0.1, 0.1)),
    Scene(date(2024, 7, 17), haze=0.006, shift_px=(0.15, 0.1)),
    Scene(date(2024, 10, 15), haze=0.01, shift_px=(-0.3, 0.2)),
    Scene(date(2024, 11, 14), haze=0.012, shift_px=(0.1, -0.35), forgotten_offset=True),
)
_COUNTY = (
    Scene(date(2023, 4, 24), haze=0.01, shift_px=(0.1, 0.2)),
    Scene(date(2023, 7, 18), haze=0.004),
    Scene(date(2023, 8, 12), haze=0.01, cloud=0.05),
    Scene(date(2023, 10, 21), haze=0.008, shift_px=(0.2, -0.15)),
    Scene(date(2024, 1, 14), snow=0.6),
    Scene(date(2024, 4, 23), haze=0.012, shift_px=(-0.25, 0.3)),
    Scene(date(2024, 5, 18), haze=0.01),
    Scene(date(2024, 6, 12), cloud=0.14, haze=0.02, shift_px=(0.1, 0.1)),
    Scene(date(2024, 7, 17), haze=0.006, shift_px=(0.15, 0.1)),
    Scene(date(2024, 8, 26), cloud=0.08, haze=0.01),
    Scene(date(2024, 10, 15), haze=0.01, shift_px=(-0.3, 0.2)),
    Scene(date(2024, 11, 14), haze=0.012, shift_px=(0.1, -0.35), forgotten_offset=True),
)

SIZES = {
    "small": Size("small", 604_000, 4_256_000, 10_000, 10_000, _SMALL, busy=3.0),
    "county": Size("county", 596_000, 4_278_000, 44_000, 44_000, _COUNTY),
}


def size_named(name: str) -> Size:
    """Return the size called `name`.

    Raises
    ------
    ParameterError
        If there is none.
    """
    if name not in SIZES:
        raise ParameterError("errors.bad_choice", name="size", value=name, choices=", ".join(SIZES))
    return SIZES[name]
