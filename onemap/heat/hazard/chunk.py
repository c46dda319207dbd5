"""Chunks: all cells of the finest risk resolution inside one cell of resolution 8, the unit in which risk is kept."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt
import shapely

from onemap.core.cell import Cells, Floats, cells_of, centers, child_range, cover, disk, parents
from onemap.heat.hazard.risk import METRES_PER_DEGREE
from onemap.heat.hazard.score import PART, Parts, Source

RISK_RES, CHUNK_RES = 11, 8
Box = tuple[float, float, float, float]
#: The shortest edge of a chunk (a chunk two steps on can be that near), and how far its cells stick out of it, metres.
_EDGE_M, _OUT_M = 400.0, 150.0


@lru_cache(maxsize=4096)
def cells_in(chunk: int) -> tuple[Cells, Floats, Floats]:
    """The chunk's cells, ascending, with longitude and latitude of their centres."""
    cells = np.sort(np.fromiter(h3.cell_to_children(chunk, RISK_RES), np.int64))
    lon, lat = centers(cells)
    return cells, lon, lat


def chunks_near(boxes: Iterable[Box], radius_m: float) -> set[int]:
    """The chunks that have a cell whose centre lies within a radius of one of some boxes (west, south, east, north)."""
    found: set[int] = set()
    rings = math.ceil((radius_m + _OUT_M) / _EDGE_M)
    by_seed: dict[int, list[Box]] = {}
    for box in boxes:
        for seed in _touched(box):
            by_seed.setdefault(seed, []).append(box)
    for seed, inside in by_seed.items():
        west, south, east, north = (np.array(side) for side in zip(*inside, strict=True))
        dy = radius_m / METRES_PER_DEGREE * 1.01
        dx = dy / math.cos(math.radians(float(np.abs(north).max()) + 0.02))
        for chunk in disk(seed, rings).tolist():
            if chunk in found:
                continue
            _, lon, lat = cells_in(chunk)
            near = (
                (lon[:, None] >= west - dx) & (lon[:, None] <= east + dx)
                & (lat[:, None] >= south - dy) & (lat[:, None] <= north + dy)
            )  # fmt: skip
            if near.any():
                found.add(chunk)
    return found


def _touched(box: Box) -> list[int]:
    west, south, east, north = box
    if (north - south) * METRES_PER_DEGREE < 300.0 and (east - west) * METRES_PER_DEGREE < 300.0:
        corners = cells_of([west, east, west, east], [south, south, north, north], CHUNK_RES)
        return [int(cell) for cell in np.unique(corners)]
    return [int(cell) for cell in cover(shapely.box(*box).buffer(1e-6), CHUNK_RES)]


def spans(chunks: Sequence[int], res: int) -> tuple[list[int], list[int]]:
    """Ranges (lo, hi) of the cells at `res` inside each chunk."""
    pairs = [child_range(chunk, res) for chunk in chunks]
    return [lo for lo, _ in pairs], [hi for _, hi in pairs]


def boxes_of(chunks: Sequence[int], margin_m: float) -> dict[str, list[float]]:
    """Boxes around the centres of each chunk's cells with a margin, as columns."""
    columns: dict[str, list[float]] = {"west": [], "south": [], "east": [], "north": []}
    for chunk in chunks:
        _, lon, lat = cells_in(chunk)
        dy = margin_m / METRES_PER_DEGREE * 1.01
        dx = dy / math.cos(math.radians(float(np.abs(lat).max()) + 0.02))
        columns["west"].append(float(lon.min()) - dx)
        columns["south"].append(float(lat.min()) - dy)
        columns["east"].append(float(lon.max()) + dx)
        columns["north"].append(float(lat.max()) + dy)
    return columns


@dataclass(frozen=True)
class Row:
    """One chunk of one surface as it is kept; `parts` are records of dtype PART, by source, then by cell."""

    cells: Cells
    score: Floats
    factors: Floats  # (3, cells): exposure, vulnerability, coping
    sources: list[dict[str, object]]
    parts: npt.NDArray[np.void]


def rows(chunks: Sequence[int], cells: Cells, parts: Parts, factors: Floats, least: float) -> dict[int, Row]:
    """Parts and factors over the cells of some chunks, cut into their rows; chunks without any score have none.

    Scores are summed from the parts as they are kept (float32), source by source: what is told sums to what is shown.
    """
    product = factors[0] * factors[1] * factors[2]
    total = np.zeros(len(cells))
    for where, h in zip(parts.where, parts.h, strict=True):
        total[where] += h
    score = total * product
    keep = score >= least
    owner = parents(cells, CHUNK_RES)
    found: dict[int, Row] = {}
    for chunk in chunks:
        lo, hi = np.searchsorted(cells, child_range(chunk, RISK_RES))
        hi += int(hi < len(cells) and owner[hi] == chunk)
        kept = np.flatnonzero(keep[lo:hi]) + lo
        if len(kept):
            found[chunk] = _row(cells, score, factors, parts, kept)
    return found


def _row(cells: Cells, score: Floats, factors: Floats, parts: Parts, kept: npt.NDArray[np.int64]) -> Row:
    place = np.full(int(kept[-1]) + 1, -1, np.int64)
    place[kept] = np.arange(len(kept))
    sources: list[Source] = []
    records: list[npt.NDArray[np.void]] = []
    for source, where, h, measure in zip(parts.sources, parts.where, parts.h, parts.measure, strict=True):
        inside = where <= kept[-1]
        inside[inside] = place[where[inside]] >= 0
        if inside.any():
            record = np.zeros(int(inside.sum()), PART)
            record["source"], record["cell"] = len(sources), place[where[inside]]
            record["h"], record["measure"] = h[inside], measure[inside]
            records.append(record)
            sources.append(source)
    return Row(
        cells[kept], score[kept], np.ascontiguousarray(factors[:, kept]), [source.told() for source in sources],
        np.concatenate(records),
    )  # fmt: skip
