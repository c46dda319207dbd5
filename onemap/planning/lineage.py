"""What became of each grid: the ground that two editions share, and what a share says.

Between two editions the ground is cut into pieces, each of one grid before and one after. A pair's relation:
`same` (the code and the ground are), `changed` (the code stays, or ground went between two grids that stay),
`split` (a new grid was cut off one that stays, or a grid was cut up), `merged` (a grid went into another),
`new` (ground where no grid was), `retired` (no ground of it has a grid any more).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import shapely
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from onemap.planning.editions import Grid, areas, shapes
from onemap.planning.plane import areas_m2
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

Relation = Literal["same", "changed", "split", "merged", "new", "retired"]
#: Pieces smaller than this are the noise of doubles where two borders cross, not ground.
LEAST_M2 = 0.05
#: A share smaller than this of both grids is not told.
LEAST_SHARE = 1e-6
#: From this share of a grid on, what took it counts as its successor.
SUCCESSOR = 0.02
_DEPTH = 20
#: From so many pairs on, a second thread is worth it.
_MANY = 2_000
#: At the equator; elsewhere a square metre is more of them.
_DEGREES2_PER_M2 = 8.1e-11


@dataclass(frozen=True)
class Piece:
    """Ground of one grid before and one after; None where there was none."""

    before: str | None
    after: str | None
    area_m2: float
    geom: BaseGeometry = field(repr=False)
    whole: bool = False  # both grids are this: neither code nor ground has changed


@dataclass(frozen=True)
class Line:
    """How a grid after and a grid before hang together; shares of the later's and of the earlier's area."""

    code: str | None
    code_before: str | None
    relation: Relation
    share: float
    share_before: float


def pieces(before: Sequence[Grid], after: Sequence[Grid]) -> list[Piece]:
    """The ground that two partitions share, pair by pair: what two grids have in common, and what only one side has.

    Grids that are the same on both sides are not cut: they are one piece each.
    """
    was, now = _valid(shapes(before)), _valid(shapes(after))
    same = unchanged(before, after)
    found = [
        Piece(before[i].code, after[j].code, float(area), now[j], whole=True)
        for (i, j), area in zip(same, areas([after[j] for _, j in same]), strict=True)
    ]
    taken_was, taken_now = {i for i, _ in same}, {j for _, j in same}
    left = [i for i in range(len(before)) if i not in taken_was]
    right = [j for j in range(len(after)) if j not in taken_now]
    # What of each grid has no counterpart yet. In square degrees: those of the pieces add up to those of the grid.
    rest_was, rest_now = shapely.area(was[left]), shapely.area(now[right])
    if left and right:
        a, b = shapely.STRtree(was[left]).query(now[right], predicate="intersects")
        meets = _flat(_common(now[right][a], was[left][b]))
        m2, size = _m2(meets), shapely.area(meets)
        np.subtract.at(rest_now, a, size)
        np.subtract.at(rest_was, b, size)
        found += [
            Piece(before[left[i]].code, after[right[j]].code, area, geom)
            for i, j, area, geom in zip(b.tolist(), a.tolist(), m2.tolist(), meets, strict=True)
            if area > LEAST_M2
        ]
    found += [Piece(None, code, m2, geom) for code, m2, geom in _alone(now, right, rest_now, was, left, after)]
    found += [Piece(code, None, m2, geom) for code, m2, geom in _alone(was, left, rest_was, now, right, before)]
    return sorted(found, key=lambda one: (one.after or "", one.before or ""))


def lines(before: Sequence[Grid], after: Sequence[Grid], cut: Sequence[Piece]) -> list[Line]:
    """The lineage of every grid of both editions, by the pieces between them."""
    area_was = dict(zip([grid.code for grid in before], areas(before).tolist(), strict=True))
    area_now = dict(zip([grid.code for grid in after], areas(after).tolist(), strict=True))
    same = {str(piece.after) for piece in cut if piece.whole}
    ground: dict[tuple[str | None, str | None], float] = defaultdict(float)
    for piece in cut:
        ground[piece.before, piece.after] += piece.area_m2
    heirs: dict[str, int] = defaultdict(int)
    for (b, a), m2 in ground.items():
        if b is not None and a is not None and m2 >= SUCCESSOR * area_was[b]:
            heirs[b] += 1
    found: list[Line] = []
    for (b, a), m2 in ground.items():
        share = min(1.0, m2 / area_now[a]) if a is not None else 0.0
        share_before = min(1.0, m2 / area_was[b]) if b is not None else 0.0
        if max(share, share_before) < LEAST_SHARE:
            continue
        if b is None:
            if share > 0.5:  # a sliver at the outer border is no ancestor of nothing
                found.append(Line(a, None, "new", share, 0.0))
            continue
        if a is None:
            if b not in area_now and heirs[b] == 0:
                found.append(Line(None, b, "retired", 0.0, share_before))
            continue
        found.append(Line(a, b, _relation(a, b, same, area_was, area_now, heirs[b]), share, share_before))
    return sorted(found, key=lambda one: (one.code or "", -one.share, one.code_before or ""))


def _relation(a: str, b: str, same: set[str], was: dict[str, float], now: dict[str, float], heirs: int) -> Relation:
    if a == b:
        return "same" if a in same else "changed"
    if b not in now:
        return "split" if heirs > 1 and a not in was else "merged"
    return "changed" if a in was else "split"


def successors(found: Sequence[Line], code: str) -> list[str]:
    """The grids that took a retired grid's ground, the largest share first: those that count, or the largest alone."""
    own = sorted((one for one in found if one.code_before == code and one.code is not None),
                 key=lambda one: (-one.share_before, one.code))  # fmt: skip
    return [str(one.code) for one in own if one.share_before >= 0.05] or [str(one.code) for one in own[:1]]


