"""Review and publication over HTTP: impact and report, remarks, who decides, publishing, rolling back, lineage."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import httpx
import pytest
from shapely import MultiPolygon, Point, box
from shapely.geometry import shape

from onemap.core import clock
from onemap.core.policy import Role
from onemap.core.settings import CaseSettings
from onemap.layers import BY_NAME
from onemap.planning import book, publish
from onemap.store import account, feature
from onemap.store.db import Connection, acting, connect
from onemap.store.feature import FeatureRow
from onemap.store.sqlfile import sql
from onemap.warnings.calling import service as calling
from onemap.warnings.service import Reading, evaluate
from server import grid_notices
from server.edition_models import Edition, GridNotice, GridStatistics, Lineage
from server.impact_models import Impact
from server.plan_models import Plan
from server.review_models import Comment, PlanReview, Publication
from tests.api.conftest import PASSWORD, Running, wait_until
from tests.db.plans_ground import COLUMNS, EAST, EDITION, ROWS, WEST, city, grid, split
from tests.unit.plan_ground import LAT, LON, STEP


@pytest.fixture(scope="module", autouse=True)
def ground(server: Running) -> None:
    """The planner's city whose houses name their grids, whose grids are team t1's, and a second post of command."""
    with connect(server.dsn, autocommit=True) as conn:
        city(conn)
        with acting(conn, "test"):
            conn.execute("UPDATE grid SET team_key = 't1', kind = 'unit'")
            # Four equal houses in each grid, off every border that a test draws: the rules have nothing against it.
            conn.execute("DELETE FROM building")
            houses = [
                FeatureRow(f"h{c}-{r}-{n}", house(c + 0.3 + 0.4 * (n % 2), r + 0.3 + 0.4 * (n // 2)),
                           {"households": 6, "residents": 15, "use": "residential"})
                for c in range(COLUMNS) for r in range(ROWS) for n in range(4)
            ]  # fmt: skip
            feature.upsert(conn, BY_NAME["building"], houses, feed="test")
            points = conn.execute(
                "SELECT array_agg(id ORDER BY id) AS ids, array_agg(st_x(p) ORDER BY id) AS lons, "
                "array_agg(st_y(p) ORDER BY id) AS lats "
                "FROM (SELECT id, st_pointonsurface(geom) AS p FROM building) AS b"
            ).fetchone()
            assert points is not None
            asked = {"lons": points["lons"], "lats": points["lats"]}
            for row in conn.execute(sql("ingest_grid_of"), asked).fetchall():
                conn.execute(
                    "UPDATE building SET grid_code = %s WHERE id = %s", (row["code"], points["ids"][row["n"] - 1])
                )
            conn.execute(
                "INSERT INTO team (key, geom, h3, name) SELECT 't2', geom, h3, '二队' FROM team WHERE key = 't1'"
            )
            account.create_account(conn, "planner2", "other planner", Role.PLANNER, PASSWORD)
            wkb = conn.execute("SELECT st_asbinary(geom) AS wkb FROM area WHERE key = %s", (EAST,)).fetchone()
            assert wkb is not None
            account.create_account(conn, "eastern", "command of the east", Role.COMMAND, PASSWORD)
            account.limit_account(conn, "eastern", bytes(wkb["wkb"]))


def house(column: float, row: float) -> MultiPolygon:
    x, y = LON + column * STEP, LAT + row * STEP
    return MultiPolygon([box(x - 2e-5, y - 2e-5, x + 2e-5, y + 2e-5)])


def post(client: httpx.Client, path: str, body: Any = None, status: int = 200) -> dict[str, Any]:
    answer = client.post(path, json={} if body is None else body)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def planned(server: Running, column: int, row: int, *, scope: str | None = None, team: str | None = None) -> str:
    """A plan in which a grid is split; its new part is another team's, if one is named."""
    with server.client("planner") as planner:
        key = post(planner, "/plans", {"name": "调整 <b>一</b>", "scope": scope}, 201)["key"]
        done = post(planner, f"/plans/{key}/edits", {"version": 0, "operation": split(column, row)})
        if team:
            fresh = next(one["id"] for one in done["grids"] if one["id"].startswith("~"))
            describe = {"op": "describe", "grid": fresh, "team_key": team}
            post(planner, f"/plans/{key}/edits", {"version": 1, "operation": describe})
        return str(key)


