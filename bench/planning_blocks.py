"""Real borders to part, and what is measured of a partition: Providence's census blocks, Hangzhou's unit grids.

Both lie in `../shared/data/`; corners match. The load of a block is its population; that of a unit grid one for its
ground and one for each case, public facility and office building in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from onemap.planning.propose.graph import Units, units_of

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
#: A partition in which some grid carries twice the mean, or nothing, is no answer to "balanced grids", however compact.
BALANCED = 1.0


@dataclass(frozen=True)
class Point:
    """A partition's worst load over the mean less one, its maximum over the mean, and its mean Polsby-Popper."""

    worst: float
    most: float
    compact: float


@dataclass(frozen=True)
class City:
    """Connected blocks: as a table with the column `load`, and as units."""

    name: str
    table: Any
    units: Units


def providence(seed: int, count: int) -> City:
    """So many connected blocks around one drawn by the seed."""
    return _around(f"Providence {seed}", _blocks(), seed, count)


def district() -> Units:
    """All blocks of Providence, with its islands and its blocks that alone have more than any grid should."""
    table = _blocks()
    return units_of(np.array(table.geometry.values, dtype=object), table.load.to_numpy(np.float64))


def _blocks() -> Any:
    table = gpd.read_file(DATA / "coverage" / "providence_blocks.zip")
    return table.assign(load=table.TOTPOP.astype(float))


def hangzhou(seed: int, count: int) -> City:
    """So many connected unit grids around one drawn by the seed."""
    folder = DATA / "grids" / "hangzhou"
    table = gpd.read_file(folder / "grid_332.geojson")
    shapes = shapely.force_2d(np.array(table.geometry.values))
    shapes = shapely.coverage_clean(shapely.make_valid(shapes, method="structure"))
    tree, load = shapely.STRtree(shapes), np.ones(len(shapes))
    for layer in ("grid_events", "public_facilities", "buildings_3d"):
        places = gpd.read_file(folder / f"{layer}.geojson").geometry.representative_point().values
        load += np.bincount(tree.query(places, predicate="within")[1], minlength=len(shapes))
    table = table[["geometry"]].set_geometry(gpd.GeoSeries(shapes, crs=table.crs)).assign(load=load)
    return _around(f"Hangzhou {seed}", table, seed, count)


def _around(name: str, table: Any, seed: int, count: int) -> City:
    whole = units_of(np.array(table.geometry.values, dtype=object), table.load.to_numpy(np.float64))
    order = [int(np.random.default_rng(seed).integers(len(whole)))]
    seen = set(order)
    for u in order:
        for v in whole.to[whole.at[u] : whole.at[u + 1]].tolist():
            if v not in seen and len(order) < count:
                seen.add(v)
                order.append(v)
    part = table.iloc[sorted(order)].reset_index(drop=True)
    return City(name, part, units_of(np.array(part.geometry.values, dtype=object), part.load.to_numpy(np.float64)))


def point_of(units: Units, assign: Any) -> Point:
    """The same measure for all: loads, and outlines from the lengths that the blocks share."""
    _, own = np.unique(np.asarray(assign), return_inverse=True)
    load = np.bincount(own, weights=units.weight)
    inner = own[units.source] == own[units.to]
    rim = np.bincount(own, weights=units.rim_m)
    rim -= np.bincount(own[units.source[inner]], weights=units.shared_m[inner], minlength=len(load))
    compact = 4 * np.pi * np.bincount(own, weights=units.area_m2) / rim**2
    ratio = load / load.mean()
    return Point(float(np.abs(ratio - 1).max()), float(ratio.max()), float(compact.mean()))


def front(points: list[Point]) -> list[Point]:
    """Those that no other beats in both evenness and compactness."""
    return [
        p for p in points
        if not any(q.worst <= p.worst and q.compact >= p.compact and q != p for q in points)
    ]  # fmt: skip


def beside(mine: list[Point], theirs: list[Point]) -> tuple[float, float] | None:
    """Our worst load and theirs at the compactness of each of their best, where we are least ahead.

    Infinite for us where nothing of ours is as compact; None where they have no balanced answer to stand beside.
    """
    pairs = []
    for p in front([p for p in theirs if p.worst < BALANCED]):
        equal = [q.worst for q in front(mine) if q.compact >= p.compact]
        pairs.append((min(equal, default=float("inf")), p.worst))
    return min(pairs, key=ahead, default=None)


def ahead(pair: tuple[float, float]) -> float:
    """How many times our worst deviation theirs is."""
    return pair[1] / max(pair[0], 1e-4)
