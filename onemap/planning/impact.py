"""What publishing a plan would change: both partitions beside each other, before anything is published.

Ground is cut where the two differ; everything on it is counted with the grid it lies in before and after. Figures of a
grid are those of the workload model, summed anew over each partition.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import shapely

from onemap.planning import carrying, editions, log
from onemap.planning.balance import Balances
from onemap.planning.codes import short
from onemap.planning.comparing import LAYERS, Compared, compared_plan
from onemap.planning.described import described
from onemap.planning.putting import team_changes
from onemap.planning.workspace import Workspace, workspaces
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

TITLES: dict[str, tuple[str, str]] = {
    "building": ("建筑", "Buildings"), "incident": ("未办结事件", "Open cases"), "part": ("部件", "Parts"),
    "camera": ("摄像头", "Cameras"), "hazard": ("地灾隐患点", "Hazard points"), "sensor": ("传感器", "Sensors"),
    "place": ("地名点", "Places"), "team": ("驻点队伍", "Teams stationed"), "fence": ("围栏", "Fences"),
    "roster": ("值班表", "Rosters"), "route": ("叫应路线", "Alert routes"),
}  # fmt: skip


def of_plan(conn: Connection, key: str, now: datetime, *, area: bytes | None = None) -> dict[str, Any]:
    """The impact of a plan as it stands, as the doors tell it. Raises NotFound."""
    plan = log.row(conn, key, area=area)
    return told(conn, compared_plan(conn, plan), workspaces.refreshed(conn, plan), plan["version"])


def told(conn: Connection, found: Compared, workspace: Workspace, version: int) -> dict[str, Any]:
    """What was compared, in the shape of the doors."""
    exchanges = _exchanges(found)
    return {
        "version": version,
        "handed": _handed(conn, found, exchanges),
        "exchanges": exchanges,
        "indicators": _indicators(found, workspace),
        "described": _described(conn, found, workspace),
        "teams": teams(conn, found),
        "difference": difference(found),
        "mended": None if found.mended is None else _mended(found.mended),
    }


def _mended(found: Compared) -> dict[str, Any] | None:
    """What mending the base alone moves, whatever the plan does; None where it moves nothing."""
    moved = found.moved
    if not moved:
        return None
    looked = {layer: found.looked[layer].between() for layer in LAYERS}
    return {
        "area_m2": round(sum(piece.area_m2 for piece in moved), 1),
        "grids": len({code for piece in moved for code in (piece.before, piece.after) if code is not None}),
        "counts": {layer: len(places) for layer, places in looked.items()},
        "households": int(found.looked["building"].places.measures["households"][looked["building"]].sum()),
    }


def teams(conn: Connection, found: Compared) -> list[dict[str, Any]]:
    """Teams that gain or lose, with their names, the largest change first."""
    changes = team_changes(found.ground, found.looked, found.before, found.after)
    names = team_names(conn, [one.team_key for one in changes])
    rows = [
        {"team_key": one.team_key, "team_name": names.get(one.team_key, one.team_key), "gains": dict(one.gains),
         "loses": dict(one.loses)}
        for one in changes
    ]  # fmt: skip
    weigh = "households"
    return sorted(rows, key=lambda row: -(row["gains"].get(weigh, 0) + row["loses"].get(weigh, 0)))


def _described(conn: Connection, found: Compared, workspace: Workspace) -> list[dict[str, Any]]:
    names = team_names(conn, sorted({grid.team_key for grid in (*found.before, *found.after) if grid.team_key}))
    return described(found.before, found.after, found.lines, found.given, names, partial(label_of, workspace))


def team_names(conn: Connection, keys: Sequence[str]) -> dict[str, str]:
    """What teams are called, by key."""
    asked = conn.execute("SELECT key, coalesce(name, key) AS name FROM team WHERE key = ANY(%s)", (list(keys),))
    return {row["key"]: row["name"] for row in asked.fetchall()}


def difference(found: Compared) -> dict[str, Any]:
    """The ground that changes hands, as GeoJSON."""
    features = [
        {
            "type": "Feature",
            "geometry": shapely.geometry.mapping(piece.geom),
            "properties": {"grid": piece.before, "to": piece.after, "area_m2": round(piece.area_m2, 1)},
        }
        for piece in found.moved
    ]
    return {"type": "FeatureCollection", "features": features}


def _exchanges(found: Compared) -> list[dict[str, Any]]:
    counts: dict[tuple[Any, Any], Counter[str]] = defaultdict(Counter)
    households: Counter[tuple[Any, Any]] = Counter()
    for layer in LAYERS:
        looked = found.looked[layer]
        for i in looked.between().tolist():
            pair = (looked.was[i], looked.now[i])
            counts[pair][layer] += 1
            if layer == "building":
                households[pair] += int(looked.places.measures["households"][i])
    for piece in found.moved:
        counts[piece.before, piece.after]["area_m2"] += round(piece.area_m2)
    was, now = found.ground.team_was, found.ground.team_now
    rows = [
        {"grid": one, "to": other, "counts": dict(counted), "households": households[one, other],
         "team": was.get(one), "to_team": now.get(other)}
        for (one, other), counted in counts.items()
    ]  # fmt: skip
    return sorted(rows, key=lambda row: (-row["households"], str(row["grid"]), str(row["to"])))


def _handed(conn: Connection, found: Compared, exchanges: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for layer in LAYERS:
        looked = found.looked[layer]
        places = looked.between()
        row = {"kind": layer, "title": _title(layer), "count": len(places), "households": None, "residents": None}
        if layer == "building":
            row |= {name: int(values[places].sum()) for name, values in looked.places.measures.items()}
        rows.append(row)
    routes = sum(one["team"] != one["to_team"] for one in exchanges if one["counts"].get("area_m2"))
    for kind, count in (
        ("fence", _fences(conn, found)),
        ("roster", carrying.rosters_changed(conn, found.before, found.after, found.lines)),
        ("route", routes + len(found.ground.reteamed)),
    ):
        rows.append({"kind": kind, "title": _title(kind), "count": count, "households": None, "residents": None})
    return rows


def _fences(conn: Connection, found: Compared) -> int:
    """Fences of grids whose ground is another, and duty areas that follow their team's grids."""
    codes = {code for line in found.lines if line.relation != "same" for code in (line.code, line.code_before) if code}
    named = conn.execute(sql("impact_fences"), {"codes": sorted(codes)}).fetchone()
    return (named["fences"] if named else 0) + len(carrying.areas_to_follow(conn, found.before, found.after))


