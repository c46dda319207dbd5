"""Fences, movers and how they stand to each other, in memory: fixes, edits and the clock in, events out. No database.

The caller gives fixes in the order in which they were committed; two engines given the same in the same order say the
same, however it is cut into batches.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime
from statistics import NormalDist
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from shapely.geometry.base import BaseGeometry

from onemap.fences import batch, machine
from onemap.fences.crossing import Ways
from onemap.fences.declare import EVENTS, MOVER_KINDS, Declared, hour_of_week
from onemap.fences.index import METRES_PER_DEGREE, FenceIndex
from onemap.fences.memory import (
    BELIEF,
    BELIEVED,
    BY_CHANGE,
    BY_CLOCK,
    BY_DRAWING,
    EVENT,
    FENCE,
    LIMITS_MPS,
    MOVE,
    TRACK,
    WAY,
    Array,
    Pairs,
    Slots,
    grown,
)

#: Fences are kept in one index for each of these distances of approaching, so that a far one costs only its like.
_APPROACHES_M = (0.0, 50.0, 200.0, 1_000.0, 5_000.0, 20_000.0)
#: Probabilities closer than this to 0 and 1 are taken as they.
_SURE = 1e-6
#: Within so many σ of a fence that it is in, an object's distance is told; beyond, it is out for certain.
_NEAR_SIGMAS = 5.3
#: A fence rests from now on, or is gone: its pairs ended without an event.
ENDED = 11
#: Inside or dwelling, in doubt.
_LEAVING = (-machine.INSIDE - 1, -machine.DWELLING - 1)
_ON_CREATE = ("nothing", "event", "warn")


class Engine:
    """The state of all fences. One owner; not for two threads."""

    def __init__(self, zone: ZoneInfo) -> None:
        self.zone = zone
        self.fences = np.zeros(64, FENCE)
        self.fence_slots = Slots()
        self.mover_slots = Slots()
        self.mover_ids = np.zeros(64, np.int64)
        self.kinds = np.zeros(64, np.uint8)
        self.taken = np.full(64, -math.inf)
        self.limits: list[float] = []
        self.tracks = np.zeros((0, 64), TRACK)
        self.pairs = Pairs()
        self.counts = np.zeros(3, np.int64)  # late, too vague, doubted
        self._indexes: dict[int, FenceIndex] = {}
        self._sigmas = np.zeros(2 * len(_APPROACHES_M))
        self._moving: set[int] = set()
        self._dwelling: set[int] = set()
        self._weekly: dict[int, bool] = {}
        self._bounds = np.full((64, 4), math.nan)
        self._ways = Ways()
        self._waiting: dict[int, tuple[list[int], list[BaseGeometry]]] | None = None
        self._events: list[Array] = []
        self._moves: list[Array] = []

    # -- what there is ----------------------------------------------------------------------------------------------

    def put_mover(self, mover_id: int, kind: str | None) -> int:
        """A mover, or its new kind; returns its slot."""
        slot = self.mover_slots.take(mover_id)
        if slot >= len(self.taken):
            size = slot + 1
            self.taken = grown(self.taken, size, -math.inf)
            self.mover_ids, self.kinds = grown(self.mover_ids, size), grown(self.kinds, size)
            wider = np.zeros((len(self.limits), len(self.taken)), TRACK)
            wider["at_s"] = -math.inf
            wider[:, : self.tracks.shape[1]] = self.tracks
            self.tracks = wider
        self.mover_ids[slot] = mover_id
        # A kind of its own for those that say none: no list of kinds names it.
        self.kinds[slot] = 1 << MOVER_KINDS.index(kind) if kind in MOVER_KINDS else 128
        self.pairs.room(0, slot + 1)
        return slot

    def limit_of(self, speed_mps: float) -> int:
        """The place of a speed limit among those in use; a new one believes what the most generous other does."""
        limit = next((one for one in LIMITS_MPS if one >= speed_mps), LIMITS_MPS[-1])
        if limit not in self.limits:
            fresh = np.zeros((1, len(self.taken)), TRACK)
            fresh["at_s"] = -math.inf
            if self.limits:
                fresh[0] = self.tracks[int(np.argmax(self.limits))]
                fresh["run"], fresh["moved"] = 0, True
            self.limits.append(limit)
            self.tracks = np.concatenate((self.tracks, fresh))
        return self.limits.index(limit)

    def seed(self, limit: float, slot: int, taken_s: float, values: tuple[float, ...]) -> None:
        """A mover's stored last believed fix under a limit that is in use: the fields of TRACK up to the last."""
        self.taken[slot] = max(self.taken[slot], taken_s)
        self.tracks[self.limits.index(limit), slot] = (*values, False)

    def place(self, slot: int, at_s: float, lon: float, lat: float, altitude_m: float, accuracy_m: float) -> None:
        """Where a mover of which nothing is stored stands, under every limit."""
        self.taken[slot] = at_s
        error = accuracy_m if accuracy_m >= 0 else machine.UNKNOWN_ACCURACY_M
        for track in self.tracks:
            track[slot] = (at_s, lon, lat, altitude_m, error, 0, 0.0, 0.0, 0.0, 0.0, True)

    def put_fence(self, fence_id: int, declared: Declared, ground: BaseGeometry, centre: int | None = None) -> int:
        """A fence, or its new declaration or ground; `centre` is the mover's id of a moving one. Returns its slot."""
        held = 0
        if fence_id in self.fence_slots.of:
            held = int(self.fences[self.fence_slots.of[fence_id]]["held"])
            self._forget(self.fence_slots.of[fence_id])
        slot = self.fence_slots.take(fence_id)
        if slot >= len(self.fences):
            self.fences = grown(self.fences, slot + 1)
            self._bounds = grown_bounds(self._bounds, len(self.fences))
        moving = declared.source.type == "mover"
        cross = "cross" in declared.events | declared.warn_on and not moving
        week = [0, 0, 0]
        for hour, on in enumerate(declared.week or ()):
            week[hour >> 6] |= int(on) << (hour & 63)
        kinds = sum(1 << MOVER_KINDS.index(kind) for kind in declared.mover_kinds)
        reach = next(n for n, most in enumerate(_APPROACHES_M) if declared.approach_m <= most) * 2 + cross
        enter, exit_ = min(declared.enter_p, 1 - _SURE), max(declared.exit_p, _SURE)
        here = -1 if not moving else self.mover_slots.of.get(-1 if centre is None else centre, -2)
        self.fences[slot] = (
            fence_id, here != -2, enter, exit_, declared.approach_m, declared.dwell_s,
            self.limit_of(declared.max_speed_mps), -math.inf if declared.floor_m is None else declared.floor_m,
            math.inf if declared.ceiling_m is None else declared.ceiling_m,
            -math.inf if declared.valid_from is None else declared.valid_from.timestamp(),
            math.inf if declared.valid_until is None else declared.valid_until.timestamp(),
            declared.week is not None, *week, kinds, cross, here, declared.source.radius_m, reach, held,
            _mask(declared.events), _mask(declared.warn_on), _ON_CREATE.index(declared.on_create),
        )  # fmt: skip
        if moving:
            self._moving.add(slot)
        else:
            self._sigmas[reach] = max(
                self._sigmas[reach], *(NormalDist().inv_cdf(1 - p) for p in (enter, exit_ * machine.SURE))
            )
            self._indexed(reach, slot, ground)
            self._bounds[slot] = ground.bounds
            if cross:
                self._ways.put(slot, ground)
        if declared.dwell_s > 0:
            self._dwelling.add(slot)
        if declared.week is not None:
            self._weekly.setdefault(slot, True)
        return slot

    def fill(self, fences: Iterable[tuple[int, Declared, BaseGeometry, int | None]]) -> None:
        """Many fences at once into an empty engine: their indexes are built in one go."""
        waiting: dict[int, tuple[list[int], list[BaseGeometry]]] = {}
        self._waiting = waiting
        for one in fences:
            self.put_fence(*one)
        self._waiting = None
        for reach, (slots, grounds) in waiting.items():
            self._indexes[reach] = FenceIndex.build(np.array(slots, np.int64), np.array(grounds, dtype=object))

    def drop_fence(self, fence_id: int) -> None:
        """Take a fence away: its pairs end without an event."""
        slot = self.fence_slots.of.get(fence_id)
        if slot is None:
            return
        self._end(slot)
        self._forget(slot)
        self.fences[slot]["live"] = False
        self.fence_slots.give(fence_id)

    def _forget(self, slot: int) -> None:
        fence = self.fences[slot]
        if slot not in self._moving and int(fence["reach"]) in self._indexes:
            self._indexes[int(fence["reach"])].drop(slot)
        self._bounds[slot] = math.nan
        self._moving.discard(slot)
        self._dwelling.discard(slot)
        self._ways.drop(slot)
        self._weekly.pop(slot, None)

    def _indexed(self, reach: int, slot: int, ground: BaseGeometry) -> None:
        if self._waiting is not None:
            slots, grounds = self._waiting.setdefault(reach, ([], []))
            slots.append(slot)
            grounds.append(ground)
            return
        if reach not in self._indexes:
            self._indexes[reach] = FenceIndex.build(np.empty(0, np.int64), np.empty(0, dtype=object))
        self._indexes[reach].put(slot, ground)

    # -- fixes ------------------------------------------------------------------------------------------------------

    def take(self, fixes: Array) -> None:
        """Take fixes (FIX; `mover` is a slot) through the machine."""
        if not len(fixes):
            return
        fixes = fixes[np.lexsort((fixes["at_s"], fixes["xid"], fixes["mover"]))]
        if not self.limits:
            self.limit_of(machine_default())
        before = self.tracks.copy() if self._moving else None
        belief = np.zeros((len(self.limits), len(fixes)), BELIEF)
        batch.believe(fixes, self.taken, self.tracks, np.array(self.limits), belief, self.counts)
        hours = self._hours(fixes["at_s"])
        if self._indexes:
            self._fixed(fixes, hours, belief)
        if before is not None:
            self._carried(fixes, hours, belief, before)

    def _fixed(self, fixes: Array, hours: Array, belief: Array) -> None:
        first, fence, metres = self._near(fixes, belief)
        boxes = _Boxes(len(fence) + len(fixes))
        ways = np.zeros(len(fence) + 64, WAY)
        at = 0
        while True:
            at = batch.run(
                at, fixes, hours, self.kinds, belief, first, fence, metres, self.fences, self.pairs.pool,
                self.pairs.heads, self.pairs.state, boxes.events, boxes.moves, ways, boxes.filled,
            )  # fmt: skip
            if boxes.filled[2]:
                self._crossed(fixes, belief, ways[: boxes.filled[2]], boxes)
            self._collect(boxes)
            if at == len(fixes):
                return
            self.pairs.room(len(self.pairs.pool), len(self.pairs.heads))
            boxes.widen()
            ways = np.zeros(len(boxes.events), WAY)

    def _near(self, fixes: Array, belief: Array) -> tuple[Array, Array, Array]:
        """Fences near each believed fix: where each fix's part begins (n + 1,), slots, signed metres."""
        believed = np.flatnonzero((belief["trust"] > 0).any(axis=0))
        error = np.where(fixes["accuracy_m"] >= 0, fixes["accuracy_m"], machine.UNKNOWN_ACCURACY_M)[believed]
        sigma = np.maximum(error, machine.LEAST_ACCURACY_M) / machine.SIGMAS_IN_ACCURACY
        holding = self.pairs.heads[fixes["mover"][believed]] >= 0
        lon, lat = fixes["lon"][believed], fixes["lat"][believed]
        parts: list[tuple[Array, Array, Array]] = []
        for reach, index in self._indexes.items():
            if not len(index):
                continue
            radius = np.maximum(self._sigmas[reach] * sigma, _APPROACHES_M[reach >> 1] * machine.AWAY)
            radius = np.where(holding, np.maximum(radius, _NEAR_SIGMAS * sigma), radius)
            if reach & 1:
                radius = np.maximum(radius, _way_m(fixes[believed], belief[:, believed]))
            point, fence, metres = index.near(lon, lat, radius)
            parts.append((believed[point], fence, metres))
        if not parts:
            return np.zeros(len(fixes) + 1, np.int64), np.empty(0, np.int64), np.empty(0)
        if len(parts) == 1:
            point, fence, metres = parts[0]
        else:
            point, fence, metres = (np.concatenate(column) for column in zip(*parts, strict=True))
            order = np.lexsort((fence, point))
            point, fence, metres = point[order], fence[order], metres[order]
        return np.searchsorted(point, np.arange(len(fixes) + 1)), fence, metres

    def _crossed(self, fixes: Array, belief: Array, ways: Array, boxes: _Boxes) -> None:
        """Write the events of those ways that lie inside a fence for longer than both errors explain."""
        found = np.zeros(len(ways), EVENT)
        count = 0
        for i, slot in zip(ways["fix"].tolist(), ways["fence"].tolist(), strict=True):
            fix, one = fixes[i], belief[int(self.fences[slot]["speed"]), i]
            error = fix["accuracy_m"] if fix["accuracy_m"] >= 0 else machine.UNKNOWN_ACCURACY_M
            inside = self._ways.inside_m(slot, one["lon"], one["lat"], fix["lon"], fix["lat"])
            if inside > error + one["accuracy_m"]:
                found[count] = (
                    slot, fix["mover"], machine.CROSS, fix["at_s"], fix["lon"], fix["lat"], math.nan, math.nan,
                    error + one["accuracy_m"], inside, 0, i, False, False, False,
                )  # fmt: skip
                count += 1
        boxes.add(found[:count])

    def _carried(self, fixes: Array, hours: Array, belief: Array, before: Array) -> None:
        """The same fixes through the fences that move."""
        moving = np.array(sorted(slot for slot in self._moving if self.fences[slot]["live"]), np.int64)
        if not len(moving):
            return
        order = np.lexsort((fixes["mover"], fixes["at_s"], fixes["xid"]))
        movers = self.mover_slots.size
        boxes, at = _Boxes(len(fixes) + len(moving) + movers), 0
        while True:
            self.pairs.room(len(moving) + movers + len(fixes), len(self.pairs.heads))
            at = batch.run_moving(
                at, order, fixes, hours, self.kinds, belief, movers, before, moving, self.fences, self.pairs.pool,
                self.pairs.heads, self.pairs.state, boxes.events, boxes.moves, boxes.filled,
            )  # fmt: skip
            self._collect(boxes)
            if at == len(order):
                return
            boxes.widen()

    def _hours(self, at_s: Array) -> Array:
        """The hour of the city's week of each instant; offsets change at quarters of an hour at the finest."""
        if not self._weekly:
            return np.zeros(len(at_s), np.int64)
        quarters, place = np.unique(np.floor(at_s / 900.0), return_inverse=True)
        hours = [hour_of_week(datetime.fromtimestamp(q * 900.0, UTC), self.zone) for q in quarters.tolist()]
        return np.array(hours, np.int64)[place]

    # -- edits and the clock ----------------------------------------------------------------------------------------

    def drawn(self, slots: Iterable[int], at_s: float) -> None:
        """Weigh everybody with a known place against fences that are new or were changed.

        Who is inside now and was not raises what the author chose; who is inside no longer has left.
        """
        hour = int(self._hours(np.array([at_s]))[0])
        for slot in slots:
            fence = self.fences[slot]
            if not self.mover_slots.size:
                continue
            track = self.tracks[int(fence["speed"]), : self.mover_slots.size]
            present = np.abs(at_s - track["at_s"]) <= machine.SILENCE_S
            known = present & self._about(slot, track)
            if fence["held"]:
                held = self.pairs.held()
                known[held["mover"][held["fence"] == slot]] = True
                known &= track["at_s"] > -math.inf
            movers = np.flatnonzero(known)
            if not len(movers):
                continue
            distance = self._distance(slot, track[movers])
            for mover, metres in zip(movers.tolist(), distance.tolist(), strict=True):
                self._weigh_drawn(slot, mover, metres, at_s, hour, present=bool(present[mover]))

    def peopled(self, at_s: float) -> set[int]:
        """Slots of all fences that `drawn` may have something to say of: asked once, where many fences are new."""
        found = self._moving | set(np.flatnonzero(self.fences["held"]).tolist())
        for track in self.tracks[:, : self.mover_slots.size]:
            here = track[np.abs(at_s - track["at_s"]) <= machine.SILENCE_S]
            for index in self._indexes.values():
                if len(index) and len(here):
                    found.update(index.near(here["lon"], here["lat"], _near_m(here["accuracy_m"]))[1].tolist())
        return found

    def _weigh_drawn(self, slot: int, mover: int, metres: float, at_s: float, hour: int, *, present: bool) -> None:
        fence, track = self.fences[slot], self.tracks[int(self.fences[slot]["speed"]), mover]
        node = batch.find(self.pairs.pool, self.pairs.heads, mover, slot)
        state = machine.real(int(self.pairs.pool[node]["state"])) if node >= 0 else 0
        error = float(track["accuracy_m"])
        if fence["centre"] >= 0:
            error = math.hypot(error, float(self.tracks[int(fence["speed"]), int(fence["centre"])]["accuracy_m"]))
        p = machine.probability(metres, machine.sigma_of(error))
        if not fence["floor_m"] <= track["altitude_m"] <= fence["ceiling_m"]:
            p = 0.0
        reaches = batch.active(fence, at_s, hour, int(self.kinds[mover])) and mover != fence["centre"]
        if state >= machine.INSIDE and (p <= fence["exit_p"] or not reaches):
            self._emit(slot, mover, machine.EXIT, at_s, p, metres, float(fence["exit_p"]), BY_CHANGE)
            self._move(slot, mover, node, machine.OUTSIDE, at_s)
        elif state == machine.APPROACHING and not (reaches and p < fence["enter_p"]):
            self._move(slot, mover, node, machine.OUTSIDE, at_s)
            state, node = machine.OUTSIDE, -1
        if state < machine.INSIDE and present and reaches and p >= fence["enter_p"]:
            self._move(slot, mover, node, machine.INSIDE, at_s)
            if fence["on_create"]:
                self._emit(slot, mover, machine.APPEARED, at_s, p, metres, float(fence["enter_p"]), BY_DRAWING)

    def tick(self, at_s: float) -> None:
        """What the clock does: stays that are long enough, fences whose hours are over."""
        if self._dwelling:
            pool = self.pairs.pool[: self.pairs.state[1]]
            inside = np.flatnonzero(pool["state"] == machine.INSIDE)
            stay = self.fences["dwell_s"][pool["fence"][inside]]
            due = inside[(stay > 0) & (pool["since_s"][inside] + stay + machine.LATE_S <= at_s)]
            for node in due.tolist():
                pair = pool[node]
                slot, mover, since = int(pair["fence"]), int(pair["mover"]), float(pair["since_s"])
                stay_s = float(self.fences[slot]["dwell_s"])
                self._move(slot, mover, node, machine.DWELLING, since)
                self._emit(slot, mover, machine.DWELL, since + stay_s, math.nan, math.nan, stay_s, BY_CLOCK)
        hour = int(self._hours(np.array([at_s]))[0])
        for slot, awake in list(self._weekly.items()):
            fence = self.fences[slot]
            on = bool((int(fence[f"week{hour >> 6}"]) >> (hour & 63)) & 1) if fence["weekly"] else True
            if awake and not on:
                self._end(slot)
            self._weekly[slot] = on

    def end(self, slot: int) -> None:
        """A fence is over: its pairs end without an event."""
        self._end(slot)

    def say(self, slot: int, kind: int, at_s: float) -> None:
        """An event of a fence by itself, where anybody is to hear of it."""
        fence = self.fences[slot]
        if (int(fence["events"]) | int(fence["warns"])) >> kind & 1 == 0 and not _tells(fence):
            return
        self._emit(slot, -1, kind, at_s, math.nan, math.nan, math.nan, 0)

    def inside(self, slot: int) -> set[int]:
        """Ids of the movers inside a fence."""
        held = self.pairs.held()
        mine = held[(held["fence"] == slot) & ((held["state"] >= machine.INSIDE) | np.isin(held["state"], _LEAVING))]
        return set(self.mover_ids[mine["mover"]].tolist())

    def hold(self, slot: int, mover: int, state: int, since_s: float) -> None:
        """A stored state, at a start."""
        self.pairs.room(1, mover + 1)
        batch.put(
            self.pairs.pool, self.pairs.heads, self.pairs.state, self.fences, -1, mover, slot, state, since_s
        )  # fmt: skip

    def given(self) -> tuple[Array, Array]:
        """Events and moves since the last time, in order; fences and movers by id."""
        events = np.concatenate([np.empty(0, EVENT), *self._events])
        moves = np.concatenate([np.empty(0, MOVE), *self._moves])
        self._events, self._moves = [], []
        return events, moves

    def _about(self, slot: int, track: Array) -> Array:
        """Movers that may be inside a fence or its uncertainty."""
        if self.fences[slot]["centre"] >= 0:
            known: Array = track["at_s"] > -math.inf
            return known
        west, south, east, north = self._bounds[slot]
        high = _near_m(track["accuracy_m"]) / METRES_PER_DEGREE
        wide = high / np.maximum(np.cos(np.radians(track["lat"])), 0.01)
        lon, lat = track["lon"], track["lat"]
        found: Array = (lon >= west - wide) & (lon <= east + wide) & (lat >= south - high) & (lat <= north + high)
        return found

    def _distance(self, slot: int, tracks: Array) -> Array:
        """Signed metres of some movers to a fence; infinite where that is further than their errors reach."""
        fence = self.fences[slot]
        if fence["centre"] >= 0:
            centre = self.tracks[int(fence["speed"]), int(fence["centre"])]
            away = [batch.metres(t["lon"], t["lat"], centre["lon"], centre["lat"]) for t in tracks]
            return np.asarray(np.array(away) - fence["radius_m"])
        found = np.full(len(tracks), math.inf)
        point, near, metres = self._indexes[int(fence["reach"])].near(
            tracks["lon"], tracks["lat"], _near_m(tracks["accuracy_m"])
        )
        found[point[near == slot]] = metres[near == slot]
        return found

    def _end(self, slot: int) -> None:
        if self.fences[slot]["held"]:
            pool = self.pairs.pool[: self.pairs.state[1]]
            for node in np.flatnonzero((pool["state"] != 0) & (pool["fence"] == slot)).tolist():
                self._move(slot, int(pool[node]["mover"]), node, machine.OUTSIDE, 0.0)
        self._emit(slot, -1, ENDED, math.nan, math.nan, math.nan, math.nan, 0)

    def _move(self, slot: int, mover: int, node: int, state: int, since_s: float) -> None:
        self.pairs.room(1, mover + 1)
        batch.put(
            self.pairs.pool, self.pairs.heads, self.pairs.state, self.fences, node, mover, slot, state, since_s
        )  # fmt: skip
        self._moves.append(
            np.array([(self.fences[slot]["id"], self.mover_ids[mover], state, since_s)], MOVE)
        )  # fmt: skip

    def _emit(
        self, slot: int, mover: int, kind: int, at_s: float, p: float, metres: float, value: float, because: int
    ) -> None:
        fence = self.fences[slot]
        lon = lat = error = math.nan
        if mover >= 0:
            track = self.tracks[int(fence["speed"]), mover]
            lon, lat, error = float(track["lon"]), float(track["lat"]), float(track["accuracy_m"])
        one = np.array(
            [(slot, -1, kind, at_s, lon, lat, p, metres, error, value, because, 0, False, False, False)], EVENT
        )  # fmt: skip
        self._mark(one)
        one["fence"], one["mover"] = fence["id"], self.mover_ids[mover] if mover >= 0 else -1
        self._events.append(one)

    def _collect(self, boxes: _Boxes) -> None:
        """Take what the kernels wrote, by id: a slot may be another fence's soon."""
        events, moves = boxes.taken()
        for part, kept in ((events, self._events), (moves, self._moves)):
            if len(part):
                if part.dtype == EVENT:
                    self._mark(part)
                part["fence"] = self.fences["id"][part["fence"]]
                part["mover"] = self.mover_ids[part["mover"]]
                kept.append(part[np.argsort(part["at_s"], kind="stable")] if part.dtype == EVENT else part)

    def _mark(self, events: Array) -> None:
        """Say of each event (fences by slot) whether it is written, warns, and is told to those who hold warnings."""
        fences = self.fences[events["fence"]]
        drawn = (events["because"] == BY_DRAWING) & (events["kind"] == machine.APPEARED)
        events["write"] = drawn | ((fences["events"] >> events["kind"].astype(np.uint16)) & 1 == 1)
        events["warn"] = (fences["warns"] >> events["kind"].astype(np.uint16)) & 1 == 1
        events["warn"] |= drawn & (fences["on_create"] == 2)
        events["tells"] = _tells(fences)


