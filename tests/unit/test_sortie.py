"""Sorties: where they are cut, and thinned lines that are never further than the tolerance from where the mover was."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from onemap.tracks.sortie import GAP_S, LONGEST_S, TOLERANCE_M, Fixes, ewkb, half_way, length_m, moved, split, thin

GEOD = Geod(ellps="WGS84")


def _walk(steps: list[tuple[float, float, float, float]]) -> Fixes:
    """Steps of (seconds, metres east, metres north, metres up)."""
    moves = np.array(steps, np.float64).reshape(-1, 4).cumsum(axis=0)
    return Fixes(1.8e9 + moves[:, 0], 110.4 + moves[:, 1] / 97_000, 29.1 + moves[:, 2] / 111_195, 300 + moves[:, 3])


metres = st.floats(-20, 20)
walks = st.lists(
    st.tuples(st.sampled_from([1.0, 2.0, 10.0, 400.0, 3000.0]), metres, metres, st.floats(-5, 5)),
    min_size=2, max_size=80,
).map(_walk)  # fmt: skip


@given(walks)
def test_sorties_hold_every_fix_once_without_gaps_and_not_too_long(fixes: Fixes) -> None:
    found = split(fixes)
    assert np.array_equal(np.concatenate([s.at_s for s in found]), fixes.at_s)
    for sortie in found:
        assert (np.diff(sortie.at_s) <= GAP_S).all() and sortie.at_s[-1] - sortie.at_s[0] <= LONGEST_S
    for one, two in pairwise(found):
        assert two.at_s[0] - one.at_s[-1] > GAP_S or two.at_s[0] - one.at_s[0] > LONGEST_S


@settings(deadline=None)
@given(walks)
def test_a_thinned_line_is_near_the_mover_at_every_instant(fixes: Fixes) -> None:
    line = thin(fixes)
    assert (line.at_s[0], line.at_s[-1]) == (fixes.at_s[0], fixes.at_s[-1])
    assert (np.diff(line.at_s) > 0).all() and np.isin(line.at_s, fixes.at_s).all()
    lon, lat, up = (np.interp(fixes.at_s, line.at_s, values) for values in (line.lon, line.lat, line.altitude_m))
    _, _, off = GEOD.inv(lon, lat, fixes.lon, fixes.lat)
    assert (np.hypot(off, up - fixes.altitude_m) <= TOLERANCE_M * 1.01 + 0.01).all()


@given(walks, st.integers(1, 80))
def test_what_was_thinned_of_earlier_spans_does_not_change_by_later_fixes(fixes: Fixes, cut: int) -> None:
    early, whole = thin(fixes[:cut]), thin(fixes)
    closed = np.floor(fixes.at_s[:cut][-1] / 300) * 300
    assert np.array_equal(early.at_s[early.at_s < closed], whole.at_s[whole.at_s < closed])


def test_a_straight_flight_needs_the_ends_of_its_spans_and_a_hover_stays_one() -> None:
    straight = _walk([(1.0, 5.0, 0.0, 0.0)] * 250)
    assert len(thin(straight)) <= 4
    hover = _walk([(1.0, 5.0, 0.0, 0.0)] * 60 + [(1.0, 0.0, 0.0, 0.0)] * 60 + [(1.0, 5.0, 0.0, 0.0)] * 60)
    line = thin(hover)
    assert np.interp(hover.at_s[90], line.at_s, line.lon) == pytest.approx(hover.lon[90], abs=3.5e-5)


def test_standing_still_is_no_track() -> None:
    assert not moved(_walk([(5.0, 1.0, 0.0, 0.0), (5.0, -1.0, 0.0, 0.0)] * 50))
    assert moved(_walk([(5.0, 3.0, 0.0, 0.0)] * 10))
    assert not moved(_walk([(1.0, 0.0, 0.0, 0.0)]))
    assert split(Fixes(*(np.empty(0) for _ in range(4)))) == []


def test_length_middle_and_bytes() -> None:
    line = _walk([(1.0, 0.0, 0.0, 0.0), (10.0, 100.0, 0.0, 5.0), (10.0, 0.0, 50.0, 0.0)])
    assert length_m(line) == pytest.approx(150.0, rel=0.01)
    lon, lat = half_way(line)
    assert lon == pytest.approx(110.4 + 75 / 97_000, abs=5e-6) and lat == pytest.approx(29.1)
    read = shapely.from_wkb(ewkb(line))
    assert read.has_z and read.has_m and shapely.get_srid(read) == 4326
    assert shapely.get_coordinates(read, include_z=True, include_m=True)[1].tolist() == pytest.approx(
        [line.lon[1], line.lat[1], 305.0, line.at_s[1]]
    )
