"""A small made-up town: uneven grids that share corners, houses anywhere, a river, a railway, a school."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from shapely import LineString, MultiPolygon, Polygon, box

from onemap.planning.coverage import Coverage, Face
from onemap.planning.facts import Area, Facts, Tables
from onemap.planning.model import Model, models
from onemap.planning.shapes import Feature

WEST, SOUTH, STEP = 120.0, 30.0, 0.004
STANDARD = models(None)["standard"]


def grids(size: int, rng: np.random.Generator, *, jitter: float = 0.25) -> Coverage:
    """size x size grids; four communities, one in each quarter. Corners are shifted, the outer border is straight."""
    at = np.stack(np.meshgrid(np.arange(size + 1.0), np.arange(size + 1.0), indexing="ij"), axis=-1)
    shift = rng.uniform(-jitter, jitter, at.shape)
    half = size // 2
    for edge in (0, half, size):
        shift[edge, :, 0] = 0.0
        shift[:, edge, 1] = 0.0
    xy = np.array([WEST, SOUTH]) + (at + shift) * STEP
    faces, geoms = [], []
    for i in range(size):
        for j in range(size):
            ring = [xy[i, j], xy[i + 1, j], xy[i + 1, j + 1], xy[i, j + 1]]
            geoms.append(MultiPolygon([Polygon(ring)]))
            community = community_of(i, j, size)
            code = f"{community}{i * size + j + 1:03d}"
            faces.append(Face(code, {
                "code": code, "name": f"{i}-{j}", "kind": "unit", "special": None, "community_code": community,
                "team_key": None, "locked": False,
            }))  # fmt: skip
    return Coverage.from_polygons(faces, geoms)


def community_of(i: int, j: int, size: int) -> str:
    """Code of the community of column i and row j."""
    return f"33010200100{2 * (i >= size // 2) + (j >= size // 2) + 1}"


def areas(size: int) -> list[Area]:
    """The four communities."""
    half, end = size // 2 * STEP, size * STEP
    cuts = [(0.0, half), (half, end)]
    return [
        Area(f"33010200100{2 * i + j + 1}", f"社区{2 * i + j + 1}", box(WEST + x0, SOUTH + y0, WEST + x1, SOUTH + y1))
        for i, (x0, x1) in enumerate(cuts) for j, (y0, y1) in enumerate(cuts)
    ]  # fmt: skip


def houses(count: int, size: int, rng: np.random.Generator, *, side: float = 0.0002) -> Any:
    """Rectangles, some turned, some over borders."""
    middle = np.array([WEST, SOUTH]) + rng.uniform(0.02, 0.98, (count, 2)) * size * STEP
    out = np.empty(count, dtype=object)
    for n in range(count):
        wide, high = rng.uniform(0.3, 1.0, 2) * side
        out[n] = shapely.affinity.rotate(
            box(middle[n, 0] - wide / 2, middle[n, 1] - high / 2, middle[n, 0] + wide / 2, middle[n, 1] + high / 2),
            float(rng.uniform(0.0, 90.0)),
        )
    return out


def facts(
    size: int,
    rng: np.random.Generator,
    *,
    count: int = 120,
    walls: Any = None,
    uses: list[str] | None = None,
    features: tuple[Feature, ...] = (),
    model: Model = STANDARD,
    with_areas: bool = True,
) -> Facts:
    """Facts of the town: houses with counts, incidents, cameras, two streets."""
    walls = houses(count, size, rng) if walls is None else walls
    end = size * STEP
    streets = (
        street("s1", "secondary", [(0.1, 0.51), (0.9, 0.49)], end),
        street("s2", "residential", [(0.33, 0.1), (0.35, 0.9)], end),
    )
    anywhere = np.array([WEST, SOUTH]) + rng.uniform(0.0, 1.0, (80, 2)) * end
    return Facts(
        model,
        Tables(
            keys=[f"b{n}" for n in range(len(walls))],
            uses=uses or ["residential"] * len(walls),
            counts=rng.integers(0, 40, (len(walls), 5)).astype(np.float64),
            footprints=list(shapely.to_wkb(walls)),
            incidents=anywhere[:40],
            days_ago=np.linspace(0.0, 120.0, 40),
            points={"cameras": anywhere[40:60], "sensors": anywhere[60:70], "hazards": anywhere[70:]},
            features=[*streets, *features],
            areas=areas(size) if with_areas else [],
        ),
    )


def street(key: str, kind: str, ends: list[tuple[float, float]], end: float, *, bridge: bool = False) -> Feature:
    """A straight street between two places in shares of the town."""
    return Feature(
        "road", key, kind, f"{key}路", bridge, LineString([(WEST + x * end, SOUTH + y * end) for x, y in ends])
    )


def line(ends: list[tuple[float, float]]) -> LineString:
    """A line between places counted in grids from the south-west corner."""
    return LineString([(WEST + x * STEP, SOUTH + y * STEP) for x, y in ends])
