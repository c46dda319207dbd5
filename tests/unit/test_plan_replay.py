"""What an edit does, done again on a coverage that has changed: exactly the same ground, or a clash."""

from __future__ import annotations

import random

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from onemap.planning import coverage as ops
from onemap.planning.coverage import Coverage, Delta
from onemap.planning.replay import Clash, effect_of, fitted, net, newcomers
from tests.unit.plan_ground import LAT, LON, STEP, across, drawn, judged, lattice, random_edit


def code(cov: Coverage, name: str) -> str:
    return next(face for face, found in cov.faces.items() if found.props["name"] == name)


def done(cov: Coverage, delta: Delta) -> Delta:
    cov.patch(delta)
    return delta


def test_an_edit_is_undone_under_a_later_one_beside_it() -> None:
    cov = lattice(4, 4)
    first = done(cov, ops.split(cov, code(cov, "g1-1"), across(1, 1)))
    done(cov, ops.split(cov, code(cov, "g2-2"), across(2, 2)))
    later = drawn(cov)
    cov.patch(fitted(effect_of(first.reversed()), cov))
    judged(cov, lattice_whole(4, 4))
    assert set(later) - set(cov.faces) == {"~1"}
    # The neighbour keeps its half; nothing else has moved.
    assert cov.polygon(code(cov, "g1-1")).area == pytest.approx(lattice(4, 4).polygon(code(cov, "g1-1")).area)
    cov.patch(fitted(effect_of(first), cov))
    assert drawn(cov) == later


def test_a_later_edit_of_the_same_ground_clashes_and_says_where() -> None:
    cov = lattice(4, 4)
    first = done(cov, ops.split(cov, code(cov, "g1-1"), across(1, 1)))
    south, north = cov.polygon("~1").bounds[1::2]
    done(cov, ops.split(cov, "~1", across(1, 1, ((south + north) / 2 - LAT) / STEP - 1)))
    with pytest.raises(Clash) as clash:
        fitted(effect_of(first.reversed()), cov)
    assert clash.value.because in ("changed", "gone")
    assert "~1" in clash.value.grids


def test_an_edit_of_a_grid_that_has_gone_says_where_it_was() -> None:
    cov = lattice(4, 4)
    seen = cov.copy()
    middle, east, north = (code(cov, name) for name in ("g1-1", "g2-1", "g1-2"))
    done(cov, ops.merge(cov, [middle, east]))
    lost = east if east not in cov.faces else middle
    other = north if lost == middle else code(cov, "g2-2")
    with pytest.raises(Clash) as clash:
        fitted(effect_of(ops.merge(seen, [lost, other])), cov)
    assert (clash.value.because, clash.value.grids) == ("gone", (lost,))
    assert clash.value.where is not None
    shared = shapely.line_merge(shapely.intersection(seen.polygon(lost), seen.polygon(other)))
    assert shapely.covers(clash.value.where, shared)
    assert shapely.covers(seen.polygon(lost).boundary, clash.value.where)
    with pytest.raises(Clash) as clash:
        fitted(effect_of(ops.describe(seen, lost, {"name": "别的"})), cov)
    assert clash.value.where is None


def test_names_of_the_same_grid_do_not_disturb_its_border() -> None:
    cov = lattice(3, 3)
    face = code(cov, "g1-1")
    first = done(cov, ops.describe(cov, face, {"name": "中心"}))
    done(cov, ops.describe(cov, face, {"team_key": "t1"}))
    split = done(cov, ops.split(cov, face, across(1, 1)))
    cov.patch(fitted(effect_of(split.reversed()), cov))
    cov.patch(fitted(effect_of(first.reversed()), cov))
    assert cov.faces[face].props["name"] == "g1-1"
    assert cov.faces[face].props["team_key"] == "t1"
    done(cov, ops.describe(cov, face, {"name": "别的"}))
    with pytest.raises(Clash):
        fitted(effect_of(first), cov)


