"""Options as people see them: titles, figures, grids as GeoJSON with their loads, and every move with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from onemap.planning.balance import work_of
from onemap.planning.coverage import Coverage
from onemap.planning.facts import Facts
from onemap.planning.model import Model
from onemap.planning.propose.archive import chosen
from onemap.planning.propose.graph import Floats
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


class Teller:
    """Tells the options of one answer."""

    def __init__(
        self, ground: Ground, community: Sequence[str | None], means: Means, label: Mapping[str, str], tolerance: float
    ) -> None:
        """`community`: of each unit; `label`: short names of grids."""
        self.ground, self.means, self.tolerance = ground, means, tolerance
        self.units = ground.units
        self.community = community
        self.label = dict(label)
        self.before = [self.units.names[h] for h in self.units.home]
        self.today_side = self._side(self.before)

    def today(self) -> dict[str, Any]:
        """The plan as it is, by the same figures."""
        return self._figures(self.before, -1, ("现状", "As it is"), self.today_side) | {"moves": []}

    def options(self, answer: Answer) -> list[Told]:
        """The options worth showing, each with its moves."""
        out = []
        for index, (kind, found) in enumerate(chosen(list(answer.found), MOST_OPTIONS)):
            fresh = iter(range(1, len(answer.labels) + 1))
            names = [self.units.names[h] if h >= 0 else f"+{next(fresh)}" for h in answer.labels]
            after = [names[k] for k in found.assign]
            zh, en = _TITLES[kind]
            if found.figures[0] > self.tolerance + 1e-9:
                zh, en = f"{zh}（未达 ±{self.tolerance:.0%}）", f"{en} (outside ±{self.tolerance:.0%})"
            side = self._side(after)
            shown = self._figures(after, index, (zh, en), side) | {"moves": self._moves(after, side)}
            out.append(Told(shown, after))
        return out

    def _side(self, names: Sequence[str]) -> Side:
        work = work_of(self.ground.measures, self.means.model)
        sums: dict[str, float] = {}
        community: dict[str, str | None] = {}
        for name, value, own in zip(names, work.tolist(), self.community, strict=True):
            sums[name] = sums.get(name, 0.0) + value
            community[name] = own
        return side_of(self.units, names, self.means.loads(sums, community))

    def _figures(self, names: Sequence[str], index: int, title: tuple[str, str], side: Side) -> dict[str, Any]:
        units, known = self.units, sorted(side.load)
        own = np.array([known.index(name) for name in known])
        place = {name: int(at) for name, at in zip(known, own, strict=True)}
        grid = np.array([place[name] for name in names])
        load = np.bincount(grid, weights=units.weight, minlength=len(known))
        group = np.zeros(len(known), np.int64)
        group[grid] = units.group
        mean = np.bincount(group, weights=load) / np.maximum(np.bincount(group), 1)
        over = np.where(mean[group] > 0, load / np.maximum(mean[group], 1e-12), 1.0)
        total = units.weight.sum()
        moved = sum(w for a, b, w in zip(self.before, names, units.weight.tolist(), strict=True) if a != b)
        sums: Floats = np.zeros((len(known), self.ground.measures.shape[1]))
        np.add.at(sums, grid, self.ground.measures)
        keys = self.means.model.keys
        features = [
            {
                "type": "Feature", "id": name,
                "geometry": _shape(units.geoms[grid == at]),
                "properties": {
                    "id": name, "label": self.label.get(name, name), "load": round(side.load[name], 4),
                    "new": name not in units.names,
                    "measures": {key: float(sums[at, n]) for n, key in enumerate(keys)},
                },
            }
            for at, name in enumerate(known)
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
            zh, en = reason(self.units, piece, self.label, self.today_side, side, things)
            moves.append(
                {
                    "unit": int(piece.units[0]), "grid": piece.grid, "to": piece.to,
                    "buildings": round(things.get("buildings", 0)), "households": round(things.get("households", 0)),
                    "reason": {"zh": zh, "en": en}, "where": _shape(self.units.geoms[piece.units]),
                }
            )  # fmt: skip
        return sorted(moves, key=lambda move: (-move["households"], -move["buildings"], move["unit"]))


def _shape(geoms: Any) -> dict[str, Any]:
    return dict(shapely.geometry.mapping(shapely.coverage_union_all(geoms)))
