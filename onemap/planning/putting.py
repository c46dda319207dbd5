"""Putting an edition in force: everything that follows from it, in one transaction that stops no reader.

Rows are added and changed, never the schema: who reads sees the old edition until the commit and the new one after it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from onemap.core.cell import cells_of
from onemap.core.errors import Conflict
from onemap.core.geometry import representatives
from onemap.planning import carrying, lineage, routing
from onemap.planning.editions import Grid, areas, current, shapes
from onemap.planning.lineage import Piece
from onemap.planning.routing import Ground, Looked
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

#: Who waits for a row that somebody else writes gives up after this; a publication is then tried again.
LOCK_S = 20
#: One publication at a time, in the whole installation.
_TURN = 7_205_759_416


@dataclass(frozen=True)
class TeamChange:
    """What a team gains and loses: counts of grids, buildings, households, residents, open cases, parts."""

    team_key: str
    gains: Mapping[str, int]
    loses: Mapping[str, int]


@dataclass(frozen=True)
class Put:
    """What it came to."""

    moved: Mapping[str, int]
    teams: Sequence[TeamChange]
    carried: Mapping[str, Any] = field(default_factory=dict)


def turn(conn: Connection) -> None:
    """Hold the turn of publishing until the caller's transaction ends; waits for rows have a limit from here on."""
    conn.execute("SELECT set_config('lock_timeout', %s, true)", (f"{LOCK_S}s",))
    conn.execute("SELECT pg_advisory_xact_lock(%s)", (_TURN,))


def put_new(
    conn: Connection, name: str, title: str, base: str, plan_key: str | None, before: Sequence[Grid],
    after: Sequence[Grid], actor: str,
) -> Put:  # fmt: skip
    """Write an edition and put it in force, in the caller's transaction, which has the turn.

    Raises Conflict (reason "behind") when the base is not in force, (reason "edition") when the name is taken.
    """
    if current(conn) != base:
        raise Conflict("Another edition than the plan's base is in force: rebase the plan.", reason="behind")
    if conn.execute("SELECT 1 FROM grid WHERE edition = %s LIMIT 1", (name,)).fetchone():
        raise Conflict(f"There is an edition {name} already.", reason="edition")
    # GEOS cuts and looks up without Python's lock while PostgreSQL writes and reads.
    with ThreadPoolExecutor(1) as beside:
        cutting = beside.submit(lineage.pieces, before, after)
        _remember(conn, base)
        asked = {"name": name, "title": title, "base": base, "plan": plan_key, "grids": len(after), "by": actor}
        conn.execute(sql("edition_write"), asked)
        _write(conn, name, after)
        places = routing.found(conn, before, after)
        cut = cutting.result()
        ground = Ground(before, after, cut)
        looking = beside.submit(routing.looked, ground, places)
        found = lineage.lines(before, after, cut)
        lineage.write(conn, name, base, found)
        _switch(conn, base, name)
        looked = looking.result()
    moved = routing.reroute(conn, ground, looked)
    carried = carrying.carry(conn, before, after, found)
    return Put(moved, team_changes(ground, looked, before, after), carried.as_json())


def put_back(
    conn: Connection, name: str, base: str, before: Sequence[Grid], after: Sequence[Grid], carried: Mapping[str, Any]
) -> Put:
    """Put the edition `base` back in force that `name` took the place of, in the caller's transaction with the turn.

    `before` are the grids of `name`, `after` those of `base`. Raises Conflict (reason "not-in-force").
    """
    if current(conn) != name:
        raise Conflict("Another edition is in force by now.", reason="not-in-force")
    with ThreadPoolExecutor(1) as beside:
        cutting = beside.submit(lineage.pieces, before, after)
        carrying.bring_back(conn, carried)
        _switch(conn, name, base)
        places = routing.found(conn, before, after)
        ground = Ground(before, after, cutting.result())
    looked = routing.looked(ground, places)
    moved = routing.reroute(conn, ground, looked)
    areas_moved = carrying.areas_follow(conn, before, after)
    return Put(moved, team_changes(ground, looked, before, after), {"areas": areas_moved})


