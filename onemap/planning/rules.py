"""The rules a plan is held to, kept up with each edit. Errors keep a plan from being submitted, warnings do not.

A plan answers for what it makes worse: what the edition it was drawn from already had is told as a warning. So a small
amendment can be submitted although the grids next door were drawn badly years ago.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import shapely

from onemap.planning.balance import Balances
from onemap.planning.facts import Facts
from onemap.planning.finding import RULES, Problem, problem
from onemap.planning.ground_rules import look, named

if TYPE_CHECKING:
    from onemap.planning.coverage import Coverage, Delta

__all__ = ["RULES", "Past", "Problem", "Problems", "check"]

_CODE = re.compile(r"[0-9A-Z]{15}")
#: A load that grew by less than this, or another extent by less than this share, did not get worse.
_LOAD_SLACK, _SLACK = 0.005, 1e-3
#: So many communities are asked for one by one; for more, all faces are gone through once.
_FEW = 8


class Past:
    """What the rules have against the grids of the edition that a plan branches off; looked at where it matters."""

    def __init__(self, base: Coverage, facts: Facts) -> None:
        self.base, self.facts = base, facts
        self._ground: dict[str, list[Problem]] = {}
        self._balances: Balances | None = None

    def had(self, found: Problem) -> bool:
        """Whether the edition had the same problem, as bad or worse, on the same ground."""
        if any(then is found for then in self._ground.get(found.grid, ())):
            return True
        if found.rule == "load":
            return found.grid in self.base.faces and found.extent <= self._load(found.grid) + _LOAD_SLACK
        face: str | None = found.grid
        if found.rule == "cut" and found.subject in (rows := self.facts.rows_by_key):
            x, y = self.facts.xy[rows[found.subject]]
            face = self.base.at(float(x), float(y))
        if face is None or face not in self.base.faces:
            return False
        return any(
            then.rule == found.rule and then.subject == found.subject and found.extent <= then.extent * (1.0 + _SLACK)
            for then in self._of(face)
        )

    def same(self, cov: Coverage, ground: dict[str, list[Problem]]) -> None:
        """Take over what was found on grids that are still as they were in the edition."""
        faces = [face for face in ground if self.base.faces.get(face) == cov.faces[face] and face not in self._ground]
        equal = shapely.equals_exact(cov.polygons(faces), self.base.polygons(faces), 0.0) if faces else ()
        self._ground.update((face, ground[face]) for face, same in zip(faces, equal, strict=True) if same)

    def _of(self, face: str) -> list[Problem]:
        if face not in self._ground:
            self._ground.update(look(self.base, self.facts, [face]))
        return self._ground[face]

    def _load(self, face: str) -> float:
        if self._balances is None:
            self._balances = Balances.full(self.base, self.facts)
        return self._balances.load_of(face)


@dataclass(frozen=True)
class Problems:
    """What is wrong with a plan. Does not change: `update` gives the problems after an edit."""

    facts: Facts
    past: Past | None
    ground: dict[str, tuple[Problem, ...]] = field(default_factory=dict)
    load: dict[str, tuple[Problem, ...]] = field(default_factory=dict)
    names: dict[str, tuple[Problem, ...]] = field(default_factory=dict)
    #: Faces about which something else is said than before the last update.
    changed: frozenset[str] = frozenset()

    @classmethod
    def full(cls, cov: Coverage, facts: Facts, balances: Balances, *, base: Coverage | None = None) -> Problems:
        """Check everything. `base`: the edition's coverage, for whose faults the plan does not answer."""
        made = cls(facts, None if base is None else Past(base, facts))
        communities = {face.community for face in cov.faces.values()}
        return made._with(cov, balances, list(cov.faces), cov.faces, communities, ())

    def update(self, cov: Coverage, balances: Balances, delta: Delta) -> Problems:
        """The problems after an edit: `cov` and `balances` are as they are then."""
        come = [face.id for face in delta.faces]
        gone = {face.id for face in delta.faces_gone} - set(come)
        communities = {face.community for face in (*delta.faces, *delta.faces_gone)}
        return self._with(cov, balances, come, balances.changed, communities, gone)

    @property
    def all(self) -> list[Problem]:
        """Every problem, errors first, then by rule and grid."""
        tables = (self.ground, self.load, self.names)
        return sorted((one for table in tables for some in table.values() for one in some), key=lambda one: one.order)

    def told(self, cov: Coverage, labels: Mapping[str, str]) -> list[Problem]:
        """Every problem as `all`, in the words of the map: grids by their labels."""
        out = []
        for one in self.all:
            old = named(cov.faces[one.grid])
            label = labels.get(one.grid, old)
            out.append(one if label == old else one.called(old, label))
        return out

    @property
    def errors(self) -> list[Problem]:
        """What keeps the plan from being submitted."""
        return [one for one in self.all if one.severity == "error"]

    def of(self, face: str) -> list[Problem]:
        """What is wrong with one face."""
        tables = (self.ground, self.load, self.names)
        return sorted((one for table in tables for one in table.get(face, ())), key=lambda one: one.order)

    def _with(
        self,
        cov: Coverage,
        balances: Balances,
        touched: list[str],
        weighed: Iterable[str],
        communities: Collection[str | None],
        gone: Collection[str],
    ) -> Problems:
        seen = look(cov, self.facts, touched)
        if self.past is not None and not self.ground:
            self.past.same(cov, seen)
        told: dict[str, list[Problem]] = {}
        for code, members in _members(cov, balances, communities).items():
            told |= _names(cov, code, members)
        ground, other = _put(self.ground, gone, seen, self._judged)
        load, weight = _put(self.load, gone, {face: _load(cov, balances, face) for face in weighed}, self._judged)
        names, called = _put(self.names, gone, told, self._judged)
        return replace(self, ground=ground, load=load, names=names, changed=frozenset(other | weight | called))

    def _judged(self, found: Problem) -> Problem:
        if found.severity == "warning" or self.past is None or not self.past.had(found):
            return found
        return replace(found, severity="warning", zh=f"{found.zh}（原版本已如此）", en=f"{found.en} It was so before.")


