"""What lies on the ground for the base map: roads as features, land use, contour lines and place labels."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from scipy import ndimage
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from demo.city.admin import Admin
from demo.city.assets import kept_edges
from demo.city.buildings import Buildings
from demo.city.fabric import Fabric
from demo.city.names import DISTRICT, PEAKS, Name
from demo.city.plan import Geoms, Plan, to_local
from demo.city.shapes import along, parts
from demo.city.sites import Village
from demo.city.terrain import Terrain, contours, filled
from demo.city.water import Water

Row = dict[str, Any]
Layer = tuple[list[Row], list[BaseGeometry]]


def make_roads(fabric: Fabric, buildings: Buildings, water: Water) -> Layer:
    """Join the kept edges of each planned road and mark what spans water as bridge."""
    keep = np.flatnonzero(kept_edges(fabric, buildings))
    order = keep[np.argsort(fabric.edge_line[keep], kind="stable")]
    owner = fabric.edge_line[order]
    unique, inverse = np.unique(owner, return_inverse=True)
    joined = shapely.line_merge(shapely.multilinestrings(fabric.edges[order], indices=inverse))
    joined = np.asarray(shapely.simplify(joined, 0.35), dtype=object)
    wet = water.all.buffer(9.0)
    shapely.prepare(wet)
    rows: list[Row] = []
    geoms: list[BaseGeometry] = []

    def put(geom: BaseGeometry, cls: str, name: Name | None, bridge: bool) -> None:
        lines = [g for g in parts(geom) if isinstance(g, LineString) and g.length > 1.0]
        if lines:
            rows.append(
                {"key": f"R-{len(rows) + 1:05d}", "class": cls, "name": name.zh if name else None,
                 "name_en": name.en if name else None, "bridge": bridge}
            )  # fmt: skip
            geoms.append(shapely.MultiLineString(lines))

    for i, geom in zip(unique.tolist(), joined, strict=True):
        line = fabric.lines[i]
        if not wet.intersects(geom):
            put(geom, line.cls, line.name, False)
            continue
        put(geom.difference(wet), line.cls, line.name, False)
        put(geom.intersection(wet), line.cls, line.name, True)
    return rows, geoms


def make_landuse(fabric: Fabric, buildings: Buildings, free: Geoms, terrain: Terrain, water: Water) -> Layer:
    """Forest on the slopes, parks, fields, and the grounds of estates, works, schools and hospitals."""
    rows: list[Row] = []
    geoms: list[BaseGeometry] = []

    def put(geom: BaseGeometry, kind: str, name: str | None) -> None:
        areas = [g for g in parts(geom) if isinstance(g, Polygon) and g.area > 120]
        if areas:
            rows.append({"key": f"L-{len(rows) + 1:05d}", "kind": kind, "name": name or None})
            geoms.append(shapely.MultiPolygon(areas))

    counts = np.bincount(buildings.face, minlength=len(fabric.faces))
    homes = buildings.geoms[buildings.form == "village"]
    cleared = shapely.union_all(shapely.buffer(homes, 22.0, quad_segs=2)).simplify(3.0) if len(homes) else None
    off = water.all.buffer(6)
    for wood in filled(terrain, terrain.hilliness, 0.19, 5.0):
        rest = wood.difference(off)
        put(rest.difference(cleared) if cleared is not None else rest, "forest", None)
    kinds = {
        "industrial": "industrial", "school": "school", "hospital": "hospital", "park": "park", "walkup": "residential",
        "midrise": "residential", "highrise": "residential", "oldtown": "residential", "commercial": "other",
        "office": "other", "public": "other",
    }  # fmt: skip
    ground = shapely.simplify(shapely.buffer(free, 1.5, join_style="mitre"), 0.5)
    for i, form in enumerate(buildings.face_form.tolist()):
        if form:
            riverside = form == "park" and fabric.wet[i] > 0.16
            put(ground[i], kinds[form], "滨河绿带" if riverside else buildings.face_name[i])
        elif fabric.hilly[i] < 0.10 and counts[i] < 6 and fabric.wet[i] < 0.75:
            put(ground[i].difference(fabric.hills), "farm", None)
    return rows, geoms


def make_contours(terrain: Terrain, plan: Plan) -> Layer:
    """Every 20 m, each fifth an index contour; only where the ground rises."""
    steep = filled(terrain, terrain.hilliness, 0.03, 12.0)
    box = shapely.box(
        *(v * 0.5 - 20 * np.sign(v) for v in (-plan.width_m, -plan.height_m, plan.width_m, plan.height_m))
    )
    region = shapely.union_all(steep).intersection(box)
    lines, levels = contours(terrain, 20.0, region)
    rows = [{"key": f"C-{int(z):04d}", "elevation_m": int(z), "index": int(z) % 100 == 0} for z in levels]
    return rows, list(lines)


def make_places(
    plan: Plan, admin: Admin, terrain: Terrain, villages: list[Village], water: Water, district: BaseGeometry
) -> Layer:
    """Labels: the district, streets, communities, hamlets, peaks and the river. Geometry in local metres."""
    rows: list[Row] = []
    geoms: list[BaseGeometry] = []

    def put(kind: str, name: Name, x: float, y: float) -> None:
        rows.append({"key": f"P-{len(rows) + 1:04d}", "kind": kind, "name": name.zh, "name_en": name.en})
        geoms.append(shapely.Point(x, y))

    def inner(geom: BaseGeometry) -> tuple[float, float]:
        centre = geom.centroid
        spot = centre if geom.contains(centre) else geom.point_on_surface()
        x, y = to_local(np.array([[spot.x, spot.y]]))[0]
        return float(x), float(y)

    put("district", DISTRICT, *inner(admin.district_geom))
    for name, geom in zip(admin.street_name, admin.street_geom, strict=True):
        put("street", name, *inner(geom))
    for name, geom in zip(admin.community_name, admin.community_geom, strict=True):
        put("community", name, *inner(geom))
    for v in villages:
        put("village", v.name, v.x, v.y)
    high = ndimage.maximum_filter(terrain.elevation, size=max(3, round(900 / terrain.cell_m)))
    peaks = np.argwhere((terrain.elevation == high) & (terrain.hilliness > 0.25))
    xs, ys = terrain.centres()
    order = sorted(peaks.tolist(), key=lambda p: -terrain.elevation[p[0], p[1]])
    order = [p for p in order if district.contains(shapely.Point(xs[p[1]], ys[p[0]]))][: len(PEAKS)]
    for k, (r, c) in enumerate(order):
        metres = round(float(terrain.elevation[r, c]))
        put("peak", Name(f"{PEAKS[k].zh} {metres}", f"{PEAKS[k].en} {metres}"), float(xs[c]), float(ys[r]))
    reach = water.river_line.intersection(district)
    for share in (0.2, 0.5, 0.8):
        at = along(reach, share)
        put("river", Name("云岭河", "Yunling River"), at.x, at.y)
    at = along(water.stream_line.intersection(district), 0.55)
    put("river", Name("云溪", "Yunxi Stream"), at.x, at.y)
    return rows, geoms
