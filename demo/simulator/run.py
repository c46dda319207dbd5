"""One run of the simulator: its devices, their rhythm and their doors."""

from __future__ import annotations

import logging
import math
import random
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from demo.simulator.casework import Desk, bulletins, course, pace
from demo.simulator.clockwork import Clockwork
from demo.simulator.doors import BulletinServer, HttpDoor, MqttDoor, Receipt, backoff_s, now_ms
from demo.simulator.journal import Journal
from demo.simulator.reading import Instruments, period_s
from demo.simulator.responders import Responders
from demo.simulator.route import Route, patrol_loop, sortie
from demo.simulator.scene import Mover, Scene, Stream, degrees, load_scene
from demo.simulator.weather import chance, wobble

LOG = logging.getLogger("simulator")
PULLED = "displacement_rate"
"""GNSS stations report through the geologic-hazard service, which is pulled; everything else over MQTT."""


@dataclass(frozen=True)
class Options:
    """What the command line says."""

    url: str
    mqtt_host: str
    mqtt_port: int
    mqtt_user: str | None
    mqtt_password: str | None
    api_key: str | None
    city: Path
    scenario: str
    speed: float
    seed: int
    serve_port: int
    journal: Path | None
    silent: float | None = None  # share of alerts that no team answers; none: nobody answers for any team


