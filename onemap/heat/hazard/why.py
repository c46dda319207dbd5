"""Why a cell has its risk: parts that sum to its score, factors, ages of the sources, confidence, what changed.

Told from the very rows that the map shows. A combined surface tells the parts of its hazards, scaled by its rule so
that they sum to its score, and the factors of the hazard that leads there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from onemap.core.cell import Floats, child_range, parent, resolution
from onemap.core.clock import local
from onemap.heat.hazard import composite, inputs, risk, score
from onemap.heat.hazard.chunk import CHUNK_RES, RISK_RES, boxes_of
from onemap.heat.hazard.declared import Combined, Declared, Hazard, declared
from onemap.heat.hazard.score import PART, City, Ground
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

#: Past these ages news is stale; readings come by the minute, counts of residents by the year.
STALE_H: Mapping[str, float] = {"sensor": 1.0, "incident": 72.0, "building": 24.0 * 400, "hazard": 24.0 * 400}
_NAMES: Mapping[str, tuple[str, str]] = {
    "hazard": ("地灾隐患点", "Hazard points"), "sensor": ("传感器读数", "Sensor readings"),
    "incident": ("事件", "Incidents"), "building": ("建筑与人口数", "Buildings and counts"),
    "team": ("处置队伍", "Teams"), "camera": ("摄像头", "Cameras"), "terrain": ("地形", "Terrain"),
}  # fmt: skip
_FACTORS: tuple[tuple[str, str, str], ...] = (
    ("exposure", "暴露（在此的人）", "Exposure (who is there)"),
    ("vulnerability", "脆弱（建筑）", "Vulnerability (buildings)"),
    ("coping", "应对（队伍与视频）", "Coping (teams and cameras)"),
)
#: What confidence loses, and why.
_LOSSES: Mapping[str, tuple[float, str, str]] = {
    "terrain": (0.2, "没有覆盖此处的高程模型", "no elevation model covers this place"),
    "instruments": (0.15, "附近隐患点没有监测设备", "the hazard points near have no instruments"),
    "silent": (0.3, "附近传感器超过 1 小时无读数", "sensors near have been silent for more than an hour"),
    "counts": (0.15, "人口数超过 400 天未更新", "counts of people are older than 400 days"),
    "teams": (0.05, "没有空闲队伍的位置", "no idle team is known"),
}  # fmt: skip
_MOST_CHANGES = 8
Row = Mapping[str, Any]


@dataclass(frozen=True)
class _Cell:
    """A cell in one hazard's row: its score, factors and parts (h · E · V · C, unrounded)."""

    score: float
    factors: Floats
    parts: list[dict[str, Any]]


def explain(conn: Connection, surface: str, cell: int, *, now: datetime | None = None) -> dict[str, Any]:
    """Why a cell of a risk surface has its value.

    {value, worst_cell, parts, factors, sources, confidence, confidence_why, yesterday}; a cell coarser than the finest
    is told as its worst finest cell (None: it has no risk). Raises KeyError for an unknown surface.
    """
    told, at = declared(), now or datetime.now(UTC)
    finest = _worst(conn, surface, cell)
    if finest is None:
        return {"value": 0.0, "worst_cell": None, "parts": [], "factors": [], "sources": [], "confidence": None,
                "confidence_why": None, "yesterday": None}  # fmt: skip
    members = composite.members(told, surface)
    asked = {"chunk": parent(finest, CHUNK_RES), "surfaces": [member.name for member in members]}
    rows = {row["surface"]: row for row in conn.execute(sql("risk_chunk"), asked).fetchall()}
    found = {name: one for name, row in rows.items() if (one := _in_row(row, finest)) is not None}
    value, parts = _together(told, surface, found)
    answer: dict[str, Any] = {"value": value, "worst_cell": finest, "parts": parts}
    if not found:
        return answer | {"factors": [], "sources": [], "confidence": None, "confidence_why": None, "yesterday": None}
    state = conn.execute(sql("risk_state")).fetchone()
    city = inputs.city_of(state["inputs"]) if state else City(inputs.hour_of(at), 0, [], [])
    ground, here = _ground(conn, told, finest, city)
    lead = max(found, key=lambda name: (found[name].score * _weight(told, surface, name), name))
    leading = next(member for member in members if member.name == lead)
    answer["factors"] = _factors(told, leading, found[lead], ground, here, city)
    sources, silent = _sources(conn, told, surface, members, parts, ground, here, at)
    answer["sources"] = sources
    answer |= _confidence(members, parts, sources, silent, covered=bool(ground.raster), teams=bool(city.teams))
    answer["yesterday"] = _yesterday(conn, told, surface, finest, asked, city.hour, value, parts)
    return answer


