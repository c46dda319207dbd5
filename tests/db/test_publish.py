"""Publishing and rolling back: what names a grid follows, what is past stays, and nobody who reads waits."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from psycopg import sql as text
from shapely import MultiPolygon
from shapely import from_wkb as read_wkb

from onemap.core.clock import now
from onemap.core.errors import Conflict
from onemap.layers import BY_NAME
from onemap.planning import editions, lineage, putting
from onemap.store.db import Connection, connect
from onemap.store.feature import FeatureRow
from onemap.store.policy_sql import relation
from onemap.store.sqlfile import sql
from onemap.warnings import ledger
from onemap.warnings.calling import desk, service
from onemap.warnings.calling.roster import Duty
from tests.db import call_ground as ground
from tests.db.call_ground import GRIDS, T0, after, alert_of, put
from tests.db.publish_ground import FRESH, NEW, OLD, case, city, code_of, publish, redrawn, roll_back, spot, strip


@pytest.fixture
def drawn(conn: Connection) -> Connection:
    city(conn)
    return conn


def shape(wkb: bytes) -> Any:
    return read_wkb(wkb)


def in_force(conn: Connection) -> list[str]:
    return [row["key"] for row in conn.execute("SELECT key FROM grid_in_force ORDER BY key").fetchall()]


def test_one_edition_is_in_force_and_every_question_asks_for_it(drawn: Connection) -> None:
    assert in_force(drawn) == [f"{OLD}/{code}" for code in GRIDS]
    publish(drawn)
    assert in_force(drawn) == [f"{NEW}/{code}" for code in (GRIDS[0], GRIDS[1], FRESH, GRIDS[2])]
    east = {"lons": [spot(0.75).x, spot(3.5).x], "lats": [spot(0.75).y] * 2}
    assert [row["code"] for row in drawn.execute(sql("ingest_grid_of"), east).fetchall()] == [FRESH, GRIDS[2]]
    listed = drawn.execute(sql("trend_grids"), {"area": None, "code": None}).fetchall()
    assert [row["code"] for row in listed] == [GRIDS[0], GRIDS[1], FRESH, GRIDS[2]]
    fence = drawn.execute(sql("fence_grids"), {"codes": [GRIDS[0]]}).fetchone()
    assert fence is not None and shape(fence["wkb"]).equals(strip(0, 0.5))
    asked = {"at": T0, "parent": None, "code": GRIDS[3], "area": None, "limit": 9}
    assert drawn.execute(sql("call_organisations"), asked).fetchall() == []
    effect = drawn.execute(sql("effect_area"), {"grid": GRIDS[2], "area": None}).fetchone()
    assert effect is not None and shape(effect["wkb"]).equals(strip(2, 4))


def test_rows_follow_the_ground_and_come_back(drawn: Connection) -> None:
    case(drawn, "open", 0.75, GRIDS[0])
    case(drawn, "closed", 0.76, GRIDS[0], "closed")
    case(drawn, "west", 0.25, GRIDS[0])
    case(drawn, "elsewhere", 0.77, GRIDS[1])  # somebody wrote it so
    case(drawn, "nowhere", 0.78, None)
    case(drawn, "merged", 3.5, GRIDS[3])
    case(drawn, "astray", 1.5, GRIDS[3])  # names a grid that is no more, far from it
    put(drawn, "hazard", FeatureRow("h1", spot(0.9), {"grid_code": GRIDS[0], "status": "active"}))
    put(drawn, "team", FeatureRow("t9", spot(0.51), {"grid_code": GRIDS[0]}))
    for key, n, code, status in (
        ("lamp", 0.6, GRIDS[0], "intact"), ("lost", 3.1, GRIDS[3], "lost"), ("kept", 0.2, GRIDS[0], None),
        ("gone", 3.2, GRIDS[3], "removed"), ("foreign", 0.61, GRIDS[1], "intact"),
    ):  # fmt: skip
        put(drawn, "part", FeatureRow(key, spot(n), {"grid_code": code, "status": status, "class_code": "01037"}))
    parts = ("lamp", "lost", "kept", "gone", "foreign")
    named = [code_of(drawn, "part", key) for key in parts]
    keys = ("open", "closed", "west", "elsewhere", "nowhere", "merged", "astray")
    before = {key: code_of(drawn, "incident", key) for key in keys}
    done = publish(drawn)
    assert [code_of(drawn, "incident", key) for key in keys] == [
        FRESH, GRIDS[0], GRIDS[0], GRIDS[1], None, GRIDS[2], GRIDS[1]
    ]  # fmt: skip
    assert (code_of(drawn, "hazard", "h1"), code_of(drawn, "team", "t9")) == (FRESH, FRESH)
    assert code_of(drawn, "building", "b3") == GRIDS[2] and code_of(drawn, "building", "b0") == GRIDS[0]
    assert [code_of(drawn, "part", key) for key in parts] == [FRESH, GRIDS[2], GRIDS[0], GRIDS[3], GRIDS[1]]
    assert done.moved == {"building": 1, "hazard": 1, "incident": 3, "part": 2, "team": 1}
    gains = {one.team_key: one.gains.get("parts") for one in done.teams if one.gains.get("parts")}
    loses = {one.team_key: one.loses.get("parts") for one in done.teams if one.loses.get("parts")}
    assert (gains, loses) == ({"g2": 2, "g3": 1}, {"g1": 2, "g4": 1})
    case(drawn, "later", 0.8, FRESH)
    case(drawn, "done", 0.8, FRESH, "closed")
    roll_back(drawn, done.carried)
    assert {key: code_of(drawn, "incident", key) for key in keys} == before | {"astray": GRIDS[1]}
    assert (code_of(drawn, "incident", "later"), code_of(drawn, "incident", "done")) == (GRIDS[0], FRESH)
    assert [code_of(drawn, "part", key) for key in parts] == named
    assert in_force(drawn) == [f"{OLD}/{code}" for code in GRIDS]


def test_a_point_on_the_new_border_goes_to_the_lower_code(drawn: Connection) -> None:
    case(drawn, "edge", 0.5, GRIDS[0])
    publish(drawn)
    assert code_of(drawn, "incident", "edge") == GRIDS[0]


def test_the_next_alert_goes_to_the_new_team_and_the_last_stays(committed: Connection) -> None:
    with committed.transaction(force_rollback=True):
        _alerts(committed)


def _alerts(conn: Connection) -> None:
    city(conn)
    east = MultiPolygon([spot(0.75).buffer(0.001)])

    def call(key: str, minute: float) -> list[str]:
        ground.warn(conn, key, zone=east, at=after(minute))
        service.begin(conn, key, after(minute))
        service.step(conn, after(minute))
        rows = conn.execute("SELECT team_key FROM alert WHERE warning_key = %s ORDER BY id", (key,)).fetchall()
        return [row["team_key"] for row in rows]

    assert call("w:before", 0) == ["g1"]
    done = publish(conn)
    # The alert that is out stays with the team that has it, which answers it.
    row = conn.execute("SELECT team_key, state FROM alert WHERE warning_key = 'w:before'").fetchone()
    assert row is not None and row["team_key"] == "g1"
    assert call("w:after", 10) == ["g2"]
    codes = conn.execute("SELECT warning_key, grid_code FROM calling ORDER BY warning_key").fetchall()
    assert [(one["warning_key"], one["grid_code"]) for one in codes] == [("w:after", FRESH), ("w:before", GRIDS[0])]
    ledger.acknowledge(conn, alert_of(conn, "g1", "w:before"), "g1", "g1", at=after(20))
    state = conn.execute("SELECT state, team_key FROM calling WHERE warning_key = 'w:before'").fetchone()
    assert state == {"state": "answered", "team_key": "g1"}
    roll_back(conn, done.carried)
    assert call("w:back", 30) == ["g1"]
    row = conn.execute("SELECT team_key FROM alert WHERE warning_key = 'w:after'").fetchone()
    assert row == {"team_key": "g2"}
    # The ladder of the grid that is no more calls on with the team that it named.
    service.step(conn, after(10 + 300))
    calls = conn.execute("SELECT rung, team_key, state FROM call WHERE warning_key = 'w:after' ORDER BY id").fetchall()
    assert [tuple(one.values()) for one in calls] == [("grid", "g2", "silent"), ("community", "dc1", "calling")]


def test_rosters_are_carried_to_the_new_grid_and_come_back(drawn: Connection) -> None:
    desk.replace(drawn, GRIDS[0], [Duty("g1"), Duty("g4", 2, hours="20-8")])
    desk.replace(drawn, GRIDS[3], [Duty("g4")])
    done = publish(drawn)
    rows = drawn.execute("SELECT org_code, team_key, rank, hours FROM duty WHERE org_code LIKE '430802001001___' "
                         "ORDER BY org_code, rank").fetchall()  # fmt: skip
    assert [tuple(row.values()) for row in rows] == [
        (GRIDS[0], "g1", 1, "0-24"), (GRIDS[0], "g4", 2, "20-8"), (FRESH, "g2", 1, "0-24"), (FRESH, "g4", 2, "20-8"),
    ]  # fmt: skip
    desk.replace(drawn, FRESH, [Duty("g3")])  # changed since: a roll-back leaves it
    roll_back(drawn, done.carried)
    left = drawn.execute("SELECT org_code, team_key FROM duty WHERE length(org_code) = 15 ORDER BY 1, 2").fetchall()
    assert [tuple(row.values()) for row in left] == [
        (GRIDS[0], "g1"), (GRIDS[0], "g4"), (FRESH, "g3"), (GRIDS[3], "g4")
    ]  # fmt: skip


def test_a_grid_given_to_another_team_changes_its_roster(drawn: Connection) -> None:
    desk.replace(drawn, GRIDS[1], [Duty("g1"), Duty("g4", 2)])
    grids = editions.grids(drawn, OLD)
    done = publish(drawn, [editions.Grid(g.code, g.geom, g.name, g.kind, g.community_code,
                                         "g2" if g.code == GRIDS[1] else g.team_key) for g in grids])  # fmt: skip
    teams = drawn.execute("SELECT team_key FROM duty WHERE org_code = %s ORDER BY rank", (GRIDS[1],)).fetchall()
    assert [row["team_key"] for row in teams] == ["g2", "g4"]
    assert [(one.team_key, one.gains, one.loses) for one in done.teams] == [
        ("g1", {}, {"buildings": 1, "households": 3, "residents": 10, "grids": 1}),
        ("g2", {"buildings": 1, "households": 3, "residents": 10, "grids": 1}, {}),
    ]
    roll_back(drawn, done.carried)
    teams = drawn.execute("SELECT team_key FROM duty WHERE org_code = %s ORDER BY rank", (GRIDS[1],)).fetchall()
    assert [row["team_key"] for row in teams] == ["g1", "g4"]


def test_fences_and_duty_areas_follow(drawn: Connection) -> None:
    def fence(key: str, codes: list[str]) -> None:
        spec = {"name": key, "kind": "watch", "source": {"type": "grids", "codes": codes}}
        put(drawn, "geofence", FeatureRow(key, strip(0, 1), {"name": key, "kind": "watch", "spec": spec}))

    def codes(key: str) -> list[str]:
        row = drawn.execute("SELECT spec FROM geofence WHERE key = %s", (key,)).fetchone()
        assert row is not None
        found: list[str] = row["spec"]["source"]["codes"]
        return found

    fence("stays", [GRIDS[0]])
    fence("merged", [GRIDS[3], GRIDS[0]])
    put(drawn, "geofence",
        FeatureRow("area", strip(2, 3), {"name": "三组责任区", "kind": "duty", "team_key": "g3"}),
        FeatureRow("own", strip(2, 3.3), {"name": "另画的", "kind": "duty", "team_key": "g3"}))  # fmt: skip

    def area(key: str) -> Any:
        row = drawn.execute("SELECT st_asbinary(geom) AS wkb FROM geofence WHERE key = %s", (key,)).fetchone()
        assert row is not None
        return shape(row["wkb"])

    done = publish(drawn)
    assert codes("stays") == [GRIDS[0]] and codes("merged") == [GRIDS[2], GRIDS[0]]
    assert area("area").equals(strip(2, 4)) and area("own").equals(strip(2, 3.3))
    roll_back(drawn, done.carried)
    assert codes("merged") == [GRIDS[3], GRIDS[0]] and area("area").equals(strip(2, 3))


def test_the_map_as_of_an_instant_shows_the_edition_of_that_time(committed: Connection, dsn: str) -> None:
    """In transactions of their own, because an instant lies between commits."""
    with committed.transaction():
        city(committed)
    try:
        moments = [now()]
        done = publish(committed)
        moments.append(now())
        roll_back(committed, done.carried)
        moments.append(now())
        assert [editions.at(committed, moment) for moment in moments] == [OLD, NEW, OLD]
        for moment, count in zip(moments, (4, 4, 4), strict=True):
            source = relation(BY_NAME["grid"], as_of=True, in_force=True)
            rows = committed.execute(
                text.SQL("SELECT f.edition, count(*)::int AS n FROM {} GROUP BY 1").format(source), {"instant": moment}
            ).fetchall()
            assert [tuple(row.values()) for row in rows] == [(editions.at(committed, moment), count)]
        names = {row["name"]: row for row in editions.listed(committed)}
        assert names[OLD]["current"] and not names[NEW]["current"] and len(names[OLD]["periods"]) == 2
    finally:
        _empty(committed)


def test_lineage_says_where_a_grid_came_from(drawn: Connection) -> None:
    publish(drawn)
    rows = drawn.execute("SELECT code, code_before, relation, round(share::numeric, 6)::float8 AS share, "
                         "round(share_before::numeric, 6)::float8 AS share_before FROM grid_lineage "
                         "ORDER BY code, code_before").fetchall()  # fmt: skip
    assert [tuple(row.values()) for row in rows] == [
        (GRIDS[0], GRIDS[0], "changed", 1.0, 0.5),
        (GRIDS[1], GRIDS[1], "same", 1.0, 1.0),
        (FRESH, GRIDS[0], "split", 1.0, 0.5),
        (GRIDS[2], GRIDS[2], "changed", 0.5, 1.0),
        (GRIDS[2], GRIDS[3], "merged", 0.5, 1.0),
    ]
    found = lineage.of(drawn, NEW, FRESH)
    assert [(one["edition"], one["code"], one["relation"], one["share"]) for one in found["before"]] == [
        (OLD, GRIDS[0], "split", 1.0)
    ]
    assert found["after"] == [] and {one["code"] for one in lineage.of(drawn, OLD, GRIDS[0])["after"]} == {
        GRIDS[0], FRESH
    }  # fmt: skip


def test_an_edition_is_refused_under_a_taken_name_or_another_base(drawn: Connection) -> None:
    publish(drawn)
    before = editions.grids(drawn, OLD)
    with pytest.raises(Conflict, match="rebase"), drawn.transaction():
        putting.put_new(drawn, "2027", "", OLD, None, before, before, "t")
    now_in_force = editions.grids(drawn, NEW)
    with pytest.raises(Conflict, match="already"), drawn.transaction():
        putting.put_new(drawn, OLD, "", NEW, None, now_in_force, now_in_force, "t")
    with pytest.raises(Conflict, match="in force"), drawn.transaction():
        putting.put_back(drawn, OLD, NEW, before, now_in_force, {})


def test_who_reads_does_not_wait_and_sees_all_or_nothing(committed: Connection, dsn: str) -> None:
    with committed.transaction():
        city(committed)
    try:
        with connect(dsn) as writer, connect(dsn, autocommit=True) as reader:
            reader.execute("SET lock_timeout = '200ms'")
            reader.execute("SET statement_timeout = '5s'")
            before = editions.grids(writer, OLD)
            putting.turn(writer)
            done = putting.put_new(writer, NEW, "", OLD, None, before, redrawn(writer), "t")
            # Everything is written and nothing committed: whoever reads sees the old edition, at once.
            assert in_force(reader) == [f"{OLD}/{code}" for code in GRIDS]
            assert len(reader.execute("SELECT * FROM building").fetchall()) == 4
            assert reader.execute("SELECT edition FROM city").fetchone() == {"edition": OLD}
            assert len(reader.execute("SELECT * FROM geofence").fetchall()) == 0
            # A feed writes on, too: a new case takes the grid of the edition that is in force for it.
            reader.execute("SET lock_timeout = '1s'")
            with reader.transaction():
                case(reader, "meanwhile", 0.75, GRIDS[0])
            writer.commit()
            assert in_force(reader)[0] == f"{NEW}/{GRIDS[0]}"
            assert code_of(reader, "incident", "meanwhile") == GRIDS[0]
            # It is mended when everybody who wrote then has ended.
            after_ = editions.grids(reader, NEW)
            with reader.transaction():
                putting.settle(reader, before, after_, lineage.pieces(before, after_))
            assert code_of(reader, "incident", "meanwhile") == FRESH
            assert done.moved == {"building": 1}
    finally:
        _empty(committed)


def test_two_who_publish_take_turns(committed: Connection, dsn: str) -> None:
    with committed.transaction():
        city(committed)
    try:
        results: list[str] = []

        def work(name: str) -> None:
            with connect(dsn, autocommit=True) as own:
                before = editions.grids(own, OLD)
                after_ = redrawn(own)
                gate.wait(10)
                try:
                    with own.transaction():
                        putting.turn(own)
                        putting.put_new(own, name, "", OLD, None, before, after_, "t")
                    results.append("done")
                except Conflict as error:
                    results.append(error.reason)

        gate = threading.Barrier(2)
        threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "b")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert sorted(results) == ["behind", "done"]
        assert len(in_force(committed)) == 4
    finally:
        _empty(committed)


def _empty(conn: Connection) -> None:
    with conn.transaction():
        tables = "grid_notice grid_lineage edition_period edition_publication edition duty call calling ladder city"
        for table in f"{tables} geofence incident hazard part building grid team area".split():
            conn.execute(f"DELETE FROM {table}")
