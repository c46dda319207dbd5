"""Where the search starts: how many grids each connected part gets, today's grids made to fit, or cuts from nothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from onemap.core.errors import BadInput
from onemap.planning.propose import kernel
from onemap.planning.propose.graph import Flags, Floats, Ints, Units

_TRIES = 12
#: A piece between barriers with less of a mean load than this does not get a grid of its own.
_LEAST = 0.25


class Infeasible(BadInput):
    """What is asked cannot be: more grids than blocks, or fewer than parts that do not touch."""


@dataclass(frozen=True)
class Task:
    """A graph made ready: which links hold a grid together, its pieces, and how many grids each piece gets."""

    units: Units
    link: npt.NDArray[np.uint8]
    piece: Ints
    shares: tuple[int, ...]
    target: tuple[float, ...]
    pin: Ints
    labels: tuple[int, ...]  # of each grid to be made: today's it goes by, as an index into names, or -1

    @property
    def count(self) -> int:
        """How many grids."""
        return sum(self.shares)


def pieces_of(units: Units, link: npt.NDArray[np.uint8]) -> Ints:
    """The connected piece that each unit lies in."""
    n = len(units)
    held = link != 0
    graph = csr_matrix((np.ones(int(held.sum()), np.int8), (units.source[held], units.to[held])), shape=(n, n))
    return np.asarray(connected_components(graph, directed=False)[1], np.int32)


def links_of(units: Units, hard: bool, least: Floats) -> npt.NDArray[np.uint8]:
    """Links that hold a grid together: inside one group and, when barriers are hard, not across one.

    A piece that barriers leave with less load than its group's `least` (the river's own bed, an island of green) is no
    grid of its own: it stays linked across its longest barrier border. That counts as a crossing, as any does.
    """
    source = units.source
    same = units.group[source] == units.group[units.to]
    link: npt.NDArray[np.uint8] = (same & ((units.wall == 0) | (not hard))).astype(np.uint8)
    while hard:
        piece = pieces_of(units, link)
        load = np.bincount(piece, weights=units.weight)
        poor = load[piece] < least[units.group]
        closed = np.flatnonzero(same & (piece[source] != piece[units.to]) & (poor[source] | poor[units.to]))
        if not len(closed):
            break
        # One border at a time, both its directions: joined, the piece may have enough.
        widest = closed[np.argmax(units.shared_m[closed])]
        u, v = source[widest], units.to[widest]
        link[(source == u) & (units.to == v)] = 1
        link[(source == v) & (units.to == u)] = 1
    return link


def shares_of(load: Floats, sizes: npt.NDArray[np.int64], count: int) -> list[int]:
    """So many grids for each piece that the heaviest mean is least; no piece gets more grids than it has units."""
    n = len(load)
    if count < n:
        text = f"互不相连的部分有 {n} 块，至少要 {n} 个网格"
        raise Infeasible(f"{text} · {n} parts do not touch: at least {n} grids are needed", reason="too-few")
    if count > int(sizes.sum()):
        text = f"只有 {int(sizes.sum())} 个地块，划不出 {count} 个网格"
        raise Infeasible(f"{text} · {int(sizes.sum())} blocks cannot make {count} grids", reason="too-many")
    shares = np.ones(n, np.int64)
    for _ in range(count - n):
        shares[np.argmax(np.where(shares < sizes, load / shares, -1.0))] += 1
    return [int(share) for share in shares]


def prepare(units: Units, counts: dict[int, int], hard: bool) -> Task:
    """The task of parting units into `counts` grids by group. Raises Infeasible when that cannot be.

    Each group's target is its mean: what no redrawing inside it can mend does not count against anybody.
    """
    most = int(units.group.max()) + 1
    whole = np.bincount(units.group, weights=units.weight, minlength=most)
    link = links_of(units, hard, np.array([_LEAST * whole[g] / counts.get(g, 1) for g in range(most)]))
    raw = pieces_of(units, link)
    group = np.zeros(int(raw.max()) + 1, np.int64)
    group[raw] = units.group
    load: Floats = np.asarray(np.bincount(raw, weights=units.weight), np.float64)
    sizes = np.bincount(raw)
    shares = np.zeros(len(load), np.int64)
    target: list[float] = []
    for g in dict.fromkeys(int(x) for x in group):
        own = np.flatnonzero(group == g)
        shares[own] = shares_of(load[own], sizes[own], counts[g])
    for c in range(len(load)):
        mean = float(load[group == group[c]].sum()) / counts[int(group[c])]
        target.extend([mean if mean > 0 else 1.0] * int(shares[c]))
    task = Task(units, link, raw, tuple(int(s) for s in shares), tuple(target), np.full(len(units), -1, np.int32), ())
    return _named(task)


def _named(task: Task) -> Task:
    """Give each grid to be made one of today's to go by: by the load that lies in the same piece, pinned ones first."""
    units = task.units
    labels: list[int] = []
    pin = np.full(len(units), -1, np.int32)
    used: set[int] = set()
    has = units.home >= 0
    for c, share in enumerate(task.shares):
        own = (task.piece == c) & has
        here = np.bincount(units.home[own], weights=units.weight[own] + 1e-9, minlength=len(units.names))
        pinned = set(units.home[own & units.fixed].tolist())
        ranked = sorted(
            (int(h) for h in np.flatnonzero(here) if h not in used), key=lambda h: (h not in pinned, -here[h], h)
        )
        if len(pinned) > share or pinned & used:
            raise Infeasible(
                "锁定的地块分属过多网格 · Locked blocks belong to more grids than there are to be", reason="locked"
            )
        chosen = ranked[:share]
        used.update(chosen)
        for at, h in enumerate(chosen):
            if h in pinned:
                pin[own & units.fixed & (units.home == h)] = len(labels) + at
        labels.extend(chosen + [-1] * (share - len(chosen)))
    return Task(units, task.link, task.piece, task.shares, task.target, pin, tuple(labels))


