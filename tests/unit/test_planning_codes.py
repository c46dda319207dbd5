"""Codes: kept, given in the order of reading, never twice; labels of the parts of split grids."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from shapely import box

from onemap.core.errors import BadCode
from onemap.planning.codes import Labels, assign, fresh, published, reading_order, short
from onemap.planning.coverage import Coverage, Face, describe, merge, split
from tests.unit import planning_town as town
from tests.unit.plan_ground import lattice, random_edit

_C = "330102001001"


def _table(rows: int, columns: int, codes: dict[str, str] | None = None, *, lean: float = 0.0) -> Coverage:
    """Named r<row from the north>c<column from the west>; `lean` shifts each column down by so many rows."""
    faces, geoms = [], []
    for r in range(rows):
        for c in range(columns):
            name = f"r{r}c{c}"
            props = {"community_code": _C, "code": (codes or {}).get(name)}
            faces.append(Face(name, props))
            south = -r - 1.0 - lean * c
            geoms.append(box(c, south, c + 1, south + 1))
    return Coverage.from_polygons(faces, geoms)


def test_west_to_east_north_to_south() -> None:
    cov = Coverage.from_polygons(
        [Face(f"r{r}c{c}", {"community_code": _C}) for r in range(3) for c in range(4)],
        [
            box(120 + c * 0.01, 30.03 - r * 0.01, 120 + (c + 1) * 0.01, 30.04 - r * 0.01)
            for r in range(3)
            for c in range(4)
        ],
    )
    expected = {f"r{r}c{c}": f"{_C}{4 * r + c + 1:03d}" for r in range(3) for c in range(4)}
    assert assign(cov, []) == expected


def test_rows_that_lean_a_little_are_rows() -> None:
    rng = np.random.default_rng(2)
    cov = town.grids(6, rng, jitter=0.2)
    faces = list(cov.faces)
    order = reading_order(cov, faces)
    assert sorted(order) == sorted(faces)
    names = [cov.face(face).props["name"] for face in order]
    rows = [int(name.split("-")[1]) for name in names]
    columns = [int(name.split("-")[0]) for name in names]
    assert rows == sorted(rows, reverse=True)
    assert columns == list(range(6)) * 6


def test_a_code_that_a_file_brought_is_kept_unless_it_was_used() -> None:
    brought = {"~0": f"{_C}009", "~1": f"{_C}005", "~2": None}
    faces = [Face(face, {"community_code": _C, "code": code}) for face, code in brought.items()]
    cov = Coverage.from_polygons(faces, [box(n, 0, n + 1, 1) for n in range(3)])
    assert published(cov, {f"{_C}001"}) == {"~0": f"{_C}009", "~1": f"{_C}005", "~2": f"{_C}010"}
    assert published(cov, {f"{_C}009"}) == {"~0": f"{_C}010", "~1": f"{_C}005", "~2": f"{_C}011"}
    assert fresh(f"{_C}005", _C, ()) and not fresh(f"{_C}005", _C, {f"{_C}005"})
    bad = ("", "5", f"{_C}05", f"{_C}00a", f"{_C}０05", f"{_C[:-1]}2005", f"{_C}000", f"{_C}999")
    assert not any(fresh(code, _C, ()) for code in bad)
    assert fresh(f"{_C}950", _C, {f"{_C}951"}) and fresh(f"{_C}A01", _C, ())


def test_kept_where_there_is_one_and_never_a_used_one() -> None:
    cov = _table(2, 3, {"r0c1": f"{_C}001", "r1c2": f"{_C}007"})
    got = assign(cov, [f"{_C}009", f"{_C}004", "330102001002999"])
    assert got == {
        "r0c0": f"{_C}010", "r0c1": f"{_C}001", "r0c2": f"{_C}011", "r1c0": f"{_C}012", "r1c1": f"{_C}013",
        "r1c2": f"{_C}007",
    }  # fmt: skip


def test_refused_where_there_is_no_code_left_or_no_community() -> None:
    with pytest.raises(BadCode) as full:
        assign(_table(1, 2), [f"{_C}998"])
    assert full.value.reason == "sequence-full"
    nobody = Coverage.from_polygons([Face("x", {"community_code": "SQ-3"})], [box(0, 0, 1, 1)])
    with pytest.raises(BadCode):
        assign(nobody, [])


@given(st.lists(st.tuples(st.integers(0, 15), st.floats(0.2, 0.8), st.booleans()), max_size=8))
@examples(max_examples=25)
def test_codes_are_fifteen_long_unique_and_stay(cuts: list[tuple[int, float, bool]]) -> None:
    cov = town.grids(4, np.random.default_rng(1))
    ever: set[str] = set()
    before = assign(cov, ever)
    for number, share, upright in cuts:
        ever |= set(before.values())
        face = sorted(cov.faces)[number % len(cov.faces)]
        west, south, east, north = cov.polygon(face).bounds
        x, y = west + share * (east - west), south + share * (north - south)
        line = [(x, south - 1e-3), (x, north + 1e-3)] if upright else [(west - 1e-3, y), (east + 1e-3, y)]
        cov.patch(split(cov, face, _line(line)))
        after = assign(cov, ever)
        assert len(set(after.values())) == len(cov.faces)
        assert all(after[one] == before[one] for one in before)
        assert not {after[one] for one in after if one not in before} & ever
        assert all(len(code) == 15 and code.startswith(str(cov.face(one).community)) for one, code in after.items())
        for one in set(after) - set(before):
            cov.patch(describe(cov, one, {"code": after[one]}))
        before = after


def test_labels_of_parts() -> None:
    base = town.grids(4, np.random.default_rng(1), jitter=0.0)
    labels, cov = Labels(base), base.copy()
    first = f"{_C}001"
    assert labels.of(cov)[first] == "001"
    cov.patch(split(cov, first, town.line([(-0.1, 0.6), (1.1, 0.6)])))
    assert {face: labels.of(cov)[face] for face in (first, "~1")} == {"~1": "001甲", first: "001乙"}
    cov.patch(split(cov, "~1", town.line([(0.3, 0.4), (0.3, 1.1)])))
    assert {labels.of(cov)[face] for face in (first, "~1", "~2")} == {"001甲", "001乙", "001丙"}
    other = f"{_C}002"
    cov.patch(merge(cov, [other, "~1"]))
    assert labels.of(cov)[other] == "002"
    assert {labels.of(cov)[face] for face in (first, "~2")} == {"001甲", "001乙"}
    assert short("SQ-3-2") == "SQ-3-2" and short("ABCDEFGH") == "CDEFGH"


@examples(max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_labels_after_edits_are_those_looked_at_anew(seed: int) -> None:
    rng = random.Random(seed)
    base = lattice(4, 4, seed=seed % 7)
    labels, cov = Labels(base), base.copy()
    shown = labels.of(cov)
    for _ in range(25):
        if (delta := random_edit(cov, rng)) is not None:
            cov.patch(delta)
            shown |= labels.after(cov, delta)
            assert labels.of(cov).items() <= shown.items()


def _line(xy: list[tuple[float, float]]) -> town.LineString:
    return town.LineString(xy)
