"""A file of grids looked at against the edition that a plan of it would branch off: what it would make, and what not.

Nothing is kept here. The answer names each grid that would be, with the repairs to agree to and the problems to mend.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely import MultiPolygon
from shapely.geometry.base import BaseGeometry

from onemap.core.geometry import clean_geometries
from onemap.core.words import many
from onemap.planning import codes
from onemap.planning.exchange import columns
from onemap.planning.exchange.doubt import doubted
from onemap.planning.exchange.ground import Plane
from onemap.planning.exchange.mend import mended
from onemap.planning.exchange.spec import Findings, GridFile, Repair, Shapes, refused

TOLERANCE_M = 5.0
MAX_TOLERANCE_M = 50.0
_NAME = 120
_TOLD = 20
_AREA_CODE = 12
#: A grid without a known code is the one of the edition that it shares most ground with, from this much on.
_SAME_GROUND = 0.5


@dataclass(frozen=True)
class Base:
    """The grids of an edition: ids in a plan, attributes, shapes; nothing overlaps and nothing is missing."""

    ids: Sequence[str]
    props: Sequence[Mapping[str, Any]]
    shapes: Shapes


@dataclass(frozen=True)
class Drawn:
    """A grid as a file draws it: `id` of the edition's grid that it is, or "~n" for a new one."""

    id: str
    props: Mapping[str, Any]
    shape: BaseGeometry


@dataclass(frozen=True)
class Look:
    """What a file would make. `gone` are the edition's grids whose place the drawn ones take."""

    file: GridFile
    columns: Mapping[str, str | None]
    drawn: tuple[Drawn, ...]
    gone: tuple[str, ...]
    findings: Findings
    bounds: tuple[float, float, float, float]


@dataclass
class _Grid:
    """A grid of the file: its rows made one."""

    code: str | None
    name: str | None
    row: Mapping[str, Any]
    shape: BaseGeometry
    label: str


def look_at(
    file: GridFile, base: Base, *, tolerance_m: float = TOLERANCE_M, used: Collection[str] = frozenset()
) -> Look:
    """Look at a file of grids beside the edition `base`; `used` are the codes that any edition ever gave.

    Raises BadInput for a file that cannot be meant: grids elsewhere, a wrong datum, no grid left. What a person must
    decide or mend is in `findings`. `tolerance_m`: how wide a sliver may be, to be mended.
    """
    bounded_tolerance(tolerance_m)
    findings = Findings(notes=list(file.notes))
    found = columns.guess(file.columns)
    shapes = _cleaned(file, findings)
    doubted(shapes[~shapely.is_missing(shapes)], file.datum, base.shapes)
    grids = _made_one(file, found, shapes, findings)
    of, parents = _parents(base)
    drawn_shapes = np.empty(len(grids), dtype=object)
    drawn_shapes[:] = [grid.shape for grid in grids]
    done = mended(
        drawn_shapes, [grid.label for grid in grids], parents=parents, corners=base.shapes, tolerance_m=tolerance_m
    )
    findings.add(done.findings)
    findings.cut()
    touched = {int(home) for home in done.home if home >= 0}
    if not touched:
        raise refused("elsewhere", "文件里的网格不在本市现行网格上", "the grids lie beside the grids in force")
    gone = [at for at, parent in enumerate(of) if parent in touched]
    drawn = _drawn(grids, done.shapes, done.home.tolist(), found, base, gone, of, used, findings)
    return Look(file, found, drawn, tuple(base.ids[at] for at in gone), findings, _bounds(done.shapes))


def bounded_tolerance(tolerance_m: float) -> float:
    """The tolerance, if slivers may be that wide. Raises BadInput."""
    if not 0 < tolerance_m <= MAX_TOLERANCE_M:
        raise refused(
            "tolerance", f"容差为 0 到 {MAX_TOLERANCE_M:g} 米", f"the tolerance is up to {MAX_TOLERANCE_M:g} m"
        )
    return tolerance_m


