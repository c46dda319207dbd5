"""The street network: main roads, streets by recursive division of the superblocks, county roads, a railway."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import cast

import numpy as np
import shapely
from scipy import sparse
from scipy.sparse import csgraph
from shapely import LineString

from demo.city.names import RING, Name, NamePool, avenue_names
from demo.city.plan import Floats, Plan
from demo.city.terrain import Terrain
from demo.city.warp import Warp, smooth_line
from demo.city.water import Water

HALF_WIDTH_M = {
    "motorway": 19.0,
    "trunk": 19.0,
    "primary": 16.0,
    "secondary": 11.0,
    "tertiary": 6.0,
    "residential": 5.5,
    "service": 3.5,
    "track": 3.0,
    "rail": 10.0,
}


@dataclass(frozen=True)
class Line:
    """One road as planned, before the network is noded and pruned."""

    geom: LineString
    cls: str
    name: Name | None
    keep: bool
    """Main roads stay wherever they run; streets stay only beside built-up blocks."""


@dataclass(frozen=True)
class Centre:
    """A point the town grew around, in local metres, with its reach and character."""

    kind: str
    x: float
    y: float
    reach_m: float


def make_centres(plan: Plan, warp: Warp) -> list[Centre]:
    """Place the old town, the business district, the new town, the industrial park and the hill town."""
    spots = [
        ("old", -0.150, 0.055, 1500.0),
        ("cbd", -0.065, -0.075, 1550.0),
        ("new", 0.100, 0.060, 1300.0),
        ("industry", 0.225, -0.235, 1150.0),
        ("campus", -0.165, -0.250, 1050.0),
        ("town", -0.325, 0.125, 520.0),
    ]
    out = []
    for kind, s, t, reach in spots:
        x, y = warp(np.array([s * plan.width_m]), np.array([t * plan.height_m]))[0]
        out.append(Centre(kind, float(x), float(y), reach * plan.factor))
    return out


def remoteness(centres: list[Centre], xy: Floats) -> Floats:
    """How far from the built-up centres a point is: 0 at a centre, 1 at its reach."""
    d = [np.hypot(xy[:, 0] - c.x, xy[:, 1] - c.y) / c.reach_m for c in centres]
    return np.asarray(np.min(d, axis=0))


class _Splitter:
    """Divides superblocks of city space by streets until the blocks are as small as their place wants."""

    def __init__(self, warp: Warp, centres: list[Centre], rng: np.random.Generator, pool: NamePool) -> None:
        self.warp, self.centres, self.rng, self.pool = warp, centres, rng, pool
        self.lines: list[Line] = []

    def _target_m(self, s: float, t: float) -> float:
        xy = self.warp(np.array([s]), np.array([t]))
        far = remoteness(self.centres, xy)[0]
        near = {c.kind: math.hypot(xy[0, 0] - c.x, xy[0, 1] - c.y) / c.reach_m for c in self.centres}
        if near["industry"] < 0.9:
            return 290.0
        if near["old"] < 0.55:
            return 150.0
        return 195.0 if far < 0.7 else 230.0 if far < 1.1 else 430.0

    def split(self, s0: float, s1: float, t0: float, t1: float, depth: int = 0) -> None:
        """Divide one rectangle; each division is a street from side to side."""
        w, h = s1 - s0, t1 - t0
        target = self._target_m((s0 + s1) / 2, (t0 + t1) / 2) * self.rng.uniform(0.85, 1.2)
        if max(w, h) < target * 1.45 or depth > 7:
            return
        across = w / h > self.rng.uniform(0.85, 1.15)
        at = self.rng.uniform(0.40, 0.60)
        cls = "secondary" if depth == 0 and max(w, h) > 700 else "tertiary" if depth <= 1 else "residential"
        # streets overshoot a little, so that noding finds the crossing on a curve whose chord it would miss
        over = 1.5
        name = self.pool.road(across) if depth <= 3 else None
        if across:
            m = s0 + w * at
            self.lines.append(Line(self.warp.line(m, t0 - over, m, t1 + over), cls, name, cls == "secondary"))
            self.split(s0, m, t0, t1, depth + 1)
            self.split(m, s1, t0, t1, depth + 1)
        else:
            m = t0 + h * at
            self.lines.append(Line(self.warp.line(s0 - over, m, s1 + over, m), cls, name, cls == "secondary"))
            self.split(s0, s1, t0, m, depth + 1)
            self.split(s0, s1, m, t1, depth + 1)


def _stations(rng: np.random.Generator, start: float, stop: float, spacing: float) -> list[float]:
    n = max(1, round((stop - start) / spacing))
    base = np.linspace(start, stop, n + 1)
    base[1:-1] += rng.uniform(-0.13, 0.13, n - 1) * spacing
    return [float(v) for v in base]


def make_streets(plan: Plan, warp: Warp, water: Water, centres: list[Centre], pool: NamePool) -> list[Line]:
    """Plan every road of the plain: arterials, ring, riverside roads, streets, motorway, railway."""
    rng = plan.rng("streets")
    f, w, h = plan.factor, plan.width_m, plan.height_m
    bank = water.bank_s
    spacing = 880.0 if f > 0.8 else 620.0
    west = _stations(rng, -0.62 * w, -bank, spacing)
    east = _stations(rng, bank, 0.46 * w, spacing)
    ts = _stations(rng, -0.56 * h, 0.56 * h, spacing * 0.93)
    lines: list[Line] = []

    ring_w, ring_e = -0.262 * w, 0.190 * w
    ring_s, ring_n = -0.305 * h, 0.300 * h
    iw = int(np.argmin(np.abs(np.array(west) - ring_w)))
    ie = int(np.argmin(np.abs(np.array(east) - ring_e)))
    js = int(np.argmin(np.abs(np.array(ts) - ring_s)))
    jn = int(np.argmin(np.abs(np.array(ts) - ring_n)))

    ns_names = iter(avenue_names(True) * 4)
    for side, stations in (("w", west), ("e", east)):
        for i, s in enumerate(stations):
            if (side == "w" and i == 0) or (side == "e" and i == len(stations) - 1):
                continue
            if side == "w" and i == len(west) - 1:
                name, cls = Name("滨河西路", "Binhe West Road"), "primary"
            elif side == "e" and i == 0:
                name, cls = Name("滨河东路", "Binhe East Road"), "primary"
            elif (side == "w" and i == iw) or (side == "e" and i == ie):
                name, cls = RING[0 if side == "w" else 1], "trunk"
            else:
                name, cls = next(ns_names), "primary" if i % 2 == 0 else "secondary"
            lines.append(Line(warp.line(s, -0.6 * h, s, 0.6 * h), cls, name, True))

    ew_names = iter(avenue_names(False) * 4)
    for j, t in enumerate(ts[1:-1], start=1):
        if j in (js, jn):
            name, cls, crosses = RING[2 if j == js else 3], "trunk", True
        else:
            name, crosses = next(ew_names), (j - js) % 2 == 0
            cls = "primary" if crosses else "secondary"
        if crosses:
            lines.append(Line(warp.line(-0.6 * w, t, 0.47 * w, t), cls, name, True))
        else:
            lines.append(Line(warp.line(-0.6 * w, t, -bank + 1.5, t), cls, name, True))
            lines.append(Line(warp.line(bank - 1.5, t, 0.47 * w, t), cls, name, True))

    splitter = _Splitter(warp, centres, rng, pool)
    for stations in (west, east):
        for s0, s1 in itertools.pairwise(stations):
            for t0, t1 in itertools.pairwise(ts):
                splitter.split(s0, s1, t0, t1)
    lines += splitter.lines

    # through routes that ignore the lattice, as they do
    run = np.arange(-0.6 * h, 0.6 * h, 30.0)
    v = run / h
    rail = warp.path(w * (0.255 + 0.028 * np.sin(4.2 * v + 0.4) + 0.012 * np.sin(11 * v)), run)
    lines.append(Line(smooth_line(rail, 1), "rail", Name("澄云铁路", "Chengyun Railway"), True))
    motorway = warp.path(w * (0.375 - 0.055 * np.sin(3.1 * v + 0.9)), run)
    lines.append(Line(smooth_line(motorway, 1), "motorway", Name("云岭高速", "Yunling Expressway"), True))
    return lines


def county_roads(plan: Plan, terrain: Terrain, starts: Floats, goals: Floats, names: list[Name]) -> list[Line]:
    """Wind roads through the hills along the least effort, from the foot of the hills to places in them."""
    step = max(1, round(40.0 * plan.factor / terrain.cell_m))
    z = terrain.elevation[::step, ::step]
    slope = np.tan(np.radians(terrain.slope_deg[::step, ::step]))
    rows, cols = z.shape
    cell = terrain.cell_m * step
    idx = np.arange(rows * cols).reshape(rows, cols)
    tails, heads, costs = [], [], []
    for dr, dc in ((0, 1), (1, 0), (1, 1), (1, -1)):
        a = (slice(0, rows - dr), slice(max(0, -dc), cols - max(0, dc)))
        b = (slice(dr, rows), slice(max(0, dc), cols - max(0, -dc)))
        length = cell * math.hypot(dr, dc)
        grade = np.abs(z[a] - z[b]) / length
        effort = length * (1 + 60 * grade**2 + 10 * np.maximum(grade - 0.09, 0) + 4 * (slope[a] + slope[b]))
        tails.append(idx[a].ravel())
        heads.append(idx[b].ravel())
        costs.append(effort.ravel())
    graph = sparse.csr_matrix(
        (np.concatenate(costs), (np.concatenate(tails), np.concatenate(heads))), shape=(rows * cols,) * 2
    )

    def node(xy: Floats) -> Floats:
        r, c = terrain.index(xy)
        row = np.clip((r / step).round(), 0, rows - 1).astype(int)
        return np.asarray(row * cols + np.clip((c / step).round(), 0, cols - 1).astype(int))

    _, previous, _ = csgraph.dijkstra(
        graph, directed=False, indices=np.unique(node(starts)), return_predecessors=True, min_only=True
    )
    xs, ys = terrain.centres()
    used: set[int] = set()
    lines = []
    for goal, end, name in zip(goals, node(goals), names, strict=True):
        at, path = int(end), []
        while at >= 0 and at not in used:
            path.append(at)
            at = int(previous[at])
        if at >= 0:
            path.append(at)
        used.update(path[:-1])
        if len(path) < 3:
            continue
        r, c = np.divmod(np.array(path), cols)
        xy = np.stack([xs[np.minimum(c * step, len(xs) - 1)], ys[np.minimum(r * step, len(ys) - 1)]], axis=1)
        xy[0] = goal
        line = LineString(xy).simplify(cell * 0.6)
        lines.append(Line(smooth_line(cast(LineString, line), 3), "tertiary", name, True))
    return lines


def extend(line: LineString, metres: float) -> LineString:
    """Lengthen a line at both ends, so that it surely crosses what it ends on."""
    xy = shapely.get_coordinates(line)
    a = xy[0] - xy[1]
    b = xy[-1] - xy[-2]
    first = xy[0] + a / np.hypot(*a) * metres
    last = xy[-1] + b / np.hypot(*b) * metres
    return LineString(np.vstack([first, xy, last]))