def submit(server: Running, key: str) -> dict[str, Any]:
    with server.client("planner") as planner:
        version = planner.get(f"/plans/{key}").json()["version"]
        return Plan.model_validate(post(planner, f"/plans/{key}/submit", {"version": version})).model_dump()


def approved(server: Running, key: str) -> None:
    submit(server, key)
    with server.client("command") as command:
        post(command, f"/plans/{key}/approve", {"note": "同意"})


class Page(HTMLParser):
    """What a page would fetch or run."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]
        assert not any(name.startswith("on") for name, _ in attrs)


def test_impact_and_report_say_what_changes_hands(server: Running) -> None:
    with connect(server.dsn, autocommit=True) as conn, acting(conn, "test"):
        lamps = [
            FeatureRow(f"lamp{n}", Point(LON + (1.05 + 0.09 * n) * STEP, LAT + (1.1 + 0.09 * n) * STEP),
                       {"class_code": "01037", "status": "removed" if n in (1, 8) else "intact"})
            for n in range(10)
        ]  # fmt: skip
        feature.upsert(conn, BY_NAME["part"], lamps, feed="test")
    key = planned(server, 1, 1, team="t2")
    with server.client("planner") as planner:
        found = Impact.model_validate(planner.get(f"/plans/{key}/impact").json())
        page = planner.get(f"/plans/{key}/report")
        english = planner.get(f"/plans/{key}/report", params={"lang": "en"})
    handed = {one.kind: one for one in found.handed}
    moved = handed["building"].count
    assert moved > 0 and handed["building"].households and handed["route"].count == 1 and handed["roster"].count == 0
    (exchange,) = found.exchanges
    assert exchange.grid == grid(1, 1) and exchange.to == "~1" and exchange.counts["building"] == moved
    assert (exchange.team, exchange.to_team, exchange.households) == ("t1", "t2", handed["building"].households)
    states = {one.grid: one for one in found.indicators}
    assert states[grid(1, 1)].state == "changed" and states["~1"].state == "new" and states["~1"].before is None
    before, after = states[grid(1, 1)].before, states[grid(1, 1)].after
    new = states["~1"].after
    assert before and after and new
    assert before["buildings"] == after["buildings"] + new["buildings"] and new["buildings"] == moved
    assert before["area_m2"] == pytest.approx(after["area_m2"] + new["area_m2"], rel=1e-4)
    assert states[grid(0, 0)].state == "same" and states[grid(0, 0)].before == states[grid(0, 0)].after
    teams = {one.team_key: one for one in found.teams}
    assert teams["t2"].gains["buildings"] == moved == teams["t1"].loses["buildings"]
    (moved_ground,) = found.difference["features"]
    over = shape(moved_ground["geometry"])
    lit = sum(over.contains(lamp.geom) for lamp in lamps if lamp.attributes["status"] == "intact")
    assert handed["part"].count == exchange.counts["part"] == lit > 0 and handed["part"].title.zh == "部件"
    assert teams["t2"].gains["parts"] == lit == teams["t1"].loses["parts"]
    assert new["parts"] == lit and before["parts"] == after["parts"] + lit == 8
    assert moved_ground["properties"]["to"] == "~1" and moved_ground["geometry"]["type"] in ("Polygon", "MultiPolygon")

    assert page.headers["content-type"].startswith("text/html") and "default-src 'none'" in page.headers[
        "content-security-policy"
    ]  # fmt: skip
    parsed = Page(page.text)
    assert not parsed.tags & {"script", "link", "iframe", "img", "object", "b>"} and parsed.links == []
    assert {"svg", "style", "table"} <= parsed.tags and "url(http" not in page.text and "@import" not in page.text
    assert f"{lit} 个部件" in page.text and f"{lit} parts" in english.text
    assert "调整 &lt;b&gt;一&lt;/b&gt;" in page.text and "二队" in page.text
    assert page.text.index("改动一览") < page.text.index("What changes hands")
    assert english.text.index("What changes hands") < english.text.index("改动一览")


def test_impact_names_what_is_called_otherwise_and_whose_it_is(server: Running) -> None:
    with server.client("planner") as planner:
        key = post(planner, "/plans", {"name": "改名"}, 201)["key"]
        for n, said in enumerate(({"name": "老街网格"}, {"special": "school"}, {"team_key": "t2"})):
            post(
                planner,
                f"/plans/{key}/edits",
                {"version": n, "operation": {"op": "describe", "grid": grid(0, 2)} | said},
            )
        found = Impact.model_validate(planner.get(f"/plans/{key}/impact").json())
        page = planner.get(f"/plans/{key}/report").text
    (one,) = found.described
    assert one.grid == grid(0, 2) and {change.what: (change.before, change.after) for change in one.changes} == {
        "name": ("g0-2", "老街网格"), "kind": ("unit", "special"), "special": (None, "school"),
        "team": ("一队", "二队"),
    }  # fmt: skip
    assert "改名、改码、换队" in page and "老街网格" in page and "学校" in page


def test_remarks_are_written_answered_and_settled(server: Running) -> None:
    key = planned(server, 0, 0)
    with server.client("command") as command, server.client("planner") as planner:
        first = post(command, f"/plans/{key}/comments", {"text": "这里过马路", "at": [110.001, 29.001]}, 201)
        answer = post(planner, f"/plans/{key}/comments", {"text": "已改", "reply_to": first["id"]}, 201)
        assert (answer["reply_to"], answer["by"], first["at"]) == (first["id"], "planner", [110.001, 29.001])
        assert planner.get(f"/plans/{key}").json()["open_comments"] == 2
        assert post(command, f"/plans/{key}/comments/{first['id']}/resolve")["resolved"] is True
        listed = [Comment.model_validate(one) for one in planner.get(f"/plans/{key}/comments").json()]
        assert [one.resolved for one in listed] == [True, False]
        assert planner.get(f"/plans/{key}").json()["open_comments"] == 1
        post(planner, f"/plans/{key}/comments", {"text": "  "}, 400)
        post(planner, f"/plans/{key}/comments", {"text": "x", "reply_to": 10**9}, 404)
        post(planner, f"/plans/{key}/comments/999999/resolve", status=404)


def test_a_plan_is_decided_by_another_right_and_never_by_who_drew_it(server: Running) -> None:
    key = planned(server, 0, 1)
    with server.client("planner") as planner, server.client("command") as command:
        post(command, f"/plans/{key}/approve", status=409)  # not handed in yet
        post(planner, f"/plans/{key}/submit", {"version": 0}, 409)
        assert submit(server, key)["submitted_by"] == "planner"
        assert post(planner, f"/plans/{key}/edits", {"version": 1, "operation": split(0, 1)}, 409)["reason"] == "state"
        post(planner, f"/plans/{key}/approve", status=403)
        assert post(planner, f"/plans/{key}/withdraw")["state"] == "draft"
        submit(server, key)
        assert post(command, f"/plans/{key}/reject", {"note": " "}, 400)["reason"] == "note"
        assert post(command, f"/plans/{key}/reject", {"note": "请避开学校"})["state"] == "draft"
        submit(server, key)
        # Command that has drawn a plan, by a right it was given later, does not decide on it.
        with connect(server.dsn, autocommit=True) as conn:
            conn.execute("UPDATE plan_edit SET by = 'command' WHERE plan_key = %s", (key,))
        assert post(command, f"/plans/{key}/approve", status=403)["reason"] == "author"
        with connect(server.dsn, autocommit=True) as conn:
            conn.execute("UPDATE plan_edit SET by = 'planner' WHERE plan_key = %s", (key,))
        assert post(command, f"/plans/{key}/approve")["state"] == "approved"
        told = PlanReview.model_validate(planner.get(f"/plans/{key}/review").json())
        assert [one.what for one in told.steps] == ["submit", "withdraw", "submit", "reject", "submit", "approve"]
        assert told.steps[3].note == "请避开学校" and told.steps[3].by == "command" and told.publication is None
        post(planner, f"/plans/{key}/publish", {"edition": "x"}, 403)
        post(command, f"/plans/{key}/publish", {"edition": "a/b"}, 400)
        assert post(command, f"/plans/{key}/publish", {"edition": EDITION}, 409)["reason"] == "edition"
    with server.client("eastern") as eastern:
        post(eastern, f"/plans/{key}/publish", {"edition": "x"}, 404)


def test_an_empty_plan_is_not_handed_in(server: Running) -> None:
    with server.client("planner") as planner:
        key = post(planner, "/plans", {"name": "空"}, 201)["key"]
        assert post(planner, f"/plans/{key}/submit", {"version": 0}, 400)["reason"] == "empty"


def test_publish_tell_and_roll_back(server: Running) -> None:
    key = planned(server, 2, 2, scope=WEST, team="t2")
    approved(server, key)
    with server.client("command") as command, connect(server.dsn, autocommit=True) as conn:
        done = Publication.model_validate(
            post(command, f"/plans/{key}/publish", {"edition": "e2", "title": "2026 年调整"})
        )
        assert (done.state, done.previous, done.edition, done.notified) == ("published", EDITION, "e2", 2)
        assert done.moved["building"] > 0 and done.seconds is not None and done.grids == 25
        again = Publication.model_validate(post(command, f"/plans/{key}/publish", {"edition": "e2"}))
        assert again == done
        editions = [Edition.model_validate(one) for one in command.get("/editions").json()]
        assert [(one.name, one.current) for one in editions] == [("e2", True), (EDITION, False)]
        assert editions[0].title == "2026 年调整" and editions[0].plan_key == key and editions[0].base == EDITION
        fresh = conn.execute(
            "SELECT code, team_key, name FROM grid WHERE edition = 'e2' AND NOT EXISTS "
            "(SELECT FROM grid o WHERE o.edition = %s AND o.code = grid.code)", (EDITION,)
        ).fetchall()  # fmt: skip
        assert [(row["code"][:12], row["team_key"]) for row in fresh] == [(WEST, "t2")]
        code = fresh[0]["code"]
        assert re.fullmatch(r"\d{15}", code)
        found = Lineage.model_validate(command.get(f"/editions/e2/grids/{code}/lineage").json())
        assert [(one.code, one.relation) for one in found.before] == [(grid(2, 2), "split")]
        assert found.before[0].share == pytest.approx(1.0, abs=1e-6)
        assert command.get("/editions/e2/grids/nothing/lineage").status_code == 404
        assert command.get(f"/plans/{key}").json()["state"] == "published"
        # What teams were told is a letter, not a warning, and on no list of alerts.
        notices = conn.execute("SELECT * FROM grid_notice ORDER BY team_key").fetchall()
        assert [row["team_key"] for row in notices] == ["t1", "t2"] and "无需到场处置" in notices[1]["text_zh"]
        assert command.get("/alerts").json() == []
        with server.client("team2") as team, server.client("team") as other:
            (notice,) = [GridNotice.model_validate(one) for one in team.get("/notices").json()]
            assert (notice.edition, notice.title, notice.back, notice.seen_at) == ("e2", "2026 年调整", False, None)
            assert notice.gains["grids"] == 1 and notice.loses == {} and "无需到场处置" in notice.text.zh
            post(other, f"/notices/{notice.id}/acknowledge", status=404)
            seen = post(team, f"/notices/{notice.id}/acknowledge")
            assert seen["seen_at"] and post(team, f"/notices/{notice.id}/acknowledge") == seen
        told = PlanReview.model_validate(command.get(f"/plans/{key}/review").json())
        assert told.publication is not None and (told.publication.notified, told.publication.seen) == (2, 1)
        assert (told.steps[-1].what, told.steps[-1].note) == ("publish", "e2")
        letter = conn.execute(
            "SELECT state, origin, level FROM alert WHERE id = %s", (notices[0]["alert_id"],)
        ).fetchone()
        assert letter == {"state": "resolved", "origin": "notice", "level": 4}
        features = command.get("/ogc/collections/grid/items", params={"limit": 100}).json()["features"]
        assert {one["properties"]["edition"] for one in features} == {"e2"} and len(features) == 25

        back = Publication.model_validate(post(command, f"/plans/{key}/rollback", {"note": "试运行结束"}))
        assert (back.state, back.edition, back.notified) == ("rolled_back", "e2", 2)
        assert Publication.model_validate(post(command, f"/plans/{key}/rollback")) == back
        editions = [Edition.model_validate(one) for one in command.get("/editions").json()]
        assert {one.name: one.current for one in editions} == {"e2": False, EDITION: True}
        assert len(next(one for one in editions if one.name == EDITION).periods) == 2
        named = conn.execute("SELECT count(*) AS n FROM building WHERE grid_code = %s", (code,)).fetchone()
        assert named == {"n": 0}
        assert command.get(f"/plans/{key}").json()["state"] == "rolled_back"
        with server.client("team2") as team:  # the one that is read stays for a while below the new one
            waits = [GridNotice.model_validate(one) for one in team.get("/notices").json()]
            assert [(one.back, one.seen_at is None) for one in waits] == [(True, True), (False, False)]
        assert command.get(f"/plans/{key}/review").json()["publication"]["seen"] == 0


def settled(conn: Connection, at: datetime) -> None:
    """Until nothing is left to be done: what was published is looked at again when all who wrote meanwhile have ended,
    the database's own housekeeping among them. Until they have, a step finds nothing to do, too."""

    def nothing_left() -> bool:
        return (
            publish.step(conn, at, tell=grid_notices.tell) == 0
            and not conn.execute(
                "SELECT FROM edition_publication WHERE settled_at IS NULL AND state IN ('published', 'rolled_back') "
                "AND coalesce(rolled_back_at, published_at) + make_interval(secs => coalesce(seconds, 0) + 5) < %s",
                (at,),
            ).fetchall()
        )

    wait_until(nothing_left)


