"""A day of inserts, moves, deletes and late records beside open transactions ends as if everything were made anew."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from shapely.geometry import Point

from onemap.core.cell import cell_of
from onemap.heat import service
from onemap.heat.ask import Ask
from onemap.heat.count import account, density, events
from onemap.heat.count.cube import Cube
from onemap.heat.count.level import levels_equal
from onemap.heat.count.rollup import Event
from onemap.heat.surface import RESOLUTIONS
from onemap.layers import BY_NAME
from onemap.store import feature
from onemap.store.db import Connection, connect
from onemap.store.feature import FeatureRow

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
LAYER = BY_NAME["incident"]
CODES = ("06001", "09002", "01003", "")
SOURCES = ("12345", "patrol", None)
ASKS = (
    Ask("incidents", "90d", now=NOW),
    Ask("incidents", "90d", categories=("matter-06", "part-01"), now=NOW),
    Ask("incidents", "30d@mon-fri08-20", sources=("patrol",), weight="severity", now=NOW),
    Ask("incidents", "7d~1w", severities=(1, 2), now=NOW),
    Ask("incidents", "90d", half_life_h=24.0, weight="severity", now=NOW),
    Ask("incidents", "30d", smooth=2, now=NOW),
)


def _row(rng: random.Random, key: int) -> FeatureRow:
    at = NOW - timedelta(hours=int(90 * 24 * rng.random() ** 2), minutes=rng.randrange(60))
    return FeatureRow(
        f"i{key}",
        Point(106.5 + rng.gauss(0, 0.01), 29.6 + rng.gauss(0, 0.01)),
        {
            "kind": rng.choice(("matter", "part")), "code": rng.choice(CODES), "occurred_at": at,
            "source": rng.choice(SOURCES), "severity": rng.choice((None, 1, 2, 3, 4)),
        },
    )  # fmt: skip


def _change(conn: Connection, rng: random.Random) -> None:
    """One batch as the field sends it: new ones, others moved in place, time or kind, some taken back."""
    keys = [rng.randrange(160) for _ in range(rng.randrange(1, 6))]
    if rng.random() < 0.25:
        feature.delete(conn, LAYER, [f"i{key}" for key in keys])
    else:
        feature.upsert(conn, LAYER, [_row(rng, key) for key in dict.fromkeys(keys)], feed="test")


def _counted(conn: Connection) -> list[dict[str, Any]]:
    return conn.execute("SELECT * FROM heat_event ORDER BY fid").fetchall()


@pytest.fixture
def outside(dsn: str) -> Iterator[Connection]:
    """A connection of the follower's own."""
    with connect(dsn) as found:
        yield found


def _follow(conn: Connection, cube: Cube) -> None:
    while density.follow(conn):
        conn.commit()
    density.count_early(conn)
    conn.commit()
    cube.follow(conn)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_day_ends_as_if_everything_were_made_anew(
    seed: int, dsn: str, committed: Connection, outside: Connection
) -> None:
    rng = random.Random(seed)
    committed.execute("DELETE FROM incident")
    cube = Cube()
    _follow(outside, cube)
    heard: list[tuple[int, Event]] = []
    cube.listeners.append(heard.extend)
    with ExitStack() as stack:
        open_ones: list[Connection] = []
        for step in range(70):
            if rng.random() < 0.25 and len(open_ones) < 3:
                late = stack.enter_context(connect(dsn))
                late.execute("SELECT pg_current_xact_id()")  # it begins now and writes later
                open_ones.append(late)
            elif open_ones and rng.random() < 0.3:
                late = open_ones.pop(rng.randrange(len(open_ones)))
                _change(late, rng)
                if rng.random() < 0.8:
                    late.commit()
                else:
                    late.rollback()
            else:
                with committed.transaction():
                    _change(committed, rng)
            if rng.random() < 0.5:
                _follow(outside, cube)
            if step in (25, 50):
                cube.merge()
            if step == 40:
                density.rebuild(committed)
    _follow(outside, cube)
    assert heard and cube.generation == 2
    kept, view = _counted(committed), cube.view()
    assert len(kept) > 60
    for ask in ASKS:
        for res in (6, 9, 12):
            table, memory = (service.cells(committed, ask, res, view=one) for one in (None, view))
            assert table.cells.tolist() == memory.cells.tolist()
            assert memory.values.tolist() == pytest.approx(table.values.tolist(), rel=1e-9)
    cube.merge()
    density.rebuild(committed)
    assert _counted(committed) == kept
    fresh = Cube()
    fresh.load(outside)
    base, made = cube.view().base, fresh.view().base
    assert (base.classes, base.categories) == (made.classes, made.categories)
    assert all(levels_equal(base.level(res), made.level(res)) for res in RESOLUTIONS)


