"""Buildings: what each block is used for, and footprints laid along its edges as that use lays them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon, STRtree

from demo.city.fabric import Fabric
from demo.city.names import NamePool
from demo.city.network import Centre
from demo.city.plan import Floats, Geoms, Plan
from demo.city.sites import Village
from demo.city.terrain import Terrain

# length, depth, gap along, gap between rows (metres), least and most floors, metres a floor, share of plots built on
FORMS: dict[str, tuple[float, float, float, float, int, int, float, float]] = {
    "walkup": (44, 12.0, 7.0, 15.0, 5, 7, 3.0, 0.94),
    "midrise": (38, 14.5, 10.0, 22.0, 9, 18, 3.0, 0.93),
    "highrise": (30, 18.0, 18.0, 30.0, 22, 33, 3.0, 0.92),
    "oldtown": (12.5, 12.0, 2.2, 4.2, 1, 4, 3.2, 0.86),
    "commercial": (38, 24.0, 9.0, 13.0, 3, 8, 4.2, 0.88),
    "office": (38, 32.0, 20.0, 22.0, 12, 42, 3.9, 0.84),
    "industrial": (64, 36.0, 13.0, 16.0, 1, 2, 8.0, 0.86),
    "school": (54, 15.0, 14.0, 22.0, 4, 6, 3.6, 0.62),
    "hospital": (56, 20.0, 13.0, 17.0, 5, 16, 3.9, 0.80),
    "public": (46, 22.0, 18.0, 24.0, 3, 7, 4.0, 0.66),
    "village": (11.0, 9.5, 6.0, 8.0, 2, 4, 3.2, 0.64),
}
USE = {
    "walkup": "residential", "midrise": "residential", "highrise": "residential", "oldtown": "residential",
    "village": "residential", "commercial": "commercial", "office": "office", "industrial": "industrial",
    "school": "school", "hospital": "hospital", "public": "public",
}  # fmt: skip
_SHAPES: list[list[tuple[float, float]]] = [
    [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)],
    [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.0), (-0.1, 0.0), (-0.1, 0.5), (-0.5, 0.5)],
    [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (0.22, 0.5), (0.22, -0.05), (-0.22, -0.05), (-0.22, 0.5), (-0.5, 0.5)],
    [(-0.5, -0.5), (0.02, -0.5), (0.02, -0.3), (0.5, -0.3), (0.5, 0.5), (-0.02, 0.5), (-0.02, 0.3), (-0.5, 0.3)],
    [(-0.5, -0.5), (0.5, -0.5), (0.5, 0.3), (0.2, 0.3), (0.2, 0.5), (-0.2, 0.5), (-0.2, 0.3), (-0.5, 0.3)],
    [(-0.5, -0.3), (-0.3, -0.5), (0.3, -0.5), (0.5, -0.3), (0.5, 0.3), (0.3, 0.5), (-0.3, 0.5), (-0.5, 0.3)],
]
# how often each of the shapes above is taken: rectangle, L, U, stepped slab, with a core, octagon
_SHAPE_ODDS: dict[str, list[float]] = {
    "walkup": [0.62, 0.02, 0.0, 0.30, 0.06, 0.0],
    "midrise": [0.34, 0.0, 0.0, 0.30, 0.36, 0.0],
    "highrise": [0.20, 0.0, 0.0, 0.10, 0.58, 0.12],
    "oldtown": [0.52, 0.24, 0.20, 0.0, 0.04, 0.0],
    "commercial": [0.46, 0.26, 0.16, 0.04, 0.08, 0.0],
    "office": [0.42, 0.08, 0.04, 0.06, 0.22, 0.18],
    "industrial": [0.82, 0.12, 0.02, 0.04, 0.0, 0.0],
    "school": [0.42, 0.24, 0.26, 0.04, 0.04, 0.0],
    "hospital": [0.30, 0.28, 0.26, 0.0, 0.16, 0.0],
    "public": [0.44, 0.14, 0.22, 0.0, 0.14, 0.06],
    "village": [0.60, 0.32, 0.06, 0.0, 0.02, 0.0],
}
FORM_NAMES = list(FORMS)
Chunk = tuple[Geoms, NDArray[np.int64], NDArray[np.str_]]
"""Footprints with the face each stands on and its form."""


@dataclass
class Buildings:
    """Footprints in local metres with their attributes, all arrays parallel, in key order."""

    geoms: Geoms
    face: NDArray[np.int64]
    form: NDArray[np.str_]
    floors: NDArray[np.int64]
    height_m: Floats
    name: list[str]
    residents: NDArray[np.int64]
    households: NDArray[np.int64]
    vehicles: NDArray[np.int64]
    organisations: NDArray[np.int64]
    rentals: NDArray[np.int64]
    face_form: NDArray[np.str_]
    face_name: list[str]

    @property
    def use(self) -> list[str]:
        """Use code of each building."""
        return [USE[f] for f in self.form.tolist()]


def assign_forms(plan: Plan, fabric: Fabric, centres: list[Centre], free: Geoms) -> NDArray[np.str_]:
    """Say what each face would be built up as; an empty string where it cannot be."""
    rng = plan.rng("forms")
    n = len(fabric.faces)
    near = np.stack([np.hypot(fabric.centroid[:, 0] - c.x, fabric.centroid[:, 1] - c.y) / c.reach_m for c in centres])
    kind = np.array([c.kind for c in centres])[near.argmin(axis=0)]
    d = near.min(axis=0)
    pick = rng.uniform(0, 1, n)
    facility = rng.uniform(0, 1, n)
    homes = np.where(pick < 0.46, "walkup", np.where(pick < 0.80, "midrise", "highrise"))
    out = homes.astype("U12")
    new = (kind == "new") | (kind == "campus")
    out = np.where(new, np.where(pick < 0.15, "walkup", np.where(pick < 0.5, "midrise", "highrise")), out)
    old = kind == "old"
    out = np.where(
        old & (d < 0.62), np.where(pick < 0.62, "oldtown", np.where(pick < 0.85, "walkup", "commercial")), out
    )
    cbd = kind == "cbd"
    core = np.where(
        pick < 0.42, "office", np.where(pick < 0.68, "commercial", np.where(pick < 0.86, "highrise", "midrise"))
    )
    out = np.where(cbd & (d < 0.45), core, out)
    out = np.where((kind == "new") & (d < 0.30), np.where(pick < 0.5, "office", "commercial"), out)
    out = np.where((kind == "industry") & (d < 1.0), np.where(pick < 0.86, "industrial", "walkup"), out)
    out = np.where((kind == "campus") & (d < 0.42), np.where(pick < 0.66, "school", "midrise"), out)
    out = np.where((kind == "town") & (d < 1.1), np.where(pick < 0.45, "oldtown", "walkup"), out)
    city = ~np.isin(kind, ["industry"])
    for form, low, high in (("school", 0.0, 0.045), ("hospital", 0.045, 0.058), ("public", 0.058, 0.082),
                            ("park", 0.082, 0.132), ("commercial", 0.132, 0.165)):  # fmt: skip
        out = np.where(city & (facility >= low) & (facility < high), form, out)
    area = shapely.area(free)
    out = np.where((fabric.area > 75_000) & (fabric.far < 1.0) & (out != "industrial") & (pick < 0.25), "park", out)
    out = np.where((fabric.wet > 0.16) & (area > 900), "park", out)
    useless = (fabric.hilly > 0.10) | (fabric.wet > 0.75) | (area < 900)
    return np.where(useless, "", out)


def _row_extent(u: Floats, v: Floats, at: Floats) -> tuple[Floats, Floats]:
    """Least and greatest u where lines of constant v cross a ring (its first point repeated last)."""
    v0, v1, u0, u1 = v[:-1, None], v[1:, None], u[:-1, None], u[1:, None]
    crosses = (v0 > at) != (v1 > at)
    with np.errstate(divide="ignore", invalid="ignore"):
        cut = u0 + (at - v0) / (v1 - v0) * (u1 - u0)
    return np.where(crosses, cut, np.inf).min(axis=0), np.where(crosses, cut, -np.inf).max(axis=0)


def _plots(
    rng: np.random.Generator, block: Polygon, angle: float, form: str, squeeze: float = 1.0
) -> tuple[Floats, Floats, Floats]:
    """Centres (n, 2), sizes (n, 2) and angles of the plots of one block.

    Rows run at `angle` and each is fitted to the block's width where it lies, so that rows follow slanting streets.
    `squeeze` below 1 narrows the gaps.
    """
    length, depth, gap_x, gap_y, *_, built = FORMS[form]
    length, gap_y = length * rng.uniform(0.88, 1.16), gap_y * rng.uniform(0.9, 1.15) * squeeze
    depth *= rng.uniform(0.93, 1.07)
    gap_x *= squeeze
    cx, cy = block.centroid.x, block.centroid.y
    cos, sin = np.cos(angle), np.sin(angle)
    xy = shapely.get_coordinates(block.exterior) - (cx, cy)
    u, v = xy[:, 0] * cos + xy[:, 1] * sin, -xy[:, 0] * sin + xy[:, 1] * cos
    rows = int((np.ptp(v) + gap_y) // (depth + gap_y))
    if rows < 1:
        return np.empty((0, 2)), np.empty((0, 2)), np.empty(0)
    # the room left over widens the gaps, so that rows begin and end at the edges of the block
    step_v = depth + gap_y if rows == 1 else (np.ptp(v) - depth) / (rows - 1)
    middle = (np.arange(rows) - (rows - 1) / 2) * step_v + (v.max() + v.min()) / 2
    lo, hi = np.full(rows, -np.inf), np.full(rows, np.inf)
    for share in (-0.47, 0.0, 0.47):
        least, most = _row_extent(u, v, middle + share * depth)
        lo, hi = np.maximum(lo, least), np.minimum(hi, most)
    parts_u, parts_v, parts_length = [], [], []
    for mid, start, stop in zip(middle.tolist(), lo.tolist(), hi.tolist(), strict=True):
        width = stop - start - 0.8
        n = int((width + gap_x) // (length + gap_x)) if np.isfinite(width) else 0
        size = length
        if n < 1 and width > 0.5 * length:
            n, size = 1, width
        if n < 1:
            continue
        step = 0.0 if n == 1 else (width - size) / (n - 1)
        parts_u.append((np.arange(n) - (n - 1) / 2) * step + (start + stop) / 2)
        parts_v.append(np.full(n, mid))
        parts_length.append(np.full(n, size))
    if not parts_u:
        return np.empty((0, 2)), np.empty((0, 2)), np.empty(0)
    pu, pv = np.concatenate(parts_u), np.concatenate(parts_v)
    n = len(pu)
    size_xy = np.stack([np.concatenate(parts_length), np.full(n, depth)], axis=1)
    if form in ("oldtown", "village"):
        # no larger than its plot and shifted by less than half a gap, so that neighbours cannot touch
        size_xy *= rng.uniform(0.72, 1.0, size_xy.shape)
        pu = pu + rng.uniform(-0.4, 0.4, n) * gap_x
        pv = pv + rng.uniform(-0.4, 0.4, n) * gap_y
    elif form in ("walkup", "industrial", "commercial"):
        size_xy[:, 0] *= rng.uniform(0.78, 1.0, n)
        size_xy[:, 1] *= rng.uniform(0.92, 1.0, n)
    elif form in ("office", "school", "hospital", "public"):
        size_xy *= rng.uniform(0.72, 1.0, size_xy.shape)
    keep = rng.uniform(0, 1, n) < built
    out = np.stack([cx + pu * cos - pv * sin, cy + pu * sin + pv * cos], axis=1)
    return out[keep], size_xy[keep], np.full(int(keep.sum()), angle)


def _shape(rng: np.random.Generator, centre: Floats, size: Floats, angle: Floats, form: NDArray[np.str_]) -> Geoms:
    """Turn plots into footprints, each of a shape its form is wont to take, some of them mirrored."""
    n = len(centre)
    geoms = np.empty(n, dtype=object)
    dice = rng.uniform(0, 1, n)
    flip = np.where(rng.uniform(0, 1, (n, 2)) < 0.5, -1.0, 1.0)
    which = np.zeros(n, dtype=int)
    for name in np.unique(form):
        sel = form == name
        which[sel] = np.searchsorted(np.cumsum(_SHAPE_ODDS[str(name)]), dice[sel])
    which = np.clip(which, 0, len(_SHAPES) - 1)
    for k, shape in enumerate(_SHAPES):
        sel = np.flatnonzero(which == k)
        if len(sel) == 0:
            continue
        unit = np.array(shape)[None, :, :] * flip[sel][:, None, :] * size[sel][:, None, :]
        cos, sin = np.cos(angle[sel])[:, None], np.sin(angle[sel])[:, None]
        x = centre[sel, 0][:, None] + unit[:, :, 0] * cos - unit[:, :, 1] * sin
        y = centre[sel, 1][:, None] + unit[:, :, 0] * sin + unit[:, :, 1] * cos
        geoms[sel] = shapely.polygons(np.stack([x, y], axis=2))
    return geoms


def _block_angles(free: Geoms) -> Floats:
    """Direction of each block's rows: the edge of its tightest rectangle that runs most nearly east-west."""
    boxes = shapely.oriented_envelope(free)
    out = np.zeros(len(free))
    for i, box in enumerate(boxes):
        if box.geom_type != "Polygon" or box.is_empty:
            continue
        xy = shapely.get_coordinates(box)
        a = np.arctan2(xy[1, 1] - xy[0, 1], xy[1, 0] - xy[0, 0])
        # rows face south in China: the near-horizontal of the two directions
        out[i] = (a + np.pi / 4) % (np.pi / 2) - np.pi / 4
    return out