def history(conn: Connection, surface: str, cell: int) -> list[tuple[datetime, float]]:
    """The scores of a cell at the ends of the hours kept (about a day), oldest first.

    Of a cell coarser than the finest: those of the cell that is its worst at present.
    """
    told = declared()
    finest = cell if resolution(cell) == RISK_RES else _worst(conn, surface, cell)
    if finest is None:
        return []
    cell = finest
    members = composite.members(told, surface)
    asked = {"chunk": parent(cell, CHUNK_RES), "cell": cell, "surfaces": [member.name for member in members]}
    by_hour: dict[datetime, dict[str, float]] = {}
    for row in conn.execute(sql("risk_past_cell"), asked).fetchall():
        by_hour.setdefault(row["hour"], {})[row["surface"]] = row["score"] or 0.0
    return [(hour, _one(told, surface, scores)) for hour, scores in sorted(by_hour.items())]


def _worst(conn: Connection, surface: str, cell: int) -> int | None:
    """The finest cell that gives a cell its score."""
    chunk = parent(cell, min(CHUNK_RES, resolution(cell)))
    lo, hi = child_range(chunk, CHUNK_RES)
    rows = conn.execute(sql("risk_cells"), {"surface": surface, "lo": [lo], "hi": [hi]}, binary=True).fetchall()
    low, high = child_range(cell, RISK_RES) if resolution(cell) <= RISK_RES else (cell, cell)
    best: tuple[float, int] | None = None
    for row in rows:
        cells, values = np.array(row["cells"], np.int64), np.array(row["score"])
        mine = (cells >= low) & (cells <= high)
        if mine.any():
            top = int(np.argmax(np.where(mine, values, -1.0)))
            if best is None or values[top] > best[0]:
                best = (float(values[top]), int(cells[top]))
    return best[1] if best is not None else None


def _in_row(row: Row, cell: int) -> _Cell | None:
    if cell not in row["cells"]:
        return None
    at, n = row["cells"].index(cell), len(row["cells"])
    factors = np.frombuffer(bytes(row["factors"]), np.float64).reshape(3, n)[:, at]
    parts = np.frombuffer(bytes(row["parts"]), PART)
    mine = parts[parts["cell"] == at]
    product = float(factors[0] * factors[1] * factors[2])
    told = []
    for part in mine:
        source = row["sources"][int(part["source"])]
        h = float(part["h"])
        told.append(
            {
                "source_layer": source["layer"], "source_key": source["key"], "name": source["name"],
                "kind": source["kind"], "value": h * product, "at": source["at"],
                "detail": {**source["detail"], source["measure"]: round(float(part["measure"]), 3),
                           "hazard": round(h, 4), "surface": row["surface"]},
            }
        )  # fmt: skip
    return _Cell(row["score"][at], factors, told)


def _weight(told: Declared, surface: str, member: str) -> float:
    found = told.surface(surface)
    return found.of[member] if isinstance(found, Combined) else 1.0


