"""The incident surface follows the change log exactly; the risk surface's parts sum to what is shown."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Point, box

from onemap.core.cell import boundaries, cell_from_hex, cell_of, child_range, hex_of, parent
from onemap.core.errors import BadInput, NotFound
from onemap.heat import service
from onemap.heat.ask import Ask
from onemap.heat.rollup import category_of
from onemap.heat.surface import RESOLUTIONS
from onemap.layers import BY_NAME
from onemap.store import changelog, feature
from onemap.store.db import Connection, connect
from onemap.store.feature import FeatureRow
from tests.db import warnings_ground as ground

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
    """An autocommit connection over a database without incidents, hazard points and what was counted of them."""
    with committed.transaction():
        for layer in ("incident", "hazard", "hazard_zone", "building", "sensor", "team", "geofence"):
            committed.execute(f"DELETE FROM {layer}")
        for table in ("threshold", "datastream", "risk_part"):
            committed.execute(f"DELETE FROM {table}")
    _drain(committed)
    while service.refresh_risk(committed, now=NOW):
        pass
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
        assert told["parts"][0]["name"].startswith("事件p") and told["unit"] == "起"
        assert cell_from_hex(told["cell"]) == cell_of(110.40, 29.10, res)


def test_the_legend_has_rising_breaks(clean: Connection) -> None:
    rng = random.Random(6)
    _put(clean, *[_incident(f"l{n}", int(rng.gauss(50, 12)), 1) for n in range(400)])
    _drain(clean)
    legend = service.legend(clean, Ask("incidents", now=NOW), 9)
    assert legend["res"] == 9 and legend["unit"] == "起" and legend["cell_km2"] == pytest.approx(0.105, rel=0.02)
    assert len(legend["breaks"]) >= 3 and legend["breaks"] == sorted(set(legend["breaks"]))
    assert service.legend(clean, Ask("incidents", categories=("part-05",), now=NOW), 9)["breaks"] == []
    assert service.legend(clean, RISK, 11)["breaks"] == [1.0, 3.0, 8.0, 16.0, 32.0]


# -- risk --------------------------------------------------------------------------------------------------------------


def _slope(conn: Connection) -> None:
    with conn.transaction():
        ground.slope(conn)
        feature.upsert(
            conn,
            BY_NAME["building"],
            [FeatureRow("b1", MultiPolygon([box(110.4, 29.1, 110.4002, 29.1002)]), {"residents": 99})],
            feed="test",
        )


def _read(conn: Connection, value: float, at: datetime = NOW, stream: str = "h1-crack-ds") -> None:
    conn.execute("UPDATE datastream SET last_value = %s, last_at = %s WHERE key = %s", (value, at, stream))


def _settle(conn: Connection, now: datetime = NOW) -> int:
    first = service.refresh_risk(conn, now=now)
    assert service.refresh_risk(conn, now=now) == 0
    return first


def _parts(conn: Connection) -> list[Row]:
    return conn.execute(
        "SELECT cell, source_layer, source_key, kind, value, detail FROM risk_part ORDER BY 1, 2, 3, 4"
    ).fetchall()


def test_parts_sum_to_the_cell_at_every_resolution(clean: Connection) -> None:
    _slope(clean)
    _read(clean, 33.0)
    assert _settle(clean) == 1
    finest = service.cells(clean, RISK, 11)
    assert len(finest.cells) > 300
    for cell, value in list(zip(finest.cells.tolist(), finest.values.tolist(), strict=True))[::25]:
        told = service.explain(clean, RISK, cell)
        assert told["value"] == pytest.approx(value)
        assert sum(part["value"] for part in told["parts"]) == pytest.approx(value)
    home = cell_of(110.4001, 29.1001, 11)
    told = service.explain(clean, RISK, home)
    by_kind = {part["kind"]: part for part in told["parts"]}
    assert by_kind["hazard"]["value"] == pytest.approx(2.0 * 3.0)  # level III, inside the zone, 99 residents
    assert by_kind["excess"]["name"] == "裂缝计01" and by_kind["excess"]["detail"]["enter"] == 30.0
    assert by_kind["excess"]["detail"]["ratio"] == pytest.approx(1.1)
    assert by_kind["hazard"]["name"] == "云溪沟3号滑坡" and by_kind["hazard"]["detail"]["residents"] == 99
    for res in (6, 8, 10):
        coarse = service.cells(clean, RISK, res)
        for cell, value in zip(coarse.cells.tolist(), coarse.values.tolist(), strict=True):
            lo, hi = child_range(cell, 11)
            inside = (finest.cells >= lo) & (finest.cells <= hi)
            assert value == finest.values[inside].max()
            told = service.explain(clean, RISK, cell)
            assert told["value"] == pytest.approx(value)
            assert parent(cell_from_hex(told["worst_cell"]), res) == cell
    nowhere = service.explain(clean, RISK, cell_of(0.0, 0.0, 8))
    assert (nowhere["value"], nowhere["parts"], nowhere["worst_cell"]) == (0.0, [], None)


def test_risk_follows_what_changes_and_only_that(clean: Connection) -> None:
    _slope(clean)
    with clean.transaction():
        feature.upsert(
            clean,
            BY_NAME["hazard"],
            [FeatureRow("far", Point(110.9, 29.1), {"level": 1, "kind": "collapse"})],
            feed="t",
        )
    assert _settle(clean) == 2
    quiet = _parts(clean)
    assert {p["source_layer"] for p in quiet} == {"hazard"}
    _read(clean, 36.0)
    assert _settle(clean) == 1
    excess = [p for p in _parts(clean) if p["source_layer"] == "sensor"]
    assert excess and {p["source_key"] for p in excess} == {"h1-crack"}
    _read(clean, 36.2)  # moves the factor by less than a colour
    assert _settle(clean) == 0
    assert _settle(clean, NOW + timedelta(hours=1)) == 1  # silence fades
    faded = [p for p in _parts(clean) if p["source_layer"] == "sensor"]
    assert sum(p["value"] for p in faded) == pytest.approx(sum(p["value"] for p in excess) * np.exp(-1 / 6), rel=0.03)
    _read(clean, 1.0, NOW + timedelta(hours=1))
    assert _settle(clean, NOW + timedelta(hours=1)) == 1
    assert _parts(clean) == quiet
    with clean.transaction():
        feature.upsert(clean, BY_NAME["building"], [FeatureRow("b1", None, {"residents": 9})], feed="t")
    assert _settle(clean) == 1
    home = service.explain(clean, RISK, cell_of(110.4001, 29.1001, 11))
    assert home["value"] == pytest.approx(2.0 * 2.0)
    with clean.transaction():
        feature.delete(clean, BY_NAME["hazard_zone"], ["z-h1"])
    assert _settle(clean) == 1
    assert len(_parts(clean)) < len(quiet)
    with clean.transaction():
        feature.upsert(clean, BY_NAME["hazard"], [FeatureRow("h1", None, {"status": "closed"})], feed="t")
        feature.delete(clean, BY_NAME["hazard"], ["far"])
    assert _settle(clean) == 2
    assert _parts(clean) == []


def test_risk_rebuilt_is_risk_followed(clean: Connection) -> None:
    _slope(clean)
    _read(clean, 33.0)
    _read(clean, 49.0, stream="h1-rain-ds")
    _settle(clean)
    followed = _parts(clean)
    assert service.rebuild(clean, "risk", now=NOW) == 1
    assert _parts(clean) == followed
    logged = clean.execute("SELECT count(*) AS n FROM change_log WHERE layer = 'heat.risk'").fetchone()
    assert logged is not None and logged["n"] >= 2
    assert hex_of(followed[0]["cell"])


def test_a_second_worker_does_not_write_what_the_first_one_wrote(clean: Connection, dsn: str) -> None:
    _slope(clean)
    with connect(dsn) as one, connect(dsn, statement_timeout_s=20) as two:
        start = changelog.consumer_position(one, "risk")  # the first holds the place and moves it on
        changelog.advance(one, "risk", changelog.head(one))
        assert start < changelog.head(one)
        one.commit()
        assert service.refresh_risk(two, now=NOW) == 0
        two.rollback()
