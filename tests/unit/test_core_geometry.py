"""Checks and repairs of geometry."""

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from onemap.core.errors import BadCoordinate, BadGeometry, BadInput
from onemap.core.geometry import (
    check_point,
    check_points,
    clean_geometries,
    clean_geometry,
    read_geojson,
    representative,
    representatives,
)

SQUARE = box(120.0, 30.0, 120.1, 30.1)


def g(text):
    return shapely.from_wkt(text)


@pytest.mark.parametrize(
    ("lon", "lat", "reason"),
    [
        (120.0, 30.0, ""),
        (-180.0, -90.0, ""),
        (180.0, 90.0, ""),
        (0.0, 51.5, ""),
        (math.nan, 30.0, "not-finite"),
        (120.0, math.inf, "not-finite"),
        (-math.inf, 30.0, "not-finite"),
        (120.0, 91.0, "lat-range"),
        (30.0, 91.0, "axes-swapped"),
        (30.0, 120.0, "axes-swapped"),
        (120.0, 200.0, "lat-range"),
        (181.0, 30.0, "lon-range"),
        (12_000_000.0, 30.0, "lon-range"),
        (0.0, 0.0, "null-island"),
        (-0.0, 1e-9, "null-island"),
    ],
)
def test_point_checks(lon, lat, reason):
    ok, reasons = check_points([lon, 120.0], [lat, 30.0])
    assert ok.tolist() == [reason == "", True]
    assert reasons.tolist() == [reason, ""]
    if reason:
        with pytest.raises(BadCoordinate) as caught:
            check_point(lon, lat)
        assert caught.value.reason == reason
    else:
        check_point(lon, lat)


@settings(deadline=None)
@given(st.floats(), st.floats())
def test_what_passes_the_check_is_on_the_globe(lon, lat):
    ok, _ = check_points([lon], [lat])
    on_globe = math.isfinite(lon) and math.isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90
    assert bool(ok[0]) == (on_globe and not (abs(lon) < 1e-6 and abs(lat) < 1e-6))


@pytest.mark.parametrize(
    ("geom", "wanted", "repairs"),
    [
        (Point(120, 30), "Point", ()),
        (Point(120, 30, 5), "Point", ("forced-2d",)),
        (g("MULTIPOINT ((120 30))"), "Point", ("unwrapped",)),
        (SQUARE, "MultiPolygon", ("promoted",)),
        (MultiPolygon([SQUARE]), "MultiPolygon", ()),
        (g("LINESTRING (120 30, 121 30)"), "MultiLineString", ("promoted",)),
        (g("MULTILINESTRING ((120 30, 121 30))"), "LineString", ("unwrapped",)),
        (g("LINESTRING ZM (120 30 5 1, 121 30 6 2)"), "LineStringZM", ()),
        (g("LINESTRING ZM (120 30 5 1, 121 30 6 2)"), "LineString", ("forced-2d",)),
        (g("LINESTRING M (120 30 1, 121 30 2)"), "LineString", ("forced-2d",)),
        (g("MULTILINESTRING ((120 30, 121 30), (120 31, 120 31))"), "MultiLineString", ("dropped-parts",)),
        (g("POLYGON ((120 30, 121 31, 121 30, 120 31, 120 30))"), "MultiPolygon", ("promoted", "made-valid")),
        (
            g("GEOMETRYCOLLECTION (POLYGON ((120 30, 121 30, 121 31, 120 30)), POINT (120 30))"),
            "MultiPolygon",
            ("dropped-parts", "promoted"),
        ),
    ],
)
def test_repairs_are_named(geom, wanted, repairs):
    cleaned = clean_geometry(geom, wanted)
    assert cleaned.repairs == repairs
    assert cleaned.geom.geom_type == wanted.removesuffix("ZM")
    assert cleaned.geom.is_valid
    assert cleaned.geom.has_m == wanted.endswith("ZM")


def test_a_bow_tie_keeps_both_its_wings():
    bow_tie = g("POLYGON ((120 30, 121 31, 121 30, 120 31, 120 30))")
    cleaned = clean_geometry(bow_tie, "MultiPolygon")
    assert cleaned.geom.area == pytest.approx(0.5)
    assert len(cleaned.geom.geoms) == 2


