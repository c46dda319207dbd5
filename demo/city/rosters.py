"""Duty desks of communities, streets and the district, and who has which duty when. Posts and teams, never persons."""

from __future__ import annotations

from typing import Any

import numpy as np
from shapely import Point

from demo.city.admin import Admin
from demo.city.plan import DIVISION
from demo.city.teams import Teams

Row = dict[str, Any]
DAY, NIGHT = "8-20", "20-8"
#: Emergency teams of the streets, and of the district, that stand behind the desks.
STREET_TEAM, DISTRICT_TEAM = 25, "team29"


def add_desks(admin: Admin, teams: Teams) -> list[Row]:
    """Add the desks to the teams; return the rosters, one row a duty.

    A grid is its own team's by day; by night two neighbouring teams of a street take turns. Desks are never closed.
    """
    district = f"{DIVISION}000000"

    def desk(code: str, name: str, parent: str | None, spot: Point) -> None:
        at = Point(round(spot.x, 7), round(spot.y, 7))
        grid = admin.grid_of(np.array([at], dtype=object))[0]
        teams.teams.append(
            {"key": f"watch-{code}", "name": f"{name}值班室", "kind": "desk", "status": "idle", "members": 2,
             "grid_code": grid, "parent_key": parent and f"watch-{parent}"}
        )  # fmt: skip
        teams.team_geom.append(at)

    duties: list[Row] = []

    def duty(code: str, team: str, rank: int = 1, hours: str = "0-24", weekdays: list[int] | None = None) -> None:
        duties.append({"org_code": code, "team_key": team, "rank": rank, "hours": hours, "weekdays": weekdays or []})

    desk(district, "云岭区", None, admin.district_geom.representative_point())
    duty(district, f"watch-{district}")
    duty(district, DISTRICT_TEAM, 2)
    for n, street in enumerate(admin.street_code):
        code = f"{street}000"
        desk(code, admin.street_name[n].zh, district, admin.street_geom[n].representative_point())
        duty(code, f"watch-{code}")
        duty(code, f"team{STREET_TEAM + n}", 2)
    for n, code in enumerate(admin.community_code):
        desk(code, admin.community_name[n].zh, f"{code[:9]}000", admin.community_geom[n].representative_point())
        duty(code, f"watch-{code}")
    partner = _partners(admin, teams)
    for n, code in enumerate(admin.grid_code):
        own = teams.grid_team[n]
        duty(code, own, 1, DAY)
        if partner[own] == own:
            duty(code, own, 1, NIGHT)
        else:
            duty(code, own, 1, NIGHT, [0, 2, 4, 6])
            duty(code, partner[own], 1, NIGHT, [1, 3, 5])
    return duties


def _partners(admin: Admin, teams: Teams) -> dict[str, str]:
    """The team that takes every other night for each grid team: the next of its street."""
    of_street: dict[int, list[str]] = {}
    for n, team in enumerate(teams.grid_team):
        own = of_street.setdefault(int(admin.community_street[int(admin.grid_community[n])]), [])
        if team not in own:
            own.append(team)
    return {team: sorted(own)[(sorted(own).index(team) + 1) % len(own)] for own in of_street.values() for team in own}
