"""What askers without exact counts can learn: whole atoms, the same ones from every side, and nothing of one event."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import mapbox_vector_tile
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import Point

from onemap.core.cell import cell_from_hex, cell_of, hex_of, parent, parents, resolution
from onemap.core.policy import Role
from onemap.heat import service
from onemap.heat.ask import Ask
from onemap.heat.count import published
from onemap.heat.count.published import Atom, rounded, touched
from onemap.layers import BY_NAME
from onemap.store import account, feature
from onemap.store.db import Connection, connect
from onemap.store.feature import FeatureRow
from tests.contract import samples
from tests.contract.test_layers import tile_at

Get = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("one_hour")
FLOOR = 5
ZONE = "Asia/Shanghai"
CODES = ("06010", "09001", "01001")
CATEGORIES = ("matter-06", "matter-09", "part-01")
HERE = (106.50, 29.60)
#: Askers without exact counts.
PUBLIC = ["viewer", "viewer in area", "key in area", "key of incidents"]
NOW = datetime.now(UTC)
LAST = published.last_closed(NOW, ZONE)
#: When that day was closed and is published here: by the clock of now, a run at two would close the next day, too.
CLOSED = datetime(LAST.year, LAST.month, LAST.day, tzinfo=ZoneInfo(ZONE)) + timedelta(days=1) + published.GRACE


def incident(key: str, number: int, at: datetime, lon: float, lat: float) -> FeatureRow:
    kind = "part" if CODES[number % 3].startswith("01") else "matter"
    return FeatureRow(
        key, Point(lon, lat), {"kind": kind, "code": CODES[number % 3], "occurred_at": at, "title": f"事件 {key}"}
    )


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


@pytest.fixture(scope="module", autouse=True)
def city(filled: str) -> None:
    """Some hundred incidents of twelve days and of today around the samples, counted and published."""
    draw = np.random.default_rng(7)
    rows = []
    for n in range(700):
        day = LAST + timedelta(days=int(draw.integers(-11, 2)))
        at = min(noon(day) + timedelta(hours=float(draw.uniform(-11, 11))), NOW)
        lon, lat = draw.normal(HERE[0], 0.01), draw.normal(HERE[1], 0.01)
        rows.append(incident(f"city-{n}", n, at, lon, lat))
    with connect(filled) as conn:
        feature.upsert(conn, BY_NAME["incident"], rows, feed="test")
        for name in ("area", "grid"):  # without them the study area of hot spots is where something was counted
            feature.delete(conn, BY_NAME[name], [row.key for row in samples.rows(BY_NAME[name])])
    publish(filled)


def publish(dsn: str, now: datetime = CLOSED) -> int:
    with connect(dsn, autocommit=True) as conn:
        while service.follow(conn):
            pass
        return published.publish(conn, floor=FLOOR, now=now, zone=ZONE)


@pytest.fixture(scope="module")
def signed(signed: dict[str, dict[str, str]], filled: str) -> dict[str, dict[str, str]]:
    """The contract's askers, and keys of the public that name layers."""
    with connect(filled, autocommit=True) as conn:
        made = {
            "key of incidents": account.create_api_key(conn, "k-inc", Role.VIEWER, layers=["incident"]),
            "key of roads": account.create_api_key(conn, "k-road", Role.VIEWER, layers=["road"]),
        }
    return signed | {name: {"Authorization": f"Bearer {key}"} for name, key in made.items()}


def exact(conn: Connection, cell: int, days: list[date], categories: tuple[str, ...] = ()) -> int:
    """The slow truth: incidents of a cell on days of the city, counted one by one."""
    rows = conn.execute("SELECT cell, hour, category FROM heat_event WHERE surface = 'incidents'").fetchall()
    return sum(
        parent(row["cell"], resolution(cell)) == cell
        and (row["hour"] + timedelta(hours=8)).date() in days
        and (not categories or row["category"] in categories)
        for row in rows
    )


def tiles(get: Get, who: str, query: str = "?window=30d", zooms: tuple[int, ...] = (6, 10, 13, 16)) -> dict[str, float]:
    """Every cell of the tiles around the samples, over zooms: name → value."""
    found: dict[str, float] = {}
    for zoom in zooms:
        spots = {
            (one.z, one.x, one.y)
            for one in (tile_at(zoom, HERE[0] + dx, HERE[1] + dy) for dx in (-0.02, 0, 0.02) for dy in (-0.02, 0, 0.02))
        }
        for z, x, y in spots:
            answer = get(f"/tiles/heat/incidents/{z}/{x}/{y}.mvt{query}", who)
            if answer.status_code == 204:
                continue
            assert answer.status_code == 200, answer.text
            for one in mapbox_vector_tile.decode(answer.content)["heat"]["features"]:
                found[one["properties"]["cell"]] = one["properties"]["value"]
    return found


