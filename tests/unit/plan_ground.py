"""Made-up coverages for the planner's tests, and random edits of them."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import shapely

from onemap.planning import coverage as ops
from onemap.planning.coverage import Coverage, Delta, Face, Refused

LON, LAT, STEP = 110.0, 29.0, 0.002


def lattice(columns: int, rows: int, *, seed: int = 1, communities: int = 1) -> Coverage:
    """Quadrilaterals with shared, shaken corners and a corner in the middle of each side; columns in communities."""
    return Coverage.from_polygons(*parts(columns, rows, seed=seed, communities=communities))


def parts(columns: int, rows: int, *, seed: int = 1, communities: int = 1) -> tuple[list[Face], list[Any]]:
    """Faces and polygons of a lattice."""
    rng = np.random.default_rng(seed)
    shape = (2 * columns + 1, 2 * rows + 1, 2)
    xy = np.stack(np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij"), axis=2) * STEP / 2
    xy = xy + rng.uniform(-0.1, 0.1, shape) * STEP + (LON, LAT)
    faces, geoms = [], []
    for i in range(columns):
        for j in range(rows):
            a, b = 2 * i, 2 * j
            ring = [
                (a, b),
                (a + 1, b),
                (a + 2, b),
                (a + 2, b + 1),
                (a + 2, b + 2),
                (a + 1, b + 2),
                (a, b + 2),
                (a, b + 1),
            ]
            code = f"33010600100{1 + i * communities // columns}{i * rows + j + 1:03d}"
            props = {"code": code, "name": f"g{i}-{j}", "kind": "unit", "special": None, "community_code": code[:12],
                     "team_key": None, "locked": False}  # fmt: skip
            faces.append(Face(code, props))
            geoms.append(shapely.multipolygons([shapely.polygons([xy[at] for at in ring])]))
    return faces, geoms


def across(column: int, row: int, at: float = 0.5) -> list[list[float]]:
    """A line from west to east through a grid of a lattice."""
    y = LAT + (row + at) * STEP
    return [[LON + (column - 0.2) * STEP, y], [LON + (column + 1.2) * STEP, y]]


def random_edit(cov: Coverage, rng: random.Random) -> Delta | None:
    """One edit somewhere, or None where it was refused."""
    face = rng.choice(sorted(cov.faces))
    ground = cov.polygon(face)
    west, south, east, north = ground.bounds
    try:
        kind = rng.choice(["split", "merge", "reassign", "describe", "split", "reassign"])
        if kind == "split":
            turn = rng.random() < 0.5
            at = rng.uniform(0.3, 0.7)
            x, y = west + at * (east - west), south + at * (north - south)
            line = (
                [(x, south - 1e-4), (x + 1e-5, north + 1e-4)] if turn else [(west - 1e-4, y), (east + 1e-4, y + 1e-5)]
            )
            return ops.split(cov, face, line)
        if kind == "merge":
            others = sorted(cov.neighbours(face))
            return ops.merge(cov, [face, rng.choice(others)]) if others else None
        if kind == "reassign":
            spot = shapely.Point(rng.uniform(west, east), rng.uniform(south, north))
            return ops.reassign(cov, spot.buffer(STEP * rng.uniform(0.05, 0.4), quad_segs=2), face)
        return ops.describe(cov, face, {"name": f"n{rng.randrange(10**6)}"})
    except Refused:
        return None


def judged(cov: Coverage, whole: Any) -> None:
    """GEOS says that the grids tile the whole, each valid."""
    shapes = cov.polygons(sorted(cov.faces))
    assert shapely.is_valid(shapes).all()
    assert shapely.coverage_is_valid(shapes)
    assert abs(shapely.area(shapes).sum() - whole.area) <= 1e-9 * whole.area
    union = shapely.coverage_union_all(shapes)
    assert shapely.symmetric_difference(union, whole).area <= 1e-9 * whole.area


def drawn(cov: Coverage) -> dict[str, tuple[Any, dict[str, Any]]]:
    """What a coverage looks like, however its borders are parted into arcs."""
    return {
        face: (shapely.to_wkb(shapely.normalize(cov.polygon(face))), dict(cov.faces[face].props)) for face in cov.faces
    }