class _Boxes:
    """Room for what a kernel writes."""

    def __init__(self, size: int) -> None:
        self.events = np.zeros(2 * size + 256, EVENT)
        self.moves = np.zeros(2 * size + 256, MOVE)
        self.filled = np.zeros(3, np.int64)

    def widen(self) -> None:
        """Twice the room; what was written has been taken."""
        self.events = np.zeros(2 * len(self.events), EVENT)
        self.moves = np.zeros(2 * len(self.moves), MOVE)

    def add(self, events: Array) -> None:
        """Write some more events."""
        self.events = grown(self.events, int(self.filled[0]) + len(events))
        self.events[self.filled[0] : self.filled[0] + len(events)] = events
        self.filled[0] += len(events)

    def taken(self) -> tuple[Array, Array]:
        """What was written, and room again."""
        events, moves = self.events[: self.filled[0]].copy(), self.moves[: self.filled[1]].copy()
        self.filled[:] = 0
        return events, moves


def machine_default() -> float:
    """The speed limit that is kept while no fence names one."""
    return LIMITS_MPS[4]


def grown_bounds(bounds: Array, size: int) -> Array:
    """Boxes of fences with room for `size`."""
    wider = np.full((size, 4), math.nan)
    wider[: len(bounds)] = bounds
    return wider


def _near_m(accuracy_m: Array) -> Array:
    found: Array = _NEAR_SIGMAS * np.maximum(accuracy_m, machine.LEAST_ACCURACY_M) / machine.SIGMAS_IN_ACCURACY
    return found


def _tells(fences: Any) -> Any:
    """Whether those who hold warnings hear of a fence's events."""
    return (fences["warns"] > 0) | (fences["on_create"] == 2)


def _mask(names: frozenset[str]) -> int:
    return sum(1 << (EVENTS.index(name) + 1) for name in names)


def _way_m(fixes: Array, belief: Array) -> Array:
    """How long the way to each fix is that may be taken as a straight line; 0 where it may not, any limit."""
    plain = (belief["trust"] == BELIEVED) & (fixes["at_s"] - belief["at_s"] <= machine.CROSS_S)
    east = METRES_PER_DEGREE * np.cos(np.radians(fixes["lat"]))
    way = np.hypot((belief["lon"] - fixes["lon"]) * east, (belief["lat"] - fixes["lat"]) * METRES_PER_DEGREE)
    found: Array = np.where(plain & (way <= machine.CROSS_M), way, 0.0).max(axis=0)
    return found
