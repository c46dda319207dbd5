"""Drives the map the way a person does; every wait is on something the person would see."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import paho.mqtt.client as paho
from playwright.sync_api import Locator, Page, expect

from tests.running import Installation


class OneMap:
    """One open page of the map."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def at(self, testid: str) -> Locator:
        """The things with that test id."""
        return self.page.get_by_test_id(testid)

    def sign_in(self, login: str, password: str) -> OneMap:
        """Type login and password, and send."""
        self.at("sign-in-login").fill(login)
        self.at("sign-in-password").fill(password)
        self.at("sign-in-submit").click()
        return self

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """What a door answers to this page's account."""
        return self.page.evaluate(
            """async ([method, path, body]) => {
              const headers = body === null ? {} : {'Content-Type': 'application/json'}
              const answer = await fetch(path, {method, headers, body: body === null ? null : JSON.stringify(body)})
              return answer.json()
            }""",
            [method, path, body],
        )

    def ready(self) -> OneMap:
        """Wait until the map has drawn itself."""
        self.page.wait_for_selector('body[data-map-idle="1"]', timeout=90_000)
        return self

    def back(self, address: str) -> OneMap:
        """Show what an address of this page says, with no panel open that it does not name."""
        self.page.evaluate("address => { location.hash = address }", address)
        return self

    def until(self, what: str, check: Callable[[], Any], *, timeout_s: float = 60.0) -> Any:
        """Wait for a condition while the page goes on living."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if found := check():
                return found
            self.page.wait_for_timeout(50)
        raise AssertionError(f"after {timeout_s} s still waiting for: {what}")

    def drawn(self, *layers: str) -> list[dict[str, Any]]:
        """Properties and places of what the map has drawn in those style layers."""
        found: list[dict[str, Any]] = self.page.evaluate(
            """(layers) => {
              const map = window.__onemap.map
              const known = layers.filter((id) => map.getLayer(id))
              if (!known.length) return []
              return map.queryRenderedFeatures({layers: known})
                .map((f) => ({...f.properties, at: f.geometry.type === 'Point' ? f.geometry.coordinates : null}))
            }""",
            list(layers),
        )
        return found

    def under(self, lon: float, lat: float, *layers: str) -> list[dict[str, Any]]:
        """Properties of what the map has drawn at a place in those style layers, the uppermost first."""
        found: list[dict[str, Any]] = self.page.evaluate(
            """([lon, lat, layers]) => {
              const map = window.__onemap.map
              const known = layers.filter((id) => map.getLayer(id))
              if (!known.length) return []
              return map.queryRenderedFeatures(map.project([lon, lat]), {layers: known}).map((f) => f.properties)
            }""",
            [lon, lat, layers],
        )
        return found

    def look_at(self, lon: float, lat: float, zoom: float, pitch: float = 0) -> None:
        """Put the map there at once, and wait for its first frame: from then on it knows which tiles it lacks."""
        self._moved("map.jumpTo({center: [what[0], what[1]], zoom: what[2], pitch: what[3]})", [lon, lat, zoom, pitch])

    def show(self, bounds: list[list[float]]) -> None:
        """Put all of a box (south-west, north-east) before the eye, as `look_at` does."""
        self._moved("map.fitBounds(what, {animate: false})", bounds)

    def _moved(self, how: str, what: object) -> None:
        # Nothing is given back: a map that is written out for the driver takes half a minute.
        self.page.evaluate(
            f"""async (what) => {{
              const map = window.__onemap.map
              const drawn = new Promise((done) => map.once('render', () => done(true)))
              {how}
              map.triggerRepaint()
              await drawn
            }}""",
            what,
        )

    def moving(self) -> bool:
        """Whether the map is still moving or drawing."""
        return bool(
            self.page.evaluate("() => { const m = window.__onemap.map; return m.isMoving() || !m.areTilesLoaded() }")
        )

    def kept(self) -> bool:
        """Whether this page would open without a network: its service worker has it."""
        return bool(self.page.evaluate("() => Boolean(navigator.serviceWorker && navigator.serviceWorker.controller)"))

    def spot(self, lon: float, lat: float) -> tuple[float, float]:
        """Where a place is on the screen."""
        x, y = self.page.evaluate(
            "([lon, lat]) => { const p = window.__onemap.map.project([lon, lat]); return [p.x, p.y] }", [lon, lat]
        )
        box = self.at("map").bounding_box()
        assert box is not None
        return box["x"] + x, box["y"] + y

    def click_map(self, lon: float, lat: float) -> None:
        """Click where a place is drawn."""
        self.page.mouse.click(*self.spot(lon, lat))

    def sees(self, testid: str, text: str) -> None:
        """Expect a text there."""
        expect(self.at(testid).filter(has_text=text).first).to_be_visible()


class Gauge:
    """A sensor's own MQTT connection, with the demo's device password."""

    def __init__(self, demo: Installation) -> None:
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.username_pw_set("simulator", demo.secrets["mqtt_simulator"])
        self._client.connect("127.0.0.1", demo.mqtt_port)
        self._client.loop_start()

    def publish(self, datastream: str, value: float) -> None:
        """Send one reading of now, and wait until the broker has it."""
        body = json.dumps({"at": datetime.now(UTC).isoformat(), "value": value})
        info = self._client.publish(f"onemap/iot/{datastream}", body, qos=1)
        info.wait_for_publish(timeout=5)
        assert info.is_published()

    def move(self, mover: str, lon: float, lat: float, accuracy_m: float) -> None:
        """Send where a team's device is now."""
        body = json.dumps({"at": datetime.now(UTC).isoformat(), "lon": lon, "lat": lat, "accuracy_m": accuracy_m})
        info = self._client.publish(f"onemap/fix/{mover}", body, qos=1)
        info.wait_for_publish(timeout=5)
        assert info.is_published()

    def close(self) -> None:
        """Hang up."""
        self._client.disconnect()
        self._client.loop_stop()
