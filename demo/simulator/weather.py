"""Models of weather and of what it does to slopes, river and streets. Pure functions of time and place.

Time `t` is seconds of scenario time since the simulator began; places are local metres (east, north of the centre).
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass

STORM_S, FADE_S, PAUSE_S = 2700.0, 600.0, 1200.0
CYCLE_S = STORM_S + FADE_S + PAUSE_S
MEMORY_S = 240.0
_SAMPLES = 16


def chance(*parts: object) -> float:
    """Give a number in [0, 1) that depends on nothing but its arguments."""
    return zlib.crc32("|".join(map(str, parts)).encode()) / 2**32


def wobble(key: str, t: float, period_s: float) -> float:
    """Smooth noise in [-1, 1] for one device."""
    u = t / period_s
    i = math.floor(u)
    f = u - i
    f = f * f * (3 - 2 * f)
    a, b = chance(key, i) * 2 - 1, chance(key, i + 1) * 2 - 1
    return a + (b - a) * f


def ramp(v: float) -> float:
    """Rise smoothly from 0 to 1 while v goes from 0 to 1."""
    v = min(1.0, max(0.0, v))
    return v * v * (3 - 2 * v)


@dataclass(frozen=True)
class Weather:
    """Rain over the district: dry with passing showers, or a storm whose cell wanders along the hills."""

    storm: bool
    x: float
    y: float
    reach_m: float

    def strength(self, t: float) -> float:
        """How far the storm has built up, 0 to 1; it comes again after a pause."""
        if not self.storm or t < 0:
            return 0.0
        u = t % CYCLE_S
        if u < STORM_S:
            return ramp(u / 150.0)
        return 1.0 - ramp((u - STORM_S) / FADE_S)

    def cell(self, t: float) -> tuple[float, float]:
        """Where the storm's core is: it lingers where it began, then swings along the hills."""
        swing = math.sin(2 * math.pi * max(0.0, t - 240.0) / 1500.0)
        return self.x + 0.10 * self.reach_m * swing, self.y + 0.36 * self.reach_m * swing

    def rain(self, t: float, x: float, y: float) -> float:
        """Rain intensity in mm/h."""
        if not self.storm:
            shower = math.sin(2 * math.pi * (t / 5400.0 + x / 16000.0)) + 0.6 * math.sin(
                2 * math.pi * (t / 3100.0 + y / 9000.0)
            )
            return max(0.0, shower - 1.15) * 6.0
        power = self.strength(t)
        if power == 0.0:
            return 0.0
        cx, cy = self.cell(t)
        core = math.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * (0.17 * self.reach_m) ** 2))
        gust = 1 + 0.12 * math.sin(t / 17.0 + x / 700.0) + 0.08 * math.sin(t / 41.0 - y / 900.0)
        return float(power * (6.0 + 66.0 * core) * gust)

    def wetness(self, t: float, x: float, y: float) -> float:
        """Recent rain as the ground remembers it: intensity in mm/h, fading with a memory of four minutes."""
        total = weights = 0.0
        for i in range(_SAMPLES):
            back = (i + 0.5) / _SAMPLES * 3 * MEMORY_S
            w = math.exp(-back / MEMORY_S)
            weights += w
            if t - back >= 0:
                total += w * self.rain(t - back, x, y)
        return float(total / weights)

    def fallen_mm(self, t: float, x: float, y: float) -> float:
        """Rain fallen since the scenario began, mm."""
        if t <= 0:
            return 0.0
        n = 40
        mean = sum((self.rain((i + 0.5) / n * t, x, y) for i in range(n)), 0.0) / n
        return mean * t / 3600.0


def crack_rate(susceptibility: float, wetness: float) -> float:
    """Opening of a crack in mm/d: creep when dry, rising faster than the water in the slope."""
    return 0.12 + 0.25 * susceptibility + 5.2 * susceptibility * math.pow(max(0.0, wetness) / 20.0, 1.5)


def tilt_rate(susceptibility: float, wetness: float) -> float:
    """Tilting in degrees a day; follows the crack with less spread."""
    return 0.004 + 0.045 * max(0.0, crack_rate(susceptibility, wetness) - 0.37)


def displacement_rate(susceptibility: float, wetness: float) -> float:
    """Movement of the surface in mm/d as GNSS sees it."""
    return 0.4 + 1.5 * max(0.0, crack_rate(susceptibility, wetness) - 0.37)


def soil_moisture(dry: float, wetness: float) -> float:
    """Water content of the soil in percent: rises quickly at first, then saturates."""
    return dry + (46.5 - dry) * (1 - math.exp(-wetness / 58.0))


def river_rise(wetness: float) -> float:
    """Rise of the river above its usual level in metres, for the wetness of the hills upstream."""
    return 2.7 * (1 - math.exp(-wetness / 26.0))


def street_water(lowness: float, wetness: float) -> float:
    """Depth of water on a low street in metres: nothing until the drains are full."""
    return max(0.0, wetness - 5.0) * 0.04 * lowness
