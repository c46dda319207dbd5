"""A fence as its author declares it: read from plain data, checked, with its hours as one week of the city's clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from onemap.core.clock import parse_time
from onemap.core.errors import BadInput

State = Literal["in_force", "resting", "scheduled", "expired", "broken"]

KINDS = ("duty", "alert", "nofly", "keep_in", "watch")
SOURCES = ("polygon", "grids", "hazard_zone", "cells", "buffer", "mover")
#: In the order of their codes, see `onemap.fences.machine`.
EVENTS = (
    "approach", "enter", "exit", "dwell", "cross", "appeared_inside", "absent_when_due", "fence_created",
    "fence_expired",
)  # fmt: skip
MOVER_KINDS = ("drone", "vehicle", "team_device")
#: Layers whose features may be the asset of a buffer.
ASSETS = ("hazard", "camera", "sensor", "place", "building", "team", "road", "water", "landuse")
MAX_CODES, MAX_CELLS, MAX_DUE = 500, 10_000, 200
#: Below this a limit of the probability asks for objects many accuracies away.
LEAST_P = 0.01
_WEEK_H = 168


@dataclass(frozen=True)
class Source:
    """Where the ground comes from; see `onemap.fences.ground`."""

    type: str
    geometry: Mapping[str, Any] | None = None
    codes: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    layer: str | None = None
    key: str | None = None
    radius_m: float = 0.0


@dataclass(frozen=True)
class Due:
    """Who has to be inside in which hours of the week (168 flags from Monday 0:00), and how long it may be away."""

    movers: tuple[str, ...]
    teams: tuple[str, ...]
    week: tuple[bool, ...]
    grace_s: float


@dataclass(frozen=True)
class Declared:
    """A checked declaration. Metres, seconds, aware times; `week` has 168 flags from Monday 0:00, None is always."""

    name: str
    kind: str
    source: Source
    team_key: str | None
    level: int | None
    events: frozenset[str]
    warn_on: frozenset[str]
    on_create: str
    enter_p: float
    exit_p: float
    approach_m: float
    dwell_s: float
    max_speed_mps: float
    floor_m: float | None
    ceiling_m: float | None
    week: tuple[bool, ...] | None
    valid_from: datetime | None
    valid_until: datetime | None
    mover_kinds: frozenset[str]
    due: Due | None

    def valid(self, at: datetime) -> bool:
        """Whether the instant lies in its validity."""
        return (self.valid_from is None or self.valid_from <= at) and (
            self.valid_until is None or at < self.valid_until
        )

    def awake(self, at: datetime, zone: ZoneInfo) -> bool:
        """Whether the instant lies in its hours and weekdays."""
        return self.week is None or self.week[hour_of_week(at, zone)]

    def state(self, at: datetime, zone: ZoneInfo, *, problem: str | None) -> State:
        """How it stands at an instant."""
        if self.valid_until is not None and self.valid_until <= at:
            return "expired"
        if problem:
            return "broken"
        if self.valid_from is not None and at < self.valid_from:
            return "scheduled"
        return "in_force" if self.awake(at, zone) else "resting"


def hour_of_week(at: datetime, zone: ZoneInfo) -> int:
    """0 is Monday 0:00 to 1:00 on the city's clock."""
    local = at.astimezone(zone)
    return local.weekday() * 24 + local.hour


def week_of(hours: str, weekdays: Sequence[int], what: str = "hours") -> tuple[bool, ...] | None:
    """The 168 hours of a week of spans such as `22-6` or `7-9,17-19`; None when it is all of them.

    A span over midnight belongs to the weekday on which it begins. Raises BadInput.
    """
    return _week(hours, tuple(weekdays), what)