def _one(told: Declared, surface: str, scores: Mapping[str, float]) -> float:
    """A surface's score from those of its members."""
    found = told.surface(surface)
    if not isinstance(found, Combined):
        return scores.get(surface, 0.0)
    weighted = np.array([[weight * scores.get(name, 0.0)] for name, weight in found.of.items()])
    return float(risk.combine(found.rule, weighted, found.full)[0][0])


def _together(told: Declared, surface: str, found: Mapping[str, _Cell]) -> tuple[float, list[dict[str, Any]]]:
    """The surface's score, and the members' parts scaled so that they sum to it, greatest first."""
    combined = told.surface(surface)
    parts: list[dict[str, Any]] = []
    if isinstance(combined, Combined):
        names = [name for name in combined.of if name in found]
        weighted = np.array([[combined.of[name] * found[name].score] for name in names]).reshape(len(names), 1)
        value, share = risk.combine(combined.rule, weighted, combined.full) if names else (np.zeros(1), weighted)
        scale = {
            name: float(value[0] * share[i, 0] / found[name].score) if found[name].score else 0.0
            for i, name in enumerate(names)
        }
    else:
        scale = dict.fromkeys(found, 1.0)
    for name, one in found.items():
        parts += [{**part, "value": part["value"] * scale[name]} for part in one.parts if scale[name]]
    parts.sort(key=lambda part: (-part["value"], part["kind"], part["source_key"] or "", part["name"]))
    return float(sum(part["value"] for part in parts)), parts


def _ground(conn: Connection, told: Declared, cell: int, city: City) -> tuple[Ground, int]:
    ground = inputs.ground(conn, told, [parent(cell, CHUNK_RES)], city.hour, {})
    return ground, int(np.searchsorted(ground.cells, cell))


def _factors(
    told: Declared, leading: Hazard, one: _Cell, ground: Ground, here: int, city: City
) -> list[dict[str, Any]]:
    houses = ground.houses
    inside = houses.at == here
    near = score.nearest_team(leading.coping.teams, ground, city)
    details: tuple[dict[str, Any], ...] = (
        {
            "people": round(float(score.people(told.exposure, houses, len(ground.cells), city.local_hour)[here])),
            "residents": int(houses.residents[inside].sum()), "organisations": int(houses.organisations[inside].sum()),
            "hour": city.local_hour,
        },
        {"buildings": int(houses.n[inside].sum())},
        {"team_m": None if near is None else round(float(near[here])), "cameras": int(ground.seen[here])},
    )  # fmt: skip
    layers = (["building"], ["building"], ["team", "camera"])
    return [
        {
            "name": name, "value": round(float(one.factors[i]), 4), "title": {"zh": zh, "en": en},
            "detail": {**details[i], "surface": leading.name}, "layers": layers[i],
        }
        for i, (name, zh, en) in enumerate(_FACTORS)
    ]  # fmt: skip


def _sources(
    conn: Connection,
    told: Declared,
    surface: str,
    members: Sequence[Hazard],
    parts: Sequence[Mapping[str, Any]],
    ground: Ground,
    here: int,
    now: datetime,
) -> tuple[list[dict[str, Any]], float | None]:
    """The layers behind a cell with the age of their newest news; and the share of sensors near that are silent."""
    box = {name: side[0] for name, side in boxes_of([parent(int(ground.cells[here]), CHUNK_RES)], 0.0).items()}
    hazards = [part["source_key"] for part in parts if part["source_layer"] == "hazard" and part["source_key"]]
    watchers = {
        row["key"]: row["at"]
        for row in conn.execute(
            sql("risk_watchers"), {**box, "hazards": hazards, "kinds": inputs.standing(told)}
        ).fetchall()
    }
    named = {part["source_key"] for part in parts if part["source_layer"] == "sensor" and part["source_key"]}
    asked = {**box, "sensors": sorted(watchers.keys() | named), "res": RISK_RES, "cell": int(ground.cells[here])}
    newest = {row["layer"]: row["newest"] for row in conn.execute(sql("risk_ages"), asked).fetchall()}
    layers = [*told.layers(surface), *(["terrain"] if any(_on_terrain(one) for one in members) else [])]
    layers += ["team"] if any(one.coping.far for one in members) else []
    layers += ["camera"] if any(one.coping.unseen for one in members) else []
    found = []
    for layer in layers:
        at = newest.get(layer)
        age_s = None if at is None else max(0.0, (now - at).total_seconds())
        stale = age_s is not None and layer in STALE_H and age_s > STALE_H[layer] * 3600.0
        zh, en = _NAMES[layer]
        found.append(
            {"layer": layer, "name": {"zh": zh, "en": en}, "newest_at": None if at is None else at.isoformat(),
             "age_s": age_s, "stale": stale}
        )  # fmt: skip
    silent = [at is None or now - at > timedelta(hours=STALE_H["sensor"]) for at in watchers.values()]
    return found, sum(silent) / len(silent) if silent else None


