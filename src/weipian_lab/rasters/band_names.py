"""What the name of a band file says: the scene it is of, its band, its pixel size, the day, the maker."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from weipian_lab.rasters.bands import BAND_IN_NAME, canonical

__all__ = ["ATMOSPHERIC", "TILE", "Named", "day_in", "landsat", "named"]

ATMOSPHERIC = frozenset({"coastal", "water_vapour", "cirrus"})
"""Bands that see the air rather than the ground; a folder's are taken only when asked for."""

TILE = re.compile(r"(?:^|_)T\d{2}[A-Z]{3}_\d{8}T\d{6}$")
"""How the band files of a Sentinel-2 product begin, as ESA names them."""
_SUFFIXES = (".tif", ".tiff", ".jp2", ".vrt", ".img")
_WORDS = ("coastal", "blue", "green", "red", "rededge1", "rededge2", "rededge3", "nir", "nir08", "nir09")
_WORD = re.compile(rf"(?:^|[_.\- ])({'|'.join((*_WORDS, 'swir1', 'swir2', 'swir16', 'swir22'))})$", re.I)
# masks of the makers that lie among the bands; QI_DATA's MSK_… name a band too and are none
_MASK = re.compile(r"(?:^|[_.\- ])(SCL|QA_PIXEL)(?:_(\d+)m)?$", re.IGNORECASE)
_NO_BAND = re.compile(
    r"(?:^|[_.\- ])(MSK|ST|DETFOO|QUALIT|TCI|AOT|WVP|PVI|AUX|SAA|SZA|VAA|VZA)(?:[_.\-]|$)", re.I
)
_METRES = re.compile(r"(?:^|[_.\- ])(\d{1,3})m(?:[_.\- ]|$)", re.IGNORECASE)
_LANDSAT = re.compile(r"^(?:L[COTEM]0?([4-9])(?=[_\d])|HLS\.(L)30\.)")
# USGS, Landsat 8–9 and 4–7 Collection 2 Level 2 Science Product Guides: bands of OLI, and of TM and ETM+
_OLI = {1: "coastal", 2: "blue", 3: "green", 4: "red", 5: "nir", 6: "swir1", 7: "swir2"}
_TM = {1: "blue", 2: "green", 3: "red", 4: "nir", 5: "swir1", 7: "swir2"}
_DAY = re.compile(r"(?<!\d)((?:19|20)\d{2})([-_]?)([01]\d)\2([0-3]\d)(?!\d)")
_DAY_OF_YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})([0-3]\d{2})(?=T\d|\D|$)")


@dataclass(frozen=True, slots=True)
class Named:
    """A file of a scene.

    Attributes
    ----------
    path
        The file.
    scene
        What its name has before the band; the same for all files of a scene, "" for ``B04.tif``.
    band
        ``B04`` for Sentinel-2's numbering, ``red`` for Landsat's; "" for a mask.
    metres
        Pixel size that the name or folder states (``_10m``, ``R10m``), None if neither does.
    """

    path: Path
    scene: str
    band: str
    metres: int | None


def named(path: Path) -> Named | None:
    """Return what a file's name says; None if it names no band that shows the ground and no mask.

    >>> named(Path("T48SXJ_20240718T034531_B8A_20m.jp2")).band
    'B8A'
    >>> named(Path("LC08_L2SP_129034_20240718_20240725_02_T1_SR_B5.TIF")).band
    'nir'
    """
    if path.suffix.lower() not in _SUFFIXES:
        return None
    if mask := _MASK.search(path.stem):
        return Named(path, _head(path.stem, mask.start()), "", _metres(path))
    if _NO_BAND.search(path.stem):
        return None
    if hits := list(BAND_IN_NAME.finditer(path.stem)):
        band = _band(path.stem, hits[-1][1].upper())
        return Named(path, _head(path.stem, hits[-1].start()), band, _metres(path)) if band else None
    if word := _WORD.search(path.stem):
        return Named(path, _head(path.stem, word.start()), word[1].lower(), _metres(path))
    return None


def landsat(stem: str) -> dict[int, str] | None:
    """Return the bands of the Landsat sensor that a name states, by number; None for another maker's."""
    found = _LANDSAT.match(stem)
    if not found:
        return None
    return _OLI if found[2] or int(found[1]) >= 8 else _TM


def _band(stem: str, band: str) -> str:
    numbers = landsat(stem)
    if numbers is None:
        return band if canonical(band) != band.lower() else ""
    digits = band[1:]
    return numbers.get(int(digits), "") if digits.isdigit() else ""


def _head(stem: str, end: int) -> str:
    return re.sub(r"[_.\- ]SR$", "", stem[:end].rstrip("_.- "))


def _metres(path: Path) -> int | None:
    found = _METRES.search(path.stem) or re.fullmatch(r"R(\d{1,3})m", path.parent.name)
    return int(found[1]) if found else None


def day_in(name: str) -> str:
    """Return the first day in a name as ``YYYY-MM-DD``, "" if there is none; a product's is that of sensing.

    >>> day_in("LC08_L2SP_129034_20240718_20240725_02_T1"), day_in("HLS.L30.T48SXJ.2024200T034531.v2.0")
    ('2024-07-18', '2024-07-18')
    """
    for year, _, month, day in _DAY.findall(name):
        try:
            return date(int(year), int(month), int(day)).isoformat()
        except ValueError:
            continue
    for year, day in _DAY_OF_YEAR.findall(name):
        if 1 <= int(day) <= 366:
            return (date(int(year), 1, 1) + timedelta(days=int(day) - 1)).isoformat()
    return ""
