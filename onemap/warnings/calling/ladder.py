"""The ladder of one grid: whom to call next, what a silence does, when it becomes loud. Plain data, no database.

grid → community → street → district; on each rung the duty's ranks in turn. Each call has a deadline; past it, or when
the team declines, the next is called. Past the last rung the grid is `unanswered` and stays so, while rounds of calls
go on at growing intervals, until somebody answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

Rung = Literal["grid", "community", "street", "district"]
State = Literal["waiting", "calling", "answered", "confirmed", "unanswered", "closed"]
RUNGS: tuple[Rung, ...] = ("grid", "community", "street", "district")
#: States in which nobody has answered.
OPEN: frozenset[State] = frozenset({"waiting", "calling", "unanswered"})
ANSWERED: frozenset[State] = frozenset({"answered", "confirmed"})

#: Teams on duty by rung, each as (team, rank), first rank first.
Chain = Sequence[Sequence[tuple[str, int]]]


@dataclass(frozen=True, slots=True)
class Pace:
    """What a template asks at one level; seconds."""

    start_s: float  # the ladder starts by itself after so long
    answer_s: tuple[float, float, float, float]  # deadline on each rung
    second_s: float | None  # a second confirmation is due so long after the answer
    report_s: float | None  # interval of situation reports
    first: Rung
    again_s: float  # rest before the second round of calls; doubled each round
    again_most_s: float


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one grid stands on its ladder."""

    state: State = "waiting"
    rung: Rung | None = None  # on which a call runs, or was answered; none between two rounds
    team: str | None = None  # being called, or who answered
    called: frozenset[str] = frozenset()  # in this round
    round: int = 0
    due_at: datetime | None = None  # when it has to move on
    second: bool = False  # called again because a second confirmation is missing


@dataclass(frozen=True, slots=True)
class Made:
    """One step: a team is called on a rung, or nobody has its duty (no team)."""

    rung: Rung
    team: str | None
    rank: int


def move(now: Standing, chain: Chain, pace: Pace, at: datetime) -> tuple[Standing, list[Made]]:
    """What happens when a standing is due at `at`, with the teams that are on duty then.

    A ladder that waits starts; a call past its deadline climbs; a rest between rounds ends; an answer that was not
    confirmed a second time is asked for again, of the same team first.
    """
    if now.state == "waiting":
        return climb(replace(now, state="calling", round=1, called=frozenset(), rung=None), chain, pace, at)
    if now.state == "answered":
        again = replace(now, state="calling", round=1, called=frozenset(), second=True)
        if now.rung is None or now.team is None:  # written down without a call
            return climb(replace(again, rung=None), chain, pace, at)
        due = at + timedelta(seconds=pace.answer_s[RUNGS.index(now.rung)])
        rank = next((rank for team, rank in chain[RUNGS.index(now.rung)] if team == now.team), 1)
        return replace(again, called=frozenset({now.team}), due_at=due), [Made(now.rung, now.team, rank)]
    if now.state == "unanswered" and now.rung is None:
        return climb(replace(now, round=now.round + 1, called=frozenset()), chain, pace, at)
    if now.state in ("calling", "unanswered"):
        return climb(now, chain, pace, at)
    return replace(now, due_at=None), []


def climb(now: Standing, chain: Chain, pace: Pace, at: datetime) -> tuple[Standing, list[Made]]:
    """Call the next team that was not called in this round; past the last rung, be unanswered and rest.

    Rungs passed on the way because nobody has their duty are steps too.
    """
    made: list[Made] = []
    here = RUNGS.index(now.rung or pace.first)
    for index in range(here, len(RUNGS)):
        rung = RUNGS[index]
        if not chain[index] and (now.rung is None or index > here):
            made.append(Made(rung, None, 1))
        for team, rank in chain[index]:
            if team not in now.called:
                made.append(Made(rung, team, rank))
                due = at + timedelta(seconds=pace.answer_s[index])
                return replace(now, rung=rung, team=team, called=now.called | {team}, due_at=due), made
    rest = min(pace.again_most_s, pace.again_s * 2.0 ** min(now.round - 1, 30))
    return replace(now, state="unanswered", rung=None, team=None, due_at=at + timedelta(seconds=rest)), made


def answer(now: Standing, rung: Rung | None, team: str | None, second_due_at: datetime | None) -> Standing:
    """Somebody answered: nothing more is called until the second confirmation is due."""
    if now.state not in OPEN:
        return now
    return replace(now, state="answered", rung=rung, team=team, due_at=second_due_at, second=False)


def confirm(now: Standing) -> Standing:
    """The second confirmation came: the grid rests. One that was asked again for it has both with this."""
    if now.state == "answered" or (now.state in OPEN and now.second):
        return replace(now, state="confirmed", due_at=None, second=False)
    return now


def decline(now: Standing, team: str, chain: Chain, pace: Pace, at: datetime) -> tuple[Standing, list[Made]]:
    """The team being called cannot go: the next is called at once. From anybody else it changes nothing."""
    if now.state in ("calling", "unanswered") and now.rung is not None and now.team == team:
        return climb(now, chain, pace, at)
    return now, []


def loudest(states: Sequence[State]) -> str:
    """What the warning's banner says of all its grids: the worst of them."""
    for state in ("unanswered", "calling", "waiting", "answered", "confirmed"):
        if state in states:
            return state
    return "closed" if states else "none"
