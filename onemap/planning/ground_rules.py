"""Rules on a grid's ground: in one piece, in its community, not across a barrier, no building cut, of a fair size.

Each depends on the grid's own polygon and attributes alone, so that an edit asks only for the grids it touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from onemap.planning.codes import short
from onemap.planning.facts import Facts
from onemap.planning.finding import Problem, problem
from onemap.planning.plane import area_m2, areas_m2
from onemap.planning.shapes import Feature
from onemap.planning.tessellation import blocks

if TYPE_CHECKING:
    from onemap.planning.coverage import Coverage, Face

Ints = npt.NDArray[np.int64]
Geoms = npt.NDArray[Any]
#: Ground outside the community that counts: outlines of grids and communities were not drawn by the same hand.
OUTSIDE_M2, OUTSIDE_SHARE = 100.0, 0.01
#: Cut buildings of one grid that are named; the rest are counted.
NAMED = 10
#: Buildings that a special grid should be made of, and the share below which it is pointed out.
USES = {
    "school": "school", "estate": "residential", "industrial": "industrial", "hospital": "hospital",
    "market": "commercial",
}  # fmt: skip
SPECIALS = {
    "school": ("学校", "school"), "estate": ("小区", "estate"), "industrial": ("园区", "industrial"),
    "hospital": ("医院", "hospital"), "market": ("市场", "market"), "other": ("其他", "other"),
}  # fmt: skip
USE_SHARE = 0.8
#: A campus lies across grids when between this share and all but this share of it is in one.
CAMPUS_SHARE = 0.1


def look(cov: Coverage, facts: Facts, faces: Sequence[str]) -> dict[str, list[Problem]]:
    """What the rules of this module have against faces: an entry for each face, mostly empty."""
    found: dict[str, list[Problem]] = {face: [] for face in faces}
    if not faces:
        return found
    polygons = cov.polygons(faces)
    areas = areas_m2(polygons)
    houses = _houses(facts, polygons)
    cut = _cut(facts, polygons, houses)
    barriers, campuses = facts.hard.pairs(polygons), facts.grounds.pairs(polygons)
    for n, face in enumerate(faces):
        it, told, rows = cov.faces[face], found[face], houses[n]
        label = named(it)
        told += _torn(face, label, polygons[n])
        told += _outside(face, label, polygons[n], float(areas[n]), it.community, facts)
        if n in barriers:
            told += _across(face, label, polygons[n], float(areas[n]), facts, barriers[n], facts.xy[rows])
        told += _told_cut(face, label, cut[n])
        told += _size(face, label, it, float(areas[n]), facts, rows)
        told += _special(face, label, it, facts, rows)
        if n in campuses:
            told += _campus(face, label, polygons[n], campuses[n])
    return found


def named(face: Face) -> str:
    """How a grid is called in a sentence: the number of its code, else its id."""
    code = face.props.get("code")
    return short(str(code)) if code else face.id


def _houses(facts: Facts, polygons: Geoms) -> list[Ints]:
    """Rows of the buildings whose middle is in or on each polygon."""
    polygon, point, _ = facts.scatter.within(polygons)
    keep = point < len(facts.footprints)
    polygon, point = polygon[keep], point[keep]
    cuts = np.searchsorted(polygon, np.arange(len(polygons) + 1))
    return [np.sort(point[cuts[n] : cuts[n + 1]]) for n in range(len(polygons))]


def _torn(face: str, label: str, polygon: BaseGeometry) -> list[Problem]:
    parts = shapely.get_num_geometries(polygon)
    if parts < 2:
        return []
    pieces = shapely.get_parts(polygon)
    rest = shapely.union_all(pieces[np.argsort(shapely.area(pieces))[:-1]])
    return [
        problem(
            "contiguity", face, f"网格 {label} 分成 {parts} 块，不连通", f"Grid {label} is in {parts} pieces.",
            where=rest, extent=float(parts),
        )
    ]  # fmt: skip


def _outside(
    face: str, label: str, polygon: BaseGeometry, area: float, community: str | None, facts: Facts
) -> list[Problem]:
    if not facts.areas:
        return []
    if community is None or community not in facts.areas:
        code = community or "—"
        return [
            problem(
                "community", face, f"网格 {label} 的社区 {code} 不在图上",
                f"Grid {label}: community {code} is not on the map.",
                severity="warning", subject="unknown",
            )
        ]  # fmt: skip
    home = facts.areas[community]
    shapely.prepare(home.geom)
    if shapely.covers(home.geom, polygon):
        return []
    beyond = shapely.difference(polygon, home.geom)
    outside = area_m2(beyond)
    if outside <= max(OUTSIDE_M2, OUTSIDE_SHARE * area):
        return []
    return [
        problem(
            "community", face, f"网格 {label} 有 {outside:,.0f} 平方米在{home.name or community}之外",
            f"{outside:,.0f} m² of grid {label} lie outside {home.name or community}.", where=beyond, extent=outside,
        )
    ]  # fmt: skip


def _across(
    face: str, label: str, polygon: BaseGeometry, area: float, facts: Facts, features: Sequence[Feature], houses: Any
) -> list[Problem]:
    """Two sides of a barrier, both with a building or a good piece of the grid."""
    out: list[Problem] = []
    limits = facts.model.barriers
    middles = shapely.points(houses) if len(houses) else np.empty(0, dtype=object)
    for layer, zh, en in (("water", "水系", "water"), ("road", "铁路或高速路", "a railway or expressway")):
        ones = [one for one in features if one.layer == layer]
        if not ones:
            continue
        geoms = np.array([one.geom for one in ones], dtype=object)
        second = 0.0
        for part in shapely.get_parts(polygon):
            if layer == "water":
                sides = shapely.get_parts(shapely.difference(part, shapely.union_all(geoms)))
            else:
                sides = np.array(blocks(part, geoms), dtype=object)
            if len(sides) < 2:
                continue
            sizes = areas_m2(sides)
            counts = sizes >= max(limits.area_m2, limits.share * area)
            if len(middles):
                counts |= shapely.intersects(sides[:, None], middles[None, :]).any(axis=1)
            if counts.sum() >= 2:
                second = max(second, float(np.sort(sizes[counts])[-2]))
        if second > 0.0:
            names = "、".join(dict.fromkeys(one.name for one in ones if one.name)) or zh
            english = ", ".join(dict.fromkeys(one.name for one in ones if one.name)) or en
            where = shapely.intersection(shapely.union_all(geoms), polygon)
            out.append(
                problem(
                    "barrier", face, f"网格 {label} 跨越{names}，对岸有 {second:,.0f} 平方米",
                    f"Grid {label} lies across {english}: {second:,.0f} m² are on the far side.",
                    where=where, subject=layer, extent=second,
                )
            )  # fmt: skip
    return out


def _cut(facts: Facts, polygons: Geoms, houses: Sequence[Ints]) -> list[list[tuple[str, float, float, BaseGeometry]]]:
    """For each polygon the buildings whose middle is in it and a good part of which is not, the most cut first.

    Each as key, square metres beyond, area and the geometry beyond.
    """
    out: list[list[tuple[str, float, float, BaseGeometry]]] = [[] for _ in polygons]
    of, rows = np.repeat(np.arange(len(polygons)), [len(some) for some in houses]), np.concatenate(houses)
    if not len(rows):
        return out
    shapely.prepare(polygons)
    # Whole boxes inside need no look at the walls.
    b = facts.footprints.bounds[rows]
    over = ~shapely.covers(polygons[of], shapely.box(b[:, 0], b[:, 1], b[:, 2], b[:, 3]))
    of, rows = of[over], rows[over]
    walls = facts.footprints.take(rows)
    over = ~shapely.covers(polygons[of], walls)
    of, rows, walls = of[over], rows[over], walls[over]
    beyond = shapely.difference(walls, polygons[of])
    lost, whole = areas_m2(beyond), areas_m2(walls)
    limits = facts.model.limits
    bad = np.flatnonzero(lost > np.maximum(limits.cut_m2, limits.cut_share * whole))
    for n in bad[np.argsort(-lost[bad], kind="stable")].tolist():
        out[of[n]].append((facts.keys[rows[n]], float(lost[n]), float(whole[n]), beyond[n]))
    return out


def _told_cut(face: str, label: str, cut: Sequence[tuple[str, float, float, BaseGeometry]]) -> list[Problem]:
    out = []
    for key, lost, whole, beyond in cut[:NAMED]:
        share = 100.0 * lost / whole
        out.append(
            problem(
                "cut", face, f"建筑 {key} 被界线切开，{share:.0f}% 在网格 {label} 之外",
                f"Building {key} is cut: {share:.0f} % of it lies outside grid {label}.",
                where=beyond, subject=key, extent=lost,
            )
        )  # fmt: skip
    if len(cut) > NAMED:
        rest = len(cut) - NAMED
        out.append(
            problem(
                "cut", face, f"网格 {label} 还切开了另外 {rest} 栋建筑", f"Grid {label} cuts {rest} more buildings.",
                subject="more", extent=float(rest),
            )
        )  # fmt: skip
    return out


def _size(face: str, label: str, it: Face, area: float, facts: Facts, rows: Ints) -> list[Problem]:
    limits, out = facts.model.limits, []
    if area < limits.area_m2[0]:
        out.append(
            problem(
                "size", face, f"网格 {label} 只有 {area:,.0f} 平方米", f"Grid {label} has only {area:,.0f} m².",
                subject="small", extent=limits.area_m2[0] - area,
            )
        )  # fmt: skip
    if it.props.get("kind") == "special":
        return out
    if area > limits.area_m2[1]:
        out.append(
            problem(
                "size", face, f"网格 {label} 有 {area / 1e6:,.2f} 平方公里，过大",
                f"Grid {label} is {area / 1e6:,.2f} km²: too large.",
                subject="large", extent=area,
            )
        )  # fmt: skip
    households = float(facts.households[rows].sum())
    if households > limits.households[1]:
        out.append(
            problem(
                "size", face, f"网格 {label} 有 {households:,.0f} 户，超过 {limits.households[1]:,.0f} 户",
                f"Grid {label} has {households:,.0f} households, above {limits.households[1]:,.0f}.",
                subject="many", extent=households,
            )
        )  # fmt: skip
    elif households < limits.households[0]:
        out.append(
            problem(
                "size", face, f"网格 {label} 只有 {households:,.0f} 户，少于 {limits.households[0]:,.0f} 户",
                f"Grid {label} has {households:,.0f} households, below {limits.households[0]:,.0f}.",
                subject="few", extent=limits.households[0] - households,
            )
        )  # fmt: skip
    return out


def _special(face: str, label: str, it: Face, facts: Facts, rows: Ints) -> list[Problem]:
    """A special grid says what it is for, and is made of that."""
    if it.props.get("kind") != "special":
        return []
    wanted = str(it.props.get("special") or "")
    if wanted not in SPECIALS:
        return [
            problem(
                "special", face, f"专属网格 {label} 没有说明类别（学校、小区、园区等）",
                f"Special grid {label} does not say what it is for (school, estate, industrial …).", subject="kind",
            )
        ]  # fmt: skip
    use = USES.get(wanted)
    if use is None or not len(rows):
        return []
    share = float((facts.uses[rows] == use).mean())
    if share >= USE_SHARE:
        return []
    zh, en = SPECIALS[wanted]
    return [
        problem(
            "special", face, f"{zh}专属网格 {label} 中只有 {100 * share:.0f}% 是{zh}建筑",
            f"Only {100 * share:.0f} % of the buildings of {en} grid {label} are of that use.",
            subject="use", extent=1.0 - share, severity="error" if share == 0.0 else "warning",
        )
    ]  # fmt: skip


def _campus(face: str, label: str, polygon: BaseGeometry, campuses: Sequence[Feature]) -> list[Problem]:
    out = []
    for one in campuses:
        inside = shapely.intersection(polygon, one.geom)
        share = float(inside.area / one.geom.area) if one.geom.area > 0.0 else 1.0
        if CAMPUS_SHARE <= share <= 1.0 - CAMPUS_SHARE:
            zh, en = SPECIALS[one.kind]
            out.append(
                problem(
                    "special", face, f"{one.name or zh}分在几个网格，网格 {label} 占 {100 * share:.0f}%",
                    f"{one.name or 'A ' + en} lies across grids; {100 * share:.0f} % of it in grid {label}.",
                    where=inside, subject=f"campus {one.key}", extent=min(share, 1.0 - share),
                )
            )  # fmt: skip
    return out
