"""The threshold machine against a slow obvious version that looks back over the whole past for every reading."""

from __future__ import annotations

import math
import operator
from datetime import UTC, datetime, timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from onemap.warnings.threshold import State, Threshold, run

T0 = datetime(2026, 7, 1, tzinfo=UTC)
OPS = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}

Points = list[tuple[datetime, float]]


def _rule(op: str, enter: float, band: float, hold_s: float) -> Threshold:
    leave = enter - band if op in (">=", ">") else enter + band
    return Threshold("k", "d", "h", 3, op, enter, leave, hold_s)


def _taken(points: Points) -> Points:
    """Readings that count: finite, and newer than every one that counted before."""
    taken: Points = []
    for at, value in points:
        if math.isfinite(value) and all(at > earlier for earlier, _ in taken):
            taken.append((at, value))
    return taken


def _obvious(rule: Threshold, points: Points) -> list[tuple[datetime, bool]]:
    """When it was raised and left, by definition: for every reading, look at all readings before it."""
    meets = OPS[rule.op]
    taken = _taken(points)
    story: list[tuple[datetime, bool]] = []
    for at, value in taken:
        up = bool(story) and story[-1][1]
        floor = story[-1][0] if story else None
        if up:
            if not meets(value, rule.leave):
                story.append((at, False))
            continue
        run_start = at if meets(value, rule.enter) else None
        for earlier, old in reversed([p for p in taken if p[0] < at and (floor is None or p[0] > floor)]):
            if run_start is None or not meets(old, rule.enter):
                break
            run_start = earlier
        if run_start is not None and (at - run_start).total_seconds() >= rule.hold_s:
            story.append((at, True))
    return story


points = st.lists(
    st.tuples(
        st.integers(0, 400).map(lambda s: T0 + timedelta(seconds=s)),
        st.one_of(st.integers(0, 12).map(float), st.sampled_from([math.nan, math.inf])),
    ),
    max_size=40,
)
rules = st.builds(
    _rule, st.sampled_from(sorted(OPS)), st.integers(4, 8).map(float), st.integers(0, 4).map(float),
    st.sampled_from([0.0, 1.0, 30.0, 120.0]),
)  # fmt: skip


@given(rules, points)
@example(_rule(">=", 5, 2, 60), [(T0, 5.0), (T0 + timedelta(seconds=60), 5.0)])
def test_machine_does_what_the_definition_says(rule: Threshold, given_points: Points) -> None:
    _, transitions = run(rule, None, given_points)
    assert [(t.at, t.raised) for t in transitions] == _obvious(rule, given_points)


@given(rules, points, st.lists(st.integers(0, 40), max_size=4))
def test_a_restart_anywhere_changes_nothing(rule: Threshold, given_points: Points, cuts: list[int]) -> None:
    whole_state, whole = run(rule, None, given_points)
    state: State | None = None
    pieces = []
    for start, stop in zip([0, *sorted(cuts)], [*sorted(cuts), len(given_points)], strict=True):
        state, found = run(rule, state, given_points[start:stop])
        pieces += found
    assert pieces == whole and state == whole_state


@given(rules, points, st.data())
def test_late_and_repeated_readings_never_move_the_state(
    rule: Threshold, given_points: Points, data: st.DataObject
) -> None:
    state, _ = run(rule, None, given_points)
    old = data.draw(points.map(lambda ps: [p for p in ps if state is not None and p[0] <= state.last_at]))
    assert run(rule, state, [*given_points, *old]) == (state, [])


@given(rules, points)
def test_raises_and_leaves_take_turns_and_hold_is_kept(rule: Threshold, given_points: Points) -> None:
    _, transitions = run(rule, None, given_points)
    assert [t.raised for t in transitions] == [n % 2 == 0 for n in range(len(transitions))]
    for transition in transitions:
        if transition.raised:
            assert (transition.at - transition.since).total_seconds() >= rule.hold_s


def test_a_leave_beyond_enter_does_not_flap() -> None:
    rule = Threshold("k", "d", "h", 1, ">=", 10.0, 15.0)
    _, transitions = run(rule, None, [(T0 + timedelta(seconds=n), 12.0) for n in range(5)])
    assert [t.raised for t in transitions] == [True]
