"""Journey A: a newcomer opens the map, signs in, and sees the city live."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import Pages
from tests.e2e.driver import OneMap
from tests.running import Installation

HILLS = (110.4475, 29.1265)
CENTRE = (110.487, 29.128)


@pytest.fixture(scope="module")
def signed_in(browser: Browser, demo: Installation) -> Iterator[tuple[OneMap, str]]:
    """A page of the command staff, and its first address: opened once, looked at in turn."""
    pages = Pages(browser, demo.url)
    one = OneMap(pages.open()).sign_in("command", "demo-command").ready()
    one.until("its address", lambda: "=" in one.page.evaluate("() => location.hash"))
    yield one, one.page.evaluate("() => location.hash")
    pages.close("newcomer")


@pytest.fixture
def city(signed_in: tuple[OneMap, str]) -> OneMap:
    """That page as it was when it opened."""
    one, address = signed_in
    one.back(address)
    expect(one.at("detail-panel")).to_have_count(0)
    return one


def test_a_wrong_password_is_told_and_the_right_one_opens_the_map(open_page: Callable[..., Page]) -> None:
    one = OneMap(open_page(calm=False))
    expect(one.at("demo-accounts")).to_be_visible()
    one.sign_in("command", "wrong-password")
    expect(one.at("sign-in-problem")).to_be_visible()
    one.sign_in("command", "demo-command").ready()
    expect(one.at("feed-health")).to_contain_text("数据")
    expect(one.page).to_have_title("云岭区 一张图")


def test_every_layer_of_the_city_is_drawn(city: OneMap) -> None:
    one = city
    one.until("hazard points", lambda: len(one.drawn("hazard", "hazard-warned")) >= 10)
    one.until("roads", lambda: one.drawn("road-primary", "road-secondary"))
    one.until("river", lambda: one.drawn("water"))
    one.until("teams", lambda: one.drawn("team"))
    one.until("incidents", lambda: one.drawn("incident", "incident-cluster"))
    one.until("names in Chinese", lambda: any("云岭" in str(f.get("name")) for f in one.drawn(*_labels(one))))
    one.look_at(*CENTRE, 16.2, pitch=50)
    one.until("buildings in 3-D", lambda: len(one.drawn("building-3d")) > 20)
    one.until("cameras", lambda: one.drawn("camera", "camera-dot"))
    one.look_at(*CENTRE, 15)
    one.until("grids", lambda: one.drawn("grid-line"))
    one.look_at(*HILLS, 14.5)
    one.until("sensors", lambda: one.drawn("sensor", "sensor-dot"))
    one.until("contour lines", lambda: one.drawn("contour"))


def _labels(one: OneMap) -> list[str]:
    found: list[str] = one.page.evaluate(
        "() => window.__onemap.map.getStyle().layers.filter((l) => l.type === 'symbol').map((l) => l.id)"
    )
    return found


def test_drones_move(city: OneMap) -> None:
    one = city
    one.until("movers", lambda: len(one.drawn("mover")) > 3)
    before = {f["key"]: f["at"] for f in one.drawn("mover")}
    one.until(
        "a mover elsewhere",
        lambda: any(f["key"] in before and f["at"] != before[f["key"]] for f in one.drawn("mover")),
    )


def test_layers_can_be_switched_off_and_on(city: OneMap) -> None:
    one = city
    one.until("hazard points", lambda: one.drawn("hazard"))
    one.at("rail-layers").click()
    expect(one.at("layers-panel")).to_be_visible()
    one.at("layer-toggle-hazard").click()
    one.until("no hazard points", lambda: not one.drawn("hazard"))
    one.at("layer-toggle-hazard").click()
    one.until("hazard points again", lambda: one.drawn("hazard"))


def test_parts_are_seen_by_who_asks_for_them(city: OneMap) -> None:
    one = city
    one.look_at(*CENTRE, 16.5)
    one.at("rail-layers").click()
    one.until("the map without them", lambda: not one.moving())
    assert one.drawn("part", "part-dot") == []
    one.at("layer-toggle-part").click()
    expect(one.at("legend-part")).to_contain_text("园林绿化设施")
    one.until("parts", lambda: one.drawn("part") and not one.moving())
    drawn = one.drawn("part", "camera", "sensor", "incident", "incident-solved", "team", "mover")
    # One that stands alone, so that the pointer means it and nothing beside it.
    alone = [f for f in drawn if "class_code" in f and sum(math.dist(f["at"], o["at"]) < 0.0001 for o in drawn) == 1]
    part = min(alone, key=lambda f: math.dist(f["at"], CENTRE))
    x, y = one.spot(*part["at"])
    steps = count()

    def named() -> bool:
        # A hand is never quite still; the map answers when it moves.
        one.page.mouse.move(x + next(steps) % 2, y)
        return any(part["name"] in tip for tip in one.page.locator(".tip").all_inner_texts())

    one.until("its name", named)
    one.click_map(*part["at"])
    expect(one.at("attributes")).to_contain_text(part["class_code"])
    expect(one.at("attributes")).to_contain_text("主管部门")


def test_heat_explains_a_cell(city: OneMap) -> None:
    one = city
    one.at("rail-heat").click()
    one.at("heat-surface").get_by_text("综合风险").click()
    one.until("risk cells", lambda: one.drawn("heat-fill"))
    expect(one.at("heat-legend")).to_contain_text("每格")
    coarse = {f["cell"] for f in one.drawn("heat-fill")}
    one.look_at(*HILLS, 15.2)
    one.until("finer cells", lambda: {f["cell"] for f in one.drawn("heat-fill")} - coarse)
    found = one.until("a hazard point", lambda: one.drawn("hazard", "hazard-warned"))
    hazard = min((f["at"] for f in found), key=lambda at: math.dist(at, HILLS))
    one.look_at(hazard[0], hazard[1], 16)
    one.until("its cells", lambda: one.drawn("heat-fill") and not one.moving())
    # Beside the glyph, which would open the hazard point itself.
    one.click_map(hazard[0] + 0.0008, hazard[1] + 0.0003)
    expect(one.at("heat-part").first).to_be_visible()


def test_a_feature_opens_with_real_content(city: OneMap) -> None:
    one = city
    hazard = one.until("hazard points", lambda: one.drawn("hazard"))[0]
    one.look_at(*hazard["at"], 16)
    one.ready()
    one.until(
        "it alone",
        lambda: not one.moving() and any(f["key"] == hazard["key"] for f in one.drawn("hazard", "hazard-warned")),
    )
    one.click_map(*hazard["at"])
    expect(one.at("detail-panel")).to_contain_text(hazard["name"])
    expect(one.at("attributes")).to_contain_text("坡度")
    # One that no page holds, by the end of its name.
    houses = one.ask("GET", "/ogc/collections/building/items?limit=50")["features"]
    name = next(f["properties"]["name"] for f in houses if f["properties"]["name"])
    one.page.keyboard.press("/")
    one.at("search-input").fill(name[1:])
    one.at("search-result").filter(has_text=name).first.click()
    expect(one.at("search-input")).to_be_hidden()
    expect(one.at("detail-panel")).to_contain_text(name)
    expect(one.at("attributes")).to_contain_text("层数")


def test_a_click_in_the_frame_of_a_jump_means_what_is_drawn_there(city: OneMap) -> None:
    one = city
    hazard = one.until("hazard points", lambda: one.drawn("hazard"))[0]
    one.until("a map at rest", lambda: not one.moving())
    # In one task of the page: the map has placed its symbols for where it looked before.
    one.page.evaluate(
        """([lon, lat]) => {
          const map = window.__onemap.map
          map.jumpTo({center: [lon, lat], zoom: 16})
          const canvas = map.getCanvas()
          const box = canvas.getBoundingClientRect()
          const {x, y} = map.project([lon, lat])
          const where = {clientX: box.x + x, clientY: box.y + y, bubbles: true}
          for (const what of ['mousedown', 'mouseup', 'click']) canvas.dispatchEvent(new MouseEvent(what, where))
        }""",
        hazard["at"],
    )
    expect(one.at("detail-panel")).to_contain_text(hazard["name"])


def test_english_and_the_address_of_a_view(open_page: Callable[..., Page]) -> None:
    one = OneMap(open_page()).sign_in("command", "demo-command").ready()
    one.look_at(*CENTRE, 15)
    one.at("rail-heat").click()
    one.until("the address follows", lambda: "15" in one.page.evaluate("() => location.hash"))
    one.page.reload()
    one.ready()
    expect(one.at("heat-panel")).to_be_visible()
    assert abs(one.page.evaluate("() => window.__onemap.map.getZoom()") - 15) < 0.01
    one.at("account-menu").click()
    one.at("lang-choice").get_by_text("English").click()
    expect(one.at("heat-panel")).to_contain_text("Composite risk")


def test_the_viewer_sees_no_cameras_or_teams(open_page: Callable[..., Page], demo: Installation) -> None:
    one = OneMap(open_page()).sign_in("viewer", "demo-viewer").ready()
    one.look_at(*CENTRE, 15)
    one.until("roads", lambda: one.drawn("road-primary", "road-secondary", "road-tertiary", "road-local"))
    assert one.drawn("camera", "camera-dot", "team", "mover") == []
    answer = one.page.request.get(f"{demo.url}/tiles/camera.json")
    assert answer.status == 404
