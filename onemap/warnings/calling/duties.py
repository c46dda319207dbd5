"""Rosters over a connection: read, written, handed over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings.calling.roster import Duty, HandOver, OnDuty, on_duty


@dataclass
class Rosters:
    """Duties of some organisations, with what was handed over and the teams that grids name."""

    zone: ZoneInfo
    duties: dict[str, list[Duty]] = field(default_factory=dict)
    hand_overs: dict[str, list[HandOver]] = field(default_factory=dict)
    own: dict[str, str | None] = field(default_factory=dict)
    _asked: dict[tuple[str, datetime], list[OnDuty]] = field(default_factory=dict)

    def on_duty(self, code: str | None, at: datetime) -> list[OnDuty]:
        """Who has the duty of an organisation at an instant."""
        if not code:
            return []
        found = self._asked.get((code, at))
        if found is None:
            found = on_duty(
                self.duties.get(code, ()), self.hand_overs.get(code, ()), at, self.zone, own_team=self.own.get(code)
            )
            self._asked[code, at] = found
        return found


def load(conn: Connection, codes: Collection[str], at: datetime, zone: ZoneInfo) -> Rosters:
    """The rosters of some organisations as they are from `at` on."""
    asked = {"codes": sorted(codes), "at": at}
    duties: dict[str, list[Duty]] = defaultdict(list)
    for row in conn.execute(sql("call_duties"), asked).fetchall():
        duties[row["org_code"]].append(duty_of(row))
    overs: dict[str, list[HandOver]] = defaultdict(list)
    for row in conn.execute(sql("call_hand_overs"), asked).fetchall():
        overs[row["org_code"]].append(HandOver(row["from_team"], row["to_team"], row["at"], row["until"]))
    own = {row["code"]: row["team_key"] for row in conn.execute(sql("call_own_teams"), asked).fetchall()}
    return Rosters(zone, dict(duties), dict(overs), own)


def duty_of(row: Mapping[str, Any]) -> Duty:
    """A row as a duty."""
    return Duty(
        row["team_key"], row["rank"], row["kind"], tuple(row["weekdays"] or ()), row["hours"], row["starts_at"],
        row["ends_at"],
    )  # fmt: skip


def chains(
    conn: Connection, callings: Sequence[Mapping[str, Any]], at: datetime, zone: ZoneInfo
) -> list[list[list[tuple[str, int]]]]:
    """For each grid being called, the teams on duty at `at` on its four rungs."""
    rungs = ("grid_code", "community_code", "street_code", "district_code")
    codes = {row[name] for row in callings for name in rungs if row[name]}
    rosters = load(conn, codes, at, zone)
    return [
        # Where no grid is, the area that stands in for it is called on its own rung.
        [[] if name == "grid_code" and row[name] in (row[upper] for upper in rungs[1:])
         else [(duty.team_key, duty.rank) for duty in rosters.on_duty(row[name], at)] for name in rungs]
        for row in callings
    ]  # fmt: skip
