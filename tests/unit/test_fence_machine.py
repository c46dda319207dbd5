"""One object and one fence: probability, doubt, states, and what a declaration may say."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from onemap.core.errors import BadInput
from onemap.fences import machine, wording
from onemap.fences.declare import EVENTS, hour_of_week, read, week_of, window_start
from onemap.fences.machine import APPROACHING, DWELLING, INSIDE, OUTSIDE, UNSEEN_DOUBT, step

SHANGHAI = ZoneInfo("Asia/Shanghai")
SPEC = {"name": "f", "source": {"type": "cells", "cells": ["8a3f2e6a1067fff"]}}


def go(
    state: int, p: float, *, d: float = 0.0, at: float = 100.0, since: float = 0.0, **more: float
) -> tuple[int, str]:
    values = {"enter_p": 0.8, "exit_p": 0.2, "approach_m": 0.0, "dwell_s": 0.0, **more}
    after, _, kind = step(
        state, since, at, d, p, values["enter_p"], values["exit_p"], values["approach_m"], values["dwell_s"],
        bool(more.get("unseen", False)),
    )  # fmt: skip
    return after, machine.EVENT_NAMES[kind]


def test_the_accuracy_circle_holds_68_percent() -> None:
    rng = np.random.default_rng(1)
    sigma = machine.sigma_of(10.0)
    errors = rng.normal(0, sigma, (200_000, 2))
    assert np.mean(np.hypot(*errors.T) <= 10.0) == pytest.approx(0.68, abs=0.004)
    # And the probability is exact for a straight border.
    for metres in (-12.0, -3.0, 0.0, 5.0):
        inside = np.mean(metres + errors[:, 0] <= 0)
        assert machine.probability(metres, sigma) == pytest.approx(inside, abs=0.004)


@given(st.floats(-500, 500), st.floats(0, 500))
def test_probability_falls_with_distance(metres: float, accuracy: float) -> None:
    sigma = machine.sigma_of(accuracy)
    assert 0.0 <= machine.probability(metres + 1.0, sigma) <= machine.probability(metres, sigma) <= 1.0
    assert machine.probability(0.0, sigma) == 0.5


@pytest.mark.parametrize(
    ("state", "p", "after", "event"),
    [
        (OUTSIDE, 0.5, OUTSIDE, ""),
        (OUTSIDE, 0.85, -1, ""),
        (-1, 0.85, INSIDE, "enter"),
        (-1, 0.5, OUTSIDE, ""),
        (OUTSIDE, 0.99, INSIDE, "enter"),
        (INSIDE, 0.5, INSIDE, ""),
        (INSIDE, 0.15, -3, ""),
        (-3, 0.5, INSIDE, ""),
        (-3, 0.15, OUTSIDE, "exit"),
        (INSIDE, 0.01, OUTSIDE, "exit"),
        (DWELLING, 0.15, -4, ""),
        (-4, 0.6, DWELLING, ""),
    ],
)
def test_a_sure_fix_counts_at_once_and_an_unsure_one_twice(state: int, p: float, after: int, event: str) -> None:
    assert go(state, p) == (after, event)


def test_what_nobody_saw_come_has_appeared() -> None:
    assert go(OUTSIDE, 0.99, unseen=1) == (INSIDE, "appeared_inside")
    assert go(OUTSIDE, 0.9, unseen=1) == (UNSEEN_DOUBT, "")
    assert go(UNSEEN_DOUBT, 0.9) == (INSIDE, "appeared_inside")


def test_approaching_and_turning_away() -> None:
    assert go(OUTSIDE, 0.0, d=90, approach_m=100) == (APPROACHING, "approach")
    assert go(APPROACHING, 0.0, d=120, approach_m=100) == (APPROACHING, "")
    assert go(APPROACHING, 0.0, d=126, approach_m=100) == (OUTSIDE, "withdrew")
    assert go(INSIDE, 0.0, d=50, approach_m=100) == (APPROACHING, "exit")


def test_a_long_stay_is_dwelling_once() -> None:
    assert go(INSIDE, 1.0, at=59, dwell_s=60) == (INSIDE, "")
    assert go(INSIDE, 1.0, at=60, dwell_s=60) == (DWELLING, "dwell")
    assert go(DWELLING, 1.0, at=600, dwell_s=60) == (DWELLING, "")


@given(st.lists(st.floats(0, 1), max_size=60))
def test_comings_and_goings_take_turns(probabilities: list[float]) -> None:
    state, kinds = OUTSIDE, []
    for p in probabilities:
        state, kind = go(state, p)
        kinds += [kind] if kind else []
    assert kinds == (["enter", "exit"] * len(kinds))[: len(kinds)]
    assert (machine.real(state) == INSIDE) == (len(kinds) % 2 == 1)


def test_hours_over_midnight_belong_to_the_day_they_begin() -> None:
    week = week_of("22-6", [4])
    assert week is not None
    assert [hour for hour in range(168) if week[hour]] == [118, 119, 120, 121, 122, 123, 124, 125]
    assert week_of("0-24", []) is None
    friday = datetime(2026, 7, 3, 15, 30, tzinfo=UTC)  # 23:30 in Shanghai
    assert week[hour_of_week(friday, SHANGHAI)]
    assert window_start(week, friday, SHANGHAI) == datetime(2026, 7, 3, 14, tzinfo=UTC)
    for wrong in ("6", "25-3", "a-b", "", "3-25"):
        with pytest.raises(BadInput):
            week_of(wrong, [])


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""}, {"source": None}, {"source": {"type": "grids", "codes": []}}, {"events": ["explode"]},
        {"level": 9}, {"enter_p": math.nan}, {"enter_p": True}, {"dwell_s": -1}, {"warn_on": ["enter"]},
        {"valid_from": "2026-01-01T00:00:00"}, {"mover_kinds": ["bird"]}, {"due": 3}, {"weekdays": [7]},
    ],
)  # fmt: skip
def test_a_declaration_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    read(SPEC)
    with pytest.raises(BadInput):
        read({**SPEC, **wrong})


@pytest.mark.parametrize("kind", EVENTS)
def test_every_event_has_a_reason_in_both_languages(kind: str) -> None:
    row = {
        "kind": kind, "probability": 0.93, "distance_m": -12.3, "accuracy_m": 8.0, "value": 0.8, "because": "jump",
    }  # fmt: skip
    for event in (row, {"kind": kind}):
        reason = wording.reason(event)
        assert reason["zh"] and reason["en"]
        assert "None" not in str(reason) and "nan" not in str(reason)