# -- the rounding ------------------------------------------------------------------------------------------------------


@given(st.integers(0, 200), st.integers(1, 12), st.binary(min_size=16, max_size=32), st.integers(0, 2**40))
@settings(max_examples=200, deadline=None)
def test_rounding_is_to_multiples_steady_and_never_falls(n: int, floor: int, secret: bytes, cell: int) -> None:
    atom = Atom("incidents", cell, date(2026, 3, 1), "matter-06")
    values = [rounded(k, floor, secret, atom) for k in range(n + 1)]
    assert all(value % floor == 0 and abs(value - k) < floor for k, value in enumerate(values))
    assert values == sorted(values)
    assert values[0] == 0
    assert rounded(n, floor, secret, atom) == values[-1]


def test_rounding_is_right_on_average() -> None:
    for n in (1, 2, 3, 4, 7, 13):
        values = [rounded(n, 5, b"secret", Atom("incidents", cell, date(2026, 3, 1), "a")) for cell in range(6000)]
        assert np.mean(values) == pytest.approx(n, abs=4 * 2.5 / np.sqrt(6000))
        assert len(set(values)) == 2


@pytest.mark.parametrize(
    ("window", "days"),
    [
        ("2h", [0]), ("24h", [0]), ("25h", [1, 0]), ("7d", [6, 5, 4, 3, 2, 1, 0]), ("2d~1w", [8, 7]), ("1d~1d", [1]),
        ("7d@sun", [0]), ("7d@sat,sun", [1, 0]), ("8d@sat22-06", [1, 0]), ("7d@mon08-10", [6]),
        ("2026-02-27T05:00/2026-03-01T00:00", [2, 1]), ("2026-02-27T05:00/2026-03-05T00:00", [2, 1, 0]),
        ("2026-02-28T23:59/2026-03-01T00:01", [1, 0]), ("2026-03-02/2026-03-09", []),
    ],
)  # fmt: skip
def test_windows_are_whole_closed_days(window: str, days: list[int]) -> None:
    end = date(2026, 3, 1)  # a Sunday
    assert touched(window, ZONE, end) == [end - timedelta(days=one) for one in days]


# -- through the doors -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", PUBLIC)
def test_the_public_sees_no_incident_and_a_published_surface(who: str, get: Get) -> None:
    for url in ("/ogc/collections/incident", "/ogc/collections/incident/items", "/tiles/incident.json"):
        assert get(url, who).status_code == 404
    told = get("/catalogue", who).json()
    assert "incidents" in {one["name"] for one in told["surfaces"]}
    assert "incident" not in {one["name"] for one in told["layers"]}
    (surface,) = (one for one in told["surfaces"] if one["name"] == "incidents")
    assert (surface["sources"], surface["smooth_max"], surface["published"]) == ([], 0, True)
    assert "24h" in surface["windows"] and not {"2h", "90d@fri18-24"} & set(surface["windows"])
    assert "numberMatched" not in get("/ogc/collections/road/items", "viewer").text
    for url in ("/heat/trends", "/heat/trends/x"):
        assert get(url, who).status_code == 403


def test_a_key_that_names_other_layers_sees_nothing_of_incidents(get: Get) -> None:
    assert get("/catalogue", "key of roads").json()["surfaces"] == []
    assert get("/heat/incidents/legend", "key of roads").status_code == 404
    assert get("/timeline?hours=168", "key of roads").json()["incidents_by_day"] == []


@pytest.mark.parametrize("who", PUBLIC)
def test_every_value_is_whole_atoms_no_finer_than_theirs(who: str, get: Get) -> None:
    seen = tiles(get, who) | tiles(get, who, "?window=7d&category=matter-06") | tiles(get, who, "?smooth=3&decay=5")
    assert seen or "area" in who  # an area smaller than an atom shows none
    for name, value in seen.items():
        assert resolution(cell_from_hex(name)) <= published.RES
        assert value % FLOOR == 0 and value > 0
    for query in ("?source=12345", "?severity=1", "?weight=severity"):
        refused = get(f"/heat/incidents/legend{query}", who)
        assert (refused.status_code, refused.json()["reason"]) == (400, "not-published")


