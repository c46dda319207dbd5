"""Streets, communities and unit grids: a hierarchy of faces, so that every level tiles the one above exactly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph
from shapely.geometry.base import BaseGeometry

from demo.city.buildings import Buildings
from demo.city.fabric import Fabric
from demo.city.names import STREETS, Name, community_names
from demo.city.network import Centre
from demo.city.plan import DIVISION, Floats, Geoms, Plan, to_lonlat
from demo.city.shapes import coverage
from demo.city.water import Water

Ints = NDArray[np.int64]


@dataclass
class Admin:
    """The hierarchy in degrees. Codes: street 6+3, community 6+3+3, grid 6+3+3+3 characters."""

    grid_geom: Geoms
    grid_code: list[str]
    grid_community: Ints
    community_geom: Geoms
    community_code: list[str]
    community_name: list[Name]
    community_street: Ints
    street_geom: Geoms
    street_code: list[str]
    street_name: list[Name]
    district_geom: BaseGeometry
    face_grid: Ints

    def grid_of(self, geoms: Geoms) -> list[str | None]:
        """Code of the unit grid that holds each geometry's inner point (degrees); None outside the district."""
        tree = shapely.STRtree(self.grid_geom)
        points = shapely.point_on_surface(geoms)
        hit, grid = tree.query(points, predicate="intersects")
        out: list[str | None] = [None] * len(geoms)
        # of the two grids that share a boundary the first by code is taken
        for i, g in sorted(zip(hit.tolist(), grid.tolist(), strict=True), reverse=True):
            out[i] = self.grid_code[g]
        return out


def _graph(fabric: Fabric) -> sparse.csr_matrix:
    """Cost of going from face to face; to cross a main road, the railway or the river costs more."""
    sel = (fabric.edge_left >= 0) & (fabric.edge_right >= 0)
    a, b = fabric.edge_left[sel], fabric.edge_right[sel]
    classes = fabric.edge_class()[sel]
    gap = np.hypot(*(fabric.centroid[a] - fabric.centroid[b]).T) + 1.0
    factor = np.ones(len(a))
    for cls, times in (
        ("tertiary", 1.25),
        ("secondary", 1.8),
        ("primary", 2.6),
        ("trunk", 3.4),
        ("rail", 3.0),
        ("motorway", 4.0),
    ):
        factor[classes == cls] = times
    river = (classes == "") & (fabric.wet[a] > 0.12) & (fabric.wet[b] > 0.12)
    factor[river] = 9.0
    n = len(fabric.faces)
    lo, hi = np.minimum(a, b), np.maximum(a, b)
    cost = gap * factor
    # two faces may share several edges: the cheapest counts, and csr would add them up
    order = np.lexsort((cost, hi, lo))
    lo, hi, cost = lo[order], hi[order], cost[order]
    first = np.ones(len(lo), dtype=bool)
    first[1:] = (lo[1:] != lo[:-1]) | (hi[1:] != hi[:-1])
    return sparse.csr_matrix((cost[first], (lo[first], hi[first])), shape=(n, n))


def _kmeans(rng: np.random.Generator, xy: Floats, weight: Floats, k: int) -> Ints:
    """Indices of k members that lie near the weighted centres of k compact clusters."""
    chosen = [int(np.argmax(weight))]
    d = np.hypot(*(xy - xy[chosen[0]]).T)
    for _ in range(1, min(k, len(xy))):
        p = weight * d**2
        i = int(np.argmax(p * rng.uniform(0.6, 1.0, len(p))))
        chosen.append(i)
        d = np.minimum(d, np.hypot(*(xy - xy[i]).T))
    centre = xy[chosen].copy()
    for _ in range(12):
        label = np.argmin(((xy[:, None, :] - centre[None, :, :]) ** 2).sum(axis=2), axis=1)
        for j in range(len(centre)):
            mine = label == j
            if mine.any():
                centre[j] = np.average(xy[mine], axis=0, weights=weight[mine])
    seeds: list[int] = []
    for j in range(len(centre)):
        order = np.argsort(((xy - centre[j]) ** 2).sum(axis=1), kind="stable")
        seeds.append(next(int(i) for i in order if int(i) not in seeds))
    return np.array(seeds, dtype=np.int64)


def _grow(graph: sparse.csr_matrix, members: Ints, seeds: Ints) -> Ints:
    """Give each member face to the seed it is cheapest to reach within the members, so every part is connected."""
    part = graph[members][:, members]
    _, _, source = csgraph.dijkstra(part, directed=False, indices=seeds, return_predecessors=True, min_only=True)
    label = np.full(len(members), -1, dtype=np.int64)
    for j, seed in enumerate(seeds.tolist()):
        label[source == seed] = j
    lost = np.flatnonzero(label < 0)
    return label if len(lost) == 0 else _adopt(part, label, lost)


def _adopt(part: sparse.csr_matrix, label: Ints, lost: Ints) -> Ints:
    """Faces cut off from every seed start parts of their own, one for each connected piece."""
    _, piece = csgraph.connected_components(part, directed=False)
    nxt = int(label.max()) + 1
    for p in np.unique(piece[lost]):
        label[(piece == p) & (label < 0)] = nxt
        nxt += 1
    return label


def _share(total: int, weight: Floats, least: int) -> list[int]:
    """Divide a total in proportion to weights, at least `least` each."""
    raw = weight / weight.sum() * total
    out = np.maximum(np.floor(raw), least).astype(int)
    for i in np.argsort(-(raw - np.floor(raw)), kind="stable"):
        if out.sum() >= total:
            break
        out[i] += 1
    while out.sum() > total:
        i = int(np.argmax(out - raw + (out <= least) * -1e9))
        if out[i] <= least:
            break
        out[i] -= 1
    return [int(v) for v in out]


