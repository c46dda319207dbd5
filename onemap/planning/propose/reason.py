"""Why a piece of ground changes hands, in plain words: what it does for both grids' loads, what it lies along."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from onemap.core.words import many
from onemap.planning.propose.graph import Flags, Ints, Units
from onemap.planning.propose.start import pieces_of

_KINDS = {"river": ("河", "river"), "road": ("主干道", "main road"), "railway": ("铁路", "railway")}
_SAME = 0.005


@dataclass(frozen=True)
class Side:
    """The grids of one assignment as reasons speak of them: load, compactness and barriers inside, by name."""

    load: dict[str, float]
    compactness: dict[str, float]
    inside: dict[str, frozenset[int]]


@dataclass(frozen=True)
class Piece:
    """Neighbouring units that go from one grid to another together."""

    units: Ints
    grid: str | None
    to: str


def side_of(units: Units, names: Sequence[str | None], load: dict[str, float]) -> Side:
    """What there is to say of an assignment, given each unit's grid by name."""
    known = sorted({name for name in names if name is not None})
    index = {name: at for at, name in enumerate(known)}
    own = np.array([-1 if name is None else index[name] for name in names])
    source = units.source
    inner = (own[source] == own[units.to]) & (own[source] >= 0)
    placed = own >= 0
    ground = np.bincount(own[placed], weights=units.area_m2[placed], minlength=len(known))
    rim = np.bincount(own[placed], weights=units.rim_m[placed], minlength=len(known))
    rim -= np.bincount(own[source[inner]], weights=units.shared_m[inner], minlength=len(known))
    walled = inner & (units.wall > 0)
    inside: dict[str, set[int]] = {name: set() for name in known}
    for at, wall in zip(own[source[walled]].tolist(), units.wall[walled].tolist(), strict=True):
        inside[known[at]].add(wall - 1)
    compact = 4 * np.pi * ground / np.maximum(rim, 1e-9) ** 2
    return Side(
        load, {name: float(compact[at]) for name, at in index.items()}, {k: frozenset(v) for k, v in inside.items()}
    )


def pieces(units: Units, before: Sequence[str | None], after: Sequence[str]) -> list[Piece]:
    """What moves: neighbouring units with the same old and the same new grid are one piece."""
    keys = [(a or "", b) for a, b in zip(before, after, strict=True)]
    index = {key: at for at, key in enumerate(sorted(set(keys)))}
    kind = np.array([index[key] for key in keys])
    link = (kind[units.source] == kind[units.to]).astype(np.uint8)
    part = pieces_of(units, link)
    moved: Flags = np.array([a != b for a, b in zip(before, after, strict=True)])
    found = []
    for at in dict.fromkeys(part[moved].tolist()):
        own = np.flatnonzero(part == at).astype(np.int32)
        found.append(Piece(own, before[int(own[0])], after[int(own[0])]))
    return found


def reason(
    units: Units, piece: Piece, label: dict[str, str], before: Side, after: Side, things: dict[str, float]
) -> tuple[str, str]:
    """The reason in Chinese and English. `things`: buildings, households of the piece; `label`: grids' short names."""
    to = label.get(piece.to, piece.to)
    what_zh, what_en = _what(len(piece.units), things)
    parts_zh: list[str] = []
    parts_en: list[str] = []
    if piece.grid is None:
        head_zh, head_en = f"把{what_zh}划入 {to}", f"{what_en} become part of {to}"
    else:
        grid = label.get(piece.grid, piece.grid)
        head_zh, head_en = f"把{what_zh}从 {grid} 划到 {to}", f"{what_en} go from {grid} to {to}"
    loads = [_load(name, label, before, after) for name in (piece.grid, piece.to) if name is not None]
    parts_zh.append("，".join(zh for zh, _ in loads if zh))
    parts_en.append(", ".join(en for _, en in loads if en))
    for zh, en in (
        _shape(piece, label, before, after),
        _along(units, piece),
        _crossing(units, piece, label, before, after),
    ):
        parts_zh.append(zh)
        parts_en.append(en)
    tail_zh, tail_en = "；".join(p for p in parts_zh if p), "; ".join(p for p in parts_en if p)
    return f"{head_zh}：{tail_zh}。", f"{head_en}: {tail_en}."


