"""Bulk indexing, held bit for bit against the h3 library where the two could part."""

import itertools
import math

import h3.api.basic_int as h3
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onemap.core import cell, icosahedron
from onemap.core.errors import BadCoordinate, BadInput
from onemap.core.index import BAD, GUARD, asks, index

CITIES = {"Shaoxing, on the border of two faces": (120.58, 30.0), "Beijing, in a pentagon's base cell": (116.4, 39.9)}


def library(lon, lat, res):
    return np.array([h3.latlng_to_cell(y, x, res) for x, y in zip(lon.tolist(), lat.tolist(), strict=True)], np.int64)


def agree(lon, lat, res):
    lon, lat = np.asarray(lon, np.float64), np.asarray(lat, np.float64)
    found, wanted = index(lon, lat, res), library(lon, lat, res)
    differing = np.flatnonzero(found != wanted)
    assert not len(differing), [(lon[i], lat[i], res, hex(found[i]), hex(wanted[i])) for i in differing[:5]]


def globe(n, seed):
    random = np.random.default_rng(seed)
    return random.uniform(-180, 180, n), np.degrees(np.arcsin(random.uniform(-1, 1, n)))


def jittered(lon, lat, seed, steps=(0, 1, -1, 3, -4)):
    """Every position moved by a few steps of the last binary digit, both ways and both axes."""
    random = np.random.default_rng(seed)
    lons, lats = [], []
    for _ in steps:
        lons.append(lon + random.choice(steps, len(lon)) * np.spacing(lon))
        lats.append(lat + random.choice(steps, len(lat)) * np.spacing(lat))
    return np.clip(np.concatenate(lons), -180, 180), np.clip(np.concatenate(lats), -90, 90)


@pytest.mark.parametrize("res", range(16))
def test_all_over_the_globe(res):
    lon, lat = globe(12_000, res)
    agree(lon, lat, res)
    assert asks(lon, lat, res) <= 12


def test_a_million_and_more_points_at_the_stored_resolution():
    lon, lat = globe(600_000, 77)
    agree(lon, lat, 15)
    assert asks(lon, lat, 15) < 60


@pytest.mark.parametrize("name", CITIES)
def test_a_city(name):
    random = np.random.default_rng(3)
    lon = CITIES[name][0] + random.normal(0, 0.3, 250_000)
    lat = CITIES[name][1] + random.normal(0, 0.3, 250_000)
    agree(lon, lat, 15)
    # A few in a million are near a border of their cell.
    assert asks(lon, lat, 15) < 20


def test_the_city_on_the_border_does_lie_on_two_faces():
    lon, lat = CITIES["Shaoxing, on the border of two faces"]
    points = icosahedron.unit_vectors([lat - 0.3, lat + 0.3, lat, lat], [lon, lon, lon - 0.3, lon + 0.3])
    assert len(set(np.argmax(points @ icosahedron.frame().center.T, axis=1).tolist())) == 2


