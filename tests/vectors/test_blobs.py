"""Outlines taken from a GeoPackage's bytes are those of the geometries shapely reads from them."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
import shapely
from shapely import GeometryCollection, MultiPolygon, Point, Polygon, box

from weipian_lab.vectors import Outlines, blobs

RING = box(0, 0, 10, 10).difference(box(2, 2, 5, 5))
SHAPES: dict[str, Any] = {
    "plain": box(3, 4, 9, 8),
    "turned": box(3, 4, 9, 8).reverse(),
    "holed": RING,
    "two holes": RING.difference(box(6, 6, 7, 9)),
    "one part": MultiPolygon([box(3, 4, 9, 8)]),
    "parts with holes": MultiPolygon([RING, box(20, 0, 21, 1), RING.reverse()]),
    "nothing": None,
    "empty": Polygon(),
    "no parts": MultiPolygon(),
    "a point": Point(3, 4),
    "with heights": shapely.force_3d(RING, 7.0),
    "a collection": GeometryCollection([Point(0, 0), RING]),
}


def blob(shape: Any, *, order: int = 1, envelope: int = 1) -> bytes | None:
    """Write a blob as OGC 12-128, 2.1.3 lays it out."""
    if shape is None:
        return None
    box_ = b"" if envelope == 0 else np.array(shape.bounds)[[0, 2, 1, 3]].tobytes()
    flags = 1 | (envelope << 1) | (0x10 if shape.is_empty else 0)
    return b"GP\0" + bytes([flags]) + struct.pack("<i", 4523) + box_ + shapely.to_wkb(shape, byte_order=order)


def same(found: Outlines, wanted: Outlines) -> None:
    """Whether all but the order of the rings of a polygon is the same."""
    for name in ("start", "area", "bounds"):
        np.testing.assert_allclose(getattr(found, name), getattr(wanted, name), rtol=1e-15, err_msg=name)
    np.testing.assert_array_equal(vertices(found), vertices(wanted))


def vertices(outlines: Outlines) -> Any:
    owner = np.repeat(np.arange(len(outlines)), np.diff(outlines.start))
    rows = np.column_stack([owner, outlines.x, outlines.y, outlines.side])
    return rows[np.lexsort(rows.T[::-1])]


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("envelope", [0, 1])
@pytest.mark.parametrize("name", SHAPES)
def test_one(name: str, order: int, envelope: int) -> None:
    shape = SHAPES[name]
    same(blobs.outlines([blob(shape, order=order, envelope=envelope)]), Outlines.of([shape]))


@pytest.mark.parametrize("seed", range(6))
def test_many_of_all_kinds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = rng.choice(list(SHAPES), 30)
    shapes = [SHAPES[name] for name in names]
    held = [blob(s, order=int(rng.integers(2)), envelope=int(rng.integers(2))) for s in shapes]
    same(blobs.outlines(held), Outlines.of(shapes))
    assert blobs.shapes(held).tolist() == shapes


def test_none_at_all() -> None:
    assert len(blobs.outlines([])) == 0
    assert len(blobs.outlines([None, None])) == 2


@pytest.mark.parametrize("cut", [5, 60, 75])
def test_a_blob_cut_short_is_left_to_shapely(cut: int) -> None:
    whole = blob(box(3, 4, 9, 8))
    assert whole is not None
    with pytest.raises((shapely.errors.GEOSException, IndexError)):
        blobs.outlines([whole, whole[:cut]])


def test_a_ring_that_is_not_closed_is_left_to_shapely() -> None:
    whole = blob(box(3, 4, 9, 8))
    assert whole is not None
    with pytest.raises(shapely.errors.GEOSException):
        blobs.outlines([whole[:-8] + struct.pack("<d", 1.0)])


def test_area_and_side() -> None:
    found = Outlines.of([RING, RING.reverse(), box(0, 0, 2, 3)])
    assert found.area.tolist() == [91, 91, 6]
    assert found.side[found.side != 0].tolist() == [-1.0] * 8 + [1.0] * 8 + [1.0] * 4
    assert found.take(np.array([2, 0])).area.tolist() == [6, 91]
    assert found.only(np.array([True, False, True])).side.astype(bool).sum() == 12