def _indicators(found: Compared, workspace: Workspace) -> list[dict[str, Any]]:
    """Every grid that is new, retired or different, and those of the same communities beside it."""
    base = Balances.full(workspace.base, workspace.facts)
    was, now = {grid.code: grid for grid in found.before}, {grid.code: grid for grid in found.after}
    same = {piece.after for piece in found.cut if piece.whole} - found.ground.reteamed
    touched = {code for code in was.keys() | now.keys() if code not in same}
    homes = {(now.get(code) or was[code]).community_code for code in touched}
    m2 = {
        side: dict(zip([grid.code for grid in grids], editions.areas(grids).tolist(), strict=True))
        for side, grids in (("before", found.before), ("after", found.after))
    }
    rows = []
    for code in sorted(was.keys() | now.keys()):
        grid = now.get(code) or was[code]
        if grid.community_code not in homes or (code not in workspace.cov.faces and code not in workspace.base.faces):
            continue
        old, new = code in was and code in workspace.base.faces, code in now and code in workspace.cov.faces
        rows.append({
            "grid": code,
            "label": label_of(workspace, code),
            "state": "new" if not old else "retired" if not new else "changed" if code in touched else "same",
            "before": _figures(base, code, m2["before"]) if old else None,
            "after": _figures(workspace.balances, code, m2["after"]) if new else None,
            "load_before": round(base.load_of(code), 4) if old else None,
            "load_after": round(workspace.balances.load_of(code), 4) if new else None,
        })  # fmt: skip
    return rows


def label_of(workspace: Workspace, code: str) -> str:
    """How a grid is called on the map: its number in the community, with 甲, 乙 for the parts of a split one."""
    return workspace.labels.get(code) or short(code)


def _figures(balances: Balances, code: str, m2: Mapping[str, float]) -> dict[str, float]:
    figures = {name: round(float(value), 2) for name, value in balances.measures(code).items()}
    return figures | {"area_m2": round(m2[code], 1)}


def _title(kind: str) -> dict[str, str]:
    zh, en = TITLES[kind]
    return {"zh": zh, "en": en}