def test_the_next_alert_goes_to_the_new_team_and_the_last_one_stays_with_the_old(server: Running) -> None:
    """From the drawing to the ladder, by the doors and the worker's steps: nobody puts an edition in force by hand."""
    key = planned(server, 0, 1, team="t2")
    at = clock.now() + timedelta(hours=1)
    with server.client("planner") as planner, server.client("command") as command:
        submit(server, key)
        post(planner, f"/plans/{key}/approve", status=403)
        post(command, f"/plans/{key}/approve")
        ask = {"edition": "e-alerts", "effective_at": at.isoformat()}
        post(planner, f"/plans/{key}/publish", ask, 403)
        assert post(command, f"/plans/{key}/publish", ask)["state"] == "scheduled"
    with (
        server.client("command") as command, server.client("team") as old, server.client("team2") as new,
        connect(server.dsn, autocommit=True) as conn,
    ):  # fmt: skip
        ground = book.whole_of(conn, key).polygon("~1")

        def alerts(team: httpx.Client, warning: str) -> list[Any]:
            return [one for one in team.get("/alerts").json() if one["warning_key"] == warning]

        settled(conn, clock.now())
        before = alarm(conn, "before", ground)
        assert (len(alerts(old, before)), alerts(new, before)) == (1, [])
        assert publish.step(conn, at + timedelta(seconds=1), tell=grid_notices.tell) >= 1
        assert command.get(f"/plans/{key}").json()["state"] == "published"
        after = alarm(conn, "after", ground)
        assert (alerts(old, after), len(alerts(new, after))) == ([], 1)
        # The one that is out is still the old team's, which answers it.
        assert (len(alerts(old, before)), alerts(new, before)) == (1, [])
        post(old, f"/alerts/{alerts(old, before)[0]['id']}/acknowledge")
        (called,) = command.get("/ladders", params={"warning": before}).json()["grids"]
        assert (called["grid_code"], called["state"], called["team_key"]) == (grid(0, 1), "answered", "t1")
        assert post(command, f"/plans/{key}/rollback", {"note": "恢复"})["state"] == "rolled_back"
        back = alarm(conn, "back", ground)
        assert (len(alerts(old, back)), alerts(new, back)) == (1, [])
        assert (alerts(old, after), len(alerts(new, after))) == ([], 1)
        post(new, f"/alerts/{alerts(new, after)[0]['id']}/acknowledge")


