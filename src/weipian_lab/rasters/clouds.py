"""Cloud masks of the usual makers, as "not clear" booleans."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from weipian_lab.errors import ParameterError

__all__ = ["KINDS", "MaskRule", "beside", "kind_of", "not_clear"]

KINDS = ("scl", "qa_pixel", "probability", "binary")
# Sentinel-2 scene classification: 0 no data, 1 saturated, 3 cloud shadow, 8–9 cloud, 10 cirrus, 11 snow
# (Sentinel-2 L2A Algorithm Theoretical Basis Document, table of SCL classes).
SCL_NOT_CLEAR = (0, 1, 3, 8, 9, 10, 11)
# Landsat Collection 2 QA_PIXEL bits: 0 fill, 1 dilated cloud, 2 cirrus, 3 cloud, 4 cloud shadow, 5 snow.
QA_PIXEL_BITS = 0b111111


@dataclass(frozen=True, slots=True)
class MaskRule:
    """How a cloud raster is read.

    Parameters
    ----------
    kind
        "scl" Sentinel-2 scene classification; "qa_pixel" Landsat Collection 2; "probability" in percent
        or 0–1; "binary": any value but 0 is not clear (also OmniCloudMask's 1–3).
    probability
        From which probability a pixel counts as cloud, 0–1.
    grow_px
        Pixels added around each cloud.
    """

    kind: str
    probability: float = 0.4
    grow_px: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ParameterError(
                "errors.bad_choice", name="mask_kind", value=self.kind, choices=", ".join(KINDS)
            )


def kind_of(path: str, description: str) -> str:
    """Guess the kind of a cloud raster from its name or band description; "binary" if neither tells."""
    words = f"{Path(path).stem} {description}".lower()
    if re.search(r"(?<![a-z])scl(?![a-z])|scene.?class", words):
        return "scl"
    if "qa_pixel" in words or "pixel_qa" in words:
        return "qa_pixel"
    if re.search(r"prob|cldprb|msk_cld", words):
        return "probability"
    return "binary"


def beside(path: str) -> str | None:
    """Return the mask beside an image (``name_SCL.tif``, ``name_QA_PIXEL.tif``), None if there is none."""
    image = Path(path)
    for ending in ("SCL", "QA_PIXEL"):
        for suffix in (image.suffix, ".tif", ".jp2"):
            found = image.with_name(f"{image.stem}_{ending}{suffix}")
            if found.is_file():
                return str(found)
    return None


def not_clear(values: NDArray[Any], rule: MaskRule) -> NDArray[np.bool_]:
    """Return where a pixel is cloud, shadow, snow or missing.

    Parameters
    ----------
    values
        ``(row, col)`` as stored.

    Returns
    -------
    ndarray
        ``(row, col)`` bool.
    """
    if values.dtype.kind == "f":  # read through a warp: NaN outside the cloud raster
        unknown = {"scl": 0.0, "qa_pixel": 1.0}.get(rule.kind, 1e9)
        values = np.nan_to_num(values, nan=unknown)
    if rule.kind == "scl":
        cloudy = np.isin(values, SCL_NOT_CLEAR)
    elif rule.kind == "qa_pixel":
        cloudy = (values.astype(np.int64) & QA_PIXEL_BITS) != 0
    elif rule.kind == "probability":
        limit = rule.probability if np.nanmax(values, initial=0) <= 1 else 100.0 * rule.probability
        cloudy = ~(values < limit)
    else:
        cloudy = values != 0
    if rule.grow_px > 0:
        cloudy = ndimage.binary_dilation(cloudy, iterations=rule.grow_px, structure=np.ones((3, 3), bool))
    return np.asarray(cloudy, bool)
