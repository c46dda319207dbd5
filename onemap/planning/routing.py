"""Which grid each thing on the map lies in, before and after: what changes hands, and writing it to the rows.

A row names its grid (`grid_code`). It is given another when the grid it names gave up the ground under its place, or is
no more. A row that names another grid than the one under it, because somebody wrote it so, is left alone while that
grid exists. Closed cases keep the grid they were closed in, removed parts the one they were removed in.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from psycopg.sql import SQL, Identifier

from onemap.core.geometry import representatives
from onemap.planning.editions import Grid, shapes
from onemap.planning.inside import Scatter
from onemap.planning.lineage import Piece, unchanged
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[Any]  # text or None
#: Layers whose rows name their grid.
NAMING = ("building", "hazard", "incident", "part", "team")
#: What is counted of a building.
MEASURES = ("households", "residents")
#: More boxes than this are asked for as one.
_BOXES = 400


@dataclass(frozen=True)
class Places:
    """Things of a layer: ids, representative points, the grid they name, their measures (NaN: not known)."""

    ids: Ints
    xy: npt.NDArray[np.float64]
    named: Codes
    measures: dict[str, npt.NDArray[np.float64]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.ids)


class Ground:
    """The part of two partitions that differs: grids that gave or took ground, before and after."""

    def __init__(self, before: Sequence[Grid], after: Sequence[Grid], cut: Sequence[Piece]) -> None:
        moved = [piece for piece in cut if piece.before != piece.after]
        # A grid that gave away may keep its code: the ground it keeps is looked at too, so that a point on the new
        # border belongs to the lower code as everywhere.
        near = {piece.before for piece in moved} | {piece.after for piece in moved}
        team_was = {grid.code: grid.team_key for grid in before}
        #: Grids that stay and are another team's.
        self.reteamed = {grid.code for grid in after if team_was.get(grid.code, grid.team_key) != grid.team_key}
        near |= self.reteamed
        self.team_was = team_was
        self.team_now = {grid.code: grid.team_key for grid in after}
        self.before = [grid for grid in before if grid.code in near]
        self.after = [grid for grid in after if grid.code in near]
        self.retired = retired(before, after)
        self._rest = [grid for grid in after if grid.code not in near]

    def routed(self, places: Places) -> tuple[Codes, Codes]:
        """The code of the grid under each place, before and after; None where it lies outside of what differs."""
        was, now = _under(self.before, places.xy), _under(self.after, places.xy)
        retired = set(self.retired)
        astray = np.array([new is None and name in retired for name, new in zip(places.named, now, strict=True)], bool)
        if astray.any():  # far from the retired grid that they name
            now[astray] = _under(self._rest, places.xy[astray])
        return was, now


def boxes(before: Sequence[Grid], after: Sequence[Grid]) -> npt.NDArray[np.float64]:
    """West, south, east, north of where something may change hands, (n, 4): around grids that are not as they were.

    It takes no overlay, so that what lies there can be read while the two partitions are still being cut.
    """
    same = [(i, j) for i, j in unchanged(before, after) if before[i].team_key == after[j].team_key]
    was, now = {i for i, _ in same}, {j for _, j in same}
    every = [grid for i, grid in enumerate(before) if i not in was]
    every += [grid for j, grid in enumerate(after) if j not in now]
    if not every:
        return np.zeros((0, 4))
    bounds = shapely.bounds(shapes(every))
    if len(bounds) > _BOXES:
        bounds = np.array([[*bounds[:, :2].min(axis=0), *bounds[:, 2:].max(axis=0)]])
    return np.asarray(bounds, np.float64)


def retired(before: Sequence[Grid], after: Sequence[Grid]) -> list[str]:
    """Codes of grids that are no more."""
    return sorted({grid.code for grid in before} - {grid.code for grid in after})


def _under(grids: Sequence[Grid], xy: npt.NDArray[np.float64]) -> Codes:
    """The grid of each point; on a shared border the lower code, as everywhere."""
    found = np.full(len(xy), None, dtype=object)
    if not grids or not len(xy):
        return found
    ordered = sorted(grids, key=lambda grid: grid.code, reverse=True)
    polygon, point, _ = Scatter(xy).within(shapes(ordered))
    codes = np.array([grid.code for grid in ordered], dtype=object)
    # Pairs come by polygon: the last to write is the lowest code.
    found[point] = codes[polygon]
    return found


def placed(conn: Connection, layer: str, boxes: npt.NDArray[np.float64], retired: Sequence[str] = ()) -> Places:
    """What of a layer lies in some boxes, or names one of the retired grids."""
    asked = {"boxes": boxes.ravel().tolist(), "retired": list(retired)}
    # Each column comes in one piece: a row at a time would take as long as all the rest of a publication.
    row = conn.execute(sql(f"route_{layer}"), asked, binary=True).fetchone()
    if row is None or row["ids"] is None:
        return Places(np.zeros(0, np.int64), np.zeros((0, 2)), np.zeros(0, dtype=object))
    ids = np.frombuffer(row["ids"], ">i8").astype(np.int64)
    measures = {name: np.frombuffer(row[name], ">i4").astype(np.float64) for name in MEASURES if name in row}
    named = np.full(len(ids), None, dtype=object)
    if "named" in row:
        named[:] = [code or None for code in row["named"].split("\n")]
    return Places(ids, _spots(row), named, measures)


def _spots(row: Mapping[str, Any]) -> npt.NDArray[np.float64]:
    """Representative points: positions as they are, of grounds a point inside."""
    if "xy" in row:
        return np.frombuffer(row["xy"], ">f8").astype(np.float64).reshape(-1, 2)
    ends = np.cumsum(np.frombuffer(row["lengths"], ">i4"))
    raw, starts = row["wkb"], [0, *ends[:-1].tolist()]
    grounds = [raw[start:end] for start, end in zip(starts, ends.tolist(), strict=True)]
    lon, lat = representatives(shapely.from_wkb(np.array(grounds, dtype=object)))
    return np.column_stack([lon, lat])


def moves(places: Places, was: Codes, now: Codes, retired: Collection[str]) -> npt.NDArray[np.bool_]:
    """Which rows are given the grid that they lie in now."""
    gone = set(retired)
    return np.fromiter(
        (
            name is not None and new is not None and name != new and (name in gone or (name == old and old != new))
            for name, old, new in zip(places.named, was, now, strict=True)
        ),
        bool,
        len(places),
    )


@dataclass(frozen=True)
class Looked:
    """What of a layer lies where something differs, with the code of the grid under it before and after."""

    places: Places
    was: Codes
    now: Codes

    def between(self, reteamed: Collection[str] = ()) -> Ints:
        """Places of those whose ground has another grid, or one of the named."""
        other = self.was != self.now
        if reteamed:
            other = other | np.isin(self.now.astype(str), list(reteamed))
        return np.flatnonzero(other)


def found(
    conn: Connection, before: Sequence[Grid], after: Sequence[Grid], layers: Collection[str] = NAMING
) -> dict[str, Places]:
    """The things of some layers where two partitions differ."""
    where, gone = boxes(before, after), retired(before, after)
    return {layer: placed(conn, layer, where, gone) for layer in layers}


def looked(ground: Ground, places: Mapping[str, Places]) -> dict[str, Looked]:
    """Which grid each of them lies in, before and after. Asks no database."""
    return {layer: Looked(some, *ground.routed(some)) for layer, some in places.items()}


def reroute(conn: Connection, ground: Ground, seen: Mapping[str, Looked]) -> dict[str, int]:
    """Give every row that has come into another grid its new code, in the caller's transaction; rows by layer."""
    moved = {}
    for layer in NAMING:
        one = seen[layer]
        chosen = moves(one.places, one.was, one.now, ground.retired)
        if chosen.any():
            asked = {
                "ids": one.places.ids[chosen].tolist(),
                "named": one.places.named[chosen].tolist(),
                "codes": one.now[chosen].tolist(),
            }
            moved[layer] = conn.execute(
                SQL(sql("route_write")).format(table=Identifier("onemap", layer)), asked
            ).rowcount
    return moved
