"""OGC API Features of the grids by `datetime`: the edition that was in force then, through publishing and roll-back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
import shapely

from onemap.core import clock
from onemap.core.policy import Role
from onemap.planning import book, publish, review
from onemap.planning.grounds import coverage_of_edition
from onemap.store.db import Connection, acting, connect
from tests.api.conftest import Running
from tests.db.plans_ground import EDITION, city

ITEMS = "/ogc/collections/grid/items"


@pytest.fixture(scope="module")
def conn(server: Running) -> Iterator[Connection]:
    with connect(server.dsn, autocommit=True) as found:
        city(found)
        yield found


@pytest.fixture
def client(server: Running) -> Iterator[httpx.Client]:
    with server.client(Role.VIEWER) as found:
        yield found


def _grids(client: httpx.Client, at: datetime | None = None, **asked: str) -> dict[str, dict[str, object]]:
    given = {"limit": "1000", **asked} | ({} if at is None else {"datetime": at.isoformat()})
    answer = client.get(ITEMS, params=given)
    assert answer.status_code == 200, answer.text
    return {feature["id"]: feature for feature in answer.json()["features"]}


def _now(conn: Connection) -> datetime:
    row = conn.execute("SELECT clock_timestamp() AS now").fetchone()
    assert row is not None
    found: datetime = row["now"]
    return found.astimezone(UTC)


def _editions(found: dict[str, dict[str, object]]) -> set[str]:
    return {name.split("/")[0] for name in found}


def test_items_by_datetime_are_those_of_the_edition_in_force_then(conn: Connection, client: httpx.Client) -> None:
    before = _now(conn)
    cov = coverage_of_edition(conn, EDITION)
    first = sorted(cov.faces)[0]
    west, south, east, north = cov.polygon(first).bounds
    middle = (west + east) / 2
    with acting(conn, "drawer"):
        key = book.open_plan(conn, "一分为二", "drawer")["key"]
        operation = {"op": "split", "grid": first, "line": [[middle, south - 0.001], [middle, north + 0.001]]}
        book.edit(conn, key, 0, operation, "drawer")
        # Whether the rules like it is not this test's question.
        book.set_state(conn, key, "submitted", "drawer")
    with acting(conn, "head"):
        review.decide(conn, key, "approve", "", "head")
    publish.publish(conn, key, "e2", "", None, "head", clock.now())
    between = _now(conn)

    then, now = _grids(client, before), _grids(client)
    assert _editions(then) == {EDITION}
    assert _editions(now) == {"e2"}
    assert len(now) == len(then) + 1
    assert _grids(client, between).keys() == now.keys()
    # Each is whole ground: no grid of another edition lies on it.
    for found in (then, now):
        shapes = [shapely.geometry.shape(feature["geometry"]) for feature in found.values()]
        whole = shapely.union_all(shapes)
        assert sum(shape.area for shape in shapes) == pytest.approx(whole.area, rel=1e-6)
    # A box and a filter ask the same edition.
    box = ",".join(str(value) for value in (west, south, east, north))
    assert _editions(_grids(client, before, bbox=box)) == {EDITION}
    assert _editions(_grids(client, bbox=box)) == {"e2"}
    assert _grids(client, before, edition="e2") == {}
    # A key names its edition itself.
    assert client.get(f"{ITEMS}/{EDITION}/{first}").status_code == 200

    publish.rollback(conn, key, "", "head")
    assert _editions(_grids(client)) == {EDITION}
    assert _editions(_grids(client, between)) == {"e2"}
    assert _editions(_grids(client, before)) == {EDITION}
