"""The rule engine against slow, obvious versions of itself: windows, the state machine, time cut into pieces."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onemap.warnings.rules.engine import Compiled, Memory, Weighed, compiled, weigh
from onemap.warnings.rules.ground import Subject
from onemap.warnings.rules.machine import FALSE, REST, TRUE, UNKNOWN, run
from onemap.warnings.rules.spec import Aggregate, parse
from onemap.warnings.rules.steps import MINUTE, SECOND, Steps, Stream, aggregated, combined

SUBJECT = Subject("hazard:x", "x", 110.0, 30.0, {"level": 2})
STREAMS = st.lists(st.tuples(st.integers(0, 60), st.integers(-8, 8)), max_size=14, unique_by=lambda one: one[0]).map(
    lambda points: Stream(
        np.array([at * 30 * SECOND for at, _ in sorted(points)], np.int64),
        np.array([value / 4 for _, value in sorted(points)]),
    )
)


def plain_aggregate(stream: Stream, aggregate: str, window: int, at: int) -> float:
    """The aggregate by its definition."""
    inside = [
        (t, v) for t, v in zip(stream.times.tolist(), stream.values.tolist(), strict=True) if at - window < t <= at
    ]
    if aggregate == "count":
        return float(len(inside))
    if not inside:
        return math.nan
    values = [v for _, v in inside]
    span = inside[-1][0] - inside[0][0]
    if aggregate in ("rate_per_h", "rate_per_d"):
        if len(inside) < 2 or span < window / 4:
            return math.nan
        return (values[-1] - values[0]) / (span / SECOND) * (3600 if aggregate == "rate_per_h" else 86_400)
    return {
        "last": lambda: values[-1], "min": lambda: min(values), "max": lambda: max(values),
        "mean": lambda: sum(values) / len(values), "sum": lambda: sum(values),
        "delta": lambda: values[-1] - values[0] if len(values) > 1 else math.nan,
        "age_s": lambda: (at - inside[-1][0]) / SECOND,
    }[aggregate]()  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(stream=STREAMS, window=st.integers(1, 40), lo=st.integers(-10, 70), length=st.integers(0, 80))
@pytest.mark.parametrize(
    "aggregate", ["last", "min", "max", "mean", "sum", "count", "delta", "rate_per_h", "rate_per_d", "age_s"]
)
def test_a_window_holds_what_its_definition_says_at_every_instant(
    aggregate: Aggregate, stream: Stream, window: int, lo: int, length: int
) -> None:
    start, wide = lo * 30 * SECOND, window * 45 * SECOND
    end = start + length * 30 * SECOND
    found = aggregated(stream, aggregate, wide, start, end)
    assert found.times[0] == start and found.times[-1] <= end
    # An age runs on between the whole minutes at which it is taken.
    every = MINUTE if aggregate == "age_s" else 5 * SECOND
    for at in range(-(-start // every) * every, end + 1, every):
        value = float(found.at(np.array([at], np.int64))[0])
        assert value == pytest.approx(plain_aggregate(stream, aggregate, wide, at), nan_ok=True), at


@settings(max_examples=25, deadline=None)
@given(streams=st.lists(STREAMS, min_size=1, max_size=3))
@pytest.mark.parametrize("combine", ["max", "min", "mean", "sum"])
def test_several_streams_are_one_of_those_that_are_known(combine: Any, streams: list[Stream]) -> None:
    parts = [aggregated(stream, "last", 300 * SECOND, 0, 1800 * SECOND) for stream in streams]
    whole = combined(parts, combine, 0)
    for at in range(0, 1800 * SECOND + 1, 15 * SECOND):
        now = np.array([at], np.int64)
        known = [value for part in parts if not math.isnan(value := float(part.at(now)[0]))]
        expected = math.nan
        if known:
            expected = {"max": max(known), "min": min(known), "sum": sum(known), "mean": sum(known) / len(known)}[
                combine
            ]
        assert float(whole.at(now)[0]) == pytest.approx(expected, nan_ok=True)


def slow_machine(answers: list[tuple[int, int, int]], hold: int, hi: int, hysteresis: bool) -> list[tuple[int, bool]]:
    """The state machine second by second: what is true at each second, and since when."""
    raised, since, when, until = False, None, UNKNOWN, UNKNOWN
    out: list[tuple[int, bool]] = []
    at_instant = {at: (w, u) for at, w, u in answers}
    for second in range(hi + 1):
        when, until = at_instant.get(second, (when, until))
        if raised:
            if (hysteresis and until == TRUE and when != TRUE) or (not hysteresis and when == FALSE):
                raised, since = False, None
                out.append((second, False))
            continue
        if when == FALSE:
            since = None
        if when == TRUE:
            since = second if since is None else since
            if second - since >= hold:
                raised = True
                out.append((second, True))
    return out


ANSWERS = st.lists(
    st.tuples(st.integers(0, 100), st.sampled_from([TRUE, FALSE, UNKNOWN]), st.sampled_from([TRUE, FALSE, UNKNOWN])),
    max_size=25, unique_by=lambda one: one[0],
).map(sorted)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(answers=ANSWERS, hold=st.integers(0, 40), hysteresis=st.booleans(), cut=st.integers(0, 120))
def test_the_machine_is_that_of_every_second_however_time_is_cut(
    answers: list[tuple[int, int, int]], hold: int, hysteresis: bool, cut: int
) -> None:
    expected = slow_machine(answers, hold, 120, hysteresis)
    state, changes = run(REST, answers, hold, 120, hysteresis=hysteresis)
    assert [(one.at, one.raised) for one in changes] == expected
    first, early = run(REST, [one for one in answers if one[0] <= cut], hold, cut, hysteresis=hysteresis)
    second, late = run(first, [one for one in answers if one[0] > cut], hold, 120, hysteresis=hysteresis)
    assert early + late == changes and second == state


TEXT = {"zh": "x", "en": "x"}
RULE = parse(
    {
        "key": "r", "title": TEXT, "scope": "hazard",
        "inputs": [
            {"name": "rain", "kind": "reading", "title": TEXT, "property": "p", "own": True},
            {"name": "crack", "kind": "reading", "title": TEXT, "property": "q", "own": True},
        ],
        "levels": [
            {"level": 3, "when": "rain > 0", "until": "rain < -1"},
            {"level": 1, "when": "rain > 1 && crack > 0.5", "hold_s": 200},
            {"level": 2, "when": "rain > 0.5 || crack > 1", "until": "crack < 0", "hold_s": 45},
        ],
        "calendar": {"hours": "7-9"},
    }
)  # fmt: skip
READY: Compiled = compiled(RULE)
_AT = 1_780_000_000 // 86_400 * 86_400 * SECOND  # a midnight


def through(rain: Stream, crack: Stream, cuts: list[int], hi: int) -> tuple[Memory, list[Any]]:
    memory, steps = Memory(_AT), []
    for cut in [*sorted(cuts), hi]:
        inputs = {
            "rain": aggregated(rain, "sum", 300 * SECOND, memory.at, cut),
            "crack": aggregated(crack, "last", 200 * SECOND, memory.at, cut),
        }
        found: Weighed = weigh(READY, SUBJECT, inputs, memory, cut, "Europe/London")
        memory = found.memory
        steps += found.steps
    return memory, steps


@settings(max_examples=100, deadline=None)
@given(rain=STREAMS, crack=STREAMS, cuts=st.lists(st.integers(0, 40 * 60), max_size=8), early=st.integers(0, 30 * 60))
def test_a_rule_says_the_same_however_time_is_cut(rain: Stream, crack: Stream, cuts: list[int], early: int) -> None:
    begin = _AT + 6 * 3600 * SECOND + (3600 - early) * SECOND  # 7:00 comes somewhere on the way
    shifted = [Stream(one.times + begin, one.values) for one in (rain, crack)]
    hi = begin + 40 * 60 * SECOND
    whole = through(shifted[0], shifted[1], [], hi)
    assert through(shifted[0], shifted[1], [begin + cut * SECOND for cut in cuts], hi) == whole


def test_a_level_falls_to_the_next_before_it_ends() -> None:
    rule = parse(
        {
            "key": "r", "title": TEXT, "scope": "hazard",
            "inputs": [{"name": "x", "kind": "reading", "title": TEXT, "property": "p", "own": True}],
            "levels": [{"level": 1, "when": "x > 10"}, {"level": 3, "when": "x > 5", "until": "x < 2"}],
        }
    )  # fmt: skip
    curve = Steps(np.arange(6, dtype=np.int64), np.array([0.0, 12, 7, np.nan, 3, 1]))
    found = weigh(compiled(rule), SUBJECT, {"x": curve}, Memory(0), 9, "UTC")
    assert [(step.at, step.level, step.values["x"]) for step in found.steps] == [
        (1, 1, 12.0),
        (2, 3, 7.0),
        (5, None, 1.0),
    ]
    assert found.memory.resting and found.unknown == ()
