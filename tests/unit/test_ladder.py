"""The ladder against a plain state machine: random silences, answers, declines, upgrades, changes of duty, restarts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onemap.core.errors import SetupError
from onemap.core.settings import CallSettings, Settings
from onemap.warnings.calling import template
from onemap.warnings.calling.ladder import (
    RUNGS,
    Chain,
    Pace,
    Standing,
    answer,
    confirm,
    decline,
    loudest,
    move,
)

T0 = datetime(2026, 7, 1, tzinfo=UTC)
TEAMS = ("a", "b", "c", "d", "e")
PACE = Pace(0.0, (300.0, 200.0, 100.0, 50.0), 900.0, 600.0, "grid", 60.0, 240.0)


@dataclass
class Plain:
    """The same ladder told as a story: a list of whom to ask in this round, asked one after the other."""

    state: str = "waiting"
    asked: list[str] = field(default_factory=list)  # in this round
    place: int | None = None  # the rung on which somebody is being asked, or answered
    who: str | None = None
    round: int = 0
    due: datetime | None = T0
    second: bool = False

    def ask_next(self, chain: Chain, at: datetime) -> list[str | None]:
        """Whom it rings: a team's key, or None for each rung found empty."""
        rang: list[str | None] = []
        place = 0 if self.place is None else self.place
        fresh = self.place is None
        while place < 4:
            if fresh and not chain[place]:
                rang.append(None)
            left = [team for team, _ in chain[place] if team not in self.asked]
            if left:
                self.place, self.who = place, left[0]
                self.asked.append(left[0])
                self.due = at + timedelta(seconds=PACE.answer_s[place])
                return [*rang, left[0]]
            place, fresh = place + 1, True
        self.state, self.place, self.who = "unanswered", None, None
        self.due = at + timedelta(seconds=min(240.0, 60.0 * 2 ** (self.round - 1)))
        return rang

    def time_is_up(self, chain: Chain, at: datetime) -> list[str | None]:
        if self.state == "waiting":
            self.state, self.round, self.asked, self.place = "calling", 1, [], None
        elif self.state == "answered":
            self.state, self.second, self.round = "calling", True, 1
            assert self.place is not None and self.who is not None
            self.asked = [self.who]
            self.due = at + timedelta(seconds=PACE.answer_s[self.place])
            return [self.who]
        elif self.state == "unanswered" and self.place is None:
            self.round, self.asked = self.round + 1, []
        return self.ask_next(chain, at)

    def as_standing(self) -> Standing:
        rung = None if self.place is None else RUNGS[self.place]
        return Standing(self.state, rung, self.who, frozenset(self.asked), self.round, self.due, self.second)  # type: ignore[arg-type]


rung = st.lists(st.sampled_from(TEAMS), max_size=3, unique=True).map(lambda ts: [(t, n + 1) for n, t in enumerate(ts)])
chains = st.lists(rung, min_size=4, max_size=4)
acts = st.tuples(
    st.sampled_from(["silence", "answer", "decline", "confirm", "upgrade", "wait", "restart"]),
    chains,
    st.integers(0, 400),
)


@settings(max_examples=500, deadline=None)
@given(st.lists(acts, max_size=25))
def test_the_ladder_is_the_plain_state_machine(story: list[tuple[str, Chain, int]]) -> None:
    now, plain, at = Standing(due_at=T0), Plain(), T0
    for act, chain, seconds in story:
        rang: list[str | None] = []
        made: list[str | None] = []
        if act in ("silence", "wait"):
            at = max(at, plain.due) if act == "silence" and plain.due else at + timedelta(seconds=seconds)
            if plain.due is not None and plain.due <= at:
                rang = plain.time_is_up(chain, at)
            if now.due_at is not None and now.due_at <= at:
                now, steps = move(now, chain, PACE, at)
                made = [step.team for step in steps]
        elif act == "answer" and plain.who is not None and plain.state in ("calling", "unanswered"):
            due = at + timedelta(seconds=900)
            now = answer(now, now.rung, now.team, due)
            plain.state, plain.due, plain.second = "answered", due, False
        elif act == "decline" and plain.who is not None and plain.state in ("calling", "unanswered"):
            now, steps = decline(now, plain.who, chain, PACE, at)
            rang, made = plain.ask_next(chain, at), [step.team for step in steps]
            assert decline(now, "nobody", chain, PACE, at) == (now, [])
        elif act == "confirm":
            now = confirm(now)
            if plain.state == "answered" or (plain.state in ("calling", "unanswered") and plain.second):
                plain.state, plain.due, plain.second = "confirmed", None, False
        elif act == "upgrade":
            now, plain = Standing(due_at=at), Plain(due=at)
        elif act == "restart":  # what a row keeps is all there is
            row = (now.state, now.rung, now.team, sorted(now.called), now.round, now.due_at, now.second)
            now = Standing(row[0], row[1], row[2], frozenset(row[3]), *row[4:])
        assert made == rang, act
        assert now == plain.as_standing(), act


@settings(max_examples=200, deadline=None)
@given(chains, st.integers(1, 5))
def test_silence_is_loud_after_the_whole_chain_and_stays_so(chain: Chain, rounds: int) -> None:
    now, at = Standing(due_at=T0), T0
    longest = timedelta(seconds=sum(PACE.answer_s[n] * len(teams) for n, teams in enumerate(chain)))
    now, _ = move(now, chain, PACE, at)
    while now.state != "unanswered":
        assert now.due_at is not None and now.due_at > at
        at = now.due_at
        now, _ = move(now, chain, PACE, at)
    assert at <= T0 + longest
    for _ in range(rounds * 6):
        assert now.due_at is not None and now.due_at > at  # it always goes on, and never without a pause
        at = now.due_at
        now, _ = move(now, chain, PACE, at)
        assert now.state == "unanswered"


def test_the_loudest_state_speaks_for_all() -> None:
    assert loudest(["confirmed", "unanswered", "calling"]) == "unanswered"
    assert loudest(["confirmed", "answered"]) == "answered" and loudest(["confirmed", "closed"]) == "confirmed"
    assert loudest([]) == "none" and loudest(["closed"]) == "closed"


def test_templates_are_read_and_refused_with_the_place(tmp_path: Path) -> None:
    def written(text: str) -> None:
        (tmp_path / "templates").mkdir(exist_ok=True)
        (tmp_path / "templates" / "own.toml").write_text(text, encoding="utf-8")

    settings_ = Settings(home=tmp_path, calls=CallSettings(answer_s=2.0))
    head = 'key = "{}"\nkinds = [{}]\n[title]\nzh = "自定"\nen = "own"\n[levels.1]\nstart_s = 0\nanswer_s = 60\n'
    try:
        written(head.format("own", '"fire"'))
        book = template.use(settings_)
        assert book.of_kind("fire").key == "own" and book.of_kind("rain").key == "631"
        assert book.of_kind("other").key == "default" and book.pace("feed", 1) is None
        pace = book.pace("631", 1)
        assert pace is not None and pace.answer_s == (2.0,) * 4 and pace.second_s == 900
        for wrong, why in (
            (head.format("own", '"rain"'), "Templates"),
            (head.format("own", '"fire"') + "colour = 1\n", "colour"),
            (head.format("own", '"fire"').replace("answer_s = 60", "answer_s = -1"), "answer_s"),
            ("key = ", "TOML"),
        ):
            written(wrong)
            with pytest.raises(SetupError, match=why):
                template.use(settings_)
    finally:
        template.use(None)
