"""Teams are told what they gain and lose by an edition: a plain notice, by the channels that also carry alerts.

It is a letter in the ledger like any other, so that it is tried again and its receipt is kept. It is no alert: it
belongs to no warning, is settled from the start, asks for nothing, and is on no team's list of alerts. The team's page
shows it beside them until somebody of the team has acknowledged it: a team without a channel learns of it there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from prometheus_client import Counter
from psycopg.types.json import Jsonb

from onemap.core import clock
from onemap.core.errors import NotFound
from onemap.core.words import many
from onemap.planning.publish import Told
from onemap.planning.putting import TeamChange
from onemap.store import changelog
from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings.sending.ledger import enqueue

NOTICES = Counter("onemap_grid_notices_total", "Teams that were told of a change of their grids.")
#: How long a notice stays on the page once it was acknowledged, and how many are listed.
RECENT = timedelta(days=30)
MOST = 50
_WHAT: tuple[tuple[str, str, str], ...] = (
    ("grids", "个网格", "grid"), ("buildings", "栋建筑", "building"), ("households", "户", "household"),
    ("cases", "件未办结事件", "open case"), ("hazards", "处隐患点", "hazard point"), ("parts", "个部件", "part"),
)  # fmt: skip


def tell(conn: Connection, told: Told) -> int:
    """Write a notice for each team, in the transaction of the publication. Returns how many."""
    at = clock.now()
    for change in told.teams:
        title, zh, en = words(told, change)
        row = conn.execute(
            sql("notice_write"),
            {
                "publication": told.publication, "edition": told.edition, "team": change.team_key, "title": title,
                "name": told.title, "back": told.back,
                "zh": zh, "en": en, "gains": Jsonb(dict(change.gains)), "loses": Jsonb(dict(change.loses)), "at": at,
                "key": f"edition:{told.edition}:{told.publication}{':back' if told.back else ''}",
            },
        ).fetchone()  # fmt: skip
        if row is not None:
            enqueue(conn, [row["alert_id"]])
            # Whoever has the page open hears of alerts there: this is none.
            conn.execute("DELETE FROM delivery WHERE alert_id = %s AND kind = 'live'", (row["alert_id"],))
    if told.teams:
        changelog.log_event(conn, "notice", told.edition, {})
    NOTICES.inc(len(told.teams))
    return len(told.teams)


def own(conn: Connection, team: str | None) -> list[dict[str, Any]]:
    """What a team was told, newest first: all that it has not acknowledged, and the rest of the last weeks."""
    asked = {"team": team, "since": clock.now() - RECENT, "limit": MOST}
    return [_told(row) for row in conn.execute(sql("notice_own"), asked).fetchall()]


def seen(conn: Connection, number: int, team: str | None) -> dict[str, Any]:
    """A team acknowledges a notice of its own; again: the same. Raises NotFound."""
    row = conn.execute(sql("notice_seen"), {"id": number, "team": team}).fetchone()
    if row is None:
        raise NotFound("没有这条通知 · There is no such notice.", reason="notice")
    changelog.log_event(conn, "notice", row["edition"], {})
    return _told(row)


def _told(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("id", "edition", "title", "gains", "loses", "back", "at", "seen_at")
    return {name: row[name] for name in names} | {"text": {"zh": row["text_zh"], "en": row["text_en"]}}


def words(told: Told, change: TeamChange) -> tuple[str, str, str]:
    """Title, Chinese and English text of a team's notice."""
    verb_zh, verb_en = ("已回退", "has been rolled back") if told.back else ("已生效", "is in force")
    zh = [f"【网格调整】网格版本“{told.title}”{verb_zh}。"]
    en = [f"[Grids] Edition “{told.title}” {verb_en}."]
    for counts, side_zh, side_en in (
        (change.gains, "划入本队", "You gain"),
        (change.loses, "划出本队", "You hand over"),
    ):
        if said := _said(counts):
            zh.append(f"{side_zh}：{said[0]}。")
            en.append(f"{side_en}: {said[1]}.")
    zh.append("此为工作通知，无需到场处置。")
    en.append("This is a notice about work, not a warning: nobody needs to go anywhere.")
    return f"网格调整通知 · {told.title}", "".join(zh), " ".join(en)


def _said(counts: Mapping[str, int]) -> tuple[str, str] | None:
    found = [(counts[name], zh, en) for name, zh, en in _WHAT if counts.get(name)]
    if not found:
        return None
    return "、".join(f"{n} {zh}" for n, zh, _ in found), ", ".join(many(n, en) for n, _, en in found)
