"""The coverage: what each operation does, what it refuses and why, and that a delta fits exactly or not at all."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely import LineString, MultiPolygon, Point, Polygon, box

from onemap.core.errors import BadInput, Conflict
from onemap.planning.coverage import (
    Coverage,
    Delta,
    Face,
    NotACoverage,
    Refused,
    Stale,
    describe,
    insert,
    merge,
    move,
    reassign,
    remove,
    replace,
    reshape,
    simplify,
    snap,
    split,
)
from tests.coverage_play import judged, written

D = 0.001  # degrees: a street block


def block(i: int, j: int, wide: int = 1, high: int = 1) -> Polygon:
    """A rectangle of blocks with a corner at every block."""
    lower = [(i + k, j) for k in range(wide)]
    right = [(i + wide, j + k) for k in range(high)]
    upper = [(i + wide - k, j + high) for k in range(wide)]
    left = [(i, j + high - k) for k in range(high)]
    return Polygon([(120 + x * D, 30 + y * D) for x, y in [*lower, *right, *upper, *left]])


def at(x: float, y: float) -> tuple[float, float]:
    return (120 + x * D, 30 + y * D)


def squares(n: int = 3, community: str = "c") -> Coverage:
    """Face "ij" is column i, row j from the south-west."""
    names = [(i, j) for i in range(n) for j in range(n)]
    faces = [Face(f"{i}{j}", {"code": f"{i}{j}", "name": "", "community_code": community}) for i, j in names]
    return Coverage.from_polygons(faces, [block(i, j) for i, j in names])


def with_props(cov: Coverage, face: str, **props: object) -> Coverage:
    cov.patch(describe(cov, face, props))
    return cov


def after(cov: Coverage, delta: Delta) -> Coverage:
    """The coverage with a delta, judged; and back again, unchanged."""
    area = float(shapely.area(cov.polygons(cov.faces)).sum())
    made = cov.copy()
    made.patch(Delta.from_bytes(delta.to_bytes()))
    judged(made, area)
    back = made.copy()
    back.patch(delta.reversed())
    assert written(back) == written(cov)
    assert dict(back.faces) == dict(cov.faces)
    return made


def refused(reason: str) -> pytest.RaisesExc[Refused]:
    return pytest.raises(Refused, check=lambda error: error.reason == reason)


def test_polygons_come_back_as_they_went_in() -> None:
    hole = Polygon(block(0, 0, 3, 3).exterior, [block(1, 1).exterior])
    island = block(1, 1)
    apart = MultiPolygon([block(5, 0), block(5, 2)])
    grounds = [hole, island, apart, block(5, 1)]
    cov = Coverage.from_polygons([Face(name) for name in "abcd"], grounds)
    for name, ground in zip("abcd", grounds, strict=True):
        assert cov.polygon(name).normalize().equals_exact(MultiPolygon(shapely.get_parts(ground)).normalize(), 0)
    assert cov.neighbours("a") == pytest.approx({"b": 414.6}, abs=1)
    closed = [arc for arc in cov.arcs.values() if arc.sides == {"a", "b"}]
    assert len(closed) == 1 and closed[0].closed
    rings, polygons = cov.rings("a")
    assert polygons == [2] and len(rings) == 2
    rings, polygons = cov.rings("c")
    assert polygons == [1, 1]
    assert cov.at(*at(1.5, 1.5)) == "b"
    assert cov.at(*at(1.0, 1.5)) == "a"
    assert cov.at(*at(4, 4)) is None


def test_rings_walk_the_arcs_in_order() -> None:
    cov = squares()
    for face in cov.faces:
        rings, _ = cov.rings(face)
        for ring in rings:
            runs = [cov.arcs[i].xy if i >= 0 else cov.arcs[~i].xy[::-1] for i in ring]
            for run, following in zip(runs, [*runs[1:], runs[0]], strict=True):
                assert (run[-1] == following[0]).all()
            assert Polygon(np.concatenate([run[:-1] for run in runs])).exterior.is_ccw


@pytest.mark.parametrize(
    ("grounds", "reason"),
    [
        ([block(0, 0), box(120.0005, 30, 120.0015, 30.001)], "overlap"),
        ([block(0, 0, 1, 2), box(120.001, 30, 120.002, 30.001), box(120.001, 30.0005, 120.002, 30.002)], "overlap"),
        ([block(0, 0), Polygon([at(1, 0), at(2, 0), at(2, 1), at(1, 1), at(1, 0.5)])], "overlap"),
        ([Polygon([at(0, 0), at(1, 1), at(1, 0), at(0, 1)])], "invalid"),
        ([Polygon()], "invalid"),
        ([Point(120, 30)], "invalid"),
    ],
)
def test_what_is_no_coverage_is_refused_with_its_place(grounds: list[shapely.Geometry], reason: str) -> None:
    with pytest.raises(NotACoverage) as caught:
        Coverage.from_polygons([Face(str(i)) for i in range(len(grounds))], grounds)
    assert caught.value.reason == reason
    assert caught.value.where is not None
    assert isinstance(caught.value, BadInput)


def test_two_of_one_name_are_refused() -> None:
    with pytest.raises(NotACoverage, check=lambda error: error.reason == "double"):
        Coverage.from_polygons([Face("a"), Face("a")], [block(0, 0), block(1, 0)])


def test_a_hole_that_touches_its_shell_is_taken() -> None:
    corner = Polygon([at(0, 0), at(0.6, 0.2), at(0.6, 0.6)])
    rest = block(0, 0, 3, 3).difference(corner)
    below = Polygon([at(0, 0), at(-1, -1), at(1, -1)])
    cov = Coverage.from_polygons([Face("rest"), Face("corner"), Face("below")], [rest, corner, below])
    assert cov.rings("rest")[1] == [2]
    after(cov, merge(cov, ["rest", "corner"]))


def test_split_keeps_the_larger_part_and_names_the_other() -> None:
    cov = squares()
    delta = split(cov, "11", [at(1.3, 0.9), at(1.3, 2.1)])
    made = after(cov, delta)
    assert made.polygon("11").area == pytest.approx(0.7 * D * D)
    assert made.polygon("~1").area == pytest.approx(0.3 * D * D)
    assert made.faces["~1"].props == {**cov.faces["11"].props, "code": None}
    assert delta.touched == {"11", "~1", "10", "12"}
    assert delta.redrawn == {"11", "~1"}
    assert made.neighbours("~1").keys() == {"11", "01", "10", "12"}
    # Both sides have the very same corner where the cut meets the border.
    ends = {tuple(xy) for xy in shapely.get_coordinates(made.polygon("~1")).tolist()}
    assert ends & {tuple(xy) for xy in shapely.get_coordinates(made.polygon("10")).tolist()} > {at(1, 1)}
    assert made.next_id() == "~2"


def test_split_reaches_a_border_that_it_nearly_meets_and_takes_corners_as_they_are() -> None:
    cov = squares()
    made = after(cov, split(cov, "11", [at(1.5, 1.05), at(1.5, 1.96)]))
    assert made.polygon("~1").area == pytest.approx(0.5 * D * D)
    made = after(cov, split(cov, "11", [at(1, 1), at(2, 2)]))
    assert not [arc for arc in made.arcs.values() if len(arc.xy) > 2 and arc.sides == {"11", "10"}]
    assert made.polygon("~1").area == pytest.approx(0.5 * D * D)


def test_split_into_many() -> None:
    cov = squares()
    zigzag = [at(0.9, 1.3), at(2.1, 1.3), at(2.1, 1.6), at(0.9, 1.6)]
    made = after(cov, split(cov, "11", zigzag))
    assert sorted(face for face in made.faces if face.startswith("~")) == ["~1", "~2"]
    assert made.polygon("11").area == pytest.approx(0.4 * D * D)


def test_split_of_a_grid_in_two_pieces_keeps_the_uncut_piece() -> None:
    cov = Coverage.from_polygons([Face("a"), Face("b")], [MultiPolygon([block(0, 0), block(2, 0)]), block(1, 0)])
    made = after(cov, split(cov, "a", [at(0.4, -0.1), at(0.4, 1.1)]))
    assert len(made.rings("a")[1]) == 2
    assert made.polygon("~1").area == pytest.approx(0.4 * D * D)


def test_what_split_refuses() -> None:
    cov = squares()
    with refused("no-cut"):
        split(cov, "11", [at(1.3, 0.9), at(1.3, 1.5)])
    with refused("no-cut"):
        split(cov, "11", [at(0.3, 0.9), at(0.3, 1.5)])
    with refused("no-cut"):
        split(cov, "11", [at(1.3, 0.9), at(1.3, 0.9)])
    with refused("no-cut"):
        split(cov, "11", [at(1.0, 0.5), at(1.0, 2.5)])
    with refused("crossing"):
        split(cov, "11", [at(1 + i % 2, 1 + (i * 7 % 600) / 600) for i in range(600)])
    with refused("too-small"):
        split(cov, "11", [at(1.02, 0.99), at(0.99, 1.02)])
    with refused("no-face"):
        split(cov, "99", [at(1.3, 0.9), at(1.3, 1.5)])
    with refused("locked"):
        split(with_props(cov, "11", locked=True), "11", [at(1.3, 0.9), at(1.3, 2.1)])


def test_merge_joins_and_borders_beyond_become_one() -> None:
    cov = squares()
    made = after(cov, merge(cov, ["11", "12", "21"]))
    assert made.faces["11"].props["code"] == "11"
    assert "12" not in made.faces and "21" not in made.faces
    assert made.polygon("11").area == pytest.approx(3 * D * D)
    whole = after(cov, merge(cov, sorted(cov.faces)))
    assert len(whole.arcs) == 1


def test_merge_makes_a_ring_around_another() -> None:
    cov = squares()
    made = after(cov, merge(cov, [name for name in sorted(cov.faces) if name != "11"]))
    assert made.rings("00")[1] == [2]
    made = after(made, merge(made, ["00", "11"]))
    assert made.rings("00")[1] == [1]


def test_what_merge_refuses() -> None:
    cov = squares()
    with refused("not-neighbours"):
        merge(cov, ["00", "11"])
    with refused("nothing"):
        merge(cov, ["00", "00"])
    with refused("no-face"):
        merge(cov, ["00", "77"])
    with refused("border"):
        merge(with_props(cov, "10", community_code="d"), ["00", "10"])
    with refused("locked"):
        merge(with_props(cov, "01", locked=True), ["00", "01"])


def test_a_corner_moves_for_all_that_meet_there() -> None:
    cov = squares()
    made = after(cov, move(cov, at(1, 1), at(1.2, 1.1)))
    for face in ("00", "01", "10", "11"):
        assert at(1.2, 1.1) in set(map(tuple, shapely.get_coordinates(made.polygon(face)).tolist()))
    assert move(cov, at(1, 1), at(1.2, 1.1)).touched == {"00", "01", "10", "11"}


def test_the_end_of_a_border_slides_along_the_border_that_stays() -> None:
    cov = squares()
    made = after(cov, move(cov, at(1, 0), at(1.3, 0.02)))
    assert made.polygon("00").area == pytest.approx(1.15 * D * D)
    assert shapely.union_all(made.polygons(made.faces)).area == pytest.approx(9 * D * D, rel=1e-12)
    assert made.at(*at(1.1, 0.01)) == "00"
    with refused("border"):
        move(cov, at(1, 0), at(1.3, 0.4))
    with refused("border"):
        move(cov, at(0, 0), at(0.1, 0.1))


def test_what_move_refuses() -> None:
    cov = squares()
    with refused("crossing"):
        move(cov, at(1, 1), at(2.5, 1.5))
    with refused("no-corner"):
        move(cov, at(1.5, 1), at(1.5, 1.1))
    with refused("nothing"):
        move(cov, at(1, 1), at(1, 1))
    with refused("locked"):
        move(with_props(cov, "11", locked=True), at(1, 1), at(1.1, 1.1))
    with refused("border"):
        move(with_props(squares(), "11", community_code="d"), at(1, 1), at(1.5, 1.5))


def test_corners_are_added_and_taken_out() -> None:
    cov = squares()
    (arc,) = [arc for arc in cov.arcs.values() if arc.sides == {"11", "21"}]
    made = after(cov, insert(cov, arc.id, at(2, 1.5), at(2.2, 1.5)))
    assert made.polygon("11").area == pytest.approx(1.1 * D * D)
    assert after(cov, insert(cov, None, at(2.001, 1.5), at(2.2, 1.5))).polygon("11").area == pytest.approx(1.1 * D * D)
    moved = after(made, move(made, at(2.2, 1.5), at(1.8, 1.5)))
    assert moved.polygon("11").area == pytest.approx(0.9 * D * D)
    gone = after(made, remove(made, at(2.2, 1.5)))
    assert written(gone) == written(cov)
    with refused("node"):
        remove(cov, at(1, 1))
    with refused("crossing"):
        insert(cov, arc.id, at(2, 1.5), at(3.5, 1.5))
    with refused("no-arc"):
        insert(cov, None, at(1.5, 1.5), at(1.6, 1.5))
    outer = next(arc for arc in cov.arcs.values() if arc.sides == {"00"})
    with refused("border"):
        insert(cov, outer.id, at(0, 0.5), at(0.1, 0.5))


def test_a_corner_pulled_onto_another_makes_a_place_where_borders_meet() -> None:
    cov = squares()
    (arc,) = [arc for arc in cov.arcs.values() if arc.sides == {"11", "21"}]
    made = after(cov, insert(cov, arc.id, at(2, 1.2), at(2.1, 1.3)))
    made = after(made, insert(made, None, at(2.05, 1.65), at(2.5, 1.5)))
    (other,) = [arc for arc in made.arcs.values() if arc.sides == {"20", "21"}]
    made = after(made, insert(made, other.id, at(2.5, 1), at(2.5, 1.2)))
    # Onto the border between "20" and "21": "11" comes to touch "20" there, and "21" would fall apart.
    with refused("crossing"):
        move(made, at(2.5, 1.5), at(2.5, 1.2))
    # The corner of an island may meet the border around.
    hole = box(*at(0.2, 0.2), *at(0.8, 0.8))
    around = block(0, 0, 2, 2).difference(hole)
    whole = Coverage.from_polygons([Face("a"), Face("b"), Face("in")], [around, block(2, 0, 1, 2), hole])
    made = after(whole, move(whole, at(0.8, 0.2), at(2, 1)))
    assert {made.arcs[number].sides for number in made.arcs_at(at(2, 1))} == {frozenset("ab"), frozenset({"a", "in"})}


def test_reshape_draws_a_stretch_anew() -> None:
    cov = squares()
    made = after(cov, reshape(cov, [at(2, 1), at(2.3, 1.5), at(2, 2)]))
    assert made.polygon("11").area == pytest.approx(1.15 * D * D)
    # Overshooting ends are let go; where the line crosses first and last is where it counts.
    made = after(cov, reshape(cov, [at(1.95, 1.2), at(2.3, 1.5), at(1.95, 1.8)]))
    assert made.polygon("11").area > 1.05 * D * D
    # From one side to the other and back: both gain and lose.
    made = after(cov, reshape(cov, [at(2, 1), at(1.8, 1.2), at(2.2, 1.8), at(2, 2)]))
    assert made.polygon("11").area == pytest.approx(D * D)
    assert reshape(cov, [at(2, 1), at(2.3, 1.5), at(2, 2)]).redrawn == {"11", "21"}


def test_reshape_takes_the_end_of_a_border_along_another() -> None:
    cov = squares()
    made = after(cov, reshape(cov, [at(1, 0.8), at(1.4, 0.5), at(1.4, 0)]))
    assert made.at(*at(1.2, 0.2)) == "00"
    assert made.at(*at(1.2, 0.9)) == "10"


def test_reshape_may_take_most_of_a_grid_but_not_all() -> None:
    cov = squares()
    made = after(cov, reshape(cov, [at(2, 1), at(2.9, 1.1), at(2.9, 1.9), at(2, 2)]))
    assert made.polygon("11").area > 1.8 * D * D
    with refused("no-line"):
        reshape(cov, [at(1.3, 1.3), at(1.6, 1.6)])
    for end in (1.97, 2.0, 2.03, 2.6):
        with refused("no-line"):
            reshape(cov, [at(1.5, 1.5), at(end, 1.5)])
    with refused("border"):
        reshape(cov, [at(0, 0.2), at(-0.3, 0.5), at(0, 0.8)])
    with refused("locked"):
        reshape(with_props(cov, "21", locked=True), [at(2, 1), at(2.3, 1.5), at(2, 2)])


def test_ground_is_reassigned() -> None:
    cov = squares()
    made = after(cov, reassign(cov, box(*at(1.8, 1.2), *at(2.5, 1.6)), "11"))
    assert made.polygon("11").area == pytest.approx((1 + 0.5 * 0.4) * D * D)
    made = after(cov, reassign(cov, Point(at(2, 2)).buffer(0.3 * D), "11"))
    assert made.polygon("12").area == pytest.approx(made.polygon("21").area)
    # Nothing of the cut is left on the borders that were only passed.
    assert len(shapely.get_coordinates(made.polygon("11"))) < 80
    with refused("cut-off") as cut:
        reassign(cov, box(*at(1.9, 1.3), *at(3.0, 1.6)), "11")
    assert cut.value.what == "21" and cut.value.where is not None
    assert cut.value.where.symmetric_difference(box(*at(2, 1), *at(3, 1.3))).area < 1e-6 * D * D
    with refused("empty"):
        reassign(cov, block(2, 1), "11")
    with refused("nothing"):
        reassign(cov, box(*at(1.2, 1.2), *at(1.5, 1.6)), "11")
    with refused("nothing"):
        reassign(cov, Polygon(), "11")
    with refused("locked"):
        reassign(with_props(squares(), "21", locked=True), box(*at(1.8, 1.2), *at(2.5, 1.6)), "11")
    with refused("border"):
        reassign(with_props(squares(), "21", community_code="d"), box(*at(1.8, 1.2), *at(2.5, 1.6)), "11")


def test_painted_ground_that_lies_apart_is_shown_with_what_to_do() -> None:
    cov = squares()
    far = box(*at(2.2, 1.2), *at(2.5, 1.6))
    near = box(*at(1.8, 1.65), *at(2.3, 1.9))
    corner = box(*at(2.0, 2.0), *at(2.9, 2.9))
    # Alone, beside ground that adjoins, and where they meet at a corner and no more.
    for region, apart in ((far, far), (far | near, far), (corner, corner)):
        with refused("apart") as error:
            reassign(cov, region, "11")
        assert error.value.what == "11" and error.value.where is not None
        assert error.value.where.symmetric_difference(apart).area < 1e-6 * D * D
        assert "一起选" in error.value.zh and "in between" in error.value.en
    # As it says: with what lies between it can be painted.
    between = box(*at(1.9, 1.2), *at(2.5, 1.6))
    assert after(cov, reassign(cov, far | between, "11")).polygon("11").area == pytest.approx(1.2 * D * D)
    wide = box(*at(1.1, 2.0), *at(2.9, 2.9))
    assert after(cov, reassign(cov, wide, "11")).at(*at(2.5, 2.2)) == "11"


def test_a_corner_where_a_border_meets_a_cut_is_not_straightened() -> None:
    cov = squares()
    # The region's edge crosses the border of "11" and "12" aslant: the corner there is a real one.
    region = Polygon([at(1.2, 1.9), at(1.6, 1.9), at(1.9, 2.4), at(1.5, 2.4)])
    made = after(cov, reassign(cov, region, "11"))
    taken = shapely.intersection(region, block(1, 2)).area
    assert made.polygon("11").area == pytest.approx(D * D + taken, rel=1e-9)


def test_crumbs_go_along() -> None:
    cov = squares()
    made = after(cov, reassign(cov, box(*at(1.9, 1.005), *at(3.0, 1.5)), "11"))
    assert made.at(*at(2.5, 1.002)) == "11"
    # A crumb that does not reach the receiver stays; where there is nothing else, it is said why.
    with refused("apart"):
        reassign(cov, box(*at(2.5, 1.5), *at(2.52, 1.52)), "11")


def test_replace_takes_parts_that_nearly_match() -> None:
    cov = squares()
    off = 3e-13
    west = box(*at(1, 1), 120 + 1.4 * D + off, 30 + 2 * D - off)
    east = box(120 + 1.4 * D, 30 + D, 120 + 2 * D + off, 30 + 2 * D)
    made = after(cov, replace(cov, ["11"], [(cov.faces["11"], west), (Face("~9", {"community_code": "c"}), east)]))
    assert made.polygon("~9").area == pytest.approx(0.6 * D * D)
    assert made.next_id() == "~10"
    parts = [(Face(name, cov.faces["11"].props), block(1, 1 + i)) for i, name in enumerate(["12", "11"])]
    made = after(cov, replace(cov, ["11", "12"], parts))
    assert made.at(*at(1.5, 1.5)) == "12"


def test_what_replace_refuses() -> None:
    cov = squares()
    c = cov.faces["11"]
    with refused("gap"):
        replace(cov, ["11"], [(c, box(*at(1, 1), *at(1.5, 2)))])
    with refused("overlap"):
        replace(cov, ["11"], [(c, block(1, 1)), (c, block(1, 1))])
    with refused("overlap"):
        replace(cov, ["11"], [(cov.faces["12"], block(1, 1))])
    with refused("nothing"):
        replace(cov, ["11"], [(c, block(1, 1))])
    with refused("torn"):
        thirds = [
            MultiPolygon([box(*at(1, 1), *at(1.3, 2)), box(*at(1.6, 1), *at(2, 2))]),
            box(*at(1.3, 1), *at(1.6, 2)),
        ]
        replace(cov, ["11"], [(c, thirds[0]), (Face("~1", c.props), thirds[1])])
    other = with_props(squares(), "12", community_code="d")
    with refused("border"):
        swapped = [(other.faces["11"], block(1, 2)), (other.faces["12"], block(1, 1))]
        replace(other, ["11", "12"], swapped)


def test_simplify_keeps_every_place_where_borders_meet() -> None:
    cov = squares()
    (arc,) = [arc for arc in cov.arcs.values() if arc.sides == {"11", "21"}]
    made = after(cov, insert(cov, arc.id, at(2, 1.5), at(2.005, 1.5)))
    assert written(after(made, simplify(made, ["11", "21"], 2.0))) == written(cov)
    with refused("nothing"):
        simplify(made, ["11", "21"], 0.1)
    with refused("nothing"):
        simplify(made, ["11"], 2.0)


def test_borders_are_snapped_onto_a_road() -> None:
    cov = squares()
    road = LineString([at(2.05, 0.5), at(2.06, 1.5), at(2.02, 2.5)])
    made = after(cov, snap(cov, ["11"], [road], 15.0))
    border = LineString(next(arc for arc in made.arcs.values() if arc.sides == {"11", "21"}).xy)
    assert border.hausdorff_distance(shapely.intersection(road, border.buffer(1e-9))) < 1e-8
    assert at(2.06, 1.5) in set(border.coords)
    with refused("nothing"):
        snap(cov, ["11"], [road], 1.0)
    still = with_props(squares(), "21", locked=True)
    with refused("nothing"):
        snap(still, ["11"], [road], 15.0)


def test_a_delta_fits_exactly_or_not_at_all() -> None:
    cov = squares()
    first = split(cov, "11", [at(1.3, 0.9), at(1.3, 2.1)])
    cov.patch(first)
    before = written(cov)
    for again in (first, move(squares(), at(1, 1), at(1.2, 1.1))):
        with pytest.raises(Stale) as caught:
            cov.patch(again)
        assert isinstance(caught.value, Conflict) and caught.value.what
        assert written(cov) == before
    # Others may work elsewhere meanwhile.
    cov.patch(describe(cov, "00", {"name": "x"}))
    cov.patch(first.reversed())
    assert "~1" not in cov.faces and cov.next_id() == "~2"
    assert first.reversed().reversed() == first
    for bad in (b"", b"OMD1", first.to_bytes()[:-9], b"x" + first.to_bytes()):
        with pytest.raises(NotACoverage, check=lambda error: error.reason == "bytes"):
            Delta.from_bytes(bad)


def test_copies_go_on_apart() -> None:
    cov = squares()
    cov.at(*at(1, 1))
    other = cov.copy()
    other.patch(merge(other, ["00", "01"]))
    assert cov.at(*at(0.5, 1.5)) == "01"
    assert other.at(*at(0.5, 1.5)) == "00"
    assert written(cov) == written(squares())


def test_a_locked_grid_may_get_a_corner_but_no_other_ground() -> None:
    cov = with_props(squares(), "12", locked=True)
    delta = split(cov, "11", [at(1.3, 0.9), at(1.3, 2.1)])
    assert "12" in delta.touched and "12" not in delta.redrawn
    assert after(cov, delta).polygon("12").symmetric_difference(cov.polygon("12")).area < 1e-20


def test_what_is_undone_under_another_edit_may_leave_a_corner_to_take_out() -> None:
    # Four around a corner: "11" is cut from there, then those beyond are merged, then the cut is undone.
    cov = squares()
    cut = split(cov, "11", [at(1, 1), at(2, 2)])
    cov.patch(cut)
    cov.patch(merge(cov, ["10", "00"]))
    cov.patch(merge(cov, ["10", "01"]))
    cov.patch(cut.reversed())
    assert shapely.coverage_is_valid(cov.polygons(cov.faces))
    assert len(cov.arcs_at(at(1, 1))) == 2
    cov.patch(remove(cov, at(1, 1)))
    assert cov.polygon("11").area == pytest.approx(0.5 * D * D)
    judged(cov, 9 * D * D)