def alarm(conn: Connection, name: str, ground: Any) -> str:
    """A crack meter on a ground that says too much, as a reading comes in; the warning, once its ladder has called."""
    at, spot = clock.now(), ground.representative_point()
    with acting(conn, "test"):
        for layer, row in (
            ("hazard", FeatureRow(name, spot, {"name": name, "kind": "landslide", "level": 2})),
            ("hazard_zone", FeatureRow(name, MultiPolygon([spot.buffer(2e-5)]), {"hazard_key": name, "name": name})),
            ("sensor", FeatureRow(name, spot, {"name": name, "kind": "crack_meter", "hazard_key": name})),
        ):
            feature.upsert(conn, BY_NAME[layer], [row], feed="test")
        conn.execute(
            "INSERT INTO datastream (key, sensor_key, property, name, unit) VALUES (%s, %s, 'crack', '裂缝', 'mm')",
            (name, name),
        )
        conn.execute(
            "INSERT INTO threshold (key, datastream_key, hazard_key, level, op, enter, leave, hold_s) "
            "VALUES (%s, %s, %s, 2, '>=', 30, 25, 0)", (name, name, name)
        )  # fmt: skip
        (warning,) = evaluate(conn, [Reading(1, name, at, 35.0)], CaseSettings())
    calling.step(conn, at + timedelta(seconds=1))
    return warning


