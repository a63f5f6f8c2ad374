"""Areas on the ellipsoid that other software publishes."""

from __future__ import annotations

import pytest
import shapely

from weipian_lab.area import ellipsoidal_area

# (edges, ellipsoid, CRS, polygon, area in m², tolerance in m² as the source gives it)
PUBLISHED = {
    # QGIS, tests/src/core/testqgsdistancearea.cpp: edges straight in longitude and latitude
    "QGIS measureAreaAndUnits": (
        "layer", "WGS84", 4326, "POLYGON((0 0, 1 0, 1 1, 2 1, 2 2, 0 2, 0 0))", 36918093794.1, 0.1,
    ),
    "QGIS collections": (
        "layer", "WGS84", 4326,
        "GEOMETRYCOLLECTION(LINESTRING(0 36.53, 5.76 -48.16), "
        "POLYGON((0 36.53, 5.76 -48.16, 0 25.54, 0 36.53)), POLYGON((10 20, 15 20, 15 10, 10 20)))",
        663136985074.0, 10.0,  # its series ends after e⁶, here 1e-11 of the area short
    ),
    "QGIS regression16820": (
        "layer", "WGS84", 32634,
        "POLYGON((110250.54038314701756 5084495.573980664834, 110243.46975068224128 5084507.172000605613, "
        "110251.23908144699817 5084506.683095327578, 110251.23944395012222 5084506.683072515763, "
        "110250.54048078990309 5084495.575532352552, 110250.54038314701756 5084495.573980664834))",
        43.328, 0.2,
    ),
    "QGIS regression14675": (
        "layer", "GRS80", 2154,
        "POLYGON((917593.57918543170672 6833700.008073789999, 917596.43389983859379 6833700.670994793065, "
        "917599.53056440979708 6833700.786734782159, 917593.57918543170672 6833700.008073789999))",
        0.83301, 0.03,
    ),
    # PostGIS, the example of ST_Area and ST_Transform as geography; its answer as quoted in the tests of
    # nmandery's keo (AreaOnSphereTest)
    "PostGIS geography": (
        "geodesic", "WGS84", 4326,
        "POLYGON((-71.1776848522251 42.3902896512902, -71.1776843766326 42.3903829478009, "
        "-71.1775844305465 42.3903826677917, -71.1775825927231 42.3902893647987, "
        "-71.1776848522251 42.3902896512902))",
        86.2776043117046, 1e-6,
    ),
    # GeographicLib, geodesic.h and pyproj's documentation: a polygon around Antarctica, across 180°
    "GeographicLib Antarctica": (
        "geodesic", "WGS84", 4326,
        "POLYGON((-74 -72.9, -102 -71.9, -102 -74.9, -131 -74.3, -163 -77.5, 163 -77.4, 172 -71.7, "
        "140 -65.9, 113 -65.7, 88 -66.6, 59 -66.9, 25 -69.8, -4 -70.0, -14 -71.0, -33 -77.3, -46 -77.9, "
        "-61 -74.7, -74 -72.9))",
        13376856682207.406, 0.1,
    ),
    # GeographicLib, Planimeter13: around the pole twice
    "GeographicLib Planimeter13": (
        "geodesic", "WGS84", 4326, "POLYGON((-360 89, -240 89, -120 89, 0 89, 120 89, 240 89, -360 89))",
        32415230256.0, 1.0,
    ),
    # pyproj's documentation, Geod.geometry_area_perimeter (there with the sign of its winding)
    "pyproj hole": (
        "geodesic", "WGS84", 4326, "POLYGON((1 1, 1 10, 10 10, 10 1, 1 1), (1 2, 3 4, 5 2, 1 2))",
        944373881400.339, 0.01,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_areas_equal_those_of_other_software(name):
    edges, ellipsoid, crs, wkt, area, tolerance = PUBLISHED[name]
    found = ellipsoidal_area(shapely.from_wkt(wkt), crs, ellipsoid=ellipsoid, edges=edges)
    assert found[0] == pytest.approx(area, abs=tolerance)


def test_both_kinds_of_edge_agree_on_a_small_polygon():
    wkt = PUBLISHED["PostGIS geography"][3]
    for edges in ("layer", "geodesic"):
        found = ellipsoidal_area(shapely.from_wkt(wkt), 4326, ellipsoid="WGS84", edges=edges)
        assert found[0] == pytest.approx(86.2776043117046, rel=1e-8)
