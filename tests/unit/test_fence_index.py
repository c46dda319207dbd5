"""Fences are matched exactly as GEOS does, and edits leave what a fresh build would make."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon, Polygon

from onemap.core.errors import BadGeometry, BadInput
from onemap.core.orientation import exact_side, side
from onemap.fences.index import METRES_PER_DEGREE, FenceIndex

Floats = npt.NDArray[np.float64]
Shapes = npt.NDArray[np.object_]
Pairs = tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]

CENTERS = [(108.4, 30.8), (179.9999, 0.0), (0.0, 0.0), (-73.9, -45.0)]
#: A lattice of exact numbers: points fall on vertices, edges and shared borders all the time.
STEP = 2.0**-6


def slow(geoms: Shapes, ids: npt.NDArray[np.int64], at: Floats) -> Pairs:
    """GEOS' own answer, ordered as ours."""
    known = np.flatnonzero(np.isfinite(at).all(axis=1))
    point, fence = shapely.STRtree(geoms).query(shapely.points(at[known]), predicate="intersects")
    point, named = known[point], ids[fence]
    order = np.lexsort((named, point))
    return point[order], named[order]


def same(index: FenceIndex, fences: dict[int, Any], at: Floats) -> None:
    ids = np.array(list(fences), np.int64)
    geoms = np.empty(len(fences), object)
    geoms[:] = list(fences.values())
    expected = slow(geoms, ids, at)
    for found in (index.match(at[:, 0], at[:, 1]), FenceIndex.build(ids, geoms).match(at[:, 0], at[:, 1])):
        if np.array_equal(found[0], expected[0]) and np.array_equal(found[1], expected[1]):
            continue
        # GEOS decides sides with 106 bits: where corners are no numbers of the lattice, that is not always enough.
        assert np.array_equal(np.lexsort((found[1], found[0])), np.arange(len(found[0])))
        ours, theirs = (set(zip(*(c.tolist() for c in one), strict=True)) for one in (found, expected))
        for point, fid in ours ^ theirs:
            assert ((point, fid) in ours) == exactly(fences[fid], *at[point].tolist())


def exactly(geom: Any, x: float, y: float) -> bool:
    """Whether a polygon or multipolygon holds a point, its border included, in rational numbers."""
    px, py, odd = Fraction(x), Fraction(y), False
    for ring in shapely.get_rings(shapely.get_parts(geom)):
        corners = [(Fraction(a), Fraction(b)) for a, b in ring.coords]
        for (ax, ay), (bx, by) in pairwise(corners):
            turn = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
            if turn == 0 and min(ax, bx) <= px <= max(ax, bx) and min(ay, by) <= py <= max(ay, by):
                return True
            if (ay > py) != (by > py):
                odd ^= (turn > 0) == (by > ay)
    return odd


def star(rng: np.random.Generator, x: float, y: float, reach: float, vertices: int, grain: float) -> Any:
    turn = np.sort(rng.random(vertices)) * 2 * np.pi
    away = reach * (0.3 + 0.7 * rng.random(vertices))
    ring = np.column_stack((x + away * np.cos(turn), y + away * np.sin(turn)))
    return shapely.make_valid(Polygon(np.round(ring / grain) * grain if grain else ring))


def areas(geom: Any) -> Any:
    """The polygons of a repaired geometry, or None."""
    parts = [p for part in shapely.get_parts(geom) for p in shapely.get_parts(part) if p.geom_type == "Polygon"]
    parts = [p for p in parts if p.area > 0]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts) if parts else None


def nasty(rng: np.random.Generator, count: int, spread: float, at: tuple[float, float]) -> list[Any]:
    """Boxes, stars, rings with holes, long rings, coverages and slivers; overlapping, of very different sizes."""
    made: list[Any] = []
    while len(made) < count:
        reach = spread * 10 ** rng.uniform(-3, -0.2)
        x, y = at[0] + rng.uniform(-spread, spread), at[1] + rng.uniform(-spread, spread)
        grain = [0.0, spread / 64, spread / 1024, 2.0**-12][rng.integers(4)]
        kind = rng.integers(6)
        if kind == 0:
            geom = shapely.box(x, y, x + reach, y + reach * rng.random())
        elif kind == 1:
            geom = star(rng, x, y, reach, int(rng.integers(3, 40)), grain)
        elif kind == 2:
            geom = shapely.difference(star(rng, x, y, reach, 12, grain), star(rng, x, y, reach * 0.4, 8, 0.0))
        elif kind == 3:
            geom = star(rng, x, y, reach, int(rng.integers(100, 1000)), 0.0)
        elif kind == 4:
            side_ = spread / 16
            i, j = np.floor((x - at[0]) / side_), np.floor((y - at[1]) / side_)
            corner = [(at[0] + (i + a) * side_, at[1] + (j + b) * side_) for a in range(3) for b in range(3)]
            made.extend(shapely.box(cx, cy, cx + side_, cy + side_) for cx, cy in corner)
            continue
        else:
            geom = shapely.make_valid(Polygon([(x, y), (x + reach, y + reach / 3), (x + reach, y + reach / 3 + 1e-12)]))
        geom = areas(geom)
        if geom is not None and geom.is_valid:
            made.append(geom)
    return made[:count]


