"""Plans as the doors tell them: the map of a plan, what an edit changed, what there is to paint with."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import shapely

from onemap.core.cell import boundaries, hex_of
from onemap.core.geometry import representatives
from onemap.planning import book, parting
from onemap.planning.book import Done
from onemap.planning.coverage import Arc, Coverage
from onemap.planning.finding import Problem
from onemap.planning.ground_rules import named
from onemap.planning.log import Step
from onemap.planning.plane import areas_m2
from onemap.planning.rebase import Misfit, Replay
from onemap.planning.workspace import Workspace
from onemap.store.db import Connection

Plain = dict[str, Any]


def whole(conn: Connection, plan: Mapping[str, Any], workspace: Workspace, by: str) -> Plain:
    """A PlanMap."""
    cov = workspace.cov
    return {
        "plan": {**plan, "version": workspace.version},
        "arcs": [_arc(cov, arc) for arc in cov.arcs.values()],
        "grids": _grids(workspace, list(cov.faces)),
        "model": _model(workspace),
        "balance": _balance(workspace, workspace.rows),
        "problems": _problems(workspace, cov.faces),
        "history": _history(conn, workspace, by),
    }


def difference(conn: Connection, done: Done, by: str) -> Plain:
    """A PlanDelta: from what the asker saw to the plan as it stands."""
    workspace, delta = done.workspace, done.delta
    cov = workspace.cov
    told = {face.id for face in delta.faces} | {face for face in workspace.told if face in cov.faces}
    lines: Collection[str | None] = workspace.lines
    if done.behind:  # loads, labels and problems may have moved with edits that the asker has not seen
        told |= _beside(workspace, delta.touched)
        lines = workspace.rows
    come = {face.id for face in delta.faces}
    arcs = {arc.id for arc in delta.arcs}
    return {
        "version": workspace.version,
        "arcs_gone": [arc.id for arc in delta.arcs_gone if arc.id not in arcs],
        "arcs": [_arc(cov, arc) for arc in delta.arcs],
        "grids_gone": [face.id for face in delta.faces_gone if face.id not in come],
        "grids": _grids(workspace, sorted(told)),
        "balance": _balance(workspace, lines),
        "problems": _problems(workspace, told),
        "history": _history(conn, workspace, by, done.steps),
        "text": {"zh": done.zh, "en": done.en},
        "moved": workspace.balances.moved,
    }


def replayed(found: Replay) -> Plain:
    """A Replayed."""
    return {
        "done": found.version is not None,
        "applied": found.applied,
        "conflicts": [_misfit(one) for one in found.misfits],
        "delta_version": found.version,
    }


def paint(workspace: Workspace, grid: str, kind: str, resolution: int) -> Plain:
    """GeoJSON of what a grid can be painted with: buildings (key), blocks (at), cells (cell)."""
    cov, facts = workspace.cov, workspace.facts
    ground = cov.polygon(grid)
    features: Iterable[tuple[Any, Plain]]
    if kind == "buildings":
        _, point, _ = facts.scatter.within(np.array([ground], dtype=object))
        rows = sorted(point[point < len(facts.footprints)].tolist())
        keys = [facts.keys[row] for row in rows]
        features = zip(facts.footprints.take(rows), ({"key": key} for key in keys), strict=True)
    elif kind == "blocks":
        blocks = parting.street_blocks(cov, facts, [grid])
        at = (block.point_on_surface() for block in blocks)
        features = zip(blocks, ({"at": [point.x, point.y]} for point in at), strict=True)
    else:
        cells = parting.cells(ground, resolution)
        features = zip(boundaries(cells), ({"cell": hex_of(int(cell))} for cell in cells), strict=True)
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "geometry": shapely.geometry.mapping(geom), "properties": props}
            for geom, props in features
        ],
    }


def _beside(workspace: Workspace, touched: Collection[str]) -> set[str]:
    """Grids that are compared with those: of their communities, or all."""
    cov, balances = workspace.cov, workspace.balances
    if workspace.model.reference == "scope":
        return set(cov.faces)
    codes = {cov.faces[face].community for face in touched if face in cov.faces}
    return {face for code in codes for face in balances.members(code)}


def _arc(cov: Coverage, arc: Arc) -> Plain:
    return {"id": arc.id, "xy": arc.xy.tolist(), "left": arc.left, "right": arc.right, "fixed": cov.fixed(arc)}


def _grids(workspace: Workspace, faces: Sequence[str]) -> list[Plain]:
    if not faces:
        return []
    cov, balances = workspace.cov, workspace.balances
    shapes = cov.polygons(faces)
    lon, lat = representatives(shapes)
    areas = areas_m2(shapes)
    changed = workspace.changed(faces)
    found = []
    for n, face in enumerate(faces):
        props = cov.faces[face].props
        rings, polygons = cov.rings(face)
        found.append(
            {
                "id": face,
                "code": props.get("code"),
                "label": workspace.labels[face],
                "name": props.get("name") or "",
                "kind": props.get("kind") or "unit",
                "community_code": props.get("community_code"),
                "team_key": props.get("team_key"),
                "locked": bool(props.get("locked")),
                "special": props.get("special"),
                "rings": rings,
                "polygons": polygons,
                "area_m2": round(float(areas[n]), 1),
                "measures": balances.measures(face),
                "load": balances.load_of(face),
                "changed": face in changed,
                "at": [float(lon[n]), float(lat[n])],
            }
        )
    return found


def _model(workspace: Workspace) -> Plain:
    model = workspace.model
    return {
        "key": model.key,
        "title": model.title.model_dump(),
        "measures": [
            {"key": one.key, "title": one.title.model_dump(), "unit": one.unit, "weight": one.weight}
            for one in model.measures
        ],
        "tolerance": model.tolerance,
        "least": model.least,
        "most": model.most,
    }


def _balance(workspace: Workspace, lines: Collection[str | None]) -> list[Plain]:
    """Lines of the table of balance: the whole first, then the communities by code."""
    rows = workspace.rows
    return [asdict(rows[code]) for code in sorted((one for one in lines if one in rows), key=lambda one: one or "")]


def _problems(workspace: Workspace, faces: Iterable[str]) -> list[Plain]:
    """What the rules have against some grids, in the words of the map; worst first."""
    known, labels, grids = workspace.problems, workspace.labels, workspace.cov.faces
    found = sorted((one for face in faces for one in known.of(face)), key=lambda one: one.order)
    return [_problem(one.called(named(grids[one.grid]), labels[one.grid])) for one in found]


def _problem(one: Problem) -> Plain:
    return {
        "rule": one.rule,
        "severity": one.severity,
        "grid": one.grid,
        "text": {"zh": one.zh, "en": one.en},
        "where": None if one.where is None else shapely.geometry.mapping(one.where),
    }


def _history(
    conn: Connection, workspace: Workspace, by: str, known: tuple[Step | None, Step | None] | None = None
) -> Plain:
    undo, redo = known or book.steps(conn, workspace.key, by)
    return {"undo": _texts(undo), "redo": _texts(redo)}


def _texts(step: Step | None) -> Plain | None:
    return None if step is None else {"zh": step.zh, "en": step.en}


def _misfit(one: Misfit) -> Plain:
    return {
        "version": one.version,
        "by": one.entry.by,
        "text": {"zh": one.entry.zh, "en": one.entry.en},
        "reason": one.reason,
        "detail": {"zh": one.zh, "en": one.en},
        "grids": list(one.grids),
        "where": None if one.where is None else shapely.geometry.mapping(one.where),
        "became": [asdict(lost) for lost in one.became],
    }
