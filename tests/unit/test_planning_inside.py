"""Points in polygons against GEOS, on lattices where points lie on borders and corners all the time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon, box

from onemap.planning.inside import BORDER, INSIDE, Scatter

_LATTICE = st.tuples(st.integers(0, 6), st.integers(0, 6))


@given(st.lists(st.lists(_LATTICE, min_size=3, max_size=7), min_size=1, max_size=4), st.integers(0, 2**32 - 1))
def test_as_geos_says(outlines: list[list[tuple[int, int]]], seed: int) -> None:
    shapes = [shapely.make_valid(Polygon(ring), method="structure", keep_collapsed=False) for ring in outlines]
    polygons = np.array([one for one in shapes if one.area > 0] or [box(0, 0, 1, 1)], dtype=object)
    rng = np.random.default_rng(seed)
    lattice = rng.integers(0, 13, (60, 2)) / 2.0
    points = np.concatenate([lattice, rng.uniform(-1.0, 7.0, (40, 2))])
    _same(polygons, points)


@pytest.mark.parametrize("scale", [1.0, 1e-5, 1e-9])
def test_as_geos_says_far_from_zero(scale: float) -> None:
    rng = np.random.default_rng(1)
    origin = np.array([120.15, 30.27])
    ring = origin + scale * np.array([[0, 0], [7, 1], [9, 6], [4, 9], [-1, 5], [2, 3], [0, 0]])
    along = rng.uniform(0.0, 1.0, (200, 1))
    edges = rng.integers(0, len(ring) - 1, 200)
    points = ring[edges] + along * (ring[edges + 1] - ring[edges])
    _same(np.array([Polygon(ring)], dtype=object), np.concatenate([points, ring]))


def test_holes_parts_and_nothing() -> None:
    ring = box(0, 0, 10, 10).difference(box(3, 3, 6, 6))
    polygons = np.array(
        [MultiPolygon([*shapely.get_parts(ring), box(20, 0, 21, 1)]), None, MultiPolygon()], dtype=object
    )
    scatter = Scatter(np.array([[1.0, 1.0], [4.0, 4.0], [3.0, 4.0], [20.5, 0.5], [15.0, 0.5]]))
    polygon, point, stand = scatter.within(polygons)
    assert dict(zip(point.tolist(), stand.tolist(), strict=True)) == {0: INSIDE, 2: BORDER, 3: INSIDE}
    assert set(polygon.tolist()) == {0}
    assert not len(Scatter(np.empty((0, 2))).within(polygons)[0])


def test_boxes() -> None:
    rng = np.random.default_rng(3)
    xy = rng.uniform(0, 1, (500, 2))
    found = Scatter(xy).between(0.2, 0.3, 0.6, 0.35)
    assert sorted(found.tolist()) == np.flatnonzero(
        (xy[:, 0] >= 0.2) & (xy[:, 0] <= 0.6) & (xy[:, 1] >= 0.3) & (xy[:, 1] <= 0.35)
    ).tolist()  # fmt: skip


def _same(polygons: npt.NDArray[np.object_], points: npt.NDArray[np.float64]) -> None:
    polygon, point, stand = Scatter(points).within(polygons)
    mine = {(p, i): s for p, i, s in zip(polygon.tolist(), point.tolist(), stand.tolist(), strict=True)}
    theirs = {}
    for p, one in enumerate(polygons):
        touched = shapely.intersects_xy(one, points[:, 0], points[:, 1])
        inside = shapely.contains_xy(one, points[:, 0], points[:, 1])
        for i in np.flatnonzero(touched).tolist():
            theirs[(p, i)] = INSIDE if inside[i] else BORDER
    assert mine == theirs
