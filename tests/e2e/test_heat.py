"""Journey C, steps 2-3, and the two seconds of a reading.

Last week's heat, what stands out, why a cell is hot, how good the forecast was, whether a measure helped; and a reading
past its threshold that darkens its slope on an open map.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from onemap.store.db import connect
from tests.e2e.driver import Gauge, OneMap
from tests.running import Installation

#: The highest value that the map has drawn near a place: [lon, lat] and a reach in pixels.
_NEAR = """([lon, lat, reach]) => {
  const map = window.__onemap.map
  const {x, y} = map.project([lon, lat])
  const cells = map.queryRenderedFeatures([[x - reach, y - reach], [x + reach, y + reach]], {layers: ['heat-fill']})
  let best = null
  for (const {properties: {cell, value}} of cells) if (!best || value > best.value) best = {cell, value}
  return best
}"""


def _slopes(demo: Installation) -> list[dict[str, Any]]:
    """Crack meters whose thresholds hold for no time, on hazard points that are calm now and none near another."""
    with connect(demo.cluster.dsn(), autocommit=True) as conn:
        found = conn.execute(
            "SELECT min(t.datastream_key) AS stream, h.name, ST_X(h.geom) AS lon, ST_Y(h.geom) AS lat "
            "FROM threshold t JOIN hazard h ON h.key = t.hazard_key WHERE t.datastream_key LIKE '%%.rate' "
            "AND NOT EXISTS (SELECT 1 FROM warning w WHERE w.hazard_key = h.key AND w.state <> 'ended') "
            "GROUP BY h.key, h.name, h.geom HAVING max(t.hold_s) = 0 ORDER BY h.key"
        ).fetchall()
    apart: list[dict[str, Any]] = []
    for one in found:
        if all(math.hypot(one["lon"] - other["lon"], one["lat"] - other["lat"]) > 0.01 for other in apart):
            apart.append(one)
    return apart


def _show(one: OneMap, surface: str) -> None:
    one.at("rail-heat").click()
    one.at(f"heat-surface-{surface}").click()
    one.until("its cells", lambda: one.drawn("heat-fill"))


@pytest.mark.usefixtures("hushed")
def test_a_reading_past_its_threshold_darkens_its_slope(
    open_page: Callable[..., Page], demo: Installation, gauge: Gauge
) -> None:
    one = OneMap(open_page(900, 640)).sign_in("command", "demo-command").ready()
    _show(one, "risk")
    took: list[float] = []
    slopes = _slopes(demo)[:3]
    assert len(slopes) == 3
    for slope in slopes:
        place = [slope["lon"], slope["lat"], 24]
        one.look_at(slope["lon"], slope["lat"], 15.2)
        one.until("the slope's cells", lambda place=place: not one.moving() and one.page.evaluate(_NEAR, place))
        before = one.page.evaluate(_NEAR, place)
        began = time.perf_counter()
        gauge.publish(slope["stream"], 12.0)
        one.until(
            "darker cells",
            lambda place=place, before=before: (
                (found := one.page.evaluate(_NEAR, place)) and found["value"] > before["value"] * 1.2
            ),
            timeout_s=20,
        )
        took.append(time.perf_counter() - began)
        hot = one.page.evaluate(_NEAR, place)
        one.page.evaluate(
            "cell => { location.hash = location.hash.replace(/&s=[^&]*/, '') + '&s=heat:' + cell }", hot["cell"]
        )
        panel = one.at("heat-cell")
        reading = panel.get_by_test_id("heat-part").filter(has_text=slope["name"]).filter(has_text="12 mm/d")
        expect(reading.first).to_be_visible()
        expect(panel.get_by_test_id("heat-factors")).to_be_visible()
        gauge.publish(slope["stream"], 0.1)
    print(f"reading to darker cells: median {statistics.median(took):.2f} s, worst {max(took):.2f} s")
    assert statistics.median(took) < 2.0
    assert max(took) < 10.0


def test_last_weeks_heat_and_why_a_cell_is_hot(open_page: Callable[..., Page]) -> None:
    one = OneMap(open_page(1100, 720)).sign_in("command", "demo-command").ready()
    _show(one, "incidents")
    one.at("heat-window").get_by_role("button", name="30 天", exact=True).click()
    legend = one.at("heat-legend")
    expect(legend).to_contain_text("近 30 天")
    expect(legend).to_contain_text("起")
    one.at("heat-filters").locator("summary").click()
    one.at("heat-category").get_by_text("市容环境类").click()
    one.until("the category in the address", lambda: "h=incidents:matter-06:30d" in one.page.url)

    one.at("hot-kind").get_by_text("显著").click()
    one.until("outlines", lambda: one.drawn("hotspot-fill", "hotspot-line"))
    expect(one.at("hot-legend")).to_contain_text("不显著")
    expect(one.at("hot-list").get_by_test_id("hot-item").first).to_be_visible()
    one.at("hot-item").first.click()
    one.until("the map there", lambda: not one.moving())
    hot = max(one.drawn("heat-fill"), key=lambda cell: cell["value"])
    one.page.evaluate("cell => { location.hash += '&s=heat:' + cell }", hot["cell"])
    panel = one.at("heat-cell")
    expect(panel.get_by_test_id("heat-part").first).to_be_visible()
    expect(panel.get_by_test_id("hot-cell")).to_contain_text("热点")
    expect(panel.get_by_test_id("heat-history")).to_be_visible()
    expect(panel.get_by_test_id("heat-sources")).to_be_visible()

    # Two windows beside each other: the keys move the line, the address keeps it, leaving takes the second map away.
    panel.get_by_test_id("cell-compare").click()
    expect(one.at("swipe-right")).to_contain_text("去年同期")
    expect(one.at("swipe-map").locator("canvas")).to_have_count(1)
    one.at("swipe-line").focus()
    for _ in range(5):
        one.page.keyboard.press("ArrowRight")
    one.until("the line in the address", lambda: "c=30d~1y:60" in one.page.url)
    one.page.reload()
    one.ready()
    expect(one.at("swipe-line")).to_have_attribute("aria-valuenow", "60")
    expect(one.at("heat-cell")).to_be_visible()
    one.at("swipe-end").click()
    expect(one.at("swipe-map")).to_have_count(0)


def test_the_evidence_stands_beside_the_map(open_page: Callable[..., Page]) -> None:
    one = OneMap(open_page(1100, 720)).sign_in("command", "demo-command").ready()
    _show(one, "incidents")
    one.at("heat-tab-backtest").click()
    panel = one.at("backtest-panel")
    expect(panel.get_by_test_id("verdict-24h")).to_be_visible(timeout=60_000)
    shown = "不在图上显示" not in (panel.get_by_test_id("verdict-24h").text_content() or "")
    expect(panel.get_by_test_id("backtest-hits").first).to_be_visible()
    expect(panel.get_by_test_id("backtest-table").first).to_contain_text("PEI*")
    one.at("heat-tab-surface").click()
    expect(one.at("heat-surface-forecast" if shown else "heat-withheld-forecast")).to_be_visible()

    one.at("heat-tab-trends").click()
    one.at("trend-item").or_(one.at("trends-panel").get_by_text("还没有趋势")).first.wait_for()
    if one.at("trend-item").count():
        one.at("trend-item").first.click()
        expect(one.at("trend-chart")).to_be_visible()
        expect(one.at("detail-panel")).to_be_visible()
        one.at("detail-close").click()

    one.at("heat-tab-effect").click()
    one.look_at(110.48, 29.131, 13.2)
    one.until("the map there", lambda: not one.moving())
    one.at("effect-draw").click()
    for lon, lat in ((110.474, 29.126), (110.486, 29.126), (110.486, 29.136), (110.474, 29.136)):
        one.click_map(lon, lat)
    one.at("draw-done").click()
    expect(one.at("effect-area")).to_contain_text("4 个角")
    one.at("effect-days").get_by_text("14 天").click()
    one.at("effect-before").get_by_text("28 天").click()
    one.at("effect-run").click()
    expect(one.at("effect-verdict")).to_contain_text("95% 区间", timeout=60_000)
    expect(one.at("effect-answer").get_by_test_id("effect-series")).to_be_visible()
    one.until("comparable cells", lambda: one.drawn("effect-comparison"))


def test_the_public_sees_rounded_counts_and_is_told(open_page: Callable[..., Page]) -> None:
    one = OneMap(open_page(390, 844, touch=True)).sign_in("viewer", "demo-viewer").ready()
    one.at("tab-heat").click()
    one.at("heat-surface-incidents").click()
    expect(one.at("heat-legend")).to_contain_text("已按隐私规则取整")
    expect(one.at("heat-tab-effect")).to_have_count(0)
    expect(one.at("heat-withheld-forecast")).to_have_count(0)
