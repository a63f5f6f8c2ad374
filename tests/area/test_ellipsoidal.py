"""Areas on the ellipsoid against GeographicLib, the survey's formula and numerical integration."""

import numpy as np
import pytest
import shapely
from geographiclib.geodesic import Geodesic
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer
from scipy.integrate import quad
from shapely.geometry import GeometryCollection, MultiPolygon, Point, Polygon, box

from weipian_lab.area import ellipsoidal_area, trapezoid_area
from weipian_lab.errors import CRSError, ParameterError

# GeographicLib, geographiclib/test/test_geodesic.py::PlanimeterTest (MIT): (lat, lon), area m², tolerance
PLANIMETER = {
    "Planimeter0a": ([(89, 0), (89, 90), (89, 180), (89, 270)], 24952305678.0, 1),
    "Planimeter0b": ([(-89, 0), (-89, 90), (-89, 180), (-89, 270)], 24952305678.0, 1),
    "Planimeter0c": ([(0, -1), (-1, 0), (0, 1), (1, 0)], 24619419146.0, 1),
    "Planimeter0d": ([(90, 0), (0, 0), (0, 90)], 63758202715511.0, 1),
    "Planimeter5": ([(89, 0.1), (89, 90.1), (89, -179.9)], 12476152838.5, 1),
    "Planimeter6": ([(9, -1e-14), (9, 180), (9, 0)], 0.0, 1),
    "Planimeter15": ([(2, 1), (1, 2), (3, 3)], 18454562325.45119, 0.5),
}
A, RF = 6378137.0, 298.257222101
SQUARE = box(609000, 4258000, 609100, 4258100)


@pytest.mark.parametrize("name", PLANIMETER)
def test_geodesic_edges_equal_published_polygons(name):
    latlon, area, tolerance = PLANIMETER[name]
    polygon = Polygon([(lon, lat) for lat, lon in latlon])
    found = ellipsoidal_area(polygon, "EPSG:4326", ellipsoid="WGS84", edges="geodesic")
    assert found[0] == pytest.approx(area, abs=tolerance)


def test_cell_of_one_minute_equals_integration_over_the_ellipsoid():
    e2 = (2 - 1 / RF) / RF
    lat = np.radians([38.5, 38.5 + 1 / 60])
    strip = quad(lambda b: np.cos(b) / (1 - e2 * np.sin(b) ** 2) ** 2, *lat, epsabs=0, epsrel=1e-13)[0]
    expected = A * A * (1 - e2) * np.radians(1 / 60) * strip
    cell = box(105, 38.5, 105 + 1 / 60, 38.5 + 1 / 60)
    assert ellipsoidal_area(cell, "EPSG:4490")[0] == pytest.approx(expected, abs=1e-5)
    assert trapezoid_area(cell, "EPSG:4490")[0] == pytest.approx(expected, abs=1e-4)


def geographiclib_area(polygon, epsg, step):
    """Area by GeographicLib's own Python code, edges cut to `step` metres."""
    to_lonlat = Transformer.from_crs(epsg, 4490, always_xy=True)
    ring = shapely.segmentize(polygon.exterior, step)
    area = Geodesic(A, 1 / RF).Polygon()
    for x, y in list(ring.coords)[:-1]:
        lon, lat = to_lonlat.transform(x, y)
        area.AddPoint(lat, lon)
    return abs(area.Compute()[2])


@pytest.mark.parametrize("lon", [104.5, 105.0, 106.25, 106.5])
def test_square_of_a_hectare_equals_geographiclib_and_the_survey_formula(lon):
    x, y = Transformer.from_crs(4490, 4544, always_xy=True).transform(lon, 38.5)
    square = box(x - 50, y - 50, x + 50, y + 50)
    expected = geographiclib_area(square, 4544, 1.0)
    assert ellipsoidal_area(square, 4544)[0] == pytest.approx(expected, abs=1e-4)
    assert trapezoid_area(square, 4544)[0] == pytest.approx(expected, abs=1e-4)


def test_planar_area_exceeds_the_ellipsoid_by_423_ppm_at_the_zone_edge():
    # Gauss–Krüger enlarges areas by (d / R)², d the distance from the meridian, R² = M N at that latitude.
    x, y = Transformer.from_crs(4490, 4544, always_xy=True).transform(106.5, 38.4)
    e2, s2 = (2 - 1 / RF) / RF, np.sin(np.radians(38.4)) ** 2
    radius2 = A * A * (1 - e2) / (1 - e2 * s2) ** 2
    found = ellipsoidal_area(box(x - 50, y - 50, x + 50, y + 50), 4544)[0]
    assert (1e4 / found - 1) * 1e6 == pytest.approx((x - 500_000) ** 2 / radius2 * 1e6, abs=0.2)
    assert (1e4 / found - 1) * 1e6 == pytest.approx(423, abs=1)


