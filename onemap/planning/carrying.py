"""What hangs on grids and goes along with a publication: rosters, fences that name grids, duty areas of teams.

Everything that is changed is noted as it was and as it became, so that a roll-back puts it back where nobody has
changed it since.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from psycopg.types.json import Jsonb
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from onemap.core.cell import cells_of
from onemap.core.geometry import clean_geometry
from onemap.planning.editions import Grid, shapes
from onemap.planning.lineage import Line, successors
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

#: A duty area is its team's grids when at most this share of it is not.
_ALIKE = 1e-3


@dataclass(frozen=True)
class Carried:
    """What went along. Rosters by code and fences by key: each as it was before and as it is after."""

    rosters: Mapping[str, tuple[Any, Any]]
    fences: Mapping[str, tuple[Any, Any]]
    areas: int

    def as_json(self) -> dict[str, Any]:
        """As the publication keeps it."""
        return {"rosters": dict(self.rosters), "fences": dict(self.fences), "areas": self.areas}


def carry(conn: Connection, before: Sequence[Grid], after: Sequence[Grid], found: Sequence[Line]) -> Carried:
    """Let rosters, fences and duty areas follow, in the caller's transaction."""
    rosters = new_rosters(_rosters(conn, before, after), before, after, found)
    _put_rosters(conn, {code: new for code, (_, new) in rosters.items()})
    fences = _fences(conn, before, after, found)
    _put_fences(conn, {key: new for key, (_, new) in fences.items()})
    return Carried(rosters, fences, areas_follow(conn, before, after))


def bring_back(conn: Connection, carried: Mapping[str, Any]) -> None:
    """Undo what `carry` did, where it still is as that left it."""
    rosters: Mapping[str, Any] = carried.get("rosters", {})
    now = _duties(conn, list(rosters))
    _put_rosters(conn, {code: was for code, (was, became) in rosters.items() if now.get(code, []) == became})
    fences: Mapping[str, Any] = carried.get("fences", {})
    specs = {row["key"]: row["spec"] for row in conn.execute(
        "SELECT key, spec FROM geofence WHERE key = ANY(%s)", (list(fences),)).fetchall()}  # fmt: skip
    _put_fences(conn, {key: was for key, (was, became) in fences.items() if key in specs
                       and specs[key].get("source", {}).get("codes") == became})  # fmt: skip


def rosters_changed(conn: Connection, before: Sequence[Grid], after: Sequence[Grid], found: Sequence[Line]) -> int:
    """How many rosters would be carried over or change their team."""
    return len(new_rosters(_rosters(conn, before, after), before, after, found))


# -- rosters ----------------------------------------------------------------------------------------------------------

Duties = list[dict[str, Any]]


def new_rosters(
    rosters: Mapping[str, Duties], before: Sequence[Grid], after: Sequence[Grid], found: Sequence[Line]
) -> dict[str, tuple[Duties, Duties]]:
    """Rosters that change: a new grid takes over that of the grid most of it came from; where the plan gives a grid to
    another team, that team takes the place of the old one in it.
    """
    teams_was = {grid.code: grid.team_key for grid in before}
    parent: dict[str, str] = {}
    for line in found:  # by falling share
        if line.code is not None and line.code_before is not None:
            parent.setdefault(line.code, line.code_before)
    changed: dict[str, tuple[Duties, Duties]] = {}
    for grid in after:
        own = rosters.get(grid.code, [])
        source = grid.code if grid.code in teams_was else parent.get(grid.code)
        if source is None or (source != grid.code and own):
            continue
        old, new = teams_was[source], grid.team_key
        roster = [
            duty | {"team_key": new} if old and new and duty["team_key"] == old else duty
            for duty in rosters.get(source, [])
        ]
        if roster != own:
            changed[grid.code] = (own, roster)
    return changed


def _rosters(conn: Connection, before: Sequence[Grid], after: Sequence[Grid]) -> dict[str, Duties]:
    return _duties(conn, sorted({grid.code for grid in (*before, *after)}))


def _duties(conn: Connection, codes: Sequence[str]) -> dict[str, Duties]:
    found: dict[str, Duties] = defaultdict(list)
    for row in conn.execute(sql("carry_duties"), {"codes": list(codes)}).fetchall():
        found[row["org_code"]].append(row["duty"])
    return dict(found)