def test_who_was_away_too_long_loads_anew(committed: Connection, outside: Connection) -> None:
    rng = random.Random(3)
    cube = Cube()
    _follow(outside, cube)
    generation = cube.generation
    with committed.transaction():
        feature.upsert(committed, LAYER, [_row(rng, key) for key in range(500, 520)], feed="test")
    while density.follow(committed):
        pass
    committed.execute("DELETE FROM heat_change")
    committed.execute("UPDATE heat_state SET floor = pg_current_xact_id()")
    assert cube.follow(outside) == 0
    assert cube.generation == generation + 1
    assert cube.view().query(ASKS[0], 5).values.sum() == len(_counted(committed))


def test_counts_by_another_rule_are_made_anew(committed: Connection) -> None:
    while density.follow(committed):
        pass
    before = _counted(committed)
    committed.execute("UPDATE heat_event SET cell = 0, category = 'old'")
    committed.execute("UPDATE heat_state SET version = 1")
    while density.follow(committed):
        pass
    assert _counted(committed) == before


def test_events_load_by_time_and_box(committed: Connection) -> None:
    rng = random.Random(5)
    with committed.transaction():
        feature.upsert(committed, LAYER, [_row(rng, key) for key in range(300)], feed="test")
    while density.follow(committed):
        pass
    rows = {row["fid"]: row for row in _counted(committed)}
    found = events.load(committed)
    assert found.fid.tolist() == sorted(rows)
    for at, fid in enumerate(found.fid.tolist()):
        row = rows[fid]
        assert row["cell"] == found.cell[at] and row["n"] == found.n[at] and row["severity"] == found.severity[at]
        assert row["hour"] == datetime.fromtimestamp(3600 * int(found.hour[at]), UTC)
        assert (row["category"], row["source"]) == (
            found.categories[found.category[at]], found.sources[found.source[at]],
        )  # fmt: skip
    start, end = NOW - timedelta(days=20), NOW - timedelta(days=5)
    late = events.load(committed, start=start, end=end)
    assert late.fid.tolist() == sorted(fid for fid, row in rows.items() if start <= row["hour"] < end)
    near = events.load(committed, box=(106.495, 29.595, 106.505, 29.605))
    assert 0 < len(near) < len(found) and set(near.fid.tolist()) <= set(found.fid.tolist())
    assert len(events.load(committed, "nothing")) == 0


def test_a_cell_is_told_alike_from_memory_and_from_the_table(committed: Connection, outside: Connection) -> None:
    cube = Cube()
    _follow(outside, cube)
    view = cube.view()
    for ask in ASKS[:5]:
        for res in (5, 9):
            cell = cell_of(106.5, 29.6, res)
            memory = service.explain(committed, ask, cell, view=view)
            table = service.explain(committed, ask, cell)
            for told in (memory, table):
                told["sources"][0].pop("age_s")
                assert sum(part["value"] for part in told["parts"]) == pytest.approx(told["value"])
            assert memory["yesterday"]["value"] == pytest.approx(table["yesterday"]["value"])
            assert memory["value"] == pytest.approx(table["value"])
            assert memory["confidence"] == table["confidence"]
            for step, days in (("day", 60), ("hour", 5)):
                hours = account.edges(ask, days, step)
                one, other = (account.history(committed, ask, cell, hours, v) for v in (view, None))
                assert one == other and len(one) in (days, days * 24)
                assert np.all(np.diff(hours) > 0)
