"""Proposals over a connection: asked for at the door, worked out by the worker in bounded time, taken as one edit."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import shapely
import structlog
from shapely.geometry.base import BaseGeometry

from onemap.core.errors import BadInput, Conflict, OnemapError
from onemap.planning import book, log
from onemap.planning.coverage import Coverage, Face, FaceId
from onemap.planning.propose import desk
from onemap.planning.propose.desk import Job
from onemap.planning.propose.ground import ground_of
from onemap.planning.propose.search import Cancelled, Wish, partition
from onemap.planning.propose.telling import Means, Teller
from onemap.planning.workspace import coverage_at, workspaces
from onemap.store.db import Connection

logger = structlog.get_logger(__name__)
#: Seconds between two signs of life of a search; screens are told of every so much progress.
_BEAT_S, _TOLD = 1.0, 0.1


class Torn(BadInput):
    """A part of an option that would leave a grid in pieces; `members` says which grids to take along."""

    def __init__(self, name: str, along: Sequence[str] = ()) -> None:
        super().__init__(
            f"只取这一部分会把 {name} 断成几块，请连同它一起取 · "
            f"To take this part alone would tear {name} apart: take that grid as well",
            reason="torn",
        )
        self.members = {"grids": list(along) or [name]}


def ask(conn: Connection, key: str, asked: Mapping[str, Any], by: str, *, area: bytes | None = None) -> dict[str, Any]:
    """Put a question about a plan. Raises NotFound, Conflict (state, reload, busy), BadInput (no-units)."""
    plan = log.row(conn, key, area=area)
    log.editable(plan)
    if asked["version"] > plan["version"]:
        raise Conflict("版本不存在，请重新载入 · There is no such version: load the plan anew.", reason="reload")
    faces_of(coverage_at(conn, key, asked["version"]), asked)
    return desk.one(conn, key, desk.add(conn, key, asked["version"], asked, by))


def faces_of(cov: Coverage, asked: Mapping[str, Any]) -> list[FaceId]:
    """The grids that a question is about: those named, of a community, or all; none that is locked or special.

    A grid in several pieces stays as it is, too. Raises BadInput (no-face, no-units).
    """
    named: Collection[str] = asked.get("grids") or ()
    missing = [name for name in named if name not in cov.faces]
    if missing:
        raise BadInput(f"没有网格 {missing[0]} · There is no grid {missing[0]}", reason="no-face")
    community = asked.get("community")
    chosen = [
        name
        for name, face in cov.faces.items()
        if (not named or name in named)
        and (community is None or face.props.get("community_code") == community)
        and not face.locked
        and face.props.get("kind") != "special"
        and len(cov.outline(name).polygons) == 1
    ]
    if not chosen:
        raise BadInput(
            "没有可重划的网格：锁定、专属或分成几块的网格不动 · "
            "No grid to redraw: locked and special grids, and those in several pieces, stay as they are",
            reason="no-units",
        )
    return sorted(chosen)


def step(conn: Connection, *, short: bool = True) -> int:
    """Work out one question that waits; 0 when there is none. Makes its own transactions."""
    with conn.transaction():
        job = desk.claim(conn, short=short)
    if job is None:
        return 0
    try:
        _work(conn, job)
    except Cancelled:
        logger.info("proposal cancelled", proposal=job.id)
    except OnemapError as error:
        zh, _, en = error.message.partition(" · ")
        with conn.transaction():
            desk.end(conn, job, "failed", text=(zh, en or zh))
    except Exception:
        with conn.transaction():
            desk.end(conn, job, "failed", text=("计算出错，请重新提出", "The search failed; ask again"))
        raise
    return 1


def _work(conn: Connection, job: Job) -> None:
    asked = job.asked
    with conn.transaction():
        plan = log.row(conn, job.plan)
        workspace = workspaces.refreshed(conn, plan)
        cov = coverage_at(conn, job.plan, job.version)
    faces = faces_of(cov, asked)
    ground = ground_of(cov, workspace.facts, faces, units=asked["units"], barriers=asked["barriers"])
    wish = Wish(
        count=asked["count"], tolerance=asked["tolerance"], hard=asked["hard_barriers"], keep=asked["keep"],
        seconds=asked["seconds"], seed=job.id,
    )  # fmt: skip
    answer = partition(ground.units, wish, _Beat(conn, job).told)
    community = [cov.faces[ground.units.names[h]].props.get("community_code") for h in ground.units.home]
    means = Means.outside(cov, workspace.facts, faces)
    teller = Teller(ground, workspace.facts, community, means, workspace.labels, wish.tolerance)
    options = teller.options(answer)
    with conn.transaction():
        if desk.end(conn, job, "done", units=len(ground.units), today=teller.today()):
            shown = [(option.shown, option.grids) for option in options]
            desk.keep(conn, job, ground.units.geoms, teller.before, shown)
    logger.info("proposal done", proposal=job.id, units=len(ground.units), options=len(options), rounds=answer.rounds)


class _Beat:
    """Tells how far a search is, and ends it when it is no longer wanted."""

    def __init__(self, conn: Connection, job: Job) -> None:
        self.conn, self.job = conn, job
        self.next = time.monotonic()
        self.last = 0.0

    def told(self, share: float) -> None:
        """Hear the share of the time that is gone. Raises Cancelled."""
        if time.monotonic() < self.next:
            return
        self.next = time.monotonic() + _BEAT_S
        with self.conn.transaction():
            if not desk.beat(self.conn, self.job, share):
                raise Cancelled
            if share - self.last >= _TOLD:
                self.last = share
                desk.tell(self.conn, self.job.plan, self.job.version, self.job.by)


def adopt(
    conn: Connection,
    key: str,
    number: int,
    option: int,
    grids: Collection[str],
    by: str,
    *,
    seen: int | None = None,
    area: bytes | None = None,
) -> book.Done:
    """Take an option, whole or the ground that the named grids give or get, as one edit.

    `seen`: the version on the planner's screen; the option is fitted to the plan from the version it was made for.
    Raises NotFound, BadInput (torn: what is taken would tear a grid that is not), Conflict (state, conflict).
    """
    log.row(conn, key, area=area)
    taken = desk.taken(conn, key, number, option)
    cov = coverage_at(conn, key, taken.version)
    before, after = list(taken.before), list(taken.after)
    if grids:
        whole, after = after, _part(before, after, set(grids))
        if torn := _torn(taken.geoms, before, after):
            raise Torn(torn[0], _along(taken.geoms, before, whole, set(grids)))
    faces, parts = _parts(cov, taken.geoms, before, after)
    if not parts:
        raise BadInput("这个选项不改动任何网格 · This option changes nothing", reason="nothing")
    title = taken.title
    some = ("，部分" if grids else ""), (", in part" if grids else "")
    text = (f"采用建议：{title['zh']}{some[0]}", f"Took a proposal: {title['en']}{some[1]}")
    return book.adopt(conn, key, taken.version, faces, parts, text, by, seen=seen, area=area)


def _part(before: Sequence[str], after: Sequence[str], grids: AbstractSet[str]) -> list[str]:
    """Whose each unit is when only the ground is taken that those grids give or get."""
    return [b if a in grids or b in grids else a for a, b in zip(before, after, strict=True)]


def _torn(geoms: Any, before: Sequence[str], after: Sequence[str]) -> list[str]:
    """Grids that change and would lie in pieces."""
    changed = {name for a, b in zip(before, after, strict=True) if a != b for name in (a, b)}
    new: dict[str, list[int]] = {}
    for at, name in enumerate(after):
        if name in changed:
            new.setdefault(name, []).append(at)
    return [
        name for name in sorted(new) if len(shapely.get_parts(shapely.coverage_union_all(geoms[sorted(new[name])]))) > 1
    ]


def _along(geoms: Any, before: Sequence[str], after: Sequence[str], grids: AbstractSet[str]) -> list[str]:
    """The grids that have to be taken along with those, so that none is torn."""
    taken = set(grids)
    while more := set(_torn(geoms, before, _part(before, after, taken))) - taken:
        taken |= more
    return sorted(taken - grids)


def _parts(
    cov: Coverage, geoms: Any, before: Sequence[str], after: Sequence[str]
) -> tuple[list[FaceId], list[tuple[Face, BaseGeometry]]]:
    """The grids that change and what takes their place."""
    old: dict[str, set[int]] = {}
    new: dict[str, set[int]] = {}
    for at, (a, b) in enumerate(zip(before, after, strict=True)):
        old.setdefault(a, set()).add(at)
        new.setdefault(b, set()).add(at)
    changed = {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)}
    fresh = [name for name in sorted(new) if name not in cov.faces]
    ids = dict(zip(fresh, cov.next_ids(len(fresh)), strict=True))
    parts: list[tuple[Face, BaseGeometry]] = []
    for name in sorted(changed & new.keys()):
        own = sorted(new[name])
        shape = shapely.coverage_union_all(geoms[own])
        if name in cov.faces:
            face = cov.faces[name]
        else:
            # A new grid is like the one that most of its ground comes from, but for its code.
            areas: dict[str, float] = {}
            for at in own:
                areas[before[at]] = areas.get(before[at], 0.0) + geoms[at].area
            parent = cov.faces[max(areas, key=lambda one: areas[one])]
            face = Face(ids[name], {**parent.props, "code": None})
        if len(shapely.get_parts(shape)) > 1:
            raise Torn(name)
        parts.append((face, shape))
    return sorted(changed & old.keys()), parts
