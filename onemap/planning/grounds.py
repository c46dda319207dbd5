"""Where a plan starts: the coverage of an edition, or its part in the plan's scope; and whole coverages packed."""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Collection
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np
import shapely

from onemap.core.errors import Forbidden, NotFound
from onemap.planning import mending
from onemap.planning.coverage import Arc, Coverage, Delta, Face, NotACoverage
from onemap.planning.exchange.spec import Shapes
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

_KEEP = 4
_COUNTERS = struct.Struct("<qq")
#: Attributes of a grid that an edition has; `locked` is the plan's own.
EDITION_PROPS = ("code", "name", "kind", "special", "community_code", "team_key")

_known: OrderedDict[tuple[object, ...], Coverage] = OrderedDict()
_lock = Lock()


#: A database that was dropped and made anew has its name again, and another number.
_numbers: WeakKeyDictionary[Connection, int] = WeakKeyDictionary()


def database(conn: Connection) -> tuple[str, int, str, int]:
    """Which database a connection goes to: what is remembered of one is not told of another."""
    number = _numbers.get(conn)
    if number is None:
        row = conn.execute("SELECT oid::bigint AS oid FROM pg_database WHERE datname = current_database()").fetchone()
        assert row is not None  # noqa: S101
        number = _numbers[conn] = row["oid"]
    return conn.info.host, conn.info.port, conn.info.dbname, number


def edition_in_force(conn: Connection) -> str:
    """Name of the edition in force. Raises NotFound (reason "edition") when the map has no grids."""
    found = conn.execute("SELECT onemap.edition_in_force() AS name").fetchone()
    if found is None or not found["name"]:
        raise NotFound("图上还没有网格版本 · There is no edition of grids yet.", reason="edition")
    return str(found["name"])


def coverage_of_edition(conn: Connection, edition: str) -> Coverage:
    """The coverage of an edition's grids; face ids are codes. The caller's own copy.

    Grids that overlap or whose corners do not match are given on the borders that a post has agreed to. Raises NotFound
    (reason "edition"); Unmended (a Conflict) while nobody has, CannotMend where that is not possible.
    """
    mark = conn.execute(
        "SELECT count(*) AS grids, max(sys_from) AS newest, "
        "(SELECT max(accepted_at) FROM edition_repair r WHERE r.edition = %(edition)s) AS agreed "
        "FROM grid WHERE edition = %(edition)s",
        {"edition": edition},
    ).fetchone()
    if mark is None or not mark["grids"]:
        raise NotFound(f"没有网格版本 {edition[:64]} · There is no edition {edition[:64]}.", reason="edition")
    # The time of the agreement: one that was rolled back is not remembered.
    known = (database(conn), edition, mark["grids"], mark["newest"], mark["agreed"])
    with _lock:
        found = _known.get(known)
        if found is not None:
            _known.move_to_end(known)
    if found is None:
        found = _read(conn, edition)
        with _lock:
            _known[known] = found
            while len(_known) > _KEEP:
                _known.popitem(last=False)
    return found.copy()


def agree(conn: Connection, edition: str, agreed: mending.Agreed | None, by: str, *, area: bytes | None = None) -> None:
    """Keep that a post agreed to the repairs of an edition whose grids do not match; nothing for one that does.

    None: nothing was said to any. Raises as `mending.agree`, NotFound, Forbidden: repairs are the whole city's, and who
    plans in one `area` alone does not agree to them.
    """
    if agreed is None:
        return
    if agreed.token is not None and area is not None:
        raise Forbidden(
            "修补全市网格须有全市的编制权限 · Agreeing to repairs needs the right to plan in the whole city.",
            reason="area",
        )
    faces, shapes = _rows(conn, edition)
    try:
        Coverage.from_polygons(faces, shapes)
    except NotACoverage:
        mending.agree(conn, edition, faces, shapes, agreed, by)


def part_of(cov: Coverage, communities: Collection[str] | None, scope: str | None) -> Coverage:
    """The grids of some communities as a coverage of its own; None: all. Raises NotFound where none lies there."""
    if communities is None or scope is None:
        return cov
    wanted = set(communities)
    inside = [
        face for face in cov.faces.values()
        if face.community is not None and (face.community in wanted or face.community.startswith(scope))
    ]  # fmt: skip
    if not inside:
        raise NotFound(f"区划 {scope} 内没有网格 · There are no grids in the area {scope}.", reason="scope")
    if len(inside) == len(cov.faces):
        return cov
    return Coverage.from_polygons(inside, cov.polygons([face.id for face in inside]))


def packed(cov: Coverage) -> bytes:
    """A whole coverage as bytes, with the ids that it gave last: they are never given again."""
    whole = Delta(arcs=tuple(cov.arcs.values()), faces=tuple(cov.faces.values()))
    return _COUNTERS.pack(cov.next_arc, _number(cov)) + whole.to_bytes()


def unpacked(raw: bytes) -> Coverage:
    """The coverage of such bytes. Raises NotACoverage when they are damaged."""
    arc, face = _COUNTERS.unpack(raw[: _COUNTERS.size])
    made = Coverage()
    made.patch(Delta.from_bytes(raw[_COUNTERS.size :]))
    remember(made, arc, face)
    return made


def remember(cov: Coverage, next_arc: int, next_face: int) -> None:
    """Let a coverage go on with ids that are at least these."""
    nowhere = np.array([[0.0, 0.0], [1.0, 1.0]])
    last = Delta(
        arcs=(Arc(next_arc - 1, nowhere, None, None),) if next_arc > cov.next_arc else (),
        faces=(Face(f"~{next_face - 1}", {}),) if next_face > _number(cov) else (),
    )
    cov.patch(last)
    cov.patch(last.reversed())


def counters(cov: Coverage) -> tuple[int, int]:
    """The numbers of the next arc and the next new grid."""
    return cov.next_arc, _number(cov)


def _number(cov: Coverage) -> int:
    return int(cov.next_id().removeprefix("~"))


def _read(conn: Connection, edition: str) -> Coverage:
    faces, shapes = _rows(conn, edition)
    try:
        return Coverage.from_polygons(faces, shapes)
    except NotACoverage:
        return mending.start(conn, edition, faces, shapes)


def _rows(conn: Connection, edition: str) -> tuple[list[Face], Shapes]:
    rows = conn.execute(sql("plan_grids"), {"edition": edition}).fetchall()
    if not rows:
        raise NotFound(f"没有网格版本 {edition[:64]} · There is no edition {edition[:64]}.", reason="edition")
    faces = [Face(row["id"], {**{name: row[name] for name in EDITION_PROPS}, "locked": False}) for row in rows]
    return faces, np.asarray(shapely.from_wkb([bytes(row["wkb"]) for row in rows]), dtype=object)
