"""The risk score: stated factors, monotone in what they should be, and sensors that are one fact counted once."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod
from shapely.geometry import Point, box

from onemap.core.cell import cell_of, centers
from onemap.heat import risk
from onemap.heat.risk import Limit

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
GEOD = Geod(ellps="WGS84")


def _limit(value: float, *, sensor: str = "s1", kind: str = "crack_meter", level: int = 2, age_h: float = 0.0) -> Limit:
    return Limit("h1", sensor, kind, "crack", "mm", level, ">=", 30.0, value, NOW - timedelta(hours=age_h))


def test_a_field_holds_the_cells_within_the_radius_with_their_distance() -> None:
    found = risk.field(Point(110.4, 29.1), {cell_of(110.4, 29.1, 11): 33.0})
    lon, lat = centers(found.cells)
    _, _, metres = GEOD.inv(lon, lat, np.full(len(lon), 110.4), np.full(len(lat), 29.1))
    assert found.distance_m == pytest.approx(metres, rel=0.005)
    assert found.distance_m.max() <= risk.RADIUS_M
    # 0.785 km² of cells of about 0.00215 km²
    assert 330 < len(found.cells) < 400
    assert found.residents.sum() == 33.0


def test_inside_the_zone_there_is_no_distance() -> None:
    found = risk.field(box(110.4, 29.1, 110.403, 29.103), {})
    assert (found.distance_m == 0.0).sum() > 20


def test_a_part_is_the_product_that_is_stated() -> None:
    around = risk.Field(np.array([1, 2, 3]), np.array([0.0, 150.0, 400.0]), np.array([0.0, 99.0, 0.0]))
    kept, values = risk.spread(around, 4.0)
    assert values.tolist() == pytest.approx([4.0, 4 * math.exp(-1) * 3, 4 * math.exp(-400 / 150)], abs=1e-4)
    near, _ = risk.spread(around, 4.0, radius_m=risk.SENSOR_RADIUS_M)
    assert near.cells.tolist() == [1, 2] and kept.cells.tolist() == [1, 2, 3]


@given(st.floats(0, 200), st.floats(0, 200), st.floats(0, 48), st.floats(0, 48))
def test_more_past_the_limit_adds_more_and_age_fades(a: float, b: float, young: float, old: float) -> None:
    low, high = sorted((a, b))
    assert risk.excess(_limit(low), NOW).factor <= risk.excess(_limit(high), NOW).factor
    young, old = sorted((young, old))
    assert risk.excess(_limit(40, age_h=old), NOW).factor <= risk.excess(_limit(40, age_h=young), NOW).factor


def test_excess_begins_at_sixty_percent_and_is_bounded() -> None:
    factors = [risk.excess(_limit(v), NOW).factor for v in (17.9, 24.0, 30.0, 42.0, 900.0)]
    assert factors == pytest.approx([0.0, 2.0, 4.0, 8.0, 8.0])
    assert risk.excess(_limit(30.0, age_h=6), NOW).factor == pytest.approx(4.0 / math.e)


def test_ratio_without_a_common_sign() -> None:
    assert risk.ratio_of("<=", 10.0, 5.0) == 2.0
    assert risk.ratio_of("<=", -5.0, -6.0) == 1.0
    assert risk.ratio_of(">=", 0.0, 3.0) == 1.0
    assert risk.ratio_of(">", 5.0, -1.0) == 0.0


def test_of_one_kind_only_the_worst_sensor_counts() -> None:
    limits = [
        _limit(31.0), _limit(40.0, sensor="s2"), _limit(35.0, level=4, sensor="s2"),
        _limit(33.0, sensor="r1", kind="rain_gauge"), _limit(1.0, sensor="q", kind="gnss"),
    ]  # fmt: skip
    found = risk.worst(limits, NOW)
    assert set(found) == {("h1", "s2"), ("h1", "r1")}
    assert found["h1", "s2"].limit.value == 40.0
