"""Areas from edges alone are those of the pieces that GEOS builds, however edges lie on one another."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, affinity, box

from weipian_lab.overlay.cutting import Wholes, apart, cut
from weipian_lab.overlay.elements import Measure
from weipian_lab.overlay.envelope import shared_moments
from weipian_lab.overlay.moments import moments
from weipian_lab.overlay.slabs import Slabs, crossings
from weipian_lab.vectors import Outlines

X, Y = 35_609_118.0, 4_258_188.0
MANY = settings(max_examples=60, deadline=None)
whole = st.integers(0, 8)
real = st.floats(0, 200).map(lambda v: round(v, 3))


def shared(one: Any, other: Any) -> np.ndarray:
    """Moments of what two polygons share, about the centre of the first."""
    a, b = Outlines.of([one]), Outlines.of([other])
    centre = (a.bounds[:, :2] + a.bounds[:, 2:]) / 2
    return shared_moments(Slabs.of(a, centre), b, np.array([0]), np.array([0]))[0]


def expect(one: Any, other: Any) -> None:
    left, low, right, high = one.bounds
    centre = np.array([[(left + right) / 2, (low + high) / 2]])
    wanted = moments([shapely.intersection(one, other)], centre)[0]
    scale = np.hypot(right - left, high - low) ** np.array([0, 1, 1, 2, 2, 2])
    rounding = np.spacing(np.abs(one.bounds).max()) * one.length  # GEOS rounds the vertices of what it builds
    found = shared(one, other)
    assert (np.abs(found - wanted) <= (1e-9 * wanted[0] + 1e-6 + rounding) * scale).all(), (found, wanted)


@st.composite
def on_a_lattice(draw: st.DrawFn) -> Any:
    """Polygons on few points, whose edges and vertices fall on one another: holes, parts, touching rings."""
    size = draw(st.integers(3, 9))
    points = draw(st.lists(st.tuples(whole, whole), min_size=size, max_size=size))
    shape = shapely.make_valid(Polygon(points), method="structure", keep_collapsed=False)
    hole = draw(st.none() | st.tuples(whole, whole, st.integers(1, 3), st.integers(1, 3)))
    if hole is not None:
        shape = shape.difference(box(hole[0], hole[1], hole[0] + hole[2], hole[1] + hole[3]))
    if draw(st.booleans()):
        shape = shape.union(affinity.translate(shape, draw(whole), draw(whole)))
    if draw(st.booleans()):
        shape = shape.reverse()
    return shape


@st.composite
def anywhere(draw: st.DrawFn) -> Any:
    """Polygons with vertices to the millimetre, some of them slivers."""
    size = draw(st.integers(3, 12))
    points = draw(st.lists(st.tuples(real, real), min_size=size, max_size=size))
    flat = draw(st.sampled_from([1.0, 1.0, 1e-3, 1e-6]))
    return shapely.make_valid(
        affinity.scale(Polygon(points), 1.0, flat), method="structure", keep_collapsed=False
    )


@MANY
@given(on_a_lattice(), on_a_lattice())
def test_edges_on_edges(one: Any, other: Any) -> None:
    assume(one.area > 0 and other.area > 0)
    expect(one, other)


@MANY
@given(anywhere(), anywhere(), st.sampled_from([(0.0, 0.0), (X, Y)]))
def test_any_polygons(one: Any, other: Any, at: tuple[float, float]) -> None:
    one, other = affinity.translate(one, *at), affinity.translate(other, *at)
    assume(one.area > 0 and other.area > 0)
    expect(one, other)


@MANY
@given(anywhere(), st.sampled_from([(0.0, 0.0), (X, Y)]))
def test_a_polygon_shares_itself_with_itself(one: Any, at: tuple[float, float]) -> None:
    one = affinity.translate(one, *at)
    assume(one.area > 0)
    expect(one, one)
    expect(one, one.reverse())


@MANY
@given(on_a_lattice(), st.integers(0, 89), st.floats(-1e-9, 1e-9))
def test_edges_that_miss_each_other_by_a_rounding(one: Any, angle: int, gap: float) -> None:
    assume(one.area > 0)
    turned = affinity.rotate(one, angle, origin=(4, 4))
    other = affinity.translate(affinity.rotate(shapely.segmentize(one, 0.7), angle, origin=(4, 4)), gap, -gap)
    assert shared(turned, other)[0] == pytest.approx(one.area, abs=1e-7)


def test_the_order_of_the_two_and_what_they_are_about_is_irrelevant() -> None:
    rng = np.random.default_rng(5)
    for _ in range(50):
        one, other = (shapely.convex_hull(shapely.MultiPoint(rng.uniform(0, 9, (7, 2)))) for _ in range(2))
        forth, back = shared(one, other), shared(other, one)
        assert forth[0] == pytest.approx(back[0], abs=1e-12)
        assert forth[0] == pytest.approx(one.intersection(other).area, abs=1e-12)


COMB = shapely.union_all([box(0, 0, 1, 41), *(box(0, 2 * i, 40, 2 * i + 1) for i in range(20))])
KNOWN = {
    "a corner": (box(0, 0, 10, 10), box(5, 5, 20, 20), 25),
    "beside one another": (box(0, 0, 10, 10), box(10, 0, 20, 10), 0),
    "a point in common": (box(0, 0, 10, 10), box(10, 10, 20, 20), 0),
    "far apart": (box(0, 0, 10, 10), box(50, 50, 60, 60), 0),
    "inside": (box(0, 0, 10, 10), box(2, 3, 4, 5), 4),
    "around": (box(2, 3, 4, 5), box(0, 0, 10, 10), 4),
    "in the hole": (box(0, 0, 9, 9).difference(box(3, 3, 6, 6)), box(4, 4, 5, 5), 0),
    "over the hole": (box(0, 0, 9, 9).difference(box(3, 3, 6, 6)), box(0, 4, 9, 5), 6),
    "two parts": (MultiPolygon([box(0, 0, 2, 2), box(4, 0, 6, 2)]), box(1, 1, 5, 9), 2),
    "a hole that touches the outer ring": (
        Polygon([(0, 0), (8, 0), (8, 8), (0, 8)], [[(0, 4), (4, 2), (4, 6)]]),
        box(0, 0, 8, 4),
        32 - 4,
    ),
    "a comb": (COMB, box(20, -1, 45, 50), 400),
}


@pytest.mark.parametrize("name", KNOWN)
def test_areas_known_by_hand(name: str) -> None:
    one, other, area = KNOWN[name]
    assert shared(one, other)[0] == pytest.approx(area, abs=1e-12)
    assert shared(other, one)[0] == pytest.approx(area, abs=1e-12)


def test_many_pairs_at_once_are_each_as_alone() -> None:
    rng = np.random.default_rng(2)
    ones = [shapely.convex_hull(shapely.MultiPoint(rng.uniform(0, 30, (9, 2)))) for _ in range(40)]
    others = [shapely.Point(*rng.uniform(0, 30, 2)).buffer(8, 60) for _ in range(60)]
    others[3], others[7] = Polygon(), None  # type: ignore[call-overload]
    a, b = Outlines.of(ones), Outlines.of(others)
    i, j = (part.ravel() for part in np.meshgrid(np.arange(40), np.arange(60), indexing="ij"))
    turn = rng.permutation(len(i))
    centre = (a.bounds[:, :2] + a.bounds[:, 2:]) / 2
    found = shared_moments(Slabs.of(a, centre), b, i[turn], j[turn])[:, 0]
    wanted = shapely.area(shapely.intersection(np.array(ones)[i], np.array(others, dtype=object)[j]))
    np.testing.assert_allclose(found, np.nan_to_num(wanted)[turn], atol=1e-10)


def test_a_polygon_too_heavy_for_slabs_is_cut_by_geos(monkeypatch: pytest.MonkeyPatch) -> None:
    # from 0 to 1 its bottom and top, from 1 to 40 those of twenty teeth
    assert crossings(Outlines.of([COMB])).tolist() == [2 + 40]
    parcels = np.array([box(0, 0, 20, 50), box(20, 0, 45, 50), box(10, 10, 30, 12)], dtype=object)
    by_edges = cut(Wholes.of(np.array([COMB], dtype=object), Measure(None, "planar")), parcels)
    monkeypatch.setattr("weipian_lab.overlay.pieces.HEAVY", 3)
    wholes = Wholes.of(np.array([COMB], dtype=object), Measure(None, "planar"))
    assert not wholes.by_edges.any()
    built = cut(wholes, parcels)
    np.testing.assert_allclose(built.area, by_edges.area)
    np.testing.assert_allclose(built.moments, by_edges.moments, atol=1e-9)
    np.testing.assert_allclose(shapely.area(by_edges.geometry), by_edges.area)


def test_pieces_are_apart_unless_they_share_ground_in_the_patch() -> None:
    wholes = Wholes.of(np.array([box(30 * i, 0, 30 * i + 10, 10) for i in range(4)]), Measure(None, "planar"))
    parcels = [
        *(box(0, 0, 4, 8), box(4, 1, 8, 9)),  # side by side
        *(box(30, 0, 34, 8), box(33, 1, 38, 9)),  # one over the other
        *(box(60, 0, 64, 20), box(64, 0, 68, 20), box(63, 12, 66, 15)),  # outside the patch only
        box(90, 0, 95, 5),
    ]
    assert apart(wholes, cut(wholes, np.array(parcels, dtype=object))).tolist() == [True, False, True, True]


def test_of_a_long_outline_only_the_blocks_near_are_looked_at_and_none_is_missed() -> None:
    angle = np.linspace(0, 2 * np.pi, 5000, endpoint=False)
    radius = 900 + 60 * np.sin(37 * angle) + 20 * np.sin(401 * angle)
    ring = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    long = Polygon(ring, [ring[::7] * 0.4, [(500, 0), (520, 0), (520, 9), (500, 9)]])
    rng = np.random.default_rng(8)
    small = [
        shapely.Point(*p).buffer(r, 5)
        for p, r in zip(rng.uniform(-1000, 1000, (300, 2)), rng.uniform(5, 60, 300), strict=True)
    ]
    a, b = Outlines.of(small), Outlines.of([long])
    slabs = Slabs.of(a, (a.bounds[:, :2] + a.bounds[:, 2:]) / 2)
    found = shared_moments(slabs, b, np.arange(300), np.zeros(300, dtype=np.intp))[:, 0]
    np.testing.assert_allclose(found, shapely.area(shapely.intersection(small, long)), atol=1e-8)
    assert 0 < (found > 0).sum() < 300
    blocks = b.blocks
    assert blocks.size.max() == 65
    assert (blocks.size - 1).sum() == len(b.x) - 1
