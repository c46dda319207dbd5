"""Which faces are near a place: a tree of all as they once were, and the few that changed since beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import shapely
from shapely import MultiPolygon, STRtree
from shapely.geometry.base import BaseGeometry

from onemap.planning.coverage.model import FaceId

#: Changed faces that are looked at one by one; for more, a small tree is made of all that ever changed.
_FEW = 64

Tree = tuple[STRtree, list[FaceId]]
Ground = Callable[[FaceId], MultiPolygon]


class Near:
    """An index of face polygons: the tree of the start, a small one of what changed since, and the last changes.

    The small one grows with the changes and not with the coverage, so that no edit waits until thousands of faces that
    nobody touched are indexed anew.
    """

    def __init__(self, faces: Sequence[FaceId] = (), grounds: Sequence[BaseGeometry] = ()) -> None:
        self._base: Tree = (STRtree(grounds), list(faces))
        self._later: Tree = (STRtree([]), [])
        #: No longer as in the first tree; and of these, no longer as in the small one.
        self._stale: set[FaceId] = set()
        self._changed: set[FaceId] = set()

    def copy(self) -> Near:
        """Return one that shares the trees and forgets apart."""
        made = Near.__new__(Near)
        made._base, made._later = self._base, self._later
        made._stale, made._changed = set(self._stale), set(self._changed)
        return made

    def change(self, face: FaceId) -> None:
        """Note that a face is new, different or gone."""
        self._stale.add(face)
        self._changed.add(face)

    def meeting(self, geom: BaseGeometry, polygon: Ground, faces: Mapping[FaceId, object]) -> list[FaceId]:
        """Return the faces that a geometry meets, borders included, in order of id."""
        if len(self._stale) > len(self._base[1]):  # as in a coverage that was made of a log
            names = list(faces)
            self._base, self._later = (STRtree([polygon(name) for name in names]), names), (STRtree([]), [])
            self._stale, self._changed = set(), set()
        elif len(self._changed) > _FEW:
            names = [name for name in self._stale if name in faces]
            self._later, self._changed = (STRtree([polygon(name) for name in names]), names), set()
        found = [name for name in _hits(self._base, geom) if name not in self._stale]
        found += [name for name in _hits(self._later, geom) if name not in self._changed]
        fresh = [name for name in self._changed if name in faces]
        if fresh:
            shapes = np.array([polygon(name) for name in fresh], dtype=object)
            shapely.prepare(geom)
            found += [fresh[i] for i in np.flatnonzero(shapely.intersects(shapes, geom)).tolist()]
        return sorted(found)


def _hits(tree: Tree, geom: BaseGeometry) -> list[FaceId]:
    found, names = tree
    return [names[i] for i in found.query(geom, predicate="intersects").tolist()]
