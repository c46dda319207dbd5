"""What a rule's inputs are made of, as streams of readings and events: wired to its objects once, loaded for a time.

The dry-run loads the past at once, the live follower keeps its streams and adds what comes; what is asked of them, and
how, is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np

from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings.rules import events
from onemap.warnings.rules.around import Around, FeedLimits
from onemap.warnings.rules.ground import Subject
from onemap.warnings.rules.place import elevations, grouped, pairs
from onemap.warnings.rules.spec import Aggregate, Combine, Input, Rule
from onemap.warnings.rules.steps import (
    EMPTY,
    SECOND,
    Steps,
    Stream,
    aggregated,
    combined,
    constant,
    instant,
    micros,
)  # fmt: skip

#: The newest reading stands for so long; `window` says otherwise. An age is told of what came in the last 30 days.
LAST_S, AGE_S = 86_400.0, 30 * 86_400.0
#: Readings that one load takes; the rest of the time asked is left out.
MOST_READINGS = 8_000_000
_EPOCH_2000 = 946_684_800 * SECOND
_RECORD = np.dtype(
    [("n", ">i2"), ("l0", ">i4"), ("id", ">i8"), ("l1", ">i4"), ("at", ">i8"), ("l2", ">i4"), ("value", ">f8")]
)


@dataclass(frozen=True)
class Wire:
    """What one input of one subject is made of: datastreams by id, or streams of events by their group."""

    ids: tuple[int, ...]
    group: tuple[str, str] | None  # input's name, subject's key
    aggregate: Aggregate
    window: int  # µs
    combine: Combine = "max"
    default: float = float("nan")  # while nothing is known
    feed: FeedLimits | None = None  # its state is asked


@dataclass
class Supply:
    """The wires of one rule, and the event streams that they name; datastreams are shared by all rules."""

    rule: Rule
    subjects: list[Subject]
    around: Around
    wires: dict[str, dict[str, Wire]] = field(default_factory=dict)  # subject, input
    sensors: dict[int, Mapping[str, Any]] = field(default_factory=dict)  # by datastream
    groups: dict[tuple[str, str], list[Stream]] = field(default_factory=dict)

    @classmethod
    def wired(cls, conn: Connection, rule: Rule, subjects: list[Subject], around: Around) -> Supply:
        """Find what every input of every subject is made of."""
        supply = cls(rule, subjects, around, {one.key: {} for one in subjects})
        for one in rule.inputs:
            if one.kind == "reading":
                supply._readings(conn, one)
            else:
                for subject in subjects:
                    supply.wires[subject.key][one.name] = _event_wire(one, subject, around)
        return supply

    @property
    def ids(self) -> set[int]:
        """The datastreams of all wires."""
        return {i for wires in self.wires.values() for wire in wires.values() for i in wire.ids}

    @property
    def reach_s(self) -> float:
        """How far back the windows of readings look, in seconds; what looks at the newest only is found otherwise."""
        return max((_window_s(one) for one in self.rule.inputs if one.kind == "reading" and one.aggregate != "age_s"),
                   default=0.0)  # fmt: skip

    def _readings(self, conn: Connection, one: Input) -> None:
        rows = conn.execute(sql("rule_streams"), {"properties": [one.property]}).fetchall()
        self.sensors |= {row["id"]: row for row in rows}
        window = round(_window_s(one) * SECOND)
        if one.own:
            column = "hazard_key" if self.rule.scope == "hazard" else "sensor_key"
            owned: dict[str, list[int]] = {}
            for row in rows:
                owned.setdefault(row[column], []).append(row["id"])
            chosen = [owned.get(subject.own, []) for subject in self.subjects]
        else:
            chosen = self._near(conn, one, rows)
        for subject, ids in zip(self.subjects, chosen, strict=True):
            self.wires[subject.key][one.name] = Wire(tuple(ids), None, one.aggregate, window, one.combine)

    def _near(self, conn: Connection, one: Input, rows: Sequence[Mapping[str, Any]]) -> list[list[int]]:
        lon = np.array([row["lon"] for row in rows], np.float64)
        lat = np.array([row["lat"] for row in rows], np.float64)
        of, near = pairs(self.subjects, lon, lat, one.within_m)
        if one.upslope and len(of):
            here = elevations(
                conn,
                np.array([subject.lon for subject in self.subjects], np.float64),
                np.array([subject.lat for subject in self.subjects], np.float64),
            )
            higher = elevations(conn, lon, lat)[near] > here[of]  # a height that is not known is not higher
            of, near = of[higher], near[higher]
        ids = np.array([row["id"] for row in rows], np.int64)
        return [ids[near[part]].tolist() for part in grouped(of, len(self.subjects))]

    def load_events(self, conn: Connection, lo: int, hi: int, *, live: bool) -> set[str]:
        """Load the streams of events for lo..hi; returns the subjects of which something changed."""
        changed: set[str] = set()
        for one in self.rule.inputs:
            if one.kind == "reading":
                continue
            found = events.load(conn, self.rule.scope, one, self.subjects, self.around, lo, hi, live=live)
            for subject in self.subjects:
                key = (one.name, subject.key)
                streams = found.get(subject.key, [])
                if not _same(self.groups.get(key, []), streams):
                    self.groups[key] = streams
                    changed.add(subject.key)
        return changed

    def steps(
        self, subject: str, readings: Mapping[int, Stream], lo: int, hi: int, cache: dict[Any, Steps] | None = None
    ) -> dict[str, Steps]:
        """Every input of a subject over lo..hi. `cache` keeps what subjects share, for one and the same span."""
        return {
            name: _steps(wire, self._streams(wire, readings), lo, hi, cache)
            for name, wire in self.wires[subject].items()
        }

    def _streams(self, wire: Wire, readings: Mapping[int, Stream]) -> list[tuple[Any, Stream]]:
        if wire.group is not None:
            return [((*wire.group, k), stream) for k, stream in enumerate(self.groups.get(wire.group, []))]
        return [(i, readings.get(i, EMPTY)) for i in wire.ids]


def _steps(
    wire: Wire, streams: Iterable[tuple[Any, Stream]], lo: int, hi: int, cache: dict[Any, Steps] | None
) -> Steps:
    parts = []
    for key, stream in streams:
        asked = (key, wire.aggregate, wire.window)
        found = cache.get(asked) if cache is not None else None
        if found is None:
            found = _of_feed(wire, stream, lo, hi) or aggregated(stream, wire.aggregate, wire.window, lo, hi)
            if cache is not None:
                cache[asked] = found
        parts.append(found)
    whole = combined(parts, wire.combine, lo) if parts else constant(np.nan, lo)
    if wire.default == wire.default:
        whole = Steps(whole.times, np.where(np.isnan(whole.values), wire.default, whole.values)).squeezed()
    return whole


def _of_feed(wire: Wire, stream: Stream, lo: int, hi: int) -> Steps | None:
    """A feed's state: it changes when the feed is heard, and when it has been silent for its limits."""
    if wire.feed is None:
        return None
    limits = [wire.feed.stale_after_s, 2 * wire.feed.expected_every_s if wire.feed.expected_every_s else None]
    # One microsecond past a limit: at the limit itself the feed is still in time.
    marks = [stream.times, *(stream.times + round(limit * SECOND) + 1 for limit in limits if limit)]
    times = np.unique(np.concatenate((np.array([lo], np.int64), *(m[(m > lo) & (m <= hi)] for m in marks))))
    last = np.searchsorted(stream.times, times, side="right") - 1
    values = [
        wire.feed.state((int(at) - int(stream.times[k])) / SECOND) if k >= 0 else float("nan")
        for at, k in zip(times.tolist(), last.tolist(), strict=True)
    ]
    return Steps(times, np.array(values)).squeezed()


