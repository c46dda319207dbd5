"""The machine over a batch of fixes: which are believed, and how each pair of object and fence goes on. Compiled."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit

from onemap.fences import machine
from onemap.fences.index import METRES_PER_DEGREE
from onemap.fences.machine import DWELL, INSIDE, OUTSIDE, WITHDREW, probability, sigma_of
from onemap.fences.memory import BELIEVED, BY_ALTITUDE, BY_JUMP, BY_MOVE, JUMP, UNSEEN

_UNKNOWN, _VAGUE, _SILENCE = machine.UNKNOWN_ACCURACY_M, machine.VAGUE_M, machine.SILENCE_S
_NEW_TRUTH, _CROSS_S, _CROSS_M, _AWAY = machine.NEW_TRUTH, machine.CROSS_S, machine.CROSS_M, machine.AWAY
_ENTER, _EXIT, _APPROACH = machine.ENTER, machine.EXIT, machine.APPROACH

# What `believe` counts.
LATE, TOO_VAGUE, DOUBTED = 0, 1, 2


@njit(cache=True, nogil=True)
def metres(lon: float, lat: float, lon2: float, lat2: float) -> float:
    """Distance in the plane tangent at the first place."""
    east = METRES_PER_DEGREE * math.cos(math.radians(lat))
    return math.hypot((lon2 - lon) * east, (lat2 - lat) * METRES_PER_DEGREE)


@njit(cache=True, nogil=True)
def _too_fast(
    at_s: float, lon: float, lat: float, error: float, at2_s: float, lon2: float, lat2: float, error2: float,
    limit_mps: float,
) -> bool:  # fmt: skip
    """Whether two fixes imply more than the limit, after what both errors explain of the way."""
    way = metres(lon2, lat2, lon, lat) - error - error2
    return way > limit_mps * (at2_s - at_s)


@njit(cache=True, nogil=True)
def believe(fixes: Any, taken: Any, tracks: Any, limits: Any, belief: Any, counts: Any) -> None:
    """Weigh fixes (by mover slot, in the order they came) against what is believed of their movers.

    `taken` (movers,) time of the newest fix taken; `tracks` (limits, movers); `belief` (limits, fixes) is filled.
    A fix not newer than the newest taken changes nothing.
    """
    for i in range(len(fixes)):
        fix = fixes[i]
        for c in range(len(limits)):
            belief[c, i].trust = 0
        if not fix.at_s > taken[fix.mover]:
            counts[LATE] += 1
            continue
        error = fix.accuracy_m if fix.accuracy_m >= 0.0 else _UNKNOWN
        if error > _VAGUE:
            counts[TOO_VAGUE] += 1
            continue
        taken[fix.mover] = fix.at_s
        doubted = False
        for c in range(len(limits)):
            track = tracks[c, fix.mover]
            trust = BELIEVED
            if track.at_s == -math.inf:
                trust |= UNSEEN
            elif _too_fast(
                track.at_s, track.lon, track.lat, track.accuracy_m, fix.at_s, fix.lon, fix.lat, error, limits[c]
            ):
                if track.run > 0 and not _too_fast(
                    track.doubt_s, track.doubt_lon, track.doubt_lat, track.doubt_accuracy_m,
                    fix.at_s, fix.lon, fix.lat, error, limits[c],
                ):  # fmt: skip
                    track.run += 1
                else:
                    track.run = 1
                track.doubt_s, track.doubt_lon, track.doubt_lat = fix.at_s, fix.lon, fix.lat
                track.doubt_accuracy_m, track.moved = error, True
                doubted = True
                if track.run < _NEW_TRUTH:
                    continue
                trust |= JUMP
            if trust == BELIEVED and fix.at_s - track.at_s > _SILENCE:
                trust |= UNSEEN
            one = belief[c, i]
            one.trust, one.at_s, one.lon, one.lat = trust, track.at_s, track.lon, track.lat
            one.accuracy_m = track.accuracy_m
            track.at_s, track.lon, track.lat, track.altitude_m = fix.at_s, fix.lon, fix.lat, fix.altitude_m
            track.accuracy_m, track.run, track.moved = error, 0, True
        if doubted:
            counts[DOUBTED] += 1


@njit(cache=True, nogil=True)
def active(fence: Any, at_s: float, hour: int, kind: int) -> bool:
    """Whether a fence is in force at an instant (`hour` of the city's week) for a kind of mover (a bit)."""
    if not fence.live or at_s < fence.from_s or at_s >= fence.until_s:
        return False
    if fence.kinds != 0 and (fence.kinds & kind) == 0:
        return False
    if fence.weekly:
        week = fence.week0 if hour < 64 else (fence.week1 if hour < 128 else fence.week2)
        return bool(((week >> np.uint64(hour & 63)) & np.uint64(1)) == np.uint64(1))
    return True


@njit(cache=True, nogil=True)
def find(pool: Any, heads: Any, mover: int, fence: int) -> int:
    """The place of a pair, -1 where the object is outside."""
    node = heads[mover]
    while node >= 0 and pool[node].fence != fence:
        node = pool[node].next
    return int(node)


@njit(cache=True, nogil=True)
def put(
    pool: Any, heads: Any, ends: Any, fences: Any, node: int, mover: int, fence: int, state: int, since: float
) -> int:
    """Write a pair's state: a new place for one that was outside, none for one that is. Returns its place."""
    if node >= 0 and state != OUTSIDE:
        pool[node].state, pool[node].since_s = state, since
        return node
    if node < 0:
        if state == OUTSIDE:
            return -1
        node = ends[0]
        if node >= 0:
            ends[0] = pool[node].next
        else:
            node = ends[1]
            ends[1] += 1
        one = pool[node]
        one.fence, one.mover, one.state, one.since_s, one.stamp = fence, mover, state, since, ends[2]
        one.next = heads[mover]
        heads[mover] = node
        fences[fence].held += 1
        return int(node)
    before = heads[mover]
    if before == node:
        heads[mover] = pool[node].next
    else:
        while pool[before].next != node:
            before = pool[before].next
        pool[before].next = pool[node].next
    pool[node].state = 0
    pool[node].next = ends[0]
    ends[0] = node
    fences[fence].held -= 1
    return -1


@njit(cache=True, nogil=True)
def weigh(
    fence: Any, f: int, mover: int, node: int, at_s: float, lon: float, lat: float, altitude_m: float, error: float,
    distance_m: float, trust: int, because: int, order: int, fences: Any, pool: Any, heads: Any, ends: Any,
    events: Any, moves: Any, filled: Any,
) -> int:  # fmt: skip
    """Take one pair one believed fix further; write its new state and its event. Returns the state without doubt."""
    state, since = OUTSIDE, at_s
    if node >= 0:
        state, since = pool[node].state, pool[node].since_s
    p = probability(distance_m, sigma_of(error))
    if altitude_m < fence.floor_m or altitude_m > fence.ceiling_m:
        p, distance_m, because = 0.0, math.inf, BY_ALTITUDE
    after, begun, kind = machine.step(
        state, since, at_s, distance_m, p, fence.enter_p, fence.exit_p, fence.approach_m, fence.dwell_s,
        (trust & UNSEEN) != 0,
    )  # fmt: skip
    if after != state or begun != since:
        if after != OUTSIDE or node >= 0:
            put(pool, heads, ends, fences, node, mover, f, after, begun)
            move = moves[filled[1]]
            move.fence, move.mover, move.state, move.since_s = f, mover, after, begun
            filled[1] += 1
    if kind != 0:
        event = events[filled[0]]
        filled[0] += 1
        event.fence, event.mover, event.kind, event.at_s, event.order = f, mover, kind, at_s, order
        event.lon, event.lat, event.p, event.accuracy_m = lon, lat, p, error
        event.distance_m, event.value = distance_m, math.nan
        event.because = because if because != BY_ALTITUDE or kind == _EXIT else 0
        if kind == _APPROACH:
            event.value = fence.approach_m
        elif kind == DWELL:
            event.value, event.at_s = fence.dwell_s, since + fence.dwell_s
        elif kind == _EXIT:
            event.value = fence.exit_p
        elif kind != WITHDREW:
            event.value = fence.enter_p
    return int(machine.real(after))


@njit(cache=True, nogil=True)
def run(
    start: int, fixes: Any, hours: Any, kinds: Any, belief: Any, first: Any, near_fence: Any, near_m: Any, fences: Any,
    pool: Any, heads: Any, ends: Any, events: Any, moves: Any, ways: Any, filled: Any,
) -> int:  # fmt: skip
    """Take fixes from `start` through the fences near them (`first` gives each fix's part of the pairs).

    Returns the first fix for which the boxes have no room left, or their number.
    """
    for i in range(start, len(fixes)):
        fix = fixes[i]
        held = 0
        node = heads[fix.mover]
        while node >= 0:
            held += 1
            node = pool[node].next
        most = held + first[i + 1] - first[i]
        if filled[0] + most > len(events) or filled[1] + most > len(moves) or filled[2] + most > len(ways):
            return i
        if ends[1] + most > len(pool):
            return i
        ends[2] += 1
        stamp = ends[2]
        error = fix.accuracy_m if fix.accuracy_m >= 0.0 else _UNKNOWN
        for j in range(first[i], first[i + 1]):
            f = near_fence[j]
            fence = fences[f]
            node = find(pool, heads, fix.mover, f) if held > 0 else -1
            if node >= 0:
                pool[node].stamp = stamp
            one = belief[fence.speed, i]
            if one.trust == 0 or not active(fence, fix.at_s, hours[i], kinds[fix.mover]):
                continue
            before = machine.real(pool[node].state) if node >= 0 else OUTSIDE
            because = BY_JUMP if one.trust & JUMP else 0
            after = weigh(
                fence, f, fix.mover, node, fix.at_s, fix.lon, fix.lat, fix.altitude_m, error, near_m[j], one.trust,
                because, i, fences, pool, heads, ends, events, moves, filled,
            )  # fmt: skip
            if fence.cross and before < INSIDE and after < INSIDE and one.trust == BELIEVED:
                if fix.altitude_m >= fence.floor_m and fix.altitude_m <= fence.ceiling_m:
                    way = metres(fix.lon, fix.lat, one.lon, one.lat)
                    if fix.at_s - one.at_s <= _CROSS_S and way <= _CROSS_M and near_m[j] <= way:
                        ways[filled[2]].fix, ways[filled[2]].fence = i, f
                        filled[2] += 1
        if held == 0:
            continue
        node = heads[fix.mover]
        while node >= 0:
            following = pool[node].next
            f = pool[node].fence
            if pool[node].stamp != stamp and fences[f].centre < 0:
                one = belief[fences[f].speed, i]
                if one.trust != 0 and active(fences[f], fix.at_s, hours[i], kinds[fix.mover]):
                    weigh(
                        fences[f], f, fix.mover, node, fix.at_s, fix.lon, fix.lat, fix.altitude_m, error, math.inf,
                        one.trust, BY_JUMP if one.trust & JUMP else 0, i, fences, pool, heads, ends, events, moves,
                        filled,
                    )  # fmt: skip
            node = following
    return len(fixes)


@njit(cache=True, nogil=True)
def run_moving(
    start: int, order: Any, fixes: Any, hours: Any, kinds: Any, belief: Any, movers: int, now: Any, moving: Any,
    fences: Any, pool: Any, heads: Any, ends: Any, events: Any, moves: Any, filled: Any,
) -> int:  # fmt: skip
    """Take fixes, in time (`order`), through the fences that move with a mover: `now` (limits, movers) goes along.

    An object's own fix is weighed against where the centre stood last; the centre's fix against where everybody did.
    """
    for at in range(start, len(order)):
        i = order[at]
        fix = fixes[i]
        most = len(moving) + movers
        if filled[0] + most > len(events) or filled[1] + most > len(moves) or ends[1] + most > len(pool):
            return at
        error = fix.accuracy_m if fix.accuracy_m >= 0.0 else _UNKNOWN
        for c in range(len(now)):
            if belief[c, i].trust != 0:
                here = now[c, fix.mover]
                here.at_s, here.lon, here.lat, here.altitude_m = fix.at_s, fix.lon, fix.lat, fix.altitude_m
                here.accuracy_m = error
        for k in range(len(moving)):
            f = moving[k]
            fence = fences[f]
            one = belief[fence.speed, i]
            if one.trust == 0:
                continue
            centre = now[fence.speed, fence.centre]
            if fence.centre != fix.mover:
                if abs(fix.at_s - centre.at_s) <= _SILENCE and active(fence, fix.at_s, hours[i], kinds[fix.mover]):
                    both = math.hypot(error, centre.accuracy_m)
                    distance = metres(fix.lon, fix.lat, centre.lon, centre.lat) - fence.radius_m
                    weigh(
                        fence, f, fix.mover, find(pool, heads, fix.mover, f), fix.at_s, fix.lon, fix.lat,
                        fix.altitude_m, both, distance, one.trust, BY_JUMP if one.trust & JUMP else 0, i, fences,
                        pool, heads, ends, events, moves, filled,
                    )  # fmt: skip
                continue
            reach = (fence.radius_m + fence.approach_m * _AWAY + 4.0 * _VAGUE) / METRES_PER_DEGREE
            for m in range(movers):
                there = now[fence.speed, m]
                if m == fix.mover or abs(fix.at_s - there.at_s) > _SILENCE:
                    continue
                node = find(pool, heads, m, f)
                if node < 0 and abs(there.lat - fix.lat) > reach:
                    continue
                if active(fence, fix.at_s, hours[i], kinds[m]):
                    both = math.hypot(error, there.accuracy_m)
                    distance = metres(there.lon, there.lat, fix.lon, fix.lat) - fence.radius_m
                    weigh(
                        fence, f, m, node, fix.at_s, there.lon, there.lat, there.altitude_m, both, distance, BELIEVED,
                        BY_MOVE, i, fences, pool, heads, ends, events, moves, filled,
                    )  # fmt: skip
    return len(order)
