"""Pieces and lineage of two partitions of one ground, against every pair of grids cut by itself; rosters; notices."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from onemap.planning.carrying import new_rosters
from onemap.planning.described import described
from onemap.planning.editions import Grid
from onemap.planning.lineage import LEAST_M2, Line, lines, pieces, successors
from onemap.planning.plane import area_m2
from onemap.planning.publish import Told
from onemap.planning.putting import TeamChange
from server.grid_notices import words

LON, LAT, SIDE = 110.0, 29.0, 0.004


def parted(cuts_x: list[float], cuts_y: list[float], names: list[str]) -> list[Grid]:
    """A square cut by lines from north to south and from west to east."""
    xs, ys = [0.0, *sorted(cuts_x), 1.0], [0.0, *sorted(cuts_y), 1.0]
    boxes = [(a, c, b, d) for c, d in pairwise(ys) for a, b in pairwise(xs)]
    return [
        Grid(name, shapely.multipolygons([shapely.box(*(np.array(box) * SIDE + (LON, LAT, LON, LAT)))]), name)
        for name, box in zip(names, boxes, strict=False)
    ]


CUTS = st.lists(st.sampled_from([0.125, 0.25, 0.375, 0.5, 0.625, 0.75]), min_size=0, max_size=3, unique=True)
NAMES = st.permutations([f"{n:03d}" for n in range(1, 19)])


@given(CUTS, CUTS, CUTS, CUTS, NAMES, NAMES)
def test_pieces_are_what_every_pair_has_in_common(
    ax: list[float], ay: list[float], bx: list[float], by: list[float], an: list[str], bn: list[str]
) -> None:
    before, after = parted(ax, ay, an), parted(bx, by, bn)
    slow: dict[tuple[str, str], float] = {}
    for old in before:
        for new in after:
            m2 = area_m2(shapely.intersection(old.geom, new.geom)) if old.geom.intersects(new.geom) else 0.0
            if m2 > LEAST_M2:
                slow[old.code, new.code] = m2
    cut = pieces(before, after)
    assert {(one.before, one.after): one.area_m2 for one in cut} == pytest.approx(slow, rel=1e-6)
    found = lines(before, after, cut)
    for grid in after:
        assert sum(one.share for one in found if one.code == grid.code) == pytest.approx(1.0, rel=1e-4)
    for grid in before:
        assert sum(one.share_before for one in found if one.code_before == grid.code) == pytest.approx(1.0, rel=1e-4)
    was, now = {one.code: one.geom for one in before}, {one.code: one.geom for one in after}
    for line in found:
        assert line.code is not None and line.code_before is not None
        if line.code == line.code_before:
            assert line.relation == ("same" if was[line.code].equals(now[line.code]) else "changed")
        else:
            assert line.relation != "same"
            assert (line.relation == "merged") <= (line.code_before not in now)
            assert (line.relation == "split") <= (line.code not in was)


def test_ground_without_a_grid_is_new_and_a_grid_without_ground_retired() -> None:
    whole = parted([0.5], [], ["a", "b"])
    found = lines(whole[:1], whole, pieces(whole[:1], whole))
    assert [(one.code, one.code_before, one.relation) for one in found] == [("a", "a", "same"), ("b", None, "new")]
    found = lines(whole, whole[:1], pieces(whole, whole[:1]))
    assert [(one.code, one.code_before, one.relation) for one in found] == [(None, "b", "retired"), ("a", "a", "same")]


def test_an_edition_with_a_loop_is_cut_all_the_same() -> None:
    loop = shapely.MultiPolygon([shapely.Polygon([(110, 29), (110.004, 29.004), (110.004, 29), (110, 29.004)])])
    (square,) = parted([], [], ["a"])
    assert not loop.is_valid
    cut = pieces([replace(square, geom=loop)], [square])
    assert {one.before for one in cut} == {"a", None}


def test_successors_are_those_that_took_a_share_that_counts() -> None:
    def line(code: str, share: float) -> Line:
        return Line(code, "old", "split", 1.0, share)

    assert successors([line("a", 0.3), line("b", 0.68), line("c", 0.02)], "old") == ["b", "a"]
    assert successors([line("a", 0.01), line("b", 0.04)], "old") == ["b"]
    assert successors([], "old") == []


def test_a_new_grid_takes_over_the_roster_of_most_of_its_ground() -> None:
    def duty(team: str, rank: int = 1) -> dict[str, Any]:
        return {"team_key": team, "rank": rank}

    one, two = parted([0.5], [], ["a", "b"])
    one, two = replace(one, team_key="t1"), replace(two, team_key="t2")
    new = replace(one, code="c", team_key="t3")
    found = [Line("c", "a", "split", 0.9, 0.4), Line("c", "b", "split", 0.1, 0.1)]
    rosters = {"a": [duty("t1"), duty("x", 2)], "b": [duty("t2")]}
    after = [one, replace(two, team_key="t9"), new]
    assert new_rosters(rosters, [one, two], after, found) == {
        "b": ([duty("t2")], [duty("t9")]),
        "c": ([], [duty("t3"), duty("x", 2)]),
    }
    assert new_rosters(rosters | {"c": [duty("own")]}, [one, two], [one, two, new], found) == {}


def test_a_grid_on_the_same_ground_with_another_code_is_named_with_it() -> None:
    one, two, three = (replace(grid, team_key="t1") for grid in parted([0.25, 0.5], [], ["a", "b", "c"]))
    after = [
        replace(one, name="东片", special="school"),
        replace(two, code="~1", name="~1"),
        replace(three, team_key=None),
    ]
    found = lines([one, two, three], after, pieces([one, two, three], after))
    told = described([one, two, three], after, found, {"~1": "004"}, {"t1": "一队"}, str.upper)
    assert [(row["grid"], [tuple(change.values()) for change in row["changes"]]) for row in told] == [
        ("a", [("name", None, "东片"), ("special", None, "school")]),
        ("c", [("team", "一队", None)]),
        ("~1", [("code", "b", "004")]),
    ]
    # What was cut is another grid, not another name.
    split = parted([0.125, 0.25, 0.5], [], ["a", "~2", "b", "c"])
    before = parted([0.25, 0.5], [], ["a", "b", "c"])
    assert described(before, split, lines(before, split, pieces(before, split)), {}, {}, str) == []


def test_a_notice_says_what_is_gained_and_that_it_is_no_warning() -> None:
    told = Told(1, "2026", "2026 年调整", False, [])
    title, zh, en = words(told, TeamChange("t1", {"grids": 1, "households": 30}, {"buildings": 2}))
    assert title == "网格调整通知 · 2026 年调整" and "划入本队：1 个网格、30 户" in zh and "划出本队：2 栋建筑" in zh
    assert "无需到场处置" in zh and "not a warning" in en and "预警" not in zh
    assert "已回退" in words(replace(told, back=True), TeamChange("t1", {}, {}))[1]
