"""Claims hold warnings up: worst level, last release; joined, expired, in episodes, told at each step."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.rows import dict_row
from shapely.geometry import MultiPolygon, Point, box

from onemap.core.cell import cell_of
from onemap.core.errors import Conflict, NotFound
from onemap.store.db import Connection, connect
from onemap.store.feature import FeatureRow
from onemap.warnings import episodes, lifecycle, service, upkeep
from onemap.warnings.lifecycle import Claim
from onemap.warnings.service import Reading
from onemap.warnings.telling import messages
from tests.db import warnings_ground as ground

CLOCKS, LAT, LON = ground.CLOCKS, ground.LAT, ground.LON
NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def slope(conn: Connection) -> Connection:
    ground.slope(conn)
    ground.teams(conn)
    return conn


def square(lon: float, lat: float, half: float = 1e-3) -> MultiPolygon:
    return MultiPolygon([box(lon - half, lat - half, lon + half, lat + half)])


def said(subject: str = "hazard:h1", claimant: str = "rule:r1", level: int = 3, **more: Any) -> Claim:
    given: dict[str, Any] = {
        "source": "rule", "kind": "geohazard", "at": NOW, "cause": {"text_zh": f"规则{claimant}", "text_en": claimant},
    }  # fmt: skip
    return Claim(subject=subject, claimant=claimant, level=level, **(given | more))


def row(conn: Connection, key: str | None) -> dict[str, Any]:
    found = conn.execute("SELECT * FROM warning WHERE key = %s", (key,)).fetchone()
    assert found is not None
    return found


def told(conn: Connection, key: str | None) -> list[dict[str, Any]]:
    found = conn.execute("SELECT * FROM message WHERE warning_key = %s ORDER BY id", (key,)).fetchall()
    assert messages.chain_faults(found) == []
    return found


def kinds(conn: Connection, key: str | None) -> list[str]:
    own = ("raised", "upgraded", "downgraded", "updated", "ended", "expired", "cancelled")
    rows = conn.execute("SELECT kind FROM alert_event WHERE warning_key = %s ORDER BY id", (key,)).fetchall()
    return [one["kind"] for one in rows if one["kind"] in own]


def test_the_worst_claim_sets_the_level_and_the_last_one_ends_it(slope: Connection) -> None:
    first = lifecycle.claim(slope, said(level=3), CLOCKS, at=NOW)
    assert first.what == "raised" and first.alert_ids
    assert lifecycle.claim(slope, said(level=3), CLOCKS, at=NOW).what == "nothing"
    assert lifecycle.claim(slope, said(claimant="rule:r2", level=4), CLOCKS, at=NOW).what == "joined"
    service.confirm(slope, first.warning_key or "", "command")
    worse = lifecycle.claim(slope, said(claimant="fence:f", level=1, source="fence"), CLOCKS, at=NOW)
    assert (worse.what, worse.warning_key) == ("upgraded", first.warning_key) and worse.alert_ids
    stands = row(slope, first.warning_key)
    assert (stands["level"], stands["state"], stands["source"]) == (1, "active", "fence")
    assert lifecycle.release(slope, "hazard:h1", "fence:f", "fell_back", CLOCKS, at=NOW).what == "downgraded"
    assert row(slope, first.warning_key)["cause"]["text_en"] == "rule:r1"
    assert lifecycle.release(slope, "hazard:h1", "rule:r1", "fell_back", CLOCKS, at=NOW).what == "downgraded"
    assert row(slope, first.warning_key)["level"] == 4
    assert lifecycle.release(slope, "hazard:h1", "rule:r2", "fell_back", CLOCKS, at=NOW).what == "ended"
    assert lifecycle.release(slope, "hazard:h1", "rule:r2", "fell_back", CLOCKS, at=NOW).what == "nothing"
    ended = row(slope, first.warning_key)
    assert (ended["state"], ended["end_reason"]) == ("ended", "fell_back")
    assert kinds(slope, first.warning_key) == ["raised", "upgraded", "downgraded", "downgraded", "ended"]
    chain = told(slope, first.warning_key)
    assert [one["what"] for one in chain] == ["alert", "upgrade", "downgrade", "downgrade", "cancel"]
    assert ended["identifier"] == chain[-1]["identifier"] and len(chain[-1]["refs"]) == 4


def test_the_same_claims_again_change_nothing(slope: Connection) -> None:
    steps = [said(level=3), said(claimant="rule:r2", level=2), said(level=4, valid_until=NOW + timedelta(hours=3))]
    for one in steps:
        lifecycle.claim(slope, one, CLOCKS, at=NOW)

    def everything() -> list[Any]:
        tables = ("warning", "claim", "alert", "alert_event", "delivery", "message", "change_log")
        return [slope.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() for name in tables]

    before = everything()
    for one in steps[1:]:
        assert lifecycle.claim(slope, one, CLOCKS, at=NOW).what == "nothing"
    assert everything() == before


def test_what_command_ended_opens_again_only_when_something_rises(slope: Connection) -> None:
    first = lifecycle.claim(slope, said(level=3), CLOCKS)
    service.end(slope, first.warning_key or "", "command")
    assert lifecycle.claim(slope, said(level=3), CLOCKS).what == "nothing"
    assert lifecycle.claim(slope, said(level=4), CLOCKS).what == "nothing"
    again = lifecycle.claim(slope, said(level=2), CLOCKS)
    assert again.what == "raised" and again.warning_key != first.warning_key
    service.end(slope, again.warning_key or "", "command")
    anew = lifecycle.claim(slope, said(level=4, anew=True), CLOCKS)
    assert anew.what == "raised" and row(slope, anew.warning_key)["level"] == 4
    service.end(slope, anew.warning_key or "", "command")
    assert lifecycle.release(slope, "hazard:h1", "rule:r1", "fell_back", CLOCKS).what == "nothing"
    assert lifecycle.claim(slope, said(level=4), CLOCKS).what == "raised"


def test_a_withdrawn_warning_says_so_and_is_not_withdrawn_twice(slope: Connection) -> None:
    key = lifecycle.claim(slope, said(), CLOCKS).warning_key or ""
    service.cancel(slope, key, "command", "传感器检修")
    service.cancel(slope, key, "command", "传感器检修")
    assert row(slope, key)["end_reason"] == "cancelled"
    assert [one["what"] for one in told(slope, key)] == ["alert", "cancel"]
    assert "传感器检修" in bytes(told(slope, key)[-1]["cap"]).decode()
    other = lifecycle.claim(slope, said("sensor:h1-rain"), CLOCKS).warning_key or ""
    service.end(slope, other, "command")
    with pytest.raises(Conflict):
        service.cancel(slope, other, "command", "误报")


def test_a_drill_never_touches_the_real_warning(slope: Connection) -> None:
    real = lifecycle.claim(slope, said(level=3), CLOCKS)
    drill = lifecycle.claim(slope, said(level=1, source="drill", drill_key="d1"), CLOCKS)
    assert drill.what == "raised" and drill.warning_key != real.warning_key
    assert (row(slope, real.warning_key)["level"], row(slope, drill.warning_key)["drill"]) == (3, True)
    assert told(slope, drill.warning_key)[0]["status"] == "Exercise"
    assert "【演练】" in bytes(told(slope, drill.warning_key)[0]["cap"]).decode()
    assert row(slope, real.warning_key)["episode"] != row(slope, drill.warning_key)["episode"]
    assert lifecycle.release(slope, "hazard:h1", "rule:r1", "ended", CLOCKS, drill_key="d1").what == "ended"
    assert row(slope, real.warning_key)["state"] == "active"


def test_validity_runs_out_is_extended_and_is_told_again(slope: Connection) -> None:
    key = lifecycle.claim(slope, said(valid_until=NOW + timedelta(hours=1)), CLOCKS, at=NOW).warning_key
    slid = lifecycle.claim(slope, said(valid_until=NOW + timedelta(hours=1, minutes=5)), CLOCKS, at=NOW)
    assert slid.what == "nothing" and len(told(slope, key)) == 1
    assert row(slope, key)["valid_until"] == NOW + timedelta(hours=1, minutes=5)
    assert messages.retell(slope, NOW + timedelta(minutes=20)) == 0
    assert messages.retell(slope, NOW + timedelta(minutes=55)) == 1
    assert told(slope, key)[-1]["expires"] == NOW + timedelta(hours=1, minutes=5)
    longer = lifecycle.claim(slope, said(valid_until=NOW + timedelta(hours=5)), CLOCKS, at=NOW + timedelta(minutes=56))
    assert longer.what == "updated" and kinds(slope, key)[-1] == "updated"
    assert lifecycle.expire(slope, CLOCKS, NOW + timedelta(hours=4)) == 0
    lifecycle.claim(slope, said(claimant="rule:r2", level=4, valid_until=NOW + timedelta(hours=9)), CLOCKS, at=NOW)
    assert lifecycle.expire(slope, CLOCKS, NOW + timedelta(hours=5)) == 1
    assert (row(slope, key)["level"], row(slope, key)["state"]) == (4, "active")
    assert lifecycle.expire(slope, CLOCKS, NOW + timedelta(hours=9)) == 1
    ended = row(slope, key)
    assert (ended["state"], ended["end_reason"], kinds(slope, key)[-1]) == ("ended", "expired", "expired")
    assert told(slope, key)[-1]["what"] == "expire"
    late = lifecycle.claim(slope, said(valid_until=NOW), CLOCKS, at=NOW + timedelta(hours=10))
    assert late.what == "nothing" and late.warning_key is None


def test_joined_claims_are_one_warning_over_the_union_of_their_zones(slope: Connection) -> None:
    ground.slope(slope, "h2")
    slope.execute("DELETE FROM hazard_zone WHERE hazard_key = 'h2'")
    ground.put(slope, "hazard_zone", FeatureRow("z-h2", square(LON + 0.01, LAT), {"hazard_key": "h2", "name": "区"}))
    for key, lon in (("b1", LON), ("b2", LON + 0.01), ("b3", LON + 0.05)):
        ground.put(slope, "building", FeatureRow(key, square(lon, LAT, 1e-4), {"residents": 30, "households": 10}))
    one = lifecycle.claim(slope, said(join="storm"), CLOCKS)
    two = lifecycle.claim(slope, said("hazard:h2", level=2, join="storm"), CLOCKS)
    assert (one.warning_key, two.what) == (two.warning_key, "upgraded")
    stands = row(slope, one.warning_key)
    assert stands["title"] == "橙色 II 级 · 云溪沟3号滑坡等2处"
    assert (stands["households"], stands["residents"]) == (20, 60)
    both = slope.execute(
        "SELECT st_equals(w.geom, (SELECT st_union(geom) FROM hazard_zone)) AS same FROM warning w WHERE key = %s",
        (one.warning_key,),
    ).fetchone()
    assert both == {"same": True}
    assert lifecycle.release(slope, "hazard:h2", "rule:r1", "fell_back", CLOCKS).what == "downgraded"
    stands = row(slope, one.warning_key)
    assert (stands["title"], stands["households"]) == ("黄色 III 级 · 云溪沟3号滑坡", 12)
    assert shapely.from_wkb(bytes(_wkb(slope, one.warning_key))).equals(ground.ZONE)
    assert lifecycle.release(slope, "hazard:h1", "rule:r1", "fell_back", CLOCKS).what == "ended"


def _wkb(conn: Connection, key: str | None) -> bytes:
    found = conn.execute("SELECT st_asbinary(geom) AS wkb FROM warning WHERE key = %s", (key,)).fetchone()
    assert found is not None
    return bytes(found["wkb"])


def test_every_kind_of_subject_has_a_place(slope: Connection) -> None:
    cell = cell_of(LON, LAT, 9)
    code = "990101001001"
    shape = square(LON, LAT, 0.002)
    ground.put(slope, "area", FeatureRow("a1", shape, {"level": "community", "code": code, "name": "云溪社区"}))
    ground.put(slope, "grid", FeatureRow("g1", shape, {"code": f"{code}001", "name": "一号网格"}))
    subjects = [
        "hazard:h1", "area:a1", f"area:{code}", "grid:g1", f"grid:{code}001", "sensor:h1-rain", "feed:test",
        "fence:f-t1", f"cell:{cell:x}",
    ]  # fmt: skip
    for subject in subjects:
        done = lifecycle.claim(slope, said(subject), CLOCKS)
        assert done.what == "raised", subject
        zone = shapely.from_wkb(_wkb(slope, done.warning_key))
        assert zone.intersects(Point(LON, LAT).buffer(0.003)), subject
        assert row(slope, done.warning_key)["title"].startswith("黄色 III 级 · ")
    for nowhere in ("hazard:no", "grid:no", "sensor:no", "cap:a:b", "fence:no", "cell:xyz", "nonsense", "feed:none"):
        with pytest.raises(NotFound):
            lifecycle.claim(slope, said(nowhere), CLOCKS)
    own = lifecycle.claim(slope, said("cap:a b:<c>/é", geom_wkb=shapely.to_wkb(box(0, 0, 1, 1)), name="外来"), CLOCKS)
    assert own.warning_key is not None and own.warning_key.startswith("w:cap-")


def test_similar_warnings_share_an_episode_and_others_do_not(conn: Connection) -> None:
    def at(lon: float, minute: float, **more: Any) -> str:
        wkb = shapely.to_wkb(square(lon, LAT))
        one = said(f"cap:s:{lon}-{minute}-{more}", geom_wkb=wkb, **more)
        moment = NOW + timedelta(minutes=minute)
        return str(row(conn, lifecycle.claim(conn, one, CLOCKS, at=moment).warning_key)["episode"])

    first = at(LON, 0)
    assert at(LON + 0.02, 5) == first
    assert at(LON + 0.02, 6, kind="rain") != first
    far = at(LON + 0.12, 7)
    assert far != first
    assert at(LON + 0.3, 8) not in (first, far)
    assert at(LON - 0.2, 100) != first
    # A warning between the two storms: they were one all along, and keep the older's name.
    at(LON + 0.07, 9)
    assert episodes.merge(conn, NOW + timedelta(minutes=10)) >= 1
    assert episodes.merge(conn, NOW + timedelta(minutes=10)) == 0
    found = episodes.banners(episodes.rows(conn))
    storm = next(one for one in found if one["key"] == first)
    assert len(storm["warnings"]) == 4 and storm["title"].endswith("等 4 处") and storm["unconfirmed"] == 4
    assert len(found) == 4


def test_streets_join_what_lies_farther_apart(conn: Connection) -> None:
    street = MultiPolygon([box(LON - 0.01, LAT - 0.01, LON + 0.2, LAT + 0.01)])
    ground.put(conn, "area", FeatureRow("s", street, {"level": "street", "code": "990101001", "name": "云溪街道"}))
    names = set()
    for number, lon in enumerate((LON, LON + 0.15)):
        one = said(f"cap:s:{number}", geom_wkb=shapely.to_wkb(square(lon, LAT)))
        names.add(row(conn, lifecycle.claim(conn, one, CLOCKS, at=NOW).warning_key)["episode"])
    assert len(names) == 1


claims = st.lists(
    st.tuples(
        st.sampled_from(["claim", "claim", "claim", "release", "end", "tick"]),
        st.sampled_from(["hazard:h1", "hazard:h2"]),
        st.sampled_from(["rule:a", "rule:b"]),
        st.integers(1, 4),
        st.sampled_from([None, "d1"]),
        st.sampled_from([None, 5, 20]),
    ),
    max_size=10,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(claims)
def test_warnings_stand_as_a_plain_model_of_their_claims(conn: Connection, steps: list[Any]) -> None:
    """The model: a dict of claims; a subject's warning is the worst of those that nobody silenced."""
    with conn.transaction(force_rollback=True):
        ground.slope(conn, "h1")
        ground.slope(conn, "h2")
        held: dict[tuple[str, str, str | None], tuple[int, datetime | None, bool]] = {}
        for minute, (act, subject, claimant, level, drill, valid) in enumerate(steps):
            at = NOW + timedelta(minutes=minute)
            until = at + timedelta(minutes=valid) if valid else None
            mine = (subject, claimant, drill)
            others = [key for key in held if key[0] == subject and key[2] == drill and key != mine]
            if act == "claim":
                one = said(subject, claimant, level, drill_key=drill, valid_until=until)
                lifecycle.claim(conn, one, CLOCKS, at=at)
                stands_now = any(not held[key][2] for key in [*others, mine] if key in held)
                if not stands_now and mine in held and level >= held[mine][0]:
                    if level != held[mine][0]:
                        held[mine] = (level, until, True)
                else:
                    for key in others:
                        worst, ends, silent = held[key]
                        held[key] = (worst, ends, silent and (stands_now or (ends is not None and ends <= at)))
                    held[mine] = (level, until, False)
            elif act == "release":
                lifecycle.release(conn, subject, claimant, "fell_back", CLOCKS, drill_key=drill, at=at)
                held.pop(mine, None)
            elif act == "end":
                open_now = conn.execute(
                    "SELECT key FROM warning WHERE state <> 'ended' AND subject = %s AND coalesce(drill_key, '') = %s",
                    (subject, drill or ""),
                ).fetchone()
                if open_now is not None:
                    service.end(conn, open_now["key"], "command")
                    for key in [*others, mine]:
                        if key in held:
                            held[key] = (*held[key][:2], True)
            else:
                lifecycle.expire(conn, CLOCKS, at)
                held = {key: one for key, one in held.items() if one[1] is None or one[1] > at}
            wanted: dict[tuple[str, str | None], int] = {}
            for (name, _, which), (worst, _, silent) in held.items():
                if not silent:
                    wanted[name, which] = min(worst, wanted.get((name, which), 9))
            stands = conn.execute("SELECT subject, drill_key, level FROM warning WHERE state <> 'ended'").fetchall()
            assert {(one["subject"], one["drill_key"]): one["level"] for one in stands} == wanted
            assert len(stands) == len(wanted)
        for one in conn.execute("SELECT DISTINCT warning_key AS key FROM message").fetchall():
            told(conn, one["key"])