def test_cells_of_every_door_agree_and_sum(get: Get, filled: str) -> None:
    at_8 = {n: v for n, v in tiles(get, "viewer").items() if resolution(cell_from_hex(n)) == 8}
    assert len(at_8) > 5
    with connect(filled) as conn:
        whole = published.cells(conn, Ask("incidents", window="30d"), 8)
        for res in (5, 6, 7):
            coarse = published.cells(conn, Ask("incidents", window="30d"), res)
            up, where = np.unique(parents(whole.cells, res), return_inverse=True)
            assert coarse.cells.tolist() == up.tolist()
            assert coarse.values.tolist() == np.bincount(where, whole.values).tolist()
    mine = dict(zip(whole.cells.tolist(), whole.values.tolist(), strict=True))
    for name, value in list(at_8.items())[:6]:
        index = cell_from_hex(name)
        assert mine[index] == value
        told = get(f"/heat/incidents/cells/{name}?window=30d", "viewer").json()
        assert (told["value"], told["published"]) == (value, True)
        assert sum(part["value"] for part in told["parts"]) == value
        by_category = 0.0
        for part in told["parts"]:
            assert part["value"] % FLOOR == 0 and part["source_key"] is None
            alone = get(f"/heat/incidents/cells/{name}?window=30d&category={part['kind']}", "viewer").json()
            by_category += alone["value"]
        assert by_category == value
        # A finer cell is answered with its atom's.
        lon, lat = HERE
        inner = hex_of(cell_of(lon, lat, 11))
        finer = get(f"/heat/incidents/cells/{inner}?window=30d", "viewer").json()
        assert (finer["cell"], finer["res"]) == (hex_of(cell_of(lon, lat, 8)), 8)


def test_overlapping_windows_differ_by_whole_days(get: Get, filled: str) -> None:
    """Differencing gives atoms, and they are the rounded counts of their day: no window shows another rounding."""
    name = hex_of(cell_of(*HERE, 8))

    def value(window: str, category: str = "") -> float:
        return float(get(f"/heat/incidents/cells/{name}?window={window}&category={category}", "viewer").json()["value"])

    sums = [0.0, *(value(f"{n}d") for n in range(1, 13))]
    steps = np.diff(sums)
    with connect(filled) as conn:
        secret = bytes(conn.execute("SELECT secret FROM publication").fetchone()["secret"])  # type: ignore[index]
        for back, step in enumerate(steps):
            day = LAST - timedelta(days=back)
            spans = {f"{day}/{day + timedelta(days=1)}", f"{day}T10:00/{day}T11:00", f"1d~{back}d" if back else "2h"}
            assert {value(span) for span in spans} == {step}
            atoms = {c: exact(conn, cell_from_hex(name), [day], (c,)) for c in CATEGORIES}
            made = {
                c: rounded(n, FLOOR, secret, Atom("incidents", cell_from_hex(name), day, c)) for c, n in atoms.items()
            }
            assert step == sum(made.values())
            assert {c: value(f"{day}/{day + timedelta(days=1)}", c) for c in CATEGORIES} == made
    assert steps.any()
    # Today is not there until it is closed, however it is asked for.
    today = LAST + timedelta(days=1)
    assert value(f"{today}/{today + timedelta(days=30)}") == 0
    assert value(f"{LAST - timedelta(days=400)}/{today + timedelta(days=1)}") == value("400d")


def content(answer: Any) -> bytes:
    """What an answer says; of a refusal that it is one, for each carries its request's own id."""
    return bytes(answer.content) if answer.status_code == 200 else str(answer.status_code).encode()


def public_answers(get: Get, who: str) -> Iterator[tuple[str, bytes]]:
    """The answers of every door that could tell something of incidents, as bytes."""
    cell = hex_of(cell_of(*HERE, 8))
    for query in ("?window=2h&smooth=2", "?window=30d", "?window=90d&category=matter-06"):
        for zoom in (8, 13):
            tile = tile_at(zoom, *HERE)
            for door in (f"/tiles/heat/incidents/{tile.z}/{tile.x}/{tile.y}.mvt{query}",
                         f"/heat/incidents/legend{query}&z={zoom}"):  # fmt: skip
                yield door, content(get(door, who))
        for door in (f"cells/{cell}{query}", f"cells/{cell}/history{query}&days=30", f"hotspots{query}&res=8",
                     f"hotspots/cells/{cell}{query}"):  # fmt: skip
            yield door, content(get(f"/heat/incidents/{door}", who))
    yield "emerging", content(get("/heat/incidents/hotspots?window=24h&res=8&kind=emerging&steps=8", who))
    exported = get("/heat/incidents/export?window=30d&format=csv&res=9", who)
    assert exported.status_code == 200
    # When a file was made says nothing of counts.
    yield "export", b"\n".join(one for one in exported.content.splitlines() if b"made_at" not in one)
    yield "catalogue", get("/catalogue", who).content
    yield "timeline", json.dumps(get("/timeline?hours=168", who).json()["incidents_by_day"]).encode()
    yield "collections", get("/ogc/collections", who).content


