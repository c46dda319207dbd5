"""Two partitions beside each other: where they differ the ground is cut, and what lies on it looked up on both sides.

A plan of an edition that had to be mended starts from the mended borders. It is compared with those: what mending alone
moves is compared apart, with the edition's rows as they came.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from onemap.planning import book, editions, lineage, routing
from onemap.planning.coverage import Coverage
from onemap.planning.described import codes_given
from onemap.planning.editions import Grid
from onemap.planning.grounds import coverage_of_edition
from onemap.planning.lineage import Line, Piece
from onemap.planning.routing import Ground, Looked
from onemap.store.db import Connection

LAYERS = ("building", "incident", "part", "camera", "hazard", "sensor", "place", "team")


@dataclass(frozen=True)
class Compared:
    """Two partitions beside each other with what lies on the ground that differs.

    `given`: the codes that grids of a plan would have, by their id. `mended`: the base as it came beside the base as it
    was mended, where it was.
    """

    before: Sequence[Grid]
    after: Sequence[Grid]
    cut: Sequence[Piece]
    lines: Sequence[Line]
    ground: Ground
    looked: Mapping[str, Looked]
    given: Mapping[str, str]
    mended: Compared | None = None

    @property
    def moved(self) -> list[Piece]:
        """The ground that changes hands."""
        return [piece for piece in self.cut if piece.before != piece.after]


def compared(
    conn: Connection, before: Sequence[Grid], after: Sequence[Grid], given: Mapping[str, str] | None = None
) -> Compared:
    """Cut the ground and look at what lies on it."""
    cut = lineage.pieces(before, after)
    ground = Ground(before, after, cut)
    looked = routing.looked(ground, routing.found(conn, before, after, LAYERS))
    return Compared(before, after, cut, lineage.lines(before, after, cut), ground, looked, given or {})


def compared_plan(conn: Connection, plan: Mapping[str, Any]) -> Compared:
    """A plan beside what it started from; grids go by their ids in the plan, for the new ones have no code yet."""
    whole = book.whole_of(conn, plan["key"])
    came, after, given = editions.grids(conn, plan["base"]), _grids(whole), codes_given(conn, whole)
    if not plan["mended"]:
        return compared(conn, came, after, given)
    start = _grids(coverage_of_edition(conn, plan["base"]))
    return replace(compared(conn, start, after, given), mended=compared(conn, came, start))


def _grids(cov: Coverage) -> list[Grid]:
    """The grids of a coverage in the order of their ids."""
    ids = sorted(cov.faces)
    found = []
    for face, geom in zip(ids, cov.polygons(ids), strict=True):
        props = cov.faces[face].props
        team, kind, special = props.get("team_key") or None, props.get("kind") or "unit", props.get("special") or None
        name = str(props.get("name") or face)
        found.append(Grid(face, geom, name, kind, props.get("community_code"), team, special))
    return found
