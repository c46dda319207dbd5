"""The score of a drill: who was called, who answered, and after how long. Teams and times, never persons."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from statistics import median
from typing import Any

from onemap.store.db import Connection
from onemap.store.sqlfile import sql


def score_of(conn: Connection, drill_key: str, now: datetime) -> dict[str, Any]:
    """The score so far of a drill's calls; a call that still runs at `now` is neither answered nor silent."""
    calls = conn.execute(sql("drill_calls"), {"drill": drill_key}).fetchall()
    grids = conn.execute(sql("drill_grids"), {"drill": drill_key}).fetchall()
    return reckon(calls, grids)


def reckon(calls: Iterable[Mapping[str, Any]], grids: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The score of calls {team_key, team_name, called_at, deadline_at, answered_at, state}, grids {state, second_at}.

    Calls that the warning's end closed say nothing of their team and are left out; so are rungs without a duty, which
    count as silent, because nobody could have answered there.
    """
    counted = [call for call in calls if call["state"] != "closed"]
    of_teams = [call for call in counted if call["team_key"] is not None]
    waits = [_wait_s(call) for call in of_teams if call["answered_at"] is not None]
    in_time = [call for call in of_teams if call["answered_at"] and call["answered_at"] <= call["deadline_at"]]
    over = [call for call in counted if call["state"] != "calling"]
    found = list(grids)
    return {
        "calls": len(counted),
        "answered": len(waits),
        "silent": sum(call["state"] in ("silent", "declined", "no_duty") for call in counted),
        "confirmed_twice": sum(grid["second_at"] is not None for grid in found),
        "median_answer_s": round(median(waits), 1) if waits else None,
        "worst_answer_s": round(max(waits), 1) if waits else None,
        "within_deadline": round(len(in_time) / len(over), 4) if over else None,
        "grids": len(found),
        "grids_unanswered": sum(grid["state"] == "unanswered" for grid in found),
        "by_team": _by_team(of_teams),
    }


def _by_team(calls: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    teams: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for call in calls:
        teams[call["team_key"]].append(call)
    out = []
    for key, own in sorted(teams.items()):
        waits = [_wait_s(call) for call in own if call["answered_at"] is not None]
        out.append(
            {
                "team_key": key,
                "team_name": own[0]["team_name"],
                "calls": len(own),
                "answered": len(waits),
                "median_s": round(median(waits), 1) if waits else None,
                "worst_s": round(max(waits), 1) if waits else None,
            }
        )
    return sorted(out, key=lambda team: (team["answered"] - team["calls"], team["team_key"]))


def _wait_s(call: Mapping[str, Any]) -> float:
    wait: float = (call["answered_at"] - call["called_at"]).total_seconds()
    return max(0.0, wait)