def _what(units: int, things: dict[str, float]) -> tuple[str, str]:
    buildings, households = round(things.get("buildings", 0)), round(things.get("households", 0))
    if not buildings and not households:
        return (f" {units} 块无建筑的地", f"{units} {'blocks' if units > 1 else 'block'} without buildings")
    zh = f" {buildings} 栋楼" + (f"（{households} 户）" if households else "")
    en = many(buildings, "building")
    return zh, en + (f" ({many(households, 'household')})" if households else "")


def _load(name: str, label: dict[str, str], before: Side, after: Side) -> tuple[str, str]:
    grid, old, new = label.get(name, name), before.load.get(name), after.load.get(name)
    if new is None:
        return f"{grid} 撤并", f"{grid} is merged away"
    if old is None:
        return f"{grid} 为 {new:.2f}", f"{grid} has {new:.2f}"
    if abs(new - old) < _SAME:
        return f"{grid} 保持 {new:.2f}", f"{grid} stays at {new:.2f}"
    zh, en = ("升到", "rises to") if new > old else ("降到", "falls to")
    return f"{grid} 由 {old:.2f} {zh} {new:.2f}", f"{grid} {en} {new:.2f} from {old:.2f}"


def _shape(piece: Piece, label: dict[str, str], before: Side, after: Side) -> tuple[str, str]:
    """Where the loads gain nothing by it, the shape may."""
    names = [name for name in (piece.grid, piece.to) if name is not None]
    off = [sum(abs(side.load.get(name, 1.0) - 1) for name in names) for side in (before, after)]
    if off[1] < off[0] - _SAME:
        return "", ""
    for name in (piece.to, piece.grid):
        old, new = before.compactness.get(name or ""), after.compactness.get(name or "")
        if name and old is not None and new is not None and new > old + 0.02:
            grid = label.get(name, name)
            return f"{grid} 更规整（{old:.2f} → {new:.2f}）", f"{grid} becomes more compact ({old:.2f} to {new:.2f})"
    return "", ""


def _along(units: Units, piece: Piece) -> tuple[str, str]:
    """The line that most of the piece's border follows."""
    inside = np.zeros(len(units), np.bool_)
    inside[piece.units] = True
    rim = inside[units.source] & ~inside[units.to]
    lines = units.along[rim]
    on = lines >= 0
    lengths = np.bincount(lines[on], weights=units.shared_m[rim][on], minlength=len(units.lines))
    if not len(lengths) or lengths.max() < 0.25 * units.shared_m[rim].sum():
        return "", ""
    by_name: dict[tuple[str, str], float] = {}
    for at in np.flatnonzero(lengths):
        line = units.lines[int(at)]
        by_name[line.zh, line.en] = by_name.get((line.zh, line.en), 0.0) + float(lengths[at])
    zh, en = max(by_name, key=lambda name: by_name[name])
    return f"边界沿{zh}", f"the border follows {en}"


def _crossing(units: Units, piece: Piece, label: dict[str, str], before: Side, after: Side) -> tuple[str, str]:
    """What barriers have to do with it: one that a grid no longer crosses, one that the new grid does, or none."""
    if piece.grid is not None and piece.grid in after.load:
        gone = before.inside.get(piece.grid, frozenset()) - after.inside.get(piece.grid, frozenset())
        # By this piece: it lies over the barrier from ground that was of the same grid.
        inside = np.zeros(len(units), np.bool_)
        inside[piece.units] = True
        left = units.home == units.home[piece.units[0]]
        over = {int(wall) - 1 for wall in units.wall[inside[units.source] & ~inside[units.to] & left[units.to]] if wall}
        if gone & over:
            line = units.barriers[min(gone & over)]
            grid = label.get(piece.grid, piece.grid)
            return f"{grid} 不再跨{line.zh}", f"{grid} no longer crosses {line.en}"
    here = after.inside.get(piece.to, frozenset())
    if here:
        line = units.barriers[min(here)]
        return (
            f"注意：{label.get(piece.to, piece.to)} 跨{line.zh}",
            f"mind: {label.get(piece.to, piece.to)} crosses {line.en}",
        )
    kinds = list(dict.fromkeys(line.kind for line in units.barriers))
    if not kinds:
        return "", ""
    zh = "、".join(f"不跨{_KINDS[kind][0]}" for kind in kinds)
    return zh, "no " + " or ".join(_KINDS[kind][1] for kind in kinds) + " is crossed"
