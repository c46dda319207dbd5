"""Grid files over a connection: editions and plans into files, a file looked at, a plan made of what was looked at."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from psycopg import sql
from shapely.geometry.base import BaseGeometry

from onemap.core.errors import Conflict, Forbidden, NotFound
from onemap.core.policy import Grant
from onemap.core.words import many
from onemap.planning import book, codes, log
from onemap.planning.coverage import Face
from onemap.planning.exchange.ground import Plane
from onemap.planning.exchange.look import TOLERANCE_M, Base, Drawn, Look, look_at
from onemap.planning.exchange.seam import given_corners
from onemap.planning.exchange.spec import GridFile, refused
from onemap.planning.exchange.write import Written, write_grids
from onemap.planning.grounds import coverage_of_edition, edition_in_force, part_of
from onemap.planning.plane import areas_m2
from onemap.store.db import Connection
from onemap.store.layer import LayerSpec
from onemap.store.policy_sql import ALIAS, area_condition, view
from onemap.store.schema import SCHEMA
from onemap.store.sqlfile import sql as sql_file

_PROPS: Mapping[str, Any] = {
    "code": None, "name": "", "kind": "unit", "special": None, "community_code": None, "team_key": None,
    "locked": False,
}  # fmt: skip
#: A corner on a straight border is off it by the rounding of float64, some nanometres.
_SAME_CORNER_M = 1e-6
_COLUMNS = ("code", "name", "kind", "special", "community_code", "team_key", "edition", "area_m2")


@dataclass(frozen=True)
class Preview:
    """A file as looked at beside an edition, and how that edition stood then.

    `scope`: the area that the plan would be about; none: the whole city.
    """

    look: Look
    edition: str
    stood: tuple[int, datetime | None]
    scope: str | None = None


# -- out --------------------------------------------------------------------------------------------------------------


def export_edition(
    conn: Connection, layer: LayerSpec, grant: Grant, edition: str, *, format: str, encoding: str = "utf-8"
) -> Written:
    """An edition as a file, with what the grant may see of the layer of grids.

    Raises NotFound for an edition that has no grids for this asker, BadInput as `write_grids`.
    """
    if "\0" in edition:
        raise NotFound("没有这个网格版本 · There is no such edition.", reason="edition")
    seen = view(layer, grant)
    visible = {attribute.name for attribute in seen.attributes}
    columns = [column for column in _COLUMNS if column in visible]
    condition, params = area_condition(seen)
    statement = sql.SQL(
        "SELECT {}, st_asbinary({}.geom) AS wkb FROM {} AS {} WHERE {}.edition = {} {} ORDER BY {}.code"
    ).format(
        sql.SQL(", ").join(sql.SQL("{}.{}").format(ALIAS, sql.Identifier(column)) for column in columns),
        ALIAS,
        sql.Identifier(SCHEMA, layer.name),
        ALIAS,
        ALIAS,
        sql.Placeholder("edition"),
        sql.SQL("") if condition is None else sql.SQL("AND {}").format(condition),
        ALIAS,
    )
    rows = conn.execute(statement, {**params, "edition": edition}).fetchall()
    if not rows:
        raise NotFound(f"没有网格版本 {edition[:64]} · There is no edition {edition[:64]}.", reason="edition")
    shapes = shapely.from_wkb(np.array([bytes(row["wkb"]) for row in rows], dtype=object))
    return write_grids(rows, shapes, name=f"grids-{edition}", format=format, encoding=encoding)


def export_plan(
    conn: Connection, key: str, *, format: str, encoding: str = "utf-8", area: bytes | None = None
) -> Written:
    """A plan's grids as they stand, as a file. New grids have no code yet, only their id in the plan."""
    plan = book.plan(conn, key, area=area)
    cov = book.coverage_of(conn, key)
    ids = sorted(cov.faces)
    shapes = np.empty(len(ids), dtype=object)
    shapes[:] = list(cov.polygons(ids))
    areas = areas_m2(shapes)
    rows = [
        {
            **{name: cov.faces[face].props.get(name) for name in ("code", "name", "kind", "special", "community_code")},
            "team_key": cov.faces[face].props.get("team_key"),
            "area_m2": float(area_m2),
            "id": face,
        }
        for face, area_m2 in zip(ids, areas, strict=True)
    ]
    name = f"plan-{plan['name']}-{plan['version']}"
    return write_grids(rows, shapes, name=name, format=format, encoding=encoding)


