"""The rules that are on, followed live: what a new reading concerns is weighed at once, everything else by the clock.

Time is that of the sources. A reading carries its subjects to its own instant; without one, windows slide and holding
times mature `GRACE_S` behind the clock, so that readings under way are not overtaken. What comes later still counts
from where its subject stands.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import structlog

from onemap.core import clock
from onemap.core.errors import OnemapError
from onemap.core.settings import CaseSettings
from onemap.store.db import Connection
from onemap.store.sqlfile import sql
from onemap.warnings import lifecycle
from onemap.warnings.rules.around import Around
from onemap.warnings.rules.cause import claim_of, join_of
from onemap.warnings.rules.engine import Memory, Step, weigh
from onemap.warnings.rules.plan import Plan
from onemap.warnings.rules.steps import EMPTY, SECOND, Stream, instant, micros
from onemap.warnings.rules.supply import AGE_S, readings_of

log = structlog.get_logger(__name__)

#: Readings may come so late without being overtaken by the clock.
GRACE_S = 20.0
#: Seconds between looks: at the clock, at events, at objects and wires, at readings that came out of order.
TICK_S, EVENTS_S, RELOAD_S, REREAD_S = 3.0, 1.0, 60.0, 900.0
#: Subjects that one round weighs by the clock: readings wait for no more.
MOST_TICKED = 500
#: A warning that began and ended so long ago is history: a follower that was away does not tell it.
OLD = 3600 * SECOND
HOUR = 3600 * SECOND
_KEEP_DAYS = 100


@dataclass
class Follower:
    """What one worker holds of the rules; the truth is in the database, and a failed round forgets everything here."""

    around: Around
    clocks: CaseSettings
    plans: dict[str, Plan] = field(default_factory=dict)
    readings: dict[int, Stream] = field(default_factory=dict)
    weighed: int = 0
    _seen: dict[str, int] = field(default_factory=dict)  # when each kind of look was last taken, µs
    _changed: dict[str, set[str]] = field(default_factory=dict)  # by rule, whose memory is to be written
    _conn: Connection | None = None

    def step(self, conn: Connection, *, now: datetime | None = None) -> int:
        """One round, in the caller's transaction; returns the changes of levels. `now` is for replays."""
        at = micros(now or clock.now())
        if conn is not self._conn:  # a round may have been lost with the connection before: memory would be ahead
            self.forget()
            self._conn = conn
        try:
            return self._step(conn, at)
        except BaseException:
            self.forget()
            raise

    def forget(self) -> None:
        """Start anew from the database."""
        self.plans, self.readings, self._seen, self._changed = {}, {}, {}, {}

    def watched(self) -> dict[str, int]:
        """Numbers for the metrics: rules that are on, their subjects, and those with an input that is not known."""
        return {
            "rules": len(self.plans),
            "subjects": sum(len(plan.subjects) for plan in self.plans.values()),
            "raised": sum(memory.level is not None for plan in self.plans.values() for memory in plan.memory.values()),
            "unknown": sum(bool(names) for plan in self.plans.values() for names in plan.unknown.values()),
        }

    def _step(self, conn: Connection, at: int) -> int:
        turn = conn.execute("SELECT pg_try_advisory_xact_lock(hashtext('onemap.rules')) AS mine").fetchone()
        if turn is None or not turn["mine"]:  # another worker follows; what we hold would grow old
            self.forget()
            return 0
        self._plan(conn, at)
        due = self._news(conn, at)
        if self._time(at, "events", EVENTS_S):
            self._events(conn, at, due)
        if self._time(at, "tick", TICK_S):
            self._tick(at, due)
        steps = self._weigh(at, due)
        done = self._tell(conn, steps, at)
        self._keep(conn, at)
        return done

    def _time(self, at: int, what: str, every_s: float) -> bool:
        if what in self._seen and 0 <= at - self._seen[what] < every_s * SECOND:
            return False
        self._seen[what] = at
        return True

    def _plan(self, conn: Connection, at: int) -> None:
        """Take in rules that were switched on or off or changed, and once a minute the objects there are."""
        rows = conn.execute("SELECT key, version, spec, frontier_at FROM rule WHERE enabled ORDER BY key").fetchall()
        anew = self._time(at, "reload", RELOAD_S)
        stands = {row["key"]: row["version"] for row in rows}
        if not anew and stands == {key: plan.version for key, plan in self.plans.items()}:
            return
        plans: dict[str, Plan] = {}
        for row in rows:
            before = self.plans.get(row["key"])
            if before is not None and before.version == row["version"] and not anew:
                plans[row["key"]] = before
                continue
            try:
                plan = Plan.made(conn, row, self.around, at)
            except OnemapError as error:
                log.warning("rule cannot run", rule=row["key"], error=error.message)
                continue
            if before is not None and before.version == plan.version:
                plan.memory |= {key: memory for key, memory in before.memory.items() if key in plan.memory}
                plan.told_at, plan.unknown = before.told_at, before.unknown
                self._leave(conn, plan, set(before.memory) - set(plan.memory))
            if row["frontier_at"] is None:
                conn.execute("UPDATE rule SET frontier_at = %s WHERE key = %s", (instant(at), row["key"]))
            plans[row["key"]] = plan
        self.plans = plans
        self._read(conn, at)
        self._seen.pop("events", None)
        self._seen.pop("tick", None)

    def _leave(self, conn: Connection, plan: Plan, gone: set[str]) -> None:
        """Objects that the rule applies to no more hold nothing up."""
        for subject in sorted(gone):
            lifecycle.release(conn, subject, f"rule:{plan.key}", "ended", self.clocks,
                              text_zh="规则不再适用于该对象", text_en="The rule applies to it no more")  # fmt: skip
        conn.execute("DELETE FROM rule_state WHERE rule_key = %s AND subject = ANY(%s)", (plan.key, sorted(gone)))

    def _read(self, conn: Connection, at: int) -> None:
        """Load the readings of datastreams that are new here; now and then all of them, for what came out of order."""
        wanted = {i for plan in self.plans.values() for i in plan.supply.ids}
        if self._time(at, "reread", REREAD_S):
            self.readings = {}
        fresh = wanted - self.readings.keys()
        if fresh:
            low = min((m.at for plan in self.plans.values() for m in plan.memory.values()), default=at)
            reach = max((plan.supply.reach_s for plan in self.plans.values()), default=0.0)
            ages = any(one.aggregate == "age_s" for plan in self.plans.values() for one in plan.ready.rule.inputs)
            self.readings |= readings_of(
                conn, fresh, min(low, at) - round(reach * SECOND) - OLD, at + OLD, far_s=AGE_S if ages else 0.0
            )
        for gone in self.readings.keys() - wanted:
            del self.readings[gone]

    def _news(self, conn: Connection, at: int) -> dict[tuple[str, str], int]:
        """Take in new readings; returns whom they concern, with the newest instant of each."""
        due: dict[tuple[str, str], int] = {}
        if not self.readings:
            return due
        ids = sorted(self.readings)
        rows = conn.execute(
            "SELECT id, last_at FROM datastream WHERE id = ANY(%s) AND last_at IS NOT NULL", (ids,)
        ).fetchall()
        moved = {
            row["id"]: self._last(row["id"], at) for row in rows if micros(row["last_at"]) > self._last(row["id"], at)
        }
        if not moved:
            return due
        asked = {"ids": list(moved), "ats": [instant(known) for known in moved.values()]}
        fresh: dict[int, tuple[list[int], list[float]]] = {}
        for row in conn.execute(sql("rule_news"), asked).fetchall():
            times, values = fresh.setdefault(row["id"], ([], []))
            times.append(micros(row["at"]))
            values.append(row["value"])
        for stream, (times, values) in fresh.items():
            self._append(stream, times, values, at)
            for plan in self.plans.values():
                for subject in plan.by_stream.get(stream, ()):
                    key = (plan.key, subject)
                    due[key] = max(due.get(key, 0), times[-1])
        return due

    def _last(self, stream: int, at: int) -> int:
        known = self.readings[stream].times
        return int(known[-1]) if len(known) else at - round(AGE_S * SECOND)

    def _append(self, stream: int, times: list[int], values: list[float], at: int) -> None:
        held = self.readings.get(stream, EMPTY)
        reach = max((plan.supply.reach_s for plan in self.plans.values() if stream in plan.by_stream), default=0.0)
        # One reading older than every window is kept, for ages.
        oldest = at - round(reach * SECOND) - 2 * OLD
        first = max(0, int(np.searchsorted(held.times, oldest)) - 1)
        self.readings[stream] = Stream(
            np.concatenate((held.times[first:], np.array(times, np.int64))),
            np.concatenate((held.values[first:], np.array(values, np.float64))),
        )

    def _events(self, conn: Connection, at: int, due: dict[tuple[str, str], int]) -> None:
        """Look at everything that is no reading; what changed is weighed."""
        conn.execute(sql("rule_feeds_heard"))
        for plan in self.plans.values():
            slow = any(one.kind in ("heat", "bulletin", "hazard_level") for one in plan.ready.rule.inputs)
            if not plan.eventful or not self._time(at, f"events {plan.key}", 30.0 if slow else EVENTS_S):
                continue
            low = min((memory.at for memory in plan.memory.values()), default=at)
            for subject in plan.supply.load_events(conn, min(low, at), at, live=True):
                due.setdefault((plan.key, subject), 0)

    def _tick(self, at: int, due: dict[tuple[str, str], int]) -> None:
        """The clock: subjects that were not weighed for a while, those that are furthest behind first."""
        behind = at - round((GRACE_S + TICK_S) * SECOND)
        waiting = [
            (memory.at, plan.key, subject)
            for plan in self.plans.values()
            for subject, memory in plan.memory.items()
            if (
                subject not in plan.unknown or memory.at <= (at if plan.clocked else behind)
            )  # never weighed here, or late
            and (plan.key, subject) not in due
        ]
        for _, rule, subject in sorted(waiting)[:MOST_TICKED]:
            due[rule, subject] = 0

    def _weigh(self, at: int, due: Mapping[tuple[str, str], int]) -> list[tuple[Plan, str, Step]]:
        found: list[tuple[Plan, str, Step]] = []
        began = time.monotonic()
        for (rule, subject), newest in due.items():
            plan = self.plans[rule]
            memory = plan.memory[subject]
            hi = at if plan.clocked else min(at, max(newest, at - round(GRACE_S * SECOND)))
            hi = max(hi, memory.at)
            inputs = plan.supply.steps(subject, self.readings, memory.at, hi)
            weighed = weigh(plan.ready, plan.subjects[subject], inputs, memory, hi, self.around.zone)
            plan.memory[subject] = weighed.memory
            plan.unknown[subject] = weighed.unknown
            if weighed.memory.levels != memory.levels:
                self._changed.setdefault(rule, set()).add(subject)
            found += [(plan, subject, step) for step in _recent(weighed.steps, at)]
            if not weighed.steps and weighed.memory.level is not None:
                found += self._renewed(plan, subject, weighed.memory, hi, inputs)
            self.weighed += 1
        log.debug("rules weighed", subjects=len(due), ms=round((time.monotonic() - began) * 1000, 1))
        return found

    def _renewed(
        self, plan: Plan, subject: str, memory: Memory, hi: int, inputs: Mapping[str, Any]
    ) -> list[tuple[Plan, str, Step]]:
        """A claim that goes on standing is laid again before its validity is over."""
        half = round(plan.ready.rule.valid_h * 1800 * SECOND)
        if hi - plan.told_at.get(subject, 0) < half:
            return []
        level = memory.level
        assert level is not None  # noqa: S101  (the caller looked)
        values = {name: float(steps.values[-1]) for name, steps in inputs.items()}
        known = {name: value if np.isfinite(value) else None for name, value in values.items()}
        return [(plan, subject, Step(hi, level, known, memory.levels[level].since))]

    def _tell(self, conn: Connection, steps: list[tuple[Plan, str, Step]], at: int) -> int:
        """Lay and lift claims, all in one turn and in order of time."""
        if not steps:
            return 0
        steps.sort(key=lambda one: one[2].at)
        turns = {subject for _, subject, _ in steps}
        joins = {join_of(plan.ready.rule, plan.subjects[subject]) for plan, subject, _ in steps}
        lifecycle.lock(conn, turns | {f"join:{join}" for join in joins if join})
        for plan, subject, step in steps:
            said_at = instant(at)
            try:
                if step.level is None:
                    plan.told_at.pop(subject, None)
                    lifecycle.release(
                        conn, subject, f"rule:{plan.key}", "fell_back", self.clocks, at=said_at,
                        text_zh=f"规则“{plan.ready.rule.title.zh}”的条件已解除",
                        text_en=f"The conditions of “{plan.ready.rule.title.en}” hold no more",
                    )  # fmt: skip
                else:
                    plan.told_at[subject] = step.at
                    claim = claim_of(plan.supply, plan.subjects[subject], step)
                    lifecycle.claim(conn, claim, self.clocks, at=said_at)
            except OnemapError as error:
                log.warning("rule cannot warn", rule=plan.key, subject=subject, error=error.message)
        return len(steps)

    def _keep(self, conn: Connection, at: int) -> None:
        """Write what is remembered; now and then how far everybody is."""
        for rule, subjects in self._changed.items():
            if rule in self.plans:
                self.plans[rule].write(conn, subjects & self.plans[rule].memory.keys())
        self._changed.clear()
        if self._time(at, "frontier", 10.0):
            for plan in self.plans.values():
                low = min((memory.at for memory in plan.memory.values()), default=at)
                conn.execute(
                    "UPDATE rule SET frontier_at = %s, last_run_at = %s WHERE key = %s",
                    (instant(low), instant(at), plan.key),
                )
        if self._time(at, "tidy", 3600.0):
            conn.execute("DELETE FROM feed_heard WHERE minute < %s", (instant(at - _KEEP_DAYS * 24 * HOUR),))


def _recent(steps: list[Step], at: int) -> list[Step]:
    """What is still news: everything of the last hour, and of what is older the state it left."""
    old = [step for step in steps if step.at < at - OLD]
    return [*old[-1:], *steps[len(old) :]]
