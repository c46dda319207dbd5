"""Each rule on its own, edits against checking everything anew, and what the edition before is blamed for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, box

from onemap.planning.balance import Balances
from onemap.planning.codes import Labels
from onemap.planning.coverage import Coverage, Face, describe, merge, reassign, split
from onemap.planning.facts import Facts
from onemap.planning.ground_rules import NAMED
from onemap.planning.replay import net
from onemap.planning.rules import Problem, Problems, check
from onemap.planning.shapes import Feature
from tests.unit import planning_town as town
from tests.unit.test_planning_balance import _edit

_S, _W, _D = town.SOUTH, town.WEST, town.STEP
_FIRST = "330102001001001"


def _checked(cov: Coverage, facts: Facts, base: Coverage | None = None) -> Problems:
    return Problems.full(cov, facts, Balances.full(cov, facts), base=base)


def _told(problems: Problems, rule: str, face: str | None = None) -> list[Problem]:
    return [one for one in problems.all if one.rule == rule and face in (None, one.grid)]


def _even(**given: Any) -> tuple[Coverage, Facts]:
    """Straight grids and houses well inside them, one in each: nothing to complain of."""
    rng = np.random.default_rng(0)
    at = [(i + x, j + 0.5) for i in range(4) for j in range(4) for x in (0.3, 0.7)]
    walls = np.array([box(*(_W + (x - 0.05) * _D, _S + (y - 0.05) * _D), *(_W + (x + 0.05) * _D, _S + (y + 0.05) * _D)) for x, y in at], dtype=object)  # noqa: E501  # fmt: skip
    return town.grids(4, rng, jitter=0.0), town.facts(4, rng, **{"walls": walls, **given})


def _props(cov: Coverage, face: str, **changed: Any) -> Coverage:
    cov = cov.copy()
    cov.patch(describe(cov, face, changed))
    return cov


def test_nothing_wrong_but_loads() -> None:
    cov, facts = _even()
    assert {one.rule for one in _checked(cov, facts).all} <= {"load"}


def test_a_grid_in_two_pieces() -> None:
    cov, facts = _even()
    shapes = {face: cov.polygon(face) for face in cov.faces}
    far = "330102001001006"
    both = MultiPolygon([*shapes[_FIRST].geoms, *shapes[far].geoms])
    rest = [(face, geom) for face, geom in shapes.items() if face not in (_FIRST, far)]
    torn = Coverage.from_polygons(
        [cov.face(_FIRST), *(cov.face(face) for face, _ in rest)], [both, *(g for _, g in rest)]
    )
    (found,) = _told(_checked(torn, facts), "contiguity")
    assert (found.grid, found.severity) == (_FIRST, "error")
    assert found.zh == "网格 001 分成 2 块，不连通"
    assert found.where is not None and found.where.area == pytest.approx(_D**2)


def test_outside_the_community() -> None:
    cov, facts = _even()
    moved = _props(cov, _FIRST, community_code="330102001004")
    (found,) = _told(_checked(moved, facts), "community")
    assert (found.severity, found.grid) == ("error", _FIRST)
    assert "社区4之外" in found.zh and "lie outside 社区4" in found.en
    assert found.extent == pytest.approx(shapely.area(cov.polygon(_FIRST)) * 96_488 * 110_852, rel=1e-3)
    unknown = _told(_checked(_props(cov, _FIRST, community_code="330102001009"), facts), "community")
    assert [(one.severity, one.subject) for one in unknown] == [("warning", "unknown")]
    nowhere = town.facts(4, np.random.default_rng(0), with_areas=False)
    assert not _told(_checked(moved, nowhere), "community")


def _river(width: float = 0.02) -> Feature:
    line = town.line([(0.5, -1), (0.5, 5)])
    return Feature("water", "r1", "river", "运河", False, line.buffer(width * _D))


def test_a_river_through_a_column_of_grids() -> None:
    cov, facts = _even(features=(_river(),))
    found = _told(_checked(cov, facts), "barrier")
    assert sorted(one.grid[-3:] for one in found) == ["001", "002", "003", "004"]
    assert all(one.severity == "error" and one.subject == "water" and "运河" in one.zh for one in found)
    pond = Feature("water", "p", "pond", "塘", False, _river().geom)
    assert not _told(_checked(*_even(features=(pond,))), "barrier")


def test_a_river_along_a_border_is_no_barrier_and_a_bank_with_a_house_is() -> None:
    along = Feature("water", "r2", "river", "运河", False, town.line([(1.0, -1), (1.0, 5)]).buffer(0.01 * _D))
    assert not _told(_checked(*_even(features=(along,))), "barrier")
    # The far bank is narrow: 3 % of the grid. Without a house there nobody has to cross.
    near = Feature("water", "r3", "river", "运河", False, town.line([(0.96, -1), (0.96, 5)]).buffer(0.01 * _D))
    cov, facts = _even(features=(near,))
    assert not _told(_checked(cov, facts), "barrier")
    hut = box(_W + 0.975 * _D, _S + 0.5 * _D, _W + 0.985 * _D, _S + 0.51 * _D)
    beyond = town.facts(4, np.random.default_rng(0), walls=np.array([hut], dtype=object), features=(near,))
    (found,) = _told(_checked(cov, beyond), "barrier")
    assert found.grid == _FIRST


@pytest.mark.parametrize(
    ("kind", "bridge", "errors"), [("rail", False, 4), ("motorway", False, 4), ("rail", True, 0), ("primary", False, 0)]
)
def test_railways_and_expressways_but_not_under_a_viaduct(kind: str, bridge: bool, errors: int) -> None:
    line = Feature("road", "l", kind, "沪昆线", bridge, town.line([(0.5, -1), (0.5, 5)]))
    assert len(_told(_checked(*_even(features=(line,))), "barrier")) == errors


def test_a_cut_building_is_told_to_the_grid_of_its_middle() -> None:
    rng = np.random.default_rng(0)
    cov = town.grids(4, rng, jitter=0.0)
    house = box(_W + 0.8 * _D, _S + 0.4 * _D, _W + 1.1 * _D, _S + 0.6 * _D)
    wall = box(_W + 0.8 * _D, _S + 1.4 * _D, _W + 1.002 * _D, _S + 1.6 * _D)
    facts = town.facts(4, rng, walls=np.array([house, wall], dtype=object))
    (found,) = _told(_checked(cov, facts), "cut")
    assert (found.grid, found.subject, found.severity) == (_FIRST, "b0", "error")
    assert "33%" in found.zh and found.where is not None
    assert found.where.area == pytest.approx(house.area / 3.0)


def test_many_cut_buildings_are_counted() -> None:
    rng = np.random.default_rng(0)
    cov = town.grids(4, rng, jitter=0.0)
    low = [_S + (0.05 + 0.05 * n) * _D for n in range(NAMED + 5)]
    walls = np.array([box(_W + 0.8 * _D, y, _W + 1.1 * _D, y + 0.04 * _D) for y in low], dtype=object)
    found = _told(_checked(cov, town.facts(4, rng, walls=walls)), "cut")
    assert len(found) == NAMED + 1
    assert found[-1].en == "Grid 001 cuts 5 more buildings."


def test_loads_and_sizes() -> None:
    cov, facts = _even()
    load = {face: Balances.full(cov, facts).load_of(face) for face in cov.faces}
    found = {one.grid: one for one in _told(_checked(cov, facts), "load")}
    most, least = town.STANDARD.most, town.STANDARD.least
    assert set(found) == {face for face, its in load.items() if its > most or its < least}
    for face, one in found.items():
        assert one.severity == ("error" if load[face] > most else "warning")
        assert f"{load[face]:.2f}" in one.zh and f"{load[face]:.2f}" in one.en
    special = _props(_props(cov, sorted(found)[0], kind="special"), sorted(found)[0], special="estate")
    assert not _told(_checked(special, facts), "load", sorted(found)[0])
    sliver = cov.copy()
    sliver.patch(split(sliver, _FIRST, town.line([(0.005, -0.1), (0.005, 1.1)])))
    assert [one.subject for one in _told(_checked(sliver, facts), "size")] == []
    tiny = cov.copy()
    tiny.patch(split(tiny, _FIRST, town.line([(0.0, 0.04), (0.04, 0.0)])))
    assert [(one.subject, one.severity) for one in _told(_checked(tiny, facts), "size")] == [("small", "warning")]


def test_special_grids_are_of_one_kind() -> None:
    cov, facts = _even(uses=["school", "school"] + ["residential"] * 30)
    school = _props(cov, _FIRST, kind="special", special="school")
    assert not _told(_checked(school, facts), "special")
    unnamed = _told(_checked(_props(cov, _FIRST, kind="special"), facts), "special")
    assert [(one.subject, one.severity) for one in unnamed] == [("kind", "warning")]
    factory = _told(_checked(_props(cov, _FIRST, kind="special", special="industrial"), facts), "special")
    assert [(one.subject, one.severity) for one in factory] == [("use", "error")]
    two = cov.copy()
    two.patch(merge(two, [_FIRST, "330102001001002"]))
    half = _told(_checked(_props(two, _FIRST, kind="special", special="school"), facts), "special")
    assert [(one.subject, one.severity) for one in half] == [("use", "warning")]


def test_a_campus_across_two_grids() -> None:
    ground = box(_W + 0.7 * _D, _S + 0.2 * _D, _W + 1.3 * _D, _S + 0.8 * _D)
    cov, facts = _even(features=(Feature("landuse", "c", "school", "第一小学", False, ground),))
    found = _told(_checked(cov, facts), "special")
    assert sorted(one.grid[-3:] for one in found) == ["001", "005"]
    assert all(one.severity == "warning" and "第一小学" in one.zh for one in found)


def test_names_and_codes() -> None:
    cov, facts = _even()
    second = "330102001001002"
    same = _props(cov, second, name="0-0")
    assert sorted(one.grid for one in _told(_checked(same, facts), "name")) == [_FIRST, second]
    assert "没有名称" in _told(_checked(_props(cov, second, name=" "), facts), "name")[0].zh
    twice = _told(_checked(_props(cov, second, code=_FIRST), facts), "code")
    assert [(one.grid, one.severity) for one in twice] == [(_FIRST, "error"), (second, "error")]
    for code, subject in (("12", "form"), ("330102001009001", "community")):
        (found,) = _told(_checked(_props(cov, second, code=code), facts), "code")
        assert (found.subject, found.severity) == (subject, "warning")


def test_a_part_of_a_split_grid_is_called_as_on_the_map() -> None:
    base, facts = _even(features=(_river(),))
    cov = base.copy()
    cov.patch(split(cov, _FIRST, town.line([(-0.1, 0.4), (1.1, 0.4)])))
    problems, labels = _checked(cov, facts, base), Labels(base).of(cov)
    assert labels["~1"] == "001乙"
    told = {(one.rule, one.grid): one for one in problems.told(cov, labels)}
    assert told["barrier", "~1"].zh.startswith("网格 001乙 跨越运河")
    assert told["barrier", "~1"].en.startswith("Grid 001乙 lies across")
    assert told["barrier", _FIRST].zh.startswith("网格 001甲 ")
    assert not [one for one in told.values() if "~1" in one.zh + one.en]
    same = [one for one in problems.all if labels[one.grid] == one.grid[12:]]
    assert same and all(any(one is other for other in told.values()) for one in same)


def test_what_the_edition_had_is_a_warning_until_it_gets_worse() -> None:
    cov, facts = _even(features=(_river(),))
    assert not [one for one in _checked(cov, facts, cov).errors if one.rule == "barrier"]
    told = _told(_checked(cov, facts, cov), "barrier", _FIRST)[0]
    assert told.severity == "warning" and told.zh.endswith("（原版本已如此）")
    # The larger part keeps the name and crosses no worse than before; the new one is the planner's own.
    worse = cov.copy()
    worse.patch(split(worse, _FIRST, town.line([(-0.1, 0.4), (1.1, 0.4)])))
    found = {one.grid: one.severity for one in _told(_checked(worse, facts, cov), "barrier")}
    assert found[_FIRST] == "warning" and found["~1"] == "error"
    better = cov.copy()
    better.patch(split(better, _FIRST, town.line([(0.5, -0.1), (0.5, 1.1)])))
    assert not {_FIRST, "~1"} & {one.grid for one in _told(_checked(better, facts, cov), "barrier")}


def test_a_building_that_another_grid_cut_before_is_not_held_against_the_new_one() -> None:
    rng = np.random.default_rng(0)
    cov = town.grids(4, rng, jitter=0.0)
    house = box(_W + 0.8 * _D, _S + 0.4 * _D, _W + 1.1 * _D, _S + 0.6 * _D)
    facts = town.facts(4, rng, walls=np.array([house], dtype=object))
    after = cov.copy()
    after.patch(split(after, _FIRST, town.line([(0.6, -0.1), (0.6, 1.1)])))
    (found,) = _told(_checked(after, facts, cov), "cut")
    assert (found.grid, found.severity) == ("~1", "warning")
    grown = cov.copy()
    area = box(_W + 0.97 * _D, _S + 0.3 * _D, _W + 1.0 * _D, _S + 0.7 * _D)
    grown.patch(reassign(grown, area, "330102001001005"))
    (found,) = _told(_checked(grown, facts, cov), "cut")
    assert (found.grid, found.severity) == (_FIRST, "error")


def test_a_load_counts_when_it_grew() -> None:
    cov, facts = _even()
    heavy = max(cov.faces, key=Balances.full(cov, facts).load_of)
    assert _told(_checked(cov, facts), "load", heavy)[0].severity == "error"
    assert _told(_checked(cov, facts, cov), "load", heavy)[0].severity == "warning"
    community = cov.face(heavy).community
    other = next(f for f in sorted(cov.faces) if f != heavy and cov.face(f).community == community)
    after = cov.copy()
    west, south, east, north = after.polygon(other).bounds
    after.patch(split(after, other, LineString([(west, (south + north) / 2), (east, (south + north) / 2)])))
    assert _told(_checked(after, facts, cov), "load", heavy)[0].severity == "error"


@st.composite
def _sessions(draw: st.DrawFn) -> tuple[Coverage, Facts, list[Any]]:
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    cov = town.grids(4, rng)
    campus = Feature("landuse", "c", "school", "小学", False, box(_W + 1.5 * _D, _S + _D, _W + 2.5 * _D, _S + 1.7 * _D))
    uses = [str(use) for use in rng.choice(["school", "residential", "industrial"], 120)]
    facts = town.facts(4, rng, uses=uses, features=(_river(), campus))
    start, steps = cov.copy(), []
    for _ in range(5):
        delta = _edit(cov, draw)
        if delta is not None:
            cov.patch(delta)
            steps.append((cov.copy(), delta))
            if draw(st.booleans()):
                cov.patch(delta.reversed())
                steps.append((cov.copy(), delta.reversed()))
    return start, facts, steps


@given(_sessions())
@examples(max_examples=20)
def test_updates_are_what_checking_anew_gives(session: tuple[Coverage, Facts, list[Any]]) -> None:
    base, facts, steps = session
    balances = Balances.full(base, facts)
    now = Problems.full(base, facts, balances, base=base)
    assert not now.errors
    for after, delta in steps:
        balances = balances.update(after, delta)
        now = now.update(after, balances, delta)
        anew = Problems.full(after, facts, Balances.full(after, facts), base=base)
        assert _plain(now.all) == _plain(anew.all)
    cov = steps[-1][0] if steps else base
    by_face: Mapping[str, list[Problem]] = check(cov, facts, balances, base=base)
    assert sum(map(len, by_face.values())) == len(now.all)
    assert {face: _plain(now.of(face)) for face in cov.faces} == {face: _plain(some) for face, some in by_face.items()}


def _plain(problems: list[Problem]) -> list[tuple[Any, ...]]:
    return [(*one.order, one.zh, one.en, one.extent, one.where and one.where.wkb) for one in problems]


def test_an_edit_of_many_communities_but_not_all() -> None:
    cov, facts = _even()
    for n, face in enumerate(cov.faces):
        cov = _props(cov, face, community_code=f"3301020020{n:02d}")
    balances = Balances.full(cov, facts)
    problems, deltas = Problems.full(cov, facts, balances), []
    for face in list(cov.faces)[:10]:
        deltas.append(describe(cov, face, {"name": None}))
        cov.patch(deltas[-1])
    merged = net(deltas)
    found = problems.update(cov, balances.update(cov, merged), merged)
    assert sorted(one.order for one in found.all) == sorted(one.order for one in _checked(cov, facts).all)
    assert len(_told(found, "name")) == 10


def test_an_unknown_special_kind_and_a_grid_without_community() -> None:
    cov, facts = _even()
    loose = Coverage.from_polygons(
        [Face("x", {"name": "x", "kind": "special", "special": "market"})], [cov.polygon(_FIRST)]
    )
    rules = {(one.rule, one.subject) for one in _checked(loose, facts).all}
    assert rules == {("community", "unknown"), ("special", "use")}
