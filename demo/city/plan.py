"""What a city is planned to be: its size, its counts, its frame of reference and its random streams."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Geoms = NDArray[np.object_]

DIVISION = "999101"
"""Division code of the fictional district. No real GB/T 2260 code starts with 99, so it can collide with none."""
EDITION = "2026"
"""Edition label of the unit grids written for the demo city."""
CENTER_LON = 110.48
CENTER_LAT = 29.13
REFERENCE_SCALE = 12_000

_LAT_RAD = math.radians(CENTER_LAT)
M_PER_DEG_LAT = 111_132.92 - 559.82 * math.cos(2 * _LAT_RAD) + 1.175 * math.cos(4 * _LAT_RAD)
M_PER_DEG_LON = 111_412.84 * math.cos(_LAT_RAD) - 93.5 * math.cos(3 * _LAT_RAD)


def to_lonlat(xy: Floats) -> Floats:
    """Turn local metres (east, north of the centre), shape (n, 2), into degrees rounded to a centimetre."""
    out = np.empty((len(xy), 2))
    out[:, 0] = np.round(CENTER_LON + xy[:, 0] / M_PER_DEG_LON, 7)
    out[:, 1] = np.round(CENTER_LAT + xy[:, 1] / M_PER_DEG_LAT, 7)
    return out


def to_local(lonlat: Floats) -> Floats:
    """Turn degrees, shape (n, 2), into local metres."""
    out = np.empty((len(lonlat), 2))
    out[:, 0] = (lonlat[:, 0] - CENTER_LON) * M_PER_DEG_LON
    out[:, 1] = (lonlat[:, 1] - CENTER_LAT) * M_PER_DEG_LAT
    return out


def geoms_to_lonlat(geoms: Geoms) -> Geoms:
    """Turn geometries in local metres into WGS-84 geometries."""
    return np.asarray(shapely.transform(geoms, to_lonlat), dtype=object)


@dataclass(frozen=True)
class Plan:
    """Size and counts of one city. Lengths grow with `factor`, so the urban density stays that of a real district."""

    scale: int
    seed: int
    anchor: datetime

    def __post_init__(self) -> None:
        """Refuse what cannot be built, rather than build something odd."""
        if self.scale < 200:
            raise ValueError("a city needs a scale of at least 200 buildings")
        if self.anchor.tzinfo is None:
            raise ValueError("anchor must be an aware datetime")

    @property
    def ratio(self) -> float:
        """Buildings wanted over those of the reference city."""
        return self.scale / REFERENCE_SCALE

    @property
    def factor(self) -> float:
        """Linear growth of the extent against the reference city of about 10 x 9 km."""
        return float(max(0.42, self.ratio**0.5) if self.ratio <= 1 else self.ratio**0.46)

    @property
    def width_m(self) -> float:
        """Extent west to east."""
        return 10_000.0 * self.factor

    @property
    def height_m(self) -> float:
        """Extent south to north."""
        return 9_000.0 * self.factor

    @property
    def cell_m(self) -> float:
        """Cell of the elevation model; coarser only for very large cities."""
        return 10.0 * max(1.0, self.factor / 2)

    def _count(self, full: int, least: int) -> int:
        share = self.ratio if self.ratio <= 1 else self.ratio**0.5
        return max(least, round(full * share))

    @property
    def communities(self) -> int:
        """How many communities the four streets are divided into."""
        return 20 if self.ratio <= 1 else min(80, 4 * round(5 * self.factor))

    @property
    def grids(self) -> int:
        """How many unit grids to aim at."""
        return self._count(168, 60)

    @property
    def cameras(self) -> int:
        """How many cameras."""
        return self._count(1000, 80)

    @property
    def hazards(self) -> int:
        """How many geologic-hazard points."""
        return self._count(40, 10) if self.ratio <= 1 else min(120, self._count(40, 40))

    @property
    def sensors(self) -> int:
        """How many sensors, of all kinds."""
        return self._count(500, 90)

    @property
    def incidents_per_day(self) -> float:
        """Mean number of incidents a day."""
        return float(min(400.0, max(8.0, 88.0 * min(self.ratio, self.ratio**0.6))))

    def rng(self, stage: str) -> np.random.Generator:
        """Give the random stream of one stage, so that a change in one stage leaves the others as they were."""
        return np.random.default_rng([self.seed, self.scale, zlib.crc32(stage.encode())])
