"""The fabric of the city: the noded network, the faces it encloses, who borders whom, and what can be built on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import LineString, MultiPoint, Polygon, STRtree
from shapely.geometry.base import BaseGeometry

from demo.city.names import Name
from demo.city.network import HALF_WIDTH_M, Centre, Line, extend, remoteness
from demo.city.plan import Floats, Geoms, Plan
from demo.city.shapes import parts, union
from demo.city.terrain import Terrain, filled
from demo.city.warp import Warp, smooth_ring
from demo.city.water import Water

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
SNAP_M = 0.05
SETBACK_M = 4.0


@dataclass
class Fabric:
    """Faces and edges of the noded plan, in local metres. Arrays run parallel to `faces` or to `edges`."""

    district: Polygon
    hills: BaseGeometry
    faces: Geoms
    edges: Geoms
    edge_line: Ints
    edge_left: Ints
    edge_right: Ints
    lines: list[Line]
    centroid: Floats
    area: Floats
    hilly: Floats
    far: Floats
    wet: Floats

    def edge_class(self) -> NDArray[np.str_]:
        """Road class of each edge; empty where the edge is a divide without a road."""
        classes = np.array([line.cls for line in self.lines])
        return np.asarray(classes[self.edge_line])


def make_district(plan: Plan, warp: Warp) -> Polygon:
    """Outline of the district: nearly fills the extent, wavy as boundaries along ridges and streams are."""
    rng = plan.rng("district")
    a = np.linspace(0, 2 * np.pi, 150, endpoint=False)
    n = 7.5
    r = (np.abs(np.cos(a)) ** n + np.abs(np.sin(a)) ** n) ** (-1 / n)
    r *= 0.955 + 0.016 * np.sin(5 * a + rng.uniform(0, 6)) + 0.011 * np.sin(11 * a + rng.uniform(0, 6))
    r += 0.006 * np.sin(23 * a + rng.uniform(0, 6))
    xy = np.stack([r * np.cos(a) * plan.width_m / 2, r * np.sin(a) * plan.height_m / 2], axis=1)
    return Polygon(smooth_ring(xy, 1))


def _clip(lines: list[Line], plan: Plan, hills: BaseGeometry, water: Water) -> list[Line]:
    half_w, half_h = plan.width_m / 2 - 15, plan.height_m / 2 - 15
    extent = shapely.box(-half_w, -half_h, half_w, half_h)
    lakes = union([g.buffer(38) for g in water.lakes])
    geoms = np.array([line.geom for line in lines], dtype=object)
    geoms = shapely.difference(shapely.intersection(geoms, extent), lakes)
    free = np.array([line.cls in ("rail", "motorway") for line in lines])
    geoms[~free] = shapely.difference(geoms[~free], hills)
    out = []
    for line, geom in zip(lines, geoms, strict=True):
        for part in parts(geom):
            if isinstance(part, LineString) and part.length > 40:
                out.append(Line(part, line.cls, line.name, line.keep))
    for i, lake in enumerate(water.lakes):
        ring = lake.buffer(38.5).exterior.simplify(0.5)
        name = Name("环湖路", "Huanhu Road") if i == 0 else None
        out.append(Line(LineString(ring.coords), "tertiary", name, True))
    return out


def _node(lines: list[Line]) -> tuple[Geoms, Geoms]:
    merged = shapely.union_all(np.array([line.geom for line in lines], dtype=object), grid_size=SNAP_M)
    edges = shapely.get_parts(shapely.line_merge(merged))
    faces = shapely.get_parts(shapely.polygonize(list(edges)))
    return np.asarray(edges, dtype=object), np.asarray(faces, dtype=object)


def _dividers(plan: Plan, faces: Geoms, limit_m2: float) -> list[Line]:
    """Lines that divide faces too large for one unit grid, wandering like watersheds."""
    big = faces[shapely.area(faces) > limit_m2]
    if len(big) == 0:
        return []
    rng = plan.rng("dividers")
    pitch = limit_m2**0.5 * 0.80
    nx, ny = int(plan.width_m / pitch) + 2, int(plan.height_m / pitch) + 2
    gx, gy = np.meshgrid(np.arange(nx), np.arange(ny))
    pts = np.stack([gx.ravel() * pitch - plan.width_m / 2, gy.ravel() * pitch - plan.height_m / 2], axis=1)
    pts += rng.uniform(-0.33, 0.33, pts.shape) * pitch
    edges: BaseGeometry = shapely.voronoi_polygons(MultiPoint(pts), only_edges=True)
    net: BaseGeometry = shapely.segmentize(shapely.line_merge(union(parts(edges))), 45.0)

    def wander(xy: Floats) -> Floats:
        x, y = xy[:, 0], xy[:, 1]
        dx = 32 * np.sin(y / 71 + 1.3) + 18 * np.sin(y / 33 + x / 90)
        dy = 32 * np.sin(x / 67 + 0.4) + 18 * np.sin(x / 29 - y / 80)
        return np.stack([x + dx, y + dy], axis=1)

    net = shapely.transform(net, wander)
    out = []
    for part in parts(np.asarray(shapely.intersection(big, net), dtype=object)):
        for piece in parts(shapely.line_merge(part)):
            if isinstance(piece, LineString) and piece.length > 5:
                out.append(Line(extend(piece, 1.0), "", None, False))
    return out


def _segments(geoms: Geoms) -> tuple[Ints, Ints]:
    """Every ring segment as an order-free integer key (n, 4), with the index of its geometry."""
    coords, owner = shapely.get_coordinates(geoms, return_index=True)
    ints = np.round(coords / (SNAP_M / 2)).astype(np.int64)
    a, b = ints[:-1], ints[1:]
    same = owner[:-1] == owner[1:]
    a, b, owner = a[same], b[same], owner[:-1][same]
    swap = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    lo, hi = np.where(swap[:, None], b, a), np.where(swap[:, None], a, b)
    return np.hstack([lo, hi]), owner.astype(np.int64)


def _sides(faces: Geoms, edges: Geoms) -> tuple[Ints, Ints]:
    rings, ring_face = shapely.get_rings(faces, return_index=True)
    keys, owner = _segments(np.asarray(rings, dtype=object))
    owner = ring_face[owner]
    found: dict[tuple[int, ...], list[int]] = {}
    for key, face in zip(map(tuple, keys.tolist()), owner.tolist(), strict=True):
        found.setdefault(key, []).append(face)
    edge_keys, edge_owner = _segments(edges)
    first = np.unique(edge_owner, return_index=True)[1]
    left = np.full(len(edges), -1, dtype=np.int64)
    right = np.full(len(edges), -1, dtype=np.int64)
    for edge, key in zip(edge_owner[first].tolist(), map(tuple, edge_keys[first].tolist()), strict=True):
        touching = found.get(key, [])
        if touching:
            left[edge] = touching[0]
        if len(touching) > 1:
            right[edge] = touching[1]
    return left, right


def make_fabric(
    plan: Plan, warp: Warp, water: Water, terrain: Terrain, centres: list[Centre], roads: list[Line], county: list[Line]
) -> Fabric:
    """Node the plan, enclose its faces and measure them."""
    district = make_district(plan, warp)
    hills = union(np.array(filled(terrain, terrain.hilliness, 0.10, 6.0), dtype=object))
    lines = _clip(roads, plan, hills, water)
    lines += [Line(extend(c.geom, 30.0), c.cls, c.name, c.keep) for c in county]
    lines.append(Line(water.river_line, "", None, False))
    lines.append(Line(LineString(district.exterior.coords), "", None, False))
    _, rough = _node(lines)
    limit = 0.42e6 * max(1.0, plan.factor**2 * 168 / max(plan.grids, 1)) if plan.factor >= 1 else 0.16e6
    lines += _dividers(plan, rough, limit)
    edges, faces = _node(lines)
    inside = shapely.contains_properly(district, shapely.point_on_surface(faces))
    faces = faces[inside]

    edges = edges[shapely.length(edges) > 0]
    mid = shapely.line_interpolate_point(edges, 0.5, normalized=True)
    tree = STRtree([line.geom for line in lines])
    pairs = tree.query_nearest(mid, all_matches=False)
    edge_line = np.zeros(len(edges), dtype=np.int64)
    edge_line[pairs[0]] = pairs[1]
    left, right = _sides(faces, edges)
    # the overshoot of a street past its crossing borders one face on both sides or none, and is a few metres long
    stub = (left == -1) & (right == -1) & (shapely.length(edges) < 4.0)
    edges, edge_line, left, right = edges[~stub], edge_line[~stub], left[~stub], right[~stub]

    spot = shapely.point_on_surface(faces)
    xy = shapely.get_coordinates(shapely.centroid(faces))
    inner = shapely.get_coordinates(spot)
    wet = shapely.area(shapely.intersection(faces, water.all)) / shapely.area(faces)
    hilly = np.maximum(terrain.sample(terrain.hilliness, inner), terrain.sample(terrain.hilliness, xy))
    return Fabric(
        district, hills, faces, edges, edge_line, left, right, lines, xy, shapely.area(faces),
        hilly, remoteness(centres, xy), wet,
    )  # fmt: skip


def buildable(fabric: Fabric, water: Water) -> Geoms:
    """What remains of each face after roads with their setback and water with its banks are taken off."""
    n = len(fabric.faces)
    out = fabric.faces.copy()
    classes = fabric.edge_class()
    # dead ends lie inside a face and border none: find the face by position
    loose = (fabric.edge_left == -1) & (fabric.edge_right == -1) & (classes != "")
    tree = STRtree(fabric.faces)
    loose_edge, loose_face = tree.query(fabric.edges[loose], predicate="intersects")
    loose_edge = np.flatnonzero(loose)[loose_edge]
    for cls, half in HALF_WIDTH_M.items():
        sel = np.flatnonzero(classes == cls)
        if len(sel) == 0:
            continue
        face = np.concatenate([fabric.edge_left[sel], fabric.edge_right[sel], loose_face[np.isin(loose_edge, sel)]])
        edge = np.concatenate([sel, sel, loose_edge[np.isin(loose_edge, sel)]])
        ok = face >= 0
        face, edge = face[ok], edge[ok]
        order = np.lexsort((edge, face))
        face, edge = face[order], edge[order]
        lines = np.full(n, None, dtype=object)
        if len(face):
            shapely.multilinestrings(fabric.edges[edge], indices=face, out=lines)
        has = np.unique(face)
        strip = shapely.buffer(lines[has], half + SETBACK_M, quad_segs=3, cap_style="round")
        out[has] = shapely.difference(out[has], strip)
    wet = water.all.buffer(14.0)
    near = tree.query(wet, predicate="intersects")
    out[near] = shapely.difference(out[near], wet)
    return np.array([_largest(g) for g in out], dtype=object)


def _largest(geom: BaseGeometry) -> BaseGeometry:
    found = [g for g in parts(geom) if isinstance(g, Polygon)]
    return max(found, key=lambda g: g.area) if found else Polygon()
