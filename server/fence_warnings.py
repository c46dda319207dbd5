"""Between fences and warnings, which know nothing of each other: events that warn hold a warning up, their end lets go.

An object holds the warning of a fence for as long as what it did lasts: from coming in to leaving, in a keep-in area
from leaving to coming back. What nothing undoes (a crossing, an absence) holds it for a while.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from prometheus_client import Gauge

from onemap.core import clock
from onemap.core.settings import CaseSettings, Settings
from onemap.fences import wording
from onemap.fences.follow import Follower
from onemap.fences.rehearsal import rehearse
from onemap.fences.writing import Happening
from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings import lifecycle
from onemap.warnings.lifecycle import Claim

#: How long a crossing or an absence holds its warning up.
MOMENT = timedelta(minutes=15)
_MOMENTS = ("cross", "absent_when_due")
_INS = ("enter", "appeared_inside")

FENCES = Gauge("onemap_fences", "Declared fences that are followed.")
TAKEN = Gauge("onemap_fence_fixes", "Fixes taken through fences since the start, by what they came to.", ["what"])
EVENTS = Gauge("onemap_fence_events", "Events at fences since the start.")
LOADS = Gauge("onemap_fence_loads", "Times that the fences' follower loaded its memory anew.")


class FenceLoop:
    """The worker's loop of fences: the follower, what its events do to warnings, and its measures."""

    def __init__(self, settings: Settings) -> None:
        self._clocks = settings.cases
        self.follower = Follower(clock.zone_of(settings.zone), self._warn)
        self._rehearsed = False

    def step(self, conn: Connection) -> int:
        """One step of the follower; beside the first, which loads the fences, its kernels are made ready."""
        if not self._rehearsed:
            self._rehearsed = True
            threading.Thread(target=rehearse, name="fences-rehearse", daemon=True).start()
        done = self.follower.step(conn)
        counts = self.follower.counts
        FENCES.set(counts.fences)
        EVENTS.set(counts.events)
        LOADS.set(counts.loads)
        for what in ("fixes", "late", "vague", "doubted"):
            TAKEN.labels(what).set(getattr(counts, what))
        return done

    def _warn(self, conn: Connection, happenings: Sequence[Happening]) -> dict[int, str]:
        return warn(conn, happenings, self._clocks)


def warn(conn: Connection, happenings: Sequence[Happening], clocks: CaseSettings) -> dict[int, str]:
    """Hold warnings up and let go of them as these events say, in the caller's transaction; warning keys by event."""
    rows = conn.execute(sql("fence_named"), {"ids": sorted({one.fence_id for one in happenings})}).fetchall()
    fences = {row["id"]: row for row in rows if row["level"] is not None}
    lifecycle.lock(conn, [_subject(fence) for fence in fences.values()])
    keys: dict[int, str] = {}
    for one in happenings:
        fence = fences.get(one.fence_id)
        if fence is None:
            continue
        if one.kind in ("ended", "fence_expired"):
            _all(conn, fence, "expired" if one.kind == "fence_expired" else "ended", clocks)
        elif one.warn:
            key = None if one.stale else _hold(conn, fence, one, clocks)
            if key is not None and one.event_id is not None:
                keys[one.event_id] = key
        elif one.kind in ("exit", "withdrew") or (one.kind in _INS and "exit" in fence["spec"].get("warn_on", ())):
            _let_go(conn, fence, one, clocks)
    return keys


def _hold(conn: Connection, fence: Mapping[str, Any], one: Happening, clocks: CaseSettings) -> str | None:
    zh, en = _why(fence, one)
    said = Claim(
        subject=_subject(fence),
        claimant=_claimant(fence, one),
        level=fence["level"],
        source="fence",
        kind="fence",
        cause={
            "text_zh": zh, "text_en": en, "fence_key": fence["key"], "mover_key": one.mover_key, "event": one.kind,
            **{name: (one.told or {}).get(name) for name in ("probability", "distance_m", "accuracy_m", "lon", "lat")},
        },
        at=one.at or clock.now(),
        since=one.at,
        name=fence["name"],
        valid_until=clock.now() + MOMENT if one.kind in _MOMENTS else None,
        anew=True,
    )  # fmt: skip
    return lifecycle.claim(conn, said, clocks).warning_key


def _let_go(conn: Connection, fence: Mapping[str, Any], one: Happening, clocks: CaseSettings) -> None:
    zh, en = _why(fence, one)
    lifecycle.release(
        conn, _subject(fence), _claimant(fence, one), "fell_back", clocks, text_zh=zh, text_en=en
    )  # fmt: skip


def _all(conn: Connection, fence: Mapping[str, Any], reason: lifecycle.EndReason, clocks: CaseSettings) -> None:
    """A fence that rests, is over or is gone holds nothing up."""
    asked = {"subject": _subject(fence), "like": f"fence:{fence['key']}:%"}
    for row in conn.execute(sql("fence_claimants"), asked).fetchall():
        lifecycle.release(conn, _subject(fence), row["claimant"], reason, clocks)


def _why(fence: Mapping[str, Any], one: Happening) -> tuple[str, str]:
    if one.kind not in wording.KINDS or one.told is None:
        return f"{one.mover_name or one.mover_key}不再接近", f"{one.mover_name or one.mover_key} has turned away"
    reason = wording.reason({**one.told, "kind": one.kind})
    who = one.mover_name or one.mover_key or ""
    return f"{who}{reason['zh']}", f"{who} {reason['en']}"


def _subject(fence: Mapping[str, Any]) -> str:
    return f"fence:{fence['key']}"


def _claimant(fence: Mapping[str, Any], one: Happening) -> str:
    return f"fence:{fence['key']}:{one.mover_key}"