def write(conn: Connection, edition: str, base: str, found: Sequence[Line]) -> None:
    """Write the lineage of an edition, in the caller's transaction."""
    names = "edition, code, base, code_before, relation, share, share_before"
    with conn.cursor() as cursor, cursor.copy(f"COPY grid_lineage ({names}) FROM STDIN") as copy:
        for one in found:
            copy.write_row((edition, one.code, base, one.code_before, one.relation, one.share, one.share_before))


def of(conn: Connection, edition: str, code: str) -> dict[str, Any]:
    """Where a grid came from and what became of it, through every edition that is known."""
    return {
        "edition": edition,
        "code": code,
        "before": _walk(conn, edition, code, back=True),
        "after": _walk(conn, edition, code, back=False),
    }


def _walk(conn: Connection, edition: str, code: str, *, back: bool) -> list[dict[str, Any]]:
    """Generation by generation; `share` is that of the later grid of the whole way, summed over all ways."""
    statement = sql("lineage_before" if back else "lineage_after")
    found: dict[tuple[str, str], dict[str, Any]] = {}
    wave: dict[tuple[str, str], float] = {(edition, code): 1.0}
    for _ in range(_DEPTH):
        asked = {"editions": [e for e, _ in wave], "codes": [c for _, c in wave]}
        following: dict[tuple[str, str], float] = defaultdict(float)
        for row in conn.execute(statement, asked).fetchall():
            far = (row["edition"], row["code"])
            share = row["share"] * wave[row["from_edition"], row["from_code"]]
            following[far] += share
            line = found.setdefault(far, {
                "edition": far[0], "code": far[1], "name": row["name"], "relation": row["relation"], "share": 0.0,
                "valid_from": row["valid_from"], "valid_to": row["valid_to"],
            })  # fmt: skip
            line["share"] = min(1.0, line["share"] + share)
        if not following:
            break
        wave = dict(following)
    return list(found.values())


def unchanged(before: Sequence[Grid], after: Sequence[Grid]) -> list[tuple[int, int]]:
    """Pairs of grids with one code and one ground; a corner added on a straight line is no change."""
    place = {grid.code: i for i, grid in enumerate(before)}
    pairs = [(place[grid.code], j) for j, grid in enumerate(after) if grid.code in place]
    if not pairs:
        return []
    was = shapes(before)[[i for i, _ in pairs]]
    now = shapes(after)[[j for _, j in pairs]]
    alike = shapely.equals_exact(shapely.normalize(was), shapely.normalize(now), tolerance=0.0)
    boxed = np.all(np.abs(shapely.bounds(was) - shapely.bounds(now)) < 1e-12, axis=1)
    close = np.abs(areas_m2(was) - areas_m2(now)) <= LEAST_M2
    look = np.flatnonzero(~alike & boxed & close)
    if len(look):
        apart = areas_m2(shapely.symmetric_difference(was[look], now[look]))
        alike[look] = apart <= LEAST_M2
    return [pair for pair, is_same in zip(pairs, alike.tolist(), strict=True) if is_same]


def _alone(
    mine: Any, own: list[int], rest: Any, other: Any, others: list[int], grids: Sequence[Grid]
) -> Iterator[tuple[str, float, BaseGeometry]]:
    """Ground of some grids on which the other side has none; `rest`: what their pieces do not add up to."""
    short = [i for i, size in zip(own, rest.tolist(), strict=True) if size > LEAST_M2 * _DEGREES2_PER_M2]
    if not short:
        return
    tree = shapely.STRtree(other[others]) if others else None
    for i in short:
        near = [] if tree is None else other[others][tree.query(mine[i], predicate="intersects")]
        geom = _flat(np.array([shapely.difference(mine[i], shapely.union_all(near))], dtype=object))
        m2 = float(_m2(geom)[0])
        if m2 > LEAST_M2:
            yield grids[i].code, m2, geom[0]


def _common(one: Any, other: Any) -> Any:
    """What pairs have in common; GEOS works without Python's lock, so that two halves take half the time."""
    if len(one) < _MANY:
        return shapely.intersection(one, other)
    middle = len(one) // 2
    with ThreadPoolExecutor(1) as beside:
        half = beside.submit(shapely.intersection, one[:middle], other[:middle])
        rest = shapely.intersection(one[middle:], other[middle:])
        return np.concatenate([half.result(), rest])


def _m2(geoms: Any) -> npt.NDArray[np.float64]:
    return areas_m2(geoms) if len(geoms) else np.zeros(0)


def _flat(geoms: Any) -> Any:
    """Only the ground of what an overlay gave: lines and points where borders touch are none."""
    made = np.asarray(geoms, dtype=object).copy()
    for i in np.flatnonzero(~np.isin(shapely.get_type_id(made), (3, 6))).tolist():
        made[i] = MultiPolygon([part for part in shapely.get_parts(made[i]) if part.geom_type == "Polygon"])
    return made


def _valid(geoms: Any) -> Any:
    """As they are where they are valid; an edition that was imported long ago may hold a loop."""
    bad = ~shapely.is_valid(geoms)
    if bad.any():
        geoms = geoms.copy()
        geoms[bad] = _flat(shapely.make_valid(geoms[bad]))
    return geoms
