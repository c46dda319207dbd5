"""The slow, obvious fences: shapely for geometry, plain Python for states, one fix and one fence at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import shapely
from shapely.geometry import LineString, Point
from shapely.geometry.base import BaseGeometry

from onemap.fences.declare import Declared

M = 111_195.0
SIGMAS = math.sqrt(-2 * math.log(0.32))
LIMITS = (5, 10, 20, 35, 70, 140, 250, 400)


def plane(geom: BaseGeometry, lon: float, lat: float) -> BaseGeometry:
    east = M * math.cos(math.radians(lat))
    return shapely.transform(geom, lambda xy: (xy - [lon, lat]) * [east, M])


def apart(lon: float, lat: float, lon2: float, lat2: float) -> float:
    return math.hypot((lon2 - lon) * M * math.cos(math.radians(lat)), (lat2 - lat) * M)


def signed(ground: BaseGeometry, lon: float, lat: float) -> float:
    metres = plane(ground, lon, lat).boundary.distance(Point(0, 0))
    return -metres if ground.intersects(Point(lon, lat)) else metres


@dataclass
class Place:
    at: float
    lon: float
    lat: float
    alt: float
    err: float


@dataclass
class Mind:
    """What is believed of a mover under one limit."""

    last: Place | None = None
    doubts: list[Place] = field(default_factory=list)


@dataclass
class Pair:
    state: str = "outside"
    since: float = 0.0
    doubt: str = ""  # the last fix spoke against the state: "plain", or "unseen"


@dataclass
class Fence:
    declared: Declared
    ground: BaseGeometry
    centre: int | None

    @property
    def limit(self) -> int:
        return next(one for one in LIMITS if one >= self.declared.max_speed_mps)


class Oracle:
    def __init__(self, kinds: dict[int, str]) -> None:
        self.kinds = kinds
        self.fences: dict[int, Fence] = {}
        self.minds: dict[tuple[int, int], Mind] = {}
        self.limits: list[int] = []
        self.taken: dict[int, float] = {}
        self.pairs: dict[tuple[int, int], Pair] = {}
        self.events: list[tuple[int, int, str, float]] = []
        self.late = 0

    # -- edits

    def put(self, fid: int, declared: Declared, ground: BaseGeometry, centre: int | None) -> None:
        self.fences[fid] = Fence(declared, ground, centre)
        limit = self.fences[fid].limit
        if limit not in self.limits:
            top = max(self.limits, default=None)
            self.limits.append(limit)
            for mover in self.kinds:
                last = self.minds[(mover, top)].last if top is not None else None
                self.minds[(mover, limit)] = Mind(last)

    def drop(self, fid: int) -> None:
        self.fences.pop(fid, None)
        self.pairs = {key: pair for key, pair in self.pairs.items() if key[1] != fid}

    def drawn(self, fid: int, at: float) -> None:
        fence = self.fences[fid]
        said = fence.declared
        for mover in self.kinds:
            last = self.minds[(mover, fence.limit)].last
            if last is None:
                continue
            pair = self.pairs.setdefault((mover, fid), Pair())
            d, err = self.distance(fence, last)
            if d is None:
                continue
            p = self.p(fence, d, err, last.alt)
            reaches = self.reaches(fence, mover, at)
            inside = pair.state in ("inside", "dwelling")
            high, low = min(said.enter_p, 1 - 1e-6), max(said.exit_p, 1e-6)
            if inside and (p <= low or not reaches):
                self.events.append((mover, fid, "exit", at))
                pair.state, pair.since, pair.doubt = "outside", at, ""
            elif pair.state == "approaching" and not (reaches and p < high):
                pair.state, pair.doubt = "outside", ""
            if not inside and reaches and p >= high:
                if abs(at - last.at) <= 600:
                    pair.state, pair.since, pair.doubt = "inside", at, ""
                    if said.on_create != "nothing":
                        self.events.append((mover, fid, "appeared_inside", at))

    # -- fixes

    def fix(self, mover: int, at: float, lon: float, lat: float, alt: float, accuracy: float) -> None:
        if at <= self.taken.get(mover, -math.inf):
            self.late += 1
            return
        err = accuracy if accuracy >= 0 else 10.0
        if err > 1000:
            return
        self.taken[mover] = at
        here = Place(at, lon, lat, alt, err)
        trusted: dict[int, tuple[str, Place | None]] = {}
        for limit in self.limits:
            mind = self.minds[(mover, limit)]
            how = "plain"
            if mind.last is None:
                how = "unseen"
            elif self.too_fast(mind.last, here, limit):
                if mind.doubts and not self.too_fast(mind.doubts[-1], here, limit):
                    mind.doubts.append(here)
                else:
                    mind.doubts = [here]
                if len(mind.doubts) < 3:
                    continue
                how = "jump"
            elif at - mind.last.at > 600:
                how = "unseen"
            trusted[limit] = (how, mind.last)
            mind.last, mind.doubts = here, []
        for fid, fence in self.fences.items():
            if fence.limit not in trusted:
                continue
            how, before = trusted[fence.limit]
            if fence.centre == mover:
                for other in self.kinds:
                    there = self.minds[(other, fence.limit)].last
                    if other != mover and there is not None and abs(at - there.at) <= 600:
                        self.weigh(other, fid, fence, there, at, "plain", None)
            else:
                self.weigh(mover, fid, fence, here, at, how, before)

    def weigh(
        self, mover: int, fid: int, fence: Fence, place: Place, at: float, how: str, before: Place | None
    ) -> None:  # fmt: skip
        said = fence.declared
        if not self.reaches(fence, mover, at):
            return
        if fence.centre is not None:
            centre = self.minds[(fence.centre, fence.limit)].last
            if centre is None or abs(at - centre.at) > 600:
                return
        way = 0.0 if before is None else apart(place.lon, place.lat, before.lon, before.lat)
        if fence.centre is None and self.far(fence, place) > max(1.3 * said.approach_m, 10 * place.err, 20.0, way):
            d, err = math.inf, place.err  # nothing asks how far exactly
        else:
            d, err = self.distance(fence, place)
        assert d is not None
        p = self.p(fence, d, err, place.alt)
        banned = not self.in_band(said, place.alt)
        if banned:
            d = math.inf
        pair = self.pairs.setdefault((mover, fid), Pair())
        was_inside = pair.state in ("inside", "dwelling")
        doubt, pair.doubt = pair.doubt, ""
        high, low = min(said.enter_p, 1 - 1e-6), max(said.exit_p, 1e-6)
        if was_inside:
            if p <= low:
                if not doubt and p > low / 10:
                    pair.doubt = "plain"
                else:
                    self.events.append((mover, fid, "exit", at))
                    pair.state = "approaching" if 0 < said.approach_m and d <= said.approach_m else "outside"
                    pair.since = at
            elif pair.state == "inside" and said.dwell_s > 0 and at - pair.since >= said.dwell_s:
                pair.state = "dwelling"
                self.events.append((mover, fid, "dwell", pair.since + said.dwell_s))
        elif p >= high:
            unseen = how == "unseen" or doubt == "unseen"
            if not doubt and 1 - p > (1 - high) / 10:
                pair.doubt = "unseen" if unseen and pair.state == "outside" else "plain"
            else:
                self.events.append((mover, fid, "appeared_inside" if unseen else "enter", at))
                pair.state, pair.since = "inside", at
        elif pair.state == "approaching":
            if d > said.approach_m * 1.25:
                pair.state = "outside"
        elif 0 < said.approach_m and d <= said.approach_m:
            self.events.append((mover, fid, "approach", at))
            pair.state, pair.since = "approaching", at
        inside = pair.state in ("inside", "dwelling")
        wants = "cross" in said.events | said.warn_on and fence.centre is None
        if wants and not banned and how == "plain" and before is not None and not was_inside and not inside:
            way = apart(place.lon, place.lat, before.lon, before.lat)
            if at - before.at <= 120 and way <= 2000 and way > 0:
                line = LineString([(before.lon, before.lat), (place.lon, place.lat)])
                share = line.intersection(fence.ground).length / line.length
                if share * way > before.err + place.err:
                    self.events.append((mover, fid, "cross", at))

    def tick(self, now: float) -> None:
        for (mover, fid), pair in self.pairs.items():
            stay = self.fences[fid].declared.dwell_s
            if pair.state == "inside" and not pair.doubt and stay > 0 and pair.since + stay + 5 <= now:
                pair.state = "dwelling"
                self.events.append((mover, fid, "dwell", pair.since + stay))

    # -- words

    def reaches(self, fence: Fence, mover: int, at: float) -> bool:
        said = fence.declared
        if mover == fence.centre or (said.mover_kinds and self.kinds[mover] not in said.mover_kinds):
            return False
        if said.valid_from is not None and at < said.valid_from.timestamp():
            return False
        return said.valid_until is None or at < said.valid_until.timestamp()

    def distance(self, fence: Fence, place: Place) -> tuple[float | None, float]:
        if fence.centre is None:
            return signed(fence.ground, place.lon, place.lat), place.err
        centre = self.minds[(fence.centre, fence.limit)].last
        if centre is None:
            return None, place.err
        metres = apart(place.lon, place.lat, centre.lon, centre.lat)
        return metres - fence.declared.source.radius_m, math.hypot(place.err, centre.err)

    @staticmethod
    def far(fence: Fence, place: Place) -> float:
        """At least this many metres to a fence: to its box."""
        west, south, east, north = fence.ground.bounds
        dx = max(west - place.lon, 0.0, place.lon - east) * M * math.cos(math.radians(place.lat))
        return math.hypot(dx, max(south - place.lat, 0.0, place.lat - north) * M)

    @staticmethod
    def in_band(said: Declared, alt: float) -> bool:
        return (said.floor_m is None or alt >= said.floor_m) and (said.ceiling_m is None or alt <= said.ceiling_m)

    def p(self, fence: Fence, d: float, err: float, alt: float) -> float:
        if not self.in_band(fence.declared, alt):
            return 0.0
        return 0.5 * math.erfc(d / (max(err, 1.0) / SIGMAS) / math.sqrt(2))

    @staticmethod
    def too_fast(a: Place, b: Place, limit: float) -> bool:
        return apart(b.lon, b.lat, a.lon, a.lat) - a.err - b.err > limit * (b.at - a.at)
