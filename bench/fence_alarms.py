"""False alarms of the fences' machine beside a plain threshold (inside when the fix is), on simulated noisy tracks.

Tracks whose truth is known: half stay outside, along the border at 0 to 3 times their error, and should raise nothing;
half come in for minutes and leave, and should raise one coming in each. The error is normal, drifts over half a minute
as receivers' errors do, and one fix in two hundred is wild.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, box

from bench.ground import Ground
from bench.row import Row
from onemap.fences import machine
from onemap.fences.declare import read
from onemap.fences.engine import Engine
from onemap.fences.index import METRES_PER_DEGREE
from onemap.fences.memory import FIX

LON, LAT, TRACKS, FIXES = 110.0, 29.0, 400, 600
_EAST = METRES_PER_DEGREE * float(np.cos(np.radians(LAT)))
_DRIFT_S = 30.0


def rows(ground: Ground) -> Iterator[Row]:
    """`fences.false_alarms`: comings-in that did not happen, ours beside the plain threshold's, as peer / ours."""
    tracks, comes = _tracks(np.random.default_rng(20260701))
    plain = [_plain(track) for track in tracks]
    ours = _ours(tracks)
    found, found_plain = (sum(n > 0 for n, come in zip(which, comes, strict=True) if come) for which in (ours, plain))
    false, false_plain = (
        sum(max(0, n - come) for n, come in zip(which, comes, strict=True)) for which in (ours, plain)
    )
    note = (
        f"{TRACKS} tracks of {FIXES} fixes; found {found} of {sum(comes)} comings-in, the plain threshold {found_plain}"
    )
    share = false / max(1, false_plain)
    if found < found_plain:
        note += "; detection is NOT equal"
    yield Row("fences.false_alarms", false, false_plain, "inside when the fix is inside", "false alarms",
              round(0.1 / max(share, 1e-6), 3), 1.0, f"{note}; share {share:.4f}, reach 0.1")  # fmt: skip


def _tracks(rng: np.random.Generator) -> tuple[list[np.ndarray], list[int]]:
    """Fixes (FIX) of each track and how often it truly came in; the fence is all west of LON."""
    tracks, comes = [], []
    for n in range(TRACKS):
        accuracy = float(rng.choice([5.0, 10.0, 20.0]))
        sigma = accuracy / machine.SIGMAS_IN_ACCURACY
        come = n % 2
        t = np.arange(FIXES, dtype=float)
        if come:
            truth = np.interp(t, [0, 150, 200, 400, 450, FIXES], [120, 120, -120, -120, 120, 120])
        else:
            truth = np.full(FIXES, sigma * rng.uniform(0.0, 3.0))
        error = np.empty((FIXES, 2))
        keep = np.exp(-1.0 / _DRIFT_S)
        error[0] = rng.normal(0, sigma, 2)
        for i in range(1, FIXES):
            error[i] = keep * error[i - 1] + np.sqrt(1 - keep**2) * rng.normal(0, sigma, 2)
        # Half of the error is white, half drifts; together they are what the receiver says of itself.
        error = np.sqrt(0.5) * error + np.sqrt(0.5) * rng.normal(0, sigma, (FIXES, 2))
        wild = rng.uniform(size=FIXES) < 0.005
        error[wild] += rng.normal(0, 400.0, (int(wild.sum()), 2))
        fixes = np.zeros(FIXES, FIX)
        fixes["mover"], fixes["xid"] = n, np.arange(FIXES)
        fixes["at_s"] = datetime(2026, 7, 1, tzinfo=UTC).timestamp() + t
        fixes["lon"], fixes["lat"] = LON + (truth + error[:, 0]) / _EAST, LAT + error[:, 1] / METRES_PER_DEGREE
        fixes["accuracy_m"] = accuracy
        tracks.append(fixes)
        comes.append(come)
    return tracks, comes


def _plain(track: np.ndarray) -> int:
    inside = track["lon"] <= LON
    return int(np.sum(inside[1:] & ~inside[:-1])) + int(inside[0])


def _ours(tracks: list[np.ndarray]) -> list[int]:
    engine = Engine(ZoneInfo("Asia/Shanghai"))
    for n in range(len(tracks)):
        engine.put_mover(n, "vehicle")
    spec = {"name": "f", "source": {"type": "polygon", "geometry": {}}, "events": ["enter", "exit"]}
    shape = MultiPolygon([box(LON - 0.05, LAT - 0.05, LON, LAT + 0.05)])
    engine.put_fence(1, read(spec), shapely.normalize(shape))
    engine.take(np.concatenate(tracks))
    events, _ = engine.given()
    ins = events[np.isin(events["kind"], (machine.ENTER, machine.APPEARED))]
    return np.bincount(ins["mover"], minlength=len(tracks)).tolist()
