"""From stored numbers to reflectance: scale, offset, where they come from, baselines that differ.

Sentinel-2 L2A of processing baseline 04.00 and later (from 2022-01-25) stores reflectance × 10000 + 1000
(ESA, Sentinel-2 Products Specification Document, BOA_ADD_OFFSET −1000).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weipian_lab.errors import ParameterError

__all__ = ["BASELINE_OFFSET", "BASELINE_WITH_OFFSET", "Scaling", "decide", "offset_between"]

BASELINE_OFFSET = -0.1
BASELINE_WITH_OFFSET = 4.0
_REFLECTANCE_UNITS = 1e-4
_QUANTILES = np.linspace(0.01, 0.6, 20)


@dataclass(frozen=True, slots=True)
class Scaling:
    """``reflectance = stored * scale + offset`` for each band, and where the numbers come from.

    `origin` is one of "parameter", "tags", "product", "baseline", "float", "assumed_8bit", "assumed_16bit",
    "assumed_float", "assumed_date".
    """

    scale: NDArray[np.float32]
    offset: NDArray[np.float32]
    origin: str


def decide(
    dtype: str,
    tagged: Sequence[tuple[float, float]],
    tags: dict[str, str],
    largest: float | None,
    *,
    scale: float | Sequence[float] | None = None,
    offset: float | Sequence[float] | None = None,
    stated: Scaling | None = None,
) -> Scaling:
    """Decide scale and offset of the chosen bands.

    The parameters rule; then scale and offset stored with the bands; then, for 16-bit values, what is known
    of the product that band files are of; then the processing baseline;
    else 8-bit values are divided by 255, 16-bit ones by 10000 and floats taken as they are
    (by 10000 if a sample of them lies far above 1), which the caller reports as an assumption.

    Parameters
    ----------
    dtype
        Stored type.
    tagged
        (scale, offset) stored with each chosen band; (1, 0) means none stored.
    tags
        Tags of the file; ``PROCESSING_BASELINE`` is looked at.
    largest
        99th percentile of a sample of stored values, for floats; None when not sampled.
    stated
        Known of the product of band files, None for other images.
    """
    n = len(tagged)
    if scale is not None or offset is not None:
        return Scaling(_each(scale, 1.0, n, "scale"), _each(offset, 0.0, n, "offset"), "parameter")
    if any(pair != (1.0, 0.0) for pair in tagged):
        pairs = np.asarray(tagged, np.float32).reshape(n, 2)
        return Scaling(pairs[:, 0].copy(), pairs[:, 1].copy(), "tags")
    kind = np.dtype(dtype)
    if kind.kind == "f":
        if largest is not None and largest > 5.0:
            return _uniform(n, _REFLECTANCE_UNITS, 0.0, "assumed_float")
        return _uniform(n, 1.0, 0.0, "float")
    if kind.itemsize == 1:
        return _uniform(n, 1.0 / 255.0, 0.0, "assumed_8bit")
    if stated is not None and kind.itemsize == 2:
        return stated
    number = baseline(tags)
    if number is not None:
        return _uniform(
            n, _REFLECTANCE_UNITS, BASELINE_OFFSET if number >= BASELINE_WITH_OFFSET else 0.0, "baseline"
        )
    return _uniform(n, _REFLECTANCE_UNITS, 0.0, "assumed_16bit")


def _uniform(n: int, scale: float, offset: float, origin: str) -> Scaling:
    return Scaling(np.full(n, scale, np.float32), np.full(n, offset, np.float32), origin)


def _each(value: float | Sequence[float] | None, default: float, n: int, name: str) -> NDArray[np.float32]:
    array = np.atleast_1d(np.asarray(default if value is None else value, np.float32))
    if array.size not in (1, n) or not np.isfinite(array).all() or (name == "scale" and (array == 0).any()):
        raise ParameterError("rasters.bad_scale", name=name, value=value, bands=n)
    return np.broadcast_to(array, (n,)).astype(np.float32)


def baseline(tags: dict[str, str]) -> float | None:
    """Return the processing baseline in the tags (``04.00`` or ``N0400``), None if there is none."""
    text = next((v for k, v in tags.items() if k.upper().endswith("PROCESSING_BASELINE")), "")
    match = re.fullmatch(r"N?(\d{2})\.?(\d{2})", text.strip())
    return float(f"{match[1]}.{match[2]}") if match else None


def offset_between(before: NDArray[np.float32], after: NDArray[np.float32]) -> float | None:
    """Say by how much one image lies above the other in every band and over the whole lower half.

    Parameters
    ----------
    before, after
        ``(band, n)`` float32 reflectance of the same valid pixels.

    Returns
    -------
    float or None
        About +0.1 if only the second carries the offset of baseline 04.00, −0.1 if only the first;
        None if the difference is not of this kind. Season and haze move bands by different amounts
        and bright pixels more than dark ones; an offset moves all alike.
    """
    if before.shape[1] < 100:
        return None
    first = np.quantile(before, _QUANTILES, axis=1)
    gap = np.quantile(after, _QUANTILES, axis=1) - first
    centre = float(np.median(gap))
    alike = np.abs(gap - centre).max() < 0.045 and np.abs(np.median(gap, axis=0) - centre).max() < 0.03
    return centre if alike and 0.07 < abs(centre) < 0.13 else None