def make_buildings(
    plan: Plan,
    fabric: Fabric,
    centres: list[Centre],
    free: Geoms,
    villages: list[Village],
    terrain: Terrain,
    pool: NamePool,
) -> Buildings:
    """Lay exactly `scale` buildings: villages first, then blocks from the centres outwards until the city is full."""
    rng = plan.rng("buildings")
    forms = assign_forms(plan, fabric, centres, free)
    order = np.argsort(fabric.far + rng.normal(0, 0.07, len(forms)), kind="stable")
    angles = _block_angles(free)
    houses = _village_houses(plan, rng, free, villages, terrain)
    shapely.prepare(free)
    # a plain too small for its city is built closer, as land gets dear
    for squeeze in (1.0, 0.82, 0.66, 0.5):
        chunks, full = _blocks(plan, rng, free, forms, order, angles, houses, squeeze)
        if full:
            break
    settled = np.unique(np.concatenate([c[1] for c in chunks]))
    urban = np.zeros(len(forms), dtype=bool)
    urban[settled] = True
    # parks within the built-up area count as urban, so that their streets stay
    edge = float(np.quantile(fabric.far[urban], 0.9)) if urban.any() else 0.0
    park = (forms == "park") & (fabric.far < edge)
    face_form = np.where(urban | park, forms, "")

    open_house = ~urban[houses.face] & (forms[houses.face] != "park")
    hit = np.flatnonzero(open_house)
    want = max(0, plan.scale - sum(len(c[0]) for c in chunks))
    if len(hit) > want:
        hit = np.sort(rng.permutation(hit)[:want])
    chunks.append((houses.geoms[hit], houses.face[hit], np.full(len(hit), "village", dtype="U12")))
    all_geoms = np.concatenate([c[0] for c in chunks])
    all_face = np.concatenate([c[1] for c in chunks])
    all_form = np.concatenate([c[2] for c in chunks])
    village_of = np.concatenate([np.full(len(all_geoms) - len(hit), -1), houses.village[hit]])
    return _attributes(plan, rng, fabric, all_geoms, all_face, all_form, village_of, villages, face_form, pool)


