"""What reading gives: an image, a pair, and remarks on them that are shown in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weipian_lab.grid import Grid
from weipian_lab.text import Lang, t

__all__ = ["Image", "ImagePair", "Remark"]


@dataclass(frozen=True, slots=True)
class Remark:
    """A sentence about the input: its key in :mod:`weipian_lab.text`, what it names, its level.

    A value that is a remark itself follows the language of the sentence.
    """

    key: str
    values: dict[str, Any] = field(default_factory=dict)
    level: str = "warning"

    def text(self, lang: Lang | None = None) -> str:
        """Return the sentence."""
        values = {name: v.text(lang) if isinstance(v, Remark) else v for name, v in self.values.items()}
        return t(self.key, lang, **values)

    def facts(self) -> dict[str, Any]:
        """Return key, level and values as plain values for JSON."""
        values = {name: v.key if isinstance(v, Remark) else v for name, v in self.values.items()}
        return {"key": self.key, "level": self.level, "values": values}


@dataclass(frozen=True, slots=True)
class Image:
    """An image in memory.

    Attributes
    ----------
    data
        ``(band, row, col)`` float32, reflectance 0–1 after scaling (8-bit values divided by 255);
        NaN where not valid.
    valid
        ``(row, col)`` bool: no nodata in any band, finite, and clear in the cloud mask.
    grid, bands, meta
        Where it lies; names of the bands; facts about the file (scale, offset, date, baseline, simulated …).
    """

    data: NDArray[np.float32]
    valid: NDArray[np.bool_]
    grid: Grid
    bands: tuple[str, ...]
    meta: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ImagePair:
    """Two images on one grid.

    Attributes
    ----------
    before, after
        ``(band, row, col)`` float32 as in :class:`Image`; NaN where `valid` is False.
    valid
        ``(row, col)`` bool, valid in both.
    grid, bands
        Common grid, and the bands by the names of the first image.
    report
        What was found and done: files, scales, alignment, shares of valid and cloudy pixels.
    remarks
        The same in sentences, warnings first.
    """

    before: NDArray[np.float32]
    after: NDArray[np.float32]
    valid: NDArray[np.bool_]
    grid: Grid
    bands: tuple[str, ...]
    report: dict[str, Any]
    remarks: tuple[Remark, ...] = ()
