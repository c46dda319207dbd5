"""The shape of the city plan: a straight street lattice bent to the river, so that streets curve as real ones do."""

from __future__ import annotations

import numpy as np
import shapely
from shapely import LineString

from demo.city.plan import Floats, Plan


class Warp:
    """Map city space (s across the river from its centre line, t northwards, metres) to local metres.

    Near the river every line of constant s runs along it; far away it straightens. A gentle long-wave
    displacement bends everything else. The map is smooth and one-to-one, so what does not cross there does not here.
    """

    def __init__(self, plan: Plan) -> None:
        """Draw the bends of this city."""
        rng = plan.rng("warp")
        self.factor = plan.factor
        self.height_m = plan.height_m
        self.river_x = 0.10 * plan.width_m
        self.reach_m = 3600.0 * plan.factor
        self.phase = rng.uniform(-0.25, 0.25, 3)
        angle = rng.uniform(0, 2 * np.pi, 7)
        length = np.array([2600.0, 2100.0, 1700.0, 1300.0, 950.0, 700.0, 520.0])
        self.k = np.stack([np.cos(angle), np.sin(angle)], axis=1) * (2 * np.pi / length)[:, None]
        self.amplitude = np.array([34.0, 28.0, 20.0, 13.0, 8.0, 5.0, 3.0])
        self.phase_x = rng.uniform(0, 2 * np.pi, 7)
        self.phase_y = rng.uniform(0, 2 * np.pi, 7)

    def river_offset(self, t: Floats) -> Floats:
        """How far east of its mean line the river runs at t."""
        v = t / self.height_m
        wave = 0.80 * np.sin(2 * np.pi * 0.92 * v + 2.35 + self.phase[0])
        wave += 0.30 * np.sin(2 * np.pi * 1.9 * v + 0.6 + self.phase[1])
        wave += 0.10 * np.sin(2 * np.pi * 3.7 * v + 1.9 + self.phase[2])
        return np.asarray(900.0 * self.factor * wave)

    def __call__(self, s: Floats, t: Floats) -> Floats:
        """Map arrays s and t to local metres, shape (n, 2)."""
        s, t = np.broadcast_arrays(np.asarray(s, dtype=float), np.asarray(t, dtype=float))
        x = s + self.river_x + self.river_offset(t) * np.exp(-((s / self.reach_m) ** 2))
        arg = x[:, None] * self.k[:, 0] + t[:, None] * self.k[:, 1]
        dx = (self.amplitude * np.sin(arg + self.phase_x)).sum(axis=1)
        dy = (self.amplitude * np.sin(arg + self.phase_y)).sum(axis=1)
        return np.stack([x + dx, t + dy], axis=1)

    def line(self, s0: float, t0: float, s1: float, t1: float, step_m: float = 28.0) -> LineString:
        """Map one straight line of city space, densified so that it bends smoothly."""
        n = max(2, int(np.hypot(s1 - s0, t1 - t0) // step_m) + 2)
        u = np.linspace(0.0, 1.0, n)
        return LineString(self(s0 + (s1 - s0) * u, t0 + (t1 - t0) * u))

    def path(self, s: Floats, t: Floats) -> LineString:
        """Map a path that is already dense."""
        return LineString(self(s, t))


def smooth_line(line: LineString, rounds: int = 2) -> LineString:
    """Round the corners of a line by Chaikin's corner cutting; the ends stay."""
    xy = shapely.get_coordinates(line)
    for _ in range(rounds):
        if len(xy) < 3:
            break
        a, b = xy[:-1], xy[1:]
        mixed = np.empty((2 * len(a), 2))
        mixed[0::2] = 0.75 * a + 0.25 * b
        mixed[1::2] = 0.25 * a + 0.75 * b
        mixed[0], mixed[-1] = xy[0], xy[-1]
        xy = mixed
    return LineString(xy)


def smooth_ring(xy: Floats, rounds: int = 2) -> Floats:
    """Round the corners of a closed ring (first point not repeated)."""
    for _ in range(rounds):
        nxt = np.roll(xy, -1, axis=0)
        mixed = np.empty((2 * len(xy), 2))
        mixed[0::2] = 0.75 * xy + 0.25 * nxt
        mixed[1::2] = 0.25 * xy + 0.75 * nxt
        xy = mixed
    return xy
