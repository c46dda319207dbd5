"""Episodes: similar open warnings of one storm share a name, and one banner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings import wording

#: Warnings alike that were raised or changed within this time and distance are one episode.
WINDOW = timedelta(minutes=30)
NEAR_M = 5000.0


def near(
    conn: Connection, *, key: str, kind: str, drill: str, at: datetime, wkb: bytes, lon: float, lat: float
) -> str | None:
    """The episode that a warning about to be raised belongs to; None: it begins its own."""
    row = conn.execute(
        sql("episode_near"),
        {"key": key, "kind": kind, "drill": drill, "at": at, "window_s": WINDOW.total_seconds(), "wkb": wkb,
         "lon": lon, "lat": lat, "near_m": NEAR_M},
    ).fetchone()  # fmt: skip
    return str(row["episode"]) if row else None


def merge(conn: Connection, at: datetime) -> int:
    """Join episodes that turned out to be one; returns how many warnings got another name.

    Two transactions that raised at once did not see each other, or a third warning lies between two storms.
    """
    pairs = conn.execute(
        sql("episode_open"), {"at": at, "window_s": WINDOW.total_seconds(), "near_m": NEAR_M}
    ).fetchall()
    moved = 0
    for name, others in joined(pairs).items():
        moved += conn.execute(sql("episode_join"), {"episode": name, "episodes": others}).rowcount
    return moved


def joined(pairs: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Pairs of episodes that are one → the oldest's name, with the names it takes over."""
    began: dict[str, datetime] = {}
    root: dict[str, str] = {}

    def find(name: str) -> str:
        while root[name] != name:
            root[name] = root[root[name]]
            name = root[name]
        return name

    for pair in pairs:
        for name, at in ((pair["one"], pair["one_at"]), (pair["other"], pair["other_at"])):
            began[name] = min(began.get(name, at), at)
            root.setdefault(name, name)
        root[find(pair["one"])] = find(pair["other"])
    groups: dict[str, list[str]] = {}
    for name in sorted(root):
        groups.setdefault(find(name), []).append(name)
    return {
        (oldest := min(names, key=lambda one: (began[one], one))): [name for name in names if name != oldest]
        for names in groups.values()
    }


def rows(conn: Connection) -> list[dict[str, Any]]:
    """Open warnings with the episode each belongs to, worst first; `banners` puts together what an asker may see."""
    return conn.execute(sql("episode_list")).fetchall()


def banners(found: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Rows put together by episode: one banner each, real ones before drills, worst first."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in found:
        groups.setdefault(row["key"], []).append(row)
    done = [_banner(key, group) for key, group in groups.items()]
    return sorted(done, key=lambda one: (one["drill"], one["level"], one["began_at"], one["key"]))


def _banner(key: str, group: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    worst = min(group, key=lambda row: (row["level"], row["raised_at"], row["warning"]))
    title = worst["title"] if len(group) == 1 else f"{worst['title']} 等 {len(group)} 处"
    return {
        "key": key,
        "kind": worst["kind"] or "other",
        "title": wording.marked(title, drill=worst["drill"]),
        "level": worst["level"],
        "drill": worst["drill"],
        "began_at": min(row["raised_at"] for row in group).isoformat(),
        "changed_at": max(row["changed_at"] for row in group).isoformat(),
        "warnings": [row["warning"] for row in group],
        "unconfirmed": sum(row["state"] == "active" for row in group),
        "unanswered": sum(row["calling"] == "unanswered" for row in group),
        "households": _sum(row["households"] for row in group),
        "residents": _sum(row["residents"] for row in group),
        "bbox": [
            min(row["west"] for row in group), min(row["south"] for row in group),
            max(row["east"] for row in group), max(row["north"] for row in group),
        ],
    }  # fmt: skip


def _sum(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None
