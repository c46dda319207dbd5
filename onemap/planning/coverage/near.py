"""Which faces are near a place: a tree of all as they once were, and the few that changed since beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import shapely
from shapely import MultiPolygon, STRtree
from shapely.geometry.base import BaseGeometry

from onemap.planning.coverage.model import FaceId

_REBUILD = 400


class Near:
    """An index of face polygons. `changed` names faces whose polygon is no longer the one in the tree."""

    def __init__(self, faces: Sequence[FaceId] = (), grounds: Sequence[BaseGeometry] = ()) -> None:
        self._base = (STRtree(grounds), list(faces))
        self._changed: set[FaceId] = set()

    def copy(self) -> Near:
        """Return one that shares the tree and forgets apart."""
        made = Near()
        made._base, made._changed = self._base, set(self._changed)
        return made

    def change(self, face: FaceId) -> None:
        """Note that a face is new, different or gone."""
        self._changed.add(face)

    def meeting(
        self, geom: BaseGeometry, polygon: Callable[[FaceId], MultiPolygon], faces: Mapping[FaceId, object]
    ) -> list[FaceId]:
        """Return the faces that a geometry meets, borders included, in order of id."""
        if len(self._changed) > _REBUILD:
            self._renew(polygon, faces)
        tree, ids = self._base
        hits = tree.query(geom, predicate="intersects")
        found = [name for name in (ids[i] for i in hits.tolist()) if name not in self._changed]
        fresh = [name for name in self._changed if name in faces]
        if fresh:
            shapes = np.array([polygon(name) for name in fresh], dtype=object)
            shapely.prepare(geom)
            found += [fresh[i] for i in np.flatnonzero(shapely.intersects(shapes, geom)).tolist()]
        return sorted(found)

    def _renew(self, polygon: Callable[[FaceId], MultiPolygon], faces: Mapping[FaceId, object]) -> None:
        tree, ids = self._base
        kept = {name: ground for name, ground in zip(ids, tree.geometries, strict=True) if name not in self._changed}
        names = list(faces)
        self._base = (STRtree([kept.get(name) or polygon(name) for name in names]), names)
        self._changed = set()
