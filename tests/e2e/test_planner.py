"""Journey D: a planner redraws grids by mouse and keys, somebody else approves, the city follows, and it rolls back."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from typing import Any

import pytest
import shapely
from playwright.sync_api import Page, expect

from onemap.store.db import connect
from tests.e2e.driver import OneMap
from tests.running import Installation, until

TURNS = range(int(os.environ.get("ONEMAP_E2E_TURNS", "1")))
Grid = dict[str, Any]


class Planner(OneMap):
    """A planner at the map of a plan."""

    def open(self, name: str) -> Planner:
        """Make a plan and open it."""
        self.at("rail-plan").click()
        self.at("plan-new").click()
        self.at("make-name").fill(name)
        self.at("make-send").click()
        expect(self.at("plan-head")).to_be_visible(timeout=30_000)
        expect(self.at("plan-stage")).to_have_attribute("data-version", "0", timeout=30_000)
        return self

    @property
    def key(self) -> str:
        """The plan's key, as the address has it."""
        return str(self.page.evaluate("() => new URLSearchParams(location.hash.slice(1)).get('k')"))

    def drawn_plan(self) -> dict[str, Any]:
        """The plan as the server has it: to know where things are on the screen, and what was kept."""
        found: dict[str, Any] = self.ask("GET", f"/plans/{self.key}/map")
        return found

    def grounds(self) -> dict[str, shapely.MultiPolygon]:
        """The ground of every grid, put together from the arcs."""
        plan = self.drawn_plan()
        arcs = {arc["id"]: arc["xy"] for arc in plan["arcs"]}
        made = {}
        for grid in plan["grids"]:
            rings = [
                [xy for number in ring for xy in (arcs[number] if number >= 0 else arcs[~number][::-1])[:-1]]
                for ring in grid["rings"]
            ]
            polygons, at = [], 0
            for count in grid["polygons"]:
                polygons.append(shapely.Polygon(rings[at], rings[at + 1 : at + count]))
                at += count
            made[grid["id"]] = shapely.MultiPolygon(polygons)
        return made

    def version(self, number: int) -> None:
        """Wait until the page shows that version, saved."""
        expect(self.at("plan-stage")).to_have_attribute("data-version", str(number))

    def tool(self, key: str, name: str) -> None:
        """Take a tool by its key."""
        self.page.keyboard.press(key)
        expect(self.at(f"plan-tool-{name}")).to_have_attribute("aria-pressed", "true")

    def put_away(self) -> None:
        """No tool in the hand, nothing picked, nothing said."""
        for key in ("v", "Escape", "Escape"):
            self.page.keyboard.press(key)

    def look_around(self, ground: shapely.Geometry, margin: float = 0.6) -> None:
        """Show that ground, with room around it."""
        west, south, east, north = ground.bounds
        dx, dy = (east - west) * margin, (north - south) * margin
        self.show([[west - dx, south - dy], [east + dx, north + dy]])
        self.until("the map to stand still", lambda: not self.moving())

    def click_grid(self, name: str, ground: shapely.Geometry) -> None:
        """Click a grid once it is drawn as it stands."""
        lon, lat = ground.representative_point().coords[0]
        self.until(
            "the grid to be drawn",
            lambda: [face["id"] for face in self.under(lon, lat, "plan-fill-new", "plan-fill")][:1] == [name],
        )
        self.click_map(lon, lat)

    def draw(self, *places: tuple[float, float]) -> None:
        """Click a line and end it with Enter."""
        for lon, lat in places:
            x, y = self.spot(lon, lat)
            self.page.mouse.move(x, y, steps=4)
            # A hand's pace: two clicks at once would be a double click.
            self.page.mouse.click(x, y, delay=60)
        self.page.keyboard.press("Enter")

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Pull something from a place to another."""
        x, y = self.spot(*start)
        self.page.mouse.move(x, y, steps=3)
        self.page.mouse.down()
        self.page.mouse.move(*self.spot(*end), steps=8)
        self.page.mouse.up()

    def encircle(self, place: tuple[float, float], radius_px: float) -> None:
        """Draw around a place with the button held."""
        x, y = self.spot(*place)
        self.page.mouse.move(x + radius_px, y)
        self.page.mouse.down()
        for step in range(1, 17):
            turn = step / 16 * 2 * math.pi
            self.page.mouse.move(x + radius_px * math.cos(turn), y + radius_px * math.sin(turn))
        self.page.mouse.up()

    def between(self, one: str, other: str) -> list[tuple[float, float]]:
        """The longest stretch of border between two grids."""
        lines = [
            [(lon, lat) for lon, lat in arc["xy"]]
            for arc in self.drawn_plan()["arcs"]
            if {arc["left"], arc["right"]} == {one, other} and not arc["fixed"]
        ]
        return max(lines, key=lambda line: float(shapely.LineString(line).length))


def across(ground: shapely.Geometry) -> tuple[tuple[float, float], tuple[float, float]]:
    """A line from west to east through the middle of a ground, a little over both sides."""
    west, _, east, _ = ground.bounds
    _, lat = ground.representative_point().coords[0]
    reach = (east - west) * 0.12
    return (west - reach, lat), (east + reach, lat)


def simple_grid(one: Planner) -> str:
    """A grid of a common size whose middle line cuts it once, with people in it."""
    plan, grounds = one.drawn_plan(), one.grounds()
    sized = sorted(plan["grids"], key=lambda grid: -grid["measures"].get("buildings", 0))
    for grid in sized[5:]:
        ground = grounds[grid["id"]]
        cut = shapely.intersection(ground, shapely.LineString(across(ground)))
        if len(ground.geoms) == 1 and cut.geom_type == "LineString" and 4e-6 < ground.area < 4e-5:
            return str(grid["id"])
    raise AssertionError("no grid to cut")


def same(one: dict[str, shapely.MultiPolygon], other: dict[str, shapely.MultiPolygon]) -> bool:
    """Whether two coverages are the same to the last bit."""
    return one.keys() == other.keys() and all(
        shapely.equals_exact(shapely.normalize(one[name]), shapely.normalize(other[name]), 0) for name in one
    )


def sound(grounds: dict[str, shapely.MultiPolygon], area: float) -> None:
    """No gap, no overlap, nothing gained or lost, by GEOS."""
    assert shapely.coverage_is_valid(list(grounds.values()))
    assert sum(ground.area for ground in grounds.values()) == pytest.approx(area, rel=1e-9)


def paintable(one: Planner, giver: str, taker: str, ground: shapely.MultiPolygon, border: Any) -> tuple[str, Any]:
    """A building of one part near the new border that the other part could take."""
    west, south, east, north = ground.bounds
    found = one.ask("GET", f"/ogc/collections/building/items?bbox={west},{south},{east},{north}&limit=2000")
    inside = [
        (shapely.distance(border, place), feature["properties"]["key"], place)
        for feature in found["features"]
        if shapely.covers(ground, place := shapely.geometry.shape(feature["geometry"]).representative_point())
    ]
    version = one.drawn_plan()["plan"]["version"]
    for _, key, place in sorted(inside, key=lambda row: row[:2])[:12]:
        asked = {"version": version, "operation": {"op": "reassign", "to": taker, "buildings": [key]}}
        if "version" in one.ask("POST", f"/plans/{one.key}/try", asked):
            return key, place
    raise AssertionError(f"no building of {giver} can go over")


def draw_around_lock_and_take_out(one: Planner, grid: str, area: float, version: int) -> int:
    """The lasso, the lock, a corner taken out, one building one grid looked at; answers with the version at the end."""
    community = {each["id"]: each["community_code"] for each in one.drawn_plan()["grids"]}
    grounds = one.grounds()
    beside = {
        name: shapely.length(shapely.intersection(ground, grounds[grid]))
        for name, ground in grounds.items()
        if name != grid and community[name] == community[grid]
    }
    taker = max(beside, key=lambda name: beside[name])
    one.look_around(shapely.union(grounds[grid], grounds[taker]), 0.2)
    middle = shapely.line_interpolate_point(shapely.LineString(one.between(grid, taker)), 0.5, normalized=True)
    one.put_away()
    one.tool("a", "lasso")
    one.click_grid(taker, grounds[taker])
    expect(one.at("plan-paint-to")).to_be_visible()
    one.encircle((middle.x, middle.y), 40)
    expect(one.at("plan-take")).to_be_enabled()
    one.page.keyboard.press("Enter")
    one.version(version + 1)
    sound(one.grounds(), area)
    # A locked grid keeps its ground, and says so where it was pulled at.
    one.put_away()
    one.tool("l", "lock")
    one.click_grid(taker, one.grounds()[taker])
    one.version(version + 2)
    border = one.between(grid, taker)
    corner = border[len(border) // 2]
    one.tool("e", "edge")
    one.drag(corner, (corner[0] + 2e-4, corner[1] + 2e-4))
    expect(one.at("plan-refused")).to_have_attribute("data-reason", "locked")
    one.page.keyboard.press("Control+z")
    one.version(version + 3)
    # A corner that is clicked on goes by a key.
    x, y = one.spot(*corner)
    one.page.mouse.move(x, y, steps=3)
    one.page.mouse.click(x, y)
    one.page.keyboard.press("Delete")
    one.version(version + 4)
    assert corner not in one.between(grid, taker)
    # One building, one grid: seen before it is made, and left.
    one.put_away()
    one.click_grid(grid, one.grounds()[grid])
    one.tool("b", "building")
    expect(one.at("plan-building-parts")).to_be_visible()
    one.page.keyboard.press("Escape")
    # What changed is laid into the whole once the hand rests, and what was there before is there no more.
    one.until("one layer of borders", lambda: one.drawn("plan-line") and not one.drawn("plan-line-new"))
    assert {line["id"] for line in one.drawn("plan-line")} <= {arc["id"] for arc in one.drawn_plan()["arcs"]}
    assert {face["id"] for face in one.drawn("plan-fill")} <= one.grounds().keys()
    return version + 4


@pytest.mark.parametrize("turn", TURNS)
def test_a_planner_redraws_grids(open_page: Callable[..., Page], demo: Installation, turn: int) -> None:
    on_the_map = live(demo)
    # A laptop's size: software draws a wall in twice the time.
    one = Planner(open_page(1366, 768, dark=turn % 2 == 1)).sign_in("planner", "demo-planner").ready()
    # D1: a plan on the edition in force.
    one.open(f"临江调整 {turn}")
    start = one.grounds()
    area = sum(ground.area for ground in start.values())
    sound(start, area)
    grid = simple_grid(one)
    one.look_around(start[grid])
    # D2: split by drawing a line.
    line = across(start[grid])
    one.tool("s", "split")
    one.draw(*line)
    one.version(1)
    split = one.grounds()
    (part,) = split.keys() - start.keys()
    sound(split, area)
    expect(one.at(f"balance-row-{part}")).to_be_visible()
    # A line that parts nothing is refused, and says why beside the pointer.
    middle = start[grid].representative_point()
    one.draw((middle.x, middle.y + 1e-5), (middle.x + 2e-5, middle.y + 1.5e-5))
    expect(one.at("plan-refused")).to_have_attribute("data-reason", "no-cut")
    one.page.keyboard.press("Escape")
    # The new border is pulled north in its middle: a corner is made, and both sides have it.
    shared = shapely.intersection(split[grid], split[part])
    held = shapely.line_interpolate_point(shapely.line_merge(shared), 0.5, normalized=True)
    pulled = (held.x, held.y + (start[grid].bounds[3] - start[grid].bounds[1]) * 0.06)
    one.page.keyboard.press("Escape")
    one.tool("e", "edge")
    one.drag((held.x, held.y), pulled)
    one.version(2)
    bent = one.grounds()
    sound(bent, area)
    assert not shapely.equals(bent[part], split[part])
    # Painting: a building goes over with its ground.
    border = shapely.intersection(bent[grid], bent[part])
    key, place = paintable(one, grid, part, bent[grid], border)
    one.page.keyboard.press("Escape")
    one.tool("p", "paint")
    one.click_grid(part, bent[part])
    expect(one.at("plan-paint-to")).to_be_visible()
    one.until(
        "the building to be drawn", lambda: any(b.get("key") == key for b in one.drawn("building", "building-3d"))
    )
    x, y = one.spot(place.x, place.y)
    one.page.mouse.move(x, y, steps=3)
    one.page.mouse.down()
    one.page.mouse.move(x + 2, y + 1, steps=2)
    one.page.mouse.up()
    expect(one.at("plan-painted")).to_be_visible()
    expect(one.at("plan-take")).to_be_enabled()
    one.page.keyboard.press("Enter")
    one.version(3)
    painted = one.grounds()
    sound(painted, area)
    assert shapely.covers(painted[part], place)
    # Merged again: one grid, its ground as it was before.
    one.page.keyboard.press("Escape")
    one.tool("m", "merge")
    for name in (grid, part):
        one.click_grid(name, painted[name])
    expect(one.at("plan-take")).to_be_enabled()
    one.page.keyboard.press("Enter")
    one.version(4)
    merged = one.grounds()
    sound(merged, area)
    assert merged.keys() == start.keys()
    # Undo to the beginning, redo to the end: every step as it was, to the last bit.
    for number, was in zip((5, 6, 7, 8), (painted, bent, split, start), strict=True):
        one.page.keyboard.press("Control+z")
        one.version(number)
        assert same(one.grounds(), was)
    for number, was in zip((9, 10, 11, 12), (split, bent, painted, merged), strict=True):
        one.page.keyboard.press("Control+Shift+z")
        one.version(number)
        assert same(one.grounds(), was)
    last = draw_around_lock_and_take_out(one, grid, area, 12)
    # Nothing of it is on the live map.
    assert live(demo) == on_the_map
    # The page opens again where it was.
    one.page.reload()
    one.ready()
    one.version(last)


@pytest.mark.parametrize("turn", TURNS)
def test_a_plan_is_proposed_reviewed_published_and_rolled_back(
    open_page: Callable[..., Page], demo: Installation, turn: int
) -> None:
    one = Planner(open_page(1366, 768, dark=False)).sign_in("planner", "demo-planner").ready()
    one.open(f"均衡方案 {turn}")
    before = current(demo)
    grid = simple_grid(one)
    # D4: proposals for its community; the most even one is taken.
    community = next(g for g in one.drawn_plan()["grids"] if g["id"] == grid)["community_code"]
    one.at("plan-tab-propose").click()
    one.at("propose-community").select_option(community)
    one.at("propose-send").click()
    expect(one.at("options")).to_be_visible(timeout=90_000)
    one.at("option-0").click()
    one.at("option-adopt").click()
    one.version(1)
    grounds = one.grounds()
    sound(grounds, sum(ground.area for ground in grounds.values()))
    # D5: what changes hands, then in for review.
    one.at("plan-tab-impact").click()
    expect(one.at("impact-building")).to_be_visible(timeout=30_000)
    one.at("plan-tab-review").click()
    one.at("review-submit").click()
    expect(one.at("plan-state")).to_have_text("待审核")
    # Another right decides and publishes.
    two = Planner(open_page(1024, 768)).sign_in("command", "demo-command").ready()
    two.page.goto(f"{demo.url}/#p=plan&k={one.key}")
    expect(two.at("plan-head")).to_be_visible(timeout=30_000)
    two.at("plan-tab-review").click()
    two.at("review-approve").click()
    expect(two.at("review-publish")).to_be_visible()
    edition = f"e2e-{turn}-{os.getpid()}"
    two.at("publish-edition").fill(edition)
    two.at("review-publish").click()
    two.at("review-publish-sure").click()
    expect(two.at("review-done")).to_be_visible(timeout=60_000)
    until("the edition in force", lambda: current(demo) == edition)
    expect(one.at("review-done")).to_be_visible()
    # D6: rolled back.
    two.at("review-rollback").click()
    two.at("review-rollback-sure").click()
    until("the edition before it in force", lambda: current(demo) == before)


def current(demo: Installation) -> str:
    """The edition in force."""
    with connect(demo.cluster.dsn(), autocommit=True) as conn:
        row = conn.execute("SELECT edition FROM city").fetchone()
    assert row is not None
    return str(row["edition"])


def live(demo: Installation) -> tuple[Any, ...]:
    """How many grids the live map has, and when the last of them changed."""
    with connect(demo.cluster.dsn(), autocommit=True) as conn:
        row = conn.execute("SELECT count(*) AS n, max(sys_from) AS last FROM grid").fetchone()
    assert row is not None
    return tuple(row.values())