def hard_points(
    rng: np.random.Generator, geoms: list[Any], spread: float, at: tuple[float, float], many: int
) -> Floats:
    """On vertices, on edges, one rounding beside both, in line with vertices, on borders of cells, far out."""
    corners = shapely.get_coordinates(geoms)
    on = corners[rng.integers(0, len(corners), many)]
    first = rng.integers(0, len(corners) - 1, many)
    share = rng.choice([0.5, 0.25, 1 / 3, 0.1], many)[:, None]
    along = corners[first] + (corners[first + 1] - corners[first]) * share
    anywhere = np.array(at) + rng.uniform(-1.3 * spread, 1.3 * spread, (many, 2))
    grain = 2.0 ** -rng.integers(0, 18)
    return np.concatenate([
        anywhere, on, along, np.nextafter(along, rng.choice([-1e3, 1e3], along.shape)),
        np.nextafter(on, rng.choice([-1e3, 1e3], on.shape)),
        np.column_stack((on[:, 0], along[:, 1])), np.round(anywhere / grain) * grain,
        np.array([[np.nan, 1.0], [1.0, np.nan], [np.inf, 1.0], [1.0, -np.inf], [600.0, 1.0]]),
    ])  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_the_side_is_exact(data: st.DataObject) -> None:
    number = st.one_of(
        st.floats(-180, 180), st.integers(-64, 64).map(lambda n: n * STEP), st.floats(108.0, 108.0 + 1e-12)
    )
    ax, ay, bx, by = (data.draw(number) for _ in range(4))
    share = data.draw(st.floats(-1, 2))
    px, py = data.draw(st.sampled_from([(ax + (bx - ax) * share, ay + (by - ay) * share), (ax, by), (bx, ay)]))
    values = [Fraction(v) for v in (ax, ay, bx, by, px, py)]
    if any(0 < abs(v) < Fraction(1, 10**150) for v in values):
        return
    fax, fay, fbx, fby, fpx, fpy = values
    true = (fax - fpx) * (fby - fpy) - (fay - fpy) * (fbx - fpx)
    for found in (side(ax, ay, bx, by, px, py), exact_side(ax, ay, bx, by, px, py)):
        assert (found > 0) - (found < 0) == (true > 0) - (true < 0)


def test_a_border_that_geos_rounds_past_is_found() -> None:
    """A repaired ring's own corner is no number of the lattice; a lattice point lies exactly on the edge to it."""
    ring = np.array([(-8, -7), (6, 3), (7, -7), (-7, 1)], float)
    geom, x, y = areas(shapely.make_valid(Polygon(ring * STEP))), 3.5 * STEP, -5.0 * STEP
    assert exactly(geom, x, y)
    assert FenceIndex.build([0], np.array([geom], object)).match([x], [y])[1].tolist() == [0]


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_lattice_fences_with_edits(data: st.DataObject) -> None:
    """Small fences on a lattice, where nearly every point is on somebody's border."""
    cell = st.integers(-8, 8)
    fences: dict[int, Any] = {}
    index = FenceIndex()
    at = np.stack(np.meshgrid(np.arange(-9, 9.5, 0.5), np.arange(-9, 9.5, 0.5)), axis=-1).reshape(-1, 2) * STEP
    for _ in range(data.draw(st.integers(1, 8))):
        fid = data.draw(st.integers(-5, 5))
        ring = data.draw(st.lists(st.tuples(cell, cell), min_size=3, max_size=9))
        corners = np.repeat(np.array(ring, float), data.draw(st.integers(1, 2)), axis=0) * STEP
        geom = areas(shapely.make_valid(Polygon(corners)))
        if geom is None:
            index.drop(fid)
            fences.pop(fid, None)
        else:
            index.put(fid, geom)
            fences[fid] = geom
        same(index, fences, at)
    assert len(index) == len(fences)


