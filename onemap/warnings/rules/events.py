"""Inputs that are no readings, as streams: incidents, fence events, movers, feeds, bulletins, hazard levels, heat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings.rules.around import Around
from onemap.warnings.rules.ground import Subject
from onemap.warnings.rules.place import grouped, pairs
from onemap.warnings.rules.spec import Input, Scope
from onemap.warnings.rules.steps import MINUTE, SECOND, Stream, Times, instant, micros

Streams = dict[str, list[Stream]]  # by subject
#: A level while there is none: 1 is worst, so that `level <= 2` reads as it should.
NO_LEVEL = 5.0
FOREVER = 3650 * 86_400 * SECOND
#: Events that one load takes, and instants at which heat is looked at.
MOST_EVENTS = 1_000_000
MOST_SAMPLES = 240
HOUR = 60 * MINUTE


def load(
    conn: Connection,
    scope: Scope,
    one: Input,
    subjects: Sequence[Subject],
    around: Around,
    lo: int,
    hi: int,
    *,
    live: bool,
) -> Streams:
    """The streams of an input for every subject, so that its windows can be asked from `lo` to `hi` (µs)."""
    window = round(one.window_s() * SECOND)
    span = {"from": instant(lo - window), "to": instant(hi), "limit": MOST_EVENTS}
    match one.kind:
        case "incidents":
            rows = conn.execute(sql("rule_incidents"), {**span, "categories": list(one.categories)}).fetchall()
            return _near(rows, subjects, one.within_m)
        case "fence_events":
            rows = conn.execute(sql("rule_fence_events"), {**span, "kinds": list(one.event_kinds)}).fetchall()
            return _at_fences(rows, subjects) if scope == "fence" else _near(rows, subjects, one.within_m)
        case "movers":
            rows = conn.execute(sql("rule_fixes"), {**span, "kinds": list(one.mover_kinds)}).fetchall()
            return _movers(rows, subjects, one.within_m)
        case "feed":
            return _feeds(conn, one, subjects, lo, hi, live=live)
        case "bulletin":
            return _bulletins(conn.execute(sql("rule_bulletins"), span).fetchall(), _codes(conn, subjects), subjects)
        case "hazard_level":
            return _hazards(conn.execute(sql("rule_hazard_levels"), span).fetchall(), subjects, one.within_m)
        case "heat":
            return _heat(conn, one, subjects, around, lo, hi, live=live)
        case _:
            return {}


def _events(times: Times) -> Stream:
    times = np.sort(times)
    return Stream(times, np.ones(len(times)))


def _near(rows: Sequence[Mapping[str, Any]], subjects: Sequence[Subject], within_m: float | None) -> Streams:
    lon, lat, at = _places(rows)
    of, near = pairs(subjects, lon, lat, within_m)
    parts = grouped(of, len(subjects))
    return {subject.key: [_events(at[near[part]])] for subject, part in zip(subjects, parts, strict=True)}


def _places(rows: Sequence[Mapping[str, Any]]) -> tuple[Any, Any, Times]:
    nan = float("nan")
    lon = np.array([nan if row["lon"] is None else row["lon"] for row in rows], np.float64)
    lat = np.array([nan if row["lat"] is None else row["lat"] for row in rows], np.float64)
    return lon, lat, np.array([micros(row["at"]) for row in rows], np.int64)


def _at_fences(rows: Sequence[Mapping[str, Any]], subjects: Sequence[Subject]) -> Streams:
    times: dict[str, list[int]] = {}
    for row in rows:
        times.setdefault(row["fence_key"], []).append(micros(row["at"]))
    return {one.key: [_events(np.array(times.get(one.own, []), np.int64))] for one in subjects}


def _movers(rows: Sequence[Mapping[str, Any]], subjects: Sequence[Subject], within_m: float | None) -> Streams:
    """For each subject and mover that came near: 1 from a near fix on, 0 from a far one on."""
    lon, lat, at = _places(rows)
    of, near = pairs(subjects, lon, lat, within_m)
    movers = np.array([row["mover_id"] for row in rows], np.int64)
    found: Streams = {}
    for subject, part in zip(subjects, grouped(of, len(subjects)), strict=True):
        here = near[part]
        streams = []
        for mover in np.unique(movers[here]).tolist():
            its = np.flatnonzero(movers == mover)
            streams.append(Stream(at[its], np.isin(its, here).astype(np.float64)))
        found[subject.key] = streams
    return found


def _feeds(conn: Connection, one: Input, subjects: Sequence[Subject], lo: int, hi: int, *, live: bool) -> Streams:
    wanted = {subject.key: one.feed or subject.own for subject in subjects}
    asked = {"feeds": sorted(set(wanted.values())), "from": instant(lo - 7 * 24 * HOUR), "to": instant(hi)}
    heard: dict[str, list[int]] = {}
    for row in conn.execute(sql("rule_heard"), {**asked, "deep": not live}).fetchall():
        at = micros(row["at"])
        # A minute in which a feed was heard counts to its end: only the last time of all is known better.
        ends = [at, min(at + MINUTE - 1, hi)] if at % MINUTE == 0 and not live else [at]
        heard.setdefault(row["feed"], []).extend(ends)
    streams = {}
    for feed, instants in heard.items():
        times = np.unique(np.array(instants, np.int64))
        streams[feed] = [Stream(times, np.ones(len(times)))]
    return {subject: streams.get(feed, []) for subject, feed in wanted.items()}


def _codes(conn: Connection, subjects: Sequence[Subject]) -> list[set[str]]:
    """The codes of the areas that each subject lies in."""
    codes: list[set[str]] = [set() for _ in subjects]
    placed = [i for i, one in enumerate(subjects) if one.lat == one.lat]
    asked = {"lon": [subjects[i].lon for i in placed], "lat": [subjects[i].lat for i in placed]}
    for row in conn.execute(sql("rule_areas_of"), asked).fetchall():
        codes[placed[row["at"] - 1]].add(row["code"])
    return codes


def _bulletins(rows: Sequence[Mapping[str, Any]], codes: Sequence[set[str]], subjects: Sequence[Subject]) -> Streams:
    return {
        subject.key: [
            Stream(
                np.array([micros(row["issued_at"]), micros(row["valid_until"])], np.int64),
                np.array([float(row["level"]), NO_LEVEL]),
            )
            for row in rows
            if row["valid_until"] > row["issued_at"] and within.intersection(row["area_codes"])
        ]
        for subject, within in zip(subjects, codes, strict=True)
    }


def _hazards(rows: Sequence[Mapping[str, Any]], subjects: Sequence[Subject], within_m: float | None) -> Streams:
    streams: dict[str, Stream] = {}
    place: dict[str, tuple[float, float]] = {}
    versions: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        level = NO_LEVEL if row["level"] is None else float(row["level"])
        versions.setdefault(row["key"], []).append((micros(row["sys_from"]), level))
        place[row["key"]] = (row["lon"], row["lat"])
    for key, steps in versions.items():
        whole = dict(steps)
        streams[key] = Stream(np.array(list(whole), np.int64), np.array(list(whole.values())))
    if within_m is None:
        return {one.key: [streams[one.own]] if one.own in streams else [] for one in subjects}
    keys = list(place)
    lon, lat = (np.array([place[key][k] for key in keys], np.float64) for k in (0, 1))
    of, near = pairs(subjects, lon, lat, within_m)
    parts = grouped(of, len(subjects))
    return {one.key: [streams[keys[k]] for k in near[part].tolist()] for one, part in zip(subjects, parts, strict=True)}


def _heat(
    conn: Connection, one: Input, subjects: Sequence[Subject], around: Around, lo: int, hi: int, *, live: bool
) -> Streams:
    """The surface's value at each subject at whole hours, and at the end; where the map keeps no past, only there."""
    if around.heat is None or not one.surface:
        return {}
    step = max(HOUR, -(-(hi - lo) // MOST_SAMPLES // HOUR) * HOUR)
    first = (lo - HOUR) // HOUR * HOUR
    times = np.unique(np.append(np.arange(first, hi, HOUR if live else step, dtype=np.int64), hi))
    lon = np.array([subject.lon for subject in subjects], np.float64)
    lat = np.array([subject.lat for subject in subjects], np.float64)
    table = around.heat(conn, one.surface, one.window, one.categories, lon, lat, [instant(at) for at in times.tolist()])
    found: Streams = {}
    for k, subject in enumerate(subjects):
        known = ~np.isnan(table[:, k])
        found[subject.key] = [Stream(times[known], table[known, k])]
    return found
