"""Questions and answers in the database: every statement of proposals behind a typed function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from psycopg.types.json import Jsonb

from onemap.core.errors import Conflict, NotFound
from onemap.planning.propose.graph import Geoms
from onemap.store import changelog
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

EVENT = "plan"
#: Questions of one plan that may wait or run at a time.
MOST_WAITING = 4
#: A worker silent for so long has died; a question is begun so often.
SILENT_S, ATTEMPTS = 45.0, 2
#: Questions of at most so many seconds are short: they do not wait for a district.
SHORT_S = 30.0


@dataclass(frozen=True)
class Job:
    """A question that this worker has taken."""

    id: int
    plan: str
    version: int
    asked: Mapping[str, Any]
    by: str
    attempts: int


@dataclass(frozen=True)
class Taken:
    """What is needed to take an option: the units' ground, each one's grid at the version and by the option."""

    version: int
    geoms: Geoms
    before: Sequence[str]
    after: Sequence[str]
    title: Mapping[str, str]


def add(conn: Connection, key: str, version: int, asked: Mapping[str, Any], by: str) -> int:
    """Put a question; its number. Raises Conflict when the plan has enough that wait."""
    given = {"key": key, "version": version, "asked": Jsonb(dict(asked)), "seconds": float(asked["seconds"]), "by": by,
             "most": MOST_WAITING}  # fmt: skip
    row = conn.execute(sql("proposal_add"), given).fetchone()
    if row is None:
        raise Conflict(
            f"这个方案已有 {MOST_WAITING} 个建议在算，请等待或取消 · "
            f"{MOST_WAITING} proposals of this plan are being worked on: wait, or cancel one",
            reason="busy",
        )
    tell(conn, key, version, by)
    return int(row["id"])


def listed(conn: Connection, key: str, *, limit: int = 50) -> list[dict[str, Any]]:
    """Proposals of a plan, newest first, without their options."""
    rows = conn.execute(sql("proposal_rows"), {"key": key, "id": None, "limit": limit}).fetchall()
    return [_shown(row) for row in rows]


def one(conn: Connection, key: str, number: int) -> dict[str, Any]:
    """A proposal with its options. Raises NotFound."""
    row = conn.execute(sql("proposal_rows"), {"key": key, "id": number, "limit": 1}).fetchone()
    if row is None:
        raise NotFound("没有这个建议 · There is no such proposal.", reason="proposal")
    options = conn.execute(
        "SELECT shown FROM proposal_option WHERE proposal_id = %s ORDER BY index", (number,)
    ).fetchall()
    return _shown(row) | {"options": [option["shown"] for option in options]}


def cancel(conn: Connection, key: str, number: int, by: str) -> None:
    """Cancel a question that waits or runs; one that has ended stays. Raises NotFound."""
    row = conn.execute(sql("proposal_cancel"), {"key": key, "id": number}).fetchone()
    if row is None:
        one(conn, key, number)
        return
    tell(conn, key, int(row["version"]), by)


def claim(conn: Connection, *, short: bool) -> Job | None:
    """Take the oldest question that waits; those of workers gone silent wait again, or have failed for good."""
    for silent in conn.execute(sql("proposal_silent"), {"most": ATTEMPTS, "silent_s": SILENT_S}).fetchall():
        tell(conn, silent["plan_key"], silent["version"], silent["asked_by"])
    row = conn.execute(sql("proposal_claim"), {"short": short, "short_s": SHORT_S}).fetchone()
    if row is None:
        return None
    tell(conn, row["plan_key"], row["version"], row["asked_by"])
    return Job(row["id"], row["plan_key"], row["version"], row["asked"], row["asked_by"], row["attempts"])


def beat(conn: Connection, job: Job, progress: float) -> bool:
    """Say how far it is; False when the question is no longer this worker's."""
    given = {"id": job.id, "attempts": job.attempts, "progress": progress}
    return conn.execute(sql("proposal_beat"), given).fetchone() is not None


def end(
    conn: Connection,
    job: Job,
    state: str,
    *,
    text: tuple[str, str] | None = None,
    units: int | None = None,
    today: Mapping[str, Any] | None = None,
) -> bool:
    """Write how it ended, if it is still this worker's; False when it is not."""
    zh, en = text or (None, None)
    given = {"id": job.id, "attempts": job.attempts, "state": state, "zh": zh, "en": en, "units": units,
             "today": None if today is None else Jsonb(dict(today))}  # fmt: skip
    if conn.execute(sql("proposal_end"), given).fetchone() is None:
        return False
    tell(conn, job.plan, job.version, job.by)
    return True


def keep(
    conn: Connection, job: Job, geoms: Geoms, before: Sequence[str], options: Sequence[tuple[dict[str, Any], list[str]]]
) -> None:
    """Write the options: as they are shown, and each unit's grid."""
    ground = shapely.to_wkb(shapely.GeometryCollection(list(geoms)))
    conn.execute(
        "INSERT INTO proposal_ground (proposal_id, wkb, grids) VALUES (%s, %s, %s)",
        (job.id, ground, Jsonb(list(before))),
    )
    for shown, after in options:
        conn.execute(
            "INSERT INTO proposal_option (proposal_id, index, shown, grids) VALUES (%s, %s, %s, %s)",
            (job.id, shown["index"], Jsonb(shown), Jsonb(after)),
        )


def taken(conn: Connection, key: str, number: int, option: int) -> Taken:
    """An option to be taken. Raises NotFound."""
    row = conn.execute(sql("proposal_taken"), {"key": key, "id": number, "option": option}).fetchone()
    if row is None:
        raise NotFound("没有这个选项 · There is no such option.", reason="option")
    geoms = shapely.get_parts(shapely.from_wkb(row["wkb"]))
    return Taken(row["version"], geoms, row["before"], row["after"], row["title"])


def tell(conn: Connection, key: str, version: int, by: str) -> None:
    """Tell the screens that a proposal of the plan has moved."""
    changelog.log_event(conn, EVENT, key, {"key": key, "version": version, "what": "proposal", "by": by})


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    zh, en = row["error_zh"], row["error_en"]
    rest = {name: value for name, value in row.items() if name not in ("error_zh", "error_en")}
    return rest | {"error": None if zh is None else {"zh": zh, "en": en}, "options": []}