def test_ground_that_was_locked_since_clashes() -> None:
    cov = lattice(3, 3)
    seen = cov.copy()
    done(cov, ops.describe(cov, code(cov, "g1-1"), {"locked": True}))
    with pytest.raises(Clash) as clash:
        fitted(effect_of(ops.split(seen, code(cov, "g1-1"), across(1, 1))), cov)
    assert clash.value.because == "locked"


def test_two_borders_that_would_cross_clash() -> None:
    cov = lattice(3, 1)
    middle, west, east = (code(cov, name) for name in ("g1-0", "g0-0", "g2-0"))
    seen = cov.copy()
    y = LAT + 0.25 * STEP
    reach = shapely.box(LON + 0.5 * STEP, y, LON + 1.7 * STEP, y + 0.2 * STEP)
    done(cov, ops.reassign(cov, reach, west))
    back = shapely.box(LON + 1.4 * STEP, y + 0.05 * STEP, LON + 2.5 * STEP, y + 0.1 * STEP)
    with pytest.raises(Clash) as clash:
        fitted(effect_of(ops.reassign(seen, back, east)), cov)
    assert clash.value.because == "crossing"
    assert middle in clash.value.grids


def test_a_grid_gnawed_from_two_sides_is_not_torn() -> None:
    cov = lattice(1, 3)
    north, south = code(cov, "g0-2"), code(cov, "g0-0")
    seen = cov.copy()
    x = LON + 0.5 * STEP
    done(cov, ops.reassign(cov, shapely.box(x - 2e-4, LAT + 1.45 * STEP, x, LAT + 2.5 * STEP), north))
    other = effect_of(ops.reassign(seen, shapely.box(x - 1e-4, LAT + 0.5 * STEP, x + 1e-4, LAT + 1.55 * STEP), south))
    with pytest.raises(Clash) as clash:
        fitted(other, cov)
    assert clash.value.because in ("crossing", "torn")


def lattice_whole(columns: int, rows: int) -> shapely.Geometry:
    start = lattice(columns, rows)
    return shapely.coverage_union_all(start.polygons(start.faces))


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6))
def test_any_edit_taken_out_from_under_others_leaves_a_coverage(seed: int) -> None:
    rng = random.Random(seed)
    cov = lattice(5, 5, seed=seed % 7, communities=2)
    whole = shapely.coverage_union_all(cov.polygons(cov.faces))
    start = drawn(cov)
    log: list[Delta] = []
    for _ in range(40):
        if (delta := random_edit(cov, rng)) is not None:
            log.append(done(cov, delta))
    judged(cov, whole)
    end = drawn(cov)
    standing = list(log)
    out: list[Delta] = []
    for delta in rng.sample(log, len(log) // 2):
        try:
            back = fitted(effect_of(delta.reversed()), cov)
        except Clash:
            continue
        out.append(done(cov, back))
        standing.remove(delta)
        judged(cov, whole)
    # Put in again in the opposite order, all is as it was; undone to the last, it is the beginning.
    for back in reversed(out):
        cov.patch(fitted(effect_of(back.reversed()), cov))
    assert drawn(cov) == end
    for delta in reversed(log):
        cov.patch(fitted(effect_of(delta.reversed()), cov))
    assert drawn(cov) == start


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6))
def test_merging_two_branches_gives_both_or_a_clash(seed: int) -> None:
    rng = random.Random(seed)
    base = lattice(6, 5, seed=seed % 5)
    whole = shapely.coverage_union_all(base.polygons(base.faces))
    mine, theirs = base.copy(), base.copy()
    for _ in range(8):
        if (delta := random_edit(mine, rng)) is not None:
            mine.patch(delta)
    log = [delta for _ in range(8) if (delta := random_edit(theirs, rng)) is not None and done(theirs, delta)]
    names: dict[str, str] = {}
    took, clashed = [], 0
    before = drawn(mine)
    for delta in log:
        effect = effect_of(delta)
        new = newcomers(effect, mine)
        try:
            fitting = fitted(effect, mine, {**names, **new})
        except Clash:
            clashed += 1
            continue
        names |= new
        took.append(done(mine, fitting))
    judged(mine, whole)
    together = net(took)
    mine.patch(together.reversed())
    assert drawn(mine) == before
    mine.patch(together)
    judged(mine, whole)
