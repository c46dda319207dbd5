"""Grids of a file made to tile the ground they are for: slivers are given to a neighbour, each one told.

Only slivers are mended: a gap, an overlap or a stretch over a parent's border that is wider than the tolerance is a
question for a person, and forbids the file until it is answered there.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from onemap.planning.coverage.cover import not_matching
from onemap.planning.exchange.arrange import NOBODY, Ints, Pieces, arranged, cut_up, gathered, joined, pulled, sound
from onemap.planning.exchange.ground import Plane
from onemap.planning.exchange.seam import seamed
from onemap.planning.exchange.spec import Findings, Repair, RepairKind, Shapes

#: Corners closer than this are the same corner: centimetres are what surveys and file formats round to.
SNAP_M = 0.02
#: Slivers below this are counted, not listed: they are the dust of rounding.
DUST_M2 = 0.01
#: What mending cut off in several pieces is a crumb up to this.
_CRUMB_M2 = 10.0
_WIDE_TOLD = 20
#: A grid along this share of a sliver's outline lies along one whole side of it, and can have all of it.
_MOST = 0.49

_WIDE: dict[RepairKind, tuple[str, str]] = {
    "gap": ("空隙", "gap"),
    "overlap": ("重叠", "overlap"),
    "outside": ("越界", "stretch beyond its community or the edition"),
}


@dataclass
class Mended:
    """The grids after mending; None where nothing is left of one. `home[i]`: the parent of grid i, NOBODY for none."""

    shapes: Shapes
    home: Ints
    findings: Findings = field(default_factory=Findings)


def mended(shapes: Shapes, names: Sequence[str], *, parents: Shapes, corners: Shapes, tolerance_m: float) -> Mended:
    """Make valid polygons tile their parents, or one another when there are none.

    `shapes`: WGS-84, valid. `parents`: polygons that must each be covered whole by the grids that mostly lie in it, or
    by none (then the parent is not the file's business). `corners`: shapes whose corners count when the file's lie
    within 2 cm of them. `tolerance_m`: the widest sliver that is mended.
    """
    plane = Plane(np.concatenate([shapes, parents]))
    whole = bool(shapely.coverage_is_valid(shapes))
    placed = pulled(shapes if whole else gathered(shapes, SNAP_M, plane), corners, SNAP_M, plane)
    placed, parents = seamed(placed, parents, SNAP_M, plane)
    pieces = arranged(sound(placed), parents, plane, mouth_m=tolerance_m)
    work = _Work(pieces, len(shapes), bool(len(parents)), tolerance_m)
    strips = work.strips(plane)
    if strips:
        pieces = cut_up(pieces, strips, plane)
        work = _Work(pieces, len(shapes), bool(len(parents)), tolerance_m)
    work.settle()
    work.crumbs()
    out = Mended(shapes, work.home)
    work.tell(names, out.findings)
    if whole and not len(parents) and not work.doubtful:
        return out
    out.shapes = np.full(len(shapes), None, dtype=object)
    owned = defaultdict(list)
    for piece, owner in enumerate(work.owner.tolist()):
        if owner != NOBODY:
            owned[owner].append(pieces.shapes[piece])
    for grid, parts in owned.items():
        out.shapes[grid] = joined(parts)
    for grid in np.flatnonzero(shapely.is_missing(out.shapes)).tolist():
        out.findings.problem(
            f"网格 {names[grid]} 修补后没有剩下", f"Nothing is left of grid {names[grid]}.", where=shapes[grid]
        )
    kept = out.shapes[~shapely.is_missing(out.shapes)]
    wrong = None if bool(shapely.coverage_is_valid(kept)) else not_matching(kept)
    if wrong is not None:
        out.findings.problem(
            "网格边界无法修补成一张无缝的图", "The borders cannot be mended into one seamless map.", where=wrong
        )
    return out


class _Work:
    """Who gets which piece."""

    def __init__(self, pieces: Pieces, grids: int, bound: bool, tolerance_m: float) -> None:
        self.pieces, self.bound, self.tolerance_m = pieces, bound, tolerance_m
        self.owner = np.full(len(pieces.shapes), NOBODY, np.int64)
        self.doubtful: dict[int, RepairKind] = {}
        self._near: dict[int, list[tuple[int, float]]] = defaultdict(list)
        for (first, second), metres in zip(pieces.beside.tolist(), pieces.metres.tolist(), strict=True):
            self._near[first].append((second, metres))
            self._near[second].append((first, metres))
        self.parent = pieces.parent if bound else self._free_parents()
        self.home = self._homes(grids)
        self.touched = set(self.home.tolist()) - {NOBODY}
        self._judge()

    def _free_parents(self) -> Ints:
        """Without parents all ground is one; a wide hole is a hole of the city, such as a lake."""
        thin = self.pieces.widths <= self.tolerance_m
        claimed = np.array([bool(claim) for claim in self.pieces.claims])
        return np.where(thin | claimed, 0, NOBODY).astype(np.int64)

    def _homes(self, grids: int) -> Ints:
        """The parent in which each grid has most of its ground."""
        weight: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        for piece, claim in enumerate(self.pieces.claims):
            for grid in claim:
                weight[grid][int(self.parent[piece])] += float(self.pieces.areas[piece])
        home = np.full(grids, NOBODY, np.int64)
        for grid, by in weight.items():
            home[grid] = max(sorted(by), key=lambda parent: by[parent])
        return home

    def _judge(self) -> None:
        """Tell the pieces that are somebody's for certain from the doubtful ones."""
        for piece, claim in enumerate(self.pieces.claims):
            parent = int(self.parent[piece])
            mine = [grid for grid in claim if self.home[grid] == parent and parent != NOBODY]
            if len(claim) == 1 and mine:
                self.owner[piece] = mine[0]
            elif parent in self.touched:
                self.doubtful[piece] = "overlap" if len(claim) > 1 else "outside" if claim else "gap"
            elif claim:
                self.doubtful[piece] = "outside"

    def strips(self, plane: Plane) -> list[int]:
        """Doubtful pieces beside several grids, none of which goes along most of them."""
        found: list[int] = []
        around = shapely.length(plane.shapes(self.pieces.shapes))
        for piece, kind in self.doubtful.items():
            if kind == "overlap" or int(self.parent[piece]) not in self.touched:
                continue
            by = self._beside(piece, NOBODY)
            if len(by) > 1 and max(by.values()) < _MOST * float(around[piece]):
                found.append(piece)
        return found

    def settle(self) -> None:
        """Give every piece of the touched parents to a grid of theirs, the longest border first.

        In that order a long strip follows the grid it lies along; nearest first would let the far end of it follow a
        grid that it only touches.
        """
        for claimed in (True, False):
            waiting = {
                piece
                for piece in self.doubtful
                if int(self.parent[piece]) in self.touched and self.owner[piece] == NOBODY
            }
            borders = [offer for piece in sorted(waiting) for offer in self._offers(piece, claimed)]
            heapq.heapify(borders)
            while borders:
                _, piece, owner = heapq.heappop(borders)
                if piece not in waiting:
                    continue
                waiting.discard(piece)
                self.owner[piece] = owner
                for other, _ in self._near[piece]:
                    if other in waiting:
                        for offer in self._offers(other, claimed, of=piece):
                            heapq.heappush(borders, offer)

    def _offers(self, piece: int, claimed: bool, of: int | None = None) -> list[tuple[float, int, int]]:
        """Borders of a piece to owned ones of its parent (to `of` alone): longest first, the piece, the owner there.

        `claimed`: a piece that grids of its parent claim goes to one of them, if one lies beside it.
        """
        mine = (
            {grid for grid in self.pieces.claims[piece] if self.home[grid] == self.parent[piece]} if claimed else set()
        )
        return [
            (-metres, piece, int(self.owner[other]))
            for other, metres in self._near[piece]
            if (of is None or other == of)
            and self.owner[other] != NOBODY
            and self.parent[other] == self.parent[piece]
            and (not mine or int(self.owner[other]) in mine)
        ]

    def crumbs(self) -> None:
        """Slivers that mending cut off a grid go to whom they lie beside; parts that it came with it keeps."""
        first, second = self.pieces.beside.T
        same = (self.owner[first] == self.owner[second]) & (self.owner[first] != NOBODY)
        count = len(self.owner)
        graph = coo_array((np.ones(int(same.sum())), (first[same], second[same])), shape=(count, count))
        _, part = connected_components(graph, directed=False)
        size = np.bincount(part, weights=self.pieces.areas)
        largest: dict[int, int] = {}
        for piece in np.flatnonzero(self.owner != NOBODY).tolist():
            owner, which = int(self.owner[piece]), int(part[piece])
            if owner not in largest or size[which] > size[largest[owner]]:
                largest[owner] = which
        widest = np.zeros(len(size))
        np.maximum.at(widest, part, self.pieces.widths)
        loose = [
            piece
            for piece in np.flatnonzero(self.owner != NOBODY).tolist()
            if part[piece] != largest[int(self.owner[piece])]
            and (size[part[piece]] == self.pieces.areas[piece] or size[part[piece]] <= _CRUMB_M2)
            and widest[part[piece]] <= min(self.tolerance_m, 1.0)
            and (piece in self.doubtful or any(other in self.doubtful for other, _ in self._near[piece]))
        ]  # fmt: skip
        for piece in loose:
            owner = self._neighbour(piece, but=int(self.owner[piece]))
            if owner != NOBODY:
                self.owner[piece] = owner
                self.doubtful.setdefault(piece, "outside")

    def _neighbour(self, piece: int, but: int = NOBODY) -> int:
        """The grid of the same parent with the longest border to a piece, first among those that claim it."""
        by = self._beside(piece, but)
        claiming = {grid: by[grid] for grid in self.pieces.claims[piece] if grid in by}
        among = claiming or by
        return max(sorted(among), key=lambda grid: among[grid]) if among else NOBODY

    def _beside(self, piece: int, but: int) -> dict[int, float]:
        """The grids of the same parent beside a piece, with the metres of their border to it."""
        by: dict[int, float] = defaultdict(float)
        for other, metres in self._near[piece]:
            owner = int(self.owner[other])
            if owner not in (NOBODY, but) and self.parent[other] == self.parent[piece]:
                by[owner] += metres
        return by

    def tell(self, names: Sequence[str], findings: Findings) -> None:
        """Write down what was given to whom, what is too wide to be given, and how much it is in all."""
        groups: dict[tuple[RepairKind, tuple[str, ...], str | None], list[int]] = defaultdict(list)
        wide: list[tuple[int, RepairKind]] = []
        dust = 0
        for piece, kind in self.doubtful.items():
            area, owner = float(self.pieces.areas[piece]), int(self.owner[piece])
            lost = owner == NOBODY and int(self.parent[piece]) in self.touched
            too_wide = float(self.pieces.widths[piece]) > self.tolerance_m
            findings.repaired_m2 += area
            if area < DUST_M2 and not too_wide:
                dust += 1
                continue
            if too_wide or (lost and area >= DUST_M2):
                wide.append((piece, kind))
                owner = NOBODY
            around = set(self.pieces.claims[piece]) or {
                int(self.owner[other]) for other, _ in self._near[piece] if self.owner[other] != NOBODY
            }
            to = None if owner == NOBODY else names[owner]
            groups[kind, tuple(sorted(names[grid] for grid in around)), to].append(piece)
        for (kind, grids, to), found in groups.items():
            where = joined(self.pieces.shapes[found].tolist())
            findings.repairs.append(Repair(kind, float(self.pieces.areas[found].sum()), grids, to, where))
        findings.repairs.sort(key=lambda repair: -repair.area_m2)
        if dust:
            findings.note(f"另有 {dust} 处不到 0.01 平方米的碎屑已合并", f"{dust} slivers below 0.01 m² were merged.")
        self._tell_wide(wide, names, findings)

    def _tell_wide(self, wide: list[tuple[int, RepairKind]], names: Sequence[str], findings: Findings) -> None:
        whole: dict[int, list[int]] = defaultdict(list)
        for piece, _ in wide:
            whole[int(self.pieces.origin[piece])].append(piece)
        size = {origin: float(self.pieces.areas[parts].sum()) for origin, parts in whole.items()}
        order = sorted(whole, key=lambda origin: -size[origin])
        for origin in order[:_WIDE_TOLD]:
            piece, area = whole[origin][0], size[origin]
            zh, en = _WIDE[self.doubtful[piece]]
            x, y = shapely.get_coordinates(shapely.point_on_surface(self.pieces.shapes[piece]))[0].tolist()
            width = float(self.pieces.widths[piece])
            claimed = [names[grid] for grid in self.pieces.claims[piece]]
            who, who_en = (f"({'、'.join(claimed)})", f" ({', '.join(claimed)})") if claimed else ("", "")
            findings.problem(
                f"{zh}{who}：{area:.0f} 平方米，宽约 {width:.1f} 米，在 {x:.6f}, {y:.6f}，不是碎屑，须先改正",
                f"{en.capitalize()}{who_en} of {area:.0f} m², about {width:.1f} m wide, at {x:.6f}, {y:.6f}: no sliver;"
                " it must be put right first.",
                where=joined(self.pieces.shapes[whole[origin]].tolist()),
            )
        if len(order) > _WIDE_TOLD:
            more = len(order) - _WIDE_TOLD
            findings.problem(f"另有 {more} 处同类问题", f"{more} more of the kind.")
