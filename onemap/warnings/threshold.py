"""The state machine of one threshold: hysteresis, a holding time measured on reading times, and no way back in time.

A reading *meets* a threshold when `value op enter` is true. The threshold is raised by a reading that meets it when all
readings since at least `hold_s` seconds earlier met it too (`since` is the first of that run); one that does not meet
it breaks a run that is still waiting. Once raised it stays so while `value op leave` holds: between `leave` and `enter`
it rests as it is.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}


@dataclass(frozen=True, slots=True)
class Threshold:
    """A rule on one datastream: past `enter` for `hold_s` seconds its hazard point is at `level` (1 is worst)."""

    key: str
    datastream_key: str
    hazard_key: str
    level: int
    op: str
    enter: float
    leave: float
    hold_s: float = 0.0


@dataclass(frozen=True, slots=True)
class State:
    """What a threshold remembers between readings: enough to go on after a restart as if there had been none."""

    last_at: datetime
    last_value: float
    since: datetime | None = None
    raised: bool = False


@dataclass(frozen=True, slots=True)
class Transition:
    """The reading at which a threshold was raised or left; `since` is when the run that raised it began."""

    threshold: Threshold
    at: datetime
    value: float
    since: datetime
    raised: bool


def run(
    rule: Threshold, state: State | None, readings: Iterable[tuple[datetime, float]]
) -> tuple[State | None, list[Transition]]:
    """Take (time, value) readings in time order through the machine: the new state, and what changed on the way.

    A reading not newer than the last one taken changes nothing: neither late data nor the same data twice can move the
    state. Values that are not finite say nothing and are passed over. A `leave` beyond `enter` counts as `enter`, since
    otherwise one steady value would raise and end for ever. Raises KeyError for an unknown operator.
    """
    meets = OPERATORS[rule.op]
    enter, leave, hold_s = rule.enter, rule.leave, rule.hold_s
    last_at = state.last_at if state else None
    last_value = state.last_value if state else math.nan
    since = state.since if state else None
    raised = state.raised if state else False
    transitions: list[Transition] = []
    for at, value in readings:
        if not math.isfinite(value) or (last_at is not None and at <= last_at):
            continue
        last_at, last_value = at, value
        if raised:
            if not (meets(value, leave) or meets(value, enter)):
                transitions.append(Transition(rule, at, value, since or at, raised=False))
                raised, since = False, None
        elif not meets(value, enter):
            since = None
        else:
            since = since or at
            if (at - since).total_seconds() >= hold_s:
                raised = True
                transitions.append(Transition(rule, at, value, since, raised=True))
    if last_at is None:
        return None, transitions
    return State(last_at, last_value, since, raised), transitions
