"""The ladder's lines on a warning's timeline: one for each team and step, however many grids it is about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from onemap.core.clock import local
from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings.calling import template

ACTOR = "calls"
RUNG_ZH = {"grid": "网格", "community": "社区", "street": "街道", "district": "区"}
NAMED = 3


@dataclass(frozen=True, slots=True)
class Line:
    """One line."""

    kind: str
    at: datetime
    zh: str
    en: str
    alert_id: int | None = None
    actor: str = ACTOR


def write(conn: Connection, warning_key: str, lines: Sequence[Line]) -> None:
    """Write lines in their order."""
    if not lines:
        return
    conn.execute(
        sql("call_lines"),
        {
            "key": warning_key,
            "alert_id": [line.alert_id for line in lines],
            "at": [line.at for line in lines],
            "kind": [line.kind for line in lines],
            "actor": [line.actor for line in lines],
            "zh": [line.zh for line in lines],
            "en": [line.en for line in lines],
        },
    )


def names_of(conn: Connection, teams: Iterable[str | None]) -> dict[str, str]:
    """The names of teams by key; a team that is not on the map goes by its key."""
    keys = sorted({team for team in teams if team})
    rows = conn.execute("SELECT key, name FROM team WHERE key = ANY(%s)", (keys,)).fetchall() if keys else []
    return {key: key for key in keys} | {row["key"]: row["name"] or row["key"] for row in rows}


def grids_zh(names: Sequence[str]) -> str:
    """A few grids by name, many by their number."""
    named = [name for name in names if name]
    if not named:
        return "威胁区"
    return "、".join(named) if len(named) <= NAMED else f"{'、'.join(named[:NAMED])}等 {len(named)} 个网格"


def grids_en(names: Sequence[str]) -> str:
    """As `grids_zh`, in English."""
    named = [name for name in names if name]
    if not named:
        return "the zone"
    return ", ".join(named) if len(named) <= NAMED else f"{', '.join(named[:NAMED])} and more, {len(named)} grids"


def _count(grids: int) -> str:
    return f"{grids} grid{'' if grids == 1 else 's'}"


def clock_text(at: datetime) -> str:
    """The time of day in the city."""
    return f"{local(at, template.book().zone.key):%H:%M:%S}"


def started(actor: str, grids: int, at: datetime) -> Line:
    """The ladder starts: by itself or by command."""
    by_zh, by_en = ("自动启动", "by itself") if actor == "system" else ("由指挥员启动", "by command")
    return Line(
        "call_started", at, f"叫应{by_zh}：{grids} 个网格", f"Calling starts {by_en}: {_count(grids)}", actor=actor
    )


def called(team: str, rung: str, rank: int, names: Sequence[str], due: datetime, round_: int, alert: int | None,
           at: datetime, *, again: bool) -> Line:  # fmt: skip
    """A team is called."""
    turn_zh = "再次呼叫" if again else "呼叫" if round_ <= 1 else f"第 {round_} 轮呼叫"
    turn_en = "Called again" if again else "Called" if round_ <= 1 else f"Called in round {round_}"
    return Line(
        "called", at,
        f"{turn_zh}{RUNG_ZH[rung]}级 {team}（第 {rank} 顺位）：{grids_zh(names)}，请于 {clock_text(due)} 前应答",
        f"{turn_en}: {team} ({rung}, rank {rank}) for {grids_en(names)}, answer by {clock_text(due)}", alert,
    )  # fmt: skip


def no_duty(rung: str, names: Sequence[str], at: datetime) -> Line:
    """Nobody has the duty on a rung."""
    return Line("no_duty", at, f"{RUNG_ZH[rung]}级无人值班：{grids_zh(names)}，立即上呼",
                f"Nobody on duty on the {rung} rung for {grids_en(names)}: climbs at once")  # fmt: skip


def silent(team: str, rung: str, names: Sequence[str], at: datetime) -> Line:
    """A team did not answer by its deadline."""
    return Line("silent", at, f"{RUNG_ZH[rung]}级 {team} 未在时限内应答：{grids_zh(names)}",
                f"No answer from {team} ({rung}) in time for {grids_en(names)}")  # fmt: skip


def second_missing(team: str, names: Sequence[str], at: datetime) -> Line:
    """The second confirmation did not come."""
    return Line("second_missing", at, f"{team} 未按时复核：{grids_zh(names)}，再次呼叫",
                f"{team} has not confirmed a second time for {grids_en(names)}: called again")  # fmt: skip


def answered(team: str, names: Sequence[str], second: datetime | None, alert: int | None, actor: str, at: datetime,
             note: str = "") -> Line:  # fmt: skip
    """Somebody answered."""
    until_zh = f"，请于 {clock_text(second)} 前复核" if second else ""
    until_en = f", to be confirmed again by {clock_text(second)}" if second else ""
    said = f"（{note}）" if note else ""
    said_en = f" ({note})" if note else ""
    return Line("answered", at, f"{team} 已应答：{grids_zh(names)}{until_zh}{said}",
                f"{team} answered for {grids_en(names)}{until_en}{said_en}", alert, actor)  # fmt: skip


def confirmed(team: str, names: Sequence[str], alert: int | None, actor: str, at: datetime) -> Line:
    """The second confirmation came."""
    return Line("confirmed_again", at, f"{team} 已复核：{grids_zh(names)}",
                f"{team} confirmed a second time for {grids_en(names)}", alert, actor)  # fmt: skip


def declined(team: str, names: Sequence[str], alert: int | None, actor: str, at: datetime) -> Line:
    """A team cannot go."""
    return Line("declined", at, f"{team} 无法前往：{grids_zh(names)}，立即上呼",
                f"{team} cannot go for {grids_en(names)}: climbs at once", alert, actor)  # fmt: skip


def unanswered(grids: int, at: datetime) -> Line:
    """Nobody on any rung: the loudest line there is."""
    return Line(
        "unanswered",
        at,
        f"各级均无人应答：{grids} 个网格，持续重呼",
        f"No answer on any rung: {grids} grids, calling on",
    )


def late(conn: Connection, rows: Sequence[Mapping[str, Any]], at: datetime) -> list[Line]:
    """Teams whose situation report is late."""
    names = names_of(conn, (row["team_key"] for row in rows))
    grids: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        grids[names.get(row["team_key"] or "", "")].append(row["grid_name"])
    return [
        Line("report_late", at, f"{team or '值守方'} 情况报告逾期：{grids_zh(found)}",
             f"Situation report of {team or 'those on site'} is late for {grids_en(found)}")
        for team, found in grids.items()
    ]  # fmt: skip


def handed_over(org: str, from_team: str, to_team: str, names: Sequence[str], alert: int | None, actor: str,
                at: datetime) -> Line:  # fmt: skip
    """The duty was handed over while a call was open."""
    zh = f"{org}交接班：{from_team} → {to_team}，{grids_zh(names)}的叫应一并移交"
    en = f"Duty of {org} handed over: {from_team} → {to_team}, with the calls for {grids_en(names)}"
    return Line("handed_over", at, zh, en, alert, actor)