def _put_rosters(conn: Connection, rosters: Mapping[str, Duties]) -> None:
    if not rosters:
        return
    for code in sorted(rosters):  # as the desk does: whoever writes a roster has its turn
        conn.execute("SELECT pg_advisory_xact_lock(hashtextextended('onemap.duty:' || %s, 0))", (code,))
    conn.execute("DELETE FROM duty WHERE org_code = ANY(%s)", (list(rosters),))
    rows = [duty | {"org_code": code} for code, duties in sorted(rosters.items()) for duty in duties]
    conn.execute(sql("carry_duties_write"), {"rows": Jsonb(rows)})


# -- fences -----------------------------------------------------------------------------------------------------------


def _fences(
    conn: Connection, before: Sequence[Grid], after: Sequence[Grid], found: Sequence[Line]
) -> dict[str, tuple[list[str], list[str]]]:
    """Fences of grids that are no more name their successors; grids that stay are followed by the fences themselves."""
    retired = {grid.code for grid in before} - {grid.code for grid in after}
    if not retired:
        return {}
    changed: dict[str, tuple[list[str], list[str]]] = {}
    rows = conn.execute(sql("carry_fences"), {"codes": sorted(retired)}).fetchall()
    for row in rows:
        codes: list[str] = row["codes"]
        named = [one for code in codes for one in (successors(found, code) if code in retired else [code])]
        if named:
            changed[row["key"]] = (codes, list(dict.fromkeys(named)))
    return changed


def _put_fences(conn: Connection, fences: Mapping[str, list[str]]) -> None:
    for key in sorted(fences):
        conn.execute(
            "UPDATE geofence SET spec = jsonb_set(spec, '{source,codes}', %s) WHERE key = %s", (Jsonb(fences[key]), key)
        )


# -- duty areas -------------------------------------------------------------------------------------------------------


def areas_follow(conn: Connection, before: Sequence[Grid], after: Sequence[Grid]) -> int:
    """Duty areas that were their team's grids are their team's new grids. Returns how many changed."""
    found = areas_to_follow(conn, before, after)
    for key, ground in found:
        spot = ground.representative_point()
        conn.execute(
            "UPDATE geofence SET geom = st_geomfromwkb(%s, 4326), h3 = %s WHERE key = %s",
            (shapely.to_wkb(ground), int(cells_of([spot.x], [spot.y])[0]), key),
        )
    return len(found)


def areas_to_follow(conn: Connection, before: Sequence[Grid], after: Sequence[Grid]) -> list[tuple[str, MultiPolygon]]:
    """Duty areas that are their team's grids, by key, with the ground that those are then."""
    was, now = _by_team(before), _by_team(after)
    teams = sorted(team for team in was.keys() & now.keys() if _differ(was[team], now[team]))
    found = []
    for row in conn.execute(sql("carry_areas"), {"teams": teams}).fetchall():
        area: Any = shapely.from_wkb(row["wkb"])
        if _alike(area, _union(was[row["team_key"]])):
            ground = _union(now[row["team_key"]])
            if not ground.equals(area):
                found.append((row["key"], ground))
    return found


def _by_team(grids: Sequence[Grid]) -> dict[str, list[Grid]]:
    found: dict[str, list[Grid]] = defaultdict(list)
    for grid in grids:
        if grid.team_key:
            found[grid.team_key].append(grid)
    return found


def _differ(was: Sequence[Grid], now: Sequence[Grid]) -> bool:
    if len(was) != len(now):
        return True
    return not bool(np.all(shapely.equals_exact(shapes(was), shapes(now), tolerance=0.0)))


def _union(grids: Sequence[Grid]) -> MultiPolygon:
    geom = clean_geometry(shapely.union_all(shapely.make_valid(shapes(grids))), "MultiPolygon").geom
    assert isinstance(geom, MultiPolygon)  # noqa: S101  (what clean_geometry promises)
    return geom


def _alike(one: BaseGeometry, other: BaseGeometry) -> bool:
    both = max(one.area, other.area)
    return both > 0 and shapely.symmetric_difference(shapely.make_valid(one), other).area <= _ALIKE * both
