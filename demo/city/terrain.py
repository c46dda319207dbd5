"""The elevation model: ridged fractal hills in the west, a river plain, a riverbed and some knolls."""

from __future__ import annotations

import heapq
import itertools
from dataclasses import dataclass
from typing import Any, cast

import contourpy
import numpy as np
import rasterio
import rasterio.features
import shapely
from affine import Affine
from numpy.typing import NDArray
from scipy import ndimage
from shapely import LineString, MultiLineString, Polygon
from shapely.geometry.base import BaseGeometry

from demo.city.plan import CENTER_LAT, CENTER_LON, M_PER_DEG_LAT, M_PER_DEG_LON, Floats, Geoms, Plan
from demo.city.shapes import parts, union
from demo.city.warp import Warp
from demo.city.water import Water, knolls

Grid = NDArray[np.float64]


@dataclass
class Terrain:
    """Elevation in metres on a regular grid of local metres; row 0 is the north edge."""

    elevation: Grid
    hilliness: Grid
    x0: float
    y0: float
    cell_m: float

    def __post_init__(self) -> None:
        """Derive the slope grid."""
        self.refresh()

    def refresh(self) -> None:
        """Recompute the slope after the elevation was changed."""
        gy, gx = np.gradient(self.elevation, self.cell_m)
        self.gx: Grid = np.asarray(gx, dtype=np.float64)
        self.gy: Grid = np.asarray(-gy, dtype=np.float64)
        self.slope_deg = np.degrees(np.arctan(np.hypot(gx, gy)))

    def index(self, xy: Floats) -> tuple[Floats, Floats]:
        """Fractional row and column of local points, shape (n, 2)."""
        row: Floats = (self.y0 - xy[:, 1]) / self.cell_m - 0.5
        col: Floats = (xy[:, 0] - self.x0) / self.cell_m - 0.5
        return row, col

    def sample(self, grid: Grid, xy: Floats) -> Floats:
        """Bilinear value of a grid at local points."""
        r, c = self.index(xy)
        return np.asarray(ndimage.map_coordinates(grid, [r, c], order=1, mode="nearest"))

    def centres(self) -> tuple[Floats, Floats]:
        """Local x of the columns and y of the rows."""
        rows, cols = self.elevation.shape
        xs: Floats = self.x0 + (np.arange(cols, dtype=np.float64) + 0.5) * self.cell_m
        ys: Floats = self.y0 - (np.arange(rows, dtype=np.float64) + 0.5) * self.cell_m
        return xs, ys

    def mask(self, geoms: list[BaseGeometry]) -> NDArray[np.bool_]:
        """Cells whose centre lies in any of the geometries."""
        burnt = rasterio.features.rasterize(
            [(g, 1) for g in geoms if not g.is_empty],
            out_shape=self.elevation.shape,
            transform=Affine(self.cell_m, 0, self.x0, 0, -self.cell_m, self.y0),
        )
        return np.asarray(burnt > 0)


def _noise(rng: np.random.Generator, shape: tuple[int, int], wavelength_cells: float) -> Grid:
    rows, cols = shape
    nr, nc = int(rows / wavelength_cells) + 4, int(cols / wavelength_cells) + 4
    lattice = rng.standard_normal((nr, nc))
    oy, ox = rng.uniform(0, 1, 2)
    r = np.arange(rows) / wavelength_cells + 1 + oy
    c = np.arange(cols) / wavelength_cells + 1 + ox
    # separable cubic interpolation of the lattice: two matrix products instead of a zoom of the full grid
    # a cubic B-spline smooths its lattice to a deviation of 0.48: bring it back to one
    return np.asarray(_cubic(r, nr) @ lattice @ _cubic(c, nc).T / 0.48)


def _cubic(at: Floats, size: int) -> Grid:
    weights = np.zeros((len(at), size))
    base = np.floor(at).astype(int)
    u = at - base
    rows = np.arange(len(at))
    terms = [(1 - u) ** 3 / 6, (3 * u**3 - 6 * u**2 + 4) / 6, (-3 * u**3 + 3 * u**2 + 3 * u + 1) / 6, u**3 / 6]
    for k, term in enumerate(terms):
        weights[rows, np.clip(base - 1 + k, 0, size - 1)] += term
    return weights


def _smoothstep(v: Grid) -> Grid:
    v = np.clip(v, 0, 1)
    return np.asarray(v * v * (3 - 2 * v))