def _blocks(
    plan: Plan, rng: np.random.Generator, free: Geoms, forms: NDArray[np.str_], order: NDArray[np.intp], angles: Floats,
    houses: _Houses, squeeze: float,
) -> tuple[list[Chunk], bool]:  # fmt: skip
    """Build up blocks in order until they and the hamlets left beside them are `scale` buildings."""
    chunks: list[Chunk] = []
    count = 0
    open_houses = np.bincount(houses.face, minlength=len(forms))
    open_houses[forms == "park"] = 0
    batch_size = max(8, len(order) // 80)
    for start in range(0, len(order), batch_size):
        batch = [int(i) for i in order[start : start + batch_size] if forms[i] not in ("", "park")]
        plots = [(i, *_plots(rng, free[i], float(angles[i]), str(forms[i]), squeeze)) for i in batch]
        if not plots:
            continue
        face = np.concatenate([np.full(len(c), i, dtype=np.int64) for i, c, _, _ in plots])
        centre = np.concatenate([c for _, c, _, _ in plots])
        size = np.concatenate([s for _, _, s, _ in plots])
        angle = np.concatenate([a for _, _, _, a in plots])
        geoms = _shape(rng, centre, size, angle, forms[face])
        ok = shapely.contains_properly(free[face], geoms)
        geoms, face = geoms[ok], face[ok]
        # a block that is built up takes the place of the hamlet that stood there
        open_houses[np.unique(face)] = 0
        room = max(0, plan.scale - count - int(open_houses.sum()))
        geoms, face = geoms[:room], face[:room]
        chunks.append((geoms, face, forms[face]))
        count += len(geoms)
        if count + int(open_houses.sum()) >= plan.scale:
            return chunks, True
    return chunks, False


@dataclass(frozen=True)
class _Houses:
    geoms: Geoms
    face: NDArray[np.int64]
    village: NDArray[np.int64]


def _village_houses(
    plan: Plan, rng: np.random.Generator, free: Geoms, villages: list[Village], terrain: Terrain
) -> _Houses:
    """Lay the houses of all villages that fit wholly on gentle, free ground."""
    spots = [_houses(rng, v) for v in villages]
    centre = np.concatenate([s[0] for s in spots])
    size = np.concatenate([s[1] for s in spots])
    angle = np.concatenate([s[2] for s in spots])
    geoms = _shape(rng, centre, size, angle, np.full(len(centre), "village", dtype="U12"))
    village = np.concatenate([np.full(len(s[0]), i) for i, s in enumerate(spots)])
    gentle = terrain.sample(terrain.slope_deg, centre) < 17.0
    geoms, village = geoms[gentle], village[gentle]
    # two hamlets may grow into each other: the later one gives way
    one, other = STRtree(geoms).query(geoms, predicate="intersects")
    clear = np.ones(len(geoms), dtype=bool)
    clear[np.maximum(one, other)[one != other]] = False
    geoms, village = geoms[clear], village[clear]
    tree = STRtree(free)
    house, face = tree.query(geoms, predicate="within")
    house, first = np.unique(house, return_index=True)
    # a fifth of the buildings at most stand in hamlets; those by the hills go last
    most = round(plan.scale * 0.2)
    if len(house) > most:
        hill = np.array([v.hill for v in villages])[village[house]]
        rank = np.argsort(rng.uniform(0, 1, len(house)) - 0.6 * hill, kind="stable")
        chosen = np.sort(rank[:most])
        house, first = house[chosen], first[chosen]
    return _Houses(geoms[house], face[first].astype(np.int64), village[house].astype(np.int64))


def _houses(rng: np.random.Generator, village: Village) -> tuple[Floats, Floats, Floats]:
    """House plots of a village: a loose lattice within a wobbly outline."""
    a = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    r = village.radius_m * (1 + 0.22 * np.sin(2 * a + rng.uniform(0, 6)) + 0.12 * np.sin(3 * a + rng.uniform(0, 6)))
    outline = Polygon(np.stack([village.x + r * np.cos(a), village.y + r * np.sin(a)], axis=1)).buffer(0)
    centre, size, angle = _plots(rng, outline, float(rng.uniform(-0.7, 0.7)), "village")
    ok = shapely.contains_xy(outline, centre[:, 0], centre[:, 1])
    return centre[ok], size[ok], angle[ok]


def _attributes(
    plan: Plan, rng: np.random.Generator, fabric: Fabric, geoms: Geoms, face: NDArray[np.int64], form: NDArray[np.str_],
    village_of: NDArray[np.int64], villages: list[Village], face_form: NDArray[np.str_], pool: NamePool,
) -> Buildings:  # fmt: skip
    n = len(geoms)
    low = np.array([FORMS[f][4] for f in FORM_NAMES])
    high = np.array([FORMS[f][5] for f in FORM_NAMES])
    storey = np.array([FORMS[f][6] for f in FORM_NAMES])
    index = {f: i for i, f in enumerate(FORM_NAMES)}
    which = np.array([index[str(f)] for f in form.tolist()])
    # a block was mostly built at one time: its buildings differ little in height, offices more
    block_dice = rng.uniform(0, 1, len(fabric.faces))[face]
    dice = np.clip(block_dice + rng.normal(0, 0.12, n), 0, 0.999)
    loose = np.isin(form, ["oldtown", "office", "commercial", "village", "hospital"])
    dice = np.where(loose, rng.uniform(0, 0.999, n) ** np.where(form == "office", 1.6, 1.0), dice)
    floors = (low[which] + dice * (high[which] - low[which] + 1)).astype(np.int64)
    height = np.round(floors * storey[which] + rng.uniform(0.3, 1.6, n), 1)
    floor_area = shapely.area(geoms) * floors
    home = np.isin(form, ["walkup", "midrise", "highrise", "oldtown", "village"])
    per_home = np.where(form == "village", 260.0, np.where(form == "oldtown", 150.0, 128.0))
    households = np.where(home, np.maximum(rng.poisson(floor_area / per_home), np.where(home, 1, 0)), 0)
    residents = np.where(home, rng.binomial(np.maximum(households, 1) * 5, 0.52), 0)
    residents = np.where(households == 0, 0, np.maximum(residents, households))
    vehicles = np.where(home, rng.binomial(np.maximum(households, 0), 0.58), rng.poisson(floor_area / 900.0))
    rentals = np.where(home, rng.binomial(np.maximum(households, 0), np.where(form == "village", 0.03, 0.13)), 0)
    works = np.select([form == "office", form == "commercial", form == "industrial"], [420.0, 180.0, 1900.0], 6000.0)
    organisations = np.where(home, rng.poisson(households * 0.02), np.maximum(rng.poisson(floor_area / works), 1))
    face_name, names = _names(rng, face, form, village_of, villages, face_form, pool)
    return Buildings(
        geoms, face, form, floors, height, names, residents.astype(np.int64), households.astype(np.int64),
        vehicles.astype(np.int64), organisations.astype(np.int64), rentals.astype(np.int64), face_form, face_name,
    )  # fmt: skip


def _names(
    rng: np.random.Generator, face: NDArray[np.int64], form: NDArray[np.str_], village_of: NDArray[np.int64],
    villages: list[Village], face_form: NDArray[np.str_], pool: NamePool,
) -> tuple[list[str], list[str]]:  # fmt: skip
    face_name: list[str] = []
    hospitals = schools = 0
    levels = ["小学", "中学", "实验小学", "第二中学", "职业学校", "实验中学"]
    for f in face_form.tolist():
        if f in ("walkup", "midrise", "highrise"):
            face_name.append(pool.estate().zh)
        elif f == "oldtown":
            face_name.append(pool.plain("oldtown").zh + "巷")
        elif f == "industrial":
            face_name.append(pool.plain("industrial").zh + ("产业园" if rng.uniform() < 0.5 else "工业园"))
        elif f == "school":
            face_name.append(pool.plain("school").zh + levels[schools % len(levels)])
            schools += 1
        elif f == "hospital":
            stem = ["云岭区人民医院", "云岭区中医院", "云岭区妇幼保健院"]
            face_name.append(stem[hospitals] if hospitals < 3 else pool.plain("hospital").zh + "医院")
            hospitals += 1
        elif f == "park":
            face_name.append(pool.plain("park").zh + "公园")
        elif f == "commercial":
            face_name.append(pool.plain("commercial").zh + ("广场" if rng.uniform() < 0.5 else "商城"))
        elif f == "office":
            face_name.append(pool.plain("office").zh + "中心")
        elif f == "public":
            kinds = ["文化馆", "体育中心", "政务服务中心", "图书馆", "敬老院", "农贸市场"]
            face_name.append(pool.plain("public").zh + kinds[int(rng.integers(len(kinds)))])
        else:
            face_name.append("")
    seen: dict[tuple[str, int], int] = {}
    ends = {
        "industrial": "号厂房",
        "school": "号楼",
        "hospital": "号楼",
        "public": "号楼",
        "commercial": "座",
        "office": "座",
    }
    names = []
    for at, kind, v in zip(face.tolist(), form.tolist(), village_of.tolist(), strict=True):
        key = ("v", v) if v >= 0 else ("f", at)
        i = seen[key] = seen.get(key, 0) + 1
        if v >= 0:
            names.append(f"{villages[v].name.zh}{i}号")
        elif kind in ("office", "commercial") and i <= 26:
            names.append(f"{face_name[at]}{chr(64 + i)}座")
        else:
            names.append(f"{face_name[at]}{i}{ends.get(kind, '号' if kind == 'oldtown' else '栋')}")
    return face_name, names
