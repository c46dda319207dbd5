"""The state machine of one level of a rule over one subject: hysteresis, a holding time, and nothing by guessing.

Between two instants nothing changes, so a holding time matures exactly `hold` after its run began, whether or not
something comes in then. An answer that is not known (-1) neither raises nor ends and lets no holding time mature; the
run that was waiting goes on when the condition is next found true.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

TRUE, FALSE, UNKNOWN = 1, 0, -1


@dataclass(frozen=True, slots=True)
class LevelState:
    """What a level remembers: since when its run goes, whether the condition is true now, whether it is raised."""

    since: int | None = None  # µs
    met: bool = False
    raised: bool = False


REST = LevelState()


@dataclass(frozen=True, slots=True)
class Change:
    """The instant at which a level rose (its run began at `since`) or fell."""

    at: int
    raised: bool
    since: int | None


def run(
    state: LevelState, answers: Iterable[tuple[int, int, int]], hold: int, hi: int, *, hysteresis: bool
) -> tuple[LevelState, list[Change]]:
    """Take (instant, when, until) in time order through the machine, up to `hi`: the state, and when it rose or fell.

    With `hysteresis` a raised level ends where `until` is true and `when` is not, else where `when` is false. Instants
    at which neither answer changes may be left out.
    """
    since, met, raised = state.since, state.met, state.raised
    changes: list[Change] = []
    for at, when, until in answers:
        if not raised and met and since is not None and since + hold < at:
            raised = True
            changes.append(Change(since + hold, True, since))
        if raised:
            if (until == TRUE and when != TRUE) if hysteresis else when == FALSE:
                raised, since, met = False, None, False
                changes.append(Change(at, False, None))
        elif when == TRUE:
            since, met = (at if since is None else since), True
            if at - since >= hold:
                raised = True
                changes.append(Change(at, True, since))
        elif when == FALSE:
            since, met = None, False
        else:
            met = False
    if not raised and met and since is not None and since + hold <= hi:
        raised = True
        changes.append(Change(since + hold, True, since))
    return LevelState(since, met, raised), changes