def _reading_order(centroids: Floats) -> list[int]:
    """West to east within bands from north to south, as unit grids are numbered."""
    n = len(centroids)
    rows = max(1, round(n**0.5))
    north = np.argsort(-centroids[:, 1], kind="stable")
    out: list[int] = []
    for band in np.array_split(north, rows):
        out += band[np.argsort(centroids[band, 0], kind="stable")].tolist()
    return out


def _union(geoms: Geoms, label: Ints, count: int) -> Geoms:
    out = np.empty(count, dtype=object)
    for i in range(count):
        out[i] = coverage(geoms[label == i])
    return out


def make_admin(plan: Plan, fabric: Fabric, buildings: Buildings, centres: list[Centre], water: Water) -> Admin:
    """Divide the district into streets, those into communities, those into unit grids."""
    rng = plan.rng("admin")
    n = len(fabric.faces)
    graph = _graph(fabric)
    people = np.bincount(buildings.face, weights=buildings.residents, minlength=n)
    weight = people + fabric.area * 0.0016 + 30.0
    at = {c.kind: c for c in centres}
    base = [(at["old"].x, at["old"].y), (at["new"].x, at["new"].y), (at["cbd"].x, at["cbd"].y - 0.14 * plan.height_m)]
    base.append((at["town"].x - 0.04 * plan.width_m, at["town"].y))
    starts = [int(np.argmin(np.hypot(fabric.centroid[:, 0] - x, fabric.centroid[:, 1] - y))) for x, y in base]
    # the hill town takes the hills: give it seeds along them
    street = _grow(graph, np.arange(n), np.array(starts, dtype=np.int64))
    street = np.where(street > 3, 3, street)

    face_community = np.full(n, -1, dtype=np.int64)
    face_grid = np.full(n, -1, dtype=np.int64)
    comm_street: list[int] = []
    street_weight = np.bincount(street, weights=weight**0.75, minlength=4)
    per_street = _share(plan.communities, np.asarray(street_weight, dtype=float), 3)
    for s in range(4):
        members = np.flatnonzero(street == s)
        seeds = _kmeans(rng, fabric.centroid[members], weight[members], per_street[s])
        label = _grow(graph, members, seeds)
        for j in range(int(label.max()) + 1):
            mine = members[label == j]
            if len(mine):
                face_community[mine] = len(comm_street)
                comm_street.append(s)
    grid_comm: list[int] = []
    comm_weight = np.bincount(face_community, weights=weight**0.8, minlength=len(comm_street))
    per_comm = _share(plan.grids, np.asarray(comm_weight, dtype=float), 3)
    for c in range(len(comm_street)):
        members = np.flatnonzero(face_community == c)
        seeds = _kmeans(rng, fabric.centroid[members], weight[members], min(per_comm[c], len(members)))
        label = _grow(graph, members, seeds)
        for j in range(int(label.max()) + 1):
            mine = members[label == j]
            if len(mine):
                face_grid[mine] = len(grid_comm)
                grid_comm.append(c)
    return _codes(fabric, face_grid, np.array(grid_comm), np.array(comm_street))


def _codes(fabric: Fabric, face_grid: Ints, grid_comm: Ints, comm_street: Ints) -> Admin:
    faces = np.asarray(shapely.transform(fabric.faces, to_lonlat), dtype=object)
    grids = _union(faces, face_grid, len(grid_comm))
    comms = _union(grids, grid_comm, len(comm_street))
    streets = _union(comms, comm_street, 4)
    district = coverage(streets)
    grid_xy = shapely.get_coordinates(shapely.centroid(grids))
    comm_xy = shapely.get_coordinates(shapely.centroid(comms))

    comm_order: list[int] = []
    comm_code: dict[int, str] = {}
    comm_name: dict[int, Name] = {}
    # 001-099 is a subdistrict, 100-199 a town
    street_code = [f"{DIVISION}{'100' if s == 3 else f'{s + 1:03d}'}" for s in range(4)]
    for s in range(4):
        mine = np.flatnonzero(comm_street == s)
        names = community_names(s, len(mine))
        ordered = mine[_reading_order(comm_xy[mine])]
        for k, c in enumerate(ordered.tolist()):
            comm_code[c] = f"{street_code[s]}{(k + 1) if s < 3 else (200 + k):03d}"
            comm_name[c] = names[k]
            comm_order.append(c)
    grid_order: list[int] = []
    code: dict[int, str] = {}
    for c in comm_order:
        mine = np.flatnonzero(grid_comm == c)
        for k, g in enumerate(mine[_reading_order(grid_xy[mine])].tolist()):
            code[g] = f"{comm_code[c]}{k + 1:03d}"
            grid_order.append(g)
    new_comm = {c: i for i, c in enumerate(comm_order)}
    new_grid = {g: i for i, g in enumerate(grid_order)}
    return Admin(
        grids[grid_order], [code[g] for g in grid_order],
        np.array([new_comm[int(grid_comm[g])] for g in grid_order]),
        comms[comm_order], [comm_code[c] for c in comm_order], [comm_name[c] for c in comm_order],
        comm_street[comm_order], streets, street_code, list(STREETS), district,
        np.array([new_grid[int(g)] for g in face_grid]),
    )  # fmt: skip