def test_figures_by_the_edition_in_force_and_all_by_one(server: Running) -> None:
    key = planned(server, 1, 2)
    approved(server, key)
    with server.client("command") as command, connect(server.dsn, autocommit=True) as conn:

        def case(name: str) -> None:
            """In the southern part of the grid, which is cut off."""
            spot = Point(LON + 1.5 * STEP, LAT + 2.3 * STEP)
            with acting(conn, "test"):
                feature.upsert(
                    conn, BY_NAME["incident"], [FeatureRow(name, spot, {"occurred_at": clock.now()})], feed="test"
                )

        def camera(name: str) -> None:
            spot = Point(LON + 1.4 * STEP, LAT + 2.3 * STEP)
            feature.upsert(conn, BY_NAME["camera"], [FeatureRow(name, spot, {"name": name})], feed="test")

        def part(name: str, code: str, status: str) -> None:
            spot = Point(LON + 1.45 * STEP, LAT + 2.35 * STEP)
            row = FeatureRow(name, spot, {"class_code": code, "status": status})
            feature.upsert(conn, BY_NAME["part"], [row], feed="test")

        def asked(**more: Any) -> GridStatistics:
            ask = {"from": start.isoformat(), "to": clock.now().isoformat(), **more}
            answer = command.get("/editions/statistics", params=ask)
            assert answer.status_code == 200, answer.text
            return GridStatistics.model_validate(answer.json())

        with acting(conn, "test"):
            camera("old")
            part("cover", "01001", "intact")
            part("eye", "01050", "intact")  # a camera, which is in the register of cameras, too
        start = clock.now()
        case("first")
        post(command, f"/plans/{key}/publish", {"edition": "e7"})
        case("second")
        case("third")
        with acting(conn, "test"):  # a house is built, another is let to more
            spot = box(LON + 1.4 * STEP, LAT + 2.3 * STEP, LON + 1.41 * STEP, LAT + 2.31 * STEP)
            built = FeatureRow("built", MultiPolygon([spot]), {"households": 40})
            feature.upsert(conn, BY_NAME["building"], [built], feed="test")
            conn.execute("UPDATE building SET households = households + 7 WHERE id = (SELECT min(id) FROM building)")
            camera("seen")
            part("cover", "01001", "damaged")  # is still there
            part("bench", "04007", "intact")
            part("eye", "01050", "damaged")
        post(command, f"/plans/{key}/rollback")
        with acting(conn, "test"):
            conn.execute("DELETE FROM building WHERE key = 'built'")
            conn.execute("UPDATE building SET households = households - 7 WHERE id = (SELECT min(id) FROM building)")
            conn.execute("DELETE FROM camera WHERE key = 'seen'")
            part("bench", "04007", "removed")
        case("fourth")
        found = asked()
        assert [(one.edition, one.grids) for one in found.periods] == [(EDITION, 24), ("e7", 25), (EDITION, 24)]
        assert [one.total["cases"] for one in found.periods] == [1, 2, 1]
        for before, after in pairwise(found.periods):
            assert before.stop == after.start
        tops = [(one.rows[0].grid, one.rows[0].figures["cases"]) for one in found.periods]
        assert tops[0] == tops[2] == (grid(1, 2), 1)
        fresh = next(
            row for row in found.periods[1].rows if row.grid not in {one.grid for one in found.periods[0].rows}
        )
        whole = {row.grid: row for row in found.periods[0].rows}[grid(1, 2)]
        parts = [row for row in found.periods[1].rows if row.grid in (fresh.grid, grid(1, 2))]
        assert whole.figures["households"] == 24
        assert sum(row.figures["households"] for row in parts) == 24 + 40
        assert {row.figures["cases"] for row in parts} == {0, 2}
        # Every house that stood just before the end of a period counts once in it, whichever edition counts it.
        for one in found.periods:
            houses = conn.execute(
                "SELECT count(*) AS n, sum(households) AS h FROM ("
                "SELECT households FROM building WHERE sys_from < %(at)s UNION ALL SELECT households "
                "FROM building_history WHERE sys_from < %(at)s AND sys_to >= %(at)s) v",
                {"at": one.stop},
            ).fetchone()
            assert houses is not None
            assert (one.total["buildings"], one.total["households"]) == (houses["n"], houses["h"])
            assert one.as_of_today == []
        first, second, third = (one.total for one in found.periods)
        assert second["households"] == first["households"] + 47 == third["households"] + 47
        assert [one["parts"] for one in (first, second, third)] == [first["parts"], first["parts"] + 2, first["parts"]]
        # Before the map had its houses nobody knows how many there were: today's count, and the answer says since when.
        known = {one.key: one.since for one in found.measures}
        assert known["cases"] is known["area_m2"] is None and known["buildings"] == known["households"] < start
        long_ago = {"from": (start - timedelta(days=9)).isoformat(), "to": (start - timedelta(days=8)).isoformat()}
        (old,) = asked(edition=EDITION, **long_ago).periods
        assert {"buildings", "households"} <= set(old.as_of_today)
        assert old.total["households"] == third["households"] and old.total["cases"] == 0
        (alone,) = asked(edition="e7", limit=3).periods
        assert (alone.edition, alone.total["cases"], len(alone.rows), alone.more) == ("e7", 4, 3, 22)
        (east,) = asked(edition=EDITION, scope=EAST).periods
        assert east.grids == 12 and {row.community_code for row in east.rows} == {EAST} and east.total["cases"] == 0
        table = command.get("/editions/statistics", params={
            "from": start.isoformat(), "to": clock.now().isoformat(), "format": "csv"})  # fmt: skip
        lines = table.content.decode("utf-8-sig").splitlines()
        assert lines[0].startswith("from,to,edition,grid,name,community_code,cases,buildings") and len(lines) == 74
        assert lines[0].endswith(",area_m2,as_of_today") and {line.rpartition(",")[2] for line in lines[1:]} == {""}
        day = (start - timedelta(days=1)).isoformat()
        for wrong, status in (
            ({"from": day, "to": day}, 400), ({"from": day, "to": "2026-01-01T00:00:00"}, 400), ({"from": day}, 400),
            ({"from": day, "to": start.isoformat(), "edition": "none"}, 404),
            ({"from": day, "to": start.isoformat(), "scope": "none"}, 404),
        ):  # fmt: skip
            assert command.get("/editions/statistics", params=wrong).status_code == status, wrong
    with server.client("eastern") as eastern:
        answer = eastern.get("/editions/statistics", params={"from": day, "to": start.isoformat()})
        seen = GridStatistics.model_validate(answer.json())
        assert {row.community_code for one in seen.periods for row in one.rows} == {EAST}