def test_overlapping_parts_become_one_area_and_no_hole():
    cleaned = clean_geometry(MultiPolygon([box(120, 30, 122, 32), box(121, 31, 123, 33)]), "MultiPolygon")
    assert cleaned.repairs == ("made-valid",)
    assert cleaned.geom.area == pytest.approx(7.0)


def test_a_spike_is_cut_off():
    cleaned = clean_geometry(g("POLYGON ((120 30, 121 30, 121 31, 121 35, 121 31, 120 31, 120 30))"), "MultiPolygon")
    assert cleaned.geom.bounds == (120.0, 30.0, 121.0, 31.0)


def ring(vertices):
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    return Polygon(np.column_stack([120 + 0.1 * np.cos(angle), 30 + 0.1 * np.sin(angle)]))


def test_a_ring_of_six_thousand_vertices_is_fine():
    assert clean_geometry(ring(6_000), "MultiPolygon").repairs == ("promoted",)


@pytest.mark.parametrize(
    ("geom", "wanted", "error", "reason"),
    [
        (None, "Point", BadGeometry, "empty"),
        (g("POINT EMPTY"), "Point", BadGeometry, "empty"),
        (g("MULTIPOLYGON EMPTY"), "MultiPolygon", BadGeometry, "empty"),
        (SQUARE, "Point", BadGeometry, "wrong-type"),
        (Point(120, 30), "MultiPolygon", BadGeometry, "wrong-type"),
        (Point(120, 30), "LineStringZM", BadGeometry, "wrong-type"),
        (g("MULTIPOINT ((120 30), (121 30))"), "Point", BadGeometry, "wrong-type"),
        (g("MULTILINESTRING ((120 30, 121 30), (120 31, 121 31))"), "LineString", BadGeometry, "wrong-type"),
        (g("POLYGON ((120 30, 121 30, 120 30, 120 30))"), "MultiPolygon", BadGeometry, "collapsed"),
        (g("LINESTRING (120 30, 120 30)"), "LineString", BadGeometry, "collapsed"),
        (box(-170, 30, 170, 31), "MultiPolygon", BadGeometry, "extent"),
        (g("LINESTRING Z (120 30 5, 121 30 6)"), "LineStringZM", BadGeometry, "no-measure"),
        (g("LINESTRING ZM (120 30 5 2, 121 30 6 1)"), "LineStringZM", BadGeometry, "measure-order"),
        (Point(30, 120), "Point", BadCoordinate, "axes-swapped"),
        (Point(0, 0), "Point", BadCoordinate, "null-island"),
        (LineString([(120, 30), (0, 0), (120.1, 30)]), "LineString", BadCoordinate, "null-island"),
        (
            shapely.transform(SQUARE, lambda c: np.where(c == 30.1, np.nan, c)),
            "MultiPolygon",
            BadCoordinate,
            "not-finite",
        ),
    ],
)
def test_refusals_have_reasons(geom, wanted, error, reason):
    with pytest.raises(error) as caught:
        clean_geometry(geom, wanted)
    assert caught.value.reason == reason
    assert caught.value.message


def test_the_vertex_limit():
    with pytest.raises(BadGeometry) as caught:
        clean_geometry(ring(50), "MultiPolygon", max_vertices=50)
    assert caught.value.reason == "vertices"


MIXED = [
    None,
    SQUARE,
    MultiPolygon([SQUARE]),
    Point(120, 30),
    Point(0, 0),
    Point(120, 30, 5),
    g("POINT EMPTY"),
    g("MULTIPOINT ((120 30))"),
    g("MULTIPOLYGON EMPTY"),
    g("POLYGON ((120 30, 121 31, 121 30, 120 31, 120 30))"),
    g("POLYGON ((120 30, 121 30, 120 30, 120 30))"),
    g("LINESTRING (120 30, 121 30)"),
    g("LINESTRING (120 30, 120 30)"),
    g("LINESTRING M (120 30 1, 121 30 2)"),
    g("LINESTRING ZM (120 30 5 1, 121 30 6 2)"),
    g("MULTILINESTRING ((120 30, 121 30))"),
    g("MULTILINESTRING ((120 30, 121 30), (120 31, 120 31))"),
    g("MULTIPOLYGON (((120 30, 121 30, 121 31, 120 30)), EMPTY)"),
    g("GEOMETRYCOLLECTION (POLYGON ((120 30, 121 30, 121 31, 120 30)), POINT (120 30))"),
    shapely.transform(SQUARE, lambda c: np.where(c == 30.1, np.nan, c)),
    box(-170, 30, 170, 31),
    box(30, 100, 31, 101),
]


