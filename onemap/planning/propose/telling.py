"""Options as people see them: titles, figures, grids as GeoJSON with their loads, and every move with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from onemap.planning.balance import work_of
from onemap.planning.coverage import Coverage
from onemap.planning.facts import Facts
from onemap.planning.model import Model
from onemap.planning.propose.archive import WORST, Found, chosen
from onemap.planning.propose.graph import Floats, Geoms
from onemap.planning.propose.ground import Ground
from onemap.planning.propose.reason import Side, pieces, reason, side_of
from onemap.planning.propose.search import Answer

MOST_OPTIONS = 6
_TITLES = {
    "balance": ("最均衡", "Most even"),
    "compactness": ("最规整", "Most compact"),
    "change": ("改动最少", "Least changed"),
    "crossings": ("跨越最少", "Fewest crossings"),
    "compromise": ("折中", "Compromise"),
    "between": ("另一种取舍", "Another trade-off"),
}


@dataclass(frozen=True)
class Means:
    """Work of the unit grids that stay out of the question, and how many they are, by reference."""

    model: Model
    work: Mapping[str | None, float]
    grids: Mapping[str | None, int]

    @classmethod
    def outside(cls, cov: Coverage, facts: Facts, faces: Sequence[str]) -> Means:
        """Those of a coverage that are not among `faces`; special grids count for nobody's mean."""
        inside = set(faces)
        out = [f for f, face in cov.faces.items() if f not in inside and face.props.get("kind") != "special"]
        work = work_of(facts.of(cov, out), facts.model) if out else np.zeros(0)
        sums: dict[str | None, float] = {}
        counts: dict[str | None, int] = {}
        for at, face in enumerate(out):
            key = cls._key(facts.model, cov.faces[face].props.get("community_code"))
            sums[key] = sums.get(key, 0.0) + float(work[at])
            counts[key] = counts.get(key, 0) + 1
        return cls(facts.model, sums, counts)

    @staticmethod
    def _key(model: Model, community: str | None) -> str | None:
        return community if model.reference == "community" else None

    def loads(self, work: Mapping[str, float], community: Mapping[str, str | None]) -> dict[str, float]:
        """Loads of grids from their work: 1 is the mean of their reference, as the plan's balance has it."""
        sums, counts = dict(self.work), dict(self.grids)
        for name, value in work.items():
            key = self._key(self.model, community[name])
            sums[key] = sums.get(key, 0.0) + value
            counts[key] = counts.get(key, 0) + 1
        out = {}
        for name, value in work.items():
            key = self._key(self.model, community[name])
            mean = sums[key] / counts[key]
            out[name] = value / mean if mean > 0 else 1.0
        return out


@dataclass(frozen=True)
class Told:
    """An option: as the door tells it, and each unit's grid."""

    shown: dict[str, Any]
    grids: list[str]


@dataclass(frozen=True)
class Drawn:
    """An assignment as ground: its grids by name, each unit's place among them, shapes, measures and work."""

    names: list[str]
    grid: npt.NDArray[np.int64]
    shapes: Geoms
    measures: Floats
    work: Floats
    side: Side