def test_every_base_cell_is_met_on_every_face_it_touches():
    lon, lat = globe(150_000, 5)
    found = index(lon, lat, 3)
    assert len(np.unique(found >> 45 & 127)) == 122
    homes = icosahedron.frame().homes
    touched = {base: set((row[row >= 0] // icosahedron.SIDE**2).tolist()) for base, row in enumerate(homes)}
    # The library looks at the corners only; a finer cell of the same base may lie across one more edge.
    for one in h3.get_res0_cells():
        assert touched[h3.get_base_cell_number(one)] >= set(h3.get_icosahedron_faces(one))


@pytest.mark.parametrize("res", [0, 1, 2, 3, 6, 9, 12, 15])
def test_around_pentagons(res):
    random = np.random.default_rng(res)
    size = math.degrees(math.sqrt(cell.area_km2(res)) / 6371.0)
    for one in h3.get_pentagons(res):
        lat, lon = h3.cell_to_latlng(one)
        spread = random.choice([0.001, 0.3, 1.0, 3.0, 20.0], 800) * size
        lats = lat + random.normal(size=800) * spread
        lons = lon + random.normal(size=800) * spread / math.cos(math.radians(lat))
        kept = (np.abs(lats) <= 90) & (np.abs(lons) <= 180)
        agree(lons[kept], lats[kept], res)


@pytest.mark.parametrize("res", [0, 1, 4, 7, 10, 13, 14, 15])
def test_on_corners_and_edges_to_the_last_digit(res):
    lon, lat = globe(60, res)
    cells = index(lon, lat, res)
    corners = [h3.cell_to_boundary(int(one)) for one in cells]
    pairs = [pair for ring in corners for pair in itertools.pairwise([*ring, ring[0]])]
    first, second = np.array([p for p, _ in pairs]), np.array([q for _, q in pairs])
    near = np.abs(first[:, 1] - second[:, 1]) < 90
    first, second = first[near], second[near]
    for share in (0.0, 0.5, 0.3):
        at = first + share * (second - first)
        agree(*jittered(at[:, 1], at[:, 0], res), res)


@pytest.mark.parametrize("res", [0, 2, 5, 8, 11, 14, 15])
def test_on_the_borders_of_faces(res):
    held = icosahedron.frame()
    random = np.random.default_rng(res)
    lons, lats = [], []
    for face in range(20):
        for normal in held.inside[face]:
            # On the plane between two faces, between the two corners they share, and the least bit beside it.
            along = (
                held.center[face]
                - normal / 2
                + random.uniform(-0.55, 0.55, (40, 1)) * np.cross(held.center[face], normal / np.linalg.norm(normal))
            )
            points = along / np.linalg.norm(along, axis=1)[:, None]
            points = points + random.choice([0.0, 1e-16, 1e-13, 1e-10, 1e-7], (40, 1)) * normal
            lats.append(np.degrees(np.arcsin(np.clip(points[:, 2], -1, 1))))
            lons.append(np.degrees(np.arctan2(points[:, 1], points[:, 0])))
    lon, lat = np.concatenate(lons), np.concatenate(lats)
    agree(*jittered(lon, lat, res, (0, 1)), res)


@pytest.mark.parametrize("res", [0, 3, 9, 15])
def test_near_the_centres_of_faces(res):
    # There the library's distance, from an arc cosine, is at its worst.
    held = icosahedron.frame()
    random = np.random.default_rng(res)
    lat0 = np.degrees(np.arcsin(held.center[:, 2]))
    lon0 = np.degrees(np.arctan2(held.center[:, 1], held.center[:, 0]))
    for away in (0.0, 1e-12, 1e-9, 1e-7, 1e-5, 1e-3):
        lon = np.repeat(lon0, 100) + random.normal(size=2000) * away
        lat = np.repeat(lat0, 100) + random.normal(size=2000) * away
        agree(lon, lat, res)


@pytest.mark.parametrize("res", range(0, 16, 3))
def test_poles_antimeridian_and_zeros(res):
    lons = [-180.0, 180.0, math.nextafter(180, 0), math.nextafter(-180, 0), 0.0, -0.0, 5e-324, 90.0, -90.0, 45.0, 135.0]
    lats = [-90.0, 90.0, math.nextafter(90, 0), 0.0, -0.0, -5e-324, 45.0, -45.0, 1e-300, 89.999999999, 30.0]
    lon, lat = (np.array(axis) for axis in zip(*itertools.product(lons, lats), strict=True))
    agree(lon, lat, res)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), min_size=1, max_size=40),
    st.integers(0, 15),
)
def test_any_floats(places, res):
    lon, lat = (np.array(axis) for axis in zip(*places, strict=True))
    agree(lon, lat, res)


