"""Patches joined by a narrow neck made into several: every pixel stays, in one of the parts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from weipian_lab.patches.runs import Runs

__all__ = ["LARGEST_PX", "split"]

LARGEST_PX = 2048 * 2048
"""Components whose bounding box holds more pixels stay whole, so that memory stays bounded."""


def split(
    runs: Runs, of_run: NDArray[np.intp], *, neck_px: int, min_px: int = 1, connectivity: int = 8
) -> tuple[Runs, NDArray[np.intp]]:
    """Cut components at necks.

    The cores of a component are what is left of it when a rim of `neck_px` is taken off all round. With two
    cores or more, each grows back through the component from its thickest places outwards (watershed of the
    distance to the rim), so that the cut runs through the narrowest place between them.

    Parameters
    ----------
    runs, of_run
        Sorted runs and the component of each, 0 … k − 1.
    neck_px
        Half width: a neck of at most ``2 * neck_px`` pixels is cut.
    min_px
        A part is not made smaller than this; its ground stays with its neighbour.
    connectivity
        8 or 4.

    Returns
    -------
    runs, of_run
        The same pixels. Parts are numbered in the order of their first pixel. Of a run that is cut, each part
        has the share of ``total`` that it has of the pixels, and ``largest`` is that of the run.

    Notes
    -----
    Source: Vincent, L., Soille, P. (1991). Watersheds in digital spaces: an efficient algorithm based on
    immersion simulations. IEEE Transactions on Pattern Analysis and Machine Intelligence 13(6):583–598.
    """
    smallest = 2 * max(min_px, (2 * neck_px + 1) ** 2)
    wide = np.bincount(of_run, runs.stop - runs.start)[of_run] >= smallest
    if not wide.any():
        return runs, of_run
    pieces, owners = [runs.take(~wide)], [of_run[~wide]]
    count = int(of_run.max()) + 1
    order = np.flatnonzero(wide)[np.argsort(of_run[wide], kind="stable")]
    for chosen in np.split(order, np.flatnonzero(np.diff(of_run[order])) + 1):
        cut, owner = _split_one(runs.take(chosen), neck_px, min_px, connectivity)
        pieces.append(cut)
        owners.append(owner + count)
        count += int(owner.max()) + 1
    return _sorted(pieces, np.concatenate(owners))


def _split_one(runs: Runs, neck_px: int, min_px: int, connectivity: int) -> tuple[Runs, NDArray[np.intp]]:
    whole = np.zeros(len(runs), np.intp)
    top, left = int(runs.row.min()), int(runs.start.min())
    shape = int(runs.row.max()) - top + 1, int(runs.stop.max()) - left
    if shape[0] * shape[1] > LARGEST_PX:
        return runs, whole
    row, col = np.repeat(runs.row - top, runs.stop - runs.start), _columns(runs) - left
    mask = np.zeros((shape[0] + 2, shape[1] + 2), bool)
    mask[row + 1, col + 1] = True
    parts = _parts(mask, neck_px, min_px, connectivity)
    return (runs, whole) if parts is None else _cut(runs, parts[row + 1, col + 1])


def _columns(runs: Runs) -> NDArray[np.intp]:
    length = (runs.stop - runs.start).astype(np.intp)
    first = np.cumsum(length) - length
    return np.asarray(np.repeat(runs.start - first, length) + np.arange(length.sum()), np.intp)


def _parts(mask: NDArray[np.bool_], neck_px: int, min_px: int, connectivity: int) -> NDArray[np.int32] | None:
    """Return the part, from 1, of each pixel of a mask; None if there is one part only."""
    from skimage.segmentation import watershed  # slow to import

    steps = 2 if connectivity == 8 else 1
    rimless = ndimage.binary_erosion(mask, np.ones((2 * neck_px + 1,) * 2, bool))
    cores, _ = ndimage.label(rimless, ndimage.generate_binary_structure(2, steps))
    depth = -ndimage.distance_transform_edt(mask)
    while len(np.unique(cores)) > 2:
        parts: NDArray[np.int32] = watershed(depth, cores, connectivity=steps, mask=mask)  # type: ignore[no-untyped-call]
        size = np.bincount(parts.ravel())
        small = (size > 0) & (size < min_px)
        small[0] = False
        if not small.any():
            return parts
        cores[small[cores]] = 0
    return None


def _cut(runs: Runs, part: NDArray[np.int32]) -> tuple[Runs, NDArray[np.intp]]:
    """Cut runs where the part, given pixel by pixel, changes."""
    length = (runs.stop - runs.start).astype(np.intp)
    of_pixel = np.repeat(np.arange(len(runs)), length)
    begins = np.flatnonzero(np.r_[True, (part[1:] != part[:-1]) | (of_pixel[1:] != of_pixel[:-1])])
    ends = np.r_[begins[1:], len(part)]
    source, columns = of_pixel[begins], _columns(runs)
    share = (ends - begins) / length[source]
    _, owner = np.unique(part[begins], return_inverse=True)
    cut = Runs(
        runs.row[source],
        columns[begins].astype(np.int32),
        (columns[ends - 1] + 1).astype(np.int32),
        runs.total[source] * share,
        runs.largest[source],
    )
    return cut, owner.astype(np.intp)


def _sorted(pieces: list[Runs], owner: NDArray[np.intp]) -> tuple[Runs, NDArray[np.intp]]:
    """Put runs in the order of rows and columns, and number owners by their first run."""
    row, start, stop, total, largest = (
        np.concatenate([getattr(piece, name) for piece in pieces]) for name in Runs.__slots__
    )
    order = np.lexsort((start, row))
    runs, owner = Runs(row, start, stop, total, largest).take(order), owner[order]
    _, first, back = np.unique(owner, return_index=True, return_inverse=True)
    return runs, np.argsort(np.argsort(first))[back]
