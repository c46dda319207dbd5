"""What became of letters, told: the timeline, the alert's own state, dead letters to the staff, the next rank."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from onemap.store import changelog
from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings.timeline import announce, record

ACTOR = "delivery"
EVENT = "delivery"
NAMES: dict[str, tuple[str, str]] = {
    "live": ("在线推送", "live page"),
    "webhook": ("接口推送", "webhook"),
    "dingtalk": ("钉钉", "DingTalk"),
    "wecom": ("企业微信", "WeCom"),
    "feishu": ("飞书", "Feishu"),
    "sms": ("短信", "text message"),
    "email": ("邮件", "e-mail"),
    "voice": ("语音电话", "voice call"),
    "apprise": ("消息服务", "Apprise"),
}
_WORDS = {
    "delivered": ("已送达%s（{}）", "Delivered to %s ({})"),
    "received": ("%s已收到（{}）", "Received by %s ({})"),
}


def hold(conn: Connection, delivery_ids: Sequence[int]) -> None:
    """Lock the alerts of these deliveries, then the deliveries, as an answer to an alert does.

    In one transaction those of one warning only: whoever goes through several warnings takes them one after the other,
    and two who both hold what the other one wants next would wait in a circle.
    """
    conn.execute(
        "SELECT id FROM alert WHERE id IN (SELECT alert_id FROM delivery WHERE id = ANY(%s)) "
        "ORDER BY id FOR NO KEY UPDATE",
        (list(delivery_ids),),
    )
    conn.execute("SELECT id FROM delivery WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE", (list(delivery_ids),))


def by_warning(conn: Connection, delivery_ids: Sequence[int]) -> list[list[int]]:
    """Deliveries apart by the warning that they are of."""
    rows = conn.execute(
        "SELECT array_agg(d.id ORDER BY d.id) AS ids FROM delivery d JOIN alert a ON a.id = d.alert_id "
        "WHERE d.id = ANY(%s) GROUP BY a.warning_key ORDER BY a.warning_key",
        (list(delivery_ids),),
    ).fetchall()
    return [row["ids"] for row in rows]


def reached(
    conn: Connection,
    told: Sequence[tuple[int, str]],
    at: datetime,
    what: Literal["delivered", "received"] = "delivered",
) -> None:
    """Alerts (id, channel kind) that have reached their teams: timeline and, the first time, the alert itself."""
    if not told:
        return
    zh, en = _WORDS[what]
    changed = conn.execute(
        sql("send_reached"),
        {
            "ids": [alert_id for alert_id, _ in told],
            "zh": [zh.format(NAMES[kind][0]) for _, kind in told],
            "en": [en.format(NAMES[kind][1]) for _, kind in told],
            "kind": what,
            "at": at,
        },
    ).fetchall()
    announce(conn, sorted(row["id"] for row in changed))


def bury(conn: Connection, letters: Sequence[tuple[int, str]]) -> int:
    """Letters (id, why) that will not be delivered: dead, and told. Returns how many were not dead yet.

    Where nothing else has got through, the next rank goes at once.
    """
    if not letters:
        return 0
    gone = conn.execute(
        sql("send_bury"), {"ids": [one for one, _ in letters], "errors": [why[:500] for _, why in letters]}
    ).fetchall()
    for row in gone:
        zh, en = NAMES[row["kind"]]
        record(
            conn, row["warning_key"], "delivery_dead", ACTOR,
            f"向{row['team_name']}的{zh}推送失败，已停止重试：{row['error']}",
            f"Sending to {row['team_name']} by {en} given up: {row['error']}", alert_id=row["alert_id"],
        )  # fmt: skip
    if gone:
        changelog.log_events(conn, EVENT, [(str(row["id"]), _note(row)) for row in gone])
        conn.execute(sql("send_next_rank"), {"alerts": sorted({row["alert_id"] for row in gone})})
    return len(gone)


def _note(row: dict[str, Any]) -> dict[str, Any]:
    return {"state": "dead"} | row