class Counting(psycopg.Cursor[Any]):
    """A cursor that counts the statements of its connection."""

    number = 0

    def execute(self, *given: Any, **options: Any) -> Any:
        Counting.number += 1
        return super().execute(*given, **options)


@pytest.fixture
def counted(dsn: str) -> Iterator[Connection]:
    options = "-c search_path=onemap,public -c timezone=UTC -c jit=off"
    with psycopg.connect(dsn, row_factory=dict_row, options=options) as found:
        yield found
        found.rollback()


def test_a_storm_of_ten_thousand_readings_is_one_banner(counted: Connection) -> None:
    points = 200
    for number in range(points):
        name = f"s{number:03}"
        spot = Point(LON + 0.004 * (number % 20), LAT + 0.004 * (number // 20))
        ground.put(counted, "hazard", FeatureRow(name, spot, {"name": f"{number}号", "households": 3, "residents": 9}))
        counted.execute(
            "INSERT INTO datastream (key, sensor_key, property, name, unit) VALUES (%s, %s, 'crack', '裂缝', 'mm')",
            (f"{name}-ds", f"{name}-sensor"),
        )
        for level, (enter, leave) in ground.LEVELS.items():
            counted.execute(
                "INSERT INTO threshold (key, datastream_key, hazard_key, level, op, enter, leave) "
                "VALUES (%s, %s, %s, %s, '>=', %s, %s)",
                (f"{name}-{level}", f"{name}-ds", name, level, enter, leave),
            )
    ground.teams(counted)
    chance = random.Random(7)
    readings = [
        Reading(1, f"s{n % points:03}-ds", NOW + timedelta(seconds=n), 25 + n / 500 + chance.uniform(-2, 2))
        for n in range(10_000)
    ]
    counted.cursor_factory = Counting  # type: ignore[assignment]
    Counting.number = 0
    began = time.perf_counter()
    for first in range(0, len(readings), 500):
        service.evaluate(counted, readings[first : first + 500], CLOCKS)
    took = time.perf_counter() - began
    open_now = counted.execute("SELECT hazard_key, episode FROM warning WHERE state <> 'ended'").fetchall()
    print(f"storm: {took:.2f} s, {Counting.number} statements, {len(open_now)} warnings")
    assert len({one["hazard_key"] for one in open_now}) == len(open_now) == points
    upkeep.step(counted, CLOCKS)
    found = episodes.banners(episodes.rows(counted))
    assert len(found) == 1 and len(found[0]["warnings"]) == points
    steps = counted.execute("SELECT count(*) AS n FROM message").fetchone()
    assert steps is not None
    # What it costs goes with what changed (three levels a point), never with how many readings say so.
    assert steps["n"] == 3 * points and Counting.number < 60 * steps["n"]


def test_numbers_of_one_second_are_different_under_concurrency(dsn: str) -> None:
    ones = [connect(dsn) for _ in range(3)]
    try:
        numbers: list[str] = []
        for which in range(3):
            for turn, conn in enumerate(ones):  # none of them commits: each must pass over what the others hold
                for number in range(6):
                    wkb = shapely.to_wkb(square(LON, LAT))
                    one = said(f"cap:{turn}:{which}-{number}", geom_wkb=wkb)
                    key = lifecycle.claim(conn, one, CLOCKS, at=NOW).warning_key
                    numbers.append(row(conn, key)["identifier"])
        assert len(set(numbers)) == len(numbers) == 54
        assert all(len(one) == 31 for one in numbers)
        assert sum(one[12:14] == "00" for one in numbers) == 10
    finally:
        for conn in ones:
            conn.rollback()
            conn.close()


def test_a_message_is_never_changed(slope: Connection) -> None:
    lifecycle.claim(slope, said(), CLOCKS)
    for statement in ("UPDATE message SET text = 'x'", "DELETE FROM message"):
        with pytest.raises(psycopg.errors.RaiseException), slope.transaction():
            slope.execute(statement)
