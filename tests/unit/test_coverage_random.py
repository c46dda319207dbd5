"""Whatever a planner does, the coverage stays one: GEOS judges, and undoing everything gives every bit back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely import MultiPoint, box

from onemap.planning.coverage import Coverage, Delta, Face
from tests.coverage_play import Play, judged, written

STEPS = 12
NUMBERS_A_STEP = 40


def town(seed: int, grids: int) -> Coverage:
    """Grids of two communities: cells around random places, of which two made an island and a pond."""
    rng = np.random.default_rng(seed)
    seeds = MultiPoint([120, 30] + rng.random((grids, 2)) * 0.02)
    frame = box(120, 30, 120.02, 30.02)
    cells = shapely.get_parts(shapely.voronoi_polygons(seeds, extend_to=frame))
    cells = shapely.coverage_clean(shapely.intersection(cells, frame))
    faces, grounds = [], []
    pond = int(rng.integers(grids))
    for i, cell in enumerate(cells):
        west = bool(cell.centroid.x < 120.01)
        props = {"code": f"{i:03d}", "community_code": "west" if west else "east", "locked": bool(rng.random() < 0.05)}
        island = cell.centroid.buffer(0.3 * np.sqrt(cell.area) / 2, quad_segs=2)
        if i % 7 == 3 and cell.buffer(-1e-5).contains(island):
            cell = cell.difference(island)
            if i != pond:
                faces.append(Face(f"island{i}", props))
                grounds.append(island)
        faces.append(Face(f"g{i:03d}", props))
        grounds.append(cell)
    return Coverage.from_polygons(faces, grounds)


def numbers(seed: int) -> Iterator[float]:
    rng = np.random.default_rng(seed)
    while True:
        yield float(rng.random())


@given(
    st.integers(0, 10_000),
    st.integers(4, 40),
    st.lists(st.integers(0, 1_000_000), min_size=1, max_size=STEPS),
)
@settings(max_examples=60)
@example(1, 30, list(range(200)))
@example(141, 4, [9076, 224, 43363])  # a hole comes to touch its shell where the border beyond ends
def test_whatever_is_done_it_stays_a_coverage(seed: int, grids: int, steps: list[int]) -> None:
    cov = town(seed, grids)
    first, grounds = written(cov), shapely.union_all(cov.polygons(cov.faces))
    communities = ground_of(cov)
    locked = {name: cov.polygon(name) for name, face in cov.faces.items() if face.locked}
    play = Play(cov, lambda: 0.0)
    for step in steps:
        play.draw = numbers(step).__next__
        play.step()
    judged(cov, grounds.area)
    for community, ground in ground_of(cov).items():
        assert shapely.symmetric_difference(ground, communities[community]).area <= 1e-9 * ground.area
    for name, ground in locked.items():
        assert shapely.symmetric_difference(cov.polygon(name), ground).area <= 1e-9 * ground.area
    for face in cov.faces:
        assert len(cov.outline(face).polygons) == 1
    while play.done:
        cov.patch(Delta.from_bytes(play.done.pop().to_bytes()).reversed())
    assert written(cov) == first


def ground_of(cov: Coverage) -> dict[str | None, shapely.Geometry]:
    """The ground of each community."""
    names = {face.community for face in cov.faces.values()}
    return {
        name: shapely.union_all(cov.polygons([face.id for face in cov.faces.values() if face.community == name]))
        for name in names
    }


@given(st.integers(0, 10_000), st.integers(4, 30), st.lists(st.integers(0, 1_000_000), min_size=1, max_size=STEPS))
@settings(max_examples=25)
def test_look_ups_agree_with_brute_force(seed: int, grids: int, steps: list[int]) -> None:
    cov = town(seed, grids)
    play = Play(cov, lambda: 0.0)
    cov.at(120.01, 30.01)
    for step in steps:
        play.draw = numbers(step).__next__
        play.step()
    names = sorted(cov.faces)
    grounds = cov.polygons(names)
    rng = np.random.default_rng(seed)
    corners = [tuple(arc.xy[0]) for arc in list(cov.arcs.values())[:20]]
    for lon, lat in [*map(tuple, rng.random((30, 2)) * 0.022 + [119.999, 29.999]), *corners]:
        hits = np.flatnonzero(shapely.intersects(grounds, shapely.Point(lon, lat)))
        assert cov.at(lon, lat) == (names[hits[0]] if len(hits) else None)
    for name, ground in zip(names[:8], grounds, strict=False):
        shared = shapely.length(shapely.intersection(shapely.boundary(ground), shapely.boundary(grounds)))
        beyond = {names[i] for i in np.flatnonzero(shared > 1e-12)} - {name}
        assert set(cov.neighbours(name)) == beyond
