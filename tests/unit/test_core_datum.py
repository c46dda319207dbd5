"""Datums: the published vectors, round trips, refusals, and projected codes."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from onemap.core.datum import GCJ02_BOX, Datum, DatumRef, from_wgs84, geometry_to_wgs84, parse_datum, to_wgs84
from onemap.core.errors import BadCoordinate, BadInput

# WGS-84, GCJ-02, BD-09 of three places, from the public formula.
VECTORS = [
    ((116.404, 39.915), (116.410244499, 39.916404282), (116.416627244, 39.922699552)),
    ((104.0665, 30.5723), (104.069004906, 30.569845541), (104.075480941, 30.575856164)),
    ((121.4737, 31.2304), (121.478223059, 31.228457738), (121.484781469, 31.234310594)),
]
METRE_DEG = 1 / 111_320.0

west, south, east, north = GCJ02_BOX
china = st.tuples(st.floats(west, east), st.floats(south, north))


@pytest.mark.parametrize(("wgs", "gcj", "bd"), VECTORS)
def test_forward_matches_the_published_vectors(wgs, gcj, bd):
    assert from_wgs84(*wgs, Datum.GCJ02) == pytest.approx(gcj, abs=1e-9)
    assert from_wgs84(*wgs, Datum.BD09) == pytest.approx(bd, abs=1e-9)


@pytest.mark.parametrize(("wgs", "gcj", "bd"), VECTORS)
def test_inverse_returns_to_the_start(wgs, gcj, bd):
    # The vectors carry nine decimals, so the way back can be no better than that: 0.1 mm.
    assert to_wgs84(*gcj, Datum.GCJ02) == pytest.approx(wgs, abs=2e-9)
    assert to_wgs84(*bd, Datum.BD09) == pytest.approx(wgs, abs=2e-9)


@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
@settings(deadline=None)
@given(place=china)
def test_round_trip_is_far_below_a_millimetre(datum, place):
    back = to_wgs84(*from_wgs84(*place, datum), datum, on_bad="nan")
    # A point within rounding of the box's own edge may come back on the other side of it.
    if min(place[0] - west, east - place[0], place[1] - south, north - place[1]) > 1e-9:
        assert back == pytest.approx(place, abs=1e-10)


def test_the_shift_has_the_measured_size():
    rng = np.random.default_rng(7)
    lon, lat = rng.uniform(75, 134, 20_000), rng.uniform(18, 53, 20_000)
    x, y = from_wgs84(lon, lat, Datum.GCJ02)
    metres = np.hypot((x - lon) * np.cos(np.radians(lat)), y - lat) / METRE_DEG
    assert 20 < metres.min() < 40
    assert 680 < metres.max() < 720
    assert metres.mean() == pytest.approx(405, abs=5)


def test_arrays_keep_their_shape_and_type():
    lon, lat = to_wgs84([[116, 117], [118, 119]], [[39, 40], [41, 42]], Datum.GCJ02)
    assert lon.shape == lat.shape == (2, 2)
    assert lon.dtype == np.float64


def test_shapes_must_agree():
    with pytest.raises(BadInput) as caught:
        to_wgs84([1.0, 2.0], [1.0], Datum.WGS84)
    assert caught.value.reason == "shape"


@pytest.mark.parametrize("datum", [Datum.WGS84, Datum.CGCS2000])
def test_wgs84_and_cgcs2000_pass_unchanged(datum):
    assert to_wgs84(116.4, 39.9, datum) == (116.4, 39.9)


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ((2.35, 48.86), "outside-area"),
        ((39.9, 116.4), "axes-swapped"),
        ((0.0, 0.0), "null-island"),
        ((float("nan"), 39.9), "not-finite"),
        ((116.4, float("inf")), "not-finite"),
        ((116.4, 91.0), "lat-range"),
        ((181.0, 39.9), "lon-range"),
    ],
)
@pytest.mark.parametrize("datum", [Datum.GCJ02, Datum.BD09])
def test_a_wrong_declaration_is_refused_with_its_reason(datum, place, reason):
    with pytest.raises(BadCoordinate) as caught:
        to_wgs84(*place, datum)
    assert caught.value.reason == reason
    assert datum.value in caught.value.message


def test_bulk_conversion_marks_only_the_bad_rows():
    lon, lat = to_wgs84([116.4, 2.35, np.nan], [39.9, 48.86, 39.9], Datum.GCJ02, on_bad="nan")
    assert np.isnan(lon).tolist() == np.isnan(lat).tolist() == [False, True, True]


def test_the_message_counts_the_row():
    with pytest.raises(BadCoordinate, match="Position 2 of 2"):
        to_wgs84([116.4, 2.35], [39.9, 48.86], Datum.GCJ02)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("gcj-02", "GCJ-02"),
        ("GCJ02", "GCJ-02"),
        ("bd_09", "BD-09"),
        ("bd09ll", "BD-09"),
        ("wgs 84", "WGS-84"),
        ("EPSG:4326", "WGS-84"),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "WGS-84"),
        ("urn:ogc:def:crs:EPSG::26910", "EPSG:26910"),
        ("epsg:4490", "CGCS2000"),
        ("cgcs2000", "CGCS2000"),
        (" epsg:26910 ", "EPSG:26910"),
        ("EPSG:4547", "EPSG:4547"),
    ],
)
def test_datum_names(text, label):
    ref = parse_datum(text)
    assert ref.label == str(ref) == label
    assert parse_datum(ref) is ref
    assert parse_datum(label) == ref


@pytest.mark.parametrize("text", ["", "mars", "EPSG:999999", "EPSG:4978", "EPSG:5703", "4326; drop", "+proj=longlat"])
def test_unknown_datums_are_refused(text):
    with pytest.raises(BadInput) as caught:
        parse_datum(text)
    assert caught.value.reason == "datum"


UTM10: DatumRef = parse_datum("EPSG:26910")


def test_a_projected_code_lands_in_its_city():
    lon, lat = to_wgs84(491_000.0, 5_459_000.0, UTM10)
    assert lon == pytest.approx(-123.124, abs=0.01)
    assert lat == pytest.approx(49.284, abs=0.01)
    assert from_wgs84(lon, lat, UTM10) == pytest.approx((491_000.0, 5_459_000.0), abs=1e-3)


def test_a_chinese_gauss_kruger_zone():
    # On the central meridian the easting is the false one, whatever the latitude.
    assert from_wgs84(114.0, 30.5, parse_datum("EPSG:4547"))[0] == pytest.approx(500_000.0, abs=1e-6)


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ((5_459_000.0, 491_000.0), "axes-swapped"),
        ((0.0, 0.0), "null-island"),
        ((500_000.0, -3_000_000.0), "outside-area"),
        ((3_000_000.0, 5_000_000.0), "outside-area"),
        ((float("nan"), 5_459_000.0), "not-finite"),
    ],
)
def test_projected_positions_far_outside_are_refused(place, reason):
    with pytest.raises(BadCoordinate) as caught:
        to_wgs84(*place, UTM10)
    assert caught.value.reason == reason


def test_a_neighbouring_zone_is_not_refused():
    # Seattle's longitude seen from one zone to the east.
    there = parse_datum("EPSG:26911")
    assert to_wgs84(*from_wgs84(-122.3, 47.6, there), there) == pytest.approx((-122.3, 47.6), abs=1e-6)


def test_projecting_a_place_outside_the_zone_is_refused():
    with pytest.raises(BadCoordinate) as caught:
        from_wgs84(116.4, 39.9, UTM10)
    assert caught.value.reason == "outside-area"


@pytest.mark.parametrize(
    "wkt",
    [
        "POINT (116.41 39.91)",
        "POINT Z (116.41 39.91 50)",
        "POINT ZM (116.41 39.91 50 7)",
        "LINESTRING (116.41 39.91, 116.42 39.92)",
        "LINESTRING M (116.41 39.91 1, 116.42 39.92 2)",
        "LINESTRING ZM (116.41 39.91 50 1, 116.42 39.92 51 2)",
        "MULTILINESTRING ZM ((116.4 39.9 1 1, 116.5 39.9 2 2, 116.5 40 3 3), (117.4 39.9 4 4, 117.5 39.9 5 5))",
        "POLYGON Z ((116.4 39.9 1, 116.5 39.9 2, 116.5 40 3, 116.4 39.9 1))",
        "MULTIPOLYGON ZM (((116.4 39.9 1 5, 116.5 39.9 2 6, 116.5 40 3 7, 116.4 39.9 1 5)))",
        "GEOMETRYCOLLECTION ZM (POINT ZM (116.4 39.9 1 2), LINESTRING ZM (116.4 39.9 1 2, 116.5 39.9 3 4))",
        "POINT EMPTY",
    ],
)
def test_geometry_of_any_dimension_keeps_its_z_and_m(wkt):
    geom = shapely.from_wkt(wkt)
    moved = geometry_to_wgs84(geom, Datum.GCJ02)
    assert moved.geom_type == geom.geom_type
    assert (moved.has_z, moved.has_m) == (geom.has_z, geom.has_m)
    old = shapely.get_coordinates(geom, include_z=True, include_m=True)
    new = shapely.get_coordinates(moved, include_z=True, include_m=True)
    assert np.array_equal(old[:, 2:], new[:, 2:], equal_nan=True)
    expected = np.column_stack(to_wgs84(old[:, 0], old[:, 1], Datum.GCJ02))
    assert np.array_equal(new[:, :2], expected)
    assert shapely.from_wkt(wkt).equals(geom), "the input is left as it was"
