"""Files whose grids do not fit: slivers are mended and told, everything else is a person's question. Judged by GEOS."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from onemap.core.errors import BadInput
from onemap.planning.coverage import Coverage, Face
from onemap.planning.exchange.look import Look, look_at
from onemap.planning.exchange.mend import mended
from onemap.planning.exchange.service import fitted
from onemap.planning.exchange.spec import GridFile
from tests.unit.grid_files_ground import COMMUNITIES, ROWS, corners, town

BASE = town()
M2 = 111_320.0 * np.cos(np.radians(30.304)) * 110_574.0


def _file(shapes: np.ndarray, rows: list[dict[str, object]] | None = None) -> GridFile:
    rows = rows if rows is not None else [{"code": p["code"], "name": p["name"]} for p in BASE.props]
    return GridFile("a", rows, np.asarray(shapes, dtype=object), "WGS-84", tuple(rows[0]))


def _tiles(look: Look) -> None:
    """GEOS finds no gap and no overlap among the drawn grids, and all of their communities under them."""
    shapes = np.array([one.shape for one in look.drawn], dtype=object)
    assert shapely.is_valid(shapes).all()
    assert shapely.coverage_is_valid(shapes)
    ground = shapely.union_all(BASE.shapes[[BASE.ids.index(gone) for gone in look.gone]])
    assert shapely.symmetric_difference(shapely.union_all(shapes), ground).area < 1e-11 * ground.area
    assert abs(shapely.area(shapes).sum() / ground.area - 1) < 1e-11
    # What is left of the edition fits beside them: their borders have the same corners but for new ones on them.
    for one in look.drawn:
        community = [p["community_code"] for p in BASE.props].index(one.props["community_code"])
        assert BASE.props[community]["community_code"] in COMMUNITIES


def _each(change: Callable[[int, np.ndarray], np.ndarray]) -> np.ndarray:
    return np.array(
        [shapely.transform(shape, lambda at, n=n: change(n, at)) for n, shape in enumerate(BASE.shapes)], dtype=object
    )


def _grown(metres: float) -> np.ndarray:
    grown = shapely.buffer(BASE.shapes, metres / 100_000, join_style="mitre")
    return np.array([shapely.MultiPolygon([shape]) for shape in grown], dtype=object)


def test_what_fits_stays_as_it_is() -> None:
    look = look_at(_file(BASE.shapes), BASE)
    assert look.findings.repairs == []
    assert look.findings.problems == []
    assert look.findings.notes == []
    assert [one.id for one in look.drawn] == list(BASE.ids)
    for one, shape in zip(look.drawn, BASE.shapes, strict=True):
        assert shapely.equals_identical(shapely.normalize(one.shape), shapely.normalize(shape.geoms[0]))
    _tiles(look)


def test_the_rounding_of_other_formats_is_taken_back() -> None:
    look = look_at(_file(_each(lambda n, at: np.round(at, 7))), BASE)
    assert look.findings.repairs == []
    for one, shape in zip(look.drawn, BASE.shapes, strict=True):
        assert shapely.equals_identical(shapely.normalize(one.shape), shapely.normalize(shape.geoms[0]))


@pytest.mark.parametrize(("metres", "kinds"), [(-1.0, {"gap"}), (1.0, {"overlap", "outside"})])
def test_slivers_are_mended_and_told(metres: float, kinds: set[str]) -> None:
    look = look_at(_file(_grown(metres)), BASE)
    assert look.findings.problems == []
    assert {repair.kind for repair in look.findings.repairs} == kinds
    assert all(repair.grids for repair in look.findings.repairs)
    told = sum(repair.area_m2 for repair in look.findings.repairs)
    assert look.findings.repaired_m2 == pytest.approx(told, rel=1e-4)
    if metres < 0:
        lost = (shapely.area(BASE.shapes).sum() - shapely.area(_grown(metres)).sum()) * M2
        assert told == pytest.approx(lost, rel=0.01)
    _tiles(look)


@pytest.mark.parametrize("metres", [-20.0, 20.0])
def test_what_is_no_sliver_is_a_problem(metres: float) -> None:
    look = look_at(_file(_grown(metres)), BASE)
    assert look.findings.problems
    assert any(repair.to is None for repair in look.findings.repairs)
    assert all(problem.zh and problem.en for problem in look.findings.problems)


def test_a_missing_grid_is_a_gap_and_no_sliver() -> None:
    rows = [{"code": p["code"], "name": p["name"]} for p in BASE.props]
    look = look_at(_file(BASE.shapes[1:], rows[1:]), BASE)
    assert [problem.en[:3] for problem in look.findings.problems] == ["Gap"]
    assert any("1 grid of the edition not in the file" in note.en for note in look.findings.notes)


def test_one_community_alone_is_drawn_anew_the_other_stays() -> None:
    west = [n for n, p in enumerate(BASE.props) if p["community_code"] == COMMUNITIES[0]]
    rows = [{"code": BASE.props[n]["code"], "name": "x"} for n in west]
    look = look_at(_file(BASE.shapes[west], rows), BASE)
    assert set(look.gone) == {BASE.ids[n] for n in west}
    assert look.findings.problems == []
    _tiles(look)


@pytest.mark.parametrize("metres", [-1.0, 0.0, 1.0])
def test_the_community_beside_gets_the_corners_that_a_file_puts_on_their_border(metres: float) -> None:
    west = [n for n, p in enumerate(BASE.props) if p["community_code"] == COMMUNITIES[0]]
    rows = [{"code": BASE.props[n]["code"], "name": "x"} for n in west]
    shapes = np.array([shapely.segmentize(shape, 3e-4) for shape in _grown(metres)[west]], dtype=object)
    look = look_at(_file(shapes, rows), BASE)
    assert look.findings.problems == []
    kept = [n for n in range(len(BASE.ids)) if n not in west]
    fit = fitted(list(BASE.shapes[kept]), [one.shape for one in look.drawn])
    assert shapely.coverage_is_valid(np.array(fit, dtype=object))
    for n, shape in zip(kept, fit, strict=False):
        assert shapely.hausdorff_distance(shape, BASE.shapes[n]) < 1e-13
    faces = [*(Face(BASE.ids[n], BASE.props[n]) for n in kept), *(Face(one.id, one.props) for one in look.drawn)]
    cov = Coverage.from_polygons(faces, fit)
    assert len(cov.faces) == len(BASE.ids)


def test_a_grid_over_the_border_of_its_community_is_a_problem() -> None:
    at = ROWS * (len(BASE.ids) // ROWS // 2)  # the first grid east of the border, and its neighbour west of it
    shapes = BASE.shapes.copy()
    shapes[at] = shapely.MultiPolygon([shapely.union(shapes[at], shapes[at - ROWS]).geoms[0]]) if False else shapes[at]
    merged = shapely.coverage_union_all(shapes[[at - ROWS, at]])
    kept = [n for n in range(len(shapes)) if n not in (at, at - ROWS)]
    rows = [{"code": BASE.props[n]["code"], "name": "x"} for n in [at, *kept]]
    look = look_at(_file(np.array([shapely.MultiPolygon([merged]), *shapes[kept]], dtype=object), rows), BASE)
    assert any(problem.zh.startswith("越界") for problem in look.findings.problems)


def test_rings_that_cross_themselves_are_mended_and_told() -> None:
    at = corners()
    ring = [at[0, 0], at[1, 0], at[1, 1], at[0, 1]]
    spike = shapely.Polygon([ring[0], ring[1], at[1, 1] + [1e-6, 2e-5], ring[2], at[1, 1] + [-1e-6, 2e-5], ring[3]])
    shapes = BASE.shapes.copy()
    shapes[0] = shapely.MultiPolygon([spike])
    if not shapely.is_valid(shapes[0]):
        look = look_at(_file(shapes), BASE)
        assert "invalid" in {repair.kind for repair in look.findings.repairs}
    bow = shapely.Polygon(
        [ring[0], ring[1], ring[2], ring[3], at[0, 1] + [1e-5, 1e-5], ring[3] + [1e-5, -1e-5], at[0, 1]]
    )
    shapes[0] = shapely.MultiPolygon([bow])
    assert not shapely.is_valid(shapes[0])
    look = look_at(_file(shapes), BASE)
    assert [repair.kind for repair in look.findings.repairs if repair.kind == "invalid"] == ["invalid"]
    assert look.findings.problems == []
    _tiles(look)


def test_codes_used_twice() -> None:
    rows = [{"code": p["code"], "name": p["name"]} for p in BASE.props]
    rows[1]["code"] = rows[0]["code"]
    look = look_at(_file(BASE.shapes, rows), BASE)
    assert "several grids" in look.findings.problems[0].en
    # The same name as well: rows of one grid, as files come whose grids were cut at a street.
    rows[1]["name"] = rows[0]["name"]
    look = look_at(_file(BASE.shapes, rows), BASE)
    assert look.findings.problems == []
    assert [repair.kind for repair in look.findings.repairs] == ["joined"]
    assert len(look.drawn) == len(BASE.ids) - 1
    _tiles(look)


def test_codes_decide_who_is_who_and_new_grids_have_none() -> None:
    rows: list[dict[str, object]] = [
        {"网格编码": p["code"], "名称": f"新{n}", "类别": "专属网格"} for n, p in enumerate(BASE.props)
    ]
    rows[0]["网格编码"] = "330103001001999"
    rows[1]["网格编码"], rows[-1]["网格编码"] = rows[-1]["网格编码"], None  # of the other community
    look = look_at(_file(BASE.shapes, rows), BASE)
    assert look.drawn[0].id.startswith("~")
    assert look.drawn[0].props == {"code": None, "kind": "special", "community_code": COMMUNITIES[0], "name": "新0"}
    rows[0]["网格编码"] = code = "330103001001099"  # never used: it is the new grid's
    assert look_at(_file(BASE.shapes, rows), BASE).drawn[0].props["code"] == code
    assert look_at(_file(BASE.shapes, rows), BASE, used={code}).drawn[0].props["code"] is None
    assert [one.props["code"] for one in (look.drawn[1], look.drawn[-1])] == [None, None]
    assert look.drawn[1].id.startswith("~")
    assert look.drawn[2].id == BASE.ids[2]
    assert look.drawn[2].props["name"] == "新2"
    assert look.drawn[-2].id == BASE.ids[-2]
    assert look.drawn[-1].id.startswith("~")
    assert len({one.id for one in look.drawn}) == len(look.drawn)


def test_without_codes_the_ground_decides_who_is_who() -> None:
    look = look_at(_file(BASE.shapes[::-1].copy(), [{"x": n} for n in range(len(BASE.ids))]), BASE)
    assert [one.id for one in look.drawn] == list(BASE.ids)[::-1]


def test_a_ring_of_six_thousand_corners() -> None:
    at = corners()
    shared = [at[2, 0], at[2, 1]]
    steps = np.linspace(0, 1, 6000)[:, None]
    wavy = shared[0] + (shared[1] - shared[0]) * steps + np.column_stack(
        [1e-5 * np.sin(steps[:, 0] * 900) * np.sin(steps[:, 0] * np.pi), np.zeros(6000)]
    )  # fmt: skip
    wavy[0], wavy[-1] = shared
    shapes = BASE.shapes.copy()
    left, right = ROWS, 2 * ROWS  # the grids west and east of it, in the southern row
    shapes[left] = shapely.MultiPolygon([shapely.Polygon([at[1, 0], *wavy, at[1, 1]])])
    shapes[right] = shapely.MultiPolygon([shapely.Polygon([*wavy[::-1], at[3, 0], at[3, 1]])])
    look = look_at(_file(shapes), BASE)
    assert look.findings.repairs == []
    assert shapely.get_num_coordinates(look.drawn[left].shape) > 6000
    _tiles(look)


@pytest.mark.parametrize("tolerance", [0.0, -1.0, 51.0, float("nan")])
def test_the_tolerance_is_bounded(tolerance: float) -> None:
    with pytest.raises(BadInput):
        look_at(_file(BASE.shapes), BASE, tolerance_m=tolerance)


@given(
    seed=st.integers(0, 10_000),
    shift_m=st.floats(0.0, 1.5),
    digits=st.sampled_from([5, 6, 7, 9, 15]),
    dropped=st.integers(0, 3),
)
def test_any_file_that_nearly_fits_is_mended_without_a_gap(
    seed: int, shift_m: float, digits: int, dropped: int
) -> None:
    """Corners moved grid by grid, rounded, and left out: whatever comes tiles again, or is said to be wrong."""
    rng = np.random.default_rng(seed)

    def shaken(number: int, at: np.ndarray) -> np.ndarray:
        moved = at[:-1] + rng.uniform(-shift_m, shift_m, at[:-1].shape) / 100_000
        moved = np.round(moved, digits)
        return np.vstack([moved, moved[:1]])

    shapes = _each(shaken)
    for number in rng.choice(len(shapes), dropped, replace=False):
        dense = shapely.segmentize(shapes[number], float(rng.uniform(2e-4, 1e-3)))
        shapes[number] = dense
    look = look_at(_file(shapes), BASE)
    assert look.findings.problems == []
    _tiles(look)
    ground = {one.id: one.shape for one in look.drawn}
    for name, shape in zip(BASE.ids, BASE.shapes, strict=True):
        # Borders stay within what was shaken; a sliver may reach a few metres past a corner, no wider than it is.
        assert shapely.hausdorff_distance(ground[name], shape) < (2 * shift_m + 20) / 90_000
        assert shapely.symmetric_difference(ground[name], shape).area * M2 < 1000 * (2 * shift_m + 1.2)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), shift_m=st.floats(0.0, 2.0), lost=st.booleans())
def test_grids_without_communities_are_mended_among_themselves(seed: int, shift_m: float, lost: bool) -> None:
    """Gaps that run out at the edge of the town are closed as well; a lake in it stays one."""
    rng = np.random.default_rng(seed)

    def shaken(number: int, at: np.ndarray) -> np.ndarray:
        moved = at[:-1] + rng.uniform(-shift_m, shift_m, at[:-1].shape) / 100_000
        return np.vstack([moved, moved[:1]])

    shapes = _each(shaken)
    lake = ROWS + 1
    if lost:
        shapes = np.delete(shapes, lake)
    nothing = np.empty(0, dtype=object)
    done = mended(shapes, [str(n) for n in range(len(shapes))], parents=nothing, corners=nothing, tolerance_m=5.0)
    assert done.findings.problems == []
    assert shapely.is_valid(done.shapes).all()
    assert shapely.coverage_is_valid(done.shapes)
    whole = shapely.union_all(done.shapes)
    # What is left open at the edge is a bend of the outline; a gap would be a hundred metres long.
    closed = shapely.buffer(shapely.buffer(whole, 1e-5, join_style="mitre"), -1e-5, join_style="mitre")
    assert shapely.area(shapely.difference(closed, whole)) * M2 < 20
    assert [shapely.area(shapely.Polygon(ring)) > 1e-6 for ring in whole.interiors] == [True] * lost
    for shape, before in zip(done.shapes, shapes, strict=True):
        assert shapely.symmetric_difference(shape, before).area * M2 < 1000 * (2 * shift_m + 0.1)
