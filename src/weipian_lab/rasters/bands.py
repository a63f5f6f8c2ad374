"""Names of bands: as the file describes them, with the usual names of the same band as aliases."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath

from weipian_lab.errors import InputError

__all__ = ["BAND_IN_NAME", "canonical", "common_bands", "name_from_path", "select"]

# Sentinel-2 band numbers and the words other sensors' files use for the same part of the spectrum.
_ALIASES: dict[str, tuple[str, ...]] = {
    "coastal": ("b01", "b1", "aerosol", "coastal_aerosol"),
    "blue": ("b02", "b2"),
    "green": ("b03", "b3"),
    "red": ("b04", "b4"),
    "rededge1": ("b05", "b5", "red_edge1", "red_edge_1", "re1"),
    "rededge2": ("b06", "b6", "red_edge2", "red_edge_2", "re2"),
    "rededge3": ("b07", "b7", "red_edge3", "red_edge_3", "re3"),
    "nir": ("b08", "b8", "nir08", "near_infrared"),
    "nir_narrow": ("b8a", "b08a", "nir2", "narrow_nir"),
    "water_vapour": ("b09", "b9", "nir09"),
    "cirrus": ("b10",),
    "swir1": ("b11", "swir16", "swir_1"),
    "swir2": ("b12", "swir22", "swir_2"),
}
_CANONICAL = {alias: name for name, aliases in _ALIASES.items() for alias in (name, *aliases)}
BAND_IN_NAME = re.compile(r"(?<![A-Za-z0-9])(B(?:0?\d|1[0-2]|8A|08A))(?![A-Za-z0-9])", re.IGNORECASE)


def canonical(name: str) -> str:
    """Return the spectral name of a band (``B02`` → ``blue``), or the name itself in lower case.

    >>> canonical("B8A"), canonical("SWIR1"), canonical("VV")
    ('nir_narrow', 'swir1', 'vv')
    """
    key = name.strip().lower().replace("-", "_").replace(" ", "_")
    return _CANONICAL.get(key, key)


def name_from_path(path: str) -> str:
    """Return the band that a file name states (``T48SXJ_20240718_B04_10m.jp2`` → ``B04``), "" if none."""
    found = BAND_IN_NAME.findall(PurePath(path).stem)
    return found[-1].upper() if found else ""


def select(names: Sequence[str], wanted: Sequence[str | int] | None, what: str) -> list[int]:
    """Return positions (from 0) of the wanted bands.

    Parameters
    ----------
    names
        Names the file has.
    wanted
        Names, aliases of names, or numbers from 1; None for all bands.
    what
        File named in the error.

    Raises
    ------
    InputError
        If a band is not there; names those that are.
    """
    if wanted is None:
        return list(range(len(names)))
    return [_position(names, want, what) for want in wanted]


def _position(names: Sequence[str], want: str | int, what: str) -> int:
    if isinstance(want, int) or (isinstance(want, str) and want.strip().isdigit()):
        number = int(want)
        if 1 <= number <= len(names):
            return number - 1
    else:
        for key in (lambda n: n, str.lower, canonical):
            hits = [i for i, name in enumerate(names) if key(name) == key(want)]
            if hits:
                return hits[0]
    listed = ", ".join(f"{i}={name}" for i, name in enumerate(names, start=1))
    raise InputError("rasters.no_band", path=what, band=want, bands=listed)


def common_bands(before: Sequence[str], after: Sequence[str]) -> tuple[list[int], list[int], str]:
    """Pair the bands of two images.

    Returns
    -------
    positions in before, positions in after, how
        `how` is "name" (same names or aliases) or "position" (unnamed bands, equal in number);
        empty lists if neither works.
    """
    keys = [canonical(name) for name in after]
    pairs = [(i, keys.index(canonical(name))) for i, name in enumerate(before) if canonical(name) in keys]
    unnamed = all(name.startswith("band_") for name in before) or all(n.startswith("band_") for n in after)
    if pairs and not unnamed:
        first, second = zip(*pairs, strict=True)
        return list(first), list(second), "name"
    if unnamed and len(before) == len(after):
        everything = list(range(len(before)))
        return everything, everything, "position"
    return [], [], "name"