def iso_ms(ms: int) -> str:
    """Write wall-clock milliseconds as ISO 8601 in UTC."""
    return (
        datetime.fromtimestamp(ms // 1000, UTC).replace(microsecond=ms % 1000 * 1000).isoformat(timespec="milliseconds")
    )


class Simulator:
    """All devices of the district."""

    def __init__(self, options: Options, stop: threading.Event) -> None:
        """Read the city and open the doors."""
        self.options, self.stop = options, stop
        self.scene: Scene = load_scene(options.city)
        self.storm = options.scenario == "rainstorm"
        self.weather = self.scene.weather(self.storm)
        self.instruments = Instruments(self.scene, self.weather)
        self.started = datetime.now(UTC)
        self._zero = time.monotonic()
        self.desk = Desk(self.scene, options.seed ^ int(self.started.timestamp()), self.started)
        self.journal = Journal(options.journal)
        self.mqtt = MqttDoor(
            options.mqtt_host, options.mqtt_port, options.mqtt_user, options.mqtt_password, self.journal
        )
        self.http = HttpDoor(options.url, options.api_key, self.journal)
        self.bulletin_server = BulletinServer(options.serve_port, self.geohazard) if options.serve_port else None
        self.responders = (
            None
            if options.silent is None
            else Responders(
                options.url, silent=options.silent, seed=options.seed, speed=options.speed, showing=self.storm
            )
        )
        self._pulled = [s for s in self.scene.streams if s.prop == PULLED]
        self._recent: deque[tuple[int, list[dict[str, Any]]]] = deque(maxlen=10)
        self._recent_lock = threading.Lock()
        self._outbox: deque[tuple[dict[str, Any], int]] = deque(maxlen=2000)

    def now_s(self) -> float:
        """Scenario time: wall time since the start, at the run's speed."""
        return (time.monotonic() - self._zero) * self.options.speed

    def geohazard(self) -> dict[str, Any]:
        """Answer the pulled service: bulletins in force and the GNSS readings of the last ten minutes."""
        t = self.now_s()
        minute = now_ms() // 60_000
        with self._recent_lock:
            if not self._recent or self._recent[-1][0] != minute:
                at = iso_ms(now_ms())
                rows = [{"datastream": s.key, "at": at, "value": self.instruments.value(s, t)} for s in self._pulled]
                self._recent.append((minute, rows))
            readings = [row for _, rows in self._recent for row in rows]
        said = bulletins(t, self.started, self.options.speed, self.scene.town_codes, self.storm)
        return {"bulletins": list(said), "readings": readings}

    # devices over MQTT

    def _sensor(self, stream: Stream) -> Callable[[], float]:
        period = period_s(stream, self.storm)

        def report() -> float:
            ms = now_ms()
            at, value = iso_ms(ms), self.instruments.value(stream, self.now_s())
            self.mqtt.publish(
                f"onemap/iot/{stream.key}", {"at": at, "value": value}, Receipt("observation", stream.key, at, value)
            )
            return period

        return report

    def _drone(self, mover: Mover, number: int) -> Callable[[], float]:
        rng = random.Random(self.options.seed * 1009 + number)
        spots = sorted(self.scene.hazards.values(), key=lambda p: math.hypot(p[0] - mover.x, p[1] - mover.y))
        near = spots[: 4 + number % 4]
        # drones whose base is far from the hills watch over the river and the town around them instead
        if not near or math.hypot(near[0][0] - mover.x, near[0][1] - mover.y) > 2500:
            turn = [(k / 6 * 2 * math.pi, rng.uniform(500, 1100)) for k in range(6)]
            near = [(mover.x + r * math.cos(a), mover.y + r * math.sin(a)) for a, r in turn]
        near.sort(key=lambda p: math.atan2(p[1] - mover.y, p[0] - mover.x))
        loop = patrol_loop((mover.x, mover.y), near)
        speed, cruise = rng.uniform(9.0, 13.5), rng.uniform(90.0, 130.0)
        phase = chance("phase", mover.key) * 0.62
        home = self.scene.ground.elevation_m(mover.x, mover.y)
        gateway = f"{mover.key}-DOCK"

        def report() -> float:
            state = sortie(time.monotonic() - self._zero, phase, speed, cruise)
            place = loop.place(state.distance_m)
            x, y = (place.x, place.y) if state.flying else (mover.x, mover.y)
            ms = now_ms()
            lon, lat = degrees(x, y)
            # it keeps its height over the ground below, and never flies into a slope ahead
            height = (self.scene.ground.elevation_m(x, y) if state.flying else home) + state.above_ground_m
            heading = (place.heading_deg + 180) % 360 - 180
            payload = {
                "tid": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
                "bid": str(uuid.UUID(int=rng.getrandbits(128), version=4)),
                "timestamp": ms,
                "gateway": gateway,
                "data": {
                    "latitude": lat,
                    "longitude": lon,
                    "height": round(height, 1),
                    "elevation": round(height - home, 1),
                    "attitude_head": round(heading, 1),
                    "attitude_pitch": round(-6.0 * state.speed_mps / 12, 1),
                    "attitude_roll": 0.0,
                    "horizontal_speed": round(state.speed_mps, 1),
                    "vertical_speed": round(state.climb_mps, 1),
                    "mode_code": 5 if state.flying else 0,
                    "battery": {"capacity_percent": state.battery_pct},
                    "position_state": {"is_fixed": 2, "gps_number": 21, "rtk_number": 24},
                },
            }
            self.mqtt.publish(
                f"thing/product/{mover.key}/osd", payload, Receipt("fix", mover.key, iso_ms(ms), f"{lon},{lat}")
            )
            return 1.0 if state.flying else 15.0

        return report

    def _on_road(self, mover: Mover, number: int) -> Callable[[], float]:
        vehicle = mover.kind == "vehicle"
        cruise = 8.5 if vehicle else 1.3
        tether = 2600.0 if vehicle else 600.0
        route: Route = self.scene.streets.wander(
            mover.x, mover.y, 16_000.0 if vehicle else 2400.0, self.options.seed + number, tether
        )
        period = 3.0 if vehicle else 8.0
        state = {"m": 0.0, "at": time.monotonic()}

        def report() -> float:
            now = time.monotonic()
            # it stops at lights and corners: speed follows a smooth wobble that now and then touches zero
            pace_share = max(0.0, 0.62 + 0.75 * wobble(mover.key, now, 23.0 if vehicle else 60.0))
            speed = min(cruise * 1.3, cruise * pace_share)
            state["m"] += speed * min(now - state["at"], 30.0)
            state["at"] = now
            place = route.place(state["m"])
            error = (
                2.0
                + 3.0 * abs(wobble(mover.key + "e", now, 40.0))
                + (9.0 if chance(mover.key, int(now) // 90) < 0.06 else 0)
            )
            shift = error * 0.4
            lon, lat = degrees(
                place.x + shift * wobble(mover.key + "x", now, 20.0),
                place.y + shift * wobble(mover.key + "y", now, 20.0),
            )
            at = iso_ms(now_ms())
            payload = {"at": at, "lon": lon, "lat": lat, "accuracy_m": round(error, 1),
                       "heading_deg": round(place.heading_deg, 1), "speed_mps": round(speed, 1)}  # fmt: skip
            self.mqtt.publish(f"onemap/fix/{mover.key}", payload, Receipt("fix", mover.key, at, f"{lon},{lat}"))
            return period

        return report

    # incidents over HTTP

    def _incidents(self, clockwork: Clockwork) -> Callable[[], float]:
        rng = random.Random(self.options.seed + 77)

        def happen() -> float:
            strength = self.weather.strength(self.now_s())
            feature = self.desk.open(datetime.now(UTC), strength)
            self._outbox.append((feature, 0))
            due, latest = 0.0, {"feature": feature}
            for step in course(rng)[1:]:
                due += step.after_s / self.options.speed
                clockwork.add(due, self._step(latest, step.status))
            per_s = pace(datetime.now(UTC), strength) / 3600.0 * self.options.speed
            return max(0.4, min(300.0, rng.expovariate(per_s)))

        return happen

    def _step(self, latest: dict[str, dict[str, Any]], status: str) -> Callable[[], None]:
        def go_on() -> None:
            latest["feature"] = self.desk.follow(latest["feature"], status, datetime.now(UTC))
            self._outbox.append((latest["feature"], 0))

        return go_on

    def _post(self) -> float:
        """Send what waits, in order; on failure wait longer each time and send the same again."""
        while self._outbox and not self.stop.is_set():
            feature, failures = self._outbox[0]
            if not self.http.push(feature):
                self._outbox[0] = (feature, failures + 1)
                return backoff_s(failures)
            self._outbox.popleft()
        return 0.25

    def run(self) -> None:
        """Run until stopped."""
        rng = random.Random(self.options.seed)
        devices, desk = Clockwork(self.stop), Clockwork(self.stop)
        for stream in self.scene.streams:
            if stream.prop != PULLED:
                period = period_s(stream, self.storm)
                devices.add(rng.uniform(0, min(period, 20.0)), self._sensor(stream))
        for number, mover in enumerate(self.scene.movers):
            make = self._drone if mover.kind == "drone" else self._on_road
            devices.add(rng.uniform(0, 2.0), make(mover, number))
        desk.add(1.5, self._incidents(desk))
        desk.add(2.0, self._post)
        LOG.info(
            "%d datastreams, %d movers, scenario %s, speed %g",
            len(self.scene.streams), len(self.scene.movers), self.options.scenario, self.options.speed,
        )  # fmt: skip
        office = threading.Thread(target=desk.run, name="desk", daemon=True)
        office.start()
        # On a thread of their own: a team that waits for a slow door holds up no incident.
        phones = Clockwork(self.stop)
        people = threading.Thread(target=phones.run, name="responders", daemon=True)
        if self.responders is not None:
            phones.add(3.0, self.responders.look)
            people.start()
        try:
            devices.run()
        finally:
            self.stop.set()
            self.close(office)

    def close(self, office: threading.Thread) -> None:
        """Close every door; what was not acknowledged by now was not journaled."""
        if self.bulletin_server is not None:
            self.bulletin_server.close()
        self.mqtt.close()
        office.join(timeout=1.0)
        self.http.close()
        if self.responders is not None:
            self.responders.close()
        self.journal.close()
        LOG.info("stopped; %d acknowledged, %d dropped", self.journal.count, self.mqtt.refused)
