"""The ground of a declared fence: a WGS-84 multipolygon derived from what its source names, as the map stands now."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import shapely
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from onemap.core.cell import boundaries, cell_from_hex
from onemap.core.errors import BadInput, NotFound
from onemap.core.geometry import clean_geometry, read_geojson
from onemap.fences.declare import ASSETS, Source
from onemap.fences.index import METRES_PER_DEGREE
from onemap.store.db import Connection
from onemap.store.sqlfile import sql

_QUARTER_STEPS = 16


class NoGround(NotFound):
    """What a fence's source names is not on the map."""

    code = "not-found"


def ground_of(conn: Connection, source: Source) -> MultiPolygon:
    """The ground of a source. Raises NoGround when what it names is gone, BadInput when it is malformed."""
    if source.type == "polygon":
        return _multi(clean_geometry(read_geojson(source.geometry).geom, "MultiPolygon").geom)
    if source.type == "cells":
        return _union(list(boundaries([cell_from_hex(text) for text in source.cells])))
    if source.type == "grids":
        return _grids(conn, source.codes)
    if source.type == "hazard_zone":
        rows = conn.execute(sql("fence_zone"), {"key": source.key}).fetchall()
        if not rows:
            raise NoGround(f"隐患点 {source.key} 没有威胁区 · hazard point {source.key} has no zone", reason="source")
        return _union([_geom(row["wkb"]) for row in rows])
    layer = "mover" if source.type == "mover" else str(source.layer)
    return buffered(_asset(conn, layer, str(source.key)), source.radius_m)


def buffered(geom: BaseGeometry, radius_m: float) -> MultiPolygon:
    """All within a distance of a geometry: in the plane tangent at its middle, metres; to 20 km within 0.1 %."""
    middle = shapely.centroid(geom)
    scale = np.array([METRES_PER_DEGREE * float(np.cos(np.radians(middle.y))), METRES_PER_DEGREE])
    origin = np.array([middle.x, middle.y])

    def to_plane(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.asarray((xy - origin) * scale)

    def to_degrees(xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.asarray(xy / scale + origin)

    flat = shapely.transform(geom, to_plane)
    return _multi(shapely.transform(shapely.buffer(flat, radius_m, quad_segs=_QUARTER_STEPS), to_degrees))


def _grids(conn: Connection, codes: tuple[str, ...]) -> MultiPolygon:
    rows = conn.execute(sql("fence_grids"), {"codes": list(codes)}).fetchall()
    missing = sorted(set(codes) - {row["code"] for row in rows})
    if missing:
        named = ", ".join(missing[:3]) + ("…" if len(missing) > 3 else "")
        raise NoGround(f"现行网格版本中没有 {named} · not in the edition in force: {named}", reason="source")
    return _union([_geom(row["wkb"]) for row in rows])


def _asset(conn: Connection, layer: str, key: str) -> BaseGeometry:
    if layer not in (*ASSETS, "mover"):
        raise BadInput(f"{layer} holds no assets.", reason="source")
    row = conn.execute(f"SELECT st_asbinary(geom) AS wkb FROM onemap.{layer} WHERE key = %s", (key,)).fetchone()  # noqa: S608
    if row is None:
        raise NoGround(f"{layer} {key} 不在图上 · {layer} {key} is not on the map", reason="source")
    geom: BaseGeometry = shapely.force_2d(_geom(row["wkb"]))
    return geom


def _geom(wkb: bytes) -> BaseGeometry:
    found: BaseGeometry | None = shapely.from_wkb(wkb)
    assert found is not None  # noqa: S101  (the column is not null)
    return found


def _union(shapes: list[BaseGeometry]) -> MultiPolygon:
    return _multi(shapely.union_all(np.array(shapes, dtype=object)))


def _multi(geom: BaseGeometry) -> MultiPolygon:
    found = clean_geometry(geom, "MultiPolygon").geom
    assert isinstance(found, MultiPolygon)  # noqa: S101  (what clean_geometry promises)
    return found