def _switch(conn: Connection, old: str, new: str) -> None:
    conn.execute(sql("edition_retire"), {"edition": old})
    conn.execute(sql("edition_revive"), {"edition": new})
    conn.execute(sql("edition_switch"), {"old": old, "new": new})
    if not conn.execute("UPDATE city SET edition = %s", (new,)).rowcount:
        raise Conflict("The map has no city yet: import one first.", reason="no-city")


def settle(conn: Connection, before: Sequence[Grid], after: Sequence[Grid], cut: Sequence[Piece]) -> dict[str, int]:
    """Look again at what others wrote while the edition changed under them: rows by layer that were mended."""
    ground = Ground(before, after, cut)
    return routing.reroute(conn, ground, routing.looked(ground, routing.found(conn, before, after)))


def _remember(conn: Connection, base: str) -> None:
    """An edition that was only imported has a row and a period before it is followed by another."""
    conn.execute(sql("edition_remember"), {"edition": base})


def _write(conn: Connection, name: str, grids: Sequence[Grid]) -> None:
    """The rows of an edition, whole batches at a time; the triggers of the layer log them."""
    geoms = shapes(grids)
    wkb = shapely.to_wkb(shapely.set_srid(_multi(geoms), 4326), hex=True, include_srid=True, flavor="extended").tolist()
    lon, lat = representatives(geoms)
    cells, m2 = cells_of(lon, lat).tolist(), areas(grids).tolist()
    conn.execute(sql("edition_incoming"))
    names = "key, geom, h3, code, name, community_code, kind, team_key, area_m2, special"
    with conn.cursor() as cursor, cursor.copy(f"COPY pg_temp.edition_incoming ({names}) FROM STDIN") as copy:
        for i in np.argsort(cells, kind="stable").tolist():
            one = grids[i]
            copy.write_row((f"{name}/{one.code}", wkb[i], cells[i], one.code, one.name or None, one.community_code,
                            one.kind, one.team_key or None, round(m2[i], 1), one.special))  # fmt: skip
    conn.execute(sql("edition_insert"), {"edition": name})
    conn.execute("DROP TABLE pg_temp.edition_incoming")


def _multi(geoms: Any) -> Any:
    made = geoms.copy()
    single = shapely.get_type_id(made) == 3
    made[single] = [shapely.multipolygons([one]) for one in made[single]]
    return made


# -- who gains, who loses ---------------------------------------------------------------------------------------------


def team_changes(
    ground: Ground, looked: Mapping[str, Looked], before: Sequence[Grid], after: Sequence[Grid]
) -> list[TeamChange]:
    """What each team gains and loses, by the team that grids name."""
    sums: dict[str, dict[str, dict[str, int]]] = {}

    def count(team: str | None, side: str, what: str, n: float) -> None:
        if team and n:
            own = sums.setdefault(team, {"gains": {}, "loses": {}})[side]
            own[what] = own.get(what, 0) + round(n)

    for layer, what in (("building", "buildings"), ("incident", "cases"), ("hazard", "hazards"), ("part", "parts")):
        found = looked[layer]
        for i in found.between(ground.reteamed).tolist():
            was, now = ground.team_was.get(found.was[i]), ground.team_now.get(found.now[i])
            if was == now:
                continue
            for side, team in (("loses", was), ("gains", now)):
                count(team, side, what, 1)
                for name, values in found.places.measures.items():
                    count(team, side, name, float(values[i]))
    held = {grid.code: grid.team_key for grid in before}
    holds = {grid.code: grid.team_key for grid in after}
    for code in held.keys() | holds.keys():
        if held.get(code) != holds.get(code):
            count(held.get(code), "loses", "grids", 1)
            count(holds.get(code), "gains", "grids", 1)
    return [TeamChange(team, own["gains"], own["loses"]) for team, own in sorted(sums.items())]


__all__ = ["Put", "TeamChange", "put_back", "put_new", "settle", "team_changes", "turn"]
