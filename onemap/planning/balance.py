"""How even the work is: measures and load of every grid, kept up with each edit by the points that changed hands.

All sums are of whole numbers or of 1/1024 m, so that they come out the same in any order: what an edit leaves is what
counting everything anew would give, to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from onemap.planning.facts import Facts
from onemap.planning.model import Model

if TYPE_CHECKING:
    from onemap.planning.coverage import Coverage, Delta, Face

Floats = npt.NDArray[np.float64]
Slots = npt.NDArray[np.int32]
#: Group of a slot whose face is gone.
_NONE = -1


@dataclass(frozen=True)
class Row:
    """One line of the table of balance: the whole (community None), or one community. Means are of unit grids."""

    community_code: str | None
    name: str | None
    grids: int
    mean: dict[str, float]
    max_over_mean: float
    min_over_mean: float
    gini: float
    out_of_tolerance: int


@dataclass(frozen=True)
class Balances:
    """Who owns what, and what it comes to. Does not change: `update` gives the balances after an edit.

    Faces have slots: rows of the arrays and numbers in `owner`. A slot is never given to another face.
    """

    facts: Facts
    slots: dict[str, int]
    #: Number of each community in the arrays below; faces without one are a group of their own.
    groups: dict[str | None, int]
    #: Slot of the face that owns each point of the facts; -1 for none.
    owner: Slots
    #: By slot: group or -1 when gone, whether special, measures (slots, m), their weighted sum, that over the mean.
    group: Slots
    special: npt.NDArray[np.bool_]
    totals: Floats
    work: Floats
    load: Floats
    #: Faces whose measures, load or group are other than before the last update.
    changed: frozenset[str]
    #: Measures that changed hands in the last update.
    moved: dict[str, float]

    @classmethod
    def full(cls, cov: Coverage, facts: Facts) -> Balances:
        """Count everything."""
        names = list(cov.faces)
        slots = {face: n for n, face in enumerate(names)}
        owner = np.full(len(facts.xy), _NONE, np.int32)
        for points, face in facts.assign(cov, names):
            owner[points] = slots[face]
        totals = np.zeros((len(names), facts.values.shape[1]))
        held = owner >= 0
        np.add.at(totals, owner[held], facts.values[held])
        groups: dict[str | None, int] = {}
        group, special = np.empty(len(names), np.int32), np.zeros(len(names), np.bool_)
        for n, face in enumerate(names):
            group[n], special[n] = _place(cov.faces[face], groups)
        return _weighed(
            cls(
                facts, slots, groups, owner, group, special, totals, np.empty(0), np.empty(0), frozenset(names), {}
            )
        )  # fmt: skip

    def update(self, cov: Coverage, delta: Delta) -> Balances:
        """The balances after an edit: `cov` is the coverage as it is then. Costs what the touched faces hold."""
        come = [face.id for face in delta.faces]
        slots, groups = dict(self.slots), dict(self.groups)
        for face in come:
            slots.setdefault(face, len(slots))
        size = len(slots)
        owner, totals = self.owner.copy(), _grown(self.totals, size)
        hands, touched = np.zeros(totals.shape[1]), set()
        for points, face in self.facts.assign(cov, come):
            slot = slots[face]
            other = points[owner[points] != slot]
            if len(other):
                before, values = owner[other], self.facts.values[other]
                known = before >= 0
                np.subtract.at(totals, before[known], values[known])
                totals[slot] += values.sum(axis=0)
                hands += values[known].sum(axis=0)
                owner[other] = slot
                touched |= {slot, *before[known].tolist()}
        group, special = _grown(self.group, size, _NONE), _grown(self.special, size)
        group[[slots[face.id] for face in delta.faces_gone]] = _NONE
        for face in come:
            group[slots[face]], special[slots[face]] = _place(cov.faces[face], groups)
        after = replace(
            self, slots=slots, groups=groups, owner=owner, group=group, special=special, totals=totals,
            moved={key: float(hands[n]) for n, key in enumerate(self.facts.model.keys) if hands[n]},
        )  # fmt: skip
        return _weighed(
            after, before=self, touched=touched | {slots[face.id] for face in (*delta.faces_gone, *delta.faces)}
        )

    # -- questions --------------------------------------------------------------------------------------------------

    @property
    def model(self) -> Model:
        """The workload model by which all this is weighed."""
        return self.facts.model

    def measures(self, face: str) -> dict[str, float]:
        """Measures of a face by key. Raises KeyError for a face that was never there."""
        row = self.totals[self.slots[face]]
        return {key: float(row[n]) for n, key in enumerate(self.model.keys)}

    def load_of(self, face: str) -> float:
        """Work of a face over the mean of its reference; 1 where there is no work at all."""
        return float(self.load[self.slots[face]])

    def members(self, community: str | None) -> list[str]:
        """Faces of a community; None: those of no community."""
        if community not in self.groups:
            return []
        names = list(self.slots)
        return [names[slot] for slot in self._slots(community).tolist()]

    def communities(self) -> list[str]:
        """Codes of the communities that have faces, sorted."""
        alive = set(self.group.tolist())
        return sorted(code for code, number in self.groups.items() if code is not None and number in alive)

    def rows(self, communities: Iterable[str] | None = None) -> list[Row]:
        """The line of everything first, then those of the communities asked for (None: all), as far as they exist."""
        whole = self._row(None, np.flatnonzero(self.group != _NONE))
        if communities is not None:
            found = {code: self._slots(code) for code in sorted(set(communities) & self.groups.keys())}
            return [whole, *(self._row(code, here) for code, here in found.items() if len(here))]
        order = np.argsort(self.group, kind="stable")
        starts = np.searchsorted(self.group[order], np.arange(len(self.groups) + 1))
        spans = {code: order[starts[n] : starts[n + 1]] for code, n in self.groups.items()}
        return [whole, *(self._row(code, spans[code]) for code in self.communities())]

    def _slots(self, community: str | None) -> npt.NDArray[np.int64]:
        """Slots of a community's faces."""
        return np.flatnonzero(self.group == self.groups[community])

    def _row(self, community: str | None, here: npt.NDArray[np.int64]) -> Row:
        """The line of some slots; special grids are counted, and weighed only where there are no others."""
        units = here[~self.special[here]]
        weighed = units if len(units) else here
        loads, model = self.load[weighed], self.model
        area = self.facts.areas.get(community) if community else None
        means = (self.totals[weighed].sum(axis=0) / max(len(weighed), 1)).tolist()
        return Row(
            community_code=community,
            name=area.name if area else None,
            grids=len(here),
            mean=dict(zip(model.keys, means, strict=True)),
            max_over_mean=float(loads.max()) if len(loads) else 1.0,
            min_over_mean=float(loads.min()) if len(loads) else 1.0,
            gini=gini(loads),
            out_of_tolerance=int((np.abs(loads - 1.0) > model.tolerance + 1e-12).sum()),
        )