def check(
    cov: Coverage, facts: Facts, balances: Balances, faces: Collection[str] | None = None, base: Coverage | None = None
) -> dict[str, list[Problem]]:
    """Problems by face, of some faces or all, worked out anew."""
    found = Problems.full(cov, facts, balances, base=base)
    return {face: found.of(face) for face in (cov.faces if faces is None else faces)}


def _put(
    table: dict[str, tuple[Problem, ...]],
    gone: Collection[str],
    fresh: dict[str, list[Problem]],
    judged: Callable[[Problem], Problem],
) -> tuple[dict[str, tuple[Problem, ...]], set[str]]:
    """The table without what is gone and with what was looked at anew, and the faces where that is another thing.

    Faces without problems have no entry.
    """
    out, changed = table.copy(), set()
    for face in gone:
        out.pop(face, None)
    for face, some in fresh.items():
        said = tuple(judged(one) for one in some)
        if said == table.get(face, ()):
            continue
        changed.add(face)
        if said:
            out[face] = said
        else:
            out.pop(face, None)
    return out, changed


def _load(cov: Coverage, balances: Balances, face: str) -> list[Problem]:
    it, model = cov.faces[face], balances.model
    if it.props.get("kind") == "special":
        return []
    load, label = balances.load_of(face), named(it)
    if load > model.most + 1e-9:
        return [
            problem(
                "load", face, f"网格 {label} 工作量 {load:.2f}，超出上限 {model.most:.2f}",
                f"Grid {label} has a load of {load:.2f}, above {model.most:.2f}.", extent=load,
            )
        ]  # fmt: skip
    if load < model.least - 1e-9:
        return [
            problem(
                "load", face, f"网格 {label} 工作量 {load:.2f}，低于下限 {model.least:.2f}",
                f"Grid {label} has a load of {load:.2f}, below {model.least:.2f}.", extent=-load, severity="warning",
            )
        ]  # fmt: skip
    return []


def _members(cov: Coverage, balances: Balances, communities: Collection[str | None]) -> dict[str | None, list[str]]:
    """Faces of communities, sorted."""
    if len(communities) <= _FEW:
        return {code: sorted(balances.members(code)) for code in communities}
    found: dict[str | None, list[str]] = {code: [] for code in communities}
    for face in sorted(cov.faces):
        if (own := cov.faces[face].community) in found:
            found[own].append(face)
    return found


def _names(cov: Coverage, community: str | None, members: list[str]) -> dict[str, list[Problem]]:
    """Names and codes of a community's grids: there, of the right form, and each given once."""
    by_name: dict[str, list[str]] = {}
    by_code: dict[str, list[str]] = {}
    for face in members:
        props = cov.faces[face].props
        by_name.setdefault(str(props.get("name") or "").strip(), []).append(face)
        if props.get("code"):
            by_code.setdefault(str(props["code"]), []).append(face)
    told: dict[str, list[Problem]] = {face: [] for face in members}
    for name, faces in by_name.items():
        for face in faces:
            label = named(cov.faces[face])
            if not name:
                told[face].append(problem("name", face, f"网格 {label} 没有名称", f"Grid {label} has no name."))
            elif len(faces) > 1:
                told[face].append(
                    problem(
                        "name", face, f"网格 {label} 与社区内另外 {len(faces) - 1} 个网格同名：{name}",
                        f"Grid {label} shares its name with {len(faces) - 1} more of its community: {name}.",
                        subject="twice",
                    )
                )  # fmt: skip
    for code, faces in by_code.items():
        for face in faces:
            told[face] += _code(face, code, community, faces)
    return told


def _code(face: str, code: str, community: str | None, faces: list[str]) -> list[Problem]:
    if len(faces) > 1:
        return [problem("code", face, f"编码 {code} 用了两次", f"The code {code} is used twice.", subject="twice")]
    if _CODE.fullmatch(code) is None:
        return [
            problem(
                "code", face, f"编码 {code} 不是 15 位数字或大写字母",
                f"The code {code} is not of 15 digits and capitals.",
                severity="warning", subject="form",
            )
        ]  # fmt: skip
    if community and not code.startswith(community):
        return [
            problem(
                "code", face, f"编码 {code} 不属于社区 {community}",
                f"The code {code} is not of community {community}.",
                severity="warning", subject="community",
            )
        ]  # fmt: skip
    return []