def homes(task: Task) -> Ints:
    """Today's grid of each unit as one of the grids to be made; one that is to go is nobody's (count: it moves)."""
    inverse = {h: k for k, h in enumerate(task.labels) if h >= 0}
    return np.array([inverse.get(int(h), task.count) if h >= 0 else -1 for h in task.units.home], np.int32)


def from_today(task: Task, seed: int) -> Ints:
    """Today's grids, torn ones apart, merged and cut until each piece has as many as it should."""
    units = task.units
    same = units.home[units.source] == units.home[units.to]
    part = pieces_of(units, (task.link.astype(bool) & same).astype(np.uint8))
    assign = np.full(len(units), -1, np.int32)
    base = 0
    for c, share in enumerate(task.shares):
        inside = task.piece == c
        parts = [np.flatnonzero(part == p) for p in np.unique(part[inside])]
        parts = _merged(task, parts, share)
        while len(parts) < share:
            parts = _split(task, parts, seed + len(parts))
        _label(task, parts, base, share, assign)
        base += share
    held = task.pin >= 0
    if np.any(assign[held] != task.pin[held]):
        raise Infeasible("锁定的地块使同一网格断成几块 · Locked blocks of one grid lie apart", reason="locked")
    return assign


def from_nothing(task: Task, seed: int, keep: float) -> Ints:
    """Each piece cut in two by random trees, and the halves again, until there are enough grids."""
    assign = np.full(len(task.units), -1, np.int32)
    base = 0
    for c, share in enumerate(task.shares):
        parts: list[npt.NDArray[np.int64]] = []
        _carve(task, np.flatnonzero(task.piece == c), share, seed, keep, parts)
        _label(task, parts, base, share, assign)
        base += share
    return assign