def test_long_projected_edges_are_straight_in_the_plane():
    # A triangle with legs of 20 km: between its vertices the geodesics run elsewhere.
    triangle = Polygon([(560_000, 4_258_000), (580_000, 4_258_000), (560_000, 4_278_000)])
    expected = geographiclib_area(triangle, 4544, 10.0)
    assert ellipsoidal_area(triangle, 4544)[0] == pytest.approx(expected, abs=0.02)
    coarse = ellipsoidal_area(triangle, 4544, edges="geodesic")[0]
    assert abs(coarse - expected) > 1.0


def test_holes_are_taken_off_whatever_the_winding():
    hole = box(609020, 4258020, 609070, 4258070)
    ring = Polygon(SQUARE.exterior, [hole.exterior])
    expected = ellipsoidal_area(SQUARE, 4544) - ellipsoidal_area(hole, 4544)
    same_winding = Polygon(SQUARE.exterior.coords, [list(hole.exterior.coords)[::-1]])
    for polygon in (ring, shapely.reverse(ring), same_winding):
        assert ellipsoidal_area(polygon, 4544) == pytest.approx(expected, abs=1e-5)


def test_parts_add_up_and_what_has_no_area_is_zero():
    far = shapely.transform(SQUARE, lambda xy: xy + np.array([1000, 0]))
    both = ellipsoidal_area([SQUARE, far], 4544).sum()
    nested = GeometryCollection([MultiPolygon([SQUARE]), GeometryCollection([far, Point(0, 0)])])
    found = ellipsoidal_area([MultiPolygon([SQUARE, far]), nested, None, Polygon(), Point(1, 1)], 4544)
    assert found[:2] == pytest.approx([both, both], abs=1e-6)
    assert found[2:].tolist() == [0, 0, 0]
    assert ellipsoidal_area([], 4544).shape == (0,)


def test_many_polygons_in_chunks_equal_one_by_one(monkeypatch):
    squares = [shapely.transform(SQUARE, lambda xy, i=i: xy + np.array([i * 10, 0])) for i in range(20)]
    single = [ellipsoidal_area(s, 4544)[0] for s in squares]
    monkeypatch.setattr("weipian_lab.area.ellipsoidal._CHUNK_VERTICES", 12)
    assert ellipsoidal_area(squares, 4544) == pytest.approx(single, abs=1e-7)


@given(
    lon=st.floats(104.3, 107.7),
    lat=st.floats(35.3, 39.3),
    size=st.floats(30, 800),
    angle=st.floats(0, 3.1),
)
def test_area_does_not_depend_on_the_zone_or_its_prefix(lon, lat, size, angle):
    x, y = Transformer.from_crs(4490, 4544, always_xy=True).transform(lon, lat)
    square = shapely.affinity.rotate(box(x, y, x + size, y + size), angle, use_radians=True)
    dense = shapely.segmentize(square, 10)  # the edges are then the same lines in every CRS
    expected = ellipsoidal_area(dense, 4544)[0]
    for epsg in (4490, 4523, 4524, 4545, 32648):
        move = Transformer.from_crs(4544, epsg, always_xy=True)
        moved = shapely.transform(dense, lambda xy, m=move: np.column_stack(m.transform(*xy.T)))
        assert ellipsoidal_area(moved, epsg)[0] == pytest.approx(expected, abs=0.01 * size**2 / 1e4 + 1e-5)


def test_unit_of_the_crs_is_feet_or_metres():
    feet = Transformer.from_crs(2263, 4269, always_xy=True)
    lon, lat = feet.transform(1_000_000, 200_000)
    assert lon == pytest.approx(-73.9, abs=0.3) and lat == pytest.approx(40.7, abs=0.3)
    square = box(1_000_000, 200_000, 1_003_000, 203_000)
    expected = (3000 * 1200 / 3937) ** 2
    assert ellipsoidal_area(square, 2263, ellipsoid="GRS80")[0] == pytest.approx(expected, rel=3e-4)


def test_sphere_has_the_area_of_a_sphere():
    octant = Polygon([(0, 0), (90, 0), (90, 90), (0, 90)])
    radius = 6370997.0  # pyproj's "sphere"
    expected = 4 * np.pi * radius**2 / 8
    assert ellipsoidal_area(octant, 4326, ellipsoid="sphere")[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("crs", [None, "EPSG:999999", "no crs"])
def test_missing_or_unknown_crs_is_refused(crs):
    with pytest.raises(CRSError):
        ellipsoidal_area(SQUARE, crs)


@pytest.mark.parametrize("options", [{"edges": "rhumb"}, {"ellipsoid": "moon-cheese"}, {"max_edge_m": 0.0}])
def test_arguments_out_of_range_are_refused(options):
    with pytest.raises(ParameterError):
        ellipsoidal_area(SQUARE, 4544, **options)
