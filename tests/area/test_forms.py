"""Forms of the arguments, poles and the meridian of 180°, other ellipsoids."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import CRS, Transformer
from shapely.geometry import MultiPolygon, Point, Polygon, box, mapping

from weipian_lab.area import ellipsoid_parameters, ellipsoidal_area
from weipian_lab.errors import CRSError, ParameterError

RING = [(106.0, 38.0), (106.01, 38.0), (106.01, 38.01), (106.0, 38.01)]
SQUARE = Polygon(RING)
AREA = ellipsoidal_area(SQUARE, 4490)[0]
LAEA = "+proj=laea +lat_0={lat} +lon_0={lon} +datum=WGS84"


@pytest.mark.parametrize(
    "given",
    [
        SQUARE,
        [SQUARE],
        (SQUARE,),
        np.array([SQUARE]),
        gpd.GeoSeries([SQUARE], crs=4490),
        gpd.GeoSeries([SQUARE], crs=4490).array,
        gpd.GeoDataFrame({"a": [1]}, geometry=[SQUARE], crs=4490),
        gpd.GeoDataFrame({"a": [1]}, geometry=[SQUARE], crs=4490).rename_geometry("shape"),
        pd.Series([SQUARE], dtype=object),
        (s for s in [SQUARE]),
        RING,
        [RING],
        np.array(RING),
        np.array([RING]),
        [(x, y, 1100.0) for x, y in RING],
        mapping(SQUARE),
        [{"type": "Feature", "properties": {}, "geometry": mapping(SQUARE)}],
        shapely.reverse(SQUARE),
        MultiPolygon([SQUARE]),
        shapely.force_3d(SQUARE, 5.0),
    ],
)
def test_one_square_in_every_form(given):
    assert ellipsoidal_area(given, 4490) == pytest.approx([AREA], rel=1e-15)


@pytest.mark.parametrize("crs", [4490, np.int64(4490), 4490.0, "4490", "EPSG:4490", CRS(4490), 4479 + 1])
def test_crs_in_every_form(crs):
    assert ellipsoidal_area(SQUARE, crs)[0] == pytest.approx(AREA, rel=1e-12)


def test_the_crs_of_a_series_is_taken_or_contradicted():
    series = gpd.GeoSeries([SQUARE], crs=4490)
    assert ellipsoidal_area(series, None)[0] == AREA
    with pytest.raises(CRSError, match="zone 35"):
        ellipsoidal_area(series, 4523)
    with pytest.raises(CRSError):
        ellipsoidal_area(SQUARE, None)


def test_what_has_no_area_is_nought():
    nothing = [None, np.nan, pd.NA, Point(0, 0), Polygon(), shapely.LineString(RING), RING[:2]]
    assert ellipsoidal_area(nothing, 4490).tolist() == [0.0] * len(nothing)
    assert ellipsoidal_area([], 4490).shape == (0,)


@pytest.mark.filterwarnings("ignore:invalid value encountered")  # shapely, on making such a ring
@pytest.mark.parametrize(
    ("given", "told"),
    [("POLYGON", "str"), (SQUARE.wkb, "bytes"), (7, "int"), ([SQUARE, 7], "int"), ([["a", "b"]], "list")],
)
def test_what_is_no_polygon_is_named(given, told):
    with pytest.raises(ParameterError, match=told):
        ellipsoidal_area(given, 4490)


@pytest.mark.filterwarnings("ignore:invalid value encountered")
def test_coordinates_must_be_numbers_within_the_crs():
    with pytest.raises(ParameterError, match="1"):
        ellipsoidal_area([SQUARE, Polygon([(0, 0), (np.nan, 1), (1, 1)])], 4490)
    with pytest.raises(CRSError):  # latitude where longitude should be
        ellipsoidal_area([(y, x) for x, y in RING], 4490)


@pytest.mark.parametrize(
    ("name", "a", "rf"),
    [
        ("cgcs2000", 6378137.0, 298.257222101),
        ("WGS 84", 6378137.0, 298.257223563),
        ("GRS80", 6378137.0, 298.257222101),
        ("krass", 6378245.0, 298.3),
        ("Krassowsky 1940", 6378245.0, 298.3),
        ("IAG 1975", 6378140.0, 298.257),  # 西安80
        ("bessel", 6377397.155, 299.1528128),
    ],
)
def test_ellipsoids_by_any_name(name, a, rf):
    assert ellipsoid_parameters(name) == pytest.approx((a, rf), rel=1e-11)


def test_a_sphere_gives_the_sphere_s_area():
    a, rf = ellipsoid_parameters("sphere")
    assert rf == np.inf
    octant = ellipsoidal_area(box(0, 0, 90, 90), 4326, ellipsoid="sphere")[0]
    assert octant == pytest.approx(np.pi * a * a / 2, rel=1e-14)
    with pytest.raises(ParameterError, match="flat"):
        ellipsoidal_area(SQUARE, 4490, ellipsoid="flat")


def test_the_whole_ellipsoid():
    # GeographicLib: 510065621724088.5 m² for WGS84
    whole = ellipsoidal_area(box(-180, -90, 180, 90), 4326, ellipsoid="WGS84")[0]
    assert whole == pytest.approx(510065621724088.5, abs=1.0)


@pytest.mark.parametrize("lat", [90, -90])
@pytest.mark.parametrize("lon", [0, 33])
@pytest.mark.parametrize(
    "shape",
    [
        Point(0, 0).buffer(3e4),
        shapely.reverse(box(-2e4, -1e4, 1e4, 3e4)),
        box(-2e4, -2e4, 0, 2e4),  # an edge through the pole
        Polygon([(0, 0), (2e4, 0), (0, 2e4)]),  # a corner at the pole
        Polygon([(0, 0), (2e4, 0), (2e4, 2e4), (-2e4, 2e4), (-2e4, -2e4), (0, -2e4)]),
        Polygon(Point(0, 0).buffer(4e4).exterior.coords, [Point(0, 0).buffer(1e4).exterior.coords]),
        box(5e4, 5e4, 7e4, 6e4),  # beside it
        box(-20, -20, 20, 20),
        box(-20, 300, 20, 340),
        box(1e4, 1e4, 1e4 + 40, 1e4 + 40),
    ],
)
def test_around_through_and_beside_a_pole_an_equal_area_map_agrees(lat, lon, shape):
    found = ellipsoidal_area(shape, LAEA.format(lat=lat, lon=lon), ellipsoid="WGS84")[0]
    assert found == pytest.approx(shape.area, rel=1e-8, abs=1e-3)  # PROJ's latitudes end there


@pytest.mark.parametrize("lat", [90, -90])
def test_a_ring_beyond_the_equator_still_holds_its_own_pole(lat):
    shape = Point(0, 0).buffer(9.5e6, quad_segs=16)
    found = ellipsoidal_area(shape, LAEA.format(lat=lat, lon=0), ellipsoid="WGS84")[0]
    assert found == pytest.approx(shape.area, rel=1e-8)


def test_across_the_meridian_of_180_degrees():
    two = ellipsoidal_area([box(179, 0, 180, 1), box(-180, 0, -179, 1)], 4326, ellipsoid="WGS84").sum()
    assert ellipsoidal_area(box(179, 0, 181, 1), 4326, ellipsoid="WGS84")[0] == pytest.approx(two, rel=1e-13)
    x, y = Transformer.from_crs(4326, 32601, always_xy=True).transform(-180.0, 45.0)
    for square in (box(x - 200, y, x + 200, y + 400), box(x - 900, y, x - 500, y + 400)):
        # zone 31 is the same map about another meridian, far from 180°
        expected = ellipsoidal_area(square, 32631, ellipsoid="WGS84")[0]
        both = ellipsoidal_area([square, box(x - 9, y, x + 9, y + 9)], 32601, ellipsoid="WGS84")
        assert both[0] == pytest.approx(expected, abs=1e-4)


def test_very_long_edges_take_bounded_memory():
    # the whole web map: 160,000 km around
    half = 20037508.342789244
    found = ellipsoidal_area(box(-half, 0, half, half), 3857, ellipsoid="WGS84")[0]
    band = ellipsoidal_area(box(-180, 0, 180, 85.05112877980659), 4326, ellipsoid="WGS84")[0]
    assert found == pytest.approx(band, rel=1e-9)
