"""Codes of grids: 6 + 3 + 3 + 3 characters, numbered west to east and north to south inside a community, never reused.

A grid that has its code keeps it; a new one that a file brought keeps the file's code if no grid ever had it. What is
new else gets the next numbers of its community, after all that were ever used. Until then the map tells parts of a
split grid apart by 甲, 乙, 丙 behind the number of the grid they come from.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import shapely

from onemap.core.code import next_grid_code
from onemap.planning.plane import Plane
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

if TYPE_CHECKING:
    from onemap.planning.coverage import Coverage, Delta

Floats = npt.NDArray[np.float64]
STEMS = "甲乙丙丁戊己庚辛壬癸"
_LENGTH = 15
_FORM = re.compile(r"[0-9A-Z]{15}")
#: The largest number that a file may bring to a community that has no larger one.
_ROOM = 899


def ever(conn: Connection) -> set[str]:
    """Every code that a grid has or had in any edition."""
    return {str(row["code"]) for row in conn.execute(sql("plan_codes_ever"))}


def fresh(code: str, community: str | None, used: Collection[str]) -> bool:
    """Whether a new grid of a community may bring this code: of the right form, of the community, and never given.

    A number near the last would leave none for the grids after it, unless there is such a one already.
    """
    if _FORM.fullmatch(code) is None or code[:12] != community or code in used:
        return False
    tail = code[12:]
    if not tail.isdigit() or 0 < int(tail) <= _ROOM:
        return True
    return int(tail) > 0 and any(one[:12] == community and one[12:].isdigit() and one > code for one in used)


def assign(cov: Coverage, used: Iterable[str], *, without: Collection[str] = ()) -> dict[str, str]:
    """Codes of all faces: their own where they have one, else the next of their community in the order of reading.

    `without`: faces whose own code does not count. Raises BadCode: the community's code has not 12 characters of 0-9
    and A-Z, or its 999 numbers are used up.
    """
    codes = {
        face: str(it.props["code"]) for face, it in cov.faces.items() if it.props.get("code") and face not in without
    }
    taken: dict[str, set[str]] = {}
    for code in (*used, *codes.values()):
        taken.setdefault(code[:12], set()).add(code)
    new: dict[str, list[str]] = {}
    for face, it in cov.faces.items():
        if face not in codes:
            new.setdefault(str(it.props.get("community_code") or ""), []).append(face)
    for community in sorted(new):
        here = [face for face, it in cov.faces.items() if str(it.props.get("community_code") or "") == community]
        wanted = set(new[community])
        known = taken.setdefault(community, set())
        for face in reading_order(cov, here):
            if face in wanted:
                code = str(next_grid_code(community, known))
                known.add(code)
                codes[face] = code
    return codes


def published(cov: Coverage, used: Collection[str]) -> dict[str, str]:
    """The codes that a plan's grids would get: a new grid's own is not given again once another edition has it."""
    again = {face for face, it in cov.faces.items() if face.startswith("~") and it.props.get("code") in used}
    return assign(cov, used, without=again)


def reading_order(cov: Coverage, faces: Sequence[str]) -> list[str]:
    """Faces row by row from the north, each row from the west.

    A row holds the faces whose middles lie less than half a typical grid's height below the row's first.
    """
    if not faces:
        return []
    polygons = cov.polygons(faces)
    middles = shapely.centroid(polygons)
    plane = Plane(float(np.mean(shapely.get_x(middles))), float(np.mean(shapely.get_y(middles))))
    flat = plane.flat(middles)
    x, y = shapely.get_x(flat), shapely.get_y(flat)
    bounds = shapely.bounds(plane.flat(polygons))
    reach = float(np.median(bounds[:, 3] - bounds[:, 1])) / 2.0
    rows: list[list[int]] = []
    for n in np.lexsort((np.array(faces, dtype=str), x, -y)).tolist():
        if rows and y[rows[-1][0]] - y[n] < reach:
            rows[-1].append(n)
        else:
            rows.append([n])
    return [faces[n] for row in rows for n in sorted(row, key=lambda n: (x[n], -y[n], faces[n]))]


class Labels:
    """Short labels for the map: 004, or 004甲 and 004乙 for the parts of a grid that was split."""

    def __init__(self, base: Coverage) -> None:
        self.base = base
        self._own = {face: short(str(it.props.get("code") or face)) for face, it in base.faces.items()}
        #: The base edition's grid that a new face lies in: settled when it is first seen.
        self._parent: dict[str, str | None] = {}

    def of(self, cov: Coverage) -> dict[str, str]:
        """Labels of all faces."""
        return self._labels(cov, cov.faces)

    def after(self, cov: Coverage, delta: Delta) -> dict[str, str]:
        """Labels that an edit can have changed: of its own faces, of new ones, and of those that these are parts of."""
        come, gone = ({face.id for face in faces} for faces in (delta.faces, delta.faces_gone))
        # Where one of its parts changed, and where it did itself, all parts of a grid are told apart anew.
        parents = {self._of_new(cov, face) for face in come - self.base.faces.keys()}
        parents |= {self._parent.get(face) for face in gone} | ((come | gone) & self.base.faces.keys())
        parts = {face for face, parent in self._parent.items() if parent in parents and parent is not None}
        return self._labels(cov, sorted(come | parts | {parent for parent in parents if parent is not None}))

    def _labels(self, cov: Coverage, faces: Iterable[str]) -> dict[str, str]:
        parts: dict[str, list[str]] = {}
        labels: dict[str, str] = {}
        for face in faces:
            it = cov.faces.get(face)
            if it is None:
                continue
            own = self._own.get(face)
            if own is not None:
                labels[face] = own
                continue
            parent = self._of_new(cov, face)
            code = it.props.get("code")
            if code:
                labels[face] = short(str(code))
            elif parent is None:
                labels[face] = f"新{face.lstrip('~')}"
            else:
                parts.setdefault(parent, []).append(face)
        for parent, fresh in parts.items():
            number = self._own[parent]
            pieces = reading_order(cov, [*fresh, parent] if parent in cov.faces else fresh)
            for n, face in enumerate(pieces):
                labels[face] = number + (STEMS[n] if n < len(STEMS) else f"-{n + 1}")
        return labels

    def _of_new(self, cov: Coverage, face: str) -> str | None:
        if face not in self._parent:
            inside = shapely.point_on_surface(cov.polygon(face))
            self._parent[face] = self.base.at(inside.x, inside.y)
        return self._parent[face]


def short(code: str) -> str:
    """The number of a grid inside its community; a code of another kind is shown by its last six characters."""
    return code[12:] if len(code) == _LENGTH else code[-6:]
