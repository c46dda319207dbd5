"""Random fixes and edits: the compiled engine and the slow machine say the same, however the fixes are cut up."""

from __future__ import annotations

import math
import os
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from onemap.fences import machine
from onemap.fences.declare import read
from onemap.fences.engine import ENDED, Engine
from onemap.fences.ground import buffered
from onemap.fences.memory import FIX
from tests.unit.fence_oracle import Oracle, Pair

#: The whole proof is a million; the suite takes a share of it.
STEPS = int(os.environ.get("ONEMAP_FENCE_ORACLE", "50000"))
LON, LAT, WIDE = 110.40, 29.10, 0.03
T0 = datetime(2026, 7, 1, tzinfo=UTC).timestamp()
KINDS = ("drone", "vehicle", "team_device", None)
MOVERS = 24
ACCURACIES_M = [-1.0, 0.0, 3.0, 8.0, 20.0, 60.0, 400.0, 2000.0]


def shape(rng: np.random.Generator) -> MultiPolygon:
    """A star, sometimes with a hole, sometimes of two parts."""

    def star(x: float, y: float, size: float) -> BaseGeometry:
        turns = np.sort(rng.uniform(0, 2 * math.pi, int(rng.integers(3, 9))))
        radii = size * rng.uniform(0.3, 1.0, len(turns))
        ring = Polygon(np.column_stack((x + radii * np.cos(turns), y + radii * np.sin(turns))))
        return shapely.make_valid(ring)

    while True:
        x, y = LON + rng.uniform(-WIDE, WIDE), LAT + rng.uniform(-WIDE, WIDE)
        size = float(rng.choice([0.0003, 0.001, 0.004, 0.01]))
        geom = star(x, y, size)
        if rng.uniform() < 0.3:
            geom = geom.difference(star(x, y, size / 3))
        if rng.uniform() < 0.2:
            geom = geom.union(star(x + 3 * size, y, size / 2))
        geom = shapely.make_valid(geom)
        parts = [part for part in shapely.get_parts(geom) if part.geom_type == "Polygon" and part.area > 1e-10]
        made = MultiPolygon(parts)
        if parts and made.is_valid:
            return made


def declaration(rng: np.random.Generator, centre: int | None) -> dict[str, Any]:
    low = float(rng.choice([0.0, 0.1, 0.2, 0.4]))
    source: dict[str, Any] = {"type": "polygon", "geometry": {"type": "Polygon", "coordinates": []}}
    if centre is not None:
        source = {"type": "mover", "key": f"m{centre}", "radius_m": float(rng.uniform(50, 900))}
    band = rng.uniform() < 0.2
    spec: dict[str, Any] = {
        "name": "f", "source": source, "exit_p": low, "enter_p": float(rng.choice([low + 0.1, 0.8, 0.95, 1.0])),
        "events": ["enter", "exit", "cross"] if rng.uniform() < 0.5 else ["enter", "exit"],
        "approach_m": float(rng.choice([0, 0, 40, 300, 1500])), "dwell_s": float(rng.choice([0, 0, 30, 200])),
        "max_speed_mps": float(rng.choice([20, 70, 70, 250])), "floor_m": 40.0 if band else None,
        "on_create": str(rng.choice(["nothing", "event"])),
        "mover_kinds": ["drone"] if rng.uniform() < 0.2 else [],
    }  # fmt: skip
    if rng.uniform() < 0.1:
        spec["valid_until"] = datetime.fromtimestamp(T0 + rng.uniform(0, 4000), UTC).isoformat()
    return spec


def walk(rng: np.random.Generator, here: np.ndarray, at: float) -> tuple[float, ...]:
    """A mover's next fix: most go on, some jump, some come late, some are vague."""
    chance = rng.uniform()
    step = 0.0002 if chance < 0.7 else 0.003 if chance < 0.95 else 0.05
    here += rng.normal(0, step, 2)
    here[:] = np.clip(here, (LON - WIDE, LAT - WIDE), (LON + WIDE, LAT + WIDE))
    lon, lat = here + rng.normal(0, 0.00005, 2)
    if rng.uniform() < 0.02:
        lon, lat = lon + 0.3, lat - 0.1  # a wild fix: the mover is not there
    when = at - float(rng.uniform(0, 60)) if rng.uniform() < 0.03 else at
    accuracy = float(rng.choice(ACCURACIES_M, p=[0.1, 0.05, 0.3, 0.3, 0.15, 0.06, 0.03, 0.01]))
    return when, float(lon), float(lat), float(rng.choice([0.0, 30.0, 80.0])), accuracy