@pytest.mark.parametrize("wanted", ["Point", "LineString", "LineStringZM", "MultiLineString", "MultiPolygon"])
def test_in_bulk_as_one_by_one(wanted):
    out, repairs, refused = clean_geometries(np.array(MIXED, dtype=object), wanted)
    for index, geom in enumerate(MIXED):
        try:
            one = clean_geometry(geom, wanted)
        except BadInput as exc:
            assert (type(refused[index]), refused[index].reason) == (type(exc), exc.reason)
            assert out[index] is None
        else:
            assert index not in refused
            assert (repairs[index], out[index].wkt) == (one.repairs, one.geom.wkt)


def test_an_open_ring_is_closed_and_said_so():
    open_ring = {"type": "Polygon", "coordinates": [[[120, 30], [121, 30], [121, 31]]]}
    cleaned = read_geojson(open_ring)
    assert cleaned.repairs == ("ring-closed",)
    assert cleaned.geom.area == pytest.approx(0.5)
    assert len(open_ring["coordinates"][0]) == 3, "the caller's object is left as it was"


@pytest.mark.parametrize("kind", ["MultiPolygon", "GeometryCollection"])
def test_rings_are_closed_at_any_depth(kind):
    rings = [[[120, 30], [121, 30], [121, 31]]]
    data = {"type": kind, "coordinates": [rings]}
    if kind == "GeometryCollection":
        data = {"type": kind, "geometries": [{"type": "Polygon", "coordinates": rings}]}
    assert read_geojson(data).repairs == ("ring-closed",)


def test_sound_geojson_passes_as_it_is():
    cleaned = read_geojson(shapely.geometry.mapping(SQUARE))
    assert cleaned.repairs == ()
    assert cleaned.geom.equals(SQUARE)


@pytest.mark.parametrize(
    "data",
    [
        {},
        [],
        "POINT (1 2)",
        {"type": "Blob", "coordinates": [1, 2]},
        {"type": "Point", "coordinates": ["a", "b"]},
        {"type": "Point"},
        {"type": "Polygon", "coordinates": 7},
        {"type": "Polygon", "coordinates": [[[1, 2]]]},
        {"type": "MultiPolygon", "coordinates": [7]},
        {"type": ["Polygon"], "coordinates": []},
        {"type": "GeometryCollection", "geometries": [7]},
        {"type": "Point", "coordinates": [math.nan, 30]},
        {"type": "Point", "coordinates": {1, 2}},
    ],
)
def test_malformed_geojson_is_refused(data):
    with pytest.raises(BadGeometry) as caught:
        read_geojson(data)
    assert caught.value.reason == "malformed"


def test_absurd_nesting_is_refused():
    data = {"type": "Point", "coordinates": [120, 30]}
    for _ in range(3_000):
        data = {"type": "GeometryCollection", "geometries": [data]}
    with pytest.raises(BadGeometry):
        read_geojson(data)


def test_no_geometry_is_empty():
    with pytest.raises(BadGeometry) as caught:
        read_geojson(None)
    assert caught.value.reason == "empty"


def test_representative_points_lie_on_their_geometry():
    horseshoe = g("POLYGON ((0 10, 3 10, 3 13, 4 13, 4 9, -1 9, -1 13, 0 13, 0 10))")
    assert horseshoe.contains(representative(horseshoe))
    assert representative(Point(120, 30, 9)).wkt == "POINT (120 30)"
    assert representative(LineString([(0, 10), (2, 10), (4, 10)])).equals(Point(2, 10))
    lon, lat = representatives(np.array([Point(1, 2), SQUARE], dtype=object))
    assert lon.tolist() == pytest.approx([1, 120.05])
    assert lat.tolist() == pytest.approx([2, 30.05])


def test_nothing_stands_for_an_empty_geometry():
    with pytest.raises(BadGeometry):
        representative(g("POINT EMPTY"))