def _event_wire(one: Input, subject: Subject, around: Around) -> Wire:
    group = (one.name, subject.key)
    window = round(_window_s(one) * SECOND)
    match one.kind:
        case "incidents" | "fence_events":
            return Wire((), group, "count", window, "sum", 0.0)
        case "movers":
            return Wire((), group, "last", window, "sum", 0.0)
        case "feed":
            limits = around.feeds.get(one.feed or subject.own) if one.aggregate != "age_s" else None
            return Wire((), group, one.aggregate, round(AGE_S * SECOND), "max", feed=limits)
        case "bulletin" | "hazard_level":
            return Wire((), group, "last", events.FOREVER, "min", events.NO_LEVEL)
        case _:
            return Wire((), group, "last", 2 * 86_400 * SECOND, one.combine)


def _window_s(one: Input) -> float:
    if one.kind == "reading" and one.aggregate == "age_s":
        return AGE_S
    return one.window_s() or LAST_S


def _same(a: Sequence[Stream], b: Sequence[Stream]) -> bool:
    return len(a) == len(b) and all(
        np.array_equal(x.times, y.times) and np.array_equal(x.values, y.values, equal_nan=True)
        for x, y in zip(a, b, strict=True)
    )


def readings_of(conn: Connection, ids: Iterable[int], lo: int, hi: int, *, far_s: float = 0.0) -> dict[int, Stream]:
    """The readings of datastreams after `lo` up to `hi` (µs), at most MOST_READINGS.

    With `far_s` the newest of each up to `lo`, not older than so many seconds, stands before them.
    """
    wanted = sorted(ids)
    if not wanted:
        return {}
    asked = {"ids": wanted, "from": instant(lo), "to": instant(hi), "limit": MOST_READINGS}
    with conn.cursor().copy(sql("rule_readings"), asked) as copy:
        raw = b"".join(bytes(block) for block in copy)
    # 19 bytes of header, 2 of trailer, and records of one length between them: no column is ever empty.
    table = np.frombuffer(raw[19:-2], _RECORD)
    ids_, at = table["id"].astype(np.int64), table["at"].astype(np.int64) + _EPOCH_2000
    order = np.lexsort((at, ids_))
    ids_, at, value = ids_[order], at[order], table["value"].astype(np.float64)[order]
    bounds = np.searchsorted(ids_, np.array([*wanted, wanted[-1] + 1]))
    ends = np.searchsorted(ids_, np.array(wanted), side="right")
    found = {
        one: Stream(at[a:b], value[a:b]) for one, a, b in zip(wanted, bounds[:-1].tolist(), ends.tolist(), strict=True)
    }
    if far_s:
        oldest = instant(lo) - timedelta(seconds=far_s)
        rows = conn.execute(sql("rule_newest"), {"ids": wanted, "from": instant(lo), "oldest": oldest}).fetchall()
        for row in rows:
            stream = found[row["id"]]
            first = np.array([micros(row["at"])], np.int64)
            found[row["id"]] = Stream(
                np.concatenate((first, stream.times)), np.concatenate(([row["value"]], stream.values))
            )
    return found
