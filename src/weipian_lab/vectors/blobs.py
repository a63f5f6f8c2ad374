"""Polygons of GeoPackage blobs: straight to outlines, or to shapely geometries where one is wanted.

A blob (OGC 12-128, 2.1.3) is a header of 8 bytes, an envelope, then WKB. Rings of plane polygons and
multipolygons in little-endian order are taken from the bytes; whatever else is there, shapely reads.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from weipian_lab.vectors.outlines import Outlines

__all__ = ["outlines", "shapes"]

Index = NDArray[np.intp]
Bytes = NDArray[np.uint8]
_ENVELOPE_BYTES = np.array([0, 32, 48, 48, 64, 0, 0, 0])
_HEADER, _WKB_HEADER, _POINT = 8, 5, 16
_POLYGON, _MULTIPOLYGON = 3, 6
_PLACE = np.array([1, 1 << 8, 1 << 16, 1 << 24])


def shapes(blobs: Sequence[bytes | None]) -> NDArray[np.object_]:
    """Return the geometries, ``(n,)``."""
    bodies = [b and b[_HEADER + _ENVELOPE_BYTES[(b[3] >> 1) & 7] :] for b in blobs]
    return np.asarray(shapely.from_wkb(np.array([*bodies, None], dtype=object)[:-1]), dtype=object)


def outlines(blobs: Sequence[bytes | None]) -> Outlines:
    """Return the outlines of the geometries."""
    held = [b or b"" for b in blobs]
    size = np.fromiter(map(len, held), np.intp, len(held))
    whole = b"".join(held)
    owner, first, points, outer, plain = _rings(np.frombuffer(whole, np.uint8), size)
    ends = (first + _POINT * points).tolist()
    xy = np.frombuffer(
        b"".join([whole[a:b] for a, b in zip(first.tolist(), ends, strict=True)]), "<f8"
    ).reshape(-1, 2)
    closed = _closed(xy, points)
    if not closed.all():
        plain[owner[~closed]] = False
    if plain.all():
        return Outlines.from_rings(xy, points, owner, outer, len(held))
    ring = plain[owner]
    place = np.cumsum(plain) - 1
    xy = xy[np.repeat(ring, points)]
    easy = Outlines.from_rings(xy, points[ring], place[owner[ring]], outer[ring], int(plain.sum()))
    other = Outlines.of(shapes([b for b, p in zip(blobs, plain.tolist(), strict=True) if not p]))
    order = np.empty(len(held), dtype=np.intp)
    order[plain], order[~plain] = np.arange(len(easy)), len(easy) + np.arange(len(other))
    return Outlines.joined(easy, other).take(order)


def _rings(data: Bytes, size: Index) -> tuple[Index, Index, Index, NDArray[np.bool_], NDArray[np.bool_]]:
    """Find the rings: owner, first byte, number of points, whether outer; and which blobs were plain.

    All blobs are walked at once, a ring each in every round, so that there are as many rounds as the
    blob with the most rings has.
    """
    end = np.cumsum(size)
    at = end - size
    plain = size >= _HEADER + _WKB_HEADER + 4
    row = np.flatnonzero(plain)
    cursor = at[row] + _HEADER + _ENVELOPE_BYTES[(data[at[row] + 3] >> 1) & 7]
    kind, count = _start(data, cursor, end[row])
    parts = np.where(kind == _MULTIPOLYGON, count, 0)  # polygons still to come
    rings = np.where(kind == _POLYGON, count, 0)  # rings of this polygon still to come
    outer = np.ones(len(row), dtype=bool)
    good = np.isin(kind, (_POLYGON, _MULTIPOLYGON))
    cursor = cursor + _WKB_HEADER + 4
    found: list[tuple[Index, ...]] = []
    while True:
        plain[row[~good]] = False
        going = good & ((rings > 0) | (parts > 0))
        row, cursor, parts, rings, outer = (a[going] for a in (row, cursor, parts, rings, outer))
        if not len(row):
            break
        good = np.ones(len(row), dtype=bool)
        opens = np.flatnonzero(rings == 0)
        kind, count = _start(data, cursor[opens], end[row[opens]])
        good[opens] = (kind == _POLYGON) & (count > 0)
        parts[opens] -= 1
        rings[opens], outer[opens] = count, True
        cursor[opens] += _WKB_HEADER + 4
        points = _number(data, cursor, end[row])
        good &= (points >= 4) & (cursor + 4 + _POINT * points <= end[row])
        found.append(tuple(a[good] for a in (row, cursor + 4, points, outer.astype(np.intp))))
        cursor = cursor + 4 + _POINT * points
        rings = rings - 1
        outer = np.zeros(len(row), dtype=bool)
    if not found:
        none = np.empty(0, dtype=np.intp)
        return none, none, none, none.astype(bool), plain
    owner, first, points, kinds = (np.concatenate(column) for column in zip(*found, strict=True))
    keep = plain[owner]
    order = np.flatnonzero(keep)[np.argsort(first[keep], kind="stable")]
    return owner[order], first[order], points[order], kinds[order].astype(bool), plain


def _start(data: Bytes, cursor: Index, end: Index) -> tuple[Index, Index]:
    """Return the kind of the WKB geometries at `cursor` (0 if not little-endian) and their parts."""
    little = data[np.minimum(cursor, len(data) - 1)] == 1
    kind = np.where(little, _number(data, cursor + 1, end), 0)
    return kind, _number(data, cursor + _WKB_HEADER, end)


def _number(data: Bytes, cursor: Index, end: Index) -> Index:
    """Return the four-byte numbers at `cursor`; 0 where the blob ends before."""
    index = np.minimum(cursor[:, None] + np.arange(4), len(data) - 1)
    return np.asarray(np.where(cursor + 4 <= end, data[index] @ _PLACE, 0))


def _closed(xy: NDArray[np.float64], points: Index) -> NDArray[np.bool_]:
    """Whether each ring ends where it began; a ring with a NaN does not."""
    end = np.cumsum(points)
    return np.asarray((xy[end - points] == xy[end - 1]).all(axis=1)) if len(points) else np.empty(0, bool)
