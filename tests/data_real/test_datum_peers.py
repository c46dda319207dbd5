"""Datums against two public libraries' outputs and against real districts drawn in two datums."""

import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from onemap.core.datum import Datum, DatumRef, from_wgs84, geometry_to_wgs84, parse_datum, to_wgs84
from onemap.core.errors import BadCoordinate

METRES_PER_DEG = 111_320.0


def apart_m(lon, lat, other_lon, other_lat):
    return np.hypot((lon - other_lon) * np.cos(np.radians(other_lat)), lat - other_lat) * METRES_PER_DEG


@pytest.fixture(scope="module")
def peers(shared_data):
    return pd.read_csv(shared_data / "datum" / "peer_vectors_gcoord_coordtransform.csv")


@pytest.fixture(scope="module")
def inside(peers):
    return ~np.isnan(from_wgs84(peers.wgs_lng, peers.wgs_lat, Datum.GCJ02, on_bad="nan")[0])


def test_both_peers_are_met_inside_china_to_a_micrometre(peers, inside):
    china = peers[inside]
    assert len(china) == 1_061
    gcj = from_wgs84(china.wgs_lng, china.wgs_lat, Datum.GCJ02)
    assert apart_m(*gcj, china.gcoord_gcj_lng, china.gcoord_gcj_lat).max() < 1e-6
    assert apart_m(*gcj, china.coordtransform_gcj_lng, china.coordtransform_gcj_lat).max() < 1e-6
    bd = from_wgs84(china.wgs_lng, china.wgs_lat, Datum.BD09)
    assert apart_m(*bd, china.gcoord_bd_lng, china.gcoord_bd_lat).max() < 1e-6


def test_the_way_back_from_the_peers_is_a_thousand_times_closer_than_theirs(peers, inside):
    china = peers[inside]
    for datum, x, y in (
        (Datum.GCJ02, china.gcoord_gcj_lng, china.gcoord_gcj_lat),
        (Datum.BD09, china.gcoord_bd_lng, china.gcoord_bd_lat),
    ):
        assert apart_m(*to_wgs84(x, y, datum), china.wgs_lng, china.wgs_lat).max() < 1e-6
    theirs = apart_m(china.gcoord_back_wgs_lng, china.gcoord_back_wgs_lat, china.wgs_lng, china.wgs_lat).max()
    assert theirs > 1e-3


def test_abroad_the_peers_differ_or_do_nothing_and_we_refuse(peers, inside):
    abroad = peers[~inside]
    assert len(abroad) == 4
    between = apart_m(
        abroad.gcoord_gcj_lng, abroad.gcoord_gcj_lat, abroad.coordtransform_gcj_lng, abroad.coordtransform_gcj_lat
    )
    assert between.max() > 100
    for row in abroad.itertuples():
        with pytest.raises(BadCoordinate) as caught:
            to_wgs84(row.wgs_lng, row.wgs_lat, Datum.GCJ02)
        assert caught.value.reason == "outside-area"


@pytest.fixture(scope="module")
def districts(shared_data):
    """Pairs of the same district: as drawn in GCJ-02 (in a file labelled WGS-84), and in CGCS2000."""
    gcj_info, _, gcj_wkb, gcj_fields = pyogrio.raw.read(shared_data / "datum" / "districts_gcj02.geojson")
    cgcs_info, _, cgcs_wkb, cgcs_fields = pyogrio.raw.read(shared_data / "datum" / "districts_cgcs2000.gpkg")
    gcj_names = gcj_fields[gcj_info["fields"].tolist().index("district")]
    cgcs_names = cgcs_fields[cgcs_info["fields"].tolist().index("name")]
    assert parse_datum(cgcs_info["crs"]) == DatumRef("CGCS2000", Datum.CGCS2000)
    true = dict(zip(cgcs_names, shapely.from_wkb(cgcs_wkb), strict=True))
    return [(name, geom, true[name]) for name, geom in zip(gcj_names, shapely.from_wkb(gcj_wkb), strict=True)]


def edge_m(area, other):
    """Median distance in metres from the vertices of `other` to the edge of `area`, in a local flat view."""
    shrink = np.array([np.cos(np.radians(other.centroid.y)), 1.0])
    flat = [shapely.transform(geom, lambda c: c * shrink * METRES_PER_DEG) for geom in (area, other)]
    return float(np.median(shapely.distance(shapely.points(shapely.get_coordinates(flat[1])), flat[0].boundary)))


def overlap(area, other):
    return area.intersection(other).area / area.union(other).area


def test_districts_declared_gcj02_land_on_the_same_districts_in_cgcs2000(districts):
    """The two sources generalised the borders differently, so edges agree to tens of metres, the datum shift is 400."""
    assert len(districts) == 11
    before, after = [], []
    for name, gcj, true in districts:
        moved = geometry_to_wgs84(gcj, Datum.GCJ02)
        truth = geometry_to_wgs84(true, Datum.CGCS2000)
        before.append(edge_m(gcj, truth))
        after.append(edge_m(moved, truth))
        assert overlap(moved, truth) > overlap(gcj, truth), name
        assert after[-1] < 0.6 * before[-1], name
        assert after[-1] < 200, name
    assert np.median(after) < 45
    assert np.median(before) > 250