def _carve(
    task: Task, members: npt.NDArray[np.int64], share: int, seed: int, keep: float, out: list[npt.NDArray[np.int64]]
) -> None:
    if share == 1:
        out.append(members)
        return
    few = share // 2
    first = _cut(task, members, few / share, few, share - few, seed, keep)
    if not first.any():
        # A star of units has no cut with enough on both sides: one unit is taken off at a time.
        few, first = 1, _cut(task, members, 1 / share, 1, share - 1, seed, keep)
    _carve(task, members[first], few, seed * 2 + 1, keep, out)
    _carve(task, members[~first], share - few, seed * 2 + 2, keep, out)


def _cut(
    task: Task, members: npt.NDArray[np.int64], part: float, least: int, rest: int, seed: int, keep: float
) -> Flags:
    units = task.units
    first = kernel.carve(
        units.at, units.to, task.link, units.wall, units.home, units.weight, keep, members, part, least, rest,
        _TRIES, seed % 2**31,
    )  # fmt: skip
    return np.asarray(first)


def _pinned(task: Task, part: npt.NDArray[np.int64]) -> set[int]:
    return {int(p) for p in task.pin[part] if p >= 0}


def _merged(task: Task, parts: list[npt.NDArray[np.int64]], share: int) -> list[npt.NDArray[np.int64]]:
    """Lightest first into the lightest neighbour, until there are no more than `share`."""
    units = task.units
    of = np.full(len(units), -1, np.int64)
    alive = dict(enumerate(parts))
    load = {at: float(units.weight[part].sum()) for at, part in alive.items()}
    pins = {at: _pinned(task, part) for at, part in alive.items()}
    for at, part in alive.items():
        of[part] = at
    while len(alive) > share:
        for lightest in sorted(alive, key=lambda at: (load[at], at)):
            near: set[int] = set()
            for u in alive[lightest]:
                ends = slice(units.at[u], units.at[u + 1])
                near.update(int(x) for x in of[units.to[ends][task.link[ends] != 0]])
            near.discard(lightest)
            fit = [at for at in near if at in alive and len(pins[at] | pins[lightest]) < 2]
            if fit:
                break
        else:
            raise Infeasible(
                "锁定的地块隔开了网格 · Locked blocks keep the grids apart: too few grids", reason="locked"
            )
        into = min(fit, key=lambda at: (load[at], at))
        of[alive[lightest]] = into
        alive[into] = np.concatenate([alive[into], alive.pop(lightest)])
        load[into] += load.pop(lightest)
        pins[into] |= pins.pop(lightest)
    return list(alive.values())


def _split(task: Task, parts: list[npt.NDArray[np.int64]], seed: int) -> list[npt.NDArray[np.int64]]:
    """Cut the heaviest part that can be cut in two halves."""
    heavy = sorted(
        range(len(parts)), key=lambda at: (len(parts[at]) > 1, task.units.weight[parts[at]].sum()), reverse=True
    )
    for at in heavy:
        part = parts[at]
        if len(part) < 2:
            break
        for turn in range(_TRIES):
            first = _cut(task, part, 0.5, 1, 1, seed + 7919 * turn, 0.0)
            halves = (part[first], part[~first])
            if len(_pinned(task, part)) == 0 or any(not _pinned(task, half) for half in halves):
                return [*parts[:at], *halves, *parts[at + 1 :]]
    raise Infeasible("无法再分 · Nothing can be cut any more", reason="too-many")


def _label(task: Task, parts: list[npt.NDArray[np.int64]], base: int, share: int, assign: Ints) -> None:
    """Call each part by the grid that most of it comes from: the assignment of most load kept, pins above all."""
    units = task.units
    home = homes(task)
    gain = np.zeros((share, share))
    for row, part in enumerate(parts):
        for k in range(share):
            own = part[home[part] == base + k]
            gain[row, k] = units.weight[own].sum() + 1e-9 * units.area_m2[own].sum()
            gain[row, k] += 1e12 * (task.pin[part] == base + k).sum()
    rows, columns = linear_sum_assignment(-gain)
    for row, column in zip(rows, columns, strict=True):
        assign[parts[row]] = base + column
