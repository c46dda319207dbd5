"""What became of a grid that an edit speaks of and that is no more: which grids have its ground.

It is told by the ground itself, as lineage is, so also between editions that are not next to each other, of which one
was imported, or of which one is a plan.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import shapely

from onemap.planning.coverage import Coverage, FaceId
from onemap.planning.plane import area_m2, areas_m2

#: From this share of its ground on, who has it is an heir; where nobody has as much, whoever has the most.
LEAST = 0.05


@dataclass(frozen=True)
class Heir:
    """A grid that has ground of the one that is no more, and how much of that one's (0 to 1)."""

    grid: FaceId
    name: str
    share: float


@dataclass(frozen=True)
class Became:
    """A grid that is no more, with its heirs, the largest share first; none where its ground is of no grid now."""

    grid: FaceId
    into: tuple[Heir, ...]


def became(before: Coverage, after: Coverage, grids: Iterable[FaceId]) -> tuple[Became, ...]:
    """What became of those grids that were there before and are no more."""
    lost = [grid for grid in dict.fromkeys(grids) if grid in before.faces and grid not in after.faces]
    return tuple(Became(grid, _heirs(before, after, grid)) for grid in lost)


def _heirs(before: Coverage, after: Coverage, grid: FaceId) -> tuple[Heir, ...]:
    ground = before.polygon(grid)
    near = after.meeting(ground)
    shares = areas_m2(shapely.intersection(after.polygons(near), ground)) / area_m2(ground)
    found = [
        Heir(face, str(after.faces[face].props.get("name") or ""), round(float(share), 4))
        for face, share in zip(near, shares.tolist(), strict=True)
        if share > 0.0
    ]
    found.sort(key=lambda heir: (-heir.share, heir.grid))
    return tuple(heir for heir in found if heir.share >= LEAST) or tuple(found[:1])
