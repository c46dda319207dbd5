"""Proposals on a real database: asked for, worked out, cancelled, taken up again after a crash, taken as an edit."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
import shapely
from shapely.geometry import shape

from onemap.core.errors import BadInput, Conflict, NotFound
from onemap.layers import BY_NAME
from onemap.planning import book
from onemap.planning.propose import desk, service
from onemap.planning.propose.ground import ground_of
from onemap.planning.workspace import coverage_at, workspaces
from onemap.store import feature
from onemap.store.db import Connection, acting, connect
from onemap.store.feature import FeatureRow
from tests.db.plans_ground import COLUMNS, EAST, LAT, LON, ROWS, STEP, WEST, city, grid, split

ASK: dict[str, Any] = {
    "version": 0, "community": WEST, "grids": [], "count": None, "tolerance": 0.2, "units": "blocks",
    "barriers": ["rivers"], "hard_barriers": True, "keep": 0.5, "seconds": 1.5,
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def ground(dsn: str) -> None:
    """The small city, with lanes through its grids and a river from south to north through the west."""
    with connect(dsn, autocommit=True) as conn:
        city(conn)
        rng = np.random.default_rng(9)
        lanes = []
        for n in range(1, 4 * COLUMNS):
            x, lean = LON + n * STEP / 4, float(rng.uniform(0.01, 0.06)) * STEP
            lanes.append(shapely.LineString([(x - lean, LAT - STEP), (x + lean, LAT + (ROWS + 1) * STEP)]))
        for n in range(1, 4 * ROWS):
            y, lean = LAT + n * STEP / 4, float(rng.uniform(0.01, 0.06)) * STEP
            lanes.append(shapely.LineString([(LON - STEP, y - lean), (LON + (COLUMNS + 1) * STEP, y + lean)]))
        bank = LON + 1.3 * STEP
        river = shapely.box(bank, LAT - STEP, bank + 0.15 * STEP, LAT + (ROWS + 1) * STEP)
        with acting(conn, "test"):
            feature.upsert(
                conn, BY_NAME["road"],
                [FeatureRow(f"r{n}", shapely.multilinestrings([line]), {"class": "residential", "name": f"{n} 号巷"})
                 for n, line in enumerate(lanes)], feed="test",
            )  # fmt: skip
            feature.upsert(
                conn, BY_NAME["water"],
                [FeatureRow("w1", shapely.multipolygons([river]), {"kind": "river", "name": "小河"})], feed="test",
            )  # fmt: skip


@pytest.fixture
def plan(committed: Connection) -> Iterator[str]:
    with acting(committed, "planner"):
        key = str(book.open_plan(committed, "建议", "planner")["key"])
    yield key
    committed.execute("UPDATE proposal SET state = 'cancelled' WHERE state IN ('queued', 'running')")


def asked(conn: Connection, plan: str, **more: Any) -> int:
    with acting(conn, "planner"):
        return int(service.ask(conn, plan, ASK | more, "planner")["id"])


def answered(conn: Connection, plan: str, **more: Any) -> dict[str, Any]:
    number = asked(conn, plan, **more)
    assert service.step(conn, short=True) == 1
    found = desk.one(conn, plan, number)
    assert found["state"] == "done", found
    return found


@pytest.mark.parametrize("units", ["blocks", "buildings", "cells"])
def test_units_tile_the_grids(committed: Connection, plan: str, units: str) -> None:
    row = book.plan(committed, plan)
    work = workspaces.get(committed, row)
    faces = [name for name, face in work.cov.faces.items() if face.props["community_code"] == WEST]
    found = ground_of(work.cov, work.facts, faces, units=units, barriers=["rivers"])
    geoms = found.units.geoms
    assert shapely.coverage_is_valid(geoms)
    whole = shapely.union_all(work.cov.polygons(faces))
    assert shapely.area(geoms).sum() == pytest.approx(whole.area, rel=1e-9)
    assert shapely.area(shapely.union_all(geoms) ^ whole) <= 1e-9 * whole.area
    # What a plan counts in its grids, its units count as well; and today's grids can be told in units.
    assert found.measures.sum(axis=0) == pytest.approx(work.facts.of(work.cov, faces).sum(axis=0))
    for at, name in enumerate(found.units.names):
        own = shapely.union_all(geoms[found.units.home == at])
        assert shapely.area(own ^ work.cov.polygon(name)) <= 1e-9 * own.area
    # The river is nobody's unit: banks touch across it only through a wall.
    inner = [wall for wall in found.units.wall if wall]
    assert inner


def test_a_question_is_answered(committed: Connection, plan: str) -> None:
    found = answered(committed, plan)
    assert found["progress"] == 1
    assert found["units"] > 50
    assert found["today"]["changed_share"] == 0
    assert found["options"]
    work = workspaces.get(committed, book.plan(committed, plan))
    west = [name for name, face in work.cov.faces.items() if face.props["community_code"] == WEST]
    ground = shapely.union_all(work.cov.polygons(west))
    even = found["options"][0]
    assert even["max_over_mean"] <= min(1.2, found["today"]["max_over_mean"])
    for option in found["options"]:
        shapes = np.array([shape(one["geometry"]) for one in option["grids"]])
        assert all(one.geom_type == "Polygon" for one in shapes)
        assert shapely.coverage_is_valid(shapes)
        assert shapely.area(shapely.union_all(shapes) ^ ground) <= 1e-9 * ground.area
        assert {one["properties"]["id"] for one in option["grids"]} == set(west)
        assert option["crossings"] == 0
        assert option["moves"]
        for move in option["moves"]:
            assert move["grid"] in west
            assert move["to"] in west
            assert move["reason"]["zh"].endswith("。")
            assert "不跨河" in move["reason"]["zh"] or "不再跨小河" in move["reason"]["zh"]
            assert "river" in move["reason"]["en"] or "小河" in move["reason"]["en"]
    assert any("巷" in move["reason"]["zh"] for move in even["moves"])


def test_an_option_taken_is_what_was_shown(committed: Connection, plan: str) -> None:
    found = answered(committed, plan)
    option = found["options"][0]
    with acting(committed, "planner"):
        done = service.adopt(committed, plan, found["id"], option["index"], (), "planner")
    cov, balances = done.workspace.cov, done.workspace.balances
    for one in option["grids"]:
        name = one["properties"]["id"]
        shown = shape(one["geometry"])
        assert shapely.area(cov.polygon(name) ^ shown) <= 1e-9 * shown.area
        assert balances.load_of(name) == pytest.approx(one["properties"]["load"], abs=1e-3)
        assert balances.measures(name) == pytest.approx(one["properties"]["measures"])
    assert shapely.coverage_is_valid(np.array(cov.polygons(list(cov.faces))))
    assert book.plan(committed, plan)["version"] == 1
    with acting(committed, "planner"):
        back = book.undo(committed, plan, 1, "planner")
    assert back.workspace.version == 2


def test_a_part_is_taken_and_what_would_tear_is_refused(committed: Connection, plan: str) -> None:
    found = answered(committed, plan)
    taken = torn = 0
    for option in found["options"]:
        names = {move["grid"] for move in option["moves"]} | {move["to"] for move in option["moves"]}
        for name in sorted(names):
            before = coverage_at(committed, plan, book.plan(committed, plan)["version"])
            try:
                with acting(committed, "planner"):
                    done = service.adopt(committed, plan, found["id"], option["index"], {name}, "planner")
            except (BadInput, Conflict) as refused:
                torn += refused.reason in ("torn", "empty", "conflict", "nothing")
                if isinstance(refused, service.Torn):
                    # Those that it names mend it.
                    along = {name, *refused.members["grids"]}
                    with acting(committed, "planner"):
                        done = service.adopt(committed, plan, found["id"], option["index"], along, "planner")
                        book.undo(committed, plan, done.workspace.version, "planner")
                continue
            taken += 1
            shown = next(shape(g["geometry"]) for g in option["grids"] if g["properties"]["id"] == name)
            assert shapely.area(done.workspace.cov.polygon(name) ^ shown) <= 1e-9 * shown.area
            moved = {m["grid"] for m in option["moves"] if m["to"] == name} | {
                m["to"] for m in option["moves"] if m["grid"] == name
            }
            for other in set(before.faces) - moved - {name}:
                ground = before.polygon(other)
                assert shapely.area(done.workspace.cov.polygon(other) ^ ground) <= 1e-9 * ground.area
            with acting(committed, "planner"):
                book.undo(committed, plan, done.workspace.version, "planner")
    assert taken
    assert taken + torn > 1


def test_more_grids_and_fewer(committed: Connection, plan: str) -> None:
    grids = COLUMNS // 2 * ROWS
    for count in (grids + 3, grids - 3):
        found = answered(committed, plan, count=count, keep=0.2)
        option = found["options"][0]
        assert len(option["grids"]) == count
        new = [one for one in option["grids"] if one["properties"]["new"]]
        assert len(new) == max(0, count - grids)
        with acting(committed, "planner"):
            done = service.adopt(committed, plan, found["id"], option["index"], (), "planner")
        west = [f for f in done.workspace.cov.faces.values() if f.props["community_code"] == WEST]
        assert len(west) == count
        assert sum(face.props["code"] is None for face in west) >= len(new)
        with acting(committed, "planner"):
            book.undo(committed, plan, done.workspace.version, "planner")


def test_locked_grids_stay(committed: Connection, plan: str) -> None:
    lock = {"op": "describe", "grid": grid(0, 0), "locked": True}
    with acting(committed, "planner"):
        book.edit(committed, plan, 0, lock, "planner")
    found = answered(committed, plan, version=1)
    for option in found["options"]:
        assert grid(0, 0) not in {one["properties"]["id"] for one in option["grids"]}
    with pytest.raises(BadInput) as nothing:
        asked(committed, plan, version=1, grids=[grid(0, 0)])
    assert nothing.value.reason == "no-units"
    with pytest.raises(BadInput) as unknown:
        asked(committed, plan, version=1, grids=["nowhere"])
    assert unknown.value.reason == "no-face"


def test_a_later_edit_beside_it_stays_and_one_upon_it_is_a_conflict(committed: Connection, plan: str) -> None:
    found = answered(committed, plan)
    with acting(committed, "planner"):
        book.edit(committed, plan, 0, split(COLUMNS - 1, 0), "planner")  # in the east
        done = service.adopt(committed, plan, found["id"], 0, (), "planner", seen=1)
    assert done.workspace.version == 2
    assert len(done.workspace.cov.faces) == COLUMNS * ROWS + 1
    again = answered(committed, plan, version=2)
    touched = next(move["to"] for move in again["options"][0]["moves"])
    with acting(committed, "other"):
        cov = coverage_at(committed, plan, 2)
        west, south, east, north = cov.polygon(touched).bounds
        line = [[west - 0.001, (south + north) / 2], [east + 0.001, (south + north) / 2]]
        book.edit(committed, plan, 2, {"op": "split", "grid": touched, "line": line}, "other")
    with pytest.raises(Conflict) as clash, acting(committed, "planner"):
        service.adopt(committed, plan, again["id"], 0, (), "planner", seen=3)
    assert "other" in clash.value.message


def test_cancelled_while_it_waits_or_runs(committed: Connection, dsn: str, plan: str) -> None:
    waiting = asked(committed, plan)
    with acting(committed, "planner"):
        desk.cancel(committed, plan, waiting, "planner")
    assert service.step(committed) == 0
    assert desk.one(committed, plan, waiting)["state"] == "cancelled"
    running = asked(committed, plan, seconds=30.0)
    with connect(dsn, autocommit=True) as other:
        worker = threading.Thread(target=service.step, args=(other,))
        worker.start()
        waits = threading.Event()
        for _ in range(600):
            if desk.one(committed, plan, running)["progress"] > 0:
                break
            waits.wait(0.05)
        with acting(committed, "planner"):
            desk.cancel(committed, plan, running, "planner")
        worker.join(15)
        assert not worker.is_alive()
    found = desk.one(committed, plan, running)
    assert found["state"] == "cancelled"
    assert found["options"] == []
    with pytest.raises(NotFound):
        desk.cancel(committed, plan, 10**9, "planner")


def test_a_dead_workers_question_is_taken_up_once_more_and_then_fails(committed: Connection, plan: str) -> None:
    number = asked(committed, plan, seconds=0.5)
    dead = desk.claim(committed, short=True)
    assert dead is not None
    assert dead.id == number
    assert desk.claim(committed, short=True) is None
    silent = timedelta(seconds=desk.SILENT_S + 1)
    committed.execute("UPDATE proposal SET beat_at = beat_at - %s WHERE id = %s", (silent, number))
    again = desk.claim(committed, short=True)
    assert again is not None
    assert again.attempts == 2
    # The first one, were it alive after all, may write nothing any more.
    assert not desk.beat(committed, dead, 0.5)
    assert not desk.end(committed, dead, "done")
    committed.execute("UPDATE proposal SET beat_at = beat_at - %s WHERE id = %s", (silent, number))
    assert desk.claim(committed, short=True) is None
    found = desk.one(committed, plan, number)
    assert found["state"] == "failed"
    assert found["error"]["zh"]


def test_short_questions_do_not_wait_for_long_ones(committed: Connection, plan: str) -> None:
    long = asked(committed, plan, seconds=300.0)
    short = asked(committed, plan, seconds=1.0)
    first = desk.claim(committed, short=True)
    second = desk.claim(committed, short=False)
    assert first is not None
    assert second is not None
    assert (first.id, second.id) == (short, long)


def test_what_cannot_be_fails_with_words(committed: Connection, plan: str) -> None:
    number = asked(committed, plan, count=2900)
    service.step(committed)
    found = desk.one(committed, plan, number)
    assert found["state"] == "failed"
    assert "2900" in found["error"]["zh"]
    assert "2900" in found["error"]["en"]
    for _ in range(desk.MOST_WAITING):
        asked(committed, plan)
    with pytest.raises(Conflict) as busy:
        asked(committed, plan)
    assert busy.value.reason == "busy"
    with pytest.raises(Conflict) as ahead:
        asked(committed, plan, version=99)
    assert ahead.value.reason == "reload"


def test_both_communities_at_once(committed: Connection, plan: str) -> None:
    found = answered(committed, plan, community=None, hard_barriers=False)
    option = found["options"][0]
    own = {one["properties"]["id"]: one["properties"]["id"][:12] for one in option["grids"]}
    assert set(own.values()) == {WEST, EAST}
    for move in option["moves"]:
        assert own[move["grid"]] == own[move["to"]]