def test_threads_and_pieces_give_the_same():
    lon, lat = globe(300_001, 9)
    one = index(lon, lat, 11, workers=1)
    assert np.array_equal(one, index(lon, lat, 11, workers=3))
    pieces = [index(lon[at : at + 77_777], lat[at : at + 77_777], 11) for at in range(0, len(lon), 77_777)]
    assert np.array_equal(one, np.concatenate(pieces))
    assert np.array_equal(index(lon[::2], lat[::2], 11), one[::2])
    assert index(lon[:0], lat[:0], 11).shape == (0,)


def test_positions_that_are_none_are_marked():
    lon, lat = globe(600, 2)
    at = [0, 255, 256, 599]
    lon[at[:2]], lat[at[2]], lat[at[3]] = [np.nan, 180.5], -np.inf, 91.0
    found = index(lon, lat, 9)
    assert np.flatnonzero(found == BAD).tolist() == at


@pytest.mark.parametrize(
    ("lon", "lat", "reason"),
    [(np.nan, 30, "not-finite"), (181, 30, "lon-range"), (170, 95, "lat-range"), (30, 120, "axes-swapped")],
)
def test_the_first_bad_position_gives_the_reason(lon, lat, reason):
    lons, lats = globe(5000, 1)
    lons[1234], lats[1234], lats[4000] = lon, lat, np.nan
    with pytest.raises(BadCoordinate) as caught:
        cell.cells_of(lons, lats)
    assert caught.value.reason == reason


def test_columns_of_different_shapes_are_refused():
    with pytest.raises(BadInput) as caught:
        cell.cells_of([1.0, 2.0], [1.0])
    assert caught.value.reason == "shape"


def test_large_columns_keep_their_shape():
    lon, lat = globe(1200, 4)
    found = cell.cells_of(lon.reshape(30, 40), lat.reshape(30, 40), 9)
    assert found.shape == (30, 40)
    assert np.array_equal(found.ravel(), library(lon, lat, 9))


def test_the_guard_is_many_times_what_the_two_computations_differ_by():
    # The library's centres, carried back into our plane, lie this far from the lattice points they stand for.
    frame = icosahedron.frame()
    worst = 0.0
    for face in range(20):
        z = np.array([complex(a, b) / 700 for a in range(-600, 600, 150) for b in range(-350, 350, 100)])
        points = frame.center[face] + z.real[:, None] * frame.x_axis[face] + z.imag[:, None] * frame.y_axis[face]
        points /= np.linalg.norm(points, axis=1)[:, None]
        points = points[(points @ frame.inside[face].T).min(axis=1) > 0.001]
        lat = np.degrees(np.arctan2(points[:, 2], np.hypot(points[:, 0], points[:, 1])))
        lon = np.degrees(np.arctan2(points[:, 1], points[:, 0]))
        cells = library(lon, lat, 15)
        back = np.array([h3.cell_to_latlng(int(one)) for one in cells])
        again = icosahedron.unit_vectors(back[:, 0], back[:, 1])
        depth = again @ frame.center[face]
        plane = ((again @ frame.x_axis[face]) + 1j * (again @ frame.y_axis[face])) / depth / icosahedron.STEP
        plane *= icosahedron.factor(15)
        b = plane.imag * 2 / math.sqrt(3.0)
        a = plane.real + b / 2
        worst = max(worst, float(np.abs(a - np.rint(a)).max()), float(np.abs(b - np.rint(b)).max()))
    assert worst < GUARD / 15
    # In radians: one lattice unit of resolution 15 is this long.
    assert worst * icosahedron.STEP / abs(icosahedron.factor(15)) < 1e-14


@pytest.mark.parametrize("turns", range(6))
def test_turned_digits_are_turned_units(turns):
    sixth = complex(0.5, math.sqrt(3) / 2)
    units = icosahedron.UNITS[:, 0] + icosahedron.UNITS[:, 1] * icosahedron.W
    for digit in range(7):
        moved = icosahedron.turned(digit, turns)
        assert abs(units[moved] - units[digit] * sixth**turns) < 1e-12
        assert icosahedron.turned(digit << 6 | 3 << 3, turns) == moved << 6 | icosahedron.turned(3, turns) << 3