def _cleaned(file: GridFile, findings: Findings) -> Shapes:
    """Every shape a valid multipolygon, None where nothing can be made of it, which is a problem."""
    shapes, repairs, bad = clean_geometries(file.shapes, "MultiPolygon")
    for number, error in list(bad.items())[:_TOLD]:
        findings.problem(
            f"第 {number + 1} 个网格的图形不能用", f"The shape of grid {number + 1} cannot be used: {error.message}"
        )
    if len(bad) > _TOLD:
        findings.problem(f"另有 {len(bad) - _TOLD} 个图形不能用", f"{len(bad) - _TOLD} more shapes cannot be used.")
    if len(bad) == len(shapes):
        raise refused("empty", "没有一个网格的图形能用", "no shape of the file can be used")
    known = columns.guess(file.columns)
    plane = Plane(shapes[~shapely.is_missing(shapes)])
    for number, made in enumerate(repairs):
        if "made-valid" in made or "dropped-parts" in made:
            label = _label(file.rows[number], known, number)
            area = float(
                abs(plane.areas(file.shapes[number : number + 1]) - plane.areas(shapes[number : number + 1]))[0]
            )
            findings.repairs.append(Repair("invalid", area, (label,), label, shapes[number]))
    return shapes


def _made_one(file: GridFile, found: Mapping[str, str | None], shapes: Shapes, findings: Findings) -> list[_Grid]:
    """Rows of one code and one name are parts of one grid; one code with two names is nobody's."""
    together: dict[tuple[str, str | None], list[int]] = defaultdict(list)
    names: dict[str, set[str | None]] = defaultdict(set)
    for number, row in enumerate(file.rows):
        if shapes[number] is not None:
            code, name = columns.text_of(row, found["code"]) or f"#{number + 1}", columns.text_of(row, found["name"])
            together[code, name].append(number)
            names[code].add(name)
    twice = {code: called for code, called in names.items() if len(called) > 1}
    for code, called in list(twice.items())[:_TOLD]:
        shown = "、".join(sorted(str(name) for name in called)[:4])
        findings.problem(f"编码 {code} 用于几个网格：{shown}", f"The code {code} is used for several grids: {shown}.")
    grids: list[_Grid] = []
    for (key, name), numbers in together.items():
        label = _label(file.rows[numbers[0]], found, numbers[0])
        parts = shapes[numbers]
        shape = parts[0]
        if len(numbers) > 1:
            shape = shapely.coverage_union_all(parts) if shapely.coverage_is_valid(parts) else shapely.union_all(parts)
            shape = MultiPolygon(shapely.get_parts(shape).tolist())
            smaller = np.sort(Plane(parts).areas(parts))[:-1]
            findings.repairs.append(Repair("joined", float(smaller.sum()), (label,), label, shape))
        grids.append(_Grid(None if key.startswith("#") else key, name, file.rows[numbers[0]], shape, label))
    if len(twice) > _TOLD:
        more = len(twice) - _TOLD
        findings.problem(f"另有 {more} 个编码重复", f"{more} more codes are used for several grids.")
    return grids


def _label(row: Mapping[str, Any], found: Mapping[str, str | None], number: int) -> str:
    return columns.text_of(row, found["code"]) or columns.text_of(row, found["name"]) or f"#{number + 1}"


def _parents(base: Base) -> tuple[list[int], Shapes]:
    """The parent of each grid of the edition, and the parents' shapes: communities, as the grids draw them."""
    names = [props.get("community_code") for props in base.props]
    order = {name: number for number, name in enumerate(dict.fromkeys(names))}
    of = [order[name] for name in names]
    shapes = np.empty(len(order), dtype=object)
    numbers = np.array(of)
    for number in order.values():
        shapes[number] = shapely.coverage_union_all(base.shapes[numbers == number])
    return of, shapes