def code(pair: Pair) -> int:
    """A pair of the oracle's as the engine keeps it."""
    state = machine.STATE_NAMES.index(pair.state)
    return machine.UNSEEN_DOUBT if pair.doubt == "unseen" else -(state + 1) if pair.doubt else state


class Both:
    """The engine and the oracle side by side."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        kinds = {m: KINDS[m % len(KINDS)] for m in range(MOVERS)}
        self.engine = Engine(ZoneInfo("Asia/Shanghai"))
        self.oracle = Oracle({m: str(kind) for m, kind in kinds.items()})
        for mover, kind in kinds.items():
            self.engine.put_mover(mover, kind)
        self.at = T0
        self.next_id = 1
        self.waiting: list[tuple[float, ...]] = []
        self.places = np.array([LON, LAT]) + self.rng.uniform(-WIDE, WIDE, (MOVERS, 2))
        self.seen: list[tuple[int, int, str, float]] = []

    def edit(self) -> None:
        self.flush()
        rng, oracle, engine = self.rng, self.oracle, self.engine
        chance, ids = rng.uniform(), list(oracle.fences)
        if ids and (chance < 0.2 or len(ids) > 60):
            gone = int(rng.choice(ids))
            oracle.drop(gone)
            engine.drop_fence(gone)
            return
        fid = int(rng.choice(ids)) if ids and chance < 0.5 else self.next_id
        self.next_id += fid == self.next_id
        centre = int(rng.integers(MOVERS)) if rng.uniform() < 0.08 else None
        before = oracle.fences.get(fid)
        if before is not None:
            centre = before.centre
        said = read(declaration(rng, centre))
        ground = shape(rng) if centre is None else buffered(shapely.Point(LON, LAT), said.source.radius_m)
        oracle.put(fid, said, ground, centre)
        engine.drawn([engine.put_fence(fid, said, ground, centre)], self.at)
        oracle.drawn(fid, self.at)

    def fix(self) -> None:
        mover = int(self.rng.integers(MOVERS))
        self.at += float(self.rng.exponential(0.3)) if self.rng.uniform() > 0.0005 else 700.0
        one = walk(self.rng, self.places[mover], self.at)
        self.oracle.fix(mover, *one)
        # Each fix is a transaction of its own here: late ones come in the order in which they came.
        self.waiting.append((mover, len(self.waiting), *one))

    def flush(self) -> None:
        if self.waiting:
            self.engine.take(np.array(self.waiting, dtype=FIX))
            self.waiting = []

    def tick(self) -> None:
        self.flush()
        self.engine.tick(self.at)
        self.oracle.tick(self.at)

    def compare(self) -> int:
        """Differences, 0 or an assertion that shows the first of them."""
        self.flush()
        events, _ = self.engine.given()
        ours = sorted(
            (int(e["mover"]), int(e["fence"]), machine.EVENT_NAMES[e["kind"]], round(float(e["at_s"]), 5))
            for e in events
            if e["kind"] not in (machine.WITHDREW, ENDED)
        )
        theirs = sorted((m, f, kind, round(at, 5)) for m, f, kind, at in self.oracle.events)
        self.oracle.events = []
        engine_only, oracle_only = sorted(set(ours) - set(theirs)), sorted(set(theirs) - set(ours))
        assert ours == theirs, f"only the engine: {engine_only[:5]}, only the oracle: {oracle_only[:5]}"
        held = self.engine.pairs.held()
        ids, fids = self.engine.mover_ids, self.engine.fences["id"]
        states = {
            (int(ids[p["mover"]]), int(fids[p["fence"]])): p["state"]
            for p in held
        }  # fmt: skip
        expected = {key: code(pair) for key, pair in self.oracle.pairs.items()}
        assert states == {key: state for key, state in expected.items() if state}
        assert int(self.engine.counts[0]) == self.oracle.late
        return len(theirs)


def test_a_million_fixes_and_edits_and_no_difference() -> None:
    events = done = 0
    round_ = 0
    while done < STEPS:
        both = Both(20260701 + round_)
        for _ in range(20):
            both.edit()
        steps = min(25_000, STEPS - done)
        for n in range(steps):
            chance = both.rng.uniform()
            if chance < 0.002:
                both.edit()
            elif chance < 0.003:
                both.tick()
            elif chance < 0.01:
                both.flush()
            else:
                both.fix()
            if n % 500 == 499:
                events += both.compare()
        events += both.compare()
        done += steps
        round_ += 1
    assert events > STEPS / 50  # something happened
