"""The incident surface follows the change log exactly."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import Point, box

from onemap.core.cell import boundaries, cell_from_hex, cell_of, parent
from onemap.core.errors import BadInput, NotFound
from onemap.heat import service
from onemap.heat.ask import Ask
from onemap.heat.count.rollup import category_of
from onemap.heat.surface import RESOLUTIONS
from onemap.layers import BY_NAME
from onemap.store import changelog, feature
from onemap.store.db import Connection, connect
from onemap.store.feature import FeatureRow

NOW = datetime(2026, 7, 1, 12, 30, tzinfo=UTC)
LAYER = BY_NAME["incident"]
RISK = Ask("risk")
Row = dict[str, Any]
CODES = ["06001", "01002", ""]


def _incident(key: str, x: int, hours_ago: int, code: str = "06001", kind: str = "matter") -> FeatureRow:
    at = NOW - timedelta(hours=hours_ago)
    return FeatureRow(
        key, Point(110.40 + x / 1000, 29.10), {"kind": kind, "code": code, "title": f"事件{key}", "occurred_at": at}
    )


def _put(conn: Connection, *rows: FeatureRow) -> None:
    with conn.transaction():
        feature.upsert(conn, LAYER, rows, feed="test")


def _drain(conn: Connection, limit: int = 5000) -> None:
    while service.follow(conn, limit=limit):
        pass


def _rows(conn: Connection) -> list[Row]:
    return conn.execute("SELECT * FROM heat_event WHERE surface = 'incidents' ORDER BY fid").fetchall()


def _recount(conn: Connection) -> list[Row]:
    """Every incident, counted the obvious way."""
    return [
        {
            "surface": "incidents",
            "fid": row["id"],
            "cell": parent(row["h3"], 12),
            "hour": row["occurred_at"].replace(minute=0, second=0, microsecond=0),
            "category": category_of(row["kind"], row["code"]),
            "source": row["source"] or "",
            "severity": row["severity"] or 0,
            "n": 1,
        }
        for row in conn.execute("SELECT * FROM incident ORDER BY id").fetchall()
    ]


@pytest.fixture
def clean(committed: Connection) -> Connection:
    """An autocommit connection over a database without incidents and what was counted of them."""
    with committed.transaction():
        committed.execute("DELETE FROM incident")
    _drain(committed)
    return committed


steps = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 5), st.integers(0, 8), st.integers(0, 5), st.sampled_from(CODES)),
        st.tuples(st.just("delete"), st.integers(0, 5)),
        st.tuples(st.just("follow"), st.integers(1, 7)),
        st.tuples(st.just("lost"), st.integers(1, 7)),
        st.tuples(st.just("replay"), st.integers(0, 3)),
    ),
    max_size=25,
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_counts_are_exact_after_any_inserts_updates_deletes_and_replays(
    dsn: str, clean: Connection, story: list[tuple[Any, ...]]
) -> None:
    with clean.transaction():
        clean.execute("DELETE FROM incident")
    for step in story:
        match step:
            case ("put", key, x, hours_ago, code):
                _put(clean, _incident(f"i{key}", x, hours_ago, code))
            case ("delete", key):
                with clean.transaction():
                    feature.delete(clean, LAYER, [f"i{key}"])
            case ("follow", limit):
                service.follow(clean, limit=limit)
            case ("lost", limit):  # the worker dies before its commit
                with connect(dsn) as other, other.transaction(force_rollback=True):
                    service.follow(other, limit=limit)
            case ("replay", back):  # the position goes back: everything since comes again
                with clean.transaction():
                    position = changelog.consumer_position(clean, "heat")
                    changelog.advance(clean, "heat", changelog.Position(max(0, position.xid - back), 0))
    _drain(clean)
    assert _rows(clean) == _recount(clean)


def test_rebuild_gives_the_same_rows(clean: Connection) -> None:
    rng = random.Random(4)
    _put(clean, *[_incident(f"i{n}", rng.randrange(60), rng.randrange(400)) for n in range(300)])
    _drain(clean, limit=70)
    _put(clean, *[_incident(f"i{n}", rng.randrange(60), rng.randrange(400), "01001", "part") for n in range(0, 300, 7)])
    with clean.transaction():
        feature.delete(clean, LAYER, [f"i{n}" for n in range(0, 300, 11)])
    _drain(clean, limit=70)
    followed = _rows(clean)
    assert service.rebuild(clean, "incidents") == len(followed)
    assert _rows(clean) == followed == _recount(clean)
    _drain(clean)
    assert _rows(clean) == followed


def test_a_change_of_the_surface_is_in_the_log_with_its_counts(clean: Connection) -> None:
    start = changelog.head(clean)
    _put(clean, _incident("i1", 0, 1))
    _drain(clean)
    _put(clean, FeatureRow("i1", None, {"status": "resolved"}))  # nothing that is counted
    _drain(clean)
    logged = [c for c in changelog.read(clean, start) if c.layer == "heat.incidents"]
    assert [c.note for c in logged] == [{"surface": "incidents", "events": 1}]


def test_cells_of_a_window_category_and_box(clean: Connection) -> None:
    _put(
        clean,
        _incident("a", 0, 1), _incident("b", 0, 30), _incident("c", 0, 2, "01001", "part"), _incident("d", 90, 1),
        FeatureRow("e", Point(110.4, 29.1), {"occurred_at": NOW + timedelta(days=2)}),
    )  # fmt: skip
    _drain(clean)
    here = parent(cell_of(110.40, 29.10), 9)
    near = (110.39, 29.09, 110.41, 29.11)

    def value(least: float = 0.0, **asked: Any) -> float:
        found = service.cells(clean, Ask("incidents", now=NOW, **asked), 9, near, least=least)
        return dict(zip(found.cells.tolist(), found.values.tolist(), strict=True)).get(here, 0.0)

    assert value() == 2.0
    assert value(window="7d") == 3.0
    assert value(window="7d", categories=("matter-06",)) == 2.0
    assert value(categories=("part-01",)) == 1.0
    assert value(least=3) == 0.0
    assert len(service.cells(clean, Ask("incidents", now=NOW), 9, near).cells) == 1
    assert service.cells(clean, Ask("incidents", now=NOW), 9).values.sum() == 3.0
    for res in RESOLUTIONS:
        assert service.cells(clean, Ask("incidents", window="90d", now=NOW), res).values.sum() == 4.0
    with pytest.raises(NotFound):
        service.cells(clean, Ask("nothing"), 9)
    with pytest.raises(BadInput):
        service.cells(clean, Ask("incidents"), 13)


def test_a_smoothed_tile_is_the_smoothed_map_cut_out(clean: Connection) -> None:
    rng = random.Random(5)
    _put(clean, *[_incident(f"s{n}", rng.randrange(120), rng.randrange(20)) for n in range(200)])
    _drain(clean)
    for res, k in ((8, 1), (9, 2), (10, 2)):
        whole = service.cells(clean, Ask("incidents", smooth=k, now=NOW), res)
        assert whole.values.sum() == pytest.approx(200)
        everywhere = dict(zip(whole.cells.tolist(), whole.values.tolist(), strict=True))
        frame = box(110.43, 29.09, 110.46, 29.11)
        tile = service.cells(clean, Ask("incidents", smooth=k, now=NOW), res, frame.bounds)
        found = dict(zip(tile.cells.tolist(), tile.values.tolist(), strict=True))
        touching = [
            c for c, g in zip(whole.cells.tolist(), boundaries(whole.cells), strict=True) if g.intersects(frame)
        ]
        assert set(touching) <= found.keys()
        assert all(found[c] == pytest.approx(everywhere[c]) for c in found)


def test_a_cell_lists_its_incidents_and_they_sum_to_it(clean: Connection) -> None:
    _put(clean, *[_incident(f"p{n}", 0, n % 20) for n in range(230)])
    _drain(clean)
    for res in (5, 12):
        told = service.explain(clean, Ask("incidents", now=NOW), cell_of(110.40, 29.10, res))
        assert told["value"] == 230.0 == sum(part["value"] for part in told["parts"])
        assert len(told["parts"]) == 201 and told["parts"][-1]["value"] == 30.0
        assert told["parts"][0]["name"].startswith("事件p") and told["unit"]["zh"] == "起"
        assert cell_from_hex(told["cell"]) == cell_of(110.40, 29.10, res)


def test_the_legend_has_rising_breaks_and_the_exact_window(clean: Connection) -> None:
    rng = random.Random(6)
    _put(clean, *[_incident(f"l{n}", int(rng.gauss(50, 12)), 1) for n in range(400)])
    _drain(clean)
    ask = Ask("incidents", smooth=1, half_life_h=6.0, now=NOW)
    legend = service.legend(ask, 9, service.distribution(clean, ask, 9))
    assert legend["res"] == 9 and legend["unit"] == {"zh": "起", "en": "incidents"}
    assert legend["cell_km2"] == pytest.approx(0.105, rel=0.02)
    assert len(legend["breaks"]) >= 3 and legend["breaks"] == sorted(set(legend["breaks"]))
    assert (legend["from"], legend["to"]) == ("2026-06-30T12:00:00+00:00", "2026-07-01T13:00:00+00:00")
    assert legend["kernel"] == "epanechnikov" and legend["bandwidth_m"] == pytest.approx(2 * 348, rel=0.01)
    assert service.legend(ask, 9, np.empty(0))["breaks"] == []