@lru_cache(256)
def _week(hours: str, weekdays: tuple[int, ...], what: str) -> tuple[bool, ...] | None:
    days = set(weekdays) or set(range(7))
    if not days <= set(range(7)):
        raise BadInput("Weekdays are numbers from 0, Monday, to 6.", reason="weekdays")
    flags = [False] * _WEEK_H
    for span in hours.replace(" ", "").split(","):
        start, dash, stop = span.partition("-")
        if not (dash and start.isdecimal() and stop.isdecimal() and int(start) <= 23 and 1 <= int(stop) <= 24):
            if not (dash and start.isdecimal() and stop == "0" and int(start) <= 23):
                raise BadInput(f"The {what} {hours!r} are not spans such as 22-6.", reason="hours")
        low, high = int(start), int(stop)
        length = high - low if high > low else high + 24 - low
        for day in days:
            for ahead in range(length):
                flags[(day * 24 + low + ahead) % _WEEK_H] = True
    return None if all(flags) else tuple(flags)


def window_start(week: Sequence[bool], at: datetime, zone: ZoneInfo) -> datetime | None:
    """When the span of hours began that holds an instant; None outside of all. A span has no gap of an hour."""
    if not week[hour_of_week(at, zone)]:
        return None
    start = at.astimezone(zone).replace(minute=0, second=0, microsecond=0)
    for _ in range(_WEEK_H):
        before = start - timedelta(hours=1)
        # Days are told apart even where the hours have no gap: presence is due anew each day.
        if not week[hour_of_week(before, zone)] or start.hour == 0:
            break
        start = before
    return start.astimezone(at.tzinfo)


def read(spec: Mapping[str, Any]) -> Declared:
    """Check a declaration as the door or an import gives it. Raises BadInput that says what is wrong."""
    if not isinstance(spec, Mapping):
        raise BadInput("The declaration is no JSON object.", reason="spec")
    name = _text(spec.get("name"), "name") or ""
    if not name:
        raise BadInput("A fence has a name.", reason="name")
    level = spec.get("level")
    if level is not None and level not in (1, 2, 3, 4):
        raise BadInput("A level is 1 to 4.", reason="level")
    kinds = _names(spec.get("mover_kinds"), MOVER_KINDS, "mover_kinds")
    declared = Declared(
        name=name,
        kind=_one(spec.get("kind", "alert"), KINDS, "kind"),
        source=_source(spec.get("source")),
        team_key=_text(spec.get("team_key"), "team_key"),
        level=level,
        events=_names(spec.get("events", ["enter", "exit"]), EVENTS, "events"),
        warn_on=_names(spec.get("warn_on"), EVENTS, "warn_on"),
        on_create=_one(spec.get("on_create", "event"), ("nothing", "event", "warn"), "on_create"),
        enter_p=_number(spec.get("enter_p", 0.8), "enter_p", LEAST_P, 1.0),
        exit_p=_number(spec.get("exit_p", 0.2), "exit_p", 0.0, 1.0),
        approach_m=_number(spec.get("approach_m", 0.0), "approach_m", 0.0, 20_000.0),
        dwell_s=_number(spec.get("dwell_s", 0.0), "dwell_s", 0.0, 7 * 86_400.0),
        max_speed_mps=_number(spec.get("max_speed_mps", 70.0), "max_speed_mps", 0.1, 400.0),
        floor_m=_maybe(spec.get("floor_m"), "floor_m"),
        ceiling_m=_maybe(spec.get("ceiling_m"), "ceiling_m"),
        week=week_of(str(spec.get("hours", "0-24")), spec.get("weekdays") or ()),
        valid_from=_time(spec.get("valid_from"), "valid_from"),
        valid_until=_time(spec.get("valid_until"), "valid_until"),
        mover_kinds=frozenset() if kinds == frozenset(MOVER_KINDS) else kinds,
        due=_due(spec.get("due")),
    )
    _check(declared)
    return declared


