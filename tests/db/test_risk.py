"""Risk surfaces: parts sum to what is shown, only what a change concerns is computed anew, rebuilt equals followed."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from shapely.geometry import MultiPolygon, Point, box

from onemap.core.cell import cell_of, centers, child_range, parent
from onemap.heat import service
from onemap.heat.ask import Ask
from onemap.heat.hazard import composite, why
from onemap.heat.hazard.declared import Declared, declared
from onemap.layers import BY_NAME
from onemap.store import changelog, feature
from onemap.store.db import Connection, connect
from onemap.store.feature import FeatureRow
from tests.db import warnings_ground as ground

NOW = datetime(2026, 7, 1, 12, 30, tzinfo=UTC)
HOME = cell_of(110.4001, 29.1001, 11)
LAYERS = ("hazard", "hazard_zone", "building", "camera", "incident", "sensor", "team")
TABLES = (
    "threshold",
    "observation",
    "datastream",
    "terrain_cell",
    "risk_chunk",
    "risk_past",
    "risk_excess",
    "risk_rain",
)
Row = dict[str, Any]


@pytest.fixture
def clean(committed: Connection) -> Connection:
    """An autocommit connection over a database without anything that risk is made of."""
    with committed.transaction():
        for table in (*LAYERS, "geofence", *TABLES):
            committed.execute(f"DELETE FROM {table}")
        for at in (NOW - timedelta(days=5), NOW):
            committed.execute("SELECT onemap.ensure_partition('observation', 'month', %s)", (at,))
    settle(committed)
    return committed


def put(conn: Connection, layer: str, key: str, place: Any, **attributes: Any) -> None:
    with conn.transaction():
        feature.upsert(conn, BY_NAME[layer], [FeatureRow(key, place, attributes)], feed="test")


def house(conn: Connection, key: str, x: float, **attributes: Any) -> None:
    shape = MultiPolygon([box(110.4 + x, 29.1, 110.4002 + x, 29.1002)])
    put(conn, "building", key, shape, **{"use": "residential", "floors": 2, **attributes})


def slope(conn: Connection) -> None:
    with conn.transaction():
        ground.slope(conn)
    house(conn, "b1", 0.0, residents=99)


def read(conn: Connection, value: float, at: datetime = NOW, stream: str = "h1-crack-ds") -> None:
    conn.execute("UPDATE datastream SET last_value = %s, last_at = %s WHERE key = %s", (value, at, stream))


def settle(conn: Connection, now: datetime = NOW) -> int:
    first = composite.refresh(conn, now)
    assert composite.refresh(conn, now) == 0
    return first


def chunks(conn: Connection, surface: str | None = None) -> dict[tuple[str, int], Row]:
    rows = conn.execute("SELECT surface, chunk, cells, score, factors, sources, parts, at FROM risk_chunk").fetchall()
    return {(row["surface"], row["chunk"]): row for row in rows if surface in (None, row["surface"])}


def score(conn: Connection, cell: int = HOME, surface: str = "landslide") -> float:
    found = composite.cells(conn, surface, 11, None)
    return dict(zip(found.cells.tolist(), found.values.tolist(), strict=True)).get(cell, 0.0)


def parts(conn: Connection, cell: int = HOME, surface: str = "landslide", now: datetime = NOW) -> dict[str, Row]:
    return {part["kind"]: part for part in why.explain(conn, surface, cell, now=now)["parts"]}


def test_parts_sum_to_the_cell_at_every_resolution(clean: Connection) -> None:
    slope(clean)
    read(clean, 33.0)
    assert settle(clean) > 0
    for surface in ("landslide", "risk"):
        finest = service.cells(clean, Ask(surface), 11)
        assert len(finest.cells) > 250
        for cell, value in list(zip(finest.cells.tolist(), finest.values.tolist(), strict=True))[::25]:
            told = why.explain(clean, surface, cell, now=NOW)
            assert told["value"] == pytest.approx(value, rel=1e-12)
            assert sum(part["value"] for part in told["parts"]) == pytest.approx(value, rel=1e-12)
        for res in (5, 6, 8, 9, 10):
            coarse = service.cells(clean, Ask(surface), res)
            for cell, value in zip(coarse.cells.tolist(), coarse.values.tolist(), strict=True):
                lo, hi = child_range(cell, 11)
                inside = (finest.cells >= lo) & (finest.cells <= hi)
                assert value == finest.values[inside].max()
                told = why.explain(clean, surface, cell, now=NOW)
                assert told["value"] == pytest.approx(value)
                assert parent(told["worst_cell"], res) == cell
    nowhere = service.explain(clean, Ask("risk"), cell_of(0.0, 0.0, 8))
    assert (nowhere["value"], nowhere["parts"], nowhere["worst_cell"]) == (0.0, [], None)


def test_a_cell_names_the_reading_the_rule_and_who_is_there(clean: Connection) -> None:
    slope(clean)
    with clean.transaction():
        ground.teams(clean)
    read(clean, 33.0)
    settle(clean, NOW + timedelta(minutes=2))
    told = service.explain(clean, Ask("landslide"), HOME)
    by_kind = {part["kind"]: part for part in told["parts"]}
    exposure, vulnerability, coping = (factor["value"] for factor in told["factors"])
    # 20:00 in the city: 85 % of 99 residents at home, in a house of two floors, seen by no camera
    assert exposure == pytest.approx(1 + round(math.log10(1 + 99 * 0.85), 1)) and vulnerability == 1.2
    away = told["factors"][2]["detail"]["team_m"]
    assert coping == pytest.approx((1 + 0.3 * (1 - math.exp(-away / 2000))) * 1.1, rel=1e-3) and 900 < away < 1050
    product = exposure * vulnerability * coping
    assert by_kind["hazard"]["value"] == pytest.approx(2.0 * product, rel=1e-4)  # level III, inside the zone
    assert by_kind["hazard"]["name"] == "云溪沟3号滑坡" and by_kind["hazard"]["detail"]["level"] == 3
    crack = by_kind["excess"]
    assert (crack["name"], crack["source_key"], crack["at"]) == ("裂缝计01", "h1-crack", NOW.isoformat())
    assert crack["detail"] | {"enter": 30.0, "value": 33.0, "unit": "mm", "ratio": 1.1} == crack["detail"]
    assert crack["value"] == pytest.approx(4.0 * 1.25 * product, rel=0.011)  # level II, 10 % past: factors step by 2 %
    assert 0.1 <= told["confidence"] < 1 and "no elevation model" in told["confidence_why"]["en"]
    assert {source["layer"] for source in told["sources"]} >= {"hazard", "sensor", "building", "team", "camera"}


def test_risk_follows_what_changes_and_only_that(clean: Connection) -> None:
    slope(clean)
    put(clean, "hazard", "far", Point(110.9, 29.1), level=1, kind="collapse")
    settle(clean)
    quiet = {key: row["parts"] for key, row in chunks(clean).items()}
    far = {key: row["at"] for key, row in chunks(clean).items() if row["sources"] and row["sources"][0]["key"] == "far"}
    assert far and set(parts(clean)) == {"hazard"}
    start = changelog.head(clean)
    read(clean, 35.0)
    assert settle(clean, NOW + timedelta(seconds=2)) > 0
    assert {key: row["at"] for key, row in chunks(clean).items() if key in far} == far
    logged = [change.layer for change in changelog.read(clean, start) if change.layer.startswith("heat.")]
    assert logged == ["heat.landslide", "heat.risk"]
    assert set(parts(clean)) == {"hazard", "excess"}
    before = score(clean)
    read(clean, 35.02)  # moves the factor by less than a step
    assert settle(clean, NOW + timedelta(seconds=3)) == 0
    assert settle(clean, NOW + timedelta(minutes=20)) > 0  # silence fades
    assert score(clean) < before
    read(clean, 1.0, NOW + timedelta(minutes=20))
    assert settle(clean, NOW + timedelta(minutes=20)) > 0
    assert {key: row["parts"] for key, row in chunks(clean).items()} == quiet
    house(clean, "b1", 0.0, residents=9)
    dark = score(clean)
    assert settle(clean, NOW + timedelta(minutes=20)) > 0
    assert score(clean) == pytest.approx(dark * (1 + round(math.log10(1 + 9 * 0.85), 1)) / 2.9)
    put(clean, "hazard", "h1", Point(110.4, 29.1), status="closed")
    with clean.transaction():
        feature.delete(clean, BY_NAME["hazard"], ["far"])
        feature.delete(clean, BY_NAME["building"], ["b1"])
    assert settle(clean, NOW + timedelta(minutes=20)) > 0
    assert chunks(clean) == {}


def _rain(conn: Connection, value: float, at: datetime, gauge: str) -> None:
    conn.execute(
        "INSERT INTO observation (datastream_id, at, value) SELECT id, %s, %s FROM datastream WHERE key = %s "
        "ON CONFLICT (datastream_id, at) DO UPDATE SET value = excluded.value",
        (at, value, f"{gauge}-ds"),
    )
    conn.execute("UPDATE datastream SET last_value = %s, last_at = %s WHERE key = %s", (value, at, f"{gauge}-ds"))


def _gauge(conn: Connection, key: str, lon: float, kind: str = "rain_gauge", prop: str = "rain_intensity") -> None:
    put(conn, "sensor", key, Point(lon, 29.1), name=f"站{key}", kind=kind)
    conn.execute(
        "INSERT INTO datastream (key, sensor_key, property, name, unit) VALUES (%s, %s, %s, 'r', 'mm/h') "
        "ON CONFLICT (key) DO NOTHING",
        (f"{key}-ds", key, prop),
    )


def test_rain_soaks_the_slope_by_the_gauges_near(clean: Connection) -> None:
    slope(clean)
    _gauge(clean, "g1", 110.41)
    _gauge(clean, "g2", 110.45)
    for hours_ago, mm in ((3, 30.0), (20, 20.0)):
        for minute in (5, 25, 45):
            hour = NOW.replace(minute=0) - timedelta(hours=hours_ago)
            _rain(clean, mm, hour + timedelta(minutes=minute), "g1")
    _rain(clean, 0.0, NOW, "g2")
    settle(clean, NOW + timedelta(minutes=40))  # late readings are added up at the turn of the hour
    rain = parts(clean)["rain"]
    api = 30.0 * 0.84 ** (4 / 24) + 20.0 * 0.84 ** (21 / 24)
    assert (rain["source_key"], rain["name"]) == ("g1", "站g1")
    assert rain["detail"]["rain_mm"] == pytest.approx(api, rel=0.03)
    lon, lat = (float(v[0]) for v in centers([HOME]))
    d = [
        math.hypot((g - lon) * 111_195 * math.cos(math.radians(lat)), (29.1 - lat) * 111_195) for g in (110.41, 110.45)
    ]
    mm = rain["detail"]["rain_mm"] / d[0] ** 2 / (1 / d[0] ** 2 + 1 / d[1] ** 2)
    assert rain["detail"]["hazard"] == pytest.approx(4.0 * (mm - 10) / 90, rel=0.01)
    assert "rain" not in parts(clean, surface="subsidence")
    before = score(clean)
    _rain(clean, 60.0, NOW + timedelta(minutes=40), "g1")
    assert settle(clean, NOW + timedelta(minutes=40, seconds=30)) == 0  # the city is looked at once a minute
    assert settle(clean, NOW + timedelta(minutes=45)) > 0
    assert score(clean) > before


def test_the_ground_below_a_point_gets_more(clean: Connection) -> None:
    with clean.transaction():
        ground.slope(clean, zone=False)
    settle(clean)
    flat = {cell: score(clean, cell) for cell in (cell_of(110.4, 29.098, 11), cell_of(110.4, 29.102, 11))}
    found = composite.cells(clean, "landslide", 11, None)
    _, lat = centers(found.cells)
    with clean.transaction():
        # a slope that falls to the south by one in two, prone below the point
        heights, prone = 1000 + (lat - 29.1) * 111_195 * 0.5, np.where(lat < 29.1, 0.9, 0.2)
        for cell, height, share in zip(found.cells.tolist(), heights.tolist(), prone.tolist(), strict=True):
            clean.execute(
                "INSERT INTO terrain_cell (res, cell, elevation_m, slope_deg, slope_max_deg, susceptibility, raster) "
                "VALUES (11, %s, %s, 26, 30, %s, 'dem')",
                (cell, height, share),
            )
        clean.execute("INSERT INTO terrain_run (inputs, cells, model) VALUES ('x', 1, '{}')")
    assert settle(clean, NOW + timedelta(minutes=2)) > 0
    south, north = flat
    told = {cell: parts(clean, cell) for cell in flat}
    assert told[south]["hazard"]["value"] > 1.5 * flat[south]
    assert told[north]["hazard"]["value"] == pytest.approx(flat[north], rel=1e-6)
    assert told[south]["terrain"]["detail"]["susceptibility"] == pytest.approx(0.9)
    assert told[south]["terrain"]["detail"]["hazard"] == pytest.approx(0.81)
    assert "terrain" not in told[north]
    assert "elevation" not in why.explain(clean, "landslide", south, now=NOW)["confidence_why"]["en"]


def test_water_smoke_and_incidents_make_their_own_surfaces(clean: Connection) -> None:
    _gauge(clean, "w1", 110.4, "water_logging", "water_depth")
    _gauge(clean, "s1", 110.4, "smoke", "smoke_density")
    _rain(clean, 0.30, NOW, "w1")
    _rain(clean, 0.01, NOW, "s1")
    for n, code in enumerate(("01004", "09012", "06001")):
        put(clean, "incident", f"i{n}", Point(110.4, 29.1), kind="matter", code=code, occurred_at=NOW)
    settle(clean, NOW + timedelta(minutes=2))
    cell = cell_of(110.4, 29.1, 11)
    flood, fire = parts(clean, cell, "flood"), parts(clean, cell, "fire")
    assert flood["excess"]["source_key"] == "w1" and flood["excess"]["detail"]["enter"] == 0.27
    assert flood["incidents"]["detail"]["code"] == "matter-01004" and flood["incidents"]["name"] == "雨水箅子异常"
    assert set(fire) == {"incidents"} and fire["incidents"]["detail"]["code"] == "matter-09012"
    whole = why.explain(clean, "risk", cell, now=NOW)
    halves = {part["detail"]["surface"]: part["value"] for part in whole["parts"]}
    assert halves["fire"] == pytest.approx(0.5 * fire["incidents"]["value"])
    assert whole["factors"][0]["detail"]["surface"] == "flood"
    with clean.transaction():
        feature.delete(clean, BY_NAME["incident"], ["i0", "i1"])
    settle(clean, NOW + timedelta(minutes=2))
    assert set(parts(clean, cell, "flood")) == {"excess"} and chunks(clean, "fire") == {}


def test_yesterday_says_which_source_changed(clean: Connection) -> None:
    slope(clean)
    settle(clean)
    settle(clean, NOW + timedelta(hours=1))
    before = score(clean)
    assert why.explain(clean, "risk", HOME, now=NOW)["yesterday"] is None
    later = NOW + timedelta(hours=24, minutes=1)
    read(clean, 45.0, later)
    settle(clean, later)
    told = why.explain(clean, "risk", HOME, now=later)
    assert told["yesterday"]["value"] == pytest.approx(told["value"] - told["yesterday"]["delta"])
    changed = told["yesterday"]["changed"][0]
    assert (changed["source_key"], changed["before"]) == ("h1-crack", 0.0) and changed["after"] > 10
    assert told["yesterday"]["delta"] == pytest.approx(changed["after"], rel=1e-6)  # the same hour: the same people
    assert why.history(clean, "landslide", HOME)[0][1] == pytest.approx(score(clean) - changed["after"])
    assert why.history(clean, "risk", parent(HOME, 6)) and why.history(clean, "risk", cell_of(0.0, 0.0, 6)) == []
    settle(clean, later + timedelta(hours=3))
    kept = clean.execute("SELECT DISTINCT hour FROM risk_past").fetchall()
    hours = sorted(int((later - row["hour"]).total_seconds() // 3600) for row in kept)
    assert hours == [0, 23]  # the hour before that is older than is kept
    assert before > 0


# -- rebuilt is followed -----------------------------------------------------------------------------------------------


def _step(conn: Connection, rng: random.Random, now: datetime) -> None:
    def place() -> Point:
        return Point(110.40 + rng.randrange(30) / 1000, 29.10 + rng.randrange(10) / 1000)

    n = rng.randrange(4)
    kind = rng.choice(["landslide", "collapse", "debris_flow", "ground_fissure"])
    match rng.randrange(11):
        case 0:
            status = rng.choice(["active", "watch", "closed"])
            put(conn, "hazard", f"h{n}", place(), level=rng.randrange(1, 5), kind=kind, status=status)
        case 1:
            at = place()
            area = MultiPolygon([box(at.x, at.y, at.x + 0.002, at.y + 0.001)])
            put(conn, "hazard_zone", f"z{n}", area, hazard_key=f"h{rng.randrange(4)}")
        case 2:
            house(conn, f"b{n}", rng.randrange(20) / 1000, residents=rng.randrange(200), floors=rng.randrange(9),
                  use=rng.choice(["residential", "school", "office"]))  # fmt: skip
        case 3:
            put(conn, "camera", f"c{n}", place(), status=rng.choice(["online", "offline"]), range_m=100.0,
                heading_deg=rng.random() * 360, fov_deg=90.0)  # fmt: skip
        case 4:
            code = rng.choice(["01004", "09012", "06048", "06001"])
            put(conn, "incident", f"i{n}", place(), kind="matter", code=code, occurred_at=now - timedelta(hours=n * 9))
        case 5:
            put(conn, "team", f"t{n}", place(), kind=rng.choice(["grid", "fire"]), status=rng.choice(["idle", "busy"]))
        case 6:
            _gauge(conn, f"w{n}", 110.4 + rng.randrange(20) / 1000, "water_logging", "water_depth")
            _rain(conn, rng.random(), now, f"w{n}")
        case 7:
            _gauge(conn, f"g{n}", 110.4 + rng.randrange(40) / 1000)
            _rain(conn, rng.random() * 90, now - timedelta(minutes=rng.randrange(40)), f"g{n}")
        case 8:
            layers = {"h": "hazard", "z": "hazard_zone", "b": "building", "c": "camera", "i": "incident", "t": "team"}
            letter = rng.choice(sorted(layers))
            with conn.transaction():
                feature.delete(conn, BY_NAME[layers[letter]], [f"{letter}{n}"])
        case _:
            key = f"k{n}"
            _gauge(conn, key, 110.4, "crack_meter", "crack_rate")
            conn.execute(
                "INSERT INTO threshold (key, datastream_key, hazard_key, level, enter, leave) "
                "VALUES (%s, %s, %s, 2, 3, 2) ON CONFLICT (key) DO NOTHING",
                (f"{key}.2", f"{key}-ds", f"h{n}"),
            )
            _rain(conn, rng.random() * 8, now, key)


def _told(conn: Connection) -> dict[tuple[str, int], tuple[Any, ...]]:
    return {
        key: (
            row["cells"], np.array(row["score"]), np.frombuffer(bytes(row["factors"])),
            np.frombuffer(bytes(row["parts"]), composite.PART)["h"].astype(float),
            [(source["layer"], source["key"], source["kind"]) for source in row["sources"]],
        )
        for key, row in chunks(conn).items()
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_risk_rebuilt_is_risk_followed(clean: Connection, seed: int) -> None:
    rng = random.Random(seed)
    now = NOW
    for _ in range(60):
        _step(clean, rng, now)
        if rng.random() < 0.4:
            composite.refresh(clean, now)
        now += timedelta(seconds=rng.choice([0, 1, 20, 240]))
    while composite.refresh(clean, now + timedelta(minutes=2)):
        pass
    followed = _told(clean)
    kept = clean.execute("SELECT * FROM risk_excess ORDER BY 1, 2, 3, 4").fetchall()
    assert service.rebuild(clean, "risk", now=now + timedelta(minutes=2)) > 0
    assert len(followed) > 5
    rebuilt = _told(clean)
    assert rebuilt.keys() == followed.keys()
    for key, (cells, *values, sources) in rebuilt.items():
        assert cells == followed[key][0] and sources == followed[key][4]
        for mine, theirs in zip(values, followed[key][1:4], strict=True):
            assert mine == pytest.approx(theirs, abs=1e-9)
    assert clean.execute("SELECT * FROM risk_excess ORDER BY 1, 2, 3, 4").fetchall() == kept


def test_a_second_worker_does_not_write_what_the_first_one_wrote(clean: Connection, dsn: str) -> None:
    slope(clean)
    with connect(dsn) as one, connect(dsn, statement_timeout_s=20) as two:
        start = changelog.consumer_position(one, "risk")  # the first holds the place and moves it on
        changelog.advance(one, "risk", changelog.head(one))
        assert start < changelog.head(one)
        one.commit()
        two.execute("SELECT 1")
        before = composite._position(two)
        assert before > start and composite.refresh(two, NOW) == 0
        two.rollback()


def test_what_is_declared_otherwise_is_computed_anew(clean: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    slope(clean)
    settle(clean)
    told = declared()
    less = Declared(hazards=told.hazards[2:], combined=(), exposure=told.exposure)
    monkeypatch.setattr(composite, "declared", lambda: less)
    assert settle(clean) > 0
    assert {surface for surface, _ in chunks(clean)} <= {hazard.name for hazard in less.hazards}