# -- in ---------------------------------------------------------------------------------------------------------------


def preview(
    conn: Connection,
    file: GridFile,
    *,
    edition: str | None = None,
    tolerance_m: float = TOLERANCE_M,
    area: bytes | None = None,
) -> Preview:
    """Look at a file beside an edition (None: the one in force).

    Raises as `look_at`, NotFound for no such edition, Forbidden (reason "area") for a file that redraws communities
    beyond the asker's area.
    """
    name = edition or edition_in_force(conn)
    stood = _stands(conn, name)
    cov = coverage_of_edition(conn, name)
    ids = sorted(cov.faces)
    shapes = np.empty(len(ids), dtype=object)
    shapes[:] = list(cov.polygons(ids))
    base = Base(ids, [cov.faces[face].props for face in ids], shapes)
    look = look_at(file, base, tolerance_m=tolerance_m, used=codes.ever(conn))
    scope = None if area is None else _scope_of(conn, {cov.faces[face].community for face in look.gone}, area)
    return Preview(look, name, stood, scope)


def _scope_of(conn: Connection, communities: Collection[str | None], area: bytes) -> str:
    """The smallest area around the communities that a file redraws, if it lies in the asker's."""
    found = None
    if None not in communities:
        asked = {"communities": sorted(map(str, communities)), "area": area}
        found = conn.execute(sql_file("plan_scope_of"), asked).fetchone()
    if found is None:
        raise Forbidden("文件里的网格超出本辖区 · The file redraws communities beyond your own area.", reason="area")
    return str(found["code"])


def make_plan(
    conn: Connection, found: Preview, name: str, by: str, *, accept_repairs: bool, area: bytes | None = None
) -> dict[str, Any]:
    """Make a plan of what was looked at, of the area that the asker is limited to or the whole city. Returns its row.

    Raises BadInput: "problems" while the file has any, "repairs" while they are not agreed to; Conflict (reason
    "edition") when the edition has changed since.
    """
    findings = found.look.findings
    if findings.problems:
        first, count = findings.problems[0], len(findings.problems)
        raise refused(
            "problems", f"文件里还有 {count} 处问题：{first.zh}", f"the file has {many(count, 'problem')}: {first.en}"
        )
    if findings.repaired_m2 > 0 and findings.repairs and not accept_repairs:
        raise refused("repairs", "请先确认修补", "agree to the repairs first")
    if _stands(conn, found.edition) != found.stood:
        raise Conflict(
            "网格版本已有变动，请重新预览 · The edition has changed since: look at the file again.", reason="edition"
        )
    cov = coverage_of_edition(conn, found.edition)
    if found.scope is not None:
        cov = part_of(cov, log.scope_of(conn, found.scope, area)["communities"], found.scope)
    gone = set(found.look.gone)
    kept = [face for face in sorted(cov.faces) if face not in gone]
    faces = [*(cov.faces[face] for face in kept), *(_face(one) for one in found.look.drawn)]
    shapes = fitted(list(cov.polygons(kept)), [one.shape for one in found.look.drawn])
    count = len(found.look.drawn)
    text = (f"导入 {found.look.file.name}:{count} 个网格", f"Imported {found.look.file.name}: {many(count, 'grid')}")
    return book.import_plan(conn, name, found.edition, faces, shapes, by, text=text, scope=found.scope, area=area)


def fitted(kept: Sequence[BaseGeometry], drawn: Sequence[BaseGeometry]) -> list[BaseGeometry]:
    """Kept and drawn grids in one coverage: a corner that a file put on a community's border is its neighbour's too."""
    old, new = np.empty(len(kept), dtype=object), np.empty(len(drawn), dtype=object)
    old[:], new[:] = list(kept), list(drawn)
    if len(old):
        old = given_corners(old, new, _SAME_CORNER_M, Plane(np.concatenate([old, new])))
    return [*old.tolist(), *new.tolist()]


def _face(one: Drawn) -> Face:
    return Face(one.id, {**_PROPS, **one.props})


def _stands(conn: Connection, edition: str) -> tuple[int, datetime | None]:
    """How many grids an edition has, and when the last of them was written."""
    row = conn.execute(
        "SELECT count(*) AS grids, max(sys_from) AS newest FROM grid WHERE edition = %s", (edition,)
    ).fetchone()
    if row is None or not row["grids"]:
        raise NotFound(f"没有网格版本 {edition[:64]} · There is no edition {edition[:64]}.", reason="edition")
    return int(row["grids"]), row["newest"]
