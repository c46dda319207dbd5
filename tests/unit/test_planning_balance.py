"""Balance kept up with edits against counting everything anew, and against brute force over all points and polygons."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from shapely import LineString

from onemap.planning.balance import Balances, gini, work_of
from onemap.planning.coverage import Coverage, Delta, Refused, describe, merge, reassign, split
from onemap.planning.facts import Facts
from onemap.planning.model import Model
from tests.unit import planning_town as town

_SCOPE = town.STANDARD.model_copy(update={"reference": "scope"})


def _measured(cov: Coverage, facts: Facts) -> dict[str, list[float]]:
    """Every point against every polygon by GEOS, one at a time; on borders the lowest id."""
    out = {face: np.zeros(facts.values.shape[1]) for face in cov.faces}
    for (x, y), values in zip(facts.xy.tolist(), facts.values, strict=True):
        owners = [face for face in cov.faces if shapely.intersects_xy(cov.polygon(face), x, y)]
        if owners:
            out[min(owners)] += values
    return {face: values.tolist() for face, values in out.items()}


def _edit(cov: Coverage, draw: st.DrawFn) -> Delta | None:
    faces = sorted(cov.faces)
    face = draw(st.sampled_from(faces))
    kind = draw(st.sampled_from(["split", "merge", "paint", "special", "move"]))
    west, south, east, north = cov.polygon(face).bounds
    a, b = draw(st.floats(0.0, 1.0)), draw(st.floats(0.0, 1.0))
    try:
        if kind == "split":
            ends = [(west + a * (east - west), south), (west + b * (east - west), north)]
            return split(cov, face, LineString(ends))
        if kind == "merge":
            beside = sorted(cov.neighbours(face))
            return merge(cov, [face, draw(st.sampled_from(beside))]) if beside else None
        if kind == "special":
            return describe(cov, face, {"kind": draw(st.sampled_from(["unit", "special"]))})
        place = shapely.Point(west + a * (east - west), south + b * (north - south))
        return reassign(cov, place.buffer(town.STEP / 3.0, quad_segs=2), face)
    except Refused:
        return None


@st.composite
def _sessions(draw: st.DrawFn) -> tuple[Coverage, Facts, list[tuple[Coverage, Delta]]]:
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    model: Model = draw(st.sampled_from([town.STANDARD, _SCOPE]))
    cov, facts = town.grids(4, rng), town.facts(4, rng, model=model)
    start, steps = cov.copy(), []
    for _ in range(6):
        delta = _edit(cov, draw)
        if delta is not None:
            cov.patch(delta)
            steps.append((cov.copy(), delta))
            if draw(st.booleans()):
                cov.patch(delta.reversed())
                steps.append((cov.copy(), delta.reversed()))
    return start, facts, steps


@given(_sessions())
@examples(max_examples=25)
def test_updates_are_what_counting_anew_gives(session: tuple[Coverage, Facts, list[tuple[Coverage, Delta]]]) -> None:
    cov, facts, steps = session
    now = Balances.full(cov, facts)
    for after, delta in steps:
        before, now = now, now.update(after, delta)
        anew = Balances.full(after, facts)
        for face in after.faces:
            assert now.measures(face) == anew.measures(face)
            assert now.load_of(face) == anew.load_of(face)
            differs = face not in before.slots or (now.load_of(face) != before.load_of(face))
            assert not differs or face in now.changed
        assert now.changed <= set(after.faces)
        assert now.rows() == anew.rows()
        assert now.communities() == anew.communities()
        assert all(sorted(now.members(code)) == sorted(anew.members(code)) for code in now.communities())


def test_by_brute_force() -> None:
    rng = np.random.default_rng(5)
    cov, facts = town.grids(4, rng), town.facts(4, rng)
    expected = _measured(cov, facts)
    got = Balances.full(cov, facts)
    for face, values in expected.items():
        assert list(got.measures(face).values()) == pytest.approx(values, abs=1e-9)
    faces = sorted(cov.faces)
    assert np.array_equal(facts.of(cov, faces), facts.measures(cov.polygons(faces), faces))
    assert facts.of(cov, faces[3:5]).tolist() == [expected[face] for face in faces[3:5]]


def test_a_point_on_borders_belongs_to_the_lowest_id() -> None:
    rng = np.random.default_rng(7)
    cov = town.grids(4, rng, jitter=0.0)
    corner = (town.WEST + town.STEP, town.SOUTH + town.STEP)
    house = shapely.box(corner[0] - 2**-14, corner[1] - 2**-14, corner[0] + 2**-14, corner[1] + 2**-14)
    facts = town.facts(4, rng, walls=np.array([house], dtype=object))
    xy = facts.xy[0]
    owners = [face for face in sorted(cov.faces) if shapely.intersects_xy(cov.polygon(face), *xy)]
    assert Balances.full(cov, facts).measures(owners[0])["buildings"] == 1.0
    merged = merge(cov, [owners[-1], sorted(cov.neighbours(owners[-1]))[0]])
    after = cov.copy()
    after.patch(merged)
    assert Balances.full(cov, facts).update(after, merged).rows() == Balances.full(after, facts).rows()


def test_what_changes_hands_is_counted() -> None:
    rng = np.random.default_rng(11)
    cov, facts = town.grids(4, rng), town.facts(4, rng)
    before = Balances.full(cov, facts)
    delta = merge(cov, [sorted(cov.faces)[0], sorted(cov.neighbours(sorted(cov.faces)[0]))[0]])
    cov.patch(delta)
    after = before.update(cov, delta)
    (gone,) = {face.id for face in delta.faces_gone} - {face.id for face in delta.faces}
    lost = {key: value for key, value in before.measures(gone).items() if value}
    assert after.moved == lost
    assert before.update(cov, Delta()).moved == {}


def test_special_grids_are_not_weighed() -> None:
    rng = np.random.default_rng(13)
    cov, facts = town.grids(4, rng), town.facts(4, rng)
    face = sorted(cov.faces)[0]
    community = cov.face(face).community
    before = Balances.full(cov, facts)
    delta = describe(cov, face, {"kind": "special"})
    cov.patch(delta)
    after = before.update(cov, delta)
    others = [one for one in after.members(community) if one != face]
    work = [work_of(np.array(list(after.measures(one).values())), town.STANDARD) for one in others]
    for one, its in zip(others, work, strict=True):
        assert after.load_of(one) == pytest.approx(float(its / np.mean(work)))
    row = next(row for row in after.rows() if row.community_code == community)
    assert row.grids == len(others) + 1
    assert row.max_over_mean == max(after.load_of(one) for one in others)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30))
def test_gini_is_the_mean_difference(values: list[float]) -> None:
    mean = float(np.mean(values))
    slow = sum(abs(a - b) for a in values for b in values) / (2 * len(values) ** 2 * mean) if mean > 0 else 0.0
    assert gini(values) == pytest.approx(slow, abs=1e-9)


def test_roads_count_in_full() -> None:
    rng = np.random.default_rng(17)
    cov, facts = town.grids(4, rng), town.facts(4, rng)
    lines = facts.roads()
    ground = shapely.coverage_union_all(cov.polygons(list(cov.faces)))
    inside = [shapely.intersection(line, ground) for line in lines]
    east, north = 111_412.84 * np.cos(np.radians(30.008)), 110_852.0
    metres = sum(
        float(np.hypot(*(np.diff(shapely.get_coordinates(one), axis=0) * (east, north)).T).sum()) for one in inside
    )
    counted = sum(Balances.full(cov, facts).measures(face)["patrol_m"] for face in cov.faces)
    assert counted == pytest.approx(metres, rel=2e-3)
