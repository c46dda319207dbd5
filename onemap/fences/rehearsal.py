"""Every kind of step done once on a tiny engine, so that no fix and no edit waits for a compiler."""

from __future__ import annotations

from functools import cache
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, box

from onemap.fences.declare import EVENTS, Declared, read
from onemap.fences.engine import Engine
from onemap.fences.memory import FIX, Array

_LON, _LAT, _SIZE = 110.0, 29.0, 0.002


@cache
def rehearse() -> None:
    """Load or compile every kernel of the follower's: half a minute the first time on a machine, a second a process."""
    engine = Engine(ZoneInfo("UTC"))
    for mover, kind in enumerate(("drone", "vehicle", None)):
        engine.put_mover(mover, kind)
    engine.fill([(n, _said(), _ground(n), None) for n in range(3)])
    engine.put_fence(3, _said("mover"), _ground(0), 0)
    engine.put_fence(4, _said(events=list(EVENTS), hours="0-23"), _ground(4))
    for slot, at_s in ((1, 0.0), (2, 1.0)):
        engine.place(slot, at_s, _LON, _LAT, 0.0, 5.0)
    engine.hold(0, 1, 1, 0.0)
    # Through a fence that tells of crossings in ten seconds, into another and away again.
    for batch in range(3):
        engine.take(_fixes(batch))
        engine.tick(1_000.0 * batch)
    # Enough corners in one cell that it is cut within the edit.
    for fence in range(5, 40):
        engine.put_fence(fence, _said(), _ground(4))
    engine.put_fence(1, _said(), _ground(2))
    engine.drawn(range(6), 60.0)
    engine.drop_fence(1)
    engine.given()


def _said(source: str = "polygon", **more: object) -> Declared:
    said = {"type": source, "geometry": {"type": "Polygon"}}
    if source == "mover":
        said = {"type": source, "key": "0", "radius_m": 100.0}  # type: ignore[dict-item]
    return read({"name": "f", "source": said, "dwell_s": 5, "approach_m": 40, **more})


def _ground(n: int) -> MultiPolygon:
    ring = shapely.Point(_LON + n * _SIZE, _LAT).buffer(_SIZE / 4, quad_segs=16)
    return MultiPolygon([ring if n else box(_LON, _LAT, _LON + _SIZE / 2, _LAT + _SIZE / 2)])


def _fixes(batch: int) -> Array:
    fixes = np.zeros(60, FIX)
    fixes["mover"], fixes["xid"] = np.arange(60) % 3, batch
    fixes["at_s"] = 2.0 + 60 * batch + np.arange(60)
    fixes["lon"], fixes["lat"] = _LON + np.arange(60) % 20 * _SIZE / 4, _LAT
    fixes["accuracy_m"] = 5.0
    return fixes