@pytest.mark.parametrize("seed", range(12))
def test_random_cities_with_edits(seed: int) -> None:
    rng = np.random.default_rng(seed)
    at, spread = CENTERS[seed % 4], 10.0 ** rng.uniform(-3, 1)
    count = [3, 40, 400][seed % 3]
    geoms = nasty(rng, count, spread, at)
    ids = rng.permutation(5 * count)[:count].astype(np.int64) - count
    fences = dict(zip(ids.tolist(), geoms, strict=True))
    index = FenceIndex.build(ids, np.array(geoms, object))
    points = hard_points(rng, geoms, spread, at, 200)
    same(index, fences, points)
    for geom in nasty(rng, 10 + count // 4, spread, at):
        if rng.random() < 0.4:
            gone = list(fences)[rng.integers(len(fences))]
            index.drop(gone)
            del fences[gone]
        fid = int(rng.choice(list(fences))) if fences and rng.random() < 0.5 else int(rng.integers(10**9))
        index.put(fid, geom)
        fences[fid] = geom
        if rng.random() < 0.05:
            same(index, fences, points)
    same(index, fences, np.concatenate((points, hard_points(rng, list(fences.values()), spread, at, 100))))


def test_a_long_ring_and_many_points_on_two_threads() -> None:
    rng = np.random.default_rng(5)
    turn = np.linspace(0, 2 * np.pi, 6000, endpoint=False)
    away = 0.2 + 0.05 * rng.random(6000)
    ring = np.column_stack((108.4 + away * np.cos(turn), 30.8 + away * np.sin(turn)))
    lake = shapely.Point(108.4, 30.8).buffer(0.05, 256)
    fences = {7: Polygon(ring, [lake.exterior.coords]), 3: lake, 9: shapely.box(108.4, 30.7, 108.5, 30.9)}
    index = FenceIndex()
    for fid, geom in fences.items():
        index.put(fid, geom)
    points = rng.uniform((108.1, 30.5), (108.7, 31.1), (150_000, 2))
    points[:12_000] = np.concatenate((ring, (ring + np.roll(ring, -1, axis=0)) / 2))
    same(index, fences, points)


def test_a_fence_that_moves_for_ever_takes_no_more_room() -> None:
    rng = np.random.default_rng(6)
    geoms = nasty(rng, 60, 0.1, CENTERS[0])
    index = FenceIndex.build(np.arange(60), np.array(geoms, object))
    sizes = []
    for round_ in range(6):
        for i in range(150):
            x, y = 108.4 + 0.1 * np.cos(i / 20), 30.8 + 0.1 * np.sin(i / 20)
            index.put(1000, shapely.Point(x, y).buffer(0.01))
        sizes.append(index.room())
        assert 1000 in index, round_
    assert sizes[-1] == sizes[1]


def test_near_is_the_distance_in_the_plane_of_the_point() -> None:
    rng = np.random.default_rng(8)
    for spread, at in ((0.02, CENTERS[0]), (0.3, CENTERS[3])):
        geoms = nasty(rng, 50, spread, at)
        ids = rng.permutation(50).astype(np.int64)
        index = FenceIndex.build(ids, np.array(geoms, object))
        points = hard_points(rng, geoms, spread, at, 25)
        radius = rng.choice([0.0, 15.0, 400.0, 5_000.0], len(points))
        point, fence, metres = index.near(points[:, 0], points[:, 1], radius)
        assert np.array_equal(np.lexsort((fence, point)), np.arange(len(point)))
        found = {(p, f): m for p, f, m in zip(point.tolist(), fence.tolist(), metres.tolist(), strict=True)}
        assert len(found) == len(point)
        for p in np.flatnonzero(np.isfinite(points).all(axis=1) & (np.abs(points) < 512).all(axis=1)).tolist():
            x, y = points[p]
            scale = (METRES_PER_DEGREE * np.cos(np.radians(y)), METRES_PER_DEGREE)
            moved = shapely.transform(np.array(geoms, object), lambda xy, x=x, y=y, s=scale: (xy - (x, y)) * s)
            away = shapely.distance(shapely.boundary(moved), shapely.Point(0.0, 0.0))
            inside = shapely.intersects_xy(geoms, x, y)
            for fid, far, within in zip(ids.tolist(), away.tolist(), inside.tolist(), strict=True):
                if within or far < radius[p] - 1e-6:
                    assert found[(p, fid)] == pytest.approx(-far if within else far, abs=1e-6)
                elif far > radius[p] + 1e-6:
                    assert (p, fid) not in found
        assert not {p for p, _ in found} & set(range(len(points) - 5, len(points)))


def test_empty_index_and_empty_fences() -> None:
    index = FenceIndex()
    assert [len(part) for part in index.match([0.0], [0.0])] == [0, 0]
    assert [len(part) for part in index.near([0.0], [0.0], [1e9])] == [0, 0, 0]
    assert [len(part) for part in FenceIndex.build([], []).match([], [])] == [0, 0]
    index.put(1, Polygon())
    index.drop(2)
    assert 1 in index
    assert len(index.match([0.0], [0.0])[0]) == 0
    index.put(1, shapely.box(0, 0, 1, 1))
    assert index.match([0.0, 2.0], [0.0, 2.0])[1].tolist() == [1]


def test_what_is_no_fence_is_refused_and_changes_nothing() -> None:
    index = FenceIndex.build([1], [shapely.box(0, 0, 1, 1)])
    bad = [None, shapely.Point(0, 0), shapely.LineString([(0, 0), (1, 1)]), shapely.box(0, 0, 600, 1)]
    bad += [Polygon([(0, 0), (np.nan, 1), (1, 1)]), Polygon([(0, 0), (np.inf, 1), (1, 1)])]
    for geom in bad:
        with pytest.raises(BadGeometry):
            index.put(1, geom)
    with pytest.raises(BadInput):
        FenceIndex.build([1, 1], [shapely.box(0, 0, 1, 1)] * 2)
    assert index.match([0.5], [0.5])[1].tolist() == [1]