class Teller:
    """Tells the options of one answer.

    Loads are counted anew in the grids' own shapes, as the plan will count them: what lies exactly on a border belongs
    to one grid there, whatever unit had it here.
    """

    def __init__(
        self,
        ground: Ground,
        facts: Facts,
        community: Sequence[str | None],
        means: Means,
        label: Mapping[str, str],
        tolerance: float,
    ) -> None:
        """`community`: of each unit; `label`: short names of grids."""
        self.ground, self.facts, self.means, self.tolerance = ground, facts, means, tolerance
        self.units = ground.units
        self.community = community
        self.label = dict(label)
        self.before = [self.units.names[h] for h in self.units.home]
        self.now = self._drawn(self.before)

    def today(self) -> dict[str, Any]:
        """The plan as it is, by the same figures."""
        return self._figures(self.now, self.before, -1, ("现状", "As it is")) | {"moves": []}

    def options(self, answer: Answer) -> list[Told]:
        """The options worth showing, each with its moves."""
        out = []
        for index, (kind, found) in enumerate(chosen(list(answer.found), MOST_OPTIONS)):
            fresh = iter(range(1, len(answer.labels) + 1))
            names = [self.units.names[h] if h >= 0 else f"+{next(fresh)}" for h in answer.labels]
            after = [names[k] for k in found.assign]
            drawn = self._drawn(after)
            shown = self._figures(drawn, after, index, self._title(_TITLES[kind], found, drawn))
            out.append(Told(shown | {"moves": self._moves(after, drawn.side)}, after))
        return out

    def _title(self, title: tuple[str, str], found: Found, drawn: Drawn) -> tuple[str, str]:
        """What an option is, and how far it falls short of the tolerance: by itself, or because the ground does."""
        zh, en = title
        if found.figures[WORST] > self.tolerance + 1e-9:
            return f"{zh}（未达 ±{self.tolerance:.0%}）", f"{en} (outside ±{self.tolerance:.0%})"
        if np.abs(self._over(drawn) - 1).max() > self.tolerance + 5e-3:
            return f"{zh}（地块所限，已尽可能均衡）", f"{en} (as even as its blocks allow)"
        return title

    def _over(self, drawn: Drawn) -> Floats:
        """Work of each grid over the mean of those redrawn in its community."""
        group = np.zeros(len(drawn.names), np.int64)
        group[drawn.grid] = self.units.group
        mean = np.bincount(group, weights=drawn.work) / np.maximum(np.bincount(group), 1)
        return np.where(mean[group] > 0, drawn.work / np.maximum(mean[group], 1e-12), 1.0)

    def _drawn(self, names: Sequence[str]) -> Drawn:
        known = sorted(set(names))
        place = {name: at for at, name in enumerate(known)}
        grid = np.array([place[name] for name in names])
        order = np.argsort(grid, kind="stable")
        cuts = np.searchsorted(grid[order], np.arange(len(known) + 1))
        shapes = np.empty(len(known), dtype=object)
        for at in range(len(known)):
            shapes[at] = shapely.coverage_union_all(self.units.geoms[order[cuts[at] : cuts[at + 1]]])
        measures = self.facts.measures(shapes, known)
        work = work_of(measures, self.means.model)
        community = dict(zip(names, self.community, strict=True))
        load = self.means.loads(dict(zip(known, work.tolist(), strict=True)), community)
        return Drawn(known, grid, shapes, measures, work, side_of(self.units, names, load))

    def _figures(self, drawn: Drawn, names: Sequence[str], index: int, title: tuple[str, str]) -> dict[str, Any]:
        units, side = self.units, drawn.side
        over = self._over(drawn)
        total = units.weight.sum()
        moved = sum(w for a, b, w in zip(self.before, names, units.weight.tolist(), strict=True) if a != b)
        keys = self.means.model.keys
        features = [
            {
                "type": "Feature", "id": name, "geometry": dict(shapely.geometry.mapping(drawn.shapes[at])),
                "properties": {
                    "id": name, "label": self.label.get(name, name), "load": round(side.load[name], 4),
                    "new": name not in units.names,
                    "measures": {key: float(drawn.measures[at, n]) for n, key in enumerate(keys)},
                },
            }
            for at, name in enumerate(drawn.names)
        ]  # fmt: skip
        return {
            "index": index, "title": {"zh": title[0], "en": title[1]}, "max_over_mean": float(over.max()),
            "deviation": float(np.std(over)), "compactness": float(np.mean(list(side.compactness.values()))),
            "changed_share": float(moved / total) if total > 0 else 0.0,
            "crossings": sum(len(inside) for inside in side.inside.values()), "grids": features,
        }  # fmt: skip

    def _moves(self, after: Sequence[str], side: Side) -> list[dict[str, Any]]:
        keys = self.means.model.keys
        moves = []
        for piece in pieces(self.units, self.before, after):
            sums = self.ground.measures[piece.units].sum(axis=0)
            things = {key: float(sums[n]) for n, key in enumerate(keys)}
            zh, en = reason(self.units, piece, self.label, self.now.side, side, things)
            where = shapely.geometry.mapping(shapely.coverage_union_all(self.units.geoms[piece.units]))
            moves.append(
                {
                    "unit": int(piece.units[0]), "grid": piece.grid, "to": piece.to,
                    "buildings": round(things.get("buildings", 0)), "households": round(things.get("households", 0)),
                    "reason": {"zh": zh, "en": en}, "where": dict(where),
                }
            )  # fmt: skip
        return sorted(moves, key=lambda move: (-move["households"], -move["buildings"], move["unit"]))