def _drawn(
    grids: Sequence[_Grid], shapes: Shapes, homes: Sequence[int], found: Mapping[str, str | None], base: Base,
    gone: Sequence[int], of: Sequence[int], used: Collection[str], findings: Findings,
) -> tuple[Drawn, ...]:  # fmt: skip
    """The grids with the ids and attributes that they have in a plan."""
    by_code = {str(base.props[at].get("code") or base.ids[at]): at for at in gone}
    same = _same_ground(grids, shapes, base, gone) if found["code"] is None else {}
    communities = {of[at]: base.props[at].get("community_code") for at in gone}
    drawn: list[Drawn] = []
    taken: set[int] = set()
    known = {*used, *by_code}
    fresh = own = elsewhere = moved = 0
    for number, grid in enumerate(grids):
        if shapes[number] is None:
            continue
        home = homes[number]
        at = by_code.get(grid.code) if grid.code is not None else same.get(number)
        if at is not None and of[at] != home:
            moved += 1
        if at is None or at in taken or of[at] != home:
            fresh += 1
            community = communities.get(home)
            code = grid.code if grid.code is not None and codes.fresh(grid.code, community, known) else None
            own += code is not None
            identity, before = f"~{fresh}", {"kind": "unit", "code": code, "community_code": community}
        else:
            taken.add(at)
            identity, before = base.ids[at], dict(base.props[at])
        said = columns.text_of(grid.row, found["community"])
        elsewhere += said is not None and len(said) == _AREA_CODE and said != before.get("community_code")
        drawn.append(Drawn(identity, {**before, **_attributes(grid, found)}, shapes[number]))
    if own:
        findings.note(
            f"{own} 个新网格用文件里的编码(从未用过)",
            f"{many(own, 'new grid keeps its code', 'new grids keep their codes')} of the file, never used before.",
        )
    if fresh > own:
        findings.note(
            f"{fresh - own} 个网格是新的，发布时统一编码",
            f"{many(fresh - own, 'grid is', 'grids are')} new; codes are given by the rule.",
        )
    if moved:
        findings.note(
            f"{moved} 个网格的编码属于别的社区，作新网格",
            f"{many(moved, 'grid has', 'grids have')} a code of another community: counted as new.",
        )
    if elsewhere:
        findings.note(
            f"{elsewhere} 个网格的社区与所在位置不符，以位置为准",
            f"{many(elsewhere, 'grid names', 'grids name')} another community than the place is in; the place counts.",
        )
    if len(gone) > len(taken):
        retired = len(gone) - len(taken)
        findings.note(
            f"{retired} 个现有网格不在文件里，将撤销",
            f"{many(retired, 'grid')} of the edition not in the file: would be retired.",
        )
    return tuple(drawn)


def _attributes(grid: _Grid, found: Mapping[str, str | None]) -> dict[str, Any]:
    """What the file says of a grid, without what it leaves open."""
    said = {
        "name": None if grid.name is None else grid.name[:_NAME],
        "kind": columns.kind_of(columns.text_of(grid.row, found["kind"])),
        "special": columns.special_of(columns.text_of(grid.row, found["special"])),
        "team_key": columns.text_of(grid.row, found["team"]),
    }
    return {name: value for name, value in said.items() if value is not None}


def _same_ground(grids: Sequence[_Grid], shapes: Shapes, base: Base, gone: Sequence[int]) -> dict[int, int]:
    """For grids of a file without codes: the edition's grid with which each shares at least half of both's ground."""
    tree = shapely.STRtree(base.shapes[list(gone)])
    found: dict[int, int] = {}
    for number, shape in enumerate(shapes):
        if shape is None:
            continue
        for near in tree.query(shape).tolist():
            other = base.shapes[gone[near]]
            shared = float(shapely.intersection(shape, other).area)
            if shared > _SAME_GROUND * max(float(shape.area), float(other.area)):
                found[number] = gone[near]
                break
    return found


def _bounds(shapes: Shapes) -> tuple[float, float, float, float]:
    west, south, east, north = shapely.total_bounds(shapes[~shapely.is_missing(shapes)]).tolist()
    return west, south, east, north