def test_a_date_is_kept_by_the_worker_and_can_be_cancelled(server: Running) -> None:
    key = planned(server, 3, 1)
    approved(server, key)
    at = clock.now() + timedelta(hours=2)
    with server.client("command") as command, connect(server.dsn, autocommit=True) as conn:
        ask = {"edition": "e3", "effective_at": at.isoformat()}
        asked = Publication.model_validate(post(command, f"/plans/{key}/publish", ask))
        assert asked.state == "scheduled" and asked.published_at is None
        settled(conn, clock.now() + timedelta(minutes=5))  # what other tests have left
        assert publish.step(conn, clock.now(), tell=grid_notices.tell) == 0
        assert post(command, f"/plans/{key}/rollback", {"note": "改期"})["state"] == "cancelled"
        steps = PlanReview.model_validate(command.get(f"/plans/{key}/review").json()).steps[-2:]
        assert [(one.what, one.note, one.effective_at) for one in steps] == [
            ("schedule", "e3", at),
            ("cancel", "改期", None),
        ]
        # Sent back, it forgets its date: approved anew, it waits for one.
        post(command, f"/plans/{key}/publish", ask)
        assert post(command, f"/plans/{key}/reject", {"note": "再看一次"})["effective_at"] is None
        approved(server, key)
        assert command.get(f"/plans/{key}").json()["effective_at"] is None
        settled(conn, clock.now() + timedelta(minutes=5))  # what other tests have left
        assert publish.step(conn, at + timedelta(seconds=1)) == 0
        post(command, f"/plans/{key}/publish", ask)
        assert post(command, f"/plans/{key}/publish", ask)["state"] == "scheduled"
        late = (clock.now() + timedelta(days=800)).isoformat()
        assert publish.step(conn, at + timedelta(seconds=1), tell=grid_notices.tell) >= 1
        settled(conn, at + timedelta(seconds=1))
        assert command.get(f"/plans/{key}").json()["state"] == "published"
        assert conn.execute("SELECT edition FROM city").fetchone() == {"edition": "e3"}
        # After everybody who wrote meanwhile has ended, it is looked at once more.
        assert conn.execute("SELECT count(*) AS n FROM edition_publication WHERE settled_at IS NULL "
                            "AND state = 'published'").fetchone() == {"n": 0}  # fmt: skip
        other = planned(server, 4, 1)
        approved(server, other)
        far = post(command, f"/plans/{other}/publish", {"edition": "e4", "effective_at": late}, 400)
        assert far["reason"] == "effective-at"
        # Whoever publishes first wins; the other one's date is cancelled with its reason, and the plan stays approved.
        later = planned(server, 5, 2)
        approved(server, later)
        post(command, f"/plans/{other}/publish", {"edition": "e4", "effective_at": at.isoformat()})
        post(command, f"/plans/{later}/publish", {"edition": "e5"})
        assert publish.step(conn, at + timedelta(seconds=1)) >= 1
        row = conn.execute("SELECT state, problem FROM edition_publication WHERE edition = 'e4'").fetchone()
        assert row is not None and row["state"] == "cancelled" and "rebase" in row["problem"]
        told = PlanReview.model_validate(command.get(f"/plans/{other}/review").json())
        assert told.publication is not None and told.publication.problem and told.steps[-1].what == "cancel"
        assert command.get(f"/plans/{other}").json()["state"] == "approved"