@pytest.mark.parametrize("who", ["viewer", "key of incidents"])
def test_no_public_answer_moves_with_an_event(who: str, get: Get, filled: str) -> None:
    """New events, late events and deletions change not one byte anywhere, until the next publication."""

    def known() -> float:
        return float(get(f"/heat/incidents/cells/{hex_of(cell_of(*HERE, 8))}?window=30d", "command").json()["value"])

    before = list(public_answers(get, who))
    exactly = known()
    told = [name for name, one in before if len(one) < 5]  # refused, or nothing there
    assert len(told) <= (3 if who == "viewer" else 8), told
    with connect(filled) as conn:
        rows = [
            incident(f"{who}-{n}", n, NOW if n % 2 else noon(LAST - timedelta(days=n % 5)), *HERE) for n in range(40)
        ]
        feature.upsert(conn, BY_NAME["incident"], rows, feed="test")
        conn.commit()
        while service.follow(conn):
            conn.commit()
        seen = list(public_answers(get, who))
        assert known() == exactly + len(rows)  # who may know sees them at once
        feature.delete(conn, BY_NAME["incident"], [row.key for row in rows])
        conn.commit()
        while service.follow(conn):
            conn.commit()
    assert [name for (name, one), (_, other) in zip(before, seen, strict=True) if one != other] == []
    assert before == list(public_answers(get, who))


def test_everything_numeric_that_counts_is_a_multiple(get: Get) -> None:
    """The history, the time line and exported files: counts are multiples of the floor there too."""
    days = get("/timeline?hours=168", "viewer").json()
    # Whole days of the last seven times 24 hours; in the first two hours of a day the one before is not published yet.
    assert days["incidents"] == [] and len(days["incidents_by_day"]) in (5, 6, 7)
    assert all(n % FLOOR == 0 for _, n in days["incidents_by_day"]) and sum(n for _, n in days["incidents_by_day"])
    assert get("/timeline?hours=168", "command").json()["incidents_by_day"] == []
    exported = get("/heat/incidents/export?window=30d&format=geojson&res=9", "viewer").json()
    assert exported["features"]
    for one in exported["features"]:
        assert one["properties"]["value"] % FLOOR == 0
        assert resolution(cell_from_hex(one["properties"]["cell"])) == 8
    outlines = get("/heat/incidents/hotspots?window=30d&res=8&least=0.9", "viewer").json()
    assert all(one["properties"]["events"] % FLOOR == 0 for one in outlines["features"])
    assert get("/heat/incidents/hotspots?window=30d&res=9", "viewer").status_code == 400


def test_areas_of_keys_cut_between_atoms(get: Get, filled: str) -> None:
    """An area shows the atoms that lie whole in it, with the values that everybody else sees."""
    part, whole = tiles(get, "viewer in area"), tiles(get, "viewer")
    assert part.items() <= whole.items()


# -- publishing --------------------------------------------------------------------------------------------------------


def test_late_records_move_an_atom_up_and_a_floor_stays(filled: str) -> None:
    day = LAST - timedelta(days=3)
    with connect(filled, autocommit=True) as conn:
        assert published.publish(conn, floor=FLOOR, now=CLOSED, zone=ZONE) == 0
        before = _stored(conn)
        late = [incident(f"late-{n}", 0, noon(day), 106.62, 29.71) for n in range(FLOOR)]
        # As many of the open day as the new floor below: whatever the key of the rounding, that atom is published.
        open_day = LAST + timedelta(days=1)
        late += [incident(f"new-{n}", 0, min(noon(open_day), NOW), 106.62, 29.71) for n in range(11)]
        with conn.transaction():
            feature.upsert(conn, BY_NAME["incident"], late, feed="test")
        while service.follow(conn):
            pass
        assert published.publish(conn, floor=FLOOR, now=CLOSED, zone=ZONE) == 0  # not yet looked for
        assert published.publish(conn, floor=FLOOR, now=CLOSED + published.REVISE_EVERY, zone=ZONE) > 0
        after = _stored(conn)
        added = {name: n - before.get(name, 0) for name, n in after.items() if n != before.get(name)}
        name = (day, cell_of(106.62, 29.71, 8), "matter-06")
        assert added == {name: FLOOR}
        # A new floor is for the days after: an old day rounded again would tell of its remainder.
        tomorrow = CLOSED + timedelta(days=1)
        assert published.publish(conn, floor=11, now=tomorrow, zone=ZONE) > 0
        now = _stored(conn)
        assert {key: n for key, n in now.items() if key[0] <= LAST} == after
        assert all(n % 11 == 0 for key, n in now.items() if key[0] > LAST)
        assert now[open_day, name[1], "matter-06"] == 11
        feature.delete(conn, BY_NAME["incident"], [row.key for row in late])


def _stored(conn: Connection) -> dict[tuple[date, int, str], int]:
    rows = conn.execute("SELECT day, cell, category, n FROM published_count").fetchall()
    return {(row["day"], row["cell"], row["category"]): row["n"] for row in rows}
