"""The map of the difference between two partitions as SVG: old borders, new borders, hatched what changes hands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from onemap.planning.comparing import Compared
from onemap.planning.editions import Grid, shapes
from onemap.planning.plane import metres

WIDTH, LEAST_HEIGHT, MOST_HEIGHT, MARGIN = 1000.0, 320.0, 1100.0, 24.0
#: Finer than this, in units of the picture, nobody sees.
_FINE = 0.4
LABELS = 160
_OLD = 'fill="none" stroke="#8b98a5" stroke-width="1.2" stroke-dasharray="6 5"'
_NEW = 'fill="none" stroke="#16202b" stroke-width="1"'
_HATCH = ("#0b6fb8", "#c0561a", "#3b7d3a", "#8a3fa0", "#a8842b", "#00797a")

Place = Callable[[Any], Any]


def drawn(found: Compared, label: Callable[[str], str]) -> str:
    """The picture, with the grids around what changes and what they are called; a line of text where nothing does."""
    moved = found.moved
    if not moved:
        return '<p class="none">—</p>'
    west, south, east, north = shapely.total_bounds(np.array([piece.geom for piece in moved], dtype=object))
    pad = 0.12 * max(east - west, north - south, 1e-4)
    frame = shapely.box(west - pad, south - pad, east + pad, north + pad)
    place, height = _fit(frame.bounds)
    after, before = _near(found.after, frame), _near(found.before, frame)
    tos = sorted({piece.after or "" for piece in moved})
    colour = {code: n % len(_HATCH) for n, code in enumerate(tos)}
    parts = [
        f'<svg viewBox="0 0 {WIDTH:.0f} {height:.0f}" role="img" aria-label="差异图 · Map of the difference">',
        "<defs>", *(_pattern(n, tone) for n, tone in enumerate(_HATCH)), "</defs>",
        *(_path(piece.geom, place, f'fill="url(#h{colour[piece.after or ""]})" stroke="none"') for piece in moved),
        *(_path(grid.geom, place, _OLD) for grid in before),
        *(_path(grid.geom, place, _NEW) for grid in after),
        *_labels(after, place, height, label),
        "</svg>",
    ]  # fmt: skip
    return "".join(parts)


def _fit(bounds: Sequence[float]) -> tuple[Place, float]:
    west, south, east, north = bounds
    per_lon, per_lat = (float(one) for one in metres((south + north) / 2.0))
    wide, tall = (east - west) * per_lon, (north - south) * per_lat
    height = float(np.clip((WIDTH - 2 * MARGIN) * tall / wide + 2 * MARGIN, LEAST_HEIGHT, MOST_HEIGHT))
    scale = min((WIDTH - 2 * MARGIN) / wide, (height - 2 * MARGIN) / tall)
    middle = np.array([(west + east) / 2.0, (south + north) / 2.0])
    rate, centre = np.array([per_lon * scale, -per_lat * scale]), np.array([WIDTH / 2, height / 2])
    return (lambda xy: (xy - middle) * rate + centre), height


def _near(grids: Sequence[Grid], frame: BaseGeometry) -> list[Grid]:
    hit = shapely.STRtree(shapes(grids)).query(frame)
    return [grids[i] for i in sorted(hit.tolist())]


def _pattern(n: int, tone: str) -> str:
    return (
        f'<pattern id="h{n}" width="8" height="8" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate({30 + 25 * n})">'
        f'<rect width="8" height="8" fill="{tone}" fill-opacity=".14"/>'
        f'<path d="M0 0V8" stroke="{tone}" stroke-width="3"/></pattern>'
    )


def _path(geom: BaseGeometry, place: Place, style: str) -> str:
    flat = shapely.simplify(shapely.transform(geom, place), _FINE)
    rings = shapely.get_rings(np.array([flat], dtype=object))
    return f'<path d="{"".join(_ring(ring) for ring in rings)}" fill-rule="evenodd" {style}/>' if len(rings) else ""


def _ring(ring: BaseGeometry) -> str:
    xy = shapely.get_coordinates(ring)[:-1]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in xy.tolist()) + "Z"


def _labels(grids: Sequence[Grid], place: Place, height: float, label: Callable[[str], str]) -> list[str]:
    """Names of the largest grids that are in the picture, where there is room for them."""
    found = []
    picture = shapely.box(0, 0, WIDTH, height)
    for grid in grids:
        flat = shapely.intersection(shapely.transform(shapely.make_valid(grid.geom), place), picture)
        if not flat.is_empty and flat.area > 900:
            found.append((flat.area, flat.representative_point(), label(grid.code)))
    found.sort(key=lambda one: -one[0])
    return [
        f'<text x="{spot.x:.0f}" y="{spot.y:.0f}" font-size="{min(15, max(9, area**0.5 / 7)):.0f}" '
        f'text-anchor="middle" paint-order="stroke" stroke="#fff" stroke-width="3" fill="#16202b">{escape(name)}</text>'
        for area, spot, name in found[:LABELS]
    ]
