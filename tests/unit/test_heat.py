"""Rollup differences, ring smoothing, windows and resolutions: plain data against slow obvious versions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import h3.api.basic_int as h3
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import box as polygon

from onemap.core.cell import boundaries, cell_of, cover
from onemap.core.errors import BadInput, NotFound
from onemap.heat import service
from onemap.heat.ask import Ask, checked
from onemap.heat.count.rollup import Event, category_of, event_of
from onemap.heat.ring import bandwidth_m, smooth, weights
from onemap.heat.surface import RESOLUTIONS
from onemap.heat.window import HeatCells, inside, radius_m, ranges


def test_an_incident_counts_in_its_utc_hour_and_major_class() -> None:
    shanghai = datetime(2026, 7, 1, 8, 59, tzinfo=timezone(timedelta(hours=8)))
    event = event_of(7, cell_of(110.4, 29.1), shanghai, "part", "02011", None, 9)
    assert event == Event(7, cell_of(110.4, 29.1, 12), datetime(2026, 7, 1, 0, tzinfo=UTC), "part-02")
    assert event_of(7, event.cell, shanghai, None, None, "iot", 2).severity == 2
    assert [category_of(*x) for x in (("matter", "06001"), (None, None), ("part", "xx"), ("odd", "01002"))] == [
        "matter-06", "matter-00", "part-00", "matter-01",
    ]  # fmt: skip
    known = checked(Ask("incidents")).categories
    assert {"matter-06", "matter-00", "part-00", "part-02"} <= known.keys()


@pytest.mark.parametrize("k", [1, 2])
@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.floats(0.5, 90)), max_size=12))
def test_smoothing_keeps_the_sum_and_is_the_stated_kernel(k: int, given_cells: list[tuple[int, float]]) -> None:
    values = {cell_of(110 + x / 500, 29.1, 9): v for x, v in given_cells}
    cells, found = smooth(np.array(list(values), np.int64), np.array(list(values.values())), k)
    assert found.sum() == pytest.approx(sum(values.values()))
    share = weights(k)
    for cell, value in zip(cells.tolist(), found.tolist(), strict=True):
        wanted = sum(v * share[h3.grid_distance(cell, c)] for c, v in values.items() if h3.grid_distance(cell, c) <= k)
        assert value == pytest.approx(wanted)


def test_smoothing_keeps_the_sum_at_a_pentagon() -> None:
    pentagon = h3.get_pentagons(9)[0]
    cells, found = smooth(np.array([pentagon], np.int64), np.array([8.0]), 2)
    assert found.sum() == pytest.approx(8.0) and len(cells) == 16


def test_weights_sum_to_one() -> None:
    assert weights(1) == (4 / 22, 3 / 22) and weights(0) == (1.0,)
    assert bandwidth_m(9, 1) == pytest.approx(2 * 348, rel=0.01)  # centres of cells lie 348 m apart
    for k in range(5):
        assert sum(w * max(1, 6 * ring) for ring, w in enumerate(weights(k))) == pytest.approx(1.0)


@settings(deadline=None, max_examples=60)
@given(st.floats(109, 111), st.floats(28, 30), st.floats(0.3, 40), st.sampled_from(RESOLUTIONS))
def test_ranges_hold_every_cell_that_touches_the_box(west: float, south: float, across: float, res: int) -> None:
    width = across * radius_m(res) / 50_000  # up to some hundred cells
    box = (west, south, west + width, south + width / 2)
    spans = ranges(box, res, res)
    assert spans is not None and len(spans[0]) < 200
    touching = cover(polygon(*box), res)
    lo, hi = np.array(spans[0]), np.array(spans[1])
    assert all(((cell >= lo) & (cell <= hi)).any() for cell in touching)
    kept = inside(HeatCells(touching, np.ones(len(touching))), box, res)
    assert len(kept.cells) == len(touching)


def test_inside_drops_far_cells() -> None:
    cells = np.array([cell_of(110.0, 29.0, 9), cell_of(110.2, 29.0, 9)], np.int64)
    kept = inside(HeatCells(cells, np.ones(2)), (109.99, 28.99, 110.01, 29.01), 9)
    assert kept.cells.tolist() == cells[:1].tolist()
    assert len(boundaries(kept.cells)) == 1


def test_resolution_follows_zoom() -> None:
    wanted = [5, 5, 6, 7, 7, 8, 9, 10, 10, 11, 12, 12]
    assert [service.res_for_zoom(z) for z in (0, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 20)] == wanted
    assert service.res_for_zoom(20, 11) == 11


def test_questions_that_make_no_sense_are_refused() -> None:
    with pytest.raises(NotFound):
        checked(Ask("joy"))
    bad: list[tuple[str, dict[str, Any]]] = [
        ("category", {"categories": ("matter-77",)}),
        ("category", {"categories": ("matter-06",) * 1000}),
        ("source", {"sources": ("gossip",)}),
        ("severity", {"severities": (5,)}),
        ("severity", {"severities": (1, 2) * 9}),
        ("weight", {"weight": "gold"}),
        ("decay", {"half_life_h": float("nan")}),
        ("decay", {"half_life_h": 1e300}),
        ("decay", {"half_life_h": 0.0}),
        ("smooth", {"smooth": 5}),
        ("window", {"window": "3"}),
    ]
    for reason, asked in bad:
        with pytest.raises(BadInput) as refused:
            checked(Ask("incidents", **asked))
        assert refused.value.reason == reason