def _ridged(rng: np.random.Generator, shape: tuple[int, int], cell_m: float, wavelength: float, octaves: int) -> Grid:
    """Ridged multifractal (Musgrave 1994): sharp crests, each octave weighted by the one before."""
    total = np.zeros(shape)
    weight = np.ones(shape)
    amplitude = 1.0
    for _ in range(octaves):
        signal = (1.0 - np.minimum(np.abs(_noise(rng, shape, wavelength / cell_m)) * 0.80, 1.0)) ** 2 * weight
        total += amplitude * signal
        weight = np.clip(signal * 2.0, 0.25, 1.0)
        amplitude *= 0.50
        wavelength *= 0.5
    return np.asarray(total / 1.6)


def hill_edge(plan: Plan, warp: Warp) -> LineString:
    """The foot of the western hills, from the south edge round to the north edge."""
    w, h = plan.width_m, plan.height_m
    t = np.linspace(-h * 0.62, h * 0.62, 160)
    v = t / h
    # the foot swings east in the north-west, so that the hills embrace the town
    s = w * (-0.36 + 0.050 * np.sin(7.0 * v + 0.6) + 0.022 * np.sin(17.0 * v + 2.0) + 0.34 * np.clip(v - 0.05, 0, 1))
    return warp.path(s, t)


def _flood(z: list[float], rows: int, cols: int, outlets: list[int], blocked: bytearray) -> tuple[list[int], list[int]]:
    """Order of cells from the outlets upwards and the cell each drains to (priority flood, Barnes 2014)."""
    parent = [-1] * (rows * cols)
    seen = bytearray(blocked)
    heap = [(z[i], i) for i in outlets]
    for i in outlets:
        seen[i] = 1
    heapq.heapify(heap)
    order: list[int] = []
    push, pop = heapq.heappush, heapq.heappop
    while heap:
        level, i = pop(heap)
        order.append(i)
        r, c = divmod(i, cols)
        left, right = max(0, c - 1), min(cols, c + 2)
        for rr in range(max(0, r - 1), min(rows, r + 2)):
            for j in range(rr * cols + left, rr * cols + right):
                if not seen[j]:
                    seen[j] = 1
                    parent[j] = i
                    push(heap, (z[j] if z[j] > level else level, j))
    return order, parent


def _erode(base: Grid, uplift: Grid, fixed: NDArray[np.bool_], steps: int, creep: float) -> Grid:
    """Raise ground against the streams that cut it, until ridges and branching valleys stand (Braun & Willett 2013).

    Implicit stream-power erosion: the slope of a stream falls with the root of the ground it drains, from 0.75 at
    the divides. Cells of `fixed` keep their `base` height and take the water.
    """
    rows, cols = base.shape
    grid = base
    z = base.ravel().tolist()
    rise = uplift.ravel().tolist()
    free = ~fixed
    # only fixed cells beside free ones can take water; the others are left out of the flood
    shore = fixed & ndimage.binary_dilation(free, np.ones((3, 3)))
    outlets = np.flatnonzero(shore.ravel()).tolist()
    blocked = bytearray((fixed & ~shore).ravel().astype(np.uint8).tobytes())
    for _ in range(steps):
        order, parent = _flood(z, rows, cols, outlets, blocked)
        area = [1.0] * (rows * cols)
        for i in reversed(order):
            if parent[i] >= 0:
                area[parent[i]] += area[i]
        for i in order:
            if parent[i] >= 0:
                grip = 0.8 * area[i] ** 0.5
                z[i] = (z[i] + rise[i] + grip * z[parent[i]]) / (1.0 + grip)
        # creep of the soil rounds what the water leaves, so that only real valleys survive
        grid = np.array(z).reshape(rows, cols)
        grid = np.where(free, ndimage.gaussian_filter(grid, creep), grid)
        z = grid.ravel().tolist()
    return grid


