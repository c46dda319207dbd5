"""Tracks that grow with the fixes of movers, one feature a sortie."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from onemap.core.cell import cell_of
from onemap.core.clock import BEIJING, local
from onemap.store import changelog
from onemap.store.changelog import Position
from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.tracks.sortie import GAP_S, LONGEST_S, Fixes, ewkb, half_way, length_m, moved, split, thin

CONSUMER = "tracks"
_READ = 10_000
#: How far before its first unread change a mover's fixes are looked at: a whole sortie, and the silence before it.
_BACK = timedelta(seconds=LONGEST_S + GAP_S)


def follow(conn: Connection) -> int:
    """Extend the tracks of movers that moved since the last call; returns tracks written, 0 when there was nothing.

    A late fix inside a mover's newest sortie is taken in; one of an older sortie waits for `rebuild`. All is read and
    computed before the first row is written: an open writing transaction holds up every follower of the log.
    """
    with conn.transaction():
        start = _position(conn)
        at, first_seen = _read(conn, start)
        if at == start:
            return 0
        written = [track for fid, since in first_seen.items() for track in _tracks(conn, fid, since - _BACK)]
        if changelog.consumer_position(conn, CONSUMER) != start:
            return 0  # another worker was quicker
        count = _write(conn, written)
        changelog.advance(conn, CONSUMER, at)
        return count


def rebuild(conn: Connection, mover_key: str) -> int:
    """Compute all tracks of a mover anew from its fixes; returns how many it has. Imported tracks of it stay."""
    with conn.transaction():
        changelog.consumer_position(conn, CONSUMER)  # its lock keeps the follower away
        mover = conn.execute("SELECT id FROM mover WHERE key = %s", (mover_key,)).fetchone()
        if mover is None:
            return 0
        conn.execute("DELETE FROM track WHERE mover_key = %s AND feed = 'tracks'", (mover_key,))
        tracks = list(_tracks(conn, mover["id"], datetime(1970, 1, 1, tzinfo=UTC)))
        _write(conn, tracks)
        return len(tracks)


def _position(conn: Connection) -> Position:
    row = conn.execute("SELECT xid::text::bigint AS xid, seq FROM consumer WHERE name = %s", (CONSUMER,)).fetchone()
    return Position(row["xid"], row["seq"]) if row else Position(0, 0)


def _read(conn: Connection, start: Position) -> tuple[Position, dict[int, datetime]]:
    """Where the log ends, and the movers that changed with the time of their first unread change."""
    at, first_seen = start, dict[int, datetime]()
    while changes := changelog.read(conn, at, limit=_READ):
        at = changes[-1].position
        for change in changes:
            if change.layer == "mover" and change.op != "D" and change.fid is not None:
                first_seen.setdefault(change.fid, change.at)
        if len(changes) < _READ:
            break
    return at, first_seen


def _tracks(conn: Connection, mover_id: int, since: datetime) -> Iterable[dict[str, Any]]:
    """A mover's sorties from `since` on, its newest track from its own beginning."""
    row = conn.execute(sql("track_fixes"), {"mover": mover_id, "since": since, "gap_s": GAP_S}, binary=True).fetchone()
    if row is None or not row["at_s"]:
        return
    fixes = Fixes(*(np.array(row[name], np.float64) for name in ("at_s", "lon", "lat", "altitude_m")))
    for sortie in split(fixes):
        if moved(sortie):
            yield _track(row, thin(sortie))


def _track(mover: dict[str, Any], line: Fixes) -> dict[str, Any]:
    started = datetime.fromtimestamp(float(line.at_s[0]), UTC)
    label = f"{local(started, BEIJING):%m-%d %H:%M}"
    return {
        "key": f"{mover['key']}/{started:%Y%m%dT%H%M%SZ}",
        "geom": ewkb(line),
        "h3": cell_of(*half_way(line)),
        "mover_key": mover["key"],
        "name": f"{mover['name'] or mover['key']} {label}",
        "started_at": started,
        "ended_at": datetime.fromtimestamp(float(line.at_s[-1]), UTC),
        "length_m": round(length_m(line), 1),
    }


def _write(conn: Connection, tracks: list[dict[str, Any]]) -> int:
    if not tracks:
        return 0
    columns = {name: [track[name] for track in tracks] for name in tracks[0]}
    return conn.execute(sql("track_write"), columns).rowcount