def gini(values: Any) -> float:
    """Gini coefficient of non-negative values: 0 when all are equal, towards 1 when one has everything."""
    ordered = np.sort(np.asarray(values, np.float64))
    count, total = len(ordered), float(ordered.sum())
    if count == 0 or total <= 0.0:
        return 0.0
    return max(0.0, float(((2.0 * np.arange(1, count + 1) - count - 1.0) * ordered).sum() / (count * total)))


def work_of(totals: Floats, model: Model) -> Floats:
    """Work of rows of measures, shape (…, m) → (…): the same for the same row whatever rows stand beside it."""
    out = np.zeros(totals.shape[:-1])
    for column, weight in enumerate(model.weights.tolist()):
        out = out + totals[..., column] * weight
    return out


def _weighed(this: Balances, *, before: Balances | None = None, touched: Iterable[int] = ()) -> Balances:
    """Work, means and loads from the totals; and whose load is other than it was.

    After an edit only the groups that it touched are weighed: the sums are exact, so the rest is as it was.
    """
    group = this.group if this.model.reference == "community" else np.where(this.group == _NONE, _NONE, 0)
    if before is None:
        work = work_of(this.totals, this.model)
        return replace(this, work=work, load=_loads(this, group, work))
    rows = np.fromiter(touched, np.int64)
    work = _grown(before.work, len(group))
    work[rows] = work_of(this.totals[rows], this.model)
    old = before.group if this.model.reference == "community" else np.where(before.group == _NONE, _NONE, 0)
    near = np.zeros(int(group.max(initial=0)) + 2, np.bool_)
    near[group[rows]] = True
    near[old[rows[rows < len(old)]]] = True
    near[_NONE] = False
    here = np.flatnonzero(near[group])
    load = _grown(before.load, len(group))
    load[rows[group[rows] == _NONE]] = 1.0
    load[here] = _loads(this, group, work, here)
    differs = np.zeros(len(group), np.bool_)
    differs[here] = load[here] != _grown(before.load, len(group), np.nan)[here]
    differs[rows] = group[rows] != _NONE
    names = list(this.slots)
    changed = frozenset(names[slot] for slot in np.flatnonzero(differs).tolist())
    return replace(this, work=work, load=load, changed=changed)


def _loads(this: Balances, group: Slots, work: Floats, here: Any = slice(None)) -> Floats:
    """Work over the mean of its group, of all slots or of those of some whole groups; 1 where there is no work."""
    group, special, totals, work = group[here], this.special[here], this.totals[here], work[here]
    alive = group != _NONE
    count = int(group.max(initial=0)) + 1
    # Special grids are not weighed, unless a community has no others.
    units = np.bincount(group[alive & ~special], minlength=count)
    counted = alive & (~special | (units[np.maximum(group, 0)] == 0))
    numbers = np.bincount(group[counted], minlength=count)
    sums = np.column_stack(
        [np.bincount(group[counted], column[counted], minlength=count).astype(np.float64) for column in totals.T]
    )
    means = (work_of(sums, this.model) / np.maximum(numbers, 1))[np.maximum(group, 0)]
    return np.where(means > 0.0, work / np.where(means > 0.0, means, 1.0), 1.0)


def _place(face: Face, groups: dict[str | None, int]) -> tuple[int, bool]:
    """Number of a face's community, a new one if need be, and whether it is special."""
    code = face.props.get("community_code")
    return groups.setdefault(code, len(groups)), face.props.get("kind") == "special"


def _grown(array: Any, size: int, value: float = 0) -> Any:
    out = np.full((size, *array.shape[1:]), value, array.dtype)
    out[: len(array)] = array
    return out
