"""Water: the meandering river with its island, the hill stream that feeds it, a lake and ponds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from shapely import LineString, Polygon
from shapely.geometry.base import BaseGeometry

from demo.city.plan import Floats, Plan
from demo.city.shapes import union
from demo.city.warp import Warp, smooth_ring


@dataclass(frozen=True)
class WaterBody:
    """One water polygon in local metres."""

    key: str
    geom: BaseGeometry
    kind: str
    name: str | None
    name_en: str | None


@dataclass(frozen=True)
class Water:
    """All water, the river's centre line (the administrative divide) and the stream's line."""

    bodies: list[WaterBody]
    river_line: LineString
    stream_line: LineString
    river: BaseGeometry
    lakes: list[Polygon]
    bank_s: float

    @property
    def all(self) -> BaseGeometry:
        """Union of everything wet."""
        return union([b.geom for b in self.bodies])


def half_width(plan: Plan, t: Floats) -> Floats:
    """Half width of the river at t, metres."""
    base = 80.0 * plan.factor**0.5
    v = t / plan.height_m
    return np.asarray(base * (1.0 + 0.22 * np.sin(9.0 * v + 0.5) + 0.12 * np.sin(23.0 * v) + 0.06 * np.sin(51.0 * v)))


def _blob(rng: np.random.Generator, at: tuple[float, float], rx: float, ry: float, tilt: float) -> Polygon:
    n, (x, y) = 26, at
    a = np.linspace(0, 2 * np.pi, n, endpoint=False)
    r = 1 + 0.16 * np.sin(2 * a + rng.uniform(0, 6.28)) + 0.10 * np.sin(3 * a + rng.uniform(0, 6.28))
    r += 0.05 * np.sin(5 * a + rng.uniform(0, 6.28))
    px, py = rx * r * np.cos(a), ry * r * np.sin(a)
    xy = np.stack([x + px * np.cos(tilt) - py * np.sin(tilt), y + px * np.sin(tilt) + py * np.cos(tilt)], axis=1)
    return Polygon(smooth_ring(xy, 2))


def make_water(plan: Plan, warp: Warp) -> Water:
    """Lay the water of the city."""
    rng = plan.rng("water")
    f, h = plan.factor, plan.height_m
    t = np.arange(-h / 2 - 600, h / 2 + 600, 24.0)
    hw = half_width(plan, t)
    # an island where the river is widest between two bridges: the channel swells to keep its section
    t_isle = 0.155 * h
    swell = np.exp(-(((t - t_isle) / (300.0 * f**0.5)) ** 2))
    hw = hw + 48.0 * f**0.5 * swell
    left, right = warp(-hw, t), warp(hw, t)
    river: BaseGeometry = Polygon(np.vstack([left, right[::-1]]))
    ti = np.linspace(-1, 1, 40)
    iw = 40.0 * f**0.5 * np.sqrt(np.clip(1 - ti**2, 0, 1)) * (1 + 0.25 * np.sin(3 * ti + 0.7))
    it = t_isle + ti * 260.0 * f**0.5
    isle = Polygon(np.vstack([warp(-iw - 4, it), warp(iw - 4, it)[::-1]])).buffer(0)
    river = river.difference(isle.buffer(3).buffer(-3))
    river_line = warp.path(np.zeros_like(t), t)

    # the stream 云溪 comes out of the western hills and winds to the river
    s = np.arange(-0.60 * plan.width_m, -20.0, 22.0)
    run = s / plan.width_m
    st = 0.10 * h + 0.20 * h * (run / -0.6) ** 1.5 + 150 * f * np.sin(17 * run) + 60 * np.sin(61 * run + 1.0)
    stream_line = warp.path(s, st)
    grown = np.linspace(4.0, 10.0, len(s))
    pts = shapely.get_coordinates(stream_line)
    stream = union([LineString(pts[i : i + 9]).buffer(float(grown[i])) for i in range(0, len(pts) - 8, 8)]).simplify(
        0.8
    )
    stream = stream.difference(river)

    c1 = warp(np.array([-0.19 * plan.width_m]), np.array([-0.19 * h]))[0]
    c2 = warp(np.array([0.22 * plan.width_m]), np.array([0.19 * h]))[0]
    c3 = warp(np.array([-0.05 * plan.width_m]), np.array([-0.37 * h]))[0]
    lake = _blob(rng, (float(c1[0]), float(c1[1])), 330 * f**0.6, 190 * f**0.6, 0.7)
    pond2 = _blob(rng, (float(c2[0]), float(c2[1])), 150 * f**0.5, 95 * f**0.5, -0.4)
    pond3 = _blob(rng, (float(c3[0]), float(c3[1])), 110 * f**0.5, 70 * f**0.5, 0.2)
    lakes = [g for g in (lake, pond2, pond3) if not g.intersects(river.buffer(60))]
    names = [("翠湖", "Cuihu Lake", "lake"), ("莲塘", "Lotus Pond", "pond"), ("月牙塘", "Crescent Pond", "pond")]
    bodies = [
        WaterBody("W-001", river, "river", "云岭河", "Yunling River"),
        WaterBody("W-002", stream, "river", "云溪", "Yunxi Stream"),
    ]
    for i, (geom, (zh, en, kind)) in enumerate(zip(lakes, names, strict=False)):
        bodies.append(WaterBody(f"W-{i + 3:03d}", geom, kind, zh, en))
    return Water(bodies, river_line, stream_line, river, lakes, float(hw.max()) + 46.0)


def knolls(plan: Plan, warp: Warp) -> list[tuple[float, float, float, float]]:
    """Isolated hills in the plain, each (x, y, radius_m, height_m); they become hill parks."""
    f = plan.factor
    spots = [(-0.075, 0.235, 260, 62), (0.165, -0.10, 210, 44), (0.30, 0.36, 300, 80)]
    out = []
    for s, t, r, top in spots:
        x, y = warp(np.array([s * plan.width_m]), np.array([t * plan.height_m]))[0]
        out.append((float(x), float(y), r * f**0.5, float(top)))
    return out
