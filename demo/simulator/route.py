"""Where things move: routes along the roads, patrol loops in the air, and positions on them. Pure functions."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Place:
    """A position on a route: local metres and the direction of travel, degrees clockwise from north."""

    x: float
    y: float
    heading_deg: float


class Route:
    """A polyline with its length, walked to and fro, or round and round when it is closed."""

    def __init__(self, xy: Floats, *, closed: bool = False) -> None:
        """Take at least two different points, shape (n, 2)."""
        step = np.hypot(*np.diff(xy, axis=0).T)
        keep = np.append(True, step > 1e-6)
        self.xy = np.asarray(xy[keep], dtype=float)
        if len(self.xy) < 2:
            raise ValueError("a route needs two different points")
        self.at_m = np.append(0.0, np.cumsum(np.hypot(*np.diff(self.xy, axis=0).T)))
        self.length_m = float(self.at_m[-1])
        self.closed = closed

    def place(self, distance_m: float) -> Place:
        """Position after a distance travelled from the start."""
        length = self.length_m
        back = False
        if self.closed:
            d = distance_m % length
        else:
            d = distance_m % (2 * length)
            if d > length:
                d, back = 2 * length - d, True
        i = min(max(int(np.searchsorted(self.at_m, d, side="right")) - 1, 0), len(self.xy) - 2)
        a, b = self.xy[i], self.xy[i + 1]
        u = (d - self.at_m[i]) / (self.at_m[i + 1] - self.at_m[i])
        dx, dy = b - a
        heading = math.degrees(math.atan2(dx, dy)) + (180.0 if back else 0.0)
        return Place(float(a[0] + dx * u), float(a[1] + dy * u), heading % 360.0)


class Streets:
    """The road network as a graph of noded pieces, for driving and walking along it."""

    def __init__(self, lines: Sequence[BaseGeometry]) -> None:
        """Node the lines (local metres); roads that cross without a shared vertex meet all the same."""
        merged = shapely.union_all(np.array(lines, dtype=object), grid_size=0.5)
        pieces = [g for g in shapely.get_parts(shapely.line_merge(merged)).tolist() if g.length > 2]
        self.pieces = [shapely.get_coordinates(g) for g in pieces]
        self.length = [float(g.length) for g in pieces]
        self.leaving: dict[tuple[int, int], list[tuple[int, bool]]] = {}
        for i, xy in enumerate(self.pieces):
            self.leaving.setdefault(self._node(xy[0]), []).append((i, False))
            self.leaving.setdefault(self._node(xy[-1]), []).append((i, True))
        self.tree = shapely.STRtree([shapely.LineString(p) for p in self.pieces]) if pieces else None

    @staticmethod
    def _node(p: Floats) -> tuple[int, int]:
        return round(float(p[0])), round(float(p[1]))

    def wander(self, x: float, y: float, length_m: float, seed: int, tether_m: float) -> Route:
        """Make a route from the nearest road that mostly goes straight on and strays no further than the tether."""
        if self.tree is None:
            return Route(np.array([[x, y], [x + 1.0, y]]))
        rng = random.Random(seed)
        i = int(self.tree.nearest(shapely.Point(x, y)))
        xy = self.pieces[i]
        parts = [xy]
        total = self.length[i]
        while total < length_m:
            end = parts[-1][-1]
            before = parts[-1][-2]
            choices = [c for c in self.leaving.get(self._node(end), []) if c[0] != i]
            if not choices:
                # a dead end: it turns round where it stands
                parts.append(parts[-1][::-1])
                total += self.length[i]
                continue
            heading = math.atan2(end[1] - before[1], end[0] - before[0])
            best: tuple[float, int, Floats] | None = None
            for j, backwards in choices:
                piece = self.pieces[j][::-1] if backwards else self.pieces[j]
                turn = math.atan2(piece[1, 1] - piece[0, 1], piece[1, 0] - piece[0, 0]) - heading
                bend = abs(math.atan2(math.sin(turn), math.cos(turn)))
                stray = max(0.0, math.hypot(piece[-1, 0] - x, piece[-1, 1] - y) - tether_m) / 200.0
                cost = bend + stray + rng.uniform(0, 2.2)
                if best is None or cost < best[0]:
                    best = (cost, j, piece)
            if best is None:
                break
            i = best[1]
            parts.append(best[2])
            total += self.length[i]
        return Route(np.vstack(parts))


def patrol_loop(base: tuple[float, float], waypoints: Sequence[tuple[float, float]], rounds: int = 4) -> Route:
    """Make a closed, rounded loop from the base past the waypoints, by corner cutting (Chaikin 1974)."""
    xy = np.array([base, *waypoints], dtype=float)
    if len(xy) < 3:
        x, y = base
        xy = np.array([[x, y], [x + 400.0, y], [x + 400.0, y + 400.0], [x, y + 400.0]])
    for _ in range(rounds):
        nxt = np.roll(xy, -1, axis=0)
        mixed = np.empty((2 * len(xy), 2))
        mixed[0::2] = 0.75 * xy + 0.25 * nxt
        mixed[1::2] = 0.25 * xy + 0.75 * nxt
        xy = mixed
    return Route(np.vstack([xy, xy[:1]]), closed=True)


@dataclass(frozen=True)
class Sortie:
    """What a drone is doing at one moment."""

    flying: bool
    distance_m: float
    speed_mps: float
    climb_mps: float
    above_ground_m: float
    battery_pct: int


FLIGHT_S, DOCK_S, CLIMB_S = 1080.0, 420.0, 40.0


def sortie(t: float, phase: float, speed_mps: float, cruise_m: float) -> Sortie:
    """State of a drone that flies for eighteen minutes and then charges for seven; phase 0..1 shifts its cycle."""
    cycle = FLIGHT_S + DOCK_S
    u = (t + phase * cycle) % cycle
    if u >= FLIGHT_S:
        charged = 34 + 62 * (u - FLIGHT_S) / DOCK_S
        return Sortie(False, 0.0, 0.0, 0.0, 0.0, round(charged))
    up, down = min(1.0, u / CLIMB_S), min(1.0, (FLIGHT_S - u) / CLIMB_S)
    share = min(up, down)
    # at speed only when high: distance is the integral of the speed profile
    away = max(0.0, u - CLIMB_S / 2) if u <= FLIGHT_S - CLIMB_S else FLIGHT_S - 1.5 * CLIMB_S
    climb = cruise_m / CLIMB_S * (1 if up < 1 else -1 if down < 1 else 0)
    return Sortie(True, away * speed_mps, speed_mps * share, climb, cruise_m * share, round(96 - 62 * u / FLIGHT_S))