def _on_terrain(hazard: Hazard) -> bool:
    return any(term.kind in ("terrain", "rain") for term in hazard.terms)


def _confidence(
    members: Sequence[Hazard],
    parts: Sequence[Mapping[str, Any]],
    sources: Sequence[Mapping[str, Any]],
    silent: float | None,
    *,
    covered: bool,
    teams: bool,
) -> dict[str, Any]:
    """1 less what is missing or old, at least 0.1, with the reasons."""
    stale = {source["layer"]: source["stale"] or source["newest_at"] is None for source in sources}
    lost = {
        "terrain": 0.0 if covered or not any(_on_terrain(one) for one in members) else 1.0,
        "instruments": float(silent is None and any(part["kind"] == "hazard" for part in parts)),
        "silent": silent or 0.0,
        "counts": float(stale.get("building", False)),
        "teams": 0.0 if teams else 1.0,
    }
    value = 1.0 - sum(_LOSSES[name][0] * share for name, share in lost.items())
    why = [_LOSSES[name] for name, share in lost.items() if share > 0]
    return {
        "confidence": round(max(0.1, value), 2),
        "confidence_why": {
            "zh": "；".join(zh for _, zh, _ in why) or "各来源齐全且新近",
            "en": "; ".join(en for _, _, en in why) or "all sources are there and recent",
        },
    }


def _yesterday(
    conn: Connection,
    told: Declared,
    surface: str,
    cell: int,
    asked: Mapping[str, Any],
    hour: int,
    value: float,
    parts: Sequence[Mapping[str, Any]],
) -> dict[str, Any] | None:
    """The same cell a day ago, in the kept hour nearest to then, with the parts that differ most; None if none is."""
    rows = conn.execute(sql("risk_past_near"), {**asked, "hour": inputs.at_hour(hour - 24)}).fetchall()
    if not rows:
        return None
    found = {row["surface"]: one for row in rows if row["surface"] and (one := _in_row(row, cell)) is not None}
    before, old = _together(told, surface, found)

    def by_source(each: Sequence[Mapping[str, Any]]) -> dict[tuple[Any, ...], Mapping[str, Any]]:
        return {
            (part["detail"].get("surface"), part["source_layer"], part["source_key"], part["kind"], part["name"]): part
            for part in each
        }

    then, present = by_source(old), by_source(parts)
    changed = []
    for key in then.keys() | present.keys():
        was, is_now = (side[key]["value"] if key in side else 0.0 for side in (then, present))
        if abs(is_now - was) >= 0.01:
            changed.append(
                {"source_layer": key[1], "source_key": key[2], "name": key[4], "before": was, "after": is_now}
            )
    changed.sort(key=lambda one: (-abs(one["after"] - one["before"]), one["name"], one["source_key"] or ""))
    at = local(rows[0]["hour"], told.zone).isoformat()
    return {"value": before, "delta": value - before, "changed": changed[:_MOST_CHANGES], "at": at}
