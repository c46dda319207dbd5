"""A rule over one subject: inputs in, rises and falls of its levels out. The live follower and the dry-run both ask it.

What is decided depends on the readings and on where the rule was switched on, not on how the time between is cut into
pieces: `weigh(lo, mid)` and then `weigh(mid, hi)` say what `weigh(lo, hi)` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from onemap.core.clock import zone_of
from onemap.core.errors import BadInput
from onemap.warnings.rules.conditions import SUBJECT, Condition, Fault, compile_condition, known
from onemap.warnings.rules.ground import Subject
from onemap.warnings.rules.machine import FALSE, REST, TRUE, Change, LevelState, run
from onemap.warnings.rules.plain import Answers, Plain, plain
from onemap.warnings.rules.spec import Calendar, Rule
from onemap.warnings.rules.steps import MINUTE, Steps, Times, Values, instant

#: Every zone's clock stands at a whole hour at some of these.
_QUARTER = 15 * MINUTE
#: Below this CEL itself is as fast as a column.
_FEW = 4


@dataclass(frozen=True)
class Test:
    """A condition ready for use."""

    condition: Condition
    bulk: Plain | None


@dataclass(frozen=True)
class Compiled:
    """A rule ready for use: worst level first."""

    rule: Rule
    names: tuple[str, ...]
    levels: tuple[tuple[int, Test, Test | None, int], ...]  # level, when, until, hold in µs


@dataclass(frozen=True)
class Memory:
    """What a rule remembers of a subject: up to when it was weighed, and each level's state."""

    at: int
    levels: Mapping[int, LevelState] = field(default_factory=dict)

    @property
    def level(self) -> int | None:
        """The worst level raised."""
        return min((level for level, state in self.levels.items() if state.raised), default=None)

    @property
    def resting(self) -> bool:
        """Whether nothing is raised or waiting."""
        return not any(state.raised or state.since is not None for state in self.levels.values())


@dataclass(frozen=True)
class Step:
    """From this instant the subject stands at a level (None: at none), because of these inputs, true since then."""

    at: int
    level: int | None
    values: dict[str, float | None]
    since: int | None


@dataclass(frozen=True)
class Weighed:
    """What came of weighing: the new memory, the changes of the subject's level, how many instants were looked at."""

    memory: Memory
    steps: list[Step]
    instants: int
    unknown: tuple[str, ...]  # inputs that are not known at the end


def compiled(rule: Rule) -> Compiled:
    """The rule made ready. Raises BadInput (reason "rule") where a condition has a fault."""
    names = frozenset(one.name for one in rule.inputs)
    levels = []
    for one in sorted(rule.levels, key=lambda level: level.level):
        until = _test(one.until, names) if one.until else None
        levels.append((one.level, _test(one.when, names), until, round(one.hold_s * 1e6)))
    return Compiled(rule, tuple(one.name for one in rule.inputs), tuple(levels))


def _test(text: str, names: frozenset[str]) -> Test:
    found = compile_condition(text, names)
    if isinstance(found, Fault):
        raise BadInput(found.message, reason="rule")
    return Test(found, plain(text))


def weigh(
    ready: Compiled, subject: Subject, inputs: Mapping[str, Steps], memory: Memory, hi: int, zone: str
) -> Weighed:
    """Take a subject from where its memory ends up to `hi` (µs): inputs must begin there.

    The instant at which the memory ends is looked at again: what came too late to be seen then counts from there on.
    """
    lo = memory.at
    marks = [steps.times for steps in inputs.values()]
    calendar = ready.rule.calendar
    if calendar is not None:
        marks.append(np.arange(-(-(lo + 1) // _QUARTER) * _QUARTER, hi + 1, _QUARTER, dtype=np.int64))
    times = np.unique(np.concatenate((np.array([lo], np.int64), *marks)))
    columns = {name: steps.at(times) for name, steps in inputs.items()}
    applies = within(calendar, times, zone) if calendar is not None else None
    changes: list[tuple[int, Change]] = []
    states: dict[int, LevelState] = {}
    for level, when, until, hold in ready.levels:
        w = answers_of(when, columns, subject, len(times))
        u = answers_of(until, columns, subject, len(times)) if until is not None else w
        if applies is not None:
            w, u = np.where(applies, w, np.int8(FALSE)), np.where(applies, u, np.int8(TRUE if until else FALSE))
        moved = np.concatenate(([True], (w[1:] != w[:-1]) | (u[1:] != u[:-1])))
        taken = zip(times[moved].tolist(), w[moved].tolist(), u[moved].tolist(), strict=True)
        states[level], found = run(memory.levels.get(level, REST), taken, hold, hi, hysteresis=until is not None)
        changes += [(level, change) for change in found]
    unknown = tuple(name for name, column in columns.items() if np.isnan(column[-1]))
    after = Memory(hi, states)
    return Weighed(after, _steps(memory, changes, times, columns), len(times), unknown)


def _steps(
    before: Memory, changes: list[tuple[int, Change]], times: Times, columns: Mapping[str, Values]
) -> list[Step]:
    """The changes of the subject's own level: the worst of those raised; changes at one instant are one."""
    raised = {level: state.since for level, state in before.levels.items() if state.raised}
    level, steps = before.level, []
    changes.sort(key=lambda change: change[1].at)
    for k, (of, change) in enumerate(changes):
        if change.raised:
            raised[of] = change.since
        else:
            raised.pop(of, None)
        if k + 1 < len(changes) and changes[k + 1][1].at == change.at:
            continue
        now = min(raised, default=None)
        if now == level:
            continue
        where = int(np.searchsorted(times, change.at, side="right")) - 1
        values = {name: _plain(float(column[where])) for name, column in columns.items()}
        steps.append(Step(change.at, now, values, raised[now] if now is not None else None))
        level = now
    return steps


def _plain(value: float) -> float | None:
    return value if np.isfinite(value) else None


def answers_of(test: Test, columns: Mapping[str, Values], subject: Subject, n: int) -> Answers:
    """The answers of a condition at `n` instants, in bulk where it is plain, else each set of values once by CEL."""
    if test.bulk is not None and n >= _FEW:
        found = test.bulk.answers(columns, subject.attributes, n)
        if found is not None:
            return found
    out = np.empty(n, np.int8)
    names = list(columns)
    table = np.stack([columns[name] for name in names], axis=1) if names else np.empty((n, 0))
    seen: dict[bytes, int] = {}
    for i in range(n):
        key = table[i].tobytes()
        answer = seen.get(key)
        if answer is None:
            holds = test.condition.holds({**known(names, table[i].tolist()), SUBJECT: subject.attributes})
            answer = seen[key] = -1 if holds is None else int(holds)
        out[i] = answer
    return out


def within(calendar: Calendar, times: Times, zone: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """At which instants the calendar applies, on the clock of an IANA zone."""
    quarters, back = np.unique(times // _QUARTER, return_inverse=True)
    applies = [_applies(calendar, quarter, zone) for quarter in quarters.tolist()]
    return np.array(applies, bool)[back]


@lru_cache(maxsize=100_000)
def _applies(calendar: Calendar, quarter: int, zone: str) -> bool:
    there = instant(quarter * _QUARTER).astimezone(zone_of(zone))
    first, last = calendar.span()
    by_day = first < last
    inside = first <= there.hour < last if by_day else there.hour >= first or there.hour < last
    # The hours after midnight belong to the day on which the night began.
    day = there.weekday() if by_day or there.hour >= first else (there.weekday() - 1) % 7
    return (
        inside
        and (not calendar.months or there.month in calendar.months)
        and (not calendar.weekdays or day in calendar.weekdays)
    )