def _hills(plan: Plan, rng: np.random.Generator, terrain: Terrain, plain: Grid, depth: Grid, water: Water) -> Grid:
    """Heights of the hills above the plain: eroded on a coarse grid, then given fine relief."""
    shape, cell = plain.shape, terrain.cell_m
    coarse_m = 40.0 * max(1.0, plan.factor)
    step = max(1, round(coarse_m / cell))
    at = (slice(step // 2, None, step), slice(step // 2, None, step))
    d, p = depth[at], plain[at]
    swell = 0.34 + 0.66 * _smoothstep(d / (1300 * plan.factor**0.5))
    swell = swell * np.clip(1 + 0.22 * _noise(rng, d.shape, 1500 / coarse_m), 0.5, 1.5)
    start = p + (45 + 45 * _noise(rng, d.shape, 420 / coarse_m) + 25 * rng.random(d.shape)) * (d > 0)
    fixed = d <= 0
    # the stream is the hills' main outlet: it rises gently upstream and everything near drains to it
    run = shapely.get_coordinates(shapely.segmentize(water.stream_line, coarse_m / 2))
    r, c = terrain.index(run)
    r, c = np.round((r - step // 2) / step).astype(int), np.round((c - step // 2) / step).astype(int)
    ok = (r >= 0) & (c >= 0) & (r < d.shape[0]) & (c < d.shape[1])
    climb = np.cumsum(np.append(0.0, np.hypot(*np.diff(run[::-1], axis=0).T)) * 0.028)[::-1]
    inner = ok & (d[np.where(ok, r, 0), np.where(ok, c, 0)] > 0)
    if inner.any():
        foot = climb[inner].min()
        start[r[inner], c[inner]] = p[r[inner], c[inner]] + climb[inner] - foot
        fixed[r[inner], c[inner]] = True
    eroded = _erode(start, 46.0 * swell * (d > 0), fixed, 22, 0.62)
    above = ndimage.gaussian_filter(eroded - p, 0.4)
    rows, cols = np.arange(shape[0]), np.arange(shape[1])
    rr, cc = np.meshgrid((rows - step // 2) / step, (cols - step // 2) / step, indexing="ij")
    fine = ndimage.map_coordinates(above, [rr, cc], order=3, mode="nearest")
    grain = _ridged(rng, shape, cell, 360.0, 5)
    lift = np.clip(fine / 90.0, 0, 1)
    return np.asarray(np.maximum(fine, 0.0) + lift * 46.0 * (grain - 0.45))


def make_terrain(plan: Plan, warp: Warp, water: Water) -> Terrain:
    """Raise the hills, lay the plain and cut the riverbed."""
    rng = plan.rng("terrain")
    cell = plan.cell_m
    cols, rows = int(np.ceil(plan.width_m / cell)), int(np.ceil(plan.height_m / cell))
    x0, y0 = -cols * cell / 2, rows * cell / 2
    shape = (rows, cols)
    terrain = Terrain(np.zeros(shape), np.zeros(shape), x0, y0, cell)
    xs, ys = terrain.centres()

    edge = shapely.get_coordinates(hill_edge(plan, warp))
    west = -plan.width_m
    hills = Polygon(np.vstack([edge, [[west, edge[-1, 1]], [west, edge[0, 1]]]])).buffer(0)
    inside = terrain.mask([hills])
    depth = ndimage.distance_transform_edt(inside) * cell - ndimage.distance_transform_edt(~inside) * cell
    depth += 85 * _noise(rng, shape, 620 / cell) + 22 * _noise(rng, shape, 250 / cell)
    hilliness = _smoothstep(depth / (1250 * plan.factor**0.5))
    rise = _smoothstep(depth / 300)

    wet = terrain.mask([b.geom for b in water.bodies if b.key != "W-002"])
    river_wet = terrain.mask([water.river])
    to_river = ndimage.distance_transform_edt(~river_wet) * cell
    plain = 61.0 + 9.0 * (1 - np.exp(-to_river / 1600)) + 2.2 * np.exp(-(((to_river - 45) / 40) ** 2))
    plain = plain + 0.8 * _noise(rng, shape, 900 / cell) + 0.2 * _noise(rng, shape, 200 / cell)
    plain += (ys[:, None] / plan.height_m) * 6.0
    elevation = plain + _hills(plan, rng, terrain, plain, depth, water)
    for x, y, r, top in knolls(plan, warp):
        d2 = ((xs[None, :] - x) ** 2 + (ys[:, None] - y) ** 2) / r**2
        lift = np.exp(-d2 * 1.8)
        elevation += top * lift
        hilliness = np.maximum(hilliness, 0.6 * _smoothstep((lift - 0.22) / 0.4))

    bed = ndimage.distance_transform_edt(wet) * cell
    elevation = np.where(
        wet, np.minimum(elevation, 57.5 + (ys[:, None] / plan.height_m) * 6.0) - np.minimum(bed * 0.06, 4.5), elevation
    )
    terrain.elevation = ndimage.gaussian_filter(elevation, 0.8)
    terrain.hilliness = np.clip(np.maximum(hilliness, 0.55 * rise), 0, 1)
    terrain.refresh()
    return terrain


def terrace(terrain: Terrain, xy: Floats, radius_m: float) -> None:
    """Level the ground a little around points, as villages in the hills have done."""
    xs, ys = terrain.centres()
    for x, y in [(float(p[0]), float(p[1])) for p in xy]:
        c0, c1 = np.searchsorted(xs, np.array([x - 2 * radius_m, x + 2 * radius_m])).tolist()
        r0, r1 = np.searchsorted(-ys, np.array([-(y + 2 * radius_m), -(y - 2 * radius_m)])).tolist()
        c, r = slice(c0, c1), slice(r0, r1)
        part = terrain.elevation[r, c]
        if part.size == 0:
            continue
        d = np.hypot(xs[c][None, :] - x, ys[r][:, None] - y) / radius_m
        w = np.exp(-(d**4)) * 0.82
        mean = float(np.average(part, weights=w + 1e-9))
        dx, dy = xs[c][None, :] - x, ys[r][:, None] - y
        gx = float(np.average(terrain.gx[r, c], weights=w + 1e-9))
        gy = float(np.average(terrain.gy[r, c], weights=w + 1e-9))
        steep = max(float(np.hypot(gx, gy)), 1e-6)
        keep = min(1.0, 0.10 / steep)
        terrain.elevation[r, c] = part * (1 - w) + (mean + keep * (gx * dx + gy * dy)) * w
    terrain.refresh()


def contours(terrain: Terrain, interval_m: float, region: BaseGeometry) -> tuple[Geoms, list[float]]:
    """Contour lines inside a region, simplified, one MultiLineString an elevation, with their elevations."""
    step = max(1, round(16.0 / terrain.cell_m))
    grid = ndimage.gaussian_filter(terrain.elevation, 1.6)[::step, ::step]
    xs, ys = terrain.centres()
    gen = contourpy.contour_generator(xs[::step], ys[::step], grid)
    shapely.prepare(region)
    out: list[BaseGeometry] = []
    levels: list[float] = []
    for level in np.arange(np.ceil(grid.min() / interval_m) * interval_m, grid.max(), interval_m):
        lines = [LineString(np.asarray(p)) for p in gen.lines(float(level)) if len(p) > 12]
        long = [g.simplify(1.6) for g in lines if g.length > 160]
        if not long:
            continue
        clipped = union(long).intersection(region)
        kept = [g for g in parts(clipped) if isinstance(g, LineString) and g.length > 60]
        if kept:
            out.append(MultiLineString(kept))
            levels.append(float(level))
    return np.array(out, dtype=object), levels


def filled(terrain: Terrain, grid: Grid, above: float, simplify_m: float, step: int = 3) -> list[Polygon]:
    """Polygons where a smoothed grid is above a value."""
    xs, ys = terrain.centres()
    small = ndimage.gaussian_filter(grid, step)[::step, ::step]
    gen = contourpy.contour_generator(xs[::step], ys[::step], small, fill_type=contourpy.FillType.OuterOffset)
    points, offsets = cast(tuple[list[Any], list[Any]], gen.filled(above, float(grid.max()) + 1e6))
    out: list[Polygon] = []
    for pts, offs in zip(points, offsets, strict=True):
        rings = [pts[a:b] for a, b in itertools.pairwise(offs) if b - a > 3]
        if not rings:
            continue
        poly = Polygon(rings[0], rings[1:]).simplify(simplify_m).buffer(0)
        out.extend(g for g in parts(poly) if isinstance(g, Polygon) and g.area > 4000)
    return out


def write_dem(terrain: Terrain, path: str) -> None:
    """Write the elevation model as float32 metres in EPSG:4326. The local frame is linear in degrees, so no warp."""
    dlon, dlat = terrain.cell_m / M_PER_DEG_LON, terrain.cell_m / M_PER_DEG_LAT
    west, north = CENTER_LON + terrain.x0 / M_PER_DEG_LON, CENTER_LAT + terrain.y0 / M_PER_DEG_LAT
    rows, cols = terrain.elevation.shape
    with rasterio.open(
        path, "w", driver="GTiff", width=cols, height=rows, count=1, dtype="float32", crs="EPSG:4326",
        transform=Affine(dlon, 0, west, 0, -dlat, north), compress="deflate", predictor=3, tiled=True,
        blockxsize=256, blockysize=256, nodata=-9999.0,
    ) as out:  # fmt: skip
        out.write(np.round(terrain.elevation, 1).astype("float32"), 1)
        out.update_tags(AREA_OR_POINT="Area", units="m")