def _check(declared: Declared) -> None:
    if declared.exit_p >= declared.enter_p:
        raise BadInput("exit_p lies below enter_p: between them an object stays what it was.", reason="probabilities")
    if declared.floor_m is not None and declared.ceiling_m is not None and declared.floor_m >= declared.ceiling_m:
        raise BadInput("The floor lies below the ceiling.", reason="altitude")
    begin, end = declared.valid_from, declared.valid_until
    if begin is not None and end is not None and begin >= end:
        raise BadInput("valid_from comes before valid_until.", reason="validity")
    if declared.level is None and (declared.warn_on or declared.on_create == "warn"):
        raise BadInput("A fence that warns has a level.", reason="level")


def _source(data: Any) -> Source:
    if not isinstance(data, Mapping):
        raise BadInput("A fence has a source.", reason="source")
    kind = _one(data.get("type"), SOURCES, "source.type")
    codes, cells = _list(data.get("codes"), "codes", MAX_CODES), _list(data.get("cells"), "cells", MAX_CELLS)
    source = Source(
        kind,
        data.get("geometry"),
        codes,
        cells,
        _text(data.get("layer"), "layer"),
        _text(data.get("key"), "key"),
        _number(data.get("radius_m") or 0.0, "radius_m", 0.0, 50_000.0),
    )
    needed = {
        "polygon": source.geometry is not None,
        "grids": bool(codes),
        "cells": bool(cells),
        "hazard_zone": source.key is not None,
        "buffer": source.key is not None and source.layer in ASSETS and source.radius_m > 0,
        "mover": source.key is not None and source.radius_m > 0,
    }[kind]
    if not needed:
        wants = {
            "polygon": "a geometry", "grids": "codes", "cells": "cells", "hazard_zone": "the key of a hazard point",
            "buffer": f"a layer ({', '.join(ASSETS)}), a key and a radius_m", "mover": "a key and a radius_m",
        }[kind]  # fmt: skip
        raise BadInput(f"A source of type {kind} has {wants}.", reason="source")
    return source


def _due(data: Any) -> Due | None:
    if data is None:
        return None
    if not isinstance(data, Mapping):
        raise BadInput("due is a JSON object.", reason="due")
    movers = _list(data.get("mover_keys"), "mover_keys", MAX_DUE)
    teams = _list(data.get("team_keys"), "team_keys", MAX_DUE)
    if not movers and not teams:
        return None
    week = week_of(str(data.get("hours", "0-24")), data.get("weekdays") or (), "due hours")
    grace = _number(data.get("grace_s", 600.0), "grace_s", 0.0, 7 * 86_400.0)
    return Due(movers, teams, week or (True,) * _WEEK_H, grace)


def _text(value: Any, what: str) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or len(value) > 200 or not value.isprintable():
        raise BadInput(f"{what} is a short text.", reason="text")
    return value.strip() or None


def _one(value: Any, allowed: Sequence[str], what: str) -> str:
    if value not in allowed:
        raise BadInput(f"{what} is one of {', '.join(allowed)}.", reason="choice")
    return str(value)


def _list(value: Any, what: str, most: int) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple) or len(value) > most or not all(isinstance(one, str) for one in value):
        raise BadInput(f"{what} is a list of at most {most} texts.", reason="list")
    return tuple(dict.fromkeys(value))


def _names(value: Any, allowed: Sequence[str], what: str) -> frozenset[str]:
    return _set(_list(value, what, 50), tuple(allowed), what)


@lru_cache(256)
def _set(names: tuple[str, ...], allowed: tuple[str, ...], what: str) -> frozenset[str]:
    return frozenset(_one(one, allowed, what) for one in names)


def _number(value: Any, what: str, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BadInput(f"{what} is a number from {low:g} to {high:g}.", reason="range")
    return float(value)


def _maybe(value: Any, what: str) -> float | None:
    return None if value is None else _number(value, what, -1_000.0, 20_000.0)


def _time(value: Any, what: str) -> datetime | None:
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise BadInput(f"{what} needs a time zone.", reason="zone")
        return value
    return parse_time(str(value), future_s=None)
